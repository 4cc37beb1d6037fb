"""Strokes: lines of a pen, and how they become small grey pictures, thousands a second.

A drawing is a list of strokes; a stroke is a polyline of places with the pen's width at each. The
ink is the union of capsules, one for each straight piece: all points within half the width of it.
A pixel's coverage is that of a straight edge at its distance, clamp(½ − signed distance); a pen
under one pixel wide is drawn one pixel wide and fainter. This is the line of the scene's `Segments`
but that pieces of one drawing never add up: ink on ink is ink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..compiled import compiled
from ..types import BoolArray, ByteArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Stroke:
    """One line of the pen, from where it is set down to where it is lifted.

    `points` (point, xy), x to the right and y down; `widths` (point,) the pen's width there, in
    the same unit. One point alone is a dot.
    """

    points: FloatArray
    widths: FloatArray


def render_strokes(
    drawings: Sequence[Sequence[Stroke]], size: int, *, unit: float | None = None
) -> ByteArray:
    """The drawings as grey pictures, (drawing, row, column): ink 255 on 0.

    A picture is `size` pixels on each side and shows the square from 0 to `unit` on both axes (1
    unless given); ink outside is cut off. Exact to one level for the line defined above.
    """
    scale = size / (1.0 if unit is None else unit)
    every = [stroke for drawing in drawings for stroke in drawing if len(stroke.points)]
    pixels = np.zeros((len(drawings), size, size), np.uint8)
    if not every:
        return pixels
    points = np.concatenate([stroke.points for stroke in every]) * scale
    radii = np.concatenate([stroke.widths for stroke in every]) * (scale / 2)
    lengths = np.array([len(stroke.points) for stroke in every], np.int64)
    begins = np.zeros(len(points), np.bool_)
    begins[np.cumsum(lengths) - lengths] = True
    counts = [sum(len(stroke.points) for stroke in drawing) for drawing in drawings]
    stops = np.cumsum(np.array(counts, np.int64))
    _render(pixels, np.ascontiguousarray(points), radii, begins, stops)
    return pixels


@compiled
def _render(
    pixels: ByteArray, points: FloatArray, radii: FloatArray, begins: BoolArray, stops: IntArray
) -> None:
    """Every drawing's capsules into its picture; the darkest ink at a pixel stays."""
    size = pixels.shape[1]
    start = 0
    for drawing in range(len(stops)):
        stop = stops[drawing]
        for index in range(start, stop):
            first = index if begins[index] else index - 1
            if begins[index] and index + 1 < stop and not begins[index + 1]:
                continue  # the piece to the next point covers it
            x0, y0, x1, y1 = points[first, 0], points[first, 1], points[index, 0], points[index, 1]
            largest = max(radii[first], radii[index])
            if largest <= 0 or not math.isfinite(x0 + y0 + x1 + y1 + largest):
                continue
            dx, dy = x1 - x0, y1 - y0
            length2 = dx * dx + dy * dy
            reach = max(largest, 0.5) + 0.5
            low_row = int(min(max(math.floor(min(y0, y1) - reach), 0.0), size))
            high_row = int(max(min(math.ceil(max(y0, y1) + reach), size), 0.0))
            low_column = int(min(max(math.floor(min(x0, x1) - reach), 0.0), size))
            high_column = int(max(min(math.ceil(max(x0, x1) + reach), size), 0.0))
            for row in range(low_row, high_row):
                for column in range(low_column, high_column):
                    px, py = column + 0.5 - x0, row + 0.5 - y0
                    along = 0.0
                    if length2 > 0:
                        along = min(max((px * dx + py * dy) / length2, 0.0), 1.0)
                    ex, ey = px - along * dx, py - along * dy
                    radius = radii[first] + along * (radii[index] - radii[first])
                    strength = 255.0
                    if radius < 0.5:
                        strength *= max(2 * radius, 0.0)
                        radius = 0.5
                    coverage = min(radius + 0.5 - math.sqrt(ex * ex + ey * ey), 1.0)
                    if coverage > 0:
                        level = np.uint8(coverage * strength + 0.5)
                        if level > pixels[drawing, row, column]:
                            pixels[drawing, row, column] = level
        start = stop


def bounds(strokes: Sequence[Stroke]) -> FloatArray:
    """The smallest box around the strokes' middle lines: x and y at least, x and y at most."""
    points = np.concatenate([stroke.points for stroke in strokes])
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def fitted(strokes: Sequence[Stroke], box: tuple[float, float, float, float]) -> list[Stroke]:
    """The strokes moved and scaled alike on both axes, to lie centred in that box.

    `box` is x and y at least, x and y at most; the pen's widths are kept as they are, and half the
    widest is left free at the edge.
    """
    x0, y0, x1, y1 = bounds(strokes)
    pen = max(float(stroke.widths.max()) for stroke in strokes)
    free = max(min(box[2] - box[0], box[3] - box[1]) - pen, 1e-6)
    scale = free / max(x1 - x0, y1 - y0, 1e-9)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    target = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    return [Stroke((stroke.points - middle) * scale + target, stroke.widths) for stroke in strokes]
