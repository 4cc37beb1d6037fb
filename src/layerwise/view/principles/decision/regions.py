"""Regions of a decision map: hue by class, strength by probability, the boundary as lines."""

from __future__ import annotations

from typing import Final

import numpy as np

from ....types import Array, ByteArray, FloatArray
from ...palette import probability_color
from ...style import Theme

_STRENGTH: Final = 0.55  # of a full hue at probability 1, so that points stand out on it


def region_colors(probabilities: Array, theme: Theme, colors: ByteArray) -> ByteArray:
    """Probabilities (class, row, column) as colours (row, column, rgb).

    The likeliest class gives the hue; its strength goes evenly from none, where all classes are
    equally likely, to 55 per cent of the class's colour at probability 1.
    """
    full = probability_color(
        probabilities.argmax(0), np.minimum(probabilities.max(0), 1), theme, colors
    )
    ground = np.asarray(theme.ground[:3], np.float32)
    base = np.asarray(theme.unclassified[:3], np.float32)
    mixed: ByteArray = np.rint(ground + _STRENGTH * (full - base)).clip(0, 255).astype(np.uint8)
    return mixed


def boundary(probabilities: Array) -> FloatArray:
    """Where the two largest probabilities are equal: (segment, x0 y0 x1 y1) in the unit square.

    Lines run through the middles of cells, straight between grid points, whose values are taken to
    change evenly from one to the next (marching squares). x goes to the right, y down.
    """
    found = []
    for kind in range(1 if len(probabilities) == 2 else len(probabilities)):
        others = np.delete(probabilities, kind, 0).max(0)
        found.append(_level(np.asarray(probabilities[kind] - others, np.float64)))
    return np.concatenate(found)


def _level(field: FloatArray) -> FloatArray:
    """The zero line of a field on a grid of points."""
    rows, columns = field.shape
    corners = [field[:-1, :-1], field[:-1, 1:], field[1:, 1:], field[1:, :-1]]
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    steps = [(0, 0, 1, 0), (1, 0, 0, 1), (1, 1, -1, 0), (0, 1, 0, -1)]
    crossed, xs, ys = [], [], []
    for edge, (x0, y0, dx, dy) in enumerate(steps):
        first, second = corners[edge], corners[(edge + 1) % 4]
        cut = (first > 0) != (second > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(cut, first / (first - second), 0)
        crossed.append(cut)
        xs.append(column + x0 + part * dx)
        ys.append(row + y0 + part * dy)
    cuts, x, y = np.stack(crossed), np.stack(xs), np.stack(ys)
    count = cuts.sum(0)
    segments = []
    for one in range(4):
        for other in range(one + 1, 4):
            where = cuts[one] & cuts[other] & (count == 2)
            segments.append(_segments(x, y, one, other, where))
    # A saddle: the middle says which corners belong together.
    high = (corners[0] + corners[1] + corners[2] + corners[3] > 0) == (corners[0] > 0)
    for pairs, chosen in ((((0, 1), (2, 3)), high), (((0, 3), (1, 2)), ~high)):
        for one, other in pairs:
            segments.append(_segments(x, y, one, other, (count == 4) & chosen))
    joined = np.concatenate(segments)
    placed: FloatArray = (joined + 0.5) / np.array([columns, rows, columns, rows])
    return placed


def _segments(x: FloatArray, y: FloatArray, one: int, other: int, where: Array) -> FloatArray:
    ends = [x[one][where], y[one][where], x[other][where], y[other][where]]
    return np.stack(ends, axis=1)
