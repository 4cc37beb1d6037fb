"""The film of a sliding kernel: window, kernel, products, their sum, and the output as it grows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....language import Words
from ....scene import Image, Mark, Reference, Scene, WindowReading
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import FloatArray, float32_array
from ...marks import Box, hairlines, label
from ...palette import POSITIVE
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import BOLD_WEIGHT, LIGHT_WEIGHT, Theme, format_number
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
from .terms import in_lines, terms
from .windows import channel_names, window_reading

TOP: Final = 104.0
SIDE: Final = 392.0
LEFT_BOX: Final = (LEFT, TOP, SIDE, SIDE)
RIGHT_BOX: Final = (820.0, TOP, 340.0, SIDE)
MIDDLE: Final = (452.0, 798.0)
STRIP: Final = 520.0
MOST_CHANNELS: Final = 4
PACE_S: Final = 0.45
HEADING: Final = 15.5
VALUE: Final = 46.0
_LINE: Final = 26.0
_SIGN: Final = 22.0  # between two tables of an equation
_BELOW: Final = 24.0  # a channel's name under its picture


def convolution(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The walk of a kernel over a picture, one stop for each cell of the output that was walked.

    `trace` is what `explain.convolution` or `explain.convolution_layer` gives. To the left the
    picture with its padding and the window on it, in the middle window × kernel = products, to the
    right the output up to this cell in reading order, below the sum written out. Numbers stand in
    cells where they can be read. Of more than four input channels the four that add most (the sum
    of magnitudes over all stops) are drawn, all are added; the picture says so. In a page every
    cell of the output answers a pointer with its window, its products and their sum.

    Raises `InputError` for a trace without a walk.
    """
    sites = ("picture", "padded", "kernel", "output", "products")
    given = trace_with(trace, sites, "A convolution", "convolution or explain.convolution_layer")
    walk = _Walk(given, sheet(size, theme, language))
    told = walk.sheet.words
    labels = [
        told("convolution.stop", row=row + 1, column=column + 1) for row, column in walk.places
    ]
    return walk.sheet.scene(
        walk.marks, labels, title=walk.title, description=walk.description, pace_s=PACE_S,
        windows=walk.windows,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Walk(Drawing):
    @cached_property
    def words(self) -> Words:
        return self.sheet.words

    @cached_property
    def moments(self) -> list[int]:
        return self.trace.where("products")

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        at = [self.trace.moments[number].at for number in self.moments]
        return [(int(one["row"]), int(one["column"])) for one in at]

    @cached_property
    def channel(self) -> int:
        return int(self.trace.about["channel"])

    @cached_property
    def inputs(self) -> list[int]:
        """The picture's channels that the walked output channel sees."""
        return [int(number) for number in self.trace.about["input channels"]]

    @cached_property
    def drawn(self) -> list[int]:
        """Which of them are drawn: places among `inputs`."""
        if len(self.inputs) <= MOST_CHANNELS:
            return list(range(len(self.inputs)))
        shares = np.abs(np.stack([self.trace["channel sums", m] for m in self.moments])).sum(0)
        order = np.argsort(-shares, kind="stable")[:MOST_CHANNELS]
        return sorted(order.tolist())

    @cached_property
    def names(self) -> list[str]:
        """What each of `inputs` is called."""
        return channel_names(self.trace, self.words)

    @cached_property
    def kernel(self) -> FloatArray:
        kernel: FloatArray = self.trace["kernel", 0][self.channel]
        return kernel

    @cached_property
    def limits(self) -> Range:
        low, high = self.trace.about["range"]
        return (float(low), float(high))

    @cached_property
    def output(self) -> FloatArray:
        output: FloatArray = self.trace["output", 0][self.channel]
        return output

    @cached_property
    def output_range(self) -> Range:
        return output_limits(self.kernel, self.output, self.limits)

    @cached_property
    def product_limits(self) -> Range:
        every = [self.trace["products", moment] for moment in self.moments]
        return kernel_limit(np.stack(every))

    @cached_property
    def title(self) -> str:
        about = self.trace.about
        if about.get("layer"):
            return self.words(
                "convolution.title-layer", layer=about["layer"], channel=self.channel + 1
            )
        name = str(about.get("name", ""))
        return self.words(f"convolution.title-{name}" if name else "convolution.title")

    @cached_property
    def description(self) -> str:
        rows, columns = self.output.shape
        last = len(self.moments) - 1
        row, column = self.places[last]
        return self.words(
            "convolution.description", title=self.title, rows=rows, columns=columns,
            count=len(self.moments), row=row + 1, column=column + 1,
            value=self.writes(self.value(last)),
        )  # fmt: skip

    def value(self, stop: int) -> str:
        """What the output is at a stop."""
        return short(float(self.trace["value", self.moments[stop]]))

    def writes(self, text: str) -> str:
        """Numbers as the language has them."""
        return self.words.figures(text)

    @cached_property
    def foot(self) -> list[str]:
        """What is seen, what is left out, and how it was rounded."""
        about = self.trace.about
        parts = [self.words("convolution.foot-correlation")]
        if about.get("flipped"):
            parts = [self.words("convolution.foot-flipped")]
        if about.get("layer"):
            shown = format_number(float(about["largest difference"]), 2)
            parts = [self.words("convolution.foot-layer", difference=self.writes(shown))]
        parts += settings_told(about, self.words)
        total, walked = self.output.size, len(self.moments)
        if walked < total:
            figures = self.writes(f"{total:,}")
            key = "convolution.foot-cells" if about["evenly"] else "convolution.foot-cells-chosen"
            parts.append(self.words(key, shown=walked, all=figures))
        if len(self.drawn) < len(self.inputs):
            parts.append(
                self.words("convolution.foot-channels", shown=len(self.drawn), all=len(self.inputs))
            )
        whole = all(np.array_equal(a, np.rint(a)) for a in (self.output, self.kernel))
        if not whole:
            parts.append(self.words("convolution.foot-rounded"))
        beyond = outside(self.output, self.output_range)
        if beyond:
            parts.append(self.words("convolution.foot-outside", count=self.writes(f"{beyond:,}")))
        return parts

    # What stays from stop to stop is made once, so that a page holds it once.
    @cached_property
    def _still(self) -> list[Mark]:
        sheet = self.sheet
        marks = sheet.frame(self.title, self.foot)
        for box, key, shape, limits in (
            (LEFT_BOX, "picture", self.trace["picture", 0].shape[1:], self.limits),
            (RIGHT_BOX, "output", self.output.shape, self.output_range),
        ):
            heading = self.words(f"convolution.{key}", rows=shape[0], columns=shape[1])
            said = f"{heading} · {self._span(limits)}"
            fits = max(HEADING * min(1, box[2] / text_width(said, HEADING)), 13.0)
            said = shorten(said, box[2], fits)
            marks.append(sheet.text(box[0], TOP - 14, said, size=fits, quiet=True))
        edge = [[LEFT, STRIP, sheet.right, STRIP]]
        marks.append(hairlines(float32_array(edge), sheet.theme.hairline))
        for grid, at in zip(self._pictures, self.drawn, strict=True):
            marks += grid.marks()
            if len(self.drawn) > 1:
                marks.append(self._under(grid, self.names[at]))
        return marks + self._whole_picture()

    def _under(self, grid: Grid, said: str) -> Mark:
        x, y, _, height = grid.place
        return self.sheet.text(x, y + height + 18, said, size=HEADING, quiet=True)

    def _whole_picture(self) -> list[Mark]:
        """Beside red, green and blue the picture in colour, where there is a box left."""
        if len(self.drawn) != 3 or not self._is_colored:
            return []
        pixels = color_picture(self.trace["padded", 0][self.inputs], self.limits)
        grid = self._grid(self._tiles(4)[3], self.trace["padded", 0][0])
        return [Image(grid.place, pixels), self._under(grid, self.words("convolution.in-colour"))]

    @cached_property
    def _is_colored(self) -> bool:
        return len(self.trace["picture", 0]) == 3 and self.limits[0] == 0

    def _tiles(self, count: int) -> list[Box]:
        if count == 1:
            return [LEFT_BOX]
        x, y, width, height = LEFT_BOX
        side = ((width - 16) / 2, (height - 2 * _BELOW) / 2)
        return [
            (x + (n % 2) * (side[0] + 16), y + (n // 2) * (side[1] + _BELOW), *side)
            for n in range(count)
        ]

    def _grid(self, box: Box, values: FloatArray) -> Grid:
        """A picture at the upper left of a box."""
        return Grid(
            box, values, self.limits, self.sheet.theme, self.writes,
            refers=Reference("padded", 0), raised=True,
        )  # fmt: skip

    @cached_property
    def _pictures(self) -> list[Grid]:
        tiles = self._tiles(len(self.drawn) if len(self.drawn) != 3 else 4)
        padded = self.trace["padded", 0]
        return [
            self._grid(box, padded[self.inputs[at]])
            for box, at in zip(tiles, self.drawn, strict=False)
        ]

    @cached_property
    def _output_box(self) -> Box:
        """Where the output lies: its cells are no larger than those of a picture by itself."""
        x, y, width, height = RIGHT_BOX
        rows, columns = self.output.shape
        cell = min(width / columns, height / rows)
        if len(self._pictures) == 1:
            cell = min(cell, self._pictures[0].cell)
        return (x, y, cell * columns, cell * rows)

    def windows(self) -> list[WindowReading]:
        """What a page tells of each cell of the output."""
        sheet = self.sheet
        sources = [sheet.placed(grid.place) for grid in self._pictures]
        found = window_reading(
            self.trace, self.words, sheet.placed(self._output_box), sources, self.drawn
        )
        return [found] if found is not None else []

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that stop."""
        moment, (row, column) = self.moments[stop], self.places[stop]
        sheet = self.sheet
        marks = list(self._still)
        stride, apart = self.trace.about["stride"], self.trace.about["dilation"]
        corner = (row * stride[0], column * stride[1])
        size = self.kernel.shape[1:]
        reach = (apart[0] * (size[0] - 1) + 1, apart[1] * (size[1] - 1) + 1)
        for grid in self._pictures:
            if tuple(apart) != (1, 1) and grid.cell >= 3:
                touched = [(corner[0] + r * apart[0], corner[1] + c * apart[1])
                           for r in range(size[0]) for c in range(size[1])]  # fmt: skip
                marks.append(grid.cells(touched, POSITIVE))
            marks += grid.window(corner, reach, POSITIVE)
        number = row * self.output.shape[1] + column
        grid = Grid(
            self._output_box, self.output, self.output_range, sheet.theme, self.writes,
            shown=number + 1, refers=Reference("output", 0), raised=True,
        )  # fmt: skip
        marks += grid.marks()
        marks += grid.window((row, column), (1, 1), POSITIVE)
        where = self.words("convolution.cell", row=row + 1, column=column + 1)
        marks.append(sheet.text(sheet.right, 44, where, size=SMALL, quiet=True, anchor="end"))
        marks += self._equations(moment, self.writes(self.value(stop)))
        return marks + self._sum(moment, self.writes(self.value(stop)))

    def _equations(self, moment: int, value: str) -> list[Mark]:
        """Window × kernel = products, a row for each channel that is drawn, and the value."""
        sheet, count = self.sheet, len(self.drawn)
        left, right = MIDDLE
        across = (right - left - 2 * _SIGN) / 3
        boxes = [left + number * (across + _SIGN) for number in range(3)]
        below, gap = VALUE + 16 if count < 4 else 0.0, 12.0  # four leave no room for the value
        tall = min((SIDE - below - gap * (count - 1)) / count, across)
        top = TOP + (96 if count == 1 else 0)
        marks: list[Mark] = []
        names = ("convolution.window", "convolution.kernel", "convolution.products")
        for x, name in zip(boxes, names, strict=True):
            marks.append(sheet.text(x + across / 2, top - 14, self.words(name), size=HEADING,
                                    quiet=True, anchor="middle"))  # fmt: skip
        window, products = self.trace["window", moment], self.trace["products", moment]
        written = self.trace.about.get("written") or ()
        for line, at in enumerate(self.drawn):
            y = top + line * (tall + gap)
            shown = (
                (window[at], self.limits, (), Reference("window", moment)),
                (self.kernel[at], kernel_limit(self.kernel), written, Reference("kernel", 0)),
                (products[at], self.product_limits, (), Reference("products", moment)),
            )
            for x, (values, limits, own, refers) in zip(boxes, shown, strict=True):
                marks += Grid((x, y, across, tall), values, limits, sheet.theme, self.writes,
                              own, refers=refers).marks()  # fmt: skip
            for x, sign in ((boxes[1] - _SIGN / 2, "×"), (boxes[2] - _SIGN / 2, "=")):
                marks.append(sheet.text(x, y + tall / 2 + 6, sign, anchor="middle"))
        end, base = right, TOP + SIDE - 2
        if count == 1:
            base = top + tall + 84
        elif not below:
            end, base = sheet.right, STRIP + 54
        ink = sheet.theme.ink
        marks.append(label(end, base, value, ink, size=VALUE, weight=LIGHT_WEIGHT, anchor="end"))
        room = text_width(value, VALUE, LIGHT_WEIGHT) + 12
        said = self.words("convolution.sum")
        return [*marks, sheet.text(end - room, base, said, quiet=True, anchor="end")]

    def _sum(self, moment: int, value: str) -> list[Mark]:
        """The sum written out, in as many lines as fit; how much is left out is said."""
        sheet = self.sheet
        most = 3 if len(sheet.foot_lines(self.foot)) <= 2 else 2
        end = f" = {value}"
        parts = terms(self.trace, moment, self.names, self.words)
        room = sheet.right - LEFT - (260 if len(self.drawn) > 3 else 0)  # beside the value
        lines = in_lines(parts, end, self.words, most, room)
        marks: list[Mark] = []
        for number, string in enumerate(lines):
            y = STRIP + 28 + number * _LINE
            head = string.removesuffix(end) if number == len(lines) - 1 else string
            marks.append(sheet.text(LEFT, y, head, size=SMALL, quiet=True))
            if head != string:
                x = LEFT + text_width(head, SMALL)
                marks.append(label(x, y, end, sheet.theme.ink, size=SMALL, weight=BOLD_WEIGHT))
        return marks

    def _span(self, limits: Range) -> str:
        low, high = (self.writes(short(limit)) for limit in limits)
        key = "convolution.span-signed" if limits[0] < 0 else "convolution.span-grey"
        return self.words(key, low=low, high=high)
