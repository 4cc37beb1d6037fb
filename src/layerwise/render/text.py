"""Text as pixels: FreeType's glyphs, unhinted, on quarter pixels along the line.

A glyph is drawn four times as large in both directions and averaged down, so that its shape and
place do not depend on how FreeType or Pillow round. The base line lies on a whole pixel, as
browsers put it. A character that the font lacks shows as the font's empty box.
"""

from __future__ import annotations

import io
import math
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..compiled import compiled
from ..errors import InputError
from ..scene import Text
from ..typeface import Layout, font_file, layout
from ..types import ByteArray, IntArray
from .pictures import Window

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

STEPS = 4
"""Places per pixel where a glyph can stand along the line; and how much larger it is drawn."""

SMALLEST, LARGEST = 1.0, 2000.0
"""Text under the smallest size in pixels is not drawn; over the largest it is refused."""

_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


class Strike:
    """The glyphs of one font at one size in pixels, drawn when first needed.

    All bitmaps lie one after the other in `pixels`; `places` says of each: start, width, height,
    and where its upper left corner is from the origin.
    """

    def __init__(self, family: str, weight: int, size: float) -> None:
        self.size = size
        self.times = STEPS if size <= 256 else 1  # large glyphs are smooth enough as they are
        self.font = _truetype(family, weight, size * self.times)
        self.pixels: ByteArray = np.zeros(1 << 14, np.uint8)
        self.places: IntArray = np.zeros((64, 5), np.int64)
        self._numbers: dict[tuple[str, int], int] = {}
        self._used = 0
        self._lock = threading.Lock()

    def number(self, character: str, step: int) -> int:
        """The glyph's row in `places`; `step` is its quarter of a pixel, 0 to 3."""
        step = step if self.times == STEPS else 0
        found = self._numbers.get((character, step))
        if found is None:
            with self._lock:
                found = self._numbers.get((character, step))
                if found is None:
                    found = self._add(character, step)
        return found

    def _add(self, character: str, step: int) -> int:
        bitmap, left, top = self._draw(character, step)
        while self._used + bitmap.size > len(self.pixels):
            self.pixels = np.concatenate([self.pixels, np.zeros_like(self.pixels)])
        number = len(self._numbers)
        if number == len(self.places):
            self.places = np.concatenate([self.places, np.zeros_like(self.places)])
        self.pixels[self._used : self._used + bitmap.size] = bitmap.ravel()
        self.places[number] = (self._used, bitmap.shape[1], bitmap.shape[0], left, top)
        self._used += bitmap.size
        self._numbers[character, step] = number
        return number

    def _draw(self, character: str, step: int) -> tuple[ByteArray, int, int]:
        from PIL import Image, ImageDraw

        left, top, right, bottom = (int(side) for side in self.font.getbbox(character, anchor="ls"))
        width, height = right - left, bottom - top
        if width <= 0 or height <= 0:
            return np.zeros((0, 0), np.uint8), 0, 0
        picture = Image.new("L", (width, height))
        ImageDraw.Draw(picture).text((-left, -top), character, 255, self.font, anchor="ls")
        large = np.asarray(picture)
        if self.times == 1:
            return large, left, top
        left += step
        before, above = left % STEPS, top % STEPS
        padded = np.zeros(
            (-(-(above + height) // STEPS) * STEPS, -(-(before + width) // STEPS) * STEPS),
            np.uint16,
        )
        padded[above : above + height, before : before + width] = large
        blocks = padded.reshape(padded.shape[0] // STEPS, STEPS, padded.shape[1] // STEPS, STEPS)
        mean = (blocks.sum((1, 3), np.uint16) + STEPS * STEPS // 2) // (STEPS * STEPS)
        return mean.astype(np.uint8), (left - before) // STEPS, (top - above) // STEPS


@lru_cache(maxsize=64)
def strike(family: str, weight: int, size: float) -> Strike:
    """The strike of that font and size; those used last are kept."""
    return Strike(family, weight, size)


def _truetype(family: str, weight: int, size: float) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(
        io.BytesIO(font_file(family, weight)), size, layout_engine=ImageFont.Layout.BASIC
    )


def draw_text(canvas: ByteArray, text: Text, scale: float, window: Window) -> None:
    """Draw a text mark into the window of the canvas."""
    size = text.size * scale
    if size < SMALLEST or text.color[3] == 0:
        return
    if size > LARGEST:
        raise InputError(
            f"A text is drawn up to {LARGEST:,.0f} pixels high",
            received=f"{text.string[:40]!r} at {size:,.0f}",
        )
    line = layout(text.string, text.size, text.weight, text.family)
    start = (text.at[0] - _ANCHORS[text.anchor] * line.width) * scale
    base = math.floor(text.at[1] * scale + 0.5)
    left, top, right, bottom = window
    if not (
        start - 2 * size < right
        and start + line.width * scale + 2 * size > left
        and base - 2 * size < bottom
        and base + 2 * size > top
    ):
        return
    glyphs = strike(text.family, text.weight, size)
    placed = place_glyphs(glyphs, line, start, scale, left, right)
    if len(placed):
        color = np.asarray(text.color, np.uint8)
        draw_glyphs(canvas, glyphs.pixels, glyphs.places, placed, base, color, *window)


def place_glyphs(
    glyphs: Strike, line: Layout, start: float, scale: float, left: int, right: int
) -> IntArray:
    """The glyphs that can touch columns left … right: (glyph, number and column of its origin)."""
    quarters = np.floor((start + line.positions * scale) * STEPS + 0.5)
    reach = 2 * glyphs.size
    near = (quarters / STEPS > left - reach) & (quarters / STEPS < right + reach)
    placed = []
    for index in np.flatnonzero(near).tolist():
        column, step = divmod(int(quarters[index]), STEPS)
        character = line.characters[index]
        if character != " ":
            placed.append((glyphs.number(character, step), column))
    return np.array(placed, np.int64).reshape(-1, 2)


@compiled
def draw_glyphs(
    canvas: ByteArray,
    pixels: ByteArray,
    places: IntArray,
    placed: IntArray,
    base: int,
    color: ByteArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Mix glyphs of one colour into the canvas, each by its coverage."""
    red, green, blue = int(color[0]), int(color[1]), int(color[2])
    strength = color[3] * 65536 / (255.0 * 255.0)
    for index in range(len(placed)):
        start, width, height, dx, dy = places[placed[index, 0]]
        x, y = placed[index, 1] + dx, base + dy
        for row in range(max(y, top), min(y + height, bottom)):
            line = start + (row - y) * width - x
            for column in range(max(x, left), min(x + width, right)):
                coverage = int(pixels[line + column])
                if coverage > 0:
                    weight = int(coverage * strength + 0.5)
                    old = int(canvas[row, column, 0])
                    canvas[row, column, 0] = old + (((red - old) * weight + 32768) >> 16)
                    old = int(canvas[row, column, 1])
                    canvas[row, column, 1] = old + (((green - old) * weight + 32768) >> 16)
                    old = int(canvas[row, column, 2])
                    canvas[row, column, 2] = old + (((blue - old) * weight + 32768) >> 16)
