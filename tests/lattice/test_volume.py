"""The classifier on grids with slices: the same contract as on rows and columns."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import safetensors
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss

import layerwise as lw
from layerwise.errors import FileError, InputError, TooLargeError
from layerwise.lattice import classifier as module
from layerwise.lattice.crowding import spread_points
from layerwise.lattice.diffusion import Diffusion
from layerwise.lattice.layers import Recipe
from layerwise.lattice.mapping import GridMapping
from layerwise.lattice.projection import fit_projection
from layerwise.lattice.reference import copy_layer
from layerwise.lattice.replay import page_recipe, recipe_document, recipe_of
from layerwise.trace import Trace
from layerwise.types import UNCLASSIFIED

MEANS = np.array([[0.0, 0.0, 0.0], [1.5, -0.5, 0.8], [-0.4, 1.3, 1.4]])
SHAPES = np.array(
    [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.8, 0.3, 0.0], [0.3, 1.2, -0.2], [0.0, -0.2, 0.6]],
        [[1.3, 0.0, 0.4], [0.0, 0.5, 0.1], [0.4, 0.1, 0.9]],
    ]
)
SHARES = np.array([0.45, 0.3, 0.25])
GRID = (10, 12, 70)


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of three overlapping normal distributions: (sample, 3), and their classes."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, count, p=SHARES)
    roots = np.linalg.cholesky(SHAPES)
    return MEANS[y] + np.einsum("nij,nj->ni", roots[y], rng.normal(size=(count, 3))), y


def best(points: np.ndarray) -> np.ndarray:
    """Bayes' own probabilities (sample, class)."""
    each = zip(SHARES, MEANS, SHAPES, strict=True)
    found = np.stack([p * multivariate_normal(m, s).pdf(points) for p, m, s in each], axis=1)
    return found / found.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def model() -> lw.LatticeClassifier:
    return lw.LatticeClassifier(grid=GRID).fit(*drawn(300, 0))


def test_what_is_there_after_a_fit(model) -> None:
    assert model.labels_.shape == GRID
    assert model.probabilities_.shape == (3, *GRID)
    assert (model.labels_ < 3).all()
    assert np.abs(model.probabilities_.sum(axis=0) - 1).max() < 1e-6
    assert model.simulate(3, layers=4).shape == (3, *GRID)


def test_the_axes_run_right_up_and_from_slice_to_slice(model) -> None:
    fresh, _ = drawn(200, 1)
    x, y, z = (
        np.abs(values[:, None] - fresh[:, axis]).argmin(axis=0)
        for axis, values in enumerate(
            (model.mapping_.column_values(), model.mapping_.row_values(),
             model.mapping_.slice_values())
        )
    )  # fmt: skip
    given = model.probabilities_[:, z, y, x].T
    assert np.allclose(model.predict_proba(fresh), given / given.sum(axis=1, keepdims=True))
    assert np.array_equal(model.predict(fresh), model.probabilities_[:, z, y, x].argmax(axis=0))
    assert (np.diff(model.mapping_.slice_values()) > 0).all()
    assert model.outside(np.array([[0.0, 0.0, 99.0], [0.0, 0.0, 0.0]])).tolist() == [True, False]


@pytest.mark.parametrize("kind", ["linear", "quantile", "logistic"])
def test_both_forms_give_the_same_cells(kind) -> None:
    points = np.random.default_rng(2).normal(size=(500, 3)) * 3
    mapping = GridMapping.fit(points[:300], np.ones(300), (7, 5, 9), kind, 0.1)
    cells, _ = mapping.cells(points)
    assert np.array_equal(np.stack(np.unravel_index(mapping.flat_cells(points), (7, 5, 9)), 1),
                          cells)  # fmt: skip
    again = GridMapping.from_document(json.loads(json.dumps(mapping.document())), (7, 5, 9))
    assert np.array_equal(again.cells(points)[0], cells)


