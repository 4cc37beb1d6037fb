"""The stack of layers: random access, filling, phases, threads and slabs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.lattice import layers as stacks
from layerwise.lattice import planes
from layerwise.lattice.cells import vote_weights
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.reference import copy_layer, vote_layer
from layerwise.types import UNCLASSIFIED


def frame_of(shape=(17, 70), classes=3, points=12, seed=0):
    random = np.random.default_rng(seed)
    frame = np.full(shape, UNCLASSIFIED, np.uint8)
    where = random.choice(frame.size, min(points, frame.size), replace=False)
    frame.flat[where] = random.integers(0, classes, len(where))
    return frame


def recipe_of(frame=None, **options):
    given_frame = frame_of() if frame is None else frame
    return Recipe(**({"frame": given_frame, "classes": 3, "seed": 11} | options))


def filled(recipe, threads=1):
    stack = LayerStack(recipe, threads)
    stack.fill()
    return stack


def sequence(recipe, count):
    """Layers 0 … count by the reference, one after another, and the depth."""
    labels, depth, all_layers = recipe.frame, None, [recipe.frame]
    weights = vote_weights(recipe.window, recipe.weighting)
    if not (labels == UNCLASSIFIED).any():
        depth = 0
    for layer in range(1, count + 1):
        if depth is None:
            if recipe.rule == "copy":
                labels = copy_layer(labels, recipe.seed, layer, fill=True, lazy=recipe.lazy)
            else:
                labels = vote_layer(
                    labels, recipe.seed, layer, weights, recipe.classes,
                    fill=True, lazy=recipe.lazy,
                )  # fmt: skip
            if not (labels == UNCLASSIFIED).any():
                depth = layer
        elif recipe.restart and layer == depth + 1:
            labels = recipe.frame
        else:
            labels = copy_layer(
                labels, recipe.seed, layer, fill=False, lazy=recipe.lazy, anchored=recipe.anchors
            )
        all_layers.append(labels)
    return all_layers, depth


RECIPES = {
    "copy": recipe_of(),
    "copy, not lazy": recipe_of(lazy=False),
    "restart": recipe_of(restart=True),
    "anchored": recipe_of(anchored=True),
    "anchored, restart": recipe_of(anchored=True, restart=True),
    "vote": recipe_of(rule="vote", window=2, weighting="distance"),
    "vote, restart, not lazy": recipe_of(rule="vote", restart=True, lazy=False),
    "one cell": recipe_of(frame_of((8, 33), points=1)),
    "full": recipe_of(frame_of((5, 6), points=30)),
    "full, restart": recipe_of(frame_of((5, 6), points=30), restart=True),
    "255 classes": recipe_of(frame_of(classes=255, points=200), classes=255),
}
LAST = 200


@cache
def expected(name):
    return sequence(RECIPES[name], LAST)


@pytest.fixture
def small_slabs(monkeypatch):
    monkeypatch.setattr(stacks, "SLAB_BYTES", 1)
    monkeypatch.setattr(stacks, "BLOCK", 2)


@pytest.mark.parametrize("name", RECIPES)
def test_layers_in_order_equal_the_reference(name):
    every, depth = expected(name)
    stack = filled(RECIPES[name])
    assert stack.recipe.depth == depth
    assert depth is not None and depth < 150  # so that the fuzzy phase is seen as well
    for layer, labels in enumerate(every):
        assert np.array_equal(stack.labels(layer), labels), layer
        counts = np.bincount(labels[labels != UNCLASSIFIED], minlength=stack.recipe.classes)
        assert stack.counts(layer).tolist() == counts.tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(RECIPES)),
    st.lists(st.integers(0, LAST), min_size=1, max_size=12),
    st.booleans(),
)
def test_any_order_of_layers_gives_the_same(name, order, asked_before):
    every, _ = expected(name)
    stack = LayerStack(RECIPES[name])
    if asked_before:  # what was computed before the depth was known must not linger
        stack.labels(LAST)
    stack.fill()
    for layer in order:
        assert np.array_equal(stack.labels(layer), every[layer]), layer


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("name", RECIPES)
def test_threads_do_not_change_a_bit(name, threads, small_slabs):
    every, depth = expected(name)
    stack = filled(RECIPES[name], threads)
    assert stack.recipe.depth == depth
    for layer in (1, 15, depth, depth + 1, depth + 2, LAST):
        assert np.array_equal(stack.labels(layer), every[layer]), layer


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("block", [1, 5, 16])
def test_a_tall_grid_in_many_slabs(monkeypatch, block, threads):
    recipe = recipe_of(frame_of((300, 65), points=60))
    whole = filled(recipe)
    monkeypatch.setattr(stacks, "SLAB_BYTES", 1)
    monkeypatch.setattr(stacks, "BLOCK", block)
    cut = filled(recipe, threads)
    assert cut.recipe.depth == whole.recipe.depth
    for layer in (7, whole.recipe.depth, whole.recipe.depth + 30):
        assert np.array_equal(cut.labels(layer), whole.labels(layer))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 64)], ids=str)
@pytest.mark.parametrize("rule", ["copy", "vote"])
def test_narrow_grids_fill(shape, rule):
    recipe = recipe_of(frame_of(shape, points=1), rule=rule)
    stack = filled(recipe)
    _, depth = sequence(recipe, stack.recipe.depth)
    assert stack.recipe.depth == depth
    label = recipe.frame[recipe.frame != UNCLASSIFIED][0]
    assert (stack.labels(depth + 5) == label).all()


def test_depth_is_the_first_full_layer():
    stack = filled(recipe_of(frame_of((60, 60), points=3)))
    depth = stack.recipe.depth
    assert depth > 2 * stacks.BLOCK
    assert (stack.labels(depth) != UNCLASSIFIED).all()
    assert (stack.labels(depth - 1) == UNCLASSIFIED).any()


def test_a_single_unclassified_cell_is_filled():
    frame = np.zeros((6, 7), np.uint8)
    frame[3, 3] = UNCLASSIFIED
    stack = filled(recipe_of(frame, lazy=False))
    assert stack.recipe.depth == 1
    assert (stack.labels(1) == 0).all()


def test_a_full_frame_has_depth_zero():
    stack = filled(recipe_of(frame_of((5, 6), points=30)))
    assert stack.recipe.depth == 0
    assert stack.recipe.fuzzy_start == 0


def test_a_restart_shows_the_first_frame_again():
    stack = filled(recipe_of(restart=True))
    recipe = stack.recipe
    assert recipe.fuzzy_start == recipe.depth + 1
    assert np.array_equal(stack.labels(recipe.fuzzy_start), recipe.frame)
    assert (stack.labels(recipe.depth) != UNCLASSIFIED).all()


@pytest.mark.parametrize("restart", [False, True])
def test_anchored_cells_keep_their_class(restart):
    recipe = recipe_of(anchored=True, restart=restart)
    stack = filled(recipe)
    trained = recipe.frame != UNCLASSIFIED
    for layer in range(0, 150, 7):
        assert np.array_equal(stack.labels(layer)[trained], recipe.frame[trained])
    start = stack.recipe.fuzzy_start
    assert not np.array_equal(stack.labels(start + 9)[~trained], stack.labels(start)[~trained])


def test_held_cells_may_be_named():
    held = np.zeros((17, 70), bool)
    held[:, :5] = True
    stack = filled(recipe_of(anchored=True, held=held))
    start = stack.recipe.fuzzy_start
    first, later = stack.labels(start), stack.labels(start + 40)
    assert np.array_equal(first[held], later[held])
    assert not np.array_equal(first[~held], later[~held])


def test_a_frame_without_a_class_is_refused():
    empty = np.full((4, 4), UNCLASSIFIED, np.uint8)
    with pytest.raises(InputError) as caught:
        LayerStack(recipe_of(empty)).fill()
    assert str(caught.value) == "A lattice needs at least one classified cell to fill from."


def test_what_comes_too_early_is_refused():
    with pytest.raises(InputError) as caught:
        _ = recipe_of().fuzzy_start
    assert str(caught.value) == "The lattice is not filled yet. Fill it first."
    with pytest.raises(InputError) as caught:
        filled(recipe_of()).labels(-1)
    assert str(caught.value) == "A layer has a number from 0 on. Received -1."


def test_filling_reports_its_progress():
    seen = []
    recipe = recipe_of(frame_of((90, 90), points=2))
    LayerStack(recipe).fill(lambda done, of: seen.append((done, of)))
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == (8100, 8100)
    assert seen[0][0] > 2


def test_ten_thousand_layers_are_reached():
    recipe = recipe_of(frame_of((20, 20), points=40))
    stack = filled(recipe)
    late = stack.labels(10_000)
    assert np.array_equal(LayerStack(stack.recipe).labels(10_000), late)
    before = stack.labels(9_999)
    assert np.array_equal(copy_layer(before, 11, 10_000, fill=False, lazy=True), late)


def test_the_frames_kept_stay_within_their_room(monkeypatch):
    monkeypatch.setattr(stacks, "KEPT_BYTES", 64 * 1024)
    recipe = recipe_of(frame_of((20, 20), points=40))
    stack = filled(recipe)
    for layer in (30_000, 12_345, 29_999):
        stack.labels(layer)
    kept = sum(state.nbytes for state in stack._kept.values())
    assert 0 < kept <= 64 * 1024
    assert np.array_equal(stack.labels(2_000), filled(recipe).labels(2_000))


def test_label_maps_belong_to_the_caller():
    stack = filled(recipe_of())
    first = stack.labels(64)
    expected = first.copy()
    first[:] = 0
    assert np.array_equal(stack.labels(64), expected)
    again = LayerStack(replace(stack.recipe, depth=None))
    assert np.array_equal(planes.unpack(again.planes(3), 70), stack.labels(3))
