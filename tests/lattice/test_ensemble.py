"""The ensemble of lattices: arithmetic against plain NumPy, answers against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine, make_blobs
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.ensemble.axes import Axes
from layerwise.lattice.ensemble.boosting import (
    Settings,
    add_up,
    boost,
    candidate_pairs,
    derivatives,
    row_keys,
)
from layerwise.lattice.ensemble.classifier import LatticeEnsembleClassifier
from layerwise.lattice.projection import discriminants, principal_axes

WINE = load_wine(return_X_y=True)


def average(maps: np.ndarray, layers: int) -> np.ndarray:
    """So many lazy layers' average over four neighbours, one layer after the other."""
    for _ in range(layers):
        wide = np.pad(maps, [(0, 0), (1, 1), (1, 1)], mode="edge")
        around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
        maps = maps / 2 + around / 8
    return maps


@pytest.fixture(scope="module")
def wine() -> LatticeEnsembleClassifier:
    return LatticeEnsembleClassifier(rounds=40).fit(*WINE)


def test_the_score_is_the_prior_and_the_sum_of_the_members(wine) -> None:
    X, y = WINE
    cells = wine.axes_.cells(X)
    scores = np.tile(np.log(np.bincount(y) / len(y)), (len(X), 1))
    for member in wine.members_:
        across, up = member.pair
        scores += member.scores[:, cells[up], cells[across]].T
    assert np.allclose(wine.decision_function(X), scores, atol=1e-5)
    powers = np.exp(scores)
    assert np.allclose(wine.predict_proba(X), powers / powers.sum(axis=1, keepdims=True), atol=1e-5)
    assert sum(pair.members for pair in wine.pairs_) == len(wine.members_)
    assert [pair.weight for pair in wine.pairs_] == sorted(
        (pair.weight for pair in wine.pairs_), reverse=True
    )
    first = wine.pairs_[0]
    moved = first.scores[:, cells[first.axes[1]], cells[first.axes[0]]]
    assert first.weight == pytest.approx(np.sqrt(np.mean(moved**2)), rel=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_one_round_is_newtons_step_on_the_spread_sums(classes) -> None:
    rng = np.random.default_rng(classes)
    cells = rng.integers(0, 16, (2, 90)).astype(np.int16)
    cells[0, :5] = -1
    labels, weights = rng.integers(0, classes, 90), rng.uniform(0.5, 2, 90)
    settings = Settings(16, 1, 0.3, (6,), 1, 1.0, 1.5, 0)
    prior, members = boost(cells, labels, weights, row_keys(rng.normal(size=(90, 2))), classes,
                           settings)  # fmt: skip
    truth = np.eye(classes)[labels]
    assert np.allclose(prior, np.log(np.average(truth, axis=0, weights=weights)))
    p = np.exp(prior)
    sums = np.zeros((2, classes, 16, 16))
    for i in range(5, 90):
        sums[0, :, cells[1, i], cells[0, i]] += weights[i] * (truth[i] - p)
        sums[1, :, cells[1, i], cells[0, i]] += weights[i] * p * (1 - p)
    slope, curvature = average(sums[0], 6), average(sums[1], 6)
    step = 0.3 * slope / (curvature + 1.5 / (np.pi * 6 + 1))
    step -= step.mean(axis=0)
    assert members[0].pair == (0, 1)
    assert np.allclose(members[0].scores, step, rtol=1e-4, atol=1e-6)


def test_slopes_are_those_of_the_log_loss() -> None:
    rng = np.random.default_rng(3)
    scores, labels = rng.normal(size=(7, 4)) * 3, rng.integers(0, 4, 7)
    weights = np.array([1, 2, 0, 1, 0.5, 3, 1])
    slopes, curvatures = np.empty_like(scores), np.empty_like(scores)
    loss = derivatives(scores, labels, weights, slopes, curvatures)

    def mean(scores: np.ndarray) -> float:
        given = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return log_loss(labels, given, sample_weight=weights, labels=range(4))

    assert loss == pytest.approx(mean(scores))
    for i, c in ((0, 1), (1, 3), (5, 0)):
        by = np.zeros_like(scores)
        by[i, c] = 1e-5
        fall = (mean(scores - by) - mean(scores + by)) / 2e-5
        assert slopes[i, c] * weights[i] / weights.sum() == pytest.approx(fall, abs=1e-8)
        bend = (mean(scores + by) - 2 * mean(scores) + mean(scores - by)) / 1e-10
        assert curvatures[i, c] * weights[i] / weights.sum() == pytest.approx(bend, abs=1e-4)


def test_missing_cells_add_nothing() -> None:
    cells = np.array([0, -1, 3], np.int16), np.array([1, 2, -1], np.int16)
    sums = np.zeros((2, 1, 16))
    ones = np.ones((3, 1))
    add_up(*cells, ones, 2 * ones, np.ones(3), 4, sums)
    assert sums[0].sum() == 1
    assert sums[:, 0, 4].tolist() == [1, 2]


def test_weights_are_repetitions_and_order_does_not_matter() -> None:
    X, y = WINE
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), weights)
    rng.shuffle(again)
    weighted = LatticeEnsembleClassifier(rounds=25).fit(X, y, weights).predict_proba(X)
    repeated = LatticeEnsembleClassifier(rounds=25).fit(X[again], y[again]).predict_proba(X)
    assert np.allclose(weighted, repeated, atol=1e-5)


