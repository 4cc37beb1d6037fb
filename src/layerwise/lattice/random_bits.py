"""The random bits of every film, as a written specification: SplitMix64 by counter.

Anyone can reproduce a film from this text alone. All arithmetic is modulo 2⁶⁴.

- ``mix(z)``: z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB;
  z ^= z >> 31 (the finalizer of SplitMix64).
- Columns are grouped in words of 64: bit b of word w is column 64·w + b; a row has
  W = ⌈columns / 64⌉ words.
- Layer L (1, 2, …) draws up to three bit-planes j. The stream of (L, j) starts at
  S = mix(mix(seed) + 3·L + j), and word (r, w) is mix(S + 0x9E3779B97F4A7C15·(r·W + w + 1)):
  output number r·W + w of the generator SplitMix64 started at S.
- Planes 0 and 1, (a, b), choose a cell's neighbour: (0, 0) up, (1, 0) right, (0, 1) down,
  (1, 1) left. Beyond the edge the neighbour is the cell itself. Plane 2, of lazy layers: a cell
  whose bit is 1 stays as it is.
- A volume's cell lies in slice z, row r, column x. With R rows a slice, word w of its row is
  output number (z·R + r)·W + w. Planes 0, 1 and 2, (a, b, c), choose what it copies by the code
  a + 2·b + 4·c: 0 up (row − 1), 1 right, 2 down, 3 left, 4 the slice before, 5 the slice behind,
  6 and 7 stay. A volume's cell so stays with probability ¼, and each neighbour has ⅛.
- A vote (of a volume too) breaks ties by planes 0 and 1 and stays, if lazy, by plane 2.

A bit depends on nothing but (seed, layer, cell): any tiling, thread count or device draws alike.

Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..types import WordArray

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
FIRST_FACTOR: Final = np.uint64(0xBF58476D1CE4E5B9)
SECOND_FACTOR: Final = np.uint64(0x94D049BB133111EB)
PLANES_PER_LAYER: Final = 3
WORD_BITS: Final = 64


def word_count(columns: int) -> int:
    """How many 64-bit words hold that many columns."""
    return -(-columns // WORD_BITS)


def mix(values: WordArray) -> WordArray:
    """The SplitMix64 finalizer, element by element."""
    z = np.asarray(values, np.uint64)
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


def stream_starts(seed: int, layers: range) -> WordArray:
    """Where each layer's streams start: (layer, plane)."""
    key = mix(np.array([seed], np.uint64))
    counters = np.arange(
        PLANES_PER_LAYER * layers.start, PLANES_PER_LAYER * layers.stop, dtype=np.uint64
    )
    return mix(key + counters).reshape(-1, PLANES_PER_LAYER)


def random_words(seed: int, layer: int, plane: int, rows: int, columns: int) -> WordArray:
    """The random words of one plane of one layer: (row, word); slices' rows follow each other."""
    words = word_count(columns)
    start = stream_starts(seed, range(layer, layer + 1))[0, plane]
    counters = np.arange(1, rows * words + 1, dtype=np.uint64)
    return mix(start + GOLDEN * counters).reshape(rows, words)


def random_cells(seed: int, layer: int, plane: int, rows: int, columns: int) -> WordArray:
    """The same bits, one 0 or 1 a cell: (row, column)."""
    words = random_words(seed, layer, plane, rows, columns)
    shifts = np.arange(WORD_BITS, dtype=np.uint64)
    bits = (words[:, :, None] >> shifts) & np.uint64(1)
    return bits.reshape(rows, -1)[:, :columns]
