"""The marks of a neuron's film: rows of inputs, the sum, the curve, the output, the formula."""

from __future__ import annotations

import numpy as np

from ....language import Words
from ....scene import Curves, Mark, Rectangles, Segments
from ....typeface import shorten, text_width
from ....types import FloatArray, float32_array
from ...charts.chart import faded
from ...marks import hairlines, label, wrapped
from ...palette import signed_color, text_on
from ...style import BOLD_WEIGHT, LABEL_SIZE, SMALLEST_SIZE, Theme
from .activations_plot import CurvePlot, ReadOff, signed_line
from .formula import LAID_OUT, MARGIN, NeuronFormula
from .numbers import Numbers
from .reading import NeuronReading
from .stage import Now, Stage

TITLE, TEXT = 28.0, 20.0
TOP, BOTTOM, MIDDLE = 132.0, 520.0, 322.0
ROW, TALLEST = 82.0, 50.0
NAME_RIGHT, INPUT, PRODUCT, SUM, OUTPUT = 186.0, 250.0, 472.0, 694.0, 1166.0
WIDE, OUTPUT_WIDE, SUM_WIDE, SUM_TALL = 94.0, 116.0, 124.0, 76.0
PLOT = (888.0, 212.0, 176.0, 196.0)
RULE, FOOT = 552.0, 698.0


