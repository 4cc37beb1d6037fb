"""What the average over a run's layers is worth, and why: how long a cell stays like itself."""

from __future__ import annotations

import numpy as np

from ....scene import Discs, Mark, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.chart import Ending, band, end_labels, faded, line
from ...charts.scale import Scale, round_range
from ...marks import hairlines
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import Theme
from .maps import RULE_COLORS, LatticeDrawing

_SITES = ("effective", "together", "correlation")


def lattice_average(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A still of what `explain.lattice_average` gives: looks by length, and the correlation.

    Raises `InputError` for a trace of another kind.
    """
    drawing = _Average(trace_with(trace, _SITES, "This picture", "lattice_average"),
                       sheet(size, theme, language))  # fmt: skip
    words = drawing.words
    title = words("lattice.title-average")
    marks = drawing.marks()
    text = words("lattice.average-description")
    return drawing.sheet.scene(lambda stop: marks, [title], title=title, description=text)


class _Average(LatticeDrawing):
    @property
    def lengths(self) -> list[int]:
        """The lengths of the averages."""
        return [int(moment.at["layers"]) for moment in self.trace.moments]

    def marks(self) -> list[Mark]:
        """The whole still."""
        trace, words, sheet = self.trace, self.words, self.sheet
        about = trace.about
        foot = [
            *self.size_parts(),
            words("lattice.foot-groups", groups=sheet.count(about["groups"]),
                  runs=sheet.count(about["runs"])),
        ]  # fmt: skip
        marks = sheet.frame(words("lattice.title-average"), foot)
        return [*marks, *self._looks(), *self._correlations()]

    def _axes(
        self, box: tuple[float, float, float, float], up: Scale, across: Scale,
        numbers: list[int], heading: str, below: str, *, percent: bool = False,
    ) -> list[Mark]:  # fmt: skip
        sheet, theme = self.sheet, self.theme
        left, top, width, height = box
        marks: list[Mark] = [sheet.text(left - 40, top - 26, heading, size=SMALL, quiet=True)]
        ticks = up.ticks(6)
        rows = [[left, float(up.place(value)), left + width, float(up.place(value))]
                for value, _ in ticks]  # fmt: skip
        marks.append(hairlines(float32_array(rows), theme.hairline))
        for (value, told), row in zip(ticks, rows, strict=True):
            string = self.words.figures(told) if not percent else sheet.number(value, 1)
            marks.append(
                sheet.text(left - 10, row[1] + 6, string, size=SMALL, quiet=True, anchor="end")
            )
        for number in numbers:
            x = float(across.place(number))
            marks.append(
                sheet.text(x, top + height + 26, sheet.count(number), size=SMALL, quiet=True,
                           anchor="middle")
            )  # fmt: skip
        marks.append(
            sheet.text(left + width / 2, top + height + 50, below, size=SMALL, quiet=True,
                       anchor="middle")
        )  # fmt: skip
        return marks

    def _looks(self) -> list[Mark]:
        """The number of looks by length, with the range over groups."""
        trace, words = self.trace, self.words
        box = (LEFT + 44, TOP + 60, 330.0, 420.0)
        groups = np.stack([trace["effective", place] for place in range(len(trace))])
        together = np.stack([trace["together", place] for place in range(len(trace))])
        _, high = round_range(np.array([0.0, float(groups.max())])) or (0.0, 1.0)
        up = Scale(0, high, box[1] + box[3], box[1])
        lengths = self.lengths
        across = Scale(lengths[0], max(lengths[-1], lengths[0] + 1), box[0] + 14,
                       box[0] + box[2] - 14, log=True)  # fmt: skip
        marks = self._axes(
            box, up, across, lengths, words("lattice.looks-axis"), words("lattice.length-axis")
        )
        x = across.place(np.array(lengths, float))
        endings = []
        for number, rule in enumerate(("always", "lazy")):
            color = RULE_COLORS[number]
            low, top = (
                up.place(groups[:, number].min(axis=1)),
                up.place(groups[:, number].max(axis=1)),
            )
            marks += band(x, top, low, faded(color, 0.22))
            y = up.place(together[:, number])
            marks += line(x, y, color)
            dots = float32_array(np.stack([x, y], axis=1))
            marks.append(Discs(dots, float32_array([5]), np.array(color, np.uint8)))
            name = words(f"lattice.short-{rule}")
            told = self.sheet.number(float(together[-1, number]), 2)
            endings.append(Ending(float(x[-1]), float(y[-1]), name, color, told))
        return marks + end_labels(endings, box[0] + box[2] + 170, size=SMALL)

    def _correlations(self) -> list[Mark]:
        """How alike a cell is to itself some layers before."""
        trace, words = self.trace, self.words
        last = len(trace) - 1
        lags = [int(lag) for lag in trace.site("correlation").entries["lag"]]
        found: FloatArray = trace["correlation", last]
        box = (690.0, TOP + 60, 330.0, 420.0)
        low, high = min(0.0, float(found.min())), 1.0
        up = Scale(low, high, box[1] + box[3], box[1])
        across = Scale(1, max(lags[-1], 2), box[0] + 8, box[0] + box[2] - 8, log=True)
        shown = [lag for place, lag in enumerate(lags) if place % 3 == 0]
        marks = self._axes(
            box, up, across, shown,
            words("lattice.correlation-axis", layer=self.sheet.count(self.lengths[-1])),
            words("lattice.lag-axis"), percent=True,
        )  # fmt: skip
        x = across.place(np.array(lags, float))
        endings = []
        for number, rule in enumerate(("always", "lazy")):
            color = RULE_COLORS[number]
            y = up.place(found[number])
            marks += line(x, y, color)
            dots = float32_array(np.stack([x, y], axis=1))
            marks.append(Discs(dots, float32_array([4]), np.array(color, np.uint8)))
            name = words(f"lattice.short-{rule}")
            endings.append(Ending(float(x[-1]), float(y[-1]), name, color))
        return marks + end_labels(endings, self.sheet.right + 10, size=SMALL)
