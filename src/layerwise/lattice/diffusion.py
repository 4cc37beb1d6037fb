"""Exact class probabilities: what copying does on average, without simulating it.

Theorem. Let every cell copy, in each layer, one of its four neighbours drawn at random (or, if
lazy, stay as it is with probability ½; in a volume one of six, or stay with probability ¼). Then
the probability that a cell shows state c after T layers is the T-fold average over neighbours of
the first map of c (1 where a cell shows c, else 0). Proof: follow a cell's colour back in time,
layer by layer; it is a random walk of T steps, and the average of the map over where that walk ends
is the T-fold average over neighbours. ∎

With the edge rule "beyond the edge the neighbour is the cell itself", cosines are the
eigenvectors of the average (the discrete cosine transform of type II), so that T layers cost no
more than one: multiply each coefficient by its eigenvalue to the power T. Rounding: absolute
error about 1e−16; probabilities below that are noise.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from ..compiled import compiled
from ..types import Array, BoolArray, ByteArray, Float32Array, FloatArray, IntArray

TRACE_OF_EVIDENCE = 1e-12
"""Probability of being classified below which the filled map decides (see `conditional`)."""


def eigenvalues(grid: tuple[int, ...], lazy: bool) -> FloatArray:
    """By what one layer multiplies each cosine: (row frequency, column frequency).

    Of a volume (slice, row, column frequency): ¼ + ¾ of the three cosines' mean.
    """
    return staying(mean_cosine(*(np.cos(np.pi * np.arange(size) / size) for size in grid)), lazy)


def mean_cosine(*cosines: FloatArray) -> FloatArray:
    """The mean of numbers along each axis: an array with as many axes."""
    total = cosines[0]
    for more in cosines[1:]:
        total = total[..., None] + more
    return np.asarray(total / len(cosines))


def staying(average: FloatArray, lazy: bool) -> FloatArray:
    """By what a layer multiplies, if a mean over neighbours would multiply by `average`."""
    if average.ndim == 3:
        return np.asarray(0.25 + 0.75 * average)
    return np.asarray((1 + average) / 2 if lazy else average)


def one_hot(labels: ByteArray, classes: int) -> FloatArray:
    """A label map (…, row, column) as maps of 0 and 1 for each class: (class, …, row, column)."""
    numbers = np.arange(classes, dtype=np.uint8)
    return np.asarray(labels == numbers.reshape(-1, *(1,) * labels.ndim), float)


NEGLIGIBLE = 1e-18
WORTH_SUMMING = 25  # multiply-adds a cell that take as long as a transform


class Powers:
    """Whole powers of the same numbers in −1 … 1, through their logarithms (taken once)."""

    def __init__(self, numbers: FloatArray) -> None:
        with np.errstate(divide="ignore"):
            self._logarithms = np.log(np.abs(numbers))
        self._negative = numbers < 0

    def to(self, exponent: int) -> FloatArray:
        """The numbers to that power, 0 or more."""
        if exponent == 0:
            return np.ones_like(self._logarithms)
        power = np.exp(exponent * self._logarithms)
        if exponent % 2 == 1:
            power[self._negative] *= -1
        return np.asarray(power)


class Diffusion:
    """The T-fold average over neighbours of maps (map, …, row, column), for any T at one price.

    `workers`: threads of the transform, −1 for all processors; the result does not depend on it.
    """

    def __init__(self, maps: FloatArray, *, lazy: bool, workers: int = 1) -> None:
        self._workers = workers
        self._axes = tuple(range(1, maps.ndim))
        self._spectrum = fft.dctn(maps, axes=self._axes, workers=workers)
        self._powers = Powers(eigenvalues(maps.shape[1:], lazy))

    def after(self, layers: int) -> FloatArray:
        """The maps after that many layers: (map, …, row, column), each value 0 to 1."""
        spectrum = self._spectrum * self._powers.to(layers)
        maps = fft.idctn(spectrum, axes=self._axes, overwrite_x=True, workers=self._workers)
        return np.asarray(np.clip(maps, 0, 1, out=maps))

    def at(self, layers: int, cells: IntArray) -> FloatArray:
        """The same at single cells (cell, row column) or (cell, slice row column): (map, cell).

        Many layers leave few cosines that still count (those above 1e−18 of their start): with
        few cells these are summed one by one, which agrees with `after` to rounding.
        """
        power = self._powers.to(layers)
        size = np.abs(power)
        axes = range(power.ndim)
        tops = [size.max(axis=tuple(other for other in axes if other != axis)) for axis in axes]
        counts = [int(np.count_nonzero(top > NEGLIGIBLE)) for top in tops]
        fading = all(
            top[count:].max(initial=0) <= NEGLIGIBLE
            for top, count in zip(tops, counts, strict=True)
        )
        if not fading or len(cells) * math.prod(counts) > WORTH_SUMMING * power.size:
            return np.asarray(self.after(layers)[:, *cells.T])
        *outer, inner = [_cosines(cells[:, axis], power.shape[axis], counts[axis]) for axis in axes]
        low = tuple(slice(count) for count in counts)
        kept = self._spectrum[:, *low] * power[low]
        summed = np.stack([(_along(one, outer) * inner).sum(axis=1) for one in kept])
        return np.asarray(np.clip(summed, 0, 1))


def _along(coefficients: FloatArray, cosines: list[FloatArray]) -> FloatArray:
    """Sums over all axes but the last, each by its cosines (cell, frequency): (cell, …)."""
    first, *others = cosines
    summed = first @ coefficients.reshape(len(coefficients), -1)
    for more in others:
        summed = np.einsum("cfr,cf->cr", summed.reshape(*more.shape, -1), more)
    return np.asarray(summed)


def _cosines(places: IntArray, size: int, count: int) -> FloatArray:
    """The first cosines of the inverse transform at some places: (place, frequency)."""
    angles = np.pi * np.arange(count) * (2 * places[:, None] + 1) / (2 * size)
    scaled = np.cos(angles) / size
    scaled[:, 0] /= 2
    return np.asarray(scaled)


def anchored_average(
    maps: FloatArray, anchors: BoolArray, layers: int, *, lazy: bool
) -> FloatArray:
    """The same average where `anchors` (…, row, column) never change: computed layer by layer."""
    volume = anchors.ndim == 3
    # A map of rows and columns is a volume of one slice, but for the slices before and behind.
    now = np.ascontiguousarray(maps).reshape(len(maps), -1, *maps.shape[-2:])
    held = np.ascontiguousarray(anchors).reshape(now.shape[1:])
    for _ in range(layers):
        new = np.empty_like(now)
        _average_once(now, new, held, lazy, volume)
        now = new
    return now.reshape(maps.shape)


def conditional(spread: FloatArray, fallback: FloatArray) -> FloatArray:
    """Class probabilities given that a cell is classified: (class, …, row, column), summing to 1.

    `spread` (class, …, row, column): the probability of each class, which with that of being
    unclassified sums to 1. Where a cell is all but surely unclassified, below 1e−12, there is no
    evidence and `fallback` (class, …, row, column or broadcast) takes over; elsewhere the
    difference that it makes is at most 1e−12 / P(classified).
    """
    total = spread.sum(axis=0)
    mixed = (spread + TRACE_OF_EVIDENCE * fallback) / (total + TRACE_OF_EVIDENCE)
    return np.asarray(mixed / mixed.sum(axis=0))


def fallback_maps(labels: ByteArray, frequencies: FloatArray, error: float) -> FloatArray:
    """What is believed without evidence: the filled map, doubted as much as it errs.

    `labels` (…, row, column): the filled map; `frequencies` (class,) of the training points;
    `error`: how often the nearest training cell has another class. Gives (class, …, row, column).
    """
    hot = one_hot(labels, len(frequencies))
    return np.asarray((1 - error) * hot + error * frequencies.reshape(-1, *(1,) * labels.ndim))


class WalkTable:
    """Where a walk over rows and columns ends on a torus: the way to a cell's share of an average.

    Folding a torus of twice the grid onto the grid (see `own_share`) gives the walk on the grid
    with its edges. A walk that cannot come so far gets a smaller torus, as far as it can come.
    """

    def __init__(self, grid: tuple[int, int], *, lazy: bool) -> None:
        self._grid, self._lazy = grid, lazy

    def after(self, layers: int) -> FloatArray:
        """Probabilities (row offset, column offset), offsets modulo the sides of the table.

        Left out is what lies nine standard deviations or more off: below 1e−18.
        """
        reach = min(layers, int(6.5 * np.sqrt(layers)) + 8)
        tall, wide = (min(2 * side, fft.next_fast_len(2 * reach + 2, True)) for side in self._grid)
        down = np.cos(2 * np.pi * np.arange(tall) / tall)
        across = np.cos(2 * np.pi * np.arange(wide // 2 + 1) / wide)
        powers = Powers(staying(mean_cosine(down, across), self._lazy)).to(layers)
        ends = fft.irfft2(powers, s=(tall, wide), overwrite_x=True)
        return np.asarray(np.maximum(ends, 0))

    def shares(self, layers: int, origins: Array, cells: IntArray) -> FloatArray:
        """How likely a walk from each training cell ends in its own territory: (training cell,)."""
        share = np.empty(len(cells))
        own_share(origins, self.after(layers), cells, share)
        return share


@compiled
def own_share(origins: Array, table: FloatArray, cells: IntArray, share: FloatArray) -> None:
    """How likely a walk from each training cell ends in its own territory.

    `origins` (row, column): the number of the training cell that each cell descends from;
    `table` from `WalkTable`; `cells` (training cell, row column); `share` (training cell,) is set.
    A cell (r, c) has four images on the torus: rows r and −1 − r, columns c and −1 − c.
    """
    rows, columns = origins.shape
    share[:] = 0
    for row in range(rows):
        for column in range(columns):
            which = origins[row, column]
            if which < 0:
                continue
            for image in range(4):
                down = row - cells[which, 0] if image < 2 else -1 - row - cells[which, 0]
                across = column - cells[which, 1]
                if image % 2 == 1:
                    across = -1 - column - cells[which, 1]
                share[which] += table_at(table, down, across, rows, columns)


@compiled
def table_at(table: FloatArray, down: int, across: int, rows: int, columns: int) -> float:
    """The table's value at an offset on the torus of twice the grid, 0 where it does not reach."""
    down %= 2 * rows
    across %= 2 * columns
    down = down - 2 * rows if down > rows else down
    across = across - 2 * columns if across > columns else across
    tall, wide = table.shape
    if tall < 2 * rows and 2 * abs(down) > tall:
        return 0.0
    if wide < 2 * columns and 2 * abs(across) > wide:
        return 0.0
    return float(table[down % tall, across % wide])


def strongest(probabilities: Float32Array | FloatArray) -> ByteArray:
    """The likeliest class of each cell, the first of equals: (…, row, column)."""
    return np.asarray(np.argmax(probabilities, axis=0), np.uint8)


@compiled
def _average_once(
    now: FloatArray, new: FloatArray, anchors: BoolArray, lazy: bool, volume: bool
) -> None:
    maps, slices, rows, columns = now.shape
    for line in range(maps * slices * rows):
        which, place, row = line // (slices * rows), line // rows % slices, line % rows
        level = now[which, place]
        above, below = max(row - 1, 0), min(row + 1, rows - 1)
        before = now[which, max(place - 1, 0), row]
        behind = now[which, min(place + 1, slices - 1), row]
        for column in range(columns):
            here = level[row, column]
            if anchors[place, row, column]:
                new[which, place, row, column] = here
                continue
            around = (
                level[above, column]
                + level[below, column]
                + level[row, max(column - 1, 0)]
                + level[row, min(column + 1, columns - 1)]
            )
            if volume:
                around += before[column] + behind[column]
                new[which, place, row, column] = 0.25 * here + 0.125 * around
            else:
                mean = 0.25 * around
                new[which, place, row, column] = 0.5 * (here + mean) if lazy else mean
