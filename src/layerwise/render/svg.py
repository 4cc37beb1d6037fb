"""Scene to SVG: one still as vectors, its text as text and its fonts inside.

The marks keep the raster's definitions: a capsule is a line with round ends, a stroke under one
pixel is one pixel wide and fainter, rims lie inside their shapes. Pictures are PNG without loss,
sharp where the scene samples the nearest cell; where it averages, the viewer smooths instead.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final
from unicodedata import normalize

from ..errors import InputError
from ..files import replacing
from ..scene import Color, Curves, Discs, Image, Mark, Rectangles, Scene, Segments, Text
from ..scene_json import picture_png
from ..typeface import font_woff
from ..types import Array
from .still import still_time

FAMILY_NAMES: Final = {"sans": "Layerwise Sans", "mono": "Layerwise Mono"}
"""What the embedded fonts are called, so that no font of the reader's takes their place."""

# XML 1.0 has no place for these, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_svg(
    scene: Scene, path: str | Path, *, stop: int | None = None, time: float | None = None
) -> None:
    """Write one picture of the scene as SVG: a stop, a time in seconds, or else the poster.

    Negative stops count from the end. The same scene gives the same bytes. Raises `InputError`
    for a stop or a time that the scene does not have, `OutputError` where the file cannot be
    written.
    """
    text = svg_text(scene, scene.marks(still_time(scene, stop, time)))
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def svg_text(scene: Scene, marks: Sequence[Mark]) -> str:
    """The text of an SVG of those marks, with the scene's size, ground, title and description."""
    width, height = scene.size
    body = "\n".join(line for mark in marks for line in _drawn(mark))
    title = _text(scene.title or "Picture")
    described = f"<desc>{_text(scene.description)}</desc>\n" if scene.description else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">\n'
        f"<title>{title}</title>\n{described}"
        f"<style>{_style(marks)}</style>\n"
        f'<rect width="{width}" height="{height}"{_paint("fill", scene.ground)}/>\n'
        f"{body}\n</svg>\n"
    )


def _drawn(mark: Mark) -> Iterator[str]:
    match mark:
        case Discs():
            yield from _discs(mark)
        case Segments():
            yield from _segments(mark)
        case Curves():
            yield from _curves(mark)
        case Rectangles():
            yield from _rectangles(mark)
        case Image():
            yield _image(mark)
        case Text():
            yield _line_of_text(mark)


def _discs(mark: Discs) -> Iterator[str]:
    rows = zip(mark.centers, mark.radii, mark.fill, mark.stroke, mark.stroke_widths, strict=True)
    for (x, y), radius, fill, stroke, width in rows:
        if radius <= 0:
            continue
        least, strength = (max(radius, 0.5), min(2.0 * radius, 1.0) ** 2)
        rim = min(max(width, 0.0), least) if stroke[3] else 0.0
        place = f'<circle cx="{_n(x)}" cy="{_n(y)}"'
        # Under an opaque rim the fill stops half way, so that it does not shine through.
        inner = least - rim / 2 if stroke[3] == 255 else least
        if fill[3] and inner > 0:
            yield f'{place} r="{_n(inner)}"{_paint("fill", fill, strength)}/>'
        if rim > 0:
            yield (
                f'{place} r="{_n(least - rim / 2)}" fill="none"'
                f'{_paint("stroke", stroke, strength)} stroke-width="{_n(rim)}"/>'
            )


def _segments(mark: Segments) -> Iterator[str]:
    lines = []
    for (x0, y0, x1, y1), width, color in zip(mark.ends, mark.widths, mark.colors, strict=True):
        if width <= 0 or color[3] == 0:
            continue
        paint = _paint("stroke", color, min(float(width), 1.0))
        lines.append(
            f'<line x1="{_n(x0)}" y1="{_n(y0)}" x2="{_n(x1)}" y2="{_n(y1)}"{paint}'
            f' stroke-width="{_n(max(float(width), 1.0))}"/>'
        )
    if lines:
        yield '<g stroke-linecap="round">'
        yield from lines
        yield "</g>"


def _curves(mark: Curves) -> Iterator[str]:
    paths = []
    for points, width, color in zip(mark.points, mark.widths, mark.colors, strict=True):
        if width <= 0 or color[3] == 0:
            continue
        paint = _paint("stroke", color, min(float(width), 1.0))
        x0, y0, x1, y1, x2, y2, x3, y3 = (_n(length) for length in points)
        paths.append(
            f'<path d="M{x0} {y0}C{x1} {y1} {x2} {y2} {x3} {y3}"{paint}'
            f' stroke-width="{_n(max(float(width), 1.0))}"/>'
        )
    if paths:
        yield '<g fill="none" stroke-linecap="round" stroke-linejoin="round">'
        yield from paths
        yield "</g>"


