"""The chapter on convolution: built in both languages, its numbers those of a computation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from built_chapters import ChapterOf
from PIL import Image

from layerwise.errors import FileError, InputError, UnknownNameError
from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Chapter, Figure, Prose
from layerwise.learn.convolution import answer, chapter
from layerwise.scene_json import document_text, scene_document


@pytest.fixture(scope="module")
def english(chapter_of: ChapterOf) -> Chapter:
    return chapter_of("convolution", "en")


def test_a_page_stays_small_and_its_films_short(english: Chapter) -> None:
    figures = [part for part in english.parts if isinstance(part, Figure)]
    assert len({figure.key for figure in figures}) == len(figures) >= 8
    size = sum(len(document_text(scene_document(figure.scene))) for figure in figures)
    assert size < 2_500_000
    assert all(len(figure.scene.stops) <= 60 for figure in figures)
    assert all(figure.alt and figure.caption for figure in figures)


def test_the_written_products_add_up(english: Chapter) -> None:
    texts = [part.text for part in english.parts if isinstance(part, Prose)]
    (slide,) = [text for text in texts if "reading order are" in text]
    said = slide.split("reading order are ")[1].split(". As")[0].replace("\u2212", "-")
    products, value = said.split(", which makes ")
    numbers = [float(part.strip("()")) for part in products.split(" + ")]
    assert len(numbers) == 9
    assert sum(numbers) == float(value)


def test_in_german_with_a_picture_and_a_kernel_of_ones_own(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    path = tmp_path / "own.png"
    Image.fromarray(pixels).save(path)
    built = chapter(words("de"), theme="dark", input=str(path), kernel="1/4 * 1 1; 1 1")
    assert built.title == "Faltung"
    slide = next(p for p in built.parts if isinstance(p, Figure) and p.key == "slide")
    assert slide.scene.title == words("de")("convolution.title")


def test_both_languages_say_everything() -> None:
    assert topic_texts("en", "convolution").keys() == topic_texts("de", "convolution").keys()


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        chapter(words("en"), input=str(tmp_path / "none.png"))
    with pytest.raises(InputError, match="larger than the picture"):
        chapter(words("en"), kernel=";".join(["1 " * 15] * 15))
    with pytest.raises(UnknownNameError, match="emboss"):
        answer(words("en"), kernel="embos")


def test_the_answer_is_the_kernels() -> None:
    said = answer(words("en"), kernel="1 2; 3 4")
    assert "add up to 10" in said
    numbers = said.split("window ")[1].split(" of china")[0].split()
    total = float(said.rsplit("gives ", 1)[1].rstrip(".").replace(",", ""))
    window = np.array([float(number) for number in numbers])
    assert total == window @ [1, 2, 3, 4]


def test_films_end_with_the_whole_output(chapter_of: ChapterOf) -> None:
    films = [part for part in chapter_of("convolution", "en").parts if isinstance(part, Figure)]
    ends = [film.scene.stops[-1].label for film in films if len(film.scene.stops) == 16]
    assert "row 12, column 12" in ends
