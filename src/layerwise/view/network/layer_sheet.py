"""One layer, large: every unit that was kept, the density of all numbers, and what they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import ceil
from typing import Final, Protocol

import numpy as np

from ...scene import Image, LayerReading, Mark, Part, Rectangles, Reference, Scene, UnitReading
from ...types import ByteArray, Float32Array, FloatArray, IntArray, float32_array
from ..diagram.counts import parameters_in
from ..marks import inscribed, label
from ..palette import signed_color, text_on
from ..style import SMALLEST_SIZE, TEXT_SIZE
from .density import BINS
from .frames import NUMBER_SIDE
from .reading import Chosen, largest, stored_at
from .sheet import BOTTOM, LEFT, STEP, TOP, Pages
from .short_number import short_number

GRID: Final = 1290.0  # how wide the tiles may be
RIGHT, WIDTH = 1450.0, 390.0  # the column beside them
GAP: Final = 8.0
CAPTION: Final = 20.0  # below a tile
CAPTIONED: Final = 60.0  # a side from which on a tile has one
MOST_TILES, MOST_CELLS = 240, 1_000
MOST_PIXELS: Final = 400_000  # of all tiles at all stops
LARGEST: Final = 236.0
MOST_READ: Final = 60_000  # numbers that a pointer may ask for


class Units(Protocol):
    """Opens units; `lacking` are those (layer, unit) for which there is no room in a page."""

    lacking: set[tuple[int, int]]

    def unit(self, number: int, unit: int) -> Callable[[], Scene] | None:
        """What opens a unit of a layer."""
        ...


class LayerSheet:
    """The sheet of a layer; `drawn` are the units in the film, `units` opens one of its own."""

    def __init__(self, pages: Pages, number: int, drawn: Chosen, units: Units) -> None:
        self.pages, self.number, self.drawn = pages, number, drawn
        self.units = units
        self.reading = pages.rows[0][0]
        self.layer = self.reading.graph.layers[number]

    @cached_property
    def values(self) -> list[FloatArray | None]:
        """What the layer gave in each row, kept units first: (unit, …)."""
        found = [own.by_unit(own.output(self.number, m), self.number) for own, m in self.pages.rows]
        return [None if each is None else np.asarray(each, np.float64) for each in found]

    @cached_property
    def mapped(self) -> bool:
        """Whether a unit is a map or a strip."""
        return any(each is not None and each.ndim > 1 for each in self.values)

    @cached_property
    def chosen(self) -> Chosen:
        """The units that have a tile."""
        kept = self.reading.kept(self.number)
        pixels = max((each[0].size for each in self.values if each is not None), default=1)
        most = MOST_CELLS
        if self.mapped:
            most = max(min(MOST_TILES, MOST_PIXELS // (pixels * len(self.values))), len(self.drawn))
        if len(kept) <= most:
            return kept
        found = self.reading.largest(self.number, most)
        places = np.union1d(found.places, stored_at(tuple(kept.numbers), self.drawn.numbers))
        return Chosen(places, kept.numbers[places], kept.total, found.rule)

    @cached_property
    def limit(self) -> float:
        """The largest magnitude in all rows."""
        return largest(self.values)

    @cached_property
    def boxes(self) -> FloatArray:
        """The tiles: (unit, x y width height), as large as they can be."""
        count, room = len(self.chosen), BOTTOM - TOP
        best = 0.0
        for columns in range(1, count + 1):
            rows = ceil(count / columns)
            wide = (GRID - GAP * (columns - 1)) / columns
            tall = (room - GAP * (rows - 1)) / rows
            captioned = min(wide, tall - CAPTION) >= CAPTIONED
            tall = tall - CAPTION if captioned else min(tall, CAPTIONED)
            side = min(wide, tall, LARGEST)
            if side > best:
                best, across = side, columns
        below = CAPTION if best >= CAPTIONED else 0.0
        column, row = np.arange(count) % across, np.arange(count) // across
        lefts, tops = LEFT + (best + GAP) * column, TOP + (best + GAP + below) * row
        sides = np.full(count, best)
        return np.stack([lefts, tops, sides, sides], axis=1)

    @property
    def side(self) -> float:
        """The side of a tile."""
        return float(self.boxes[0, 2])

    def scene(self) -> Scene:
        """The sheet as a scene, a stop for each row."""
        pages, layer = self.pages, self.layer
        return pages.scene(
            self._marks, pages.name(self.number), layer.label, self._said(),
            units=self._units(), parts=self._parts,
        )  # fmt: skip

    def _said(self) -> list[str]:
        """How many units there are, were kept, are here, and are in the film: by which rule."""
        pages, said = self.pages, self.pages.words
        kept, total = self.reading.kept(self.number), self.chosen.total
        noun = "maps" if pages.has_maps(self.number) else "units"
        parts = []
        if len(kept) < total:
            parts.append(
                said(f"network.kept_{noun}", kept=pages.count(len(kept)), total=pages.count(total),
                     rule=pages.rule(kept.rule))
            )  # fmt: skip
        elif len(self.chosen) == total:
            parts.append(said(f"network.all_{noun}", total=pages.count(total)))
        if len(self.chosen) < len(kept):
            parts.append(
                said(f"network.shown_{noun}", shown=pages.count(len(self.chosen)),
                     total=pages.count(len(kept)), rule=pages.rule(self.chosen.rule))
            )  # fmt: skip
        if 0 < len(self.drawn) < len(kept):
            parts.append(
                said("network.film", drawn=pages.count(len(self.drawn)), total=pages.count(total),
                     rule=pages.rule(self.drawn.rule))
            )  # fmt: skip
            parts.append(said("network.ringed"))
        parts.append(said("network.colors_full", limit=pages.number(self.limit)))
        return parts

    def _marks(self, stop: int) -> list[Mark]:
        values = self.values[stop]
        if values is None:
            return []
        return [*self._tiles(values, stop), *self._captions(), *self._beside(values, stop)]

    def _tiles(self, values: FloatArray, stop: int) -> list[Mark]:
        theme = self.pages.theme
        own, moment = values[self.chosen.places], self.pages.rows[stop][1]
        refers = Reference(self.layer.shown, moment, self.chosen.numbers[:, None])
        flat = own.reshape(len(own), -1)
        summary = flat[np.arange(len(flat)), np.abs(np.nan_to_num(flat)).argmax(axis=1)]
        fill = np.full((len(own), 4), 255, np.uint8)
        fill[:, :3] = signed_color(summary, self.limit, theme)
        edge, wide = self._edges()
        marks: list[Mark] = [
            Rectangles(
                float32_array(self.boxes), fill, float32_array([min(self.side * 0.1, 6.0)]),
                refers=refers,
            )
        ]  # fmt: skip
        if self.mapped:
            for box, plane in zip(self._inner(), own, strict=True):
                pixels = signed_color(_plane(plane), self.limit, theme)
                marks.append(Image((box[0], box[1], box[2], box[3]), pixels, sampling="area"))
        elif self.side >= NUMBER_SIDE:
            marks += self._numbers(summary, fill)
        marks.append(
            Rectangles(
                float32_array(self.boxes + np.array([-2, -2, 4, 4])),
                np.array((0, 0, 0, 0), np.uint8), float32_array([min(self.side * 0.1, 6.0) + 2]),
                edge, wide,
            )
        )  # fmt: skip
        return marks

    def _edges(self) -> tuple[ByteArray, Float32Array]:
        """A frame for those in the film, where there are others."""
        some = 0 < len(self.drawn) < len(self.chosen)
        inside = np.isin(self.chosen.numbers, self.drawn.numbers) & some
        colors = np.zeros((len(inside), 4), np.uint8)
        colors[inside] = self.pages.theme.ink
        return colors, float32_array(np.where(inside, 2.0, 0.0))

    def _inner(self) -> list[tuple[float, float, float, float]]:
        """Where each tile's picture is: of the map's proportions, a strip stretched."""
        shape = next(each[0].shape for each in self.values if each is not None)
        found = []
        for x, y, width, height in self.boxes.tolist():
            box = (x, y, width, height)
            if len(shape) == 2:
                box = inscribed(box, shape[0], shape[1])
                box = box if min(box[2:]) >= 4 else (x, y, width, height)
            found.append(box)
        return found

    def _numbers(self, values: FloatArray, fill: ByteArray) -> list[Mark]:
        size = min(max(SMALLEST_SIZE, round(self.side / 6)), TEXT_SIZE + 4)
        return [
            label(x + width / 2, y + height / 2 + size * 0.36, short_number(float(value)),
                  text_on(color), size=size, anchor="middle")
            for (x, y, width, height), value, color in zip(
                self.boxes.tolist(), values, fill[:, :3], strict=True
            )
        ]  # fmt: skip

    def _captions(self) -> list[Mark]:
        """The units' numbers, where there is room."""
        if self.side < CAPTIONED:
            return []
        return [
            self.pages.small(x, y + height + 17, self.pages.count(int(number) + 1))
            for (x, y, _, height), number in zip(
                self.boxes.tolist(), self.chosen.numbers, strict=True
            )
        ]

    def _beside(self, values: FloatArray, stop: int) -> list[Mark]:
        """The density of all numbers, and what is known of them."""
        pages, reading = self.pages, self.pages.rows[stop][0]
        whole = len(reading.kept(self.number)) == self.chosen.total
        key = "network.numbers_all" if whole else "network.numbers_kept"
        heading = pages.words(key, count=pages.count(values.size))
        marks: list[Mark] = [label(RIGHT, TOP + 18, heading, pages.theme.ink, size=20)]
        marks += self._density(values)
        moment = pages.rows[stop][1]
        slopes = reading.by_unit(reading.gradient(self.number, moment), self.number)
        pairs = pages.numbers(values, slopes)
        own = parameters_in(reading.graph, [self.number])
        if own:
            pairs.append((pages.words("network.parameters"), pages.count(own)))
        base = TOP + 250
        marks.append(pages.line(RIGHT, base - STEP + 4, WIDTH))
        return [*marks, *pages.facts(RIGHT, base, WIDTH, pairs)]

    def _density(self, values: FloatArray) -> list[Mark]:
        pages, top, high = self.pages, TOP + 36, 88.0
        counts, _ = np.histogram(values[np.isfinite(values)], BINS, (-self.limit, self.limit))
        heights = np.sqrt(counts / max(int(counts.max()), 1)) * high
        wide = WIDTH / BINS
        boxes = np.stack(
            [RIGHT + wide * np.arange(BINS), top + high - heights, np.full(BINS, wide), heights], 1
        )
        edges = np.linspace(-1, 1, BINS + 1)
        colors = np.full((BINS, 4), 255, np.uint8)
        colors[:, :3] = signed_color(np.sign(edges[:-1] + edges[1:]), 1, pages.theme)
        return [
            Rectangles(float32_array(boxes), colors),
            *pages.scale(RIGHT, top + high + 4, WIDTH, self.limit),
            pages.small(RIGHT, top + high + 64, pages.words("network.density")),
        ]

    # -- what a page answers -------------------------------------------------------------------

    def _units(self) -> UnitReading | None:
        """The numbers of the tiles, as long as there are not too many."""
        places: IntArray = self.chosen.places
        known = [each for each in self.values if each is not None]
        if not known or sum(each[places].size for each in known) > MOST_READ:
            return None
        shape = known[0][places].shape
        rows = [np.full(shape, np.nan) if v is None else v[places] for v in self.values]
        if len({row.shape for row in rows}) > 1 or len(shape) > 3:
            return None
        values = float32_array(np.stack(rows))
        values = values[:, :, None] if values.ndim == 3 else values
        layer = LayerReading(
            self.pages.name(self.number), float32_array(self.boxes), self.chosen.numbers,
            values=values,
        )  # fmt: skip
        return UnitReading(tuple(range(len(rows))), (layer,))

    def _parts(self) -> Sequence[Part]:
        """Each tile, with its own sheet."""
        pages, stops = self.pages, tuple(range(len(self.pages.rows)))
        name, left_out = pages.name(self.number), pages.words("network.left_out")
        found = []
        for (x, y, width, height), number in zip(
            self.boxes.tolist(), self.chosen.numbers, strict=True
        ):
            unit = int(number)
            own = pages.unit_name(self.number, unit)
            inside = self.units.unit(self.number, unit)
            lines = (left_out,) if (self.number, unit) in self.units.lacking else ()
            found.append(Part((x, y, width, height), f"{name}, {own}", lines, inside, stops))
        return found


def _plane(values: FloatArray) -> FloatArray:
    """A unit's numbers as a picture."""
    if values.ndim == 1:
        return values[None]
    return values if values.ndim == 2 else values.reshape(values.shape[0], -1)
