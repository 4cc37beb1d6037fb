"""A chapter as one offline page: prose, players, tables and code, and nothing loaded from outside.

The players, the fonts and the content policy come from `render.html`; the look of the page is
`learn.css`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Final, Literal

from ..errors import InputError
from ..language import Words, topic_texts, topics, words
from ..render.html import document_parts, figure_html
from ..view.style import THIN_SPACE
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table
from .example import run_example
from .prose import paragraphs, plain, spans

LARGEST_PAGE: Final = 3_000_000
"""Bytes that a chapter may weigh."""

_NO_BREAK: Final = "\u202f"  # a thin space at which no line may end: within a number
_SIZES: Final = re.compile(r"(?<=\d) × (?=\d)")  # 12 × 12: neither may a line end there

_TAGS: Final = {"code": "code", "emphasis": "em"}
_NUMBER: Final = re.compile(
    r"[−+±~≈<>≤≥]?\s?\d[\d.,]*(?:\s?×\s?10[⁻⁰¹²³⁴-⁹]+|\s?×|\s?%|\s?[a-zµ]{1,3})?"
)


@dataclass(frozen=True)
class Neighbour:
    """The chapter before or after: its key, its title, and its file beside this one, if there."""

    key: str
    title: str
    file: str = ""


def page_html(
    chapter: Chapter,
    *,
    language: str = "en",
    place: tuple[int, int] | None = None,
    before: Neighbour | None = None,
    after: Neighbour | None = None,
    theme: Literal["dark", "light"] | None = None,
) -> str:
    """The text of the page; the same chapter gives the same text.

    `place` is which chapter it is and of how many, `theme` fixes the page's colours, which
    otherwise follow the reader's. Raises `InputError` for two figures of one key.
    """
    said = words(language)
    figures = [part for part in chapter.parts if isinstance(part, Figure)]
    if len({figure.key for figure in figures}) < len(figures):
        raise InputError(
            f"The figures of chapter {chapter.key!r} need different keys",
            received=", ".join(figure.key for figure in figures),
        )
    body = "\n".join(_body(chapter, said))
    around = _around(chapter, said, place, before, after)
    parts = document_parts(
        {figure.key: figure.scene for figure in figures},
        style=files(__package__).joinpath("learn.css").read_text(encoding="utf-8"),
        text=_shown(around[0] + body + around[1]),
        code=_code_shown(chapter),
        theme=theme,
        language=language,
    )
    no_script = f'<noscript><p class="plain">{escape(said("learn.no_script"))}</p></noscript>\n'
    return (
        f'<!DOCTYPE html>\n<html lang="{said.code}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{parts.policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="{theme or "dark light"}">\n'
        f'<meta name="description" content="{escape(plain(chapter.summary))}">\n'
        '<meta name="generator" content="Layerwise">\n'
        f"<title>{escape(chapter.title)} · {escape(said('learn.book'))}</title>\n"
        f"{parts.styles}\n</head>\n<body>\n"
        f'<a class="skip" href="#text">{escape(said("learn.skip"))}</a>\n'
        f"{around[0]}\n"
        f'<main id="text" tabindex="-1">\n{no_script if figures else ""}{body}\n</main>\n'
        f"{around[1]}\n{parts.end}\n</body>\n</html>\n"
    )


def _around(
    chapter: Chapter,
    said: Words,
    place: tuple[int, int] | None,
    before: Neighbour | None,
    after: Neighbour | None,
) -> tuple[str, str]:
    """What stands above the text, and what below it."""
    series = escape(said("learn.book"))
    if place is not None:
        number, count = place
        series += " · " + escape(said("learn.place", number=number, count=count))
    head = (
        f'<header>\n<p class="series">{series}</p>\n<h1>{escape(chapter.title)}</h1>\n'
        f'<p class="summary">{_inline(chapter.summary)}</p>\n</header>'
    )
    headings = [part.text for part in chapter.parts if isinstance(part, Heading)]
    if len(headings) > 1:
        entries = "\n".join(
            f'<li><a href="#part-{number}">{_inline(text)}</a></li>'
            for number, text in enumerate(headings, 1)
        )
        name = escape(said("learn.contents"))
        head += (
            f'\n<nav class="contents" aria-labelledby="contents">\n<h2 id="contents">{name}</h2>\n'
            f"<ol>\n{entries}\n</ol>\n</nav>"
        )
    ways = [
        _way(kind, neighbour, said)
        for kind, neighbour in (("before", before), ("after", after))
        if neighbour is not None
    ]
    foot = f"<p>{_inline(said('learn.foot'))}</p>"
    if said.untranslated:
        foot += f"\n<p>{_inline(untranslated(said))}</p>"
    foot = f"<footer>\n{foot}\n</footer>"
    if ways:
        name = escape(said("learn.chapters"))
        foot = f'<nav class="ways" aria-label="{name}">\n' + "\n".join(ways) + f"\n</nav>\n{foot}"
    return head, foot


def untranslated(said: Words) -> str:
    """How many texts of a language file stand in English, in a sentence."""
    every = sum(len(topic_texts("en", topic)) for topic in topics("en"))
    count = said.figures(f"{said.untranslated:,}")
    return said("learn.untranslated", count=count, all=said.figures(f"{every:,}"))


def _way(kind: str, neighbour: Neighbour, said: Words) -> str:
    label = f'<span class="kind">{escape(said(f"learn.{kind}"))}</span>'
    title = f'<span class="title">{escape(neighbour.title)}</span>'
    if neighbour.file:
        return f'<a class="{kind}" href="{escape(neighbour.file)}">{label}{title}</a>'
    command = f"<code>layerwise learn {escape(neighbour.key)}</code>"
    return f'<p class="{kind}">{label}{title}{command}</p>'


def _body(chapter: Chapter, said: Words) -> Iterator[str]:
    heading, figure = 0, 0
    for part in chapter.parts:
        match part:
            case Heading():
                heading += 1
                yield f'<h2 id="part-{heading}">{_inline(part.text)}</h2>'
            case Figure():
                figure += 1
                yield _figure(part, figure, said)
            case _:
                yield _block(part, said)


def _block(part: Part, said: Words) -> str:
    match part:
        case Prose():
            return "\n".join(f"<p>{_inline(text)}</p>" for text in paragraphs(part.text))
        case Table():
            return _table(part)
        case Example():
            return _example(part, said)
    raise TypeError(f"a chapter has no parts of type {type(part).__name__}")


def _figure(figure: Figure, number: int, said: Words) -> str:
    player = figure_html(figure.scene, figure.key, label=figure.alt, language=said.language)
    name = escape(said("learn.figure", number=number))
    caption = " ".join(_inline(text) for text in paragraphs(figure.caption))
    return (
        f'<figure id="figure-{figure.key}">\n{player}\n'
        f"<figcaption><b>{name}</b> {caption}</figcaption>\n</figure>"
    )


def _table(table: Table) -> str:
    for row in table.rows:
        if len(row) != len(table.head):
            raise InputError(
                "A row of a table is as long as its head",
                received=f"{len(row)} cells under {len(table.head)} headings: {row}",
            )
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.head)
    kinds = [' class="number"' if _are_numbers(cells) else "" for cells in columns]
    head = "".join(
        f'<th scope="col"{kind}>{_inline(cell)}</th>'
        for kind, cell in zip(kinds, table.head, strict=True)
    )
    rows = []
    for row in table.rows:
        cells = zip(kinds, row, strict=True)
        rows.append("".join(f"<td{kind}>{_inline(cell)}</td>" for kind, cell in cells))
    name, caption = escape(plain(table.caption)), _inline(table.caption)
    body = "\n".join(f"<tr>{cells}</tr>" for cells in rows)
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}">\n<table>\n'
        f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers and nothing else, so that they stand under each other."""
    filled = [cell for cell in cells if cell.strip(" –—")]
    return bool(filled) and all(_NUMBER.fullmatch(cell.strip()) for cell in filled)


