"""The majority in a window at speed: on bit-planes, by running sums, or cell by cell.

All give the same: of 2·weight + (1 for a cell's own class) the largest, of equals the class that
comes first; a cell that hears no vote stays as it is.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import UNCLASSIFIED, Array, ByteArray, IntArray, WordArray

ONE = np.uint64(1)
LAST_BIT = np.uint64(63)
ZERO = np.uint64(0)


@compiled
def vote_planes(old: WordArray, new: WordArray, scratch: WordArray) -> None:
    """Uniform votes in windows of 3 × 3, sixty-four cells at a time.

    `old`, `new`: (class, row, word), a plane of 0 and 1 for each class; spare bits behind the last
    column are 0 in `old`, and must be masked away in `new`. `scratch`: (8, word + 2).

    Three rows are added up by carry-save adders into a number of two bits, three columns of those
    into one of four bits. Below them stands a bit for the own class, so that it wins ties; the
    largest so far is kept in five bits, and a class that exceeds it takes its cells over.
    """
    classes, rows, words = old.shape
    low, high = scratch[0], scratch[1]
    for row in range(rows):
        for bit in range(2, 7):
            scratch[bit, 1 : words + 1] = ZERO
        for label in range(classes):
            here = old[label, row]
            above = old[label, row - 1] if row > 0 else scratch[7, 1 : words + 1]
            below = old[label, row + 1] if row + 1 < rows else scratch[7, 1 : words + 1]
            add_rows(above, here, below, low[1 : words + 1], high[1 : words + 1])
            take(
                low, high, here, scratch[2], scratch[3], scratch[4], scratch[5], scratch[6],
                new[label, row],
            )  # fmt: skip
            for before in range(label):
                give_up(new[before, row], new[label, row])
        for label in range(classes):
            # No vote at all: the cell is as it was, unclassified, since its own would have counted.
            keep(new[label, row], scratch[3], scratch[4], scratch[5], scratch[6])


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
def take(
    low: WordArray,
    high: WordArray,
    own: WordArray,
    best0: WordArray,
    best1: WordArray,
    best2: WordArray,
    best3: WordArray,
    best4: WordArray,
    won: WordArray,
) -> None:
    """Add up three columns, and find where a class exceeds the best so far, which is renewed."""
    for word in range(len(own)):
        at = word + 1
        a, b = low[at], high[at]
        left0 = (a << ONE) | (low[at - 1] >> LAST_BIT)
        left1 = (b << ONE) | (high[at - 1] >> LAST_BIT)
        right0 = (a >> ONE) | (low[at + 1] << LAST_BIT)
        right1 = (b >> ONE) | (high[at + 1] << LAST_BIT)
        either = a ^ left0
        n0 = either ^ right0
        carry = (a & left0) | (either & right0)
        either = b ^ left1
        twos = either ^ right1
        fours = (b & left1) | (either & right1)
        n1 = twos ^ carry
        carry &= twos
        n2 = fours ^ carry
        n3 = fours & carry
        # Most significant first: greater where this bit is the first to differ and is set here.
        m0, m1, m2, m3, m4 = best0[at], best1[at], best2[at], best3[at], best4[at]
        differ = n3 ^ m4
        more = n3 & differ
        same = ~differ
        differ = (n2 ^ m3) & same
        more |= n2 & differ
        same &= ~differ
        differ = (n1 ^ m2) & same
        more |= n1 & differ
        same &= ~differ
        differ = (n0 ^ m1) & same
        more |= n0 & differ
        same &= ~differ
        more |= own[word] & ~m0 & same
        best4[at] = (n3 & more) | (m4 & ~more)
        best3[at] = (n2 & more) | (m3 & ~more)
        best2[at] = (n1 & more) | (m2 & ~more)
        best1[at] = (n0 & more) | (m1 & ~more)
        best0[at] = (own[word] & more) | (m0 & ~more)
        won[word] = more


@compiled
def give_up(earlier: WordArray, later: WordArray) -> None:
    """Cells that a later class has taken over are the earlier one's no more."""
    for word in range(len(earlier)):
        earlier[word] &= ~later[word]


@compiled
def keep(
    won: WordArray, best1: WordArray, best2: WordArray, best3: WordArray, best4: WordArray
) -> None:
    """Take back what was won without a vote."""
    for word in range(len(won)):
        at = word + 1
        won[word] &= best1[at] | best2[at] | best3[at] | best4[at]


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
            sums[column, min(np.int64(old[row, column]), classes)] += 1
    for row in range(rows):
        if row + reach < rows:
            for column in range(columns):
                sums[column, min(np.int64(old[row + reach, column]), classes)] += 1
        if row - reach - 1 >= 0:
            for column in range(columns):
                sums[column, min(np.int64(old[row - reach - 1, column]), classes)] -= 1
        tally[:] = 0
        for column in range(min(reach, columns)):
            for label in range(classes):
                tally[label] += sums[column, label]
        for column in range(columns):
            if column + reach < columns:
                for label in range(classes):
                    tally[label] += sums[column + reach, label]
            if column - reach - 1 >= 0:
                for label in range(classes):
                    tally[label] -= sums[column - reach - 1, label]
            own = old[row, column]
            best, at = np.int32(0), own
            if own != UNCLASSIFIED:
                best = tally[own]
            for label in range(classes):
                # Equal to the own class is not more; of the others the first stays.
                if tally[label] > best:
                    best, at = tally[label], np.uint8(label)
            new[row, column] = at


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
                    tally[min(np.int64(old[r, c]), classes)] += line[c - column + reach]
            own = old[row, column]
            best, at = np.int64(0), own
            if own != UNCLASSIFIED:
                best = tally[own]
            for label in range(classes):
                if tally[label] > best:
                    best, at = tally[label], np.uint8(label)
            new[row, column] = at


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
