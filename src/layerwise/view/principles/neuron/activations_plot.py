"""A curve on axes of its own, and a point of it read off: up from x, then across to the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ....language import Words
from ....scene import Color, Discs, Mark, Segments, Text
from ....typeface import text_width
from ....types import FloatArray, float32_array
from ...charts.chart import Box, faded, line
from ...charts.scale import Scale, round_range
from ...marks import hairlines, label
from ...palette import NEGATIVE, POSITIVE
from ...style import BOLD_WEIGHT, SMALLEST_SIZE, Theme

CURVE: Final = 3.0
READING: Final = 2.0
DOT: Final = 6.0
JUMP: Final = 0.25  # of the range between two neighbouring points: nothing smooth rises so fast
_BELOW, _BESIDE, _APART = 22.0, 10.0, 8.0
_HALF: Final = 0.36 * SMALLEST_SIZE  # from the middle of a digit to the base line


@dataclass(frozen=True)
class ReadOff:
    """A point of the curve, x and y also as they are written, and how far the way has come.

    `up` is from the axis to the curve, `over` from there to the value, each 0 to 1.
    """

    x: float
    y: float
    names: tuple[str, str]
    up: float = 1.0
    over: float = 1.0


class CurvePlot:
    """Draws y over x (point,) in a box; ticks stand to its left and below it."""

    def __init__(
        self, box: Box, x: FloatArray, y: FloatArray, theme: Theme, said: Words,
        *, ticks: tuple[int, int] = (5, 4),
    ) -> None:  # fmt: skip
        self.box, self._theme = box, theme
        left, top, width, height = box
        low, high = round_range(np.append(y, 0.0), ticks[1]) or (-1.0, 1.0)
        room = 0.04 * (high - low)
        self.across = Scale(float(x[0]), float(x[-1]), left, left + width)
        self.up = Scale(low - room, high + room, top + height, top)
        self._ticks = [*self._level_ticks(ticks[0], said), *self._upright_ticks(ticks[1], said)]
        self._still = [self._lines(ticks), *self._drawn(x, y)]

    def marks(self, read: ReadOff | None = None) -> list[Mark]:
        """The axes and the curve, with a point read off; a tick in the way of its names fades."""
        if read is None:
            return [*self._still, *self._ticks]
        left, top, _, height = self.box
        floor = top + height
        x, y = float(self.across.place([read.x])[0]), float(self.up.place([read.y])[0])
        color = signed_line(read.y, self._theme)
        named = [
            (self._name(x, floor + _BELOW, read.names[0], read.up), read.up),
            (self._name(left - _BESIDE, y + _HALF, read.names[1], read.over, "end"), read.over),
        ]
        marks = [*self._still, *(_beside(tick, named) for tick in self._ticks)]
        if read.up > 0:
            marks.append(_stroke(x, floor, x, floor + read.up * (y - floor), color))
        if read.over > 0:
            marks.append(_stroke(x, y, x + read.over * (left - x), y, color))
        if read.up >= 1:
            ground, place = np.array(self._theme.ground, np.uint8), float32_array([[x, y]])
            fill = np.array(color, np.uint8)
            size = float32_array([DOT + 2])
            marks.append(Discs(place, size, fill, ground, float32_array([2])))
        return [*marks, *(mark for mark, strength in named if strength > 0)]

    def _name(self, x: float, base: float, string: str, strength: float, side: str = "") -> Text:
        color = faded(self._theme.ink, strength)
        if side == "end":
            return label(
                x, base, string, color, size=SMALLEST_SIZE, weight=BOLD_WEIGHT, anchor="end"
            )
        half = text_width(string, SMALLEST_SIZE, BOLD_WEIGHT) / 2
        left, _, width, _ = self.box
        middle = min(max(x, left + half - _APART), left + width - half + _APART)
        return label(
            middle, base, string, color, size=SMALLEST_SIZE, weight=BOLD_WEIGHT, anchor="middle"
        )

    def _level_ticks(self, most: int, said: Words) -> list[Text]:
        base = self.box[1] + self.box[3] + _BELOW
        ticks: list[Text] = []
        for value, string in self.across.ticks(most):
            x, grey = float(self.across.place([value])[0]), self._theme.grey
            written = said.figures(string)
            ticks.append(label(x, base, written, grey, size=SMALLEST_SIZE, anchor="middle"))
        return ticks

    def _upright_ticks(self, most: int, said: Words) -> list[Text]:
        left, grey = self.box[0] - _BESIDE, self._theme.grey
        ticks: list[Text] = []
        for value, string in self.up.ticks(most):
            y = float(self.up.place([value])[0]) + _HALF
            written = said.figures(string)
            ticks.append(label(left, y, written, grey, size=SMALLEST_SIZE, anchor="end"))
        return ticks

    def _lines(self, ticks: tuple[int, int]) -> Mark:
        left, top, width, height = self.box
        right, floor = left + width, top + height
        lines = [
            [left, y, right, y] for y in self.up.place([v for v, _ in self.up.ticks(ticks[1])])
        ]
        lines += [[x, top, x, floor] for x in self.across.place([0.0]) if left <= x <= right]
        return hairlines(float32_array([*lines, [left, floor, right, floor]]), self._theme.hairline)

    def _drawn(self, x: FloatArray, y: FloatArray) -> list[Mark]:
        """The curve, with a gap where it jumps."""
        jumps = np.flatnonzero(np.abs(np.diff(y)) > JUMP * max(float(np.ptp(y)), 1e-12)) + 1
        xs, ys = np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)
        return line(self.across.place(xs), self.up.place(ys), self._theme.ink, CURVE)


def signed_line(value: float, theme: Theme) -> Color:
    """The colour of a line that stands for a value: orange below zero, blue above, else grey."""
    if value == 0:
        return theme.grey
    return POSITIVE if value > 0 else NEGATIVE


def _beside(tick: Text, named: list[tuple[Text, float]]) -> Text:
    """The tick, as faint as what stands in its place is strong."""
    strength = max((part for name, part in named if _overlap(tick, name)), default=0.0)
    if strength <= 0:
        return tick
    color = faded(tick.color, 1 - strength)
    return label(*tick.at, tick.string, color, size=tick.size, anchor=tick.anchor)


def _overlap(one: Text, other: Text) -> bool:
    (a0, a1), (b0, b1) = _extent(one), _extent(other)
    level = abs(one.at[1] - other.at[1]) < 1.15 * SMALLEST_SIZE
    return level and a0 < b1 + _APART and b0 < a1 + _APART


def _extent(text: Text) -> tuple[float, float]:
    wide = text_width(text.string, text.size, text.weight)
    start = text.at[0] - {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
    return start, start + wide


def _stroke(x0: float, y0: float, x1: float, y1: float, color: Color) -> Mark:
    ends = float32_array([[x0, y0, x1, y1]])
    return Segments(ends, float32_array([READING]), np.array(color, np.uint8))
