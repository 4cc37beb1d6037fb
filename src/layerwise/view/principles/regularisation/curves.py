"""Trainings with and without regularisation: their curves apart, each by itself, and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....errors import unknown_name
from ....language import Words
from ....scene import Color, Mark, Scene
from ....trace import Trace
from ....typeface import shorten
from ....types import FloatArray
from ...charts.chart import (
    Ending,
    band,
    end_labels,
    faded,
    foot_ticks,
    grid_of_boxes,
    level_lines,
    line,
)
from ...charts.scale import Scale, round_range
from ...marks import Box
from ...palette import class_colors
from ...sheet import Drawing, sheet, trace_with
from ...style import Theme, format_count

METRICS: Final = ("loss", "accuracy")
_CURVES: Final = ("training", "control")
_SMALL: Final = 15.0


def regularisation(
    trace: Trace,
    *,
    metric: str = "loss",
    together: bool = False,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A still of trainings on few samples: training and control curve of each way to regularise.

    `trace` is what `explain.regularisation` gives. Lines are means over the seeds, bands go from
    the least to the greatest. Apart, each way has a box with its two curves; `together`, the
    control curves of all lie in one. `metric` is "loss" or "accuracy". Raises `InputError` for a
    trace of another kind, `UnknownNameError` for another metric.
    """
    given = trainings(trace, ("training loss", "control loss"))
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    curves = _Curves(given, sheet(size, theme, language), metric)
    told = curves.sheet.words
    title = told(f"regularisation.title-{'together' if together else 'apart'}-{metric}")
    marks = curves.together(title) if together else curves.apart(title)
    return curves.sheet.scene(
        lambda stop: marks, [title], title=title, description=curves.description(title)
    )


def trainings(trace: object, sites: Sequence[str]) -> Trace:
    """The trace, if it is of trainings with and without regularisation."""
    return trace_with(trace, sites, "Regularisation", "regularisation", about="ways")


def way_name(way: str, told: Words) -> str:
    """A way to regularise, in words."""
    return told(f"regularisation.way-{way.replace(' ', '-')}")


def shared_foot(trace: Trace, told: Words) -> list[str]:
    """What was trained, and on what."""
    about = trace.about
    return [
        told(
            "regularisation.foot-data",
            data=about["data"],
            samples=told.figures(format_count(about["samples"])),
            wrong=about["wrong"],
            control=told.figures(format_count(about["control samples"])),
        ),
        told("regularisation.foot-network", hidden=about["hidden"], epochs=about["epochs"]),
    ]


