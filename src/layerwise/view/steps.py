"""Films that step from stop to stop, and nothing between: marks laid out once, placed by scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from ..scene import Camera, Color, Mark, Scene, Timeline

MOST_KEPT: Final = 5000  # marks


def stepping(
    draw: Callable[[int], Sequence[Mark]],
    timeline: Timeline,
    *,
    size: tuple[int, int],
    camera: Camera,
    ground: Color,
    **more: Any,
) -> Scene:
    """A scene of the marks that `draw` gives for each stop, in logical pixels seen by `camera`.

    Its poster is the last stop unless `more`, what else `Scene` takes, names another.
    """
    plain = camera.zoom == 1 and camera.center == (size[0] / 2, size[1] / 2)
    cache: dict[int, tuple[Mark, Mark]] = {}  # each with the mark whose id is its key

    def placed(mark: Mark) -> Mark:
        # A mark that stays from stop to stop stays one object, which renderers notice.
        if id(mark) not in cache:
            if len(cache) > MOST_KEPT:
                cache.clear()
            cache[id(mark)] = mark, camera.apply(mark, size)
        return cache[id(mark)][1]

    @lru_cache(maxsize=8)
    def marks(stop: int) -> tuple[Mark, ...]:
        return tuple(draw(stop)) if plain else tuple(placed(mark) for mark in draw(stop))

    more.setdefault("poster", len(timeline.stops) - 1)
    return Scene(lambda stop, fraction: marks(stop), timeline, size=size, ground=ground, **more)
