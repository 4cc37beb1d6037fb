"""A surface in its box: bands, lines, axes with round numbers, and a path on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Color, Discs, Mark, Rectangles, Segments
from ....types import FloatArray, float32_array
from ...charts.chart import faded
from ...charts.scale import Scale
from ...marks import Box, hairlines
from ...sheet import SMALL, Sheet
from .contours import Contours, clipped

BOX: Final = (92.0, 74.0, 484.0, 484.0)
PATH: Final = 3.0
CASING: Final = 2.0  # around a path, in the colour of the ground


@dataclass(frozen=True, eq=False)
class SurfaceBox:
    """`x` (column,) and `y` (row,) are the coordinates of the table of `contours`."""

    sheet: Sheet
    contours: Contours
    x: FloatArray
    y: FloatArray
    labels: tuple[str, str]

    @property
    def box(self) -> Box:
        """Where it stands."""
        return self.contours.box

    @cached_property
    def scales(self) -> tuple[Scale, Scale]:
        """Coordinates to pixels, across and up."""
        left, top, width, height = self.box
        return (
            Scale(float(self.x[0]), float(self.x[-1]), left, left + width),
            Scale(float(self.y[0]), float(self.y[-1]), top + height, top),
        )

    def place(self, path: FloatArray) -> FloatArray:
        """Points (point, xy) in pixels."""
        return np.stack(
            [self.scales[0].place(path[:, 0]), self.scales[1].place(path[:, 1])], axis=1
        )

    @cached_property
    def still(self) -> list[Mark]:
        """All that does not move: made once."""
        return [self.contours.bands(), *self.contours.lines(), *self.axes]

    @cached_property
    def axes(self) -> list[Mark]:
        """Round numbers along both sides, the names of the coordinates, and a frame."""
        left, top, width, height = self.box
        grey, sheet = self.sheet.theme.grey, self.sheet
        floor = top + height
        marks: list[Mark] = []
        ticks: list[list[float]] = []
        for value, told in self.scales[0].ticks(6):
            x = float(self.scales[0].place(value))
            ticks.append([x, floor, x, floor + 5])
            string = sheet.words.figures(told)
            marks.append(sheet.text(x, floor + 23, string, size=16, color=grey, anchor="middle"))
        for value, told in self.scales[1].ticks(6):
            y = float(self.scales[1].place(value))
            ticks.append([left - 5, y, left, y])
            string = sheet.words.figures(told)
            marks.append(sheet.text(left - 10, y + 6, string, size=16, color=grey, anchor="end"))
        if ticks:
            marks.append(hairlines(float32_array(ticks), sheet.theme.grey))
        across, up = self.labels
        marks.append(
            sheet.text(
                left + width, floor + 45, f"{across} →", size=SMALL, color=grey, anchor="end"
            )
        )
        marks.append(sheet.text(left, floor + 45, f"↑ {up}", size=SMALL, color=grey))
        return marks

    def path(self, path: FloatArray, color: Color, *, dots: bool = False) -> list[Mark]:
        """A line through points (point, xy) inside the box, its last point a disc."""
        places = self.place(path)
        left, top, width, height = self.box
        ground = np.array(self.sheet.theme.ground, np.uint8)
        casing = np.array(faded(self.sheet.theme.ground, 0.75), np.uint8)
        own = np.array(color, np.uint8)
        marks: list[Mark] = []
        lines = float32_array(clipped(places, self.box))
        if len(lines):
            marks.append(
                Segments(
                    lines,
                    float32_array([PATH + 2 * CASING]),
                    casing,
                )
            )
            marks.append(Segments(lines, float32_array([PATH]), own))
        inside = (
            (places[:, 0] >= left) & (places[:, 0] <= left + width)
            & (places[:, 1] >= top) & (places[:, 1] <= top + height)
        )  # fmt: skip
        if dots and inside.any():
            marks.append(Discs(float32_array(places[inside]), float32_array([4.0]), own))
        if inside[-1]:
            marks.append(
                Discs(
                    float32_array(places[-1:]),
                    float32_array([8.0]),
                    own,
                    ground,
                    float32_array([2.0]),
                )
            )
        return marks

    def crosses(self, points: FloatArray, color: Color) -> list[Mark]:
        """Small crosses at points (point, xy), such as known minima."""
        places = self.place(points)
        arm = 6.0
        ends = [
            [x - arm, y - arm * way, x + arm, y + arm * way]
            for x, y in places.tolist()
            for way in (1, -1)
        ]
        return [Segments(float32_array(ends), float32_array([2.2]), np.array(color, np.uint8))]

    def outline(self) -> Mark:
        """A hairline around the box."""
        clear = np.array((0, 0, 0, 0), np.uint8)
        edge = np.array(self.sheet.theme.hairline, np.uint8)
        return Rectangles(
            float32_array([self.box]), clear, float32_array([0]), edge, float32_array([1])
        )
