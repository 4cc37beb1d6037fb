"""Batch norm at work: a layer's values before and after, in training and in evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....scene import Color, Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.chart import Ending, end_labels, foot_ticks, level_lines, line
from ...charts.scale import Scale, round_range
from ...marks import Anchor, hairlines
from ...palette import NEGATIVE, POSITIVE
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import Theme

_LEFT, _WIDTH = LEFT, 600.0
_TOPS, _HIGH = (112.0, 276.0, 440.0), 116.0
_CHART = (740.0, 130.0, 270.0, 400.0)
_HISTOGRAMS = ("before", "after", "evaluated")
_SMALL, _TICK = 15.0, 14.0


def batch_norm_shift(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A film of batch norm, a stop for each step: histograms, and one neuron's mean over time.

    `trace` is what `explain.batch_norm_shift` gives. To the left the layer's values of this batch
    before the norm, after it, and after it as in evaluation; to the right the mean of one neuron in
    each batch, and the running mean that evaluation uses. Raises `InputError` for a trace of
    another kind.
    """
    sites = (*_HISTOGRAMS, "edges", "running mean")
    given = trace_with(trace, sites, "Batch norm", "batch_norm_shift")
    film = _Norm(given, sheet(size, theme, language))
    told = film.sheet.words
    labels = [told("regularisation.step", number=number + 1) for number in range(len(given))]
    batch, running = film.means
    about = told(
        "regularisation.norm-description", count=len(given), unit=int(given.about["unit"]) + 1,
        batch=film.sheet.number(batch[-1], 2), running=film.sheet.number(running[-1], 2),
    )  # fmt: skip
    title = told("regularisation.title-norm")
    return film.sheet.scene(film.marks, labels, title=title, description=about)


@dataclass(frozen=True, eq=False)
class _Norm(Drawing):
    @cached_property
    def edges(self) -> FloatArray:
        edges: FloatArray = self.trace["edges", 0]
        return edges

    @cached_property
    def highest(self) -> int:
        every = [self.trace.series(name)[1].max() for name in _HISTOGRAMS]
        return max(int(most) for most in every)

    @cached_property
    def means(self) -> tuple[FloatArray, FloatArray]:
        unit = int(self.trace.about["unit"])
        batch, running = (self.trace.series(n)[1][:, unit] for n in ("batch mean", "running mean"))
        return batch, running

    @cached_property
    def scale(self) -> Scale:
        batch, running = self.means
        low, high = round_range(np.concatenate([batch, running, [0.0]])) or (-1.0, 1.0)
        return Scale(low, high, _CHART[1] + _CHART[3], _CHART[1])

    @cached_property
    def _still(self) -> list[Mark]:
        sheet, about = self.sheet, self.trace.about
        theme, told = sheet.theme, sheet.words
        foot = [
            told("regularisation.foot-norm", neurons=about["neurons"], batch=about["batch"],
                 most=sheet.count(self.highest)),
            told("regularisation.foot-data-few", data=about["data"], samples=about["samples"]),
        ]  # fmt: skip
        marks = sheet.frame(told("regularisation.title-norm"), foot)
        middle = _LEFT + _WIDTH / 2
        for top, name in zip(_TOPS, _HISTOGRAMS, strict=True):
            said = told(f"regularisation.norm-{name}")
            marks.append(sheet.text(_LEFT, top - 10, said, size=_SMALL, quiet=True))
            base = top + _HIGH
            lines = [[_LEFT, base, _LEFT + _WIDTH, base], [middle, top, middle, base]]
            marks.append(hairlines(float32_array(lines), theme.hairline))
        base = _TOPS[2] + _HIGH + 20
        places: tuple[tuple[float, float, Anchor], ...] = (
            (_LEFT, self.edges[0], "start"),
            (middle, 0, "middle"),
            (_LEFT + _WIDTH, self.edges[-1], "end"),
        )
        for x, value, anchor in places:
            text = sheet.number(float(value))
            marks.append(sheet.text(x, base, text, size=_TICK, quiet=True, anchor=anchor))
        said = told("regularisation.norm-means", unit=int(about["unit"]) + 1)
        marks.append(sheet.text(_CHART[0] - 40, _TOPS[0] - 10, said, size=_SMALL, quiet=True))
        marks += level_lines(self.scale, _CHART, theme, most=6, named=False)
        for value, string in self.scale.ticks(6):
            y = float(self.scale.place([value])[0]) + 5
            text = told.figures(string)
            marks.append(sheet.text(_CHART[0] - 8, y, text, size=_TICK, quiet=True, anchor="end"))
        ends, named = ("1", str(len(self.trace))), told("regularisation.step-axis")
        return marks + foot_ticks(_CHART, theme, ends, middle=named, size=_TICK)

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that step."""
        sheet, theme = self.sheet, self.sheet.theme
        marks = list(self._still)
        name = sheet.words("regularisation.step", number=stop + 1)
        marks.append(sheet.text(sheet.right, 44, name, size=SMALL, quiet=True, anchor="end"))
        colors: tuple[Color, ...] = (NEGATIVE, POSITIVE, theme.grey)
        for top, site, color in zip(_TOPS, _HISTOGRAMS, colors, strict=True):
            counts = self.trace[site, stop]
            tall = _HIGH * counts / self.highest
            wide = _WIDTH / len(counts)
            left = _LEFT + np.arange(len(counts)) * wide
            bars = np.stack(
                [left + 0.3, top + _HIGH - tall, np.full(len(counts), wide - 0.6), tall], axis=1
            )
            marks.append(Rectangles(bars, np.array(color, np.uint8), refers=Reference(site, stop)))
        across = np.linspace(_CHART[0], _CHART[0] + _CHART[2], len(self.trace))[: stop + 1]
        endings = []
        for values, color, key in zip(
            self.means, (NEGATIVE, theme.ink), ("batch", "running"), strict=True
        ):
            y = self.scale.place(values[: stop + 1])
            marks += line(across, y, color)
            said = sheet.words(f"regularisation.norm-{key}")
            number = sheet.number(float(values[stop]), 2)
            endings.append(Ending(float(across[-1]), float(y[-1]), said, color, number))
        within = (_CHART[1], _CHART[1] + _CHART[3])
        return marks + end_labels(endings, sheet.right, size=_SMALL, within=within)
