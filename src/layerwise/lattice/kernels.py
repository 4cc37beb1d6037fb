"""The copying layers at speed: bit-planes, random bits and update, a few hundred words at a time.

A block of layers is applied to a slab of rows with a rim (halo) of one row a layer on each side,
so that slabs need nothing from each other while they work: threads share no writes, and since
every random bit depends only on (seed, layer, cell), any cut into slabs gives the same bits.

Inside a slab the rows lie end to end with one spare word behind each, so that the loops are long
whatever the width. What a first or last column sees beyond the edge is itself: a guard bit in the
spare room, renewed after each layer, holds that copy. All other spare bits are noise, never read.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import IntArray, WordArray
from .random_bits import FIRST_FACTOR, GOLDEN, SECOND_FACTOR

ONE = np.uint64(1)
LAST_BIT = np.uint64(63)
CHUNK = 4096  # words at a time: long loops, and masks that stay in the second cache


@compiled
def copy_layers(
    source: WordArray,
    target: WordArray,
    scratch: WordArray,
    first_row: int,
    last_row: int,
    columns: int,
    starts: WordArray,
    fill: bool,
    lazy: bool,
    anchors: WordArray,
    unclassified: IntArray,
) -> None:
    """Apply the layers whose streams begin at `starts` to rows first_row … last_row − 1.

    `source`, `target`: (plane, row, word), different arrays; `scratch`: (2·planes + 2, at least
    `scratch_words(…)`), work space; `starts`: (layer, plane) from `random_bits.stream_starts`;
    `fill`: classified cells never change; `anchors`: (row, word), 1 for other cells that never
    change (no rows if there are none); `unclassified`: (layer,), set to how many of the slab's own
    cells are unclassified after each filling layer.
    """
    planes, rows, words = source.shape
    layers = starts.shape[0]
    stride = words + 1
    top = max(0, first_row - layers)
    height = min(rows, last_row + layers) - top
    lead = stride  # a spare row in front and one behind: what row 0 sees above is row 0 again
    counters = scratch[2 * planes]
    held = scratch[2 * planes + 1]  # anchors; while filling, the bits that belong to columns
    masks = np.empty((3, CHUNK), np.uint64)
    valid = last_word_mask(columns, words)
    for row in range(height):
        for word in range(stride):
            at = lead + row * stride + word
            counters[at] = GOLDEN * np.uint64((top + row) * words + word + 1)
            held[at] = 0
            if word < words:
                if fill:
                    held[at] = valid if word == words - 1 else ~np.uint64(0)
                elif anchors.shape[0] > 0:
                    held[at] = anchors[top + row, word]
                for plane in range(planes):
                    scratch[plane, at] = source[plane, top + row, word]
    # Where every cell has a class, copying leaves it so: that plane need not move.
    full = not fill and all_classified(scratch[planes - 1], height, words, valid)
    moving = planes - 1 if full else planes
    for layer in range(layers):
        now = layer % 2 * planes
        new = planes - now
        for plane in range(moving):
            guard(scratch[now + plane], height, words, columns)
        # Rows nearer to a cut than this are no longer known.
        begin = 0 if top == 0 else layer + 1
        end = height if top + height == rows else height - layer - 1
        stop = lead + end * stride
        at = lead + begin * stride
        while at < stop:
            size = min(CHUNK, stop - at)
            a, b, free = masks[0, :size], masks[1, :size], masks[2, :size]
            draw(a, b, free, counters[at : at + size], starts[layer], lazy)
            if fill:
                release(free, scratch[now + planes - 1, at : at + size])
            elif anchors.shape[0] > 0:
                release(free, held[at : at + size])
            for plane in range(moving):
                old = scratch[now + plane]
                step(
                    scratch[new + plane, at : at + size],
                    old[at : at + size],
                    old[at - 1 : at - 1 + size],
                    old[at + 1 : at + 1 + size],
                    old[at - stride : at - stride + size],
                    old[at + stride : at + stride + size],
                    a,
                    b,
                    free,
                )
            at += size
        if fill:
            own = slice(lead + (first_row - top) * stride, lead + (last_row - top) * stride)
            known = count_both(scratch[new + planes - 1, own], held[own])
            unclassified[layer] = (last_row - first_row) * columns - known
    done = layers % 2 * planes
    for plane in range(planes):
        result = scratch[done + plane] if plane < moving else scratch[plane]
        for row in range(first_row, last_row):
            at = lead + (row - top) * stride
            for word in range(words):
                target[plane, row, word] = result[at + word]
            target[plane, row, words - 1] &= valid


def scratch_words(rows: int, words: int, layers: int, grid_rows: int) -> int:
    """How many words of work space a slab of that many rows needs for each plane."""
    return (min(rows + 2 * layers, grid_rows) + 2) * (words + 1)


@compiled
def last_word_mask(columns: int, words: int) -> np.uint64:
    """The bits of a row's last word that belong to columns."""
    tail = columns - 64 * (words - 1)
    return ~np.uint64(0) if tail == 64 else (ONE << np.uint64(tail)) - ONE


