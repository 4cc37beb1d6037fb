"""From data to cells and back: inverse, monotone, weighted, and equal in both of its forms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from layerwise.errors import UnknownNameError
from layerwise.lattice.mapping import KINDS, MOST_KNOTS, AxisMapping, GridMapping

KIND = st.sampled_from(KINDS)
numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
columns_of_data = st.lists(numbers, min_size=2, max_size=40).map(np.array)
widely = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e300, -1e300, 1e308, -1e308, 5e-324, 0.0, -0.0]),
)


def axis(values, kind="linear", margin=0.05, weights=None):
    data = np.asarray(values, float)
    mass = np.ones(len(data)) if weights is None else np.asarray(weights, float)
    return AxisMapping.fit(data, mass, kind, margin)


def grid_of(x, y, kind="linear", grid=(30, 50), margin=0.05):
    points = np.stack([np.asarray(x, float), np.asarray(y, float)], axis=1)
    return GridMapping.fit(points, np.ones(len(points)), grid, kind, margin)


@settings(deadline=None)
@given(columns_of_data, KIND, st.sampled_from([0.0, 0.05, 0.3]))
def test_there_and_back_stays_within_a_cell(data, kind, margin):
    mapping = axis(data, kind, margin)
    cells = 400
    middles = (np.arange(cells) + 0.5) / cells
    back = mapping.positions(mapping.values(middles))
    if kind == "quantile" and margin == 0:
        assert np.abs(back - middles).max() < 1e-6
    assert np.array_equal(np.floor(back * cells), np.arange(cells))
    inside = mapping.positions(data)
    again = mapping.positions(mapping.values(inside))
    assert np.abs(again - inside).max() * cells < 1e-3


@settings(deadline=None)
@given(columns_of_data, KIND, st.lists(widely, min_size=2, max_size=30))
def test_the_order_is_kept(data, kind, values):
    positions = axis(data, kind).positions(np.sort(values))
    assert not np.isnan(positions).any()
    bounded = np.clip(positions, -1e9, 1e9)
    assert (np.diff(bounded) >= -1e-12 * np.maximum(np.abs(bounded[1:]), 1)).all()


@given(columns_of_data, st.sampled_from([0.0, 0.05, 0.3]))
def test_linear_leaves_the_stated_margin(data, margin):
    assume(np.ptp(data) > 1e-3)
    mapping = axis(data, "linear", margin)
    low, high = mapping.positions(np.array([data.min(), data.max()]))
    assert low == pytest.approx(margin / (1 + 2 * margin), abs=1e-8)
    assert high == pytest.approx(1 - margin / (1 + 2 * margin), abs=1e-8)


def test_quantiles_are_the_share_of_the_data():
    data = np.random.default_rng(0).exponential(size=500)
    found = axis(data, "quantile", margin=0.1).positions(data)
    ranks = (stats.rankdata(data) - 1) / 499
    assert np.allclose(found, 0.1 + 0.8 * ranks, rtol=0, atol=1e-12)
    repeated = np.array([1.0, 1.0, 1.0, 2.0, 5.0])
    # Middles of the steps of the cumulative share: .3, .7, .9.
    positions = axis(repeated, "quantile", margin=0.0).positions(repeated)
    assert np.allclose(positions, [0, 0, 0, 4 / 6, 1])


def test_many_quantiles_are_thinned():
    data = np.random.default_rng(0).normal(size=20_000)
    mapping = axis(data, "quantile", margin=0.0)
    assert len(mapping.knots) <= MOST_KNOTS
    ranks = (stats.rankdata(data) - 1) / (len(data) - 1)
    assert np.abs(mapping.positions(data) - ranks).max() < 1.5 / MOST_KNOTS
    assert mapping.positions(np.array([data.min(), data.max()])).tolist() == [0, 1]


def test_logistic_is_the_logistic_distribution_function():
    data = np.random.default_rng(0).normal(3, 2, size=400)
    mapping = axis(data, "logistic")
    scale = data.std() * np.sqrt(3) / np.pi
    expected = stats.logistic.cdf(data, data.mean(), scale)
    assert np.allclose(mapping.positions(data), expected, rtol=0, atol=1e-12)


@given(columns_of_data, KIND, st.data())
def test_weights_are_repetitions(data, kind, draw):
    times = draw.draw(st.lists(st.integers(0, 3), min_size=len(data), max_size=len(data)))
    assume(sum(times))
    weighted = axis(data, kind, weights=times)
    repeated = axis(np.repeat(data, times), kind)
    assert weighted.kind == repeated.kind
    for name in ("knots", "places"):
        one, other = getattr(weighted, name), getattr(repeated, name)
        scale = max(np.abs(one).max(initial=0), 1e-9)
        assert np.allclose(one, other, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 3.5, -1e9, 1e100, -1e140, 1e-300])
def test_a_constant_axis_gets_room_around_its_value(value, kind):
    mapping = axis([value] * 4, kind)
    assert mapping.kind == "linear"
    assert mapping.knots[1] > mapping.knots[0]
    assert mapping.positions(np.array([value]))[0] == pytest.approx(0.5, abs=1e-3)
    if abs(value) < 10:
        assert mapping.knots[1] - mapping.knots[0] == pytest.approx(1.1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("low", "high"), [(0, 5e-324), (0, 1e-310), (-1e-200, 1e-160), (0, 1e-140), (-1e140, 1e140)]
)
def test_tiny_and_huge_ranges_never_give_nan(low, high, kind):
    mapping = grid_of([low, high, low], [high, low, low], kind)
    far = np.array([low, high, 0, 1e308, -1e308, 1e-320])
    points = np.stack([far, far[::-1]], axis=1)
    assert not np.isnan(mapping.horizontal.positions(far)).any()
    cells, _ = mapping.cells(points)
    assert np.array_equal(mapping.flat_cells(points), cells[:, 0] * 50 + cells[:, 1])
    assert not np.isnan(mapping.column_values()).any()


def test_the_first_axis_goes_right_and_the_second_up():
    mapping = grid_of([0, 10], [0, 10], margin=0.0, grid=(10, 20))
    points = np.array([[0.1, 0.1], [9.9, 0.1], [0.1, 9.9], [5.2, 5.2]])
    cells, outside = mapping.cells(points)
    assert cells.tolist() == [[9, 0], [9, 19], [0, 0], [4, 10]]
    assert not outside.any()
    assert mapping.column_values() == pytest.approx(np.arange(20) / 2 + 0.25)
    assert mapping.row_values() == pytest.approx(9.5 - np.arange(10))


def test_points_beyond_the_grid_are_clipped_and_counted():
    mapping = grid_of([0, 10], [0, 10], margin=0.0, grid=(10, 10))
    points = np.array([[-1, 5], [11, 5], [5, -0.001], [5, 10.001], [0, 0], [10, 10], [5, 5]])
    cells, outside = mapping.cells(points)
    assert outside.tolist() == [True, True, True, True, False, False, False]
    assert cells[:4].tolist() == [[5, 0], [5, 9], [9, 5], [0, 5]]
    assert cells[4:6].tolist() == [[9, 0], [0, 9]]


@settings(deadline=None)
@given(
    st.tuples(widely, widely).filter(lambda pair: max(map(abs, pair)) < 1e140),
    st.tuples(numbers, numbers),
    st.lists(st.tuples(widely, widely), min_size=1, max_size=20),
    KIND,
    st.sampled_from([(2, 2), (30, 50), (7, 1000)]),
)
def test_both_forms_give_the_same_cells(x, y, points, kind, grid):
    mapping = grid_of(x, y, kind, grid)
    places = np.array(points)
    cells, _ = mapping.cells(places)
    assert (cells >= 0).all() and (cells < grid).all()
    assert np.array_equal(mapping.flat_cells(places), cells[:, 0] * grid[1] + cells[:, 1])


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("grid", [(10, 10), (37, 113), (400, 400), (1000, 3)], ids=str)
def test_on_the_very_edges_both_forms_give_the_same_cells(grid, margin):
    mapping = grid_of([-0.3, 0.7, 0.1], [2.0, 3.3, 2.2], grid=grid, margin=margin)
    across = mapping.horizontal.values(np.arange(grid[1] + 1) / grid[1])
    up = mapping.vertical.values(np.arange(grid[0] + 1) / grid[0])
    around = [np.nextafter(across, -np.inf), across, np.nextafter(across, np.inf)]
    x = np.concatenate([*around, np.full(3 * len(up), 0.123)])
    rise = [np.nextafter(up, -np.inf), up, np.nextafter(up, np.inf)]
    y = np.concatenate([np.full(3 * len(across), 2.345), *rise])
    points = np.stack([x, y], axis=1)
    cells, _ = mapping.cells(points)
    assert np.array_equal(mapping.flat_cells(points), cells[:, 0] * grid[1] + cells[:, 1])


def test_points_laid_out_otherwise_give_the_same_cells():
    mapping = grid_of([0, 1], [0, 1])
    points = np.random.default_rng(0).random((60, 4))
    view = points[::2, 1:3]
    assert np.array_equal(mapping.flat_cells(view), mapping.flat_cells(view.copy()))
    frozen = view.copy()
    frozen.flags.writeable = False
    assert np.array_equal(mapping.flat_cells(frozen), mapping.flat_cells(view))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mapping_survives_as_json(kind):
    mapping = grid_of([0.1, 0.7, 3], [5, 2, 9], kind)
    document = json.loads(json.dumps(mapping.document()))
    again = GridMapping.from_document(document, (30, 50))
    points = np.random.default_rng(0).uniform(-2, 12, (200, 2))
    assert np.array_equal(again.flat_cells(points), mapping.flat_cells(points))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "cubic"},
        {"knots": [1.0]},
        {"knots": [2.0, 1.0]},
        {"knots": [0.0, float("inf")]},
        {"knots": [0.0, float("nan")]},
        {"knots": [0.0, 1.0, 2.0]},
        {"places": [1.0, 0.0]},
        {"places": [0.0, float("nan")]},
        {"places": [0.0, float("inf")]},
        {"knots": [[0.0, 1.0]]},
        {"kind": "logistic", "knots": [1.0, -1.0]},
        {"kind": "logistic", "knots": [1.0, 1.0, 1.0]},
        {"kind": "linear", "knots": [0.0, 1.0, 2.0], "places": [0.0, 0.5, 1.0]},
        {"kind": "linear", "places": [0.0, 2.0]},
        {"kind": "quantile", "places": [-0.5, 1.0]},
        {"knots": [0.0, 1e-310]},
        {"knots": [-1.7e308, 1.7e308]},
    ],
    ids=str,
)
def test_a_document_that_is_no_mapping_is_refused(change):
    document = grid_of([0, 1], [0, 1]).document()
    document["vertical"] = document["vertical"] | change
    with pytest.raises(ValueError, match="the vertical axis is no mapping"):
        GridMapping.from_document(document, (30, 50))


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        axis([1, 2], "quantil")
    assert str(caught.value) == "Unknown mapping 'quantil'. Did you mean 'quantile'?"
