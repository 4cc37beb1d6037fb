"""The marks of one frame of a network: links first, then units, then what is said about them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...scene import Color, Curves, Image, Mark, Rectangles, Reference
from ...typeface import shorten, text_width
from ...types import ByteArray, FloatArray, float32_array
from ..marks import inscribed, label
from ..palette import signed_color, text_on
from ..style import FOCUS_RING, LABEL_SIZE, NODE, SMALLEST_SIZE, Theme, format_number
from .density import Density
from .focus import Focus
from .link_marks import LinkMarks, between, bows
from .panels import Panels
from .places import Column, Places, weight_shape
from .reading import Reading, largest, stored_at
from .short_number import short_number
from .story import State, Story

MOST_LINES: Final = 3
MOST_WAYS: Final = 12
NUMBER_SIDE: Final = 40.0  # a unit this large shows its number
CORNER: Final = 0.14


class Frames:
    """Draws any state of a story, and the way from one to the next."""

    def __init__(
        self, reading: Reading, places: Places, story: Story, panels: Panels, links: LinkMarks,
        density: Density, focus: Focus | None, theme: Theme,
    ) -> None:  # fmt: skip
        self.reading, self.places, self.story = reading, places, story
        self.panels, self.focus, self.theme = panels, focus, theme
        moments = sorted({state.moment for state in story.states})
        self._limit = {
            column.number: largest(
                [own.units(column.number, m) for own in reading.alike for m in moments]
            )
            for column in places.columns
        }
        self._steepest = largest(
            [
                own.unit_gradients(column.number, moments[0])
                for own in reading.alike
                for column in places.columns
            ]
        )
        self._links = links
        self._density = density
        self._dense = {c.number for c in places.columns if density.has_room(places, c)}
        self._still = self._wires() + panels.still()

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """The marks at a stop, or on the way to the next."""
        states = self.story.states
        here = states[stop]
        there = states[min(stop + 1, len(states) - 1)]
        marks: list[Mark] = [*self._still]
        marks += self._links.marks(here, there, fraction)
        for column in self.places.columns:
            marks += self._column_marks(column, here, there, fraction)
        near = here if fraction < 0.5 else there
        marks += self.panels.at(near)
        if self.focus is not None:
            marks += self.focus.marks(near)
        return marks

    def _wires(self) -> list[Mark]:
        """From an input that is a picture a quiet line to each unit that sees it."""
        marks: list[Mark] = []
        for column in self.places.columns:
            for source in self.reading.graph.layers[column.number].inputs:
                if source in self.places.inputs and self.places.column(source) is None:
                    box = self.panels.input_box(source)
                    ends = column.left()
                    along = (np.arange(len(ends)) + 1) / (len(ends) + 1)
                    if self.places.layout.is_tall:
                        ways = _falls(box[0], box[1] + box[3] * (1 + along) / 2, ends)
                    else:
                        starts = np.stack(
                            [np.full(len(ends), box[0] + box[2]), box[1] + box[3] * along], axis=1
                        )
                        ways = bows(starts, ends)
                    color = np.array(self.theme.hairline, np.uint8)
                    marks.append(Curves(float32_array(ways), float32_array([1.5]), color))
            if not column.rank:
                continue
            for source in self.reading.graph.layers[column.number].inputs:
                other = self.places.column(source)
                if other is not None and not self._links.has(source, column.number):
                    marks.append(self._bundle(other, column))
        return marks

    def _bundle(self, source: Column, target: Column) -> Mark:
        """Quiet ways from a layer to another, where single links cannot be told."""
        starts, ends = source.right(), target.left()
        most = min(max(len(starts), len(ends)), MOST_WAYS)
        sides = [side[np.rint(np.linspace(0, len(side) - 1, most)).astype(int)]
                 for side in (starts, ends)]  # fmt: skip
        ways = bows(sides[0], sides[1])
        color = np.array(self.theme.hairline, np.uint8)
        return Curves(float32_array(ways), float32_array([1.5]), color)

    # -- units ---------------------------------------------------------------------------------

    def _column_marks(
        self, column: Column, here: State, there: State, fraction: float
    ) -> list[Mark]:
        lit = between(here.lit[column.rank], there.lit[column.rank], fraction)
        back = between(here.back[column.rank], there.back[column.rank], fraction)
        near = here if fraction < 0.5 else there
        marks = self._headings(column, near, back)
        if column.number in self._dense:
            marks += self._density.marks(column, near.moment, lit)
        units = _between_arrays(
            self.reading.units(column.number, here.moment),
            self.reading.units(column.number, there.moment), fraction,
        )  # fmt: skip
        if column.content == "picture" or units is None:
            return marks + self._whole(column, near, lit)
        units = units[: len(column.boxes)]
        sizes = units.reshape(len(units), -1)
        summary = sizes[np.arange(len(sizes)), np.abs(np.nan_to_num(sizes)).argmax(axis=1)]
        limit = self._limit[column.number]
        fill = self._mixed(signed_color(summary, limit, self.theme), lit)
        if self.reading.graph.layers[column.number].axes[:1] in (("neuron",), ("class",)):
            fill[:] = self.theme.hairline[:3]  # one number cannot stand for a whole plane
        if back > 0:
            slopes = self.reading.unit_gradients(column.number, near.moment)
            if slopes is not None:
                flat = slopes[: len(units)].reshape(len(units), -1)
                steepest = flat[np.arange(len(flat)), np.abs(flat).argmax(axis=1)]
                shown = np.sign(steepest) * np.sqrt(np.abs(steepest) / self._steepest)
                fill = _mix(fill, signed_color(shown, 1, self.theme), back)
        planes = self._planes(column, near.moment, lit)
        pictured = column.content != "value" or bool(planes)
        marks += [self._boxes(column, fill, near.moment, pictured=pictured), *planes]
        if column.content == "map":
            marks += self._maps(column, units, limit, lit)
        elif column.content == "weights":
            marks += self._weight_pictures(column, near.moment)
        elif column.node >= NUMBER_SIDE and not planes and back < 0.5 and lit > 0.5:
            marks += self._numbers(column, near, fill)
        if self.focus is not None and self.focus.layer == column.number:
            marks.append(self._ring(column, self.focus.place))
        return marks

    def _planes(self, column: Column, moment: int, lit: float) -> list[Mark]:
        """What each unit gives all over a plane, where that is known."""
        planes = self.reading.planes
        if planes is None or column.content != "value" or not planes.has(column.number):
            return []
        numbers = self.reading.chosen(column.number).numbers
        limit = planes.limit(column.number)
        found = [
            (box, planes.of(column.number, int(unit), moment))
            for box, unit in zip(column.boxes, numbers, strict=False)
        ]
        return [
            picture(box, values, limit, lit, self.theme)
            for box, values in found
            if values is not None
        ]

    def _mixed(self, colors: ByteArray, lit: float) -> ByteArray:
        return _lit(colors, lit, self.theme)

    def _boxes(self, column: Column, fill: ByteArray, moment: int, *, pictured: bool) -> Rectangles:
        node = min(column.node, NODE)  # a large picture has no wider rim
        opaque = np.full((len(fill), 1), 255, np.uint8)
        colors = np.concatenate([fill, opaque], axis=1)
        boxes = column.boxes
        grown = boxes + np.array([-3, -3, 6, 6]) * (node / 46)
        numbers = self.reading.chosen(column.number).numbers[: len(boxes)]
        layer = self.reading.graph.layers[column.number]
        refers = Reference(layer.shown, moment, numbers[:, None])
        line = 2 * node / 46
        ground = np.array(self.theme.ground, np.uint8)
        if pictured or node < 20:
            return Rectangles(
                float32_array(grown), colors, float32_array([node * CORNER]),
                np.array((0, 0, 0, 0), np.uint8), float32_array([0]), refers,
            )  # fmt: skip
        # A rim of the value's colour, a gap of the ground, the fill: three boxes in one mark.
        gap = boxes + np.array([-line / 2, -line / 2, line, line])
        stacked = np.concatenate([grown, gap, boxes])
        fills = np.concatenate([colors, np.broadcast_to(ground, colors.shape), colors])
        corner = node * CORNER
        radii = np.repeat([corner + 3, corner + 1, corner], len(boxes))
        return Rectangles(
            float32_array(stacked), fills, float32_array(radii),
            refers=Reference(layer.shown, moment, np.tile(numbers, 3)[:, None]),
        )  # fmt: skip

    def _numbers(self, column: Column, state: State, fill: ByteArray) -> list[Mark]:
        units = self.reading.units(column.number, state.moment)
        if units is None:
            return []
        marks: list[Mark] = []
        for box, value, color in zip(
            column.boxes, units[: len(column.boxes)].reshape(len(column.boxes), -1)[:, 0], fill,
            strict=True,
        ):  # fmt: skip
            string = short_number(float(value))
            middle = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2 + 6)
            marks.append(
                label(*middle, string, text_on(color), size=SMALLEST_SIZE, anchor="middle")
            )
        return marks

    def _maps(self, column: Column, units: FloatArray, limit: float, lit: float) -> list[Mark]:
        return [
            picture(box, values, limit, lit, self.theme)
            for box, values in zip(column.boxes, units, strict=True)
        ]

    def _weight_pictures(self, column: Column, moment: int) -> list[Mark]:
        shape = weight_shape(self.reading, column.number)
        layer = self.reading.graph.layers[column.number]
        weight = self.reading.value(layer.weight, moment)
        if shape is None or weight is None:
            return []
        marks: list[Mark] = []
        numbers = self.reading.chosen(column.number).numbers
        kept = self.reading.trace.site(layer.weight).entries.get("unit")
        for box, row in zip(column.boxes, stored_at(kept, numbers), strict=False):
            if row >= 0:
                plane = weight[row].reshape(shape).sum(axis=0)
                pixels = signed_color(plane, float(np.abs(plane).max()) or 1.0, self.theme)
                marks.append(Image(_inside(box, plane.shape), pixels, sampling="area"))
        return marks

    def _whole(self, column: Column, state: State, lit: float) -> list[Mark]:
        """An output without units, as one picture."""
        values = self.reading.output(column.number, state.moment)
        if values is None or not values.size:
            return []
        return [whole_picture(column.boxes[0], values, lit, self.theme)]

    def _ring(self, column: Column, place: int) -> Rectangles:
        box = column.boxes[place] + np.array([-4, -4, 8, 8])
        return Rectangles(
            float32_array(box[None]), np.array((0, 0, 0, 0), np.uint8),
            float32_array([column.node * CORNER + 3]),
            np.array(self.theme.ink, np.uint8), float32_array([FOCUS_RING]),
        )  # fmt: skip

    def _headings(self, column: Column, state: State, back: float) -> list[Mark]:
        if column.rank == 0:
            return []
        x = float(column.boxes[:, 0].mean() + column.boxes[0, 2] / 2)
        alone = self.places.is_alone(column)
        base = self.places.layout.top - 23 if alone else float(column.boxes[0, 1]) - 13
        slopes = self.reading.gradient(column.number, state.moment) if back > 0.5 else None
        lines = self._heading(column, slopes)
        shift = -22 * (len(lines) - 1)
        color: Color = self.theme.grey if slopes is None else self.theme.ink
        return [
            label(x, base + shift + 22 * at, line, color, size=LABEL_SIZE, anchor="middle")
            for at, line in enumerate(lines)
        ]

    def _heading(self, column: Column, slopes: FloatArray | None) -> list[str]:
        """What stands above a layer: one line where another layer is above it."""
        layer, room = self.reading.graph.layers[column.number], self.places.room
        alone = self.places.is_alone(column)
        if slopes is not None:
            size = format_number(float(np.sqrt(np.mean(slopes**2))), 2)
            return ["gradient", size] if alone else [size]
        if not alone:
            fits = text_width(layer.label, LABEL_SIZE) <= room
            return [layer.label if fits else shorten(layer.name, room, LABEL_SIZE)]
        if column.rank == self.places.depth:
            return ["answer"] if self.panels.names else ["output"]
        text = layer.label or layer.name
        lines = _lines(text, room)
        if self.places.layout.is_tall and any(line.endswith("…") for line in lines):
            lines = [next((word for word in text.split() if word[0].isdigit()), lines[0])]
            last = text.rpartition(", ")[2]
            lines += [last] if text_width(last, LABEL_SIZE) <= room else []
        return lines


def _falls(left: float, heights: FloatArray, ends: FloatArray) -> FloatArray:
    """Ways from the left side of a picture above the network, down along the frame's edge."""
    starts = np.stack([np.full(len(heights), left), heights], axis=1)
    down, into = starts.copy(), ends.copy()
    down[:, 0] = into[:, 0] = -4.0
    return np.concatenate([starts, down, into, ends], axis=1)


