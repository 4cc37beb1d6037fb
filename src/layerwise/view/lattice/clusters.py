"""The film from points to clusters: they spread, colours flow down from peaks, hills merge."""

from __future__ import annotations

from ...errors import InputError
from ...scene import Chapter, Scene, Stop, Timeline
from ...trace import Trace
from ..style import Theme
from ..style import theme as theme_named
from .clusters_frames import ClusterFrames
from .clusters_reading import ClusterFilm
from .layout import TALL, WIDE, Layout

OPENING_S, TURN_S, ENDING_S = 1.0, 0.9, 4.0  # rests at the start, at the end of a part, at the end
SPREADING_S, FLOWING_S, MERGING_S = 0.1, 0.08, 0.2  # a stop of each part


def clusters(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    palette: str = "layerwise",
    speed: float = 1.0,
) -> Scene:
    """A film of a clusterer's recording (`LatticeClusterer.trace_`), in four parts.

    The points spread, layer by layer, until they are a density (equalised: each shade covers the
    same area); every cell takes the colour of its densest neighbour, so that each peak
    gets its hill; hills are merged whose peak stands out from the saddle by less than chance may
    explain, with the z of each on a scale beside the picture; and the clusters with their points,
    and noise. The poster is the last picture. A page also gets the film laid out for a tall screen.

    Raises `InputError` for a recording of something else.
    """
    if not speed > 0:
        raise InputError("A film needs a positive speed", received=f"{speed}")
    film = ClusterFilm(trace, theme_named(theme), palette)
    return _scene(film, WIDE, speed, portrait=_scene(film, TALL, speed))


def _scene(film: ClusterFilm, layout: Layout, speed: float, portrait: Scene | None = None) -> Scene:
    frames = ClusterFrames(film, layout)
    found = f"{film.clusters} cluster{'' if film.clusters == 1 else 's'}"
    return Scene(
        lambda stop, fraction: frames.marks(stop),
        _timeline(film, speed),
        size=layout.size,
        ground=film.theme.ground,
        title=f"{film.about['data'] or 'Points'}: {found}",
        description=film.description(),
        chapters=[Chapter(part.first, part.name) for part in film.parts],
        poster=film.last,
        portrait=portrait,
    )


def _timeline(film: ClusterFilm, speed: float) -> Timeline:
    pace = {"layer": SPREADING_S, "flow": FLOWING_S, "merge": MERGING_S, "labels": ENDING_S}
    ends = {part.last for part in film.parts}
    stops, time = [], 0.0
    for moment, kind in enumerate(film.kinds):
        rest = pace[kind]
        if moment == 0:
            rest = OPENING_S
        elif moment in ends and moment < film.last:
            rest = TURN_S
        at = film.trace.moments[moment].at
        name = f"layer {at['layer']:,}" if "layer" in at else f"{at['merges']:,} merged"
        stops.append(Stop(time, rest / speed, "clusters" if kind == "labels" else name))
        time += rest / speed
    return Timeline(stops, time)
