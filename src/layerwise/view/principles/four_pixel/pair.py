"""How one number stands for two pixels: a neuron over all values of the two pixels it sees."""

from __future__ import annotations

from typing import Final

import numpy as np

from ....errors import InputError
from ....scene import Discs, Image, Mark, Reference, Scene, Segments
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.frame import trace_of
from ...marks import wrapped
from ...palette import signed_color
from ...sheet import LEFT, SMALL, TEXT
from ...style import Theme
from .parts import PACE_S, PixelSheet

_SIZE: Final = (1280, 640)
_PLANE: Final = (110.0, 100.0, 440.0, 440.0)
_COLUMN: Final = 650.0


def four_pixel_pair(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """A neuron's value for every pair of the pixels it sees, and all pairs that share its value.

    `trace` is what `explain.four_pixel_pair` gives. Raises `InputError` for another kind.
    """
    given = trace_of(trace, "The plane of a pair of pixels")
    if not {"grid", "seen", "same"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no plane of two pixels in the trace", received=repr(given.title),
            do="Give what explain.four_pixel_pair made",
        )  # fmt: skip
    sheet = PixelSheet.of(theme, language, _SIZE)
    told = sheet.words
    neuron = given.about["neuron"]
    title = told("four_pixel.pair-title", neuron=neuron)
    value = sheet.number(float(given["value", 0]))

    def marks(stop: int) -> list[Mark]:
        drawn = sheet.frame(title, [told("four_pixel.pair-foot")])
        drawn += _plane(sheet, given)
        y = 124.0
        for line in wrapped([told("four_pixel.pair-says", neuron=neuron, value=value)],
                            _SIZE[0] - LEFT - _COLUMN, TEXT):  # fmt: skip
            drawn.append(sheet.text(_COLUMN, y, line))
            y += 27
        return drawn + _corners(sheet, given, y + 24)

    same = len(given["same", 0])
    description = told("four_pixel.pair-description", neuron=neuron, value=value, count=same)
    return sheet.scene(marks, [title], title=title, description=description, pace_s=PACE_S)


def _at(first: float, second: float) -> tuple[float, float]:
    x, y, width, height = _PLANE
    return x + (first + 1) / 2 * width, y + (1 - second) / 2 * height


def _plane(sheet: PixelSheet, trace: Trace) -> list[Mark]:
    theme, told = sheet.theme, sheet.words
    seen, values = trace["seen", 0], trace["values", 0]
    colors = signed_color(values[::-1], 1.0, theme)
    marks: list[Mark] = [
        Image(_PLANE, colors, sampling="area", refers=Reference("values", 0)),
        sheet.outline(_PLANE),
    ]
    x, y, width, height = _PLANE
    names = [told(f"four_pixel.pixel-{number}") for number in seen.tolist()]
    below = y + height + 22
    marks.append(sheet.text(x, below, sheet.number(-1), size=SMALL, quiet=True, anchor="middle"))
    marks.append(sheet.text(x + width, below, "1", size=SMALL, quiet=True, anchor="middle"))
    marks.append(sheet.text(x + width / 2, below, names[0], size=SMALL, quiet=True,
                            anchor="middle"))  # fmt: skip
    marks.append(sheet.text(x - 10, y + 12, "1", size=SMALL, quiet=True, anchor="end"))
    marks.append(sheet.text(x - 10, y + height, sheet.number(-1), size=SMALL, quiet=True,
                            anchor="end"))  # fmt: skip
    marks.append(sheet.text(x, y - 12, names[1], size=SMALL, quiet=True))
    pixels, signs = trace["image", 0][seen], trace["signs", 0]
    ink = np.array(theme.ink, np.uint8)
    ends = _line(float(signs @ pixels), signs)
    if ends is not None:
        marks.append(Segments(float32_array([[*_at(*ends[0]), *_at(*ends[1])]]),
                              float32_array([2.5]), ink))  # fmt: skip
    center = float32_array([_at(float(pixels[0]), float(pixels[1]))])
    ground = np.array(theme.ground, np.uint8)
    marks.append(Discs(center, float32_array([10]), ink, ground, float32_array([3])))
    return marks


def _line(total: float, signs: FloatArray) -> list[tuple[float, float]] | None:
    """Where the line of equal sums leaves the square of −1 to 1; None where it is one point."""
    found = []
    for first in (-1.0, 1.0):
        second = (total - signs[0] * first) / signs[1]
        if abs(second) <= 1 + 1e-9:
            found.append((first, float(second)))
    for edge in (-1.0, 1.0):
        first = (total - signs[1] * edge) / signs[0]
        if abs(first) <= 1 + 1e-9:
            found.append((float(first), edge))
    ends = sorted(set(found))
    return [ends[0], ends[-1]] if len(ends) > 1 and ends[0] != ends[-1] else None


def _corners(sheet: PixelSheet, trace: Trace, top: float) -> list[Mark]:
    """The four pairs of black and white, each as two pixels one above the other, with its value."""
    told, seen, signs = sheet.words, trace["seen", 0], trace["signs", 0]
    grid, values = trace["grid", 0], trace["values", 0]
    same = {tuple(pair) for pair in trace["same", 0].tolist()}
    upper = 0 if seen[0] in (0, 1) else 1
    marks: list[Mark] = [
        sheet.text(_COLUMN, top, told("four_pixel.pair-corners"), size=SMALL, quiet=True)
    ]
    for number, (first, second) in enumerate([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]):
        x = _COLUMN + number * 142
        box = (x, top + 24, 56.0, 112.0)
        pair = (first, second) if upper == 0 else (second, first)
        tones = np.array([[[255 if tone > 0 else 0] * 3] for tone in pair], np.uint8)
        marks += [Image(box, tones), sheet.outline(box)]
        at = [int(np.flatnonzero(grid == tone)[0]) for tone in (first, second)]
        text = sheet.number(float(values[at[1], at[0]]))
        alike = (first, second) in same
        marks.append(sheet.text(x, top + 164, text, size=22, bold=alike))
        if alike:
            marks.append(sheet.text(x, top + 190, told("four_pixel.pair-same"), size=SMALL))
    sign = "+" if signs[1] > 0 else "−"
    names = [told(f"four_pixel.short-{number}") for number in seen.tolist()]
    formula = f"{trace.about['neuron']} = tanh({names[0]} {sign} {names[1]})"
    marks.append(sheet.text(_COLUMN, top + 240, formula, size=22))
    return marks
