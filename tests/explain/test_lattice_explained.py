"""The lattice explained: each number against chains, kernels and layers computed another way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError

from layerwise.errors import InputError
from layerwise.explain.lattice import (
    chequerboard,
    lattice_average,
    lattice_density,
    lattice_runs,
    lattice_walk,
)
from layerwise.explain.lattice.average import mean_over_layers
from layerwise.explain.lattice.chequerboard import diagonals_differ, neighbours_differ
from layerwise.explain.lattice.density import bell_width, kernel_density
from layerwise.explain.lattice.walk import walks
from layerwise.explain.lattice.watching import watch
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.diffusion import Diffusion, one_hot
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.types import UNCLASSIFIED


def fitted(grid=(20, 70), lazy=True, start="filled", classes=3):
    X, y = make_blobs(40, centers=classes, cluster_std=2.5, random_state=3)
    options = {"fuzzy_from": start, "fuzzy_layers": 9, "lazy": lazy}
    return LatticeClassifier(grid=grid, **options).fit(X, y)


def chain(rows, columns, lazy):
    """One walker's step as a matrix (from, to)."""
    step = np.zeros((rows * columns, rows * columns))
    for here in range(rows * columns):
        row, column = divmod(here, columns)
        for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1)
            step[here, there[0] * columns + there[1]] += 0.25
    return 0.5 * (step + np.eye(len(step))) if lazy else step


def pair_chain(step):
    """Two walkers' step: apart they step each by itself, on one cell they step together."""
    cells = len(step)
    pairs = np.einsum("ac,bd->abcd", step, step)
    together = np.zeros((cells, cells, cells))
    together[:, np.arange(cells), np.arange(cells)] = step
    pairs[np.arange(cells), np.arange(cells)] = together
    return pairs.reshape(cells * cells, cells * cells)


def same_class(labels, classes):
    """1 for two cells of one class: (cell, cell), for each class."""
    hot = labels.reshape(-1) == np.arange(classes)[:, None]
    return np.einsum("ka,kb->kab", hot, hot).astype(float)


# Runs that are watched


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("columns", [3, 64, 70, 129])
def test_watched_layers_are_those_of_the_lattice(lazy, columns):
    random = np.random.default_rng(columns)
    first = random.integers(0, 3, (7, columns)).astype(np.uint8)
    first[random.random(first.shape) < 0.3] = UNCLASSIFIED
    seen = watch(first, 3, [4, 2**63 + 5], [1, 5, 12], lazy=lazy)
    for run, seed in enumerate([4, 2**63 + 5]):
        stack = LayerStack(Recipe(frame=first, classes=3, seed=seed, lazy=lazy, depth=0))
        counts = np.zeros((3, 7, columns), int)
        for layer in range(1, 13):
            counts += stack.labels(layer) == np.arange(3)[:, None, None]
            if layer in seen.layers:
                place = seen.layers.index(layer)
                assert np.array_equal(seen.labels[run, place], stack.labels(layer))
                assert np.array_equal(seen.times[run, place], counts)


# A colour followed back


@pytest.mark.parametrize("lazy", [True, False])
def test_a_colour_never_changes_on_its_way_back(lazy):
    model = fitted(lazy=lazy)
    for cell in ((0, 0), (11, 40), (19, 69), (5, 64)):
        trace = lattice_walk(model, cell, layers=25, runs=3)
        places = [tuple(trace["place", step].tolist()) for step in range(26)]
        assert places[0] == cell
        shown = {int(trace["labels", step][place]) for step, place in enumerate(places)}
        assert len(shown) == 1
        moves = [abs(a - c) + abs(b - d) for (a, b), (c, d) in pairwise(places)]
        assert max(moves) == 1
        assert np.array_equal(trace["labels", 25], model.labels_)


def test_walks_end_where_the_chain_says():
    model = fitted(grid=(6, 9))
    trace = lattice_walk(model, (2, 3), layers=7, runs=4000)
    exact = np.linalg.matrix_power(chain(6, 9, True), 7)[2 * 9 + 3].reshape(6, 9)
    assert np.abs(trace["end probabilities", 7] - exact).max() < 1e-12
    likely = exact > 5 / 4000
    counted = trace["ends", 7]
    assert counted.sum() == 4000
    expected = np.append(4000 * exact[likely], 4000 * exact[~likely].sum())
    found = np.append(counted[likely], counted[~likely].sum())
    assert stats.chisquare(found, expected).pvalue > 1e-3
    assert stats.chisquare(found, expected[::-1]).pvalue < 1e-6
    shares = [exact[model.labels_ == number].sum() for number in range(3)]
    assert np.allclose(trace["probabilities", 7], shares)
    assert np.isclose(trace["shares", 7].sum(), 1)


