"""The written form of a scene: its schema, its exact text, and what it leaves out."""

import base64
import gc
import io
import json
import weakref
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image as Pictures

from layerwise.errors import InputError, OutputError
from layerwise.scene import (
    Chapter,
    Curves,
    Discs,
    GridReading,
    Image,
    LayerReading,
    Rectangles,
    Reference,
    Scene,
    Segments,
    Stop,
    Terms,
    Text,
    Timeline,
    UnitReading,
)
from layerwise.scene_json import (
    array_value,
    document_text,
    picture_png,
    reading_step,
    scene_document,
    write_json,
)

GOLDEN = Path(__file__).parent / "golden"
PALETTE = np.array([[47, 111, 222, 255], [232, 89, 12, 255], [21, 23, 28, 128]], np.uint8)
CELLS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


def validator():
    schema = json.loads((files("layerwise") / "scene.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def small_scene(*, portrait=False):
    ink = (242, 243, 245, 255)
    static = [
        Rectangles([[8, 8, 60.5, 40]], [24, 27, 33, 255], radii=6, stroke=ink, stroke_widths=1),
        Segments([[0, 50, 160, 50], [0, 60, 160, 60]], [0.5, 2], [154, 161, 173, 255]),
        Curves([[0, 70, 80, 70, 80, 85.5, 160, 85.5]], 1.5, [8, 119, 189, 128]),
        Image((80, 10, 30, 20), CELLS, PALETTE, sampling="area"),
    ]

    def draw(stop, fraction):
        indices = np.arange(3)[:, None]
        refers = Reference("hidden", stop, indices)
        discs = Discs(
            [[20, 70 + stop], [40, 70], [60, 70.12345]],
            [4, 5, 6],
            [[18, 138, 107, 255]] * 3,
            refers=refers,
        )
        label = Text((150, 30), f"{stop} <&> ½", 16, ink, 600, "end", "mono")
        replayed = Image((120, 10, 30, 20), CELLS, PALETTE, refers=Reference("labels", stop))
        return [*static, discs, replayed, label]

    reading = GridReading(
        (120, 10, 30, 20),
        "length",
        "width",
        np.array([1e-5, 2, 3]),
        np.array([4.0, -5]),
        ("a", "b"),
        np.stack([CELLS * 10, 100 - CELLS * 10]).astype(np.uint8),
    )
    recipe = {
        "rule": "copy", "rows": 2, "columns": 3, "classes": 2, "seed": "18446744073709551615",
        "lazy": True, "moments": np.arange(2),
        "phases": [{"first": 0, "mode": "fill", "cells": np.array([0, 5], np.uint32),
                    "labels": np.array([0, 1], np.uint8)}],
    }  # fmt: skip
    return Scene(
        draw,
        Timeline([Stop(0, 0.5, "start"), Stop(1, 0.5, "end")], 1.5),
        size=(100, 160) if portrait else (160, 90),
        title="Small",
        description="All kinds of marks",
        chapters=[Chapter(0, "only")],
        poster=-1,
        replays=lambda: {"labels": recipe},
        readings=lambda: [reading],
        portrait=None if portrait else small_scene(portrait=True),
    )


def decoded(value):
    """The array again, by NumPy alone."""
    if isinstance(value, list):
        return np.array(value)
    data = base64.b64decode(value["base64"])
    return np.frombuffer(data, value["dtype"].replace("<u1", "|u1")).reshape(value["shape"])


def opened(picture):
    return Pictures.open(io.BytesIO(base64.b64decode(picture["png"])))


def test_document_validates():
    validator().validate(scene_document(small_scene()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("ground"),
        lambda document: document.update(version=2),
        lambda document: document["stops"][0].update(marks=[-1]),
        lambda document: document["marks"].append({"kind": "star"}),
        lambda document: document["marks"][0].update(colour=[1, 2, 3]),
        lambda document: document["portrait"]["stops"].clear(),
        lambda document: document["replays"]["labels"]["phases"][0].pop("labels"),
        lambda document: document["pictures"][0].update(png="not base64!"),
    ],
)
def test_schema_refuses_a_planted_violation(spoil):
    document = scene_document(small_scene())
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(document)


def test_text_is_that_of_the_golden_file(tmp_path):
    path = tmp_path / "small.json"
    small_scene().save(path, indent=1)
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    for picture in document["pictures"]:
        # How well PNG is packed depends on the library's version; what it holds does not.
        held = np.asarray(opened(picture).convert("RGBA")).reshape(-1, 4)
        text = text.replace(picture["png"], " ".join(bytes(pixel).hex() for pixel in held))
    assert text == (GOLDEN / "small.json").read_text(encoding="utf-8")


def test_same_scene_gives_same_bytes(tmp_path):
    for name in ("one.json", "two.json"):
        write_json(small_scene(), tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_equal_marks_and_pictures_are_written_once():
    document = scene_document(small_scene())
    first, second = (stop["marks"] for stop in document["stops"])
    assert first[:4] == second[:4]  # the same objects
    assert len(document["marks"]) == 4 + 2 * 3
    equal = Scene(
        lambda stop, fraction: [Text((1, 2), "a", 16, (1, 2, 3, 4))], Timeline.even(5, step=1)
    )
    assert len(scene_document(equal)["marks"]) == 1  # new objects, equal content
    assert len(document["palettes"]) == 1
    assert len(document["pictures"]) == 1 + 2  # a picture, and a reading that both layouts share
    assert document["portrait"]["readings"] == document["readings"]


def curve(stop, fraction=0.0):
    points = np.float32([[index, (index * 37) % 11 + 0.25] for index in range(20 * (stop + 1) + 1)])
    other = points + np.float32([0, stop + 1])
    return [
        Segments(np.hstack([points[:-1], points[1:]]), 2, [1, 2, 3, 255]),
        Segments(np.hstack([other[:-1], other[1:]]), np.arange(len(other) - 1), [1, 2, 3, 255]),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_curve_that_grows_is_written_once(order):
    scene = Scene(lambda stop, _: curve(stop if order > 0 else 9 - stop), Timeline.even(10, step=1))
    document = scene_document(scene)
    validator().validate(document)
    runs = [decoded(run) for run in document["runs"]]
    # The growing curve, ten others, and the growing widths of those.
    assert len(runs) == 1 + 10 + 1
    assert sum(len(stop["marks"]) for stop in document["stops"]) == 20
    for number, stop in enumerate(document["stops"]):
        for index, mark in zip(
            stop["marks"], curve(number if order > 0 else 9 - number), strict=True
        ):
            written = document["marks"][index]
            for name in ("ends", "widths", "colors"):
                value = written[name]
                whole = "run" in value
                numbers = runs[value["run"]][: value["count"]] if whole else decoded(value)
                expected = getattr(mark, name)
                np.testing.assert_allclose(
                    np.broadcast_to(numbers, expected.shape), expected, atol=6e-4
                )


def test_replayed_image_has_no_pixels():
    document = scene_document(small_scene())
    images = [mark for mark in document["marks"] if mark["kind"] == "image"]
    assert [("picture" in mark) for mark in images] == [True, False, False]
    assert images[2]["refers"] == {"site": "labels", "moment": 1}
    assert images[2]["palette"] == 0
    np.testing.assert_array_equal(decoded(document["palettes"][0]), PALETTE)


@pytest.mark.parametrize("dtype", ["u1", "i4", "u4", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(4, 3), (256,), (257,), (40, 20)])
def test_arrays_come_back(dtype, shape):
    array = (np.arange(np.prod(shape)).reshape(shape) % 251).astype(dtype)
    value = json.loads(json.dumps(array_value(array)))
    assert isinstance(value, list) == (array.size <= 256)
    np.testing.assert_array_equal(decoded(value), array)


def test_lengths_keep_three_decimals():
    assert array_value(np.float32([0.12345, 2.0, -0.0001])) == [0.123, 2, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_refused(bad):
    scene = Scene(lambda *_: [Discs([[0, bad]], 1, [1, 2, 3, 4])], Timeline.even(1, step=1))
    with pytest.raises(InputError, match="finite numbers: mend the centers of discs"):
        scene_document(scene)
    text = Scene(lambda *_: [Text((0, bad), "a", 9, (0, 0, 0, 0))], Timeline.even(1, step=1))
    with pytest.raises(InputError, match="finite numbers"):
        scene_document(text)


def test_pictures_are_written_without_loss():
    rng = np.random.default_rng(0)
    for channels in (3, 4):
        pixels = rng.integers(0, 256, (7, 5, channels), np.uint8)
        back = np.asarray(Pictures.open(io.BytesIO(picture_png(pixels))))
        np.testing.assert_array_equal(back, pixels)
    grey = rng.integers(0, 101, (7, 5), np.uint8)
    np.testing.assert_array_equal(np.asarray(Pictures.open(io.BytesIO(picture_png(grey)))), grey)
    palette = rng.integers(0, 256, (256, 4), np.uint8)
    for count in (1, 2, 3, 17, 256):
        cells = rng.integers(0, count, (9, 11), np.uint8)
        picture = Pictures.open(io.BytesIO(picture_png(cells, palette)))
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture.convert("RGBA")), palette[cells])


@pytest.mark.parametrize(
    ("shape", "step"),
    [((4, 800, 800), 1), ((9, 800, 800), 1), ((10, 800, 800), 2), ((255, 1, 10_000_000), 426)],
)
def test_large_readings_are_thinned(shape, step):
    assert reading_step(shape) == step
    classes, rows, columns = shape
    assert classes * -(-rows // step) * -(-columns // step) <= 6_000_000


def test_a_thinned_reading_keeps_its_own_coordinates(monkeypatch):
    monkeypatch.setattr("layerwise.scene_json.MOST_READING_CELLS", 40)
    percent = np.arange(2 * 6 * 7, dtype=np.uint8).reshape(2, 6, 7)
    reading = GridReading(
        (0, 0, 7, 6), "x", "y", np.arange(7) / 8, np.arange(6) / 4, ("a", "b"), percent
    )
    scene = Scene(lambda *_: [], Timeline.even(1, step=1), readings=lambda: [reading])
    document = scene_document(scene)
    validator().validate(document)
    written = document["readings"][0]
    assert (written["rows"], written["columns"], written["step"]) == (6, 7, 2)
    assert written["column_values"] == [0, 0.25, 0.5, 0.75]
    kept = np.asarray(opened(document["pictures"][written["percent"][1]]))
    np.testing.assert_array_equal(kept, percent[1, ::2, ::2])


def test_no_more_than_two_stops_are_held_at_a_time():
    drawn = []
    alive = []

    def draw(stop, fraction):
        mark = Text((0, 0), str(stop), 16, (0, 0, 0, 255))
        gc.collect()
        alive.append(sum(reference() is not None for reference in drawn))
        drawn.append(weakref.ref(mark))
        return [mark]

    scene_document(Scene(draw, Timeline.even(12, step=1)))
    assert len(drawn) == 12
    assert max(alive) <= 1


def test_the_numbers_of_units_are_written_exactly():
    values = np.float32([[1 / 3, np.nan], [1e-20, -3e30]])
    terms = Terms(
        np.zeros((2, 2, 1), int), values[:, :, None], values[:, :, None], values, 9, None, values,
        "before", (3, 3), (), "tanh", "tanh",
    )  # fmt: skip
    layer = LayerReading(
        "fc", np.float32([[0, 0, 5, 5], [0, 9, 5, 5]]), np.arange(2), values=values, terms=terms
    )
    units = UnitReading((0, 1, 1), (layer,))
    scene = Scene(lambda *_: [], Timeline.even(3, step=1), units=lambda: units)
    document = json.loads(document_text(scene_document(scene)))
    validator().validate(document)
    written = document["units"]["layers"][0]
    np.testing.assert_array_equal(decoded(written["values"]), values)
    np.testing.assert_array_equal(decoded(written["terms"]["inputs"])[:, :, 0], values)
    assert document["units"]["rows"] == [0, 1, 1]
    assert "units" not in scene_document(small_scene())


def test_text_needs_no_escape_beyond_json():
    document = scene_document(small_scene())
    assert json.loads(document_text(document)) == document
    assert "½" in document_text(document)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        write_json(small_scene(), tmp_path / "nowhere" / "a.json")
