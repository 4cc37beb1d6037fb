"""Classes from a column: which values are classes, in what order, and which are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..types import UNCLASSIFIED, Array, BoolArray, FloatArray, IntArray
from .columns import Column, shortened

_FEW = 20
"""Up to so many different values that are not whole may still be classes (grades, doses)."""


@dataclass(frozen=True, eq=False)
class Target:
    """The cells that classes are made of: numbers, or text, with what is missing marked."""

    name: str
    cells: Array  # (sample,) float64, or text as Python strings
    missing: BoolArray  # (sample,)
    order: tuple[str, ...] | None = None

    @property
    def numeric(self) -> bool:
        """Whether the cells are numbers."""
        return self.cells.dtype == np.float64

    def take(self, rows: BoolArray) -> Target:
        """The target of those rows only."""
        return Target(self.name, self.cells[rows], self.missing[rows], self.order)


def read_target(column: Column) -> Target:
    """A column as a target. Words and dates are text, and so are true and false."""
    if column.nested:
        raise InputError(
            f"The target {column.name!r} holds lists, records or bytes",
            allowed="Classes are text or whole numbers",
        )
    worded = column.boolean or column.order is not None
    numbers = None if worded else column.numbers(booleans=False)
    if numbers is not None:
        return Target(column.name, numbers, np.isnan(numbers))
    texts = column.texts()
    cells = np.array(texts, dtype=object)
    missing = np.array([text is None for text in texts], np.bool_)
    return Target(column.name, cells, missing, column.order)


def encode(target: Target) -> tuple[IntArray, tuple[str, ...]]:
    """Labels (sample,) and the names of the classes, for a target in which nothing is missing.

    Numbers are ordered by value (2 before 10), text by its letters, categories as given; classes
    without a sample are left out. A number's name is its shortest form: 1.0 is "1". Raises
    `InputError` for fewer than two classes, more than 255, or values that look like a measurement
    or an identifier rather than classes.
    """
    count = len(target.cells)
    if target.numeric:
        values, labels = np.unique(target.cells, return_inverse=True)
        _refuse_measurement(target.name, values, count)
        names = [_number_name(float(value)) for value in values]
    else:
        found = set(target.cells)
        known = [name for name in target.order or () if name in found]
        names = known if target.order else sorted(found)
        if len(names) == count > _FEW:
            raise InputError(
                f"The target {target.name!r} looks like an identifier",
                received=f"another value in each of {count:,} rows",
                do="Classes are needed: name a column whose values repeat",
            )
        places = {name: place for place, name in enumerate(names)}
        labels = np.array([places[cell] for cell in target.cells], np.int64)
    if len(names) > UNCLASSIFIED:
        raise InputError(
            f"The target {target.name!r} has too many classes",
            received=f"{len(names):,} different values, {shortened(names[0])} among them",
            allowed=f"Up to {UNCLASSIFIED} classes",
            do="Name another column, or merge rare classes",
        )
    if len(names) < 2:
        raise InputError(
            f"The target {target.name!r} has a single class",
            received=f"{shortened(names[0])} in all of {count:,} rows",
            allowed="At least two classes are needed",
        )
    return labels.astype(np.int64).reshape(-1), tuple(names)


def _refuse_measurement(name: str, values: FloatArray, count: int) -> None:
    distinct = len(values)
    fractions = bool((values != np.trunc(values)).any())
    if (
        distinct > UNCLASSIFIED
        or (fractions and (distinct > _FEW or 2 * distinct > count))
        or distinct == count > _FEW
    ):
        raise InputError(
            f"The target {name!r} looks like a measurement",
            received=f"{distinct:,} different numbers in {count:,} rows, "
            f"{_number_name(float(values[0]))} to {_number_name(float(values[-1]))}",
            do="Classes are needed: name another column, or cut this one into ranges first",
        )


def _number_name(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else repr(value)