@pytest.mark.parametrize("start", ["points", "filled"])
def test_probabilities_are_the_average_of_the_walk(start) -> None:
    X, y = drawn(120, 3)
    model = lw.LatticeClassifier(grid=(6, 7, 8), fuzzy_from=start, fuzzy_layers=9).fit(X, y)
    first = model._stack.labels(0) if start == "points" else model.labels_
    maps = np.stack([(first == label).astype(float) for label in range(3)])
    for _ in range(9):
        wide = np.pad(maps, [(0, 0), (1, 1), (1, 1), (1, 1)], mode="edge")
        inner = slice(1, -1)
        around = sum(
            wide[(slice(None), *(move if k == axis else inner for k in range(3)))]
            for axis, move in product(range(3), (slice(0, -2), slice(2, None)))
        )
        maps = maps / 4 + around / 8
    there = maps.sum(axis=0)
    known = there > 1e-7
    assert known.mean() > 0.5
    given = maps[:, known] / there[known]
    assert np.allclose(model.probabilities_[:, known], given, rtol=1e-4, atol=1e-5)


def test_the_simulation_tends_to_the_probabilities() -> None:
    X, y = drawn(60, 4)
    model = lw.LatticeClassifier(
        grid=(4, 5, 6), fuzzy_from="filled", fuzzy_layers=6, crowded="spread"
    ).fit(X, y)
    runs = 1500
    exact = model.probabilities_.astype(float)
    unsure = (exact > 0.05) & (exact < 0.95)
    spread = np.sqrt(exact * (1 - exact) / runs)[unsure]
    score = (model.simulate(runs) - exact)[unsure] / spread
    assert np.abs(score).max() < 5
    assert 0.8 < (score**2).mean() < 1.25


@pytest.mark.parametrize("start", ["points", "filled"])
def test_leaving_one_out_is_done_without_a_refit(start) -> None:
    X, y = drawn(40, 5)
    layers, grid = 4, (5, 6, 7)
    model = lw.LatticeClassifier(grid=grid, fuzzy_from=start, crowded="majority").fit(X, y)
    told = {depth: loss for _, depth, loss in model.tried_}[layers]
    stack = model._stack
    frame = stack.labels(0)
    shown = frame if start == "points" else model.labels_
    maps = np.stack([(shown == label).astype(float) for label in range(3)])
    number = np.full(grid, UNCLASSIFIED, np.uint8)  # which training cell a cell descends from
    cells = np.argwhere(frame != UNCLASSIFIED)
    number[tuple(cells.T)] = np.arange(len(cells))
    if start == "filled":
        for layer in range(1, model.depth_ + 1):
            number = copy_layer(number, stack.recipe.seed, layer, fill=True, lazy=True)
    total = 0.0
    for point, truth in zip(X, y, strict=True):
        cell = tuple(model.mapping_.cells(point[None])[0][0])
        mine = np.flatnonzero((cells == cell).all(axis=1))[0]
        rest = np.where(number == mine, 0, maps)
        after = Diffusion(rest, lazy=True).after(layers)[:, *cell]
        frequencies = np.bincount(y, minlength=3) / len(y)
        given = (after + 1e-12 * frequencies) / (after.sum() + 1e-12)
        given = frequencies if after.sum() < 1e-12 else given
        total -= np.log(max(given[truth], np.finfo(float).eps))
    assert told == pytest.approx(total / len(y), rel=1e-6)


def test_close_to_the_best_that_can_be() -> None:
    fresh, truth = drawn(20_000, 1001)
    model = lw.LatticeClassifier().fit(*drawn(2500, 1000))
    assert model.labels_.shape == (64, 64, 64)
    assert log_loss(truth, model.predict_proba(fresh)) < 1.08 * log_loss(truth, best(fresh))


