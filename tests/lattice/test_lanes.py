"""Eight words at a time: every operation against NumPy's on the same words."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from layerwise.lattice.lanes import LANES, all_ones, load, mixed_lanes, numbered, store
from layerwise.lattice.random_bits import mix

WORDS = np.random.default_rng(0).integers(0, 2**64, (2, 3 * LANES), dtype=np.uint64)


@numba.njit
def computed(words, results, word):
    """A row of results for each operation."""
    x, y = load(words, 0, 3), load(words, 1, 5)
    store(results, 0, 0, x + y)
    store(results, 1, 0, x * word)
    store(results, 2, 0, x ^ y)
    store(results, 3, 0, x & word)
    store(results, 4, 0, x | y)
    store(results, 5, 0, x << 1)
    store(results, 6, 0, x >> word)
    store(results, 7, 0, mixed_lanes(x))
    store(results, 8, 0, (numbered() + word) ^ y)


@numba.njit
def whole(words, at):
    """Whether the eight words from there on have every bit."""
    return all_ones(load(words, 0, at))


def test_operations_are_those_of_words():
    results = np.zeros((9, LANES), np.uint64)
    word = np.uint64(37)
    computed(WORDS, results, word)
    x, y = WORDS[0, 3 : 3 + LANES], WORDS[1, 5 : 5 + LANES]
    count = np.arange(LANES, dtype=np.uint64)
    expected = [
        x + y, x * word, x ^ y, x & word, x | y, x << np.uint64(1), x >> word, mix(x),
        (count + word) ^ y,
    ]  # fmt: skip
    assert np.array_equal(results, expected)


@pytest.mark.parametrize("place", [0, LANES - 1, LANES])
def test_a_missing_bit_is_seen_only_where_it_is(place):
    words = np.full((1, 3 * LANES), 2**64 - 1, np.uint64)
    assert whole(words, 0)
    words[0, place] ^= np.uint64(1 << 40)
    assert whole(words, 0) == (place == LANES)
    assert whole(words, LANES) == (place < LANES)
