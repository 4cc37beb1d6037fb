"""The frames of a confusion table: its cells, the sums beside them, accuracy over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...scene import Discs, Mark, Rectangles
from ...typeface import shorten, text_width
from ...types import Array, FloatArray, IntArray, float32_array
from ..marks import dotted, hairlines, label
from ..palette import magnitude_color, text_on
from ..style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    SMALLEST_SIZE,
    TEXT_SIZE,
    format_count,
    format_percent,
)
from .chart import LINE, Box, foot_ticks, line
from .frame import Frame, format_place

NAMES_ROOM = 220.0  # for the names of the classes, left of the table
SUMS_ROOM = 210.0
CURVE_ROOM = 460.0
HEAD = 64.0  # above the cells: "answer", and the names of the answers
MOST_WITH_COUNTS, MOST_WITH_WORDS = 12, 28
NARROW = 44.0  # a column of this width has no name


class ConfusionFrames:
    """Marks at each stop. `counts` (moment, class, answer), `shown` the moments of the stops."""

    def __init__(
        self,
        frame: Frame,
        counts: IntArray,
        classes: Sequence[str],
        answers: Sequence[str],
        places: FloatArray,
        shown: Sequence[int],
        *,
        counted: str,
        title: str,
        note: str,
    ) -> None:
        self.frame, self.theme = frame, frame.theme
        self.counts, self.classes, self.answers = counts, tuple(classes), tuple(answers)
        self.places, self.shown, self.counted = places, list(shown), counted
        sums = counts.sum(axis=2)
        with np.errstate(invalid="ignore"):
            self.shares = np.where(sums[..., None] > 0, counts / sums[..., None], np.nan)
            right = np.diagonal(counts, axis1=1, axis2=2).sum(axis=1)
            total = counts.sum(axis=(1, 2))
            self.accuracy = np.where(total > 0, right / np.maximum(total, 1), np.nan)
            # The class of the most samples, always answered: what to compare with.
            self.guess = float(sums[0].max() / total[0]) if total[0] else np.nan
        self.with_curve = len(counts) > 1 and frame.width >= 1500
        self.labels = [f"{counted} {format_place(places[at])}" for at in self.shown]
        self.cells = self._cells(frame.content(2))
        self.cells_are_narrow = self.cells[2] / len(self.answers) < NARROW
        foot = frame.foot(self._foot(note))
        self.cells = self._cells(frame.content(max(2, len(foot))))
        counter = f"of {format_place(places[-1])}"
        self._still = [*frame.words(title, foot, counter), *self._names()]
        if self.with_curve:
            self._still += self._curve_still()

    def marks(self, stop: int) -> list[Mark]:
        """All marks at a stop."""
        at = self.shown[stop]
        number = format_place(self.places[at])
        last = f"of {format_place(self.places[-1])}"
        marks = [*self._still, *self.frame.counter(self.counted, number, last)]
        marks += self._table(at)
        marks += self._sums(at)
        if self.with_curve:
            marks += self._curve(at)
        return marks

    def description(self) -> str:
        """The picture in a sentence, for those who cannot see it."""
        last = format_percent(float(self.accuracy[-1]))
        return (
            f"Confusion of {len(self.classes)} classes over {len(self.counts)} moments; "
            f"accuracy {last} at the end"
        )

    def _foot(self, note: str) -> list[str]:
        parts = ["rows: the true class", "columns: the answer", "colour: share of its class"]
        if len(self.classes) > MOST_WITH_WORDS:
            parts.append("too many classes for numbers in the cells")
        elif len(self.classes) > MOST_WITH_COUNTS:
            parts.append("numbers: per cent of the class")
        if self.cells_are_narrow:
            parts.append("answers in the order of the rows")
        if note:
            parts.append(note)
        if len(self.shown) < len(self.counts):
            parts.append(f"{len(self.shown)} of {len(self.counts):,} moments shown")
        return parts

    def _cells(self, content: Box) -> Box:
        """The box of the cells alone."""
        left, top, width, height = content
        names = max(text_width(name, LABEL_SIZE) for name in self.classes)
        self._names_room = min(max(names + 24, 60), NAMES_ROOM)
        room = width - self._names_room - SUMS_ROOM - (CURVE_ROOM if self.with_curve else 0)
        rows, columns = len(self.classes), len(self.answers)
        side = min(room / columns, (height - HEAD) / rows)
        # Wide cells hold their words better where there are few answers.
        wide = min(room / columns, side * 1.6)
        return (left + self._names_room, top + HEAD, wide * columns, side * rows)

    def _names(self) -> list[Mark]:
        theme = self.theme
        left, top, width, height = self.cells
        rows, columns = len(self.classes), len(self.answers)
        wide, tall = width / columns, height / rows
        marks: list[Mark] = [label(left, top - 42, "answer", theme.grey)]
        marks.append(label(left - 14, top - 42, "class", theme.grey, anchor="end"))
        size = LABEL_SIZE if tall >= 26 else SMALLEST_SIZE
        if tall >= SMALLEST_SIZE:
            for row, name in enumerate(self.classes):
                base = top + tall * (row + 0.5) + size * 0.36
                short = shorten(name, self._names_room - 14, size)
                marks.append(label(left - 14, base, short, theme.ink, size=size, anchor="end"))
        shorts = [shorten(name, wide - 8, LABEL_SIZE) for name in self.answers]
        if not self.cells_are_narrow:
            for column, short in enumerate(shorts):
                x = left + wide * (column + 0.5)
                marks.append(label(x, top - 14, short, theme.ink, anchor="middle"))
        return marks

    def _table(self, at: int) -> list[Mark]:
        theme = self.theme
        left, top, width, height = self.cells
        rows, columns = len(self.classes), len(self.answers)
        wide, tall = width / columns, height / rows
        gap = 2.0 if min(wide, tall) > 20 else 0.0
        shares = self.shares[at]
        fill = magnitude_color(np.nan_to_num(shares), 1.0, theme)
        fill[~(shares > 0)] = theme.unclassified[:3]
        y, x = np.mgrid[0:rows, 0:columns]
        boxes = np.stack(
            [
                left + x * wide + gap / 2, top + y * tall + gap / 2,
                np.full(x.shape, wide - gap), np.full(x.shape, tall - gap),
            ],
            axis=-1,
        ).reshape(-1, 4)  # fmt: skip
        colors = np.concatenate([fill.reshape(-1, 3), np.full((rows * columns, 1), 255)], axis=1)
        radius = float32_array([4 if gap else 0])
        marks: list[Mark] = [Rectangles(float32_array(boxes), colors.astype(np.uint8), radius)]
        if rows <= MOST_WITH_WORDS and min(wide, tall) >= 26:
            for row in range(rows):
                for column in range(columns):
                    marks += self._words(at, row, column, fill[row, column])
        return marks

    def _words(self, at: int, row: int, column: int, fill: Array) -> list[Mark]:
        """The count and the share in a cell; an empty cell says 0 quietly."""
        left, top, width, height = self.cells
        wide, tall = width / len(self.answers), height / len(self.classes)
        x, middle = left + wide * (column + 0.5), top + tall * (row + 0.5)
        count, share = int(self.counts[at, row, column]), float(self.shares[at, row, column])
        color = self.theme.grey if count == 0 else text_on(fill)
        if len(self.classes) > MOST_WITH_COUNTS or tall < 54 or wide < 62:
            whole = "" if not count else f"{100 * share:.0f}"
            size = SMALLEST_SIZE
            if text_width(whole, size) > wide - 4:
                return []
            return [label(x, middle + size * 0.36, whole, color, size=size, anchor="middle")]
        if not count:
            base = middle + LABEL_SIZE * 0.36
            return [label(x, base, "0", color, size=LABEL_SIZE, anchor="middle")]
        size = 28 if tall > 90 and wide > 100 else TEXT_SIZE
        weight = BOLD_WEIGHT if row == column else 400
        small = LABEL_SIZE if size == 28 else SMALLEST_SIZE
        return [
            label(x, middle + 1, format_count(count), color, size=size, weight=weight,
                  anchor="middle"),
            label(x, middle + small * 1.5, format_percent(share), color, size=small,
                  anchor="middle"),
        ]  # fmt: skip

    def _sums(self, at: int) -> list[Mark]:
        """How many samples each class has, and how many of them are answered rightly."""
        theme = self.theme
        left, top, width, height = self.cells
        rows = len(self.classes)
        tall = height / rows
        right = left + width
        if tall < SMALLEST_SIZE:
            return []
        first, second = right + 92, right + SUMS_ROOM - 14
        marks: list[Mark] = [
            label(first, top - 14, "samples", theme.grey, anchor="end"),
            label(second, top - 14, "right", theme.grey, anchor="end"),
        ]
        size = TEXT_SIZE if tall >= 40 else SMALLEST_SIZE
        for row in range(rows):
            base = top + tall * (row + 0.5) + size * 0.36
            count = int(self.counts[at, row].sum())
            share = float(self.shares[at, row, row])
            said = format_percent(share) if np.isfinite(share) else "–"
            ink = theme.ink
            grey = theme.grey
            marks.append(label(first, base, format_count(count), grey, size=size, anchor="end"))
            marks.append(label(second, base, said, ink, size=size, anchor="end"))
        return marks

    # -- accuracy over time --------------------------------------------------------------------

    def _curve_box(self) -> Box:
        right = self.frame.width - 80
        wide = CURVE_ROOM - 150
        _, top, _, _ = self.cells
        return (right - wide - 70, top + 60, wide, 200)

    def _curve_still(self) -> list[Mark]:
        theme = self.theme
        box = self._curve_box()
        left, top, width, height = box
        floor = top + height
        marks: list[Mark] = [
            label(left, top - 64, "right answers of all", theme.grey),
            hairlines(float32_array([[left, floor, left + width, floor]]), theme.hairline),
        ]
        ends = (format_place(self.places[0]), format_place(self.places[-1]))
        marks += foot_ticks(box, theme, ends, middle=self.counted)
        if np.isfinite(self.guess):
            level = floor - height * self.guess
            marks.append(dotted(left, left + width, level, theme.grey))
            words = f"largest class {format_percent(self.guess)}"
            marks.append(
                label(
                    left + width,
                    level + (22 if self._is_below(text_width(words, SMALLEST_SIZE)) else -10),
                    words,
                    theme.grey,
                    size=SMALLEST_SIZE,
                    anchor="end",
                )
            )
        return marks

    def _is_below(self, wide: float) -> bool:
        """Whether what is said of the largest class stands below its line: where it is free."""
        left, _, width, height = self._curve_box()
        along = np.linspace(left + width - wide, left + width, 40)
        span = (self.places[-1] - self.places[0]) or 1
        own = left + width * (self.places - self.places[0]) / span
        over = height * (np.interp(along, own, self.accuracy) - self.guess)  # pixels above it
        room = height * self.guess > 44
        taken = bool(((over < 8) & (over > -32)).any())
        return room and (not taken or bool(((over > -8) & (over < 32)).any()))

    def _curve(self, at: int) -> list[Mark]:
        theme = self.theme
        left, top, width, height = self._curve_box()
        span = self.places[-1] - self.places[0]
        x = left + width * (self.places[: at + 1] - self.places[0]) / (span or 1)
        y = top + height * (1 - self.accuracy[: at + 1])
        marks = line(x, y, theme.ink, LINE)
        if np.isfinite(y[-1]):
            centers = float32_array([[x[-1], y[-1]]])
            marks.append(Discs(centers, float32_array([6]), np.array(theme.ink, np.uint8)))
        said = format_percent(float(self.accuracy[at]))
        marks.append(label(left, top - 22, said, theme.ink, size=34, weight=300))
        return marks
