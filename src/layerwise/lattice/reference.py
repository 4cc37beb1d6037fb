"""The rules in plain NumPy, one cell at a time in meaning: what the fast kernels must equal.

Slow and short on purpose. A label map is (row, column) bytes, of a volume (slice, row, column): the
class, or 255 for unclassified.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from ..types import UNCLASSIFIED, BoolArray, ByteArray, IntArray
from .random_bits import random_cells


def neighbors(labels: ByteArray) -> ByteArray:
    """What each cell sees up, right, down and left: (direction, row, column).

    In a volume also in the slice before and the slice behind: (direction, slice, row, column).
    Beyond the edge the neighbour is the cell itself.
    """
    padded = np.pad(labels, 1, mode="edge")
    if labels.ndim == 2:
        return np.stack([padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2]])
    around = [neighbors(plane) for plane in labels]
    before, behind = padded[:-2, 1:-1, 1:-1], padded[2:, 1:-1, 1:-1]
    return np.concatenate([np.stack(around, axis=1), before[None], behind[None]])


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

    `fill`: only unclassified cells change. `lazy`: a cell stays as it is with probability ½; in a
    volume, where two of eight codes mean *stay*, it says nothing. `anchored` (row, column): cells
    that never change.
    """
    a, b, z = (_bits(labels, seed, layer, plane) for plane in range(3))
    volume = labels.ndim == 3
    code = a + 2 * b + 4 * z * volume  # 0 up, 1 right, 2 down, 3 left, 4 before, 5 behind
    seen = neighbors(labels)
    chosen = np.take_along_axis(seen, np.minimum(code, len(seen) - 1)[None], axis=0)[0]
    stays = code > 5
    if lazy and not volume:
        stays |= z == 1
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

    `weights` is (2r+1, 2r+1), in a volume (2r+1, 2r+1, 2r+1), whole numbers; cells beyond the edge
    and unclassified ones have no vote, and a cell that hears no vote stays as it is. Ties: the
    cell's own class if it is among the tied; else the tied class at position (a + 2·b) mod (number
    tied), in class order, with the cell's random bits a and b of this layer.
    """
    padded = np.pad(labels, weights.shape[0] // 2, constant_values=UNCLASSIFIED)
    tally = np.zeros((classes, *labels.shape), np.int64)
    for step in product(*(range(side) for side in weights.shape)):
        seen = padded[
            tuple(slice(at, at + side) for at, side in zip(step, labels.shape, strict=True))
        ]
        for label in range(classes):
            tally[label] += weights[step] * (seen == label)
    most = tally.max(axis=0)
    tied = (tally == most) & (most > 0)
    code = _bits(labels, seed, layer, 0) + 2 * _bits(labels, seed, layer, 1)
    rank = code % np.maximum(tied.sum(axis=0), 1)
    order = np.cumsum(tied, axis=0) - 1
    winner = np.argmax(tied & (order == rank), axis=0).astype(np.uint8)
    own = np.take_along_axis(tied, np.minimum(labels, classes - 1)[None].astype(np.intp), axis=0)[0]
    keeps_own = own & (labels != UNCLASSIFIED)
    stays = (most == 0) | keeps_own
    if lazy:
        stays |= _bits(labels, seed, layer, 2) == 1
    if fill:
        stays |= labels != UNCLASSIFIED
    if anchored is not None:
        stays |= anchored
    return np.where(stays, labels, winner)


def _bits(labels: ByteArray, seed: int, layer: int, plane: int) -> IntArray:
    """One random bit for each cell of a map of that shape."""
    rows = labels.size // labels.shape[-1]
    drawn = random_cells(seed, layer, plane, rows, labels.shape[-1])
    return drawn.astype(np.int64).reshape(labels.shape)
