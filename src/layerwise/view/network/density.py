"""All numbers of a large layer as a density, below the few units that are drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from ...scene import Mark, Rectangles
from ...types import FloatArray, IntArray, float32_array
from ..marks import hairlines, label
from ..palette import signed_color
from ..style import SMALLEST_SIZE, Theme, format_count
from .layout import WIDE
from .places import Column, Places
from .reading import Reading, largest

BINS: Final = 40
WIDTH, BELOW, HEIGHT = 84.0, 39.0, 30.0  # its floor is that far below the columns
ROOM: Final = 92.0  # columns nearer to each other than this have none


class Density:
    """Histograms of whole outputs: 40 bins from −limit to limit, heights by √ of the count.

    The limit is the largest magnitude of the layer in the whole recording.
    """

    def __init__(self, reading: Reading, theme: Theme, bottom: float = WIDE.bottom) -> None:
        self.reading, self.theme, self.floor = reading, theme, bottom + BELOW
        self.limit = lru_cache(maxsize=256)(self._limit)
        self.counts = lru_cache(maxsize=2048)(self._counts)

    def is_whole(self, number: int) -> bool:
        """Whether a layer is drawn in part, and all of its numbers were kept."""
        chosen = self.reading.chosen(number)
        layer = self.reading.graph.layers[number]
        kept = not self.reading.trace.site(layer.shown).entries
        return kept and 0 < len(chosen) < chosen.total

    def has_room(self, places: Places, column: Column) -> bool:
        """Whether one is drawn: the only layer of its column, the next one far enough."""
        within = 0 < column.rank < places.depth and places.room + 14 >= ROOM
        return within and places.is_alone(column) and self.is_whole(column.number)

    def _counts(self, number: int, moment: int, limit: float) -> IntArray:
        values = self.reading.output(number, moment)
        if values is None:
            return np.zeros(BINS, np.int64)
        found, _ = np.histogram(values[np.isfinite(values)], BINS, (-limit, limit))
        return found.astype(np.int64)

    def _limit(self, number: int) -> float:
        return largest(
            [own.output(number, m) for own in self.reading.alike for m in self.reading.moments]
        )

    def marks(self, column: Column, moment: int, lit: float) -> list[Mark]:
        """The density of a column's layer at a moment."""
        counts = self.counts(column.number, moment, self.limit(column.number))
        heights: FloatArray = np.sqrt(counts / max(int(counts.max()), 1)) * HEIGHT * lit
        middle = float(column.boxes[:, 0].mean() + column.boxes[0, 2] / 2)
        left, wide = middle - WIDTH / 2, WIDTH / BINS
        lefts, tops = left + wide * np.arange(BINS), self.floor - heights
        boxes = np.stack([lefts, tops, np.full(BINS, wide), heights], axis=1)
        edges = np.linspace(-1, 1, BINS + 1)
        colors = signed_color(np.sign(edges[:-1] + edges[1:]), 1, self.theme)
        opaque = np.full((BINS, 1), 255, np.uint8)
        layer = self.reading.graph.layers[column.number]
        sides = layer.shape[1:] if layer.axes[:1] == ("sample",) else layer.shape
        said = f"all {format_count(int(np.prod(sides)))}"
        line = float32_array([[left, self.floor, left + WIDTH, self.floor]])
        return [
            hairlines(line, self.theme.hairline),
            Rectangles(float32_array(boxes), np.concatenate([colors, opaque], axis=1)),
            label(middle, self.floor + 18, said, self.theme.grey, size=SMALLEST_SIZE,
                  anchor="middle"),
        ]  # fmt: skip
