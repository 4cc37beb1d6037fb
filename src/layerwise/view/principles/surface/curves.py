"""Curves of a loss against steps beside a surface, each with its name at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Color, Discs, Mark
from ....typeface import shorten, text_width
from ....types import FloatArray, float32_array
from ...charts.chart import line
from ...charts.scale import Scale, power_range, round_range
from ...marks import Box, hairlines, spread_apart
from ...sheet import SMALL, WIDTH, Sheet

BOX: Final = (680.0, 118.0, 272.0, 380.0)


@dataclass(frozen=True)
class Line:
    """A loss at each step (step,), NaN where there is none; its name and colour."""

    name: str
    values: FloatArray
    color: Color


@dataclass(frozen=True, eq=False)
class LossCurves:
    """Lines over steps 0 to `last`, on powers of ten where all are positive and far apart."""

    sheet: Sheet
    lines: Sequence[Line]
    last: int
    heading: str
    across: str
    box: Box = BOX
    start: int = 0

    @cached_property
    def scale(self) -> Scale | None:
        """Losses to pixels."""
        _, top, _, height = self.box
        every = np.concatenate([own.values for own in self.lines])
        known = every[np.isfinite(every)]
        if not known.size:
            return None
        powers = power_range(known)
        if powers and known.min() > 0 and known.max() > 30 * known.min():
            high = min(powers[1], powers[0] * 1e16) if powers[1] / powers[0] > 1e16 else powers[1]
            return Scale(max(powers[0], high * 1e-16), high, top + height, top, log=True)
        if known.min() >= 0 and powers and known.max() > 30 * known[known > 0].min():
            return Scale(max(powers[0], powers[1] * 1e-12), powers[1], top + height, top, log=True)
        low, high = round_range(known) or (0.0, 1.0)
        return Scale(low, high, top + height, top)

    @cached_property
    def still(self) -> list[Mark]:
        """Heading, levels and the axis of steps: made once."""
        left, top, width, height = self.box
        sheet, grey = self.sheet, self.sheet.theme.grey
        marks: list[Mark] = [sheet.text(left, top - 22, self.heading)]
        if self.scale is not None:
            levels = []
            for value, told in self.scale.ticks(6):
                y = float(self.scale.place(value))
                levels.append([left, y, left + width, y])
                string = sheet.words.figures(told)
                marks.append(
                    sheet.text(left - 10, y + 6, string, size=16, color=grey, anchor="end")
                )
            if levels:
                marks.append(hairlines(float32_array(levels), sheet.theme.hairline))
        floor = top + height + 24
        first, last = sheet.number(self.start), sheet.number(self.last)
        marks.append(sheet.text(left, floor, first, size=16, color=grey))
        marks.append(sheet.text(left + width, floor, last, size=16, color=grey, anchor="end"))
        middle = left + width / 2
        marks.append(
            sheet.text(middle, floor, self.across, size=SMALL, color=grey, anchor="middle")
        )
        return marks

    def upto(self, step: int) -> list[Mark]:
        """The lines so far; names, and the latest losses, at their ends."""
        if self.scale is None:
            return []
        left, top, width, height = self.box
        span = max(self.last - self.start, 1)
        marks: list[Mark] = []
        ends: list[tuple[float, float, Line, float]] = []
        for own in self.lines:
            part = own.values[: step + 1]
            x = left + width * np.arange(len(part)) / span
            with np.errstate(invalid="ignore"):
                y = np.asarray(self.scale.place(part))
            shown = np.where(np.isfinite(y), np.clip(y, top, top + height), np.nan)
            marks += line(x, shown, own.color, 2.5)
            known = np.flatnonzero(np.isfinite(shown))
            if len(known):
                at = int(known[-1])
                ends.append((float(x[at]), float(shown[at]), own, float(part[at])))
                spot = float32_array([[x[at], shown[at]]])
                marks.append(Discs(spot, float32_array([5]), np.array(own.color, np.uint8)))
        rows: list[float] = spread_apart([end[1] for end in ends], 24)
        column = left + width + 16
        for (_, _, own, value), row in zip(ends, rows, strict=True):
            swatch = float32_array([[column + 5, row]])
            marks.append(Discs(swatch, float32_array([5]), np.array(own.color, np.uint8)))
            number = self.sheet.number(value)
            room = WIDTH - 24 - column - 16
            told = f"{own.name}  {number}"
            if text_width(told, SMALL) > room:
                told = f"{own.name}  {self.sheet.number(value, 2)}"
            if text_width(told, SMALL) > room:
                told = shorten(own.name, room, SMALL)
            marks.append(self.sheet.text(column + 16, row + 6, told, size=SMALL))
        return marks
