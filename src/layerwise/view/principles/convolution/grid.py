"""A table of numbers as coloured cells, with each number in its cell where it can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from ....language import Words
from ....scene import Color, Image, Mark, Rectangles, Reference
from ....typeface import text_width
from ....types import ByteArray, FloatArray, float32_array
from ...marks import Box, hairlines, inscribed, label
from ...palette import signed_color, text_on
from ...style import MINUS, Theme, format_count, format_number

Range: TypeAlias = tuple[float, float]
Writes: TypeAlias = Callable[[str], str]
"""Brings a number to the way a language writes it."""

LARGEST_NUMBER: Final = 17.0
SMALLEST_NUMBER: Final = 11.0  # of a sheet: 17.6 pixels where it is 1,920 across
_LINED: Final = 7.0  # pixels of a cell from which on lines are drawn between cells
_ROOMY: Final = 36.0  # pixels of a cell that holds three digits
_MOST_WRITTEN: Final = 1024
_RING: Final = 2.2


@dataclass(frozen=True, eq=False)
class Grid:
    """Values (row, column) in a box, in grey from low to high, or in signed colours about 0.

    `refers` says where they stand in the trace.
    """

    box: Box
    values: FloatArray
    limits: Range
    theme: Theme
    writes: Writes
    written: Sequence[Sequence[str]] = ()  # as a person wrote them, where known
    shown: int | None = None  # so many cells in reading order have a value; None: all
    refers: Reference | None = None
    raised: bool = False  # at the top of the box, not in its middle

    @property
    def place(self) -> Box:
        """Where the cells lie."""
        x, y, width, height = inscribed(self.box, *self.values.shape)
        return (x, self.box[1] if self.raised else y, width, height)

    @property
    def cell(self) -> float:
        """The side of a cell in pixels."""
        side: float = self.place[2] / self.values.shape[1]
        return side

    def marks(self) -> list[Mark]:
        """The cells, lines between them, and their numbers where they can be read."""
        colors = colors_of(self.values, self.limits, self.theme)
        count = self.values.size if self.shown is None else self.shown
        flat = colors.reshape(-1, 3)
        flat[count:] = self.theme.unclassified[:3]
        x, y, width, height = self.place
        fine = self.cell < 1
        marks: list[Mark] = [
            Image(self.place, colors, sampling="area" if fine else "nearest", refers=self.refers)
        ]
        rows, columns = self.values.shape
        if self.cell >= _LINED:
            lines = [
                [x + c * self.cell, y, x + c * self.cell, y + height] for c in range(columns + 1)
            ]
            lines += [[x, y + r * self.cell, x + width, y + r * self.cell] for r in range(rows + 1)]
            # On signed colours the zero is as grey as a hairline.
            edge = self.theme.ground if self.limits[0] < 0 else self.theme.hairline
            marks.append(hairlines(float32_array(lines), edge))
        return marks + self._numbers(flat, count)

    def window(self, corner: tuple[int, int], size: tuple[int, int], color: Color) -> list[Mark]:
        """A ring around so many rows and columns from a corner on, seen on any colour."""
        box = self._box_of(corner, size)
        return [ring(box, self.theme.ground, _RING), ring(box, color, 0)]

    def cells(self, places: Sequence[tuple[int, int]], color: Color) -> Mark:
        """A thin ring around each of those cells."""
        boxes = [self._box_of(place, (1, 1)) for place in places]
        clear = np.array((0, 0, 0, 0), np.uint8)
        edge = np.array(color, np.uint8)
        return Rectangles(
            float32_array(boxes), clear, float32_array([1]), edge, float32_array([1.6])
        )

    def _box_of(self, corner: tuple[int, int], size: tuple[int, int]) -> Box:
        x, y, _, _ = self.place
        side = self.cell
        return (x + corner[1] * side, y + corner[0] * side, size[1] * side, size[0] * side)

    def _numbers(self, flat: ByteArray, count: int) -> list[Mark]:
        if self.values.size > _MOST_WRITTEN or self.cell < SMALLEST_NUMBER * 1.2:
            return []
        texts = self.strings()
        size = readable_size(texts, self.cell)
        if size is None:  # .04 where there is no room for 0.04
            texts = [_without_zero(text) for text in texts]
            size = readable_size(texts, self.cell)
        if size is None:
            return []
        x, y, _, _ = self.place
        columns = self.values.shape[1]
        marks: list[Mark] = []
        for number, string in enumerate(texts[:count]):
            row, column = divmod(number, columns)
            across = x + (column + 0.5) * self.cell
            down = y + (row + 0.5) * self.cell + size * 0.36
            color = text_on(flat[number])
            marks.append(label(across, down, string, color, size=size, anchor="middle"))
        return marks

    def strings(self) -> list[str]:
        """Each number as it is written, in reading order."""
        if self.written:
            return [self.writes(said(cell)) for row in self.written for cell in row]
        write = short if self.cell >= _ROOMY else _shortest
        return [self.writes(write(value)) for value in self.values.ravel().tolist()]


def ring(box: Box, color: Color, beyond: float) -> Rectangles:
    """A ring around a box, so far beyond its edge, and no smaller than can be seen."""
    x, y, width, height = box
    wide, tall = max(width, 6.0), max(height, 6.0)
    x, y = x - (wide - width) / 2 - beyond - _RING / 2, y - (tall - height) / 2 - beyond - _RING / 2
    outer = [x, y, wide + 2 * beyond + _RING, tall + 2 * beyond + _RING]
    clear = np.array((0, 0, 0, 0), np.uint8)
    return Rectangles(
        float32_array([outer]), clear, float32_array([2]), np.array(color, np.uint8),
        float32_array([_RING]),
    )  # fmt: skip


def colors_of(values: FloatArray, limits: Range, theme: Theme) -> ByteArray:
    """Values (…) as colours (…, rgb): grey from low to high, or signed about 0 where low is not 0.

    What lies beyond takes the colour of the end.
    """
    low, high = limits
    if low < 0:
        return np.array(signed_color(values, max(high, -low, 1e-30), theme))
    share = np.clip((values - low) / max(high - low, 1e-30), 0, 1)
    grey = np.rint(share * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def color_picture(planes: FloatArray, limits: Range) -> ByteArray:
    """Red, green and blue planes (channel, row, column) as colours (row, column, rgb)."""
    low, high = limits
    share = np.clip((planes - low) / max(high - low, 1e-30), 0, 1)
    return np.ascontiguousarray(np.rint(share * 255).astype(np.uint8).transpose(1, 2, 0))


def readable_size(texts: Sequence[str], cell: float) -> float | None:
    """The size at which the widest text fits a cell; None where it would be too small to read."""
    widest = max((text_width(text, LARGEST_NUMBER) for text in set(texts)), default=1.0)
    size = min(LARGEST_NUMBER, cell * 0.42, LARGEST_NUMBER * (cell - 4) / max(widest, 1e-9))
    if size < SMALLEST_NUMBER:
        tight = LARGEST_NUMBER * (cell - 2.5) / max(widest, 1e-9)
        return SMALLEST_NUMBER if min(tight, cell * 0.6) >= SMALLEST_NUMBER else None
    return size


def short(value: float, digits: int = 3) -> str:
    """A number as short as it can be told: whole ones whole, others to so many digits."""
    whole = float(value).is_integer() or abs(value) >= 10 ** (digits - 1)
    if whole and abs(value) < 1e6:
        return format_count(round(value))
    return format_number(value, digits)


def _without_zero(text: str) -> str:
    for start in ("0.", "0,", "\u22120.", "\u22120,"):
        if text.startswith(start):
            return start[:-2] + start[-1] + text[len(start) :]
    return text


def _shortest(value: float) -> str:
    """Two digits, of a fraction two decimals: a small one is rounded."""
    if 0 < abs(value) < 1:
        return f"{value:z.2f}".replace("-", MINUS)
    return short(value, 2)


def said(cell: str) -> str:
    """A number as somebody typed it, with a true minus."""
    return cell.replace("-", MINUS)


def kernel_limit(values: FloatArray) -> Range:
    """Signed limits for the numbers of a kernel, or of products."""
    most = float(np.abs(values).max(initial=0.0)) or 1.0
    return (-most, most)


def output_limits(kernel: FloatArray, output: FloatArray, given: Range) -> Range:
    """How an output is drawn: as a picture where the kernel keeps brightness, else signed.

    Of a large output the signed colours end where 99 of 100 numbers lie within.
    """
    keeps = abs(float(kernel.sum()) - 1) < 1e-6
    if keeps and given[0] == 0:
        return given
    if output.size > _MOST_WRITTEN:
        most = float(np.quantile(np.abs(output), 0.99))
        if most > 0:
            return (-most, most)
    return kernel_limit(output)


def outside(values: FloatArray, limits: Range) -> int:
    """How many numbers lie beyond the ends of the colours."""
    slack = 1e-9 * max(abs(limits[0]), abs(limits[1]))
    return int(np.sum((values < limits[0] - slack) | (values > limits[1] + slack)))


def settings_told(about: Mapping[str, Any], words: Words) -> list[str]:
    """How a kernel was laid on, where that was not plainly: stride, dilation, padding."""
    told = []
    stride, apart = about["stride"], about["dilation"]
    if tuple(stride) != (1, 1):
        told.append(words("convolution.foot-stride", down=stride[0], across=stride[1]))
    if tuple(apart) != (1, 1):
        told.append(words("convolution.foot-dilation", down=apart[0], across=apart[1]))
    if any(map(any, about["padding"])):
        mode = words(f"convolution.mode-{about['padding mode']}")
        told.append(words("convolution.foot-padding", mode=mode))
    return told
