"""The chapter on regularisation: small enough, complete in both languages, its numbers computed."""

from __future__ import annotations

import pytest
from built_chapters import ChapterOf

from layerwise.language import topic_texts
from layerwise.learn.chapter import Figure, Prose, Table
from layerwise.scene_json import document_text, scene_document


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_chapter_is_whole_and_small(language: str, chapter_of: ChapterOf) -> None:
    built = chapter_of("regularisation", language)
    figures = [part for part in built.parts if isinstance(part, Figure)]
    assert len({figure.key for figure in figures}) == len(figures) == 7
    size = sum(len(document_text(scene_document(figure.scene))) for figure in figures)
    assert size < 2_500_000
    assert all(len(figure.scene.stops) <= 60 for figure in figures)
    (table,) = [part for part in built.parts if isinstance(part, Table)]
    assert len(table.rows) == 5
    assert all(len(row) == len(table.head) for row in table.rows)
    assert all("{" not in part.text for part in built.parts if isinstance(part, Prose))


def test_both_languages_say_everything() -> None:
    english, german = (topic_texts(code, "regularisation") for code in ("en", "de"))
    assert english.keys() == german.keys()
