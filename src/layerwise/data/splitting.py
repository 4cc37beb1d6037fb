"""Samples set aside: which rows of a data set go to training, to control and to test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..types import UNCLASSIFIED, Array, IntArray
from .group_split import share_out
from .wording import counted, listed


class Samples(Protocol):
    """What can be split: so many samples, perhaps labelled, perhaps in groups."""

    @property
    def labels(self) -> IntArray | None:
        """(sample,) indices into the classes."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """(sample,) who or what each belongs to."""

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Cut:
    """Rows in ascending order: of training first, then of each part set aside; and what to say."""

    rows: tuple[IntArray, ...]
    notes: tuple[str, ...]


def cut(samples: Samples, asides: Mapping[str, float], seed: int = 0) -> Cut:
    """The rows of a training part and of parts set aside, each a name and its share of all samples.

    Where samples have groups, no group is in two parts, and class shares are as even as that
    allows (see `group_split`). Otherwise every class is in every part in the same proportion, by
    scikit-learn's `train_test_split`; a class with too few samples stays in training, and a note
    says so. Same seed, same rows. Raises `InputError` for shares or a seed out of range, and
    where there are too few samples or groups.
    """
    _check_shares(asides)
    _check_seed(seed)
    if samples.groups is not None:
        return _by_group(samples, samples.groups, asides, int(seed))
    training = np.arange(len(samples))
    total: int | None = None
    found: list[IntArray] = []
    notes: list[str] = []
    for name, share in asides.items():
        alone = _alone(samples, training)
        rows = training[~alone]
        total = len(rows) if total is None else total
        taken = _set_aside(samples, rows, math.ceil(total * share), name, int(seed))
        if samples.labels is not None and alone.any():
            names = [samples.classes[label] for label in samples.labels[training[alone]]]
            notes.append(
                f"{counted(len(names), 'class', 'classes')} with a single sample kept out of the "
                f"{name} set: {listed(names)}"
            )
        found.append(taken)
        training = np.setdiff1d(training, taken, assume_unique=True)
    return Cut((training, *found), tuple(notes))


def _alone(samples: Samples, rows: IntArray) -> NDArray[np.bool_]:
    """Which of the rows are the last of their class."""
    if samples.labels is None:
        return np.zeros(len(rows), np.bool_)
    labels = samples.labels[rows]
    alone: NDArray[np.bool_] = np.bincount(labels, minlength=1)[labels] == 1
    return alone


def _set_aside(samples: Samples, rows: IntArray, aside: int, name: str, seed: int) -> IntArray:
    """So many of the rows, every class in the same proportion."""
    strata = None if samples.labels is None else samples.labels[rows]
    kinds = 1 if strata is None else len(np.unique(strata))
    if min(aside, len(rows) - aside) < max(kinds, 1):
        of = ""
        if strata is not None:
            of = f" in {counted(kinds, 'class', 'classes')} of two samples or more"
        raise InputError(
            f"There are too few samples to set a {name} set aside",
            received=f"{counted(len(rows), 'sample')}{of}, {aside} of them for {name}",
            allowed="Both sets need at least one sample" + (" of each class" if of else ""),
            do=f"Use more samples or another share for {name}",
        )
    from sklearn.model_selection import train_test_split

    taken = train_test_split(rows, test_size=aside, random_state=seed, stratify=strata)[1]
    ordered: IntArray = np.sort(taken)
    return ordered


def _by_group(
    samples: Samples, groups: NDArray[np.str_], asides: Mapping[str, float], seed: int
) -> Cut:
    members, place = np.unique(groups, return_inverse=True)
    names = ("training", *asides)
    labels = np.zeros(len(samples), np.int64) if samples.labels is None else samples.labels
    kinds = max(len(samples.classes), 1) if samples.labels is not None else 1
    counts = np.zeros((len(members), kinds), np.int64)
    np.add.at(counts, (place.reshape(-1), labels), 1)
    if len(members) < len(names):
        raise _too_few_groups(members, names)
    chosen = share_out(counts, np.array([1 - sum(asides.values()), *asides.values()]), seed)
    part = chosen[place.reshape(-1)]
    held = np.array([counts[chosen == i].sum(axis=0) for i in range(len(names))])
    if not held.sum(axis=1).all() or (held[0] == 0)[counts.any(axis=0)].any():
        raise _too_few_groups(members, names)
    told = ", ".join(f"{(chosen == i).sum():,} in {name}" for i, name in enumerate(names))
    notes = [f"groups kept together: {told}"]
    for name, sizes in zip(names[1:], held[1:], strict=True):
        lacking = np.flatnonzero((sizes == 0) & counts.any(axis=0))
        if len(lacking):
            notes.append(
                f"{counted(len(lacking), 'class', 'classes')} in no group of the {name} set: "
                f"{listed([samples.classes[label] for label in lacking])}"
            )
    rows = tuple(np.flatnonzero(part == i) for i in range(len(names)))
    return Cut(rows, tuple(notes))


def _too_few_groups(members: NDArray[np.str_], names: tuple[str, ...]) -> InputError:
    return InputError(
        f"There are too few groups for {', '.join(names[:-1])} and {names[-1]}",
        received=f"{counted(len(members), 'group')}: {listed([str(m) for m in members], 5)}",
        allowed="Each part needs a group of its own, and training one with each class",
        do="Add groups, or split without them",
    )


def check_labels(labels: IntArray, samples: int, classes: tuple[str, ...]) -> None:
    """Raise `InputError` unless there is one label for each sample, an index into the classes."""
    if labels.shape != (samples,):
        raise InputError(
            "A data set needs one label for each sample",
            received=f"{samples} samples and labels of shape {labels.shape}",
        )
    count = len(classes)
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


def checked_groups(groups: ArrayLike, samples: int) -> NDArray[np.str_]:
    """The groups as text, (sample,), read-only. Raises `InputError` unless one for each sample."""
    array = np.asarray(groups)
    named: NDArray[np.str_] = np.ascontiguousarray(array, dtype=np.str_).view()
    if array.shape != (samples,):
        raise InputError(
            "A data set needs one group for each sample",
            received=f"{samples} samples and groups of shape {array.shape}",
        )
    named.flags.writeable = False
    return named


def read_only(values: ArrayLike, dtype: type) -> Array:
    """The values as an array of that type that cannot be written; not a copy where they are one."""
    array: Array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def chosen_rows(rows: ArrayLike, samples: int) -> IntArray:
    """Row numbers as an array; true and false for each sample mean the rows that are true."""
    array: Any = np.asarray(rows)
    if array.dtype == np.bool_:
        if array.shape != (samples,):
            raise InputError(
                "A mask over samples needs one value for each",
                received=f"shape {array.shape} for {counted(samples, 'sample')}",
            )
        return np.flatnonzero(array)
    chosen: IntArray = np.asarray(array, np.int64)
    return chosen


def _check_shares(asides: Mapping[str, float]) -> None:
    for name, share in asides.items():
        number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
        if not number or not 0 < share < 1:
            raise InputError(
                f"The share set aside for {name} must be a number between 0 and 1",
                received=repr(share),
            )
    if sum(asides.values()) >= 1:
        told = " and ".join(f"{share!r} for {name}" for name, share in asides.items())
        raise InputError(
            "The shares set aside leave nothing to learn from",
            received=told,
            allowed="Together they must be less than 1",
        )


def _check_seed(seed: int) -> None:
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**32:
        raise InputError(
            "The seed must be a whole number from 0 to 4,294,967,295", received=repr(seed)
        )
