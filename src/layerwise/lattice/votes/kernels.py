"""The majority in a window at speed: on bit-planes, by running sums, or cell by cell.

All give the same: of 2·weight + (1 for a cell's own class) the largest, of equals the class that
comes first; a cell that hears no vote stays as it is.
"""

from __future__ import annotations

import numpy as np

from ...compiled import compiled
from ...types import UNCLASSIFIED, Array, ByteArray, IntArray, WordArray

ONE = np.uint64(1)
LAST_BIT = np.uint64(63)
CHUNK = 1024  # words at a time: long loops, and twelve rows of scratch that stay in the first cache


@compiled
def vote_planes(
    old: WordArray, new: WordArray, first: int, last: int, stride: int, scratch: WordArray
) -> None:
    """Uniform votes in windows of 3 × 3, sixty-four cells at a time: words first … last − 1.

    `old`, `new`: (class, word), a plane of 0 and 1 for each class, its rows end to end, `stride`
    words apart, with a spare word behind each and a spare row and more around them. Spare bits are
    0 in `old`, and must be masked away in `new`. `scratch`: (12, CHUNK + 2).

    Three rows are added up by carry-save adders into a number of two bits, three columns of those
    into one of four bits. Below them stands a bit for the own class, so that it wins ties; the
    largest so far is kept in five bits, and a class that exceeds it takes its cells over.
    """
    for start in range(first, last, CHUNK):
        stop = min(start + CHUNK, last)
        size = stop - start
        low, high = scratch[0, : size + 2], scratch[1, : size + 2]
        n0, n1, n2, n3 = (
            scratch[2, :size], scratch[3, :size], scratch[4, :size], scratch[5, :size],
        )  # fmt: skip
        more = scratch[6, :size]
        b0, b1, b2, b3, b4 = (
            scratch[7, :size], scratch[8, :size], scratch[9, :size], scratch[10, :size],
            scratch[11, :size],
        )  # fmt: skip
        scratch[7:, :size] = np.uint64(0)
        for label in range(len(old)):
            plane, own = old[label], old[label, start:stop]
            add_rows(
                plane[start - 1 - stride : stop + 1 - stride], plane[start - 1 : stop + 1],
                plane[start - 1 + stride : stop + 1 + stride], low, high,
            )  # fmt: skip
            add_columns(low, n0, n3)
            add_columns(high, n1, n2)
            carry(n3, n1, n2)
            for word in range(size):
                more[word] = own[word] & ~b0[word]
            exceed(n0, b1, n1, b2, more)
            exceed(n2, b3, n3, b4, more)
            renew(b0, own, b1, n0, more)
            renew(b2, n1, b3, n2, more)
            renew(b4, n3, b4, n3, more)
            new[label, start:stop] = more
            for before in range(label):
                give_up(new[before, start:stop], more)


@compiled
def add_rows(
    above: WordArray, here: WordArray, below: WordArray, low: WordArray, high: WordArray
) -> None:
    """The sum of three bits as two."""
    for word in range(len(here)):
        a, b, c = above[word], here[word], below[word]
        either = a ^ b
        low[word] = either ^ c
        high[word] = (a & b) | (either & c)


@compiled
def add_columns(bits: WordArray, low: WordArray, high: WordArray) -> None:
    """The sum of a bit and those beside it as two; `bits` has a word more each way."""
    for word in range(len(low)):
        a = bits[word + 1]
        left = (a << ONE) | (bits[word] >> LAST_BIT)
        right = (a >> ONE) | (bits[word + 2] << LAST_BIT)
        either = a ^ left
        low[word] = either ^ right
        high[word] = (a & left) | (either & right)


@compiled
def carry(twos: WordArray, more_twos: WordArray, fours: WordArray) -> None:
    """Two numbers of twos, and fours, into twos, fours and eights: in `more_twos`, `fours`, `twos`.

    Three times three is nine, so that there is nothing beyond.
    """
    for word in range(len(twos)):
        a, b, c = twos[word], more_twos[word], fours[word]
        over = a & b
        more_twos[word] = a ^ b
        fours[word] = c ^ over
        twos[word] = c & over


@compiled
def exceed(
    low: WordArray, best_low: WordArray, high: WordArray, best_high: WordArray, more: WordArray
) -> None:
    """Whether a number is greater, from what its lower bits say and two more bits."""
    for word in range(len(more)):
        n, b = low[word], best_low[word]
        so_far = (n & ~b) | (~(n ^ b) & more[word])
        n, b = high[word], best_high[word]
        more[word] = (n & ~b) | (~(n ^ b) & so_far)


