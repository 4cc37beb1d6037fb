"""A tree of blocks as nested boxes with what is written in them, laid out from the inside out."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from ...typeface import text_width
from ..style import BOLD_WEIGHT, TEXT_WEIGHT, format_count
from .counts import kernel_of, parameters_in
from .folding import Block, path_of
from .graph import Layer, NetworkGraph
from .layout import Layout, Spacing, layout

TITLE: Final = 19.0
TEXT: Final = 17.0
SHORT: Final = 165.0  # a line that does not widen its box
STEP: Final = 24.0  # from line to line
PAD: Final = (16.0, 13.0)  # within a box: at the sides, above and below
CAPTION: Final = 38.0  # above the boxes of a frame
FRAME_PAD: Final = 22.0
SYMBOLS: Final = {"sum": "+", "difference": "−", "product": "×"}
WORDS: Final = {
    "convolution": ("convolution", "convolutions"),
    "dense": ("dense layer", "dense layers"),
    "pooling": ("pooling", "poolings"),
    "normalisation": ("norm", "norms"),
    "addition": ("sum", "sums"),
    "attention": ("attention step", "attention steps"),
    "recurrent": ("recurrent layer", "recurrent layers"),
    "embedding": ("embedding", "embeddings"),
    "joining": ("joining", "joinings"),
    "other": ("operation", "operations"),
    "input": ("input", "inputs"),
}

Style = Literal["card", "plain", "symbol", "frame", "outside"]


@dataclass(frozen=True)
class Line:
    """One line of text in a box."""

    string: str
    bold: bool = False
    quiet: bool = False

    @property
    def size(self) -> float:
        """In pixels, before the picture is scaled."""
        return TITLE if self.bold else TEXT

    @property
    def width(self) -> float:
        """How wide it is."""
        return text_width(self.string, self.size, BOLD_WEIGHT if self.bold else TEXT_WEIGHT)


@dataclass(eq=False)
class Box:
    """A layer, a closed block, or a frame around boxes (`inner`, placed by `within`)."""

    block: Block
    style: Style
    kind: str
    lines: list[Line]
    mark: str = ""  # "× 36"
    width: float = 0.0
    height: float = 0.0
    ports: tuple[float, float] = (0.0, 0.0)
    inner: list[Box] = field(default_factory=list)
    within: Layout | None = None


class Boxes:
    """Makes the boxes of a network at one level of detail, and places them.

    Blocks down to depth `level` are open, deeper ones closed; 0 closes even the outermost ones.
    With `down` the picture runs from above to below; lines are joined up to the width `line`.
    """

    def __init__(
        self,
        graph: NetworkGraph,
        root: Block,
        level: int,
        *,
        down: bool = False,
        line: float = SHORT,
        spacing: Spacing | None = None,
    ) -> None:
        self.graph, self.level, self.down = graph, level, down
        self.root, self.line = root, line
        self.spacing = spacing or Spacing()
        self.readers = _read_until(graph)
        self.boxes = [self._box(part, depth, "") for part, depth in self._spliced(root, 1)]

    def placed(self, length: float) -> Layout:
        """The outermost boxes in rows of at most that length."""
        return self._laid_out(self.root, self.boxes, length, ports=False)

    def count(self) -> int:
        """How many boxes are drawn, frames aside."""
        return sum(_leaves(box) for box in self.boxes)

    def _spliced(self, block: Block, depth: int) -> list[tuple[Block, int]]:
        """A block's parts with their depth; an open one gives its own instead.

        Not where repeats are in it: such a stage has a frame, unless it is most of the network.
        """
        found: list[tuple[Block, int]] = []
        for part in block.parts:
            stage = any(inner.repeats > 1 for inner in part.parts)
            most = part.boxes() > 0.6 * self.root.boxes()
            if (
                part.parts
                and part.repeats == 1
                and depth <= self.level
                and not (stage and not most)
            ):
                found += self._spliced(part, depth + 1)
            else:
                found.append((part, depth))
        return found

    def _box(self, block: Block, depth: int, around: str) -> Box:
        if block.parts and depth <= self.level:
            return self._frame(block, depth, around)
        return self._card(block, around)

    def _frame(self, block: Block, depth: int, around: str) -> Box:
        own = _around(block)
        parts = self._spliced(block, depth + 1)
        inner = [self._box(part, below, own) for part, below in parts]
        each = parameters_in(self.graph, range(block.first, block.period_stop))
        lines = [Line(_block_name(block, around), bold=True)]
        if block.repeats == 1:
            count = sum(part.repeats for part in block.parts)
            lines.append(Line(f"{format_count(count)} blocks"))
        mark = f"× {format_count(block.repeats)}" if block.repeats > 1 else ""
        if each:
            lines += self._parameter_line(block)
        box = Box(block, "frame", "", lines, mark, inner=inner)
        within = self._laid_out(block, inner, np.inf, ports=True)
        head = sum(line.width for line in lines) + (_mark_width(mark) + 28 if mark else 0) + 48
        box.width = max(within.width + (2 * FRAME_PAD if self.down else 0), head)
        box.height = within.height + CAPTION + FRAME_PAD
        entry, leave = within.boxes[0], within.boxes[-1]
        box.within = within
        if self.down:
            shift = (box.width - within.width) / 2
            box.ports = (float(entry[0]) + shift, float(leave[0]) + shift)
        else:
            box.ports = (float(entry[1]) + CAPTION, float(leave[1]) + CAPTION)
        return box

    def _card(self, block: Block, around: str) -> Box:
        layer = self.graph.layers[block.first]
        mark = f"× {format_count(block.repeats)}" if block.repeats > 1 else ""
        if block.parts:
            box = Box(block, "card", self._main_kind(block), self._block_lines(block, around), mark)
        else:
            box = self._leaf(block, layer, around, mark)
        if box.style == "symbol":
            box.width = max(sum(line.width for line in box.lines) + 22, 38.0)
            box.width += 8 * (len(box.lines) - 1)
            box.height = 38.0
        else:
            head = box.lines[0].width + (_mark_width(mark) + 18 if mark else 0)
            box.width = max(head, *(line.width for line in box.lines)) + 2 * PAD[0]
            box.height = STEP * len(box.lines) + 2 * PAD[1]
        side = box.width if self.down else box.height
        box.ports = (side / 2, side / 2)
        return box

    def _leaf(self, block: Block, layer: Layer, around: str, mark: str) -> Box:
        words = layer.label.split(", ")
        symbol = SYMBOLS.get(words[0])
        if symbol and layer.kind in ("addition", "other"):
            extra = [Line(", ".join(words[2:]), quiet=True)] if words[2:] else []
            return Box(block, "symbol", layer.kind, [Line(symbol, bold=True), *extra], mark)
        shape, rest = shape_and_rest(layer)
        name = _short(_span_name(block), around)
        if not is_module(layer) and layer.parameters and layer.module:
            name = _short(layer.module, around)
        if not is_module(layer) and layer.kind not in ("input", "dense", "convolution") and rest:
            name = rest.pop(0)  # an operation written in a module: what it does is its name
            name = f"{name} {kernel_of(layer)}".strip()
            lines = [Line(name, bold=True)]
        else:
            lines = [Line(name, bold=True)]
            what = self._what(layer, name, rest)
            together = ", ".join([*(line.string for line in what), shape])
            if self.line > SHORT and text_width(together, TEXT) <= self.line:
                what, shape = [], together
            lines += what
        lines += _joined([shape, *rest], self.line)
        lines += self._parameter_line(block)
        plain = not layer.parameters
        return Box(block, "plain" if plain else "card", layer.kind, lines, mark)

    @staticmethod
    def _what(layer: Layer, name: str, rest: list[str]) -> list[Line]:
        """What a layer does, taken off the words that are left."""
        if layer.kind == "convolution":
            first = kernel_of(layer)
            if rest[:1] == ["transposed"]:
                rest.pop(0)
                return [Line("transposed convolution"), Line(first)] if first else []
            return [Line(f"convolution {first}".strip())]
        if layer.kind == "dense":
            return [Line("dense")]
        what = rest.pop(0) if rest else name
        return [Line(what)] if what != name else []

    def _block_lines(self, block: Block, around: str) -> list[Line]:
        inside = range(block.first, block.period_stop)
        kinds = Counter(self.graph.layers[number].kind for number in inside)
        said = [
            f"{format_count(count)} {WORDS[kind][count > 1]}" for kind, count in kinds.most_common()
        ]
        last = self.graph.layers[block.stop - 1]
        shape, _ = shape_and_rest(last)
        lines = [Line(_block_name(block, around), bold=True)]
        for place in range(0, len(said), 2):
            lines.append(Line(", ".join(said[place : place + 2])))
        return [*lines[:4], Line(shape), *self._parameter_line(block)]

    def _parameter_line(self, block: Block) -> list[Line]:
        each = parameters_in(self.graph, range(block.first, block.period_stop))
        if not each:
            return []
        if block.repeats == 1:
            words = "1 parameter" if each == 1 else f"{format_count(each)} parameters"
        elif parameters_in(self.graph, range(block.first, block.stop)) == each:
            words = f"{format_count(each)} parameters, shared"
        else:
            words = f"{format_count(each)} parameters each"
        return [Line(words, quiet=True)]

    def _main_kind(self, block: Block) -> str:
        """The kind that says most about a block: attention, else the commonest with parameters."""
        layers = [self.graph.layers[number] for number in drawn_layers(block)]
        kinds = Counter(
            layer.kind for layer in layers if layer.parameters and layer.kind != "normalisation"
        )
        if any(layer.kind == "attention" for layer in layers):
            return "attention"
        return kinds.most_common(1)[0][0] if kinds else "other"

    def _laid_out(
        self, block: Block, boxes: Sequence[Box], length: float, *, ports: bool
    ) -> Layout:
        """Places for the boxes of a block; with `ports` a point before them and one after."""
        links = self._links(block, boxes, ports=ports)
        sizes = [(box.width, box.height) for box in boxes]
        gates = [box.ports for box in boxes]
        if ports:
            sizes = [(0.0, 0.0), *sizes, (0.0, 0.0)]
            gates = [(0.0, 0.0), *gates, (0.0, 0.0)]
        array = np.array(sizes, np.float64).reshape(-1, 2)
        if self.down:
            array = array[:, ::-1]
        found = layout(
            array, links, ports=np.array(gates).reshape(-1, 2), spacing=self.spacing, length=length
        )
        return found.turned() if self.down else found

    def _links(self, block: Block, boxes: Sequence[Box], *, ports: bool) -> list[tuple[int, int]]:
        starts = [box.block.first for box in boxes]
        shift = 1 if ports else 0
        found: dict[tuple[int, int], None] = {}

        def box_of(number: int) -> int:
            return bisect_right(starts, number) - 1 + shift

        for number in (n for box in boxes for n in drawn_layers(box.block)):
            target = box_of(number)
            for source in self.graph.layers[number].inputs:
                if source >= block.first:
                    if box_of(source) != target:
                        found[box_of(source), target] = None
                elif ports:
                    found[0, target] = None
        if ports:
            exits = [
                box_of(block.folded(number))
                for number in range(block.stop - block.period, block.stop)
                if self.readers[number] >= block.stop
            ] or [len(boxes)]
            for source in dict.fromkeys(exits):
                found[source, len(boxes) + 1] = None
            if not any(source == 0 for source, _ in found):
                found[0, 1] = None
        return sorted(found)


def drawn_layers(block: Block) -> Iterator[int]:
    """The layers that stand for a block's: those of first repeats only."""
    if not block.parts:
        yield block.first
    for part in block.parts:
        yield from drawn_layers(part)


