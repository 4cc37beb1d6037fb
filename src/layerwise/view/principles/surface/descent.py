"""Walks down a surface, step by step, and their losses beside it: rates compared, or a race."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....scene import Color, Mark, Scene
from ....trace import Trace
from ....types import FloatArray
from ...charts.frame import chosen
from ...palette import class_colors
from ...sheet import MOST_STOPS, Drawing, sheet, trace_with
from ...style import Theme
from .box import BOX, SurfaceBox
from .contours import Contours
from .curves import Line, LossCurves

_HUES = (1, 3, 4, 5, 7, 2, 8, 6, 0, 9)  # class colours, those first that stand out from the bands


def descent(
    trace: Trace,
    *,
    title: str | None = None,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
    stops: int = MOST_STOPS,
) -> Scene:
    """The walks of `explain.descent` on their surface, and the loss of each beside it.

    A stop for each step, or for so many spread evenly; a walk that leaves the picture or ends
    early is said so. A single walk is in ink, several in class colours with names at their ends.
    """
    given = trace_with(trace, ("x", "y", "loss", "path 0"), "A descent", "descent")
    return _Walks(given, sheet(size, theme, language), title).scene(stops)


@dataclass(frozen=True, eq=False)
class _Walks(Drawing):
    own_title: str | None

    def scene(self, most: int) -> Scene:
        """A stop for each chosen step."""
        steps = chosen(self._steps + 1, max(min(most, MOST_STOPS), 2))
        told = self.sheet.words
        labels = [told("downhill.step", number=self.sheet.number(step)) for step in steps]
        ends = ", ".join(
            f"{run.name}: {self.sheet.number(self._final(run.values))}" for run in self.runs
        )
        return self.sheet.scene(
            lambda stop: self.marks(steps[stop]), labels, title=self._title,
            description=told("downhill.descent-description", ends=ends),
            pace_s=max(12 / len(steps), 0.12),
        )  # fmt: skip

    @property
    def _about(self) -> dict[str, object]:
        return dict(self.trace.header.about)

    @property
    def _steps(self) -> int:
        return len(self.trace) - 2

    @cached_property
    def race(self) -> bool:
        """Whether several optimisers run, not one at several rates."""
        return len(set(self.trace.header.about["optimizers"])) > 1

    @property
    def _title(self) -> str:
        if self.own_title is not None:
            return self.own_title
        about = self.trace.header.about
        if self.race:
            return self.sheet.words("downhill.race-title", count=len(self.runs))
        return self.sheet.words("downhill.descent-title", optimizer=about["optimizers"][0])

    @cached_property
    def runs(self) -> list[Line]:
        """The loss of each walk at each step, NaN after its end."""
        about, told = self.trace.header.about, self.sheet.words
        found = []
        for number, name in enumerate(about["runs"]):
            values = np.full(self._steps + 1, np.nan)
            where, losses = self.trace.series(f"loss {number}")
            values[np.array(where) - 1] = losses
            rate = self.sheet.number(float(about["rates"][number]), 3)
            rate = rate.rstrip("0").rstrip(".,") if "," in rate or "." in rate else rate
            said = str(name) if self.race else told("downhill.rate", rate=rate)
            found.append(Line(said, values, self._color(number, len(about["runs"]))))
        return found

    def _color(self, number: int, count: int) -> Color:
        if count == 1:
            return self.sheet.theme.ink
        red, green, blue = class_colors(10)[_HUES[number % len(_HUES)]].tolist()
        return (red, green, blue, 255)

    @cached_property
    def paths(self) -> list[FloatArray]:
        """The places of each walk (step, xy)."""
        return [self.trace.series(f"path {number}")[1] for number in range(len(self.runs))]

    @cached_property
    def surface(self) -> SurfaceBox:
        """The ground."""
        x, y = self.trace["x", 0], self.trace["y", 0]
        about = self.trace.header.about
        one, other = (str(name) for name in about["labels"])
        left, top, width, height = BOX
        ends = [path[-1] for path in self.paths if np.isfinite(path[-1]).all()]
        minima = np.array([*about["minima"], *ends], np.float64).reshape(-1, 2)
        across = left + width * (minima[:, 0] - x[0]) / (x[-1] - x[0])
        down = top + height * (1 - (minima[:, 1] - y[0]) / (y[-1] - y[0])) + 6
        avoid = tuple(zip(across.tolist(), down.tolist(), strict=True))
        contours = Contours(self.trace["loss", 0], BOX, self.sheet.theme, avoid=avoid)
        return SurfaceBox(self.sheet, contours, x, y, (one, other))

    @cached_property
    def curves(self) -> LossCurves:
        """Loss against steps."""
        told = self.sheet.words
        heading, across = told("downhill.loss-heading"), told("downhill.axis-step")
        return LossCurves(self.sheet, self.runs, max(self._steps, 1), heading, across)

    @cached_property
    def _minima(self) -> list[Mark]:
        minima = np.array(self.trace.header.about["minima"], np.float64).reshape(-1, 2)
        return self.surface.crosses(minima, self.sheet.theme.ink) if len(minima) else []

    def marks(self, step: int) -> list[Mark]:
        """The picture after so many steps."""
        told = self.sheet.words
        counter = (told("downhill.axis-step"), self.sheet.number(step))
        marks = self.sheet.frame(self._title, self._foot(step), counter)
        marks += [*self.surface.still, *self._minima, self.surface.outline()]
        for path, run in zip(self.paths, self.runs, strict=True):
            marks += self.surface.path(path[: step + 1], run.color, dots=len(path) < 30)
        return [*marks, *self.curves.still, *self.curves.upto(step)]

    def _foot(self, step: int) -> list[str]:
        about, told = self.trace.header.about, self.sheet.words
        parts = []
        if about["network"]:
            parts.append(told("downhill.foot-network", model=str(about["surface"])))
        else:
            parts.append(told("downhill.foot-formula", formula=told.figures(str(about["formula"]))))
        if self.race:
            rates = ", ".join(
                f"{run.name} {rate:g}" for run, rate in zip(self.runs, about["rates"], strict=True)
            )
            parts.append(told("downhill.foot-rates", rates=told.figures(rates)))
        if about["minima"]:
            parts.append(told("downhill.foot-minima"))
        left = [run.name for run, path in zip(self.runs, self.paths, strict=True)
                if self._outside(path[min(step, len(path) - 1)])]  # fmt: skip
        if left:
            parts.append(told("downhill.foot-left", names=", ".join(left)))
        return parts

    def _outside(self, place: FloatArray) -> bool:
        x, y = self.surface.x, self.surface.y
        return not (x[0] <= place[0] <= x[-1] and y[0] <= place[1] <= y[-1])

    @staticmethod
    def _final(values: FloatArray) -> float:
        known = values[~np.isnan(values)]
        return float(known[-1]) if known.size else float("nan")
