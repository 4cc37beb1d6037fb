"""The weights of a first layer after trainings with and without regularisation, as histograms."""

from __future__ import annotations

import numpy as np

from ....errors import InputError
from ....language import words
from ....scene import Mark, Rectangles, Reference, Scene
from ....trace import Trace
from ....types import IntArray, float32_array
from ...charts.chart import grid_of_boxes
from ...charts.frame import Frame, trace_of
from ...marks import hairlines, label
from ...palette import class_colors
from ...style import BOLD_WEIGHT, TEXT_SIZE, Theme, format_count, format_number
from ...style import theme as theme_named
from .curves import shared_foot, way_name

_BINS = 61


def regularisation_weights(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en"
) -> Scene:
    """A still: how large the first layer's weights became in each way of training.

    `trace` is what `explain.regularisation` gives; the weights are those of its first seed. All
    boxes have the same scales. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "Weights")
    if "ways" not in given.about or "weights" not in {site.name for site in given.sites}:
        raise InputError(
            "There are no trainings with regularisation in the trace", received=repr(given.title),
            do="Give what explain.regularisation made",
        )  # fmt: skip
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    title = told("regularisation.title-weights")
    names = [way_name(str(way), told) for way in given.about["ways"]]
    every = [given["weights", place] for place in range(len(names))]
    far = max(float(np.abs(values).max()) for values in every) or 1.0
    edges = np.linspace(-far, far, _BINS + 1)
    counts = [np.histogram(values, edges)[0] for values in every]
    highest = _height(counts)
    grey = frame.theme.grey
    foot = [
        told("regularisation.foot-weights", count=told.figures(format_count(len(every[0]))),
             most=told.figures(format_count(highest))),
        *shared_foot(given, told),
    ]  # fmt: skip
    marks: list[Mark] = frame.words(title, frame.foot(foot))
    room = frame.content(2)
    boxes = grid_of_boxes(room, len(names), min(len(names), 3), gaps=(60, 60))
    for place, (name, box) in enumerate(zip(names, boxes, strict=True)):
        x, y, width, height = box
        base = y + height - 30
        tall = (height - 106) * np.minimum(counts[place], highest) / highest
        wide = width / _BINS
        bars = np.stack(
            [x + np.arange(_BINS) * wide + 0.5, base - tall, np.full(_BINS, wide - 1), tall], axis=1
        )
        color = np.append(class_colors(len(names))[place], 255).astype(np.uint8)
        marks.append(Rectangles(bars, color, refers=Reference("weights", place)))
        marks.append(hairlines(float32_array([[x, base, x + width, base]]), frame.theme.hairline))
        marks.append(label(x, y + 16, name, frame.theme.ink, size=TEXT_SIZE, weight=BOLD_WEIGHT))
        for bar in np.flatnonzero(counts[place] > highest).tolist():
            said = told.figures(format_count(int(counts[place][bar])))
            above = base - (height - 106) - 8
            marks.append(
                label(
                    x + (bar + 0.5) * wide, above, said, frame.theme.ink, size=16, anchor="middle"
                )
            )
        spread = told.figures(format_number(float(every[place].std()), 3))
        said = told("regularisation.spread", value=spread)
        marks.append(label(x, y + 44, said, grey))
        for at, value, anchor in ((x, -far, "start"), (x + width / 2, 0.0, "middle"),
                                  (x + width, far, "end")):  # fmt: skip
            text = told.figures(format_number(value, 3))
            marks.append(label(at, base + 24, text, grey, size=16, anchor=anchor))
    about = told("regularisation.weights-description", names=", ".join(names))
    return frame.scene(lambda stop: marks, [title], title=title, description=about)


def _height(counts: list[IntArray]) -> int:
    """What the highest bar stands for: the highest of all but the few that tower above the rest."""
    tops = sorted({int(top) for count in counts for top in np.sort(count)[-2:]})
    towers = [one for one, other in zip(tops[1:], tops, strict=False) if one > 2 * other]
    return max((top for top in tops if not towers or top < min(towers)), default=1)
