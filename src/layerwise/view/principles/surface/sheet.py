"""The sheet that surfaces, walks and slopes are drawn on: title, foot, and stops that step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ....errors import InputError
from ....language import Words, words
from ....scene import Camera, Color, Mark, Scene, Stop, Timeline
from ....trace import Trace
from ....typeface import shorten, text_width
from ...charts.frame import trace_of
from ...marks import Anchor, label, wrapped
from ...spoken import Spoken
from ...style import BOLD_WEIGHT, LIGHT_WEIGHT, Theme
from ...style import theme as theme_named

WIDTH, HEIGHT = 1200.0, 675.0
LEFT: Final = 40.0
TITLE, TEXT, SMALL = 25.0, 19.0, 17.0
MOST_STOPS: Final = 60
MOST_KEPT: Final = 5000  # marks
FOOT_STEP: Final = 23.0
TOP, FLOOR = 66.0, 606.0  # between the title and the foot


@dataclass(frozen=True, eq=False)
class Sheet(Spoken):
    """1,200 × 675 logical pixels, shown at any size: text stays readable in a page's column."""

    size: tuple[int, int]
    theme: Theme
    words: Words

    @property
    def scale(self) -> float:
        """Pixels for each logical one."""
        return min(self.size[0] / WIDTH, self.size[1] / HEIGHT)

    def text(
        self, x: float, y: float, string: str, *, size: float = TEXT, color: Color | None = None,
        anchor: Anchor = "start", bold: bool = False,
    ) -> Mark:  # fmt: skip
        """A line of text, in ink unless a colour is given."""
        own = self.theme.ink if color is None else color
        weight = BOLD_WEIGHT if bold else 400
        return label(x, y, string, own, size=size, anchor=anchor, weight=weight)

    def frame(
        self, title: str, foot: Sequence[str], counter: tuple[str, str] = ("", "")
    ) -> list[Mark]:
        """The title, the foot in as many lines as it needs, and a large number with its name."""
        marks: list[Mark] = []
        room = WIDTH - 2 * LEFT - (220 if counter[1] else 0)
        short = shorten(title, room, TITLE, BOLD_WEIGHT)
        marks.append(self.text(LEFT, 44, short, size=TITLE, bold=True))
        lines = wrapped(foot, WIDTH - 2 * LEFT, SMALL)
        for number, string in enumerate(reversed(lines)):
            base = HEIGHT - 18 - number * FOOT_STEP
            marks.append(self.text(LEFT, base, string, size=SMALL, color=self.theme.grey))
        if counter[1]:
            right = WIDTH - LEFT
            big = label(
                right, 50, counter[1], self.theme.ink, size=40, weight=LIGHT_WEIGHT, anchor="end"
            )
            grey = self.theme.grey
            left = right - text_width(counter[1], 40, LIGHT_WEIGHT) - 14
            before = self.text(left, 48, counter[0], color=grey, anchor="end")
            marks += [big, before]
        return marks

    def scene(
        self, draw: Callable[[int], Sequence[Mark]], labels: Sequence[str], *, title: str,
        description: str, pace_s: float = 0.7, poster: int | None = None,
    ) -> Scene:  # fmt: skip
        """A film with a stop for each label; its poster is the last unless another is named."""
        camera = Camera((WIDTH / 2, HEIGHT / 2), self.scale)
        cache: dict[int, tuple[Mark, Mark]] = {}  # each with the mark whose id is its key

        def placed(mark: Mark) -> Mark:
            # A mark that stays from stop to stop stays one object, which renderers notice.
            if id(mark) not in cache:
                if len(cache) > MOST_KEPT:
                    cache.clear()
                cache[id(mark)] = mark, camera.apply(mark, self.size)
            return cache[id(mark)][1]

        @lru_cache(maxsize=8)
        def marks(stop: int) -> tuple[Mark, ...]:
            return tuple(placed(mark) for mark in draw(stop))

        stops = [Stop(at * pace_s, pace_s, name) for at, name in enumerate(labels)]
        return Scene(
            lambda stop, fraction: marks(stop), Timeline(stops, len(stops) * pace_s + 1.5),
            size=self.size, ground=self.theme.ground, title=title, description=description,
            poster=len(labels) - 1 if poster is None else poster,
        )  # fmt: skip


def sheet(size: tuple[int, int], theme: str | Theme, language: str) -> Sheet:
    """A sheet of that size in pixels; `InputError` where it is too small to be read."""
    if min(size) < 180:
        raise InputError(
            "The size of a picture is its width and height in pixels", received=repr(size),
            allowed="Whole numbers from 180 on, such as (1920, 1080)",
        )  # fmt: skip
    return Sheet(size, theme_named(theme), words(language))


def trace_with(given: object, sites: Sequence[str], what: str, maker: str) -> Trace:
    """The trace, if it has those sites; `InputError` says who makes one."""
    trace = trace_of(given, what)
    if not set(sites) <= {site.name for site in trace.sites}:
        raise InputError(
            f"{what} needs another trace", received=repr(trace.title),
            do=f"Give what explain.{maker} made",
        )  # fmt: skip
    return trace
