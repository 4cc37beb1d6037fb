"""The chapter on the lattice: whole in both languages, its numbers those of a computation."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from layerwise.errors import InputError
from layerwise.language import topic_texts, words
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.learn.chapter import Chapter, Figure, Prose, Table
from layerwise.learn.example import run_example
from layerwise.learn.lattice import CELL, GRID, LAYERS, POINTS, answer, chapter, clouds
from layerwise.learn.page import page_html
from layerwise.scene import Text
from layerwise.typeface import text_width
from layerwise.view.style import format_percent


@pytest.fixture(scope="module", params=["en", "de"])
def built(request: pytest.FixtureRequest) -> tuple[str, Chapter]:
    return request.param, chapter(words(request.param))


def test_a_page_is_small_and_its_films_short(built: tuple[str, Chapter]) -> None:
    language, made = built
    figures = [part for part in made.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == [
        "points", "walk", "ends", "runs", "board", "average", "density",
    ]  # fmt: skip
    assert all(len(figure.scene.stops) <= 60 for figure in figures)
    assert all(figure.alt and figure.caption for figure in figures)
    page = page_html(made, language=language, place=(10, 10), before=None, after=None)
    assert len(page) < 3_000_000
    HTMLParser().feed(page)


def test_no_text_leaves_a_figure_or_meets_another(built: tuple[str, Chapter]) -> None:
    for part in built[1].parts:
        if not isinstance(part, Figure):
            continue
        scene = part.scene
        for stop in {0, len(scene.stops) // 2, len(scene.stops) - 1}:
            boxes = []
            for mark in scene.stop_marks(stop):
                if isinstance(mark, Text):
                    assert mark.size >= 16 * scene.size[0] / 1920
                    wide = text_width(mark.string, mark.size, mark.weight, mark.family)
                    shift = {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
                    left, base = mark.at[0] - shift, mark.at[1]
                    box = (left, base - 0.74 * mark.size, left + wide, base + 0.2 * mark.size)
                    assert box[0] >= 0 and box[2] <= scene.size[0], (part.key, mark.string)
                    assert box[1] >= 0 and box[3] <= scene.size[1], (part.key, mark.string)
                    for other, string in boxes:
                        across = min(box[2], other[2]) - max(box[0], other[0])
                        down = min(box[3], other[3]) - max(box[1], other[1])
                        assert across <= 1 or down <= 1, (part.key, mark.string, string)
                    boxes.append((box, mark.string))


def test_numbers_of_the_text_are_those_of_the_lattice(built: tuple[str, Chapter]) -> None:
    language, made = built
    said = " ".join(part.text for part in made.parts if isinstance(part, Prose))
    model = LatticeClassifier(grid=GRID, fuzzy_from="filled", fuzzy_layers=LAYERS)
    model.fit(*clouds(POINTS, 0))
    control, kinds = clouds(3000, 1)
    cells = model.mapping_.cells(control)[0]
    right = np.mean(model.labels_[cells[:, 0], cells[:, 1]] == kinds)
    figures = words(language).figures
    assert figures(format_percent(float(right))) in said
    assert f" {model.depth_} " in said
    ends = said[said.index(figures("2,000")) - 5 :].split("\n")[0]
    named = [
        words(language)(f"lattice.{name}") in ends
        and figures(format_percent(float(model.probabilities_[number][CELL]))) in ends
        for number, name in enumerate(("blue", "orange", "green"))
    ]
    assert sum(named) == 1
    assert "{" not in said


def test_the_difference_falls_with_the_root_of_the_runs(built: tuple[str, Chapter]) -> None:
    (table,) = [part for part in built[1].parts if isinstance(part, Table)]
    rows = [[float(cell.replace(",", ".")) for cell in row[1:]] for row in table.rows]
    expected = [row[1] for row in rows]
    for one, other in pairwise(expected):
        assert one / other == pytest.approx(2, rel=0.01)
    assert all(0.8 < row[2] < 1.2 for row in rows)


def test_answers_in_the_terminal() -> None:
    said = answer(words("en"), "16 3 5").splitlines()
    assert len(said) == 6 and said[0].startswith("After 16 layers the cell in row 3, column 5")
    exact = [float(found) for found in re.findall(r"probability ([\d.]+)", "\n".join(said))]
    assert sum(exact) == pytest.approx(100, abs=0.2)
    german = answer(words("de"), "16, 20 30")
    assert german.startswith("Nach 16 Schichten zeigt die Zelle in Zeile 20, Spalte 30")
    assert "," in german.splitlines()[1]


@pytest.mark.parametrize(
    "given", ["", "16", "16 3", "0 3 5", "60 3 5", "16 48 5", "a b c", "1 2 3 4"]
)
def test_other_inputs_are_refused(given: str) -> None:
    with pytest.raises(InputError, match="three whole numbers: layers from 1 to 59"):
        chapter(words("en"), input=given)


def test_the_example_runs() -> None:
    printed = run_example("lattice").printed
    found = re.findall(r"difference ([\d.]+), expected ([\d.]+)", printed)
    assert len(found) == 2
    assert all(0.7 < float(one) / float(other) < 1.3 for one, other in found)


def test_both_languages_say_everything() -> None:
    english, german = topic_texts("en", "lattice"), topic_texts("de", "lattice")
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", german[key])), key
