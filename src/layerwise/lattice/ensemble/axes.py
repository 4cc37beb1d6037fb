"""The axes that pairs are made of: each column, a few components, and the cells along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...types import Array, FloatArray, IntArray
from ..mapping import AxisMapping
from ..projection import FARTHEST, discriminants, principal_axes, upright

UNKNOWN: Final = -1
"""The cell of a value that is missing."""


@dataclass(frozen=True)
class Axes:
    """Columns and components of a table, each cut into `side` cells.

    `names` (axis,): the columns', then those of the components; `center` and `fill` (feature,),
    what is subtracted, and what stands for a missing value in a component; `matrix` (feature,
    component); `ranks`, `ranges` (axis,): a value's cell follows from the mean of its place among
    the training values (its rank) and its place between the smallest and the largest of them.
    """

    names: tuple[str, ...]
    center: FloatArray
    fill: FloatArray
    matrix: FloatArray
    ranks: tuple[AxisMapping, ...]
    ranges: tuple[AxisMapping, ...]
    side: int

    @classmethod
    def fit(
        cls,
        points: FloatArray,
        labels: IntArray,
        weights: FloatArray,
        columns: tuple[str, ...],
        side: int,
        components: int,
    ) -> Axes:
        """From points (sample, feature), NaN for missing, labels and weights (sample,).

        So many principal components, and so many discriminants (one fewer than the classes at
        most), of columns scaled to unit variance.
        """
        known = np.isfinite(points)
        mass = np.where(known, weights[:, None], 0)
        total = np.maximum(mass.sum(axis=0), 1e-300)
        center = np.where(known, points, 0)
        center = (center * mass).sum(axis=0) / total
        away = np.where(known, points - center, 0)
        spread = np.sqrt((away**2 * mass).sum(axis=0) / total)
        varies = spread > np.maximum(1e-12 * np.abs(center), 1 / FARTHEST)
        scale = np.where(varies, 1 / np.where(varies, spread, 1), 0)
        scaled = away * scale
        matrix, names = np.zeros((points.shape[1], 0)), tuple(columns)
        if components:
            most, _ = principal_axes(scaled, weights, components)
            parting, _ = discriminants(scaled, labels, weights, components)
            matrix = upright(np.concatenate([most, parting], axis=1)) * scale[:, None]
            names += tuple(f"component {n}" for n in range(1, most.shape[1] + 1))
            names += tuple(f"discriminant {n}" for n in range(1, parting.shape[1] + 1))
        axes = cls(names, center, center, matrix, (), (), side)
        values = axes.values(points)
        ranks, ranges = [], []
        for column in values.T:
            there = np.isfinite(column)
            seen, heavy = column[there], weights[there]
            if not np.any(heavy > 0):
                seen, heavy = np.zeros(1), np.ones(1)
            ranks.append(AxisMapping.fit(seen, heavy, "quantile", 0))
            ranges.append(AxisMapping.fit(seen, heavy, "linear", 0))
        return cls(names, center, center, matrix, tuple(ranks), tuple(ranges), side)

    def values(self, points: FloatArray) -> FloatArray:
        """Columns and components of points (sample, feature): (sample, axis), NaN for missing."""
        with np.errstate(over="ignore"):
            away = np.where(np.isnan(points), self.fill, points) - self.center
            made = np.clip(away, -FARTHEST, FARTHEST) @ self.matrix
        return np.concatenate([points, made], axis=1)

    def cells(self, points: FloatArray) -> Array:
        """The cell of each point on each axis: (axis, sample), 16 bits; −1 for missing."""
        values = self.values(points)
        cells = np.empty((values.shape[1], len(points)), np.int16)
        for axis, (rank, range_) in enumerate(zip(self.ranks, self.ranges, strict=True)):
            column = values[:, axis]
            there = ~np.isnan(column)
            cells[axis] = UNKNOWN
            cells[axis, there] = np.minimum(
                _place(column[there], rank, range_) * self.side, self.side - 1
            )
        return cells

    def middles(self, axis: int) -> FloatArray:
        """The value at the middle of each cell of an axis: (cell,), by bisection to 1e−12."""
        rank, range_ = self.ranks[axis], self.ranges[axis]
        wanted = (np.arange(self.side) + 0.5) / self.side
        low = np.full(self.side, float(range_.knots[0]))
        high = np.full(self.side, float(range_.knots[-1]))
        for _ in range(60):
            middle = (low + high) / 2
            below = _place(middle, rank, range_) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


def _place(values: FloatArray, rank: AxisMapping, range_: AxisMapping) -> FloatArray:
    """Where values lie on an axis, 0 to 1: the mean of their rank and their place in the range."""
    both = np.clip(rank.positions(values), 0, 1) + np.clip(range_.positions(values), 0, 1)
    return np.asarray(both / 2)
