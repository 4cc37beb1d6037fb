"""Softmax written out: score, shifted score, exponential, quotient, one column after another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....typeface import shorten
from ....types import FloatArray, float32_array
from ...marks import hairlines
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import Theme
from .film import HEADING
from .grid import short

MOST_ROWS: Final = 12
STEPS: Final = ("scores", "shifted", "exponentials", "probabilities")
_TOP, _BOTTOM = 132.0, 566.0
_COLUMNS: Final = (240.0, 470.0, 620.0, 790.0)  # right ends of the numbers
_BAR: Final = (820.0, 340.0)


def softmax(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """How scores become probabilities: a stop for each column, then one for each temperature.

    `trace` is what `explain.softmax` gives. Rows are classes; of more than twelve the likeliest
    twelve are drawn and the picture says so. Raises `InputError` for a trace of another kind.
    """
    sites = ("scores", "shifted", "exponentials", "sum", "probabilities")
    given = trace_with(trace, sites, "A softmax", "softmax")
    table = _Table(given, sheet(size, theme, language))
    told = table.sheet.words
    steps = [(0, step) for step in range(1, len(STEPS) + 1)]
    steps += [(moment, len(STEPS)) for moment in range(1, len(given))]
    labels = [
        told(f"convolution.softmax-{STEPS[step - 1]}") if moment == 0 else table.heat(moment)
        for moment, step in steps
    ]
    title = told("convolution.softmax-title")
    likely = given["probabilities", 0]
    best = int(np.argmax(likely))
    description = told(
        "convolution.softmax-description", count=len(likely), best=table.names[best],
        share=table.sheet.percent(float(likely[best])),
    )  # fmt: skip
    return table.sheet.scene(
        lambda stop: table.marks(*steps[stop]), labels, title=title, pace_s=1.6,
        description=description,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Table(Drawing):
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
        return self.sheet.words(
            "convolution.softmax-temperature", value=self.sheet.words.figures(short(value))
        )

    def marks(self, moment: int, step: int) -> list[Mark]:
        """The table as far as it is filled."""
        sheet, told = self.sheet, self.sheet.words
        marks = sheet.frame(told("convolution.softmax-title"), self._foot(moment))
        heat = self.heat(moment)
        marks.append(sheet.text(sheet.right, 44, heat, size=SMALL, quiet=True, anchor="end"))
        tall = min((_BOTTOM - _TOP) / len(self.rows), 64.0)
        heated = float(self.trace.moments[moment].at["temperature"]) != 1
        bases = [_TOP + (line + 0.5) * tall + 6 for line in range(len(self.rows))]
        for number, (right, name) in enumerate(zip(_COLUMNS[:step], STEPS, strict=False)):
            divided = heated and number == 1
            said = told(f"convolution.softmax-{name}" + ("-heated" if divided else ""))
            quiet = number != step - 1
            marks.append(
                sheet.text(right, _TOP - 34, said, size=HEADING, quiet=quiet, anchor="end")
            )
            formula = told(f"convolution.softmax-formula-{'heated' if divided else name}")
            marks.append(
                sheet.text(right, _TOP - 13, formula, size=HEADING, quiet=True, anchor="end")
            )
            values = self.trace[name, moment]
            for base, row in zip(bases, self.rows, strict=True):
                marks.append(self._value(name, values, row, (right, base)))
        for base, row in zip(bases, self.rows, strict=True):
            marks.append(sheet.text(LEFT, base, shorten(self.names[row], 150, SMALL), size=SMALL))
        edges = [[LEFT, _TOP + n * tall, sheet.right, _TOP + n * tall]
                 for n in range(len(self.rows) + 1)]  # fmt: skip
        marks.append(hairlines(float32_array(edges), sheet.theme.hairline))
        if step >= 3:
            total = told("convolution.softmax-sum") + "  "
            total += sheet.number(float(self.trace["sum", moment]), 4)
            base = _TOP + len(self.rows) * tall + 27
            marks.append(sheet.text(_COLUMNS[2], base, total, size=SMALL, anchor="end"))
        if step >= 4:
            marks += self._bars(moment, tall)
        return marks

    def _value(self, name: str, values: FloatArray, row: int, at: tuple[float, float]) -> Mark:
        value, share = float(values[row]), name == "probabilities"
        text = self.sheet.percent(value) if share else self.sheet.number(value)
        best = share and row == int(np.argmax(values))
        return self.sheet.text(*at, text, size=SMALL, bold=best, anchor="end")

    def _bars(self, moment: int, tall: float) -> list[Mark]:
        theme, values = self.sheet.theme, self.trace["probabilities", moment]
        left, width = _BAR
        middles = [_TOP + (line + 0.5) * tall for line in range(len(self.rows))]
        backs = float32_array([[left, y - 4, width, 8] for y in middles])
        fills = float32_array(
            [[left, y - 4, max(width * float(values[row]), 0.01), 8]
             for y, row in zip(middles, self.rows, strict=True)]
        )  # fmt: skip
        radius = float32_array([4])
        return [
            Rectangles(backs, np.array(theme.hairline, np.uint8), radius),
            Rectangles(
                fills, np.array(theme.ink, np.uint8), np.minimum(fills[:, 2] / 2, 4),
                refers=Reference("probabilities", moment, np.array(self.rows)[:, None]),
            ),
        ]  # fmt: skip

    def _foot(self, moment: int) -> list[str]:
        told, plain = self.sheet.words, self.trace["unshifted exponentials", moment]
        largest = float(plain.max())
        parts = [
            told("convolution.softmax-foot-infinite")
            if not np.isfinite(largest)
            else told("convolution.softmax-foot", largest=self.sheet.number(largest))
        ]
        if len(self.rows) < len(self.names):
            parts.append(
                told("convolution.softmax-rows", shown=len(self.rows), all=len(self.names))
            )
        return parts
