"""One copying layer as a Triton kernel: each word is read, drawn for and written once.

A layer moves 16 bytes a word and plane (its own word read and written; the neighbours' words are
in the cache by then), in about 170 instructions for three planes, counted in the machine code of
compute capability 9.0: on large grids the memory is to be the limit, not the arithmetic.
"""

# Triton has no types; in a kernel every name is a block of words on the device.
# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-def,untyped-decorator,misc"

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

BLOCK = 512  # words a program
WARPS = 4


@triton.jit
def _mix(words):
    """The SplitMix64 finalizer."""
    words = (words ^ (words >> 30)) * 0xBF58476D1CE4E5B9
    words = (words ^ (words >> 27)) * 0x94D049BB133111EB
    return words ^ (words >> 31)


@triton.jit
def _ones(words):
    """How many bits of each word are 1."""
    words = words - ((words >> 1) & 0x5555555555555555)
    words = (words & 0x3333333333333333) + ((words >> 2) & 0x3333333333333333)
    words = (words + (words >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (words * 0x0101010101010101) >> 56


@triton.jit
def _read(plane, at, inside):
    """Words of a plane, as unsigned numbers; 0 outside."""
    return tl.load(plane + at, inside, 0).to(tl.uint64, bitcast=True)


# Both move by a word a layer: one kernel for all alignments.
@triton.jit(do_not_specialize_on_alignment=["starts", "known"])
def _layer(
    source, target, starts, held, known,
    SLICES: tl.constexpr, ROWS: tl.constexpr, WORDS: tl.constexpr, TAIL: tl.constexpr,
    PLANES: tl.constexpr, VOLUME: tl.constexpr, FILL: tl.constexpr, LAZY: tl.constexpr,
    HELD: tl.constexpr, KNOWN: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    SLICE: tl.constexpr = ROWS * WORDS
    COUNT: tl.constexpr = SLICES * SLICE
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < COUNT
    word = at % WORDS
    row = at // WORDS
    if VOLUME:
        row = row % ROWS
    before = tl.where(word == 0, at, at - 1)
    after = tl.where(word == WORDS - 1, at, at + 1)
    above = tl.where(row == 0, at, at - WORDS)
    below = tl.where(row == ROWS - 1, at, at + WORDS)
    numbers = (at + 1).to(tl.uint64) * 0x9E3779B97F4A7C15
    a = _mix(numbers + tl.load(starts).to(tl.uint64, bitcast=True))
    b = _mix(numbers + tl.load(starts + 1).to(tl.uint64, bitcast=True))
    stays = tl.zeros([BLOCK], tl.uint64)
    if VOLUME:
        c = _mix(numbers + tl.load(starts + 2).to(tl.uint64, bitcast=True))
        stays = b & c
        front = tl.where(at < SLICE, at, at - SLICE)
        behind = tl.where(at >= COUNT - SLICE, at, at + SLICE)
    elif LAZY:
        stays = _mix(numbers + tl.load(starts + 2).to(tl.uint64, bitcast=True))
    if HELD:
        stays |= _read(held, at, inside)
    if FILL:
        stays |= _read(source + (PLANES - 1) * COUNT, at, inside)
    # At a row's ends a cell sees itself: what comes in from beyond is its own bit.
    last = word == WORDS - 1
    every = tl.full([BLOCK], 0xFFFFFFFFFFFFFFFF, tl.uint64)
    valid = tl.where(last, every >> (63 - TAIL), every)
    end = tl.full([BLOCK], 1, tl.uint64) << TAIL
    for plane in tl.static_range(PLANES):
        now = source + plane * COUNT
        here = _read(now, at, inside)
        from_before = tl.where(word == 0, here & 1, _read(now, before, inside) >> 63)
        from_after = tl.where(last, here & end, _read(now, after, inside) << 63)
        left = (here << 1) | from_before
        right = (here >> 1) | from_after
        up, down = _read(now, above, inside), _read(now, below, inside)
        upright = up ^ (b & (up ^ down))
        sideways = right ^ (b & (right ^ left))
        chosen = upright ^ (a & (upright ^ sideways))
        if VOLUME:
            one, other = _read(now, front, inside), _read(now, behind, inside)
            through = one ^ (a & (one ^ other))
            chosen = chosen ^ (c & (chosen ^ through))
        changed = (chosen ^ (stays & (chosen ^ here))) & valid
        tl.store(target + plane * COUNT + at, changed.to(tl.int64, bitcast=True), inside)
        if KNOWN and plane == PLANES - 1:
            found = tl.where(inside, _ones(changed).to(tl.int64), 0)
            tl.atomic_add(known, tl.sum(found, 0), sem="relaxed")


def copy_layer(
    source: Tensor,
    target: Tensor,
    starts: Tensor,
    held: Tensor | None,
    known: Tensor | None,
    columns: int,
    fill: bool,
    lazy: bool,
) -> None:
    """Write one layer on `source` (plane, …, word) to `target`, as `torch_layer.copy_layer` does.

    `known` (1,) is added to, not set. A plane has fewer than 2³¹ words.
    """
    volume = source.ndim == 4
    rows, words = source.shape[-2:]
    slices = source.shape[1] if volume else 1
    grid = (triton.cdiv(slices * rows * words, BLOCK),)
    _layer[grid](
        source, target, starts, source if held is None else held,
        source if known is None else known,
        SLICES=slices, ROWS=rows, WORDS=words, TAIL=(columns - 1) % 64,
        PLANES=source.shape[0], VOLUME=volume, FILL=fill, LAZY=lazy, HELD=held is not None,
        KNOWN=known is not None, BLOCK=BLOCK, num_warps=WARPS,
    )  # fmt: skip
