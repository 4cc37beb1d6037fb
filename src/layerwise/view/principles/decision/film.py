"""The decision film: regions, boundary and samples, and the network with a map in every neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Discs, Image, Mark, Rectangles, Reference, Scene, Segments
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import Array, FloatArray, IntArray, float32_array
from ...charts.frame import chosen, format_place, place_in_time, timeline, trace_of
from ...charts.scale import Scale
from ...marks import hairlines, label, wrapped
from ...palette import class_colors
from ...style import BOLD_WEIGHT, Theme, format_percent
from ...style import theme as theme_named
from .foot import statements
from .layout import Layout
from .network import NeuronMaps
from .regions import boundary, region_colors
from .score import Score

MOST_POINTS: Final = 600


def decision(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = (1920, 1080), stops: int = 120, speed: float = 1.0, title: str = "",
) -> Scene:  # fmt: skip
    """What a classifier answers everywhere in a plane, moment by moment.

    `trace` is what `explain.decision` or a `DecisionRecorder` made. The square: hue by class,
    strength by probability, a line where the two largest are equal, the samples with those that
    are answered wrongly ringed. Beside it a network's neurons, each with its own map in orange,
    neutral and blue, joined by links with the sign of their weights, and the accuracy so far
    against the constant guess. At most `stops` moments, evenly spread, and 600 samples are drawn;
    the picture says so. Under 1,400 pixels of width it is laid out for a column of prose.

    Raises `InputError` for a trace without a decision map.
    """
    given = trace_of(trace, "A decision film")
    names = {site.name for site in given.sites}
    if not {"probabilities", "across", "up", "places"} <= names:
        raise InputError(
            "There is no decision map in the trace", received=repr(given.title),
            do="Give what explain.decision or a DecisionRecorder made",
        )  # fmt: skip
    every = given.where("probabilities")
    shown = tuple(every[place] for place in chosen(len(every), max(int(stops), 1)))
    frames = _Frames(given, shown, Layout(size), theme_named(theme), words(language), title)
    frames = replace(frames, layout=Layout(size, len(frames.foot_lines)))
    marks = lru_cache(maxsize=8)(frames.marks)
    labels = [frames.place(moment) for moment in shown]
    return Scene(
        lambda stop, fraction: marks(stop), timeline(labels, speed), size=size,
        ground=frames.theme.ground, title=frames.title, description=frames.description,
        poster=len(shown) - 1,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Frames:
    trace: Trace
    shown: tuple[int, ...]
    layout: Layout
    theme: Theme
    words: Words
    given_title: str

    @cached_property
    def first(self) -> int:
        return self.trace.where("across")[0]

    @cached_property
    def title(self) -> str:
        return self.given_title or self.trace.title

    @cached_property
    def classes(self) -> list[str]:
        return [str(name) for name in self.trace.about["classes"]]

    @cached_property
    def colors(self) -> Any:
        return class_colors(max(len(self.classes), 2))

    @cached_property
    def labels(self) -> IntArray | None:
        names = {site.name for site in self.trace.sites}
        return self.trace["labels", self.first] if "labels" in names else None

    @cached_property
    def description(self) -> str:
        count = len(self.shown)
        said = [self.words("decision.description", title=self.title, classes=self._named)]
        if count > 1:
            ends = (self.place(self.shown[0]), self.place(self.shown[-1]))
            said.append(
                self.words("decision.description-film", count=count, first=ends[0], last=ends[1])
            )
        if self.labels is not None:
            share = float(self.trace["accuracy", self.shown[-1]])
            right = self.words.figures(format_percent(share))
            key = "decision.description-accuracy" + ("-film" if count > 1 else "")
            said.append(self.words(key, accuracy=right))
        return " ".join(said)

    @cached_property
    def _named(self) -> str:
        """The classes in a row: "upper and lower", "setosa, versicolor and virginica"."""
        *before, last = self.classes
        between = f" {self.words('decision.and')} "
        return between.join([", ".join(before), last]) if before else last

    @cached_property
    def scales(self) -> tuple[Scale, Scale]:
        x, y, wide, tall = self.layout.square
        across, up = self.trace["across", self.first], self.trace["up", self.first]
        dx, dy = (across[1] - across[0]) / 2, (up[0] - up[1]) / 2
        return (
            Scale(float(across[0] - dx), float(across[-1] + dx), x, x + wide),
            Scale(float(up[-1] - dy), float(up[0] + dy), y + tall, y),
        )

    @cached_property
    def points(self) -> tuple[IntArray, FloatArray]:
        """The samples that are drawn: their numbers, and where they stand."""
        places = self.trace["places", self.first]
        x, y = (scale.place(part) for scale, part in zip(self.scales, places.T, strict=True))
        left, top, wide, tall = self.layout.square
        inside = (x >= left) & (x <= left + wide) & (y >= top) & (y <= top + tall)
        found = np.flatnonzero(inside)
        if len(found) > MOST_POINTS:
            found = found[
                np.unique(np.rint(np.linspace(0, len(found) - 1, MOST_POINTS)).astype(int))
            ]
        return found, np.stack([x[found], y[found]], 1)

    @cached_property
    def network(self) -> NeuronMaps | None:
        if not self.trace.about.get("layers"):
            return None
        x, y, wide, tall = self.layout.room
        top = y + 2.0 * self.layout.text_size * self._legend_lines
        share = 0.98 if self.labels is None else 0.74
        box = (x, top, wide, y + tall * share - top)
        return NeuronMaps(
            self.trace, self.shown, box, self.layout, self.theme, self.words, self.colors
        )  # fmt: skip

    @cached_property
    def score(self) -> Score:
        """The number of the moment and the accuracy."""
        return Score(
            self.trace, self.shown, self.layout, self.theme, self.words, self.network is not None
        )

    @property
    def _legend_lines(self) -> float:
        return 1.1 + 0.75 * (len(self._legend_rows) - 1)

    def place(self, moment: int) -> str:
        name, number = place_in_time(self.trace.moments[moment])
        if self.trace.moments[moment].kind == "map":
            return self.words("decision.map")
        known = ("epoch", "step")
        return f"{self.words(f'decision.{name}') if name in known else name} {format_place(number)}"

    def marks(self, stop: int) -> list[Mark]:
        moment = self.shown[stop]
        marks = [*self._still]
        marks += self._map(moment) + self._samples(moment)
        if self.network is not None:
            marks += self.network.marks(moment)
        return marks + self.score.marks(stop)

    @cached_property
    def _still(self) -> list[Mark]:
        layout, theme = self.layout, self.theme
        width = layout.size[0] - 2 * layout.margin
        short = shorten(self.title, width, layout.title_size, BOLD_WEIGHT)
        marks: list[Mark] = [
            label(layout.margin, layout.title_base, short, theme.ink, size=layout.title_size,
                  weight=BOLD_WEIGHT),
        ]  # fmt: skip
        return marks + self._axes + self._legend + self._foot

    @cached_property
    def _axes(self) -> list[Mark]:
        x, y, wide, tall = self.layout.square
        size, grey = self.layout.text_size, self.theme.grey
        names = self.trace.about["names"]
        kind = self.trace.about["plane"]["kind"]
        if kind != "columns":
            key = "decision.component" if kind == "components" else "decision.direction"
            names = [self.words(key, number=name) for name in names]
        marks: list[Mark] = [
            label(x + wide / 2, y + tall + 1.3 * size, shorten(str(names[0]), wide / 2, size),
                  grey, size=size, anchor="middle"),
            label(x, y - 10, shorten(str(names[1]), wide, size), grey, size=size),
        ]  # fmt: skip
        for scale, level in zip(self.scales, (True, False), strict=True):
            ticks = scale.ticks(6)
            for value, text in (ticks[0], ticks[-1]) if ticks else ():
                at = float(scale.place(value))
                said = self.words.figures(text)
                if level:
                    marks.append(
                        label(at, y + tall + 1.3 * size, said, grey, size=size, anchor="middle")
                    )
                    ends = [at, y + tall, at, y + tall + 5]
                else:
                    marks.append(
                        label(x - 9, at + size * 0.36, said, grey, size=size, anchor="end")
                    )
                    ends = [x - 5, at, x, at]
                marks.append(hairlines(float32_array([ends]), grey))
        return marks

    @cached_property
    def _legend_rows(self) -> list[list[tuple[str, int]]]:
        """Names with their class (−1: answered wrongly), in rows as wide as the column."""
        entries = list(zip(self.classes, range(len(self.classes)), strict=True))
        if self.labels is not None:
            entries.append((self.words("decision.wrong"), -1))
        size, wide = self.layout.text_size, self.layout.room[2]
        rows: list[list[tuple[str, int]]] = [[]]
        used = 0.0
        for name, kind in entries:
            short = shorten(name, wide / 2, size)
            need = text_width(short, size) + 3.2 * size
            if rows[-1] and used + need > wide + 1.2 * size:
                rows.append([])
                used = 0.0
            rows[-1].append((short, kind))
            used += need
        return rows

    @cached_property
    def _legend(self) -> list[Mark]:
        left, top, _, _ = self.layout.room
        size = self.layout.text_size
        marks: list[Mark] = []
        for number, row in enumerate(self._legend_rows):
            x, y = left, top + size * (0.9 + 1.5 * number)
            for name, kind in row:
                center = float32_array([[x + size * 0.45, y - size * 0.36]])
                marks += self._dot(center, np.array([max(kind, -1)]), size * 0.4)
                marks.append(label(x + 1.4 * size, y, name, self.theme.ink, size=size))
                x += text_width(name, size) + 3.2 * size
        return marks

    def _dot(self, centers: Array, kinds: IntArray, radius: float) -> list[Mark]:
        """Samples in their class's colour; a ring alone for −1."""
        marks: list[Mark] = []
        ring = kinds < 0
        if (~ring).any():
            fill = np.concatenate(
                [self.colors[kinds[~ring]], np.full((int((~ring).sum()), 1), 255, np.uint8)], 1
            )
            edge = np.array(self.theme.ground, np.uint8)
            marks.append(
                Discs(float32_array(centers[~ring]), float32_array([radius]), fill, edge,
                      float32_array([radius * 0.22]))
            )  # fmt: skip
        if ring.any():
            ink, clear = np.array(self.theme.ink, np.uint8), np.array([0, 0, 0, 0], np.uint8)
            marks.append(
                Discs(float32_array(centers[ring]), float32_array([radius * 1.45]), clear, ink,
                      float32_array([max(radius * 0.3, 1.5)]))
            )  # fmt: skip
        return marks

    def _map(self, moment: int) -> list[Mark]:
        square = self.layout.square
        x, y, wide, tall = square
        found = self.trace["probabilities", moment]
        pixels = region_colors(found, self.theme, self.colors)
        marks: list[Mark] = [Image(square, pixels, refers=Reference("probabilities", moment))]
        segments = boundary(found) * [wide, tall, wide, tall] + [x, y, x, y]
        ink = np.array(self.theme.ink, np.uint8)
        if len(segments):
            width = 2.0 if self.layout.small else 3.0
            marks.append(Segments(float32_array(segments), float32_array([width]), ink))
        clear, edge = np.array([0, 0, 0, 0], np.uint8), np.array(self.theme.hairline, np.uint8)
        marks.append(
            Rectangles(float32_array([square]), clear, float32_array([0]), edge, float32_array([1]))
        )
        return marks + self._arrow(moment, segments)

    def _arrow(self, moment: int, segments: FloatArray) -> list[Mark]:
        """The weights of one neuron as a direction: where its line crosses the picture's middle."""
        if ("direction", moment) not in self.trace or not len(segments):
            return []
        slope = self.trace["direction", moment]
        x, y = self.scales
        per = np.array([(x.end - x.start) / (x.high - x.low), (y.end - y.start) / (y.high - y.low)])
        if abs(per[0] + per[1]) > 1e-6 * abs(per[0]) or not np.any(slope):
            return []  # with two scales the arrow would not stand upright on the line
        left, top, wide, tall = self.layout.square
        middles = (segments[:, :2] + segments[:, 2:]) / 2
        near = np.linalg.norm(middles - [left + wide / 2, top + tall / 2], axis=1).argmin()
        along = slope * [1, -1] / np.linalg.norm(slope)
        start = middles[near]
        tip = start + 0.17 * wide * along
        side = np.array([-along[1], along[0]])
        head = 0.022 * wide
        ends = [
            [*start, *tip], [*tip, *(tip - head * along + 0.6 * head * side)],
            [*tip, *(tip - head * along - 0.6 * head * side)],
        ]  # fmt: skip
        width = 3.0 if self.layout.small else 4.0
        ink = np.array(self.theme.ink, np.uint8)
        refers = Reference("direction", moment)
        return [Segments(float32_array(ends), float32_array([width]), ink, refers)]

    def _samples(self, moment: int) -> list[Mark]:
        numbers, centers = self.points
        if not len(numbers):
            return []
        radius = self.layout.dot * (0.7 if len(numbers) > 300 else 1.0)
        if self.labels is None:
            kinds = self.trace["answers", moment][numbers]
            return self._dot(centers, kinds, radius)
        kinds = self.labels[numbers]
        wrong = self.trace["answers", moment][numbers] != kinds
        marks = self._dot(centers, kinds, radius)
        if wrong.any():
            marks += self._dot(centers[wrong], np.full(int(wrong.sum()), -1), radius)
        return marks

    @cached_property
    def foot_lines(self) -> list[str]:
        """All that must be said of what is seen."""
        layout = self.layout
        width = layout.size[0] - layout.margin - (24 if layout.small else 80)
        parts = statements(
            self.trace, self.words, self.shown, len(self.points[0]), self.network is not None
        )
        return wrapped(parts, width, layout.text_size)

    @cached_property
    def _foot(self) -> list[Mark]:
        layout, lines, step = self.layout, self.foot_lines, self.layout.foot_step
        base = layout.size[1] - (14 if layout.small else 34) - step * (len(lines) - 1)
        return [
            label(layout.margin, base + step * number, text, self.theme.grey, size=layout.text_size)
            for number, text in enumerate(lines)
        ]
