"""Layer 0: which class a cell gets from the points that fall into it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.lattice.cells import anchors_of, first_frame
from layerwise.types import UNCLASSIFIED


def frame_of(cells, labels, weights=None, grid=(2, 3), classes=4):
    mass = np.ones(len(labels)) if weights is None else np.array(weights, float)
    return first_frame(np.array(cells), np.array(labels), mass, grid, classes)


@pytest.mark.parametrize(
    ("labels", "weights", "expected"),
    [
        ([2], None, 2),
        ([1, 2, 2], None, 2),
        ([3, 1], None, 3),  # a tie: the class whose first sample comes first
        ([1, 3], None, 1),
        ([3, 1, 1, 3], None, 3),
        ([0, 1, 1, 0, 2], None, 0),
        ([1, 2], [1, 1.5], 2),
        ([1, 2, 1], [1, 2, 1], 1),
        ([1, 2], [0, 0.1], 2),  # weight 0 is absent
        ([1, 3, 1], [0, 1, 1], 3),  # and does not count as coming first
        ([1, 2], [0, 0], UNCLASSIFIED),
    ],
)
def test_majority_ties_and_weights(labels, weights, expected):
    found = frame_of([[1, 2]] * len(labels), labels, weights)
    assert found[1, 2] == expected
    assert (found == UNCLASSIFIED).sum() == 5 + (expected == UNCLASSIFIED)
    assert found.dtype == np.uint8


samples = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


@given(samples)
def test_equals_counting_by_hand(points):
    votes, first = defaultdict(int), {}
    for order, (row, column, label, weight) in enumerate(points):
        if weight:
            votes[row, column, label] += weight
            first.setdefault((row, column, label), order)
    expected = np.full((2, 3), UNCLASSIFIED)
    for row in range(2):
        for column in range(3):
            here = [key for key in votes if key[:2] == (row, column)]
            if here:
                winner = min(here, key=lambda key: (-votes[key], first[key]))
                expected[row, column] = winner[2]
    cells = [[row, column] for row, column, _, _ in points]
    labels = [label for _, _, label, _ in points]
    weights = [weight for _, _, _, weight in points]
    found = frame_of(cells, labels, weights)
    assert np.array_equal(found, expected)
    assert np.array_equal(anchors_of(found), expected != UNCLASSIFIED)


@given(samples)
def test_weights_are_repetitions(points):
    times = [weight for _, _, _, weight in points]
    cells = np.array([[row, column] for row, column, _, _ in points])
    labels = np.array([label for _, _, label, _ in points])
    repeated = frame_of(
        np.repeat(cells, times, axis=0).reshape(-1, 2), np.repeat(labels, times).astype(np.int64)
    )
    assert np.array_equal(frame_of(cells, labels, times), repeated)
