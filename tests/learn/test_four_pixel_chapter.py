"""The chapter on the four-pixel camera: complete in each language, and its answers are right."""

import pytest
from built_chapters import ChapterOf

from layerwise.errors import InputError
from layerwise.language import topic_texts
from layerwise.learn.catalog import answer_of, build_chapter
from layerwise.learn.chapter import Figure, Prose, Table


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_chapter_is_built(language: str, chapter_of: ChapterOf) -> None:
    chapter = chapter_of("four-pixel", language)
    figures = [part for part in chapter.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == ["walk", "pair", "table", "logistic", "signs"]
    assert all(len(figure.scene.stops) <= 60 and figure.alt for figure in figures)
    table = next(part for part in chapter.parts if isinstance(part, Table))
    assert len(table.rows) == 18
    assert set(topic_texts(language, "four_pixel")) == set(topic_texts("en", "four_pixel"))


def test_its_numbers_are_the_known_ones(chapter_of: ChapterOf) -> None:
    chapter = chapter_of("four-pixel", "en")
    prose = " ".join(part.text for part in chapter.parts if isinstance(part, Prose))
    for said in ("95.9\u2009%", "74.6\u2009%", "90.2\u2009%", "\u22121.075", "\u22120.791",
                 "four-way tie", "names 2 correctly"):  # fmt: skip
        assert said in prose


@pytest.mark.parametrize(
    ("pixels", "verdict"),
    [
        ("1 -1 1 1", "four-way tie"), ("0 0 0 0", "no answer"), ("1,1,1,1", "solid"),
        ("1 \u22121 \u22121 1", "vertical"), (".5; 0; -.75; .75", "vertical"),
        ("-1 1 -1 1", "diagonal"), ("-1 -1 1 1", "horizontal"),
    ],
)  # fmt: skip
def test_it_answers(pixels: str, verdict: str) -> None:
    said = answer_of("four-pixel", input=pixels)
    assert said is not None and said.endswith(f"answer: {verdict}")
    assert all(len(line) <= 80 for line in said.splitlines())


def test_it_answers_in_german() -> None:
    said = answer_of("four-pixel", input=".5 0 -.75 .75", language="de")
    assert said is not None and "90,2\u2009%" in said and "senkrecht" in said


def test_the_walk_is_that_of_the_input() -> None:
    chapter = build_chapter("four-pixel", input="1 1 -1 -1")
    prose = " ".join(part.text for part in chapter.parts if isinstance(part, Prose))
    assert "The answer: horizontal." in prose


@pytest.mark.parametrize("bad", ["", "1 1 1", "1 2 3 4", "black", "1 1 1 1 1", "nan 0 0 0"])
def test_what_is_not_four_pixels_is_refused(bad: str) -> None:
    with pytest.raises(InputError, match="four pixels"):
        answer_of("four-pixel", input=bad)
    with pytest.raises(InputError, match="four pixels"):
        build_chapter("four-pixel", input=bad)
