"""The classifier as a scikit-learn estimator: its answers, its options, and what it refuses."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from layerwise.data import load
from layerwise.data.overlap import overlap_bayes
from layerwise.errors import InputError, TooLargeError, UnknownNameError
from layerwise.lattice import classifier as module
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.diffusion import TRACE_OF_EVIDENCE, Diffusion, anchored_average
from layerwise.lattice.quality import quality
from layerwise.types import UNCLASSIFIED

SETTINGS = {
    "default": {},
    "filled": {"fuzzy_from": "filled", "fuzzy_layers": 40},
    "points": {"fuzzy_from": "points", "fuzzy_layers": 40},
    "not lazy": {"lazy": False},
    "vote": {"rule": "vote", "window": 2, "weighting": "distance"},
    "anchored": {"anchored": True, "fuzzy_layers": 20, "fuzzy_from": "filled"},
    "anchored points": {"anchored": True, "fuzzy_layers": 20, "fuzzy_from": "points"},
    "no fuzzy layers": {"fuzzy_layers": 0},
    "quantile": {"mapping": "quantile"},
    "logistic": {"mapping": "logistic", "margin": 0.0},
    "a pair": {"grid": (30, 70)},
}


def moons(size=300, seed=0):
    return make_moons(size, noise=0.2, random_state=seed)


def fitted(X=None, y=None, **options):
    if X is None:
        X, y = moons()
    return LatticeClassifier(**({"grid": 50} | options)).fit(X, y)


@pytest.fixture(scope="module", params=SETTINGS)
def setting(request):
    return request.param, fitted(**SETTINGS[request.param])


# What follows from a fit


def test_what_is_there_after_a_fit(setting):
    name, found = setting
    rows, columns = SETTINGS[name].get("grid", (50, 50))
    assert found.classes_.tolist() == [0, 1]
    assert found.labels_.shape == (rows, columns)
    assert (found.labels_ < 2).all()
    assert found.probabilities_.shape == (2, rows, columns)
    assert found.depth_ > 0
    assert found.fuzzy_from_ in ("filled", "points")
    assert found.n_features_in_ == 2
    assert found.n_training_points_ == 300
    assert found.class_points_.tolist() == [150, 150]


def test_probabilities_and_predictions_agree(setting):
    _, found = setting
    X, _ = moons(500, seed=3)
    probabilities = found.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert probabilities.min() >= 0
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-12
    assert np.array_equal(found.predict(X), found.classes_[probabilities.argmax(axis=1)])
    assert np.abs(found.probabilities_.sum(axis=0) - 1).max() < 1e-6


def test_a_prediction_is_a_look_up(setting):
    _, found = setting
    rows, columns = np.meshgrid(
        found.mapping_.row_values(), found.mapping_.column_values(), indexing="ij"
    )
    points = np.stack([columns.reshape(-1), rows.reshape(-1)], axis=1)
    flat = found.predict_proba(points).T.reshape(found.probabilities_.shape)
    assert np.allclose(flat, found.probabilities_, rtol=0, atol=1e-6)


def test_training_cells_keep_their_class_while_filling(setting):
    _, found = setting
    frame = found._stack.labels(0)
    assert np.array_equal(found.labels_[frame != UNCLASSIFIED], frame[frame != UNCLASSIFIED])


def test_without_fuzzy_layers_the_filled_grid_answers():
    found = fitted(fuzzy_layers=0, fuzzy_from="filled")
    assert np.array_equal(found.probabilities_.argmax(axis=0), found.labels_)
    assert set(np.unique(found.probabilities_)) == {0.0, 1.0}


@pytest.mark.parametrize("name", ["default", "vote", "anchored"])
def test_the_same_input_gives_the_same_arrays(name):
    one, other = fitted(**SETTINGS[name]), fitted(**SETTINGS[name])
    assert np.array_equal(one.probabilities_, other.probabilities_)
    assert np.array_equal(one.labels_, other.labels_)
    seeded = fitted(**SETTINGS[name], random_state=1)
    assert not np.array_equal(one.labels_, seeded.labels_)


@pytest.mark.parametrize("rule", ["copy", "vote"])
@pytest.mark.parametrize("n_jobs", [1, 2, 5, -1, -100])
def test_threads_do_not_change_the_result(n_jobs, rule):
    options = {"grid": 150, "rule": rule, "fuzzy_from": "filled", "fuzzy_layers": 10}
    one, many = fitted(**options), fitted(**options, n_jobs=n_jobs)
    assert one.depth_ == many.depth_
    assert np.array_equal(one.labels_, many.labels_)
    assert np.array_equal(one.probabilities_, many.probabilities_)
    last = one.depth_ + 10
    assert np.array_equal(one._stack.labels(last), many._stack.labels(last))


@pytest.mark.parametrize(
    ("state", "same"),
    [(0, 0), (np.int64(7), 7), (-1, 2**64 - 1), (2**64 + 5, 5)],
)
def test_seeds(state, same):
    assert fitted(random_state=state)._stack.recipe.seed == same


def test_a_random_state_draws_the_seed():
    one = fitted(random_state=np.random.RandomState(4))
    other = fitted(random_state=np.random.RandomState(4))
    another = fitted(random_state=np.random.RandomState(5))
    assert np.array_equal(one.labels_, other.labels_)
    assert not np.array_equal(one.labels_, another.labels_)
    generator = np.random.RandomState(4)
    assert not np.array_equal(
        fitted(random_state=generator).labels_, fitted(random_state=generator).labels_
    )


# Labels, tables, weights


@pytest.mark.parametrize(
    "classes",
    [["no", "yes"], [False, True], [-5, 70], [0.0, 1.0], np.array(["a", "b"], object)],
    ids=["text", "truth", "whole", "float", "object"],
)
def test_labels_of_every_kind(classes):
    X, y = moons()
    names = np.array(classes)[y]
    found = fitted(X, names)
    assert found.classes_.tolist() == sorted(set(names.tolist()))
    assert np.array_equal(found.predict(X), np.array(classes)[fitted(X, y).predict(X)])
    assert found.predict(X).dtype == names.dtype
    assert found.score(X, names) > 0.9


def test_frames_with_names():
    X, y = moons()
    frame = pd.DataFrame(X, columns=["east", "north"])
    found = fitted(frame, pd.Series(y, name="side"))
    assert found.feature_names_in_.tolist() == ["east", "north"]
    assert found.projection_.names == ("east", "north")
    assert np.array_equal(found.predict(frame), fitted().predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        found.predict(frame[["north", "east"]])
    with pytest.warns(UserWarning, match="valid feature names"):
        found.predict(X)
    with pytest.raises(ValueError, match="has 3 features"):
        fitted().predict(np.zeros((2, 3)))


@pytest.mark.parametrize("name", ["default", "vote", "quantile", "logistic", "anchored"])
def test_weights_are_repetitions(name):
    X, y = moons(120)
    times = np.random.default_rng(0).integers(0, 4, len(X))
    weighted = LatticeClassifier(**({"grid": 50} | SETTINGS[name]))
    weighted.fit(X, y, sample_weight=times)
    repeated = fitted(np.repeat(X, times, axis=0), np.repeat(y, times), **SETTINGS[name])
    assert weighted.fuzzy_depth_ == repeated.fuzzy_depth_
    assert weighted.fuzzy_from_ == repeated.fuzzy_from_
    assert np.array_equal(weighted.labels_, repeated.labels_)
    assert np.allclose(weighted.probabilities_, repeated.probabilities_, rtol=0, atol=1e-6)


def test_more_columns_are_projected():
    X, y = load_iris(return_X_y=True)
    found = fitted(X, y)
    assert found.projection_.note.startswith("two discriminants keep")
    assert found.score(X, y) > 0.95
    assert fitted(X, y, projection="pca").score(X, y) > 0.85


# In the company of scikit-learn


def test_pipelines_grid_search_and_scores():
    X, y = moons()
    pipeline = make_pipeline(StandardScaler(), LatticeClassifier(grid=40))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = GridSearchCV(
        LatticeClassifier(grid=30),
        {"grid": [20, 40], "rule": ["copy", "vote"]},
        cv=2,
        scoring="neg_log_loss",
    ).fit(X, y)
    assert set(search.best_params_) == {"grid", "rule"}
    assert search.best_estimator_.labels_.shape == (search.best_params_["grid"],) * 2


def test_clone_and_parameters():
    found = fitted(rule="vote", window=3, margin=0.1)
    other = clone(found)
    assert other.get_params() == found.get_params()
    assert not hasattr(other, "labels_")
    other.set_params(grid=(20, 30), mapping="quantile")
    assert other.fit(*moons()).labels_.shape == (20, 30)


def test_a_pickled_model_answers_alike():
    X, _ = moons(100, seed=9)
    found = fitted()
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.predict_proba(X), found.predict_proba(X))


def test_before_a_fit_there_is_nothing():
    for ask in ("predict", "predict_proba", "outside", "simulate"):
        with pytest.raises(NotFittedError):
            getattr(LatticeClassifier(), ask)([[0.0, 1.0]])
    assert not hasattr(LatticeClassifier(), "trace_")


def test_a_new_fit_forgets_the_old_recording():
    X, y = moons()
    found = fitted(X, y)
    before = found.trace_
    assert found.trace_ is before
    found.fit(X + 5, 1 - y)
    assert found.trace_ is not before


def test_points_beyond_the_grid_are_told():
    found = fitted()
    X = np.array([[0.5, 0.2], [50.0, 0.2], [0.5, -1e300]])
    assert found.outside(X).tolist() == [False, True, True]
    assert np.isfinite(found.predict_proba(X)).all()


# How good it is


def test_moons():
    X, y = make_moons(2000, noise=0.2, random_state=1)
    found = fitted(X[:1000], y[:1000], grid=200)
    assert found.score(X[1000:], y[1000:]) > 0.96


def test_many_classes():
    random = np.random.default_rng(0)
    y = np.repeat(np.arange(255), 4)
    X = np.stack([y % 16, y // 16], axis=1) + random.normal(scale=0.05, size=(1020, 2))
    found = fitted(X, y, grid=40)
    assert found.probabilities_.shape == (255, 40, 40)
    assert np.abs(found.predict_proba(X).sum(axis=1) - 1).max() < 1e-12
    assert found.score(X, y) > 0.9


def test_the_overlapping_mixture_is_learned_as_well_as_can_be():
    train, fresh = load("overlap", size=3000, seed=11), load("overlap", size=20_000, seed=12)
    found = LatticeClassifier().fit(train.features, train.labels)
    probabilities = found.predict_proba(fresh.features)
    judged = quality(probabilities, fresh.labels)
    bayes = log_loss(fresh.labels, overlap_bayes(fresh.features))
    assert judged.log_loss < 1.03 * bayes
    assert judged.calibration_error < 0.03
    neighbors = KNeighborsClassifier(25).fit(train.features, train.labels)
    assert judged.accuracy >= neighbors.score(fresh.features, fresh.labels)


@pytest.mark.parametrize("name", ["filled", "points", "not lazy", "anchored", "anchored points"])
def test_the_simulation_tends_to_the_probabilities(name):
    X, y = moons(60)
    found = fitted(X, y, **({"grid": 12} | SETTINGS[name]))
    runs, layers = 400, 6
    frequencies = found.simulate(runs, layers=layers)
    maps = found.probabilities_after(layers)
    recipe = found._stack.recipe
    frame = recipe.frame if found.fuzzy_from_ == "points" else found.labels_
    known = (frame != UNCLASSIFIED)[None].astype(float)
    if recipe.anchored:
        evidence = anchored_average(known, recipe.anchors, layers, lazy=True)[0]
    else:
        evidence = Diffusion(known, lazy=recipe.lazy).after(layers)[0]
    enough = evidence * runs > 30
    assert enough.sum() > 40
    p = maps[0][enough]
    error = np.sqrt(p * (1 - p) / (runs * evidence[enough]))
    random = error > 1e-9
    score = (frequencies[0][enough][random] - p[random]) / error[random]
    # Neighbouring cells share their colours: the bound is far wider than for independent ones.
    assert np.abs(score).max() < 6
    assert (score**2).sum() < 2 * chi2.isf(1e-6, len(score))
    assert np.allclose(frequencies[0][enough][~random], p[~random], rtol=0, atol=1e-6)
    if found.fuzzy_from_ == "points":
        assert np.isnan(frequencies[0][evidence < TRACE_OF_EVIDENCE]).all()


def test_each_run_has_its_own_seed():
    found = fitted(grid=20, fuzzy_from="filled", fuzzy_layers=30)
    one, two = found.simulate(1), found.simulate(2)
    assert set(np.unique(one)) == {0.0, 1.0}
    assert 0.5 in np.unique(two)
    assert np.array_equal(two, found.simulate(2))


# What is refused

GRID = "A grid has whole numbers of rows and columns, or of slices, rows and columns."
SIDES = '2 to 32,768, or "auto".'
WRONG = [
    ({"grid": 1}, f"{GRID} Received grid=1. {SIDES}"),
    (
        {"grid": 2.5},
        f"{GRID} Received grid=2.5. {SIDES}",
    ),
    (
        {"grid": "40"},
        f"{GRID} Received grid='40'. {SIDES}",
    ),
    (
        {"grid": None},
        f"{GRID} Received grid=None. {SIDES}",
    ),
    (
        {"grid": float("nan")},
        f"{GRID} Received grid=nan. {SIDES}",
    ),
    (
        {"grid": (20, 30, 40, 50)},
        f"{GRID} Received grid=(20, 30, 40, 50). {SIDES}",
    ),
    (
        {"grid": (20, True)},
        f"{GRID} Received grid=(20, True). {SIDES}",
    ),
    (
        {"grid": 40_000},
        f"{GRID} Received grid=40000. {SIDES}",
    ),
    ({"rule": "coppy"}, "Unknown value of rule 'coppy'. Did you mean 'copy'?"),
    ({"rule": None}, "Unknown value of rule 'None'. Known: copy, vote."),
    (
        {"weighting": "uniformly"},
        "Unknown value of weighting 'uniformly'. Did you mean 'uniform'?",
    ),
    ({"fuzzy_from": "point"}, "Unknown value of fuzzy_from 'point'. Did you mean 'points'?"),
    ({"mapping": "lineal"}, "Unknown value of mapping 'lineal'. Did you mean 'linear'?"),
    ({"projection": "pcaa"}, "Unknown value of projection 'pcaa'. Did you mean 'pca'?"),
    ({"window": 0}, "The window of a vote reaches 1 to 20 cells. Received window=0."),
    ({"window": 1.5}, "The window of a vote reaches 1 to 20 cells. Received window=1.5."),
    ({"window": "two"}, "The window of a vote reaches 1 to 20 cells. Received window='two'."),
    (
        {"fuzzy_layers": -1},
        "The number of fuzzy layers is a whole number from 0 to 10,000,000, or 'auto'. "
        "Received fuzzy_layers=-1.",
    ),
    (
        {"fuzzy_layers": 1.5},
        "The number of fuzzy layers is a whole number from 0 to 10,000,000, or 'auto'. "
        "Received fuzzy_layers=1.5.",
    ),
    (
        {"fuzzy_layers": None},
        "The number of fuzzy layers is a whole number from 0 to 10,000,000, or 'auto'. "
        "Received fuzzy_layers=None.",
    ),
    (
        {"fuzzy_layers": "many"},
        "The number of fuzzy layers is a whole number from 0 to 10,000,000, or 'auto'. "
        "Received fuzzy_layers='many'.",
    ),
    ({"margin": 0.5}, "A margin is at least 0 and below 0.5. Received margin=0.5."),
    ({"margin": "wide"}, "A margin is at least 0 and below 0.5. Received margin='wide'."),
    ({"margin": float("nan")}, "A margin is at least 0 and below 0.5. Received margin=nan."),
    ({"lazy": "no"}, "The option lazy is True or False. Received 'no'."),
    ({"anchored": None}, "The option anchored is True or False. Received None."),
    (
        {"n_jobs": 0},
        "The number of threads is a whole number other than 0, or None for one. "
        "Received n_jobs=0. −1 is all processors.",
    ),
    (
        {"n_jobs": "all"},
        "The number of threads is a whole number other than 0, or None for one. "
        "Received n_jobs='all'. −1 is all processors.",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_options_are_refused_with_the_whole_message(options, message):
    with pytest.raises(InputError) as caught:
        LatticeClassifier(**options).fit(*moons(20))
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def test_one_class_is_refused():
    X, y = moons(20)
    message = "A classifier needs points of two classes or more. Received one class."
    with pytest.raises(InputError) as caught:
        fitted(X, np.zeros(20, int))
    assert str(caught.value) == message
    with pytest.raises(InputError) as caught:
        LatticeClassifier().fit(X, y, sample_weight=(y == 0).astype(float))
    assert str(caught.value) == message


def test_256_classes_are_refused():
    X = np.random.default_rng(0).normal(size=(768, 2))
    with pytest.raises(InputError) as caught:
        fitted(X, np.arange(768) % 256)
    assert str(caught.value) == (
        "There are too many classes for a lattice. Received 256. At most 255. "
        "If the target is a measurement, group it into classes first."
    )


def test_numbers_too_large_to_calculate_with_are_refused():
    X, y = moons(20)
    X[3, 1] = -2e200
    with pytest.raises(InputError) as caught:
        fitted(X, y)
    assert str(caught.value) == (
        "A column holds numbers too large to calculate with. Received 2e+200. "
        "Up to 1e140 in size. Scale the columns, or leave such points out."
    )
    X[3, 1] = -1e139
    assert np.isfinite(fitted(X, y).predict_proba(X)).all()


@pytest.mark.parametrize("mapping", ["linear", "quantile", "logistic"])
def test_constant_and_tiny_columns_are_mapped(mapping):
    _, y = moons(40)
    for column in (np.full(40, 3.0), np.arange(40) * 5e-324, 1e15 + np.arange(40)):
        found = fitted(np.stack([column, y], axis=1), y, mapping=mapping)
        assert found.score(np.stack([column, y], axis=1), y) == 1.0


def test_a_grid_beyond_the_memory_is_refused_before_any_is_taken(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 3 * 2**30)
    monkeypatch.setattr(module, "first_frame", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(TooLargeError) as caught:
        fitted(grid=32_768)
    # 32,768² cells × (2 classes × 36 bytes + 120 bytes) = 192 GiB
    assert str(caught.value) == (
        "A grid of 32,768 × 32,768 cells with 2 classes needs 192.0 GiB of memory. "
        "Received a machine with 3.0 GiB free. "
        "Choose a smaller grid; 3,900 × 3,900 cells would fit. "
        "Layers alone can be computed on larger ones: layerwise.lattice.big.GridFile."
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_cells_that_are_no_numbers_are_refused(value):
    X, y = moons(20)
    X[3, 1] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        fitted(X, y)


def test_three_columns_without_a_projection_are_refused():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(InputError, match="Choose two columns, or a projection"):
        fitted(X, y, projection=None)
    with pytest.raises(UnknownNameError):
        fitted(X[:, :2], y, projection="umap")
