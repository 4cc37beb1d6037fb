"""The chapter on regularisation: small enough, complete in both languages, its numbers computed."""

from __future__ import annotations

import pytest

from layerwise.explain import regularisation
from layerwise.language import topic_texts, words
from layerwise.learn import regularisation as module
from layerwise.learn.chapter import Figure, Prose, Table
from layerwise.scene_json import document_text, scene_document
from layerwise.trace import Trace


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same trainings, shorter."""

    def shorter(data: str, *, seeds: int, epochs: int) -> Trace:
        return regularisation(data, seeds=2, epochs=4)

    monkeypatch.setattr(module, "regularisation", shorter)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_chapter_is_whole_and_small(language: str) -> None:
    built = module.chapter(words(language), theme="dark")
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
