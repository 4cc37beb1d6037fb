"""The folded diagram of a deep network, lit as the wave goes through it.

A box fills as the wave goes through its layers, in the colour of its size on a scale of powers of
ten, and says in numbers what the last layer that was reached gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...scene import Color, Mark, Rectangles
from ...types import BoolArray, FloatArray, IntArray, float32_array
from ..charts.scale import Scale
from ..diagram.boxes import PAD, STEP, TEXT, Box, Boxes, Line, shape_and_rest
from ..diagram.folding import Block, gathered
from ..diagram.graph import Layer, NetworkGraph
from ..diagram.layout import Layout
from ..diagram.marks import RADIUS, STACK, Drawing, mixed
from ..diagram.stubs import OpenedBoxes
from ..marks import Box as Room
from ..marks import label
from ..style import BOLD_WEIGHT, SMALLEST_SIZE, Theme, format_count, format_number

SCALES: Final = (1.35, 1.2, 1.1, 1.0, SMALLEST_SIZE / TEXT)
MOST_BOXES: Final = 26
NARROWEST: Final = 108.0  # of a card: its number must have room
BOX_WORDS: Final = "in a box: that of its last layer reached, stronger by powers of ten"
FAINT, FULL = 0.14, 0.58  # shares of colour in a fill: of the smallest size, and of the largest


@dataclass(frozen=True, eq=False)
class _Fit:
    boxes: Boxes
    placed: Layout
    scale: float

    @property
    def strain(self) -> tuple[int, float]:
        """What speaks against it: links round the ends of rows, many rows, small text."""
        return self.placed.detours, 0.6 * max(self.placed.rows) - self.scale


class _Brief(Boxes):
    """Cards with a name, a shape, and a line that is left free for a number."""

    def _leaf(self, block: Block, layer: Layer, around: str, mark: str) -> Box:
        box = super()._leaf(block, layer, around, mark)
        if box.style != "symbol":
            box.lines = [box.lines[0], Line(shape_and_rest(layer)[0]), Line("")]
        return box

    def _block_lines(self, block: Block, around: str) -> list[Line]:
        name = super()._block_lines(block, around)[0]
        shape, _ = shape_and_rest(self.graph.layers[block.stop - 1])
        count = sum(part.repeats for part in block.parts if part.parts)
        many = [Line(f"{format_count(count)} blocks")] if count > 1 else []
        return [name, *many, Line(shape), Line("")]

    def _parameter_line(self, block: Block) -> list[Line]:
        return []

    def _card(self, block: Block, around: str) -> Box:
        box = super()._card(block, around)
        if box.style != "symbol":
            box.width = max(box.width, NARROWEST)
        return box


class _OpenedBrief(_Brief, OpenedBoxes):
    """The same of a block by itself."""


@dataclass(frozen=True, eq=False)
class _Lit:
    """A box in the frame, and its layers in the order of the wave: places among all sizes."""

    box: FloatArray  # x y width height, in pixels
    block: Block
    name: str
    radius: float
    layers: IntArray
    back: bool  # whether links enter at its right
    says: bool  # whether it has a line for its number


class LitDiagram:
    """The diagram of a network within a room, its boxes lit.

    `numbers` are the layers that have sizes, `ranks` (layer,) theirs. `fits` says whether there is
    a level of detail that can be read in the room; without, nothing may be asked of it. Where
    `blocks` are not all of the network, stubs say what is outside.
    """

    def __init__(
        self, graph: NetworkGraph, blocks: Block, numbers: list[int], ranks: Sequence[int],
        room: Room, theme: Theme, *, is_whole: bool = True,
    ) -> None:  # fmt: skip
        self.graph, self.theme, self.room = graph, theme, room
        self._boxes_of = _Brief if is_whole else _OpenedBrief
        self._scales = SCALES if is_whole else (1.8, 1.6, *SCALES)
        self._place = {number: at for at, number in enumerate(numbers)}
        self._ranks = np.array([ranks[number] for number in numbers])
        fit = self._fit(blocks)
        self.fits = fit is not None
        if fit is not None:
            self._draw(fit)

    def _fit(self, folded: Block) -> _Fit | None:
        """The most detail that fits, at the scale that strains least."""
        width, height = self.room[2] - 2 * STACK, self.room[3] - 2 * STACK
        ways = [(folded, depth) for depth in range(folded.depth(), -1, -1)]
        ways += [(gathered(folded, most), 0) for most in (12, 6)]
        for root, depth in ways:
            boxes = self._boxes_of(self.graph, root, depth)
            if boxes.count() > MOST_BOXES:
                continue
            fits = [_Fit(boxes, boxes.placed(width / scale), scale) for scale in self._scales]
            good = [
                fit for fit in fits
                if fit.placed.width * fit.scale <= width
                and fit.placed.height * fit.scale <= height
            ]  # fmt: skip
            if good:
                return min(good, key=lambda fit: fit.strain)
        return None

    def _draw(self, fit: _Fit) -> None:
        x, y, width, height = self.room
        scale = self.scale = fit.scale
        left = x + (width - fit.placed.width * scale) / 2
        top = y + (height - fit.placed.height * scale) / 2
        drawing = Drawing(replace(self.theme, grey=self.theme.ink), scale, down=False)
        drawing.add(fit.boxes.boxes, fit.placed, left / scale, top / scale, ports=False)
        drawn = drawing.marks()[: -len(drawing.words)]
        above = 1 if drawing.strips else 0  # the strips of kinds stay in sight
        self._below, self._above = drawn[: len(drawn) - above], drawn[len(drawn) - above :]
        self._above += [word for word in drawing.words if getattr(word, "string", "")]
        self._lit = list(self._boxes(fit.boxes.boxes, drawing))

    def _boxes(self, boxes: list[Box], drawing: Drawing) -> Iterator[_Lit]:
        """Every card and symbol with where it was drawn, and the layers that it stands for."""
        places = {id(box): (place, back) for box, place, back in drawing.places}
        for box, periods in _leaves(boxes, ()):
            if box.style == "outside":
                continue
            layers = np.arange(box.block.first, box.block.stop)
            for period, repeats in periods:
                layers = (layers[None] + period * np.arange(repeats)[:, None]).reshape(-1)
            own = np.array([self._place[n] for n in layers.tolist() if n in self._place], np.int64)
            own = own[np.argsort(self._ranks[own], kind="stable")]
            symbol = box.style == "symbol"
            where, back = places[id(box)]
            place = np.array(where) * self.scale
            radius = (place[3] / 2) if symbol else RADIUS * self.scale
            name = " ".join(part for part in (box.block.name, box.mark) if part)
            yield _Lit(place, box.block, name, radius, own, back, not symbol)

    def cards(self) -> Iterator[tuple[Room, Block, str]]:
        """Every card and symbol: its box in the frame, what it stands for, its name."""
        for lit in self._lit if self.fits else ():
            x, y, width, height = (float(side) for side in lit.box)
            yield (x, y, width, height), lit.block, lit.name

    def marks(
        self, sizes: FloatArray, reached: BoolArray, scale: Scale, hue: Color, *,
        backward: bool,
    ) -> list[Mark]:  # fmt: skip
        """All boxes, those lit whose layers the wave has reached: `sizes` and `reached` (layer,).

        With `backward` the wave comes from the answer, and fills boxes from where links leave.
        """
        boxes, fills, radii = [], [], []
        said: list[Mark] = []
        for lit in self._lit:
            own = reached[lit.layers]
            count = int(own.sum())
            if not count:
                continue
            order = np.flatnonzero(own)
            last = lit.layers[order[0] if backward else order[-1]]
            size = float(sizes[last])
            x, y, width, height = (float(side) for side in lit.box)
            wide = (width - 2) * count / len(lit.layers)
            start = x + width - 1 - wide if backward != lit.back else x + 1
            boxes.append([start, y + 1, wide, height - 2])
            fills.append(self._fill(size, scale, hue))
            radii.append(min(lit.radius, wide / 2))
            if lit.says:
                base = y + height - (PAD[1] + STEP * 0.28) * self.scale
                text = "not kept" if np.isnan(size) else format_number(size, 3)
                at = round(x + PAD[0] * self.scale, 2), round(base, 2)
                font = TEXT * self.scale
                said.append(label(*at, text, self.theme.ink, size=font, weight=BOLD_WEIGHT))
        overlay: list[Mark] = []
        if boxes:
            colors = np.array(fills, np.uint8)
            overlay = [Rectangles(float32_array(boxes), colors, float32_array(radii))]
        return [*self._below, *overlay, *self._above, *said]

    def _fill(self, size: float, scale: Scale, hue: Color) -> Color:
        """The colour of a size: more of the hue for each power of ten."""
        share = 0.0
        if size > 0:
            place = float(scale.place(min(size, scale.high)))
            share = min(max((place - scale.start) / (scale.end - scale.start), 0.0), 1.0)
        return mixed(self.theme.ground, hue, FAINT + (FULL - FAINT) * share)


def _leaves(
    boxes: list[Box], periods: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Box, tuple[tuple[int, int], ...]]]:
    """Boxes that are no frames, each with the periods and repeats of the frames around it."""
    for box in boxes:
        if box.style == "frame":
            block = box.block
            yield from _leaves(box.inner, ((block.period, block.repeats), *periods))
        else:
            yield box, periods
