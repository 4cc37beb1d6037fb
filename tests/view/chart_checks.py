"""What every chart must hold: words that can be read, numbers where their scale puts them."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from layerwise.scene import Segments, Text
from layerwise.typeface import text_width
from layerwise.view.style import SMALLEST_SIZE


def texts(scene, stop):
    return [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def words(scene, stop):
    return [mark.string for mark in texts(scene, stop)]


def box_of(mark):
    width = text_width(mark.string, mark.size, mark.weight, mark.family)
    left = mark.at[0] - {"start": 0, "middle": width / 2, "end": width}[mark.anchor]
    return left, mark.at[1] - 0.74 * mark.size, left + width, mark.at[1] + 0.2 * mark.size


def check_words(scene, stop, smallest=SMALLEST_SIZE):
    """No text is too small, none leaves the frame, no two overlap."""
    boxes = []
    for mark in texts(scene, stop):
        assert mark.size >= smallest - 1e-6, mark
        left, top, right, bottom = box_of(mark)
        assert left >= 0, mark
        assert top >= 0, mark
        assert right <= scene.size[0], mark
        assert bottom <= scene.size[1], mark
        if mark.string:
            boxes.append((mark.string, (left, top, right, bottom)))
    for (one, a), (other, b) in combinations(boxes, 2):
        apart = a[2] <= b[0] + 0.5 or b[2] <= a[0] + 0.5 or a[3] <= b[1] + 0.5 or b[3] <= a[1] + 0.5
        assert apart, f"{one!r} lies on {other!r}"


def lines(scene, stop, color):
    """The lines of that colour (rgb), each as its ends (segment, x0 y0 x1 y1)."""
    return [
        mark.ends
        for mark in scene.stop_marks(stop)
        if isinstance(mark, Segments)
        and tuple(mark.colors[0][:3]) == tuple(color[:3])
        and mark.widths[0] > 1.2
    ]


def vertices(ends):
    """The points of a line that was given by its pieces."""
    return np.concatenate([ends[:, :2], ends[-1:, 2:]])