@pytest.mark.parametrize(
    ("grid", "columns", "shape"),
    [
        ((4, 5, 6), 3, (4, 5, 6)),
        ((4, 5, 6), 2, (5, 6)),
        ((4, 5, 6), 1, (1, 160)),
        ((4, 5, 6), 4, (4, 5, 6)),
        ((5, 6), 3, (5, 6)),
        (9, 3, (9, 9)),
        ("auto", 2, (400, 400)),
    ],
)
def test_a_grid_has_no_more_axes_than_the_data(grid, columns, shape) -> None:
    X = np.random.default_rng(0).normal(size=(40, columns))
    model = lw.LatticeClassifier(grid=grid, fuzzy_layers=1).fit(X, X[:, 0] > 0)
    assert model.labels_.shape == shape
    assert model.projection_.apply(X).shape[1] >= min(columns, len(shape))


def test_the_default_volume_grows_with_the_points(monkeypatch) -> None:
    asked = []

    def refuse(grid, classes):
        asked.append(grid)
        raise TooLargeError("enough")

    monkeypatch.setattr(module, "check_memory", refuse)
    for count in (100, 10_000, 10_001, 35_001):
        with pytest.raises(TooLargeError):
            lw.LatticeClassifier().fit(np.zeros((count, 3)), np.arange(count) % 2)
    assert asked == [(64,) * 3, (64,) * 3, (96,) * 3, (128,) * 3]


def test_more_columns_are_projected_to_three_axes() -> None:
    X, y = load_iris(return_X_y=True)
    names = ("a", "b", "c", "d")
    weights = np.ones(len(X))
    flat = fit_projection(X, y, weights, names, "lda")
    deep = fit_projection(X, y, weights, names, "lda", 3)
    # Three classes lie in two discriminants; the third axis is at right angles, within classes.
    assert np.allclose(deep.matrix[:, :2], flat.matrix)
    assert deep.names == ("discriminant 1", "discriminant 2", "component 1")
    rest = deep.apply(X) - np.stack([deep.apply(X)[y == k].mean(axis=0) for k in range(3)])[y]
    cross = rest.T @ rest
    size = np.sqrt(np.diag(cross))
    assert np.abs(cross / np.outer(size, size) - np.eye(3)).max() < 0.01
    turned = fit_projection(X, y, weights, names, "pca", 3)
    assert turned.note.startswith("three principal components keep 99.")
    model = lw.LatticeClassifier(grid=(9, 9, 9)).fit(X, y)
    assert model.score(X, y) > 0.9
    with pytest.raises(InputError, match="A lattice of slices too needs three columns"):
        lw.LatticeClassifier(grid=(9, 9, 9), projection=None).fit(X, y)


def test_the_recording(model, tmp_path) -> None:
    fresh, truth = drawn(80, 6)
    trace = model.record(fresh, truth, fuzzy_layers=5)
    assert trace.site("labels").axes == ("slice", "row", "column")
    assert trace.site("probabilities").axes == ("class", "slice", "row", "column")
    assert trace.about["axes"] == ["column 1", "column 2", "column 3"]
    for name, side in zip(("slice_values", "row_values", "column_values"), GRID, strict=True):
        assert len(trace.about[name]) == side
    cells = model.mapping_.cells(fresh)[0]
    again = Trace.open(trace.save(tmp_path / "volume.lwtrace"))
    for number in (0, 3, len(trace) - 1):
        labels = again["labels", number]
        assert np.array_equal(labels, model._stack.labels(int(trace.moments[number].at["layer"])))
        assert trace["control accuracy", number] == np.mean(labels[tuple(cells.T)] == truth)
    last = len(trace) - 1
    assert np.array_equal(again["probabilities", last], trace["probabilities", last])
    right = np.mean(again["probabilities", last].argmax(axis=0)[tuple(cells.T)] == truth)
    assert trace["exact accuracy", last] == pytest.approx(right)


def test_saved_and_loaded(model, tmp_path) -> None:
    fresh, truth = drawn(300, 7)
    model.show_with(fresh, truth, data="three bells")
    again = lw.load(model.save(tmp_path / "volume.lw"))
    assert np.array_equal(again.predict_proba(fresh), model.predict_proba(fresh))
    assert again.grid == GRID
    assert np.array_equal(again.trace_["labels", 2], model.trace_["labels", 2])
    with safetensors.safe_open(tmp_path / "volume.lw", framework="numpy") as opened:
        assert json.loads(opened.metadata()["layerwise"])["layers"]["slices"] == GRID[0]


