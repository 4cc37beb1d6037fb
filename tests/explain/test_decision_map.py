"""Decision maps against the models' own answers, point by point."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.decision.line import best_line
from layerwise.explain.decision.maps import DecisionRecorder, decision
from layerwise.view.principles.decision.film import decision as draw

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.normal(size=(60, 2))
FLOWERS = lw.data.load("iris")
KINDS = (POINTS[:, 0] * POINTS[:, 1] > 0).astype(int)


def grid_of(trace: lw.Trace) -> np.ndarray:
    """Every point of the map, row after row."""
    across, up = trace["across", 0], trace["up", 0]
    return np.array([(x, y) for y, x in product(up, across)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes", ["2-3-2", "2-5-4-3", "2-4-1"])
def test_a_network_and_its_neurons_are_those_of_torch(sizes: str, seed: int) -> None:
    model = lw.models.mlp(sizes, "tanh", seed=seed)
    kinds = KINDS if sizes[-1] != "3" else np.arange(60) % 3
    trace = decision(model, (POINTS, kinds), resolution=12)
    inputs = torch.from_numpy(grid_of(trace)).float()
    with torch.no_grad():
        outputs = model(inputs)
        hidden = torch.tanh(model.fc1(inputs))
    if outputs.shape[1] == 1:
        expected = torch.cat([1 - outputs.double().sigmoid(), outputs.double().sigmoid()], 1)
    else:
        expected = outputs.double().softmax(1)
    found = trace["probabilities", 0].reshape(len(expected.T), -1).T
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    maps = trace["maps 1", 0].reshape(hidden.shape[1], -1).T
    np.testing.assert_allclose(maps, hidden.numpy(), atol=1e-6)
    np.testing.assert_array_equal(trace["weights 1", 0], model.fc1.weight.detach().numpy())
    with torch.no_grad():
        mine = model(torch.from_numpy(POINTS).float())
    answers = (mine[:, 0] > 0).long() if mine.shape[1] == 1 else mine.argmax(1)
    np.testing.assert_array_equal(trace["answers", 0], answers.numpy())
    assert trace["accuracy", 0] == pytest.approx(float((answers.numpy() == kinds).mean()))


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier(3)])
def test_an_estimator_is_asked_as_it_is(model: object) -> None:
    names = np.array(["up", "down"])[KINDS]
    fitted = model.fit(POINTS, names)  # type: ignore[attr-defined]
    trace = decision(fitted, (POINTS, names), resolution=15)
    assert trace.about["classes"] == ["down", "up"]
    expected = fitted.predict_proba(grid_of(trace)).T.reshape(2, 15, 15)
    np.testing.assert_array_equal(trace["probabilities", 0], expected.astype(np.float32))
    assert trace["accuracy", 0] == pytest.approx(fitted.score(POINTS, names))


def test_numbers_of_classes_find_the_names_of_a_data_set() -> None:
    flowers = lw.data.load("iris")
    by_name = LogisticRegression(max_iter=500).fit(flowers.features, flowers.y)
    by_number = LogisticRegression(max_iter=500).fit(flowers.features, flowers.labels)
    first, second = (decision(one, flowers, resolution=10) for one in (by_name, by_number))
    np.testing.assert_array_equal(first["probabilities", 0], second["probabilities", 0])
    assert first["accuracy", 0] > 0.9


def test_answers_without_probabilities() -> None:
    model = Perceptron(random_state=0).fit(POINTS, KINDS)
    trace = decision(model, (POINTS, KINDS), resolution=9)
    assert trace.about["certain"]
    assert set(np.unique(trace["probabilities", 0])) == {0, 1}
    expected = model.predict(grid_of(trace)).reshape(9, 9)
    np.testing.assert_array_equal(trace["probabilities", 0].argmax(0), expected)


def test_a_function_may_give_the_second_class_alone() -> None:
    trace = decision(lambda rows: 1 / (1 + np.exp(-rows[:, 0])), POINTS, resolution=8)
    x = grid_of(trace)[:, 0].reshape(8, 8)
    np.testing.assert_allclose(trace["probabilities", 0][1], 1 / (1 + np.exp(-x)), atol=1e-6)


def test_a_slice_holds_the_other_columns_still() -> None:
    rows = RANDOM.normal(size=(50, 4))
    asked: list[np.ndarray] = []

    def model(given: np.ndarray) -> np.ndarray:
        asked.append(given)
        return np.full(len(given), 0.5)

    trace = decision(model, rows, columns=(3, 1), at="mean", resolution=8)
    grid = asked[0][:64]
    np.testing.assert_allclose(grid[:, [0, 2]], np.tile(rows.mean(0)[[0, 2]], (64, 1)))
    np.testing.assert_allclose(grid[:, [3, 1]], grid_of(trace))
    assert trace.about["plane"] == {"kind": "columns", "others": 2, "at": "mean"}
    trace = decision(model, rows, columns=(0, 1), at=7, resolution=8)
    np.testing.assert_allclose(asked[-1][:64, 2:], np.tile(rows[7, 2:], (64, 1)))


def test_the_plane_of_components_is_that_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    rows = RANDOM.normal(size=(80, 5)) @ RANDOM.normal(size=(5, 5))
    trace = decision(lambda given: np.full(len(given), 0.5), rows, resolution=8)
    known = PCA(2).fit(StandardScaler().fit_transform(rows))
    kept = trace.about["plane"]["variance"]
    assert kept == pytest.approx(float(known.explained_variance_ratio_.sum()))
    places = known.transform(StandardScaler().fit_transform(rows))
    np.testing.assert_allclose(np.abs(trace["places", 0]), np.abs(places), atol=1e-9)


def test_pictures_are_asked_in_their_shape_on_a_plane_through_three() -> None:
    pictures = RANDOM.random((20, 1, 6, 6))
    seen: list[tuple[int, ...]] = []

    class Model(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape))
            return torch.stack([x.sum((1, 2, 3)), -x.sum((1, 2, 3))], 1)

    trace = decision(Model(), (pictures, np.arange(20) % 2), samples=(0, 5, 9), resolution=8)
    assert seen[0] == (64 + 20, 1, 6, 6)
    flat = pictures.reshape(20, -1)
    places = trace["places", 0][[0, 5, 9]]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        real = np.linalg.norm(flat[[0, 5, 9][one]] - flat[[0, 5, 9][other]])
        assert np.linalg.norm(places[one] - places[other]) == pytest.approx(real)


def test_a_training_gives_a_map_an_epoch_and_stays_the_same() -> None:
    seen = DecisionRecorder(every=2, resolution=10)
    data = lw.data.load("moons", size=60, seed=0)
    settings = {"epochs": 5, "seed": 3, "keep": None, "health": False}
    run = lw.fit("mlp 4 tanh dropout=0.2", data, on_epoch=seen, **settings)
    assert [moment.at["epoch"] for moment in seen.trace.moments] == [1, 2, 4]
    plain = lw.fit("mlp 4 tanh dropout=0.2", data, **settings)
    for one, other in zip(run.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(one, other)
    found = decision(run, data, resolution=10)
    expected = run.predict_proba(grid_of(found)).T.reshape(2, 10, 10)
    np.testing.assert_allclose(found["probabilities", 0], expected, atol=1e-6)
    assert not np.array_equal(seen.trace["maps 1", 0], seen.trace["maps 1", 2])


def test_pictures_in_bytes_are_asked_as_they_were_learned() -> None:
    pictures = RANDOM.integers(0, 256, (24, 1, 5, 5), dtype=np.uint8)
    kinds = np.arange(24) % 2
    run = lw.fit("mlp 3", (pictures, kinds), epochs=2, keep=None, health=False)
    trace = decision(run, (pictures, kinds), resolution=8)
    np.testing.assert_array_equal(trace["answers", 0], run.predict(pictures))


def test_the_direction_is_that_of_the_weights() -> None:
    model = lw.models.perceptron(2, "identity", weights=[2.5, -1.25], bias=0.3)
    trace = decision(model, (POINTS, KINDS), resolution=8)
    np.testing.assert_allclose(trace["direction", 0], [2.5, -1.25], atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_line_is_found_by_brute_force_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    points, kinds = random.normal(size=(9, 2)), random.integers(0, 2, 9)
    kinds[:2] = 0, 1
    angles = np.linspace(0, np.pi, 4001)
    most = 0.0
    for angle in angles:
        order = np.argsort(points @ [np.cos(angle), np.sin(angle)])
        for cut in range(10):
            right = np.r_[kinds[order[:cut]] == 0, kinds[order[cut:]] == 1].mean()
            most = max(most, right, 1 - right)
    assert best_line(points, kinds) == pytest.approx(most)


def test_the_best_line_through_exclusive_or() -> None:
    corners = np.array([[0, 0], [1, 1], [0, 1], [1, 0]])
    assert best_line(corners, [0, 0, 1, 1]) == 0.75
    assert best_line([[0, 0], [1, 1], [2, 2]], [0, 1, 0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("model", "data", "options", "message"),
    [
        (object(), POINTS, {}, "needs a classifier"),
        (lambda rows: rows, POINTS, {}, "no probabilities"),
        (lambda rows: rows[:, 0] * np.nan, POINTS, {}, "not finite"),
        (lambda rows: np.full((len(rows), 30), 1 / 30), POINTS, {}, "up to 20 classes"),
        (lambda rows: np.full(3, 0.5), POINTS, {}, "each class of"),
        (lambda rows: rows[:, 0], POINTS[:, :1], {}, "two inputs or more"),
        (lambda rows: rows[:, 0], np.full((5, 2), np.nan), {}, "finite"),
        (lambda rows: rows[:, 0], [["a", "b"]], {}, "must be numbers"),
        (lambda rows: rows[:, 0], np.zeros((5, 3)), {}, "lie on a line"),
        (lambda rows: rows[:, 0], np.eye(4), {"columns": (0, 0)}, "two different columns"),
        (lambda rows: rows[:, 0], np.eye(4), {"columns": (0, 9)}, "no such column"),
        (lambda rows: rows[:, 0], np.eye(4), {"samples": (0, 0, 1)}, "lie on a line"),
        (lambda rows: rows[:, 0], np.eye(4), {"plane": "columns"}, "needs two columns"),
        (lambda rows: rows[:, 0], np.zeros((4, 1, 3, 3)), {"plane": "columns"}, "no two columns"),
        (lambda rows: rows[:, 0], POINTS * [1, 0], {}, "the same value in 'y'"),
        (lambda rows: rows[:, 0], POINTS, {"resolution": 2}, "resolution"),
        (lambda rows: rows[:, 0], POINTS, {"limits": (1, 0, 0, 1)}, "limits"),
        (lambda rows: rows[:, 0], (POINTS, np.arange(60)), {}, "up to 20 classes"),
    ],
)
def test_what_cannot_be(
    model: object, data: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        decision(model, data, **options)  # type: ignore[arg-type]


def test_names_that_are_not_there() -> None:
    flowers = lw.data.load("iris")
    model = LogisticRegression(max_iter=500).fit(flowers.features, flowers.y)
    with pytest.raises(UnknownNameError, match="petal width"):
        decision(model, flowers, columns=("petal widht (cm)", 0))
    with pytest.raises(UnknownNameError, match="components"):
        decision(model, flowers, plane="component")
    with pytest.raises(InputError, match="No map was made"):
        _ = DecisionRecorder().trace


@pytest.mark.parametrize(
    ("model", "unseen"),
    [
        (nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)), {}),
        (
            nn.Sequential(*[nn.Linear(4, 4) for _ in range(12)], nn.Linear(4, 3)),
            {"reason": "deep", "layers": 13},
        ),
        (
            nn.Sequential(
                nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(4, 3)
            ),
            {"reason": "other", "layers": 1},
        ),
        (
            nn.Sequential(nn.Unflatten(1, (4, 1)), nn.Linear(1, 3), nn.Flatten(), nn.Softmax(1)),
            {"reason": "inside", "layers": 1},
        ),
    ],
)
def test_what_has_no_map_is_said(model: nn.Module, unseen: dict[str, object]) -> None:
    trace = decision(model, np.random.default_rng(0).normal(size=(20, 4)), resolution=8)
    assert trace.about["unseen"] == unseen
    drawn = [getattr(mark, "string", "") for mark in draw(trace).stop_marks(0)]
    told = {"deep": "13 dense layers, more than are drawn", "other": "not dense", "inside": "whole"}
    for reason, said in told.items():
        assert any(said in text for text in drawn) == (unseen.get("reason") == reason)


def test_an_estimator_of_a_table_is_asked_with_its_columns() -> None:
    table = pandas.DataFrame(FLOWERS.features[:, :3], columns=["a", "b", "c"])
    model = make_pipeline(
        ColumnTransformer([("scaled", StandardScaler(), ["c", "a"])]), LogisticRegression()
    ).fit(table, FLOWERS.y)
    trace = decision(model, (table, FLOWERS.y), columns=["a", "c"], resolution=8)
    across, up = trace["across", 0], trace["up", 0]
    rows = pandas.DataFrame({"a": across[3], "b": table.b.median(), "c": up[5]}, index=[0])
    assert np.allclose(trace["probabilities", 0][:, 5, 3], model.predict_proba(rows)[0], atol=1e-6)


def test_predict_may_say_something_else_than_the_likeliest_class() -> None:
    model = NearestCentroid().fit(FLOWERS.features, FLOWERS.y)
    trace = decision(model, (FLOWERS.features, FLOWERS.y), resolution=8)
    likeliest = model.classes_[model.predict_proba(FLOWERS.features).argmax(1)]
    count = int((model.predict(FLOWERS.features) != likeliest).sum())
    assert int(trace["otherwise", 0]) == count
    drawn = [getattr(mark, "string", "") for mark in draw(trace).stop_marks(0)]
    assert any("own predict says otherwise" in text for text in drawn) == (count > 0)


def test_what_a_classifier_raises_is_told() -> None:
    model = RadiusNeighborsClassifier(0.5).fit(FLOWERS.features, FLOWERS.y)
    with pytest.raises(InputError, match=r"points of this plane\..*No neighbors"):
        decision(model, FLOWERS)
    with pytest.raises(InputError, match="mat1 and mat2"):
        decision(nn.Linear(5, 3), FLOWERS)
