"""The test of chance as a scale: the z of every hill, and the threshold it was held against."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...scene import Discs, Mark, Reference, Segments
from ...types import ByteArray, FloatArray, IntArray, float32_array
from ..charts.scale import Scale
from ..marks import Box, hairlines, label
from ..style import BOLD_WEIGHT, LABEL_SIZE, format_number
from .clusters_reading import ClusterFilm

DOT: Final = 5.0
STEP: Final = 12.0  # from dot to dot of a column


class ZScale:
    """A dot for each hill at its z: grey once merged, in its cluster's colour if kept apart.

    Dots that would cover each other stand in columns.
    """

    def __init__(self, film: ClusterFilm, box: Box) -> None:
        self.film, self.box = film, box
        left, top, width, height = box
        shown = film.z[np.isfinite(film.z)]
        most = max(float(shown.max(initial=0)), 2 * film.about["z"]) * 1.03
        self.scale = Scale(0.0, most, left, left + width)
        self.centers = self._columns(film.z, top + height - DOT - 3, height)
        self._still = self._axis()

    def at(self, stop: int) -> list[Mark]:
        """The hills that have been judged by that moment."""
        film, theme = self.film, self.film.theme
        marks = list(self._still)
        moment = min(stop, film.last - 1)
        now: IntArray = film.trace["belongs", moment]
        gone = np.flatnonzero(now != np.arange(len(now)))
        self._dots(marks, gone, np.array(theme.grey, np.uint8))
        if stop >= film.last - 1:
            kept = np.flatnonzero(now == np.arange(len(now)))
            cluster = film.labels[film.peaks[kept, 0], film.peaks[kept, 1]]
            fill = np.full((len(kept), 4), 255, np.uint8)
            fill[:, :3] = film.hill_colors[kept]
            fill[cluster < 0] = theme.grey
            self._dots(marks, kept, fill)
        return marks

    def _dots(self, marks: list[Mark], hills: IntArray, fill: ByteArray) -> None:
        if len(hills):
            refers = Reference("peak z", self.film.flow_from, hills[:, None])
            radius = float32_array([DOT])
            centers = float32_array(self.centers[hills])
            marks.append(Discs(centers, radius, fill, refers=refers))

    def _columns(self, z: FloatArray, floor: float, height: float) -> FloatArray:
        """Where each hill's dot stands: (hill, xy)."""
        x = self.scale.place(np.maximum(z, 0))
        column = np.floor((x - self.box[0]) / (2 * DOT + 1)).astype(np.int64)
        rank = np.empty(len(z), np.int64)
        seen: dict[int, int] = {}
        for hill in np.argsort(z, kind="stable"):
            rank[hill] = seen.get(int(column[hill]), 0)
            seen[int(column[hill])] = int(rank[hill]) + 1
        highest = max(seen.values(), default=1)
        step = min(STEP, (height - 2 * DOT) / max(highest - 1, 1))
        return np.stack([x, floor - rank * step], axis=1)

    def _axis(self) -> list[Mark]:
        left, top, width, height = self.box
        theme, film = self.film.theme, self.film
        floor = top + height
        marks: list[Mark] = [
            label(left, top - 46, "z of each hill; grey: merged, or noise", theme.grey),
            hairlines(float32_array([[left, floor, left + width, floor]]), theme.hairline),
        ]
        line = float(self.scale.place(film.about["z"]))
        for value, name in self.scale.ticks(6 if width > 400 else 4):
            x = float(self.scale.place(value))
            marks.append(
                label(x, floor + 24, name, theme.grey, anchor="middle" if value else "start")
            )
        marks.append(
            Segments(
                float32_array([[line, top - 16, line, floor]]), float32_array([1.5]),
                np.array(theme.ink, np.uint8),
            )
        )  # fmt: skip
        words = f"apart from {format_number(film.about['z'], 2)} on"
        marks.append(
            label(line + 8, top - 6, words, theme.ink, size=LABEL_SIZE, weight=BOLD_WEIGHT)
        )
        return marks
