"""A network too deep for columns of units: the size of what every layer gives, and of its gradient.

A bar a layer, from the input on the left to the answer on the right, on a scale of powers of ten;
the wave forward lights them one after another, the wave back does so with the gradients. Where
there are more layers than bars fit, a bar is the largest of its layers, which is said. Above the
bars stands the folded diagram and is lit in the same way, where it fits.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from ...scene import Mark, Rectangles
from ...typeface import text_width
from ...types import BoolArray, FloatArray, IntArray, float32_array
from ..charts.frame import chosen
from ..charts.scale import Scale, power_range
from ..diagram.folding import Block
from ..marks import hairlines, label
from ..palette import NEGATIVE, POSITIVE
from ..style import SMALLEST_SIZE, Theme, format_count
from .frames import picture, whole_picture
from .layout import Layout
from .lit_diagram import LitDiagram
from .panels import Panels
from .reading import Reading, largest
from .story import State, Story

NARROWEST: Final = 2.0  # pixels of a bar
MOST_POWERS: Final = 12


class Sizes:
    """The root mean square of each layer's output, and of its gradient: (layer,).

    Of the chosen sample where the arrays were kept, and exact; NaN where they were not.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        layers = reading.graph.layers
        self.numbers = [at for at, layer in enumerate(layers) if layer.kind != "input"]
        self.outputs = lru_cache(maxsize=512)(self._outputs)
        self.gradients = lru_cache(maxsize=512)(self._gradients)

    def _outputs(self, moment: int) -> FloatArray:
        return np.array([_size(self.reading.output(n, moment)) for n in self.numbers])

    def _gradients(self, moment: int) -> FloatArray:
        return np.array([_size(self.reading.gradient(n, moment)) for n in self.numbers])


def _size(values: FloatArray | None) -> float:
    if values is None or not values.size:
        return math.nan
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean(np.square(values))))


class DeepFrames:
    """Draws any state of a deep network's story."""

    def __init__(
        self, sizes: Sizes, story: Story, panels: Panels, blocks: Block, ranks: tuple[int, ...],
        diagram: LitDiagram, theme: Theme,
    ) -> None:  # fmt: skip
        self.sizes, self.story, self.panels, self.theme = sizes, story, panels, theme
        self.diagram = diagram
        self.ranks_of_all = ranks
        self.ranks = np.array([ranks[number] for number in sizes.numbers])
        count = len(sizes.numbers)
        layout = panels.layout
        self.left, self.right = layout.deep
        self.edge = min(self.right + 60, layout.size[0] - 8)  # of words below them
        bars = bar_count(count, layout)
        self.bins: IntArray = np.arange(count) * bars // count  # layer → its bar
        self.starts = np.searchsorted(self.bins, np.arange(bars))
        self.width = (self.right - self.left) / bars
        moments = sorted({state.moment for state in story.states})
        backward = [at for at, state in enumerate(story.states) if any(state.back)]
        self._turned = max(backward, default=len(story.states))  # gradients are there from then on
        self.has_gradients = any(np.isfinite(sizes.gradients(m)).any() for m in moments)
        alike = [sizes if own is sizes.reading else Sizes(own) for own in sizes.reading.alike]
        tops = layout.tops_below if diagram.fits else layout.tops_alone
        floors = layout.floors_below if diagram.fits else layout.floors_alone
        self.output_scale, self._slope_scale = (
            power_scale(values, top, floor)
            for values, top, floor in zip(
                (
                    [own.outputs(m) for own in alike for m in moments],
                    [own.gradients(m) for own in alike for m in moments],
                ),
                tops, floors, strict=True,
            )
        )  # fmt: skip
        answer = panels.places.columns[-1].number
        self._largest = largest(
            [own.units(answer, m) for own in sizes.reading.alike for m in moments]
        )
        self._still = [*panels.still(), *self._axes(), *self._blocks(blocks)]

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """The marks at a stop, or on the way to the next."""
        here = self.story.states[stop]
        there = self.story.states[min(stop + 1, len(self.story.states) - 1)]
        near = here if fraction < 0.5 else there
        marks = [*self._still]
        front = _front(here.lit, there.lit, fraction)
        marks += self._bars(
            self.output_scale, self.sizes.outputs(here.moment), self.sizes.outputs(there.moment),
            fraction, self.ranks <= front, POSITIVE[:3],
        )  # fmt: skip
        if self.has_gradients:
            if any(here.back) or any(there.back):
                depth = len(here.back) - 1
                reached = self.ranks >= depth + 1 - _back(here.back, there.back, fraction)
            else:
                reached = np.full(len(self.ranks), stop > self._turned)
            marks += self._bars(
                self._slope_scale, self.sizes.gradients(here.moment),
                self.sizes.gradients(there.moment), fraction, reached, NEGATIVE[:3],
            )  # fmt: skip
        if self.diagram.fits:
            if any(near.back) and self.has_gradients:
                sizes, scale, hue = self.sizes.gradients, self._slope_scale, NEGATIVE
            else:
                sizes, scale, hue, reached = (
                    self.sizes.outputs, self.output_scale, POSITIVE, self.ranks <= front
                )  # fmt: skip
            marks += self.diagram.marks(
                sizes(near.moment), reached, scale, hue, backward=sizes == self.sizes.gradients
            )
        return marks + self._outputs(near) + self.panels.at(near)

    def _outputs(self, state: State) -> list[Mark]:
        """The output, where it is pictures."""
        column, reading = self.panels.places.columns[-1], self.sizes.reading
        lit = state.lit[-1]
        if column.content == "picture":
            values = reading.output(column.number, state.moment)
            if values is None or not values.size:
                return []
            return [whole_picture(column.boxes[0], values, lit, self.theme)]
        units = reading.units(column.number, state.moment)
        if column.content != "map" or units is None:
            return []
        return [
            picture(box, values, self._largest, lit, self.theme)
            for box, values in zip(column.boxes, units, strict=False)
        ]

    def _bars(
        self, scale: Scale, one: FloatArray, other: FloatArray, fraction: float,
        reached: BoolArray, color: tuple[int, ...],
    ) -> list[Mark]:  # fmt: skip
        low, high = (
            bar_heights(scale, np.fmax.reduceat(values, self.starts)) for values in (one, other)
        )
        heights = low + (high - low) * fraction
        lit = np.maximum.reduceat(np.asarray(reached, bool), self.starts)
        lefts = self.left + self.width * np.arange(len(self.starts))
        gap = 1.0 if self.width >= 4 else 0.0
        boxes = np.stack(
            [lefts, scale.start - heights, np.full(len(lefts), self.width - gap), heights], axis=1
        )
        colors = np.zeros((len(lefts), 4), np.uint8)
        colors[:, :3] = np.where(lit[:, None], color, self.theme.hairline[:3])
        colors[:, 3] = 255
        return [Rectangles(float32_array(boxes), colors)]

    def _axes(self) -> list[Mark]:
        ends = self.left, self.right
        marks = axis(self.output_scale, ends, "size of the outputs", self.theme)
        if self.has_gradients:
            marks += axis(self._slope_scale, ends, "size of the gradients", self.theme)
        return marks

    def _blocks(self, root: Block) -> list[Mark]:
        """Where the network's blocks begin, by name, as many as fit."""
        base = (self._slope_scale if self.has_gradients else self.output_scale).start + 24
        place = {number: at for at, number in enumerate(self.sizes.numbers)}
        marks: list[Mark] = []
        free = -math.inf
        for block in root.parts:
            at = next((place[n] for n in range(block.first, block.stop) if n in place), None)
            if at is None:
                continue
            x = self.left + self.width * float(self.bins[at])
            marks.append(hairlines(float32_array([[x, base - 24, x, base - 14]]), self.theme.grey))
            times = f" × {format_count(block.repeats)}" if block.repeats > 1 else ""
            string = f"{block.name}{times}"
            if x >= free and x + text_width(string, SMALLEST_SIZE) <= self.edge:
                marks.append(label(x, base + 4, string, self.theme.grey, size=SMALLEST_SIZE))
                free = x + text_width(string, SMALLEST_SIZE) + 14
        return marks


