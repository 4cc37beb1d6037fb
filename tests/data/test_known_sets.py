"""The data sets that come with the package, against scikit-learn and by their definition."""

from typing import Any

import numpy as np
import pytest
from sklearn import datasets

from layerwise.data import Entry, catalog, load


def test_the_catalog_names_them_all() -> None:
    names = [entry.card.name for entry in catalog()]
    assert names == ["iris", "wine", "breast-cancer", "digits", "moons", "spirals", "overlap"]


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.card.name)
def test_the_catalog_tells_the_truth(entry: Entry) -> None:
    data = load(entry.card.name)
    size = (len(data), len(data.columns), len(data.classes))
    assert size == (entry.rows, entry.columns, entry.classes)
    assert data.card is entry.card
    assert entry.card.title and entry.card.origin and entry.card.description
    assert entry.card.licence.startswith(("CC BY 4.0", "generated"))
    assert set(np.unique(data.require_labels())) == set(range(entry.classes))


@pytest.mark.parametrize("name", ["iris", "wine", "breast-cancer", "digits"])
def test_measured_sets_are_scikit_learns(name: str) -> None:
    oracle: Any = getattr(datasets, f"load_{name.replace('-', '_')}")()
    data = load(name)
    assert data.features.tobytes() == oracle.data.tobytes()
    assert np.array_equal(data.require_labels(), oracle.target)
    assert data.classes == tuple(map(str, oracle.target_names))
    assert data.columns == tuple(oracle.feature_names)


def test_known_sets_take_columns_and_their_own_target() -> None:
    data = load("iris", target="species", columns=["petal width (cm)", "sepal width (cm)"])
    assert np.array_equal(data.features, datasets.load_iris().data[:, [3, 1]])
    assert load(data, columns=["sepal width (cm)"]).columns == ("sepal width (cm)",)


def test_moons_are_scikit_learns() -> None:
    points, labels = datasets.make_moons(n_samples=61, noise=0.1, random_state=5)
    data = load("moons", size=61, noise=0.1, seed=5)
    assert data.features.tobytes() == points.tobytes()
    assert np.array_equal(data.require_labels(), labels)


@pytest.mark.parametrize(("classes", "turns"), [(2, 1.5), (3, 1.0), (5, 0.0)])
def test_spirals_without_noise_lie_on_their_curve(classes: int, turns: float) -> None:
    data = load("spirals", size=500, noise=0, seed=2, classes=classes, turns=turns)
    radius = np.hypot(*data.features.T)
    angle = np.arctan2(data.features[:, 1], data.features[:, 0])
    off = angle / (2 * np.pi) - turns * radius - data.require_labels() / classes
    assert radius.max() <= 1
    np.testing.assert_allclose(off, np.round(off), atol=1e-9)
    counts = np.bincount(data.require_labels())
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", ["moons", "spirals", "overlap"])
def test_generated_sets_depend_on_the_seed_alone(name: str) -> None:
    one, again, other = (load(name, size=50, seed=seed) for seed in (4, 4, 5))
    assert one.features.tobytes() == again.features.tobytes()
    assert one.features.tobytes() != other.features.tobytes()
