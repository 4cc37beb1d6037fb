"""Softmax written out: score, shifted score, exponential, quotient, one column after another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....typeface import shorten
from ....types import FloatArray, float32_array
from ...charts.frame import Frame, trace_of
from ...marks import hairlines, label
from ...style import BOLD_WEIGHT, LABEL_SIZE, TEXT_SIZE, Theme, format_number, format_percent
from ...style import theme as theme_named

MOST_ROWS: Final = 12
STEPS: Final = ("scores", "shifted", "exponentials", "probabilities")
_TOP, _BOTTOM = 270.0, 880.0
_COLUMNS: Final = (560.0, 790.0, 1040.0, 1270.0)  # right ends of the numbers
_BAR: Final = (1340.0, 500.0)


def softmax(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """How scores become probabilities: a stop for each column, then one for each temperature.

    `trace` is what `explain.softmax` gives. Rows are classes; of more than twelve the likeliest
    twelve are drawn and the picture says so. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "A softmax")
    if not {"scores", "shifted", "exponentials", "sum", "probabilities"} <= {
        site.name for site in given.sites
    }:
        raise InputError(
            "There is no softmax in the trace", received=repr(given.title),
            do="Give what explain.softmax made",
        )  # fmt: skip
    told = words(language)
    frame = Frame((1920, 1080), theme_named(theme))
    table = _Table(given, frame, told)
    steps = [(0, step) for step in range(1, len(STEPS) + 1)]
    steps += [(moment, len(STEPS)) for moment in range(1, len(given))]
    labels = [
        told(f"convolution.softmax-{STEPS[step - 1]}") if moment == 0 else table.heat(moment)
        for moment, step in steps
    ]
    title = told("convolution.softmax-title")
    return frame.scene(
        lambda stop: table.marks(*steps[stop]), labels, title=title,
        description=told("convolution.softmax-description", count=len(given["scores", 0])),
        speed=0.5,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Table:
    trace: Trace
    frame: Frame
    words: Words

    @cached_property
    def rows(self) -> list[int]:
        likely = self.trace["probabilities", 0]
        if len(likely) <= MOST_ROWS:
            return list(range(len(likely)))
        return sorted(np.argsort(-likely, kind="stable")[:MOST_ROWS].tolist())

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self.trace.site("scores").entries["class"]))

    def heat(self, moment: int) -> str:
        value = float(self.trace.moments[moment].at["temperature"])
        return self.words("convolution.softmax-temperature", value=self.number(value))

    def number(self, value: float, digits: int = 3) -> str:
        return self.words.figures(format_number(float(value), digits))

    def marks(self, moment: int, step: int) -> list[Mark]:
        theme, grey = self.frame.theme, self.frame.theme.grey
        ink = theme.ink
        title = self.words("convolution.softmax-title")
        marks = self.frame.words(title, self.frame.foot(self._foot(moment)))
        marks.append(label(1840, 82, self.heat(moment), grey, size=TEXT_SIZE, anchor="end"))
        tall = min((_BOTTOM - _TOP) / len(self.rows), 104.0)
        heated = float(self.trace.moments[moment].at["temperature"]) != 1
        for number, (right, name) in enumerate(zip(_COLUMNS, STEPS, strict=True)):
            if number >= step:
                continue
            key = f"convolution.softmax-{name}" + ("-heated" if heated and number == 1 else "")
            said = self.words(key)
            color = ink if number == step - 1 else grey
            marks.append(label(right, _TOP - 56, said, color, size=LABEL_SIZE, anchor="end"))
            formula = self.words(f"convolution.softmax-formula-{name}")
            if heated and number == 1:
                formula = self.words("convolution.softmax-formula-heated")
            marks.append(label(right, _TOP - 28, formula, grey, size=LABEL_SIZE, anchor="end"))
            values = self.trace[name, moment]
            for line, row in enumerate(self.rows):
                base = _TOP + (line + 0.5) * tall + 8
                marks.append(self._value(name, moment, values, row, (right, base)))
        for line, row in enumerate(self.rows):
            base = _TOP + (line + 0.5) * tall + 8
            short_name = shorten(self.names[row], 300, TEXT_SIZE)
            marks.append(label(80, base, short_name, ink, size=TEXT_SIZE))
        edges = [[80, _TOP + n * tall, 1840, _TOP + n * tall] for n in range(len(self.rows) + 1)]
        marks.append(hairlines(float32_array(edges), theme.hairline))
        if step >= 3:
            base = _TOP + len(self.rows) * tall + 40
            total = self.words("convolution.softmax-sum") + "  "
            total += self.number(float(self.trace["sum", moment]), 4)
            marks.append(label(_COLUMNS[2], base, total, ink, size=TEXT_SIZE, anchor="end"))
        if step >= 4:
            marks += self._bars(moment, tall)
        return marks

    def _value(
        self, name: str, moment: int, values: FloatArray, row: int, at: tuple[float, float]
    ) -> Mark:
        ink, value = self.frame.theme.ink, float(values[row])
        if name == "probabilities":
            text, best = self.words.figures(format_percent(value)), row == int(np.argmax(values))
            weight = BOLD_WEIGHT if best else 400
            return label(*at, text, ink, size=TEXT_SIZE, weight=weight, anchor="end")
        return label(*at, self.number(value), ink, size=TEXT_SIZE, anchor="end")

    def _bars(self, moment: int, tall: float) -> list[Mark]:
        theme, values = self.frame.theme, self.trace["probabilities", moment]
        left, width = _BAR
        middles = [_TOP + (line + 0.5) * tall for line in range(len(self.rows))]
        backs = float32_array([[left, y - 5, width, 10] for y in middles])
        fills = float32_array(
            [[left, y - 5, max(width * float(values[row]), 0.01), 10]
             for y, row in zip(middles, self.rows, strict=True)]
        )  # fmt: skip
        radius = float32_array([5])
        return [
            Rectangles(backs, np.array(theme.hairline, np.uint8), radius),
            Rectangles(
                fills, np.array(theme.ink, np.uint8), np.minimum(fills[:, 2] / 2, 5),
                refers=Reference("probabilities", moment, np.array(self.rows)[:, None]),
            ),
        ]  # fmt: skip

    def _foot(self, moment: int) -> list[str]:
        plain = self.trace["unshifted exponentials", moment]
        largest = float(plain.max())
        parts = [
            self.words("convolution.softmax-foot-infinite")
            if not np.isfinite(largest)
            else self.words("convolution.softmax-foot", largest=self.number(largest))
        ]
        if len(self.rows) < len(self.names):
            parts.append(
                self.words("convolution.softmax-rows", shown=len(self.rows), all=len(self.names))
            )
        return parts
