"""From data space to the cells of the grid, and back.

The first axis of the data runs along the columns, left to right; the second along the rows, upwards
(row 0 is the top); the third, of a volume, along the slices, from the first on. An axis is mapped
to positions 0 … 1 by one of three monotone functions; what falls outside is put into the nearest
cell of the edge, and counted by whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ..compiled import compiled
from ..errors import unknown_name
from ..types import BoolArray, FloatArray, IntArray

Kind: TypeAlias = Literal["linear", "quantile", "logistic"]
KINDS: Final = ("linear", "quantile", "logistic")
MOST_KNOTS: Final = 4097
SMALLEST_RANGE: Final = 1e-150  # of an axis; the squares of smaller numbers are no longer exact
LARGEST_RANGE: Final = 1e300


@dataclass(frozen=True)
class AxisMapping:
    """One axis: a monotone function from data to positions, kept as what it needs.

    "linear": `knots` are the values at positions 0 and 1. "quantile": the cumulative share of the
    data, linear between `knots` at positions `places`. "logistic": knots are centre and scale.
    """

    kind: Kind
    knots: FloatArray
    places: FloatArray

    @classmethod
    def fit(cls, values: FloatArray, weights: FloatArray, kind: Kind, margin: float) -> AxisMapping:
        """Fit to (sample,) values; a margin of .05 leaves 5 % of the data's range on each side.

        Weights count as repetitions; values of weight 0 are not seen. A constant axis becomes one
        unit wide around its value (or wider, where doubles of its size lie further apart).
        """
        if kind not in KINDS:
            raise unknown_name("mapping", kind, KINDS)
        seen, mass = values[weights > 0], weights[weights > 0]
        low, high = float(seen.min()), float(seen.max())
        size = max(abs(low), abs(high))
        if high - low <= max(1e-12 * size, SMALLEST_RANGE):
            half = max(0.5, 1e-12 * size)
            kind, low, high = "linear", low - half, high + half
        if kind == "linear":
            room = margin * (high - low)
            return cls(kind, np.array([low - room, high + room]), np.array([0.0, 1.0]))
        if kind == "logistic":
            center = float(np.average(seen, weights=mass))
            spread = float(np.sqrt(np.average((seen - center) ** 2, weights=mass)))
            # A logistic distribution of scale s has the standard deviation s·π/√3.
            return cls(kind, np.array([center, spread * np.sqrt(3) / np.pi]), np.zeros(0))
        knots, where = np.unique(seen, return_inverse=True)
        share = np.bincount(where.reshape(-1), weights=mass)
        middle = (np.cumsum(share) - share / 2) / share.sum()
        if len(knots) > MOST_KNOTS:
            pick = np.unique(
                np.searchsorted(middle, np.linspace(0, 1, MOST_KNOTS)).clip(max=len(knots) - 1)
            )
            knots, middle = knots[pick], middle[pick]
        return cls(
            kind, knots, margin + (1 - 2 * margin) * (middle - middle[0]) / (middle[-1] - middle[0])
        )

    def positions(self, values: FloatArray) -> FloatArray:
        """Where values lie on the axis: 0 … 1 inside the grid, below 0 or above 1 outside."""
        with np.errstate(over="ignore"):  # what is too far outside becomes infinite
            if self.kind == "logistic":
                return np.asarray(1 / (1 + np.exp(-(values - self.knots[0]) / self.knots[1])))
            if self.kind == "linear":  # term by term as in `_flat_linear`: equal to the last bit
                return np.asarray((values - self.knots[0]) * (1 / (self.knots[1] - self.knots[0])))
            inside = np.interp(values, self.knots, self.places)
            return np.asarray(inside + self._beyond(values, self.knots, self.places))

    def values(self, positions: FloatArray) -> FloatArray:
        """The data coordinates of positions: the inverse, exact to rounding."""
        if self.kind == "logistic":
            inner = np.clip(positions, 1e-12, 1 - 1e-12)
            return np.asarray(self.knots[0] + self.knots[1] * np.log(inner / (1 - inner)))
        inside = np.interp(positions, self.places, self.knots)
        return np.asarray(inside + self._beyond(positions, self.places, self.knots))

    def document(self) -> dict[str, Any]:
        """The function as plain values, for a file."""
        return {
            "kind": self.kind, "knots": self.knots.tolist(), "places": self.places.tolist()
        }  # fmt: skip

    @classmethod
    def from_document(cls, document: Mapping[str, Any], name: str = "an axis") -> AxisMapping:
        """The function that `document` gave; ValueError where the values cannot be one."""
        kind, knots = document["kind"], np.array(document["knots"], float)
        places = np.array(document["places"], float)
        if kind == "logistic":
            whole = knots.shape == (2,) and knots[1] > SMALLEST_RANGE
        else:
            whole = knots.ndim == 1 and len(knots) > 1 and knots.shape == places.shape
            whole = whole and _rises(knots) and _rises(places)
            whole = whole and SMALLEST_RANGE < knots[-1] / 2 - knots[0] / 2 < LARGEST_RANGE
            whole = whole and places[0] >= 0 and places[-1] <= 1
        if kind == "linear":
            whole = whole and places.tolist() == [0, 1]
        if kind not in KINDS or not whole or not np.isfinite(knots).all():
            raise ValueError(f"{name} is no mapping")
        return cls(kind, knots, places)

    @staticmethod
    def _beyond(x: FloatArray, knots: FloatArray, places: FloatArray) -> FloatArray:
        """What a straight line through the two outermost knots adds beyond them."""
        slope = (places[-1] - places[0]) / (knots[-1] - knots[0])
        return np.asarray(slope * (np.minimum(x - knots[0], 0) + np.maximum(x - knots[-1], 0)))


@dataclass(frozen=True)
class GridMapping:
    """Two axes and the grid (rows, columns) that they map to; a third one for (slices, …)."""

    horizontal: AxisMapping
    vertical: AxisMapping
    grid: tuple[int, ...]
    inward: AxisMapping | None = None

    @classmethod
    def fit(
        cls,
        points: FloatArray,
        weights: FloatArray,
        grid: tuple[int, ...],
        kind: Kind,
        margin: float,
    ) -> GridMapping:
        """Fit to points (sample, axis of the data), as many axes as the grid has."""
        x, y, *z = (
            AxisMapping.fit(points[:, axis], weights, kind, margin) for axis in range(len(grid))
        )
        return cls(x, y, grid, *z)

    def cells(self, points: FloatArray) -> tuple[IntArray, BoolArray]:
        """The cells (sample, axis of the grid) of points (sample, axis of the data).

        Rows come before columns, and slices before both. Also which points lay outside (sample,).
        """
        rows, columns = self.grid[-2:]
        with np.errstate(over="ignore"):
            across = self.horizontal.positions(points[:, 0]) * columns
            down = (1 - self.vertical.positions(points[:, 1])) * rows
        outside = (across < 0) | (across > columns) | (down < 0) | (down > rows)
        places = [np.clip(np.floor(down), 0, rows - 1), np.clip(np.floor(across), 0, columns - 1)]
        if self.inward is not None:
            slices = self.grid[0]
            with np.errstate(over="ignore"):
                through = self.inward.positions(points[:, 2]) * slices
            outside |= (through < 0) | (through > slices)
            places.insert(0, np.clip(np.floor(through), 0, slices - 1))
        return np.stack(places, axis=1).astype(np.int64), outside

    def flat_cells(self, points: FloatArray) -> IntArray:
        """The same cells as row·columns + column, in slice z as (z·rows + row)·columns + column."""
        kinds = {axis.kind for axis in (self.horizontal, self.vertical, self.inward) if axis}
        if kinds == {"linear"}:
            flat = np.empty(len(points), np.int64)
            _flat_linear(
                np.ascontiguousarray(points),
                self.horizontal.knots,
                self.vertical.knots,
                self.grid[-2],
                self.grid[-1],
                flat,
            )
            if self.inward is not None:
                through = np.ascontiguousarray(points[:, 2])
                cells_a_slice = self.grid[1] * self.grid[2]
                _add_slices(through, self.inward.knots, self.grid[0], cells_a_slice, flat)
            return flat
        cells, _ = self.cells(points)
        return np.asarray(np.ravel_multi_index(tuple(cells.T), self.grid))

    def column_values(self) -> FloatArray:
        """The first data coordinate at the middle of each column: (column,)."""
        columns = self.grid[-1]
        return self.horizontal.values((np.arange(columns) + 0.5) / columns)

    def row_values(self) -> FloatArray:
        """The second data coordinate at the middle of each row, top row first: (row,)."""
        rows = self.grid[-2]
        return self.vertical.values(1 - (np.arange(rows) + 0.5) / rows)

    def slice_values(self) -> FloatArray:
        """The third data coordinate at the middle of each slice: (slice,), none without a third."""
        if self.inward is None:
            return np.zeros(0)
        return self.inward.values((np.arange(self.grid[0]) + 0.5) / self.grid[0])

    def document(self) -> dict[str, Any]:
        """The mapping as plain values, for a file."""
        axes = {"horizontal": self.horizontal.document(), "vertical": self.vertical.document()}
        return axes if self.inward is None else {**axes, "inward": self.inward.document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], grid: tuple[int, ...]) -> GridMapping:
        """The mapping that `document` gave; ValueError where the values cannot be one."""
        horizontal, vertical, *inward = (
            AxisMapping.from_document(document[name], f"the {name} axis")
            for name in ("horizontal", "vertical", "inward")[: len(grid)]
        )
        return cls(horizontal, vertical, grid, *inward)


def _rises(numbers: FloatArray) -> bool:
    return bool(np.all(numbers[1:] > numbers[:-1]))


@compiled
def _flat_linear(
    points: FloatArray, across: FloatArray, up: FloatArray, rows: int, columns: int, flat: IntArray
) -> None:
    """`GridMapping.flat_cells` for two linear axes, in one pass."""
    x_scale = 1.0 / (across[1] - across[0])
    y_scale = 1.0 / (up[1] - up[0])
    for i in range(points.shape[0]):
        x = (points[i, 0] - across[0]) * x_scale * columns
        y = (1.0 - (points[i, 1] - up[0]) * y_scale) * rows
        column = int(min(max(x, 0.0), columns - 1.0))
        row = int(min(max(y, 0.0), rows - 1.0))
        flat[i] = row * columns + column


@compiled
def _add_slices(
    through: FloatArray, knots: FloatArray, slices: int, cells: int, flat: IntArray
) -> None:
    """Move flat cells (sample,) of slice 0 into the slices of a third coordinate, linear too."""
    scale = 1.0 / (knots[1] - knots[0])
    for i in range(through.shape[0]):
        z = (through[i] - knots[0]) * scale * slices
        flat[i] += int(min(max(z, 0.0), slices - 1.0)) * cells