def test_the_same_bits_twice_and_others_for_another_seed() -> None:
    one, two = (LatticeEnsembleClassifier(rounds=20).fit(*WINE) for _ in range(2))
    assert np.array_equal(one.predict_proba(WINE[0]), two.predict_proba(WINE[0]))
    other = LatticeEnsembleClassifier(rounds=20, random_state=1).fit(*WINE)
    assert not np.array_equal(one.predict_proba(WINE[0]), other.predict_proba(WINE[0]))


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_as_good_as_boosted_trees(load) -> None:
    X, y = load(return_X_y=True)
    ours, theirs = [], []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=7).split(X, y):
        model = LatticeEnsembleClassifier().fit(X[train], y[train])
        ours.append(log_loss(y[test], model.predict_proba(X[test])))
        trees = HistGradientBoostingClassifier(random_state=0).fit(X[train], y[train])
        theirs.append(log_loss(y[test], trees.predict_proba(X[test])))
    assert np.mean(ours) <= 1.1 * np.mean(theirs)


def test_dozens_of_classes() -> None:
    X, y = make_blobs(2600, 6, centers=26, cluster_std=1.2, random_state=0)
    names = np.array(list("abcdefghijklmnopqrstuvwxyz"))[y]
    model = LatticeEnsembleClassifier(rounds=60).fit(X[::2], names[::2])
    assert model.score(X[1::2], names[1::2]) > 0.9
    assert model.predict_proba(X[:3]).shape == (3, 26)


def test_more_columns_than_rows_and_columns_all_equal() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 200)) + 2 * y[:, None] * (np.arange(200) < 10)
    X[:, 50] = 7.0
    model = LatticeEnsembleClassifier(rounds=30).fit(X, y)
    assert model.score(X, y) > 0.9
    same = LatticeEnsembleClassifier(rounds=5).fit(np.ones((20, 3)), np.arange(20) % 4 == 0)
    assert np.allclose(same.predict_proba(np.zeros((1, 3))), [[0.75, 0.25]], atol=0.02)


def test_missing_values_are_refused_or_passed_over() -> None:
    X, y = WINE[0].copy(), WINE[1]
    holes = np.random.default_rng(0).random(X.shape) < 0.2
    X[holes] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        LatticeEnsembleClassifier().fit(X, y)
    model = LatticeEnsembleClassifier(missing="ignore", components=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9
    nothing = np.full((1, X.shape[1]), np.nan)
    assert np.allclose(model.predict_proba(nothing), np.bincount(y[::2]) / len(y[::2]))
    by_mean = LatticeEnsembleClassifier(missing="ignore").fit(X[::2], y[::2])
    assert np.isfinite(by_mean.predict_proba(nothing)).all()
    X[:, 4] = np.nan
    assert LatticeEnsembleClassifier(missing="ignore").fit(X, y).score(X, y) > 0.9


def test_components_and_discriminants_are_scikit_learns() -> None:
    X, y = WINE
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    ones = np.ones(len(y))
    axes, kept = principal_axes(scaled, ones, 4)
    known = PCA(4).fit(scaled)
    assert np.allclose(np.abs(axes.T @ known.components_.T), np.eye(4), atol=1e-6)
    assert kept == pytest.approx(known.explained_variance_ratio_.sum())
    parting, all_of_it = discriminants(scaled, y, ones, 6)
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=None).fit(scaled, y).scalings_
    theirs = theirs[:, :2] / np.linalg.norm(theirs[:, :2], axis=0)
    assert parting.shape == (13, 2)
    assert np.all(np.abs((parting * theirs).sum(axis=0)) > 0.999)
    assert all_of_it == pytest.approx(1)


