"""Layers on one number a cell: the vote rule, and copying where the number is not a class.

Slower than bit-planes and not limited to 255 values; the random bits are the same.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import UNCLASSIFIED, Array, BoolArray, ByteArray, IntArray, WordArray
from .kernels import mixed
from .random_bits import GOLDEN

ONE = np.uint64(1)


@compiled
def random_word(start: np.uint64, row: int, word: int, words: int) -> np.uint64:
    """The random word of one plane at (row, word), as `random_bits` specifies."""
    return mixed(start + GOLDEN * np.uint64(row * words + word + 1))


@compiled
def fill_origins(origins: Array, spare: Array, starts: WordArray, lazy: bool) -> None:
    """Fill with the number of the cell that each cell descends from: `origins`, −1 for none yet.

    `origins`, `spare`: (row, column) int32; the layers whose streams begin at `starts` are
    applied in turn and `origins` holds the result. Same choices as `kernels.copy_layers`, so that
    the cells of one origin are the territory of one training cell.
    """
    rows, columns = origins.shape
    words = (columns + 63) // 64
    waiting = np.ones((rows, words), np.bool_)
    for layer in range(starts.shape[0]):
        spare[:, :] = origins
        for row in range(rows):
            for word in range(words):
                if not waiting[row, word]:
                    continue
                a = random_word(starts[layer, 0], row, word, words)
                b = random_word(starts[layer, 1], row, word, words)
                z = random_word(starts[layer, 2], row, word, words)
                left_over = False
                for column in range(64 * word, min(64 * word + 64, columns)):
                    if spare[row, column] >= 0:
                        continue
                    left_over = True
                    bit = np.uint64(column - 64 * word)
                    if lazy and (z >> bit) & ONE:
                        continue
                    code = ((a >> bit) & ONE) + ((b >> bit) & ONE) * np.uint64(2)
                    if code == 0:
                        origins[row, column] = spare[max(row - 1, 0), column]
                    elif code == 1:
                        origins[row, column] = spare[row, min(column + 1, columns - 1)]
                    elif code == 2:
                        origins[row, column] = spare[min(row + 1, rows - 1), column]
                    else:
                        origins[row, column] = spare[row, max(column - 1, 0)]
                waiting[row, word] = left_over


@compiled
def vote_rows(
    old: ByteArray,
    new: ByteArray,
    first_row: int,
    last_row: int,
    weights: IntArray,
    classes: int,
    starts: WordArray,
    fill: bool,
    lazy: bool,
) -> None:
    """One layer of the rule `vote` on rows first_row … last_row − 1; see `reference.vote_layer`.

    `old`, `new`: (row, column) labels; `weights`: (2r+1, 2r+1); `starts`: (plane,).
    """
    rows, columns = old.shape
    words = (columns + 63) // 64
    reach = weights.shape[0] // 2
    tally = np.zeros(classes, np.int64)
    for row in range(first_row, last_row):
        a, b, z = np.uint64(0), np.uint64(0), np.uint64(0)
        for column in range(columns):
            bit = np.uint64(column & 63)
            if bit == 0:
                a = random_word(starts[0], row, column >> 6, words)
                b = random_word(starts[1], row, column >> 6, words)
                z = random_word(starts[2], row, column >> 6, words)
            own = old[row, column]
            new[row, column] = own
            if (fill and own != UNCLASSIFIED) or (lazy and (z >> bit) & ONE):
                continue
            tally[:] = 0
            for down in range(max(-reach, -row), min(reach, rows - 1 - row) + 1):
                for right in range(max(-reach, -column), min(reach, columns - 1 - column) + 1):
                    seen = old[row + down, column + right]
                    if seen != UNCLASSIFIED:
                        tally[seen] += weights[down + reach, right + reach]
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
                        new[row, column] = label
                        break
                    rank -= 1


def vote_weights(window: int, weighting: str) -> IntArray:
    """The votes in a window of reach `window`: (2r+1, 2r+1) whole numbers.

    "uniform" counts every cell 1; "distance" counts a cell at distance d 65,536/√(1+d²), rounded
    (relative error below 2⁻¹² for reaches to 20), so that sums are exact in any order.
    """
    steps = np.arange(-window, window + 1)
    if weighting == "uniform":
        return np.ones((2 * window + 1, 2 * window + 1), np.int64)
    squared = steps[:, None] ** 2 + steps**2
    return np.asarray(np.rint(65536 / np.sqrt(1.0 + squared)), np.int64)


def first_frame(
    cells: IntArray, labels: IntArray, weights: Array, grid: tuple[int, int], classes: int
) -> ByteArray:
    """Layer 0: each cell's class by majority of the weight of its points: (row, column).

    `cells` (sample, row column). Tie rule: of the tied classes, the one whose first sample comes
    first in the data. Samples of weight 0 count as absent.
    """
    rows, columns = grid
    flat = cells[:, 0] * columns + cells[:, 1]
    present = weights > 0
    pairs, where, first = _pairs(flat[present] * classes + labels[present])
    mass = np.bincount(where, weights=weights[present], minlength=len(pairs))
    # Last writer wins in a fancy assignment: the heaviest, and of equals the earliest, goes last.
    order = np.lexsort((-first, mass))
    frame = np.full(rows * columns, UNCLASSIFIED, np.uint8)
    frame[pairs[order] // classes] = (pairs[order] % classes).astype(np.uint8)
    return frame.reshape(grid)


def _pairs(keys: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    pairs, first, where = np.unique(keys, return_index=True, return_inverse=True)
    return pairs, where.reshape(-1), first


def anchors_of(frame: ByteArray) -> BoolArray:
    """The training cells of a first frame: (row, column)."""
    return np.asarray(frame != UNCLASSIFIED)
