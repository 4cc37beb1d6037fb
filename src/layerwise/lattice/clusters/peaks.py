"""Which peaks of a density are clusters: hills, the saddles between them, and a test of chance.

Every cell looks at its densest neighbour and takes its colour; so each peak gets the hill that
drains to it. Two hills that touch are one unless the lower peak stands out from the saddle.

**The test.** A density at a cell is Σ k(x − xᵢ) over the points, k being the hill of one point with
Σk = 1. For points strewn at rate f (a cell) the sum has mean f and variance f·Σk², where
Σk² = 1/(4πσ²) for a Gaussian hill. A square root makes the variance the same at every level: √f̂
varies by s = √(1/(4πσ²))/2 (Anscombe 1948, by the derivative 1/(2√f)). A peak is kept apart where
z = (√peak − √saddle)/s reaches a threshold. That z is no single comparison: a peak is the highest
of its hill and the saddle the lowest of the best way, so that points strewn evenly show z of 1 to 3
between neighbouring hills, and the largest of M independent places reaches about √(2 ln M) above
the mean, while saddles lie up to one below it: 4.3 for M = 270, 4.7 for 1,000. Simulated for 1,320
samples of one Gaussian or of evenly strewn points, 50 to 10,000 of them, so many of which showed
two hills apart or more (a background set aside): 139 at a threshold of 3, 31 at 3.5, 5 at 4, none
at 4.5, which is the default. Along thin ridges, where no way leads round a low place, chance does
more: there 4.5 parts a few sets of half moons in a hundred, 5.5 none of those that were tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...compiled import compiled
from ...types import Array, FloatArray, IntArray
from .density import Density

NOBODY: Final = -1


@dataclass(frozen=True, eq=False)
class Hills:
    """The hills of a density, and which of them are one.

    `uphill` (row, column): the number row·columns + column of each cell's densest neighbour (its
    own on a peak), −1 where a cell belongs to nobody. `basin` (row, column): the number of its
    hill, −1 for none. `peaks` (hill, row column); `heights` (hill,).

    Merging: `into` (hill,), the hill that it was merged with, itself if it was kept apart;
    `order` (merge,), the hills that were merged, in the order in which saddles were met, highest
    first. `neighbor` (hill,): where the highest way to a higher peak leads, the
    highest of all peaks beyond the saddle, −1 if there is no way; `saddle` (hill,), the density at
    the lowest cell of that way (0 if none); `z` (hill,): how far it stands out from the
    saddle, or where there is none, from the background (or nothing).
    """

    uphill: IntArray
    basin: IntArray
    peaks: IntArray
    heights: FloatArray
    into: IntArray
    order: IntArray
    neighbor: IntArray
    saddle: FloatArray
    z: FloatArray

    def final(self) -> IntArray:
        """The hill in which each ends: (hill,)."""
        root = np.arange(len(self.into))
        for hill in self.order[::-1]:
            root[hill] = root[self.into[hill]]
        return np.asarray(root)


def find_hills(density: Density, threshold: float) -> Hills:
    """Link each cell uphill, and merge hills whose z is below the threshold.

    Saddles are met from the highest down, and at each the hill whose peak is the lower is put to
    the test (as in topological persistence: Chazal and others, "Persistence-based clustering in
    Riemannian manifolds", JACM 2013, with √density and a threshold in units of chance). Of equal
    cells the one with the lower number counts as the higher.
    """
    height = np.ascontiguousarray(density.map)
    columns = height.shape[1]
    uphill = np.empty(height.shape, np.int64)
    link_uphill(height, density.floor, uphill)
    top = uphill.copy().reshape(-1)
    follow(top)
    peaks = np.flatnonzero(top == np.arange(len(top)))
    number = np.full(len(top) + 1, NOBODY)
    number[peaks] = np.arange(len(peaks))
    basin = number[top].reshape(height.shape)
    first, second, level = _borders(height, basin)
    order = np.lexsort((second, first, -level))
    heights = height.reshape(-1)[peaks]
    into = np.arange(len(peaks))
    merged, count = np.empty(len(peaks), np.int64), np.zeros(1, np.int64)
    neighbor = np.full(len(peaks), NOBODY)
    saddle = np.zeros(len(peaks))
    merge(
        first[order], second[order], level[order], heights, threshold * density.spread,
        into, neighbor, saddle, merged, count,
    )  # fmt: skip
    base = np.sqrt(np.where(neighbor >= 0, saddle, density.background))
    z = (np.sqrt(heights) - base) / density.spread
    return Hills(
        uphill=uphill,
        basin=basin,
        peaks=np.stack([peaks // columns, peaks % columns], axis=1),
        heights=heights,
        into=into,
        order=merged[: count[0]],
        neighbor=neighbor,
        saddle=saddle,
        z=z,
    )


def _borders(height: FloatArray, basin: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs of hills that touch, and how high: (border,) three times, a pair each time it does."""
    count = np.zeros(1, np.int64)
    none = np.empty(0, np.int64)
    borders(height, basin, none, none, np.empty(0), count)
    first, second = np.empty(count[0], np.int64), np.empty(count[0], np.int64)
    level = np.empty(count[0])
    borders(height, basin, first, second, level, count)
    return first, second, level


@compiled
def link_uphill(height: FloatArray, floor: float, uphill: IntArray) -> None:
    """The densest of each cell and its eight neighbours, by number; −1 for cells below `floor`."""
    rows, columns = height.shape
    for row in range(rows):
        for column in range(columns):
            if not height[row, column] > floor:
                uphill[row, column] = -1
                continue
            best, at = height[row, column], row * columns + column
            for r in range(max(row - 1, 0), min(row + 2, rows)):
                for c in range(max(column - 1, 0), min(column + 2, columns)):
                    there = height[r, c]
                    if there > best or (there == best and r * columns + c < at):
                        best, at = there, r * columns + c
            uphill[row, column] = at


@compiled
def follow(top: IntArray) -> None:
    """Replace each cell's uphill neighbour (cell,) by the peak at the end of the way."""
    for start in range(len(top)):
        if top[start] < 0:
            continue
        peak = start
        while top[peak] != peak:
            peak = top[peak]
        cell = start
        while top[cell] != peak:
            following = top[cell]
            top[cell] = peak
            cell = following


@compiled
def borders(
    height: FloatArray,
    basin: IntArray,
    first: IntArray,
    second: IntArray,
    level: FloatArray,
    count: IntArray,
) -> None:
    """Neighbouring cells of two hills: which two, the lower number first, and the lower height.

    With empty arrays they are only counted.
    """
    rows, columns = height.shape
    found = 0
    keep = len(first) > 0
    for row in range(rows):
        for column in range(columns):
            own = basin[row, column]
            if own < 0:
                continue
            for way in range(4):  # right, and the three below
                r = row + (way > 0)
                c = column + 1 if way == 0 else column + way - 2
                if r >= rows or c < 0 or c >= columns:
                    continue
                other = basin[r, c]
                if other < 0 or other == own:
                    continue
                if keep:
                    first[found], second[found] = min(own, other), max(own, other)
                    level[found] = min(height[row, column], height[r, c])
                found += 1
    count[0] = found


@compiled
def merge(
    first: IntArray,
    second: IntArray,
    level: FloatArray,
    heights: FloatArray,
    least: float,
    into: IntArray,
    neighbor: IntArray,
    saddle: FloatArray,
    merged: IntArray,
    count: IntArray,
) -> None:
    """Go through borders from the highest down; see `Hills` for what is set."""
    joined = np.arange(len(heights))
    for border in range(len(first)):
        one, other = first[border], second[border]
        high, low = root_of(joined, one), root_of(joined, other)
        if high == low:
            continue
        if heights[low] > heights[high] or (heights[low] == heights[high] and low < high):
            high, low = low, high
            one, other = other, one
        joined[low] = high
        neighbor[low], saddle[low] = high, level[border]
        if np.sqrt(heights[low]) - np.sqrt(level[border]) < least:
            # Nothing that is joined to `low` was kept apart: that would stand out less than it.
            into[low] = root_of(into, one)
            merged[count[0]] = low
            count[0] += 1


@compiled
def root_of(parent: IntArray, start: int) -> int:
    """Where the chain of parents ends."""
    at = start
    while parent[at] != at:
        at = parent[at]
    return at


def flow_layers(uphill: Array) -> IntArray:
    """How many layers a cell waits until its peak's colour has come down to it: (row, column).

    0 on a peak, −1 for a cell of no hill.
    """
    waits = np.full(uphill.size, NOBODY)
    _count_steps(uphill.reshape(-1), waits)
    return waits.reshape(uphill.shape)


@compiled
def _count_steps(uphill: IntArray, waits: IntArray) -> None:
    for start in range(len(uphill)):
        steps, cell = 0, start
        while uphill[cell] >= 0 and waits[cell] < 0 and uphill[cell] != cell:
            cell = uphill[cell]
            steps += 1
        if uphill[cell] < 0:
            continue
        if waits[cell] < 0:
            waits[cell] = 0
        known = waits[cell] + steps
        cell = start
        while waits[cell] < 0:
            waits[cell] = known
            known -= 1
            cell = uphill[cell]
