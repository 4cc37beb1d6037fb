"""Where a walk through a volume ends: the way to a cell's own share of an average.

As `diffusion.WalkTable`, of which a volume's torus would take eight times the room of the volume:
here the table holds distances, each axis folded at its middle, by a discrete cosine transform.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from ..compiled import compiled
from ..types import Array, FloatArray, IntArray
from .diffusion import Powers, mean_cosine, staying

DEVIATIONS = 9.2  # standard deviations beyond which a walk's end is left out: below 1e−18


class VolumeWalk:
    """The walk of a volume's cells on a torus of twice the volume, by distances along each axis."""

    def __init__(self, grid: tuple[int, ...]) -> None:
        self._grid = grid

    def after(self, layers: int) -> FloatArray:
        """How likely a walk ends at given steps off: (slices off, rows off, columns off).

        A walk that cannot come so far as the grid's sides gets a smaller table. In each direction
        a walk of T layers has the standard deviation √T/2.
        """
        reach = min(layers, int(DEVIATIONS * np.sqrt(layers) / 2) + 8)
        halves = [min(side, fft.next_fast_len(reach + 1, True)) for side in self._grid]
        cosines = (np.cos(np.pi * np.arange(half + 1) / half) for half in halves)
        powers = Powers(staying(mean_cosine(*cosines), lazy=True)).to(layers)
        return np.asarray(np.maximum(fft.idctn(powers, type=1, overwrite_x=True), 0))

    def shares(self, layers: int, origins: Array, cells: IntArray) -> FloatArray:
        """How likely a walk from each training cell ends in its own territory: (training cell,).

        `origins` (slice, row, column): the number of the training cell that each cell descends
        from, −1 for none; `cells` (training cell, slice row column).
        """
        share = np.zeros(len(cells))
        _gather(origins, self.after(layers), cells, share)
        return share


@compiled
def _gather(origins: Array, table: FloatArray, cells: IntArray, share: FloatArray) -> None:
    """Add up the ends in each territory: a cell has two images along each axis of the torus."""
    slices, rows, columns = origins.shape
    for place in range(slices):
        for row in range(rows):
            for column in range(columns):
                which = origins[place, row, column]
                if which < 0:
                    continue
                for front in range(2):
                    through = folded(place, cells[which, 0], slices, front == 1)
                    if through >= table.shape[0]:
                        continue
                    for top in range(2):
                        down = folded(row, cells[which, 1], rows, top == 1)
                        if down >= table.shape[1]:
                            continue
                        for side in range(2):
                            across = folded(column, cells[which, 2], columns, side == 1)
                            if across < table.shape[2]:
                                share[which] += table[through, down, across]


@compiled
def folded(place: int, start: int, size: int, mirrored: bool) -> int:
    """Steps from `start` to a place, or to its image beyond the edge, on a torus of 2·size."""
    steps = place + start + 1 if mirrored else abs(place - start)
    return min(steps, 2 * size - steps)
