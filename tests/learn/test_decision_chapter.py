"""The chapter on decisions: built in both languages, small, its numbers those of a computation."""

from __future__ import annotations

import re

import pytest
from built_chapters import ChapterOf

from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Chapter, Figure, Prose, Table
from layerwise.learn.decision import answer
from layerwise.learn.example import run_example
from layerwise.scene_json import document_text, scene_document


@pytest.fixture(scope="module")
def english(chapter_of: ChapterOf) -> Chapter:
    return chapter_of("decision", "en")


def test_a_page_stays_small_and_its_films_short(english: Chapter) -> None:
    figures = [part for part in english.parts if isinstance(part, Figure)]
    assert len({figure.key for figure in figures}) == len(figures) == 9
    size = sum(len(document_text(scene_document(figure.scene))) for figure in figures)
    assert size < 2_500_000
    assert all(len(figure.scene.stops) <= 60 for figure in figures)
    assert all(figure.alt and figure.caption for figure in figures)


def test_one_neuron_fails_and_hidden_ones_do_not(english: Chapter) -> None:
    (table,) = [part for part in english.parts if isinstance(part, Table)]
    assert table.rows[0][1] == "0 / 12"
    assert all(row[3].startswith("100.0") for row in table.rows[1:])
    prose = " ".join(part.text for part in english.parts if isinstance(part, Prose))
    best = re.search(r"trainings gets ([\d.]+)", prose)
    line = re.search(r"points finds ([\d.]+)", prose)
    assert best is not None and line is not None
    assert float(best[1]) <= float(line[1]) == 75.0


def test_the_example_runs() -> None:
    printed = run_example("decision").printed
    assert "four in a hidden layer: 100% right" in printed


def test_every_language_shows_the_same_training(chapter_of: ChapterOf) -> None:
    tables = [
        part.rows
        for language in ("en", "de")
        for part in chapter_of("decision", language).parts
        if isinstance(part, Table)
    ]
    english, german = ([[cell.replace(",", ".") for cell in row[1:]] for row in t] for t in tables)
    assert english == german
    said = " ".join(part.alt for part in chapter_of("decision", "de").parts
                    if isinstance(part, Figure))  # fmt: skip
    assert "verschieden und gleich" in said and "oben und unten" in said
    assert "upper" not in said


def test_an_answer_in_german() -> None:
    said = answer(words("de"), "mlp 6 tanh")
    assert "von 12 Startwerten" in said
    assert "100,0" in said


def test_both_languages_say_everything() -> None:
    english, german = topic_texts("en", "decision"), topic_texts("de", "decision")
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", german[key])), key
