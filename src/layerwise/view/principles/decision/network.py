"""A network whose every neuron shows its own map of the plane, with signed links between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....language import Words
from ....scene import Curves, Image, Mark, Rectangles, Reference
from ....spread import spread
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import Array, ByteArray, FloatArray, float32_array
from ...marks import Box, label
from ...palette import signed_color
from ...style import Theme, format_number
from .layout import Layout
from .regions import region_colors

_PIXELS = 40  # a side of a small map: means over blocks of cells of the large one


@dataclass(frozen=True, eq=False)
class NeuronMaps:
    """Columns of small maps: the inputs, the hidden layers, the answers.

    `moments` are those that a film shows: a layer's colours have one limit in all of them.
    """

    trace: Trace
    moments: tuple[int, ...]
    box: Box
    layout: Layout
    theme: Theme
    words: Words
    colors: ByteArray  # (class, rgb)

    @cached_property
    def layers(self) -> int:
        """How many layers have maps, the inputs among them."""
        return int(self.trace.about.get("layers", 0))

    @cached_property
    def outputs(self) -> int:
        """How many numbers the last layer gives."""
        return int(self.trace[f"weights {self.layers}", self.moments[0]].shape[0])

    @cached_property
    def drawn(self) -> list[list[int]]:
        """The places, among those in the trace, of the neurons that find room, layer by layer."""
        most = int((self._tall + self._gap) // (self.layout.least_node + self._gap))
        first = self.moments[0]
        counts = [self.trace[f"maps {n}", first].shape[0] for n in range(self.layers)]
        return [spread(count, most) for count in [*counts, self.outputs]]

    @cached_property
    def limits(self) -> list[float]:
        """The value from which on a layer's colours are full.

        That below which 95 per cent of all magnitudes of the layer lie, in the moment where it is
        largest, to two digits (every fourth row and column is asked); a layer that is zero
        everywhere gets 1.
        """
        found = []
        for number in range(self.layers):
            most = max(
                float(np.quantile(np.abs(self.trace[f"maps {number}", moment][:, ::4, ::4]), 0.95))
                for moment in self.moments
            )
            found.append(float(f"{most:.1e}") or 1.0)
        return found

    @property
    def _tall(self) -> float:
        return self.box[3] - 3.6 * self.layout.text_size

    @property
    def _pixels(self) -> int:
        """The most pixels along a small map: about one for each of the picture's own."""
        return min(_PIXELS, max(int(self.side), 16))

    @property
    def _gap(self) -> float:
        return 4.0 if self.layout.small else 12.0

    @cached_property
    def side(self) -> float:
        """The side of a node."""
        most = max(len(layer) for layer in self.drawn)
        across = self.box[2] / (self.layers + 1)
        tall = (self._tall - self._gap * (most - 1)) / most
        return float(np.floor(min(tall, 0.62 * across, self.layout.node)))

    def boxes(self, layer: int) -> FloatArray:
        """The nodes of a layer, (node, x y width height); after the last come the answers."""
        x, y, width, _ = self.box
        names = self._names_room
        step = (width - self.side - names) / self.layers
        left = x + step * layer
        count = len(self.drawn[layer])
        tall = count * self.side + (count - 1) * self._gap
        top = y + 2.1 * self.layout.text_size + (self._tall - tall) / 2
        tops = top + np.arange(count) * (self.side + self._gap)
        return np.stack(
            [np.full(count, left), tops, np.full(count, self.side), np.full(count, self.side)], 1
        )

    @cached_property
    def _names(self) -> list[str]:
        classes = [str(name) for name in self.trace.about["classes"]]
        return classes if len(classes) == self.outputs else [""] * self.outputs

    @cached_property
    def _names_room(self) -> float:
        wide = max(text_width(name, self.layout.text_size) for name in self._names)
        return min(wide + 12, 0.22 * self.box[2]) if wide else 0.0

    def marks(self, moment: int) -> list[Mark]:
        """Links, nodes and what stands above and below each layer, at that moment."""
        marks: list[Mark] = []
        for layer in range(1, self.layers + 1):
            marks += self._links(layer, moment)
        for layer in range(self.layers + 1):
            marks += self._nodes(layer, moment) + self._heading(layer)
        return marks

    def _links(self, layer: int, moment: int) -> list[Mark]:
        weights = self.trace[f"weights {layer}", moment]
        sources, targets = self._neurons(layer - 1), self._neurons(layer)
        if weights.shape[1] != self._width(layer - 1) or weights.shape[0] != self._width(layer):
            return []  # something between the two changes their number: no weight joins them
        shown = weights[np.ix_(targets, sources)]
        share = np.abs(shown) / max(float(np.abs(weights).max()), 1e-12)
        one, other = self.boxes(layer - 1), self.boxes(layer)
        target, source = np.meshgrid(
            np.arange(len(targets)), np.arange(len(sources)), indexing="ij"
        )
        start = one[source.ravel()] + [self.side, self.side / 2, 0, 0]
        end = other[target.ravel()] + [0, self.side / 2, 0, 0]
        bend = (end[:, 0] - start[:, 0]) * 0.45
        points = np.stack(
            [start[:, 0], start[:, 1], start[:, 0] + bend, start[:, 1],
             end[:, 0] - bend, end[:, 1], end[:, 0], end[:, 1]], 1,
        )  # fmt: skip
        flat = share.ravel()
        colors = np.empty((len(flat), 4), np.uint8)
        # The hue says the sign; how strong a weight is, width and opacity say.
        colors[:, :3] = signed_color(np.sign(shown.ravel()), 1.0, self.theme)
        colors[:, 3] = np.rint(255 * (0.16 + 0.6 * flat))
        indices = np.stack(
            [np.asarray(targets)[target.ravel()], np.asarray(sources)[source.ravel()]], 1
        )
        refers = Reference(f"weights {layer}", moment, indices)
        order = np.argsort(flat, kind="stable")
        refers = Reference(f"weights {layer}", moment, indices[order])
        return [
            Curves(float32_array(points[order]), float32_array(0.4 + 3.2 * flat[order]),
                   colors[order], refers)
        ]  # fmt: skip

    def _neurons(self, layer: int) -> list[int]:
        """The numbers, in the network, of the neurons of a layer that are drawn."""
        if layer == self.layers:
            return self.drawn[layer]
        site = self.trace.site(f"maps {layer}")
        return [int(site.entries["neuron"][place]) for place in self.drawn[layer]]

    def _width(self, layer: int) -> int:
        if layer == self.layers:
            return self.outputs
        return int(self.trace.site(f"maps {layer}").about["width"])

    def _nodes(self, layer: int, moment: int) -> list[Mark]:
        boxes = self.boxes(layer)
        marks: list[Mark] = []
        for place, box in zip(self.drawn[layer], boxes, strict=True):
            x, y, side, _ = (float(part) for part in box)
            pixels, refers = self._picture(layer, place, moment)
            marks.append(Image((x, y, side, side), pixels, sampling="area", refers=refers))
        clear, line = np.array([0, 0, 0, 0], np.uint8), np.array(self.theme.grey, np.uint8)
        marks.append(
            Rectangles(float32_array(boxes), clear, float32_array([2]), line, float32_array([1]))
        )
        if layer == self.layers and self._names_room:
            for place, box in zip(self.drawn[layer], boxes, strict=True):
                text = shorten(self._names[place], self._names_room - 10, self.layout.text_size)
                at = float(box[0] + self.side + 10), float(box[1] + self.side / 2)
                marks.append(
                    label(at[0], at[1] + self.layout.text_size * 0.36, text, self.theme.ink,
                          size=self.layout.text_size)
                )  # fmt: skip
        return marks

    def _picture(self, layer: int, place: int, moment: int) -> tuple[ByteArray, Reference]:
        if layer < self.layers:
            values = smaller(self.trace[f"maps {layer}", moment][place], self._pixels)
            refers = Reference(f"maps {layer}", moment, np.array([[place]]))
            return signed_color(values, self.limits[layer], self.theme), refers
        found = self.trace["probabilities", moment]
        refers = Reference("probabilities", moment)
        small = np.stack([smaller(each, self._pixels) for each in found])
        if self.outputs != len(found):
            return region_colors(small, self.theme, self.colors), refers
        share = small[place][..., None]
        ground = np.asarray(self.theme.unclassified[:3], np.float32)
        hue = np.asarray(self.colors[place], np.float32)
        return np.rint(ground + share * (hue - ground)).clip(0, 255).astype(np.uint8), refers

    def _heading(self, layer: int) -> list[Mark]:
        size, grey = self.layout.text_size, self.theme.grey
        boxes = self.boxes(layer)
        middle = float(boxes[0, 0]) + self.side / 2
        room = self.box[2] / (self.layers + 1) - 6
        shown, width = len(self.drawn[layer]), self._width(layer)
        said = self.words
        count = f"{shown}" if shown == width else said("decision.of", shown=shown, all=width)
        if layer == 0:
            whole = said("decision.inputs")
            tries = [whole, count] if shown == width else [f"{whole}, {count}", count]
        elif layer == self.layers:
            whole = said("decision.answer")
            tries = [whole, count] if shown == width else [f"{whole}, {count}", count]
        else:
            name = str(self.trace.site(f"maps {layer}").about["activation"])
            tries = [f"{count} × {name}" if name else count, name or count, count]
        text = next((one for one in tries if text_width(one, size) <= room), tries[-1])
        text = shorten(text, room, size)
        top = self.box[1] + size
        marks: list[Mark] = [label(middle, top, text, grey, size=size, anchor="middle")]
        if layer < self.layers:
            limit = said.figures(f"±{format_number(self.limits[layer], 2)}")
            base = float(boxes[-1, 1]) + self.side + 1.25 * size
            marks.append(label(middle, base, limit, grey, size=size, anchor="middle"))
        return marks


def smaller(values: Array, side: int) -> FloatArray:
    """A map (row, column) of at most `side` rows and columns: means over equal blocks of cells."""
    rows, columns = values.shape
    step = -(-max(rows, columns) // side)
    if step <= 1:
        return np.asarray(values, np.float64)
    kept = np.asarray(values[: rows - rows % step, : columns - columns % step], np.float64)
    blocks: FloatArray = kept.reshape(
        kept.shape[0] // step, step, kept.shape[1] // step, step
    ).mean((1, 3))
    return blocks
