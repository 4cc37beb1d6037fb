"""Names written into a map: the second cue where classes are too many for colours alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...scene import Mark
from ...typeface import shorten
from ...types import UNCLASSIFIED, ByteArray
from ..marks import label
from ..palette import text_on
from ..style import BOLD_WEIGHT

COLORS_ALONE = 6  # so many hues are told apart without a name


def region_labels(
    labels: ByteArray,
    box: tuple[float, float, float, float],
    names: Sequence[str],
    colors: ByteArray,
    *,
    size: float = 18,
) -> list[Mark]:
    """The name of each class at the most inner cell of its region: nothing for six or fewer.

    `labels` (row, column) as drawn in `box` (x, y, width, height); `colors` (class, rgb). A region
    whose largest free circle does not hold the name's height stays without one; a longer name is
    cut to the circle, and left out where what remains could be another name too.
    """
    if len(names) <= COLORS_ALONE:
        return []
    from scipy.ndimage import distance_transform_edt

    x, y, width, height = box
    rows, columns = labels.shape
    side = min(width / columns, height / rows)
    marks: list[Mark] = []
    for number, name in enumerate(names):
        inside = np.pad((labels == number) & (labels != UNCLASSIFIED), 1)
        if not inside.any():
            continue
        depth = distance_transform_edt(inside)[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        radius = float(depth[row, column]) * side
        if radius < 0.8 * size:
            continue
        across = x + (int(column) + 0.5) * width / columns
        down = y + (int(row) + 0.5) * height / rows
        short = shorten(name, 1.7 * radius, size, BOLD_WEIGHT)
        if short != name and _is_shared(short.rstrip("…"), names):
            continue
        ink = text_on(colors[number])
        marks.append(
            label(
                across,
                down + 0.36 * size,
                short,
                ink,
                size=size,
                weight=BOLD_WEIGHT,
                anchor="middle",
            )
        )
    return marks


def _is_shared(start: str, names: Sequence[str]) -> bool:
    return sum(name.startswith(start) for name in names) > 1
