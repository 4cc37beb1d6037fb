"""The weights of a first layer after trainings with and without regularisation, as histograms."""

from __future__ import annotations

import numpy as np

from ....scene import Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....types import IntArray, float32_array
from ...charts.chart import grid_of_boxes
from ...marks import Anchor, hairlines
from ...palette import class_colors
from ...sheet import sheet
from ...style import Theme
from .curves import shared_foot, trainings, way_name

_BINS = 61
_SMALL = 15.0
_ABOVE = 64.0  # of a box: its name, and what its numbers are


def regularisation_weights(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A still: how large the first layer's weights became in each way of training.

    `trace` is what `explain.regularisation` gives; the weights are those of its first seed. All
    boxes have the same scales. Raises `InputError` for a trace of another kind.
    """
    given = trainings(trace, ("weights",))
    paper = sheet(size, theme, language)
    told = paper.words
    title = told("regularisation.title-weights")
    names = [way_name(str(way), told) for way in given.about["ways"]]
    every = [given["weights", place] for place in range(len(names))]
    spreads = [paper.number(float(values.std())) for values in every]
    far = max(float(np.abs(values).max()) for values in every) or 1.0
    edges = np.linspace(-far, far, _BINS + 1)
    counts = [np.histogram(values, edges)[0] for values in every]
    highest = _height(counts)
    foot = [
        told("regularisation.foot-weights", count=paper.count(len(every[0])),
             most=paper.count(highest)),
        *shared_foot(given, told),
    ]  # fmt: skip
    marks: list[Mark] = paper.frame(title, foot)
    room = paper.content(len(paper.foot_lines(foot)))
    boxes = grid_of_boxes(room, len(names), min(len(names), 3), gaps=(40, 20))
    for place, (name, box) in enumerate(zip(names, boxes, strict=True)):
        x, y, width, height = box
        base, most = y + height - 24, height - 24 - _ABOVE
        tall = most * np.minimum(counts[place], highest) / highest
        wide = width / _BINS
        bars = np.stack(
            [x + np.arange(_BINS) * wide + 0.3, base - tall, np.full(_BINS, wide - 0.6), tall],
            axis=1,
        )
        color = np.append(class_colors(len(names))[place], 255).astype(np.uint8)
        marks.append(Rectangles(bars, color, refers=Reference("weights", place)))
        marks.append(hairlines(float32_array([[x, base, x + width, base]]), paper.theme.hairline))
        marks.append(paper.text(x, y + 12, name, bold=True))
        for bar in np.flatnonzero(counts[place] > highest).tolist():
            said = paper.count(int(counts[place][bar]))
            middle = x + (bar + 0.5) * wide
            marks.append(paper.text(middle, base - most - 5, said, size=14, anchor="middle"))
        said = told("regularisation.spread", value=spreads[place])
        marks.append(paper.text(x, y + 34, said, size=_SMALL, quiet=True))
        ends_at: tuple[tuple[float, float, Anchor], ...] = (
            (x, -far, "start"),
            (x + width / 2, 0.0, "middle"),
            (x + width, far, "end"),
        )
        for at, value, anchor in ends_at:
            text = paper.number(value)
            marks.append(paper.text(at, base + 20, text, size=14, quiet=True, anchor=anchor))
    ends = [f"{name} {spread}" for name, spread in zip(names, spreads, strict=True)]
    about = told("regularisation.weights-description", spreads=", ".join(ends))
    return paper.scene(lambda stop: marks, [title], title=title, description=about)


def _height(counts: list[IntArray]) -> int:
    """What the highest bar stands for: the highest of all but the few that tower above the rest."""
    tops = sorted({int(top) for count in counts for top in np.sort(count)[-2:]})
    towers = [one for one, other in zip(tops[1:], tops, strict=False) if one > 2 * other]
    return max((top for top in tops if not towers or top < min(towers)), default=1)
