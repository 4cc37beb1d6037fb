"""The theorem: what copying does on average, against loops, matrices and the simulation itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from layerwise.lattice.diffusion import (
    TRACE_OF_EVIDENCE,
    Diffusion,
    Powers,
    WalkTable,
    anchored_average,
    conditional,
    eigenvalues,
    fallback_maps,
    one_hot,
    own_share,
    strongest,
)
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.types import UNCLASSIFIED

RUNS = 3000


def averaged(maps, layers, lazy, anchors=None):
    """The T-fold average over neighbours, term by term, the edge repeated."""
    now = maps
    for _ in range(layers):
        padded = np.pad(now, ((0, 0), (1, 1), (1, 1)), mode="edge")
        around = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
        around = (around + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]) / 4
        new = (now + around) / 2 if lazy else around
        now = new if anchors is None else np.where(anchors, now, new)
    return now


def walk_matrix(rows, columns, lazy):
    """The walk on the grid with its edges, cell by cell: (from, to)."""
    step = np.zeros((rows * columns, rows * columns))
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            for down, across in ((-1, 0), (0, 1), (1, 0), (0, -1)):
                there_row = min(max(row + down, 0), rows - 1)
                there_column = min(max(column + across, 0), columns - 1)
                step[here, there_row * columns + there_column] += 0.25
    return (np.eye(len(step)) + step) / 2 if lazy else step


def start_map(shape=(6, 9), share=0.6, seed=4):
    random = np.random.default_rng(seed)
    frame = random.integers(0, 3, shape).astype(np.uint8)
    frame[random.random(shape) >= share] = UNCLASSIFIED
    return frame


# The exact average


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.one_of(st.integers(0, 6), st.sampled_from([31, 64])),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_any_depth_equals_the_loop(rows, columns, layers, lazy, seed):
    maps = np.random.default_rng(seed).random((2, rows, columns))
    found = Diffusion(maps, lazy=lazy).after(layers)
    assert np.abs(found - averaged(maps, layers, lazy)).max() < 1e-12


@pytest.mark.parametrize("lazy", [False, True])
def test_depths_may_be_asked_in_any_order(lazy):
    maps = one_hot(start_map(), 3)
    diffusion = Diffusion(maps, lazy=lazy)
    for layers in (9, 0, 300, 1, 9, 2):
        assert np.abs(diffusion.after(layers) - averaged(maps, layers, lazy)).max() < 1e-12


def test_great_depth_tends_to_the_mean():
    maps = one_hot(start_map(), 3)
    after = Diffusion(maps, lazy=True).after(10**7)
    assert np.abs(after - maps.mean(axis=(1, 2), keepdims=True)).max() < 1e-12


@pytest.mark.parametrize("lazy", [False, True])
def test_eigenvalues_are_those_of_the_walk(lazy):
    rows, columns = 4, 7
    expected = np.linalg.eigvalsh(walk_matrix(rows, columns, lazy))
    found = np.sort(eigenvalues((rows, columns), lazy).reshape(-1))
    assert np.abs(found - expected).max() < 1e-12


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6), st.integers(0, 50))
def test_powers(numbers, exponent):
    found = Powers(np.array(numbers)).to(exponent)
    assert np.allclose(found, np.array(numbers) ** exponent, rtol=1e-12, atol=1e-300)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 8), st.integers(1, 8), st.integers(0, 12), st.booleans(), st.integers(0, 2**32)
)
def test_anchors_are_kept_through_the_average(rows, columns, layers, lazy, seed):
    random = np.random.default_rng(seed)
    maps, anchors = random.random((2, rows, columns)), random.random((rows, columns)) < 0.4
    before = maps.copy()
    found = anchored_average(maps, anchors, layers, lazy=lazy)
    assert np.abs(found - averaged(maps, layers, lazy, anchors)).max() < 1e-12
    assert np.array_equal(maps, before)


# The walk and a cell's own share


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("layers", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("shape", [(4, 5), (1, 6), (5, 1), (1, 1), (2, 2)], ids=str)
def test_own_share_equals_the_power_of_the_walk(shape, layers, lazy):
    rows, columns = shape
    random = np.random.default_rng(1)
    cells = np.argwhere(random.random(shape) < 0.4)
    cells = cells if len(cells) else np.zeros((1, 2), np.int64)
    origins = random.integers(-1, len(cells), shape).astype(np.int32)
    power = np.linalg.matrix_power(walk_matrix(rows, columns, lazy), layers)
    share = np.full(len(cells), -7.0)
    own_share(origins, WalkTable(shape, lazy=lazy).after(layers), cells, share)
    for number, (row, column) in enumerate(cells):
        territory = origins.reshape(-1) == number
        expected = power[row * columns + column, territory].sum()
        assert abs(share[number] - expected) < 1e-12


@pytest.mark.parametrize("lazy", [False, True])
def test_the_walk_is_a_probability(lazy):
    for layers in (0, 1, 5, 1000):
        ends = WalkTable((5, 8), lazy=lazy).after(layers)
        assert ends.shape[0] <= 10 and ends.shape[1] <= 16
        assert ends.min() >= 0
        assert abs(ends.sum() - 1) < 1e-12


@pytest.mark.parametrize("layers", [3, 60])
def test_a_walk_that_comes_less_far_has_a_smaller_table(layers):
    shape = (150, 211)
    cells = np.array([[0, 0], [75, 100], [149, 210], [3, 207]])
    origins = np.random.default_rng(0).integers(-1, 4, shape).astype(np.int32)
    table = WalkTable(shape, lazy=True).after(layers)
    assert table.size < 4 * 150 * 211 / 2
    share = np.empty(4)
    own_share(origins, table, cells, share)
    for number, (row, column) in enumerate(cells):
        start = np.zeros((1, *shape))
        start[0, row, column] = 1  # the average is symmetric: from the cell or to the cell
        expected = Diffusion(start, lazy=True).after(layers)[0][origins == number].sum()
        assert abs(share[number] - expected) < 1e-12


# Given that a cell is classified


def test_conditional_probabilities_by_hand():
    spread = np.array([[[0.3, 0.0, 1e-12]], [[0.1, 0.0, 0.0]]])
    fallback = np.array([[[0.2, 0.9, 0.0]], [[0.8, 0.1, 1.0]]])
    found = conditional(spread, fallback)
    assert np.abs(found[:, 0, 0] - [0.75, 0.25]).max() < 1e-11
    assert np.abs(found[:, 0, 1] - [0.9, 0.1]).max() < 1e-15
    assert np.abs(found[:, 0, 2] - 0.5).max() < 1e-12  # as much evidence as its trace
    assert np.abs(found.sum(axis=0) - 1).max() < 1e-15


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_evidence_outweighs_the_fallback(spread):
    maps = np.array(spread).reshape(3, 2, 1) / 3
    found = conditional(maps, np.full((3, 1, 1), 1 / 3))
    total = maps.sum(axis=0)
    assert np.allclose(found.sum(axis=0), 1, rtol=0, atol=1e-12)
    known = total > 1e-6
    exact = maps / np.where(known, total, 1)
    gap = np.abs(found - exact)[:, known]
    assert (gap <= TRACE_OF_EVIDENCE / total[known] + 1e-15).all()


def test_without_evidence_the_filled_map_is_doubted_by_its_error():
    labels = np.array([[0, 1, 2]], np.uint8)
    frequencies = np.array([0.5, 0.3, 0.2])
    found = fallback_maps(labels, frequencies, 0.25)
    expected = 0.75 * np.eye(3) + 0.25 * frequencies[:, None]
    assert np.allclose(found[:, 0], expected, rtol=0, atol=1e-15)


def test_of_equal_classes_the_first_is_strongest():
    maps = np.array([[[0.4, 0.2]], [[0.4, 0.5]], [[0.2, 0.3]]])
    assert strongest(maps).tolist() == [[0, 1]]
    assert strongest(maps).dtype == np.uint8


# The simulation


def simulated(recipe, layers):
    """How often each cell showed each class, or none, over many seeds: (class or none, row, …)."""
    tally = np.zeros((4, *recipe.grid), np.int64)
    for seed in range(RUNS):
        from_seed = Recipe(**{**recipe.__dict__, "seed": 1_000_003 * seed + 7})
        shown = LayerStack(from_seed).labels(layers).astype(int)
        shown[shown == UNCLASSIFIED] = 3
        for label in range(4):
            tally[label] += shown == label
    return tally


@pytest.mark.parametrize("anchored", [False, True], ids=["free", "anchored"])
@pytest.mark.parametrize("lazy", [False, True], ids=["not lazy", "lazy"])
@pytest.mark.parametrize(("start", "share"), [("filled", 1.0), ("points", 0.4)])
def test_frequencies_are_those_of_the_average(start, share, lazy, anchored):
    frame = start_map((5, 70), share)
    # Depth 0: all layers are fuzzy ones from this frame, whose unclassified cells are one more
    # state where the start is "points".
    held = np.zeros(frame.shape, bool)
    held[1, 2::5] = True
    recipe = Recipe(
        frame=frame, classes=3, seed=0, lazy=lazy, anchored=anchored, depth=0, held=held
    )
    layers = 5
    maps = np.concatenate([one_hot(frame, 3), (frame == UNCLASSIFIED)[None].astype(float)])
    if anchored:
        exact = anchored_average(maps, held, layers, lazy=lazy)
    else:
        exact = Diffusion(maps, lazy=lazy).after(layers)
    tally = simulated(recipe, layers)
    assert not tally[exact < 1e-12].any()  # what cannot be never was
    # Each cell's standard error, all together: a cell that is off by more than the largest of so
    # many normal numbers would be, or a sum of squares beyond what chance allows.
    spread = np.sqrt(exact * (1 - exact) / RUNS)
    open_cells = (exact > 0.02) & (exact < 0.98)
    score = ((tally / RUNS - exact) / np.where(spread > 0, spread, 1))[open_cells]
    assert open_cells.sum() > 400
    assert np.abs(score).max() < stats.norm.isf(1e-7 / 2)
    # Neighbouring cells are not independent, so that the sum of squares spreads more widely than
    # a chi-square of as many degrees of freedom: a tenth is far beyond what is seen.
    assert abs((score**2).mean() - 1) < 0.2
    # Averaged over all cells a wrong depth would show, and so would a wrong direction.
    for other in (layers - 1, layers + 1):
        if anchored:
            wrong = anchored_average(maps, held, other, lazy=lazy)
        else:
            wrong = Diffusion(maps, lazy=lazy).after(other)
        off = ((tally / RUNS - wrong) / np.where(spread > 0, spread, 1))[open_cells]
        assert (off**2).mean() > 2
