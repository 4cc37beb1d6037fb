"""Pooling as it walks over a picture: the window, which cell won, and the smaller picture."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Mark, Reference, Scene
from ....trace import Trace
from ....types import FloatArray
from ...charts.frame import Frame, trace_of
from ...marks import label
from ...palette import POSITIVE
from ...style import LABEL_SIZE, LIGHT_WEIGHT, TEXT_SIZE, Theme
from ...style import theme as theme_named
from .grid import Grid, Range, short

_TOP: Final = 190.0
_SIDE: Final = 720.0
_LEFT: Final = (80.0, _TOP, _SIDE, _SIDE)
_RIGHT: Final = (1300.0, _TOP, 540.0, 540.0)
_WINDOW: Final = (900.0, 230.0, 300.0, 300.0)
_MOST_RINGS: Final = 1024


def pooling(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """The walk of a pooling window, one stop for each cell of the output that was walked.

    `trace` is what `explain.pooling` gives. The picture stands to the left with the window on it,
    and with a thin ring around each cell that has won so far; the output to the right grows in
    reading order. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "Pooling")
    if not {"picture", "output", "window", "value"} <= {site.name for site in given.sites} or (
        "kind" not in given.about
    ):
        raise InputError(
            "There is no pooling in the trace", received=repr(given.title),
            do="Give what explain.pooling made",
        )  # fmt: skip
    told = words(language)
    frame = Frame((1920, 1080), theme_named(theme))
    moments = given.where("value")
    at = [given.moments[moment].at for moment in moments]
    labels = [
        told("convolution.stop", row=int(one["row"]) + 1, column=int(one["column"]) + 1)
        for one in at
    ]
    title = told(f"convolution.pooling-title-{given.about['kind']}")
    still = _still(given, frame, told, title)
    rows, columns = given["output", 0].shape[1:]
    return frame.scene(
        lambda stop: [*still, *_moving(given, frame, told, moments[stop])],
        labels,
        title=title,
        description=told("convolution.pooling-description", rows=rows, columns=columns),
    )


def _limits(trace: Trace) -> Range:
    low, high = trace.about["range"]
    return (float(low), float(high))


def _plane(trace: Trace, site: str) -> FloatArray:
    plane: FloatArray = trace[site, 0][int(trace.about["channel"])]
    return plane


def _grid(trace: Trace, frame: Frame, told: Words, site: str) -> partial[Grid]:
    return partial(
        Grid, values=_plane(trace, site), limits=_limits(trace), theme=frame.theme,
        writes=told.figures, refers=Reference(site, 0),
    )  # fmt: skip


def _still(trace: Trace, frame: Frame, told: Words, title: str) -> list[Mark]:
    about, grey = trace.about, frame.theme.grey
    parts = [
        told("convolution.pooling-foot", rows=about["size"][0], columns=about["size"][1],
             down=about["stride"][0], across=about["stride"][1])
    ]  # fmt: skip
    total, walked = _plane(trace, "output").size, len(trace.where("value"))
    if walked < total:
        parts.append(
            told("convolution.foot-cells-chosen", shown=walked, all=told.figures(f"{total:,}"))
        )
    if len(trace["picture", 0]) > 1:
        channel = int(about["channel"]) + 1
        parts.append(
            told("convolution.pooling-channel", number=channel, all=len(trace["picture", 0]))
        )
    marks = frame.words(title, frame.foot(parts))
    for site, box, key in (
        ("picture", _LEFT, "convolution.picture"), ("output", _RIGHT, "convolution.output"),
    ):  # fmt: skip
        rows, columns = _plane(trace, site).shape
        heading = told(key, rows=rows, columns=columns)
        marks.append(label(box[0], box[1] - 16, heading, grey, size=LABEL_SIZE))
    marks += _grid(trace, frame, told, "picture")(box=_LEFT).marks()
    return marks


def _moving(trace: Trace, frame: Frame, told: Words, moment: int) -> list[Mark]:
    theme, about = frame.theme, trace.about
    at = trace.moments[moment].at
    row, column = int(at["row"]), int(at["column"])
    output = _plane(trace, "output")
    number = row * output.shape[1] + column
    picture = _grid(trace, frame, told, "picture")(box=_LEFT)
    marks: list[Mark] = []
    window = trace["window", moment]
    if about["kind"] == "max":
        won = trace["winner", 0][int(about["channel"])].reshape(-1, 2)[: number + 1]
        if len(won) <= _MOST_RINGS and picture.cell >= 8:
            marks.append(picture.cells([(int(r), int(c)) for r, c in won], POSITIVE))
    corner = (row * about["stride"][0], column * about["stride"][1])
    marks += picture.window(corner, (window.shape[0], window.shape[1]), theme.ink)
    seen = Grid(_WINDOW, window, _limits(trace), theme, told.figures,
                refers=Reference("window", moment))  # fmt: skip
    x, y, width, height = seen.place
    name = told("convolution.window")
    marks.append(label(x + width / 2, y - 16, name, theme.grey, anchor="middle"))
    marks += seen.marks()
    if about["kind"] == "max":
        best = np.unravel_index(int(np.argmax(window)), window.shape)
        marks.append(seen.cells([(int(best[0]), int(best[1]))], POSITIVE))
    value = told.figures(short(float(trace["value", moment])))
    below = y + height + 96
    middle = x + width / 2
    marks.append(
        label(middle, below, value, theme.ink, size=72, weight=LIGHT_WEIGHT, anchor="middle")
    )
    said = told(f"convolution.pooling-{about['kind']}")
    marks.append(label(middle, below + 40, said, theme.grey, size=TEXT_SIZE, anchor="middle"))
    grid = _grid(trace, frame, told, "output")(box=_RIGHT, shown=number + 1)
    marks += grid.marks()
    return [*marks, *grid.window((row, column), (1, 1), theme.ink)]
