"""Several kernels, or several ways to slide one, side by side: each with its numbers and output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ....errors import InputError
from ....language import Words, words
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....typeface import shorten
from ....types import FloatArray
from ...charts.chart import grid_of_boxes
from ...charts.frame import Frame, trace_of
from ...marks import Box, inscribed, label
from ...style import BOLD_WEIGHT, LABEL_SIZE, TEXT_SIZE, Theme
from ...style import theme as theme_named
from .grid import (
    Grid,
    Range,
    color_picture,
    kernel_limit,
    output_limits,
    outside,
    settings_told,
    short,
)

MOST: Final = 12
_KERNEL: Final = 144.0
_BELOW: Final = 172.0  # of a panel: the kernel and its words


def convolutions(
    traces: Mapping[str, Trace],
    *,
    title: str = "",
    same_cells: bool = False,
    theme: str | Theme = "dark",
    language: str = "en",
) -> Scene:
    """A still of up to twelve convolutions: the output of each, its kernel and its settings.

    `traces` is name → what `explain.convolution` gives. With `same_cells` a cell is equally large
    in every output, so that their sizes can be compared. A kernel whose numbers add up to 1 gives a
    picture in grey, or in colour where it went over red, green and blue; any other gives signed
    colours, whose ends are said below each. Raises `InputError` for none or more than twelve.
    """
    told = words(language)
    if not isinstance(traces, Mapping) or not 1 <= len(traces) <= MOST:
        raise InputError(
            f"A gallery shows 1 to {MOST} convolutions by their names",
            received=f"{len(traces)}" if isinstance(traces, Mapping) else type(traces).__name__,
        )
    found = {str(name): trace_of(given, "A gallery") for name, given in traces.items()}
    for name, trace in found.items():
        if not {"kernel", "output"} <= {site.name for site in trace.sites}:
            raise InputError(f"{name!r} is no convolution", received=repr(trace.title))
    frame = Frame((1920, 1080), theme_named(theme))
    heading = title or told("convolution.gallery")
    gallery = _Gallery(found, frame, told, heading, same_cells)
    about = told("convolution.gallery-description", names=", ".join(found))
    return frame.scene(lambda stop: gallery.marks(), [heading], title=heading, description=about)


@dataclass(frozen=True, eq=False)
class _Gallery:
    traces: Mapping[str, Trace]
    frame: Frame
    words: Words
    title: str
    same_cells: bool

    def marks(self) -> list[Mark]:
        foot = [self.words("convolution.foot-gallery"), *self._clipped()]
        marks = self.frame.words(self.title, self.frame.foot(foot))
        room = self.frame.content(2)
        count = len(self.traces)
        columns = count if count <= 4 else -(-count // (2 if count <= 8 else 3))
        room = (room[0], room[1] - 20, room[2], room[3] + 40)
        boxes = grid_of_boxes(room, count, columns, gaps=(44, 30))
        cell = self._cell(boxes[0]) if self.same_cells else None
        tallest = max(trace["output", 0].shape[1] for trace in self.traces.values()) * (cell or 0)
        for (name, trace), box in zip(self.traces.items(), boxes, strict=True):
            marks += self._panel(name, trace, box, cell, tallest)
        return marks

    def _cell(self, box: Box) -> float:
        """The side of a cell at which the largest output fits its panel."""
        shapes = [trace["output", 0].shape[1:] for trace in self.traces.values()]
        room = self._room(box)
        return float(min(min(room[2] / columns, room[3] / rows) for rows, columns in shapes))

    def _room(self, box: Box) -> Box:
        x, y, width, height = box
        return (x, y + 34, width, height - 34 - _BELOW)

    def _panel(
        self, name: str, trace: Trace, box: Box, cell: float | None, tallest: float
    ) -> list[Mark]:
        theme, grey = self.frame.theme, self.frame.theme.grey
        x, y, width, height = box
        short_name = shorten(name, width, TEXT_SIZE, BOLD_WEIGHT)
        marks: list[Mark] = [
            label(x, y + 18, short_name, theme.ink, size=TEXT_SIZE, weight=BOLD_WEIGHT)
        ]
        output, limits = self._output(trace)
        room = self._room(box)
        rows, columns = output.shape[-2:]
        if cell is not None:
            room = (room[0], room[1], cell * columns, cell * rows)
        place = inscribed(room, rows, columns)
        place = (x, place[1], *place[2:])
        refers = Reference("output", 0)
        if output.ndim == 3:
            pixels = color_picture(output, limits)
            sampling = "area" if place[2] < columns else "nearest"
            marks.append(Image(place, pixels, sampling=sampling, refers=refers))  # type: ignore[arg-type]
        else:
            marks += Grid(place, output, limits, theme, self.words.figures, refers=refers).marks()
        base = (y + height - _BELOW if cell is None else room[1] + tallest) + 22
        channel = int(trace.about["channel"])
        kernel = trace["kernel", 0][channel]
        written = trace.about.get("written") or ()
        wide = 0.0
        if len(kernel) == 1 and max(kernel.shape[1:]) <= 7:
            grid = Grid(
                (x, base, _KERNEL, _KERNEL), kernel[0], kernel_limit(kernel), theme,
                self.words.figures, written, refers=Reference("kernel", 0),
            )  # fmt: skip
            own, tall = grid.place[2:]
            marks += replace(grid, box=(x, base, own, tall)).marks()
            wide = own + 18
        for number, line in enumerate(self._lines(trace, kernel, limits)):
            said = shorten(line, width - wide, LABEL_SIZE)
            marks.append(label(x + wide, base + 18 + number * 27, said, grey))
        return marks

    def _output(self, trace: Trace) -> tuple[FloatArray, Range]:
        """What is drawn: one channel, or three as a picture in colour; and from where to where."""
        channel, whole = int(trace.about["channel"]), trace["output", 0]
        low, high = (float(end) for end in trace.about["range"])
        limits = output_limits(trace["kernel", 0][channel], whole[channel], (low, high))
        every = trace.about["groups"] == 3 == len(whole) == len(trace["picture", 0])
        if every and limits == (low, high) and low == 0:
            return whole, limits
        return whole[channel], limits

    def _lines(self, trace: Trace, kernel: FloatArray, limits: Range) -> list[str]:
        about, figures = trace.about, self.words.figures
        rows, columns = trace["output", 0].shape[1:]
        before = trace["picture", 0].shape[1:]
        lines = [
            f"{before[0]} × {before[1]} → {rows} × {columns}",
            self.words("convolution.kernel-sum", total=figures(short(_tidy(float(kernel.sum()))))),
        ]
        low, high = (figures(short(end)) for end in limits)
        key = "convolution.span-signed" if limits[0] < 0 else "convolution.span-grey"
        lines.append(self.words(key, low=low, high=high))
        settings = settings_told(about, self.words)
        if about.get("flipped"):
            settings.append(self.words("convolution.flipped"))
        return [*lines, " · ".join(settings)] if settings else lines

    def _clipped(self) -> list[str]:
        count = 0
        for trace in self.traces.values():
            output, limits = self._output(trace)
            count += outside(output, limits)
        if not count:
            return []
        said = self.words.figures(f"{count:,}")
        return [self.words("convolution.foot-outside", count=said)]


def _tidy(total: float) -> float:
    """The sum of a kernel, less what rounding of its fractions left over."""
    near = round(total, 12)
    return near + 0.0
