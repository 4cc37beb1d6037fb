"""The kernels of volumes against the plain reference, bit for bit, over shapes, seeds and cuts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.lattice import kernels_volume, planes
from layerwise.lattice.cells import vote_weights
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.random_bits import random_words, stream_starts, word_count
from layerwise.lattice.reference import copy_layer, neighbors, vote_layer
from layerwise.types import UNCLASSIFIED

SHAPES = [(1, 1, 1), (1, 7, 65), (5, 1, 3), (2, 3, 1), (9, 4, 64), (6, 11, 130), (3, 2, 200)]


def label_map(shape, classes, share, seed=0):
    """Random labels (slice, row, column), about that share classified, at least one cell."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape).astype(np.uint8)
    labels[random.random(shape) >= share] = UNCLASSIFIED
    labels.flat[random.integers(labels.size)] = random.integers(classes)
    return labels


def copied(labels, classes, layers, cuts, *, seed=3, first=1, fill=False, held=None):
    """The kernel over those cuts of the slices: the label map, what was left, and the planes."""
    slices, rows, columns = labels.shape
    state = planes.pack(labels, classes)
    target = np.full_like(state, np.uint64(0xAAAAAAAAAAAAAAAA))
    starts = stream_starts(seed, range(first, first + layers))
    words = word_count(columns)
    anchors = np.zeros((0, rows, words), np.uint64) if held is None else planes.pack_bits(held)
    left = np.zeros(layers, np.int64)
    for begin, end in itertools.pairwise(cuts):
        room = kernels_volume.volume_words(end - begin, rows, words, layers, slices)
        # Whatever lay in the work space before must not matter.
        scratch = np.full((len(state) + 1, room), np.uint64(0x5555555555555555))
        own = np.zeros(layers, np.int64)
        kernels_volume.copy_volume(
            state, target, scratch, begin, end, columns, starts, fill, anchors, own
        )
        left += own
    return planes.unpack(target, columns), left, target


def referred(labels, layers, *, seed=3, first=1, fill=False, held=None):
    left = []
    for layer in range(first, first + layers):
        labels = copy_layer(labels, seed, layer, fill=fill, lazy=True, anchored=held)
        left.append(np.count_nonzero(labels == UNCLASSIFIED))
    return labels, left


# The specification, cell by cell


