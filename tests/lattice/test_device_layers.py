"""The layers on a torch device, here the processor's own, against the plain reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from layerwise.lattice import planes
from layerwise.lattice.device import engine, words
from layerwise.lattice.device.engine import DeviceLayers
from layerwise.lattice.random_bits import mix, random_words, stream_starts, word_count
from layerwise.lattice.reference import copy_layer
from layerwise.types import UNCLASSIFIED

PLACE = torch.device("cpu")
SHAPES = [
    (1, 1),
    (1, 70),
    (70, 1),
    (5, 63),
    (5, 64),
    (7, 65),
    (9, 130),
    (1, 1, 1),
    (3, 4, 70),
    (5, 1, 64),
]
words_64 = st.integers(0, 2**64 - 1)


def label_map(shape, classes, share, seed=0):
    """Random labels of which about that share is classified, at least one cell."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape).astype(np.uint8)
    labels[random.random(shape) >= share] = UNCLASSIFIED
    labels.flat[random.integers(labels.size)] = random.integers(classes)
    return labels


def referred(labels, layers, *, seed, first, fill, lazy, held):
    left = []
    for layer in range(first, first + layers):
        labels = copy_layer(labels, seed, layer, fill=fill, lazy=lazy, anchored=held)
        left.append(np.count_nonzero(labels == UNCLASSIFIED))
    return labels, left


@given(st.lists(words_64, min_size=1, max_size=8))
def test_words_are_mixed_and_counted_as_unsigned_numbers(values):
    given_words = np.array(values, np.uint64)
    there = words.to_device(given_words, PLACE)
    assert np.array_equal(words.to_host(there), given_words)
    assert np.array_equal(words.to_host(words.mix(there)), mix(given_words))
    assert words.ones(there).tolist() == [value.bit_count() for value in values]
    for by in (1, 30, 63):
        assert words.to_host(words.shifted(there, by)).tolist() == [v >> by for v in values]


def test_counters_continue_every_stream():
    rows, columns = 3, 130
    numbers = words.counters((rows, word_count(columns)), PLACE)
    start = words.to_device(stream_starts(5, range(9, 10))[0, 1:2], PLACE)
    found = words.to_host(words.mix(numbers + start))
    assert np.array_equal(found, random_words(5, 9, 1, rows, columns))


@pytest.mark.parametrize("mode", ["fill", "copy", "anchored"])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("classes", [2, 5, 200])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layers_equal_the_reference(shape, classes, lazy, mode):
    labels = label_map(shape, classes, 0.3)
    held = labels != UNCLASSIFIED if mode == "anchored" else None
    fill = mode == "fill"
    layers = engine.BLOCK + 3  # a block that is repeated, and a rest
    there = DeviceLayers(PLACE, shape, lazy=lazy, held=held)
    state, left = there.run(
        there.upload(planes.pack(labels, classes)),
        stream_starts(3, range(5, 5 + layers)),
        fill=fill,
    )
    options = {"seed": 3, "first": 5, "fill": fill, "lazy": lazy, "held": held}
    expected, expected_left = referred(labels, layers, **options)
    found = there.download(state)
    assert np.array_equal(planes.unpack(found, shape[-1]), expected)
    assert not fill or left.tolist() == expected_left
    assert np.array_equal(found, planes.pack(expected, classes))  # spare bits are 0 too
    known = expected[expected != UNCLASSIFIED]
    assert there.counts(state, classes).tolist() == np.bincount(known, minlength=classes).tolist()


def test_a_full_grid_keeps_its_plane_of_classified_cells():
    labels = label_map((9, 70), 4, 1.1)
    there = DeviceLayers(PLACE, (9, 70), lazy=True)
    first = there.upload(planes.pack(labels, 4))
    state, _ = there.run(first, stream_starts(0, range(1, 6)), fill=False)
    expected, _ = referred(labels, 5, seed=0, first=1, fill=False, lazy=True, held=None)
    assert np.array_equal(there.download(state), planes.pack(expected, 4))
    assert np.array_equal(
        there.download(first), planes.pack(labels, 4)
    )  # what went in is as it was


def test_runs_of_one_engine_do_not_disturb_each_other():
    labels = label_map((9, 70), 4, 0.3)
    there = DeviceLayers(PLACE, (9, 70), lazy=True)
    first = there.upload(planes.pack(labels, 4))
    early, late = stream_starts(0, range(1, 18)), stream_starts(0, range(18, 30))
    middle, _ = there.run(first, early, fill=True)
    kept = there.download(middle)
    there.run(middle, late, fill=True)
    assert np.array_equal(there.download(middle), kept)
    again, _ = there.run(first, early, fill=True)
    assert np.array_equal(there.download(again), kept)


def test_whole_blocks_are_repeated_and_not_computed_anew(monkeypatch):
    # On CUDA a block is a graph: what it does must follow from its buffers alone.
    recorded, replayed = [], []

    def graph(work, place):
        recorded.append(place)
        work()  # as CUDA does before it records
        return lambda: (replayed.append(1), work())

    monkeypatch.setattr(engine, "repeated", graph)
    labels = label_map((9, 70), 4, 0.3)
    layers = 3 * engine.BLOCK + 1
    there = DeviceLayers(PLACE, (9, 70), lazy=True)
    state, left = there.run(
        there.upload(planes.pack(labels, 4)), stream_starts(0, range(1, 1 + layers)), fill=True
    )
    expected, expected_left = referred(
        labels, layers, seed=0, first=1, fill=True, lazy=True, held=None
    )
    assert (len(recorded), len(replayed)) == (1, 3)
    assert np.array_equal(planes.unpack(there.download(state), 70), expected)
    assert left.tolist() == expected_left


def test_a_layer_can_be_traced_into_one_kernel(monkeypatch):
    # The back end that only traces: making machine code takes too long for a test.
    compiled = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda f, **o: compiled(f, backend="aot_eager", fullgraph=True, **o)
    )
    labels = label_map((5, 70), 3, 0.3)
    there = DeviceLayers(PLACE, (5, 70), lazy=True, kernel="compiled")
    state, left = there.run(
        there.upload(planes.pack(labels, 3)), stream_starts(0, range(1, 4)), fill=True
    )
    expected, expected_left = referred(labels, 3, seed=0, first=1, fill=True, lazy=True, held=None)
    assert np.array_equal(planes.unpack(there.download(state), 70), expected)
    assert left.tolist() == expected_left