def power_scale(values: list[FloatArray], top: float, floor: float) -> Scale:
    """Powers of ten from `floor` up to `top`, not more than twelve."""
    low, high = power_range(np.concatenate([np.zeros(0), *values])) or (0.1, 1.0)
    return Scale(max(low, high / 10.0**MOST_POWERS), high, floor, top, log=True)


def bar_heights(scale: Scale, values: FloatArray) -> FloatArray:
    """Pixels above the floor: one below the scale, all the way where not finite, none for zero."""
    up = scale.start - scale.place(values)
    heights: FloatArray = np.nan_to_num(np.clip(up, 1.0, scale.start - scale.end), nan=0.0)
    return heights


def axis(scale: Scale, ends: tuple[float, float], name: str, theme: Theme) -> list[Mark]:
    """The name, and a quiet line at every power of ten, or every second or third."""
    left, right = ends
    marks: list[Mark] = [label(left, scale.end - 14, name, theme.grey)]
    for value, written in scale.ticks(max(2, min(7, int((scale.start - scale.end) / 22)))):
        y = float(scale.place(value))
        marks.append(hairlines(float32_array([[left, y, right, y]]), theme.hairline))
        marks.append(label(left - 12, y + 6, written, theme.grey, anchor="end"))
    return marks


def bar_count(layers: int, layout: Layout) -> int:
    """How many bars there is room for."""
    return min(layers, int((layout.deep[1] - layout.deep[0]) / NARROWEST))


def bar_words(count: int, layout: Layout) -> str:
    """What a bar of so many layers is, in words."""
    bars = bar_count(count, layout)
    said = "a bar: root mean square of one layer's numbers, for this sample"
    if bars == count:
        return said
    return f"{said}; the largest of {count // bars} or {-(-count // bars)} layers each"


def _front(one: tuple[float, ...], other: tuple[float, ...], fraction: float) -> float:
    """The last rank that is lit, on the way."""
    first, second = sum(one) - 1, sum(other) - 1
    return first + (second - first) * fraction


def _back(one: tuple[float, ...], other: tuple[float, ...], fraction: float) -> float:
    """How many ranks the wave back has reached."""
    first, second = sum(one), sum(other)
    if second < first:
        return first
    return first + (second - first) * fraction


def stops_of(root: Block, ranks: tuple[int, ...], most: int = 12) -> list[int]:
    """The ranks at which the wave rests: where blocks end, evenly thinned; the last always."""
    depth = max(ranks)
    ends = sorted({max(ranks[n] for n in range(block.first, block.stop)) for block in root.parts})
    ends = [rank for rank in ends if 0 < rank < depth]
    return [0, *(ends[place] for place in chosen(len(ends), most)), depth]
