"""The film of an ensemble of lattices: its numbers and colours are the recording's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine, make_blobs
from sklearn.metrics import accuracy_score, log_loss

from layerwise import view
from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.ensemble.classifier import LatticeEnsembleClassifier
from layerwise.scene import Discs, Image, Text
from layerwise.view.palette import class_colors
from layerwise.view.style import format_percent

X, Y = load_wine(return_X_y=True)
NAMES = np.array(["barolo", "grignolino", "barbera"])[Y]


@pytest.fixture(scope="module")
def model() -> LatticeEnsembleClassifier:
    return LatticeEnsembleClassifier(rounds=30).fit(X[::2], NAMES[::2])


@pytest.fixture(scope="module")
def trace(model):
    return model.record(X[1::2], NAMES[1::2], data="wine", baselines=[("always one", 0.4)])


def words(scene, stop: int) -> list[str]:
    return [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def test_the_last_moment_is_the_fitted_model(model, trace) -> None:
    last = len(trace.moments) - 1
    given = model.predict_proba(X[1::2])
    assert float(trace["accuracy", last]) == accuracy_score(NAMES[1::2], model.predict(X[1::2]))
    known = log_loss(NAMES[1::2], given, labels=model.classes_)
    assert float(trace["log-loss", last]) == pytest.approx(known, rel=1e-6)
    assert trace.moments[last].at["member"] == len(model.members_)
    for number, pair in enumerate(model.pairs_[:9], 1):
        assert np.allclose(trace[f"scores of pair {number}", last], pair.scores, atol=1e-6)


def test_each_moment_is_the_ensemble_so_far(model, trace) -> None:
    moment = len(trace.moments) // 2
    members = model.members_[: int(trace.moments[moment].at["member"])]
    cells = model.axes_.cells(X[1::2])
    scores = np.tile(model.prior_, (len(cells.T), 1))
    for member in members:
        scores += member.scores[:, cells[member.pair[1]], cells[member.pair[0]]].T
    right = model.classes_[scores.argmax(axis=1)] == NAMES[1::2]
    assert float(trace["accuracy", moment]) == pytest.approx(right.mean())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_picture_shows_the_likeliest_class_of_the_pair(model, trace, theme) -> None:
    scene = view.lattice_pairs(trace, theme=theme)
    last = len(trace.moments) - 1
    marks = scene.stop_marks(last)
    image = next(mark for mark in marks if isinstance(mark, Image))
    scores = trace["scores of pair 1", last] + model.prior_[:, None, None]
    strongest = np.unravel_index(np.argmax(scores.max(axis=0) - scores.min(axis=0)), (32, 32))
    hue = class_colors(3)[scores[:, strongest[0], strongest[1]].argmax()].astype(int)
    shown = image.pixels[31 - strongest[0], strongest[1]].astype(int)
    others = [np.abs(shown - color).sum() for color in class_colors(3).astype(int)]
    assert np.abs(shown - hue).sum() == min(others)
    said = " ".join(words(scene, last))
    assert format_percent(float(trace["accuracy", last])) in said
    assert model.pairs_[0].names[0] in said
    assert f"of {len(model.pairs_):,} pairs" in said
    dots = next(mark for mark in marks if isinstance(mark, Discs) and mark.refers is not None)
    assert len(dots.centers) == len(X[1::2])


def test_without_control_points_there_is_no_curve(model) -> None:
    scene = view.lattice_pairs(model.trace_, pair=2)
    said = " ".join(words(scene, 0))
    assert "control points" not in said
    assert "is number 2 by weight" in said
    assert model.pairs_[1].names[0] in said


def test_dozens_of_classes_are_counted() -> None:
    X, y = make_blobs(800, 5, centers=26, random_state=0)
    model = LatticeEnsembleClassifier(rounds=8).fit(X, y)
    said = words(view.lattice_pairs(model.record(X, y)), 3)
    assert "and 17 more" in said
    assert any("600 of 800 control points drawn" in line for line in said)


def test_wrong_recordings_and_pairs(model, trace) -> None:
    for pair in (10, 0, "height", 1.5):
        with pytest.raises(InputError, match="That pair is not in this recording"):
            view.lattice_pairs(trace, pair=pair)
    with pytest.raises(UnknownNameError, match="Did you mean 'dark'"):
        view.lattice_pairs(trace, theme="drak")
    with pytest.raises(InputError, match="one class each"):
        model.record(X, NAMES[:5])
    with pytest.raises(InputError, match="not trained"):
        model.record(X[:1], ["chianti"])
    from layerwise.lattice.classifier import LatticeClassifier

    with pytest.raises(InputError, match="an ensemble of lattices"):
        view.lattice_pairs(LatticeClassifier(grid=20).fit(X[:, :2], Y).trace_)
    with pytest.raises(InputError, match="a lattice network"):
        view.lattice(trace)


def test_points_that_lack_a_value_of_the_pair_are_counted() -> None:
    holes = X.copy()
    holes[np.random.default_rng(0).random(X.shape) < np.linspace(0, 0.2, X.shape[1])] = np.nan
    model = LatticeEnsembleClassifier(rounds=12, missing="ignore", components=0)
    trace = model.fit(holes, NAMES).record(holes, NAMES)
    counts = set()
    for number in range(1, len(trace.about["pairs"]) + 1):
        columns = model.pairs_[number - 1].axes
        lacking = int(np.isnan(holes[:, list(columns)]).any(axis=1).sum())
        scene = view.lattice_pairs(trace, pair=number)
        line = " ".join(words(scene, 0))
        assert ("not drawn" in line) == (lacking > 0)
        if lacking:
            assert f"{lacking} points lack their values here and are not drawn" in line
        drawn = next(mark for mark in scene.stop_marks(0) if isinstance(mark, Discs))
        assert len(drawn.centers) == len(holes) - lacking
        counts.add(lacking)
    assert len(counts) > 2
