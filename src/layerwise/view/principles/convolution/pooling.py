"""Pooling as it walks over a picture: the window, which cell won, and the smaller picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Mark, Reference, Scene, WindowReading
from ....trace import Trace
from ....types import FloatArray
from ...marks import Box, label
from ...palette import POSITIVE
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import LIGHT_WEIGHT, Theme
from .film import HEADING, PACE_S
from .grid import Grid, Range, short
from .windows import pooling_reading

_TOP: Final = 104.0
_LEFT: Final = (LEFT, _TOP, 480.0, 480.0)
_RIGHT: Final = (800.0, _TOP, 360.0, 480.0)
_WINDOW: Final = (585.0, 150.0, 150.0, 150.0)
_MOST_RINGS: Final = 1024


def pooling(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The walk of a pooling window, one stop for each cell of the output that was walked.

    `trace` is what `explain.pooling` gives. The picture stands to the left with the window on it,
    and with a thin ring around each cell that has won so far; the output to the right grows in
    reading order. In a page every cell of the output answers a pointer with its window. Raises
    `InputError` for a trace of another kind.
    """
    sites = ("picture", "output", "window", "value")
    given = trace_with(trace, sites, "A pooling", "pooling", about="kind")
    walk = _Walk(given, sheet(size, theme, language))
    told = walk.sheet.words
    at = [given.moments[moment].at for moment in walk.moments]
    labels = [
        told("convolution.stop", row=int(one["row"]) + 1, column=int(one["column"]) + 1)
        for one in at
    ]
    rows, columns = walk.plane("output").shape
    return walk.sheet.scene(
        walk.marks,
        labels,
        title=walk.title,
        description=told(
            f"convolution.pooling-description-{given.about['kind']}", rows=rows, columns=columns
        ),
        pace_s=PACE_S,
        windows=walk.windows,
    )


@dataclass(frozen=True, eq=False)
class _Walk(Drawing):
    @cached_property
    def moments(self) -> list[int]:
        return self.trace.where("value")

    @cached_property
    def title(self) -> str:
        return self.sheet.words(f"convolution.pooling-title-{self.trace.about['kind']}")

    @cached_property
    def limits(self) -> Range:
        low, high = self.trace.about["range"]
        return (float(low), float(high))

    def plane(self, site: str) -> FloatArray:
        """The channel that is walked over."""
        plane: FloatArray = self.trace[site, 0][int(self.trace.about["channel"])]
        return plane

    def grid(self, site: str, box: Box, shown: int | None = None) -> Grid:
        """That channel as cells."""
        return Grid(
            box, self.plane(site), self.limits, self.sheet.theme, self.sheet.words.figures,
            shown=shown, refers=Reference(site, 0), raised=True,
        )  # fmt: skip

    @cached_property
    def picture(self) -> Grid:
        """The picture that is pooled."""
        return self.grid("picture", _LEFT)

    @cached_property
    def output_box(self) -> Box:
        """Where the output lies: its cells are no larger than the picture's."""
        x, y, width, height = _RIGHT
        rows, columns = self.plane("output").shape
        cell = min(width / columns, height / rows, self.picture.cell)
        return (x, y, cell * columns, cell * rows)

    def windows(self) -> list[WindowReading]:
        """What a page tells of each cell of the output."""
        placed, told = self.sheet.placed, self.sheet.words
        found = pooling_reading(
            self.trace, told, placed(self.output_box), placed(self.picture.place)
        )
        return [found] if found is not None else []

    @cached_property
    def _still(self) -> list[Mark]:
        sheet, about = self.sheet, self.trace.about
        told = sheet.words
        parts = [
            told("convolution.pooling-foot", rows=about["size"][0], columns=about["size"][1],
                 down=about["stride"][0], across=about["stride"][1])
        ]  # fmt: skip
        total, walked = self.plane("output").size, len(self.moments)
        if walked < total:
            said = sheet.count(total)
            parts.append(told("convolution.foot-cells-chosen", shown=walked, all=said))
        channels = len(self.trace["picture", 0])
        if channels > 1:
            number = int(about["channel"]) + 1
            parts.append(told("convolution.pooling-channel", number=number, all=channels))
        marks = sheet.frame(self.title, parts)
        for site, box in (("picture", _LEFT), ("output", _RIGHT)):
            rows, columns = self.plane(site).shape
            said = told(f"convolution.{site}", rows=rows, columns=columns)
            marks.append(sheet.text(box[0], _TOP - 14, said, size=HEADING, quiet=True))
        return marks + self.picture.marks()

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that stop."""
        sheet, about, moment = self.sheet, self.trace.about, self.moments[stop]
        theme, told = sheet.theme, sheet.words
        at = self.trace.moments[moment].at
        row, column = int(at["row"]), int(at["column"])
        number = row * self.plane("output").shape[1] + column
        marks = list(self._still)
        window = self.trace["window", moment]
        is_max = about["kind"] == "max"
        if is_max:
            won = self.trace["winner", 0][int(about["channel"])].reshape(-1, 2)[: number + 1]
            if len(won) <= _MOST_RINGS and self.picture.cell >= 5:
                marks.append(self.picture.cells([(int(r), int(c)) for r, c in won], POSITIVE))
        corner = (row * about["stride"][0], column * about["stride"][1])
        marks += self.picture.window(corner, (window.shape[0], window.shape[1]), theme.ink)
        seen = Grid(_WINDOW, window, self.limits, theme, told.figures,
                    refers=Reference("window", moment))  # fmt: skip
        x, y, width, height = seen.place
        middle = x + width / 2
        said = told("convolution.window")
        marks.append(sheet.text(middle, y - 12, said, size=HEADING, quiet=True, anchor="middle"))
        marks += seen.marks()
        if is_max:
            best = np.unravel_index(int(np.argmax(window)), window.shape)
            marks.append(seen.cells([(int(best[0]), int(best[1]))], POSITIVE))
        value = told.figures(short(float(self.trace["value", moment])))
        below = y + height + 66
        marks.append(
            label(middle, below, value, theme.ink, size=46, weight=LIGHT_WEIGHT, anchor="middle")
        )
        said = told(f"convolution.pooling-{about['kind']}")
        marks.append(sheet.text(middle, below + 28, said, size=SMALL, quiet=True, anchor="middle"))
        grid = self.grid("output", self.output_box, number + 1)
        marks += grid.marks()
        return [*marks, *grid.window((row, column), (1, 1), theme.ink)]
