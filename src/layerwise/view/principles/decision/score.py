"""Beside a decision map: the number of the moment, and the accuracy until then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....language import Words
from ....scene import Discs, Mark
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import FloatArray, IntArray, float32_array
from ...charts.chart import line
from ...charts.frame import format_place, place_in_time
from ...charts.scale import Scale, round_step
from ...marks import Box, dotted, hairlines, label
from ...style import BOLD_WEIGHT, LIGHT_WEIGHT, Theme, format_percent
from .layout import Layout


@dataclass(frozen=True, eq=False)
class Score:
    """How many samples are answered rightly in each of the moments `shown`.

    `network` says that the room above is taken by one.
    """

    trace: Trace
    shown: tuple[int, ...]
    layout: Layout
    theme: Theme
    words: Words
    network: bool

    @cached_property
    def labels(self) -> IntArray | None:
        """The classes of the samples, where they are known."""
        names = {site.name for site in self.trace.sites}
        return self.trace["labels", self.trace.where("labels")[0]] if "labels" in names else None

    @cached_property
    def accuracy(self) -> FloatArray | None:
        """The share of right answers, moment by moment."""
        if self.labels is None:
            return None
        return np.array([float(self.trace["accuracy", moment]) for moment in self.shown])

    def marks(self, stop: int) -> list[Mark]:
        """The number of the epoch, and the accuracy until then."""
        x, y, wide, tall = self.layout.room
        moment, theme, layout = self.shown[stop], self.theme, self.layout
        film = len(self.shown) > 1
        share = 0.78 if self.network else 0.24
        top, size = y + tall * share, layout.text_size
        marks: list[Mark] = []
        if film:
            name, number = place_in_time(self.trace.moments[moment])
            said = self.words(f"decision.{name}") if name in ("epoch", "step") else name
            marks.append(label(x, top + size * 0.6, said, theme.grey, size=layout.unit_size))
            big = self.words.figures(format_place(number))
            marks.append(
                label(x, top + size * 0.6 + 1.15 * layout.big_size, big, theme.ink,
                      size=layout.big_size, weight=LIGHT_WEIGHT)
            )  # fmt: skip
        if self.accuracy is None:
            return marks
        if not film:
            share_said = self.words.figures(format_percent(float(self.accuracy[stop])))
            base = top + size * 0.6 + 1.15 * layout.big_size
            said = self.words("decision.accuracy")
            marks.append(label(x, top + size * 0.6, said, theme.grey, size=layout.unit_size))
            big_mark = label(x, base, share_said, theme.ink, size=layout.big_size,
                             weight=LIGHT_WEIGHT)  # fmt: skip
            return [*marks, big_mark]
        widest = self.words.figures(
            max((format_place(place_in_time(self.trace.moments[one])[1]) for one in self.shown),
                key=len)
        )  # fmt: skip
        start = x + max(text_width(widest, layout.big_size, LIGHT_WEIGHT), 0.2 * wide) + 2 * size
        box = (start, top + size, x + wide - start, y + tall - top - 2.2 * size)
        return marks + self._curve(box, stop)

    def _curve(self, box: Box, stop: int) -> list[Mark]:
        left, top, wide, tall = box
        theme, size = self.theme, self.layout.text_size
        accuracy = self.accuracy
        if accuracy is None or self.labels is None:
            return []
        counts = np.bincount(self.labels, minlength=len(self.trace.about["classes"]))
        guess = float(counts.max() / counts.sum())
        low = min(float(accuracy.min()), guess)
        step = round_step(max(1 - low, 0.05), 4)
        across = Scale(0, max(len(accuracy) - 1, 1), left, left + wide - 6)
        up = Scale(max(np.floor(low / step - 0.2) * step, 0.0), 1.0, top + tall, top + 1.4 * size)
        floor = top + tall
        xs, ys = across.place(np.arange(len(accuracy))), up.place(accuracy)
        level = float(up.place(guess))
        said = self.words("decision.accuracy")
        now = self.words.figures(format_percent(float(accuracy[stop])))
        marks: list[Mark] = [
            hairlines(float32_array([[left, floor, left + wide, floor]]), theme.hairline),
            dotted(left, left + wide, level, theme.grey),
            label(left, top, said, theme.grey, size=size),
            label(left + text_width(said, size) + 8, top, now, theme.ink, size=size,
                  weight=BOLD_WEIGHT),
        ]  # fmt: skip
        name = self.words("decision.guess", share=self.words.figures(format_percent(guess)))
        short = shorten(name, wide - 2.2 * size, size)
        base = floor + 1.25 * size
        start = left + wide - text_width(short, size)
        marks.append(dotted(start - 2 * size, start - 0.5 * size, base - 0.36 * size, theme.grey))
        marks.append(label(left + wide, base, short, theme.grey, size=size, anchor="end"))
        marks += line(xs[: stop + 1], ys[: stop + 1], theme.ink)
        dot = float32_array([[xs[stop], ys[stop]]])
        ink = np.array(theme.ink, np.uint8)
        marks.append(Discs(dot, float32_array([4 if self.layout.small else 6]), ink))
        return marks
