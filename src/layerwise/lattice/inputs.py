"""What the estimators of this room ask of their data and seeds, said once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sklearn.utils import check_random_state

from ..errors import InputError
from ..types import Array, FloatArray, IntArray

MOST_CLASSES: Final = 255
LARGEST_NUMBER: Final = 1e140  # its square, summed over all points, is still finite


def column_names(estimator: Any, count: int) -> tuple[str, ...]:
    """The names of the columns that an estimator was fitted with, or numbers from 1 on."""
    if hasattr(estimator, "feature_names_in_"):
        return tuple(str(name) for name in estimator.feature_names_in_)
    return tuple(f"column {number}" for number in range(1, count + 1))


def check_numbers(points: FloatArray) -> None:
    """Raise `InputError` for points (sample, feature) too large to calculate with; NaN may be."""
    largest = float(np.nanmax(np.abs(points), initial=0))
    if largest > LARGEST_NUMBER:
        raise InputError(
            "A column holds numbers too large to calculate with",
            received=f"{largest:.3g}",
            allowed="Up to 1e140 in size",
            do="Scale the columns, or leave such points out",
        )


def check_classes(classes: Array, labels: IntArray) -> None:
    """Raise `InputError` for fewer classes among the labels (sample,) than 2, or more than 255."""
    if len(np.unique(labels)) < 2:
        raise InputError("A classifier needs points of two classes or more", received="one class")
    if len(classes) > MOST_CLASSES:
        raise InputError(
            "There are too many classes for a lattice",
            received=f"{len(classes):,}",
            allowed=f"At most {MOST_CLASSES}",
            do="If the target is a measurement, group it into classes first",
        )


def seed_of(random_state: Any) -> int:
    """The seed of the random bits: a whole number is itself, anything else gives one."""
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        return int(random_state) % 2**64
    return int(check_random_state(random_state).randint(2**31 - 1))
