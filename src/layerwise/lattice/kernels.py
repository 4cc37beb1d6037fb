"""The copying layers at speed: bit-planes, random bits and update, eight words at a time.

A block of layers is applied to a slab of rows with a rim (halo) of one row a layer on each cut
side, so that slabs need nothing from each other while they work: threads share no writes, and
since every random bit depends only on (seed, layer, cell), any cut into slabs gives the same bits.

Inside a slab a wave runs down the rows: as soon as a band of rows has its layer l, the rows above
it get layer l + 1, so that each passes through all layers while it lies in the cache. All layers
share one place: row r of a new layer is written where row r − 1 of the old one lay, which nobody
needs any more. So what is in work is a window of some rows, whatever the size of the grid.

Rows lie end to end, so that the loops are long whatever the width. What a first or last column
sees beyond the edge is itself: two masks that repeat with every row say where. Bits behind the
last column are noise, never read.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import IntArray, WordArray
from .lanes import LANES, all_ones, kept_apart, load, mixed_lanes, numbered, store
from .random_bits import FIRST_FACTOR, GOLDEN, SECOND_FACTOR

ONE = np.uint64(1)
LAST_BIT = np.uint64(63)
WINDOW_WORDS = 40_000  # of a plane in work at once: two or three planes fit the second cache
SMALLEST_BAND = 16  # rows that the wave takes in together
EDGE_WORDS = 512  # the masks of the edges repeat not before
PAIR, TRIPLE = (0, 1), (0, 1, 2)


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

    `source`, `target`: (plane, row, word), different arrays; `scratch`: (planes + 1, words), work
    space of `scratch_words(…)`, or any that holds one row more than twice the layers and three;
    `starts`: (layer, plane) from `random_bits.stream_starts`; `fill`: classified cells never
    change; `anchors`: (row, word), 1 for other cells that never change (no rows if there are
    none); `unclassified`: (layer,), set to how many of the slab's own cells are unclassified after
    each filling layer.
    """
    planes, rows, words = source.shape
    layers = starts.shape[0]
    top = max(0, first_row - layers)
    height = min(rows, last_row + layers) - top
    own_first, own_last = first_row - top, last_row - top
    valid = last_word_mask(columns, words)
    # Where every cell has a class, copying leaves it so: that plane need not move.
    full = all_classified(source[planes - 1, top : top + height], valid)
    moving = planes
    if full:
        moving = 0 if fill else planes - 1
    for plane in range(moving, planes):
        target[plane, first_row:last_row] = source[plane, first_row:last_row]
    for layer in range(layers):
        unclassified[layer] = (own_last - own_first) * columns if fill and not full else 0
    if moving == 0:
        return
    held = not fill and anchors.shape[0] > 0
    edges = edge_masks(columns, words)
    kept = np.empty((moving, LANES), np.uint64)
    # The plane of cells that stay: while filling the classified ones, which sink with the others.
    still, shift = -1, 0
    if fill:
        still = planes - 1
    elif held:
        still, shift = planes, words
    # Of layer l the slab's rows up to until[l] are known; its row r lies at line base + r − l.
    until = np.zeros(layers + 1, np.int64)
    if top > 0:  # rows nearer to a cut than the layer's number are not
        until[:] = np.arange(layers + 1)
    until[0] = 0
    base = layers
    band = (scratch.shape[1] - LANES) // words - 2 * layers - 2
    while until[layers] < own_last:
        begin, end = until[0], min(height, until[0] + band)
        at, size = (base + begin) * words, (end - begin) * words
        for plane in range(moving):
            move(scratch[plane, at : at + size], source[plane, top + begin : top + end])
        if held:
            move(scratch[planes, at : at + size], anchors[top + begin : top + end])
        until[0] = end
        for layer in range(layers):
            begin, end = until[layer + 1], until[layer] - 1
            if until[layer] == height and top + height == rows:
                end = height
            if end <= begin:
                continue
            lead = (base - layer) * words
            for plane in range(moving):  # beyond the grid's edge is the row itself
                if begin == 0:
                    move(scratch[plane, lead - words : lead], scratch[plane, lead : lead + words])
                if end == height:
                    at = lead + height * words
                    move(scratch[plane, at : at + words], scratch[plane, at - words : at])
            at, size = lead + begin * words, (end - begin) * words
            number = np.uint64((top + begin) * words + 1)
            # Loops over two or three planes are written out by the compiler.
            if moving == 2:
                sink(scratch, PAIR, words, at, size, number, starts[layer], edges, lazy,
                     still, shift * layer, kept)  # fmt: skip
            elif moving == 3:
                sink(scratch, TRIPLE, words, at, size, number, starts[layer], edges, lazy,
                     still, shift * layer, kept)  # fmt: skip
            else:
                sink(scratch, np.arange(moving), words, at, size, number, starts[layer], edges,
                     lazy, still, shift * layer, kept)  # fmt: skip
            until[layer + 1] = end
            if fill:
                begin, end = max(begin, own_first), min(end, own_last)
                if begin < end:
                    at, size = lead + (begin - 1) * words, (end - begin) * words
                    known = count_ones(scratch[planes - 1, at : at + size], words, valid)
                    unclassified[layer] -= known
            if layer == layers - 1:
                begin, end = max(begin, own_first), min(end, own_last)
                for plane in range(moving if begin < end else 0):
                    result = target[plane, top + begin : top + end]
                    at = lead + (begin - 1) * words
                    move(result.reshape(-1), scratch[plane, at : at + result.size])
                    for row in range(end - begin):
                        result[row, words - 1] &= valid
        # What is still needed begins with the row above the next one of some layer.
        lowest = base + until[0]
        for layer in range(layers):
            lowest = min(lowest, base + until[layer + 1] - 1 - layer)
        size = (base + until[0] - lowest) * words
        for plane in range(planes + 1):
            if plane < moving or (held and plane == planes):
                move(scratch[plane, :size], scratch[plane, lowest * words : lowest * words + size])
        base -= lowest


