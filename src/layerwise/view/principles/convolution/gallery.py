"""Several kernels over one picture, side by side: the output of each, its kernel, its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ....errors import InputError
from ....scene import Image, Mark, Reference, Scene, WindowReading
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import FloatArray
from ...charts.chart import grid_of_boxes
from ...charts.frame import trace_of
from ...marks import Box, inscribed, wrapped
from ...palette import POSITIVE
from ...sheet import TEXT, WIDTH, Sheet, sheet
from ...style import BOLD_WEIGHT, Theme
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
from .windows import window_reading

MOST: Final = 12
_SMALL: Final = 13.5
_KERNEL: Final = 84.0
_NAME: Final = 30.0  # of a panel: what it is called
_BELOW: Final = 96.0  # of a panel: the kernel and its words
_SIGN: Final = 36.0  # between a picture, the kernel and the output
_FOOT: Final = 52.0


def convolutions(
    traces: Mapping[str, Trace],
    *,
    title: str = "",
    same_cells: bool = False,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A still of up to twelve convolutions: the output of each, its kernel and its settings.

    `traces` is name → what `explain.convolution` gives. With `same_cells` every cell is equally
    large, so that sizes can be compared, and the picture stands before its output with the first
    window on it; in a page every cell of the output then answers a pointer with its products. A
    kernel whose numbers add up to 1 gives a picture in grey, or in colour where it went over red,
    green and blue; any other gives signed colours, whose ends are said beside each. Of `size` a
    single row of panels takes less than the height. Raises `InputError` for none or more than
    twelve.
    """
    if not isinstance(traces, Mapping) or not 1 <= len(traces) <= MOST:
        raise InputError(
            f"A gallery shows 1 to {MOST} convolutions by their names",
            received=f"{len(traces)}" if isinstance(traces, Mapping) else type(traces).__name__,
        )
    found = {str(name): trace_of(given, "A gallery") for name, given in traces.items()}
    for name, trace in found.items():
        if not {"kernel", "output"} <= {site.name for site in trace.sites}:
            raise InputError(f"{name!r} is no convolution", received=repr(trace.title))
    made = (_Equations if same_cells else _Gallery)(found, sheet(size, theme, language))
    heading = title or made.sheet.words("convolution.gallery")
    high = made.height()
    if high < made.sheet.layout[1]:
        paper = replace(
            made.sheet, size=(size[0], round(size[0] * high / WIDTH)), layout=(WIDTH, high)
        )
        made = replace(made, sheet=paper)
    about = made.sheet.words(
        "convolution.gallery-description", title=heading, names="; ".join(found)
    )
    return made.sheet.scene(
        lambda stop: made.marks(heading), [heading], title=heading, description=about,
        windows=made.windows,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Gallery:
    """Outputs as large as they can be, the kernel of each below it."""

    traces: Mapping[str, Trace]
    sheet: Sheet

    def height(self) -> float:
        """Logical pixels that the panels need."""
        return self.sheet.layout[1]

    def windows(self) -> list[WindowReading]:
        """Photographs tell nothing of their cells."""
        return []

    def marks(self, heading: str) -> list[Mark]:
        """The title, the panels and the foot."""
        foot = [self.sheet.words("convolution.foot-gallery"), *self._shared, *self._clipped()]
        marks = self.sheet.frame(heading, foot)
        for (name, trace), box in zip(self.traces.items(), self._boxes(), strict=True):
            marks += self._panel(name, trace, box)
        return marks

    def _boxes(self) -> list[Box]:
        count = len(self.traces)
        columns = count if count <= 4 else -(-count // (2 if count <= 8 else 3))
        return grid_of_boxes(self.sheet.content(1), count, columns, gaps=(24, 22))

    def _name(self, name: str, box: Box, more: str = "") -> list[Mark]:
        """What a panel is called, and behind it quietly what else is known."""
        x, y, width, _ = box
        said = shorten(name, width, TEXT, BOLD_WEIGHT)
        marks = [self.sheet.text(x, y + 14, said, bold=True)]
        if more:
            left = text_width(said, TEXT, BOLD_WEIGHT) + 14
            told = shorten(more, width - left, _SMALL)
            marks.append(self.sheet.text(x + left, y + 14, told, size=_SMALL, quiet=True))
        return marks

    def _panel(self, name: str, trace: Trace, box: Box) -> list[Mark]:
        sheet = self.sheet
        x, y, width, height = box
        marks = self._name(name, box)
        output, limits = self._output(trace)
        rows, columns = output.shape[-2:]
        room = (x, y + _NAME - 6, width, height - _NAME - _BELOW)
        place = (x, *inscribed(room, rows, columns)[1:])
        refers = Reference("output", 0)
        if output.ndim == 3:
            pixels = color_picture(output, limits)
            sampling = "area" if place[2] < columns else "nearest"
            marks.append(Image(place, pixels, sampling=sampling, refers=refers))  # type: ignore[arg-type]
        else:
            writes = sheet.words.figures
            marks += Grid(place, output, limits, sheet.theme, writes, refers=refers).marks()
        base = y + height - _BELOW + 8
        kernel = self._kernel(trace)
        wide = 0.0
        if kernel is not None:
            own = inscribed((x, base, _KERNEL, _KERNEL), *kernel.values.shape)
            marks += replace(kernel, box=(x, base, own[2], own[3])).marks()
            wide = own[2] + 14
        told = [part for line in self._told(trace, limits)
                for part in wrapped([line], width - wide, _SMALL)]  # fmt: skip
        for number, line in enumerate(told):
            marks.append(
                sheet.text(x + wide, base + 14 + number * 20, line, size=_SMALL, quiet=True)
            )
        return marks

    def _kernel(self, trace: Trace, place: Box = (0.0, 0.0, 1.0, 1.0)) -> Grid | None:
        """The kernel, where it is a small table over one channel."""
        kernel = trace["kernel", 0][int(trace.about["channel"])]
        if len(kernel) > 1 or max(kernel.shape[1:]) > 7:
            return None
        return Grid(
            place, kernel[0], kernel_limit(kernel), self.sheet.theme, self.sheet.words.figures,
            trace.about.get("written") or (), refers=Reference("kernel", 0),
        )  # fmt: skip

    def _output(self, trace: Trace) -> tuple[FloatArray, Range]:
        """What is drawn: one channel, or three as a picture in colour; and from where to where."""
        channel, whole = int(trace.about["channel"]), trace["output", 0]
        low, high = (float(end) for end in trace.about["range"])
        limits = output_limits(trace["kernel", 0][channel], whole[channel], (low, high))
        every = trace.about["groups"] == 3 == len(whole) == len(trace["picture", 0])
        if every and limits == (low, high) and low == 0:
            return whole, limits
        return whole[channel], limits

    def _sizes(self, trace: Trace) -> str:
        before, after = trace["picture", 0].shape[1:], trace["output", 0].shape[1:]
        return f"{before[0]} × {before[1]} → {after[0]} × {after[1]}"

    def _span(self, limits: Range) -> str:
        low, high = (self.sheet.words.figures(short(end)) for end in limits)
        key = "convolution.span-signed" if limits[0] < 0 else "convolution.span-grey"
        return self.sheet.words(key, low=low, high=high)

    @cached_property
    def _shared(self) -> list[str]:
        """The sizes and the ends of the colours that all have alike."""
        sizes = {self._sizes(trace) for trace in self.traces.values()}
        spans = {self._span(self._output(trace)[1]) for trace in self.traces.values()}
        return [one for found in (sizes, spans) if len(found) == 1 for one in found]

    def _own(self, trace: Trace, limits: Range) -> list[str]:
        """The size and the ends of the colours, where they are not those of all."""
        told = (self._sizes(trace), self._span(limits))
        return [one for one in told if one not in self._shared]

    def _told(self, trace: Trace, limits: Range) -> list[str]:
        """What the kernel's numbers add up to, the ends of the colours, and how it was laid on."""
        told = self.sheet.words
        total = float(trace["kernel", 0][int(trace.about["channel"])].sum())
        said = told.figures(short(_tidy(total)))
        lines = [told("convolution.kernel-sum", total=said), *self._own(trace, limits)]
        settings = settings_told(trace.about, told)
        if trace.about.get("flipped"):
            settings.append(told("convolution.flipped"))
        return [*lines, " · ".join(settings)] if settings else lines

    def _clipped(self) -> list[str]:
        count = 0
        for trace in self.traces.values():
            output, limits = self._output(trace)
            count += outside(output, limits)
        if not count:
            return []
        return [self.sheet.words("convolution.foot-outside", count=self.sheet.count(count))]


@dataclass(frozen=True, eq=False)
class _Equations(_Gallery):
    """Picture, kernel and output in a row, with cells of one size in all panels."""

    def height(self) -> float:
        """Logical pixels that the panels need: a single row takes less than a sheet has."""
        rows = -(-len(self.traces) // 2)
        top, tall = self.sheet.content(1)[1], self._high() + _NAME + 12
        return min(top + rows * tall + (rows - 1) * 22 + _FOOT, self.sheet.layout[1])

    def windows(self) -> list[WindowReading]:
        """What a page tells of each cell of the outputs."""
        found = []
        for trace, box in zip(self.traces.values(), self._boxes(), strict=True):
            picture, _, output = self._places(trace, box)
            place = self.sheet.placed
            found.append(
                window_reading(trace, self.sheet.words, place(output), [place(picture)], [0])
            )
        return [reading for reading in found if reading is not None]

    def _boxes(self) -> list[Box]:
        count = len(self.traces)
        return grid_of_boxes(self.sheet.content(1), count, min(count, 2), gaps=(36, 22))

    def _cell(self) -> float:
        """The side of a cell at which the widest and the highest panel fit."""
        count = len(self.traces)
        rows = -(-count // 2)
        _, _, width, height = self.sheet.content(1)
        wide = (width - 36 * (min(count, 2) - 1)) / min(count, 2) - 2 * _SIGN
        tall = (height - 22 * (rows - 1)) / rows - _NAME - 12
        sides = []
        for trace in self.traces.values():
            shapes = [trace[site, 0].shape[-2:] for site in ("padded", "output")]
            high = max(shape[0] for shape in shapes)
            sides += [(wide - _KERNEL) / sum(shape[1] for shape in shapes), tall / high]
        cell: float = min(*sides, 44.0)
        return cell

    def _high(self) -> float:
        most: int = max(
            trace[site, 0].shape[-2] for trace in self.traces.values()
            for site in ("padded", "output")
        )  # fmt: skip
        return max(self._cell() * most, _KERNEL)

    def _places(self, trace: Trace, box: Box) -> tuple[Box, Box, Box]:
        """Where the picture, the kernel and the output lie."""
        x, y, _, _ = box
        cell, middle = self._cell(), y + _NAME + self._high() / 2
        placed = []
        for site in ("padded", "kernel", "output"):
            rows, columns = trace[site, 0].shape[-2:]
            side = min(_KERNEL / columns, _KERNEL / rows) if site == "kernel" else cell
            placed.append((x, middle - side * rows / 2, side * columns, side * rows))
            x += side * columns + _SIGN
        return placed[0], placed[1], placed[2]

    def _panel(self, name: str, trace: Trace, box: Box) -> list[Mark]:
        sheet, channel = self.sheet, int(trace.about["channel"])
        writes, theme = sheet.words.figures, sheet.theme
        output, limits = self._output(trace)
        marks = self._name(name, box, " · ".join(self._own(trace, limits)))
        picture, kernel, result = self._places(trace, box)
        low, high = (float(end) for end in trace.about["range"])
        plane = trace["padded", 0][int(trace.about["input channels"][0])]
        given = Grid(picture, plane, (low, high), theme, writes, refers=Reference("padded", 0))
        made = Grid(
            result, output if output.ndim == 2 else output[channel], limits, theme, writes,
            refers=Reference("output", 0),
        )  # fmt: skip
        table = self._kernel(trace, kernel)
        for grid in (given, table, made):
            marks += grid.marks() if grid is not None else []
        rows, columns = trace["kernel", 0].shape[-2:]
        down, across = trace.about["dilation"]
        touched = [
            (row * down, column * across) for row in range(rows) for column in range(columns)
        ]
        if (down, across) != (1, 1):
            marks.append(given.cells(touched, POSITIVE))
        reach = (down * (rows - 1) + 1, across * (columns - 1) + 1)
        marks += given.window((0, 0), reach, POSITIVE) + made.window((0, 0), (1, 1), POSITIVE)
        middle = kernel[1] + kernel[3] / 2 + 6
        for x, sign in ((kernel[0], "×"), (result[0], "→")):
            marks.append(sheet.text(x - _SIGN / 2, middle, sign, anchor="middle"))
        return marks


def _tidy(total: float) -> float:
    """The sum of a kernel, less what rounding of its fractions left over."""
    near = round(total, 12)
    return near + 0.0
