"""The standalone page: one file that holds a scene, its fonts and a player, and loads nothing.

The player is plain ES modules in `page/`. They are written into the page one after the other, in
the order in which they import each other; a content policy that names their hash forbids the page
everything else, so that it can neither run nor fetch anything that was not written into it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from ..files import replacing
from ..scene import Scene
from ..scene_json import Json, document_text, scene_document
from ..typeface import font_woff
from .svg import FAMILY_NAMES

CONTROL_CHARACTERS: Final = "".join(map(chr, range(32, 127))) + "¼½×−←→…“”·"
"""What the controls and the cards of a page are set in, besides the scene's own words."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)
_FRAME_WIDTH = 960  # of a notebook's column, about; only the frame's height depends on it
_BAR_HEIGHT = 64


def write_html(scene: Scene, path: str | Path, *, autoplay: bool = True) -> None:
    """Write the scene as one page that plays it, offline, in any current browser.

    With `autoplay` the film starts by itself, unless the reader prefers less motion or the
    address asks for a stop (`#stop=12`). The file appears whole or not at all; raises
    `OutputError` where it cannot be written.
    """
    text = page_html(scene, autoplay=autoplay)
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def page_html(scene: Scene, *, autoplay: bool = True) -> str:
    """The text of that page."""
    document = scene_document(scene)
    style, script = page_source("page.css"), joined_modules("main.js")
    policy = (
        f"default-src 'none'; script-src {_source_hash(script)}; "
        f"style-src {_source_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    title = scene.title or "Layerwise"
    parts = {
        "policy": policy,
        "title": html.escape(title),
        "description": html.escape(scene.description or title),
        "autoplay": str(autoplay).lower(),
        "style": style,
        "fonts": _for_script(json.dumps(_fonts(document), separators=(",", ":"))),
        "scene": _for_script(document_text(document)),
        "script": script,
    }
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], page_source("page.html"))


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


def joined_modules(entry: str) -> str:
    """The page's module of that name with all that it imports, as one module without imports.

    Raises `ValueError` where two modules give the same name to different things, or import in
    another form than `import { a, b } from "./other.js";`.
    """
    order: list[str] = []
    _visit(entry, order)
    bodies = [_EXPORT.sub("", _IMPORT.sub("", page_source(name))) for name in order]
    owners: dict[str, str] = {}
    for module, body in zip(order, bodies, strict=True):
        if re.search(r"^(import|export)\b", body, re.MULTILINE):
            raise ValueError(f"{module} imports or exports in a form that cannot be joined")
        for name in re.findall(
            r"^(?:async )?(?:function\*?|class|const|let)\s+(\w+)", body, re.MULTILINE
        ):
            if name in owners:
                raise ValueError(f"{module} and {owners[name]} both define {name}")
            owners[name] = module
    return "\n".join(bodies)


@cache
def page_source(name: str) -> str:
    """The text of a file in `page/`."""
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


def _visit(name: str, order: list[str]) -> None:
    for imported in _IMPORT.findall(page_source(name)):
        if imported not in order:
            _visit(imported, order)
    order.append(name)


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _for_script(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _fonts(document: Json) -> list[Json]:
    """The fonts that the page needs, each cut to the characters it shows."""
    characters: dict[tuple[str, int], set[str]] = {}
    spoken = CONTROL_CHARACTERS + "".join(_spoken(document))
    for weight in (400, 600):
        characters["sans", weight] = set(spoken)
    for film in filter(None, (document, document["portrait"])):
        for mark in film["marks"]:
            if mark["kind"] == "text":
                key = (mark["family"], mark["weight"])
                characters.setdefault(key, set()).update(mark["string"])
    return [
        {
            "family": FAMILY_NAMES[family],
            "weight": weight,
            "woff": base64.b64encode(font_woff(family, weight, kept)).decode("ascii"),
        }
        for (family, weight), kept in sorted(characters.items())
    ]


def _spoken(document: Json) -> Iterable[str]:
    """The words of a scene that its controls and cards repeat."""
    for film in filter(None, (document, document["portrait"])):
        yield film["title"]
        yield from (stop["label"] for stop in film["stops"])
        yield from (chapter["name"] for chapter in film["chapters"])
        reading: dict[str, Any]
        for reading in film["readings"]:
            yield from (reading["column_axis"], reading["row_axis"], *reading["classes"])
