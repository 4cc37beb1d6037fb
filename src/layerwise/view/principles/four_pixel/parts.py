"""What the pictures of the four-pixel camera share: tiles of two by two, numbers, verdicts."""

from __future__ import annotations

from typing import Final, SupportsFloat

import numpy as np

from ....language import Words, words
from ....scene import Color, Image, Mark, Rectangles, Reference
from ....types import ByteArray, FloatArray, float32_array
from ...palette import signed_color
from ...sheet import Sheet
from ...style import HAIRLINE, MINUS, Theme
from ...style import theme as theme_named

SIZE: Final = (1280, 720)
AS_ROWS: Final = (0, 1, 3, 2)  # clockwise from the upper left → row by row
PACE_S: Final = 1.4


class PixelSheet(Sheet):
    """A sheet with tiles of two by two, laid out in pixels of its own size."""

    @staticmethod
    def of(theme: str | Theme, language: str, size: tuple[int, int] = SIZE) -> PixelSheet:
        """By the names of the theme and the language."""
        return PixelSheet(size, theme_named(theme), words(language), size)

    def number(self, value: SupportsFloat, digits: int = 3) -> str:
        """A number as the language writes it: 0.5 where it is so exactly, 0.746 where rounded."""
        plain = f"{float(value):.{digits}g}"
        if abs(float(plain) - float(value)) < 1e-12:
            return self.words.figures(f"{float(plain) + 0.0:g}".replace("-", MINUS))
        return super().number(value, digits)

    def signed(
        self, box: tuple[float, float, float, float], field: FloatArray, limit: float,
        refers: Reference | None = None,
    ) -> Mark:  # fmt: skip
        """Four numbers, clockwise, as a tile of two by two: orange, neutral, blue."""
        rows = field[list(AS_ROWS)].reshape(2, 2)
        return Image(box, signed_color(rows, limit, self.theme), refers=refers)

    def outline(
        self, box: tuple[float, float, float, float], color: Color | None = None, width: float = 1
    ) -> Mark:
        """A line around a tile, or a ring a little outside of it."""
        x, y, wide, tall = box
        edge = np.array(self.theme.hairline if color is None else color, np.uint8)
        beyond = width if width <= HAIRLINE else width + 3  # a ring stands apart from its tile
        around = [x - beyond, y - beyond, wide + 2 * beyond, tall + 2 * beyond]
        clear = np.array((0, 0, 0, 0), np.uint8)
        return Rectangles(float32_array([around]), clear, float32_array([4]), edge,
                          float32_array([max(width, HAIRLINE)]))  # fmt: skip


def greys(pixels: FloatArray) -> ByteArray:
    """Four pixels, clockwise, as grey tones (row, column, rgb): −1 black, 1 white."""
    rows = pixels[list(AS_ROWS)].reshape(2, 2)
    tones = np.rint((np.clip(rows, -1, 1) + 1) / 2 * 255).astype(np.uint8)
    return np.repeat(tones[..., None], 3, axis=-1)


def verdict_words(told: Words, verdict: str, leading: int) -> str:
    """What the network answers, in words: a class, a tie of so many, or no answer."""
    if verdict == "no answer":
        return told("four_pixel.no-answer")
    if verdict == "tie":
        if leading == 4:
            return told("four_pixel.tie-4")
        return told("four_pixel.tie", count=leading)
    return told(f"four_pixel.class-{verdict}")
