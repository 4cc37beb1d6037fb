"""The frame of a chart: title, the large number that counts, the foot line, and its film."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...errors import InputError
from ...scene import Camera, Mark, Scene, Stop, Timeline
from ...spread import spread
from ...trace import Moment, Trace
from ...typeface import shorten, text_width
from ..marks import label, wrapped
from ..steps import stepping
from ..style import (
    BOLD_WEIGHT,
    FOOT_SIZE,
    FRAME,
    LIGHT_WEIGHT,
    MARGIN,
    TITLE_SIZE,
    UNIT_SIZE,
    Theme,
    format_count,
)
from ..writable import writable_title
from .chart import Box

FILM_S: Final = 12.0  # how long a film takes, whatever the number of moments
FASTEST_S, SLOWEST_S, ENDING_S = 0.1, 0.8, 2.5
MOST_STOPS: Final = 120
FOOT_STEP: Final = 28
COUNTER_SIZE: Final = 66  # smaller than where the number stands alone


@dataclass(frozen=True)
class Frame:
    """A frame of that many pixels, laid out in logical ones: 1920 × 1080 upright or lying.

    A frame of other proportions has the same measures along its shorter and longer side, whichever
    is the tighter.
    """

    size: tuple[int, int]
    theme: Theme

    def __post_init__(self) -> None:
        """Check that it can hold a chart."""
        whole = all(isinstance(side, (int, np.integer)) for side in self.size)
        if len(self.size) != 2 or not whole or min(self.size) < 64:
            raise InputError(
                "The size of a picture is its width and height in pixels",
                received=repr(self.size), allowed="Whole numbers from 64 on, such as (1920, 1080)",
            )  # fmt: skip

    @property
    def scale(self) -> float:
        """Pixels for each logical one."""
        long, short = max(self.size), min(self.size)
        return min(long / FRAME[0], short / FRAME[1])

    @property
    def width(self) -> float:
        """Logical pixels across."""
        return self.size[0] / self.scale

    @property
    def height(self) -> float:
        """Logical pixels down."""
        return self.size[1] / self.scale

    def content(self, foot_lines: int = 1) -> Box:
        """The room between the title and the foot."""
        top = 150.0
        bottom = self.height - 76 - (foot_lines - 1) * FOOT_STEP - 24
        return (MARGIN, top, self.width - 2 * MARGIN, bottom - top)

    def words(self, title: str, foot: Sequence[str], counter: str = "") -> list[Mark]:
        """The title at the upper left and the lines at the foot.

        `counter` is the longest that will stand at the upper right, so that the title ends before.
        """
        room = self.width - 2 * MARGIN - (text_width(counter, UNIT_SIZE) + 320 if counter else 0)
        ink, grey = self.theme.ink, self.theme.grey
        short = shorten(writable_title(title), room, TITLE_SIZE, BOLD_WEIGHT)
        marks: list[Mark] = [label(MARGIN, 82, short, ink, size=TITLE_SIZE, weight=BOLD_WEIGHT)]
        for number, string in enumerate(reversed(foot)):
            base = self.height - 76 - number * FOOT_STEP + 30
            marks.append(label(MARGIN, base, string, grey, size=FOOT_SIZE))
        return marks

    def foot(self, parts: Sequence[str]) -> list[str]:
        """The parts joined by dots, in as many lines as they need."""
        return wrapped(parts, self.width - 2 * MARGIN, FOOT_SIZE)

    def counter(self, name: str, number: str, rest: str = "") -> list[Mark]:
        """The large number at the upper right, its name before it and "of 40" after it."""
        right, base, theme = self.width - MARGIN, 92.0, self.theme
        marks: list[Mark] = []
        if rest:
            marks.append(label(right, base, rest, theme.grey, size=UNIT_SIZE, anchor="end"))
            right -= text_width(rest, UNIT_SIZE) + 16
        size = COUNTER_SIZE
        big = label(right, base, number, theme.ink, size=size, weight=LIGHT_WEIGHT, anchor="end")
        right -= text_width(number, size, LIGHT_WEIGHT) + 20
        name_mark = label(right, base, name, theme.grey, size=UNIT_SIZE, anchor="end")
        return [*marks, big, name_mark]

    def scene(
        self,
        draw: Callable[[int], Sequence[Mark]],
        labels: Sequence[str],
        *,
        title: str,
        description: str,
        speed: float = 1.0,
    ) -> Scene:
        """A film with a stop for each label; its poster is the last.

        Nothing is drawn between two stops that was not recorded: the picture steps.
        """
        return stepping(
            draw, timeline(labels, speed), size=self.size,
            camera=Camera((self.width / 2, self.height / 2), self.scale),
            ground=self.theme.ground, title=title, description=description,
        )  # fmt: skip


def timeline(labels: Sequence[str], speed: float = 1.0) -> Timeline:
    """Stops that follow one another: in twelve seconds where there are 15 to 120, the last rests.

    Raises `InputError` unless `speed` is positive.
    """
    if not speed > 0:
        raise InputError("A film needs a positive speed", received=f"{speed}")
    pace = min(max(FILM_S / max(len(labels), 1), FASTEST_S), SLOWEST_S) / speed
    stops = [Stop(number * pace, pace, name) for number, name in enumerate(labels)]
    last = Stop(stops[-1].start, ENDING_S / speed, stops[-1].label)
    return Timeline([*stops[:-1], last], last.start + last.rest)


def chosen(count: int, most: int = MOST_STOPS) -> list[int]:
    """Which of so many moments are shown: all, or `most` spread evenly with both ends."""
    return spread(count, most)


def place_in_time(moment: Moment) -> tuple[str, float]:
    """By what a moment is counted, and its number: ("step", 40), ("epoch", 3), ("pass", 0)."""
    at = moment.at
    if moment.kind in at:
        return moment.kind, at[moment.kind]
    if "step" in at:
        return "step", at["step"]
    name = next(iter(at), "")
    return (name, at[name]) if name else (moment.kind, 0.0)


def format_place(number: float) -> str:
    """A step's or epoch's number."""
    return format_count(int(number)) if float(number).is_integer() else f"{number:,.2f}"


def named_traces(traces: Any, what: str) -> dict[str, Trace]:
    """Name → trace, of one trace or run, a mapping of them, or a list, named by their titles.

    A run is anything that has its trace as `.trace`. Raises `InputError` for anything else.
    """
    if isinstance(traces, Mapping):
        found = {str(name): trace_of(given, what) for name, given in traces.items()}
    elif isinstance(traces, Trace) or hasattr(traces, "trace"):
        trace = trace_of(traces, what)
        found = {trace.title: trace}
    else:
        found = {}
        for given in _listed(traces, what):
            trace = trace_of(given, what)
            name, number = trace.title, 2
            while name in found:
                name, number = f"{trace.title} ({number})", number + 1
            found[name] = trace
    if not found:
        raise InputError(f"There is nothing to show: {what} needs a trace", received="none")
    return found


def trace_of(given: Any, what: str) -> Trace:
    """The trace itself, or that of a run."""
    trace = given if isinstance(given, Trace) else getattr(given, "trace", None)
    if not isinstance(trace, Trace):
        raise InputError(
            f"{what} shows traces, or runs that have one", received=f"a {type(given).__name__}",
            do="Give what lw.record, lw.recording or lw.fit made",
        )  # fmt: skip
    return trace


def _listed(traces: Any, what: str) -> list[Any]:
    if isinstance(traces, (list, tuple)):
        return list(traces)
    return [trace_of(traces, what)]
