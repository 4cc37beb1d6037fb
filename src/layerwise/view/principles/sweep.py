"""The picture of a sweep: every training a dot, the median a line, and what to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ...errors import InputError, unknown_name
from ...language import Words, words
from ...scene import Color, Discs, Mark, Reference, Scene
from ...trace import Trace
from ...typeface import shorten, text_width
from ...types import FloatArray, float32_array
from ..charts.chart import Ending, band, end_labels, faded, level_lines, line
from ..charts.frame import timeline, trace_of
from ..charts.scale import Scale, round_step
from ..marks import Box, dotted, hairlines, label, wrapped
from ..palette import class_colors
from ..style import (
    BOLD_WEIGHT,
    Theme,
    format_count,
    format_number,
    format_percent,
)
from ..style import theme as theme_named
from .decision.layout import Layout

METRICS: Final = ("accuracy", "loss")
_PARTS: Final = ("training", "control")


def sweep(
    trace: Trace, *, metric: str = "accuracy", theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = (1920, 1080), title: str = "", name: str = "",
) -> Scene:  # fmt: skip
    """What came of each value of a sweep, and how far chance spreads it.

    `trace` is what `explain.sweep` gave; `metric` is "accuracy" or "loss". Each training is a
    faint dot, the line joins the medians over seeds, the band holds the middle half of them; ink is
    the control part, grey the training part. Dotted: the constant guess and the known method, with
    their names. Below each value: the parameters, and the median seconds of a training. Values
    stand evenly, in the order of the sweep; `name` says what they are, that of the trace if empty.
    Trainings that diverged are counted at the foot.

    Raises `InputError` for a trace without a sweep, `UnknownNameError` for another metric.
    """
    given = trace_of(trace, "A sweep chart")
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    names = {site.name for site in given.sites}
    if not {f"training {metric}", "parameters", "seconds"} <= names or not len(given):
        raise InputError(
            "There is no sweep in the trace", received=repr(given.title),
            do="Give what explain.sweep made",
        )  # fmt: skip
    drawn = _Drawing(given, metric, Layout(size), theme_named(theme), words(language), title, name)
    return Scene(
        lambda stop, fraction: drawn.marks, timeline([drawn.title]), size=size,
        ground=drawn.theme.ground, title=drawn.title, description=drawn.description,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Drawing:
    trace: Trace
    metric: str
    layout: Layout
    theme: Theme
    words: Words
    given_title: str
    given_name: str

    @cached_property
    def name(self) -> str:
        """What the values are numbers of."""
        return self.given_name or str(self.trace.about["name"])

    @cached_property
    def title(self) -> str:
        return self.given_title or self.words("more.title", name=self.name)

    @cached_property
    def values(self) -> list[str]:
        return [
            format_count(one) if isinstance(one, int) else format_number(one)
            if isinstance(one, float) else str(one) for one in self.trace.about["values"]
        ]  # fmt: skip

    @cached_property
    def parts(self) -> list[str]:
        """Which parts have figures."""
        found = [part for part in _PARTS if np.isfinite(self.table(f"{part} {self.metric}")).any()]
        if not found:
            raise InputError("Every training of this sweep diverged: there is nothing to draw")
        return found

    def table(self, site: str) -> FloatArray:
        """A figure of every training, (place, seed); NaN where there is none."""
        seeds = [int(seed) for seed in self.trace.about["seeds"]]
        found = np.full((len(self.trace.about["values"]), len(seeds)), np.nan)
        for number, moment in enumerate(self.trace.moments):
            if (site, number) in self.trace:
                place, seed = int(moment.at["place"]), seeds.index(int(moment.at["seed"]))
                found[place, seed] = float(self.trace[site, number])
        return found

    @cached_property
    def medians(self) -> dict[str, FloatArray]:
        """The median over seeds of each part, (place,)."""
        return {part: _over(self.table(f"{part} {self.metric}"), 0.5) for part in self.parts}

    @cached_property
    def levels(self) -> list[tuple[str, float]]:
        """What to compare with: a name and its share each."""
        if self.metric != "accuracy":
            return []
        about = self.trace.about
        found = [(self.words("more.guess"), float(about["guess"]))]
        if "known" in about:
            found.append((str(about["known"]), float(about["known accuracy"])))
        return found

    def said(self, value: float) -> str:
        """A figure as it is written."""
        plain = format_percent(value) if self.metric == "accuracy" else format_number(value)
        return self.words.figures(plain)

    @cached_property
    def description(self) -> str:
        part = self.parts[-1]
        medians = self.medians[part]
        pairs = [
            f"{value}: {self.said(float(one))}"
            for value, one in zip(self.values, medians, strict=True)
            if np.isfinite(one)
        ]
        said = self.words(f"more.{part}-{self.metric}")
        return f"{self.title}. {said[0].upper()}{said[1:]}: {'; '.join(pairs)}."

    @cached_property
    def box(self) -> Box:
        layout, size = self.layout, self.layout.text_size
        names = [name for name, _ in self.levels]
        names += [self.words(f"more.{part}-{self.metric}") for part in self.parts]
        room = max(text_width(name, size) for name in names)
        room = min(room + text_width(" 100.0 %", size) + 28, 0.36 * layout.size[0])
        left = layout.margin + (10 if layout.small else 30)
        top = layout.title_base + (44 if layout.small else 90)
        bottom = layout.size[1] - size * (8.4 if layout.small else 10.5)
        return (left, top, layout.size[0] - left - room, bottom - top)

    @cached_property
    def scale(self) -> Scale:
        _, top, _, tall = self.box
        tables = [self.table(f"{part} {self.metric}") for part in self.parts]
        known = np.concatenate([table[np.isfinite(table)] for table in tables])
        known = np.concatenate([known, [level for _, level in self.levels]])
        low, high = float(known.min()), float(known.max())
        if self.metric == "accuracy":
            low, high = min(low, 0.9), 1.0
        step = round_step(max(high - low, 1e-6), 6)
        # Below the lowest level there is room for its name.
        low = max(np.floor(low / step - 0.3) * step, 0.0)
        high = 1.0 if self.metric == "accuracy" else float(np.ceil(high / step) * step)
        return Scale(float(low), high, top + tall, top)

    @cached_property
    def across(self) -> FloatArray:
        left, _, wide, _ = self.box
        inset = min(0.06 * wide, 60.0)
        return np.linspace(left + inset, left + wide - inset, max(len(self.values), 2))[
            : len(self.values)
        ]

    def color(self, part: str) -> Color:
        """Ink for what counts, grey for the part that was learned from."""
        return self.theme.ink if part == self.parts[-1] else self.theme.grey

    @cached_property
    def marks(self) -> list[Mark]:
        layout, theme, size = self.layout, self.theme, self.layout.text_size
        width = layout.size[0] - 2 * layout.margin
        short = shorten(self.title, width, layout.title_size, BOLD_WEIGHT)
        marks: list[Mark] = [
            label(layout.margin - 36 if layout.small else layout.margin, layout.title_base, short,
                  theme.ink, size=layout.title_size, weight=BOLD_WEIGHT),
        ]  # fmt: skip
        marks += self._levels()
        endings = []
        left, top, wide, tall = self.box
        for name, level in self.levels:
            y = float(self.scale.place(level))
            marks.append(dotted(left, left + wide, y, theme.grey))
            endings.append(Ending(left + wide, y, name, theme.grey, self.said(level)))
        for part in self.parts:
            marks += self._part(part)
        for part in self.parts:
            known = np.flatnonzero(np.isfinite(self.medians[part]))
            last = float(self.medians[part][known[-1]])
            y = float(self.scale.place(last))
            name = self.words(f"more.{part}-{self.metric}")
            endings.append(Ending(left + wide, y, name, self.color(part), self.said(last)))
        edge = layout.size[0] - 12
        endings.sort(key=lambda ending: ending.y)
        groups: list[list[Ending]] = []
        for ending in endings:
            if groups and ending.y - groups[-1][-1].y < 4 * size:
                groups[-1].append(ending)
            else:
                groups.append([ending])
        for group in groups:
            marks += end_labels(group, edge, size=size, within=(top, top + tall - 0.5 * size))
        return marks + self._feet()

    def _levels(self) -> list[Mark]:
        left = self.box[0]
        marks = level_lines(self.scale, self.box, self.theme, named=False)
        size = self.layout.text_size
        for value, _ in self.scale.ticks(6):
            at = float(self.scale.place(value)) + size * 0.36
            digits = 0 if self.metric == "accuracy" else 3
            text = (
                format_percent(value, digits) if self.metric == "accuracy"
                else format_number(value, 2)
            )  # fmt: skip
            said = self.words.figures(text)
            marks.append(label(left - 10, at, said, self.theme.grey, size=size, anchor="end"))
        return marks

    def _part(self, part: str) -> list[Mark]:
        """Band, dots and line of one part."""
        site = f"{part} {self.metric}"
        table, color = self.table(site), self.color(part)
        heights = self.scale.place(table)
        low, high = self.scale.place(_over(table, 0.25)), self.scale.place(_over(table, 0.75))
        blue = class_colors(1)[0]
        shade = faded(blue if part == self.parts[-1] else self.theme.grey, 0.16)
        marks = band(self.across, low, high, shade)
        count = table.shape[1]
        # Dots of the two parts stand side by side, those learned from to the left.
        reach = 5.0 if self.layout.small else 8.0
        apart = 0.0 if len(self.parts) == 1 else reach * 1.4 * (1 if part == self.parts[-1] else -1)
        aside = apart + (0.0 if count == 1 else np.linspace(-reach, reach, count))
        xs = np.broadcast_to(self.across[:, None] + aside, table.shape)
        found = np.isfinite(heights)
        if found.any():
            centers = np.stack([xs[found], heights[found]], 1)
            fill = np.array(faded(color, 0.45), np.uint8)
            radius = 2.6 if self.layout.small else 4.0
            marks.append(
                Discs(float32_array(centers), float32_array([radius]), fill,
                      refers=Reference(site))
            )  # fmt: skip
        return marks + line(self.across, self.scale.place(self.medians[part]), color)

    def _feet(self) -> list[Mark]:
        """Values with what they cost, the name of the axis, and what is seen."""
        left, top, wide, tall = self.box
        size, theme = self.layout.text_size, self.theme
        floor = top + tall
        marks: list[Mark] = [
            hairlines(float32_array([[left, floor, left + wide, floor]]), theme.grey)
        ]
        counts = _over(self.table("parameters"), 0.5)
        seconds = _over(self.table("seconds"), 0.5)
        room = wide / max(len(self.values), 1) - 8
        for place, x in enumerate(self.across):
            texts = [(shorten(self.values[place], room, size), theme.ink)]
            if np.isfinite(counts[place]):
                texts.append((format_count(int(counts[place])), theme.grey))
                texts.append((format_number(float(seconds[place]), 2), theme.grey))
            for number, (text, color) in enumerate(texts):
                base = floor + size * (0.3 + 1.35 * (number + 1))
                said = self.words.figures(text)
                marks.append(label(float(x), base, said, color, size=size, anchor="middle"))
        names = [self.name, self.words("more.parameters"),
                 self.words("more.seconds")]  # fmt: skip
        for number, name in enumerate(names):
            base = floor + size * (0.3 + 1.35 * (number + 1))
            start = left + wide + 14
            text = shorten(name, self.layout.size[0] - start - 12, size)
            color = theme.ink if number == 0 else theme.grey
            marks.append(label(start, base, text, color, size=size))
        start = self.layout.margin - (36 if self.layout.small else 0)
        lines = wrapped(self._statements(), self.layout.size[0] - start - 24, size)[:2]
        step = size * 1.35
        base = self.layout.size[1] - (16 if self.layout.small else 40) - step * (len(lines) - 1)
        for number, text in enumerate(lines):
            marks.append(label(start, base + step * number, text, theme.grey, size=size))
        return marks

    def _statements(self) -> list[str]:
        about, said = self.trace.about, self.words
        seeds = len(about["seeds"])
        parts = [said("more.runs", seeds=seeds), said("more.how")]
        learned = said.figures(format_count(int(about["training samples"])))
        judged = said.figures(format_count(int(about["control samples"])))
        if about["data"]:
            parts.append(str(about["data"]))
        key = "more.samples" if int(about["control samples"]) else "more.samples-alone"
        values = {"training": learned, "control": judged}
        if key.endswith("alone"):
            del values["control"]
        parts.append(said(key, **values))
        whole = len(about["values"]) * seeds
        if len(self.trace) < whole:
            parts.append(said("more.unfinished", done=len(self.trace), all=whole))
        ended = self.table("parameters")
        failed = np.isfinite(ended) & ~np.isfinite(self.table("training loss"))
        if failed.any():
            parts.append(said("more.diverged", count=int(failed.sum())))
        return parts


def _over(table: FloatArray, share: float) -> FloatArray:
    """A quantile over seeds of each row; NaN where a row has nothing finite."""
    found = np.full(len(table), np.nan)
    for place, row in enumerate(table):
        known = row[np.isfinite(row)]
        if known.size:
            found[place] = np.quantile(known, share)
    return found
