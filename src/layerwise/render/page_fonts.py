"""The fonts of a page, each cut to the characters that the page shows."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..scene_json import Json
from ..typeface import font_woff
from .svg import FAMILY_NAMES

CONTROL_CHARACTERS: Final = "".join(map(chr, range(32, 127))) + "¼½×−←→…“”„·"
"""What the controls and the cards of a page are set in, besides the scenes' own words."""


def page_fonts(documents: Sequence[Json], *, text: str = "", code: str = "") -> list[Json]:
    """Family, weight and bytes (WOFF in base64) of each font that written scenes need.

    `text` is what else stands on the page, `code` what of it in the fixed-width font.
    """
    characters: dict[tuple[str, int], set[str]] = {}
    spoken = CONTROL_CHARACTERS + text + "".join(_spoken(documents))
    for weight in (400, 600):
        characters["sans", weight] = set(spoken)
    if code:
        characters["mono", 400] = set(code)
    for film in _films(documents):
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


def _films(documents: Sequence[Json]) -> Iterable[Json]:
    for each in documents:
        yield from (film for film in (each, each["portrait"], *each.get("insides", ())) if film)


def _spoken(documents: Sequence[Json]) -> Iterable[str]:
    """The words of scenes that controls and cards repeat."""
    for film in _films(documents):
        yield film["title"]
        yield from (stop["label"] for stop in film["stops"])
        yield from (chapter["name"] for chapter in film["chapters"])
        for part in film.get("parts", []):
            yield from (part["name"], *part["lines"])
        for layer in film.get("units", {"layers": []})["layers"]:
            terms = layer["terms"] or {"source": "", "names": []}
            yield from (layer["name"], *layer["names"], layer["note"])
            yield from (terms["source"], *terms["names"])
        if "volume" in film:
            volume = film["volume"]
            yield from (*volume["axes"], *volume["names"], *volume["classes"], volume["caption"])
            yield from (volume["seen"], volume["seen_cut"], "°")
            yield from ("".join(captions) for captions in volume["captions"])
        for window in film.get("windows", []):
            yield from (window["value_name"], *window["names"], *window["written"])
        reading: dict[str, Any]
        for reading in film["readings"]:
            yield from (reading["column_axis"], reading["row_axis"], *reading["classes"])
            yield reading["caption"]
