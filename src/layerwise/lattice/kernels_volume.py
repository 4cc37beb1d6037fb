"""The copying layers of volumes at speed: bit-planes as in `kernels`, six neighbours, a wave.

A slab of slices is taken through a block of layers with a rim (halo) of one slice a layer on each
cut side. Inside a slab a wave runs through the slices: as soon as a group of slices has its layer
l, the group before it gets layer l + 1, so that a group passes through all layers while it lies in
the cache. Layer l of a group needs layer l − 1 of its neighbours, and overwrites its own layer
l − 2, which by then nobody needs.

The rows of a slice lie end to end, with a spare row in front and one behind that hold what the
first and last row see beyond the edge: themselves. Two spare slices do the same for the volume.
Bits that a row's first and last cell would take from other rows are put right by masks that repeat
with each row. Bits behind the last column are noise, never read.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import IntArray, WordArray
from .kernels import LAST_BIT, ONE, count_both, draw, last_word_mask, release
from .random_bits import GOLDEN

CHUNK = 2048  # words at a time, at least one row: masks that stay in the first cache
GROUP = 1024  # words of a plane that the wave moves on together, at least one slice


@compiled
def copy_volume(
    source: WordArray,
    target: WordArray,
    scratch: WordArray,
    first_slice: int,
    last_slice: int,
    columns: int,
    starts: WordArray,
    fill: bool,
    anchors: WordArray,
    unclassified: IntArray,
) -> None:
    """Apply the layers whose streams begin at `starts` to slices first_slice … last_slice − 1.

    `source`, `target`: (plane, slice, row, word), different arrays; `scratch`: (2·planes + 2, at
    least `volume_words(…)`), work space; `starts`: (layer, plane) from
    `random_bits.stream_starts`; `fill`: classified cells never change; `anchors`: (slice, row,
    word), 1 for other cells that never change (no slices if there are none); `unclassified`:
    (layer,), set to how many of the slab's own cells are unclassified after each filling layer.
    """
    planes, slices, rows, words = source.shape
    layers = starts.shape[0]
    front = max(0, first_slice - layers)
    thick = min(slices, last_slice + layers) - front
    stride = (rows + 2) * words
    valid = last_word_mask(columns, words)
    counters = scratch[2 * planes]
    held = scratch[2 * planes + 1]  # anchors; while filling, the bits that belong to columns
    for plane in range(planes):
        for place in range(thick):
            at = (place + 1) * stride + words
            for row in range(rows):
                for word in range(words):
                    scratch[plane, at] = source[plane, front + place, row, word]
                    at += 1
    for place in range(thick):
        at = (place + 1) * stride
        # Spare rows have numbers and masks too: they are computed along, and then renewed.
        number = ((front + place) * rows - 1) * words + 1
        for step in range(stride):
            counters[at + step] = GOLDEN * np.uint64(number + step)
            held[at + step] = 0
        for row in range(rows):
            for word in range(words):
                at = (place + 1) * stride + (row + 1) * words + word
                if fill:
                    held[at] = valid if word == words - 1 else ~np.uint64(0)
                elif anchors.shape[0] > 0:
                    held[at] = anchors[front + place, row, word]
    # Where every cell has a class, copying leaves it so: that plane need not move.
    full = not fill and _all_classified(scratch[planes - 1], thick, rows, words, valid)
    moving = planes - 1 if full else planes
    for plane in range(moving):
        renew(scratch[plane], 0, thick, thick, rows, words)
    row_chunk = max(1, CHUNK // words) * words
    heads, ends = _edge_masks(row_chunk, words, columns)
    masks = np.empty((4, row_chunk), np.uint64)
    group = max(1, GROUP // stride)
    waves = (thick + group - 1) // group
    for layer in range(layers):
        unclassified[layer] = (last_slice - first_slice) * rows * columns if fill else 0
    for wave in range(waves + layers - 1):
        for layer in range(max(0, wave - waves + 1), min(layers, wave + 1)):
            # Slices nearer to a cut than this are no longer known.
            begin = 0 if front == 0 else layer + 1
            end = thick if front + thick == slices else thick - layer - 1
            begin = max(begin, (wave - layer) * group)
            end = min(end, (wave - layer + 1) * group)
            if begin >= end:
                continue
            now = layer % 2 * planes
            new = planes - now
            copy_slices(
                scratch, now, new, planes, moving, begin, end, stride, words,
                starts[layer], fill, anchors.shape[0] > 0, heads, ends, masks,
            )  # fmt: skip
            for plane in range(new, new + moving):
                renew(scratch[plane], begin, end, thick, rows, words)
            if fill:
                own_begin = max(begin, first_slice - front)
                own_end = min(end, last_slice - front)
                if own_begin < own_end:
                    own = slice((own_begin + 1) * stride, (own_end + 1) * stride)
                    unclassified[layer] -= count_both(scratch[new + planes - 1, own], held[own])
    done = layers % 2 * planes
    for plane in range(planes):
        result = scratch[done + plane] if plane < moving else scratch[plane]
        for place in range(first_slice, last_slice):
            at = (place - front + 1) * stride + words
            for row in range(rows):
                for word in range(words):
                    target[plane, place, row, word] = result[at]
                    at += 1
                target[plane, place, row, words - 1] &= valid


def volume_words(slices: int, rows: int, words: int, layers: int, grid_slices: int) -> int:
    """How many words of work space a slab of that many slices needs for each plane."""
    return (min(slices + 2 * layers, grid_slices) + 2) * (rows + 2) * words


@compiled
def copy_slices(
    scratch: WordArray,
    now: int,
    new: int,
    planes: int,
    moving: int,
    begin: int,
    end: int,
    stride: int,
    words: int,
    starts: WordArray,
    fill: bool,
    anchored: bool,
    heads: WordArray,
    ends: WordArray,
    masks: WordArray,
) -> None:
    """One layer of slices begin … end − 1 of a slab: from the planes `now` to the planes `new`."""
    at = (begin + 1) * stride + words
    stop = (end + 1) * stride - words
    counters = scratch[2 * planes]
    held = scratch[2 * planes + 1]
    while at < stop:
        size = min(masks.shape[1], stop - at)
        a, b, c, free = masks[0, :size], masks[1, :size], masks[2, :size], masks[3, :size]
        draw(a, b, free, counters[at : at + size], starts, True)
        _stay(b, c, free)
        if fill:
            release(free, scratch[now + planes - 1, at : at + size])
        elif anchored:
            release(free, held[at : at + size])
        for plane in range(moving):
            old = scratch[now + plane]
            step_volume(
                scratch[new + plane, at : at + size],
                old[at : at + size],
                old[at - 1 : at - 1 + size],
                old[at + 1 : at + 1 + size],
                old[at - words : at - words + size],
                old[at + words : at + words + size],
                old[at - stride : at - stride + size],
                old[at + stride : at + stride + size],
                a,
                b,
                c,
                free,
                heads[:size],
                ends[:size],
            )
        at += size


@compiled
def renew(plane: WordArray, begin: int, end: int, thick: int, rows: int, words: int) -> None:
    """Renew what slices begin … end − 1 see beyond the edges: their own first and last rows.

    The slab's first and last slices stand once more beyond them.
    """
    stride = (rows + 2) * words
    for place in range(begin, end):
        at = (place + 1) * stride
        for word in range(words):
            plane[at + word] = plane[at + words + word]
            plane[at + stride - words + word] = plane[at + stride - 2 * words + word]
    if begin == 0:
        for word in range(stride):
            plane[word] = plane[stride + word]
    if end == thick:
        for word in range(stride):
            plane[(thick + 1) * stride + word] = plane[thick * stride + word]


@compiled
def step_volume(
    new: WordArray,
    now: WordArray,
    before: WordArray,
    after: WordArray,
    above: WordArray,
    below: WordArray,
    front: WordArray,
    behind: WordArray,
    a: WordArray,
    b: WordArray,
    c: WordArray,
    free: WordArray,
    heads: WordArray,
    ends: WordArray,
) -> None:
    """One plane: each free bit takes that of the neighbour that (a, b, c) choose.

    `heads`, `ends`: 1 for the first and the last cell of a row, which see themselves beyond it.
    """
    for i in range(new.shape[0]):
        here = now[i]
        carried = before[i] >> LAST_BIT
        left = (here << ONE) | (carried ^ (heads[i] & (carried ^ here)))
        right = (here >> ONE) | (after[i] << LAST_BIT)
        right ^= ends[i] & (right ^ here)
        upright = above[i] ^ (b[i] & (above[i] ^ below[i]))
        sideways = right ^ (b[i] & (right ^ left))
        level = upright ^ (a[i] & (upright ^ sideways))
        through = front[i] ^ (a[i] & (front[i] ^ behind[i]))
        chosen = level ^ (c[i] & (level ^ through))
        new[i] = here ^ (free[i] & (here ^ chosen))


@compiled
def _stay(b: WordArray, c: WordArray, free: WordArray) -> None:
    """From the third plane's complement in `free`: the plane itself, and who may change."""
    for i in range(b.shape[0]):
        c[i] = ~free[i]
        free[i] |= ~b[i]


@compiled
def _edge_masks(size: int, words: int, columns: int) -> tuple[WordArray, WordArray]:
    """The first and the last cell of each row: words of whole rows, size in all."""
    heads, ends = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    last = ONE << np.uint64(columns - 64 * (words - 1) - 1)
    for at in range(0, size, words):
        heads[at] = ONE
        ends[at + words - 1] = last
    return heads, ends


@compiled
def _all_classified(plane: WordArray, thick: int, rows: int, words: int, valid: np.uint64) -> bool:
    """Whether the slab's cells all have a class, those of its rim too."""
    for place in range(thick):
        at = (place + 1) * (rows + 2) * words + words
        for _ in range(rows):
            for word in range(words - 1):
                if ~plane[at + word]:
                    return False
            if plane[at + words - 1] & valid != valid:
                return False
            at += words
    return True
