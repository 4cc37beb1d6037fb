"""The sheet that first principles are drawn on: title, foot, and stops that step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..errors import InputError
from ..language import Words, words
from ..scene import Camera, Color, Mark, Scene, Stop, Timeline
from ..trace import Trace
from ..typeface import shorten, text_width
from .charts.frame import trace_of
from .marks import Anchor, Box, label, wrapped
from .spoken import Spoken
from .steps import stepping
from .style import BOLD_WEIGHT, LIGHT_WEIGHT, Theme
from .style import theme as theme_named

COLUMN: Final = (1200, 675)
"""The size in pixels of a figure that stands in the column of a page."""
WIDTH, HEIGHT = float(COLUMN[0]), float(COLUMN[1])
LEFT: Final = 40.0
TITLE, TEXT, SMALL = 25.0, 19.0, 17.0
MOST_STOPS: Final = 60
FOOT_STEP: Final = 23.0
TOP, FLOOR = 66.0, 606.0  # between the title and the foot
_ENDING_S: Final = 1.5


@dataclass(frozen=True, eq=False)
class Sheet(Spoken):
    """1,200 × 675 logical pixels, shown at any size: text stays readable in a page's column.

    `layout` is another size in logical pixels, for what is less high.
    """

    size: tuple[int, int]
    theme: Theme
    words: Words
    layout: tuple[float, float] = (WIDTH, HEIGHT)

    @property
    def scale(self) -> float:
        """Pixels for each logical one."""
        return min(self.size[0] / self.layout[0], self.size[1] / self.layout[1])

    @property
    def right(self) -> float:
        """Where the content ends."""
        return self.layout[0] - LEFT

    def text(
        self, x: float, y: float, string: str, *, size: float = TEXT, color: Color | None = None,
        anchor: Anchor = "start", bold: bool = False, quiet: bool = False,
    ) -> Mark:  # fmt: skip
        """A line of text, in ink, in grey where it is quiet, or in a colour of its own."""
        own = (self.theme.grey if quiet else self.theme.ink) if color is None else color
        weight = BOLD_WEIGHT if bold else 400
        return label(x, y, string, own, size=size, anchor=anchor, weight=weight)

    def frame(
        self, title: str, foot: Sequence[str], counter: tuple[str, str] = ("", "")
    ) -> list[Mark]:
        """The title, the foot in as many lines as it needs, and a large number with its name."""
        marks: list[Mark] = []
        room = self.right - LEFT - (220 if counter[1] else 0)
        short = shorten(title, room, TITLE, BOLD_WEIGHT)
        marks.append(self.text(LEFT, 44, short, size=TITLE, bold=True))
        lines = self.foot_lines(foot)
        for number, string in enumerate(reversed(lines)):
            base = self.layout[1] - 18 - number * FOOT_STEP
            marks.append(self.text(LEFT, base, string, size=SMALL, quiet=True))
        if counter[1]:
            big = label(
                self.right, 50, counter[1], self.theme.ink, size=40, weight=LIGHT_WEIGHT,
                anchor="end",
            )  # fmt: skip
            left = self.right - text_width(counter[1], 40, LIGHT_WEIGHT) - 14
            marks += [big, self.text(left, 48, counter[0], quiet=True, anchor="end")]
        return marks

    def foot_lines(self, parts: Sequence[str]) -> list[str]:
        """The parts of a foot, joined by dots, in as many lines as they need."""
        return wrapped(parts, self.right - LEFT, SMALL)

    def content(self, foot_lines: int = 1, top: float = TOP + 18) -> Box:
        """The room between the title and so many lines at the foot."""
        bottom = self.layout[1] - 18 - foot_lines * FOOT_STEP - 16
        return (LEFT, top, self.right - LEFT, bottom - top)

    def scene(
        self, draw: Callable[[int], Sequence[Mark]], labels: Sequence[str], *, title: str,
        description: str, pace_s: float = 0.7, **more: Any,
    ) -> Scene:  # fmt: skip
        """A film with a stop for each label; its poster is the last unless another is named.

        `more` is what else `Scene` takes, in pixels of the size.
        """
        stops = [Stop(at * pace_s, pace_s, name) for at, name in enumerate(labels)]
        return stepping(
            draw, Timeline(stops, len(stops) * pace_s + _ENDING_S), size=self.size,
            camera=Camera((self.layout[0] / 2, self.layout[1] / 2), self.scale),
            ground=self.theme.ground, title=title, description=description, **more,
        )  # fmt: skip

    def placed(self, box: Box) -> Box:
        """Where a box of logical pixels lies in the scene."""
        x, y, width, height = (side * self.scale for side in box)
        across = (self.size[0] - self.scale * self.layout[0]) / 2
        down = (self.size[1] - self.scale * self.layout[1]) / 2
        return (x + across, y + down, width, height)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A trace that is drawn on a sheet."""

    trace: Trace
    sheet: Sheet


def sheet(
    size: tuple[int, int], theme: str | Theme, language: str,
    layout: tuple[float, float] = (WIDTH, HEIGHT),
) -> Sheet:  # fmt: skip
    """A sheet of that size in pixels; `InputError` where it is too small to be read."""
    if min(size) < 180:
        raise InputError(
            "The size of a picture is its width and height in pixels", received=repr(size),
            allowed="Whole numbers from 180 on, such as (1920, 1080)",
        )  # fmt: skip
    return Sheet(size, theme_named(theme), words(language), layout)


def trace_with(
    given: object, sites: Sequence[str], what: str, maker: str, *, about: str = ""
) -> Trace:
    """The trace, if it has those sites and tells `about`; `InputError` says who makes one."""
    trace = trace_of(given, what)
    is_told = not about or about in trace.about
    if not is_told or not set(sites) <= {site.name for site in trace.sites}:
        raise InputError(
            f"{what} needs another trace", received=repr(trace.title),
            do=f"Give what explain.{maker} made",
        )  # fmt: skip
    return trace
