"""How tests ask for a chapter that is built once for all of them: the fixture `chapter_of`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from layerwise.learn.chapter import Chapter

ChapterOf: TypeAlias = Callable[[str, str], Chapter]
"""Key and language → the chapter as it is without options."""
