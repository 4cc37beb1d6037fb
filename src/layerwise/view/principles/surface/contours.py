"""Contours of a table of numbers: levels at round values, filled bands, lines and their labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ....scene import Image, Mark, Reference, Segments
from ....typeface import text_width
from ....types import Array, BoolArray, ByteArray, FloatArray, float32_array
from ...charts.chart import faded
from ...charts.scale import round_step
from ...marks import Box, label
from ...palette import magnitude_color, text_on
from ...style import Theme, format_number

PIXELS: Final = 400  # a side of the picture of the bands
MOST_BANDS: Final = 10
WIDE_RATIO: Final = 30.0  # losses that span more are in powers of ten
STRONGEST: Final = 0.62  # of the scale, so that a path stands out from every band
LINES: Final = 100  # points a side that lines are followed over
LABEL: Final = 16.0


@dataclass(frozen=True, eq=False)
class Contours:
    """Bands and lines of `table` (row, column), row 0 at the bottom of `box`.

    Between the points of the table values run straight, in the logarithm where `log`. Where a
    value is not finite there is no band. `smooth` False shows the points as boxes.
    """

    table: FloatArray
    box: Box
    theme: Theme
    smooth: bool = True
    levels: tuple[float, ...] | None = None
    moment: int = 0
    avoid: tuple[tuple[float, float], ...] = ()  # pixels where no label stands

    @cached_property
    def log(self) -> bool:
        """Whether levels are in powers."""
        known = self.table[np.isfinite(self.table)]
        return known.size > 0 and bool(
            known.min() > 0 and known.max() / max(known.min(), 1e-300) > WIDE_RATIO
        )

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Round values where one band gives way to the next."""
        if self.levels is not None:
            return self.levels
        known = self.table[np.isfinite(self.table)]
        if not known.size or known.min() == known.max():
            return ()
        low, high = float(known.min()), float(known.max())
        if self.log:
            return _powers(max(low, high * 1e-6), high)
        step = round_step(high - low, MOST_BANDS)
        first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
        return tuple(number * step for number in range(first, last + 1))

    def bands(self) -> Mark:
        """The filled bands."""
        drawn = self._drawn(self.table)
        fine = resized(drawn, PIXELS, smooth=self.smooth)[::-1]
        known = np.isfinite(fine)
        edges = self._drawn(np.array(self.edges))
        index = np.where(known, np.searchsorted(edges, np.where(known, fine, 0), "right") + 1, 0)
        return Image(
            self.box, index.astype(np.uint8), self.palette(), "area",
            Reference("loss", self.moment, None),
        )  # fmt: skip

    def palette(self) -> ByteArray:
        """Colours (entry, rgba): 0 where nothing is known, then band by band from the lowest."""
        count = len(self.edges) + 1
        shares = np.linspace(0.03, STRONGEST, count) if count > 1 else np.array([0.2])
        colors = magnitude_color(shares, 1.0, self.theme)
        blank = np.array([self.theme.unclassified[:3]], np.uint8)
        every = np.concatenate([blank, colors.reshape(-1, 3)])
        return np.concatenate([every, np.full((len(every), 1), 255, np.uint8)], axis=1)

    def lines(self) -> list[Mark]:
        """A thin line along each level, with its value on it where there is room."""
        if not self.smooth or not self.edges:
            return []
        side = max(len(self.table), min(LINES, 2 * len(self.table) - 1))
        fine = resized(self._drawn(self.table), side, smooth=True, ends=True)
        x, y, width, height = self.box
        color = np.array(faded(self.theme.ink, 0.28), np.uint8)
        marks: list[Mark] = []
        taken = list(self.avoid)
        palette = self.palette()
        for number, level in enumerate(self._drawn(np.array(self.edges)).tolist()):
            ends = iso_segments(fine, level)
            if not len(ends):
                continue
            shares = ends / (side - 1)
            places = np.stack(
                [x + width * shares[..., 0], y + height * (1 - shares[..., 1])], axis=-1
            ).reshape(-1, 4)
            told = _plain(format_number(self.edges[number], 2 if self.log else 3))
            spot = self._spot(places, taken, told)
            if spot is not None:
                places = _interrupted(places, spot, text_width(told, LABEL) / 2 + 5)
            marks.append(Segments(float32_array(places), float32_array([1]), color))
            if spot is not None:
                taken.append(spot)
                ink = text_on(palette[min(number + 1, len(palette) - 1), :3])
                marks.append(label(*spot, told, faded(ink, 0.85), size=LABEL, anchor="middle"))
        return marks

    def _spot(
        self, places: FloatArray, taken: list[tuple[float, float]], told: str
    ) -> tuple[float, float] | None:
        """Where a line's label stands: on it, away from the edges and from other labels."""
        x, y, width, height = self.box
        middles = (places[:, :2] + places[:, 2:]) / 2
        room = text_width(told, LABEL) / 2 + 10
        inside = (middles[:, 0] > x + room) & (middles[:, 0] < x + width - room)
        inside &= (middles[:, 1] > y + 22) & (middles[:, 1] < y + height - 16)
        for own in taken:
            near = np.abs(middles[:, 0] - own[0]) < 70
            inside &= ~(near & (np.abs(middles[:, 1] + 6 - own[1]) < 26))
        if not inside.any():
            return None
        # On the way from the middle to the upper right corner, where labels form a row.
        middle = np.array([x + width / 2, y + height / 2])
        away = (middles - middle) @ np.array([1.0, 0.8]) - 4 * np.abs(
            (middles - middle) @ np.array([0.8, 1.0])
        )
        best = int(np.argmax(np.where(inside, away, -np.inf)))
        return float(middles[best, 0]), float(middles[best, 1]) + 6

    def _drawn(self, values: FloatArray) -> FloatArray:
        if not self.log:
            return np.where(np.isfinite(values), values, np.nan)
        with np.errstate(all="ignore"):
            least = np.log(max(self.edges[0], 1e-300)) - 1 if self.edges else -700.0
            logs = np.where(values > 0, np.log(np.where(values > 0, values, 1)), least)
        return np.where(np.isfinite(values), logs, np.nan)


