"""Trainings with and without regularisation: their curves apart, each by itself, and together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....errors import InputError, unknown_name
from ....language import Words, words
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
from ...charts.frame import Frame, trace_of
from ...charts.scale import Scale, round_range
from ...marks import Box, label
from ...palette import class_colors
from ...style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    TEXT_SIZE,
    Theme,
    format_count,
    format_number,
    format_percent,
)
from ...style import theme as theme_named

METRICS: Final = ("loss", "accuracy")
_CURVES: Final = ("training", "control")


def regularisation(
    trace: Trace,
    *,
    metric: str = "loss",
    together: bool = False,
    theme: str | Theme = "dark",
    language: str = "en",
) -> Scene:
    """A still of trainings on few samples: training and control curve of each way to regularise.

    `trace` is what `explain.regularisation` gives. Lines are means over the seeds, bands go from
    the least to the greatest. Apart, each way has a box with its two curves; `together`, the
    control curves of all lie in one. `metric` is "loss" or "accuracy". Raises `InputError` for a
    trace of another kind, `UnknownNameError` for another metric.
    """
    given = trace_of(trace, "Regularisation")
    if not {"training loss", "control loss"} <= {site.name for site in given.sites} or (
        "ways" not in given.about
    ):
        raise InputError(
            "There are no trainings with regularisation in the trace", received=repr(given.title),
            do="Give what explain.regularisation made",
        )  # fmt: skip
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    curves = _Curves(given, frame, told, metric)
    title = told(f"regularisation.title-{'together' if together else 'apart'}-{metric}")
    marks = curves.together(title) if together else curves.apart(title)
    about = told(
        "regularisation.description", names=", ".join(curves.names), count=given.about["seeds"]
    )
    return frame.scene(lambda stop: marks, [title], title=title, description=about)


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
class _Curves:
    trace: Trace
    frame: Frame
    words: Words
    metric: str

    @cached_property
    def ways(self) -> list[str]:
        return [str(way) for way in self.trace.about["ways"]]

    @cached_property
    def names(self) -> list[str]:
        return [way_name(way, self.words) for way in self.ways]

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
        text = format_percent(value) if self.metric == "accuracy" else format_number(value, 3)
        return self.words.figures(text)

    def apart(self, title: str) -> list[Mark]:
        foot = [*self._foot(), self.words("regularisation.foot-curves")]
        marks = self.frame.words(title, self.frame.foot(foot))
        x, y, width, height = self.frame.content(2)
        count = len(self.ways)
        boxes = grid_of_boxes((x, y - 10, width, height), count, min(count, 3), gaps=(60, 40))
        for place, box in enumerate(boxes):
            marks += self._panel(place, box)
        return marks

    def _panel(self, place: int, box: Box) -> list[Mark]:
        theme = self.frame.theme
        x, y, width, height = box
        inner = (x + 44, y + 58, width - 44 - 108, height - 58 - 34)
        marks: list[Mark] = [
            label(x, y + 16, self.names[place], theme.ink, size=TEXT_SIZE, weight=BOLD_WEIGHT)
        ]
        control, training = self.curves("control", place), self.curves("training", place)
        ends = control[:, -1]
        said = self.words(
            f"regularisation.end-{self.metric}",
            mean=self.number(float(ends.mean())),
            least=self.number(float(ends.min())), most=self.number(float(ends.max())),
        )  # fmt: skip
        marks.append(label(x, y + 42, shorten(said, width, LABEL_SIZE), theme.grey))
        color = self._color(place)
        marks += self._axes(inner)
        endings = []
        for part, values, hue in (("training", training, theme.grey), ("control", control, color)):
            marks += self._line(values, inner, hue)
            scale = self._scale(inner)
            end = float(scale.place([values.mean(0)[-1]])[0])
            name = self.words(f"regularisation.{part}")
            endings.append(Ending(inner[0] + inner[2], end, name, hue))
        marks += end_labels(endings, x + width + 30, within=(inner[1], inner[1] + inner[3]))
        return marks

    def together(self, title: str) -> list[Mark]:
        marks = self.frame.words(
            title, self.frame.foot([*self._foot(), self.words("regularisation.foot-curves")])
        )
        x, y, width, height = self.frame.content(2)
        inner = (x + 60, y, width - 60 - 330, height - 30)
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
        return marks + end_labels(endings, 1860, within=(inner[1], inner[1] + inner[3]))

    def _color(self, place: int) -> Color:
        red, green, blue = class_colors(max(len(self.ways), 1))[place].tolist()
        return (red, green, blue, 255)

    def _scale(self, inner: Box) -> Scale:
        low, high = self.limits
        return Scale(low, high, inner[1] + inner[3], inner[1])

    def _axes(self, inner: Box) -> list[Mark]:
        theme, scale = self.frame.theme, self._scale(inner)
        marks = level_lines(scale, inner, theme, most=6, named=False)
        for value, string in scale.ticks(6):
            base = float(scale.place([value])[0]) + 6
            said = format_percent(value, 0) if self.metric == "accuracy" else string
            text = self.words.figures(said)
            marks.append(label(inner[0] - 10, base, text, theme.grey, size=16, anchor="end"))
        epochs = self.trace.about["epochs"]
        ends = ("1", self.words.figures(format_count(epochs)))
        marks += foot_ticks(inner, theme, ends, middle=self.words("regularisation.epoch"))
        return marks

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
