"""Names in scripts that the typeface lacks: no empty boxes, and it is said."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import layerwise as lw
from layerwise.scene import Text
from layerwise.typeface import font_file, lacking
from layerwise.view.writable import writable


def font_has(character):
    """By fontTools, which knows nothing of the tables that lines are set with."""
    import io

    from fontTools.ttLib import TTFont

    return ord(character) in TTFont(io.BytesIO(font_file())).getBestCmap()


@pytest.mark.parametrize(
    "text", ["Äpfel", "Ωμέγα", "кошка", "חתול", "قطة", "猫", "ねこ", "กา", "a→b", "🐈"]
)
def test_what_is_lacking_is_what_the_font_file_has_not(text):
    expected = [character for character in dict.fromkeys(text) if not font_has(character)]
    assert list(lacking(text)) == expected


def test_names_are_replaced_and_said():
    shown, said = writable(["cat", "חתול", "кошка", "猫"], "class")
    assert shown == ("cat", "class 2", "кошка", "class 4")
    assert said == "class 2, 4: named in Hebrew, Chinese, which this typeface lacks"
    assert writable(["cat", "dog"], "class") == (("cat", "dog"), "")


def trace_of(columns=None):
    torch.manual_seed(0)
    inputs = torch.randn(40, 3)
    labels = (inputs[:, 0] > 0).long()
    return lw.fit("mlp 4", (inputs, labels), epochs=1, keep=lw.Keep(every=1)).trace


@pytest.mark.parametrize("names", [["חתול", "כלב"], ["قطة", "كلب"], ["猫", "狗"]])
def test_a_film_draws_no_empty_boxes(names):
    scene = lw.view.network(trace_of(), classes=names, title=f"{names[0]}?")
    for stop in range(len(scene.stops)):
        for mark in scene.stop_marks(stop):
            if isinstance(mark, Text):
                assert lacking(mark.string, mark.weight, mark.family) == ""
    strings = [m.string for m in scene.stop_marks(1) if isinstance(m, Text)]
    assert {"class 1", "class 2"} <= set(strings)
    assert "which this typeface lacks" in " ".join(strings)
    assert all(name in scene.description for name in names)  # a page reads them out
    assert scene.title == f"{names[0]}?"
    pixels = scene.frame(0)
    assert pixels.dtype == np.uint8


def test_a_table_of_classes_draws_no_empty_boxes():
    scene = lw.view.confusion(np.eye(2, dtype=int)[None], ["חתול", "dog"])
    strings = [m.string for m in scene.stop_marks(0) if isinstance(m, Text)]
    assert not any(map(lacking, strings))
    assert "class 1" in strings
    assert any("class 1: named in Hebrew" in text for text in strings)


def written(scene):
    return [m.string for m in scene.stop_marks(len(scene.stops) - 1) if isinstance(m, Text)]


def pictures():
    run = trace_of()
    named = {"חתול": run, "relu": run}
    view = lw.view
    yield view.learning_curves(named, title="学習"), "run 1: named in Hebrew"
    yield view.learning_curves(named, title="学習"), "title in Chinese"
    yield view.depth(named, remarks={"חתול": "learns"}), "run 1: named in Hebrew"
    yield view.weights(run, title="ねこ"), "title in Japanese"
    yield view.diagram(run, title="ねこ"), "title in Japanese"
    yield view.diagram(run, title="ねこ", columns=1), "title in Japanese"
    still = view.diagram(run)
    yield view.side_by_side(still, still, ["one", "ねこ"]), "name 2 in Japanese"


def test_no_other_picture_draws_empty_boxes():
    every = []
    for scene, said in pictures():
        strings = written(scene)
        assert not any(map(lacking, strings))
        assert any(said in text for text in strings), said
        every += strings
    assert "learns" in every  # a remark finds its run under the name that was given
