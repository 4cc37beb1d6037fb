"""How the training went: one row an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from ..errors import InputError, unknown_name
from ..types import FloatArray

COLUMNS: Final = (
    "epoch", "training loss", "training accuracy", "control loss", "control accuracy",
    "learning rate", "seconds",
)  # fmt: skip


class History:
    """A table of the epochs: `history["control accuracy"]` is a column, `history.best` a row.

    Columns: epoch (from 1 on), training loss and accuracy (running: the mean over the epoch while
    the model was learning), control loss and accuracy (at the epoch's end, model in evaluation
    mode), the learning rate in the epoch's last step, seconds. What was not measured is NaN.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch."""
        self._rows.append({name: float(row.get(name, math.nan)) for name in COLUMNS})

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return COLUMNS

    @property
    def rows(self) -> list[dict[str, float]]:
        """All epochs, in order."""
        return [dict(row) for row in self._rows]

    @property
    def last(self) -> dict[str, float]:
        """The latest epoch. Raises `InputError` before the first is over."""
        if not self._rows:
            raise InputError("No epoch is over yet")
        return dict(self._rows[-1])

    @property
    def best(self) -> dict[str, float]:
        """The first epoch with the lowest control loss; by training loss without a control part."""
        if not self._rows:
            raise InputError("No epoch is over yet")
        measured = any(math.isfinite(row["control loss"]) for row in self._rows)
        column = "control loss" if measured else "training loss"
        return dict(
            min(self._rows, key=lambda row: row[column] if math.isfinite(row[column]) else math.inf)
        )

    def __getitem__(self, column: str) -> FloatArray:
        """A column, (epoch,). Raises `UnknownNameError` with the nearest name."""
        if column not in COLUMNS:
            raise unknown_name("column of the history", str(column), COLUMNS)
        return np.array([row[column] for row in self._rows], np.float64)

    def __len__(self) -> int:
        """The number of epochs that are over."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        """The epochs in order."""
        return iter(self.rows)

    def __repr__(self) -> str:
        """How many epochs, and how the last one ended."""
        if not self._rows:
            return "<History: no epoch yet>"
        return f"<History: {len(self)} epochs, {described(self._rows[-1])}>"

    def document(self) -> list[list[float | None]]:
        """The rows as JSON values; what was not measured is null."""
        return [
            [None if math.isnan(row[name]) else row[name] for name in COLUMNS] for row in self._rows
        ]

    @classmethod
    def from_document(cls, document: Any) -> History:
        """The table that `document` gave. Raises `ValueError` or `TypeError` if it is broken."""
        history = cls()
        for row in document:
            values = [math.nan if value is None else float(value) for value in row]
            history.append(dict(zip(COLUMNS, values, strict=True)))
        return history


def described(row: Mapping[str, float]) -> str:
    """What an epoch measured, in words."""
    words = []
    for name in COLUMNS[1:5]:
        value = row[name]
        if not math.isnan(value):
            words.append(f"{name} {value:.1%}" if "accuracy" in name else f"{name} {value:.4g}")
    return ", ".join(words)