class NeuronFrames:
    """Draws a neuron at any stop, and on the way from one to the next."""

    def __init__(
        self, reading: NeuronReading, stage: Stage, theme: Theme, said: Words,
        *, title: str, foot: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.reading, self.stage, self.theme, self._said = reading, stage, theme, said
        self._numbers = Numbers(said)
        self._title = title
        count = len(reading.rows) + (reading.others > 0) + reading.has_bias
        self._step = min(ROW, (BOTTOM - TOP) / count)
        self._first = MIDDLE - self._step * (count - 1) / 2
        self._tall = min(TALLEST, self._step - 10)
        self._plot = CurvePlot(PLOT, reading.x, reading.curve, theme, said, ticks=(5, 5))
        self._written = self._write()
        self._formula = NeuronFormula(reading, stage, theme, said, self._numbers, self._written)
        self._foot = (*foot, *self._numbers.notes())

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """Everything, at that stop or a fraction (0 to 1) of the way to the next."""
        now = Now(stop, fraction)
        return [
            *self._words(),
            *self._rows(now),
            *self._last_rows(now),
            *self._sum(now),
            *self._answer(now),
            *self._formula.marks(now),
        ]

    def _write(self) -> dict[str, str]:
        """Every number as it stands on the picture, written before the foot is."""
        read, numbers = self.reading, self._numbers

        def boxed(value: float, wide: float = WIDE) -> str:
            return numbers.within(value, wide - 12, SMALLEST_SIZE, BOLD_WEIGHT)

        room = PRODUCT - INPUT - WIDE - 50
        written = {
            "sum": boxed(read.sum, SUM_WIDE), "biased": boxed(read.biased, SUM_WIDE),
            "bias": boxed(read.bias), "output": boxed(read.output, OUTPUT_WIDE),
            "threshold": numbers.text(read.threshold or 0.0),
            "rest": boxed(read.rest) if read.others else "",
        }  # fmt: skip
        for row in read.rows:
            written[f"value {row.number}"] = boxed(row.value)
            weight = numbers.within(row.weight, room, LABEL_SIZE, BOLD_WEIGHT)
            written[f"weight {row.number}"] = weight
            written[f"product {row.number}"] = boxed(row.product)
        for at, value in enumerate(read.partial or ()):
            written[f"partial {at}"] = boxed(value, SUM_WIDE)
        return written

    def _words(self) -> list[Mark]:
        theme, said = self.theme, self._said
        room = LAID_OUT[0] - 2 * MARGIN
        title = shorten(self._title, room, TITLE, BOLD_WEIGHT)
        marks: list[Mark] = [
            label(MARGIN, 66, title, theme.ink, size=TITLE, weight=BOLD_WEIGHT),
            hairlines(float32_array([[MARGIN, RULE, LAID_OUT[0] - MARGIN, RULE]]), theme.hairline),
        ]
        head = self._first - self._tall / 2 - 18
        for x, key in (
            (INPUT, "inputs"),
            ((INPUT + PRODUCT) / 2, "weights"),
            (PRODUCT, "products"),
        ):
            marks.append(label(x, head, said(f"neuron.{key}"), theme.grey, anchor="middle"))
        for at, string in enumerate(reversed(wrapped(self._foot, room, SMALLEST_SIZE))):
            marks.append(label(MARGIN, FOOT - 22 * at, string, theme.grey, size=SMALLEST_SIZE))
        return marks

    # -- inputs, weights, products ----------------------------------------------------------

    def _rows(self, now: Now) -> list[Mark]:
        read = self.reading
        most = max(abs(row.weight) for row in read.rows) or 1.0
        values = max(abs(row.value) for row in read.rows) or 1.0
        products = max(abs(row.product) for row in read.rows) or 1.0
        marks: list[Mark] = []
        for at, row in enumerate(read.rows):
            y, done = self._first + self._step * at, now.done(self.stage.products[at])
            marks += self._weight(y, row.weight, self._written[f"weight {row.number}"], most, 1.0)
            if done > 0:
                marks.append(self._to_sum(y, done))
            marks += self._name(row.name, y, 1.0)
            share = row.value / values
            marks += self._box(INPUT, y, self._written[f"value {row.number}"], share, 1.0)
            share = row.product / products
            marks += self._box(PRODUCT, y, self._written[f"product {row.number}"], share, done)
        return marks

    def _last_rows(self, now: Now) -> list[Mark]:
        """The inputs that are not drawn one by one, and the bias as the weight of an input 1."""
        read, y = self.reading, self._first + self._step * len(self.reading.rows)
        marks: list[Mark] = []
        if read.others and self.stage.others is not None:
            done = now.done(self.stage.others)
            marks += self._name(self._said("neuron.others", count=read.others), y, 1.0)
            if done > 0:
                marks.append(self._to_sum(y, done))
            marks += self._box(PRODUCT, y, self._written["rest"], 0.0, done)
            y += self._step
        if self.stage.bias is not None:
            done = now.done(self.stage.bias)
            if done > 0:
                most = max(abs(row.weight) for row in read.rows) or 1.0
                marks += self._weight(y, read.bias, self._written["bias"], most, done)
                marks.append(self._to_sum(y, done))
                marks += self._name(self._said("neuron.bias"), y, done)
                marks += self._box(INPUT, y, "1", 0.0, done)
                share = read.bias / (abs(read.bias) or 1.0)
                marks += self._box(PRODUCT, y, self._written["bias"], share, done)
        return marks

    def _name(self, name: str, y: float, strength: float) -> list[Mark]:
        short = shorten(name, NAME_RIGHT - MARGIN, LABEL_SIZE)
        color = faded(self.theme.ink, strength)
        return [label(NAME_RIGHT, y + 6, short, color, anchor="end")]

    def _weight(
        self, y: float, weight: float, written: str, most: float, strength: float
    ) -> list[Mark]:
        color = faded(signed_line(weight, self.theme), strength)
        width = 0.8 + 5.2 * min(abs(weight) / most, 1.0)  # a large bias would hide all weights
        left, right = INPUT + WIDE / 2 + 6, PRODUCT - WIDE / 2 - 6
        line = Segments(
            float32_array([[left, y, right, y]]), float32_array([width]), np.array(color, np.uint8)
        )
        string = f"× {written}"
        middle, half = (left + right) / 2, text_width(string, LABEL_SIZE) / 2 + 8
        patch = float32_array([[middle - half, y - 13, 2 * half, 26]])
        ground = np.array(self.theme.ground, np.uint8)
        ink = faded(self.theme.ink, strength)
        text = label(middle, y + 6, string, ink, anchor="middle")
        return [line, Rectangles(patch, ground), text]

    def _box(
        self, x: float, y: float, written: str, share: float, strength: float, wide: float = WIDE
    ) -> list[Mark]:
        """A number in a box whose fill says its sign and size, `share` from −1 to 1."""
        if strength <= 0:
            return []
        fill = signed_color(share, 1.0, self.theme)
        size = (
            LABEL_SIZE
            if text_width(written, LABEL_SIZE, BOLD_WEIGHT) < wide - 12
            else SMALLEST_SIZE
        )
        ink = faded(text_on(fill), strength)
        box = float32_array([[x - wide / 2, y - self._tall / 2, wide, self._tall]])
        rim = np.array(faded(self.theme.hairline, strength), np.uint8)
        return [
            Rectangles(
                box,
                np.array(faded(fill, strength), np.uint8),
                float32_array([8]),
                rim,
                float32_array([1]),
            ),
            label(
                x,
                y + 6,
                shorten(written, wide - 8, size, BOLD_WEIGHT),
                ink,
                size=size,
                weight=BOLD_WEIGHT,
                anchor="middle",
            ),
        ]

    def _to_sum(self, y: float, done: float) -> Mark:
        """The curve from a product to the sum, as far as it has come."""
        left, right = PRODUCT + WIDE / 2 + 6, SUM - SUM_WIDE / 2 - 6
        bend = (right - left) * 0.5
        points = np.array([[left, y], [left + bend, y], [right - bend, MIDDLE], [right, MIDDLE]])
        part = _start_of(points, done).reshape(1, 8)
        grey = np.array(faded(self.theme.grey, 0.7), np.uint8)
        return Curves(float32_array(part), float32_array([1.6]), grey)

    # -- the sum, the activation, the output ---------------------------------------------------

    def _sum(self, now: Now) -> list[Mark]:
        theme = self.theme
        box = float32_array([[SUM - SUM_WIDE / 2, MIDDLE - SUM_TALL / 2, SUM_WIDE, SUM_TALL]])
        frame = Rectangles(
            box, np.array(theme.unclassified, np.uint8), float32_array([10]),
            np.array(theme.grey, np.uint8), float32_array([1.5]),
        )  # fmt: skip
        marks: list[Mark] = [frame]
        for (name, written), strength in self._sums(now):
            size = 28.0 if text_width(written, 28, BOLD_WEIGHT) < SUM_WIDE - 14 else TEXT
            color, quiet = faded(theme.ink, strength), faded(theme.grey, strength)
            marks.append(label(SUM, MIDDLE - SUM_TALL / 2 - 18, name, quiet, anchor="middle"))
            marks.append(
                label(
                    SUM,
                    MIDDLE + 0.36 * size,
                    written,
                    color,
                    size=size,
                    weight=BOLD_WEIGHT,
                    anchor="middle",
                )
            )
        return marks

    def _sums(self, now: Now) -> list[tuple[tuple[str, str], float]]:
        """What stands in the box of the sum, and how strongly: one thing gives way to another."""
        written, steps = self._written, [(0, ("sum", ""))]
        if self.reading.partial is not None:
            for at, stop in enumerate(self.stage.products):
                steps.append((stop, ("sum_so_far", written[f"partial {at}"])))
        steps.append((self.stage.sum, ("sum", written["sum"])))
        if self.stage.bias is not None:
            steps.append((self.stage.bias, ("sum_and_bias", written["biased"])))
        shown = max(at for at, (stop, _) in enumerate(steps) if stop <= now.stop)
        found = [(steps[shown][1], 1.0)]
        if shown + 1 < len(steps) and steps[shown + 1][0] == now.stop + 1 and now.fraction > 0:
            found = [
                (steps[shown][1], max(1 - 2 * now.fraction, 0.0)),
                (steps[shown + 1][1], max(2 * now.fraction - 1, 0.0)),
            ]
        return [((self._said(f"neuron.{key}"), number), part) for (key, number), part in found]

    def _answer(self, now: Now) -> list[Mark]:
        read, theme, written = self.reading, self.theme, self._written
        up, over = now.done(self.stage.up), now.done(self.stage.over)
        left, top, width, _ = PLOT
        names = (written["biased"], written["output"])
        box = [OUTPUT - OUTPUT_WIDE / 2, MIDDLE - self._tall / 2, OUTPUT_WIDE, self._tall]
        point = ReadOff(read.biased, read.output, names, up, over) if up > 0 else None
        marks = [
            *self._called(left + width / 2, top - 40),
            self._wire(SUM + SUM_WIDE / 2 + 6, left - 100),
            *self._plot.marks(point),
            label(
                OUTPUT, MIDDLE - self._tall / 2 - 18, self._said("neuron.output"), theme.grey,
                anchor="middle",
            ),
            Rectangles(
                float32_array([box]),
                np.array(theme.unclassified, np.uint8), float32_array([8]),
                np.array(theme.grey, np.uint8), float32_array([1.5]),
            ),
        ]  # fmt: skip
        if over > 0:
            start, end = left + width + 12, OUTPUT - OUTPUT_WIDE / 2 - 6
            marks.append(self._wire(start, start + over * (end - start)))
            share = max(min(read.output, 1.0), -1.0)
            marks += self._box(OUTPUT, MIDDLE, written["output"], share, over, OUTPUT_WIDE)
        return marks

    def _called(self, middle: float, base: float) -> list[Mark]:
        """The activation's name and formula above its curve."""
        name, formula = (
            self._said(f"neuron.{kind}_{self.reading.activation}") for kind in ("name", "formula")
        )
        room = 2 * (LAID_OUT[0] - MARGIN - middle)
        short = shorten(formula, room, SMALLEST_SIZE)
        ink, grey = self.theme.ink, self.theme.grey
        return [
            label(middle, base, name, ink, size=TEXT, weight=BOLD_WEIGHT, anchor="middle"),
            label(middle, base + 24, short, grey, size=SMALLEST_SIZE, anchor="middle"),
        ]

    def _wire(self, start: float, end: float) -> Mark:
        color = np.array(faded(self.theme.grey, 0.7), np.uint8)
        return Segments(float32_array([[start, MIDDLE, end, MIDDLE]]), float32_array([1.6]), color)


def _start_of(points: FloatArray, share: float) -> FloatArray:
    """The first part of a cubic Bézier curve (point, xy), by de Casteljau's construction."""
    if share >= 1:
        return points
    one = points[:-1] + share * np.diff(points, axis=0)
    two = one[:-1] + share * np.diff(one, axis=0)
    three = two[:-1] + share * np.diff(two, axis=0)
    return np.stack([points[0], one[0], two[0], three[0]])
