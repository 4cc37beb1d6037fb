"""A colour followed back, step by step, and where it comes from in thousands of runs."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ....scene import Discs, Mark, Rectangles, Reference, Scene, Segments
from ....trace import Trace
from ....types import Array, FloatArray, float32_array
from ...charts.chart import faded
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import FOCUS_RING, Theme
from .maps import LatticeDrawing

_SITES = ("labels", "place", "ends", "end probabilities", "shares", "probabilities")
_BOX = (LEFT, TOP + 10, 510.0, 510.0)
_RIGHT = 600.0
_LOW = (1200, 575)
_AROUND, _LEAST = 3, 14
"""Cells that are shown around a walk, and how many along a side at least."""


def lattice_walk(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A film of what `explain.lattice_walk` gives: a stop is a step back in time.

    The map is that of the step's layer, the ring is where the colour stood then. Raises
    `InputError` for a trace of another kind.
    """
    drawing = _Walk(trace_with(trace, _SITES, "This picture", "lattice_walk"),
                    sheet(size, theme, language))  # fmt: skip
    words, about = drawing.words, drawing.trace.about
    title = words("lattice.title-walk")
    labels = [words("lattice.layer", number=drawing.sheet.count(moment.at["layer"]))
              for moment in drawing.trace.moments]  # fmt: skip
    text = words(
        "lattice.walk-description",
        row=about["cell"][0],
        column=about["cell"][1],
        layers=drawing.sheet.count(about["layers"]),
    )
    return drawing.sheet.scene(drawing.marks, labels, title=title, description=text, pace_s=0.25)


def lattice_ends(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = _LOW,
) -> Scene:  # fmt: skip
    """A still of the same trace: where the colour came from in all runs, counted and exact."""
    drawing = _Walk(trace_with(trace, _SITES, "This picture", "lattice_walk"),
                    sheet(size, theme, language, _LOW))  # fmt: skip
    words, about = drawing.words, drawing.trace.about
    title = words("lattice.title-ends", runs=drawing.sheet.count(about["runs"]))
    marks = drawing.ends()
    text = words("lattice.ends-description", runs=drawing.sheet.count(about["runs"]))
    return drawing.sheet.scene(lambda stop: marks, [title], title=title, description=text)


