"""The four-pixel camera as a film: from the picture to the answer, a stop for each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ....errors import InputError
from ....scene import Curves, Image, Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....typeface import text_width
from ....types import FloatArray, float32_array
from ...charts.frame import trace_of
from ...marks import Box, label
from ...palette import NEGATIVE, POSITIVE, signed_color, text_on
from ...sheet import LEFT, SMALL
from ...style import Theme
from .parts import PACE_S, PixelSheet, greys, verdict_words

LAYERS: Final = ("h", "k", "parts", "out")
_CAMERA: Final = (LEFT, 104.0, 300.0, 300.0)
_COLUMNS: Final = {"image": 410.0, "h": 542.0, "k": 682.0, "parts": 822.0, "out": 962.0}
_TOP, _BOTTOM = 112.0, 608.0
_TILE: Final = {"image": 34.0, "h": 64.0, "k": 64.0, "parts": 27.0, "out": 64.0}
_NAMES, _BAR_END, _RIGHT = 1016.0, 1240.0, 1240.0


def four_pixel(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """The way of an image through the network of four pixels: a stop for each layer.

    `trace` is what `explain.four_pixel` gives. Each neuron shows its receptive field as a tile of
    two by two (blue: a white pixel pushes it up, orange: down) and its value beneath; its sum is
    written out at the left. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "The four-pixel camera")
    if "out fields" not in {site.name for site in given.sites}:
        raise InputError(
            "There is no walk through the four-pixel network in the trace",
            received=repr(given.title), do="Give what explain.four_pixel made",
        )  # fmt: skip
    sheet = PixelSheet.of(theme, language)
    told = sheet.words
    drawing = _Drawing(given, sheet)
    labels = [told("four_pixel.stop-image"), *(told(f"four_pixel.stop-{n}") for n in LAYERS)]
    pixels = ", ".join(sheet.number(float(p)) for p in given["image", 0])
    said = verdict_words(told, given.about["verdict"], len(given.about["leading"]))
    description = told("four_pixel.film-description", pixels=pixels, verdict=said)
    return sheet.scene(
        drawing.marks,
        labels,
        title=told("four_pixel.film-title"),
        description=description,
        pace_s=PACE_S,
    )


