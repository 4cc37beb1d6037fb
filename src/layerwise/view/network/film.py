"""The film of a network: any recording drawn with its real numbers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from typing import Final

from ...errors import InputError
from ...language import words
from ...scene import Mark, Scene
from ...trace import Trace
from ..charts.frame import trace_of
from ..diagram.folding import blocks_of
from ..diagram.graph import network_graph
from ..style import Theme
from ..style import theme as theme_named
from .assembly import Film, Options
from .deep import DeepFrames, Sizes
from .insides import Insides
from .layout import TALL, WIDE
from .places import MOST_COLUMNS, layer_ranks
from .plane import is_plane, plane_graph, plane_reading
from .plane_maps import PlaneMaps
from .pointed import pointed
from .samples import Samples, readings_of
from .story import joined

MOST_TWICE: Final = 100_000
"""Links × stops up to which a film is also laid out for a tall screen: pages have both."""


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
    maps: Trace | None = None,
) -> Scene:
    """A film of a recorded network: the wave forward, the gradients back, and how it learns.

    Each unit shows what it really gave for one sample of the batch, in orange below zero and blue
    above; each link its real weight. `sample` is its number from 0 on; a list shows several in
    turn; "hardest" shows at each moment the one with the largest loss, or where its loss cannot be
    told from the recording, with the longest gradient at the answer. `focus` ("fc2:5", units count
    from 1) lights one unit's links and writes its sum out in numbers. `classes` names the answers;
    without, those of the training are used. `backward=False` leaves the gradients out. `speed` 2 is
    twice as fast.

    `maps` of the same network (`explain.decision`, `DecisionRecorder`) put into each node what its
    neuron gives all over a plane, by colour; the rim is its value. A trace of such maps alone is
    filmed too.

    A page shows it upright on a tall screen, unless it has very many links. What is drawn of layers
    that have too many units, and how it was chosen, is said on the picture. Raises `InputError` for
    a recording without outputs, a sample or a focus that is not there.
    """
    trace = trace_of(trace, "network")
    if not isinstance(speed, (int, float)) or not 0 < speed < math.inf:
        raise InputError("A film needs a positive speed", received=f"{speed!r}")
    if not any(site.kind == "activation" for site in trace.sites):
        raise InputError(
            "This recording has no outputs of layers to draw",
            received=trace.title,
            do="Record with Keep(outputs='values'), the default",
        )
    if is_plane(trace):
        graph = plane_graph(trace)
        readings = [plane_reading(trace, graph)]
    else:
        graph = network_graph(trace)
        readings = readings_of(trace, graph, sample)
    if maps is not None:
        planes = PlaneMaps(maps, trace, graph)
        for reading in readings:
            reading.planes = planes
    options = Options(theme_named(theme), title, focus, classes, backward, speed)
    read = [Sizes(reading) for reading in readings]
    deep = max(layer_ranks(graph)) > MOST_COLUMNS
    blocks = blocks_of(graph) if deep else None
    films = [Film(sizes, options, WIDE, blocks) for sizes in read]
    portrait = None

    @cache
    def insides() -> Insides:
        shown = [(film.panels, film.story.states) for film in films]
        return Insides(shown, options.theme, words())

    if sum(film.weight for film in films) <= MOST_TWICE:
        tall = [Film(sizes, options, TALL, blocks) for sizes in read]
        portrait = _scene(tall, insides)
    return _scene(films, insides, portrait)


def _scene(
    films: Sequence[Film], insides: Callable[[], Insides], portrait: Scene | None = None
) -> Scene:
    """Films of several samples, one after another, as one."""
    first = films[0]
    story = joined([film.story for film in films], [film.name for film in films])
    ends = list(accumulate(len(film.story.states) for film in films))

    def marks(stop: int, fraction: float) -> list[Mark]:
        number = bisect_right(ends, stop)
        own = films[number]
        at = stop - ends[number] + len(own.story.states)
        return own.frames.marks(at, fraction if stop + 1 < ends[number] else 0.0)

    return Scene(
        marks,
        story.timeline,
        size=(first.size[0], max(film.size[1] for film in films)),
        ground=first.panels.theme.ground,
        title=first.title,
        description=first.description,
        chapters=story.chapters,
        poster=story.poster,
        portrait=portrait,
        units=lambda: pointed([(film.panels, film.story.states) for film in films]),
        parts=lambda: insides().parts(
            first.panels, first.frames if isinstance(first.frames, DeepFrames) else None
        ),
    )
