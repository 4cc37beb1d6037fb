"""The film of a network: any recording drawn with its real numbers."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError
from ...scene import Scene
from ...trace import Trace
from ..charts.frame import chosen as chosen_of
from ..diagram.folding import blocks_of
from ..diagram.graph import network_graph
from ..style import Theme, format_count
from ..style import theme as theme_named
from .answer import Answers
from .deep import DeepFrames, Sizes, bar_words, stops_of
from .density import Density
from .focus import focus_on
from .frames import Frames
from .link_marks import LinkMarks
from .panels import Panels
from .places import MOST_COLUMNS, Places, answer_alone, layer_ranks, places_of
from .reading import Reading
from .story import tell

MOST_MOMENTS = 240


def network(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    title: str = "",
    sample: int = 0,
    focus: str | None = None,
    classes: Sequence[str] | None = None,
    backward: bool = True,
    speed: float = 1.0,
) -> Scene:
    """A film of a recorded network: the wave forward, the gradients back, and how it learns.

    Each unit shows what it really gave for one sample of the batch (`sample`), in orange below zero
    and blue above; each link its real weight. `focus` ("fc2:5", units count from 1) lights one
    unit's links and writes its sum out in numbers. `classes` names the answers; without, those of
    the training are used. `backward=False` leaves the gradients out. `speed` 2 is twice as fast.

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
    look = theme_named(theme)
    reading = Reading(trace, graph, sample)
    ranks = layer_ranks(graph)
    is_deep = max(ranks) > MOST_COLUMNS
    places = answer_alone(reading, ranks) if is_deep else places_of(reading, ranks)
    kept = reading.moments
    moments = [kept[place] for place in chosen_of(len(kept), MOST_MOMENTS)]
    names = tuple(str(name) for name in (classes or trace.about.get("classes") or ()))
    answer = graph.layers[places.columns[-1].number]
    width = int(answer.shape[-1]) if answer.shape else 0
    if names and len(names) != width:
        if classes is not None:
            raise InputError(
                "There must be a name for each answer",
                received=f"{len(names)} names for {width} outputs",
            )
        names = ()
    answers = _answers(trace, answer.activation, names)
    if answers == "softmax" and trace.site(answer.shown).entries:
        answers = "outputs"  # some are missing: their sum is not known
    if is_deep and focus is not None:
        raise InputError(
            "A unit in focus needs a network whose units are drawn",
            received=f"{max(ranks):,} layers one after another",
            allowed=f"At most {MOST_COLUMNS}",
            do="Record some of them with Keep(layers=...)",
        )
    chosen = None if focus is None else focus_on(focus, reading, places, look)
    links = LinkMarks(reading, places, moments, chosen, look)
    density = Density(reading, look)
    foot = _foot(trace, reading, places, links, density, moments, answers)
    panels = Panels(
        reading, places, look, title=title or trace.title or "A network", names=names,
        answers=answers, foot=foot, moments=moments,
    )  # fmt: skip
    frames: Frames | DeepFrames
    if is_deep:
        blocks = blocks_of(graph)
        story = tell(
            reading, places.depth, moments=moments, speed=speed, backward=backward,
            ranks=stops_of(blocks, ranks),
        )  # fmt: skip
        frames = DeepFrames(Sizes(reading), story, panels, blocks, ranks, look)
    else:
        story = tell(reading, places.depth, moments=moments, speed=speed, backward=backward)
        frames = Frames(reading, places, story, panels, links, density, chosen, look)
    return Scene(
        frames.marks,
        story.timeline,
        ground=look.ground,
        title=panels.title,
        description=f"{panels.title}: {len(graph.layers)} layers. {foot}",
        chapters=story.chapters,
        poster=story.poster,
    )


def _answers(trace: Trace, activation: str, names: Sequence[str]) -> Answers:
    """How outputs become what is shown as the answer."""
    meaning = trace.about.get("answers", "logits")
    if activation == "softmax":
        return "probabilities"
    if names and meaning == "logits" and not activation:
        return "softmax"
    if names and meaning == "log-probabilities":
        return "exponential"
    return "outputs"


def _foot(
    trace: Trace, reading: Reading, places: Places, links: LinkMarks, density: Density,
    moments: list[int], answers: Answers,
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
