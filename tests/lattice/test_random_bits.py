"""The random bits, recomputed with Python's whole numbers from the written specification alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.lattice.cells import random_word
from layerwise.lattice.random_bits import (
    PLANES_PER_LAYER,
    mix,
    random_cells,
    random_words,
    stream_starts,
    word_count,
)

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
words_64 = st.integers(0, MASK)


def finalizer(z):
    z ^= z >> 30
    z = z * 0xBF58476D1CE4E5B9 & MASK
    z ^= z >> 27
    z = z * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def splitmix64(state):
    while True:
        state = (state + GOLDEN) & MASK
        yield finalizer(state)


def specified_word(seed, layer, plane, row, word, columns):
    words = -(-columns // 64)
    start = finalizer((finalizer(seed) + 3 * layer + plane) & MASK)
    return finalizer((start + GOLDEN * (row * words + word + 1)) & MASK)


# The outputs of the generator started at 1234567, as its reference implementation gives them.
KNOWN = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def test_the_generator_gives_its_known_outputs():
    generator = splitmix64(1234567)
    assert [next(generator) for _ in KNOWN] == KNOWN
    counters = np.arange(1, len(KNOWN) + 1, dtype=np.uint64)
    assert mix(np.uint64(1234567) + np.uint64(GOLDEN) * counters).tolist() == KNOWN


@given(st.lists(words_64, min_size=1, max_size=8))
def test_the_finalizer_is_that_of_splitmix64(values):
    assert mix(np.array(values, np.uint64)).tolist() == [finalizer(value) for value in values]


@given(words_64, st.integers(1, 10**7))
def test_each_stream_starts_where_the_specification_says(seed, layer):
    starts = stream_starts(seed, range(layer, layer + 3))
    assert starts.shape == (3, PLANES_PER_LAYER)
    expected = [
        [finalizer((finalizer(seed) + 3 * (layer + k) + j) & MASK) for j in range(3)]
        for k in range(3)
    ]
    assert starts.tolist() == expected


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 128, 130])
@pytest.mark.parametrize(("seed", "layer"), [(0, 1), (42, 7), (MASK, 10**6)])
def test_words_and_cells(columns, seed, layer):
    rows = 3
    for plane in range(PLANES_PER_LAYER):
        words = random_words(seed, layer, plane, rows, columns)
        cells = random_cells(seed, layer, plane, rows, columns)
        start = stream_starts(seed, range(layer, layer + 1))[0, plane]
        assert words.shape == (rows, word_count(columns))
        assert cells.shape == (rows, columns)
        for row in range(rows):
            for word in range(words.shape[1]):
                expected = specified_word(seed, layer, plane, row, word, columns)
                assert int(words[row, word]) == expected
                assert int(random_word(start, row, word, words.shape[1])) == expected
                for column in range(64 * word, min(64 * word + 64, columns)):
                    assert int(cells[row, column]) == expected >> (column - 64 * word) & 1


def test_words_of_a_row_are_consecutive_outputs_of_one_generator():
    start = int(stream_starts(5, range(9, 10))[0, 1])
    generator = splitmix64(start)
    expected = [next(generator) for _ in range(4 * 3)]
    assert random_words(5, 9, 1, 4, 130).reshape(-1).tolist() == expected