class _Walk(LatticeDrawing):
    @cached_property
    def window(self) -> tuple[int, int, int]:
        """The part of the grid that the walk stays in: its first row and column, and its side."""
        about = self.trace.about
        places = np.stack([self.trace["place", step] for step in range(len(self.trace))])
        low, high = places.min(axis=0), places.max(axis=0)
        sides = (int(about["rows"]), int(about["columns"]))
        side = min(max(int((high - low).max()) + 1 + 2 * _AROUND, _LEAST), *sides)
        first = [
            int(np.clip((one + other + 1 - side) // 2, 0, most - side))
            for one, other, most in zip(low, high, sides, strict=True)
        ]
        return first[0], first[1], side

    def middles(self, places: FloatArray) -> FloatArray:
        """The middle of cells (cell, row column) in the large picture: (cell, xy)."""
        row, column, side = self.window
        cell = _BOX[2] / side
        inside = places - np.array([row, column])
        return np.asarray(np.array(_BOX[:2]) + (inside[:, ::-1] + 0.5) * cell)

    def marks(self, stop: int) -> list[Mark]:
        """The map close up, the way so far, and where the colour stands; the whole map small."""
        trace, words, about, sheet = self.trace, self.words, self.trace.about, self.sheet
        layer = int(trace.moments[stop].at["layer"])
        kind = "lazy" if about["lazy"] else "always"
        foot = [*self.size_parts(), words(f"lattice.foot-{kind}"), words("lattice.foot-run")]
        marks = sheet.frame(
            words("lattice.title-walk"), foot, (words("lattice.counter"), sheet.count(layer))
        )
        labels = trace["labels", stop]
        row, column, side = self.window
        part = labels[row : row + side, column : column + side]
        marks.append(self.label_map(part, _BOX, Reference("labels", stop)))
        points = self.middles(np.array([trace["place", step] for step in range(stop + 1)], float))
        ink, ground = (np.array(color, np.uint8) for color in (self.theme.ink, self.theme.ground))
        moved = np.flatnonzero(np.any(points[1:] != points[:-1], axis=1))
        if len(moved):
            ends = float32_array(np.concatenate([points[moved], points[moved + 1]], axis=1))
            marks.append(Segments(ends, float32_array([7]), ground))
            marks.append(Segments(ends, float32_array([3]), ink))
        now = int(labels[tuple(trace["place", stop])])
        marks.append(Discs(float32_array(points[:1]), float32_array([5]), ink))
        marks.append(
            Discs(
                float32_array(points[-1:]), float32_array([0.55 * _BOX[2] / side]),
                np.array(self.color(now), np.uint8), ink, float32_array([FOCUS_RING]),
            )
        )  # fmt: skip
        key = "start" if stop == 0 else "end" if layer == 0 else "step"
        here = trace["place", stop]
        said = words(
            f"lattice.walk-{key}", layer=sheet.count(layer), row=int(here[0]), column=int(here[1]),
            name=about["classes"][now],
        ).split("\n\n")  # fmt: skip
        told = words("lattice.walk-counts", back=sheet.count(stop), moves=sheet.count(len(moved)))
        for number, string in enumerate(said):
            marks.append(sheet.text(_RIGHT, TOP + 40 + 27 * number, string))
        base = TOP + 54 + 27 * len(said)
        marks.append(sheet.text(_RIGHT, base, told, quiet=True))
        return marks + self._whole(labels)

    def _whole(self, labels: Array) -> list[Mark]:
        """The whole grid, small, with the part that is shown close up."""
        about, words = self.trace.about, self.words
        row, column, side = self.window
        x, y, width = _RIGHT, _BOX[1] + _BOX[3] - 250.0, 250.0
        cell = width / max(about["rows"], about["columns"])
        picture = self.label_map(labels, (x, y, cell * about["columns"], cell * about["rows"]))
        frame = float32_array([[x + column * cell, y + row * cell, side * cell, side * cell]])
        clear, ink = np.zeros(4, np.uint8), np.array(self.theme.ink, np.uint8)
        said = self.sheet.text(x, y - 12, words("lattice.walk-whole"), size=SMALL, quiet=True)
        return [
            picture, Rectangles(frame, clear, stroke=ink, stroke_widths=float32_array([2])), said,
        ]  # fmt: skip

    def ends(self) -> list[Mark]:
        """Where all walks ended, over the first map; the shares of the classes beside it."""
        trace, words, about, sheet = self.trace, self.words, self.trace.about, self.sheet
        last = len(trace) - 1
        runs = sheet.count(about["runs"])
        kind = "lazy" if about["lazy"] else "always"
        foot = [*self.size_parts(), words(f"lattice.foot-{kind}")]
        marks = sheet.frame(words("lattice.title-ends", runs=runs), foot)
        y = TOP + 10
        cell = 400 / max(about["rows"], about["columns"])
        width, height = cell * about["columns"], cell * about["rows"]
        ends, chances = trace["ends", last] / about["runs"], trace["end probabilities", last]
        most = float(max(ends.max(), chances.max()))
        boxes = [(LEFT, y + 26, width, height), (LEFT + width + 24, y + 26, width, height)]
        names = (words("lattice.ends-counted", runs=runs), words("lattice.ends-exact"))
        sites = ("ends", "end probabilities")
        labels = trace["labels", last]
        for box, values, name, site in zip(boxes, (ends, chances), names, sites, strict=True):
            picture = self.label_map(labels, box, Reference("labels", last))
            marks.append(picture)
            marks.append(Rectangles(float32_array([box]), np.array(faded(self.theme.ground, 0.72),
                                                                    np.uint8)))  # fmt: skip
            marks.append(self._dots(values, most, labels, box, Reference(site, last)))
            marks.append(sheet.text(box[0], box[1] - 10, name, size=SMALL, quiet=True))
        right = boxes[1][0] + boxes[1][2] + 36
        room = sheet.right - right
        head = words("lattice.ends-shares")
        for number, line in enumerate(head.split("\n\n")):
            marks.append(sheet.text(right, y + 40 + 24 * number, line, size=SMALL, quiet=True))
        top = y + 40 + 24 * len(head.split("\n\n"))
        marks += self.share_bars(
            trace["shares", last], (right, top, room, 60 * len(about["classes"])),
            names=list(about["classes"]), more=trace["probabilities", last],
        )  # fmt: skip
        return marks

    def _dots(
        self, values: FloatArray, most: float, labels: FloatArray,
        box: tuple[float, float, float, float], refers: Reference,
    ) -> Mark:  # fmt: skip
        """A square in each cell that was an end: the cell's colour, its area by how often."""
        rows, columns = np.nonzero(values > most / 400)
        cell = box[2] / values.shape[1]
        size = cell * np.sqrt(values[rows, columns] / most)
        x = box[0] + (columns + 0.5) * cell - size / 2
        y = box[1] + (rows + 0.5) * cell - size / 2
        boxes = float32_array(np.stack([x, y, size, size], axis=1))
        return Rectangles(boxes, self.palette[labels[rows, columns]], refers=Reference(
            refers.site, refers.moment, np.stack([rows, columns], axis=1)))  # fmt: skip
