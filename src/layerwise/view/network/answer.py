"""The answer of a network: a bar and a number for each class, *unknown* with a dashed outline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np

from ...scene import Mark, Rectangles, Segments
from ...typeface import shorten, text_width
from ...types import FloatArray, float32_array
from ..marks import label
from ..style import BOLD_WEIGHT, LABEL_SIZE, Theme, format_count, format_number, format_percent
from .places import Places
from .reading import Reading, largest
from .story import State

Answers: TypeAlias = Literal["softmax", "exponential", "probabilities", "outputs"]
"""How outputs become what is shown: as they are ("probabilities", "outputs"), or through one of
two functions."""

SMALLEST_NAMED: Final = 60.0  # a picture's side that has a caption
UNKNOWN: Final = ("unknown", "other")


class Answer:
    """The last layer with names and bars. `names` are the classes, none for other answers."""

    def __init__(
        self, reading: Reading, places: Places, theme: Theme, *, names: Sequence[str],
        answers: Answers,
    ) -> None:  # fmt: skip
        self.reading, self.column, self.theme = reading, places.columns[-1], theme
        self.bars = places.layout.bars
        self.names, self.answers = tuple(names), answers
        self.probabilities = answers != "outputs"

    def shares(self, moment: int) -> FloatArray | None:
        """Probabilities, or else the outputs as they are: (class,)."""
        values = self.reading.output(self.column.number, moment)
        if values is None:
            return None
        flat = values.reshape(-1)
        if self.answers in ("outputs", "probabilities"):
            return flat
        with np.errstate(over="ignore", invalid="ignore"):  # of outputs that are not finite
            if self.answers == "exponential":
                exponential: FloatArray = np.exp(flat)
                return exponential
            raised = np.exp(flat - flat.max())
            softmax: FloatArray = raised / raised.sum()
        return softmax

    def _captions(self) -> list[Mark]:
        """What outputs that are pictures are called, beside them or below."""
        drawn, boxes = self.reading.chosen(self.column.number), self.column.boxes
        if self.column.node < SMALLEST_NAMED:
            return []
        names = [self._name(int(number)) for number in drawn.numbers[: len(boxes)]] or ["output"]
        marks: list[Mark] = []
        for (x, y, width, height), name in zip(boxes.tolist(), names, strict=True):
            if self.bars.top is None:
                left, base, room = x + width + 16, y + height / 2 + 6, self.bars.edge - x - width
            else:
                left, base, room = x, y + height + 22, width
            marks.append(label(left, base, shorten(name, room, LABEL_SIZE), self.theme.grey))
        if drawn.total > len(boxes) and self.bars.top is None:
            x, y, _, height = boxes[-1].tolist()
            said = f"and {format_count(drawn.total - len(boxes))} more"
            marks.append(label(x, y + height + 30, said, self.theme.grey))
        return marks

    def _name(self, number: int) -> str:
        if number < len(self.names):
            return self.names[number]
        noun = "map" if self.column.content == "map" else "unit"
        return f"{noun} {format_count(number + 1)}"

    def _middle(self, at: int, box: FloatArray) -> float:
        """The middle of a row: beside its unit, or in a list."""
        if self.bars.top is None:
            return float(box[1] + box[3] / 2)
        return self.bars.top + self.bars.pitch * (at + 0.5)

    @property
    def below(self) -> float:
        """Where a list of bars ends."""
        if self.bars.top is not None and self.column.node >= SMALLEST_NAMED:
            return float(self.column.boxes[0, 1] + self.column.boxes[0, 3]) + 36
        rows = len(self.column.boxes) if self.column.content in ("value", "weights") else 0
        left_out = rows < self.reading.chosen(self.column.number).total
        return (self.bars.top or 0.0) + self.bars.pitch * rows + (30 if rows and left_out else 0)

    def _written(self, share: float) -> str:
        return format_percent(share) if self.probabilities else format_number(share, 3)

    def marks(self, state: State) -> list[Mark]:
        """A bar, a name and a number for each answer that is shown."""
        theme, column = self.theme, self.column
        if column.content in ("map", "picture"):
            return self._captions()
        shares = self.shares(state.moment)
        if shares is None:
            return []
        lit = state.lit[column.rank]
        bars = self.bars
        left, width, edge, size = bars.left, bars.width, bars.edge, bars.size
        count = len(column.boxes)
        most = largest([shares])
        drawn = self.reading.chosen(column.number)
        places = drawn.places[:count]
        rest = np.delete(shares, places)
        shares = shares[places]
        best = -1 if np.isnan(shares).any() else int(np.argmax(shares))
        scale = 1.0 if self.probabilities else most
        marks: list[Mark] = []
        backs, fronts, colors = [], [], []
        units = zip(column.boxes, drawn.numbers, shares, strict=False)
        for at, (box, number, share) in enumerate(units):
            middle = self._middle(at, box)
            name = self._name(int(number))
            chosen = at == best and lit > 0.5
            ink = theme.ink if chosen else theme.grey
            weight = BOLD_WEIGHT if chosen else 400
            text = self._written(float(share))
            wide = text_width(text, size, BOLD_WEIGHT)
            beside = bars.name == bars.number  # name and number share a line, else bar and number
            string = shorten(name, edge - left - 20 - (wide if beside else 0), size, BOLD_WEIGHT)
            base = middle + bars.number
            marks.append(label(left, middle + bars.name, string, ink, size=size, weight=weight))
            if lit > 0.5:
                marks.append(label(edge, base, text, ink, size=size, weight=weight, anchor="end"))
            room = width if beside else min(width, edge - wide - 16 - left)
            part = 0.0 if np.isnan(share) else min(abs(float(share)) / scale, 1.0)
            full = max(room * part * lit, 0)
            backs.append([left, middle + bars.bar, room, bars.height])
            fronts.append([left, middle + bars.bar, full, bars.height])
            colors.append(ink)
            if name in UNKNOWN:
                marks += _dashed(box, theme)
        plain = np.array(theme.hairline, np.uint8)
        marks.insert(0, Rectangles(float32_array(backs), plain, float32_array([4])))
        marks.insert(
            1,
            Rectangles(float32_array(fronts), np.array(colors, np.uint8), float32_array([4])),
        )
        if len(rest):
            base = self._middle(count - 1, column.boxes[-1]) + (63 if bars.top is None else 34)
            left_out = f"and {format_count(len(rest))} more"
            if self.probabilities:
                left_out += f", together {format_percent(float(rest.sum()))}"
            marks.append(label(left, base, left_out, theme.grey))
        return marks


def _dashed(box: FloatArray, theme: Theme) -> list[Mark]:
    """A dashed outline: this class is no kind of thing, but none of the others."""
    x, y, width, height = (float(side) for side in box)
    x, y, width, height = x - 5, y - 5, width + 10, height + 10
    dash, lines = 6.0, []
    for start in np.arange(0, width - dash / 2, 2 * dash):
        stop = min(start + dash, width)
        lines += [[x + start, y, x + stop, y], [x + start, y + height, x + stop, y + height]]
    for start in np.arange(0, height - dash / 2, 2 * dash):
        stop = min(start + dash, height)
        lines += [[x, y + start, x, y + stop], [x + width, y + start, x + width, y + stop]]
    return [Segments(float32_array(lines), float32_array([1.2]), np.array(theme.grey, np.uint8))]
