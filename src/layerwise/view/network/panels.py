"""What stands around a network: its input, the answer, where we are, how it learns, the foot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...scene import Discs, Image, Mark, Rectangles, Reference, Segments, Text
from ...typeface import shorten, text_width
from ...types import ByteArray, FloatArray, float32_array
from ..marks import LINE_STEP, hairlines, inscribed, label, wrapped, wrapped_within
from ..palette import signed_color, text_on
from ..style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    LIGHT_WEIGHT,
    SMALLEST_SIZE,
    Theme,
    format_count,
    format_number,
    format_percent,
)
from .answer import Answer
from .layout import Layout
from .places import Column, Places
from .reading import Reading, largest
from .short_number import short_number
from .story import State

NUMBER_ROOM = 44.0  # of a value in a row, so that its number can stand in it
LIST_LEFT, LIST_TOP, LIST_ROWS = 270.0, 88.0, 6  # of a row's values beside the counter


class Panels:
    """Draws everything but the network itself.

    `names` are the classes, none for other answers; `columns` those of a table, none for others.
    """

    def __init__(
        self, reading: Reading, places: Places, theme: Theme, *, title: str,
        names: Sequence[str], columns: Sequence[str], answer: Answer, foot: str,
        moments: Sequence[int], layout: Layout, is_deep: bool,
    ) -> None:  # fmt: skip
        self.reading, self.places, self.theme = reading, places, theme
        self.layout, self.is_deep = layout, is_deep
        self.names, self.columns = tuple(names), tuple(columns)
        self.title, self.foot, self.moments = title, foot, list(moments)
        self.answer = answer
        self._lines = self._curves()
        self._last = {
            unit: max((int(m.at.get(unit, 0)) for m in reading.trace.moments), default=0)
            for unit in ("epoch", "step")
        }

    def input_box(self, number: int) -> tuple[float, float, float, float]:
        """Where an input's picture stands."""
        x, y, width, height = self.layout.input_box
        count = len(self.places.inputs)
        if count == 1:
            return self.layout.input_box
        side = (height - 30 * (count - 1)) / count
        at = self.places.inputs.index(number)
        return x, y + at * (side + 30), width, side

    def still(self) -> list[Mark]:
        """What never changes: title and foot."""
        layout = self.layout
        room, size = layout.size[0] - 2 * layout.margin, layout.title_size
        title = shorten(self.title, room, size, BOLD_WEIGHT)
        return [
            label(layout.margin, layout.title_base, title, self.theme.ink, size=size,
                  weight=BOLD_WEIGHT),
            *self._foot_lines(room),
        ]  # fmt: skip

    def _foot_lines(self, room: float) -> list[Mark]:
        """All of the foot: in two lines, or smaller in as many as it needs."""
        layout = self.layout
        height, sizes = layout.foot_height, layout.foot_sizes
        lines, size = wrapped_within(self.foot.split(" · "), room, height, sizes)
        step, last = size * LINE_STEP, layout.foot_base
        if not layout.is_tall and len(lines) > 2:
            last += 14
        return [
            label(
                layout.margin, last - step * (len(lines) - 1 - at), line, self.theme.grey, size=size
            )
            for at, line in enumerate(lines)
        ]

    def at(self, state: State) -> list[Mark]:
        """What belongs to a state."""
        return [
            *self._inputs(state), *self._where(state), *self._learning(state),
            *self.answer.marks(state),
        ]  # fmt: skip

    # -- the input -----------------------------------------------------------------------------

    def _inputs(self, state: State) -> list[Mark]:
        marks: list[Mark] = []
        for number in self.places.inputs:
            column = self.places.column(number)
            values = self.reading.output(number, state.moment)
            if values is None:
                continue
            if column is not None:
                marks += self._row(column, values, state.moment)
            else:
                marks += self._picture(number, values, state)
        return marks

    def _row(self, column: Column, values: FloatArray, moment: int) -> list[Mark]:
        """A row of a table: each column's name before its unit."""
        names = self.columns
        scales = self.reading.trace.about.get("standardised")
        if scales is not None:  # as a person knows them
            values = values * np.array(scales["scale"]) + np.array(scales["mean"])
        whole = column.content != "map" and bool((values == np.rint(values)).all())
        which = self._sample_lines(moment, "")
        marks: list[Mark] = [
            label(self.layout.margin, base, line, self.theme.grey)
            for base, line in self._stacked(which)
        ]
        if column.content == "map":  # of each input what it is all over a plane: no number
            names = tuple(str(name) for name in self.reading.trace.about.get("names", names))
        for at, value in enumerate(values):
            name = names[at] if at < len(names) else f"input {at + 1}"
            number = ""
            if column.content != "map":
                counted = whole and np.isfinite(value)
                number = format_count(int(value)) if counted else format_number(float(value), 3)
            place = self._row_place(column, at)
            if place is None:  # a tall picture of a deep network has room for some
                more = f"and {format_count(len(values) - at)} more"
                marks.append(label(LIST_LEFT, LIST_TOP + 22 * at, more, self.theme.grey))
                break
            left, end, name_base, base = place
            ink, grey = self.theme.ink, self.theme.grey
            marks.append(label(end, base, number, ink, weight=BOLD_WEIGHT, anchor="end"))
            wide = text_width(number, LABEL_SIZE, BOLD_WEIGHT) + 12 if base == name_base else 0
            short = shorten(name, end - wide - left, LABEL_SIZE)
            marks.append(label(left, name_base, short, grey))
        return marks

    def _row_place(self, column: Column, at: int) -> tuple[float, float, float, float] | None:
        """Of a value in a row: left of its name, end of its number, their bases."""
        layout, box = self.layout, column.boxes[at]
        middle, end = float(box[1] + box[3] / 2), float(box[0]) - 14
        if not layout.is_tall:
            return layout.margin, end, middle + 6, middle + 6
        if self.is_deep:
            base = LIST_TOP + 22 * at
            fits = at < LIST_ROWS or len(column.boxes) == LIST_ROWS + 1
            return (LIST_LEFT, layout.size[0] - layout.margin, base, base) if fits else None
        two = column.node >= 34  # lines, one above the other
        return layout.margin, end, middle - (3 if two else -6), middle + (18 if two else 6)

    def _picture(self, number: int, values: FloatArray, state: State) -> list[Mark]:
        theme, layer = self.theme, self.reading.graph.layers[number]
        box = self.input_box(number)
        x, y, width, height = box
        refers = Reference(layer.shown, state.moment)
        frame = Rectangles(
            float32_array([[x, y, width, height]]), np.array(theme.unclassified, np.uint8),
            float32_array([4]), np.array(theme.hairline, np.uint8), float32_array([1]),
        )  # fmt: skip
        shape = values.shape
        pixels, kind = _as_pixels(values, theme)
        room = (x + 1, y + 1, width - 2, height - 2)
        inner = inscribed(room, pixels.shape[0], pixels.shape[1])
        if min(inner[2:]) < 24:  # one long row
            inner = room
        long = [side for side in shape if side > 1] or [1]
        sides = " × ".join(format_count(side) for side in long)
        said = f"{sides} = {format_count(int(np.prod(shape)))} inputs" if len(long) > 1 else (
            f"{sides} inputs"
        )  # fmt: skip
        lines = self._sample_lines(state.moment, said)
        if kind:
            lines.append(kind)
        if any(column.content == "weights" for column in self.places.columns):
            lines.append("first layer: each unit shows its weights")
        marks: list[Mark] = [frame, Image(inner, pixels, sampling="area", refers=refers)]
        if pixels.shape[0] == 1 and inner[2] / pixels.shape[1] >= NUMBER_ROOM:
            marks += _written(values.reshape(-1), pixels[0], inner)
        if len(self.places.inputs) > 1:
            string = shorten(f"{layer.name} · {said}", width, LABEL_SIZE)
            marks.append(label(x, y - 9, string, theme.grey))
            lines = self._sample_lines(state.moment, "")
        if number == self.places.inputs[-1]:
            for at, line in enumerate(lines):
                string = shorten(line, self.layout.sample_room, LABEL_SIZE)
                marks.append(label(x, y + height + 27 + 22 * at, string, theme.grey))
        return marks

    def _sample_lines(self, moment: int, said: str) -> list[str]:
        """Which sample is looked at, and what it is."""
        which = self.reading.sample_words(moment, self.names)
        return wrapped([*which, said], self.layout.sample_room, LABEL_SIZE)

    def _stacked(self, lines: list[str]) -> list[tuple[float, str]]:
        """Lines above a row of a table, or below the input of a tall picture, with their bases."""
        base = self.layout.row_sample_base
        if not self.layout.is_tall:
            base -= 22 * (len(lines) - 1)
        return [(base + 22 * at, line) for at, line in enumerate(lines)]

    # -- where we are, and how it learns -------------------------------------------------------

    def _where(self, state: State) -> list[Mark]:
        theme = self.theme
        at = self.reading.trace.moments[state.moment].at
        unit = "epoch" if len(self.moments) > 1 and "epoch" in at else ""
        unit = unit or ("step" if "step" in at else "")
        if unit:
            number = int(at[unit])
            of = f"of {format_count(self._last[unit])}"
            extra = (
                f", step {format_count(int(at['step']))}"
                if unit == "epoch" and "step" in at
                else ""
            )
            name = unit + extra
        else:
            lit = [own for own in state.lit if own > 0]
            unit, number, name = "layer", len(lit) - 1, "layer"
            of = f"of {format_count(self.places.depth)}"
            if any(state.back):
                name = "backward, at layer"
                number = next(rank for rank, own in enumerate(state.back) if own > 0)
        big = format_count(number)
        layout = self.layout
        left, base, size = layout.counter, layout.counter_number, layout.big
        end = left + text_width(big, size, LIGHT_WEIGHT) + 18
        return [
            label(left, layout.counter_base, name, theme.grey, size=LABEL_SIZE),
            Text((left, base), big, size, theme.ink, LIGHT_WEIGHT),
            label(end, base, of, theme.grey, size=layout.unit),
        ]

    def _curves(self) -> list[tuple[str, FloatArray, FloatArray]]:
        """Name, the moments and the values of each curve: by epoch, or else by step."""
        trace = self.reading.trace
        names = {site.name for site in trace.sites}
        found: list[tuple[str, FloatArray, FloatArray]] = []
        pairs = (("loss", "training loss"), ("control accuracy", "control accuracy"),
                 ("accuracy", "training accuracy"), ("accuracy", "accuracy"))  # fmt: skip
        for name, metric in pairs:
            if metric in names and not any(line[0] == "control accuracy" for line in found[1:]):
                where = trace.where(metric)
                if len(where) > 1:
                    values = np.array([float(trace[metric, m]) for m in where])
                    found.append((name, np.array(where, float), values))
        if not found and "loss" in names:
            where = trace.where("loss")
            if len(where) > 1:
                every = -(-len(where) // 400)
                where = where[::every]
                values = np.array([float(trace["loss", m]) for m in where])
                name = "loss" if every == 1 else f"loss, every {every}th step"
                found.append((name, np.array(where, float), values))
        return found

    def _learning(self, state: State) -> list[Mark]:
        theme = self.theme
        left, top, width, height = self.layout.curves
        if not self._lines:
            loss = self.reading.metric("loss", state.moment)
            if loss is None or not all(state.lit):
                return []
            text = format_number(loss, 3)
            return [*self._pair(left, top - 24, "loss", text)]
        marks: list[Mark] = [
            hairlines(
                float32_array([[left, top + height, left + self.layout.curves_line, top + height]]),
                theme.hairline,
            )
        ]
        last = max(len(self.reading.trace.moments) - 1, 1)
        x = left
        for name, where, values in self._lines:
            color = theme.grey if "loss" in name else theme.ink
            finite = values[np.isfinite(values)]
            most = 1.0 if "accuracy" in name else float(finite.max(initial=1e-12))
            sofar = where <= state.moment
            xs = left + width * where / last
            ys = top + height * (1 - np.nan_to_num(values) / most)
            points = np.stack([xs, ys], axis=1)[sofar & np.isfinite(values)]
            if len(points) > 1:
                ends = np.concatenate([points[:-1], points[1:]], axis=1)
                marks.append(
                    Segments(float32_array(ends), float32_array([2.5]), np.array(color, np.uint8))
                )
            if len(points):
                marks.append(
                    Discs(float32_array(points[-1:]), float32_array([5]), np.array(color, np.uint8))
                )
                value = float(values[sofar & np.isfinite(values)][-1])
                text = format_percent(value) if "accuracy" in name else format_number(value, 3)
            else:
                text = "–"
            marks += self._pair(x, top - 24, name, text)
            x += (
                text_width(f"{name} ", LABEL_SIZE)
                + text_width("0.00000", LABEL_SIZE, BOLD_WEIGHT)
                + 22
            )
        return marks

    def _pair(self, x: float, base: float, name: str, number: str) -> list[Mark]:
        end = x + text_width(f"{name} ", LABEL_SIZE) + 3
        return [
            label(x, base, name, self.theme.grey),
            label(end, base, number, self.theme.ink, weight=BOLD_WEIGHT),
        ]


def _written(
    values: FloatArray, colors: ByteArray, box: tuple[float, float, float, float]
) -> list[Mark]:
    """The numbers of a short row of values, each in its cell."""
    x, y, width, height = box
    wide = width / len(values)
    return [
        label(x + wide * (at + 0.5), y + height / 2 + 6, short_number(float(value)),
              text_on(colors[at]), size=SMALLEST_SIZE, anchor="middle")
        for at, value in enumerate(values)
    ]  # fmt: skip


def _as_pixels(values: FloatArray, theme: Theme) -> tuple[ByteArray, str]:
    """An input as a picture, and what must be said about it."""
    most = largest([values])
    if values.ndim == 3 and values.shape[0] in (3, 4):
        finite = values[np.isfinite(values)]
        low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
        if finite.size == values.size:
            low, high = float(values.min()), float(values.max())
        values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
        if low >= 0 and high <= 1:
            return np.rint(255 * values[:3].transpose(1, 2, 0)).astype(np.uint8), ""
        spread = (values[:3] - low) / ((high - low) or 1.0)
        said = f"colours stretched from {format_number(low, 2)} to {format_number(high, 2)}"
        return np.rint(255 * spread.transpose(1, 2, 0)).astype(np.uint8), said
    said = ""
    if values.ndim == 3:
        plane = values[0]
        if values.shape[0] > 1:
            said = f"channel 1 of {values.shape[0]}"
    elif values.ndim == 2:
        plane = values
    else:
        flat = values.reshape(-1)
        plane = flat[None] if flat.size < 64 else _square(flat)
        said = "" if flat.size < 64 else "in rows, as they come"
    if values.ndim >= 2 and float(plane.min(initial=0.0)) >= 0:
        ink, ground = np.array(theme.ink[:3], float), np.array(theme.unclassified[:3], float)
        share = np.clip(plane / most, 0, 1)[..., None]
        return np.rint(ground + share * (ink - ground)).astype(np.uint8), said
    return signed_color(plane, most, theme), said


def _square(flat: FloatArray) -> FloatArray:
    side = int(np.ceil(np.sqrt(flat.size)))
    padded = np.full(side * side, np.nan)
    padded[: flat.size] = flat
    return padded.reshape(side, side)