@compiled
def all_classified(plane: WordArray, height: int, words: int, valid: np.uint64) -> bool:
    """Whether the slab's cells all have a class, those of its rim too."""
    for row in range(height):
        at = (row + 1) * (words + 1)
        for word in range(words - 1):
            if ~plane[at + word]:
                return False
        if plane[at + words - 1] & valid != valid:
            return False
    return True


@compiled
def guard(plane: WordArray, height: int, words: int, columns: int) -> None:
    """Renew what lies beyond the edges: the first and last row, column again."""
    stride = words + 1
    tail = np.uint64(columns - 64 * (words - 1))
    for row in range(height):
        at = stride + row * stride
        first = plane[at] << LAST_BIT
        plane[at - 1] = (plane[at - 1] & ~(ONE << LAST_BIT)) | first
        last = (plane[at + words - 1] >> (tail - ONE)) & ONE
        if tail == 64:
            plane[at + words] = last
        else:
            edge = plane[at + words - 1] & ((ONE << tail) - ONE)
            plane[at + words - 1] = edge | (last << tail)
    for word in range(stride):
        plane[word] = plane[stride + word]
        plane[(height + 1) * stride + word] = plane[height * stride + word]
    plane[stride - 1] = (plane[stride - 1] & ~(ONE << LAST_BIT)) | (plane[stride] << LAST_BIT)


@compiled
def mixed(z: np.uint64) -> np.uint64:
    """The finalizer `random_bits.mix` of one word."""
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return z ^ (z >> np.uint64(31))


@compiled
def draw(
    a: WordArray, b: WordArray, free: WordArray, counters: WordArray, starts: WordArray, lazy: bool
) -> None:
    """Draw directions (a, b), and which cells are free to change: all, or half of them if lazy."""
    start_a, start_b, start_z = starts[0], starts[1], starts[2]
    for i in range(a.shape[0]):
        a[i] = mixed(start_a + counters[i])
    for i in range(a.shape[0]):
        b[i] = mixed(start_b + counters[i])
    if lazy:
        for i in range(a.shape[0]):
            free[i] = ~mixed(start_z + counters[i])
    else:
        for i in range(a.shape[0]):
            free[i] = ~np.uint64(0)


@compiled
def release(free: WordArray, held: WordArray) -> None:
    """Take the held cells out of those that are free to change."""
    for i in range(free.shape[0]):
        free[i] &= ~held[i]


@compiled
def step(
    new: WordArray,
    now: WordArray,
    before: WordArray,
    after: WordArray,
    above: WordArray,
    below: WordArray,
    a: WordArray,
    b: WordArray,
    free: WordArray,
) -> None:
    """One plane: each free bit takes its neighbour's: up, right, down or left by (a, b)."""
    for i in range(new.shape[0]):
        here = now[i]
        left = (here << ONE) | (before[i] >> LAST_BIT)
        right = (here >> ONE) | (after[i] << LAST_BIT)
        upright = above[i] ^ (b[i] & (above[i] ^ below[i]))
        sideways = right ^ (b[i] & (right ^ left))
        chosen = upright ^ (a[i] & (upright ^ sideways))
        new[i] = here ^ (free[i] & (here ^ chosen))


@compiled
def count_both(plane: WordArray, mask: WordArray) -> int:
    """How many bits are 1 in both."""
    total = np.uint64(0)
    for i in range(plane.shape[0]):
        total += ones(plane[i] & mask[i])
    return int(total)


@compiled
def ones(x: np.uint64) -> np.uint64:
    """How many bits of the word are 1 (LLVM knows this form as its population count)."""
    x = x - ((x >> ONE) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    x = (x & pairs) + ((x >> np.uint64(2)) & pairs)
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.uint64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def count_classes(planes: WordArray, counts: IntArray) -> None:
    """How many cells each class has: fills `counts` (class,)."""
    digits, rows, words = planes.shape[0] - 1, planes.shape[1], planes.shape[2]
    counts[:] = 0
    for row in range(rows):
        for word in range(words):
            for label in range(counts.shape[0]):
                match = planes[digits, row, word]
                for digit in range(digits):
                    wanted = np.uint64(0) - np.uint64((label >> digit) & 1)
                    match &= ~(planes[digit, row, word] ^ wanted)
                counts[label] += np.int64(ones(match))
