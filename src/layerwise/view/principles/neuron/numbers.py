"""How a calculation's numbers are written: in full where they are short, else rounded."""

from __future__ import annotations

from typing import Final

from ....language import Words
from ....typeface import text_width
from ...style import format_count, format_number

DIGITS: Final = 4
_SAME: Final = 1e-12  # a relative difference that is the arithmetic's own rounding


class Numbers:
    """Writes numbers as a language does, and notes whether any of them had to be rounded."""

    def __init__(self, said: Words, digits: int = DIGITS) -> None:
        self._said, self._digits, self.rounded = said, digits, False

    def text(self, value: float) -> str:
        """The number in full if `digits` significant ones are enough, else rounded to as many."""
        for digits in range(1, self._digits + 1):
            if _is(value, digits):
                return self._said.figures(format_number(float(value), digits))
        if abs(value) < 1e6 and float(value).is_integer():
            return self._said.figures(format_count(int(value)))
        self.rounded = True
        return self._said.figures(format_number(float(value), self._digits))

    def within(self, value: float, width: float, size: float, weight: int) -> str:
        """The number with as many of its digits as fit that width."""
        whole = self.text(value)
        if text_width(whole, size, weight) <= width:
            return whole
        for digits in range(self._digits - 1, 0, -1):
            shorter = self._said.figures(format_number(float(value), digits))
            if text_width(shorter, size, weight) <= width:
                break
        self.rounded = True
        return shorter

    def factor(self, value: float) -> str:
        """The number as a factor within a formula: in brackets where it has a sign."""
        return f"({self.text(value)})" if value < 0 else self.text(value)

    def notes(self) -> list[str]:
        """What the foot of a picture says of the numbers written so far."""
        return [self._said("neuron.rounded", digits=self._digits)] if self.rounded else []


def _is(value: float, digits: int) -> bool:
    return abs(float(f"{value:.{digits - 1}e}") - value) <= _SAME * abs(value)
