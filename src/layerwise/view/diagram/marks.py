"""Marks of an architecture diagram: frames, links with heads, cards and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ...scene import Color, Curves, Mark, Rectangles, Segments
from ...typeface import text_width
from ...types import FloatArray, float32_array
from ..marks import label
from ..palette import class_colors
from ..style import BOLD_WEIGHT, TEXT_WEIGHT, Theme
from .boxes import CAPTION, PAD, STEP, TITLE, Box
from .layout import Layout

KIND_COLORS: Final = {
    "dense": 0, "convolution": 1, "recurrent": 2, "attention": 3, "embedding": 4,
    "normalisation": 5,
}  # fmt: skip
"""Kind → the class colour of the strip at a card's side."""
LINK: Final = 1.7
HEAD: Final = 6.5
RADIUS: Final = 8.0
STACK: Final = 6.0


@dataclass(eq=False)
class Drawing:
    """Collects marks in world coordinates scaled by `scale` and moved by `x`, `y`.

    `places` says where each box stands, before scaling, and whether links enter at its right.
    """

    theme: Theme
    scale: float
    down: bool
    frames: list[list[float]] = field(default_factory=list)
    curves: dict[tuple[float, ...], None] = field(default_factory=dict)
    heads: dict[tuple[float, ...], None] = field(default_factory=dict)
    boxes: list[tuple[list[float], Color, Color, float]] = field(default_factory=list)
    strips: list[tuple[list[float], Color]] = field(default_factory=list)
    words: list[Mark] = field(default_factory=list)
    places: list[tuple[Box, tuple[float, float, float, float], bool]] = field(default_factory=list)

    def add(
        self,
        boxes: Sequence[Box],
        placed: Layout,
        x: float,
        y: float,
        *,
        ports: bool,
        back: bool = False,
    ) -> None:
        """Boxes with their links, at an offset in unscaled coordinates; from the right if `back`.

        With `ports` the first and the last place are where links come in and go out.
        """
        links, places, rows = placed.links, placed.boxes, placed.rows
        if back:
            places = places.copy()
            places[:, 0] = placed.width - places[:, 0] - places[:, 2]
            sign, shift = np.tile([-1.0, 1.0], 4), np.tile([placed.width, 0.0], 4)
            links = tuple(link * sign + shift for link in links)
        open_ended = {len(boxes) + 1} if ports else set()  # where a link goes on
        if not self.down:
            open_ended |= {n + int(ports) for n, box in enumerate(boxes) if box.style == "frame"}
        for link, (_, target) in zip(links, placed.joins, strict=True):
            from_above = len(link) > 0 and abs(link[-1, 4] - link[-1, 6]) < 0.01
            ends = target not in open_ended or (from_above and not self.down)
            self._link(link, x, y, head=ends)
        if ports:
            places, rows = places[1:-1], rows[1:-1]
        for box, place, row in zip(boxes, places, rows, strict=True):
            self._box(box, float(place[0]) + x, float(place[1]) + y, back=back != bool(row % 2))

    def marks(self) -> list[Mark]:
        """All marks in drawing order."""
        theme = self.theme
        found: list[Mark] = []
        if self.frames:
            fill = mixed(theme.ground, theme.ink, 0.035)
            found.append(self._rectangles(self.frames, fill, theme.hairline, RADIUS * 1.5))
        color = np.array(mixed(theme.ground, theme.ink, 0.42), np.uint8)
        if self.curves:
            points = float32_array(list(self.curves)) * np.float32(self.scale)
            found.append(Curves(points, float32_array([LINK * self.scale]), color))
        if self.heads:
            ends = float32_array(list(self.heads)) * np.float32(self.scale)
            found.append(Segments(ends, float32_array([LINK * self.scale]), color))
        for radius in sorted({radius for *_, radius in self.boxes}):
            own = [part for part in self.boxes if part[3] == radius]
            found.append(
                Rectangles(
                    float32_array([part[0] for part in own]) * np.float32(self.scale),
                    np.array([part[1] for part in own], np.uint8),
                    float32_array([radius * self.scale]),
                    np.array([part[2] for part in own], np.uint8),
                    float32_array([1.0]),
                )
            )
        if self.strips:
            found.append(
                Rectangles(
                    float32_array([part[0] for part in self.strips]) * np.float32(self.scale),
                    np.array([part[1] for part in self.strips], np.uint8),
                    float32_array([2 * self.scale]),
                )
            )
        return [*found, *self.words]

    def _rectangles(
        self, boxes: list[list[float]], fill: Color, stroke: Color, radius: float
    ) -> Rectangles:
        return Rectangles(
            float32_array(boxes) * np.float32(self.scale),
            np.array(fill, np.uint8),
            float32_array([radius * self.scale]),
            np.array(stroke, np.uint8),
            float32_array([1.0]),
        )

    def _link(self, link: FloatArray, x: float, y: float, *, head: bool) -> None:
        if not len(link):
            return
        moved = link + np.tile([x, y], 4)
        for curve in moved:
            self.curves[tuple(float(value) for value in curve)] = None
        if head:
            self.heads.update(dict.fromkeys(arrow_head(moved[-1])))

    def _box(self, box: Box, x: float, y: float, *, back: bool) -> None:
        self.places.append((box, (x, y, box.width, box.height), back))
        if box.style == "frame":
            self._frame(box, x, y, back=back)
        elif box.style == "symbol":
            self._symbol(box, x, y)
        else:
            self._card(box, x, y, back=back)

    def _aside(self, back: bool) -> float:
        """How far to the right further repeats stand: away from the side where links come in."""
        return -STACK if back and not self.down else STACK

    def _frame(self, box: Box, x: float, y: float, *, back: bool) -> None:
        if box.mark:
            aside = self._aside(back)
            self.frames += [[x + aside * n, y + STACK * n, box.width, box.height] for n in (2, 1)]
        self.frames.append([x, y, box.width, box.height])
        at = x + 16
        base = y + 26
        for part in self._head(box, at, base):
            self.words.append(part)
        assert box.within is not None
        spare = box.width - box.within.width
        shift = spare / 2 if self.down else spare if back else 0.0
        self.add(box.inner, box.within, x + shift, y + CAPTION, ports=True, back=back)
        port = y + box.ports[1]
        if self.down:
            left = x + box.ports[1]
            bottom = y + CAPTION + box.within.height
            self.curves[straight(left, bottom, left, y + box.height)] = None
        elif spare > 0.01:
            end = (x, x + shift) if back else (x + box.within.width, x + box.width)
            self.curves[straight(end[0], port, end[1], port)] = None

    def _head(self, box: Box, x: float, base: float) -> Iterator[Mark]:
        theme = self.theme
        for line in box.lines:
            yield self._text(x, base, line.string, line.size, theme.grey if line.quiet else
                             theme.ink, bold=line.bold)  # fmt: skip
            x += line.width + 14
            if line.bold and box.mark:
                yield self._text(x, base, box.mark, TITLE, theme.ink, bold=True)
                x += text_width(box.mark, TITLE, BOLD_WEIGHT) + 14

    def _symbol(self, box: Box, x: float, y: float) -> None:
        theme = self.theme
        self.boxes.append(
            ([x, y, box.width, box.height], theme.ground, mixed(theme.ground, theme.ink, 0.42),
             box.height / 2)
        )  # fmt: skip
        inner = sum(line.width for line in box.lines) + 8 * (len(box.lines) - 1)
        at = x + (box.width - inner) / 2
        for line in box.lines:
            color = theme.grey if line.quiet else theme.ink
            self.words.append(
                self._text(at, y + box.height / 2 + 6.5, line.string, line.size, color,
                           bold=line.bold)
            )  # fmt: skip
            at += line.width + 8

    def _card(self, box: Box, x: float, y: float, *, back: bool) -> None:
        theme = self.theme
        filled = box.style == "card"
        fill = mixed(theme.ground, theme.ink, 0.07) if filled else theme.ground
        stroke = mixed(theme.ground, theme.ink, 0.16 if filled else 0.24)
        if box.style == "outside":
            stroke = theme.ground
        if box.mark:
            aside = self._aside(back)
            for n in (2, 1):
                self.boxes.append(
                    ([x + aside * n, y + STACK * n, box.width, box.height], fill, stroke, RADIUS)
                )
        self.boxes.append(([x, y, box.width, box.height], fill, stroke, RADIUS))
        color = KIND_COLORS.get(box.kind)
        if color is not None and filled:
            red, green, blue = (int(part) for part in class_colors(6)[color])
            strip = [x + 5, y + 8, 4.0, box.height - 16]
            self.strips.append((strip, (red, green, blue, 255)))
        base = y + PAD[1] + 17
        for number, line in enumerate(box.lines):
            ink = theme.grey if line.quiet or number else theme.ink
            if box.style == "outside":
                ink = mixed(theme.ground, theme.ink, 0.6)
            self.words.append(
                self._text(x + PAD[0], base + STEP * number, line.string, line.size, ink,
                           bold=line.bold)
            )  # fmt: skip
        if box.mark:
            right = x + box.width - PAD[0]
            width = text_width(box.mark, TITLE, BOLD_WEIGHT)
            self.words.append(
                self._text(right - width, base, box.mark, TITLE, theme.ink, bold=True)
            )

    def _text(
        self, x: float, y: float, string: str, size: float, color: Color, *, bold: bool
    ) -> Mark:
        return label(
            x * self.scale, y * self.scale, string, color,
            size=size * self.scale, weight=BOLD_WEIGHT if bold else TEXT_WEIGHT,
        )  # fmt: skip


def arrow_head(curve: FloatArray) -> list[tuple[float, ...]]:
    """Two strokes at a curve's end."""
    end, before = curve[6:8], curve[4:6]
    way = end - before
    length = float(np.hypot(*way)) or 1.0
    along = way / length * HEAD
    across = np.array([-along[1], along[0]]) * 0.62
    return [
        (*(float(v) for v in end - along + across), *(float(v) for v in end)),
        (*(float(v) for v in end - along - across), *(float(v) for v in end)),
    ]


def straight(x0: float, y0: float, x1: float, y1: float) -> tuple[float, ...]:
    """A straight line as a curve."""
    thirds = ((2 * x0 + x1) / 3, (2 * y0 + y1) / 3, (x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3)
    return (x0, y0, *thirds, x1, y1)


def mixed(ground: Color, ink: Color, share: float) -> Color:
    """The ground with a share of ink in it."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(ground[:3], ink[:3], strict=True)
    )
    return (red, green, blue, 255)
