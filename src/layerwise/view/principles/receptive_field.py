"""Receptive fields on the person's own picture: what a unit can see, and what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ...errors import InputError
from ...scene import Image, Mark, Reference, Scene, Segments
from ...trace import Trace
from ...typeface import shorten
from ...types import Array, ByteArray, FloatArray, float32_array
from ..charts.frame import trace_of
from ..marks import Box, inscribed, label
from ..palette import magnitude_color
from ..sheet import LEFT, Drawing, sheet
from ..style import LIGHT_WEIGHT, Theme, format_count

_SIZE: Final = (1280, 720)
_SMALL: Final = 16.0
_SIDE: Final = 478.0
_TOP: Final = 122.0
_SECOND: Final = LEFT + _SIDE + 26
_COLUMN: Final = _SECOND + _SIDE + 30
_RIGHT: Final = 1244.0
_STRIP: Final = 150.0  # how tall a picture of one row is drawn
_FADED: Final = 0.72  # how much of the ground lies over what the unit cannot see
_MOST_EDGES: Final = 20_000
_MANY: Final = 100


def receptive_field(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """How a unit's receptive field grows through the layers: a stop for each that makes it larger.

    `trace` is what `explain.receptive_field` gives. At the left the picture with the theoretical
    field outlined, holes and all, and what lies outside faded; beside it the effective field, if
    there is one. Of an input with a depth the fields are seen through all depths, and the picture
    at the middle one. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "A receptive field")
    if not {"field", "size", "picture"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no receptive field in the trace", received=repr(given.title),
            do="Give what explain.receptive_field made",
        )  # fmt: skip
    drawing = _Drawing(given, sheet(_SIZE, theme, language, _SIZE))
    told = drawing.sheet.words
    title = told("receptive_fields.title", layer=given.about["layer"])
    last = len(given) - 1
    description = told(
        "receptive_fields.description", layer=given.about["layer"], size=drawing.size_of(last),
        count=drawing.counted(last, "count"),
    )  # fmt: skip
    return drawing.sheet.scene(
        drawing.marks, list(given.about["layers"]), title=title, description=description, pace_s=1.4
    )


