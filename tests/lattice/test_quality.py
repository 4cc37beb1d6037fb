"""Accuracy, log-loss and calibration error against scikit-learn and a count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss

from layerwise.lattice.quality import BINS, quality


def calibration_error(probabilities, labels):
    """Point by point into the 15 bins of confidence, as its definition says."""
    bins = {}
    for row, label in zip(probabilities, labels, strict=True):
        confidence = max(row)
        right = int(list(row).index(confidence) == label)
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    total = 0.0
    for inside in bins.values():
        confidence, right = np.mean(inside, axis=0)
        total += len(inside) / len(labels) * abs(right - confidence)
    return total


@given(st.integers(0, 2**32), st.integers(2, 6), st.floats(0.05, 5))
def test_against_scikit_learn_and_by_hand(seed, classes, sharpness):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet([sharpness] * classes, 60)
    labels = random.integers(0, classes, 60)
    found = quality(probabilities, labels)
    expected = log_loss(labels, probabilities, labels=range(classes))
    assert found.log_loss == pytest.approx(expected, rel=1e-9)
    assert found.accuracy == accuracy_score(labels, probabilities.argmax(axis=1))
    assert found.calibration_error == pytest.approx(calibration_error(probabilities, labels))


def test_certainty_that_is_wrong_costs_what_scikit_learn_says():
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = quality(probabilities, np.array([0, 0]))
    assert found.log_loss == pytest.approx(log_loss([0, 0], probabilities, labels=[0, 1]))
    assert found.accuracy == 0.5
    assert found.calibration_error == pytest.approx(0.5)


def test_no_loss_has_no_sign():
    assert f"{quality(np.eye(2), np.array([0, 1])).log_loss:.3f}" == "0.000"


def test_calibrated_by_construction():
    probabilities = np.tile([0.75, 0.25], (4, 1))
    assert quality(probabilities, np.array([0, 0, 0, 1])).calibration_error == pytest.approx(0)
    assert quality(probabilities, np.array([0, 0, 1, 1])).calibration_error == pytest.approx(0.25)
