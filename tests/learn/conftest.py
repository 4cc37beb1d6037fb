"""Chapters, each built once for all tests that look at it as it is."""

from __future__ import annotations

from functools import cache

import pytest
from built_chapters import ChapterOf

from layerwise.explain import regularisation
from layerwise.learn import regularisation as regularisation_chapter
from layerwise.learn.catalog import build_chapter
from layerwise.learn.chapter import Chapter
from layerwise.trace import Trace


@pytest.fixture(scope="session")
def chapter_of() -> ChapterOf:
    """The chapter of a key in a language; that on regularisation from shorter trainings."""

    def shorter(data: str, *, seeds: int, epochs: int) -> Trace:
        return regularisation(data, seeds=2, epochs=4)

    @cache
    def built(key: str, language: str) -> Chapter:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(regularisation_chapter, "regularisation", shorter)
            return build_chapter(key, language=language)

    return built
