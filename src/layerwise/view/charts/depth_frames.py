"""The frames of a picture by depth: a panel for each trace, or all traces in one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, unknown_name
from ...scene import Color, Mark, Rectangles
from ...trace import Trace
from ...typeface import shorten, text_width
from ...types import FloatArray, float32_array
from ..marks import hairlines, label
from ..palette import NEGATIVE, class_colors
from ..style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    SMALLEST_SIZE,
    TEXT_SIZE,
    format_count,
    format_number,
    format_percent,
    format_power,
)
from .chart import (
    LINE,
    Box,
    Ending,
    end_labels,
    faded,
    foot_ticks,
    grid_of_boxes,
    level_lines,
    line,
)
from .depth_reading import NOT_FINITE, ZERO, Sizes
from .frame import Frame, chosen, format_place
from .scale import Scale, power_range

LANE = 20.0  # the room of a line for zeros, or for what is not finite
AXIS_ROOM = 92.0  # for the numbers and lane names left of a panel
MOST_LEVELS = 9
NAMED_WIDTH = 500.0  # a narrower panel has the number of its score alone
SCORES = ("control accuracy", "accuracy", "training accuracy", "control loss", "loss")


@dataclass(frozen=True)
class Tellings:
    """What the picture says in words, and what `depth` was asked for."""

    title: str
    of: str
    measure: str
    share: bool  # in step by the share of each recording
    score: str | None
    remarks: Mapping[str, str]
    limits: tuple[float, float] | None = None
    note: str = ""


class DepthFrames:
    """Marks at each stop: the layers' sizes of every trace, now and at first."""

    def __init__(
        self,
        frame: Frame,
        traces: Mapping[str, Trace],
        sizes: Mapping[str, Sizes],
        told: Tellings,
        *,
        together: bool,
        columns: int | None,
    ) -> None:
        self.frame, self.theme, self.told, self.together = frame, frame.theme, told, together
        self.names, self.traces = list(traces), list(traces.values())
        self.sizes = list(sizes.values())
        self.scores = [_score_site(trace, told.score) for trace in self.traces]
        self.rows, self._numbers = _in_step(self.sizes, told.share)
        self._seen = [sorted({row[at] for row in self.rows}) for at in range(len(self.sizes))]
        shown = [sizes.values[seen] for sizes, seen in zip(self.sizes, self._seen, strict=True)]
        every = np.concatenate([part.ravel() for part in shown])
        self.range = power_range(every) if told.limits is None else told.limits
        self._beyond = told.limits is not None and bool(
            ((every < told.limits[0]) | (every > told.limits[1])).any()
        )
        self._zeros = any((sizes.state[seen] == ZERO).any() for sizes, seen in self._pairs())
        self._broken = any((sizes.state[seen] == NOT_FINITE).any() for sizes, seen in self._pairs())
        self.labels = [self._label(stop) for stop in range(len(self.rows))]
        self.boxes = self._boxes(frame.content(2), columns)
        foot = self._foot()
        self.boxes = self._boxes(frame.content(max(2, len(foot))), columns)
        self._still = [*frame.words(told.title, foot, "of 10,000"), *self._axes()]

    def marks(self, stop: int) -> list[Mark]:
        """All marks at a stop."""
        marks = [*self._still, *self._counter(stop)]
        endings: list[Ending] = []
        for at, box in enumerate(self.boxes if not self.together else self.boxes * len(self.sizes)):
            row = self.rows[stop][at]
            if self.together:
                ending = self._together(at, row, box, marks)
                endings.append(ending)
            else:
                marks += self._panel(at, row, box)
        if endings:
            edge = self.frame.width - 80
            top, tall = self.boxes[0][1], self.boxes[0][3]
            marks += end_labels(endings, edge, within=(top, top + tall))
        return marks

    def description(self) -> str:
        """The picture in a sentence, for those who cannot see it."""
        layers = ", ".join(
            f"{name} ({len(sizes.layers):,} layers)"
            for name, sizes in zip(self.names, self.sizes, strict=True)
        )
        return f"The {self.told.measure} of {self.told.of} by layer, over time: {layers}"

    # -- what stands still ---------------------------------------------------------------------

    def _boxes(self, content: Box, columns: int | None) -> list[Box]:
        left, top, width, height = content
        left, width = left + AXIS_ROOM - 20, width - AXIS_ROOM + 20
        if self.together:
            names = max(text_width(f"{name} 100.0 % ", LABEL_SIZE) for name in self.names)
            return [(left, top + 20, width - min(names + 24, 0.4 * width), height - 60)]
        count = len(self.sizes)
        if columns is None:
            wide = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3}.get(count, 4)
            columns = min(wide, max(1, int(width // 300))) if count <= 16 else 6
        if not isinstance(columns, int) or columns < 1:
            raise InputError("Panels stand in one column or more", received=f"columns={columns!r}")
        columns = min(columns, count)
        rows = -(-count // columns)
        # Each cell has its head above the plot, and what the axis says below.
        cells = grid_of_boxes((left, top, width, height), count, columns, gaps=(30, 16))
        boxes = [(x, y + 34, wide, tall - 34 - 34) for x, y, wide, tall in cells]
        if boxes[0][2] < 80 or boxes[0][3] < 40:
            raise InputError(
                "The panels would be too small to be read",
                received=f"{count} panels in {columns} columns and {rows} rows",
                do="Show fewer traces, or give the picture another size or number of columns",
            )
        return boxes

    def _plot(self, box: Box) -> Box:
        """The box without the lanes for zeros and for what is not finite."""
        x, y, width, height = box
        above, below = LANE * self._broken, LANE * self._zeros
        return (x, y + above, width, height - above - below)

    def _scale(self, box: Box) -> Scale | None:
        if self.range is None:
            return None
        _, y, _, height = self._plot(box)
        return Scale(*self.range, y + height, y, log=True)

    def _axes(self) -> list[Mark]:
        theme = self.theme
        marks: list[Mark] = []
        lefts = {box[0] for box in self.boxes}
        for at, box in enumerate(self.boxes):
            left, top, width, height = box
            named = left == min(lefts)
            scale = self._scale(box)
            if scale is not None:
                most = min(max(3, int(self._plot(box)[3] // 34)), MOST_LEVELS)
                marks += level_lines(scale, self._plot(box), theme, most=most, named=named)
            lanes = [(self._broken, top, "not finite"), (self._zeros, top + height, "0")]
            for present, y, name in lanes:
                if not present:
                    continue
                marks.append(hairlines(float32_array([[left, y, left + width, y]]), theme.hairline))
                if named:
                    place = (left - 12, y + SMALLEST_SIZE * 0.36)
                    marks.append(label(*place, name, theme.grey, size=SMALLEST_SIZE, anchor="end"))
            marks += self._depth_axis(at, box)
        return marks

    def _depth_axis(self, at: int, box: Box) -> list[Mark]:
        counts = {len(sizes.layers) for sizes in self.sizes}
        if self.together and len(counts) > 1:
            return foot_ticks(box, self.theme, ("first", "last"), middle="share of the depth")
        word = "parameter" if self.told.of.startswith("weight") else "layer"
        own = self.told.share and len(self.sizes) > 1
        own = own or bool(self.told.remarks.get(self.names[at]) and not self.together)
        return foot_ticks(box, self.theme, self._ends(at), middle="" if own else word)

    def _foot(self) -> list[str]:
        told = self.told
        what = {"gradients": "output gradients"}.get(told.of, told.of)
        parts = [f"{told.measure} of {what}, by layer, the input at the left"]
        if not self.together and any(len(rows) > 1 for rows in self._seen):
            parts.append("faint: the first moment")
        scores = sorted({name for name in self.scores if name is not None})
        if scores and not self._scores_are_named():
            where = "at a line's end" if self.together else "of a panel"
            parts.append(f"number {where}: its {' or '.join(scores)}")
        if any(len(seen) < len(sizes.moments) for sizes, seen in self._pairs()):
            parts.append(f"{max(map(len, self._seen))} moments shown of more that were recorded")
        if any(sizes.bounded for sizes in self.sizes):
            parts.append("below 10⁻¹⁸: the largest magnitude")
        if self._beyond and told.limits:
            low, high = (format_power(round(math.log10(limit))) for limit in told.limits)
            parts.append(f"beyond {low} and {high}: on the edge")
        width = self.frame.width / (1 if self.together else 2)
        if any(len(sizes.layers) > width for sizes in self.sizes):
            parts.append("more layers than pixels: each column spans its layers")
        for sizes in self.sizes:
            parts += [note for note in sizes.notes if note not in parts]
        if told.share and len(self.sizes) > 1:
            parts.append("each at the same share of its own steps")
        return self.frame.foot([*parts, told.note])

    # -- what moves ----------------------------------------------------------------------------

    def _panel(self, at: int, row: int, box: Box) -> list[Mark]:
        sizes, theme = self.sizes[at], self.theme
        marks = [*self._head(at, row, box), *self._own_place(at, row, box)]
        if row > self._seen[at][0]:
            marks += self._line(sizes, self._seen[at][0], box, faded(theme.grey, 0.4), LINE)
        dense = len(sizes.layers) > box[2]
        marks += self._line(sizes, row, box, theme.ink, 1.6 if dense or box[3] < 200 else LINE)
        return marks

    def _together(self, at: int, row: int, box: Box, marks: list[Mark]) -> Ending:
        """Draw one of several lines, and give what stands at its end."""
        sizes = self.sizes[at]
        hue = (*(int(part) for part in class_colors(len(self.sizes))[at]), 255)
        color: Color = hue  # type: ignore[assignment]
        marks += self._line(sizes, row, box, color, LINE)
        y = self._points(sizes, row, box)[1]
        known = np.flatnonzero(np.isfinite(y))
        level = float(y[known[-1]]) if len(known) else self._lane(sizes, row, box)
        return Ending(box[0] + box[2], level, self.names[at], color, self._score(at, row))

    def _line(self, sizes: Sizes, row: int, box: Box, color: Color, width: float) -> list[Mark]:
        x, y = self._points(sizes, row, box)
        marks = line(x, y, color, width)
        for state, level, hue in (
            (NOT_FINITE, box[1], NEGATIVE),
            (ZERO, box[1] + box[3], color),
        ):
            marks += _lane_marks(x, sizes.state[row] == state, level, box, hue)
        return marks

    def _points(self, sizes: Sizes, row: int, box: Box) -> tuple[FloatArray, FloatArray]:
        count = len(sizes.layers)
        share = np.arange(count) / (count - 1) if count > 1 else np.array([0.5])
        scale = self._scale(box)
        x = box[0] + box[2] * share
        values = sizes.values[row]
        if scale is None:
            return x, np.full(count, np.nan)
        y = scale.place(np.clip(values, *self.told.limits) if self.told.limits else values)
        return x, y

    def _lane(self, sizes: Sizes, row: int, box: Box) -> float:
        broken = (sizes.state[row] == NOT_FINITE).any()
        return box[1] if broken else box[1] + box[3]

    def _head(self, at: int, row: int, box: Box) -> list[Mark]:
        """Its name, and its score at the right."""
        theme = self.theme
        left, top, width, _ = box
        base = top - 14
        said = self._score(at, row)
        size = TEXT_SIZE if width > 500 else LABEL_SIZE
        color = theme.ink
        marks: list[Mark] = []
        if said:
            broken = said in (format_number(math.nan), format_number(math.inf))
            color = NEGATIVE if broken else theme.ink
            text = label(left + width, base, said, color, size=size, anchor="end")
            marks.append(text)
        room = width - text_width(said, size) - 24
        name = shorten(self.names[at], room, size, BOLD_WEIGHT)
        marks.append(label(left, base, name, theme.ink, size=size, weight=BOLD_WEIGHT))
        return marks

    def _own_place(self, at: int, row: int, box: Box) -> list[Mark]:
        """Where a trace stands in its own recording, and at its end the remark, below the panel."""
        sizes, theme = self.sizes[at], self.theme
        said = ""
        if self.told.share and len(self.sizes) > 1:
            said = f"{sizes.counted} {format_place(sizes.places[row])}"
        remark = self.told.remarks.get(self.names[at], "")
        ended = row == self._seen[at][-1] and bool(remark)
        if ended:
            said = remark
        if not said:
            return []
        left, top, width, height = box
        room = width - 2 * text_width(self._ends(at)[1], SMALLEST_SIZE) - 32
        short = shorten(said, room, SMALLEST_SIZE)
        place = (left + width / 2, top + height + 24)
        color = theme.ink if ended else theme.grey
        return [label(*place, short, color, size=SMALLEST_SIZE, anchor="middle")]

    def _ends(self, at: int) -> tuple[str, str]:
        return "1", format_count(len(self.sizes[at].layers))

    def _score(self, at: int, row: int) -> str:
        name = self.scores[at]
        if name is None:
            return ""
        sizes, trace = self.sizes[at], self.traces[at]
        # What was measured after a moment's step and before the next one belongs to it.
        end = sizes.moments[row + 1] if row + 1 < len(sizes.moments) else len(trace)
        if row != self._seen[at][-1]:
            end = sizes.moments[row] + 1
        known = [moment for moment in trace.where(name) if moment < end]
        if not known:
            return ""
        value = float(trace[name, known[-1]])
        is_share = "accuracy" in name
        said = format_percent(value) if is_share else format_number(value)
        if not math.isfinite(value):
            return said
        return f"{name} {said}" if self._scores_are_named() else said

    def _scores_are_named(self) -> bool:
        return not self.together and self.boxes[0][2] >= NAMED_WIDTH

    def _counter(self, stop: int) -> list[Mark]:
        if self.told.share and len(self.sizes) > 1:
            whole = len(self.rows) - 1
            share = stop / whole if whole else 1.0
            return self.frame.counter("of the steps", format_percent(share, 0))
        last = f"of {format_place(self._numbers[-1])}"
        number = format_place(self._numbers[stop])
        return self.frame.counter(self.sizes[0].counted, number, last)

    def _label(self, stop: int) -> str:
        if self.told.share and len(self.sizes) > 1:
            return format_percent(stop / max(len(self.rows) - 1, 1), 0)
        return f"{self.sizes[0].counted} {format_place(self._numbers[stop])}"

    def _pairs(self) -> list[tuple[Sizes, list[int]]]:
        return list(zip(self.sizes, self._seen, strict=True))


def _in_step(sizes: list[Sizes], share: bool) -> tuple[list[tuple[int, ...]], list[float]]:
    """Which row of each trace every stop shows; the number that each stop is counted by."""
    if share and len(sizes) > 1:
        longest = max(len(each.moments) for each in sizes)
        stops = len(chosen(longest))
        whole = max(stops - 1, 1)
        rows = [
            tuple(round(stop / whole * (len(each.moments) - 1)) for each in sizes)
            for stop in range(stops)
        ]
        return rows, [stop / whole for stop in range(stops)]
    if len({each.counted for each in sizes}) > 1:
        counted = ", ".join(sorted({each.counted for each in sizes}))
        raise InputError(
            "These traces are counted differently", received=counted,
            do='Show them with in_step="share"',
        )  # fmt: skip
    every = np.unique(np.concatenate([each.places for each in sizes]))
    numbers = [float(every[at]) for at in chosen(len(every))]
    rows = [
        tuple(max(int(np.searchsorted(each.places, number, "right")) - 1, 0) for each in sizes)
        for number in numbers
    ]
    return rows, numbers


def _score_site(trace: Trace, score: str | None) -> str | None:
    metrics = [site.name for site in trace.sites if site.kind == "metric"]
    if score is None:
        return next((name for name in SCORES if name in metrics and trace.where(name)), None)
    if score not in metrics:
        raise unknown_name("metric", score, metrics, where=f"the trace {trace.title!r}")
    return score


def _lane_marks(
    x: FloatArray, there: FloatArray, level: float, box: Box, color: Color
) -> list[Mark]:
    """Bars on a lane over the layers of which that is true."""
    at = np.flatnonzero(there)
    if not len(at):
        return []
    half = (x[1] - x[0]) / 2 if len(x) > 1 else box[2] / 2
    half = max(half, 1.0)
    starts = at[np.flatnonzero(np.diff(at, prepend=-2) > 1)]
    ends = at[np.flatnonzero(np.diff(at, append=len(x) + 1) > 1)]
    lefts = np.maximum(x[starts] - half, box[0])
    rights = np.minimum(x[ends] + half, box[0] + box[2])
    tall = 5.0
    boxes = np.stack(
        [lefts, np.full(len(lefts), level - tall / 2), rights - lefts, np.full(len(lefts), tall)],
        axis=1,
    )
    return [Rectangles(boxes, np.array(color, np.uint8))]
