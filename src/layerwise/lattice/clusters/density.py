"""How densely points lie: counts on the grid, blurred by the lattice's own layers.

After T lazy layers a point has spread to a hill of standard deviation σ = √T/2 cells. T is chosen
so that the density foretells each point best when that point itself is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ...types import Array, FloatArray, IntArray
from ..diffusion import Diffusion, WalkTable, own_share

FEWEST_LAYERS: Final = 4
SHARP_LAYERS: Final = 8  # a search may bin more coarsely as long as so many layers remain
NARROWEST: Final = 8  # cells along a side, for such a search
PLACES: Final = 20  # independent ones that a background must be looked for in: areas of 4πσ²
REMOTE: Final = 0.01  # of a lone point's height: less than that is no evidence


@dataclass(frozen=True, eq=False)
class Density:
    """The blurred counts, and what is needed to judge them.

    `map` (row, column): expected points a cell. `layers`: how many made it. `lone`: how high a
    single point stands. `spread`: by how much √density varies by chance (see `peaks`).
    `background`: the level of points strewn evenly, 0 where there are none, or where the blur is
    too wide for the data to tell (less than 20 hills side by side).
    `noise`: the share of the background in the density from which a cell belongs to nobody.
    """

    map: FloatArray
    layers: int
    lone: float
    spread: float
    background: float
    noise: float

    @property
    def floor(self) -> float:
        """Up to it a cell belongs to nobody: no point is near, or the background is too large."""
        return max(self.near, self.background / self.noise)

    @property
    def near(self) -> float:
        """Up to it no point is near: a hundredth of a lone point's height."""
        return REMOTE * self.lone

    @classmethod
    def of(
        cls, counts: FloatArray, layers: int, inner: tuple[slice, slice], noise: float
    ) -> Density:
        """Blur counts (row, column); `inner`: the part of the grid that the data cover."""
        total = counts.sum()
        spread_out = Diffusion(counts[None] / total, lazy=True).after(layers)[0] * total
        walk = WalkTable((counts.shape[0], counts.shape[1]), lazy=True)
        lone = float(walk.after(layers)[0, 0])
        # Two walks of T layers meet as often as one of 2T comes back: the sum of the squared hill.
        spread = math.sqrt(float(walk.after(2 * layers)[0, 0])) / 2
        covered = spread_out[inner]
        # One place, where a hill's square has its weight, is 1 / (the sum of the squared hill).
        level = background(covered, spread) if covered.size * 4 * spread**2 >= PLACES else 0.0
        return cls(spread_out, layers, lone, spread, level, noise)


def background(density: FloatArray, spread: float) -> float:
    """The level that the largest area shares, 0 where that is no more than chance above nothing.

    `density` (row, column). The mode of √density, whose chance variation is the same at every
    level: points strewn evenly make a peak there, while the flanks of clusters pass through
    each level quickly. Steps are half of `spread`; a weighted mean of five of them is compared.
    """
    step = spread / 2
    steps = (np.sqrt(np.maximum(density, 0)) / step).astype(np.int64)
    area = np.convolve(np.bincount(steps.reshape(-1)), [1, 2, 3, 2, 1], "same")
    most = int(area.argmax())
    return float(((most + 0.5) * step) ** 2) if most > 2 else 0.0