def scratch_words(rows: int, words: int, layers: int, grid_rows: int) -> int:
    """How many words of work space a slab of that many rows needs for each plane."""
    band = max(SMALLEST_BAND, WINDOW_WORDS // words - 2 * layers)
    return (min(band, rows + 2 * layers, grid_rows) + 2 * layers + 2) * words + LANES


@compiled
def sink(
    scratch: WordArray,
    moving: tuple[int, ...] | IntArray,
    words: int,
    begin: int,
    size: int,
    number: np.uint64,
    starts: WordArray,
    edges: WordArray,
    lazy: bool,
    still: int,
    shift: int,
    kept: WordArray,
) -> None:
    """One layer of the rows in `size` words from `begin` on, written a row further up.

    `moving`: as many numbers as there are planes; `number`: of the first random word; `still`: the
    plane whose cells stay, read `shift` words further down, −1 for none; `kept`: work space.
    """
    kept_apart()
    period = edges.shape[1] - LANES
    start_a, start_b, start_z = starts[0], starts[1], starts[2]
    stop = begin + size
    for plane in range(len(moving)):  # the last eight words written may reach beyond the last row
        store(kept, plane, 0, load(scratch, plane, stop - words))
    place = 0
    counters = (numbered() + number) * GOLDEN
    for at in range(begin, stop, LANES):
        idle = False
        if still >= 0:
            idle = all_ones(load(scratch, still, at + shift) | load(edges, 2, place))
        if idle:
            for plane in range(len(moving)):
                store(scratch, plane, at - words, load(scratch, plane, at))
        else:
            a = mixed_lanes(counters + start_a)
            b = mixed_lanes(counters + start_b)
            # Who looks left from the first column, or right from the last, sees itself and stays.
            last = load(edges, 1, place)
            stays = a & (last ^ (b & (last ^ load(edges, 0, place))))
            if lazy:
                stays = stays | mixed_lanes(counters + start_z)
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
                chosen = upright ^ (a & (upright ^ sideways))
                store(scratch, plane, at - words, chosen ^ (stays & (chosen ^ here)))
        counters = counters + np.uint64(LANES) * GOLDEN
        place += LANES
        if place >= period:
            place -= period
    for plane in range(len(moving)):
        store(scratch, plane, stop - words, load(kept, plane, 0))


@compiled
def edge_masks(columns: int, words: int) -> WordArray:
    """Where the first and last column lie in some rows, and the bits behind: (3, word)."""
    period = -(-EDGE_WORDS // words) * words
    masks = np.zeros((3, period + LANES), np.uint64)
    for word in range(period + LANES):
        if word % words == 0:
            masks[0, word] = ONE
        if word % words == words - 1:
            masks[1, word] = ONE << np.uint64(columns - 64 * (words - 1) - 1)
            masks[2, word] = ~last_word_mask(columns, words)
    return masks


@compiled
def move(new: WordArray, old: WordArray) -> None:
    """Copy words that lie end to end."""
    flat = old.reshape(-1)
    for word in range(new.shape[0]):
        new[word] = flat[word]


@compiled
def count_ones(rows: WordArray, words: int, valid: np.uint64) -> int:
    """How many bits of rows that lie end to end are 1, those behind the last column aside."""
    total = np.uint64(0)
    for i in range(rows.shape[0]):
        total += ones(rows[i])
    for row in range(rows.shape[0] // words):
        total -= ones(rows[row * words + words - 1] & ~valid)
    return int(total)


@compiled
def all_classified(plane: WordArray, valid: np.uint64) -> bool:
    """Whether all cells of some rows (row, word) have a class."""
    rows, words = plane.shape
    for row in range(rows):
        for word in range(words - 1):
            if ~plane[row, word]:
                return False
        if plane[row, words - 1] & valid != valid:
            return False
    return True


@compiled
def last_word_mask(columns: int, words: int) -> np.uint64:
    """The bits of a row's last word that belong to columns."""
    tail = columns - 64 * (words - 1)
    return ~np.uint64(0) if tail == 64 else (ONE << np.uint64(tail)) - ONE


@compiled
def mixed(z: np.uint64) -> np.uint64:
    """The finalizer `random_bits.mix` of one word."""
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return z ^ (z >> np.uint64(31))


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
