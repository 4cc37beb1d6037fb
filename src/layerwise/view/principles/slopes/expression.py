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
        return np.stack([x, top + height / 2 + gap * (y - middle)], axis=1)

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
                    at = start + 0.5 * (end - start)
                    wide = text_width(said, SMALL) + 12
                    box = float32_array([[at[0] - wide / 2, at[1] - 13, wide, 26]])
                    ground = np.array(theme.ground, np.uint8)
                    words.append(Rectangles(box, ground, float32_array([6])))
                    words.append(
                        sheet.text(
                            float(at[0]), float(at[1]) + 6, said, size=SMALL, anchor="middle",
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
        theme, sheet = self.sheet.theme, self.sheet
        fills = [
            theme.neutral if node["kind"] == "operation" else theme.ground for node in self.nodes
        ]
        rings = [theme.ink if number == now else theme.grey for number in range(len(self.nodes))]
        widths = [3.0 if number == now else 1.2 for number in range(len(self.nodes))]
        marks: list[Mark] = [
            Discs(
                float32_array(self.places), float32_array([RADIUS]), np.array(fills, np.uint8),
                np.array(rings, np.uint8), float32_array(widths),
            )
        ]  # fmt: skip
        for number, (node, (x, y)) in enumerate(zip(self.nodes, self.places.tolist(), strict=True)):
            name = str(node["name"])
            fits = 16.0 if text_width(name, 20) > 2 * RADIUS - 10 else 20.0
            marks.append(sheet.text(x, y + fits * 0.36, name, size=fits, anchor="middle"))
            if number in forward and node["kind"] != "number":
                said = sheet.number(float(self.trace["value", number]))
                marks.append(sheet.text(x, y - RADIUS - 8, said, size=SMALL, anchor="middle"))
            if number in back and node["kind"] != "number":
                slope = sheet.number(float(self.trace["slope", back[number]]))
                marks.append(
                    sheet.text(
                        x, y + RADIUS + 22, slope, size=SMALL, anchor="middle", bold=True,
                        color=self._accent,
                    )
                )  # fmt: skip
        return marks
