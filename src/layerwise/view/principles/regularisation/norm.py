"""Batch norm at work: a layer's values before and after, in training and in evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Color, Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.chart import Ending, end_labels, foot_ticks, level_lines, line
from ...charts.frame import Frame, trace_of
from ...charts.scale import Scale, round_range
from ...marks import hairlines, label
from ...palette import NEGATIVE, POSITIVE
from ...style import LABEL_SIZE, TEXT_SIZE, Theme, format_number
from ...style import theme as theme_named

_LEFT, _WIDTH = 80.0, 900.0
_TOPS, _HIGH = (170.0, 430.0, 690.0), 190.0
_CHART = (1130.0, 220.0, 520.0, 640.0)
_HISTOGRAMS = ("before", "after", "evaluated")


def batch_norm_shift(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """A film of batch norm, a stop for each step: histograms, and one neuron's mean over time.

    `trace` is what `explain.batch_norm_shift` gives. To the left the layer's values of this batch
    before the norm, after it, and after it as in evaluation; to the right the mean of one neuron in
    each batch, and the running mean that evaluation uses. Raises `InputError` for a trace of
    another kind.
    """
    given = trace_of(trace, "Batch norm")
    if not {*_HISTOGRAMS, "edges", "running mean"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no batch norm in the trace", received=repr(given.title),
            do="Give what explain.batch_norm_shift made",
        )  # fmt: skip
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    film = _Film(given, frame, told)
    labels = [told("regularisation.step", number=number + 1) for number in range(len(given))]
    title = told("regularisation.title-norm")
    about = told("regularisation.norm-description", count=len(given))
    return frame.scene(film.marks, labels, title=title, description=about)


@dataclass(frozen=True, eq=False)
class _Film:
    trace: Trace
    frame: Frame
    words: Words

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
        theme, grey, about = self.frame.theme, self.frame.theme.grey, self.trace.about
        foot = [
            self.words("regularisation.foot-norm", neurons=about["neurons"], batch=about["batch"],
                       most=self.words.figures(f"{self.highest:,}")),
            self.words("regularisation.foot-data-few", data=about["data"],
                       samples=about["samples"]),
        ]  # fmt: skip
        title = self.words("regularisation.title-norm")
        marks = self.frame.words(title, self.frame.foot(foot))
        for top, name in zip(_TOPS, _HISTOGRAMS, strict=True):
            said = self.words(f"regularisation.norm-{name}")
            marks.append(label(_LEFT, top - 12, said, grey, size=LABEL_SIZE))
            base = top + _HIGH
            marks.append(
                hairlines(float32_array([[_LEFT, base, _LEFT + _WIDTH, base]]), theme.hairline)
            )
            middle = _LEFT + _WIDTH / 2
            marks.append(hairlines(float32_array([[middle, top, middle, base]]), theme.hairline))
        base = _TOPS[2] + _HIGH + 26
        for x, value, anchor in ((_LEFT, self.edges[0], "start"), (_LEFT + _WIDTH / 2, 0, "middle"),
                                 (_LEFT + _WIDTH, self.edges[-1], "end")):  # fmt: skip
            text = self.words.figures(format_number(float(value), 3))
            marks.append(label(x, base, text, grey, size=16, anchor=anchor))
        said = self.words("regularisation.norm-means", unit=int(about["unit"]) + 1)
        marks.append(label(_CHART[0] - 50, _TOPS[0] - 12, said, grey, size=LABEL_SIZE))
        marks += level_lines(self.scale, _CHART, theme, most=6, named=False)
        for value, string in self.scale.ticks(6):
            y = float(self.scale.place([value])[0]) + 6
            text = self.words.figures(string)
            marks.append(label(_CHART[0] - 10, y, text, grey, size=16, anchor="end"))
        ends = ("1", str(len(self.trace)))
        marks += foot_ticks(_CHART, theme, ends, middle=self.words("regularisation.step-axis"))
        return marks

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that step."""
        theme = self.frame.theme
        marks = list(self._still)
        name = self.words("regularisation.step", number=stop + 1)
        marks.append(label(1840, 82, name, theme.ink, size=TEXT_SIZE, anchor="end"))
        colors: tuple[Color, ...] = (NEGATIVE, POSITIVE, theme.grey)
        for top, site, color in zip(_TOPS, _HISTOGRAMS, colors, strict=True):
            counts = self.trace[site, stop]
            tall = _HIGH * counts / self.highest
            wide = _WIDTH / len(counts)
            left = _LEFT + np.arange(len(counts)) * wide
            bars = np.stack(
                [left + 0.5, top + _HIGH - tall, np.full(len(counts), wide - 1), tall], axis=1
            )
            marks.append(Rectangles(bars, np.array(color, np.uint8), refers=Reference(site, stop)))
        across = np.linspace(_CHART[0], _CHART[0] + _CHART[2], len(self.trace))[: stop + 1]
        endings = []
        for values, color, key in zip(
            self.means, (NEGATIVE, theme.ink), ("batch", "running"), strict=True
        ):
            y = self.scale.place(values[: stop + 1])
            marks += line(across, y, color)
            said = self.words(f"regularisation.norm-{key}")
            number = self.words.figures(format_number(float(values[stop]), 2))
            endings.append(Ending(float(across[-1]), float(y[-1]), said, color, number))
        return marks + end_labels(endings, 1880, within=(_CHART[1], _CHART[1] + _CHART[3]))
