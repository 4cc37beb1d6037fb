"""One unit, large: its map or strip, or its terms, and how its value came to be in numbers."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from ...scene import Color, Image, LayerReading, Mark, Rectangles, Scene, UnitReading
from ...typeface import shorten
from ...types import FloatArray, IntArray, float32_array
from ..marks import hairlines, inscribed, label
from ..palette import NEGATIVE, POSITIVE, signed_color, text_on
from ..style import BOLD_WEIGHT, FOCUS_RING, SMALLEST_SIZE, TEXT_SIZE
from .focus import EXACT, FUNCTIONS, summing_site
from .patch import Patch, patch_of
from .places import weight_shape
from .pointed import Products, products
from .pointed_links import operations_after
from .reading import Chosen, Reading, largest, stored_row
from .sheet import BOTTOM, LEFT, STEP, TOP, Pages
from .short_number import short_number

LARGE: Final = (LEFT, TOP, 794.0, 794.0)
RIGHT, WIDTH = 980.0, 860.0
NUMBERED: Final = 80.0  # a cell of a map from which on its number is written in it
MOST_BARS: Final = 400
PATCH_SIDE: Final = 92.0
MOST_PATCHES: Final = 4
NAMES: Final = 300.0  # room for the names of terms
FACTS: Final = 390.0


@lru_cache(maxsize=4096)
def _ink(red: int, green: int, blue: int) -> Color:
    """What is read on a colour."""
    return text_on((red, green, blue, 255))


class UnitSheet:
    """The sheet of one unit of a layer; `drawn` are those of the layer that the film draws."""

    def __init__(self, pages: Pages, number: int, unit: int, drawn: Chosen) -> None:
        self.pages, self.number, self.unit, self.drawn = pages, number, unit, drawn
        self.reading = pages.rows[0][0]
        self.layer = self.reading.graph.layers[number]

    @cached_property
    def values(self) -> list[FloatArray | None]:
        """The unit's map, strip or single number in each row."""
        return [self._own(own, own.output(self.number, moment)) for own, moment in self.pages.rows]

    def _own(self, reading: Reading, values: FloatArray | None) -> FloatArray | None:
        units = reading.by_unit(values, self.number)
        place = stored_row(tuple(reading.kept(self.number).numbers), self.unit)
        if units is None or place is None or place >= len(units):
            return None
        return np.asarray(units[place], np.float64)

    @cached_property
    def limit(self) -> float:
        """The largest magnitude of what the layer gave, in all rows."""
        return largest([own.output(self.number, moment) for own, moment in self.pages.rows])

    @cached_property
    def shape(self) -> tuple[int, ...] | None:
        """That of its map or strip; () of a single number, None where nothing was kept."""
        return next((each.shape for each in self.values if each is not None), None)

    @cached_property
    def terms(self) -> list[Products | None]:
        """The largest products of its sum in each row; None where it is no such sum."""
        one = np.array([self.unit])
        return [products(own, self.number, one, moment) for own, moment in self.pages.rows]

    def has_more(self) -> bool:
        """Whether there is more to show than one number."""
        if self.shape is None:
            return False
        return bool(self.shape) or any(each is not None for each in self.terms)

    def scene(self) -> Scene:
        """The sheet as a scene, a stop for each row."""
        pages, said = self.pages, self.pages.words
        mapped = bool(self.shape)
        title = said(
            "network.of", name=pages.name(self.number), total=pages.count(self.drawn.total),
            unit=pages.unit_name(self.number, self.unit),
        )  # fmt: skip
        foot = []
        kept = self.reading.kept(self.number)
        noun = "maps" if pages.has_maps(self.number) else "units"
        if len(kept) < kept.total:
            foot.append(
                said(f"network.kept_{noun}", kept=pages.count(len(kept)),
                     total=pages.count(kept.total), rule=pages.rule(kept.rule))
            )  # fmt: skip
        if 0 < len(self.drawn) < len(kept):
            foot.append(
                said("network.film", drawn=pages.count(len(self.drawn)),
                     total=pages.count(kept.total), rule=pages.rule(self.drawn.rule))
            )  # fmt: skip
        if mapped:
            foot.append(said("network.colors_full", limit=pages.number(self.limit)))
        return pages.scene(self._marks, title, self.layer.label, foot, units=self._units())

    def _marks(self, stop: int) -> list[Mark]:
        values = self.values[stop]
        if values is None:
            return []
        if not values.ndim:
            return self._summed(stop, float(values))
        reading, moment = self.pages.rows[stop]
        patch = patch_of(reading, self.number, self.unit, moment) if self.shape else None
        slopes = self._own(reading, reading.gradient(self.number, moment))
        marks = self._map(values, patch) if values.ndim == 2 else self._strip(values)
        base = TOP + 26
        pairs = self.pages.numbers(values, slopes)
        marks += self.pages.facts(RIGHT, base, FACTS, pairs)
        marks += self.pages.scale(RIGHT + FACTS + 80, base - 14, FACTS, self.limit)
        if patch is not None:
            marks += self._convolved(patch, base + STEP * len(pairs) + 16)
        return marks

    # -- a map, a strip ------------------------------------------------------------------------

    def _map(self, values: FloatArray, patch: Patch | None) -> list[Mark]:
        rows, columns = values.shape
        box = inscribed(LARGE, rows, columns)
        box = (LARGE[0], LARGE[1], box[2], box[3])
        colors = signed_color(values, self.limit, self.pages.theme)
        marks: list[Mark] = [Image(box, colors)]
        side = box[2] / columns
        if side >= NUMBERED:
            for row in range(rows):
                for column in range(columns):
                    x, y = box[0] + side * (column + 0.5), box[1] + side * (row + 0.5)
                    text = short_number(float(values[row, column]))
                    ink = _ink(*(int(part) for part in colors[row, column]))
                    marks.append(label(x, y + 7, text, ink, size=TEXT_SIZE, anchor="middle"))
        if patch is not None:
            marks.append(
                self._ring((box[0] + patch.column * side, box[1] + patch.row * side, side, side))
            )
        return marks

    def _ring(self, box: tuple[float, float, float, float]) -> Rectangles:
        x, y, width, height = box
        return Rectangles(
            float32_array([[x - 3, y - 3, width + 6, height + 6]]),
            np.array((0, 0, 0, 0), np.uint8), float32_array([3]),
            np.array(self.pages.theme.ink, np.uint8), float32_array([FOCUS_RING]),
        )  # fmt: skip

    def _strip(self, values: FloatArray) -> list[Mark]:
        """A unit at one place after another: bars above and below zero."""
        x, y, width, height = LARGE[0], LARGE[1], LARGE[2], 420.0
        flat = values.reshape(-1)
        middle = y + height / 2
        if len(flat) > MOST_BARS:
            pixels = signed_color(flat[None], self.limit, self.pages.theme)
            return [Image((x, y, width, height), pixels, sampling="area")]
        wide = width / len(flat)
        tall = np.nan_to_num(flat) / self.limit * height / 2
        boxes = np.stack(
            [x + wide * np.arange(len(flat)), middle - np.maximum(tall, 0),
             np.full(len(flat), max(wide - 2, wide * 0.7)), np.abs(tall)], axis=1,
        )  # fmt: skip
        colors = np.full((len(flat), 4), 255, np.uint8)
        colors[:, :3] = signed_color(np.sign(flat), 1, self.pages.theme)
        marks: list[Mark] = [
            Rectangles(float32_array(boxes), colors),
            self.pages.line(x, middle, width),
        ]
        for place in {0, len(flat) - 1}:
            at = x + wide * (place + 0.5)
            said = self.pages.count(place + 1)
            marks.append(label(at, y + height + 26, said, self.pages.theme.grey, anchor="middle"))
        return marks

    # -- how its largest output came to be -----------------------------------------------------

    def _convolved(self, patch: Patch, top: float) -> list[Mark]:
        """Patch × kernel of the channels that add most; the others, the bias and the sum."""
        pages, said, theme = self.pages, self.pages.words, self.pages.theme
        place = said("network.at", row=patch.row + 1, column=patch.column + 1)
        heading = f"{place}: {said('network.patch')} × {said('network.kernel')}"
        marks: list[Mark] = [
            pages.line(RIGHT, top, WIDTH),
            label(RIGHT, top + 36, heading, theme.ink, size=TEXT_SIZE),
        ]
        order = np.argsort(-np.abs(patch.shares), kind="stable")
        pairs = self._ending(patch, order)
        room = int((BOTTOM - top - 56 - STEP * len(pairs)) / (PATCH_SIDE + 12))
        shown = order[: max(min(MOST_PATCHES, room, len(order)), 1)]
        pairs = self._ending(patch, order[len(shown) :])
        y = top + 58
        seen = largest([patch.patch])
        heavy = largest([patch.kernel])
        for channel in shown:
            x = RIGHT
            for planes, limit in ((patch.patch, seen), (patch.kernel, heavy)):
                plane = planes[channel]
                box = inscribed((x, y, PATCH_SIDE, PATCH_SIDE), *plane.shape)
                marks.append(Image(box, signed_color(plane, limit, theme)))
                x += PATCH_SIDE + 44
                if planes is patch.patch:
                    at = x - 22, y + PATCH_SIDE / 2 + 7
                    marks.append(label(*at, "×", theme.ink, size=TEXT_SIZE, anchor="middle"))
            middle = y + PATCH_SIDE / 2 + 7
            name = shorten(self._source(int(patch.channels[channel])), 380, 20)
            marks.append(label(x - 8, middle, name, theme.grey, size=20))
            share = pages.number(patch.shares[channel])
            marks.append(
                label(RIGHT + WIDTH, middle, share, theme.ink, size=20, weight=BOLD_WEIGHT,
                      anchor="end")
            )  # fmt: skip
            y += PATCH_SIDE + 12
        return [*marks, *pages.facts(RIGHT, y + 22, WIDTH, pairs)]

    def _ending(self, patch: Patch, others: IntArray) -> list[tuple[str, str]]:
        """The rest of a sum: other channels, bias, sum, what becomes of it."""
        pages, said = self.pages, self.pages.words
        pairs = []
        if len(others):
            rest = float(patch.shares[others].sum())
            pairs.append(
                (said("network.others", count=pages.count(len(others))), pages.number(rest))
            )
        if patch.bias is not None:
            pairs.append((said("network.bias"), pages.number(patch.bias)))
        pairs.append((said("network.sum"), pages.number(patch.total)))
        return [*pairs, *self._after(patch.total, patch.value)]

    def _after(self, total: float, value: float) -> list[tuple[str, str]]:
        """What the layer does with the sum."""
        name = self.layer.activation
        exact = EXACT * max(1.0, abs(value))
        if name in FUNCTIONS and abs(FUNCTIONS[name](total) - value) <= exact:
            return [(f"{name}({self.pages.number(total)})", self.pages.number(value))]
        if abs(total - value) <= exact:
            return []
        own = summing_site(self.reading, self.number)
        after = operations_after(self.reading, self.number, own)
        return [(after, self.pages.number(value))] if after else []

    def _source(self, place: int) -> str:
        """What an input of the sum is called, by its place among all."""
        pages, graph = self.pages, self.reading.graph
        number = self.layer.inputs[0]
        source = graph.layers[number]
        shape = source.shape[1:] if source.axes[:1] == ("sample",) else source.shape
        if source.kind == "input" and len(shape) == 1:
            known = pages.columns if len(pages.columns) == shape[0] else ()
            return known[place] if known else pages.words("network.input", number=place + 1)
        if source.kind == "input" and self.layer.kind == "convolution":
            return pages.words("network.channel", number=place + 1)
        if self.layer.kind == "convolution":
            return f"{pages.name(number)}, {pages.unit_name(number, place)}"
        if len(shape) < 2:
            return f"{pages.name(number)}, {pages.unit_name(number, place)}"
        rows, columns = int(shape[-2]), int(shape[-1])
        at = pages.words("network.at", row=place // columns % rows + 1, column=place % columns + 1)
        channel = pages.count(place // (rows * columns) + 1)
        several = len(shape) > 2 and int(shape[-3]) > 1
        return f"{pages.words('network.channel', number=channel)}, {at}" if several else at

    # -- a single number -----------------------------------------------------------------------

    def _summed(self, stop: int, value: float) -> list[Mark]:
        """Inputs × weights as bars, the rest, the bias, the sum and what becomes of it."""
        found = self.terms[stop]
        pages, said, theme = self.pages, self.pages.words, self.pages.theme
        if found is None:
            return pages.facts(
                RIGHT, TOP + 26, FACTS, [(said("network.value"), pages.number(value))]
            )
        picture = self._weights(stop) or self._plane(stop)
        left, width = (RIGHT, WIDTH) if picture else (LEFT, 1060.0)
        inputs, weights = found.inputs[0], found.weights[0]
        shown = len(inputs)
        heading = said("network.terms", shown=pages.count(shown), total=pages.count(found.total))
        marks: list[Mark] = [*picture, label(left, TOP + 18, heading, theme.ink, size=TEXT_SIZE)]
        step = min(STEP, (BOTTOM - TOP - 280) / max(shown, 1)) if picture else STEP
        y = TOP + 64
        most = float(np.abs(inputs * weights).max()) or 1.0
        bars, colors = [], []
        start, room = left + NAMES + 250, (width - NAMES - 250) / 2 - 60
        for place, own, weight in zip(found.places[0], inputs, weights, strict=True):
            product = float(own * weight)
            name = shorten(self._source(int(place)), NAMES - 16, 20)
            marks.append(label(left, y, name, theme.grey, size=20))
            factors = f"{pages.number(own)} × {pages.number(weight)}"
            marks.append(label(left + NAMES, y, factors, theme.ink, size=20))
            long = abs(product) / most * room
            bars.append([start + room - (long if product < 0 else 0), y - 15, long, 18.0])
            colors.append(NEGATIVE if product < 0 else POSITIVE)
            marks.append(
                label(left + width, y, pages.number(product), theme.ink, size=20,
                      weight=BOLD_WEIGHT, anchor="end")
            )  # fmt: skip
            y += step
        marks.append(Rectangles(float32_array(bars), np.array(colors, np.uint8)))
        axis = [[start + room, TOP + 44, start + room, y - step + 8]]
        marks.append(hairlines(float32_array(axis), theme.grey))
        return marks + self._sum(found, value, left, y + 4, width)

    def _sum(
        self, found: Products, value: float, left: float, y: float, width: float
    ) -> list[Mark]:
        pages, said = self.pages, self.pages.words
        pairs = []
        others = found.total - len(found.inputs[0])
        if others:
            name = said("network.rest", count=pages.count(others))
            pairs.append((name, pages.number(found.rest[0])))
        if found.bias is not None:
            pairs.append((said("network.bias"), pages.number(found.bias[0])))
        total = float(found.sums[0])
        pairs += [(said("network.sum"), pages.number(total)), *self._after(total, value)]
        return [pages.line(left, y - 14, width), *pages.facts(left, y + 16, width, pairs)]

    def _weights(self, stop: int) -> list[Mark]:
        """The weights of a unit that sees a picture, as that picture."""
        shape = weight_shape(self.reading, self.number)
        reading, moment = self.pages.rows[stop]
        weight = reading.value(self.layer.weight, moment) if shape else None
        if shape is None or weight is None:
            return []
        kept = reading.trace.site(self.layer.weight).entries.get("unit")
        row = stored_row(kept, self.unit)
        if row is None:
            return []
        plane = weight[row].reshape(shape).sum(axis=0)
        limit = largest([plane])
        box = inscribed((LARGE[0], LARGE[1], LARGE[2], LARGE[3] - 76), *plane.shape)
        said = self.pages.words("network.weights")
        return [
            Image((LARGE[0], LARGE[1], box[2], box[3]),
                  signed_color(plane, limit, self.pages.theme)),
            label(LARGE[0], LARGE[1] + box[3] + 28, said, self.pages.theme.grey,
                  size=SMALLEST_SIZE + 2),
            *self.pages.scale(LARGE[0] + box[2] - 300, LARGE[1] + box[3] + 14, 300, limit),
        ]  # fmt: skip

    def _plane(self, stop: int) -> list[Mark]:
        """What a unit gives all over a plane, where that is known."""
        planes = self.reading.planes
        if planes is None or not planes.has(self.number):
            return []
        values = planes.of(self.number, self.unit, self.pages.rows[stop][1])
        if values is None:
            return []
        limit = planes.limit(self.number)
        box = inscribed((*LARGE[:2], LARGE[2], LARGE[3] - 76), *values.shape)
        x, y, wide, tall = LARGE[0], LARGE[1], box[2], box[3]
        said = self.pages.words("network.plane", names=planes.words)
        return [
            Image((x, y, wide, tall), signed_color(values, limit, self.pages.theme)),
            label(x, y + tall + 28, said, self.pages.theme.grey, size=SMALLEST_SIZE + 2),
            *self.pages.scale(x + wide - 300, y + tall + 14, 300, limit),
        ]

    def _units(self) -> UnitReading | None:
        """The pixels of a map, for whoever points at them."""
        if self.shape is None or len(self.shape) != 2:
            return None
        rows = [np.full(self.shape, np.nan) if v is None else v for v in self.values]
        if len({row.shape for row in rows}) > 1:
            return None
        rows_, columns = self.shape
        box = inscribed(LARGE, rows_, columns)
        boxes = float32_array([[LARGE[0], LARGE[1], box[2], box[3]]])
        values = float32_array(np.stack(rows)[:, None])
        name = self.pages.name(self.number)
        layer = LayerReading(name, boxes, np.array([self.unit]), values=values)
        return UnitReading(tuple(range(len(rows))), (layer,))


class WholeSheet(UnitSheet):
    """The sheet of a layer whose output has no units: all of it as one picture."""

    def __init__(self, pages: Pages, number: int) -> None:
        none = np.zeros(0, np.int64)
        super().__init__(pages, number, 0, Chosen(none, none, 0, ""))

    def _own(self, reading: Reading, values: FloatArray | None) -> FloatArray | None:
        if values is None or not values.size:
            return None
        return np.asarray(values, np.float64).reshape(-1, values.shape[-1] if values.ndim else 1)

    def scene(self) -> Scene:
        """The sheet as a scene, a stop for each row."""
        said = self.pages.words("network.colors_full", limit=self.pages.number(self.limit))
        return self.pages.scene(
            self._marks, self.pages.name(self.number), self.layer.label, [said],
            units=self._units(),
        )  # fmt: skip
