"""The legend that counts: each class with its colour, its training points and its cells now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scene import Mark
from ..typeface import shorten
from ..types import ByteArray, IntArray, float32_array
from .marks import hairlines, label, swatches
from .style import TEXT_SIZE, Theme, format_count, format_percent

SHARE_ROOM = 124


class ClassTable:
    """Rows for the classes, one for unclassified cells; too many classes are summed in one row.

    `points` (class,) training points of each; `box` is x, y, width, height; `rows` how many rows
    the box holds, that of the unclassified cells among them.
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
        self.box, self.theme, self.cells = box, theme, cells
        room = rows - 1
        if len(names) <= room:
            self._shown, self._rest = list(range(len(names))), []
        else:
            order = np.argsort(-points, kind="stable")
            self._shown = sorted(order[: room - 1].tolist())
            self._rest = sorted(order[room - 1 :].tolist())
        self._rows = len(self._shown) + bool(self._rest) + 1
        self._pitch = min(38.0, box[3] / rows)
        self._size = TEXT_SIZE if self._pitch >= 36 else 20
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
        right = self.box[0] + self.box[2]
        return [
            label(
                right, self._base(row), format_percent(share), self._ink(row),
                size=self._size, anchor="end",
            )
            for row, share in enumerate(shares)
        ]  # fmt: skip

    def _base(self, row: int) -> float:
        return self.box[1] + row * self._pitch + self._pitch * 0.68

    def _ink(self, row: int) -> tuple[int, int, int, int]:
        return self.theme.grey if row == self._rows - 1 else self.theme.ink

    def _still(self, names: Sequence[str], points: IntArray, colors: ByteArray) -> list[Mark]:
        x, y, width, _ = self.box
        theme, pitch, size = self.theme, self._pitch, self._size
        rows = [(names[index], points[index], colors[index]) for index in self._shown]
        if self._rest:
            some = f"{len(self._rest)} more classes"
            rows.append((some, points[self._rest].sum(), np.array(theme.hairline[:3], np.uint8)))
        rows.append(("unclassified", None, np.array(theme.unclassified[:3], np.uint8)))
        side = 18
        boxes = [[x, y + row * pitch + (pitch - side) / 2, side, side] for row in range(len(rows))]
        fill = [[*color.tolist(), 255] for _, _, color in rows]
        lines = [
            [x, y + row * pitch, x + width, y + row * pitch] for row in range(1, len(rows) + 1)
        ]
        middle = x + width - SHARE_ROOM
        marks: list[Mark] = [
            hairlines(float32_array(lines), theme.hairline),
            swatches(float32_array(boxes), np.array(fill, np.uint8), theme.hairline),
            label(middle, y - 8, "training points", theme.grey, anchor="end"),
            label(x + width, y - 8, "cells", theme.grey, anchor="end"),
        ]
        for row, (name, count, _) in enumerate(rows):
            short = shorten(name, middle - x - 110, size)
            marks.append(label(x + 32, self._base(row), short, self._ink(row), size=size))
            if count is not None:
                number = format_count(int(count))
                marks.append(
                    label(middle, self._base(row), number, theme.ink, size=size, anchor="end")
                )
        return marks
