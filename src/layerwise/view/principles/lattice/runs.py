"""Means of more and more runs beside the exact probabilities, and the law of their difference."""

from __future__ import annotations

import numpy as np

from ....scene import Discs, Mark, Reference, Scene
from ....trace import Trace
from ....types import float32_array
from ...charts.chart import line
from ...charts.scale import Scale
from ...marks import hairlines
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import Theme
from .maps import LatticeDrawing

_SITES = ("simulated", "probabilities", "difference", "expected")


def lattice_runs(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A still of what `explain.lattice_runs` gives: maps above, the difference below.

    Raises `InputError` for a trace of another kind.
    """
    drawing = _Runs(trace_with(trace, _SITES, "This picture", "lattice_runs"),
                    sheet(size, theme, language))  # fmt: skip
    words = drawing.words
    title = words("lattice.title-runs")
    marks = drawing.marks()
    most = drawing.sheet.count(drawing.runs[-1])
    text = words("lattice.runs-description", runs=most)
    return drawing.sheet.scene(lambda stop: marks, [title], title=title, description=text)


class _Runs(LatticeDrawing):
    @property
    def runs(self) -> list[int]:
        """The numbers of runs."""
        return [int(moment.at["runs"]) for moment in self.trace.moments]

    def marks(self) -> list[Mark]:
        """The whole still."""
        trace, words, sheet, runs = self.trace, self.words, self.sheet, self.runs
        about = trace.about
        foot = [
            *self.size_parts(),
            words("lattice.foot-layers", layers=sheet.count(about["layers"])),
            words("lattice.foot-strength"),
        ]
        marks = sheet.frame(words("lattice.title-runs"), foot)
        shown = [place for place in range(len(runs)) if place % 2 == 0]
        if len(runs) - 1 not in shown:
            shown.append(len(runs) - 1)
        count = len(shown) + 1
        gap, top = 18.0, TOP + 36
        side = min((sheet.right - LEFT - gap * (count - 1)) / count, 205.0)
        for number, place in enumerate(shown):
            box = (LEFT + number * (side + gap), top, side, side)
            refers = Reference("simulated", place)
            marks.append(self.probability_map(trace["simulated", place], box, refers))
            name = words("lattice.runs-one")
            if runs[place] > 1:
                name = words("lattice.runs-many", runs=sheet.count(runs[place]))
            marks.append(sheet.text(box[0], top - 10, name, size=SMALL, quiet=True))
        box = (LEFT + len(shown) * (side + gap), top, side, side)
        marks.append(
            self.probability_map(trace["probabilities", 0], box, Reference("probabilities", 0))
        )
        marks.append(sheet.text(box[0], top - 10, words("lattice.runs-exact"), size=SMALL))
        return marks + self._law(top + side + 66)

    def _law(self, top: float) -> list[Mark]:
        """The difference against the number of runs, on powers of ten."""
        trace, words, sheet, theme = self.trace, self.words, self.sheet, self.theme
        runs = np.array(self.runs, float)
        found = np.array([float(trace["difference", place]) for place in range(len(runs))])
        expected = np.array([float(trace["expected", place]) for place in range(len(runs))])
        left, right, floor = LEFT + 70.0, 760.0, 560.0
        across = Scale(1, max(runs[-1], 2), left, right, log=True)
        values = np.concatenate([found, expected])
        known = values[values > 0]
        low, high = (known.min() / 1.5, known.max() * 1.5) if known.size else (0.1, 1.0)
        up = Scale(float(low), float(high), floor, top, log=True)
        marks: list[Mark] = [
            sheet.text(LEFT, top - 16, words("lattice.runs-difference"), size=SMALL, quiet=True)
        ]
        ticks = [(value, place) for value in (0.003, 0.01, 0.03, 0.1, 0.3)
                 if low <= value <= high for place in [float(up.place(value))]]  # fmt: skip
        if ticks:
            rows = float32_array([[left, y, right, y] for _, y in ticks])
            marks.append(hairlines(rows, theme.hairline))
        for value, y in ticks:
            told = sheet.number(value, 1)
            marks.append(sheet.text(left - 12, y + 6, told, size=SMALL, quiet=True, anchor="end"))
        x, law = across.place(runs), up.place(np.where(expected > 0, expected, np.nan))
        marks += line(x, law, theme.grey, 2)
        dots = np.stack([x, up.place(found)], axis=1)
        dots = dots[np.isfinite(dots).all(axis=1)]
        ink = np.array(theme.ink, np.uint8)
        marks.append(Discs(float32_array(dots), float32_array([5.5]), ink))
        for number, at in zip(self.runs, x, strict=True):
            marks.append(
                sheet.text(float(at), floor + 24, sheet.count(number), size=SMALL, quiet=True,
                           anchor="middle")
            )  # fmt: skip
        keys = [words("lattice.runs-dots"), words("lattice.runs-line")]
        for number, (name, is_dot) in enumerate(zip(keys, (True, False), strict=True)):
            base = top + 20 + 30 * number
            if is_dot:
                spot = float32_array([[right + 50, base - 6]])
                marks.append(Discs(spot, float32_array([5.5]), ink))
            else:
                at = np.array([right + 38, right + 62])
                marks += line(at, np.array([base - 6.0, base - 6.0]), theme.grey, 2)
            marks.append(sheet.text(right + 76, base, name, size=SMALL))
        last = len(runs) - 1
        said = words(
            "lattice.runs-last",
            runs=sheet.count(runs[last]),
            found=sheet.number(found[last]),
            expected=sheet.number(expected[last]),
        )
        for number, part in enumerate(said.split("\n\n")):
            marks.append(sheet.text(right + 38, top + 96 + 26 * number, part, size=SMALL))
        return marks
