"""A data set: samples in rows, classes by name, and a card that says where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, unknown_name
from ..types import Float32Array, FloatArray, IntArray
from .parts import Parts
from .splitting import check_labels, checked_groups, chosen_rows, cut, read_only


@dataclass(frozen=True)
class Card:
    """What a reader must know about data before trusting a picture of it.

    `name` is what `load` takes, `origin` who made it or the file's name (never a whole path),
    `licence` what may be done with it, "not stated" for a person's own table.
    """

    name: str
    title: str
    origin: str
    licence: str = "not stated"
    description: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples and their classes, ready to learn from: finite numbers, read-only, in a fixed order.

    `features` is (sample, feature); `labels` is (sample,), whole numbers that index `classes`, or
    None where nobody said which column holds the classes. `columns` names the features, `target`
    the column that the classes were read from. `notes` says, a sentence each, what was left out on
    the way here. `groups` is (sample,): the patient, the day, the maker; a split never parts a
    group. `gaps`: features may be NaN, for a cell that nobody knows. Raises `InputError` where
    these do not fit together.
    """

    features: FloatArray
    labels: IntArray | None
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    target: str | None
    card: Card
    notes: tuple[str, ...] = ()
    groups: NDArray[np.str_] | None = None
    gaps: bool = False

    def __post_init__(self) -> None:
        """Check that the parts fit together, and freeze the arrays."""
        features = read_only(self.features, np.float64)
        object.__setattr__(self, "features", features)
        if features.ndim != 2 or features.shape[1] != len(self.columns):
            raise InputError(
                "The features of a data set are (sample, feature), with a name for each feature",
                received=f"shape {features.shape} and {len(self.columns)} names",
            )
        known = features[~np.isnan(features)] if self.gaps else features
        if not np.isfinite(known).all():
            raise InputError(
                "The features of a data set must be finite",
                received=f"{np.count_nonzero(~np.isfinite(known))} cells that are not",
                do="layerwise.data.load can leave such rows out",
            )
        if self.labels is not None:
            labels = read_only(self.labels, np.int64)
            object.__setattr__(self, "labels", labels)
            check_labels(labels, len(features), self.classes)
        if self.groups is not None:
            object.__setattr__(self, "groups", checked_groups(self.groups, len(features)))

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.features)

    def __repr__(self) -> str:
        """Name and size in one line."""
        classes = "unlabelled" if self.labels is None else f"{len(self.classes)} classes"
        return f"<Dataset {self.card.name!r}: {len(self)} × {len(self.columns)}, {classes}>"

    @property
    def X(self) -> FloatArray:  # noqa: N802
        """The features, (sample, feature), under scikit-learn's name."""
        return self.features

    @property
    def y(self) -> NDArray[np.str_]:
        """The class name of every sample, (sample,). Raises `InputError` if unlabelled."""
        return np.array(self.classes, dtype=np.str_)[self.require_labels()]

    def require_labels(self) -> IntArray:
        """The labels, or an `InputError` that says how to name the column that holds them."""
        if self.labels is None:
            raise InputError(
                f"The data set {self.card.name!r} has no classes to learn",
                do="Say which column holds them: target=NAME (command line: --target NAME)",
            )
        return self.labels

    def select(self, columns: Iterable[str]) -> Dataset:
        """The same samples with only those columns as features, in that order."""
        chosen = [columns] if isinstance(columns, str) else list(columns)
        if not chosen or len(set(chosen)) < len(chosen):
            raise InputError(
                "The columns to select must be named, each once",
                received=", ".join(chosen) or "none",
            )
        for name in chosen:
            if name not in self.columns:
                raise unknown_name("column", name, self.columns, where=self.card.name)
        places = [self.columns.index(name) for name in chosen]
        features = np.ascontiguousarray(self.features[:, places])
        return replace(self, features=features, columns=tuple(chosen))

    @property
    def shape(self) -> tuple[int]:
        """The shape of one sample, (feature,)."""
        return (len(self.columns),)

    def batch(self, rows: ArrayLike) -> Float32Array:
        """The features at those indices in single precision, (sample, feature).

        Raises `InputError` for a number beyond single precision (about 3.4e38), and for gaps.
        """
        if self.gaps and np.isnan(self.features).any():
            raise InputError(
                "A network needs every cell of its samples",
                received=f"{np.count_nonzero(np.isnan(self.features)):,} missing",
                do='Load the table with missing="drop" (command line: --missing drop)',
            )
        with np.errstate(over="ignore"):
            batch = self.features[chosen_rows(rows, len(self))].astype(np.float32)
        if not np.isfinite(batch).all():
            raise InputError(
                f"Features of {self.card.name!r} are too large for single precision",
                received=f"{np.abs(self.features).max():.3g}",
                allowed="Up to about 3.4e38",
                do="Scale that column",
            )
        return batch

    def take(self, rows: ArrayLike, notes: Sequence[str] = ()) -> Dataset:
        """The samples at those indices, in that order; `notes` are added to what is said."""
        chosen = chosen_rows(rows, len(self))
        return replace(
            self,
            features=self.features[chosen],
            labels=None if self.labels is None else self.labels[chosen],
            groups=None if self.groups is None else self.groups[chosen],
            notes=(*self.notes, *notes),
        )

    def split(self, control: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
        """The training set and the control set: every class in both, in the same proportions.

        `control` is the share of samples set aside. A class with a single sample cannot be in
        both: it stays in the training set, and a note says so. An unlabelled set is split as it
        comes. Where samples have groups, each group is wholly in one of the two. Same seed, same
        split; samples keep their order. Raises `InputError` for a share or a seed out of range,
        and where there are too few samples for every class to have one in both sets, or too few
        groups. Source: scikit-learn's `train_test_split`, stratified; groups: `group_split`.
        """
        found = cut(self, {"control": control}, seed)
        training, aside = (self.take(rows, found.notes) for rows in found.rows)
        return training, aside

    def parts(self, control: float = 0.15, test: float = 0.15, seed: int = 0) -> Parts:
        """Training, control and test: the test part is cut off first, the way `split` cuts.

        `control` and `test` are shares of all samples, each rounded up to whole samples. Raises
        what `split` raises.
        """
        found = cut(self, {"test": test, "control": control}, seed)
        training, judged, aside = (self.take(rows, found.notes) for rows in found.rows)
        return Parts(training, aside, judged)
