"""Simulated runs: counted right, and as far from the theorem as chance takes them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_blobs

from layerwise.errors import FileError
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.replay import recipe_document
from layerwise.lattice.simulation import (
    FEWEST_RUNS,
    MOST_RUNS,
    Simulation,
    affordable_runs,
    agreement,
    simulation_replay,
)
from layerwise.trace import Moment
from layerwise.types import UNCLASSIFIED


def chain(rows, columns, lazy):
    """The walk of a colour's origin as a Markov chain: (from, to), cell by cell."""
    step = np.zeros((rows * columns, rows * columns))
    for here in range(rows * columns):
        row, column = divmod(here, columns)
        for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1)
            step[here, there[0] * columns + there[1]] += 0.25
    return 0.5 * (step + np.eye(len(step))) if lazy else step


def some_map(random, classes, share):
    shape = tuple(random.integers(2, 7, 2).tolist())
    frame = random.integers(0, classes, shape).astype(np.uint8)
    frame[random.random(shape) >= share] = UNCLASSIFIED
    frame[0, 0] = 0
    return frame


def surprises(lazy, layers, grids=40, runs=120):
    """The p-values of one cell a grid, so that all are independent, under both walks' powers."""
    random = np.random.default_rng(layers)
    found = {True: [], False: []}
    for number in range(grids):
        frame = some_map(random, 3, 0.7)
        recipe = Recipe(frame=frame, classes=3, seed=1000 * number, lazy=lazy, depth=0)
        counts = Simulation(recipe, frame, runs).counts(layers)
        cell = int(random.integers(frame.size))
        for believed, values in found.items():
            ends = np.linalg.matrix_power(chain(*frame.shape, believed), layers)
            expected = ends[cell] @ (frame.reshape(-1) == 0)
            if 0.04 < expected < 0.96:
                seen = counts[0].reshape(-1)[cell]
                values.append((seen - runs * expected) ** 2 / (runs * expected * (1 - expected)))
    assert len(found[lazy]) > grids / 2
    right, wrong = found[lazy], found[not lazy]
    sizes = stats.chi2.sf(sum(right), len(right)), stats.chi2.cdf(sum(right), len(right))
    return min(sizes), stats.chi2.sf(sum(wrong), len(wrong))


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 7])
def test_a_colour_is_that_of_where_a_random_walk_ends(lazy, layers):
    right, wrong = surprises(lazy, layers)
    assert right > 1e-3
    assert wrong < 1e-4  # another walk is not believed


def test_the_difference_has_its_expected_size():
    random = np.random.default_rng(5)
    squares, expected, wrong = [], [], []
    for number in range(60):
        frame = some_map(random, 3, 1.0)
        maps = (frame.reshape(-1) == np.arange(3)[:, None]).astype(float)
        step = chain(*frame.shape, True)
        after = (maps @ np.linalg.matrix_power(step, 6).T).reshape(3, *frame.shape)
        before = (maps @ np.linalg.matrix_power(step, 2).T).reshape(3, *frame.shape)
        recipe = Recipe(frame=frame, classes=3, seed=77 + 1000 * number, depth=0)
        counts = Simulation(recipe, frame, 64).counts(6)
        found = agreement(counts, after)
        assert found.reached == 1
        squares.append(found.difference**2)
        expected.append(found.expected**2)
        wrong.append(agreement(counts, before).difference ** 2)
    assert sum(squares) == pytest.approx(sum(expected), rel=0.1)
    assert sum(wrong) > 2 * sum(expected)


@pytest.mark.parametrize("runs", [1, 2, 63, 64, 255])
@pytest.mark.parametrize(("classes", "shape"), [(2, (3, 5)), (5, (9, 70)), (9, (4, 129))])
def test_runs_are_counted_one_by_one(runs, classes, shape):
    random = np.random.default_rng(runs)
    frame = random.integers(0, classes, shape).astype(np.uint8)
    frame[random.random(shape) < 0.4] = UNCLASSIFIED
    recipe = Recipe(frame=frame, classes=classes, seed=9, lazy=False, depth=0)
    simulation = Simulation(recipe, frame, runs)
    for layers in (0, 3, 8, 2):
        slow = np.zeros((classes, *shape), int)
        for run in range(runs):
            alone = Recipe(frame=frame, classes=classes, seed=10 + run, lazy=False, depth=0)
            slow += LayerStack(alone).labels(layers) == np.arange(classes)[:, None, None]
        counts = simulation.counts(layers)
        assert counts.dtype == np.uint8
        assert np.array_equal(counts, slow)


@pytest.mark.parametrize(
    "options",
    [
        {"fuzzy_from": "filled"},
        {"fuzzy_from": "points"},
        {"fuzzy_from": "points", "anchored": True},
        {"fuzzy_from": "filled", "rule": "vote", "anchored": True},
    ],
)
def test_a_recording_replays_what_the_classifier_simulates(options):
    X, y = make_blobs(60, centers=3, random_state=1, cluster_std=2)
    model = LatticeClassifier(grid=(20, 66), fuzzy_layers=12, **options).fit(X, y)
    trace = model.trace_
    assert trace.about["simulated_runs"] == MOST_RUNS
    assert trace.where("simulated") == trace.where("probabilities")
    counts = trace["simulated", -1].astype(np.float64)
    with np.errstate(invalid="ignore"):
        shares = (counts / counts.sum(axis=0)).astype(np.float32)
    assert np.array_equal(shares, model.simulate(MOST_RUNS), equal_nan=True)


def test_agreement_is_taken_where_some_run_has_a_class():
    random = np.random.default_rng(0)
    counts = random.integers(0, 9, (4, 31, 47)).astype(np.uint8)
    counts[:, random.random((31, 47)) < 0.3] = 0
    exact = random.dirichlet(np.ones(4), (31, 47)).transpose(2, 0, 1)
    times = counts.sum(axis=0).astype(float)
    seen = times > 0
    away = counts[:, seen] / times[seen] - exact[:, seen]
    variance = exact[:, seen] * (1 - exact[:, seen]) / times[seen]
    found = agreement(counts, exact)
    assert found.difference == pytest.approx(np.sqrt(np.mean(away**2)), rel=1e-5)
    assert found.expected == pytest.approx(np.sqrt(np.mean(variance)), rel=1e-5)
    assert found.reached == pytest.approx(seen.mean())
    nothing = agreement(np.zeros((2, 3, 3), np.uint8), np.full((2, 3, 3), 0.5))
    assert (nothing.difference, nothing.expected, nothing.reached) == (0, 0, 0)


def test_deep_and_large_lattices_get_fewer_runs():
    assert affordable_runs(10_000, 100) == MOST_RUNS
    assert affordable_runs(10**9, 10**6) == FEWEST_RUNS
    sizes = [affordable_runs(640_000, layers) for layers in (0, 100, 1000, 10_000)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 2


@pytest.mark.parametrize("runs", [0, 256, 2.5, None, "64"])
def test_a_broken_recipe_is_refused(runs):
    frame = np.array([[0, 1], [UNCLASSIFIED, 1]], np.uint8)
    layers = recipe_document(LayerStack(Recipe(frame=frame, classes=2, seed=0)).fill())
    with pytest.raises(FileError, match="simulated runs is broken"):
        simulation_replay({"layers": layers, "runs": runs})
    replay = simulation_replay({"layers": layers, "runs": 5})
    assert replay.value(Moment("layer", {"fuzzy": 3})).sum(axis=0).tolist() == [[5, 5], [5, 5]]
    with pytest.raises(FileError):
        replay.value(Moment("layer", {"fuzzy": -3}))
