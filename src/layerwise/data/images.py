"""A data set of images: pixels, classes by name, and a card that says where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..types import ByteArray, Float32Array, IntArray
from .dataset import Card
from .parts import Parts
from .splitting import check_labels, checked_groups, chosen_rows, cut, read_only


@dataclass(frozen=True, eq=False, repr=False)
class ImageDataset:
    """Images of one size and their classes, ready to learn from: read-only, in a fixed order.

    `pixels` is (sample, channel, row, column), whole numbers 0 to 255, one channel (grey) or three
    (red, green, blue); `labels` is (sample,), whole numbers that index `classes`, or None.
    `groups` is (sample,): who drew it, which patient it shows; a split never parts a group.
    `notes` says, a sentence each, what was left out or changed on the way here; `names` are the
    files' names. Raises `InputError` where these do not fit together.
    """

    pixels: ByteArray
    labels: IntArray | None
    classes: tuple[str, ...]
    card: Card
    groups: NDArray[np.str_] | None = None
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit together, and freeze the arrays."""
        given = np.asarray(self.pixels)
        if given.dtype != np.uint8 or given.ndim != 4 or given.shape[1] not in (1, 3):
            raise InputError(
                "The pixels of an image set are (sample, channel, row, column), whole numbers "
                "0 to 255 (uint8), with one channel or three",
                received=f"{given.dtype} of shape {given.shape}",
                do="layerwise.data.load_images makes them of other arrays",
            )
        if 0 in given.shape[2:]:
            raise InputError("The images of a set must have pixels", received=f"{given.shape}")
        object.__setattr__(self, "pixels", read_only(given, np.uint8))
        if self.labels is not None:
            labels = read_only(self.labels, np.int64)
            object.__setattr__(self, "labels", labels)
            check_labels(labels, len(given), self.classes)
        if self.groups is not None:
            object.__setattr__(self, "groups", checked_groups(self.groups, len(given)))
        if self.names is not None and len(self.names) != len(given):
            raise InputError(
                "A data set needs one name for each image",
                received=f"{len(given)} images and {len(self.names)} names",
            )

    def __len__(self) -> int:
        """The number of images."""
        return len(self.pixels)

    def __repr__(self) -> str:
        """Name and size in one line."""
        classes = "unlabelled" if self.labels is None else f"{len(self.classes)} classes"
        channels, rows, columns = self.shape
        kind = "grey" if channels == 1 else "colour"
        return (
            f"<ImageDataset {self.card.name!r}: {len(self)} × {rows} × {columns} {kind}, {classes}>"
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one sample, (channel, row, column)."""
        _, channels, rows, columns = self.pixels.shape
        return channels, rows, columns

    @property
    def y(self) -> NDArray[np.str_]:
        """The class name of every image, (sample,). Raises `InputError` if unlabelled."""
        return np.array(self.classes, dtype=np.str_)[self.require_labels()]

    def require_labels(self) -> IntArray:
        """The labels, or an `InputError` that says where they can come from."""
        if self.labels is None:
            raise InputError(
                f"The images {self.card.name!r} have no classes to learn",
                do="Put them into folders, one for each class, or give them as a pair (X, y)",
            )
        return self.labels

    def batch(self, rows: ArrayLike) -> Float32Array:
        """The images at those indices, (sample, channel, row, column), 0 to 1: pixels / 255."""
        chosen = self.pixels[chosen_rows(rows, len(self))]
        scaled: Float32Array = np.divide(chosen, 255, dtype=np.float32)
        return scaled

    def take(self, rows: ArrayLike, notes: Sequence[str] = ()) -> ImageDataset:
        """The images at those indices, in that order; `notes` are added to what is said."""
        chosen = chosen_rows(rows, len(self))
        return replace(
            self,
            pixels=self.pixels[chosen],
            labels=None if self.labels is None else self.labels[chosen],
            groups=None if self.groups is None else self.groups[chosen],
            names=None if self.names is None else tuple(self.names[row] for row in chosen),
            notes=(*self.notes, *notes),
        )

    def split(self, control: float = 0.25, seed: int = 0) -> tuple[ImageDataset, ImageDataset]:
        """The training set and the control set, as `Dataset.split` cuts them."""
        found = cut(self, {"control": control}, seed)
        training, aside = (self.take(rows, found.notes) for rows in found.rows)
        return training, aside

    def parts(self, control: float = 0.15, test: float = 0.15, seed: int = 0) -> Parts:
        """Training, control and test, as `Dataset.parts` cuts them."""
        found = cut(self, {"test": test, "control": control}, seed)
        training, judged, aside = (self.take(rows, found.notes) for rows in found.rows)
        return Parts(training, aside, judged)
