"""Layers on one number a cell: the vote rule. The random bits are those of the bit-planes."""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import UNCLASSIFIED, Array, BoolArray, ByteArray, IntArray, WordArray
from .kernels import mixed
from .random_bits import GOLDEN

ONE = np.uint64(1)


@compiled
def random_word(start: np.uint64, line: int, word: int, words: int) -> np.uint64:
    """The random word of one plane at (line, word), the rows of all slices counted through."""
    return mixed(start + GOLDEN * np.uint64(line * words + word + 1))


@compiled
def vote_rows(
    old: ByteArray,
    new: ByteArray,
    first_line: int,
    last_line: int,
    weights: IntArray,
    classes: int,
    starts: WordArray,
    fill: bool,
    lazy: bool,
) -> None:
    """One layer of the rule `vote` on rows first_line … last_line − 1, counted through all slices.

    See `reference.vote_layer`. `old`, `new`: (slice, row, column) labels, of a map one slice;
    `weights`: (2r+1, 2r+1, 2r+1), of a map (1, 2r+1, 2r+1); `starts`: (plane,).
    """
    slices, rows, columns = old.shape
    words = (columns + 63) // 64
    thick, reach = weights.shape[0] // 2, weights.shape[1] // 2
    tally = np.zeros(classes, np.int64)
    for line in range(first_line, last_line):
        place, row = line // rows, line % rows
        a, b, z = np.uint64(0), np.uint64(0), np.uint64(0)
        for column in range(columns):
            bit = np.uint64(column & 63)
            if bit == 0:
                a = random_word(starts[0], line, column >> 6, words)
                b = random_word(starts[1], line, column >> 6, words)
                z = random_word(starts[2], line, column >> 6, words)
            own = old[place, row, column]
            new[place, row, column] = own
            if (fill and own != UNCLASSIFIED) or (lazy and (z >> bit) & ONE):
                continue
            tally[:] = 0
            for through in range(max(-thick, -place), min(thick, slices - 1 - place) + 1):
                for down in range(max(-reach, -row), min(reach, rows - 1 - row) + 1):
                    for right in range(max(-reach, -column), min(reach, columns - 1 - column) + 1):
                        seen = old[place + through, row + down, column + right]
                        if seen != UNCLASSIFIED:
                            tally[seen] += weights[through + thick, down + reach, right + reach]
            most = tally.max()
            if most == 0 or (own != UNCLASSIFIED and tally[own] == most):
                continue
            tied = 0
            for label in range(classes):
                tied += tally[label] == most
            rank = np.int64(((a >> bit) & ONE) + ((b >> bit) & ONE) * np.uint64(2)) % tied
            for label in range(classes):
                if tally[label] == most:
                    if rank == 0:
                        new[place, row, column] = label
                        break
                    rank -= 1


def vote_weights(window: int, weighting: str, axes: int = 2) -> IntArray:
    """The votes in a window of reach `window`: (2r+1, 2r+1) whole numbers, or of three axes.

    "uniform" counts every cell 1; "distance" counts a cell at distance d 65,536/√(1+d²), rounded
    (relative error below 2⁻¹² for reaches to 20), so that sums are exact in any order.
    """
    steps = np.arange(-window, window + 1)
    if weighting == "uniform":
        return np.ones((2 * window + 1,) * axes, np.int64)
    squared = sum(along**2 for along in np.meshgrid(*(steps,) * axes, indexing="ij"))
    return np.asarray(np.rint(65536 / np.sqrt(1.0 + squared)), np.int64)


def first_frame(
    cells: IntArray, labels: IntArray, weights: Array, grid: tuple[int, ...], classes: int
) -> ByteArray:
    """Layer 0: each cell's class by majority of the weight of its points: (row, column).

    `cells` (sample, row column), of a volume (sample, slice row column). Tie rule: of the tied
    classes, the one whose first sample comes first in the data. Samples of weight 0 count as
    absent.
    """
    flat = np.ravel_multi_index(tuple(cells.T), grid)
    present = weights > 0
    pairs, where, first = _pairs(flat[present] * classes + labels[present])
    mass = np.bincount(where, weights=weights[present], minlength=len(pairs))
    # Last writer wins in a fancy assignment: the heaviest, and of equals the earliest, goes last.
    order = np.lexsort((-first, mass))
    frame = np.full(np.prod(grid), UNCLASSIFIED, np.uint8)
    frame[pairs[order] // classes] = (pairs[order] % classes).astype(np.uint8)
    return frame.reshape(grid)


def _pairs(keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    pairs, first, where = np.unique(keys, return_index=True, return_inverse=True)
    return pairs, where.reshape(-1), first


def anchors_of(frame: ByteArray) -> BoolArray:
    """The training cells of a first frame, of its shape."""
    return np.asarray(frame != UNCLASSIFIED)
