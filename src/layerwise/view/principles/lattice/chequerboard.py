"""The chequerboard that copying leaves, close up, and how often neighbours and diagonals differ."""

from __future__ import annotations

import numpy as np

from ....scene import Mark, Reference, Scene
from ....trace import Trace
from ....types import float32_array
from ...charts.chart import Ending, end_labels, line
from ...charts.scale import Scale, round_range
from ...marks import hairlines
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import Theme
from .maps import RULE_COLORS, LatticeDrawing

_SITES = ("labels", "neighbours differ", "diagonals differ", "apart")
_CLOSE = 22
"""Cells along the side of what is shown close up."""


def chequerboard(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A still of what `explain.chequerboard` gives: both rules close up, and over the layers.

    Raises `InputError` for a trace of another kind.
    """
    drawing = _Board(trace_with(trace, _SITES, "This picture", "chequerboard"),
                     sheet(size, theme, language))  # fmt: skip
    words = drawing.words
    title = words("lattice.title-chequerboard")
    marks = drawing.marks()
    text = words("lattice.chequerboard-description")
    return drawing.sheet.scene(lambda stop: marks, [title], title=title, description=text)


class _Board(LatticeDrawing):
    @property
    def layers(self) -> list[int]:
        """The layers that were looked at."""
        return [int(moment.at["layer"]) for moment in self.trace.moments]

    def corner(self) -> tuple[int, int]:
        """The upper left cell of the part, the same for both, that has most of the board in it."""
        labels = self.trace["labels", len(self.trace) - 1][0]
        unlike = np.zeros(labels.shape)
        unlike[1:] += labels[1:] != labels[:-1]
        unlike[:, 1:] += labels[:, 1:] != labels[:, :-1]
        summed = np.pad(unlike.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        tall, wide = (min(_CLOSE, side) for side in labels.shape)
        whole = summed[tall:, wide:] - summed[:-tall, wide:] - summed[tall:, :-wide]
        whole += summed[:-tall, :-wide]
        row, column = np.unravel_index(int(whole.argmax()), whole.shape)
        return int(row), int(column)

    def marks(self) -> list[Mark]:
        """The whole still."""
        trace, words, sheet = self.trace, self.words, self.sheet
        last, runs = len(trace) - 1, sheet.count(trace.about["runs"])
        row, column = self.corner()
        foot = [
            *self.size_parts(), words("lattice.foot-mean", runs=runs),
            words("lattice.foot-close", row=row, column=column),
        ]  # fmt: skip
        marks = sheet.frame(words("lattice.title-chequerboard"), foot)
        side, top = 236.0, TOP + 44
        for number, rule in enumerate(("always", "lazy")):
            box = (LEFT, top + number * (side + 40), side, side)
            part = trace["labels", last][number][row : row + _CLOSE, column : column + _CLOSE]
            marks.append(self.label_map(part, box, Reference("labels", last)))
            name = words(f"lattice.rule-{rule}", layers=sheet.count(self.layers[last]))
            marks.append(sheet.text(LEFT, box[1] - 10, name, size=SMALL, quiet=True))
        return marks + self._lines(last)

    def _lines(self, last: int) -> list[Mark]:
        """The shares that differ, by layer: full lines for neighbours, thin ones for diagonals."""
        trace, words, sheet, theme = self.trace, self.words, self.sheet, self.theme
        left, right, top, floor = 420.0, 850.0, TOP + 60, 560.0
        across = Scale(self.layers[0], max(self.layers[-1], 2), left, right, log=True)
        shares = {
            site: np.stack([trace[site, place] for place in range(last + 1)])
            for site in ("neighbours differ", "diagonals differ")
        }
        highest = max(float(values.max()) for values in shares.values())
        _, high = round_range(np.array([0.0, highest])) or (0.0, 1.0)
        up = Scale(0, high, floor, top)
        marks: list[Mark] = [
            sheet.text(left - 44, top - 26, words("lattice.board-axis"), size=SMALL, quiet=True)
        ]
        ticks = [(value, float(up.place(value))) for value, _ in up.ticks(6)]
        rows = float32_array([[left, y, right, y] for _, y in ticks])
        marks.append(hairlines(rows, theme.hairline))
        for value, y in ticks:
            told = sheet.percent(value, 0)
            marks.append(sheet.text(left - 10, y + 6, told, size=SMALL, quiet=True, anchor="end"))
        x = across.place(np.array(self.layers, float))
        for at, number in zip(x, self.layers, strict=True):
            marks.append(
                sheet.text(float(at), floor + 26, sheet.count(number), size=SMALL, quiet=True,
                           anchor="middle")
            )  # fmt: skip
        marks.append(
            sheet.text((left + right) / 2, floor + 50, words("lattice.layers-axis"), size=SMALL,
                       quiet=True, anchor="middle")
        )  # fmt: skip
        endings = []
        for number, rule in enumerate(("always", "lazy")):
            for site, width in (("neighbours differ", 3.0), ("diagonals differ", 1.4)):
                heights = up.place(shares[site][:, number])
                marks += line(x, heights, RULE_COLORS[number], width)
                name = words(f"lattice.board-{rule}-{site.split()[0]}")
                told = sheet.percent(float(shares[site][-1, number]))
                endings.append(
                    Ending(float(x[-1]), float(heights[-1]), name, RULE_COLORS[number], told)
                )
        return marks + end_labels(endings, sheet.right + 16, size=SMALL, within=(top, floor))
