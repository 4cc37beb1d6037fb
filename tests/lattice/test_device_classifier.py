"""A classifier on a torch device beside one on the processor: here torch's own processor."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from layerwise.data import load
from layerwise.errors import InputError
from layerwise.lattice import classifier, study
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.saved import load as load_model
from layerwise.types import UNCLASSIFIED


@pytest.fixture
def on_torch(monkeypatch):
    """Any device but the processor is torch's processor."""
    names = []

    def chosen(device, shape):
        names.append(device)
        return None if device == "cpu" else torch.device("cpu")

    monkeypatch.setattr(classifier, "chosen_device", chosen)
    return names


def points(columns):
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 150)
    return random.normal(size=(150, columns)) + 2 * np.eye(3)[y][:, :columns], y


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        (2, {"grid": (40, 70)}),
        (2, {"grid": 33, "rule": "vote", "fuzzy_from": "filled"}),
        (2, {"grid": 30, "anchored": True, "fuzzy_layers": 20, "fuzzy_from": "filled"}),
        (1, {"fuzzy_layers": 20, "fuzzy_from": "points"}),
        (3, {"grid": (9, 10, 11)}),
    ],
    ids=["copy", "vote", "anchored", "one column", "volume"],
)
def test_the_same_network_on_a_device(on_torch, columns, options):
    X, y = points(columns)
    here = LatticeClassifier(**options).fit(X, y)
    there = LatticeClassifier(**options, device="cuda").fit(X, y)
    assert on_torch == ["cpu", "cuda"]
    assert there._stack.place is not None
    assert np.array_equal(there.labels_, here.labels_)
    assert (there.depth_, there.fuzzy_depth_) == (here.depth_, here.fuzzy_depth_)
    assert there.tried_ == here.tried_
    assert np.array_equal(there.probabilities_, here.probabilities_)
    assert np.array_equal(there.simulate(3), here.simulate(3), equal_nan=True)
    for moment in range(0, len(there.trace_.moments), 6):
        for site in ("labels", "counts"):
            assert np.array_equal(there.trace_[site, moment], here.trace_[site, moment])


def test_a_copy_is_the_processors_again(on_torch, tmp_path):
    X, y = points(2)
    there = LatticeClassifier(grid=40, device="cuda").fit(X, y)
    copied = pickle.loads(pickle.dumps(there))
    assert copied._stack.place is None
    loaded = load_model(there.save(tmp_path / "model.safetensors"))
    for other in (copied, loaded):
        assert np.array_equal(other._stack.labels(60), there._stack.labels(60))
        assert np.array_equal(other.probabilities_, there.probabilities_)
    assert loaded.device == "cpu"
    assert clone(there).device == "cuda"


def test_any_layer_in_any_order():
    labels = np.full((20, 70), UNCLASSIFIED, np.uint8)
    labels[3, 5], labels[11, 66] = 0, 2
    recipe = Recipe(labels, 3, seed=1, restart=True)
    here, there = LayerStack(recipe), LayerStack(recipe, place=torch.device("cpu"))
    here.fill()
    there.fill()
    assert there.recipe.depth == here.recipe.depth
    depth = here.recipe.depth
    for layer in (depth, 3, depth + 70, 0, depth + 1, depth - 1, depth + 69):
        assert np.array_equal(there.labels(layer), here.labels(layer))
        assert np.array_equal(there.counts(layer), here.counts(layer))


@pytest.mark.parametrize("device", [None, 0, torch.device("cpu")], ids=str)
def test_a_device_is_a_name(device):
    with pytest.raises(InputError, match="A device has a name"):
        LatticeClassifier(grid=20, device=device).fit(*points(2))


def test_a_study_hands_the_device_on(on_torch):
    found = study.study(
        load("moons"),
        grid=20,
        rule="copy",
        fuzzy_layers=9,
        fuzzy_from="points",
        folds=2,
        device="cuda",
    )
    assert found.model.device == "cuda"
    assert set(on_torch) == {"cuda"}