@dataclass(frozen=True, eq=False)
class _Curves(Drawing):
    metric: str

    @cached_property
    def words(self) -> Words:
        return self.sheet.words

    @cached_property
    def ways(self) -> list[str]:
        return [str(way) for way in self.trace.about["ways"]]

    @cached_property
    def names(self) -> list[str]:
        return [way_name(way, self.words) for way in self.ways]

    def description(self, title: str) -> str:
        """What is seen, with where each way's control curve ends."""
        ends = [
            f"{name} {self.number(float(self.curves('control', place)[:, -1].mean()))}"
            for place, name in enumerate(self.names)
        ]
        count = self.trace.about["seeds"]
        return self.words(
            f"regularisation.description-{self.metric}",
            title=title,
            ends=", ".join(ends),
            count=count,
        )

    def curves(self, part: str, place: int) -> FloatArray:
        found: FloatArray = self.trace[f"{part} {self.metric}", place]
        return found

    @cached_property
    def limits(self) -> tuple[float, float]:
        if self.metric == "accuracy":
            return (0.0, 1.0)
        every = np.concatenate([
            self.curves(part, place).ravel()
            for part in _CURVES for place in range(len(self.ways))
        ])  # fmt: skip
        found = round_range(np.append(every, 0.0))
        return found if found is not None else (0.0, 1.0)

    def number(self, value: float) -> str:
        return self.sheet.percent(value) if self.metric == "accuracy" else self.sheet.number(value)

    def apart(self, title: str) -> list[Mark]:
        marks, room = self._framed(title)
        count = len(self.ways)
        for place, box in enumerate(grid_of_boxes(room, count, min(count, 3), gaps=(40, 26))):
            marks += self._panel(place, box)
        return marks

    def _framed(self, title: str) -> tuple[list[Mark], Box]:
        """Title and foot, and the room between them."""
        foot = [*self._foot(), self.words("regularisation.foot-curves")]
        room = self.sheet.content(len(self.sheet.foot_lines(foot)))
        return self.sheet.frame(title, foot), room

    def _panel(self, place: int, box: Box) -> list[Mark]:
        sheet = self.sheet
        x, y, width, height = box
        inner = (x + 42, y + 50, width - 42 - 78, height - 50 - 26)
        marks: list[Mark] = [sheet.text(x, y + 12, self.names[place], bold=True)]
        control, training = self.curves("control", place), self.curves("training", place)
        ends = control[:, -1]
        said = self.words(
            f"regularisation.end-{self.metric}",
            mean=self.number(float(ends.mean())),
            least=self.number(float(ends.min())), most=self.number(float(ends.max())),
        )  # fmt: skip
        said = shorten(said, width, _SMALL)
        marks.append(sheet.text(x, y + 34, said, size=_SMALL, quiet=True))
        color = self._color(place)
        marks += self._axes(inner)
        endings = []
        for part, values, hue in (
            ("training", training, sheet.theme.grey),
            ("control", control, color),
        ):
            marks += self._line(values, inner, hue)
            scale = self._scale(inner)
            end = float(scale.place([values.mean(0)[-1]])[0])
            name = self.words(f"regularisation.{part}")
            endings.append(Ending(inner[0] + inner[2], end, name, hue))
        within = (inner[1], inner[1] + inner[3])
        return marks + end_labels(endings, x + width + 12, size=_SMALL, within=within)

    def together(self, title: str) -> list[Mark]:
        marks, (x, y, width, height) = self._framed(title)
        inner = (x + 46, y, width - 46 - 240, height - 28)
        marks += self._axes(inner)
        endings = []
        scale = self._scale(inner)
        for place, name in enumerate(self.names):
            values, color = self.curves("control", place), self._color(place)
            marks += self._line(values, inner, color)
            end = float(values.mean(0)[-1])
            endings.append(
                Ending(inner[0] + inner[2], float(scale.place([end])[0]), name, color,
                       self.number(end))
            )  # fmt: skip
        within = (inner[1], inner[1] + inner[3])
        return marks + end_labels(endings, self.sheet.right, size=17.0, within=within)

    def _color(self, place: int) -> Color:
        red, green, blue = class_colors(max(len(self.ways), 1))[place].tolist()
        return (red, green, blue, 255)

    def _scale(self, inner: Box) -> Scale:
        low, high = self.limits
        return Scale(low, high, inner[1] + inner[3], inner[1])

    def _axes(self, inner: Box) -> list[Mark]:
        sheet, scale = self.sheet, self._scale(inner)
        marks = level_lines(scale, inner, sheet.theme, most=6, named=False)
        for value, string in scale.ticks(6):
            base = float(scale.place([value])[0]) + 5
            share = self.metric == "accuracy"
            text = sheet.percent(value, 0) if share else self.words.figures(string)
            marks.append(sheet.text(inner[0] - 8, base, text, size=14, quiet=True, anchor="end"))
        epochs = self.trace.about["epochs"]
        ends = ("1", self.words.figures(format_count(epochs)))
        named = self.words("regularisation.epoch")
        return marks + foot_ticks(inner, sheet.theme, ends, middle=named, size=14)

    def _line(self, values: FloatArray, inner: Box, color: Color) -> list[Mark]:
        across = np.linspace(inner[0], inner[0] + inner[2], max(values.shape[1], 2))
        scale = self._scale(inner)
        if values.shape[1] == 1:
            values = np.repeat(values, 2, axis=1)
        least, most = (scale.place(edge) for edge in (values.min(0), values.max(0)))
        shade = band(across, least, most, faded(color, 0.2))
        return [*shade, *line(across, scale.place(values.mean(0)), color)]

    def _foot(self) -> list[str]:
        seeds = self.trace.about["seeds"]
        return [
            *shared_foot(self.trace, self.words),
            self.words("regularisation.foot-seeds", count=seeds),
        ]
