"""The film of a sliding kernel: window, kernel, products, their sum, and the output as it grows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....typeface import shorten, text_width
from ....types import FloatArray, IntArray, float32_array
from ...charts.frame import Frame, trace_of
from ...marks import Box, hairlines, label
from ...palette import POSITIVE
from ...style import (
    BOLD_WEIGHT,
    FOOT_SIZE,
    LABEL_SIZE,
    LIGHT_WEIGHT,
    TEXT_SIZE,
    Theme,
    format_number,
)
from ...style import theme as theme_named
from .grid import (
    Grid,
    Range,
    color_picture,
    kernel_limit,
    output_limits,
    outside,
    said,
    settings_told,
    short,
)

TOP: Final = 196.0
SIDE: Final = 560.0
LEFT_BOX: Final = (80.0, TOP, SIDE, SIDE)
RIGHT_BOX: Final = (1840.0 - SIDE, TOP, SIDE, SIDE)
MIDDLE: Final = (690.0, 1230.0)
STRIP: Final = 836.0
MOST_CHANNELS: Final = 3
_LINE: Final = 34.0
_MOST_LINES: Final = 4


def convolution(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """The walk of a kernel over a picture, one stop for each cell of the output that was walked.

    `trace` is what `explain.convolution` or `explain.convolution_layer` gives. To the left the
    picture with its padding and the window on it, in the middle window × kernel = products, to the
    right the output up to this cell in reading order, below the sum written out. Numbers stand in
    cells where they can be read. Of more than three input channels the three that add most (the sum
    of magnitudes over all stops) are drawn, all are added; the picture says so.

    Raises `InputError` for a trace without a walk.
    """
    given = trace_of(trace, "A convolution")
    told = words(language)
    frames = _Frames(given, Frame((1920, 1080), theme_named(theme)), told)
    labels = [
        told("convolution.stop", row=row + 1, column=column + 1) for row, column in frames.places
    ]
    return frames.frame.scene(
        frames.marks, labels, title=frames.title, description=frames.description
    )


@dataclass(frozen=True, eq=False)
class _Frames:
    trace: Trace
    frame: Frame
    words: Words

    @cached_property
    def moments(self) -> list[int]:
        sites = {site.name for site in self.trace.sites}
        found = []
        if {"picture", "padded", "kernel", "output", "products"} <= sites:
            found = self.trace.where("products")
        if not found:
            raise InputError(
                "There is no walk of a kernel in the trace",
                received=repr(self.trace.title),
                do="Give what explain.convolution or explain.convolution_layer made",
            )
        return found

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
        return self.words(
            "convolution.description", rows=rows, columns=columns, count=len(self.moments)
        )

    def writes(self, text: str) -> str:
        return self.words.figures(text)

    # What stays from stop to stop is made once, so that a page holds it once.
    @cached_property
    def _still(self) -> list[Mark]:
        marks = self.frame.words(self.title, self.frame.foot(self._foot()))
        theme, grey = self.frame.theme, self.frame.theme.grey
        rows, columns = self.trace["picture", 0].shape[1:]
        heading = self.words("convolution.picture", rows=rows, columns=columns)
        heading += f" · {self._span(self.limits)}"
        marks.append(label(LEFT_BOX[0], TOP - 16, shorten(heading, SIDE, LABEL_SIZE), grey))
        rows, columns = self.output.shape
        heading = self.words("convolution.output", rows=rows, columns=columns)
        heading += f" · {self._span(self.output_range)}"
        marks.append(label(RIGHT_BOX[0], TOP - 16, shorten(heading, SIDE, LABEL_SIZE), grey))
        marks.append(hairlines(float32_array([[80, STRIP, 1840, STRIP]]), theme.hairline))
        for grid, at in zip(self._pictures, self.drawn, strict=True):
            marks += grid.marks()
            if len(self.drawn) > 1:
                x, y, _, height = grid.place
                name = self._channel_name(at)
                marks.append(label(x, y + height + 22, name, grey))
        whole = self._whole_picture()
        return marks + whole

    def _whole_picture(self) -> list[Mark]:
        """Beside red, green and blue the picture in colour, where there is a box left."""
        if len(self.drawn) != 3 or not self._is_colored:
            return []
        x, y, width, height = self._tiles(4)[3]
        pixels = color_picture(self.trace["padded", 0][self.inputs], self.limits)
        grid = Grid((x, y, width, height), self.trace["padded", 0][0], self.limits,
                    self.frame.theme, self.writes, raised=True)  # fmt: skip
        name = label(
            grid.place[0], grid.place[1] + grid.place[3] + 22,
            self.words("convolution.in-colour"), self.frame.theme.grey,
        )  # fmt: skip
        return [Image(grid.place, pixels), name]

    @cached_property
    def _is_colored(self) -> bool:
        return len(self.trace["picture", 0]) == 3 and self.limits[0] == 0

    def _tiles(self, count: int) -> list[Box]:
        if count == 1:
            return [LEFT_BOX]
        x, y, width, height = LEFT_BOX
        side = ((width - 24) / 2, (height - 2 * 34) / 2)
        return [
            (x + (n % 2) * (side[0] + 24), y + (n // 2) * (side[1] + 34), *side)
            for n in range(count)
        ]

    @cached_property
    def _pictures(self) -> list[Grid]:
        tiles = self._tiles(len(self.drawn) if len(self.drawn) != 3 else 4)
        padded = self.trace["padded", 0]
        return [
            Grid(
                box, padded[self.inputs[at]], self.limits, self.frame.theme, self.writes,
                refers=Reference("padded", 0), raised=True,
            )
            for box, at in zip(tiles, self.drawn, strict=False)
        ]  # fmt: skip

    def _channel_name(self, at: int) -> str:
        number = self.inputs[at]
        if self._is_colored:
            return self.words(("convolution.red", "convolution.green", "convolution.blue")[number])
        return self.words("convolution.channel", number=number + 1)

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that stop."""
        moment, (row, column) = self.moments[stop], self.places[stop]
        theme = self.frame.theme
        marks = list(self._still)
        stride, apart = self.trace.about["stride"], self.trace.about["dilation"]
        corner = (row * stride[0], column * stride[1])
        size = self.kernel.shape[1:]
        reach = (apart[0] * (size[0] - 1) + 1, apart[1] * (size[1] - 1) + 1)
        for grid in self._pictures:
            if tuple(apart) != (1, 1) and grid.cell >= 4:
                touched = [(corner[0] + r * apart[0], corner[1] + c * apart[1])
                           for r in range(size[0]) for c in range(size[1])]  # fmt: skip
                marks.append(grid.cells(touched, POSITIVE))
            marks += grid.window(corner, reach, POSITIVE)
        number = row * self.output.shape[1] + column
        grid = Grid(
            RIGHT_BOX, self.output, self.output_range, theme, self.writes, shown=number + 1,
            refers=Reference("output", 0), raised=True,
        )  # fmt: skip
        marks += grid.marks()
        marks += grid.window((row, column), (1, 1), POSITIVE)
        where = self.words("convolution.cell", row=row + 1, column=column + 1)
        marks.append(label(1840, 82, where, theme.grey, size=TEXT_SIZE, anchor="end"))
        marks += self._equations(moment)
        return marks + self._sum(moment)

    def _equations(self, moment: int) -> list[Mark]:
        """Window × kernel = products, a row for each channel that is drawn, and the value."""
        grey, ink = self.frame.theme.grey, self.frame.theme.ink
        left, right = MIDDLE
        across = (right - left - 2 * 40) / 3
        boxes = [left + number * (across + 40) for number in range(3)]
        count = len(self.drawn)
        tall = min((SIDE - 130 - 14 * (count - 1)) / count, across)
        free = SIDE - 130 - count * tall - 14 * (count - 1)
        top = TOP + (min(free / 2, 90) if count == 1 else 0)
        marks: list[Mark] = []
        names = ("convolution.window", "convolution.kernel", "convolution.products")
        for x, name in zip(boxes, names, strict=True):
            marks.append(label(x + across / 2, top - 16, self.words(name), grey, anchor="middle"))
        window, products = self.trace["window", moment], self.trace["products", moment]
        written = self.trace.about.get("written") or ()
        for line, at in enumerate(self.drawn):
            y = top + line * (tall + 14)
            shown = (
                (window[at], self.limits, (), Reference("window", moment)),
                (self.kernel[at], kernel_limit(self.kernel), written, Reference("kernel", 0)),
                (products[at], self.product_limits, (), Reference("products", moment)),
            )
            for x, (values, limits, own, refers) in zip(boxes, shown, strict=True):
                grid = Grid((x, y, across, tall), values, limits, self.frame.theme, self.writes,
                            own, refers=refers)  # fmt: skip
                marks += grid.marks()
            for x, sign in ((boxes[1] - 20, "×"), (boxes[2] - 20, "=")):
                marks.append(label(x, y + tall / 2 + 9, sign, ink, size=26, anchor="middle"))
        base = TOP + SIDE - 6 if count > 1 else top + tall + 130
        value = self.writes(short(float(self.trace["value", moment])))
        big = label(
            right, base, value, ink, size=72, weight=LIGHT_WEIGHT, anchor="end",
        )  # fmt: skip
        name = self.words("convolution.sum")
        room = text_width(value, 72, LIGHT_WEIGHT) + 18
        return [*marks, big, label(right - room, base, name, grey, size=TEXT_SIZE, anchor="end")]

    def _sum(self, moment: int) -> list[Mark]:
        """The sum written out, in as many lines as fit; how much is left out is said."""
        parts = self._terms(moment)
        end = [self._ending(moment)]
        most = _MOST_LINES - (len(self.frame.foot(self._foot())) > 1)
        lines = _in_lines(parts, end, self.words, most)
        marks: list[Mark] = []
        ink, grey = self.frame.theme.ink, self.frame.theme.grey
        for number, string in enumerate(lines):
            y = STRIP + 36 + number * _LINE
            last = number == len(lines) - 1
            if last and string.endswith(end[0]):
                head = string[: -len(end[0])]
                marks.append(label(80, y, head, grey, size=TEXT_SIZE))
                x = 80 + text_width(head, TEXT_SIZE)
                marks.append(label(x, y, end[0], ink, size=TEXT_SIZE, weight=BOLD_WEIGHT))
            else:
                marks.append(label(80, y, string, grey, size=TEXT_SIZE))
        return marks

    def _terms(self, moment: int) -> list[str]:
        """Weight · number of every weight that is not 0; or, of many channels, what each adds."""
        window, shares = self.trace["window", moment], self.trace["channel sums", moment]
        parts: list[str] = []
        if len(self.inputs) > 1:
            for at in (
                np.argsort(-np.abs(shares), kind="stable")
                if len(shares) > 4
                else range(len(shares))
            ):
                parts.append(self._signed(float(shares[at]), not parts)
                             + f" ({self._channel_name(int(at))})")  # fmt: skip
        else:
            told = self._told_weights()
            for place in _not_zero(self.kernel[0]):
                row, column = int(place[0]), int(place[1])
                weight, seen = float(self.kernel[0, row, column]), float(window[0, row, column])
                text = self.writes(told[row][column].removeprefix("\u2212"))
                number = self.writes(short(seen))
                number = f"({number})" if seen < 0 else number
                sign = ("\u2212" if weight < 0 else "") if not parts else (
                    "\u2212 " if weight < 0 else "+ ")  # fmt: skip
                parts.append(f"{sign}{text} · {number}")
        if ("bias", 0) in self.trace:
            bias = float(self.trace["bias", 0][self.channel])
            parts.append(self._signed(bias, not parts) + f" ({self.words('convolution.bias')})")
        return parts or ["0"]

    def _told_weights(self) -> list[list[str]]:
        written = self.trace.about.get("written")
        if written:
            return [[said(cell) for cell in row] for row in written]
        return [[short(cell) for cell in row] for row in self.kernel[0].tolist()]

    def _signed(self, value: float, first: bool) -> str:
        text = self.writes(short(abs(value)))
        if first:
            return f"\u2212{text}" if value < 0 else text
        return f"\u2212 {text}" if value < 0 else f"+ {text}"

    def _ending(self, moment: int) -> str:
        return " = " + self.writes(short(float(self.trace["value", moment])))

    def _span(self, limits: Range) -> str:
        low, high = (self.writes(short(limit)) for limit in limits)
        key = "convolution.span-signed" if limits[0] < 0 else "convolution.span-grey"
        return self.words(key, low=low, high=high)

    def _foot(self) -> list[str]:
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


def _not_zero(kernel: FloatArray) -> IntArray:
    return np.argwhere(kernel != 0)


def _in_lines(parts: list[str], end: list[str], told: Words, most: int) -> list[str]:
    """The terms joined into lines of the frame's width; how many had no room is said."""
    room = 1760.0
    for shown in range(len(parts), 0, -1):
        rest = len(parts) - shown
        more = [told("convolution.more-terms", count=rest)] if rest else []
        lines = [""]
        for part in [*parts[:shown], *more]:
            longer = f"{lines[-1]} {part}" if lines[-1] else part
            if lines[-1] and text_width(longer, TEXT_SIZE) > room:
                lines.append(part)
            else:
                lines[-1] = longer
        if text_width(lines[-1] + end[0], TEXT_SIZE, BOLD_WEIGHT) > room:
            lines.append("")
        lines[-1] += end[0]
        if len(lines) <= most:
            return lines
    return [shorten(parts[0], room, FOOT_SIZE)]
