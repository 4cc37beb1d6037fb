"""Lattices of one row, for tables with one column: the same rules, exact there too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

import layerwise as lw
from layerwise.lattice import reference
from layerwise.scene import Image, Rectangles, Text
from layerwise.types import UNCLASSIFIED

BELLS = ((0.0, 1.0), (2.5, 0.6), (4.0, 1.5))


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    centers, widths = np.array(BELLS).T
    return (centers[y] + rng.normal(size=count) * widths[y])[:, None], y


@pytest.fixture(scope="module")
def model() -> lw.LatticeClassifier:
    return lw.LatticeClassifier(grid=200).fit(*drawn(400, 0))


def test_a_row_of_four_cells_a_value(model) -> None:
    assert model.labels_.shape == (1, 1600)
    few = lw.LatticeClassifier(grid=200).fit(*drawn(20, 0))
    assert few.labels_.shape == (1, 200)
    many = lw.LatticeClassifier(grid=200).fit(*drawn(9000, 0))
    assert many.labels_.shape == (1, 16384)


def test_each_layer_is_the_rules(model) -> None:
    stack = model._stack
    frame = stack.labels(0)
    for layer in range(1, 40):
        frame = reference.copy_layer(frame, stack.recipe.seed, layer, fill=True, lazy=True)
        assert np.array_equal(stack.labels(layer), frame)


@pytest.mark.parametrize("start", ["filled", "points"])
def test_probabilities_are_the_average_of_the_walk(start) -> None:
    X, y = drawn(60, 1)
    model = lw.LatticeClassifier(grid=50, fuzzy_from=start, fuzzy_layers=30).fit(X, y)
    first = model._stack.labels(0) if start == "points" else model.labels_
    maps = np.stack([(first[0] == label).astype(float) for label in range(3)])
    for _ in range(30):
        wide = np.pad(maps, [(0, 0), (1, 1)], mode="edge")
        # Lazy: half stay; of the other half, up and down are the cell itself again.
        maps = 0.75 * maps + 0.125 * (wide[:, :-2] + wide[:, 2:])
    there = maps.sum(axis=0)
    known = there > 1e-9
    assert np.allclose(
        model.probabilities_[:, 0, known], maps[:, known] / there[known], rtol=1e-4, atol=1e-6
    )


def test_close_to_the_best_that_can_be() -> None:
    X, y = drawn(1500, 2)
    fresh, truth = drawn(20_000, 3)
    densities = np.stack([norm.pdf(fresh[:, 0], *bell) for bell in BELLS], axis=1)
    best = log_loss(truth, densities / densities.sum(axis=1, keepdims=True))
    model = lw.LatticeClassifier().fit(X, y)
    assert log_loss(truth, model.predict_proba(fresh)) < 1.05 * best
    near = KNeighborsClassifier(25).fit(X, y)
    assert model.score(fresh, truth) > near.score(fresh, truth) - 0.01


def test_saved_and_loaded(model, tmp_path) -> None:
    again = lw.load(model.save(tmp_path / "one.lw"))
    fresh, _ = drawn(500, 4)
    assert np.array_equal(again.predict_proba(fresh), model.predict_proba(fresh))


def test_a_film_of_rows(model) -> None:
    fresh, truth = drawn(300, 5)
    trace = model.record(fresh, truth, data="bells")
    scene = lw.view.lattice(trace)
    last = len(trace.moments) - 1
    image = next(m for m in scene.stop_marks(last) if isinstance(m, Image) and m.box[2] > 400)
    assert image.pixels.shape[:2] == (len(trace.moments), 1600)
    half = next(k for k, moment in enumerate(trace.moments) if moment.at["layer"] >= 20)
    labels = trace["labels", half][0]
    blank = np.array(lw.view.theme("dark").unclassified[:3], np.uint8)
    assert np.array_equal((image.pixels[half] == blank).all(axis=1), labels == UNCLASSIFIED)
    covers = [m for m in scene.stop_marks(half) if isinstance(m, Rectangles) and len(m.boxes) == 1]
    bottom = image.box[1] + image.box[3]
    done = (half + 1) / len(trace.moments)
    assert any(
        abs(m.boxes[0, 1] - (image.box[1] + image.box[3] * done)) < 0.01
        and m.boxes[0, 1] + m.boxes[0, 3] >= bottom
        for m in covers
    )
    said = " ".join(m.string for m in scene.stop_marks(half) if isinstance(m, Text))
    assert "layers, from the top down ↓" in said
    assert "1 × 1,600 cells" in said
    assert scene.portrait is not None
    assert scene.portrait.stop_marks(half)


def test_a_study_of_one_column() -> None:
    X, y = drawn(300, 6)
    found = lw.study(lw.data.load((X, y)), grid=100, rule="copy", folds=2)
    assert found.model.labels_.shape[0] == 1
    assert np.isfinite(found.table[0][1].log_loss)


def test_sides_are_not_tuned_over_one_column() -> None:
    X, y = drawn(200, 6)
    found = lw.study(lw.data.load((X, y)), folds=2)
    assert [candidate.rule for candidate in found.candidates] == ["copy", "vote"]
