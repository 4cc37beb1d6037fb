"""Prose in its pieces: paragraphs of plain text, `code` and *emphasis*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["plain", "code", "emphasis"]

_MARKED: Final = re.compile(r"`([^`\n]+)`|\*(?=\S)([^*\n]*[^*\s])\*")


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph in one kind of type."""

    kind: Kind
    text: str


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, which blank lines part."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def spans(paragraph: str) -> list[Span]:
    """The pieces of a paragraph in order; a star or a tick that closes nothing is plain text.

    >>> [span.kind for span in spans("An *artificial* neuron is `tanh(w·x)`.")]
    ['plain', 'emphasis', 'plain', 'code', 'plain']
    """
    found: list[Span] = []
    end = 0
    for match in _MARKED.finditer(paragraph):
        if match.start() > end:
            found.append(Span("plain", paragraph[end : match.start()]))
        if match[1] is not None:
            found.append(Span("code", match[1]))
        else:
            found.append(Span("emphasis", match[2]))
        end = match.end()
    if end < len(paragraph):
        found.append(Span("plain", paragraph[end:]))
    return found


def plain(text: str) -> str:
    """The text without its marks: for titles, lists and a terminal."""
    return "\n\n".join(
        "".join(span.text for span in spans(paragraph)) for paragraph in paragraphs(text)
    )
