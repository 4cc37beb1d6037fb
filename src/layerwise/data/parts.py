"""Training, control and test: what is learned from, what chooses, and what judges once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InputError
from .wording import counted

if TYPE_CHECKING:
    from .dataset import Dataset
    from .images import ImageDataset

PARTS = ("training", "control", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Parts:
    """Three data sets of one kind, with the same classes and the same shape of a sample.

    `training` is what a model learns from, `control` what choices are made by (when to stop, which
    threshold), `test` what is looked at once, at the end. Raises `InputError` where they do not
    fit together.
    """

    training: Dataset | ImageDataset
    control: Dataset | ImageDataset
    test: Dataset | ImageDataset

    def __post_init__(self) -> None:
        """Check that the three fit together."""
        first = self.training
        for name, part in zip(PARTS, self, strict=True):
            if type(part) is not type(first):
                raise InputError(
                    "Training, control and test must be data sets of one kind",
                    received=f"{type(part).__name__} for {name}, {type(first).__name__} for "
                    "training",
                )
            if part.shape != first.shape:
                raise InputError(
                    f"The {name} part has samples of another shape than the training part",
                    received=f"{part.shape} and {first.shape}",
                )
            if part.classes != first.classes:
                raise InputError(
                    f"The {name} part has other classes than the training part",
                    received=f"{', '.join(part.classes)} and {', '.join(first.classes)}",
                )

    def __iter__(self) -> Iterator[Dataset | ImageDataset]:
        """Training, control, test."""
        return iter((self.training, self.control, self.test))

    def __repr__(self) -> str:
        """Name and sizes in one line."""
        sizes = ", ".join(f"{len(part):,} {name}" for name, part in zip(PARTS, self, strict=True))
        classes = counted(len(self.classes), "class", "classes")
        return f"<Parts of {self.training.card.name!r}: {sizes}; {classes}>"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.training.classes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (feature,) or (channel, row, column)."""
        return self.training.shape
