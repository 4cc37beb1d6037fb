"""The copying layers of volumes at speed: bit-planes as in `kernels`, six neighbours, a wave.

A slab of slices is taken through a block of layers with a rim (halo) of one slice a layer on each
cut side. As in `kernels`, layers follow each other in the same place: slice s of a new layer is
written where slice s − 1 of the old one lay, and the slab sinks by a slice a layer. And a wave runs
through the slab: slice s gets its layer as soon as slice s + 1 has the layer before, so that a
slice passes through several layers while it lies in the cache.

The rows of a slice lie end to end, with a spare row in front and one behind that hold what the
first and last row see beyond the edge: themselves. The first and last column see themselves by two
masks that repeat with every row, the first and last slice by looking no further. Bits behind the
last column are noise, never read.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import IntArray, WordArray
from .kernels import (
    LAST_BIT,
    ONE,
    PAIR,
    TRIPLE,
    all_classified,
    count_ones,
    edge_masks,
    last_word_mask,
    move,
)
from .lanes import LANES, all_ones, kept_apart, load, mixed_lanes, numbered, store
from .random_bits import GOLDEN

WAVE_WORDS = 1 << 16  # of the slices that a wave passes through at a time: half the second cache


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

    `source`, `target`: (plane, slice, row, word), different arrays; `scratch`: (planes + 1, at
    least `volume_words(…)`), work space; `starts`: (layer, plane) from
    `random_bits.stream_starts`; `fill`: classified cells never change; `anchors`: (slice, row,
    word), 1 for other cells that never change (no slices if there are none); `unclassified`:
    (layer,), set to how many of the slab's own cells are unclassified after each filling layer.
    """
    planes, slices, rows, words = source.shape
    layers = starts.shape[0]
    front = max(0, first_slice - layers)
    thick = min(slices, last_slice + layers) - front
    stride = slice_stride(rows, words)
    size = rows * words
    valid = last_word_mask(columns, words)
    full = True
    for place in range(front, front + thick):
        full = full and all_classified(source[planes - 1, place], valid)
    # Where every cell has a class, copying leaves it so: that plane need not move.
    moving = planes - 1 if full else planes
    if fill and full:
        moving = 0
    held = not fill and anchors.shape[0] > 0
    lowest = layers * stride + words  # where the slab's first slice has its first row at first
    for place in range(thick):
        at = lowest + place * stride
        for plane in range(moving):
            move(scratch[plane, at : at + size], source[plane, front + place])
            repeat_rows(scratch[plane], at, size, words)
        if held:
            move(scratch[planes, at : at + size], anchors[front + place])
    unclassified[:] = (last_slice - first_slice) * rows * columns if fill and not full else 0
    edges = edge_masks(columns, words)
    # A wave over so many layers touches one slice more than it has layers.
    deep = max(2, WAVE_WORDS // (max(moving, 1) * stride) - 1)
    # The plane of cells that stay: while filling the classified ones, which sink with the others.
    still, shift = -1, 0
    if fill:
        still = planes - 1
    elif held:
        still, shift = planes, stride
    for first in range(0, layers if moving else 0, deep):
        past = min(layers, first + deep)
        for wave in range(thick + past - first - 1):
            for layer in range(first, past):
                # Slices nearer to a cut than this are no longer known.
                begin = 0 if front == 0 else layer + 1
                end = thick if front + thick == slices else thick - layer - 1
                place = wave - (layer - first)
                if not begin <= place < end:
                    continue
                at = lowest + (place - layer) * stride
                ahead = -stride if front + place > 0 else 0
                behind = stride if front + place < slices - 1 else 0
                number = np.uint64((front + place) * size + 1)
                # Loops over two or three planes are written out by the compiler.
                if moving == 2:
                    sink_slice(scratch, PAIR, words, at, size, ahead, behind, stride, number,
                               starts[layer], edges, still, shift * layer)  # fmt: skip
                elif moving == 3:
                    sink_slice(scratch, TRIPLE, words, at, size, ahead, behind, stride, number,
                               starts[layer], edges, still, shift * layer)  # fmt: skip
                else:
                    sink_slice(scratch, np.arange(moving), words, at, size, ahead, behind, stride,
                               number, starts[layer], edges, still, shift * layer)  # fmt: skip
                for plane in range(moving):
                    repeat_rows(scratch[plane], at - stride, size, words)
                if fill and first_slice <= front + place < last_slice:
                    known = scratch[planes - 1, at - stride : at - stride + size]
                    unclassified[layer] -= count_ones(known, words, valid)
    for plane in range(planes):
        for place in range(first_slice, last_slice):
            result = target[plane, place]
            if plane < moving:
                at = lowest + (place - front - layers) * stride
                move(result.reshape(-1), scratch[plane, at : at + size])
                for row in range(rows):
                    result[row, words - 1] &= valid
            else:
                move(result.reshape(-1), source[plane, place])


@compiled
def slice_stride(rows: int, words: int) -> int:
    """How many words a slice takes in the work space: its rows, two spare ones, and a margin.

    Eight words at a time may reach seven beyond the last row, and must not reach the next slice.
    """
    return (rows + 2) * words + max(0, LANES - 2 * words)


def volume_words(slices: int, rows: int, words: int, layers: int, grid_slices: int) -> int:
    """How many words of work space a slab of that many slices needs for each plane."""
    kept = min(slices + 2 * layers, grid_slices) + layers
    return int(kept * slice_stride(rows, words) + words + 2 * LANES)


@compiled
def repeat_rows(plane: WordArray, at: int, size: int, words: int) -> None:
    """What the first and last row of a slice see beyond the edge: themselves."""
    for word in range(at, at + words):
        plane[word - words] = plane[word]
        plane[word + size] = plane[word + size - words]


@compiled
def sink_slice(
    scratch: WordArray,
    moving: tuple[int, ...] | IntArray,
    words: int,
    at: int,
    size: int,
    ahead: int,
    behind: int,
    stride: int,
    number: np.uint64,
    starts: WordArray,
    edges: WordArray,
    still: int,
    shift: int,
) -> None:
    """One layer of the slice at `at`, written a slice further up than it is read.

    `moving`: as many numbers as there are planes; `ahead`, `behind`: the steps to the slices before
    and behind; the slice has the random words from `number` on; `still`: the plane whose cells
    stay, read `shift` words further down, −1 for none.
    """
    kept_apart()
    period = edges.shape[1] - LANES
    start_a, start_b, start_c = starts[0], starts[1], starts[2]
    stop = at + size
    place = 0
    counters = (numbered() + number) * GOLDEN
    while at < stop:
        idle = False
        if still >= 0:
            idle = all_ones(load(scratch, still, at + shift) | load(edges, 2, place))
        if idle:
            for plane in range(len(moving)):
                store(scratch, plane, at - stride, load(scratch, plane, at))
        else:
            a = mixed_lanes(counters + start_a)
            b = mixed_lanes(counters + start_b)
            c = mixed_lanes(counters + start_c)
            # Who looks left from the first column, or right from the last, sees itself and stays.
            last = load(edges, 1, place)
            beyond = a & (last ^ (b & (last ^ load(edges, 0, place))))
            stays = beyond ^ (c & (beyond ^ b))
            if still >= 0:
                stays = stays | load(scratch, still, at + shift)
            for plane in range(len(moving)):
                here = load(scratch, plane, at)
                above = load(scratch, plane, at - words)
                below = load(scratch, plane, at + words)
                left = (here << ONE) | (load(scratch, plane, at - 1) >> LAST_BIT)
                right = (here >> ONE) | (load(scratch, plane, at + 1) << LAST_BIT)
                upright = above ^ (b & (above ^ below))
                sideways = right ^ (b & (right ^ left))
                level = upright ^ (a & (upright ^ sideways))
                near = load(scratch, plane, at + ahead)
                through = near ^ (a & (near ^ load(scratch, plane, at + behind)))
                chosen = level ^ (c & (level ^ through))
                store(scratch, plane, at - stride, chosen ^ (stays & (chosen ^ here)))
        counters = counters + np.uint64(LANES) * GOLDEN
        at += LANES
        place += LANES
        if place >= period:
            place -= period
