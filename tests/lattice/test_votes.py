"""Votes at speed against a plain count, for all windows, weights, numbers of classes and edges."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.cells import vote_weights
from layerwise.lattice.reference import vote_layer
from layerwise.lattice.votes import majority as votes
from layerwise.lattice.votes.kernels import vote_direct, vote_running
from layerwise.lattice.votes.majority import by_transform, majority
from layerwise.types import UNCLASSIFIED

NONE = UNCLASSIFIED


def label_map(shape, classes, share=0.8, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape).astype(np.uint8)
    labels[random.random(shape) >= share] = NONE
    return labels


def counted(labels, weights, classes):
    """One pass in plain NumPy: whole maps shifted and added up."""
    reach = len(weights) // 2
    rows, columns = labels.shape
    padded = np.pad(labels, reach, constant_values=NONE)
    tally = np.zeros((classes, rows, columns), np.int64)
    for down in range(len(weights)):
        for right in range(len(weights)):
            seen = padded[down : down + rows, right : right + columns]
            tally += weights[down, right] * (seen == np.arange(classes)[:, None, None])
    own = labels == np.arange(classes)[:, None, None]
    winner = np.argmax(2 * tally + own, axis=0).astype(np.uint8)
    return np.where(tally.max(axis=0) == 0, labels, winner)


SHAPES = [(1, 1), (1, 64), (1, 70), (70, 1), (2, 3), (13, 65), (9, 128), (40, 63), (5, 200)]


@pytest.mark.parametrize("classes", [1, 2, 3, 4, 5, 8, 16, 17, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_three_by_three_equals_a_plain_count(shape, classes):
    for seed, share in ((0, 1.0), (1, 0.8), (2, 0.1)):
        labels = label_map(shape, classes, share, seed)
        expected = counted(labels, vote_weights(1, "uniform"), classes)
        assert np.array_equal(majority(labels, classes=classes), expected)


@pytest.mark.parametrize("weighting", ["uniform", "distance"])
@pytest.mark.parametrize("window", range(3, 42, 2))
def test_every_window_equals_a_plain_count(window, weighting):
    weights = vote_weights(window // 2, weighting)
    for shape, classes in (((23, 37), 3), ((50, 31), 7), ((1, 45), 2)):
        labels = label_map(shape, classes, 0.7, seed=window)
        expected = counted(labels, weights, classes)
        assert np.array_equal(majority(labels, window, weighting=weighting), expected)


@pytest.mark.parametrize("window", [3, 5, 9, 21, 41])
def test_all_ways_agree(window):
    reach = window // 2
    for seed, classes in ((0, 2), (1, 6), (2, 200)):
        labels = label_map((37, 66), classes, 0.6, seed)
        for weighting in ("uniform", "distance"):
            weights = vote_weights(reach, weighting)
            direct, transformed = np.empty_like(labels), np.empty_like(labels)
            vote_direct(labels, direct, weights, classes)
            by_transform(labels, transformed, weights, classes)
            assert np.array_equal(direct, transformed)
            if weighting == "uniform":
                running = np.empty_like(labels)
                vote_running(labels, running, reach, classes)
                assert np.array_equal(direct, running)
                if window == 3 and classes <= 8:
                    assert np.array_equal(direct, votes._by_planes(labels, classes, 1))


def test_a_large_map_is_exact_by_transform():
    labels = label_map((600, 700), 2, 1.0)
    weights = vote_weights(20, "distance")
    found = np.empty_like(labels)
    by_transform(labels, found, weights, 2)
    middle = slice(250, 290)
    around = labels[230:310]
    assert np.array_equal(found[middle], counted(around, weights, 2)[20:60])


@pytest.mark.parametrize(("window", "weighting"), [(3, "uniform"), (7, "uniform"), (5, "distance")])
def test_passes_follow_one_another(window, weighting):
    labels = label_map((30, 90), 4, 0.9)
    weights = vote_weights(window // 2, weighting)
    expected = labels
    for passes in range(1, 6):
        expected = counted(expected, weights, 4)
        assert np.array_equal(
            majority(labels, window, weighting=weighting, passes=passes), expected
        )
    assert np.array_equal(majority(labels, window, weighting=weighting, passes=0), labels)


def test_it_ends_where_nothing_changes():
    labels = np.zeros((20, 70), np.uint8)
    labels[:, 35:] = 1
    assert np.array_equal(majority(labels, passes=1_000_000), labels)
    assert np.array_equal(majority(labels, 9, passes=1_000_000), labels)


def test_ties_keep_the_own_class_or_go_to_the_first():
    # Classes 1 and 2 have two votes each.
    tied = np.array([[1, NONE, 2], [2, 2, 1]], np.uint8)
    tied[1, 1] = NONE
    assert majority(tied)[1, 1] == 1
    tied[0, 1] = tied[1, 1] = 2  # now 2 has four, and nothing is tied
    assert majority(tied)[1, 1] == 2
    own = np.array([[1, 1, NONE], [NONE, 2, 2]], np.uint8)
    assert majority(own)[1, 1] == 2
    assert majority(own)[0, 1] == 1


def test_where_nothing_is_tied_the_layers_of_a_lattice_vote_alike():
    labels = label_map((40, 70), 2, 1.0)
    weights = vote_weights(1, "uniform")
    # Nine votes for two classes cannot be tied, but at the edge, which is left out.
    layer = vote_layer(labels, 3, 1, weights, 2, fill=False, lazy=False)
    assert np.array_equal(layer[1:-1, 1:-1], majority(labels)[1:-1, 1:-1])


@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("weighting", ["uniform", "distance"])
def test_nobody_heard_nothing_changed(window, weighting):
    labels = np.full((12, 80), NONE, np.uint8)
    assert np.array_equal(majority(labels, window, weighting=weighting, passes=3), labels)
    labels[6, 40] = 3
    found = majority(labels, window, weighting=weighting)
    assert np.count_nonzero(found == 3) == window**2
    assert np.count_nonzero(found == NONE) == found.size - window**2


def test_the_map_that_is_given_is_left_alone():
    labels = label_map((20, 20), 3)
    before = labels.copy()
    for window in (3, 5):
        assert majority(labels, window, passes=2) is not labels
        assert np.array_equal(labels, before)
    assert np.array_equal(majority(labels[::2, ::-1]), majority(labels[::2, ::-1].copy()))
    assert np.array_equal(majority(labels.astype(np.int64)), majority(labels))


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (np.zeros((3, 3, 3), np.uint8), {}, "rows and columns of whole numbers"),
        (np.zeros((0, 3), np.uint8), {}, "rows and columns of whole numbers"),
        (np.zeros((3, 3)), {}, "rows and columns of whole numbers"),
        (np.full((3, 3), -1), {}, "Labels are 0 to 254"),
        (np.full((3, 3), 256), {}, "Labels are 0 to 254"),
        (np.zeros((3, 3), np.uint8), {"window": 4}, "odd"),
        (np.zeros((3, 3), np.uint8), {"window": 43}, "3 to 41"),
        (np.zeros((3, 3), np.uint8), {"window": 1}, "3 to 41"),
        (np.zeros((3, 3), np.uint8), {"window": 3.0}, "whole number of window"),
        (np.zeros((3, 3), np.uint8), {"passes": -1}, "whole number of passes"),
        (np.full((3, 3), 7), {"classes": 7}, "beyond the number of classes"),
        (np.zeros((3, 3), np.uint8), {"classes": 256}, "1 to 255 classes"),
    ],
)
def test_wrong_input_is_refused(given, options, message):
    with pytest.raises(InputError, match=message):
        majority(given, **options)


def test_a_wrong_weighting_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'distance'"):
        majority(np.zeros((3, 3), np.uint8), weighting="distence")