def choose_layers(counts: FloatArray) -> tuple[int, tuple[tuple[int, float], ...]]:
    """How many lazy layers foretell points best, and all that were tried: (layers, loss).

    `counts` (row, column). The loss is the mean of −log p over the points, in nats, p being the
    probability of a point's cell by all other points; with a chance of one in n (the points) it
    lies anywhere, so that a stray point does not decide. Tried: from a blur of a quarter of the
    grid (σ) down, half as many layers each time, until the loss has risen twice running; then
    between the best. Where the blur allows, cells are taken together two by two, and again, as
    long as a hill stays 1.4 of them wide (σ); the loss is then that of the coarser cells, their
    density spread evenly within. Columns that hold few distinct values are blurred over the gaps
    between them at least.
    """
    search = _Search(counts)
    least = max(FEWEST_LAYERS, math.ceil(4 * _gap(counts) ** 2))
    limit = max(least, max(counts.shape) ** 2 // 4)
    tried: dict[int, float] = {}
    layers, rises = limit, 0
    while rises < 2:
        tried[layers] = search.loss(layers)
        rises = rises + 1 if tried[layers] > tried.get(2 * layers, math.inf) else 0
        if layers == least:
            break
        layers = max(least, layers // 2)
    for factor in (math.sqrt(2), 2**0.25):
        best = min(tried, key=lambda layers: tried[layers])
        for between in (round(best / factor), round(best * factor)):
            if least <= between <= limit and between not in tried:
                tried[between] = search.loss(between)
    return min(tried, key=lambda layers: tried[layers]), tuple(sorted(tried.items()))


class _Search:
    """Leave-one-out losses of the same counts, on grids of several finenesses."""

    def __init__(self, counts: FloatArray) -> None:
        self.total = float(counts.sum())
        self._levels: list[_Level] = [_Level(counts)]

    def loss(self, layers: int) -> float:
        coarser, sharp = 0, layers
        while sharp >= 4 * SHARP_LAYERS and min(self._level(coarser).shape) >= 2 * NARROWEST:
            coarser, sharp = coarser + 1, sharp // 4
        level = self._level(coarser)
        total = self.total
        if total < 2:
            return math.inf
        reached = level.diffusion.at(round(layers / 4**coarser), level.cells)[0] * total
        own = np.empty(len(level.cells))
        own_share(level.origins, level.walk.after(round(layers / 4**coarser)), level.cells, own)
        others = np.maximum(reached - own, 0) / (total - 1)
        likely = (1 - 1 / total) * others + 1 / (total * level.origins.size)
        return float(-(level.mass @ np.log(likely / 4**coarser))) / total

    def _level(self, number: int) -> _Level:
        while len(self._levels) <= number:
            self._levels.append(_Level(_halved(self._levels[-1].counts)))
        return self._levels[number]


class _Level:
    """Counts of one fineness; what a loss needs is made when it is first asked for."""

    def __init__(self, counts: FloatArray) -> None:
        self.counts = counts
        self.shape = (counts.shape[0], counts.shape[1])

    @cached_property
    def cells(self) -> IntArray:
        return np.argwhere(self.counts)

    @cached_property
    def mass(self) -> FloatArray:
        return self.counts[self.cells[:, 0], self.cells[:, 1]]

    @cached_property
    def origins(self) -> Array:
        origins = np.full(self.shape, -1, np.int32)
        origins[self.cells[:, 0], self.cells[:, 1]] = np.arange(len(self.cells))
        return origins

    @cached_property
    def diffusion(self) -> Diffusion:
        return Diffusion(self.counts[None] / self.counts.sum(), lazy=True)

    @cached_property
    def walk(self) -> WalkTable:
        return WalkTable(self.shape, lazy=True)


def _halved(counts: FloatArray) -> FloatArray:
    """Counts of two by two cells, an odd last row or column on its own."""
    rows, columns = (-(-side // 2) for side in counts.shape)
    even = np.zeros((2 * rows, 2 * columns))
    even[: counts.shape[0], : counts.shape[1]] = counts
    return np.asarray(even.reshape(rows, 2, columns, 2).sum(axis=(1, 3)))


def _gap(counts: FloatArray) -> float:
    """The usual step between rows, or columns, that hold a point at all: 1 where most do."""
    gaps = []
    for axis in (0, 1):
        steps = np.diff(np.flatnonzero(counts.any(axis=1 - axis)))
        gaps.append(float(np.median(steps)) if len(steps) else 1.0)
    return max(gaps) if max(gaps) > 1 else 0.0
