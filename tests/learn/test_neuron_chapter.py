"""The chapter on one neuron: its numbers in the prose, in both languages, and other people's."""

from __future__ import annotations

import math

import pytest
from built_chapters import ChapterOf

from layerwise.errors import InputError
from layerwise.language import languages, words
from layerwise.learn.catalog import answer_of, build_chapter
from layerwise.learn.chapter import Chapter, Figure, Prose, Table
from layerwise.view.style import MINUS


def said(chapter: Chapter) -> str:
    return "\n".join(part.text for part in chapter.parts if isinstance(part, Prose))


@pytest.mark.parametrize("language", languages())
def test_the_numbers_of_the_prose(language: str, chapter_of: ChapterOf) -> None:
    text = said(chapter_of("neuron", language))
    slip = 1 / (1 + math.exp(-1.075))
    wanted = ["26", "25", "−25", f"{slip:.3f}", f"{MINUS}{math.tanh(1.075):.3f}", "−1.075", "0.25"]
    for number in [*wanted, "12 + 4 + 8 + 2", f"{0.25**10 * 1e7:.1f}"]:
        assert words(language).figures(number) in text
    assert f"{slip:.3f}" == "0.746" and f"{math.tanh(1.075):.3f}" == "0.791"


@pytest.mark.parametrize("language", languages())
def test_the_threshold_and_the_bias_agree_in_every_row(
    language: str, chapter_of: ChapterOf
) -> None:
    chapter = chapter_of("neuron", language)
    table = next(part for part in chapter.parts if isinstance(part, Table))
    yes, no = (words(language)(f"neuron.{name}") for name in ("yes", "no"))
    assert [(row[1], row[2]) for row in table.rows] == [
        ("24", no), ("25", no), ("26", yes), ("27", yes),
    ]  # fmt: skip
    assert all(row[2] == row[4] and (row[5] == "1") == (row[2] == yes) for row in table.rows)


def test_figures_say_what_is_seen_and_are_drawn_in_the_language(chapter_of: ChapterOf) -> None:
    for language, word in (("en", "sum + bias"), ("de", "Summe + Bias")):
        chapter = chapter_of("neuron", language)
        figures = [part for part in chapter.parts if isinstance(part, Figure)]
        assert len(figures) == 5
        assert all(figure.alt and figure.caption for figure in figures)
        scene = next(figure.scene for figure in figures if figure.key == "festival")
        drawn = [getattr(mark, "string", "") for mark in scene.stop_marks(scene.poster)]
        assert word in drawn


def test_a_neuron_of_ones_own_comes_first() -> None:
    chapter = build_chapter("neuron", input="1 1", weights="2 −3", bias="0.5", activation="relu")
    assert "the products are 2, −3" in next(p.text for p in chapter.parts if isinstance(p, Prose))
    assert chapter.parts[2].key == "own"  # type: ignore[union-attr]
    assert "own" not in [getattr(part, "key", "") for part in build_chapter("neuron").parts]


def test_answers_in_the_terminal() -> None:
    assert answer_of("neuron", input="3 2 4 2") == (
        "3 · 4 + 2 · 2 + 4 · 2 + 2 · 1 = 26\n26 > 25, that is: 26 − 25 = 1 > 0\n"
        "step(1) = 1\nThe festival: go."
    )
    assert "stay at home" in str(answer_of("neuron", input="3 2 4 1"))
    own = answer_of("neuron", input="1, 1", weights="2 3", bias="-1", activation="sigmoid")
    assert own == f"1 · 2 + 1 · 3 = 5\n5 − 1 = 4\nsigmoid(4) = {1 / (1 + math.exp(-4)):.4f}"


@pytest.mark.parametrize("given", ["", "   ", "1 2 x", "1e999 2 3 4"])
def test_an_input_that_is_no_numbers_is_refused(given: str) -> None:
    with pytest.raises(InputError):
        answer_of("neuron", input=given)
