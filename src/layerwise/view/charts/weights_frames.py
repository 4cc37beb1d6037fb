"""The frames of a picture of weights: small panels, all in step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...errors import InputError
from ...scene import Discs, Mark, Rectangles
from ...typeface import shorten, text_width
from ...types import FloatArray, float32_array
from ..marks import hairlines, label
from ..palette import NEGATIVE, POSITIVE
from ..style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    SMALLEST_SIZE,
    format_count,
    format_number,
)
from .chart import LINE, Box, band, faded, foot_ticks, grid_of_boxes, level_lines, line
from .frame import Frame, format_place
from .scale import Scale, round_range
from .weights_reading import Bands, Histograms, format_bins

AXIS_ROOM = 66.0  # left of a panel whose upright axis has numbers


class WeightFrames:
    """Marks at each stop: a panel for each weight."""

    def __init__(
        self,
        frame: Frame,
        panels: Histograms | Bands,
        counted: str,
        places: Sequence[float],
        *,
        title: str,
        left_out: str,
        recorded: int,
    ) -> None:
        self.frame, self.theme, self.panels = frame, frame.theme, panels
        self.counted, self.places = counted, list(places)
        self.labels = [f"{counted} {format_place(number)}" for number in places]
        foot = frame.foot(self._foot(left_out, recorded))
        self.boxes = self._boxes(frame.content(len(foot)))
        counter = f"of {format_place(places[-1])}"
        self._still = frame.words(title, foot, counter)
        if isinstance(panels, Histograms):
            self._outlines = [self._first(panels, at) for at in range(len(panels.names))]
        else:
            self._scales = [self._scale(panels, at) for at in range(len(panels.names))]
        for at in range(len(panels.names)):
            self._still += self._axes(at)

    def marks(self, stop: int) -> list[Mark]:
        """All marks at a stop."""
        last = f"of {format_place(self.places[-1])}"
        now = format_place(self.places[stop])
        marks = [*self._still, *self.frame.counter(self.counted, now, last)]
        for at in range(len(self.panels.names)):
            if isinstance(self.panels, Histograms):
                marks += self._histogram(self.panels, at, stop)
            else:
                marks += self._band(self.panels, at, stop)
        return marks

    def description(self) -> str:
        """The picture in a sentence, for those who cannot see it."""
        way = "Histograms" if isinstance(self.panels, Histograms) else "Mean and spread"
        names = ", ".join(self.panels.names)
        return f"{way} of the weights over {len(self.places)} moments: {names}"

    def _foot(self, left_out: str, recorded: int) -> list[str]:
        if isinstance(self.panels, Histograms):
            bins = self.panels.counts.shape[2]
            parts = [f"{bins} equal bins between the ends over all moments shown",
                     "height: share of the layer's weights, each panel to its highest"]  # fmt: skip
            if len(self.places) > 1:
                parts.append("line: the first moment")
        else:
            parts = ["from summaries: line mean, band ± one standard deviation",
                     "thin lines: least and greatest weight"]  # fmt: skip
        parts.append(left_out)
        if len(self.places) < recorded:
            parts.append(f"{len(self.places)} of {recorded:,} recorded moments shown")
        return parts

    def _boxes(self, content: Box) -> list[Box]:
        count = len(self.panels.names)
        columns = {1: 1, 2: 2, 3: 3, 4: 2}.get(count, min(5, math.ceil(math.sqrt(1.4 * count))))
        columns = min(columns, max(1, int(content[2] // 300)))
        cells = grid_of_boxes(content, count, columns, gaps=(48, 18))
        indent = 0.0 if isinstance(self.panels, Histograms) else AXIS_ROOM
        boxes = [(x + indent, y + 36, wide - indent, tall - 68) for x, y, wide, tall in cells]
        if boxes[0][3] < 40:
            raise InputError(
                "The panels would be too small to be read", received=f"{count} weights",
                do="Choose some with layers=, or give the picture another size",
            )  # fmt: skip
        return boxes

    def _axes(self, at: int) -> list[Mark]:
        theme, box = self.theme, self.boxes[at]
        left, top, width, height = box
        marks: list[Mark] = []
        panels = self.panels
        note = panels.notes[at] if isinstance(panels, Histograms) else ""
        marks += [label(left + width, top - 14, note, theme.grey, size=SMALLEST_SIZE, anchor="end")]
        room = width - text_width(note, SMALLEST_SIZE) - 16
        name = shorten(panels.names[at].removesuffix(".weight"), room, LABEL_SIZE, BOLD_WEIGHT)
        marks.append(label(left, top - 14, name, theme.ink, weight=BOLD_WEIGHT))
        floor = top + height
        if isinstance(panels, Bands):
            marks += level_lines(self._scales[at], box, theme, most=_levels(height))
            ends = (format_place(self.places[0]), format_place(self.places[-1]))
            return [*marks, *foot_ticks(box, theme, ends, middle=self.counted)]
        edges = panels.edges[at]
        marks.append(hairlines(float32_array([[left, floor, left + width, floor]]), theme.hairline))
        if edges[0] < 0 < edges[-1]:
            zero = left + width * (0 - edges[0]) / (edges[-1] - edges[0])
            lead = [[zero, top, zero, floor + 6]]
            marks.append(hairlines(float32_array(lead), theme.hairline))
        ends = (format_number(float(edges[0]), 2), format_number(float(edges[-1]), 2))
        words = format_bins(edges)
        return [*marks, *foot_ticks(box, theme, ends, middle=words), *self._outlines[at]]

    # -- histograms ----------------------------------------------------------------------------

    def _heights(self, panels: Histograms, at: int, moment: int) -> FloatArray:
        """The bars' heights in pixels."""
        counts = panels.counts[at].astype(np.float64)
        sums = counts.sum(axis=1, keepdims=True)
        shares = counts / np.maximum(sums, 1)
        highest = float(shares.max()) or 1.0
        heights: FloatArray = shares[moment] / highest * self.boxes[at][3]
        return heights

    def _first(self, panels: Histograms, at: int) -> list[Mark]:
        """The outline of the first histogram, which stays."""
        if len(self.places) < 2 or not panels.counts[at, 0].sum():
            return []
        left, top, width, height = self.boxes[at]
        heights = self._heights(panels, at, 0)
        edges = left + width * np.arange(len(heights) + 1) / len(heights)
        x = np.repeat(edges, 2)
        y = top + height - np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
        ends = np.stack([x[:-1], y[:-1], x[1:], y[1:]], axis=1)
        return [hairlines(float32_array(ends), faded(self.theme.grey, 0.8))]

    def _histogram(self, panels: Histograms, at: int, stop: int) -> list[Mark]:
        left, top, width, height = self.boxes[at]
        theme = self.theme
        # Weights kept more seldom stand as they were when last kept.
        kept = np.flatnonzero(panels.have[at, : stop + 1])
        if not len(kept):
            place = (left + width / 2, top + height / 2)
            return [label(*place, "not kept yet", theme.grey, anchor="middle")]
        moment = int(kept[-1])
        heights = self._heights(panels, at, moment)
        count = len(heights)
        wide = width / count
        gap = 1.0 if wide >= 5 else 0.0
        middles = (panels.edges[at][:-1] + panels.edges[at][1:]) / 2
        boxes = np.stack(
            [
                left + wide * np.arange(count) + gap / 2, top + height - heights,
                np.full(count, wide - gap), heights,
            ],
            axis=1,
        )  # fmt: skip
        colors = np.where(middles[:, None] < 0, faded(NEGATIVE, 0.72), faded(POSITIVE, 0.72))
        seen = heights > 0
        marks: list[Mark] = []
        if seen.any():
            marks.append(Rectangles(boxes[seen], colors[seen].astype(np.uint8)))
        if panels.broken[at, moment]:
            marks.append(self._broken(at, int(panels.broken[at, moment])))
        return marks

    def _broken(self, at: int, count: int) -> Mark:
        left, top, width, _ = self.boxes[at]
        words = f"{format_count(count)} not finite"
        return label(left + width, top + 10, words, NEGATIVE, size=SMALLEST_SIZE, anchor="end")

    # -- bands ---------------------------------------------------------------------------------

    def _scale(self, panels: Bands, at: int) -> Scale:
        _, top, _, height = self.boxes[at]
        values = np.concatenate([
            panels.smallest[at], panels.largest[at],
            panels.mean[at] - panels.spread[at], panels.mean[at] + panels.spread[at],
        ])  # fmt: skip
        low, high = round_range(values, _levels(height)) or (-1.0, 1.0)
        return Scale(low, high, top + height, top)

    def _band(self, panels: Bands, at: int, stop: int) -> list[Mark]:
        left, _, width, _ = self.boxes[at]
        scale, theme = self._scales[at], self.theme
        numbers = np.array(self.places)
        span = numbers[-1] - numbers[0] or 1.0
        x = left + width * (numbers[: stop + 1] - numbers[0]) / span
        mean, spread = panels.mean[at, : stop + 1], panels.spread[at, : stop + 1]
        low, high = scale.place(mean - spread), scale.place(mean + spread)
        marks = band(x, low, high, faded(POSITIVE, 0.28))
        for ends in (panels.smallest, panels.largest):
            marks += line(x, scale.place(ends[at, : stop + 1]), faded(theme.grey, 0.8), 1.0)
        y = scale.place(mean)
        marks += line(x, y, theme.ink, LINE)
        if np.isfinite(y[-1]):
            centers = float32_array([[x[-1], y[-1]]])
            marks.append(Discs(centers, float32_array([5]), np.array(theme.ink, np.uint8)))
        if panels.broken[at, stop]:
            marks.append(self._broken(at, int(panels.broken[at, stop])))
        return marks


def _levels(height: float) -> int:
    """How many round values stand beside a panel of that height."""
    return min(max(4, int(height // 44)), 8)
