"""The rules in plain NumPy, one cell at a time in meaning: what the fast kernels must equal.

Slow and short on purpose. A label map is (row, column) bytes: the class, or 255 for unclassified.
"""

from __future__ import annotations

import numpy as np

from ..types import UNCLASSIFIED, BoolArray, ByteArray, IntArray
from .random_bits import random_cells


def neighbors(labels: ByteArray) -> ByteArray:
    """What each cell sees up, right, down and left: (direction, row, column).

    Beyond the edge the neighbour is the cell itself.
    """
    padded = np.pad(labels, 1, mode="edge")
    return np.stack([padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2]])


def copy_layer(
    labels: ByteArray,
    seed: int,
    layer: int,
    *,
    fill: bool,
    lazy: bool,
    anchored: BoolArray | None = None,
) -> ByteArray:
    """One layer of the rule `copy`: every cell takes the state of one random neighbour.

    `fill`: only unclassified cells change. `lazy`: a cell stays as it is with probability ½.
    `anchored` (row, column): cells that never change.
    """
    rows, columns = labels.shape
    a = random_cells(seed, layer, 0, rows, columns)
    b = random_cells(seed, layer, 1, rows, columns)
    direction = (a + np.uint64(2) * b).astype(np.intp)  # 0 up, 1 right, 2 down, 3 left
    chosen = np.take_along_axis(neighbors(labels), direction[None], axis=0)[0]
    stays = np.zeros(labels.shape, bool)
    if lazy:
        stays |= random_cells(seed, layer, 2, rows, columns) == 1
    if fill:
        stays |= labels != UNCLASSIFIED
    if anchored is not None:
        stays |= anchored
    return np.where(stays, labels, chosen)


def vote_layer(
    labels: ByteArray,
    seed: int,
    layer: int,
    weights: IntArray,
    classes: int,
    *,
    fill: bool,
    lazy: bool,
    anchored: BoolArray | None = None,
) -> ByteArray:
    """One layer of the rule `vote`: every cell takes the class with most weight in its window.

    `weights` is (2r+1, 2r+1), whole numbers; cells beyond the edge and unclassified ones have no
    vote, and a cell that hears no vote stays as it is. Ties: the cell's own class if it is among
    the tied; else the tied class at position (a + 2·b) mod (number tied), in class order, with the
    cell's random bits a and b of this layer.
    """
    rows, columns = labels.shape
    reach = weights.shape[0] // 2
    padded = np.pad(labels, reach, constant_values=UNCLASSIFIED)
    tally = np.zeros((classes, rows, columns), np.int64)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            seen = padded[down : down + rows, right : right + columns]
            for label in range(classes):
                tally[label] += weights[down, right] * (seen == label)
    most = tally.max(axis=0)
    tied = (tally == most) & (most > 0)
    code = random_cells(seed, layer, 0, rows, columns) + np.uint64(2) * random_cells(
        seed, layer, 1, rows, columns
    )
    rank = code.astype(np.int64) % np.maximum(tied.sum(axis=0), 1)
    order = np.cumsum(tied, axis=0) - 1
    winner = np.argmax(tied & (order == rank), axis=0).astype(np.uint8)
    own = np.take_along_axis(tied, np.minimum(labels, classes - 1)[None].astype(np.intp), axis=0)[0]
    keeps_own = own & (labels != UNCLASSIFIED)
    stays = (most == 0) | keeps_own
    if lazy:
        stays |= random_cells(seed, layer, 2, rows, columns) == 1
    if fill:
        stays |= labels != UNCLASSIFIED
    if anchored is not None:
        stays |= anchored
    return np.where(stays, labels, winner)