@compiled
def renew(
    best: WordArray, number: WordArray, best_next: WordArray, number_next: WordArray,
    more: WordArray,
) -> None:  # fmt: skip
    """Take over two bits of a number where it is greater."""
    for word in range(len(more)):
        where = more[word]
        kept, other = best[word], best_next[word]
        best[word] = kept ^ ((kept ^ number[word]) & where)
        best_next[word] = other ^ ((other ^ number_next[word]) & where)


@compiled
def give_up(earlier: WordArray, later: WordArray) -> None:
    """Cells that a later class has taken over are the earlier one's no more."""
    for word in range(len(earlier)):
        earlier[word] &= ~later[word]


@compiled
def entry(labels: ByteArray, row: int, column: int, classes: int) -> int:
    """Where a cell's vote is counted: at its class, an unclassified one's behind them all."""
    return min(int(labels[row, column]), classes)


@compiled
def vote_running(old: ByteArray, new: ByteArray, reach: int, classes: int) -> None:
    """Uniform votes in windows of any size, at one price: sums that move along.

    A column's sum over the rows of the window is carried from row to row, and the window's sum
    over its columns from cell to cell.
    """
    rows, columns = old.shape
    # A spare entry for unclassified cells, which is never looked at.
    sums = np.zeros((columns, classes + 1), np.int32)
    tally = np.zeros(classes + 1, np.int32)
    for row in range(min(reach, rows)):
        for column in range(columns):
            sums[column, entry(old, row, column, classes)] += 1
    for row in range(rows):
        if row + reach < rows:
            for column in range(columns):
                sums[column, entry(old, row + reach, column, classes)] += 1
        if row - reach - 1 >= 0:
            for column in range(columns):
                sums[column, entry(old, row - reach - 1, column, classes)] -= 1
        tally[:] = 0
        for column in range(min(reach, columns)):
            tally += sums[column]
        for column in range(columns):
            if column + reach < columns:
                for label in range(classes):
                    tally[label] += sums[column + reach, label]
            if column - reach - 1 >= 0:
                for label in range(classes):
                    tally[label] -= sums[column - reach - 1, label]
            new[row, column] = most(tally, old[row, column], classes)


@compiled
def most(tally: Array, own: int, classes: int) -> int:
    """The class with the largest tally: the own one if it is among them, else the first."""
    best, at = tally[0] * 0, own
    if own != UNCLASSIFIED:
        best = tally[own]
    for label in range(classes):
        if tally[label] > best:
            best, at = tally[label], label
    return at


@compiled
def vote_direct(old: ByteArray, new: ByteArray, weights: IntArray, classes: int) -> None:
    """Votes with any weights (2r+1, 2r+1), cell by cell."""
    rows, columns = old.shape
    reach = weights.shape[0] // 2
    tally = np.zeros(classes + 1, np.int64)
    for row in range(rows):
        top, bottom = max(row - reach, 0), min(row + reach + 1, rows)
        for column in range(columns):
            left, right = max(column - reach, 0), min(column + reach + 1, columns)
            tally[:] = 0
            for r in range(top, bottom):
                line = weights[r - row + reach]
                for c in range(left, right):
                    tally[entry(old, r, c, classes)] += line[c - column + reach]
            new[row, column] = most(tally, old[row, column], classes)


@compiled
def take_over(
    tally: Array, old: ByteArray, new: ByteArray, best: IntArray, own: IntArray, label: int
) -> None:
    """One class's weights (row, column), in floating point but whole, against the best so far.

    Classes come in order; `best` (row, column) begins at 0, `own` (row, column) keeps what the
    cell's own class weighs.
    """
    rows, columns = old.shape
    for row in range(rows):
        for column in range(columns):
            weight = np.int64(np.rint(tally[row, column]))
            if old[row, column] == label:
                own[row, column] = weight
            if weight > best[row, column]:
                best[row, column] = weight
                new[row, column] = label


@compiled
def keep_own(old: ByteArray, new: ByteArray, best: IntArray, own: IntArray) -> None:
    """A cell whose own class is among the tied stays; so does one that hears no vote."""
    rows, columns = old.shape
    for row in range(rows):
        for column in range(columns):
            mine = old[row, column] != UNCLASSIFIED and own[row, column] == best[row, column]
            if mine or best[row, column] == 0:
                new[row, column] = old[row, column]
