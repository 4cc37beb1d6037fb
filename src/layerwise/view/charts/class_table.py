"""The legend that counts: each class with its colour, its training points and its cells now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...scene import Color, Mark
from ...typeface import shorten, text_width
from ...types import ByteArray, IntArray, float32_array
from ..marks import hairlines, label, swatches
from ..style import TEXT_SIZE, Theme, format_count, format_percent

SHARE_ROOM = 124
SWATCH = 18
BETWEEN = 36  # two columns of rows
ROOM_FOR_POINTS = 340  # a narrower column leaves the training points out


class ClassTable:
    """Rows for the classes, one for unclassified cells.

    Rows stand in one column, or in two where one does not hold them; classes that even two do not
    hold, those with the fewest training points, are summed in one row. `points` (class,) training
    points of each; `box` is x, y, width, height; `rows` how many rows a column has; `cells` how
    many cells there are in all.
    """

    def __init__(
        self,
        box: tuple[float, float, float, float],
        rows: int,
        names: Sequence[str],
        points: IntArray,
        colors: ByteArray,
        theme: Theme,
        cells: int,
    ) -> None:
        self.theme, self.cells = theme, cells
        x, y, width, height = box
        columns = 1 if len(names) + 1 <= rows else 2
        room = rows * columns - 1
        if len(names) <= room:
            self._shown, self._rest = list(range(len(names))), []
        else:
            order = np.argsort(-points, kind="stable")
            self._shown = sorted(order[: room - 1].tolist())
            self._rest = sorted(order[room - 1 :].tolist())
        count = len(self._shown) + bool(self._rest) + 1
        self._wide = (width - BETWEEN * (columns - 1)) / columns
        self._pitch = min(38.0, height / rows)
        self._size = TEXT_SIZE if self._pitch >= 36 and columns == 1 else 20
        tall = -(-count // columns)
        self._places = [
            (x + row // tall * (self._wide + BETWEEN), y + row % tall * self._pitch)
            for row in range(count)
        ]
        self._top = y
        self._static = self._still(names, points, colors)

    def still(self) -> list[Mark]:
        """Swatches, names and training points."""
        return list(self._static)

    def at(self, counts: IntArray) -> list[Mark]:
        """The share of the cells that each class has: `counts` (class,)."""
        shares = [counts[index] / self.cells for index in self._shown]
        if self._rest:
            shares.append(counts[self._rest].sum() / self.cells)
        shares.append(1 - counts.sum() / self.cells)
        return [
            self._cell(row, self._wide, format_percent(share), self._ink(row))
            for row, share in enumerate(shares)
        ]

    def _cell(self, row: int, end: float, string: str, color: Color) -> Mark:
        """A text that ends `end` from the left edge of its row."""
        left, top = self._places[row]
        base = top + self._pitch * 0.68
        return label(left + end, base, string, color, size=self._size, anchor="end")

    def _ink(self, row: int) -> Color:
        return self.theme.grey if row == len(self._places) - 1 else self.theme.ink

    def _still(self, names: Sequence[str], points: IntArray, colors: ByteArray) -> list[Mark]:
        theme, pitch = self.theme, self._pitch
        rows = [(names[index], int(points[index]), colors[index]) for index in self._shown]
        with_points = self._wide >= ROOM_FOR_POINTS
        middle = self._wide - SHARE_ROOM
        room = (middle - 100 if with_points else self._wide - 80) - 32
        if self._rest:
            some = f"{len(self._rest)} more classes"
            if text_width(some, self._size) > room:
                some = some.removesuffix(" classes")
            grey = np.array(theme.hairline[:3], np.uint8)
            rows.append((some, int(points[self._rest].sum()), grey))
        rows.append(("unclassified", -1, np.array(theme.unclassified[:3], np.uint8)))
        boxes = [[x, y + (pitch - SWATCH) / 2, SWATCH, SWATCH] for x, y in self._places]
        lines = [[x, y + pitch, x + self._wide, y + pitch] for x, y in self._places]
        fill = [[*color.tolist(), 255] for _, _, color in rows]
        marks: list[Mark] = [
            hairlines(float32_array(lines), theme.hairline),
            swatches(float32_array(boxes), np.array(fill, np.uint8), theme.hairline),
        ]
        for left in sorted({x for x, _ in self._places}):
            marks.append(label(left + self._wide, self._top - 8, "cells", theme.grey, anchor="end"))
            if with_points:
                head = label(
                    left + middle, self._top - 8, "training points", theme.grey, anchor="end"
                )
                marks.append(head)
        for row, ((left, top), (name, count, _)) in enumerate(zip(self._places, rows, strict=True)):
            short = shorten(name, room, self._size)
            base = top + pitch * 0.68
            marks.append(label(left + 32, base, short, self._ink(row), size=self._size))
            if count >= 0 and with_points:
                marks.append(self._cell(row, middle, format_count(count), theme.ink))
        return marks
