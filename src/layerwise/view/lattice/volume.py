"""The film of a lattice with slices: a slowly turning view, and three slices through it."""

from __future__ import annotations

from ...scene import Chapter, Scene, Timeline
from ..style import format_count
from .volume_film import VolumeFilm
from .volume_frames import VolumeFrames
from .volume_layout import TALL, WIDE, VolumeLayout


def volume_scene(film: VolumeFilm, timeline: Timeline, speed: float) -> Scene:
    """The film with its portrait layout."""
    return _scene(film, timeline, speed, WIDE, _scene(film, timeline, speed, TALL, None))


def _scene(
    film: VolumeFilm,
    timeline: Timeline,
    speed: float,
    places: VolumeLayout,
    portrait: Scene | None,
) -> Scene:
    frames = VolumeFrames(film, places)
    layers = format_count(film.about["depth"] + film.about["fuzzy_layers"])
    return Scene(
        frames.marks,
        timeline,
        size=places.frame.size,
        fps=max(speed, 10.0),
        ground=film.theme.ground,
        title=film.words("volume.title", data=film.about["data"], layers=layers)
        if film.about["data"]
        else film.words("volume.untitled", layers=layers),
        description=film.description(),
        chapters=[Chapter(phase.first, phase.name) for phase in film.phases],
        poster=film.filled,
        portrait=portrait,
        replays=lambda: {"labels": film.page_recipe},
        volume=frames.written,
        beside=frames.around,
    )
