"""The frames of learning curves: loss and accuracy as far as the film has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...scene import Color, Discs, Mark
from ...typeface import text_width
from ...types import FloatArray, float32_array
from ..marks import dotted, hairlines, label
from ..palette import class_colors
from ..style import LABEL_SIZE, SMALLEST_SIZE, TEXT_SIZE, format_number, format_percent
from .chart import (
    LINE,
    Box,
    Ending,
    band,
    end_labels,
    faded,
    foot_ticks,
    level_lines,
    line,
)
from .frame import Frame, format_place
from .scale import Scale, power_range, round_range

AXIS_ROOM = 74.0
DOT = 5.0


@dataclass(frozen=True, eq=False)
class Group:
    """The runs of one name: `values` (run, moment) at `places` (moment,), counted by `counted`."""

    name: str
    counted: str
    places: FloatArray
    values: FloatArray

    @property
    def middle(self) -> FloatArray:
        """The median over the runs, NaN where one of them is not finite."""
        return np.median(np.where(np.isfinite(self.values), self.values, np.nan), axis=0)

    def ends(self) -> tuple[FloatArray, FloatArray]:
        """The least and the greatest, NaN where one is not finite."""
        known = np.where(np.isfinite(self.values), self.values, np.nan)
        return known.min(axis=0), known.max(axis=0)


class LearningFrames:
    """Marks at each stop: the curves as far as the step or epoch that the stop is at."""

    def __init__(
        self,
        frame: Frame,
        panels: Sequence[tuple[str, Sequence[Group]]],
        shown: Sequence[float],
        *,
        title: str,
        log: bool,
        guess: float | None,
        all_moments: int,
        note: str = "",
    ) -> None:
        self.frame, self.theme = frame, frame.theme
        self.panels, self.shown, self.log, self.guess = list(panels), list(shown), log, guess
        self.counted = self.panels[0][1][0].counted
        self.labels = [f"{self.counted} {format_place(number)}" for number in self.shown]
        count = max(len(groups) for _, groups in self.panels)
        self.colors: list[Color] = (
            [self.theme.ink]
            if count == 1
            else [(int(r), int(g), int(b), 255) for r, g, b in class_colors(count)]
        )
        foot = frame.foot([*self._foot(all_moments), *([note] if note else [])])
        self.boxes = self._boxes(frame.content(len(foot)))
        self.scales = [
            self._scale(metric, groups, box)
            for (metric, groups), box in zip(self.panels, self.boxes, strict=True)
        ]
        counter = f"of {format_place(self.shown[-1])}"
        self._still = [*frame.words(title, foot, counter), *self._axes()]

    def marks(self, stop: int) -> list[Mark]:
        """All marks at a stop."""
        now = self.shown[stop]
        last = f"of {format_place(self.shown[-1])}"
        marks = [*self._still, *self.frame.counter(self.counted, format_place(now), last)]
        for at in range(len(self.panels)):
            marks += self._curves(at, now)
        return marks

    def description(self) -> str:
        """The picture in a sentence, for those who cannot see it."""
        names = ", ".join(group.name for group in self.panels[0][1])
        said = " and ".join(metric for metric, _ in self.panels)
        return f"{said.capitalize()} by {self.counted} of {names}"

    def _foot(self, all_moments: int) -> list[str]:
        parts = []
        several = [group for group in self.panels[0][1] if len(group.values) > 1]
        if several:
            counts = sorted({len(group.values) for group in several})
            runs = " or ".join(str(count) for count in counts)
            parts.append(f"line: median of {runs} runs; band: least to greatest")
        if len(self.shown) < all_moments:
            parts.append(f"{len(self.shown)} of {all_moments:,} moments shown as the film goes")
        if self.log:
            parts.append("loss on a logarithmic scale")
        broken = any((~np.isfinite(g.values)).any() for _, groups in self.panels for g in groups)
        if broken:
            parts.append("gaps: not a finite number")
        return parts or ["each line: one run"]

    def _boxes(self, content: Box) -> list[Box]:
        """Beside one another where the frame is wide, else one above the other."""
        left, top, width, height = content
        groups = self.panels[0][1]
        # Names stand at line ends only where there are several to tell apart.
        names = [group.name for group in groups] if len(groups) > 1 else [""]
        names += ["constant guess"] if self.guess is not None else []
        wordy = max(text_width(f"{name} 100.0 %", LABEL_SIZE) for name in names) + 20
        count = len(self.panels)
        across = count if width > 1200 else 1
        rows = -(-count // across)
        whole = (width - 60 * (across - 1)) / across
        self._names_room = min(max(wordy, 90), 0.44 * whole)
        tall = (height - 40 * (rows - 1)) / rows
        boxes = []
        for number in range(count):
            x = left + (number % across) * (whole + 60) + AXIS_ROOM
            y = top + (number // across) * (tall + 40) + 60
            boxes.append((x, y, whole - AXIS_ROOM - self._names_room, tall - 60 - 40))
        return boxes

    def _scale(self, metric: str, groups: Sequence[Group], box: Box) -> Scale:
        _, y, _, height = box
        values = np.concatenate([group.values.ravel() for group in groups])
        if "accuracy" in metric:
            known = values[np.isfinite(values)]
            low = min([*known.tolist(), 1.0 if self.guess is None else self.guess])
            return Scale(0.0 if low < 0.5 else 0.5, 1.0, y + height, y)
        found = power_range(values) if self.log else round_range(np.append(values, 0.0))
        return Scale(*(found or (0.1, 1.0)), y + height, y, log=self.log)

    def _x(self, places: FloatArray, box: Box) -> FloatArray:
        first, last = self.shown[0], self.shown[-1]
        share: FloatArray = (places - first) / ((last - first) or 1.0)
        return box[0] + box[2] * share

    def _axes(self) -> list[Mark]:
        theme = self.theme
        marks: list[Mark] = []
        for (metric, _), box, scale in zip(self.panels, self.boxes, self.scales, strict=True):
            left, top, width, _ = box
            accuracy = "accuracy" in metric
            marks.append(label(left, top - 26, metric, theme.ink, size=TEXT_SIZE))
            marks += level_lines(scale, box, theme, named=not accuracy)
            if accuracy:
                for value, _ in scale.ticks():
                    y = float(scale.place(value)) + SMALLEST_SIZE * 0.36
                    text = format_percent(value, 0)
                    marks.append(
                        label(left - 12, y, text, theme.grey, size=SMALLEST_SIZE, anchor="end")
                    )
                if self.guess is not None and scale.low <= self.guess:
                    y = float(scale.place(self.guess))
                    marks.append(dotted(left, left + width, y, theme.grey))
            ends = (format_place(self.shown[0]), format_place(self.shown[-1]))
            marks += foot_ticks(box, theme, ends, middle=self.counted)
        return marks

    def _curves(self, at: int, now: float) -> list[Mark]:
        metric, groups = self.panels[at]
        box, scale = self.boxes[at], self.scales[at]
        lines: list[Mark] = []
        bands: list[Mark] = []
        endings = []
        right = box[0]
        for group, color in zip(groups, self.colors, strict=True):
            so_far = int(np.searchsorted(group.places, now, "right"))
            if not so_far:
                continue
            x = self._x(group.places[:so_far], box)
            middle = group.middle[:so_far]
            if len(group.values) > 1:
                low, high = (scale.place(end[:so_far]) for end in group.ends())
                bands += band(x, low, high, faded(color, 0.18))
            y = scale.place(middle)
            lines += line(x, y, color, LINE)
            known = np.flatnonzero(np.isfinite(y))
            if not len(known):
                level = box[1]
            else:
                level = float(y[known[-1]])
                centers = float32_array([[x[known[-1]], level]])
                lines.append(Discs(centers, float32_array([DOT]), np.array(color, np.uint8)))
            right = max(right, float(x[-1]))
            endings.append(
                Ending(0.0, level, group.name if len(groups) > 1 else "", color,
                       _said(metric, float(middle[-1])))
            )  # fmt: skip
        marks = [*bands, *lines]
        if endings:
            moved = [Ending(right, e.y, e.name, e.color, e.number) for e in endings]
            moved += self._guess_ending(metric, scale, right, now)
            edge = box[0] + box[2] + self._names_room
            marks += end_labels(moved, edge, within=(box[1], box[1] + box[3]))
            if right < box[0] + box[2]:
                lead = float32_array([[right, box[1], right, box[1] + box[3]]])
                marks.insert(0, hairlines(lead, self.theme.hairline))
        return marks

    def _guess_ending(self, metric: str, scale: Scale, right: float, now: float) -> list[Ending]:
        if self.guess is None or "accuracy" not in metric or self.guess < scale.low:
            return []
        level = float(scale.place(self.guess))
        words = "constant guess"
        return [Ending(right, level, words, self.theme.grey, format_percent(self.guess))]


def _said(metric: str, value: float) -> str:
    if not math.isfinite(value):
        return "not finite"
    return format_percent(value) if "accuracy" in metric else format_number(value)
