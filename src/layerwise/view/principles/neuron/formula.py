"""The two lines of arithmetic under a neuron: the terms of its sum, and what is decided by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from ....language import Words
from ....scene import Mark
from ....typeface import text_width
from ...charts.chart import faded
from ...marks import label
from ...style import BOLD_WEIGHT, MINUS, SMALLEST_SIZE, Theme
from .numbers import Numbers
from .reading import NeuronReading
from .stage import Now, Stage

LAID_OUT: Final = (1280, 720)
MARGIN: Final = 56.0
SIZE: Final = 22.0
GAP: Final = 10.0
LINE_1, LINE_2 = 592.0, 632.0
DIP: Final = 26.0  # how far below the line the threshold travels to its other side


class NeuronFormula:
    """Draws the formula as far as it has come. `written` are the numbers as they stand above."""

    def __init__(
        self, reading: NeuronReading, stage: Stage, theme: Theme, said: Words, numbers: Numbers,
        written: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._reading, self._stage, self._theme, self._said = reading, stage, theme, said
        self._written = written
        self._terms = self._written_terms(numbers)
        self._added = _added(reading, numbers)

    def marks(self, now: Now) -> list[Mark]:
        """Both lines."""
        return [*self._sum(now), *self._decision(now), *self._answer(now)]

    def _written_terms(self, numbers: Numbers) -> list[tuple[str, int]]:
        """Each term of the sum, and the stop at which it comes."""
        read = self._reading
        terms = []
        for at, row in enumerate(read.rows):
            first = numbers.text(row.value) if at == 0 else f"+ {numbers.factor(row.value)}"
            terms.append((f"{first}·{numbers.factor(row.weight)}", self._stage.products[at]))
        if read.others and self._stage.others is not None:
            terms.append((f"+ {numbers.factor(read.rest)}", self._stage.others))
        return terms

    def _sum(self, now: Now) -> list[Mark]:
        """The terms one after another, as many as there is room for, then their sum."""
        total = f"= {self._written['sum']}"
        room = LAID_OUT[0] - 2 * MARGIN - text_width(total, SIZE, BOLD_WEIGHT) - 40
        wide = sum(text_width(string, SIZE) + GAP for string, _ in self._terms)
        size = max(min(SIZE, SIZE * room / wide), SMALLEST_SIZE)
        marks: list[Mark] = []
        x = MARGIN
        for string, stop in self._terms:
            end = x + text_width(string, size)
            if end > MARGIN + room:
                marks += self._text(x, LINE_1, "…", now.done(stop), size=size)
                x += 30
                break
            marks += self._text(x, LINE_1, string, now.done(stop), size=size)
            x = end + GAP
        return [
            *marks, *self._text(x, LINE_1, total, now.done(self._stage.sum), size=size, bold=True)
        ]  # fmt: skip

    def _decision(self, now: Now) -> list[Mark]:
        """The sum against the threshold, which goes to the other side; or the bias added."""
        read, written = self._reading, self._written
        if self._stage.bias is None:
            return []
        after = [written["sum"], self._added, f"= {written['biased']}"]
        done = now.done(self._stage.bias)
        if read.threshold is None:
            marks: list[Mark] = []
            for x, string in zip(_places(after), after, strict=True):
                marks += self._text(x, LINE_2, string, done)
            return marks
        sign = ">" if read.sum > read.threshold else "≤"
        before = [written["sum"], sign, written["threshold"]]
        after += [sign, "0"]
        old, new = _places(before), _places(after)
        seen = now.done(self._stage.sum)
        turned, late = max(2 * done - 1, 0.0), max(4 * done - 3, 0.0)
        dip = LINE_2 + DIP * math.sin(math.pi * done)
        moving = old[2] + done * (new[1] - old[2])
        return [
            *self._text(old[0], LINE_2, before[0], seen),
            *self._text(old[1] + min(2 * done, 1.0) * (new[3] - old[1]), LINE_2, sign, seen),
            *self._text(moving, dip, before[2], seen * max(1 - 2 * done, 0.0)),
            *self._text(moving, dip, after[1], turned),
            *self._text(new[2], LINE_2, after[2], late),
            *self._text(new[4], LINE_2, after[4], late),
        ]

    def _answer(self, now: Now) -> list[Mark]:
        """The activation of the sum, and what it gives."""
        x = MARGIN
        if self._stage.bias is not None:
            strings = [self._written["sum"], self._added, f"= {self._written['biased']}"]
            zero = [">", "0"] if self._reading.threshold is not None else []
            x = _places([*strings, *zero, ""])[-1] + 44
        name = self._said(f"neuron.name_{self._reading.activation}")
        called = f"{name}({self._written['biased']})"
        given = f"= {self._written['output']}"
        return [
            *self._text(x, LINE_2, called, now.done(self._stage.up)),
            *self._text(
                x + text_width(called, SIZE) + GAP, LINE_2, given, now.done(self._stage.over),
                bold=True,
            ),
        ]  # fmt: skip

    def _text(
        self, x: float, y: float, string: str, strength: float,
        *, size: float = SIZE, bold: bool = False,
    ) -> list[Mark]:  # fmt: skip
        if strength <= 0:
            return []
        color = faded(self._theme.ink, strength)
        return [label(x, y, string, color, size=size, weight=BOLD_WEIGHT if bold else 400)]


def _added(reading: NeuronReading, numbers: Numbers) -> str:
    """The bias as it is added: "− 25", "+ 3"."""
    taken_off = reading.bias < 0 or (reading.bias == 0 and reading.threshold is not None)
    return f"{MINUS if taken_off else '+'} {numbers.text(abs(reading.bias))}"


def _places(strings: list[str]) -> list[float]:
    """Where each string of a line starts."""
    places, x = [], MARGIN
    for string in strings:
        places.append(x)
        x += (text_width(string, SIZE) if string else 0.0) + GAP
    return places
