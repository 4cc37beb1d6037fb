"""The recording of a fitted lattice, value by value, and the recipes that it is replayed from."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from layerwise.errors import FileError, InputError
from layerwise.lattice.cells import vote_weights
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.recording import MOST_EXACT
from layerwise.lattice.reference import copy_layer, vote_layer
from layerwise.lattice.replay import (
    DEEPEST,
    decoded,
    encoded,
    label_replay,
    page_recipe,
    probability_replay,
    recipe_document,
    recipe_of,
)
from layerwise.trace import Moment, Trace
from layerwise.types import UNCLASSIFIED

SETTINGS = {
    "filled": {"fuzzy_from": "filled", "fuzzy_layers": 30},
    "points": {"fuzzy_from": "points", "fuzzy_layers": 30},
    "vote": {"rule": "vote", "fuzzy_from": "filled", "fuzzy_layers": 12},
    "vote, points": {"rule": "vote", "fuzzy_from": "points", "fuzzy_layers": 12},
    "anchored": {"anchored": True, "fuzzy_from": "filled", "fuzzy_layers": 9},
    "anchored, points": {"anchored": True, "fuzzy_from": "points", "fuzzy_layers": 9},
    "not lazy": {"lazy": False, "fuzzy_from": "filled", "fuzzy_layers": 9},
    "no fuzzy layers": {"fuzzy_from": "filled", "fuzzy_layers": 0},
    "no fuzzy layers, points": {"fuzzy_from": "points", "fuzzy_layers": 0},
}


def moons(size=150, seed=0):
    X, y = make_moons(size, noise=0.25, random_state=seed)
    return X, np.array(["lower", "upper"])[y]


def fitted(**options):
    return LatticeClassifier(**({"grid": (33, 70)} | options)).fit(*moons())


@pytest.fixture(scope="module", params=SETTINGS)
def recorded(request):
    model = fitted(**SETTINGS[request.param])
    X, y = moons(400, seed=1)
    return model, model.record(X, y, data="moons"), model.mapping_.cells(X)[0], y


# What is recorded


def test_each_label_map_is_that_of_its_layer(recorded):
    model, trace, cells, y = recorded
    for number, moment in enumerate(trace.moments):
        shown = model._stack.labels(moment.at["layer"])
        assert np.array_equal(trace["labels", number], shown)
        counts = np.bincount(shown[shown != UNCLASSIFIED], minlength=2)
        assert trace["counts", number].tolist() == counts.tolist()
        names = np.array([*model.classes_.tolist(), *[""] * 254])
        right = names[shown[cells[:, 0], cells[:, 1]]] == y
        assert float(trace["control accuracy", number]) == pytest.approx(right.mean(), abs=1e-15)


def test_exact_probabilities_and_how_good_they_are(recorded):
    model, trace, cells, y = recorded
    exact = trace.where("probabilities")
    assert exact == [n for n, moment in enumerate(trace.moments) if "exact" in moment.at]
    assert exact[-1] == len(trace) - 1
    for number in exact:
        expected = model.probabilities_after(trace.moments[number].at["fuzzy"])
        found = trace["probabilities", number]
        assert np.array_equal(found, expected.astype(np.float32))
        judged = expected[:, cells[:, 0], cells[:, 1]].T
        right = model.classes_[judged.argmax(axis=1)] == y
        assert float(trace["exact accuracy", number]) == pytest.approx(right.mean())
        assert float(trace["exact log-loss", number]) == pytest.approx(log_loss(y, judged))
    assert np.array_equal(trace["probabilities", -1], model.probabilities_)


def test_moments_are_in_strict_order(recorded):
    model, trace, _, _ = recorded
    layers = [moment.at["layer"] for moment in trace.moments]
    assert layers == sorted(set(layers))
    assert layers[0] == 0
    assert model.depth_ in layers
    assert layers[-1] == trace.about["fuzzy_start"] + model.fuzzy_depth_
    for moment in trace.moments:
        if "fuzzy" in moment.at:
            assert moment.at["fuzzy"] == moment.at["layer"] - trace.about["fuzzy_start"]


def test_what_holds_for_the_whole(recorded):
    model, trace, _, y = recorded
    assert trace.title == "lattice network"
    assert trace.about["data"] == "moons"
    assert trace.about["classes"] == ["lower", "upper"]
    assert trace.about["points"] == 150
    assert trace.about["class_points"] == [75, 75]
    assert trace.about["control_points"] == len(y)
    assert trace.about["depth"] == model.depth_
    assert trace.about["column_values"] == model.mapping_.column_values().tolist()
    assert trace.notes == ()
    json.dumps(dict(trace.about))


def test_saved_and_opened_it_is_the_same(recorded, tmp_path):
    _, trace, _, _ = recorded
    path = trace.save(tmp_path / "film.lwt")
    assert path.stat().st_size < 200_000
    with Trace.open(path) as again:
        assert again.header == trace.header
        assert again.moments == trace.moments
        for site in trace.sites:
            assert again.where(site.name) == trace.where(site.name)
            for number in trace.where(site.name)[::7]:
                one, other = again[site.name, number], trace[site.name, number]
                assert one.dtype == other.dtype
                assert one.tobytes() == other.tobytes()


def test_the_same_fit_gives_the_same_recording():
    one, other = fitted().trace_, fitted().trace_
    assert one.header == other.header
    assert one.moments == other.moments
    assert len(one.sites) == 4  # no control points: nothing is claimed about them


def test_what_is_left_out_is_in_the_notes():
    model = fitted(fuzzy_from="filled", fuzzy_layers=500)
    full = model.record(fuzzy_moments=1000)
    assert full.notes == ()
    trace = model.record(filling_moments=5, fuzzy_moments=20)
    layers = [moment.at["layer"] for moment in trace.moments]
    assert layers[0] == 0 and layers[-1] == model.depth_ + 500
    assert len(layers) == 5 - 1 + 20  # the filled grid is the last of the one, first of the other
    assert trace.notes == (
        f"5 of {model.depth_ + 1:,} filling layers shown, evenly spaced",
        "20 of 501 fuzzy layers shown, evenly spaced in blur",
    )
    widths = np.sqrt([moment.at["fuzzy"] for moment in trace.moments if "fuzzy" in moment.at])
    assert np.diff(widths).max() < 1.6 * np.sqrt(500) / 19
    assert len(trace.where("probabilities")) == MOST_EXACT


def test_from_the_points_each_fuzzy_moment_is_exact():
    model = fitted(fuzzy_from="points", fuzzy_layers=3000)
    trace = model.trace_
    fuzzy = [n for n, moment in enumerate(trace.moments) if "fuzzy" in moment.at]
    assert trace.where("probabilities") == fuzzy
    assert len(fuzzy) <= 48
    assert trace.notes[-1] == f"{len(fuzzy)} of 3,001 fuzzy layers shown, evenly spaced in blur"


def test_only_what_was_chosen_is_called_chosen():
    model = fitted()
    assert model.record().about["chosen_by"] == "leave-one-out log-loss"
    assert model.record(fuzzy_layers=model.fuzzy_depth_ + 1).about["chosen_by"] == ""
    given = fitted(fuzzy_from="points", fuzzy_layers=5)
    assert given.record().about["chosen_by"] == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"fuzzy_layers": -1},
            "A recording needs a whole number of fuzzy_layers. Received -1. 0 to 10,000,000.",
        ),
        (
            {"filling_moments": 1},
            "A recording needs a whole number of filling_moments. Received 1. 2 to 10,000,000.",
        ),
        (
            {"fuzzy_moments": 0},
            "A recording needs a whole number of fuzzy_moments. Received 0. 2 to 10,000,000.",
        ),
        (
            {"X_control": np.zeros((3, 2)), "y_control": ["lower", "upper"]},
            "Control points need one class each. Received 3 points and classes of shape (2,).",
        ),
        (
            {"X_control": np.zeros((2, 2)), "y_control": ["lower", "middle"]},
            "A control point has a class that was not trained. Received middle. "
            "Trained: lower, upper.",
        ),
        (
            {"X_control": np.zeros((2, 2)), "y_control": [0, 1]},
            "A control point has a class that was not trained. Received 0. Trained: lower, upper.",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_recorded_is_refused(options, message):
    with pytest.raises(InputError) as caught:
        fitted().record(**options)
    assert str(caught.value) == message


# The recipe


def document_of(name="filled"):
    return recipe_document(fitted(**SETTINGS[name])._stack.recipe)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_recipe_survives_as_json(name):
    recipe = fitted(**SETTINGS[name])._stack.recipe
    again = recipe_of(json.loads(json.dumps(recipe_document(recipe))))
    assert np.array_equal(again.frame, recipe.frame)
    for field in (
        "classes", "seed", "rule", "window", "weighting", "lazy", "anchored", "restart", "depth",
    ):  # fmt: skip
        assert getattr(again, field) == getattr(recipe, field), field


@pytest.mark.parametrize("dtype", ["<u4", "|u1"])
def test_arrays_as_text(dtype):
    array = np.arange(7).reshape(7, 1)
    again = decoded(json.loads(json.dumps(encoded(array, dtype))))
    assert again.dtype.str == dtype
    assert np.array_equal(again, array)


U4 = {"dtype": "<u4", "shape": [1], "base64": base64.b64encode(b"\x01\0\0\0").decode()}
MUTATIONS = [
    ({"rows": 0}, "its sizes are not allowed"),
    ({"rows": 1 << 20}, "its sizes are not allowed"),
    ({"columns": -3}, "its sizes are not allowed"),
    ({"columns": "wide"}, "invalid literal for int() with base 10: 'wide'"),
    ({"rows": float("inf")}, "cannot convert float infinity to integer"),
    ({"classes": 1}, "its sizes are not allowed"),
    ({"classes": 256}, "its sizes are not allowed"),
    ({"cells": U4}, "its first frame is broken"),
    ({"labels": U4}, "its first frame is broken"),
    ({"rows": 2}, "a cell or a class lies outside"),
    ({"cells": U4 | {"dtype": "|O"}}, "type '|O' is not allowed"),
    ({"cells": U4 | {"base64": "####"}}, "Only base64 data is allowed"),
    ({"cells": U4 | {"shape": [5]}}, "cannot reshape array of size 1 into shape (5,)"),
    ({"cells": [1, 2]}, "list indices must be integers or slices, not str"),
    ({"rule": "spread"}, "its rule is unknown"),
    ({"window": 0}, "its rule is unknown"),
    ({"window": 21}, "its rule is unknown"),
    ({"weighting": "heavy"}, "its weighting is unknown"),
    ({"seed": "zero"}, "invalid literal for int() with base 10: 'zero'"),
    ({"depth": -1}, "its depth is not allowed"),
    ({"depth": DEEPEST + 1}, "its depth is not allowed"),
]


@pytest.mark.parametrize(("change", "why"), MUTATIONS, ids=lambda value: str(value)[:40])
def test_a_broken_recipe_is_refused(change, why):
    with pytest.raises(FileError) as caught:
        recipe_of(document_of() | change)
    assert str(caught.value) == f"The recipe of a lattice is broken: {why}."


@pytest.mark.parametrize("name", sorted(document_of()))
def test_a_recipe_without_a_part_is_refused(name):
    document = document_of()
    del document[name]
    with pytest.raises(FileError, match="The recipe of a lattice is broken"):
        recipe_of(document)
    for replay in (label_replay, probability_replay):
        with pytest.raises(FileError):
            replay({"layers": document, "frequencies": [0.5, 0.5], "error": 0.1})


@pytest.mark.parametrize(
    "change",
    [
        {"frequencies": [1.0]},
        {"frequencies": [0.5, "x"]},
        {"frequencies": [1.5, -0.5]},
        {"frequencies": [0.1, 0.1]},
        {"frequencies": None},
        {"error": 2},
        {"error": float("nan")},
        {"error": "often"},
        {"layers": None},
        {"layers": [1]},
    ],
    ids=str,
)
def test_broken_probabilities_are_refused(change):
    document = {"layers": document_of(), "frequencies": [0.5, 0.5], "error": 0.1}
    probability_replay(document)
    with pytest.raises(FileError):
        probability_replay(document | change)


@pytest.mark.parametrize("at", [{}, {"layer": -1}, {"layer": 0.5}, {"layer": 10**12}], ids=str)
def test_a_moment_that_names_no_layer_is_refused(at):
    with pytest.raises(FileError, match="A moment of a lattice needs its layer"):
        label_replay({"layers": document_of()}).value(Moment("layer", at))


# The same for a page


@pytest.mark.parametrize("name", SETTINGS)
def test_a_page_can_play_the_same_layers(name):
    model = fitted(**SETTINGS[name])
    recipe = model._stack.recipe
    layers = [0, 3, model.depth_, model.depth_ + 2]
    page = json.loads(json.dumps(page_recipe(recipe_document(recipe), layers)))
    assert page["rule"] == "copy"
    assert (page["rows"], page["columns"], page["classes"]) == (33, 70, 2)
    assert page["moments"] == layers
    assert int(page["seed"]) == recipe.seed
    assert page["lazy"] is recipe.lazy
    fill, fuzzy = page["phases"]
    # Played by the phases alone, with nothing but the reference's one layer.
    frame = np.full(33 * 70, UNCLASSIFIED, np.uint8)
    frame[decoded(fill["cells"])] = decoded(fill["labels"])
    frame = frame.reshape(33, 70)
    if recipe.rule == "vote":
        assert fill["mode"] == "frames"
        assert len(fill["frames"]) == model.depth_ + 1
        shown = np.zeros((33, 70), np.uint8)
        played = []
        for change in fill["frames"]:
            plain = zlib.decompress(base64.b64decode(change))
            shown = shown ^ np.frombuffer(plain, np.uint8).reshape(33, 70)
            played.append(shown)
        assert np.array_equal(played[0], frame)
        weights = vote_weights(1, "uniform")
        expected = vote_layer(frame, recipe.seed, 1, weights, 2, fill=True, lazy=True)
        assert np.array_equal(played[1], expected)
    else:
        assert fill["mode"] == "fill"
        played = [frame]
        for layer in range(1, model.depth_ + 1):
            played.append(copy_layer(played[-1], recipe.seed, layer, fill=True, lazy=recipe.lazy))
    assert fill["first"] == 0
    assert np.array_equal(played[model.depth_], model.labels_)
    assert fuzzy["mode"] == "copy"
    assert fuzzy["first"] == model.depth_ + recipe.restart
    assert fuzzy["anchors"] is recipe.anchored
    shown = model.labels_
    if recipe.restart:
        assert (fuzzy["cells"], fuzzy["labels"]) == (fill["cells"], fill["labels"])
        shown = frame
    else:
        assert "cells" not in fuzzy
    held = frame != UNCLASSIFIED if fuzzy["anchors"] else None
    for layer in range(fuzzy["first"] + 1, fuzzy["first"] + 4):
        shown = copy_layer(shown, recipe.seed, layer, fill=False, lazy=recipe.lazy, anchored=held)
        assert np.array_equal(model._stack.labels(layer), shown)