@dataclass(frozen=True, eq=False)
class _Drawing(Drawing):
    @cached_property
    def picture(self) -> tuple[ByteArray, bool]:
        """The picture as colours, and whether its brightness was stretched."""
        planes = self.trace["picture", 0]
        if planes.ndim == 4:
            planes = planes[:, planes.shape[1] // 2]
        if planes.ndim == 2:
            planes = planes[:, None]
        low, high = float(planes.min()), float(planes.max())
        stretched = low < 0 or high > 1
        if stretched:
            planes = (planes - low) / max(high - low, 1e-30)
        shown = planes if len(planes) == 3 else np.repeat(planes.mean(axis=0)[None], 3, axis=0)
        return np.rint(255 * shown).astype(np.uint8).transpose(1, 2, 0), stretched

    def size_of(self, stop: int) -> str:
        """5 × 5."""
        return " × ".join(format_count(int(n)) for n in self.trace["size", stop])

    def counted(self, stop: int, site: str) -> str:
        """A count as the language writes it."""
        return self.sheet.words.figures(format_count(int(self.trace[site, stop])))

    def flat(self, site: str, stop: int) -> FloatArray | Array:
        """What is seen of a field from the front: (row, column)."""
        values = self.trace[site, stop]
        if values.ndim == 3:
            return np.asarray(values.max(axis=0))
        return values[None] if values.ndim == 1 else values

    def box(self, left: float) -> Box:
        """Where the picture lies in its half."""
        rows, columns = self.picture[0].shape[:2]
        if rows == 1:
            return (left, _TOP, _SIDE, _STRIP)
        x, _, width, height = inscribed((left, _TOP, _SIDE, _SIDE), rows, columns)
        return (x, _TOP, width, height)

    def marks(self, stop: int) -> list[Mark]:
        told, sheet = self.sheet.words, self.sheet
        marks = sheet.frame(
            told("receptive_fields.title", layer=self.trace.about["layer"]), self._foot(stop)
        )
        counter = told("receptive_fields.counter", number=stop + 1, count=len(self.trace))
        marks.append(sheet.text(_RIGHT, 52, counter, quiet=True, anchor="end"))
        field = self.flat("field", stop).astype(bool)
        marks += self._panel(LEFT, told("receptive_fields.theory"), stop)
        box = self.box(LEFT)
        marks.append(self._faded(box, field, stop))
        marks += self._outline(box, field)
        if ("effective", stop) in self.trace:
            images = self.trace.about["images"]
            key = "receptive_fields.effective" if images == 1 else "receptive_fields.effective-many"
            said = told(key, **({} if images == 1 else {"count": images}))
            marks += self._panel(_SECOND, said, stop)
            box = self.box(_SECOND)
            heat = self.flat("effective", stop)
            top = float(heat.max())
            colors = magnitude_color(heat, top or 1.0, sheet.theme)
            marks.append(Image(box, colors, refers=Reference("effective", stop)))
            marks += self._outline(box, field)
            scale = told("receptive_fields.scale", top=sheet.number(top))
            marks.append(sheet.text(box[0], box[1] + box[3] + 26, scale, size=_SMALL, quiet=True))
        return [*marks, *self._numbers(stop)]

    def _panel(self, left: float, said: str, stop: int) -> list[Mark]:
        said = shorten(said, _SIDE, _SMALL)
        return [self.sheet.text(left, _TOP - 14, said, size=_SMALL, quiet=True)]

    def _faded(self, box: Box, field: Array, stop: int) -> Mark:
        picture = self.picture[0].astype(np.float32)
        ground = np.array(self.sheet.theme.ground[:3], np.float32)
        faded = picture + _FADED * (ground - picture)
        colors = np.rint(np.where(field[..., None], picture, faded)).astype(np.uint8)
        return Image(box, colors, refers=Reference("field", stop))

    def _outline(self, box: Box, field: Array) -> list[Mark]:
        """A line between every position that belongs to the field and every one that does not."""
        rows, columns = field.shape
        x, y, width, height = box
        wide, tall = width / columns, height / rows
        framed = np.pad(field, 1)
        across = _runs(framed[1:, 1:-1] != framed[:-1, 1:-1])
        down = _runs((framed[1:-1, 1:] != framed[1:-1, :-1]).T)
        if len(across) + len(down) > _MOST_EDGES or not across:
            return []
        ends = [
            *([x + a * wide, y + r * tall, x + b * wide, y + r * tall] for r, a, b in across),
            *([x + c * wide, y + a * tall, x + c * wide, y + b * tall] for c, a, b in down),
        ]
        lines = float32_array(ends)
        ground, ink = self.sheet.theme.ground, self.sheet.theme.ink
        if len(lines) > _MANY:  # many small holes: a thin line, so that the picture is seen
            return [Segments(lines, float32_array([1]), np.array(ink, np.uint8))]
        return [
            Segments(lines, float32_array([4.5]), np.array(ground, np.uint8)),
            Segments(lines, float32_array([2]), np.array(ink, np.uint8)),
        ]

    def _numbers(self, stop: int) -> list[Mark]:
        """The quiet column: the layer, its unit, and the measures of the field."""
        told, sheet, trace = self.sheet.words, self.sheet, self.trace
        room = _RIGHT - _COLUMN
        name = shorten(trace.about["layers"][stop], room, 20, 600)
        unit = ", ".join(str(int(n)) for n in trace["unit", stop][1:])
        marks: list[Mark] = [
            sheet.text(_COLUMN, _TOP + 14, name, size=20, bold=True),
            sheet.text(_COLUMN, _TOP + 40, shorten(told("receptive_fields.unit", unit=unit),
                                                   room, _SMALL), size=_SMALL, quiet=True),
            sheet.text(_COLUMN, _TOP + 96, told("receptive_fields.size"), size=_SMALL, quiet=True),
        ]  # fmt: skip
        size = self.size_of(stop)
        big = 40.0 if len(size) <= 7 else 30.0 if len(size) <= 9 else 22.0
        marks.append(label(_COLUMN, _TOP + 136, size, sheet.theme.ink, size=big,
                           weight=LIGHT_WEIGHT))  # fmt: skip
        strides = [int(n) for n in trace["stride", stop]]
        stride = " × ".join(map(str, strides)) if len(set(strides)) > 1 else str(strides[0])
        holes = int(np.prod(trace["size", stop])) - int(trace["count", stop])
        first = ", ".join(str(int(n)) for n in trace["first", stop])
        lines = [
            ("receptive_fields.stride", stride if any(strides) else told("receptive_fields.none")),
            ("receptive_fields.first", first),
            ("receptive_fields.count", self.counted(stop, "count")),
            ("receptive_fields.holes", sheet.words.figures(format_count(holes))),
        ]
        if ("count95", stop) in trace:
            lines.append(("receptive_fields.count95", self.counted(stop, "count95")))
            share = sheet.percent(float(trace["share95", stop]))
            lines.append(("receptive_fields.share95", share))
        y = _TOP + 182
        for key, text in lines:
            marks.append(sheet.text(_COLUMN, y, shorten(told(key), room, _SMALL), size=_SMALL,
                                    quiet=True))  # fmt: skip
            marks.append(sheet.text(_COLUMN, y + 24, text, size=20))
            y += 58
        return marks

    def _foot(self, stop: int) -> list[str]:
        told, trace = self.sheet.words, self.trace
        parts = [told("receptive_fields.foot")]
        channels = trace["channels", stop]
        if not channels.all():
            parts.append(
                told("receptive_fields.foot-channels", some=int(channels.sum()), all=len(channels))
            )
        planes = trace["picture", 0]
        if planes.ndim == 4:
            parts.append(told("receptive_fields.foot-depth"))
        if len(planes) not in (1, 3):
            parts.append(told("receptive_fields.foot-mean", count=len(planes)))
        if self.picture[1]:
            parts.append(told("receptive_fields.foot-stretched"))
        return [*parts, *trace.notes]


def _runs(edges: Array) -> list[tuple[int, int, int]]:
    """Unbroken runs of true in each line: (line, first, one past the last)."""
    steps = np.diff(np.pad(edges, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, stops = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return [
        (line, start, stop)
        for (line, start), (_, stop) in zip(starts.tolist(), stops.tolist(), strict=True)
    ]