def _rectangles(mark: Rectangles) -> Iterator[str]:
    rows = zip(mark.boxes, mark.radii, mark.fill, mark.stroke, mark.stroke_widths, strict=True)
    for (x, y, width, height), radius, fill, stroke, stroke_width in rows:
        if width <= 0 or height <= 0:
            continue
        most = min(width, height) / 2
        rim = min(max(stroke_width, 0.0), most) if stroke[3] else 0.0
        corner = min(max(radius, 0.0), most)
        inset = rim / 2 if stroke[3] == 255 else 0.0
        if fill[3]:
            yield f"{_box(x, y, width, height, corner, inset)}{_paint('fill', fill)}/>"
        if rim > 0:
            yield (
                f'{_box(x, y, width, height, corner, rim / 2)} fill="none"'
                f'{_paint("stroke", stroke)} stroke-width="{_n(rim)}"/>'
            )


def _box(x: float, y: float, width: float, height: float, radius: float, inset: float) -> str:
    """A rectangle's start tag, every side moved in by `inset`."""
    rounded = f' rx="{_n(radius - inset)}"' if radius > inset else ""
    return (
        f'<rect x="{_n(x + inset)}" y="{_n(y + inset)}" width="{_n(max(width - 2 * inset, 0.0))}"'
        f' height="{_n(max(height - 2 * inset, 0.0))}"{rounded}'
    )


def _image(mark: Image) -> str:
    x, y, width, height = mark.box
    png = base64.b64encode(picture_png(mark.pixels, mark.palette)).decode("ascii")
    # Averaging over magnified cells leaves them sharp; only a viewer's smoothing would blur them.
    magnified = width >= 2 * mark.pixels.shape[1] and height >= 2 * mark.pixels.shape[0]
    smooth = mark.sampling == "area" and not magnified
    sharp = "" if smooth else ' image-rendering="pixelated"'
    return (
        f'<image x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        f' preserveAspectRatio="none"{sharp} href="data:image/png;base64,{png}"/>'
    )


def _line_of_text(mark: Text) -> str:
    anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
    return (
        f'<text class="{mark.family}" x="{_n(mark.at[0])}" y="{_n(mark.at[1])}"'
        f' font-size="{_n(mark.size)}" font-weight="{mark.weight}"{anchor}'
        f"{_paint('fill', mark.color)}>{_text(normalize('NFC', mark.string))}</text>"
    )


def _style(marks: Sequence[Mark]) -> str:
    """The fonts of those marks, each cut to its characters, and how text is set."""
    characters: dict[tuple[str, int], set[str]] = {}
    for mark in marks:
        if isinstance(mark, Text):
            kept = characters.setdefault((mark.family, mark.weight), set())
            kept.update(normalize("NFC", mark.string))
    rules = ["text{white-space:pre;font-kerning:normal;text-rendering:geometricPrecision}"]
    for (family, weight), kept in sorted(characters.items()):
        woff = base64.b64encode(font_woff(family, weight, kept)).decode("ascii")
        rules.append(
            f'@font-face{{font-family:"{FAMILY_NAMES[family]}";font-weight:{weight};'
            f'src:url(data:font/woff;base64,{woff}) format("woff")}}'
        )
    for family in sorted({family for family, _ in characters}):
        generic = {"sans": "sans-serif", "mono": "monospace"}[family]
        rules.append(f'.{family}{{font-family:"{FAMILY_NAMES[family]}",{generic}}}')
    return "".join(rules)


def _paint(attribute: str, color: Color | Array, strength: float = 1.0) -> str:
    """A fill or stroke attribute, with its opacity where it is not opaque."""
    red, green, blue, alpha = (int(part) for part in color)
    opacity = alpha / 255 * float(strength)
    faint = f' {attribute}-opacity="{_n(opacity, 4)}"' if opacity < 1 else ""
    return f' {attribute}="#{red:02x}{green:02x}{blue:02x}"{faint}'


def _n(number: float, decimals: int = 3) -> str:
    """A number in the fewest characters, to three decimals."""
    if not math.isfinite(number):
        raise InputError("A picture can only be written with finite numbers", received=f"{number}")
    text = f"{float(number):.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _text(string: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", string), quote=False)
