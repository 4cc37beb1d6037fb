"""Activations side by side: each as a curve that is read off, its slope beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ....errors import InputError
from ....language import Words, words
from ....scene import Camera, Mark, Scene, Stop, Timeline
from ....trace import Trace
from ....typeface import shorten, text_width
from ...charts.chart import Box, grid_of_boxes
from ...marks import label, wrapped
from ...style import BOLD_WEIGHT, LIGHT_WEIGHT, SMALLEST_SIZE, Theme
from ...style import theme as theme_named
from .activations_plot import CurvePlot, ReadOff
from .numbers import Numbers

LAID_OUT: Final = (1280, 720)
MARGIN: Final = 56.0
TITLE, BIG, NAME, LABEL = 28.0, 44.0, 20.0, 16.0
MOST: Final = 6
READING_S: Final = 1.2
TICKS_LEFT, TICKS_BELOW, HEADER = 80.0, 30.0, 38.0


def activations(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    title: str = "",
    size: tuple[int, int] = LAID_OUT,
) -> Scene:
    """Each activation of a trace of `explain.activations` with its slope; a stop for each reading.

    Up from the sum on the axis to the curve, across to the value. Every curve has its own upright
    scale. `title` replaces the usual one. Raises `InputError` for more than six activations and
    for another kind of trace.
    """
    look, said = theme_named(theme), words(language)
    names = trace.about.get("activations")
    if not names:
        raise InputError(
            "This view shows activations as curves", received=f"a trace {trace.title!r}",
            do="Give what lw.explain.activations made",
        )  # fmt: skip
    if len(names) > MOST:
        raise InputError(
            f"At most {MOST} activations have room side by side", received=f"{len(names)}"
        )
    cells = [
        _Cell(trace, name, box, look, said)
        for name, box in zip(names, _boxes(len(names)), strict=True)
    ]
    readings = [number for number, moment in enumerate(trace.moments) if moment.kind == "reading"]
    stops = readings or [0]
    numbers = Numbers(said)
    sums = [numbers.text(trace.moments[number].at["x"]) if readings else "" for number in stops]
    heading = title or said("neuron.activations_title")
    for cell in cells:
        cell.prepare(stops, numbers)
    foot = [said("neuron.activations_foot"), *numbers.notes()]
    camera = Camera(
        (LAID_OUT[0] / 2, LAID_OUT[1] / 2), min(size[0] / LAID_OUT[0], size[1] / LAID_OUT[1])
    )

    @lru_cache(maxsize=4)
    def draw(stop: int) -> tuple[Mark, ...]:
        marks = _words(heading, f"x = {sums[stop]}" if sums[stop] else "", foot, look)
        for cell in cells:
            marks += cell.marks(stop, sums[stop])
        return tuple(camera.apply(mark, size) for mark in marks)

    labels = [f"x = {text}" if text else heading for text in sums]
    rests = [Stop(at * READING_S, READING_S, name) for at, name in enumerate(labels)]
    return Scene(
        lambda stop, fraction: draw(stop), Timeline(rests, len(rests) * READING_S), size=size,
        ground=look.ground, title=heading, description=said("neuron.activations_foot"),
        poster=len(stops) // 2,
    )  # fmt: skip


class _Cell:
    """One activation: its name and formula, its curve, its slope."""

    def __init__(self, trace: Trace, name: str, box: Box, theme: Theme, said: Words) -> None:
        self._trace, self._name, self._box, self._theme, self._said = trace, name, box, theme, said
        left, top, width, height = box
        tall = height - HEADER - TICKS_BELOW
        wide = (width - 2 * TICKS_LEFT) * 0.64
        value = (left + TICKS_LEFT, top + HEADER, wide, tall)
        right = left + 2 * TICKS_LEFT + wide
        slope = (right, top + HEADER, left + width - right, tall)
        x = trace["x", 0]
        most = 4 if tall > 160 else 3
        self._plots = (
            CurvePlot(value, x, trace[name, 0], theme, said, ticks=(6, most)),
            CurvePlot(slope, x, trace[f"{name} slope", 0], theme, said, ticks=(3, most)),
        )
        self._still = self._heading(value[0], slope[0])
        self._read: list[tuple[tuple[float, str], tuple[float, str]] | None] = []

    def prepare(self, moments: Sequence[int], numbers: Numbers) -> None:
        """Look up and write all values, so that the foot knows whether any is rounded."""
        for moment in moments:
            if (f"{self._name} value", moment) not in self._trace:
                self._read.append(None)
                continue
            value = float(self._trace[f"{self._name} value", moment])
            slope = float(self._trace[f"{self._name} value slope", moment])
            self._read.append(((value, numbers.text(value)), (slope, numbers.text(slope))))

    def marks(self, stop: int, written: str) -> list[Mark]:
        """The cell with the reading of that stop."""
        read = self._read[stop]
        if read is None:
            return [*self._still, *(mark for plot in self._plots for mark in plot.marks())]
        marks = list(self._still)
        x = float(self._trace.moments[self._moment(stop)].at["x"])
        for plot, (value, string) in zip(self._plots, read, strict=True):
            marks += plot.marks(ReadOff(x, value, (written, string)))
        return marks

    def _moment(self, stop: int) -> int:
        return self._trace.where(f"{self._name} value")[stop]

    def _heading(self, left: float, right: float) -> list[Mark]:
        name, formula = (self._said(f"neuron.{kind}_{self._name}") for kind in ("name", "formula"))
        base, theme = self._box[1] + 16, self._theme
        after = left + text_width(name, NAME, BOLD_WEIGHT) + 14
        return [
            label(left, base, name, theme.ink, size=NAME, weight=BOLD_WEIGHT),
            label(after, base, shorten(formula, right - 24 - after, LABEL), theme.grey, size=LABEL),
            label(right, base, self._said("neuron.slope"), theme.grey, size=LABEL),
        ]


def _boxes(count: int) -> list[Box]:
    room = (MARGIN - 16, 112.0, LAID_OUT[0] - 2 * MARGIN + 16, 536.0)
    columns = 1 if count == 1 else 2
    return grid_of_boxes(room, count, columns, gaps=(24, 30))


def _words(title: str, big: str, foot: Sequence[str], theme: Theme) -> list[Mark]:
    right = LAID_OUT[0] - MARGIN
    room = right - MARGIN - text_width(big, BIG, LIGHT_WEIGHT) - 40
    marks: list[Mark] = [
        label(
            MARGIN,
            66,
            shorten(title, room, TITLE, BOLD_WEIGHT),
            theme.ink,
            size=TITLE,
            weight=BOLD_WEIGHT,
        ),
        label(right, 72, big, theme.ink, size=BIG, weight=LIGHT_WEIGHT, anchor="end"),
    ]
    lines = wrapped(foot, right - MARGIN, SMALLEST_SIZE)
    for number, string in enumerate(reversed(lines)):
        marks.append(label(MARGIN, 698 - 22 * number, string, theme.grey, size=SMALLEST_SIZE))
    return marks
