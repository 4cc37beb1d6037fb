"""Two ways to draw the weights of one neuron, and why the answer is the same."""

from __future__ import annotations

from typing import Final

import numpy as np

from ....errors import InputError
from ....scene import Curves, Mark, Reference, Scene
from ....trace import Trace
from ....types import float32_array
from ...charts.frame import trace_of
from ...palette import NEGATIVE, POSITIVE
from ...sheet import LEFT, SMALL
from ...style import Theme
from .parts import PACE_S, PixelSheet

_X: Final = {"h": 330.0, "k": 560.0, "parts": 790.0, "out": 1020.0}
_SIZE: Final = (1280, 600)
_TILE: Final = 64.0
_ROWS: Final = (185.0, 410.0)


def four_pixel_signs(
    one: Trace, other: Trace, *, theme: str | Theme = "dark", language: str = "en"
) -> Scene:
    """The last neuron of k with its weights of either sign, for the same image.

    `one` and `other` are what `explain.four_pixel` gives with `k4_sign` −1 and 1. Its value and
    its field turn round, its two parts change places, and the answer stays. Raises `InputError`
    for traces of another kind or of two images.
    """
    given = [trace_of(trace, "The two drawings of k4") for trace in (one, other)]
    walks = all("out fields" in {site.name for site in trace.sites} for trace in given)
    if not walks or not np.array_equal(given[0]["image", 0], given[1]["image", 0]):
        raise InputError(
            "The two drawings of k4 are compared on one image",
            received=" and ".join(repr(trace.title) for trace in given),
            do="Give explain.four_pixel(image, k4_sign=-1) and the same with k4_sign=1",
        )
    sheet = PixelSheet.of(theme, language, _SIZE)
    told = sheet.words
    title = told("four_pixel.signs-title")

    def marks(stop: int) -> list[Mark]:
        drawn = sheet.frame(title, [told("four_pixel.foot-fields")])
        for name, head in (("h", "h3, h4"), ("k", "k4"), ("parts", "+k4, −k4")):
            drawn.append(sheet.text(_X[name], 110, head, size=SMALL, quiet=True, anchor="middle"))
        drawn.append(
            sheet.text(_X["out"], 110, told("four_pixel.class-horizontal"), size=SMALL, quiet=True,
                       anchor="middle")
        )  # fmt: skip
        for trace, middle in zip(given, _ROWS, strict=True):
            drawn += _row(sheet, trace, middle + 25)
        return drawn

    answers = [sheet.percent(float(trace["out values", 4][3])) for trace in given]
    description = told("four_pixel.signs-description", one=answers[0], other=answers[1])
    return sheet.scene(marks, [title], title=title, description=description, pace_s=PACE_S)


def _row(sheet: PixelSheet, trace: Trace, middle: float) -> list[Mark]:
    weights = trace["k weights", 2][3]
    signs = ", ".join(sheet.number(float(weight)) for weight in weights[2:])
    marks: list[Mark] = [
        sheet.text(LEFT, middle - 4, sheet.words("four_pixel.signs-weights"), quiet=True),
        sheet.text(LEFT, middle + 24, signs, size=24, bold=True),
    ]
    pair = (middle - 52, middle + 52)
    places = {"h": (2, 3), "k": (3,), "parts": (6, 7), "out": (3,)}
    heights = {"h": pair, "k": (middle,), "parts": pair, "out": (middle,)}
    joins = [("h", 0, "k", 0, float(weights[2])), ("h", 1, "k", 0, float(weights[3])),
             ("k", 0, "parts", 0, 1.0), ("k", 0, "parts", 1, -1.0),
             ("parts", 0, "out", 0, 1.0), ("parts", 1, "out", 0, 1.0)]  # fmt: skip
    points, colors = [], []
    for source, a, target, b, weight in joins:
        x0, y0 = _X[source] + _TILE / 2 + 7, heights[source][a]
        x1, y1 = _X[target] - _TILE / 2 - 7, heights[target][b]
        bend = (x1 - x0) / 2
        points.append([x0, y0, x0 + bend, y0, x1 - bend, y1, x1, y1])
        colors.append((*(POSITIVE if weight > 0 else NEGATIVE)[:3], 210))
    marks.append(Curves(float32_array(points), float32_array([2.5]), np.array(colors, np.uint8)))
    for number, (name, neurons) in enumerate(places.items(), 1):
        for neuron, y in zip(neurons, heights[name], strict=True):
            box = (_X[name] - _TILE / 2, y - _TILE / 2, _TILE, _TILE)
            fields = trace[f"{name} fields", number]
            marks.append(
                sheet.signed(box, fields[neuron], 1.0, Reference(f"{name} fields", number))
            )
            marks.append(sheet.outline(box))
            text = sheet.number(float(trace[f"{name} values", number][neuron]))
            beneath = y + _TILE / 2 + 20
            marks.append(sheet.text(_X[name], beneath, text, size=SMALL, anchor="middle"))
    share = sheet.percent(float(trace["out values", 4][3]))
    marks.append(sheet.text(1240, middle + 8, share, size=24, bold=True, anchor="end"))
    return marks
