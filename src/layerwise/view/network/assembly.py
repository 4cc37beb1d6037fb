"""Puts the film of one sample together: places, story, links, panels and what is said of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...trace import Trace
from ..charts.frame import chosen
from ..diagram.folding import Block
from ..diagram.graph import Layer, NetworkGraph
from ..marks import LINE_STEP, wrapped
from ..style import Theme, format_count
from ..writable import writable
from .answer import Answer, Answers
from .deep import DeepFrames, Sizes, bar_words, stops_of
from .density import Density
from .focus import focus_on
from .frames import Frames
from .layout import TALL_DEEP, Layout
from .link_marks import LinkMarks
from .lit_diagram import BOX_WORDS, LitDiagram
from .panels import Panels
from .places import MOST_COLUMNS, Places, answer_alone, layer_ranks, places_of
from .plane import is_plane
from .reading import LARGEST_ANSWERS, Reading
from .story import tell

MOST_MOMENTS = 240


@dataclass(frozen=True)
class Options:
    """How a film is wanted."""

    theme: Theme
    title: str
    focus: str | None
    classes: Sequence[str] | None
    backward: bool
    speed: float


class Film:
    """The film of one reading, its story and its frames; `blocks` where it has no columns."""

    def __init__(
        self, sizes: Sizes, options: Options, layout: Layout, blocks: Block | None
    ) -> None:
        reading = sizes.reading
        trace, graph, look = reading.trace, reading.graph, options.theme
        self.name = f"Sample {format_count(reading.sample(reading.moments[0]) + 1)}"
        ranks = layer_ranks(graph)
        is_deep = blocks is not None
        if is_deep and options.focus is not None:
            raise InputError(
                "A unit in focus needs a network whose units are drawn",
                received=f"{max(ranks):,} layers one after another",
                allowed=f"At most {MOST_COLUMNS}",
                do="Record some of them with Keep(layers=...)",
            )
        if is_deep and layout.is_tall:
            layout = TALL_DEEP
        place = answer_alone if is_deep else places_of
        places = place(reading, ranks, layout)
        kept = reading.moments
        moments = [kept[at] for at in chosen(len(kept), MOST_MOMENTS)]
        given = _class_names(trace, graph, options.classes)
        names, unwritten = writable(given, "class")
        answers = _answers(trace, graph.layers[-1], names)
        answer = Answer(reading, places, look, names=names, answers=answers)
        top = answer.below + 16 if layout.is_tall else layout.strip_top
        focus = None
        if options.focus is not None:
            focus = focus_on(options.focus, reading, places, look, top)
        self.links = LinkMarks(reading, places, moments, focus, look)
        density = Density(reading, look, layout.bottom)
        diagram = None
        if blocks is not None:
            diagram = LitDiagram(graph, blocks, sizes.numbers, ranks, layout.diagram, look)
        columns, nameless = writable([str(n) for n in trace.about.get("columns", [])], "column")
        self.title = options.title or trace.title or "A network"
        title, untitled = writable([self.title], "network")
        foot = _foot(trace, reading, places, self.links, density, moments, answers, diagram)
        foot = " · ".join(part for part in (foot, unwritten, nameless, untitled) if part)
        self.description = f"{self.title}: {len(graph.layers)} layers. {foot}"
        if unwritten:
            self.description += f" Classes: {', '.join(given)}."
        if layout.is_tall:
            has_row = places.columns[0].rank == 0
            layout = _fitted(
                layout, answer.below + (focus.height(moments) if focus else 0), foot, row=has_row
            )
        self.size = layout.size
        self.panels = Panels(
            reading, places, look, title=title[0], names=names, columns=columns, answer=answer,
            foot=foot, moments=moments, layout=layout, is_deep=is_deep,
        )  # fmt: skip
        self.story = tell(
            reading, places.depth, moments=moments, speed=options.speed, backward=options.backward,
            ranks=None if blocks is None else stops_of(blocks, ranks),
        )  # fmt: skip
        self.frames: Frames | DeepFrames
        if blocks is None or diagram is None:
            self.frames = Frames(
                reading, places, self.story, self.panels, self.links, density, focus, look
            )
        else:
            self.frames = DeepFrames(sizes, self.story, self.panels, blocks, ranks, diagram, look)

    @property
    def weight(self) -> int:
        """How many links all of its stops have: what makes a page large."""
        return sum(len(links.pairs) for links in self.links.links) * len(self.story.states)


def _fitted(layout: Layout, below: float, foot: str, *, row: bool) -> Layout:
    """A tall layout as high as it needs; with a `row` as input, the counter stands at the left."""
    lines = wrapped(foot.split(" · "), layout.size[0] - 2 * layout.margin, layout.foot_sizes[0])
    height = 2 * round((below + 44 + len(lines) * layout.foot_sizes[0] * LINE_STEP) / 2)
    layout = replace(layout, size=(layout.size[0], height), foot_base=height - 18.0)
    if not row:
        return layout
    curves = (layout.margin, *layout.curves[1:])
    return replace(layout, counter=layout.margin, curves=curves)


def _class_names(
    trace: Trace, graph: NetworkGraph, classes: Sequence[str] | None
) -> tuple[str, ...]:
    """The names of the answers, none where they do not fit."""
    names = tuple(str(name) for name in (classes or trace.about.get("classes") or ()))
    layer = graph.layers[-1]
    width = int(layer.shape[0 if "class" in layer.axes else -1]) if layer.shape else 0
    if not names or len(names) == width:
        return names
    if classes is None:
        return ()
    raise InputError(
        "There must be a name for each answer",
        received=f"{len(names)} names for {width} outputs",
    )


def _answers(trace: Trace, answer: Layer, names: Sequence[str]) -> Answers:
    """How outputs become what is shown as the answer."""
    meaning = trace.about.get("answers", "logits")
    if answer.activation == "softmax" or "class" in answer.axes:
        return "probabilities"
    if names and meaning == "logits" and not answer.activation:
        whole = not trace.site(answer.shown).entries  # or their sum is not known
        return "softmax" if whole else "outputs"
    if names and meaning == "log-probabilities":
        return "exponential"
    return "outputs"


def _foot(
    trace: Trace, reading: Reading, places: Places, links: LinkMarks, density: Density,
    moments: list[int], answers: Answers, diagram: LitDiagram | None,
) -> str:  # fmt: skip
    """What exactly is seen, and what is not."""
    about = trace.about
    parts = [str(about.get("data", "")), str(about.get("model", ""))]
    left_out: dict[tuple[str, str], list[str]] = {}
    for column in places.columns:
        said = reading.said(column.number)
        if said and len(column.boxes) >= len(reading.chosen(column.number)):
            name = reading.graph.layers[column.number].name
            left_out.setdefault(said, []).append(name)
    rules = dict.fromkeys(rule for _, rule in left_out)
    for rule in rules:
        some = [f"{count} ({', '.join(names)})"
                for (count, own), names in left_out.items() if own == rule]  # fmt: skip
        at_last = ", at the last moment" if len(reading.moments) > 1 else ""
        chosen_by = f": {rule}{at_last}" if rule == LARGEST_ANSWERS else f" by {rule}"
        parts.append(f"{', '.join(some)}{chosen_by}")
    if places.depth > MOST_COLUMNS:
        drawn = [layer for layer in reading.graph.layers if layer.kind != "input"]
        longest = format_count(places.depth)
        parts.append(f"{format_count(len(drawn))} layers, {longest} one after another")
        parts.append(bar_words(len(drawn), places.layout))
        parts.append(BOX_WORDS if diagram is not None and diagram.fits else "")
    if any(density.has_room(places, column) for column in places.columns):
        parts.append("below a column: all its numbers, height by √ of how many")
    if reading.planes is not None:
        rows, across = reading.planes.size
        parts.append(
            f"in a node: what it gives at {across} × {rows} points of the plane of "
            f"{reading.planes.words}, the latest map made; rim: its value"
        )
    if is_plane(trace):
        parts.append("in a node: what it gives all over the plane, orange below zero, blue above")
    kinds = {link.kind for link in links.links}
    if "weights" in kinds:
        parts.append("link: width by |weight|, of its layer's largest")
    if "kernels" in kinds:
        parts.append("link of maps: length of the weights between them, sign of their sum")
    joined = [
        (source, column.number) for column in places.columns
        if column.rank and column.content != "weights"
        for source in reading.graph.layers[column.number].inputs
    ]  # fmt: skip
    if diagram is None and not all(links.has(*pair) for pair in joined):
        parts.append("grey curves: what feeds what, without weights")
    if links.links and reading.has_gradients(moments[0]):
        parts.append("gradients: by √ of their size, of the largest")
    if answers in ("softmax", "exponential"):
        parts.append(f"answer: {answers} of the outputs")
    given = [reading.batch(reading.graph.layers[0].shown, moment) for moment in moments[:2]]
    held = [batch for batch in given if batch is not None]
    if len(held) == 2 and not np.array_equal(held[0], held[1], equal_nan=True):
        parts.append("each step shows a sample of its own batch")
    if "standardised" in about:
        parts.append("columns as they were; the network sees them standardised")
    if len(moments) < len(reading.moments):
        parts.append(f"{len(moments)} of {format_count(len(reading.moments))} kept moments")
    if "seed" in about:
        parts.append(f"seed {about['seed']}")
    parts += trace.notes
    return " · ".join(dict.fromkeys(part for part in parts if part))
