"""The film of a network: any recording drawn with its real numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...errors import InputError
from ...scene import Mark, Scene
from ...trace import Trace
from ..charts.frame import chosen
from ..diagram.folding import blocks_of
from ..diagram.graph import Layer, NetworkGraph, network_graph
from ..style import Theme, format_count
from ..style import theme as theme_named
from ..writable import writable
from .answer import Answers
from .deep import DIAGRAM, DeepFrames, Sizes, bar_words, stops_of
from .density import Density
from .focus import focus_on
from .frames import Frames
from .link_marks import LinkMarks
from .lit_diagram import BOX_WORDS, LitDiagram
from .panels import Panels
from .places import MOST_COLUMNS, Places, answer_alone, layer_ranks, places_of
from .reading import Reading
from .samples import Samples, readings_of
from .story import joined, tell

MOST_MOMENTS = 240


def network(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    title: str = "",
    sample: Samples = 0,
    focus: str | None = None,
    classes: Sequence[str] | None = None,
    backward: bool = True,
    speed: float = 1.0,
) -> Scene:
    """A film of a recorded network: the wave forward, the gradients back, and how it learns.

    Each unit shows what it really gave for one sample of the batch, in orange below zero and blue
    above; each link its real weight. `sample` is its number from 0 on; a list shows several in
    turn; "hardest" shows at each moment the one with the largest loss, or where its loss cannot be
    told from the recording, with the longest gradient at the answer. `focus` ("fc2:5", units count
    from 1) lights one unit's links and writes its sum out in numbers. `classes` names the answers;
    without, those of the training are used. `backward=False` leaves the gradients out. `speed` 2 is
    twice as fast.

    What is drawn of layers that have too many units, and how it was chosen, is said on the picture.
    Raises `InputError` for a recording without outputs, a sample or a focus that is not there.
    """
    if speed <= 0:
        raise InputError("A film needs a positive speed", received=f"{speed}")
    if not any(site.kind == "activation" for site in trace.sites):
        raise InputError(
            "This recording has no outputs of layers to draw",
            received=trace.title,
            do="Record with Keep(outputs='values'), the default",
        )
    graph = network_graph(trace)
    readings = readings_of(trace, graph, sample)
    options = _Options(theme_named(theme), title, focus, classes, backward, speed)
    films = [_Film(reading, options) for reading in readings]
    names = [f"Sample {format_count(own.sample(own.moments[0]) + 1)}" for own in readings]
    story = joined([film.story for film in films], names)
    ends = list(accumulate(len(film.story.states) for film in films))

    def marks(stop: int, fraction: float) -> list[Mark]:
        number = bisect_right(ends, stop)
        own = films[number]
        at = stop - ends[number] + len(own.story.states)
        return own.frames.marks(at, fraction if stop + 1 < ends[number] else 0.0)

    look, first = options.theme, films[0]
    return Scene(
        marks,
        story.timeline,
        ground=look.ground,
        title=first.title,
        description=f"{first.title}: {len(graph.layers)} layers. {first.panels.foot}{first.spoken}",
        chapters=story.chapters,
        poster=story.poster,
    )


@dataclass(frozen=True)
class _Options:
    """How a film is wanted."""

    theme: Theme
    title: str
    focus: str | None
    classes: Sequence[str] | None
    backward: bool
    speed: float


class _Film:
    """The film of one reading: its story and its frames."""

    def __init__(self, reading: Reading, options: _Options) -> None:
        trace, graph, look = reading.trace, reading.graph, options.theme
        ranks = layer_ranks(graph)
        is_deep = max(ranks) > MOST_COLUMNS
        if is_deep and options.focus is not None:
            raise InputError(
                "A unit in focus needs a network whose units are drawn",
                received=f"{max(ranks):,} layers one after another",
                allowed=f"At most {MOST_COLUMNS}",
                do="Record some of them with Keep(layers=...)",
            )
        places = answer_alone(reading, ranks) if is_deep else places_of(reading, ranks)
        kept = reading.moments
        moments = [kept[place] for place in chosen(len(kept), MOST_MOMENTS)]
        given = _class_names(trace, graph, options.classes)
        names, unwritten = writable(given, "class")
        answers = _answers(trace, graph.layers[-1], names)
        focus = None if options.focus is None else focus_on(options.focus, reading, places, look)
        links = LinkMarks(reading, places, moments, focus, look)
        density = Density(reading, look)
        blocks = blocks_of(graph) if is_deep else None
        sizes = Sizes(reading)
        diagram = LitDiagram(graph, sizes.numbers, ranks, DIAGRAM, look) if is_deep else None
        columns, nameless = writable([str(n) for n in trace.about.get("columns", [])], "column")
        self.title = options.title or trace.title or "A network"
        title, untitled = writable([self.title], "network")
        foot = _foot(trace, reading, places, links, density, moments, answers, diagram)
        foot = " · ".join(part for part in (foot, unwritten, nameless, untitled) if part)
        self.spoken = f" Classes: {', '.join(given)}." if unwritten else ""
        self.panels = Panels(
            reading, places, look, title=title[0], names=names, columns=columns,
            answers=answers, foot=foot, moments=moments,
        )  # fmt: skip
        self.story = tell(
            reading, places.depth, moments=moments, speed=options.speed, backward=options.backward,
            ranks=None if blocks is None else stops_of(blocks, ranks),
        )  # fmt: skip
        self.frames: Frames | DeepFrames
        if blocks is None or diagram is None:
            self.frames = Frames(
                reading, places, self.story, self.panels, links, density, focus, look
            )
        else:
            self.frames = DeepFrames(sizes, self.story, self.panels, blocks, ranks, diagram, look)


def _class_names(
    trace: Trace, graph: NetworkGraph, classes: Sequence[str] | None
) -> tuple[str, ...]:
    """The names of the answers, none where they do not fit."""
    names = tuple(str(name) for name in (classes or trace.about.get("classes") or ()))
    shape = graph.layers[-1].shape
    width = int(shape[-1]) if shape else 0
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
    if answer.activation == "softmax":
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
    for column in places.columns[:-1]:
        said = reading.said(column.number)
        if said:
            name = reading.graph.layers[column.number].name
            left_out.setdefault(said, []).append(name)
    rules = dict.fromkeys(rule for _, rule in left_out)
    for rule in rules:
        some = [f"{count} ({', '.join(names)})"
                for (count, own), names in left_out.items() if own == rule]  # fmt: skip
        parts.append(f"{', '.join(some)} by {rule}")
    if places.depth > MOST_COLUMNS:
        drawn = [layer for layer in reading.graph.layers if layer.kind != "input"]
        longest = format_count(places.depth)
        parts.append(f"{format_count(len(drawn))} layers, {longest} one after another")
        parts.append(bar_words(len(drawn)))
        parts.append(BOX_WORDS if diagram is not None and diagram.fits else "")
    if any(density.has_room(places, column) for column in places.columns):
        parts.append("below a column: all its numbers, height by √ of how many")
    kinds = {link.kind for link in links.links}
    if "weights" in kinds:
        parts.append("link: width by |weight|, of its layer's largest")
    if "kernels" in kinds:
        parts.append("link of maps: length of the weights between them, sign of their sum")
    if links.links and reading.has_gradients(moments[0]):
        parts.append("gradients: by √ of their size, of the largest")
    if answers in ("softmax", "exponential"):
        parts.append(f"answer: {answers} of the outputs")
    if "standardised" in about:
        parts.append("columns as they were; the network sees them standardised")
    if len(moments) < len(reading.moments):
        parts.append(f"{len(moments)} of {format_count(len(reading.moments))} kept moments")
    if "seed" in about:
        parts.append(f"seed {about['seed']}")
    parts += trace.notes
    return " · ".join(dict.fromkeys(part for part in parts if part))
