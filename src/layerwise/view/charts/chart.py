"""What charts share: plotting boxes with axes, lines with gaps, bands, and names at line ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from ...scene import Color, Mark, Rectangles, Segments
from ...typeface import shorten, text_width
from ...types import Array, FloatArray, float32_array
from ..marks import hairlines, label, spread_apart
from ..style import LABEL_SIZE, SMALLEST_SIZE, TEXT_WEIGHT, Theme
from .scale import Scale

Box: TypeAlias = tuple[float, float, float, float]  # x y width height
LINE: Final = 2.5
LABEL_GAP: Final = 24.0
BAND_COLUMN: Final = 2  # pixels: a band is drawn in columns of this width


@dataclass(frozen=True)
class Ending:
    """A name, and perhaps a number, at the end of a line: at (x, y), in the line's colour."""

    x: float
    y: float
    name: str
    color: Color
    number: str = ""


def faded(color: Color | Array, alpha: float) -> Color:
    """The colour (rgb or rgba) with that opacity, 0 to 1."""
    red, green, blue = (int(part) for part in np.asarray(color)[:3])
    return (red, green, blue, round(255 * alpha))


def level_lines(
    scale: Scale, box: Box, theme: Theme, *, most: int = 6, named: bool = True
) -> list[Mark]:
    """Hairlines across a box at round values of an upright scale, each named to its left."""
    left, _, width, _ = box
    ticks = scale.ticks(most)
    if not ticks:
        return []
    places = scale.place([value for value, _ in ticks])
    lines = [[left, y, left + width, y] for y in places]
    marks: list[Mark] = [hairlines(float32_array(lines), theme.hairline)]
    if named:
        for y, (_, string) in zip(places, ticks, strict=True):
            at = float(y) + SMALLEST_SIZE * 0.36
            text = label(left - 12, at, string, theme.grey, size=SMALLEST_SIZE, anchor="end")
            marks.append(text)
    return marks


def foot_ticks(
    box: Box, theme: Theme, ends: tuple[str, str], *, middle: str = "", size: float = SMALLEST_SIZE
) -> list[Mark]:
    """What a level axis begins and ends with, below its box, and what it is, between them."""
    left, top, width, height = box
    base, grey = top + height + 24, theme.grey
    marks: list[Mark] = [
        label(left, base, ends[0], grey, size=size),
        label(left + width, base, ends[1], grey, size=size, anchor="end"),
    ]
    taken = 2 * max(text_width(end, size) for end in ends) + 32
    if middle and text_width(middle, size) <= width - taken:
        marks.append(label(left + width / 2, base, middle, grey, size=size, anchor="middle"))
    return marks


def line(x: FloatArray, y: FloatArray, color: Color, width: float = LINE) -> list[Mark]:
    """A line through points (point,), broken where a point is NaN; a lone point is a dot.

    More than two points in one column of pixels are drawn as the range that they span, which is
    what they would cover.
    """
    known = np.isfinite(x) & np.isfinite(y)
    runs = np.split(np.arange(len(x)), np.flatnonzero(np.diff(known.astype(np.int8))) + 1)
    pieces: list[Array] = []
    for run in runs:
        if not len(run) or not known[run[0]]:
            continue
        xs, ys = _columns(x[run], y[run])
        if len(xs) == 1:
            pieces.append(np.array([[xs[0], ys[0], xs[0], ys[0]]]))
        else:
            pieces.append(np.stack([xs[:-1], ys[:-1], xs[1:], ys[1:]], axis=1))
    if not pieces:
        return []
    return [Segments(np.concatenate(pieces), float32_array([width]), np.array(color, np.uint8))]


def _columns(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The points, or where many share a pixel's column, its first, lowest, highest and last."""
    column = np.floor(x).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    if len(x) <= 4 * len(starts):
        return x, y
    ends = np.append(starts[1:], len(x))
    kept: list[int] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = y[start:end]
        kept += sorted({start, start + int(part.argmin()), start + int(part.argmax()), end - 1})
    return x[kept], y[kept]


def band(x: FloatArray, low: FloatArray, high: FloatArray, color: Color) -> list[Mark]:
    """The area between two lines (point,) over the same x, in columns two pixels wide.

    Between points both edges are straight; a NaN in either leaves a gap. The height of a column is
    that at its middle.
    """
    known = np.isfinite(low) & np.isfinite(high)
    if known.sum() < 2:
        return []
    left, right = np.floor(x[known].min()), np.ceil(x[known].max())
    middles = np.arange(left, right, BAND_COLUMN) + BAND_COLUMN / 2
    # NaN spreads to both sides of a missing point, so that the gap is as wide as it should be.
    lows, highs = np.interp(middles, x, low), np.interp(middles, x, high)
    seen = np.isfinite(lows) & np.isfinite(highs) & (middles >= x[known].min())
    seen &= middles <= x[known].max()
    tops, floors = np.minimum(lows, highs)[seen], np.maximum(lows, highs)[seen]
    boxes = np.stack(
        [middles[seen] - BAND_COLUMN / 2, tops, np.full(seen.sum(), BAND_COLUMN), floors - tops],
        axis=1,
    )
    return [Rectangles(boxes, np.array(color, np.uint8))] if len(boxes) else []


def end_labels(
    endings: Sequence[Ending],
    edge: float,
    *,
    size: float = LABEL_SIZE,
    within: tuple[float, float] | None = None,
) -> list[Mark]:
    """Names to the right of their lines' ends, moved apart where they would overlap.

    They end before `edge`, and stay `within` those heights where there is room.
    """
    gap = max(LABEL_GAP, size * 1.3)
    places = spread_apart([ending.y for ending in endings], gap)
    if within is not None and places:
        shift = max(within[0] - min(places), 0) or min(within[1] - max(places), 0)
        places = [place + shift for place in places]
    marks: list[Mark] = []
    for ending, place in zip(endings, places, strict=True):
        start = ending.x + 12
        number = f" {ending.number}" if ending.number else ""
        room = edge - start - text_width(number, size, TEXT_WEIGHT)
        string = shorten(ending.name, room, size) + number
        marks.append(label(start, place + size * 0.36, string, ending.color, size=size))
    return marks


def grid_of_boxes(box: Box, count: int, columns: int, *, gaps: tuple[float, float]) -> list[Box]:
    """So many boxes in rows of `columns`, filling a box but for the gaps (across, down)."""
    rows = -(-count // columns)
    x, y, width, height = box
    wide = (width - gaps[0] * (columns - 1)) / columns
    tall = (height - gaps[1] * (rows - 1)) / rows
    return [
        (
            x + (number % columns) * (wide + gaps[0]),
            y + (number // columns) * (tall + gaps[1]),
            wide,
            tall,
        )
        for number in range(count)
    ]