@dataclass(frozen=True, eq=False)
class _Drawing:
    trace: Trace
    sheet: PixelSheet

    def marks(self, stop: int) -> list[Mark]:
        told = self.sheet.words
        foot = [told("four_pixel.foot-fields"), told("four_pixel.foot-weights")]
        if stop == 4:
            foot.append(told("four_pixel.foot-out"))
        marks = self.sheet.frame(told("four_pixel.film-title"), foot)
        marks += self._camera()
        for number, name in enumerate(LAYERS, 1):
            if number <= stop:
                marks += self._links(name, number, lit=number == stop)
        marks += self._pixels()
        for number, name in enumerate(LAYERS, 1):
            marks += self._layer(name, number, stop)
        marks += self._sums(stop)
        return marks

    def _camera(self) -> list[Mark]:
        x, y, side, _ = _CAMERA
        pixels = self.trace["image", 0]
        marks: list[Mark] = [
            Image(_CAMERA, greys(pixels), refers=Reference("image", 0)),
            self.sheet.outline(_CAMERA),
        ]
        for number, (across, down) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
            middle = (x + (across + 0.5) * side / 2, y + (down + 0.5) * side / 2)
            tone = np.repeat(np.rint((pixels[number] + 1) / 2 * 255), 3)
            color = text_on(tone)
            text = self.sheet.number(float(pixels[number]))
            marks.append(label(middle[0], middle[1] + 9, text, color, size=26, anchor="middle"))
            name = self.sheet.words(f"four_pixel.pixel-{number}")
            marks.append(label(middle[0], middle[1] + 36, name, color, size=SMALL, anchor="middle"))
        return marks

    def _pixels(self) -> list[Mark]:
        pixels = self.trace["image", 0]
        side = _TILE["image"]
        boxes = float32_array([self._box("image", n) for n in range(4)])
        tones = np.rint((pixels + 1) / 2 * 255).astype(np.uint8)
        fill = np.stack([tones] * 3 + [np.full(4, 255, np.uint8)], axis=1)
        marks: list[Mark] = [
            Rectangles(
                boxes, fill, float32_array([3]), np.array(self.sheet.theme.grey, np.uint8),
                float32_array([1]), refers=Reference("image", 0, np.arange(4)[:, None]),
            )
        ]  # fmt: skip
        for number in range(4):
            x, y, _, _ = self._box("image", number)
            name = self.sheet.words(f"four_pixel.short-{number}")
            marks.append(
                self.sheet.text(x + side / 2, y + side + 18, name, size=SMALL, quiet=True,
                                anchor="middle")
            )  # fmt: skip
        head = self.sheet.words("four_pixel.head-image")
        marks.append(self._head("image", head))
        return marks

    def _head(self, name: str, said: str) -> Mark:
        return self.sheet.text(_COLUMNS[name], 88, said, size=SMALL, quiet=True, anchor="middle")

    def _box(self, name: str, number: int) -> Box:
        count = 8 if name == "parts" else 4
        tall = (_BOTTOM - _TOP) / count
        side = _TILE[name]
        y = _TOP + tall * number + (tall - side - 22) / 2
        return (_COLUMNS[name] - side / 2, y, side, side)

    def _layer(self, name: str, number: int, stop: int) -> list[Mark]:
        theme, told = self.sheet.theme, self.sheet.words
        activation = self.trace.about["activation"]
        head = told(f"four_pixel.head-{name}", activation=activation) if name in "hk" else ""
        marks: list[Mark] = [self._head(name, head or told(f"four_pixel.head-{name}"))]
        fields = self.trace[f"{name} fields", number]
        values = self.trace[f"{name} values", number]
        for neuron in range(len(values)):
            box = self._box(name, neuron)
            if number > stop:
                marks.append(self.sheet.outline(box))
                continue
            refers = Reference(f"{name} fields", number)
            marks.append(self.sheet.signed(box, fields[neuron], 1.0, refers))
            color = (*signed_color(values[neuron], 1.0, theme).tolist(), 255)
            marks.append(self.sheet.outline(box, color, 3))
            x, y, side, _ = box
            text = self.sheet.number(float(values[neuron]))
            marks.append(
                self.sheet.text(x + side / 2, y + side + 22, text, size=SMALL, anchor="middle")
            )
        if name == "out":
            marks += self._answers(stop == number)
        return marks

    def _answers(self, known: bool) -> list[Mark]:
        theme, told = self.sheet.theme, self.sheet.words
        values = self.trace["out values", 4]
        leading = self.trace.about["leading"]
        marks: list[Mark] = []
        for number, name in enumerate(self.trace.about["classes"]):
            _, y, side, _ = self._box("out", number)
            best = known and name in leading
            said = told(f"four_pixel.class-{name}")
            middle = y + side / 2
            marks.append(
                self.sheet.text(_NAMES, middle - 8, said, quiet=not best, bold=best, size=20)
            )
            full = _BAR_END - _NAMES
            bars = [[_NAMES, middle + 6, full, 8.0]]
            marks.append(Rectangles(float32_array(bars), np.array(theme.hairline, np.uint8),
                                    float32_array([4])))  # fmt: skip
            if not known:
                continue
            share = float(values[number])
            wide = float(np.clip(share, 0, 1)) * full
            if wide > 0:
                color = theme.ink if best else theme.grey
                marks.append(
                    Rectangles(float32_array([[_NAMES, middle + 6, wide, 8.0]]),
                               np.array(color, np.uint8), float32_array([min(4, wide / 2)]),
                               refers=Reference("out values", 4, np.array([[number]])))
                )  # fmt: skip
            marks.append(
                self.sheet.text(
                    _RIGHT, middle - 8, self.sheet.percent(share), quiet=not best, bold=best,
                    size=20, anchor="end",
                )
            )  # fmt: skip
        if known:
            said = verdict_words(told, self.trace.about["verdict"], len(leading))
            marks.append(self.sheet.text(_RIGHT, 646, said, size=30, bold=True, anchor="end"))
            left = _RIGHT - text_width(said, 30, 600) - 16
            answer = told("four_pixel.answer")
            marks.append(self.sheet.text(left, 646, answer, quiet=True, size=20, anchor="end"))
        return marks

    def _links(self, name: str, number: int, *, lit: bool) -> list[Mark]:
        """Links that carry a weight, as wide as what they carry now."""
        before = ("image", *LAYERS)[number - 1]
        weights = self.trace[f"{name} weights", number]
        source = self.trace["image" if number == 1 else f"{before} values", number - 1]
        points, widths, colors = [], [], []
        for neuron, other in np.argwhere(weights != 0).tolist():
            x0, y0, a, _ = self._box(before, other)
            x1, y1, b, _ = self._box(name, neuron)
            start, end = (x0 + a + 7, y0 + a / 2), (x1 - 7, y1 + b / 2)
            bend = (end[0] - start[0]) / 2
            points.append([*start, start[0] + bend, start[1], end[0] - bend, end[1], *end])
            signal = abs(float(weights[neuron, other] * source[other]))
            widths.append(1 + 3 * signal)
            alpha = (0.35 + 0.6 * signal) if lit else (0.12 + 0.2 * signal)
            color = POSITIVE if weights[neuron, other] > 0 else NEGATIVE
            colors.append((*color[:3], round(255 * min(alpha, 0.95))))
        return [Curves(float32_array(points), float32_array(widths), np.array(colors, np.uint8))]

    def _sums(self, stop: int) -> list[Mark]:
        """Each neuron's sum and value, written out under the camera."""
        told = self.sheet.words
        left, top = LEFT, _CAMERA[1] + _CAMERA[3] + 34
        if stop == 0:
            lines = [told("four_pixel.reads-1"), told("four_pixel.reads-2")]
            return [self.sheet.text(left, top + 24 * n, s, quiet=True) for n, s in enumerate(lines)]
        name = LAYERS[stop - 1]
        before = self.trace["image", 0] if stop == 1 else self.trace[
            f"{LAYERS[stop - 2]} values", stop - 1
        ]  # fmt: skip
        weights, sums = self.trace[f"{name} weights", stop], self.trace[f"{name} sums", stop]
        values = self.trace[f"{name} values", stop]
        names = self._names(name)
        wanted = {"h": "squash", "k": "squash", "parts": "relu", "out": "plain"}[name]
        marks: list[Mark] = []
        step = 27 if len(values) == 4 else 25
        for neuron, value in enumerate(values):
            sum_said = self._written(weights[neuron], before)
            text = told(
                f"four_pixel.sum-{wanted}", name=names[neuron], terms=sum_said,
                value=self.sheet.number(float(value)),
                **({"activation": self.trace.about["activation"]} if wanted == "squash" else {}),
            )  # fmt: skip
            lit = float(sums[neuron]) > 0 or name != "parts"
            marks.append(self.sheet.text(left, top + step * neuron, text, quiet=not lit, size=17))
        return marks

    def _names(self, name: str) -> list[str]:
        if name == "out":
            return [
                self.sheet.words(f"four_pixel.class-{one}") for one in self.trace.about["classes"]
            ]
        if name == "parts":
            return [f"{sign}k{n + 1}" for n in range(4) for sign in ("+", "−")]
        return [f"{name}{n + 1}" for n in range(4)]

    def _written(self, weights: FloatArray, values: FloatArray) -> str:
        """The terms of a sum that have a weight: 1 + (−1)."""
        terms = ""
        for weight, value in zip(weights.tolist(), values.tolist(), strict=True):
            if not weight:
                continue
            number = self.sheet.number(value)
            number = f"({number})" if value < 0 and (terms or weight < 0) else number
            sign = " + " if terms and weight > 0 else " − " if terms else "−" if weight < 0 else ""
            terms += f"{sign}{number}"
        return terms
