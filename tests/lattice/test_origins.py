"""Which training cell each cell descends from: numbers that are copied as classes are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from layerwise.lattice import planes
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.reference import copy_layer
from layerwise.types import UNCLASSIFIED

SHAPES = [
    (1, 1),
    (1, 70),
    (70, 1),
    (12, 64),
    (9, 130),
    (60, 70),
    (1, 1, 1),
    (5, 4, 70),
    (9, 20, 33),
]


def training_map(shape, classes=4, share=0.1):
    """Random labels of which about that share is classified, at least one cell."""
    random = np.random.default_rng(0)
    labels = np.full(shape, UNCLASSIFIED, np.uint8)
    known = random.random(shape) < share
    known.flat[random.integers(known.size)] = True
    labels[known] = random.integers(0, classes, known.sum())
    return labels


@pytest.mark.parametrize("place", [None, torch.device("cpu")], ids=["processor", "torch"])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_cell_descends_from_a_training_cell(shape, lazy, place):
    labels = training_map(shape)
    stack = LayerStack(Recipe(labels, 4, seed=3, lazy=lazy), place=place)
    depth = stack.fill().depth
    training = np.argwhere(labels != UNCLASSIFIED)
    np.random.default_rng(1).shuffle(training)
    origins = stack.origins(training)
    # Its two digits to the base 100, each copied as a class by the same random bits.
    low, high = (np.full(shape, UNCLASSIFIED, np.uint8) for _ in range(2))
    low[tuple(training.T)] = np.arange(len(training)) % 100
    high[tuple(training.T)] = np.arange(len(training)) // 100
    for layer in range(1, depth + 1):
        low = copy_layer(low, 3, layer, fill=True, lazy=lazy)
        high = copy_layer(high, 3, layer, fill=True, lazy=lazy)
    assert np.array_equal(origins, low + 100 * high.astype(int))
    assert np.array_equal(labels[tuple(training.T)][origins], stack.labels(depth))


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 130])
def test_numbers_are_packed_in_as_few_planes_as_hold_them(count):
    cells = np.stack(np.unravel_index(np.arange(count)[::-1] * 7, (14, 70)), axis=1)
    state = planes.pack_numbers(cells, (14, 70))
    assert len(state) == max(1, int(np.ceil(np.log2(count)))) + 1
    expected = np.full((14, 70), -1)
    expected[tuple(cells.T)] = np.arange(count)
    found = planes.unpack_numbers(state, 70)
    assert found.dtype == np.int32
    assert np.array_equal(found, expected)
