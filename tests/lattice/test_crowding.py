"""Points that share a cell: who is mixed, where they go, and what it is good for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layerwise as lw
from layerwise.lattice.crowding import mixed_share, roomy_share, spread_points
from layerwise.lattice.quality import quality


def test_mixed_share_counts_weight_in_cells_of_several_classes() -> None:
    cells = np.array([[0, 0], [0, 0], [0, 1], [0, 1], [1, 1]])
    labels = np.array([0, 1, 2, 2, 0])
    assert mixed_share(cells, labels, np.ones(5), (2, 2)) == pytest.approx(2 / 5)
    assert mixed_share(cells, labels, np.array([1, 0, 1, 1, 1.0]), (2, 2)) == 0
    assert mixed_share(cells, labels, np.array([3, 1, 1, 1, 2.0]), (2, 2)) == pytest.approx(4 / 8)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(2, 12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(0, 2)), min_size=1),
)
def test_every_point_gets_a_cell_of_its_own_where_there_is_room(rows, columns, points) -> None:
    given_points = np.array(points)
    cells = np.stack([given_points[:, 0] % rows, given_points[:, 1] % columns], axis=1)
    labels = given_points[:, 2]
    placed, names, weights = spread_points(
        cells, labels, np.ones(len(cells)), (rows, columns), classes=3
    )
    assert (placed >= 0).all() and (placed < [rows, columns]).all()
    assert weights.sum() == pytest.approx(len(cells))
    for label in range(3):
        assert weights[names == label].sum() == pytest.approx(np.count_nonzero(labels == label))
    flat = placed[:, 0] * columns + placed[:, 1]
    if len(placed) <= rows * columns // 4:
        assert len(np.unique(flat)) == len(flat)
    # The first cells stay taken: each place that was measured is shown.
    assert set((cells[:, 0] * columns + cells[:, 1]).tolist()) <= set(flat.tolist())


def test_points_go_to_the_nearest_free_cells() -> None:
    placed, _, _ = spread_points(
        np.full((9, 2), 10), np.zeros(9, np.int64), np.ones(9), (40, 40), classes=1
    )
    assert sorted(map(tuple, (placed - 10).tolist())) == [
        (down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)
    ]


def test_order_does_not_matter_and_weights_are_repetitions() -> None:
    rng = np.random.default_rng(0)
    cells, labels = rng.integers(10, 14, (60, 2)), rng.integers(0, 3, 60)
    weights = rng.integers(0, 4, 60).astype(float)
    once = spread_points(cells, labels, weights, (60, 60), 3)
    again = np.repeat(np.arange(60), weights.astype(int))
    rng.shuffle(again)
    many = spread_points(cells[again], labels[again], np.ones(len(again)), (60, 60), 3)
    for one, other in zip(once, many, strict=True):
        assert np.array_equal(one, other)


def test_classes_of_one_cell_lie_mixed() -> None:
    cells = np.full((400, 2), 50)
    labels = np.repeat([0, 1], 200)
    placed, names, _ = spread_points(cells, labels, np.ones(400), (101, 101), 2)
    near = np.hypot(*(placed - 50).T) < 6
    assert 0.35 < names[near].mean() < 0.65


def steps(size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole numbers 0 to 4 on both axes, and a class whose probability depends on their sum."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 5, (size, 2))
    p = 1 / (1 + np.exp(-(X.sum(axis=1) - 4)))
    return X.astype(float), (rng.random(size) < p).astype(int), p


def test_coarse_measurements_keep_their_doubt() -> None:
    X, y, _ = steps(1500, 0)
    fresh, truth, p = steps(20_000, 1)
    model = lw.LatticeClassifier(grid=200).fit(X, y)
    assert model.spread_
    found = quality(model.predict_proba(fresh), truth)
    best = quality(np.stack([1 - p, p], axis=1), truth)
    assert found.log_loss < 1.05 * best.log_loss
    assert found.calibration_error < 0.04
    hidden = lw.LatticeClassifier(grid=200, crowded="majority").fit(X, y)
    assert not hidden.spread_
    other = quality(hidden.predict_proba(fresh), truth)
    assert found.log_loss < other.log_loss
    assert found.calibration_error < 0.6 * other.calibration_error
    assert "points that share a cell stand in the nearest free ones" in model.trace_.notes


def test_a_crowd_has_room_up_to_half_the_way_to_the_next() -> None:
    # Discs of radius 5 hold 78 cells, balls 523, and in a row 10 lie so near.
    for grid, holds in (((60, 60), 78), ((60, 60, 60), 523), ((1, 60), 10)):
        here, there = np.full(len(grid), 20), np.full(len(grid), 20)
        here[0] = there[0] = 20 if grid[0] > 1 else 0
        there[-1] += 10
        for count, share in ((holds, 1), (holds + 1, 1 / (holds + 2))):
            cells = np.array([here] * count + [there])
            assert roomy_share(cells, np.ones(len(cells)), grid) == pytest.approx(share)
    assert roomy_share(np.zeros((9, 2), int), np.ones(9), (4, 4)) == 1


@pytest.mark.parametrize(("size", "grid"), [(1000, (16, 16)), (3000, (16, 16, 16))])
def test_points_too_many_for_their_grid_are_not_pushed_about(size, grid) -> None:
    rng = np.random.default_rng(3)
    centers = 1.2 * rng.normal(size=(4, len(grid)))
    truth = rng.integers(0, 4, 2 * size)
    points = centers[truth] + rng.normal(size=(2 * size, len(grid)))
    X, y, fresh, answers = points[:size], truth[:size], points[size:], truth[size:]
    model = lw.LatticeClassifier(grid=grid).fit(X, y)
    assert not model.spread_
    pushed = lw.LatticeClassifier(grid=grid, crowded="spread").fit(X, y)
    found = quality(model.predict_proba(fresh), answers)
    assert found.log_loss < quality(pushed.predict_proba(fresh), answers).log_loss
    scores = -((fresh[:, None] - centers) ** 2).sum(axis=2) / 2
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    best = quality(powers / powers.sum(axis=1, keepdims=True), answers)
    assert found.log_loss < 1.2 * best.log_loss


def test_fine_measurements_are_not_spread() -> None:
    data = lw.data.load("overlap", size=1000)
    assert not lw.LatticeClassifier(grid=200, fuzzy_layers=5).fit(data.X, data.labels).spread_


def test_spread_model_is_kept(tmp_path) -> None:
    X, y, _ = steps(300, 2)
    model = lw.LatticeClassifier(grid=80).fit(X, y)
    loaded = lw.load(model.save(tmp_path / "m.lw"))
    assert loaded.spread_
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.trace_.notes == model.trace_.notes
