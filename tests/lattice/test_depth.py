"""Depth and start by leave-one-out log-loss, against really leaving one out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from layerwise.lattice.cells import first_frame
from layerwise.lattice.depth import FOLDS, TrainingCells, _nearest_of_class, choose
from layerwise.lattice.diffusion import conditional, one_hot
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.random_bits import mix
from layerwise.lattice.reference import copy_layer
from layerwise.types import UNCLASSIFIED

CLASSES = 3


def problem(grid=(12, 17), points=40, seed=2, weights=None, **options):
    """Points in cells, some of them several in one cell and of several classes, and their stack."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, points)
    # Classes lie in different, overlapping thirds of the grid; every third point is doubled.
    cells = np.stack(
        [
            random.integers(0, grid[0], points),
            np.clip(labels * grid[1] // 3 + random.integers(-2, 7, points), 0, grid[1] - 1),
        ],
        axis=1,
    )
    cells[1::3] = cells[0::3][: len(cells[1::3])]
    mass = np.ones(points) if weights is None else weights
    frame = first_frame(cells, labels, mass, grid, CLASSES)
    training = TrainingCells.of(frame, cells, labels, mass, CLASSES)
    recipe = Recipe(frame=frame, classes=CLASSES, seed=5, **options)
    stack = LayerStack(recipe)
    stack.fill()
    return stack, training, (cells, labels, mass)


def averaged(maps, layers, lazy, anchors=None):
    now = maps
    for _ in range(layers):
        padded = np.pad(now, ((0, 0), (1, 1), (1, 1)), mode="edge")
        around = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
        around = (around + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]) / 4
        new = (now + around) / 2 if lazy else around
        now = new if anchors is None else np.where(anchors, now, new)
    return now


def left_out_loss(frame, territory, points, layers, lazy):
    """The mean −log p of all points, each judged by a map without its own cell's territory.

    `territory` (row, column): the flat number of the training cell that each cell belongs to.
    """
    cells, labels, mass = points
    frequencies = np.bincount(labels, weights=mass, minlength=CLASSES) / mass.sum()
    total, evidence = 0.0, True
    for (row, column), label, weight in zip(cells, labels, mass, strict=True):
        rest = frame.copy()
        rest[territory == row * frame.shape[1] + column] = UNCLASSIFIED
        spread = averaged(one_hot(rest, CLASSES), layers, lazy)[:, row, column]
        evidence = evidence and spread.sum() > 1e-9 and spread[label] > 1e-9
        given = conditional(spread[:, None, None], frequencies[:, None, None])[:, 0, 0]
        total -= weight * np.log(max(given[label], np.finfo(float).eps))
    return total / mass.sum(), evidence


def own_cells(frame):
    return np.arange(frame.size).reshape(frame.shape)


def territories(recipe):
    """Who coloured whom: the fill once more, with the numbers of the training cells as classes."""
    frame = recipe.frame
    trained = np.flatnonzero(frame != UNCLASSIFIED)
    numbers = np.full(frame.shape, UNCLASSIFIED, np.uint8)
    numbers.flat[trained] = np.arange(len(trained))
    for layer in range(1, recipe.depth + 1):
        numbers = copy_layer(numbers, recipe.seed, layer, fill=True, lazy=recipe.lazy)
    return trained[numbers]


def losses(stack, training, start, layers=None):
    other = "filled" if start == "points" else "points"
    tried = choose(stack, training, "auto" if layers is not None else start, layers).tried
    found = {depth: loss for name, depth, loss in tried if name == start}
    assert layers is None or other in {name for name, _, _ in tried}
    return found


WEIGHTS = np.random.default_rng(0).integers(1, 4, 40).astype(float)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("lazy", [True, False])
def test_from_the_points_each_cell_is_really_left_out(lazy, weights):
    stack, training, points = problem(lazy=lazy, weights=weights)
    frame = stack.recipe.frame
    assert len(training.cells) < len(points[1])  # some points share a cell
    assert len(training.group_cell) > len(training.cells)  # and some of these differ in class
    checked = 0
    for layers in (8, 21, 64, 150):
        expected, evidence = left_out_loss(frame, own_cells(frame), points, layers, lazy)
        found = losses(stack, training, "points", layers)[layers]
        assert abs(found - expected) < (1e-8 if evidence else 1e-3)
        checked += evidence
    assert checked >= 2


@pytest.mark.parametrize("lazy", [True, False])
def test_from_the_filled_grid_the_whole_territory_is_left_out(lazy):
    stack, training, points = problem(lazy=lazy)
    full = stack.labels(stack.recipe.depth)
    territory = territories(stack.recipe)
    assert (np.bincount(territory.reshape(-1)) > 1).any()
    checked = 0
    for layers in (8, 21, 64, 150):
        expected, evidence = left_out_loss(full, territory, points, layers, lazy)
        found = losses(stack, training, "filled", layers)[layers]
        assert abs(found - expected) < (1e-8 if evidence else 1e-3)
        checked += evidence
    assert checked >= 2


def test_of_a_vote_the_nearest_of_the_class_stands_for_the_parents():
    stack, training, points = problem(rule="vote")
    full = stack.labels(stack.recipe.depth)
    origins = _nearest_of_class(full, training)
    places = np.argwhere(np.ones_like(full, bool)).reshape(*full.shape, 2)
    for label in range(CLASSES):
        members = training.cells[training.labels == label]
        for place, origin in zip(places[full == label], origins[full == label], strict=True):
            assert training.labels[origin] == label
            nearest = ((members - place) ** 2).sum(axis=1).min()
            assert ((training.cells[origin] - place) ** 2).sum() == nearest
    flat = training.cells[:, 0] * full.shape[1] + training.cells[:, 1]
    expected, evidence = left_out_loss(full, flat[origins], points, 64, True)
    assert evidence
    assert abs(losses(stack, training, "filled", 64)[64] - expected) < 1e-8


