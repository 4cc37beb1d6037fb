"""The bit-plane kernels against the plain reference, bit for bit, over shapes, classes and cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.lattice import kernels, planes
from layerwise.lattice.lanes import LANES
from layerwise.lattice.random_bits import stream_starts, word_count
from layerwise.lattice.reference import copy_layer, neighbors
from layerwise.types import UNCLASSIFIED

SHAPES = [
    (1, 1),
    (1, 2),
    (1, 70),
    (70, 1),
    (5, 63),
    (5, 64),
    (7, 65),
    (6, 128),
    (9, 130),
    (40, 33),
]
CLASSES = [1, 2, 3, 4, 5, 17, 255]


def label_map(shape, classes, share, seed=0):
    """Random labels (row, column) of which about that share is classified, at least one cell."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape).astype(np.uint8)
    labels[random.random(shape) >= share] = UNCLASSIFIED
    labels.flat[random.integers(labels.size)] = random.integers(classes)
    return labels


def copied(
    labels, classes, layers, cuts, *, seed=3, first=1, fill=False, lazy=False, held=None, band=None
):
    """The kernel over those cuts of the rows: the label map, and what was left unclassified.

    `band`: how many rows the wave takes in together; as many as usual if None.
    """
    rows, columns = labels.shape
    state = planes.pack(labels, classes)
    target = np.full_like(state, np.uint64(0xAAAAAAAAAAAAAAAA))
    starts = stream_starts(seed, range(first, first + layers))
    anchors = np.zeros((0, word_count(columns)), np.uint64)
    if held is not None:
        anchors = planes.pack_bits(held)
    left = np.zeros(layers, np.int64)
    for begin, end in itertools.pairwise(cuts):
        room = kernels.scratch_words(end - begin, word_count(columns), layers, rows)
        if band is not None:
            room = (band + 2 * layers + 2) * word_count(columns) + LANES
        # Whatever lay in the work space before must not matter.
        scratch = np.full((len(state) + 1, room), np.uint64(0x5555555555555555))
        own = np.zeros(layers, np.int64)
        kernels.copy_layers(
            state, target, scratch, begin, end, columns, starts, fill, lazy, anchors, own
        )
        left += own
    return planes.unpack(target, columns), left, target


def referred(labels, layers, *, seed=3, first=1, fill=False, lazy=False, held=None):
    left = []
    for layer in range(first, first + layers):
        labels = copy_layer(labels, seed, layer, fill=fill, lazy=lazy, anchored=held)
        left.append(np.count_nonzero(labels == UNCLASSIFIED))
    return labels, left


def spare_bits(state, columns):
    """The bits of each row's last word that stand behind the last column."""
    tail = columns - 64 * (word_count(columns) - 1)
    return state[..., -1] >> np.uint64(tail) if tail < 64 else np.zeros(1, np.uint64)


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_packing_and_unpacking_are_inverse(shape, classes):
    labels = label_map(shape, classes, 0.6)
    state = planes.pack(labels, classes)
    digits = max(1, int(np.ceil(np.log2(classes))))
    assert state.shape == (digits + 1, shape[0], -(-shape[1] // 64))
    assert np.array_equal(planes.unpack(state, shape[1]), labels)
    for row in range(shape[0]):
        for column in range(shape[1]):
            bit = int(state[-1, row, column // 64]) >> column % 64 & 1
            assert bit == (labels[row, column] != UNCLASSIFIED)


def test_the_reference_sees_the_cell_itself_beyond_the_edge():
    labels = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    up, right, down, left = neighbors(labels)
    assert up.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert right.tolist() == [[2, 3, 3], [5, 6, 6]]
    assert down.tolist() == [[4, 5, 6], [4, 5, 6]]
    assert left.tolist() == [[1, 1, 2], [4, 4, 5]]


@pytest.mark.parametrize("mode", ["fill", "copy", "anchored"])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layers_equal_the_reference(shape, classes, lazy, mode):
    labels = label_map(shape, classes, 0.3)
    held = labels != UNCLASSIFIED if mode == "anchored" else None
    options = {"fill": mode == "fill", "lazy": lazy, "held": held, "first": 5}
    found, left, state = copied(labels, classes, 5, (0, shape[0]), **options)
    expected, expected_left = referred(labels, 5, **options)
    assert np.array_equal(found, expected)
    if mode == "fill":
        assert left.tolist() == expected_left
    assert not spare_bits(state, shape[1]).any()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_cut_into_slabs_and_bands_gives_the_same(data):
    rows, columns = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 140))
    layers, seed = data.draw(st.integers(1, 18)), data.draw(st.integers(0, 2**64 - 1))
    classes = data.draw(st.sampled_from([2, 3, 9]))
    inner = data.draw(st.sets(st.integers(1, rows - 1))) if rows > 1 else set()
    labels = label_map((rows, columns), classes, data.draw(st.sampled_from([0.02, 0.5])), rows)
    mode = data.draw(st.sampled_from(["fill", "copy", "anchored"]))
    held = labels == 0 if mode == "anchored" else None
    lazy = data.draw(st.booleans())
    options = {"fill": mode == "fill", "lazy": lazy, "held": held, "seed": seed, "first": 2}
    cuts, band = (0, *sorted(inner), rows), data.draw(st.integers(1, 45))
    found, left, _ = copied(labels, classes, layers, cuts, band=band, **options)
    expected, expected_left = referred(labels, layers, **options)
    assert np.array_equal(found, expected)
    if mode == "fill":
        assert left.tolist() == expected_left


@pytest.mark.parametrize("words", [1, 3, 7, kernels.EDGE_WORDS + 3])
def test_rows_of_any_length_meet_their_edges(words):
    # Several periods of the masks of the edges within a slab, and rows longer than one.
    columns = 64 * words - 5
    rows = 3 * kernels.EDGE_WORDS // words + 4
    labels = label_map((rows, columns), 3, 0.2)
    found, _, _ = copied(labels, 3, 2, (0, rows // 3, rows), lazy=True)
    assert np.array_equal(found, referred(labels, 2, lazy=True)[0])


@pytest.mark.parametrize("fill", [False, True])
def test_a_band_shorter_than_the_block_of_layers(fill):
    labels = label_map((200, 70), 4, 0.02)
    held = None if fill else labels == 1
    options = {"fill": fill, "held": held, "lazy": True}
    found, left, _ = copied(labels, 4, 40, (0, 90, 200), band=7, **options)
    expected, expected_left = referred(labels, 40, **options)
    assert np.array_equal(found, expected)
    assert not fill or left.tolist() == expected_left


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("columns", [1, 63, 64, 65, 130])
def test_counts_are_those_of_the_cells(columns, classes):
    labels = label_map((11, columns), classes, 0.7)
    counts = np.full(classes, -5, np.int64)
    kernels.count_classes(planes.pack(labels, classes), counts)
    expected = np.bincount(labels[labels != UNCLASSIFIED], minlength=classes)
    assert counts.tolist() == expected.tolist()


@given(st.integers(0, 2**64 - 1))
def test_bits_are_counted_as_python_counts_them(word):
    assert int(kernels.ones(np.uint64(word))) == word.bit_count()
