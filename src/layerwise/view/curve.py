"""A curve that is drawn as it happens, with what it should be compared with on the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..scene import Discs, Mark, Segments
from ..typeface import shorten, text_width
from ..types import FloatArray, float32_array
from .marks import Anchor, dotted, hairlines, label, spread_apart
from .style import BOLD_WEIGHT, LABEL_SIZE, Theme, format_percent

LINE = 2.5
DOT = 6.0
LABEL_GAP = 24.0
TICK_GAP = 16.0  # between two numbers below the axis
TICK_SHIFT = 70.0  # how far from its tick a number may stand to have room


@dataclass(frozen=True)
class Baseline:
    """A level to compare with, named at its end."""

    name: str
    value: float


class Curve:
    """Shares between 0 and 1 over moments; what has not happened yet is not drawn.

    `box` is x, y, width, height of the plotting area; names of the baselines stand to its right
    and end before `edge`. `values` (moment,) may be NaN where there is none.
    """

    def __init__(
        self,
        box: tuple[float, float, float, float],
        values: FloatArray,
        baselines: Sequence[Baseline],
        theme: Theme,
        *,
        name: str,
        ticks: Sequence[tuple[int, str]],
        edge: float,
    ) -> None:
        self._edge = edge
        self.box, self.theme = box, theme
        left, top, width, height = box
        known = values[~np.isnan(values)]
        heights = [*known.tolist(), *(baseline.value for baseline in baselines)]
        highest = max(max(heights, default=1.0), 1e-9)
        last = max(len(values) - 1, 1)
        self._x = left + width * np.arange(len(values)) / last
        self._y = top + height * (1 - values / highest)
        self._values = values
        self._static = self._scale(baselines, highest, name, ticks, last)

    def still(self) -> list[Mark]:
        """What does not change: the name, the axis, the baselines."""
        return list(self._static)

    def upto(self, moment: int) -> list[Mark]:
        """The curve so far, and where it is now."""
        known = np.flatnonzero(~np.isnan(self._values[: moment + 1]))
        if not len(known):
            return []
        points = np.stack([self._x[known], self._y[known]], axis=1).astype(np.float32)
        now = points[-1]
        ink = np.array(self.theme.ink, np.uint8)
        marks: list[Mark] = []
        if len(points) > 1:
            ends = np.concatenate([points[:-1], points[1:]], axis=1)
            marks.append(Segments(ends, float32_array([LINE]), ink))
        marks.append(Discs(now[None], float32_array([DOT]), ink))
        marks.append(self._value_label(float(now[0]), float(now[1]), self._values[known[-1]]))
        return marks

    def _value_label(self, x: float, y: float, value: float) -> Mark:
        string = format_percent(value)
        left, _, width, _ = self.box
        wide = text_width(string, 20, BOLD_WEIGHT)
        room = x + 4 + wide <= left + width
        at = x + 4 if room else x + DOT
        return label(
            at, y - 14, string, self.theme.ink,
            size=20, weight=BOLD_WEIGHT, anchor="start" if room else "end",
        )  # fmt: skip

    def _scale(
        self,
        baselines: Sequence[Baseline],
        highest: float,
        name: str,
        ticks: Sequence[tuple[int, str]],
        last: int,
    ) -> list[Mark]:
        left, top, width, height = self.box
        theme = self.theme
        right, floor = left + width, top + height
        marks: list[Mark] = [
            label(left, top - 46, name, theme.grey),
            hairlines(float32_array([[left, floor, right, floor]]), theme.hairline),
        ]
        ends = {moment: text_width(string, LABEL_SIZE) for moment, string in ticks}
        for moment, string in ticks:
            x = left + width * moment / last
            if moment in (0, last):
                anchor: Anchor = "start" if moment == 0 else "end"
                marks.append(label(x, floor + 24, string, theme.grey, anchor=anchor))
                continue
            half = ends[moment] / 2
            least = left + ends.get(0, 0) + TICK_GAP + half
            most = right - ends.get(last, 0) - TICK_GAP - half
            place = max(least, min(x, most))
            if least <= most and abs(place - x) <= TICK_SHIFT:
                marks.append(label(place, floor + 24, string, theme.grey, anchor="middle"))
            marks.append(hairlines(float32_array([[x, floor - 6, x, floor + 6]]), theme.hairline))
        levels = [top + height * (1 - baseline.value / highest) for baseline in baselines]
        for baseline, level, place in zip(
            baselines, levels, spread_apart(levels, LABEL_GAP), strict=True
        ):
            marks.append(dotted(left, right, level, theme.grey))
            share = format_percent(baseline.value)
            room = self._edge - right - 14 - text_width(f" {share}", LABEL_SIZE)
            string = f"{shorten(baseline.name, room, LABEL_SIZE)} {share}"
            marks.append(label(right + 14, place + LABEL_SIZE / 3, string, theme.grey))
        return marks
