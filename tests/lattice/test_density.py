"""Blurred counts: against layers done one by one, and against points left out one by one."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.lattice.clusters.density import Density, background, choose_layers


def spread(counts, layers):
    """Lazy layers, one at a time: half stays, half is the mean of four neighbours."""
    now = counts.astype(float)
    for _ in range(layers):
        padded = np.pad(now, 1, mode="edge")
        mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        now = now / 2 + mean / 2
    return now


def strewn(points, shape, seed=0):
    random = np.random.default_rng(seed)
    cells = random.integers(0, shape[0] * shape[1], points)
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def whole(counts):
    return slice(0, counts.shape[0]), slice(0, counts.shape[1])


@pytest.mark.parametrize("layers", [1, 4, 37])
def test_a_density_is_layers_done_one_by_one(layers):
    counts = strewn(60, (14, 23))
    found = Density.of(counts, layers, whole(counts), 1 / 3)
    assert np.allclose(found.map, spread(counts, layers), rtol=0, atol=1e-12)
    assert found.map.sum() == pytest.approx(60)


@pytest.mark.parametrize("layers", [4, 25])
def test_lone_and_spread_are_those_of_one_point(layers):
    counts = np.zeros((61, 61))
    counts[30, 30] = 1
    found = Density.of(counts, layers, whole(counts), 1 / 3)
    hill = spread(counts, layers)
    assert found.lone == pytest.approx(hill[30, 30], rel=1e-9)
    assert found.spread == pytest.approx(np.sqrt((hill**2).sum()) / 2, rel=1e-9)
    # The formula of a Gaussian hill, σ² = layers / 4.
    assert found.spread == pytest.approx(np.sqrt(1 / (np.pi * layers)) / 2, rel=0.08)


def test_the_root_of_a_density_varies_as_it_says():
    values = []
    for seed in range(40):
        counts = strewn(3000, (60, 60), seed)
        found = Density.of(counts, 16, whole(counts), 1 / 3)
        values.append(np.sqrt(found.map[8:-8:8, 8:-8:8]))
    assert np.std(values) == pytest.approx(found.spread, rel=0.06)


def test_losses_are_those_of_points_left_out_one_by_one():
    counts = strewn(25, (12, 17), seed=3)
    counts[5, 5] += 4
    total = counts.sum()
    _, tried = choose_layers(counts)
    known = {layers: loss for layers, loss in tried if layers < 32}
    assert known
    for layers, loss in known.items():
        worth = 0.0
        for row, column in np.argwhere(counts):
            rest = counts.copy()
            rest[row, column] -= 1
            p = spread(rest, layers)[row, column] / (total - 1)
            p = (1 - 1 / total) * p + 1 / (total * counts.size)
            worth -= counts[row, column] * np.log(p)
        assert loss == pytest.approx(worth / total, abs=1e-9)


def test_the_width_follows_the_data():
    random = np.random.default_rng(0)

    def counts(sigma):
        cells = np.rint(64 + random.normal(0, sigma, (2000, 2))).astype(int).clip(0, 127)
        return np.bincount(cells[:, 0] * 128 + cells[:, 1], minlength=128**2).reshape(128, 128)

    narrow, wide = (choose_layers(counts(sigma).astype(float))[0] for sigma in (4, 16))
    # Silverman's rule for a Gaussian in two dimensions: σ·n^(−1/6), here times two for layers.
    assert narrow == pytest.approx(4 * (4 * 2000 ** (-1 / 6)) ** 2, rel=0.6)
    assert wide == pytest.approx(4 * (16 * 2000 ** (-1 / 6)) ** 2, rel=0.6)


def test_repeated_values_are_blurred_over_their_steps():
    counts = np.zeros((128, 128))
    counts[::8, ::8] = 20
    layers, _ = choose_layers(counts)
    assert layers >= 4 * 8**2


@pytest.mark.parametrize("points", [2, 1])
def test_very_few_points_have_a_density(points):
    counts = np.zeros((16, 16))
    counts[3, 3] = points
    layers, tried = choose_layers(counts)
    assert layers >= 4
    assert tried
    assert Density.of(counts, layers, (slice(3, 4), slice(3, 4)), 1 / 3).map.sum() == (
        pytest.approx(points)
    )


def test_an_even_background_is_found_beside_clusters():
    counts = strewn(1200, (100, 100), seed=1)
    random = np.random.default_rng(2)
    cells = np.rint(random.normal(50, 5, (2000, 2))).astype(int).clip(0, 99)
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    found = Density.of(counts, 80, whole(counts), 1 / 3)
    assert found.background == pytest.approx(0.12, rel=0.15)
    assert found.floor == pytest.approx(3 * found.background)


def test_there_is_no_background_where_nothing_lies():
    counts = np.zeros((100, 100))
    random = np.random.default_rng(2)
    cells = np.rint(random.normal(50, 12, (2000, 2))).astype(int).clip(0, 99)
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    found = Density.of(counts, 60, whole(counts), 1 / 3)
    assert found.background == 0
    assert found.floor == found.near
    assert background(np.zeros((5, 5)), 0.1) == 0