def _lines(text: str, room: float) -> list[str]:
    """A heading in up to three lines, broken at commas where that is enough.

    The end of a line stands for a comma.
    """
    words: list[str] = []
    for part in text.replace(" × ", "\u00a0×\u00a0").split(", "):
        whole = text_width(part, LABEL_SIZE) <= room
        words += [part] if whole else part.split(" ")
        words[-1] += ","
    words[-1] = words[-1].removesuffix(",")
    lines: list[str] = []
    for word in words:
        joined = f"{lines[-1]} {word}" if lines else word
        width = text_width(joined.removesuffix(","), LABEL_SIZE)
        if lines and (width <= room or len(lines) == MOST_LINES):
            lines[-1] = joined
        else:
            lines.append(word)
    return [shorten(line.removesuffix(","), room, LABEL_SIZE) for line in lines]


def _inside(box: FloatArray, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """The largest box of a picture's proportions in a box."""
    x, y, width, height = (float(side) for side in box)
    inner = inscribed((x, y, width, height), shape[0], shape[1])
    if shape[0] == 1 or min(inner[2:]) < 4:  # a strip is stretched, or it could not be seen
        return x, y, width, height
    return inner


def _between_arrays(
    one: FloatArray | None, other: FloatArray | None, fraction: float
) -> FloatArray | None:
    return one if one is None or other is None else between(one, other, fraction)


def picture(box: FloatArray, values: FloatArray, limit: float, lit: float, theme: Theme) -> Image:
    """A unit's map or strip in a box: signed colours, as far as it is lit."""
    plane = values if values.ndim == 2 else values.reshape(values.shape[0], -1)
    if values.ndim == 1:
        plane = values[None]
    pixels = _lit(signed_color(plane, limit, theme), lit, theme)
    return Image(_inside(box, plane.shape), pixels, sampling="area")


def whole_picture(box: FloatArray, values: FloatArray, lit: float, theme: Theme) -> Image:
    """An output without units as one picture, to the largest of its own numbers."""
    plane = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(1, -1)
    return picture(box, plane, largest([plane]), lit, theme)


def _lit(colors: ByteArray, lit: float, theme: Theme) -> ByteArray:
    neutral = np.broadcast_to(np.array(theme.neutral[:3], np.uint8), colors.shape)
    return _mix(neutral, colors, lit)


def _mix(one: ByteArray, other: ByteArray, share: float) -> ByteArray:
    mixed = one.astype(np.float64) + (other.astype(np.float64) - one) * share
    rounded: ByteArray = np.rint(mixed).astype(np.uint8)
    return rounded