def test_a_recipe_says_its_slices_only_if_it_has_some() -> None:
    frame = np.full((3, 4, 5), UNCLASSIFIED, np.uint8)
    frame[1, 2, 3], frame[2, 0, 4] = 0, 1
    document = recipe_document(Recipe(frame, 2, seed=5, depth=9))
    assert np.array_equal(recipe_of(document).frame, frame)
    assert page_recipe(document, [0, 1])["slices"] == 3
    flat = recipe_document(Recipe(frame[1], 2, seed=5, depth=9))
    assert "slices" not in flat
    assert recipe_of(flat).grid == (4, 5)


@pytest.mark.parametrize(
    "change", [{"slices": 0}, {"slices": 2}, {"slices": "x"}, {"slices": 1 << 16}]
)
def test_a_recipe_that_cannot_be_is_refused(change) -> None:
    frame = np.full((3, 4, 5), 1, np.uint8)
    with pytest.raises(FileError, match="The recipe of a lattice is broken"):
        recipe_of({**recipe_document(Recipe(frame, 2, seed=5)), **change})
    sides = {"slices": 4096, "rows": 4096, "columns": 4096}
    with pytest.raises(FileError, match="too many cells"):
        recipe_of({**recipe_document(Recipe(frame, 2, seed=5)), **sides})


def test_crowded_points_spread_in_all_directions() -> None:
    cells = np.tile([3, 4, 5], (27, 1))
    labels = np.arange(27) % 2
    placed, shown, mass = spread_points(cells, labels, np.ones(27), (9, 9, 9), 2)
    assert sorted(shown.tolist()) == sorted(labels.tolist())
    assert mass.sum() == 27
    assert len(np.unique(placed, axis=0)) == 27
    # The 27 nearest cells: all within √3 of the middle, for the 19 nearest are within √2.
    far = ((placed - [3, 4, 5]) ** 2).sum(axis=1)
    assert sorted(far.tolist()) == [0] + 6 * [1] + 12 * [2] + 8 * [3]


@pytest.mark.parametrize("rule", ["copy", "vote"])
def test_threads_do_not_change_the_result(rule) -> None:
    X, y = drawn(100, 8)
    one, two = (
        lw.LatticeClassifier(grid=(20, 6, 7), rule=rule, n_jobs=jobs, anchored=True).fit(X, y)
        for jobs in (1, 2)
    )
    assert np.array_equal(one.labels_, two.labels_)
    assert np.array_equal(one.probabilities_, two.probabilities_)


def test_what_cannot_be_is_said(monkeypatch) -> None:
    X, y = drawn(50, 9)
    with pytest.raises(InputError) as caught:
        lw.LatticeClassifier(grid=(8, 8, 8), lazy=False).fit(X, y)
    assert str(caught.value) == (
        "In a lattice with slices a cell always may stay as it is. Received lazy=False. "
        "Leave lazy=True, or choose a grid of rows and columns."
    )
    with pytest.raises(InputError, match="A grid has too many cells"):
        lw.LatticeClassifier(grid=(2000, 2000, 2000)).fit(X, y)
    monkeypatch.setattr(module, "available_memory", lambda: 3 * 2**30)
    monkeypatch.setattr(module, "first_frame", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(TooLargeError) as caught:
        lw.LatticeClassifier(grid=(512, 512, 512)).fit(X, y)
    # 2²⁷ cells × (3 classes × 36 bytes + 120 bytes) = 28.5 GiB
    assert str(caught.value) == (
        "A grid of 512 × 512 × 512 cells with 3 classes needs 28.5 GiB of memory. Received a "
        "machine with 3.0 GiB free. Choose a smaller grid; 230 × 230 × 230 cells would fit. "
        "Layers alone can be computed on larger ones: layerwise.lattice.big.GridFile."
    )
