"""The study: what it compares, what it notes, and the sentence that it ends with."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice import options
from layerwise.lattice import study as module
from layerwise.lattice.quality import Quality, quality
from layerwise.lattice.study import verdict

CONSTANT = ("always a", Quality(0.5, 0.69, 0.0))


def said(own: Quality, *others: tuple[str, Quality], points: int = 1000) -> str:
    return verdict([("this network", own), CONSTANT, *others], points)


@pytest.mark.parametrize(
    ("own", "others", "sentence"),
    [
        (
            Quality(0.9, 0.3, 0.02),
            [("boosting", Quality(0.91, 0.31, 0.02))],
            "Worth using here: 90.0 % right, log-loss 0.300; the best other method tried, "
            "boosting, has 91.0 % and 0.310.",
        ),
        (
            Quality(0.9, 0.7, 0.02),
            [("boosting", Quality(0.91, 0.31, 0.02))],
            "Not worth using here: its probabilities (90.0 % right, log-loss 0.700) say no more "
            "than “always a” (50.0 %, 0.690).",
        ),
        (
            Quality(0.8, 0.5, 0.02),
            [("boosting", Quality(0.91, 0.31, 0.02)), ("neighbours", Quality(0.95, 0.4, 0.02))],
            "Watch it, but use neighbours here: 95.0 % right against this network's 80.0 %.",
        ),
        (
            Quality(0.9, 0.4, 0.02),
            [("boosting", Quality(0.9, 0.3, 0.02))],
            "Worth using for its classes here, as right as boosting (90.0 % right, log-loss "
            "0.400), but boosting gives better probabilities (log-loss 0.300).",
        ),
        (
            Quality(0.9, 0.4, 0.02),
            [("boosting", Quality(0.91, 0.3, 0.02))],
            "Worth using for its classes here (90.0 % right, log-loss 0.400; on 1,000 points the "
            "91.0 % of boosting may be chance), but boosting gives better probabilities "
            "(log-loss 0.300).",
        ),
        (
            Quality(0.91, 0.4, 0.02),
            [("boosting", Quality(0.9, 0.3, 0.02))],
            "Worth using for its classes here, more often right than boosting (91.0 % right, "
            "log-loss 0.400), but boosting gives better probabilities (log-loss 0.300).",
        ),
        (
            Quality(1.0, 0.0004, 0.0),
            [("boosting", Quality(1.0, 0.0, 0.0))],
            "Worth using here: 100.0 % right, log-loss 0.000; the best other method tried, "
            "boosting, has 100.0 % and 0.000.",
        ),
        (
            Quality(0.52, 0.6, 0.02),
            [("boosting", Quality(0.51, 0.8, 0.02))],
            "Worth using here for its probabilities only (52.0 % right, log-loss 0.600; the best "
            "other method tried, always a, has 50.0 % and 0.690): it is hardly more often right "
            "than “always a” (50.0 %).",
        ),
    ],
)
def test_verdict(own: Quality, others: list[tuple[str, Quality]], sentence: str) -> None:
    assert said(own, *others) == sentence


def test_few_points_leave_more_room_for_chance() -> None:
    own, other = Quality(0.86, 0.3, 0.0), ("boosting", Quality(0.9, 0.3, 0.0))
    assert said(own, other, points=10_000).startswith("Watch it")
    assert said(own, other, points=50).startswith("Worth using here")


def test_study_of_iris() -> None:
    data = lw.data.load("iris")
    seen: list[tuple[str, int, int]] = []
    found = lw.study(data, grid=60, rule="copy", progress=lambda *told: seen.append(told))
    assert [name for name, _ in found.table] == [
        "this network",
        "always virginica",
        found.table[2][0],
        "gradient boosting",
    ]
    assert len(found.training) + len(found.control) == len(data)
    truth = found.control.require_labels()
    boosting = HistGradientBoostingClassifier(random_state=0).fit(
        found.training.features, found.training.require_labels()
    )
    expected = quality(boosting.predict_proba(found.control.features), truth)
    assert found.table[3][1] == expected
    assert found.table[0][1].accuracy == np.mean(
        found.model.predict(_frame(found.control)) == found.control.y
    )
    assert found.notes[-1].startswith("4 columns shown as 2: two discriminants keep")
    assert seen[-1] == ("known methods", 3, 3)
    assert ("cross-validation", 5, 5) in seen
    about = found.model.trace_.about
    assert about["data"] == "iris"
    assert [baseline["name"] for baseline in about["baselines"]] == [
        name.removesuffix(" neighbours") for name, _ in found.table[1:]
    ]


def test_study_of_more_columns_is_an_ensemble() -> None:
    data = lw.data.load("wine")
    seen: list[tuple[str, int, int]] = []
    found = lw.study(data, device="cuda", progress=lambda *told: seen.append(told))
    assert isinstance(found.model, lw.LatticeEnsembleClassifier)
    assert found.notes[-1] == "cuda was not used: an ensemble is computed by the processor"
    assert found.candidates == ()
    assert ("the network", found.model.rounds, found.model.rounds) in seen
    given = found.model.predict_proba(_frame(found.control))
    assert found.table[0][1] == quality(given, found.control.require_labels())
    assert found.model.trace_.about["data"] == "wine"
    assert isinstance(lw.study(data, grid=30, rule="copy").model, lw.LatticeClassifier)
    two = data.select(data.columns[:2])
    small = lw.study(two, grid=30, rule="copy", folds=2)
    assert isinstance(small.model, lw.LatticeClassifier)
    with pytest.raises(UnknownNameError, match="Did you mean 'lattice'"):
        lw.study(data, network="latice")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="those of one lattice"):
        lw.study(data, network="ensemble", rule="vote")


def test_study_tunes_what_is_open_and_is_repeatable() -> None:
    data = lw.data.load("moons", size=200, seed=1)
    one = lw.study(data, folds=2, threads=1)
    two = lw.study(data, folds=2, threads=2)
    assert one.candidates == two.candidates
    assert {(c.grid, c.rule) for c in one.candidates} == {
        (grid, rule) for grid in (100, 200, 400) for rule in ("copy", "vote")
    }
    best = min(one.candidates, key=lambda candidate: candidate.log_loss)
    assert (one.model.grid, one.model.rule) == (best.grid, best.rule)
    assert one.table == two.table


def test_three_columns_are_studied_in_cubes(monkeypatch) -> None:
    monkeypatch.setattr(module, "CUBES", ((6, 6, 6), (8, 8, 8)))
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 3)) + 2 * np.eye(3)[y]
    found = lw.study(lw.data.load((X, y)), folds=2)
    assert {(c.grid, c.rule) for c in found.candidates} == {
        ((side,) * 3, rule) for side in (6, 8) for rule in ("copy", "vote")
    }
    assert found.model.labels_.ndim == 3
    assert found.model.trace_.about["data"]
    flat = lw.study(lw.data.load((X, y)), grid=20, rule="copy", folds=2)
    assert flat.model.labels_.shape == (20, 20)
    assert any(note.startswith("3 columns shown as 2") for note in flat.notes)
    # A part of very many points cannot say how fine a cube they all need.
    monkeypatch.setattr(module, "MOST_FOR_TUNING", 40)
    monkeypatch.setattr(options, "AUTO_VOLUME", ((1000, 7),))
    many = lw.study(lw.data.load((X, y)), rule="copy", folds=2)
    assert [candidate.grid for candidate in many.candidates] == ["auto"]
    assert many.model.labels_.shape == (7, 7, 7)


def test_study_needs_labels_and_points_enough() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(InputError, match="has no classes to learn"):
        lw.study(lw.data.load(X))
    with pytest.raises(InputError, match=r"at least 2 folds .* Received 30 folds for 15 training"):
        lw.study(lw.data.load((X, np.arange(20) % 2)), folds=30)


def test_rare_classes_are_studied_too() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = np.array(["often"] * 56 + ["seldom"] * 4)
    found = lw.study(lw.data.load((X, y)), grid=20, rule="copy")
    assert np.isfinite([candidate.log_loss for candidate in found.candidates]).all()


def _frame(data: lw.data.Dataset):
    import pandas as pd

    return pd.DataFrame(data.features, columns=list(data.columns))
