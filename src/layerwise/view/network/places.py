"""Where everything of a network stands in a frame: columns of units, the input, the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from ...types import FloatArray
from ..diagram.graph import NetworkGraph
from ..diagram.layout import ranks_of
from ..style import NODE, NODE_GAP
from .layout import Layout
from .reading import MOST_ANSWERS, Reading

PITCH: Final = NODE + NODE_GAP
MOST_INPUT_ROWS: Final = 16
MOST_COLUMNS: Final = 9
MOST_PICTURE: Final = 300.0  # a side of an output that is a picture
GAP: Final = 46.0  # between layers that stand in one column

Content = Literal["value", "map", "weights", "picture"]


@dataclass(frozen=True, eq=False)
class Column:
    """One layer in a frame: its rank, a box (x y width height) for each unit that is drawn."""

    number: int
    rank: int
    boxes: FloatArray  # (unit, x y width height)
    content: Content

    @property
    def node(self) -> float:
        """The side of a unit."""
        return float(self.boxes[0, 3]) if len(self.boxes) else 0.0

    def left(self) -> FloatArray:
        """Where links arrive: (unit, xy)."""
        return np.stack([self.boxes[:, 0], self.boxes[:, 1] + self.boxes[:, 3] / 2], axis=1)

    def right(self) -> FloatArray:
        """Where links leave: (unit, xy)."""
        return self.left() + np.stack([self.boxes[:, 2], np.zeros(len(self.boxes))], axis=1)


@dataclass(frozen=True, eq=False)
class Places:
    """All columns of a frame; `inputs` are layers shown at the left, not as columns."""

    columns: tuple[Column, ...]  # by layer, in order; the last is the answer
    inputs: tuple[int, ...]
    ranks: tuple[int, ...]  # of every layer
    layout: Layout

    def column(self, number: int) -> Column | None:
        """The column of a layer; None for an input that is a picture."""
        return next((column for column in self.columns if column.number == number), None)

    @property
    def depth(self) -> int:
        """The rank of the answer."""
        return max(self.ranks)

    @cached_property
    def room(self) -> float:
        """How wide a heading may be: pixels from a column to the next."""
        ranks = {column.rank for column in self.columns if column.rank}
        if len(ranks) < 3:
            return 300.0 if not self.layout.is_tall else 150.0
        middles = sorted({round(float(c.boxes[:, 0].mean()), 3) for c in self.columns if c.rank})
        return min(b - a for a, b in pairwise(middles)) - 14

    def is_alone(self, column: Column) -> bool:
        """Whether a column is the only layer of its rank."""
        return sum(other.rank == column.rank for other in self.columns) == 1


def layer_ranks(graph: NetworkGraph) -> tuple[int, ...]:
    """The longest way to each layer from an input, those first: (layer,)."""
    links = [(source, at) for at, layer in enumerate(graph.layers) for source in layer.inputs]
    ranks = ranks_of(len(graph.layers), links)
    return tuple(
        0 if layer.kind == "input" else max(rank, 1)
        for layer, rank in zip(graph.layers, ranks, strict=True)
    )


def answer_alone(reading: Reading, ranks: tuple[int, ...], layout: Layout) -> Places:
    """Only the last layer as a column, for a network whose other layers are drawn otherwise."""
    number = len(ranks) - 1
    inputs, columns = _inputs(reading, ranks, layout)
    answer = _answers(reading, number, ranks[number], layout, alone=True)
    return Places((*columns, answer), inputs, ranks, layout)


def places_of(reading: Reading, ranks: tuple[int, ...], layout: Layout) -> Places:
    """Columns by rank, the answer last, nodes as large as there is room for."""
    depth = max(ranks)
    hidden = depth - 1
    inputs, columns = _inputs(reading, ranks, layout)
    first = layout.first_after_row if columns else layout.first
    apart = (layout.answer - first) / max(hidden, 1)  # as far as the last is from the answer
    across = first + apart * np.arange(hidden)
    if hidden == 1:
        across = np.array([(first + layout.last) / 2])
    widest = min(PITCH, apart * 0.8)
    for rank in range(1, depth + 1):
        members = [number for number, own in enumerate(ranks) if own == rank]
        if rank == depth and len(members) == 1:
            columns.append(_answers(reading, members[0], rank, layout))
        else:
            x = layout.answer if rank == depth else float(across[rank - 1])
            columns += _stacked(reading, members, rank, x, widest, layout)
    return Places(tuple(columns), inputs, ranks, layout)


def _inputs(
    reading: Reading, ranks: tuple[int, ...], layout: Layout
) -> tuple[tuple[int, ...], list[Column]]:
    """The layers at the left, and the column of an only one that is a short row."""
    inputs = tuple(number for number, rank in enumerate(ranks) if rank == 0)
    row = _input_column(reading, inputs[0], layout) if len(inputs) == 1 else None
    return inputs, [] if row is None else [row]


def _input_column(reading: Reading, number: int, layout: Layout) -> Column | None:
    """A short row of a table stands as nodes beside its names."""
    layer = reading.graph.layers[number]
    mapped = "neuron" in layer.axes
    count = int(layer.shape[0 if mapped else -1]) if mapped or len(layer.shape) == 2 else 0
    if not 0 < count <= MOST_INPUT_ROWS or len(reading.chosen(number)) != count:
        return None
    pitch = min(PITCH, (layout.row_bottom - layout.top + 0.0) / count)
    side = pitch * NODE / PITCH
    tops = layout.top + pitch * np.arange(count) + (pitch - side) / 2
    boxes = np.stack(
        [
            np.full(count, layout.input_nodes - side / 2),
            tops,
            np.full(count, side),
            np.full(count, side),
        ],
        axis=1,
    )
    return Column(number, 0, boxes, "map" if mapped else "value")


def _stacked(
    reading: Reading, members: list[int], rank: int, x: float, widest: float, layout: Layout
) -> list[Column]:
    """The layers of one rank above each other, centred."""
    contents = [_content(reading, number) for number in members]
    counts = [_count(reading, *pair) for pair in zip(members, contents, strict=True)]
    picture = layout.picture_side
    room = layout.bottom - layout.top - GAP * (len(members) - 1)
    units = sum(n for n, c in zip(counts, contents, strict=True) if c != "picture")
    pictures = picture * contents.count("picture")
    pitch = min(PITCH, widest, (room - pictures) / max(units, 1))
    heights = [
        picture if content == "picture" else pitch * count
        for count, content in zip(counts, contents, strict=True)
    ]
    top = (layout.top + layout.bottom - sum(heights) - GAP * (len(members) - 1)) / 2
    found = []
    for number, content, count, height in zip(members, contents, counts, heights, strict=True):
        each = height / count
        side = min(each * NODE / PITCH, widest) if content != "picture" else min(each, widest * 1.6)
        tops = top + each * np.arange(count) + (each - side) / 2
        boxes = np.stack(
            [np.full(count, x - side / 2), tops, np.full(count, side), np.full(count, side)], axis=1
        )
        found.append(Column(number, rank, boxes, content))
        top += height + GAP
    return found


def _count(reading: Reading, number: int, content: Content) -> int:
    """How many boxes a layer has."""
    return 1 if content == "picture" else max(len(reading.chosen(number)), 1)


def _answers(
    reading: Reading, number: int, rank: int, layout: Layout, *, alone: bool = False
) -> Column:
    """The last layer has room for names and bars, or for large pictures."""
    x, top, bottom = layout.answer, layout.top, layout.bottom
    content = _content(reading, number)
    shown = min(_count(reading, number, content), MOST_ANSWERS)
    if content in ("map", "picture") and (alone or not layout.is_tall):
        return Column(number, rank, _pictures(shown, layout), content)
    pitch = min(layout.answer_pitch, (bottom - top) / max(shown, 1))
    side = min(NODE, pitch * NODE / PITCH)
    tops = (top + bottom) / 2 - pitch * shown / 2 + pitch * np.arange(shown) + (pitch - side) / 2
    boxes = np.stack(
        [np.full(shown, x - side / 2), tops, np.full(shown, side), np.full(shown, side)], axis=1
    )
    return Column(number, rank, boxes, content)


def _pictures(shown: int, layout: Layout) -> FloatArray:
    """Boxes for outputs that are pictures: one above the other, on a tall screen side by side."""
    along = np.arange(shown)
    if layout.is_tall:
        room = layout.size[0] - 2 * layout.margin
        side = min(240.0, (room + 12) / shown - 12)
        lefts = layout.margin + (side + 12) * along
        tops = np.full(shown, layout.bars.top or layout.bottom)
    else:
        pitch = (layout.bottom - layout.top) / shown
        side = min(MOST_PICTURE, pitch - 14)
        lefts = np.full(shown, layout.answer - NODE / 2)
        pitch = min(pitch, side + 30)
        tops = (layout.top + layout.bottom - pitch * shown) / 2 + pitch * along + (pitch - side) / 2
    return np.stack([lefts, tops, np.full(shown, side), np.full(shown, side)], axis=1)


def _content(reading: Reading, number: int) -> Content:
    """What a unit shows: its value, its map, its weights, or the whole output as one picture."""
    values = reading.units(number, _first_moment(reading, number))
    if values is None:
        return "picture"
    if values.ndim > 1:
        return "map"
    return "weights" if weight_shape(reading, number) is not None else "value"


def _first_moment(reading: Reading, number: int) -> int:
    shown = reading.graph.layers[number].shown
    where = [moment for moment in reading.moments if (shown, moment) in reading.trace]
    return where[0] if where else reading.moments[0]


def weight_shape(reading: Reading, number: int) -> tuple[int, int, int] | None:
    """(channel, row, column) of the picture that a dense layer sees; None if it sees none."""
    layer = reading.graph.layers[number]
    if layer.kind != "dense" or len(layer.inputs) != 1:
        return None
    source = reading.graph.layers[layer.inputs[0]]
    if source.kind != "input" or len(source.shape) < 3:
        return None
    shape = tuple(int(side) for side in source.shape[1:])
    shape = (1, *shape) if len(shape) == 2 else shape
    if len(shape) != 3 or not layer.weight:
        return None
    site = reading.trace.site(layer.weight)
    width = site.about.get("shape", [0, 0])[1]
    whole = len(site.axes) > 1 and site.axes[1] not in site.entries
    return (shape[0], shape[1], shape[2]) if width == int(np.prod(shape)) and whole else None