def is_module(layer: Layer) -> bool:
    """Whether a layer is the output of a module, not of an operation written in one."""
    return bool(layer.module) and path_of(layer) == tuple(layer.module.split("."))


def _joined(words: Sequence[str], width: float) -> list[Line]:
    """Words on as few lines as are no wider, in order."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}, {word}" if lines else word
        if lines and text_width(longer, TEXT) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [Line(line) for line in lines]


def _leaves(box: Box) -> int:
    return sum(_leaves(inner) for inner in box.inner) if box.inner else 1


def _read_until(graph: NetworkGraph) -> list[int]:
    last = list(range(len(graph.layers)))
    for number, layer in enumerate(graph.layers):
        for source in layer.inputs:
            last[source] = max(last[source], number)
    return last


def _mark_width(mark: str) -> float:
    return text_width(mark, TITLE, BOLD_WEIGHT)


def shape_and_rest(layer: Layer) -> tuple[str, list[str]]:
    """A label taken apart: its shape, and the other words in order."""
    words = layer.label.split(", ")
    if layer.kind == "input":
        return layer.label, []
    place = 0 if layer.kind in ("dense", "convolution") else 1
    return words[place], [*words[:place], *words[place + 1 :]]


def _around(block: Block) -> str:
    """The name that the names in a block start with."""
    return block.name if block.repeats == 1 else _first_name(block)


def _first_name(block: Block) -> str:
    names = [part.name for part in block.parts]
    start = names[0].split(".")
    for name in names[1:]:
        parts = name.split(".")
        while start and parts[: len(start)] != start:
            start.pop()
    return ".".join(start) if len(names) > 1 else names[0].rpartition(".")[0]


def _span_name(block: Block) -> str:
    """The name, with the last repeat's where they are numbered: "layer3.1–35", "fc2–fc30"."""
    if block.repeats == 1 or not block.last_name or block.last_name == block.name:
        return block.name
    first, last = block.name, block.last_name
    if "…" in first or ":" in last:
        return first
    head, _, tail = last.rpartition(".")
    if head and first.startswith(f"{head}.") and tail.isdigit():
        return f"{first}–{tail}"
    if head == first.rpartition(".")[0] and head:
        return f"{first}–{tail}"
    return f"{first}–{last}" if "." not in first + last else first


def _block_name(block: Block, around: str) -> str:
    """A block's name within another: "block 0", "blocks 1–35" where it is but a number."""
    name = _short(_span_name(block), around)
    if not name.replace("–", "").isdigit():
        return name
    return f"block{'s' if block.repeats > 1 else ''} {name}"


def _short(name: str, around: str) -> str:
    """A name within a frame of that name: "layer1.0.conv1" in "layer1.0" is "conv1"."""
    start = f"{around}." if around else ""
    return name.removeprefix(start) or name
