"""Points that share a cell: one of them is shown, or each gets a cell of its own nearby.

Measurements in coarse steps (whole numbers, grades) put many points of several classes into the
same cells. A majority would hide how mixed they are, and the probabilities with it.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import BoolArray, FloatArray, IntArray
from .random_bits import mix

FULLEST = 4  # spread points take at most one in so many cells of the grid


def mixed_share(cells: IntArray, labels: IntArray, weights: FloatArray, columns: int) -> float:
    """The share of the points' weight that lies in cells with points of several classes.

    `cells` (sample, row column), `labels` (sample,), `weights` (sample,).
    """
    present = weights > 0
    flat = cells[present, 0] * columns + cells[present, 1]
    _, where = np.unique(flat, return_inverse=True)
    where = where.reshape(-1)
    low = np.full(where.max() + 1, np.iinfo(np.int64).max)
    high = np.full(where.max() + 1, -1)
    np.minimum.at(low, where, labels[present])
    np.maximum.at(high, where, labels[present])
    mixed: BoolArray = (low < high)[where]
    return float(weights[present][mixed].sum() / weights[present].sum())


def spread_points(
    cells: IntArray, labels: IntArray, weights: FloatArray, grid: tuple[int, int], classes: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """A cell for every point: those that share one move to the nearest free cells around it.

    Gives cells (point, row column), labels (point,) and weights (point,). A weight that is a whole
    number counts as so many points. Who stays in the middle is decided by a hash of class and
    rank, so that classes lie mixed and the order of the samples does not matter. Where the points
    would take more than a quarter of the grid, fewer stand for them, each class of each cell at
    least once.
    """
    present = weights > 0
    columns = grid[1]
    flat = cells[present, 0] * columns + cells[present, 1]
    keys, where = np.unique(flat * classes + labels[present], return_inverse=True)
    where = where.reshape(-1)
    mass = np.bincount(where, weights=weights[present])
    whole = np.all(weights[present] == np.rint(weights[present]))
    counts = np.rint(mass).astype(np.int64) if whole else np.bincount(where)
    room = grid[0] * columns // FULLEST
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
    _place(start[order], taken, reach, placed)
    final = np.stack([placed // columns, placed % columns], axis=1)
    share = (mass / counts)[group[order]]
    return final, label[order], share


def _reach(most: int, grid: tuple[int, int]) -> IntArray:
    """Steps to the cells around one, nearest first: (step, row column), enough for any crowd."""
    radius = min(int(2 * np.sqrt(most)) + 4, max(grid))
    down, across = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    steps = np.stack([down.reshape(-1), across.reshape(-1)], axis=1)
    far = (steps**2).sum(axis=1)
    turn = np.arctan2(steps[:, 0], steps[:, 1])
    return np.asarray(steps[np.lexsort((turn, far))])


@compiled
def _place(start: IntArray, taken: BoolArray, steps: IntArray, placed: IntArray) -> None:
    """Give each point of `start` (flat cells, equal ones in a row) the nearest free cell.

    The first point of a cell keeps it. A point that finds no free cell in reach stays too.
    """
    rows, columns = taken.shape
    now, step = -1, 0
    for i in range(len(start)):
        cell = start[i]
        placed[i] = cell
        if cell != now:
            now, step = cell, 1
            continue
        while step < len(steps):
            row = cell // columns + steps[step, 0]
            column = cell % columns + steps[step, 1]
            step += 1
            inside = 0 <= row < rows and 0 <= column < columns
            if inside and not taken[row, column]:
                taken[row, column] = True
                placed[i] = row * columns + column
                break