@pytest.mark.parametrize("start", ["points", "filled"])
def test_anchored_a_fifth_is_left_out_at_a_time(start):
    stack, training, (cells, labels, _) = problem(anchored=True)
    recipe = stack.recipe
    columns = recipe.grid[1]
    part = mix(np.arange(len(training.cells), dtype=np.uint64)) % np.uint64(FOLDS)
    flat = training.cells[:, 0] * columns + training.cells[:, 1]
    layers, total = 16, 0.0
    for fold in range(FOLDS):
        gone = flat[part == fold]
        frame = recipe.frame.copy()
        frame.flat[gone] = UNCLASSIFIED
        shown = frame
        layer = 0
        while start == "filled" and (shown == UNCLASSIFIED).any():
            layer += 1
            shown = copy_layer(shown, recipe.seed, layer, fill=True, lazy=True)
        maps = averaged(one_hot(shown, CLASSES), layers, True, frame != UNCLASSIFIED)
        given = conditional(maps, training.frequencies[:, None, None])
        for (row, column), label in zip(cells, labels, strict=True):
            if row * columns + column in gone:
                total -= np.log(max(given[label, row, column], np.finfo(float).eps))
    found = losses(stack, training, start, layers)[layers]
    assert abs(found - total / len(labels)) < 1e-10


@pytest.mark.parametrize("start", ["points", "filled"])
def test_weights_are_repetitions(start):
    stack, training, (cells, labels, mass) = problem(weights=WEIGHTS)
    times = mass.astype(int)
    frame = first_frame(
        np.repeat(cells, times, axis=0), np.repeat(labels, times), np.ones(times.sum()),
        stack.recipe.grid, CLASSES,
    )  # fmt: skip
    assert np.array_equal(frame, stack.recipe.frame)
    repeated = TrainingCells.of(
        frame, np.repeat(cells, times, axis=0), np.repeat(labels, times), np.ones(times.sum()),
        CLASSES,
    )  # fmt: skip
    one, other = choose(stack, training, start, None), choose(stack, repeated, start, None)
    assert one.layers == other.layers
    assert [entry[:2] for entry in one.tried] == [entry[:2] for entry in other.tried]
    assert np.allclose(
        [entry[2] for entry in one.tried], [entry[2] for entry in other.tried], rtol=1e-12
    )


def test_points_of_weight_zero_are_absent():
    mass = WEIGHTS.copy()
    mass[::4] = 0
    stack, training, (cells, labels, _) = problem(weights=mass)
    kept = mass > 0
    other = TrainingCells.of(stack.recipe.frame, cells[kept], labels[kept], mass[kept], CLASSES)
    for name in ("cells", "labels", "group_cell", "group_label", "group_weight", "frequencies"):
        assert np.array_equal(getattr(training, name), getattr(other, name)), name


@pytest.mark.parametrize("options", [{}, {"lazy": False}, {"rule": "vote"}, {"anchored": True}])
def test_the_chosen_is_the_best_that_was_tried(options):
    stack, training, _ = problem(grid=(30, 40), points=120, **options)
    both = choose(stack, training, "auto", None)
    best = min(loss for _, _, loss in both.tried)
    assert (both.start, both.layers, best) in both.tried
    assert {start for start, _, _ in both.tried} == {"points", "filled"}
    alone = {start: choose(stack, training, start, None) for start in ("points", "filled")}
    for start, choice in alone.items():
        assert choice.start == start
        assert {entry for entry in both.tried if entry[0] == start} == set(choice.tried)
    assert both == replace(alone[both.start], tried=both.tried)


def test_neighbouring_depths_are_no_better():
    # The search is coarse, but what it returns is a minimum of a smooth curve to within it.
    stack, training, _ = problem(grid=(30, 40), points=120)
    choice = choose(stack, training, "points", None)
    best = min(loss for _, _, loss in choice.tried)
    for layers in range(max(1, choice.layers // 3), 3 * choice.layers, 5):
        assert losses(stack, training, "points", layers)[layers] > best - 0.003


def test_what_is_given_is_not_chosen():
    stack, training, _ = problem()
    choice = choose(stack, training, "filled", 33)
    assert (choice.start, choice.layers, choice.tried) == ("filled", 33, ())
    open_start = choose(stack, training, "auto", 33)
    assert open_start.layers == 33
    assert len(open_start.tried) == 2


def test_a_single_training_cell_leaves_no_evidence():
    cells, labels = np.array([[2, 2], [2, 2]]), np.array([0, 1])
    frame = first_frame(cells, labels, np.ones(2), (5, 5), 2)
    training = TrainingCells.of(frame, cells, labels, np.ones(2), 2)
    stack = LayerStack(Recipe(frame=frame, classes=2, seed=0))
    stack.fill()
    for start in ("points", "filled"):
        for _, _, loss in choose(stack, training, start, None).tried:
            assert abs(loss - np.log(2)) < 1e-9  # the class frequencies are all that is known
    assert training.nearest_error() == 0.5


def test_how_often_the_nearest_cell_has_another_class():
    cells = np.array([[0, 0], [0, 1], [5, 5], [5, 7]])
    labels = np.array([0, 0, 1, 0])
    frame = first_frame(cells, labels, np.ones(4), (9, 9), 2)
    training = TrainingCells.of(frame, cells, labels, np.ones(4), 2)
    assert training.nearest_error() == pytest.approx(2.5 / 5)
