"""The film of a very deep lattice network: the grid fills, then its borders grow fuzzy."""

from __future__ import annotations

from ...errors import InputError
from ...scene import Chapter, Scene, Stop, Timeline
from ...trace import Trace
from ..style import Theme, format_count
from ..style import theme as theme_named
from .frames import Frames
from .layout import TALL, WIDE, Layout
from .recorded import recorded
from .timeline import Film

OPENING_S, TURN_S, ENDING_S = 0.8, 0.6, 2.5  # rests at the start, between phases, at the end


def lattice(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    palette: str = "layerwise",
    layers_per_second: float = 30.0,
) -> Scene:
    """A film of a lattice network's recording (`LatticeClassifier.trace_`): a frame is a layer.

    The grid as it fills, the layer's number, each class's share of the cells, and (where the
    recording has control points) how many of them the layer's map gets right; then the fuzzy
    layers, with the exact class probabilities and the mean of several simulated runs beside them,
    how far these two lie apart, and how far chance takes them. The poster is the filled grid. A
    page also gets the film laid out for a tall screen. A lattice of three columns turns slowly,
    with three slices through it; its page lets a reader turn it and move them.

    Raises `InputError` for a recording of something else.
    """
    trace = recorded(
        trace, "a lattice network", "LatticeClassifier", {"labels", "counts", "probabilities"}
    )
    if layers_per_second <= 0:
        raise InputError("A film needs a positive speed", received=f"{layers_per_second}")
    if "slices" in trace.header.replays["labels"]["layers"]:
        from .volume import volume_scene  # which loads a compiler
        from .volume_film import VolumeFilm

        volume = VolumeFilm(trace, theme_named(theme), palette)
        return volume_scene(volume, _timeline(volume, layers_per_second), layers_per_second)
    film = Film(trace, theme_named(theme), palette)
    tall = _scene(film, TALL, layers_per_second)
    return _scene(film, WIDE, layers_per_second, portrait=tall)


def _scene(film: Film, layout: Layout, speed: float, portrait: Scene | None = None) -> Scene:
    """The film in one layout."""
    frames = Frames(film, layout)
    layers = format_count(film.about["depth"] + film.about["fuzzy_layers"])
    title = film.about["data"] or "A lattice network"
    return Scene(
        frames.marks,
        _timeline(film, speed),
        size=layout.size,
        fps=max(speed, 10.0),
        ground=film.theme.ground,
        title=f"{title}: a lattice network of {layers} layers",
        description=film.description(),
        chapters=[Chapter(phase.first, phase.name) for phase in film.phases],
        poster=film.filled,
        portrait=portrait,
        replays=lambda: {"labels": film.page_recipe},
        readings=lambda: [film.reading(frames.grid)],
    )


def _timeline(film: Film, speed: float) -> Timeline:
    stops, time = [], 0.0
    for moment in range(len(film.moments)):
        rest = 1 / speed
        if moment == 0:
            rest = OPENING_S
        elif moment == film.filled:
            rest = TURN_S
        elif moment == len(film.moments) - 1:
            rest = ENDING_S
        stops.append(Stop(time, rest, f"layer {film.moments[moment].at['layer']:,}"))
        time += rest
    return Timeline(stops, time)
