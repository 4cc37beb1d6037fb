"""Layers on a part of a grid that does not know the rest.

A part is some lines (rows; of a volume slices) that lie between others, with a rim of as many
lines of its neighbours as there are layers. It is worked on as if it were a grid of its own. What
that does wrong at the false edges goes a line further inwards with each layer, and so stays in the
rim. Random bits are those of the whole grid: the streams of a part begin further on, by as many
words as lie before it. So a grid on disk, in chunks or on many machines has the bits of one array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from ...types import IntArray, WordArray
from .. import kernels, kernels_volume
from ..random_bits import GOLDEN, stream_starts

SUB_BLOCK = 32  # layers between two walks through a part's lines
VOLUME_SUB_BLOCK = 8


def rim(line: int, layers: int, lines: int) -> tuple[int, int]:
    """How many lines a part needs above line `line` and how many there are at most below it."""
    return min(layers, line), min(layers, lines - line)


def advance_part(
    state: WordArray,
    above: int,
    below: int,
    line: int,
    *,
    columns: int,
    seed: int,
    first: int,
    layers: int,
    fill: bool,
    lazy: bool = True,
    threads: int = 1,
) -> tuple[WordArray, IntArray]:
    """Layers first … first + layers − 1 of a part, and its unclassified cells after each.

    `state`: (plane, line, …, word) with a rim of `above` and `below` lines, each as many as there
    are layers or as the grid has; `line`: the number of its first line, of the rim too, in the
    grid; `columns` of the whole grid. Gives (plane, line, …, word) without the rim, an array of
    its own, and (layer,) counts of its own cells (while filling; else 0).
    """
    words_before = np.array([line * prod(state.shape[2:])], np.uint64)
    starts = stream_starts(seed, range(first, first + layers)) + GOLDEN * words_before
    longest = SUB_BLOCK if state.ndim == 3 else VOLUME_SUB_BLOCK
    left = np.zeros(layers, np.int64)
    own_first, own_last = above, state.shape[1] - below
    now, new = np.ascontiguousarray(state), np.empty_like(state)
    with _workers(threads) as each:
        for block in range(0, layers, longest):
            part = starts[block : block + longest]
            later = layers - block - len(part)  # the rim is still needed so far
            begin, end = max(0, own_first - later), min(state.shape[1], own_last + later)
            cuts = [
                *([(begin, own_first)] if begin < own_first else []),
                *_shares(own_first, own_last, threads),
                *([(own_last, end)] if own_last < end else []),
            ]

            def work(
                cut: tuple[int, int],
                now: WordArray = now,
                new: WordArray = new,
                part: WordArray = part,
            ) -> IntArray:
                return _copy(now, new, cut, columns, part, fill=fill, lazy=lazy)

            for cut, count in zip(cuts, each(work, cuts), strict=True):
                if own_first <= cut[0] < own_last:
                    left[block : block + len(part)] += count
            # What was given stays as it is.
            now, new = new, np.empty_like(state) if block == 0 and later else now
    return np.ascontiguousarray(now[:, own_first:own_last]), left


def _copy(
    now: WordArray,
    new: WordArray,
    cut: tuple[int, int],
    columns: int,
    starts: WordArray,
    *,
    fill: bool,
    lazy: bool,
) -> IntArray:
    count, lines = now.shape[:2]
    left = np.zeros(len(starts), np.int64)
    free = np.zeros((0, *now.shape[2:]), np.uint64)  # no cells are held
    if now.ndim == 3:
        room = kernels.scratch_words(cut[1] - cut[0], now.shape[2], len(starts), lines)
        scratch = np.empty((count + 1, room), np.uint64)
        kernels.copy_layers(now, new, scratch, *cut, columns, starts, fill, lazy, free, left)
    else:
        room = kernels_volume.volume_words(
            cut[1] - cut[0], now.shape[2], now.shape[3], len(starts), lines
        )
        scratch = np.empty((2 * count + 2, room), np.uint64)
        kernels_volume.copy_volume(now, new, scratch, *cut, columns, starts, fill, free, left)
    return left


def _shares(first: int, last: int, parts: int) -> list[tuple[int, int]]:
    share = max(1, -(-(last - first) // parts))
    return [(line, min(line + share, last)) for line in range(first, last, share)]


@contextmanager
def _workers(
    threads: int,
) -> Iterator[Callable[[Callable[[tuple[int, int]], IntArray], list[Any]], list[IntArray]]]:
    if threads == 1:
        yield lambda work, cuts: [work(cut) for cut in cuts]
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda work, cuts: list(pool.map(work, cuts))