def test_cells_and_their_middles() -> None:
    X, y = WINE
    axes = Axes.fit(X, y, np.ones(len(y)), tuple("abcdefghijklm"), 32, 2)
    cells = axes.cells(X)
    assert cells.min() == 0
    assert cells.max() == 31
    assert axes.names[-4:] == ("component 1", "component 2", "discriminant 1", "discriminant 2")
    for axis in (0, 5, 12):
        points = np.tile(X.mean(axis=0), (32, 1))
        points[:, axis] = axes.middles(axis)
        assert axes.cells(points)[axis].tolist() == list(range(32))


def test_pairs_are_pairs() -> None:
    assert candidate_pairs(3, 12, np.uint64(5)).tolist() == [[0, 1], [0, 2], [1, 2]]
    drawn = candidate_pairs(40, 500, np.uint64(5))
    assert drawn.shape == (500, 2)
    assert np.all(drawn[:, 0] < drawn[:, 1])
    assert drawn.min() == 0
    assert drawn.max() == 39
    assert not np.array_equal(drawn, candidate_pairs(40, 500, np.uint64(6)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": 4}, "The option grid is out of range. Received 4. 8 to 256."),
        ({"grid": 20.5}, "The option grid is a whole number. Received 20.5."),
        ({"rounds": 0}, "The option rounds is out of range. Received 0. 1 to 100,000."),
        ({"rounds": True}, "The option rounds is a whole number. Received True."),
        ({"learning_rate": 0}, "The option learning_rate is out of range. Received 0. Above 0, up "
         "to 1."),
        ({"share": "half"}, "The option share is out of range. Received 'half'. Above 0, up to 1."),
        ({"depths": ()}, "The option depths is some whole numbers of layers. Received (). 0 to "
         "1,000,000 each, such as (4, 16, 64)."),
        ({"depths": (1.5,)}, "The option depths is some whole numbers of layers. Received (1.5,). "
         "0 to 1,000,000 each, such as (4, 16, 64)."),
    ],
)  # fmt: skip
def test_wrong_options(options, message) -> None:
    with pytest.raises(InputError) as caught:
        LatticeEnsembleClassifier(**options).fit(*WINE)
    assert str(caught.value) == message


def test_wrong_data() -> None:
    X, y = WINE
    with pytest.raises(UnknownNameError, match="Did you mean 'ignore'"):
        LatticeEnsembleClassifier(missing="ignor").fit(X, y)
    with pytest.raises(InputError, match="two classes or more"):
        LatticeEnsembleClassifier().fit(X, np.zeros(len(y)))
    with pytest.raises(InputError, match="too large to calculate with"):
        LatticeEnsembleClassifier().fit(X * 1e150, y)
    with pytest.raises(ValueError, match="minimum of 2"):
        LatticeEnsembleClassifier().fit(X[:, :1], y)
    with pytest.raises(InputError, match="too many classes"):
        LatticeEnsembleClassifier().fit(
            np.random.default_rng(0).normal(size=(900, 3)), [*range(300)] * 3
        )
    model = LatticeEnsembleClassifier(rounds=3).fit(X, y)
    with pytest.raises(ValueError, match="expecting 13 features"):
        model.predict(X[:, :5])


def test_progress_is_told() -> None:
    told = []
    LatticeEnsembleClassifier(rounds=6).fit(*WINE, progress=lambda *at: told.append(at))
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)
