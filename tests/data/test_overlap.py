"""The mixture of overlapping classes, against its definition, scipy and a large sample."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from layerwise.data import load
from layerwise.data.overlap import SCALE, SHARES, SHIFTS, overlap_bayes, overlap_density
from layerwise.errors import InputError


def centres(count: int) -> np.ndarray:
    """The middles of count × count cells of the square, x first."""
    middles = (np.arange(count) + 0.5) * 2 / count
    return np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1).reshape(-1, 2)


def test_the_shifts_are_those_of_the_published_program() -> None:
    source = random.Random(82431)
    assert [source.random() for _ in range(8)] == [number for shift in SHIFTS for number in shift]
    assert math.isclose(sum(SHARES), 1)


def test_the_density_is_the_wrapped_logistic() -> None:
    points = np.random.default_rng(0).random((50, 2)) * 2
    k = np.arange(-40, 41)
    for label, (share, shift) in enumerate(zip(SHARES, SHIFTS, strict=True)):
        expected = np.full(50, share / 4)
        for axis in (0, 1):
            away = points[:, axis, None] - shift[axis] + k
            expected *= stats.logistic.pdf(away, scale=SCALE).sum(axis=1)
        np.testing.assert_allclose(overlap_density(points)[:, label], expected, rtol=1e-13)


def test_the_density_integrates_to_the_shares() -> None:
    # the sum over equal cells is exact for smooth periodic functions
    mass = overlap_density(centres(200)).sum(axis=0) * (2 / 200) ** 2
    np.testing.assert_allclose(mass, SHARES, rtol=1e-12)


def test_the_posterior_is_a_probability_with_period_one() -> None:
    points = centres(20)
    posterior = overlap_bayes(points)
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(overlap_bayes(points + np.array([1, -3])), posterior, rtol=1e-9)
    with pytest.raises(InputError, match=r"Points are finite numbers of shape \(sample, 2\)"):
        overlap_bayes([1.0, 2.0])


def test_a_large_sample_follows_the_density_and_the_posterior() -> None:
    data = load("overlap", size=200_000, seed=11)
    labels = data.require_labels()
    assert data.features.min() >= 0
    assert data.features.max() < 2
    cells = (data.features * 5).astype(int) @ [10, 1]
    found = np.stack([np.bincount(cells[labels == c], minlength=100) for c in range(4)], axis=1)
    # 20 × 20 points in each cell of 10 × 10
    blocks = overlap_density(centres(200)).reshape(10, 20, 10, 20, 4).mean(axis=(1, 3))
    expected = blocks.reshape(100, 4) * (2 / 10) ** 2 * len(data)
    assert stats.chisquare(found.ravel(), expected.ravel()).pvalue > 0.001
    assert stats.chisquare(found.sum(axis=0), np.array(SHARES) * len(data)).pvalue > 0.001


def test_the_best_possible_accuracy() -> None:
    density = overlap_density(centres(400))
    best = density.max(axis=1).sum() * (2 / 400) ** 2
    assert round(best, 3) == 0.447
    data = load("overlap", size=100_000, seed=3)
    hits = overlap_bayes(data.features).argmax(axis=1) == data.require_labels()
    assert abs(hits.mean() - best) < 4 * math.sqrt(best * (1 - best) / len(data))


def test_the_sample_is_that_of_the_published_procedure() -> None:
    """Points on the lattice of shifts, folded as the original folds them, against ours."""
    source = np.random.default_rng(8)
    steps = np.arange(-6, 7)
    h, k = (np.tile(axis.ravel(), 400) for axis in np.meshgrid(steps, steps))
    labels = source.choice(4, size=h.size, p=SHARES)
    uniform = source.random((h.size, 2))
    places = (
        np.array(SHIFTS)[labels] + np.stack([h, k], 1) + SCALE * np.log(uniform / (1 - uniform))
    )
    kept = (np.abs(places) < 3).all(axis=1)
    folded = 1 + places[kept] - np.trunc(places[kept])
    ours = load("overlap", size=60_000, seed=1).features
    for axis in (0, 1):
        assert stats.ks_2samp(folded[:, axis], ours[:, axis]).pvalue > 0.001
    assert stats.ks_2samp(folded @ [1, 1], ours @ [1, 1]).pvalue > 0.001