def test_walkers_of_one_cell_are_those_of_single_runs():
    seeds = np.array([1, 7, 2**64 - 1], np.uint64)
    together = walks(seeds, (3, 65), 30, (9, 70), lazy=True)
    for number in range(3):
        alone = walks(seeds[number : number + 1], (3, 65), 30, (9, 70), lazy=True)
        assert np.array_equal(together[number], alone[0])


# Means of runs


def test_means_of_runs_are_those_of_the_classifier():
    model = fitted()
    trace = lattice_runs(model, layers=9, most=256)
    assert [moment.at["runs"] for moment in trace.moments] == [1, 4, 16, 64, 256]
    assert np.abs(trace["simulated", 3] - model.simulate(64)).max() < 1e-6
    assert np.abs(trace["simulated", 4] - model.simulate(256)).max() < 1e-6
    exact = trace["probabilities", 0]
    assert np.abs(exact - model.probabilities_).max() < 1e-6
    for place, runs in enumerate([1, 4, 16, 64, 256]):
        away = trace["simulated", place] - exact
        assert float(trace["difference", place]) == pytest.approx(np.sqrt((away**2).mean()))
        expected = np.sqrt((exact * (1 - exact)).mean() / runs)
        assert float(trace["expected", place]) == pytest.approx(expected)
        assert 0.7 < float(trace["difference", place]) / expected < 1.4


# Neighbours


def test_shares_that_differ_are_counted_pair_by_pair():
    labels = np.random.default_rng(0).integers(0, 3, (2, 5, 7))
    sides, corners = [], []
    for run in range(2):
        for row in range(5):
            for column in range(7):
                here = labels[run, row, column]
                for down, right, found in ((0, 1, sides), (1, 0, sides), (1, 1, corners),
                                           (1, -1, corners)):  # fmt: skip
                    if row + down < 5 and 0 <= column + right < 7:
                        found.append(here != labels[run, row + down, column + right])
    assert neighbours_differ(labels) == pytest.approx(np.mean(sides))
    assert diagonals_differ(labels) == pytest.approx(np.mean(corners))


def test_neighbours_differ_as_often_as_two_coupled_walkers_say():
    model = fitted(grid=(4, 5))
    trace = chequerboard(model, layers=(2, 6), runs=1500)
    labels, classes = model.labels_, 3
    same = same_class(labels, classes).sum(axis=0).reshape(-1)
    beside = [(r * 5 + c, r * 5 + c + 1) for r in range(4) for c in range(4)]
    beside += [(r * 5 + c, r * 5 + c + 5) for r in range(3) for c in range(5)]
    for number, lazy in enumerate((False, True)):
        pairs = pair_chain(chain(4, 5, lazy))
        for place, layers in enumerate((2, 6)):
            alike = np.linalg.matrix_power(pairs, layers) @ same
            expected = 1 - np.mean([alike[one * 20 + other] for one, other in beside])
            found = float(trace["neighbours differ", place][number])
            assert found == pytest.approx(expected, abs=0.015)
            apart = Diffusion(one_hot(labels, classes), lazy=lazy).after(layers).reshape(3, -1)
            other = 1 - np.mean([(apart[:, a] * apart[:, b]).sum() for a, b in beside])
            assert float(trace["apart", place][number]) == pytest.approx(other)


def test_always_copying_leaves_a_chequerboard_and_lazy_layers_none():
    X, y = make_blobs(60, centers=3, cluster_std=4, random_state=0)
    model = LatticeClassifier(grid=40, fuzzy_from="filled", fuzzy_layers=5).fit(X, y)
    trace = chequerboard(model, layers=(16, 400), runs=12)
    ratio = trace["neighbours differ", 1] / trace["diagonals differ", 1]
    assert 1.7 < ratio[0] < 2.3
    assert 0.75 < ratio[1] < 0.95


# A long run's average


@pytest.mark.parametrize("lazy", [True, False])
def test_means_over_layers_are_sums_of_single_ones(lazy):
    maps = one_hot(fitted(grid=(6, 9)).labels_, 3)
    diffusion = Diffusion(maps, lazy=lazy)
    slow = np.mean([diffusion.after(layer) for layer in range(1, 41)], axis=0)
    assert np.abs(mean_over_layers(maps, 40, lazy=lazy) - slow).max() < 1e-12


