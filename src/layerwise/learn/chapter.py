"""What a chapter is made of: headings, prose, figures, tables and examples, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..scene import Scene


@dataclass(frozen=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True)
class Prose:
    """Paragraphs parted by a blank line, with `code` and *emphasis* and nothing else."""

    text: str


@dataclass(frozen=True, eq=False)
class Figure:
    """A scene, still or film; `key` is unique in its chapter and names its file.

    `alt` says in words what is seen, for those who do not see it; `caption` what it shows.
    """

    key: str
    scene: Scene
    caption: str
    alt: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; a cell may be empty, but each row is as long as the head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


@dataclass(frozen=True)
class Example:
    """A script of `snippets/`, run when the chapter is built: its code and what it printed."""

    name: str


Part: TypeAlias = Heading | Prose | Figure | Table | Example


@dataclass(frozen=True)
class Chapter:
    """One chapter in one language, with every number in it computed."""

    key: str
    title: str
    summary: str
    parts: tuple[Part, ...]
