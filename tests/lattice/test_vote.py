"""The rule `vote` against the plain reference, and the reference against votes counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from layerwise.lattice.cells import vote_rows, vote_weights
from layerwise.lattice.random_bits import random_cells, stream_starts
from layerwise.lattice.reference import vote_layer
from layerwise.types import UNCLASSIFIED

NONE = UNCLASSIFIED


def label_map(shape, classes, share, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape).astype(np.uint8)
    labels[random.random(shape) >= share] = NONE
    return labels


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("weighting", ["uniform", "distance"])
@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize(
    ("shape", "classes"), [((1, 1), 2), ((1, 70), 3), ((70, 1), 2), ((13, 65), 5), ((8, 128), 17)]
)
def test_votes_equal_the_reference(shape, classes, window, weighting, lazy, fill):
    weights = vote_weights(window, weighting)
    labels = label_map(shape, classes, 0.4)
    for layer in (1, 2, 3):
        expected = vote_layer(labels, 9, layer, weights, classes, fill=fill, lazy=lazy)
        found = np.empty_like(labels)
        starts = stream_starts(9, range(layer, layer + 1))[0]
        third = shape[0] // 3  # cut into unequal slabs
        for first, last in ((0, third), (third, shape[0])):
            vote_rows(
                labels[None], found[None], first, last, weights[None], classes, starts, fill, lazy
            )
        assert np.array_equal(found, expected)
        labels = expected


def voted(rows, window=1, classes=3, layer=1, weighting="uniform", **options):
    labels = np.array(rows, np.uint8)
    given = {"fill": False, "lazy": False} | options
    return vote_layer(labels, 1, layer, vote_weights(window, weighting), classes, **given)


def test_a_majority_wins():
    found = voted([[0, 1, 1], [2, NONE, 1], [0, 2, 1]])
    assert found[1, 1] == 1


def test_an_own_class_among_the_tied_stays():
    found = voted([[0, 0, NONE], [NONE, 1, 1], [NONE, NONE, NONE]])
    assert found[1, 1] == 1


def test_a_cell_that_hears_nobody_stays_as_it_is():
    found = voted([[NONE, NONE, NONE, NONE, 2]])
    assert found.tolist() == [[NONE, NONE, NONE, 2, 2]]


def test_cells_beyond_the_edge_have_no_vote():
    # With the edge repeated, 0 in the corner would have four votes against three of class 1.
    found = voted([[0, 1], [1, 1]])
    assert found[0, 0] == 1


@pytest.mark.parametrize("layer", range(1, 30))
def test_a_tie_is_broken_by_the_cells_own_random_bits(layer):
    # All of 0, 1 and 2 have one vote: the class is number (a + 2b) mod 3 among them.
    found = voted([[0, 1, 2], [NONE, NONE, NONE]], layer=layer)
    a, b = (int(random_cells(1, layer, plane, 2, 3)[1, 1]) for plane in (0, 1))
    assert found[1, 1] == (a + 2 * b) % 3


def test_distance_weighs_the_near_more():
    # Two of class 1 at distance √2 (2/√3 = 1.15) outvote one of class 0 at distance 1 (0.71), but
    # two at distance √8 (2/3 = 0.67) do not.
    near = [[1, NONE, 1], [0, NONE, NONE], [NONE, NONE, NONE]]
    assert voted(near, weighting="distance")[1, 1] == 1
    far = np.full((5, 5), NONE, np.uint8)
    far[0, 0] = far[0, 4] = 1
    far[2, 1] = 0
    assert voted(far, window=2, weighting="distance")[2, 2] == 0


@pytest.mark.parametrize("window", range(1, 21))
def test_weights_are_as_exact_as_they_say(window):
    assert vote_weights(window, "uniform").tolist() == [[1] * (2 * window + 1)] * (2 * window + 1)
    weights = vote_weights(window, "distance")
    assert weights.dtype == np.int64
    for down in range(-window, window + 1):
        for across in range(-window, window + 1):
            exact = 65536 / math.sqrt(1 + down * down + across * across)
            found = int(weights[down + window, across + window])
            assert abs(found - exact) <= 0.5
            assert abs(found / exact - 1) < 2**-12


def test_anchored_cells_do_not_change():
    labels = label_map((9, 9), 3, 0.9)
    held = labels == 0
    found = vote_layer(
        labels, 4, 1, vote_weights(2, "uniform"), 3, fill=False, lazy=False, anchored=held
    )
    assert np.array_equal(found[held], labels[held])
    assert not np.array_equal(found, labels)