def test_a_cell_copies_whom_its_three_bits_name():
    shape, seed, layer = (4, 5, 70), 11, 6
    labels = np.random.default_rng(2).integers(0, 250, shape).astype(np.uint8)
    found = copy_layer(labels, seed, layer, fill=False, lazy=True)
    words = [random_words(seed, layer, plane, 4 * 5, 70) for plane in range(3)]
    seen = set()
    for z, r, x in np.ndindex(shape):
        a, b, c = (int(plane[z * 5 + r, x // 64]) >> x % 64 & 1 for plane in words)
        code = a + 2 * b + 4 * c
        seen.add(code)
        step = [(0, -1, 0), (0, 0, 1), (0, 1, 0), (0, 0, -1), (-1, 0, 0), (1, 0, 0)]
        dz, dr, dx = step[code] if code < 6 else (0, 0, 0)
        there = min(max(z + dz, 0), 3), min(max(r + dr, 0), 4), min(max(x + dx, 0), 69)
        assert found[z, r, x] == labels[there]
    assert seen == set(range(8))


def test_a_volume_of_one_slice_sees_itself_before_and_behind():
    labels = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    around = neighbors(labels)
    assert np.array_equal(around[:4, 0], neighbors(labels[0]))
    assert np.array_equal(around[4], labels)
    assert np.array_equal(around[5], labels)
    deep = np.arange(3, dtype=np.uint8).reshape(3, 1, 1)
    assert neighbors(deep)[4].reshape(-1).tolist() == [0, 0, 1]
    assert neighbors(deep)[5].reshape(-1).tolist() == [1, 2, 2]


# The kernel


@pytest.mark.parametrize("mode", ["fill", "copy", "full", "anchored"])
@pytest.mark.parametrize("classes", [1, 2, 5, 255])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layers_equal_the_reference(shape, classes, mode):
    labels = label_map(shape, classes, 1.0 if mode == "full" else 0.3)
    held = labels != UNCLASSIFIED if mode == "anchored" else None
    options = {"fill": mode == "fill", "held": held, "first": 5}
    found, left, state = copied(labels, classes, 5, (0, shape[0]), **options)
    expected, expected_left = referred(labels, 5, **options)
    assert np.array_equal(found, expected)
    if mode == "fill":
        assert left.tolist() == expected_left
    # Behind the last column there is nothing.
    tail = shape[2] - 64 * (word_count(shape[2]) - 1)
    assert tail == 64 or not (state[..., -1] >> np.uint64(tail)).any()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_cut_into_slabs_gives_the_same(data):
    shape = tuple(data.draw(st.integers(1, most)) for most in (14, 6, 140))
    layers, seed = data.draw(st.integers(1, 12)), data.draw(st.integers(0, 2**64 - 1))
    classes = data.draw(st.sampled_from([2, 3, 9]))
    inner = data.draw(st.sets(st.integers(1, shape[0] - 1))) if shape[0] > 1 else set()
    labels = label_map(shape, classes, data.draw(st.sampled_from([0.02, 0.5, 1.0])), shape[1])
    mode = data.draw(st.sampled_from(["fill", "copy", "anchored"]))
    held = labels == 0 if mode == "anchored" else None
    options = {"fill": mode == "fill", "held": held, "seed": seed, "first": 2}
    found, left, _ = copied(labels, classes, layers, (0, *sorted(inner), shape[0]), **options)
    expected, expected_left = referred(labels, layers, **options)
    assert np.array_equal(found, expected)
    if mode == "fill":
        assert left.tolist() == expected_left


def test_several_waves_one_after_the_other():
    # A slice so large that a wave passes through a few layers only.
    shape = (3, 180, 64 * 64 + 1)
    assert kernels_volume.WAVE_WORDS // (2 * kernels_volume.slice_stride(180, 65)) < 4
    labels = label_map(shape, 2, 0.3)
    assert np.array_equal(copied(labels, 2, 5, (0, 3), fill=True)[0],
                          referred(labels, 5, fill=True)[0])  # fmt: skip


# The stack of layers


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rule", ["copy", "vote"])
def test_a_stack_goes_by_the_reference(rule, threads):
    frame = label_map((21, 5, 66), 3, 0.01, 4)
    stack = LayerStack(Recipe(frame, 3, seed=8, rule=rule, anchored=True), threads)
    depth = stack.fill().depth
    weights = vote_weights(1, "uniform", 3)
    now, maps = frame, [frame]
    for layer in range(1, depth + 15):
        fill = layer <= depth
        if fill and rule == "vote":
            now = vote_layer(now, 8, layer, weights, 3, fill=True, lazy=True)
        else:
            held = None if fill else frame != UNCLASSIFIED
            now = copy_layer(now, 8, layer, fill=fill, lazy=True, anchored=held)
        maps.append(now)
    assert (maps[depth] != UNCLASSIFIED).all()
    assert (maps[depth - 1] == UNCLASSIFIED).any()
    for layer in (depth + 14, 3, depth, depth + 1, 0):
        assert np.array_equal(stack.labels(layer), maps[layer])
    counts = [np.count_nonzero(maps[3] == label) for label in range(3)]
    assert stack.counts(3).tolist() == counts


@pytest.mark.parametrize("weighting", ["uniform", "distance"])
@pytest.mark.parametrize("window", [1, 2])
def test_votes_of_a_window_in_three_directions(window, weighting):
    weights = vote_weights(window, weighting, 3)
    steps = np.arange(-window, window + 1)
    far = steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2
    by_hand = np.rint(65536 / np.sqrt(1 + far)) if weighting == "distance" else np.ones(far.shape)
    assert np.array_equal(weights, by_hand)
    frame = label_map((6, 7, 9), 3, 0.2, 5)
    recipe = Recipe(frame, 3, seed=2, rule="vote", window=window, weighting=weighting)
    now = frame
    for layer in range(1, 4):
        now = vote_layer(now, 2, layer, weights, 3, fill=True, lazy=True)
        assert np.array_equal(LayerStack(recipe).labels(layer), now)


def test_more_threads_than_slices():
    frame = label_map((2, 3, 5), 2, 0.1)
    alone = LayerStack(Recipe(frame, 2, seed=1))
    many = LayerStack(Recipe(frame, 2, seed=1), threads=9)
    depth = alone.fill().depth
    assert many.fill().depth == depth
    assert np.array_equal(alone.labels(depth + 40), many.labels(depth + 40))
