"""Points that share a cell: one of them is shown, or each gets a cell of its own nearby.

Measurements in coarse steps (whole numbers, grades) put many points of several classes into the
same cells. A majority would hide how mixed they are, and the probabilities with it.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import cKDTree

from ..compiled import compiled
from ..types import BoolArray, FloatArray, IntArray
from .random_bits import mix

FULLEST = 4  # spread points take at most one in so many cells of the grid
BALLS = {1: 2.0, 2: math.pi, 3: 4 / 3 * math.pi}  # what a ball of radius 1 holds, by dimensions


def mixed_share(
    cells: IntArray, labels: IntArray, weights: FloatArray, grid: tuple[int, ...]
) -> float:
    """The share of the points' weight that lies in cells with points of several classes.

    `cells` (sample, row column) or (sample, slice row column), `labels` and `weights` (sample,).
    """
    present = weights > 0
    flat = np.ravel_multi_index(tuple(cells[present].T), grid)
    _, where = np.unique(flat, return_inverse=True)
    where = where.reshape(-1)
    low = np.full(where.max() + 1, np.iinfo(np.int64).max)
    high = np.full(where.max() + 1, -1)
    np.minimum.at(low, where, labels[present])
    np.maximum.at(high, where, labels[present])
    mixed: BoolArray = (low < high)[where]
    return float(weights[present][mixed].sum() / weights[present].sum())


def roomy_share(cells: IntArray, weights: FloatArray, grid: tuple[int, ...]) -> float:
    """The share of the points' weight in cells whose crowd has room between them and the next.

    That is, in a ball around its cell that reaches half the way to the nearest other cell with
    points. Crowds without room would push one another away from where they were measured. `cells`
    (sample, axis of the grid), `weights` (sample,).
    """
    present = weights > 0
    known, where = np.unique(cells[present], axis=0, return_inverse=True)
    if len(known) < 2:
        return 1.0
    mass = np.bincount(where.reshape(-1), weights=weights[present])
    whole = np.all(weights[present] == np.rint(weights[present]))
    counts = mass if whole else np.bincount(where.reshape(-1)).astype(float)
    counts = counts * min(1.0, math.prod(grid) // FULLEST / counts.sum())
    reach = np.asarray(cKDTree(known).query(known, k=2)[0])[:, 1] / 2
    axes = sum(side > 1 for side in grid)
    room = np.maximum(BALLS[axes] * reach**axes, 1)
    return float(mass[counts <= room].sum() / mass.sum())


def spread_points(
    cells: IntArray, labels: IntArray, weights: FloatArray, grid: tuple[int, ...], classes: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """A cell for every point: those that share one move to the nearest free cells around it.

    Gives cells (point, axis of the grid), labels (point,) and weights (point,). A weight that is a
    whole number counts as so many points. Who stays in the middle is decided by a hash of class and
    rank, so that classes lie mixed and the order of the samples does not matter. Where the points
    would take more than a quarter of the grid, fewer stand for them, each class of each cell at
    least once.
    """
    present = weights > 0
    flat = np.ravel_multi_index(tuple(cells[present].T), grid)
    keys, where = np.unique(flat * classes + labels[present], return_inverse=True)
    where = where.reshape(-1)
    mass = np.bincount(where, weights=weights[present])
    whole = np.all(weights[present] == np.rint(weights[present]))
    counts = np.rint(mass).astype(np.int64) if whole else np.bincount(where)
    room = math.prod(grid) // FULLEST
    if counts.sum() > room:
        counts = np.maximum(np.rint(counts * (room / counts.sum())), 1).astype(np.int64)
    group = np.repeat(np.arange(len(keys)), counts)
    rank = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = keys[group] // classes
    label = keys[group] % classes
    hashed = mix((label * 1_000_003 + rank).astype(np.uint64))
    order = np.lexsort((hashed, start))
    reach = _reach(np.bincount(np.unique(start, return_inverse=True)[1].reshape(-1)).max(), grid)
    taken = np.zeros(grid, np.bool_)
    taken.reshape(-1)[np.unique(start)] = True
    placed = np.empty(len(order), np.int64)
    # Rows and columns alone are a volume of one slice.
    volume = taken.reshape(-1, *grid[-2:])
    steps = np.zeros((len(reach), 3), np.int64)
    steps[:, -len(grid) :] = reach
    _place(start[order], volume, steps, placed)
    final = np.stack(np.unravel_index(placed, grid), axis=1)
    share = (mass / counts)[group[order]]
    return final, label[order], share


def _reach(most: int, grid: tuple[int, ...]) -> IntArray:
    """Steps to the cells around one, nearest first: (step, axis of the grid), for any crowd."""
    side = np.sqrt(most) if len(grid) == 2 else np.cbrt(most)
    radius = min(int(2 * side) + 4, max(grid))
    steps = np.stack(
        [along.reshape(-1) for along in np.mgrid[(slice(-radius, radius + 1),) * len(grid)]], axis=1
    )
    far = (steps**2).sum(axis=1)
    turn = np.arctan2(steps[:, -2], steps[:, -1])
    return np.asarray(steps[np.lexsort((turn, far))])


@compiled
def _place(start: IntArray, taken: BoolArray, steps: IntArray, placed: IntArray) -> None:
    """Give each point of `start` (flat cells, equal ones in a row) the nearest free cell.

    The first point of a cell keeps it. A point that finds no free cell in reach stays too.
    """
    slices, rows, columns = taken.shape
    now, step = -1, 0
    for i in range(len(start)):
        cell = start[i]
        placed[i] = cell
        if cell != now:
            now, step = cell, 1
            continue
        while step < len(steps):
            place = cell // (rows * columns) + steps[step, 0]
            row = cell // columns % rows + steps[step, 1]
            column = cell % columns + steps[step, 2]
            step += 1
            inside = 0 <= place < slices and 0 <= row < rows and 0 <= column < columns
            if inside and not taken[place, row, column]:
                taken[place, row, column] = True
                placed[i] = (place * rows + row) * columns + column
                break
