"""The architecture of a recorded network as a still: for a screen, or a column of a paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from ...errors import InputError
from ...garbage import uncollected
from ...scene import Mark, Part, Scene, Timeline
from ...trace import Trace
from ...typeface import shorten
from ..charts.frame import trace_of
from ..marks import label, wrapped
from ..style import (
    BOLD_WEIGHT,
    FOOT_SIZE,
    LABEL_SIZE,
    MARGIN,
    SMALLEST_SIZE,
    TITLE_SIZE,
    Theme,
    format_count,
)
from ..style import theme as theme_named
from ..writable import writable_title
from .boxes import SHORT, TEXT, Box, Boxes
from .counts import multiply_adds, parameters_in
from .folding import Block, blocks_of, gathered
from .graph import NetworkGraph, network_graph
from .layout import Layout, Spacing
from .marks import STACK, Drawing
from .stubs import OpenedBoxes

COLUMN_WIDTHS: Final = {1: 504, 2: 1032}
"""Columns of a paper → pixels: 252 and 516 points at two pixels a point, text of 8 points."""
UNFOLDED: Final = 14  # layers up to which nothing is folded
MOST_BOXES: Final = 26
MOST_INSIDE: Final = 60
"""Closed blocks whose inside a page holds, in all levels together."""
SCALES: Final = (1.7, 1.5, 1.35, 1.2, 1.1, 1.0, SMALLEST_SIZE / TEXT)
SMALL: Final = (0.85, 0.75, 0.65, 0.58)  # in paper: text of 5 points at least
HIGHEST: Final = 1400.0  # of a diagram in paper: 700 points
PAPER_MARGIN: Final = 14.0


@dataclass(frozen=True, eq=False)
class _Fit:
    """A level of detail that fits, at the largest scale at which it does."""

    boxes: Boxes
    placed: Layout
    scale: float


def diagram(
    network: Trace | NetworkGraph,
    *,
    size: tuple[int, int] = (1920, 1080),
    theme: str | Theme = "light",
    columns: int | None = None,
    title: str = "",
    level: int | None = None,
) -> Scene:
    """The layers of a network as boxes and the links between them, shapes and parameters written.

    Equal blocks in a row are one box or frame with how often it repeats ("× 36"); a network of few
    layers is drawn whole. `level` is how many levels of blocks are open: 0 shows the outermost
    blocks closed, 1 what is in them, and so on; None takes the most that can be read. `columns`
    makes it as wide as one or two columns of a paper (252 or 516 points) and as high as it needs;
    one column runs from above to below. Numbers are of one sample. Same network, same bytes.

    Raises `InputError` for a trace without a network, for a negative level and for other columns.
    """
    if columns is not None and columns not in COLUMN_WIDTHS:
        raise InputError(
            "A diagram is as wide as 1 or 2 columns of a paper", received=f"columns={columns!r}"
        )
    if level is not None and level < 0:
        raise InputError("A level of detail counts from 0", received=f"level={level!r}")
    if not isinstance(network, NetworkGraph):
        network = trace_of(network, "diagram")
    graph = network if isinstance(network, NetworkGraph) else network_graph(network)
    name = title or (network.title if isinstance(network, Trace) else "")
    look = theme_named(theme)
    whole_count = network.about.get("parameters", 0) if isinstance(network, Trace) else 0
    page = _Page(graph, name, look, size, columns, int(whole_count))
    with uncollected():
        return page.scene(level, name or "Network")


class _Page:
    """Fits a network to a frame: chooses the level of detail and the scale, draws all of it."""

    def __init__(
        self,
        graph: NetworkGraph,
        title: str,
        theme: Theme,
        size: tuple[int, int],
        columns: int | None,
        parameters: int,
        root: Block | None = None,
    ) -> None:
        self.parameters = parameters  # that the model has; 0 if not known
        self.root = root  # what is drawn; None: all
        self.placed: list[tuple[Box, tuple[float, float, float, float]]] = []
        self.graph, self.title, self.theme, self.columns = graph, title, theme, columns
        self.size = (COLUMN_WIDTHS[columns], 0) if columns else size
        self.down = columns == 1
        self.margin = PAPER_MARGIN if columns else float(MARGIN) * min(size[0] / 1920, 1)
        self.small = LABEL_SIZE if not columns else SMALLEST_SIZE

    def scene(self, level: int | None, name: str, left: list[int] | None = None) -> Scene:
        """The picture; a page opens closed blocks, `left[0]` more of them if that is given."""
        marks, whole = self.drawn(level)
        return Scene(
            lambda stop, fraction: marks,
            Timeline.even(1, step=1.0),
            size=whole,
            fps=10,
            ground=self.theme.ground,
            title=name,
            description=self.facts(),
            parts=lambda: self._parts([MOST_INSIDE] if left is None else left),
        )

    def _parts(self, left: list[int]) -> list[Part]:
        """What a page tells of each box, outer ones first; the inside of those drawn closed."""
        found = []
        for box, place in self.placed:
            if box.style == "outside":
                continue
            block, layer = box.block, self.graph.layers[box.block.first]
            lines = [box.mark.strip()] if box.mark else []
            closed = bool(block.parts) and not box.inner
            inside: Callable[[], Scene] | None = None
            if block.parts:
                lines.append(_counted(block.period_stop - block.first, "layer"))
            else:
                lines += [] if layer.label.startswith(layer.kind) else [layer.kind]
                lines.append(layer.label)
            own = parameters_in(self.graph, range(block.first, block.period_stop))
            if own:
                lines.append(_counted(own, "parameter") + (" each" if block.repeats > 1 else ""))
            if closed and left[0] > 0:
                left[0] -= 1
                inside = partial(self._inside, box, left)
            elif closed:
                lines.append("its inside is not in this page")
            name = block.name or layer.name
            found.append(Part(place, name, tuple(dict.fromkeys(lines)), inside))
        return found

    def _inside(self, box: Box, left: list[int]) -> Scene:
        """A closed block by itself, one of its repeats."""
        name = f"{box.block.name} {box.mark}".strip()
        page = _Page(self.graph, name, self.theme, self.size, None, 0, box.block)
        return page.scene(None, name, left)

    def facts(self) -> str:
        """What is known of all of it, in one line."""
        if self.root is not None:
            own = range(self.root.first, self.root.period_stop)
            count, held = len(own), parameters_in(self.graph, own)
            parts = [_counted(count, "layer")]
            parts += [_counted(held, "parameter")] if held else []
            if self.root.repeats > 1:
                parts.append(f"one of {format_count(self.root.repeats)} equal blocks")
            return " · ".join(parts)
        count = len([layer for layer in self.graph.layers if layer.kind != "input"])
        parts = [f"{format_count(count)} layer{'s' if count != 1 else ''}"]
        total = parameters_in(self.graph, range(len(self.graph.layers)))
        if total and total >= self.parameters:
            parts.append(f"{format_count(total)} parameters")
        elif self.parameters:
            hidden = format_count(self.parameters - total)
            parts.append(
                f"{format_count(self.parameters)} parameters, {hidden} of them in no layer seen"
            )
        work = multiply_adds(self.graph)
        if work:
            parts.append(
                f"{format_count(work)} multiply-adds for one sample in dense and convolution layers"
            )
        return " · ".join(parts)

    def drawn(self, level: int | None) -> tuple[list[Mark], tuple[int, int]]:
        """The marks, and the size of the frame."""
        head, foot_lines = self._head_height(), 0
        fit = self._fit(level, head)
        foot = self._foot(fit)
        foot_lines = len(foot)
        scale = fit.scale
        width, height = fit.placed.width * scale, fit.placed.height * scale
        step = self.small * 1.4
        if self.columns:
            frame = (self.size[0], int(np.ceil(head + height + foot_lines * step + 44)))
            top = head + 8.0
        else:
            frame = self.size
            room = frame[1] - head - self.margin - foot_lines * step
            top = head + max((room - height) / 2, 0.0)
        left = max((frame[0] - width) / 2, self.margin)
        drawing = Drawing(self.theme, scale, self.down)
        drawing.add(fit.boxes.boxes, fit.placed, left / scale, top / scale, ports=False)
        self.placed = [
            (box, (place[0] * scale, place[1] * scale, place[2] * scale, place[3] * scale))
            for box, place, _ in drawing.places
        ]
        marks = drawing.marks()
        marks += self._words(frame, foot, step)
        return marks, frame

    def _head_height(self) -> float:
        if self.columns:
            return self.margin + (30.0 if self.title else 0.0)
        return 150.0 if self.title else 110.0

    def _room(self, head: float) -> tuple[float, float]:
        width = self.size[0] - 2 * self.margin
        if self.columns:
            return width, HIGHEST
        return width, self.size[1] - head - self.margin - 2 * self.small * 1.4 - 12

    def _fit(self, level: int | None, head: float) -> _Fit:
        width, height = self._room(head)
        width -= 2 * STACK
        found: _Fit | None = None
        good: list[_Fit] = []
        shapes = [(*way, line) for way in self._levels(level) for line in self._lines()]
        for root, depth, line in shapes:
            kind = Boxes if self.root is None else OpenedBoxes
            boxes = kind(
                self.graph, root, depth, down=self.down, line=line, spacing=_spacing(self.down)
            )
            crowded = level is None and boxes.count() > MOST_BOXES
            if crowded and depth > 0:
                continue
            scales = (*SCALES, *SMALL) if self.columns or level is not None else SCALES
            for scale in scales[4:] if self.columns else scales:
                placed = boxes.placed(np.inf if self.down else width / scale)
                found = _Fit(boxes, placed, scale)
                if placed.width * scale <= width and placed.height * scale <= height:
                    good.append(found)
            if good:
                return min(good, key=_strain)
        if found is None:
            raise InputError("This network has no layer to draw")
        worst = max(found.placed.width / width, found.placed.height / height)
        return _Fit(found.boxes, found.placed, 1 / worst)

    def _lines(self) -> tuple[float, ...]:
        """How long lines of text in boxes may be: first long ones, where there is the width."""
        return (2 * SHORT, SHORT) if self.down else (SHORT,)

    def _levels(self, level: int | None) -> Iterator[tuple[Block, int]]:
        """Trees with how deep they are open, from the most detail to the least."""
        if self.root is not None:
            for depth in range(self.root.depth() - 1, -1, -1):
                yield self.root, depth
            for most in (MOST_BOXES, MOST_BOXES // 2, 6):
                yield gathered(self.root, most), 0
            return
        folded = blocks_of(self.graph)
        if level is not None:
            yield folded, level
            return
        if len(self.graph.layers) <= UNFOLDED:
            whole = blocks_of(self.graph, fold=False)
            yield whole, whole.depth()
        for depth in range(folded.depth(), -1, -1):
            yield folded, depth
        for most in (MOST_BOXES, MOST_BOXES // 2, 6):
            yield gathered(folded, most), 0

    def _foot(self, fit: _Fit) -> list[str]:
        said = []
        blocks = [box.block for box in _all_boxes(fit.boxes)]
        folded = [block for block in blocks if block.repeats > 1]
        if folded:
            said.append("equal blocks in a row are drawn once, × says how often")
        closed = sum(1 for box in _all_boxes(fit.boxes) if box.inner == [] and box.block.parts)
        if closed:
            said.append(
                f"{format_count(closed)} block{'s' if closed > 1 else ''} drawn closed: what "
                f"{'they have' if closed > 1 else 'it has'} inside is counted, not shown"
            )
        said.append("shapes are of one sample")
        width = self.size[0] - 2 * self.margin
        return wrapped([*self._facts_in_foot(), *said], width, self.small)

    def _facts_in_foot(self) -> list[str]:
        return self.facts().split(" · ") if self.columns else []

    def _words(self, frame: tuple[int, int], foot: list[str], step: float) -> list[Mark]:
        theme, left = self.theme, self.margin
        marks: list[Mark] = []
        width = frame[0] - 2 * left
        title = writable_title(self.title)
        if self.columns:
            if self.title:
                words = shorten(title, width, 20, BOLD_WEIGHT)
                marks.append(
                    label(left, self.margin + 16, words, theme.ink, size=20, weight=BOLD_WEIGHT)
                )
        else:
            y = 80.0
            if self.title:
                words = shorten(title, width, TITLE_SIZE, BOLD_WEIGHT)
                marks.append(label(left, y, words, theme.ink, size=TITLE_SIZE, weight=BOLD_WEIGHT))
                y += 36
            facts = shorten(self.facts(), width, FOOT_SIZE)
            marks.append(label(left, y, facts, theme.grey, size=FOOT_SIZE))
        bottom = frame[1] - (self.margin if not self.columns else 18.0) + 20 * (not self.columns)
        for number, line in enumerate(foot):
            y = bottom - step * (len(foot) - 1 - number)
            marks.append(label(left, y, line, theme.grey, size=self.small))
        return marks


def _counted(count: int, name: str) -> str:
    return f"{format_count(count)} {name}{'s' if count != 1 else ''}"


def _strain(fit: _Fit) -> tuple[int, float]:
    """What speaks against a picture: links round the ends of rows, many rows, small text."""
    rows = max(fit.placed.rows) + 1
    return fit.placed.detours, 0.6 * rows - fit.scale


def _spacing(down: bool) -> Spacing:
    return Spacing(ranks=26.0, boxes=20.0) if down else Spacing()


def _all_boxes(boxes: Boxes) -> list[Box]:
    found: list[Box] = []
    waiting = list(boxes.boxes)
    while waiting:
        box = waiting.pop()
        found.append(box)
        waiting += box.inner
    return found