def test_a_long_run_is_worth_what_the_coupled_chain_says():
    """The exact variance of an average, from two walkers that start some layers apart."""
    model = fitted(grid=(3, 4), classes=2)
    labels, cells, length = model.labels_, 12, 16
    trace = lattice_average(model, lengths=[length], groups=10, runs=80)
    for number, lazy in enumerate((False, True)):
        step = chain(3, 4, lazy)
        pairs = pair_chain(step)
        hot = one_hot(labels, 2).reshape(2, -1)
        means = [hot @ np.linalg.matrix_power(step, layer).T for layer in range(length + 1)]
        meets = [same_class(labels, 2).reshape(2, -1)]
        for _ in range(length):
            meets.append(meets[-1] @ pairs.T)
        variance = 0.0
        for early in range(1, length + 1):
            # The later walker goes to the earlier one's layer first, then both go on.
            joint = meets[early].reshape(2, cells, cells)
            for late in range(early, length + 1):
                way = np.linalg.matrix_power(step, late - early)
                both = np.einsum("xa,kax->kx", way, joint)
                covariance = (both - means[late] * means[early]).sum()
                variance += covariance * (1 if early == late else 2)
        variance /= length**2
        mean = np.mean(means[1:], axis=0)
        expected = (mean * (1 - mean)).sum() / variance
        found = trace["effective", 0][number]
        error = found.std(ddof=1) / np.sqrt(len(found))
        assert abs(found.mean() - expected) < 4 * error + 0.02 * expected
        assert error < 0.05 * expected
        assert float(trace["together", 0][number]) == pytest.approx(expected, rel=0.1)


def test_longer_runs_are_worth_few_looks_more():
    trace = lattice_average(fitted(grid=(24, 24)), lengths=(16, 256), groups=4, runs=6)
    short, long = (trace["together", place] for place in (0, 1))
    assert (long > short).all()
    assert (long < 4 * short).all()  # for sixteen times as many layers
    assert short.min() > 1.5 and long.max() < 25
    fading = trace["correlation", 1]
    assert fading.shape == (2, len(trace.site("correlation").entries["lag"]))
    assert (np.abs(fading) < 1.2).all()
    assert fading[1, 0] > fading[1, -1]  # lazy: likeness fades
    assert fading[0, 0] < fading[0, 1]  # always copying: the layer before is of the other net


# A density of points


def test_bells_of_points_add_up_to_a_kernel_density():
    trace = lattice_density(fitted(start="points", grid=(30, 40)), layers=(20, 60, 400))
    differences = [float(trace["difference", place]) for place in range(3)]
    assert differences == sorted(differences, reverse=True)
    assert differences[1] < 0.01 and differences[2] < 0.001
    for place, layers in enumerate((20, 60, 400)):
        width = float(trace["width", place])
        assert width == pytest.approx(np.sqrt(layers / 4))
        assert np.allclose(trace["probabilities", place].sum(axis=0), 1)
        offsets = np.arange(-trace.about["reach"], trace.about["reach"] + 1)
        bell = trace["bell", place] / trace["bell", place].sum()
        assert np.sqrt((bell * offsets**2).sum()) == pytest.approx(width, rel=0.03)
    model = fitted(start="points", grid=(30, 40))
    assert np.abs(lattice_density(model, layers=[9])["probabilities", 0]
                  - model.probabilities_).max() < 1e-6  # fmt: skip


def test_reflected_bells_keep_all_that_they_had():
    cells = np.array([[0, 0], [7, 19], [3, 11]])
    for width in (1.5, 3.0):
        assert kernel_density(cells, (8, 20), width).sum() == pytest.approx(3, rel=1e-3)
    assert bell_width(50, lazy=False) == pytest.approx(5)


# What is refused


def test_the_largest_seed_goes_round():
    model = fitted(grid=(6, 9))
    model.set_params(random_state=2**64 - 1).fit(*make_blobs(40, random_state=0))
    assert model.trace_["simulated", -1].sum() == 64 * 54
    assert np.array_equal(model.trace_["simulated", -1] / np.float32(64), model.simulate(64))
    trace = lattice_walk(model, (2, 3), layers=5, runs=9)
    assert trace["ends", 5].sum() == 9
    assert float(lattice_runs(model, layers=3, most=4)["difference", 1]) > 0
    assert len(chequerboard(model, layers=[2], runs=2)) == 1
    assert len(lattice_average(model, lengths=[2], groups=1, runs=2)) == 1


def test_wrong_questions_are_refused():
    model = fitted(grid=(6, 9))
    for cell in ((6, 0), (0, 9), (-1, 0)):
        with pytest.raises(InputError, match="There is no such cell"):
            lattice_walk(model, cell, layers=3)
    with pytest.raises(InputError, match="needs a layer"):
        lattice_walk(model, (0, 0), layers=0)
    with pytest.raises(InputError, match="go up by four"):
        lattice_runs(model, layers=3, most=100)
    for lengths, runs in (((1, 4), 2), ((), 2), ((4,), 0)):
        with pytest.raises(InputError, match="An average needs"):
            lattice_average(model, lengths=lengths, runs=runs)
    with pytest.raises(NotFittedError):
        chequerboard(LatticeClassifier())
    X, y = make_blobs(30, n_features=3, random_state=0)
    volume = LatticeClassifier(grid=(6, 6, 6)).fit(X, y)
    with pytest.raises(InputError, match="rows and columns"):
        lattice_density(volume)
