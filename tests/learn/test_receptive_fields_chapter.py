"""The chapter on receptive fields: complete in each language, with the numbers it computed."""

import pytest
from built_chapters import ChapterOf

from layerwise.errors import LayerwiseError
from layerwise.language import topic_texts
from layerwise.learn.catalog import build_chapter
from layerwise.learn.chapter import Chapter, Figure, Prose, Table


@pytest.fixture(scope="module")
def english(chapter_of: ChapterOf) -> Chapter:
    return chapter_of("receptive-fields", "en")


def test_the_chapter_is_built(english: Chapter) -> None:
    figures = [part for part in english.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == ["grow", "effective", "holes", "dense", "all"]
    assert all(len(figure.scene.stops) <= 60 and figure.alt for figure in figures)


def test_another_language_has_every_text(chapter_of: ChapterOf) -> None:
    assert set(topic_texts("de", "receptive_fields")) == set(topic_texts("en", "receptive_fields"))
    chapter_of("receptive-fields", "de")


def test_its_numbers(english: Chapter) -> None:
    """Sizes by hand: 3, then +1, +4, +2; ten convolutions 1 + 2·10; 1 + 2·2 + 2·6; 1 + 2·7."""
    prose = " ".join(part.text for part in english.parts if isinstance(part, Prose))
    for said in ("3 × 3", "4 × 4", "8 × 8", "10 × 10", "21 × 21", "17 × 17", "only 81", "208 lie",
                 "15 × 15", "all 225", "all 1,600"):  # fmt: skip
        assert said in prose
    table = next(part for part in english.parts if isinstance(part, Table))
    assert [row[1] for row in table.rows] == [f"{1 + 2 * n} × {1 + 2 * n}" for n in range(1, 11)]
    shares = [float(row[-1].split("\u2009")[0]) for row in table.rows]
    assert shares[-1] < 60 < shares[0]


def test_a_file_that_is_no_picture_is_refused() -> None:
    with pytest.raises(LayerwiseError):
        build_chapter("receptive-fields", input="nowhere.png")
