"""The Dataset itself: what it promises, how it is cut."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from layerwise.data import Card, Dataset, load
from layerwise.errors import InputError, UnknownNameError

CARD = Card("mine", "Mine", "by hand")


def labelled(labels: list[int], classes: int) -> Dataset:
    features = np.arange(2.0 * len(labels)).reshape(-1, 2)
    names = tuple(f"c{i}" for i in range(classes))
    return Dataset(features, np.array(labels), ("a", "b"), names, "kind", CARD)


def test_selecting_columns_by_name() -> None:
    data = labelled([0, 1, 1], 2).select(["b"])
    assert (data.columns, data.features.tolist()) == (("b",), [[1], [3], [5]])
    with pytest.raises(UnknownNameError) as caught:
        load("wine").select(["alcool"])
    assert str(caught.value) == "Unknown column 'alcool' in wine. Did you mean 'alcohol'?"
    with pytest.raises(InputError, match="each once"):
        data.select([])


def test_short_form_and_scikit_learns_names() -> None:
    data = load("iris")
    assert repr(data) == "<Dataset 'iris': 150 × 4, 3 classes>"
    assert data.X is data.features
    assert data.y[[0, 50, 100]].tolist() == ["setosa", "versicolor", "virginica"]


def test_an_unlabelled_set_says_how_to_get_labels() -> None:
    data = load(np.eye(3))
    assert repr(data) == "<Dataset 'table': 3 × 3, unlabelled>"
    for ask in (data.require_labels, lambda: data.y):
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == (
            "The data set 'table' has no classes to learn. Say which column holds them: "
            "target=NAME (command line: --target NAME)."
        )


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(4, 30), min_size=2, max_size=5),
    seed=st.integers(0, 2**32 - 1),
    control=st.sampled_from([0.25, 0.4, 0.5]),
)
def test_a_split_keeps_every_sample_once_and_the_shares(
    sizes: list[int], seed: int, control: float
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    data = labelled(np.random.default_rng(seed).permutation(labels).tolist(), len(sizes))
    training, aside = data.split(control, seed)
    rows = np.concatenate([training.features[:, 0], aside.features[:, 0]])
    assert sorted(rows) == data.features[:, 0].tolist()
    assert (np.diff(training.features[:, 0]) > 0).all()
    for label, size in enumerate(sizes):
        assert abs((aside.require_labels() == label).sum() - size * control) <= 1
    again = data.split(control, seed)[1]
    assert again.features.tobytes() == aside.features.tobytes()


def test_a_split_is_scikit_learns() -> None:
    data = load("wine")
    _, aside = data.split(0.3, seed=7)
    _, rows = train_test_split(
        np.arange(len(data)), test_size=0.3, random_state=7, stratify=data.labels
    )
    assert aside.features.tobytes() == data.features[np.sort(rows)].tobytes()


def test_a_class_with_one_sample_stays_in_training() -> None:
    training, aside = labelled([0, 0, 0, 0, 1, 1, 1, 1, 2], 3).split()
    assert 2 in training.require_labels()
    assert 2 not in aside.require_labels()
    note = "1 class with a single sample kept out of the control set: c2"
    assert training.notes == aside.notes == (note,)


def test_an_unlabelled_set_is_split_too() -> None:
    training, aside = load(np.eye(8)).split()
    assert (len(training), len(aside)) == (6, 2)
    assert training.labels is None


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (
            [0, 0, 1, 1, 2, 2],
            {},
            "There are too few samples to set a control set aside. Received 6 samples in 3 "
            "classes of two samples or more, 2 of them for control. "
            "Both sets need at least one sample of each class. "
            "Use more samples or another share for control.",
        ),
        (
            [0, 1],
            {},
            "There are too few samples to set a control set aside. Received 0 samples in 0 "
            "classes of two samples or more, 0 of them for control. "
            "Both sets need at least one sample of each class. "
            "Use more samples or another share for control.",
        ),
        (
            [0, 0, 1, 1],
            {"control": 1},
            "The share set aside for control must be a number between 0 and 1. Received 1.",
        ),
        (
            [0, 0, 1, 1],
            {"control": float("nan")},
            "The share set aside for control must be a number between 0 and 1. Received nan.",
        ),
        (
            [0, 0, 1, 1],
            {"seed": -1},
            "The seed must be a whole number from 0 to 4,294,967,295. Received -1.",
        ),
    ],
)
def test_splits_that_are_refused(labels: list[int], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        labelled(labels, 3).split(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("a",)}, "with a name for each feature. Received shape (2, 2) and 1 names."),
        ({"features": [[1, np.nan], [1, 2]]}, "must be finite. Received 1 cells that are not."),
        ({"labels": [0]}, "one label for each sample. Received 2 samples and labels of shape (1,)"),
        ({"labels": [0, 2]}, "indices into its classes. Received labels from 0 to 2 for 2 classes"),
        ({"labels": [-1, 0]}, "Received labels from -1 to 0 for 2 classes."),
        ({"classes": tuple(map(str, range(256)))}, "has too many classes. Received 256. Up to 255"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {
        "features": np.ones((2, 2)),
        "labels": np.array([0, 1]),
        "columns": ("a", "b"),
        "classes": ("x", "y"),
        "target": None,
        "card": CARD,
    }
    with pytest.raises(InputError, match=re.escape(message)):
        Dataset(**(parts | changes))
