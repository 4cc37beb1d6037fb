"""A data set: samples in rows, classes by name, and a card that says where it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, unknown_name
from ..types import UNCLASSIFIED, Array, FloatArray, IntArray


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
    the way here. Raises `InputError` where these do not fit together.
    """

    features: FloatArray
    labels: IntArray | None
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    target: str | None
    card: Card
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the parts fit together, and freeze the arrays."""
        features = _read_only(self.features, np.float64)
        object.__setattr__(self, "features", features)
        if features.ndim != 2 or features.shape[1] != len(self.columns):
            raise InputError(
                "The features of a data set are (sample, feature), with a name for each feature",
                received=f"shape {features.shape} and {len(self.columns)} names",
            )
        if not np.isfinite(features).all():
            raise InputError(
                "The features of a data set must be finite",
                received=f"{np.count_nonzero(~np.isfinite(features))} cells that are not",
                do="layerwise.data.load can leave such rows out",
            )
        if self.labels is not None:
            labels = _read_only(self.labels, np.int64)
            object.__setattr__(self, "labels", labels)
            self._check_labels(labels)

    def _check_labels(self, labels: IntArray) -> None:
        if labels.shape != (len(self.features),):
            raise InputError(
                "A data set needs one label for each sample",
                received=f"{len(self.features)} samples and labels of shape {labels.shape}",
            )
        count = len(self.classes)
        if len(labels) and not 0 <= labels.min() <= labels.max() < count:
            raise InputError(
                "The labels of a data set are indices into its classes",
                received=f"labels from {labels.min()} to {labels.max()} for {count} classes",
            )
        if count > UNCLASSIFIED:
            raise InputError(
                "A data set has too many classes",
                received=f"{count}",
                allowed=f"Up to {UNCLASSIFIED} classes",
            )

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

    def take(self, rows: ArrayLike, notes: Sequence[str] = ()) -> Dataset:
        """The samples at those indices, in that order; `notes` are added to what is said."""
        chosen = np.asarray(rows, np.int64)
        labels = None if self.labels is None else self.labels[chosen]
        return replace(
            self, features=self.features[chosen], labels=labels, notes=(*self.notes, *notes)
        )

    def split(self, control: float = 0.25, seed: int = 0) -> tuple[Dataset, Dataset]:
        """The training set and the control set: every class in both, in the same proportions.

        `control` is the share of samples set aside. A class with a single sample cannot be in
        both: it stays in the training set, and a note says so. An unlabelled set is split as it
        comes. Same seed, same split; samples keep their order. Raises `InputError` for a share or
        a seed out of range, and where there are too few samples for every class to have one in
        both sets. Source: scikit-learn's `train_test_split`, stratified.
        """
        _check_share(control)
        if (
            isinstance(seed, bool)
            or not isinstance(seed, int | np.integer)
            or not 0 <= seed < 2**32
        ):
            raise InputError(
                "The seed must be a whole number from 0 to 4,294,967,295", received=repr(seed)
            )
        alone = np.zeros(len(self), np.bool_)
        if self.labels is not None:
            alone = np.bincount(self.labels)[self.labels] == 1
        rows = np.flatnonzero(~alone)
        strata = None if self.labels is None else self.labels[rows]
        self._check_sizes(len(rows), control, 1 if strata is None else len(np.unique(strata)))

        from sklearn.model_selection import train_test_split

        training, aside = train_test_split(
            rows, test_size=control, random_state=int(seed), stratify=strata
        )
        notes = []
        if alone.any():
            names = [self.classes[label] for label in self.require_labels()[alone]]
            notes = [
                f"{counted(len(names), 'class', 'classes')} with a single sample kept out of the "
                f"control set: {listed(names)}"
            ]
        learned = np.sort(np.concatenate([training, np.flatnonzero(alone)]))
        return self.take(learned, notes), self.take(np.sort(aside), notes)

    def _check_sizes(self, samples: int, control: float, groups: int) -> None:
        """Whether `samples` in so many classes of two or more can be split."""
        aside = math.ceil(samples * control)
        if min(aside, samples - aside) < max(groups, 1):
            kinds = counted(groups, "class", "classes")
            of = "" if self.labels is None else f" in {kinds} of two samples or more"
            raise InputError(
                "There are too few samples to set a control set aside",
                received=f"{counted(samples, 'sample')}{of}, {aside} of them for control",
                allowed="Both sets need at least one sample" + (" of each class" if of else ""),
                do="Use more samples or another share for control",
            )


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 row", "1,200 rows"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Names with commas between; past the limit, how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _check_share(control: float) -> None:
    number = isinstance(control, int | float | np.number) and not isinstance(control, bool)
    if not number or not 0 < control < 1:
        raise InputError(
            "The share set aside for control must be a number between 0 and 1",
            received=repr(control),
        )


def _read_only(values: Array, dtype: type) -> Array:
    array: Array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array
