"""Two scenes in one frame, in step: two runs, or two epochs of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from ...errors import InputError
from ...scene import Camera, Mark, Rectangles, Scene, Stop, Timeline
from ...typeface import shorten
from ...types import float32_array
from ..marks import hairlines, label
from ..style import BOLD_WEIGHT, DARK, LIGHT, TITLE_SIZE, Theme
from ..writable import writable_title

HEAD: Final = 76  # the room for a name above each scene, in its own pixels
SEAM: Final = 2


def side_by_side(
    left: Scene,
    right: Scene,
    names: Sequence[str],
    *,
    size: tuple[int, int] | None = None,
    direction: Literal["across", "down"] | None = None,
    title: str = "",
) -> Scene:
    """Two scenes in one frame, each under its name, their stops in step.

    Where both have stops of the same names, each stop shows both at that name: one that lacks it
    stays at its last before. Otherwise they go stop by stop. One that is over rests at its end. The
    way between two stops is drawn as each scene draws it, and a stop rests as long as the longer
    of the two does.

    `direction` is "across" or "down" (None: whichever is nearer to the proportions of a screen).
    The frame is as large as both together, so that all words keep their size; with `size` they are
    scaled into it, words too. The poster has both posters' stops or the last. Two grounds are kept.

    Raises `InputError` unless there are two names, or for an unknown direction.
    """
    if isinstance(names, str) or len(names) != 2:
        raise InputError("Two scenes need two names", received=repr(names))
    if direction not in (None, "across", "down"):
        raise InputError(
            "Two scenes stand across or down", received=repr(direction),
            allowed='"across", "down", or None',
        )  # fmt: skip
    across = _is_across(left, right) if direction is None else direction == "across"
    pair = _Pair(left, right, (str(names[0]), str(names[1])), across, size)
    timeline = Timeline(pair.stops, pair.end)
    return Scene(
        pair.marks, timeline, size=pair.size, fps=max(left.fps, right.fps), ground=left.ground,
        title=title or f"{names[0]} and {names[1]}",
        description=f"{names[0]}: {left.description} {names[1]}: {right.description}",
        poster=pair.poster(),
    )  # fmt: skip


class _Pair:
    """Where both scenes stand in the frame, and which stops of them belong together."""

    def __init__(
        self, left: Scene, right: Scene, names: tuple[str, str], across: bool,
        size: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        self.scenes, self.names = (left, right), names
        wide, tall = zip(left.size, right.size, strict=True)
        head = HEAD * min(max(left.size), max(right.size)) / 1920
        self.head = max(head, 40.0)
        if across:
            natural = (sum(wide) + SEAM, max(tall) + self.head)
            offsets = [(0.0, self.head), (wide[0] + SEAM, self.head)]
        else:
            natural = (max(wide), sum(tall) + 2 * self.head + SEAM)
            offsets = [(0.0, self.head), (0.0, tall[0] + 2 * self.head + SEAM)]
        if size is None:
            size = (_even(natural[0]), _even(natural[1]))
        self.size = size
        self.zoom = min(size[0] / natural[0], size[1] / natural[1])
        # What is left over stands on all sides alike.
        self.shift = [(size[k] - self.zoom * natural[k]) / 2 for k in range(2)]
        self.offsets = offsets
        self.called = _names(left, right)
        self.places = _aligned(*self.called)
        self.stops, self.end = self._timed()
        self._still = [self._frame_of(at) for at in range(2)]

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """Both scenes at a stop, or on the way to the next."""
        found: list[Mark] = []
        after = self.places[min(stop + 1, len(self.places) - 1)]
        for at, scene in enumerate(self.scenes):
            here = self.places[stop][at]
            moves = fraction > 0 and after[at] == here + 1
            time = _way(scene, here, fraction) if moves else scene.stops[here].start
            place = self._camera(at)
            found += self._still[at][0]
            found += [place.apply(mark, self.size) for mark in scene.marks(time)]
            found += self._still[at][1]
        return found

    def poster(self) -> int:
        """The stop at which both show their posters, or else the last."""
        wanted = (self.scenes[0].poster, self.scenes[1].poster)
        return self.places.index(wanted) if wanted in self.places else len(self.places) - 1

    def _camera(self, at: int) -> Camera:
        """What puts a scene at its place: its own origin goes to its offset."""
        x = self.shift[0] + self.zoom * self.offsets[at][0]
        y = self.shift[1] + self.zoom * self.offsets[at][1]
        center = ((self.size[0] / 2 - x) / self.zoom, (self.size[1] / 2 - y) / self.zoom)
        return Camera(center, self.zoom)

    def _frame_of(self, at: int) -> tuple[list[Mark], list[Mark]]:
        """A ground of its own below a scene, and above it its name."""
        scene = self.scenes[at]
        wide, tall = scene.size
        theme = _theme_of(scene)
        camera = self._camera(at)
        box = float32_array([[0, -self.head, wide, tall + self.head]])
        ground: Mark = Rectangles(box, float32_array([scene.ground]).astype("uint8"))
        margin = 80 * max(scene.size) / 1920
        size = TITLE_SIZE * self.head / HEAD
        name = writable_title(self.names[at], f"name {at + 1}")
        name = shorten(name, wide - 2 * margin, size, BOLD_WEIGHT)
        written: Mark = label(
            margin, -self.head * 0.3, name, theme.ink, size=size, weight=BOLD_WEIGHT
        )
        rule = hairlines(float32_array([[margin, 0, wide - margin, 0]]), theme.hairline)
        return (
            [camera.apply(ground, self.size)],
            [camera.apply(written, self.size), camera.apply(rule, self.size)],
        )

    def _timed(self) -> tuple[list[Stop], float]:
        """When both are at a stop: each rest and each way as long as the longer of the two."""
        stops, time = [], 0.0
        for number, places in enumerate(self.places):
            both = [scene.stops[at] for scene, at in zip(self.scenes, places, strict=True)]
            follows = self.places[number + 1] if number + 1 < len(self.places) else places
            moving = [
                stop for stop, here, after in zip(both, places, follows, strict=True)
                if after != here or follows is places
            ]  # fmt: skip
            rest = max(stop.rest for stop in moving)
            way = max(
                _way_s(scene, here) if after == here + 1 else 0.0
                for scene, here, after in zip(self.scenes, places, follows, strict=True)
            )
            names = [names[at] for names, at in zip(self.called, places, strict=True)]
            stops.append(Stop(time, rest, " | ".join(dict.fromkeys(names))))
            time += rest + way
        return stops, time


def _names(left: Scene, right: Scene) -> list[list[str]]:
    """What each stop of the two is called: its label, with its chapter where that is not enough."""
    found = [[stop.label for stop in scene.stops] for scene in (left, right)]
    if all(len(set(labels)) == len(labels) for labels in found):
        return found
    for labels, scene in zip(found, (left, right), strict=True):
        chapters = {chapter.stop: chapter.name for chapter in scene.chapters}
        name = ""
        for at, own in enumerate(labels):
            name = chapters.get(at, name)
            labels[at] = " · ".join(part for part in (name, own) if part)
    return found


def _aligned(one: list[str], other: list[str]) -> list[tuple[int, int]]:
    """Pairs of stops that are shown together, in order."""
    order = _merged(one, other)
    if order is None:
        count = max(len(one), len(other))
        return [(min(at, len(one) - 1), min(at, len(other) - 1)) for at in range(count)]
    places, here = [], [0, 0]
    numbers = [{name: at for at, name in enumerate(names)} for names in (one, other)]
    for name in order:
        for side in range(2):
            here[side] = numbers[side].get(name, here[side])
        places.append((here[0], here[1]))
    return places


def _merged(one: list[str], other: list[str]) -> list[str] | None:
    """Both lists of names in one order, None where they share none or it differs."""
    shared = set(one) & set(other)
    unique = len(set(one)) == len(one) and len(set(other)) == len(other)
    in_order = [name for name in one if name in shared] == [n for n in other if n in shared]
    if not shared or not unique or not in_order:
        return None
    merged: list[str] = []
    rest = list(other)
    for name in one:
        if name in shared:
            at = rest.index(name)
            merged += rest[:at]
            rest = rest[at + 1 :]
        merged.append(name)
    return merged + rest


def _way_s(scene: Scene, stop: int) -> float:
    """How long a scene is on its way from a stop to the next."""
    if stop + 1 >= len(scene.stops):
        return 0.0
    leave = scene.stops[stop].start + scene.stops[stop].rest
    return max(scene.stops[stop + 1].start - leave, 0.0)


def _way(scene: Scene, stop: int, fraction: float) -> float:
    """The time at which a scene has come so far on its way to the next stop.

    The way is eased; this is the inverse of 3u² − 2u³, in closed form.
    """
    span = _way_s(scene, stop)
    share = 0.5 - math.sin(math.asin(min(max(1 - 2 * fraction, -1.0), 1.0)) / 3)
    start = scene.stops[stop].start
    return start + scene.stops[stop].rest + share * span if span else start


def _is_across(left: Scene, right: Scene) -> bool:
    """Whether two scenes side by side are nearer to 16 : 9 than one above the other."""
    beside = (left.size[0] + right.size[0]) / max(left.size[1], right.size[1])
    above = max(left.size[0], right.size[0]) / (left.size[1] + right.size[1])
    return abs(math.log(beside / (16 / 9))) <= abs(math.log(above / (16 / 9))) + 1e-9


def _theme_of(scene: Scene) -> Theme:
    dark = sum(scene.ground[:3]) < 3 * 128
    theme = DARK if dark else LIGHT
    return replace(theme, ground=scene.ground)


def _even(length: float) -> int:
    """The next even number: video needs it."""
    return 2 * math.ceil(length / 2)
