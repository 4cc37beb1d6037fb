"""Numbers as a language writes them, for whatever has words: sheets of pictures, chapters."""

from __future__ import annotations

from typing import SupportsFloat

from ..language import Words
from .style import format_count, format_number, format_percent


class Spoken:
    """Beside `words`, the numbers of the same language, as `style` formats them."""

    words: Words

    def number(self, value: SupportsFloat, digits: int = 3) -> str:
        """A number, with so many significant digits; an `int` is exact and keeps every one."""
        exact = value if isinstance(value, int) else float(value)
        return self.words.figures(format_number(exact, digits))

    def count(self, value: SupportsFloat) -> str:
        """A whole number, the nearest."""
        return self.words.figures(format_count(round(float(value))))

    def percent(self, share: SupportsFloat, digits: int = 1) -> str:
        """A share as per cent."""
        return self.words.figures(format_percent(float(share), digits))
