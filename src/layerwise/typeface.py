"""The two typefaces of every picture: their files, and how wide a line of text is.

Inter ("sans") and IBM Plex Mono ("mono") are prepared once, so that file, film and page set a line
alike: cut to the scripts a picture needs, one weight each, digits all of one width, no
substitutions (ligatures, alternates) and no hinting; pair kerning is all that is left to apply.
A browser that sets such a font with `geometricPrecision` and kerning on gets the same widths.
The prepared fonts are kept in the user's cache folder, under a key made of the source font and
`RECIPE`; without a writable cache they are kept in memory.

Sources: Inter by Rasmus Andersson, IBM Plex by IBM, both under the SIL Open Font License 1.1.
"""

from __future__ import annotations

import io
import math
import sys
import unicodedata
import zipfile
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np

from .errors import InputError, OutputError, unknown_name
from .files import replacing
from .types import Array, FloatArray

RECIPE = 1
"""Counts up with every change to how fonts are prepared, so that no stale one is read."""

FAMILIES = ("sans", "mono")
WEIGHTS = (300, 400, 600)
ELLIPSIS = "…"

# (package, file, axes) of each font. Light is for large numbers, semibold for titles, so they take
# the tighter cut that Inter has for such sizes. The mono face is drawn in two weights only.
_SOURCES = {
    ("sans", 300): ("fontpkg_inter", "Inter[opsz,wght].ttf", {"wght": 300, "opsz": 32}),
    ("sans", 400): ("fontpkg_inter", "Inter[opsz,wght].ttf", {"wght": 400, "opsz": 14}),
    ("sans", 600): ("fontpkg_inter", "Inter[opsz,wght].ttf", {"wght": 600, "opsz": 20}),
    ("mono", 300): ("fontpkg_ibm_plex_mono", "IBMPlexMono-Regular.ttf", {}),
    ("mono", 400): ("fontpkg_ibm_plex_mono", "IBMPlexMono-Regular.ttf", {}),
    ("mono", 600): ("fontpkg_ibm_plex_mono", "IBMPlexMono-SemiBold.ttf", {}),
}

# First code point, one past the last, script: of the letters that the fonts have.
_SCRIPTS = (
    (0x41, 0x2B9, "Latin"),  # less what is no letter, and the micro sign
    (0x2E0, 0x2E5, "Latin"),
    (0x370, 0x374, "Greek"),
    (0x375, 0x37E, "Greek"),
    (0x37F, 0x385, "Greek"),
    (0x386, 0x387, "Greek"),
    (0x388, 0x3E2, "Greek"),
    (0x3F0, 0x400, "Greek"),
    (0x400, 0x485, "Cyrillic"),
    (0x487, 0x530, "Cyrillic"),
    (0x1E00, 0x1F00, "Latin"),
    (0x1F00, 0x2000, "Greek"),
    (0x2071, 0x2072, "Latin"),
    (0x207F, 0x2080, "Latin"),
    (0x2090, 0x209D, "Latin"),
    (0x2126, 0x2127, "Greek"),
    (0x212A, 0x212C, "Latin"),
    (0x2132, 0x2133, "Latin"),
    (0x214E, 0x214F, "Latin"),
    (0x2160, 0x2189, "Latin"),
    (0xFB00, 0xFB07, "Latin"),
)
_SCRIPT_STARTS = [first for first, _, _ in _SCRIPTS]


@dataclass(frozen=True, eq=False)
class Layout:
    """A line of text set in a font: each character and where it starts, in logical pixels."""

    characters: str
    positions: FloatArray  # (character,) from the start of the line
    width: float


@dataclass(frozen=True, eq=False)
class _Face:
    """A prepared font: its file, and the numbers needed to set a line without opening it."""

    file: bytes
    units: int  # per em
    glyphs: dict[str, int]
    advances: list[int]
    left_class: list[int]
    right_class: list[int]
    kerning: list[list[int]]  # (class on the left, class on the right), font units


def font_file(family: str = "sans", weight: int = 400) -> bytes:
    """The prepared font as a TrueType file.

    `family` is "sans" or "mono"; `weight` is 300, 400 or 600 (mono has 400 and 600: its 300 is
    its 400). Raises `UnknownNameError` and `InputError` for others.
    """
    return _face(family, weight).file


def font_woff(
    family: str = "sans", weight: int = 400, characters: Collection[str] | None = None
) -> bytes:
    """The prepared font as a WOFF file for pages and SVG, cut to `characters` where given.

    Same characters, same bytes. Characters that the font lacks are passed over.
    """
    kept = None if characters is None else "".join(sorted(set("".join(characters))))
    return _woff(family, weight, kept)


def layout(string: str, size: float, weight: int = 400, family: str = "sans") -> Layout:
    """Where each character of a line stands, kerned, for a font of `size` logical pixels.

    The string is brought to Unicode's composed form; white space becomes a space; characters
    without a shape of their own (joiners, soft hyphens) are left out. Nothing is kerned where one
    script gives way to another, as in browsers. Scripts that need shaping
    or run from right to left are not set as they should be. A character that the font lacks is
    drawn as an empty box, and takes that box's width.
    """
    if not (math.isfinite(size) and size > 0):
        raise InputError("A text needs a size above zero", received=f"{size}")
    characters, positions = _set_line(string, family, weight)
    pixels = positions * size
    return Layout(characters, pixels[:-1], float(pixels[-1]))


