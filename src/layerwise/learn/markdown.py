"""The chapters as Markdown with still figures: the book in `docs/`, written by the build."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from ..files import replacing
from ..language import Words, languages, words
from ..render.svg import svg_text
from ..scene import Scene
from .catalog import CHAPTERS, build_chapter, told
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table
from .example import run_example
from .prose import paragraphs, spans

LARGEST_SVG: Final = 200_000
"""Bytes above which a figure becomes a PNG."""

_MARKUP: Final = re.compile(r"([\\`*_\[\]<|])")


def write_book(folder: str | Path) -> list[Path]:
    """Write every chapter in every language, its figures and an index; returns what was written.

    A figure of a chapter that an earlier build wrote in a folder `figures` and this one did not,
    such as one that was a PNG and is an SVG now, is removed, and nothing else is. The same chapters
    give the same bytes. Raises `OutputError` where a file cannot be written.
    """
    root = Path(folder)
    written = [_write(root / "README.md", index_markdown())]
    for language in languages():
        for key in CHAPTERS:
            chapter = build_chapter(key, language=language)
            place = root / language / f"{file_name(key)}.md"
            written.append(_write(place, chapter_markdown(chapter, language)))
            for part in chapter.parts:
                if isinstance(part, Figure):
                    written.append(_write_figure(place.parent / "figures", chapter.key, part))
        for old in sorted((root / language / "figures").glob("*.*")):
            ours = old.suffix in (".svg", ".png") and old.stem.startswith(tuple(CHAPTERS))
            if ours and old not in written:
                old.unlink()
    return written


def file_name(key: str) -> str:
    """The name of a chapter's files, without suffix: in order of reading."""
    return f"{list(CHAPTERS).index(key) + 1:02d}-{key}"


def index_markdown() -> str:
    """The list of all chapters, in every language."""
    lines = []
    for language in languages():
        said = words(language)
        lines += [f"# {said('learn.book')}", "", _inline(said("learn.index")), ""]
        lines.append(f"| | {said('learn.index_chapter')} | {said('learn.index_summary')} |")
        lines.append("|--:|---|---|")
        for number, key in enumerate(CHAPTERS, 1):
            title, summary = told(key, said)
            link = f"[{_inline(title)}]({language}/{file_name(key)}.md)"
            lines.append(f"| {number} | {link} | {_inline(summary)} |")
        lines.append("")
    return "\n".join(lines)


def chapter_markdown(chapter: Chapter, language: str) -> str:
    """A chapter's text; its figures are looked for in the folder `figures` beside it."""
    said = words(language)
    blocks = [f"# {_inline(chapter.title)}", f"*{_inline(chapter.summary)}*"]
    figures = [part for part in chapter.parts if isinstance(part, Figure)]
    if any(len(figure.scene.stops) > 1 for figure in figures):
        blocks.append(_inline(said("learn.still", key=chapter.key)))
    number = 0
    for part in chapter.parts:
        number += isinstance(part, Figure)
        blocks += _blocks(part, chapter.key, number, said)
    order = list(CHAPTERS)
    at = order.index(chapter.key)
    ways = [f"[{said('learn.book')}](../README.md)"]
    for name, beside in (("before", at - 1), ("after", at + 1)):
        if 0 <= beside < len(order):
            title = _inline(told(order[beside], said)[0])
            ways.append(f"{said(f'learn.{name}')}: [{title}]({file_name(order[beside])}.md)")
    return "\n\n".join([*blocks, "---", " · ".join(ways)]) + "\n"


@lru_cache(maxsize=16)
def figure_bytes(scene: Scene) -> tuple[str, bytes]:
    """The still of a figure: its suffix and its bytes, SVG or, where that is large, PNG."""
    drawn = svg_text(scene, scene.stop_marks(scene.poster)).encode()
    if len(drawn) <= LARGEST_SVG:
        return ".svg", drawn
    from PIL import Image

    from ..render.raster import rasterize

    pixels = rasterize(scene.stop_marks(scene.poster), scene.size, scene.ground)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG", optimize=True)
    return ".png", held.getvalue()


def _blocks(part: Part, key: str, number: int, said: Words) -> Iterator[str]:
    match part:
        case Heading():
            yield f"## {_inline(part.text)}"
        case Prose():
            yield from map(_inline, paragraphs(part.text))
        case Figure():
            suffix, _ = figure_bytes(part.scene)
            yield f"![{_escaped(part.alt)}](figures/{key}-{part.key}{suffix})"
            caption = " ".join(map(_inline, paragraphs(part.caption)))
            yield f"**{said('learn.figure', number=number)}** {caption}"
        case Table():
            rule = f"|{'---|' * len(part.head)}"
            yield "\n".join([_cells(part.head), rule, *map(_cells, part.rows)])
            yield _inline(part.caption)
        case Example():
            ran = run_example(part.name)
            yield f"```python\n{ran.code.rstrip()}\n```"
            if ran.printed.strip():
                yield f"{said('learn.prints')}:"
                yield f"```text\n{ran.printed.rstrip()}\n```"


def _cells(row: Iterable[str]) -> str:
    """A row of a table: a bar within code must be escaped there, and only there."""
    return f"| {' | '.join(_inline(cell, bar='|') for cell in row)} |"


def _inline(text: str, *, bar: str = "") -> str:
    pieces = []
    for span in spans(text):
        match span.kind:
            case "code":
                code = span.text.replace(bar, f"\\{bar}") if bar else span.text
                pieces.append(f"`{code}`")
            case "emphasis":
                pieces.append(f"*{_escaped(span.text)}*")
            case _:
                pieces.append(_escaped(span.text))
    return "".join(pieces)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _write_figure(folder: Path, key: str, figure: Figure) -> Path:
    suffix, drawn = figure_bytes(figure.scene)
    place = folder / f"{key}-{figure.key}{suffix}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as beside:
        beside.write_bytes(drawn)
    return place


def _write(place: Path, text: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")
    return place