def _example(example: Example, said: Words) -> str:
    ran = run_example(example.name)
    code, prints = escape(said("learn.code")), escape(said("learn.prints"))
    blocks = (
        f'<p class="kind">{code}</p>\n'
        f'<pre tabindex="0" role="region" aria-label="{code}: {example.name}.py">'
        f"<code>{escape(ran.code.rstrip())}</code></pre>"
    )
    if ran.printed.strip():
        blocks += (
            f'\n<p class="kind">{prints}</p>\n'
            f'<pre class="printed" tabindex="0" role="region" aria-label="{prints}: '
            f'{example.name}.py"><samp>{escape(ran.printed.rstrip())}</samp></pre>'
        )
    return f'<div class="example">\n{blocks}\n</div>'


def _inline(text: str) -> str:
    pieces = []
    whole = _SIZES.sub("\u00a0×\u00a0", text.replace(THIN_SPACE, _NO_BREAK))
    for span in spans(whole):
        piece = escape(span.text)
        tag = _TAGS.get(span.kind)
        pieces.append(f"<{tag}>{piece}</{tag}>" if tag else piece)
    return "".join(pieces)


def _shown(markup: str) -> str:
    """The characters of a page's own text, each once, for its fonts."""
    return "".join(sorted(set(markup)))


def _code_shown(chapter: Chapter) -> str:
    """The characters that stand in the fixed-width font."""
    shown = {chr(code) for code in range(32, 127)}
    for part in chapter.parts:
        match part:
            case Example():
                ran = run_example(part.name)
                shown.update(ran.code + ran.printed)
            case Prose() | Heading():
                shown.update(part.text)
            case Table():
                shown.update("".join(cell for row in (part.head, *part.rows) for cell in row))
            case Figure():
                shown.update(part.caption)
    return "".join(sorted(shown))