def text_width(string: str, size: float, weight: int = 400, family: str = "sans") -> float:
    """How wide a line is in logical pixels, kerning included."""
    return layout(string, size, weight, family).width


def shorten(string: str, width: float, size: float, weight: int = 400, family: str = "sans") -> str:
    """The string, cut at its end with "…" where it would be wider than `width` logical pixels.

    Where not even "…" fits, the result is "…".
    """
    if text_width(string, size, weight, family) <= width:
        return string
    low, high = 0, len(string)  # the widest start that fits with the ellipsis, by halving
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(string[:middle].rstrip() + ELLIPSIS, size, weight, family) <= width:
            low = middle
        else:
            high = middle - 1
    return string[:low].rstrip() + ELLIPSIS


def lacking(string: str, weight: int = 400, family: str = "sans") -> str:
    """The characters of a line that the font cannot draw, each once; "" if it has them all."""
    shown, _ = _set_line(string, family, weight)
    glyphs = _face(family, weight).glyphs
    return "".join(dict.fromkeys(character for character in shown if character not in glyphs))


def script_of(character: str) -> str:
    """The script of a letter, "" for others: "Latin", "Greek" or "Cyrillic" (UAX #24)."""
    code = ord(character)
    at = bisect_right(_SCRIPT_STARTS, code) - 1
    _, end, script = _SCRIPTS[at] if at >= 0 else (0, 0, "")
    if code >= end or (code < 0x250 and not character.isalpha()) or code == 0xB5:
        return ""
    return script


@lru_cache(maxsize=8192)
def _set_line(string: str, family: str, weight: int) -> tuple[str, FloatArray]:
    """The characters drawn, and their starts and the end of the line in ems."""
    face = _face(family, weight)
    composed = "".join(" " if c.isspace() and c < " " else c for c in string)
    composed = unicodedata.normalize("NFC", composed)
    shown = "".join(c for c in composed if unicodedata.category(c) not in ("Cf", "Cc"))
    position, positions, before, script = 0, [0], 0, ""
    for character in shown:
        glyph = face.glyphs.get(character, 0)
        own = script_of(character)
        if not (own and script and own != script):
            position += face.kerning[face.left_class[before]][face.right_class[glyph]]
        script = own or script  # what all scripts share goes with what stands before it
        positions[-1] = position
        position += face.advances[glyph]
        positions.append(position)
        before = glyph
    ems = np.asarray(positions, np.float64) / face.units
    ems.flags.writeable = False
    return shown, ems


@cache
def _face(family: str, weight: int) -> _Face:
    if family not in FAMILIES:
        raise unknown_name("font family", str(family), FAMILIES)
    if weight not in WEIGHTS:
        raise InputError(
            "There is no such weight of the typeface",
            received=f"{weight}",
            allowed="Weights are 300, 400 and 600",
        )
    package, name, axes = _SOURCES[family, weight]
    source = Path(import_module(package).ROOT) / "files" / name
    data = source.read_bytes()
    key = sha256(data + repr((RECIPE, np.__version__[:1], axes)).encode()).hexdigest()[:24]
    place = _cache_folder() / f"{family}-{weight}-{key}.npz"
    parts = _read_cached(place)
    if parts is None:
        prepare = import_module("layerwise.typeface_recipe").prepare
        parts = prepare(data, axes, f"Layerwise {family.title()}", weight)
        _write_cached(place, parts)
    characters = [chr(code) for code in parts["codes"].tolist()]
    return _Face(
        file=parts["font"].tobytes(),
        units=int(parts["units"]),
        glyphs=dict(zip(characters, parts["glyphs"].tolist(), strict=True)),
        advances=parts["advances"].tolist(),
        left_class=parts["left_class"].tolist(),
        right_class=parts["right_class"].tolist(),
        kerning=parts["kerning"].tolist(),
    )


@lru_cache(maxsize=64)
def _woff(family: str, weight: int, characters: str | None) -> bytes:
    to_woff = import_module("layerwise.typeface_recipe").to_woff
    data: bytes = to_woff(font_file(family, weight), characters)
    return data


def _cache_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("layerwise"))


def _read_cached(place: Path) -> dict[str, Array] | None:
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as stored:
            parts = dict(stored)
        glyphs, classes = len(parts["advances"]), parts["kerning"].shape
        whole = (
            parts["font"].dtype == np.uint8
            and parts["units"] > 0
            and 0 <= parts["glyphs"].min() <= parts["glyphs"].max() < glyphs
            and len(parts["codes"]) == len(parts["glyphs"])
            and len(parts["left_class"]) == len(parts["right_class"]) == glyphs
            and 0 <= parts["left_class"].min() <= parts["left_class"].max() < classes[0]
            and 0 <= parts["right_class"].min() <= parts["right_class"].max() < classes[1]
            and 0 < parts["codes"].min() <= parts["codes"].max() <= sys.maxunicode
        )
    except (OSError, ValueError, TypeError, EOFError, LookupError, zipfile.BadZipFile):
        return None  # missing or damaged: prepared anew
    return parts if whole else None


def _write_cached(place: Path, parts: dict[str, Array]) -> None:
    stored = io.BytesIO()
    np.savez(stored, allow_pickle=False, **parts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as beside:
            beside.write_bytes(stored.getvalue())
    except (OSError, OutputError):
        return  # the fonts stay in memory for this process
