"""Slopes twice: the error with its terms, two columns of numbers, and what each of them took."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Color, Discs, Mark, Scene, Segments
from ....trace import Trace
from ....typeface import shorten
from ....types import FloatArray, float32_array
from ...charts.scale import Scale, power_range
from ...marks import hairlines
from ...palette import class_colors
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import Theme, format_count

ROWS: Final = 14
DIGITS: Final = 8
_COLUMNS: Final = (LEFT, 395.0, 590.0)  # the names' left end, the numbers' right ends
_CHART: Final = (740.0, 128.0, 300.0, 380.0)
_TOP, _STEP = 128.0, 30.0


def nudges(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The two slopes of `explain.nudges` side by side, and the operations each took, by size.

    Stops: the error with its terms, the two columns, the operations. Of more than fourteen
    weights those with the largest slopes are shown, and the picture says so; the largest
    difference is over all. Raises `InputError` for a trace of another kind.
    """
    given = trace_with(trace, ("nudged", "backpropagated", "terms"), "A view of nudges", "nudges")
    return _Slopes(given, sheet(size, theme, language)).scene()


@dataclass(frozen=True, eq=False)
class _Slopes(Drawing):
    def scene(self) -> Scene:
        """Three stops."""
        told = self.sheet.words
        labels = [told(f"learning.nudges-stop-{name}") for name in ("error", "slopes", "counts")]
        return self.sheet.scene(
            self.marks, labels, title=told("learning.nudges-title"), pace_s=2.0,
            description=told(
                "learning.nudges-description", count=self._count(len(self.names)),
                difference=self._number(float(self.trace["largest difference", 1]), 2),
            ),
        )  # fmt: skip

    def _number(self, value: float, digits: int = 3) -> str:
        return self.sheet.number(value, digits)

    def _count(self, value: float) -> str:
        return self.sheet.words.figures(format_count(int(value)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each weight is called."""
        return tuple(map(str, self.trace.site("nudged").entries["weight"]))

    @cached_property
    def rows(self) -> list[int]:
        """The weights shown."""
        if len(self.names) <= ROWS:
            return list(range(len(self.names)))
        sizes = np.abs(self.trace["backpropagated", 1])
        return sorted(np.argsort(-sizes, kind="stable")[:ROWS].tolist())

    @cached_property
    def colors(self) -> tuple[Color, Color]:
        """Of nudging and of backpropagation."""
        orange, green = class_colors(3)[1].tolist(), class_colors(3)[2].tolist()
        return (*orange, 255), (*green, 255)

    def marks(self, stop: int) -> list[Mark]:
        """The picture at a stop."""
        told = self.sheet.words
        foot = [told("learning.nudges-foot-exact"), told("learning.nudges-foot-counts")]
        if stop == 0:
            marks = self.sheet.frame(told("learning.nudges-title"), foot[:1])
            return [*marks, *self._error()]
        if len(self.rows) < len(self.names):
            shown, every = self._count(len(self.rows)), self._count(len(self.names))
            foot.insert(0, told("learning.nudges-foot-rows", shown=shown, all=every))
        marks = self.sheet.frame(told("learning.nudges-title"), foot)
        marks += self._table()
        return [*marks, *self._chart()] if stop == 2 else marks

    def _error(self) -> list[Mark]:
        """The first sample's terms, and the error over all of them."""
        told, sheet, grey = self.sheet.words, self.sheet, self.sheet.theme.grey
        kind = self.trace.header.about["error"]
        outputs, target = self.trace["outputs", 0], self.trace["target", 0]
        terms = self.trace["terms", 0]
        rights = (330.0, 560.0, 860.0)
        marks: list[Mark] = []
        formula = told(f"learning.error-formula-{kind}")
        heads = (told("learning.error-output"), told("learning.error-target"), formula)
        for right, head in zip(rights, heads, strict=True):
            marks.append(sheet.text(right, _TOP, head, size=SMALL, color=grey, anchor="end"))
        shown = min(outputs.shape[1], ROWS - 3)
        for row in range(shown):
            base = _TOP + _STEP * (row + 1.3)
            marks.append(sheet.text(LEFT, base, self._count(row), color=grey))
            for right, values in zip(rights, (outputs, target, terms), strict=True):
                said = self._number(float(values[0, row]), 5)
                marks.append(sheet.text(right, base, said, anchor="end"))
        base = _TOP + _STEP * (shown + 1.6)
        edge = float32_array([[LEFT, base - 20, rights[-1], base - 20]])
        marks.append(hairlines(edge, sheet.theme.hairline))
        total = self._number(float(terms[0].sum()), 5)
        marks.append(sheet.text(LEFT, base + 12, told("learning.error-sum"), color=grey))
        marks.append(sheet.text(rights[-1], base + 12, total, anchor="end", bold=True))
        samples = len(outputs)
        if samples > 1:
            loss = self._number(float(self.trace["loss", 0]), 5)
            name = told("learning.error-mean", samples=self._count(samples))
            marks.append(sheet.text(LEFT, base + 48, name, color=grey))
            marks.append(sheet.text(rights[-1], base + 48, loss, anchor="end", bold=True))
        if shown < outputs.shape[1]:
            every = self._count(outputs.shape[1])
            said = told("learning.error-shown", shown=self._count(shown), all=every)
            marks.append(sheet.text(LEFT, base + 84, said, color=grey))
        return marks

    def _table(self) -> list[Mark]:
        """The two columns, digit under digit."""
        told, sheet, grey = self.sheet.words, self.sheet, self.sheet.theme.grey
        slow, fast = self.trace["nudged", 1], self.trace["backpropagated", 1]
        marks: list[Mark] = []
        heads = (told("learning.nudges-weight"), told("learning.nudges-by-nudge"),
                 told("learning.nudges-by-back"))  # fmt: skip
        marks.append(sheet.text(_COLUMNS[0], _TOP - 22, heads[0], size=SMALL, color=grey))
        for right, head, color in zip(_COLUMNS[1:], heads[1:], self.colors, strict=True):
            marks.append(sheet.text(right, _TOP - 22, head, size=SMALL, anchor="end"))
            under = float32_array([[right - 70, _TOP - 12, right, _TOP - 12]])
            marks.append(Segments(under, float32_array([2]), np.array(color, np.uint8)))
        decimals = _decimals(np.concatenate([slow[self.rows], fast[self.rows]]))
        for line, row in enumerate(self.rows):
            base = _TOP + 14 + _STEP * line
            name = shorten(self.names[row], 185, SMALL)
            marks.append(sheet.text(_COLUMNS[0], base, name, size=SMALL, color=grey))
            for right, values in zip(_COLUMNS[1:], (slow, fast), strict=True):
                said = sheet.words.figures(_fixed(float(values[row]), decimals))
                marks.append(sheet.text(right, base, said, anchor="end"))
        base = _TOP + 24 + _STEP * len(self.rows)
        difference = self._number(float(self.trace["largest difference", 1]), 2)
        said = told(
            "learning.nudges-difference", difference=difference, count=self._count(len(self.names))
        )
        return [*marks, sheet.text(LEFT, base, said, bold=True, size=SMALL)]

    @cached_property
    def counts(self) -> dict[str, FloatArray]:
        """Weights and multiplications of every network (network,), by size."""
        names = ("weights", "multiplications nudged", "multiplications backpropagated")
        found = {name: self.trace.series(name)[1] for name in names}
        order = np.argsort(found["weights"], kind="stable")
        return {name: values[order].astype(np.float64) for name, values in found.items()}

    def _chart(self) -> list[Mark]:
        """Multiplications against weights, both in powers of ten."""
        told, sheet, grey = self.sheet.words, self.sheet, self.sheet.theme.grey
        left, top, width, height = _CHART
        weights = self.counts["weights"]
        both = [self.counts[f"multiplications {way}"] for way in ("nudged", "backpropagated")]
        ends = power_range(np.concatenate(both))
        sizes = power_range(weights)
        marks: list[Mark] = [sheet.text(left, top - 22, told("learning.nudges-counts"))]
        if ends is None or sizes is None:
            return marks
        up, across = Scale(*ends, top + height, top, True), Scale(*sizes, left, left + width, True)
        for value, name in up.ticks(7):
            y = float(up.place(value))
            edge = float32_array([[left, y, left + width, y]])
            marks.append(hairlines(edge, sheet.theme.hairline))
            marks.append(sheet.text(left - 10, y + 6, name, size=16, color=grey, anchor="end"))
        for value, name in across.ticks(6):
            x = float(across.place(value))
            marks.append(
                sheet.text(x, top + height + 24, name, size=16, color=grey, anchor="middle")
            )
        base = top + height + 48
        axis = told("learning.nudges-axis")
        marks.append(sheet.text(left + width, base, axis, size=SMALL, color=grey, anchor="end"))
        names = (told("learning.nudges-by-nudge"), told("learning.nudges-by-back"))
        xs = np.asarray(across.place(weights))
        for name, values, color in zip(names, both, self.colors, strict=True):
            ys = np.asarray(up.place(values))
            own = np.array(color, np.uint8)
            lines = np.stack([xs[:-1], ys[:-1], xs[1:], ys[1:]], axis=1)
            marks.append(Segments(float32_array(lines), float32_array([2.5]), own))
            spots = float32_array(np.stack([xs, ys], axis=1))
            marks.append(Discs(spots, float32_array([5.0]), own))
            at, level = float(xs[-1]) + 14, float(ys[-1])
            marks.append(sheet.text(at, level, name, size=SMALL))
            marks.append(sheet.text(at, level + 22, self._count(values[-1]), size=SMALL))
        return marks


def _decimals(values: FloatArray) -> int:
    """So many decimals that the largest has eight digits."""
    largest = float(np.abs(values).max())
    return DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else DIGITS


def _fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, with a true minus."""
    return f"{value:z,.{max(decimals, 0)}f}".replace("-", "\u2212")
