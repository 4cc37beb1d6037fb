"""The standalone page: one file that holds a scene, its fonts and a player, and loads nothing.

The player is plain ES modules in `page/`. They are written into the page one after the other, in
the order in which they import each other; a content policy that names their hash forbids the page
everything else, so that it can neither run nor fetch anything that was not written into it.

`figure_html` and `document_parts` put several scenes among prose: each in a player of its own.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..errors import InputError
from ..files import replacing
from ..language import topic_texts, words
from ..scene import Scene
from .page_fonts import page_fonts
from .page_pack import packed_scene
from .page_source import content_policy, for_script, joined_modules, page_source

SCRIPT_WORDS: Final = (
    "play", "pause", "computing", "unreached", "more", "unclassified", "every", "unit", "cell",
    "place", "channel", "value", "input", "weight", "signal", "probability", "slope", "others",
    "bias", "sum", "not_kept", "open", "length", "length_sign", "kernel", "patch", "map",
    "other_channels", "channels", "hand", "turn", "height", "keys_turn", "keys_slices",
)  # fmt: skip
"""What the script of a page says, of the texts of the player."""

_KEY = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_HOLE = re.compile(r"\{([\w.]+)\}")
_FRAME_WIDTH = 960  # of a notebook's column, about; only the frame's height depends on it
_BAR_HEIGHT = 64


def write_html(
    scene: Scene, path: str | Path, *, autoplay: bool = True, language: str = "en"
) -> None:
    """Write the scene as one page that plays it, offline, in any current browser.

    With `autoplay` the film starts by itself, unless the reader prefers less motion or the
    address asks for a stop (`#stop=12`). `language` is that of the controls. The file appears
    whole or not at all; raises `OutputError` where it cannot be written.
    """
    text = page_html(scene, autoplay=autoplay, language=language)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def page_html(scene: Scene, *, autoplay: bool = True, language: str = "en") -> str:
    """The text of that page."""
    parts = document_parts({"page": scene}, style=page_source("page.css"), language=language)
    title = scene.title or "Layerwise"
    label = ". ".join(filter(None, (scene.title, scene.description))) or "Layerwise"
    return _filled(
        page_source("page.html"),
        {
            "language": words(language).code,
            "policy": parts.policy,
            "title": html.escape(title),
            "description": html.escape(scene.description or title),
            "autoplay": str(autoplay).lower(),
            "styles": parts.styles,
            "no_script": html.escape(words(language)("player.no_script", title=title)),
            "player": _player("page", label, language),
            "end": parts.end,
        },
    )


def notebook_frame(scene: Scene) -> str:
    """The page in a frame of its own, as high as the picture needs in a notebook's column."""
    width, height = scene.size
    high = round(min(max(_FRAME_WIDTH * height / width, 260), 760)) + _BAR_HEIGHT
    page = html.escape(page_html(scene, autoplay=False))
    title = html.escape(scene.title or "Layerwise")
    return (
        f'<iframe title="{title}" width="100%" height="{high}" '
        f'style="border:0;display:block" allow="fullscreen" srcdoc="{page}"></iframe>'
    )


@dataclass(frozen=True)
class DocumentParts:
    """What a page with players needs around them.

    `policy`: the content of its `<meta http-equiv="Content-Security-Policy">`, which must stand
    before everything that it allows. `styles`: the `<style>` elements, for the head. `end`: the
    scenes, the fonts and the script, for the end of the body.
    """

    policy: str
    styles: str
    end: str


def figure_html(scene: Scene, key: str, *, label: str = "", language: str = "en") -> str:
    """A player for a figure among prose: a block as wide as its place.

    `key` (letters, digits, - and _, a letter first) is the figure's own in its page and in
    `document_parts`; `label` says what is seen to those who do not see it, the scene's title and
    description if it is empty. Raises `InputError` for another key.
    """
    _check(key)
    name = html.escape(scene.title or label or key)
    said = label or ". ".join(filter(None, (scene.title, scene.description))) or key
    return (
        f'<div class="player figure" role="group" aria-label="{name}" data-player="{key}">\n'
        f"{_player(key, said, language)}</div>"
    )


def document_parts(
    figures: Mapping[str, Scene],
    *,
    style: str = "",
    text: str = "",
    code: str = "",
    theme: Literal["dark", "light"] | None = None,
    language: str = "en",
) -> DocumentParts:
    """What a page needs whose figures were written by `figure_html` with those keys.

    `style` is the page's own CSS; it may use the colours --ground, --raised, --ink, --grey,
    --hairline and --accent and the fonts "Layerwise Sans" and "Layerwise Mono", which hold the
    characters of `text` and of `code`. `theme` fixes the colours; None follows the reader's.
    """
    documents, scenes = [], {}
    for key, scene in figures.items():
        _check(key)
        document, scenes[key] = packed_scene(scene)
        documents.append(document)
    script = joined_modules("main.js")
    sheets = [_colors(theme), page_source("player.css"), _ratios(figures), style]
    sheet = "\n".join(filter(None, sheets))
    said = topic_texts(words(language).language, "player")
    written = {
        "fonts": json.dumps(
            page_fonts(documents, text=text + "".join(said.values()), code=code),
            separators=(",", ":"),
        ),
        "words": json.dumps({name: said[name] for name in SCRIPT_WORDS}),
    }
    ends = [
        f'<script type="application/json" data-written="{name}">{for_script(value)}</script>'
        for name, value in written.items()
    ]
    ends += [
        f'<script type="text/plain" data-scene="{key}">{packed}</script>'
        for key, packed in scenes.items()
    ]
    return DocumentParts(
        content_policy(script, sheet),
        f"<style>{sheet}</style>",
        "\n".join([*ends, f'<script type="module">{script}</script>']),
    )


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise InputError(
            "The key of a figure is made of letters, digits, - and _, and begins with a letter",
            received=repr(key),
        )


def _player(key: str, label: str, language: str) -> str:
    said = topic_texts(words(language).language, "player")
    texts = {f"player.{name}": html.escape(text) for name, text in said.items()}
    return _filled(page_source("player.html"), {"key": key, "label": html.escape(label), **texts})


def _filled(template: str, parts: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda found: parts[found[1]], template)


def _colors(theme: str | None) -> str:
    if theme is not None:
        return page_source(f"{theme}.css")
    light = page_source("light.css")
    return f"{page_source('dark.css')}@media (prefers-color-scheme: light) {{\n{light}}}"


def _ratios(figures: Mapping[str, Scene]) -> str:
    """The room of each figure before its picture is drawn, so that nothing jumps."""
    return "\n".join(
        f'.figure[data-player="{key}"] {{ --ratio: {scene.size[0]} / {scene.size[1]}; }}'
        for key, scene in figures.items()
    )