def resized(table: FloatArray, side: int, *, smooth: bool, ends: bool = False) -> FloatArray:
    """The table at side × side places: straight between its points, or each point's own box.

    With `ends` the outer places are the outer points; else places are middles of pixels of a
    picture whose edges are the outer points.
    """
    count = len(table)
    share = np.linspace(0, 1, side) if ends else (np.arange(side) + 0.5) / side
    if not smooth:
        near = np.minimum((share * count).astype(np.int64), count - 1)
        boxes: FloatArray = table[np.ix_(near, near)]
        return boxes
    place = share * (count - 1)
    low = np.minimum(place.astype(np.int64), count - 2)
    part = place - low
    rows = table[low] * (1 - part)[:, None] + table[low + 1] * part[:, None]
    mixed: FloatArray = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    return mixed


def iso_segments(table: FloatArray, level: float) -> FloatArray:
    """Where a table (row, column) crosses a level, straight within each cell: (segment, 2, xy).

    In cells that are crossed four times the mean of the corners says which ends belong together.
    """
    above = table >= level
    corners = [table[:-1, :-1], table[:-1, 1:], table[1:, 1:], table[1:, :-1]]
    known = np.isfinite(corners).all(axis=0)
    ups = [above[:-1, :-1], above[:-1, 1:], above[1:, 1:], above[1:, :-1]]
    offsets = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    rows, columns = np.indices(known.shape)
    crossed: list[BoolArray] = []
    points: list[FloatArray] = []
    for edge in range(4):
        one, other = edge, (edge + 1) % 4
        crossed.append((ups[one] != ups[other]) & known)
        with np.errstate(all="ignore"):
            part = (level - corners[one]) / (corners[other] - corners[one])
        part = np.where(crossed[-1], part, 0.0)
        x = columns + offsets[one][0] + part * (offsets[other][0] - offsets[one][0])
        y = rows + offsets[one][1] + part * (offsets[other][1] - offsets[one][1])
        points.append(np.stack([x, y], axis=-1))
    count = np.sum(crossed, axis=0)
    found: list[Array] = []
    for one in range(4):
        for other in range(one + 1, 4):
            both = crossed[one] & crossed[other] & (count == 2)
            found.append(np.stack([points[one][both], points[other][both]], axis=1))
    four = count == 4
    if four.any():
        mean_up = np.mean(corners, axis=0) >= level
        joined = mean_up == ups[0]
        for chosen, pairs in ((joined, ((0, 1), (2, 3))), (~joined, ((0, 3), (1, 2)))):
            for one, other in pairs:
                both = four & chosen
                found.append(np.stack([points[one][both], points[other][both]], axis=1))
    segments: FloatArray = np.concatenate(found)
    return segments


def clipped(points: FloatArray, box: Box) -> FloatArray:
    """The parts of a line through points (point, xy) that lie in a box: (segment, x0 y0 x1 y1)."""
    x, y, width, height = box
    kept = []
    for (x0, y0), (x1, y1) in zip(points[:-1].tolist(), points[1:].tolist(), strict=True):
        if not all(map(math.isfinite, (x0, y0, x1, y1))):
            continue
        start, end = 0.0, 1.0
        for way, gap in (
            (x0 - x1, x0 - x), (x1 - x0, x + width - x0),
            (y0 - y1, y0 - y), (y1 - y0, y + height - y0),
        ):  # fmt: skip
            if way == 0:
                end = end if gap >= 0 else -1.0
            elif way < 0:
                start = max(start, gap / way)
            else:
                end = min(end, gap / way)
        if start <= end:
            dx, dy = x1 - x0, y1 - y0
            kept.append([x0 + start * dx, y0 + start * dy, x0 + end * dx, y0 + end * dy])
    return np.array(kept).reshape(-1, 4)


def _powers(low: float, high: float) -> tuple[float, ...]:
    """1, 2, 5 times powers of ten, or powers alone, as many as there may be bands."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3)):
        found = [
            part * 10.0**power
            for power in range(first, last + 1)
            if power % every == 0
            for part in parts
        ]
        kept = tuple(value for value in found if low < value < high)
        if len(kept) <= MOST_BANDS:
            return kept
    return kept[:: -(-len(kept) // MOST_BANDS)]


def _interrupted(places: FloatArray, spot: tuple[float, float], half: float) -> FloatArray:
    """A line without what would run through its label."""
    middles = (places[:, :2] + places[:, 2:]) / 2
    within = (np.abs(middles[:, 0] - spot[0]) < half) & (np.abs(middles[:, 1] + 6 - spot[1]) < 10)
    return places[~within]


def _plain(text: str) -> str:
    """Without zeros at the end: a level is exact."""
    if "." not in text or "×" in text:
        return text
    return text.rstrip("0").rstrip(".")
