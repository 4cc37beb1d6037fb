"""An expression as a graph: values forward, local derivatives on the edges, slopes backward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from ....scene import Discs, Mark, Rectangles, Scene, Segments
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import FloatArray, float32_array
from ...palette import class_colors
from ...sheet import LEFT, SMALL, WIDTH, Drawing, sheet, trace_with
from ...style import Theme

_BOX: Final = (80.0, 122.0, 1040.0, 432.0)
RADIUS: Final = 26.0
APART: Final = 108.0
"""From one circle to the next below it, with the numbers between them."""


def local_derivatives(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The graph of `explain.local_derivatives`: a stop for each value, then for each slope.

    A circle is an operation, a variable or a number, its value above it. On the way back the
    local derivative is written on each edge and the slope of the result below each circle.
    """
    needed = ("value", "slope", "local", "difference")
    given = trace_with(trace, needed, "A graph of derivatives", "local_derivatives")
    return _Graph(given, sheet(size, theme, language)).scene()


@dataclass(frozen=True, eq=False)
class _Graph(Drawing):
    @cached_property
    def nodes(self) -> list[dict[str, Any]]:
        """Name, kind and operands of each node, in the order of computing."""
        return list(self.trace.header.about["nodes"])

    def scene(self) -> Scene:
        """Forward, backward, and all of it."""
        told = self.sheet.words
        count = len(self.nodes)
        labels = []
        for moment in self.trace.moments[: 2 * count]:
            name = self.nodes[int(moment.at["node"])]["name"]
            labels.append(told(f"learning.graph-stop-{moment.kind}", name=name))
        labels.append(told("learning.graph-stop-end"))
        return self.sheet.scene(
            self.marks, labels, title=told("learning.graph-title"), pace_s=0.8,
            description=told("learning.graph-description", expression=self.trace.title),
        )  # fmt: skip

    @cached_property
    def ranks(self) -> list[int]:
        """How many steps each node is from the leaves; a leaf stands just before its use."""
        ranks = [0] * len(self.nodes)
        for number, node in enumerate(self.nodes):
            ranks[number] = 1 + max((ranks[own] for own in node["operands"]), default=-1)
        for number, node in enumerate(self.nodes):
            uses = [at for at, other in enumerate(self.nodes) if number in other["operands"]]
            if not node["operands"] and uses:
                ranks[number] = min(ranks[at] for at in uses) - 1
        return ranks

    @cached_property
    def places(self) -> FloatArray:
        """Where each node stands: (node, xy)."""
        left, top, width, height = _BOX
        heights = [0.0] * len(self.nodes)
        leaves = 0
        for number, node in enumerate(self.nodes):
            if node["operands"]:
                heights[number] = float(np.mean([heights[own] for own in node["operands"]]))
            else:
                heights[number] = float(leaves)
                leaves += 1
        deepest = max(self.ranks)
        x = left + width * np.array(self.ranks) / max(deepest, 1)
        y = np.array(heights)
        gap = min(height / max(leaves - 1, 1), 110.0)
        middle = (leaves - 1) / 2
        return np.stack([x, self._parted(top + height / 2 + gap * (y - middle))], axis=1)

    def _parted(self, heights: FloatArray) -> FloatArray:
        """The heights, moved as little apart as circles of one column need."""
        _, top, _, height = _BOX
        apart, parted = APART * self.scale, heights.copy()
        for rank in set(self.ranks):
            column = [number for number, own in enumerate(self.ranks) if own == rank]
            column.sort(key=lambda number: float(heights[number]))
            lowest = top
            for number in column:
                parted[number] = max(parted[number], lowest)
                lowest = parted[number] + apart
            highest = top + height
            for number in reversed(column):
                parted[number] = min(parted[number], highest)
                highest = parted[number] - apart
        return parted

    @cached_property
    def scale(self) -> float:
        """How much smaller circles and their numbers are, so that the fullest column has room."""
        most = max(self.ranks.count(rank) for rank in self.ranks)
        return min(1.0, _BOX[3] / APART / max(most - 1, 1))

    @property
    def small(self) -> float:
        """The size of numbers beside circles and edges."""
        return max(SMALL * self.scale, min(SMALL, 11.0))

    @cached_property
    def spots(self) -> dict[tuple[int, int], FloatArray]:
        """Where the number of each edge stands: between two columns, far from other numbers."""
        edges = [
            (self.ranks[number] - self.ranks[operand], number, place, operand)
            for number, node in enumerate(self.nodes)
            for place, operand in enumerate(node["operands"])
        ]
        found: dict[tuple[int, int], FloatArray] = {}
        for columns, number, place, operand in sorted(edges):
            start, end = self.places[operand], self.places[number]
            parts = (np.arange(columns) + 0.5)[:, None] / columns
            middles = start + parts * (end - start)
            taken = np.array([*found.values(), [-1e9, -1e9]])
            near = np.hypot(*np.moveaxis(middles[:, None] - taken, 2, 0)).min(1)
            found[number, place] = middles[int(near.argmax())]
        return found

    def marks(self, stop: int) -> list[Mark]:
        """What is known at that moment."""
        count, sheet, told = len(self.nodes), self.sheet, self.sheet.words
        end = stop >= 2 * count
        foot = [told("learning.graph-foot")]
        if end:
            difference = float(self.trace["difference", 2 * count])
            foot.append(told("learning.graph-check", difference=sheet.number(difference, 2)))
        marks = sheet.frame(told("learning.graph-title"), foot)
        grey, room = sheet.theme.grey, WIDTH - 2 * LEFT - 520
        said = shorten(self.trace.title, room, 20)
        marks.append(sheet.text(WIDTH - LEFT, 44, said, size=20, color=grey, anchor="end"))
        forward = set(range(min(stop + 1, count)))
        gone = range(count, min(stop + 1, 2 * count))
        back = {int(self.trace.moments[at].at["node"]): at for at in gone}
        now = None if end else int(self.trace.moments[stop].at["node"])
        marks += self._edges(back, now if stop >= count else None)
        return [*marks, *self._circles(forward, back, now)]

    def _edges(self, back: dict[int, int], now: int | None) -> list[Mark]:
        theme, sheet = self.sheet.theme, self.sheet
        lines: list[list[float]] = []
        lit: list[list[float]] = []
        marks: list[Mark] = []
        words: list[Mark] = []
        for number, node in enumerate(self.nodes):
            for place, operand in enumerate(node["operands"]):
                start, end = self.places[operand], self.places[number]
                (lit if number == now else lines).append([*start.tolist(), *end.tolist()])
                if number in back and self.nodes[operand]["kind"] != "number":
                    local = float(self.trace["local", back[number]][place])
                    said = sheet.number(local)
                    at = self.spots[number, place]
                    wide = text_width(said, self.small) + 12
                    box = float32_array([[at[0] - wide / 2, at[1] - 13, wide, 26]])
                    ground = np.array(theme.ground, np.uint8)
                    words.append(Rectangles(box, ground, float32_array([6])))
                    words.append(
                        sheet.text(
                            float(at[0]), float(at[1]) + 6, said, size=self.small, anchor="middle",
                            color=self._accent, bold=number == now,
                        )
                    )  # fmt: skip
        for ends, color, width in ((lines, theme.grey, 1.4), (lit, theme.ink, 3.0)):
            if ends:
                own = np.array(color, np.uint8)
                marks.append(Segments(float32_array(ends), float32_array([width]), own))
        return [*marks, *words]

    @property
    def _accent(self) -> tuple[int, int, int, int]:
        red, green, blue = class_colors(2)[1].tolist()
        return (red, green, blue, 255)

    def _circles(self, forward: set[int], back: dict[int, int], now: int | None) -> list[Mark]:
        theme, sheet, radius = self.sheet.theme, self.sheet, RADIUS * self.scale
        fills = [
            theme.neutral if node["kind"] == "operation" else theme.ground for node in self.nodes
        ]
        rings = [theme.ink if number == now else theme.grey for number in range(len(self.nodes))]
        widths = [3.0 if number == now else 1.2 for number in range(len(self.nodes))]
        marks: list[Mark] = [
            Discs(
                float32_array(self.places), float32_array([radius]), np.array(fills, np.uint8),
                np.array(rings, np.uint8), float32_array(widths),
            )
        ]  # fmt: skip
        for number, (node, (x, y)) in enumerate(zip(self.nodes, self.places.tolist(), strict=True)):
            name = str(node["name"])
            fits = (16.0 if text_width(name, 20) > 2 * RADIUS - 10 else 20.0) * self.scale
            marks.append(sheet.text(x, y + fits * 0.36, name, size=fits, anchor="middle"))
            if number in forward and node["kind"] != "number":
                said = sheet.number(float(self.trace["value", number]))
                marks.append(
                    sheet.text(
                        x, y - radius - 8 * self.scale, said, size=self.small, anchor="middle"
                    )
                )
            if number in back and node["kind"] != "number":
                slope = sheet.number(float(self.trace["slope", back[number]]))
                base = y + radius + 22 * self.scale
                marks.append(
                    sheet.text(
                        x, base, slope, size=self.small, anchor="middle", bold=True,
                        color=self._accent,
                    )
                )  # fmt: skip
        return marks
