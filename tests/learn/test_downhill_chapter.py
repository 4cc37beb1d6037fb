"""The chapter on going downhill: whole in both languages, its claims true of what it computes."""

from __future__ import annotations

import pytest
from built_chapters import ChapterOf

from layerwise.errors import UnknownNameError
from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Chapter, Figure, Prose, Table
from layerwise.learn.downhill import RATES, STEPS, chapter, minima_of
from layerwise.scene_json import document_text, scene_document
from layerwise.view.style import format_number


@pytest.fixture(scope="module")
def english(chapter_of: ChapterOf) -> Chapter:
    return chapter_of("downhill", "en")


def test_figures_are_small_and_described(english: Chapter) -> None:
    figures = [part for part in english.parts if isinstance(part, Figure)]
    keys = ["two", "rates", "valley", "saddle", "race", "plane"]
    assert [figure.key for figure in figures] == keys
    assert sum(len(document_text(scene_document(f.scene))) for f in figures) < 2_500_000
    assert all(f.alt and f.caption and len(f.scene.stops) <= 60 for f in figures)


def test_rates_end_where_arithmetic_says(english: Chapter) -> None:
    """A step multiplies x by 1 − rate and y by 1 − 10 rate."""
    text = " ".join(part.text for part in english.parts if isinstance(part, Prose))
    for rate in RATES:
        x, y = -4 * (1 - rate) ** STEPS, 1.5 * (1 - 10 * rate) ** STEPS
        assert format_number(0.5 * x**2 + 5 * y**2, 3) in text


def test_momentum_finds_the_deeper_valley_and_the_slope_alone_does_not() -> None:
    high, low = sorted(minima_of("two valleys"), reverse=True)
    assert high - low > 0.3


def test_six_race(english: Chapter) -> None:
    (table,) = [part for part in english.parts if isinstance(part, Table)]
    assert [row[0] for row in table.rows] == [
        "SGD", "momentum", "AdaGrad", "AdaDelta", "RMSProp", "Adam"
    ]  # fmt: skip


def test_formulas_are_written_as_the_language_writes_numbers(chapter_of: ChapterOf) -> None:
    built = chapter_of("downhill", "de")
    prose = " ".join(part.text for part in built.parts if isinstance(part, Prose))
    assert "+ 0,3 x + y² + 0,4" in prose and "(2,625 − x" in prose


def test_in_german_with_another_race() -> None:
    built = chapter(words("de"), theme="dark", input="rosenbrock")
    assert built.title == "Bergab"
    assert any(isinstance(part, Prose) and "100 (y − x²)²" in part.text for part in built.parts)


def test_unknown_surfaces_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="rosenbrock"):
        chapter(words("en"), input="rosenbrok")


def test_both_languages_say_everything() -> None:
    assert topic_texts("en", "downhill").keys() == topic_texts("de", "downhill").keys()
