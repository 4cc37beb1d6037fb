"""Maps of a lattice on a sheet: classes, probabilities and densities as pictures in boxes."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from ....language import Words
from ....scene import Color, Image, Mark, Reference
from ....types import UNCLASSIFIED, Array, ByteArray, float32_array
from ...charts.chart import Box
from ...marks import hairlines, inscribed, label, swatches
from ...palette import POSITIVE, class_colors, magnitude_color, probability_color
from ...sheet import SMALL, Drawing
from ...style import Theme

RULE_COLORS: Final[tuple[Color, Color]] = ((194, 63, 142, 255), POSITIVE)
"""Of the rules "always" and "lazy": no class of three has them, and they can be read as text."""


class LatticeDrawing(Drawing):
    """A recording of a lattice on a sheet, with the colours of its classes."""

    @property
    def words(self) -> Words:
        """The texts."""
        return self.sheet.words

    @property
    def theme(self) -> Theme:
        """The colours that are no class."""
        return self.sheet.theme

    @cached_property
    def colors(self) -> ByteArray:
        """The colour of each class: (class, rgb)."""
        return class_colors(len(self.trace.about["classes"]))

    def color(self, number: int) -> Color:
        """The colour of one class."""
        red, green, blue = self.colors[number].tolist()
        return (red, green, blue, 255)

    @cached_property
    def palette(self) -> ByteArray:
        """The colour of each label: (256, rgba)."""
        palette = np.full((256, 4), 255, np.uint8)
        palette[: len(self.colors), :3] = self.colors
        palette[UNCLASSIFIED] = self.theme.unclassified
        return palette

    def label_map(self, labels: Array, box: Box, refers: Reference | None = None) -> Image:
        """A label map (row, column)."""
        place = inscribed(box, *labels.shape)
        return Image(place, labels.astype(np.uint8), self.palette, "nearest", refers)

    def probability_map(self, maps: Array, box: Box, refers: Reference | None = None) -> Image:
        """Probabilities (class, row, column): the likeliest class, as strong as it is likely."""
        pixels = probability_color(maps.argmax(axis=0), maps.max(axis=0), self.theme, self.colors)
        return Image(inscribed(box, *maps.shape[1:]), pixels, None, "nearest", refers)

    def magnitude_map(
        self, values: Array, most: float, box: Box, refers: Reference | None = None
    ) -> Image:
        """Values (row, column) from 0 to `most` in one hue."""
        pixels = magnitude_color(values, most, self.theme)
        return Image(inscribed(box, *values.shape), pixels, None, "nearest", refers)

    def share_bars(
        self, shares: Array, box: Box, *, names: list[str], more: Array | None = None
    ) -> list[Mark]:
        """Each class with its share as a bar and per cent; `more`, another share, as a line."""
        x, y, width, height = box
        pitch = height / len(shares)
        fill = [self.color(number) if number < len(self.colors) else self.theme.hairline
                for number in range(len(shares))]  # fmt: skip
        bars, ground = [], []
        marks: list[Mark] = []
        for number, (share, name) in enumerate(zip(shares, names, strict=True)):
            top = y + number * pitch
            told = self.sheet.percent(float(share))
            if more is not None:
                told = f"{told}   {self.sheet.percent(float(more[number]))}"
            marks.append(self.sheet.text(x, top + 20, name, size=SMALL))
            marks.append(self.sheet.text(x + width, top + 20, told, size=SMALL, anchor="end"))
            ground.append([x, top + 28, width, 8])
            bars.append([x, top + 28, max(width * float(share), 0.01), 8])
        track = np.array(self.theme.hairline, np.uint8)
        marks.insert(0, swatches(float32_array(ground), np.tile(track, (len(ground), 1))))
        marks.append(swatches(float32_array(bars), np.array(fill, np.uint8)))
        if more is not None:
            at = [[x + width * float(share), y + n * pitch + 25, x + width * float(share),
                   y + n * pitch + 39] for n, share in enumerate(more)]  # fmt: skip
            marks.append(hairlines(float32_array(at), self.theme.ink))
        return marks

    def under(self, box: Box, string: str, *, size: float = SMALL) -> Mark:
        """A quiet line under a picture, in its middle."""
        x, y, width, height = box
        return label(
            x + width / 2, y + height + 1.4 * size, string, self.theme.grey, size=size,
            anchor="middle",
        )  # fmt: skip

    def outline(self, box: Box) -> Mark:
        """A hairline around a picture."""
        x, y, width, height = box
        right, floor = x + width, y + height
        return hairlines(
            float32_array([[x, y, right, y], [right, y, right, floor], [right, floor, x, floor],
                           [x, floor, x, y]]), self.theme.hairline,
        )  # fmt: skip

    def size_parts(self) -> list[str]:
        """What every foot says of the lattice."""
        about, count = self.trace.about, self.sheet.count
        return [
            self.words("lattice.foot-grid", rows=count(about["rows"]),
                       columns=count(about["columns"]), points=count(about["points"])),
        ]  # fmt: skip
