"""Marks that most views need: a line of text, a hairline, a dotted line, a swatch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np

from ..scene import Color, Discs, Rectangles, Segments, Text
from ..typeface import shorten, text_width
from ..types import Array, float32_array
from .style import FOOT_SIZE, HAIRLINE, LABEL_SIZE, SMALLEST_SIZE, TEXT_WEIGHT

Box: TypeAlias = tuple[float, float, float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]
FOOT_SIZES: Final = (float(FOOT_SIZE), float(LABEL_SIZE), float(SMALLEST_SIZE))
LINE_STEP: Final = 1.35  # from line to line, as a share of the size


@lru_cache(maxsize=1 << 14)
def label(
    x: float,
    y: float,
    string: str,
    color: Color,
    *,
    size: float = LABEL_SIZE,
    weight: Literal[300, 400, 600] = TEXT_WEIGHT,
    anchor: Anchor = "start",
) -> Text:
    """A line of text whose base line passes through (x, y).

    Equal arguments give the same mark, so that a renderer can tell what did not change.
    """
    return Text((x, y), string, size, color, weight, anchor)


def hairlines(lines: Array, color: Color) -> Segments:
    """Thin lines (line, x0 y0 x1 y1)."""
    return Segments(lines, float32_array([HAIRLINE]), np.array(color, np.uint8))


def dotted(x0: float, x1: float, y: float, color: Color, *, gap: float = 7) -> Discs:
    """A level line of dots: something to compare with."""
    across = np.arange(x0, x1, gap)
    centers = np.stack([across, np.full_like(across, y)], axis=1)
    return Discs(centers, float32_array([1.1]), np.array(color, np.uint8))


def swatches(boxes: Array, colors: Array, outline: Color | None = None) -> Rectangles:
    """Small rounded boxes (swatch, x y width height) in the colours (swatch, rgba) of a legend."""
    stroke = np.array((0, 0, 0, 0) if outline is None else outline, np.uint8)
    width = 0 if outline is None else HAIRLINE
    return Rectangles(boxes, colors, float32_array([4]), stroke, float32_array([width]))


def inscribed(box: Box, rows: int, columns: int) -> Box:
    """The largest box of a picture's proportions in the middle of a box (x y width height)."""
    x, y, width, height = box
    scale = min(width / columns, height / rows)
    wide, tall = columns * scale, rows * scale
    return x + (width - wide) / 2, y + (height - tall) / 2, wide, tall


def wrapped(parts: Iterable[str], width: float, size: float) -> list[str]:
    """Parts joined by dots, in lines no wider than that; only a word wider than a line is cut.

    A part that does not fit goes to the next line, and is broken at its spaces if it must be.
    """
    lines: list[str] = []
    for part in filter(None, parts):
        joined = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
            continue
        lines.append("")
        for word in part.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if not lines[-1] or text_width(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
    return [shorten(line, width, size) for line in lines]


def wrapped_within(
    parts: Sequence[str], width: float, height: float, sizes: Sequence[float] = FOOT_SIZES
) -> tuple[list[str], float]:
    """The same in the largest of some sizes at which it fits that height, and that size.

    Lines are `LINE_STEP` × size apart. Where even the smallest is too large, lines go beyond.
    """
    for size in sizes:
        lines = wrapped(parts, width, size)
        if len(lines) * size * LINE_STEP <= height + 0.5:
            break
    return lines, size


def spread_apart(places: list[float], gap: float) -> list[float]:
    """Places in the same order, moved as little as needed to lie `gap` apart: for labels."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = [places[index] for index in order]
    for _ in range(50):
        worst = 0.0
        for one in range(len(moved) - 1):
            short = gap - (moved[one + 1] - moved[one])
            if short > 1e-6:
                moved[one] -= short / 2
                moved[one + 1] += short / 2
                worst = max(worst, short)
        if worst < 0.01:
            break
    result = [0.0] * len(places)
    for index, place in zip(order, moved, strict=True):
        result[index] = place
    return result
