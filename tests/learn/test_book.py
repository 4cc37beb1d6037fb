"""The chapters as Markdown: what stands in `docs/` is what the build gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from built_chapters import ChapterOf

from layerwise.language import languages, words
from layerwise.learn import markdown
from layerwise.learn.catalog import CHAPTERS, told
from layerwise.learn.chapter import Chapter, Example, Figure, Heading, Prose, Table
from layerwise.learn.markdown import (
    chapter_markdown,
    figure_bytes,
    file_name,
    index_markdown,
)
from layerwise.scene import Scene, Text, Timeline

BOOK = Path(__file__).parents[2] / "docs" / "how-deep-networks-work"
QUICK = ("neuron", "four-pixel", "convolution", "lattice")
"""Chapters that are built within seconds, without any training."""


def test_there_are_ten_chapters() -> None:
    assert len(CHAPTERS) == 10


def test_the_index_is_what_the_build_gives() -> None:
    assert (BOOK / "README.md").read_text(encoding="utf-8") == index_markdown()


@pytest.mark.parametrize("key", QUICK)
@pytest.mark.parametrize("language", languages())
def test_the_text_is_what_the_build_gives(key: str, language: str, chapter_of: ChapterOf) -> None:
    chapter = chapter_of(key, language)
    text = (BOOK / language / f"{file_name(key)}.md").read_text(encoding="utf-8")
    assert text == chapter_markdown(chapter, language)


@pytest.mark.parametrize("language", languages())
def test_figures_are_what_the_build_gives(language: str, chapter_of: ChapterOf) -> None:
    chapter = chapter_of("neuron", language)
    compared = 0
    for part in chapter.parts:
        if isinstance(part, Figure):
            suffix, drawn = figure_bytes(part.scene)
            place = BOOK / language / "figures" / f"neuron-{part.key}{suffix}"
            if suffix == ".svg":
                assert place.read_bytes() == drawn
                compared += 1
    assert compared > 3


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", CHAPTERS)
def test_every_chapter_is_whole_and_its_links_lead_somewhere(key: str, language: str) -> None:
    place = BOOK / language / f"{file_name(key)}.md"
    text = place.read_text(encoding="utf-8")
    assert text.startswith(f"# {told(key, words(language))[0]}\n")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert sum(link.startswith("figures/") for link in links) >= 3
    for link in links:
        assert (place.parent / link).is_file(), link


def test_nothing_else_stands_in_the_book() -> None:
    linked = {BOOK / "README.md"}
    for language in languages():
        for key in CHAPTERS:
            place = BOOK / language / f"{file_name(key)}.md"
            text = place.read_text(encoding="utf-8")
            figures = re.findall(r"\]\((figures/[^)]+)\)", text)
            linked |= {place, *(place.parent / figure for figure in figures)}
    assert {path for path in BOOK.rglob("*") if path.is_file()} == linked


def test_a_figure_of_another_format_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = Text((20, 40), "x", 20, (0, 0, 0, 255))
    scene = Scene(lambda stop, fraction: [mark], Timeline.even(2, step=1.0), size=(320, 180))
    chapter = Chapter("neuron", "Title", "Summary.", (Figure("one", scene, "Seen.", "Seen."),))
    monkeypatch.setattr(markdown, "build_chapter", lambda key, language: chapter)
    figures = tmp_path / "en" / "figures"
    figures.mkdir(parents=True)
    own = (tmp_path / "en" / "photo.png", figures / "photo.png", figures / "neuron-notes.txt")
    for path in (figures / "neuron-one.png", *own):
        path.write_bytes(b"old")
    written = markdown.write_book(tmp_path)
    assert figures / "neuron-one.svg" in written
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {*written, *own}


def test_every_part_has_its_markdown() -> None:
    mark = Text((20, 40), "x", 20, (0, 0, 0, 255))
    scene = Scene(lambda stop, fraction: [mark], Timeline.even(2, step=1.0), size=(320, 180))
    chapter = Chapter(
        "neuron", "A_b", "Sum*mary*.",
        (
            Heading("One"), Prose("A *b* `c|d` <e> f|g [h].\n\nSecond."),
            Figure("one", scene, "Caption", "Alt [text]"), Table(("a", "b"), (("1", "`|`"),), "T."),
            Example("festival"),
        ),
    )  # fmt: skip
    text = chapter_markdown(chapter, "en")
    assert text.startswith("# A\\_b\n\n*Sum")
    assert "A *b* `c|d` \\<e> f\\|g \\[h\\].\n\nSecond." in text
    assert "![Alt \\[text\\]](figures/neuron-one.svg)\n\n**Figure 1.** Caption" in text
    assert "| a | b |\n|---|---|\n| 1 | `\\|` |" in text
    assert "```text\nproduct   12" in text
    assert "opens this chapter as an offline page" in text
