"""Scales of a chart: where a value lies on an axis, and round numbers to mark it with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...types import FloatArray
from ..style import format_number, format_power

_ROUND: Final = (1, 2, 5, 10)


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` along pixels from `start` to `end`, even in value or in power.

    `log` says the latter. Raises `InputError` for ends that are not finite or not in order, and for
    a logarithmic scale that does not begin above zero.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __post_init__(self) -> None:
        """Check the ends."""
        finite = math.isfinite(self.low) and math.isfinite(self.high)
        if not finite or self.low >= self.high or (self.log and self.low <= 0):
            raise InputError(
                "A scale goes from a lower to a higher finite value"
                + (", both above zero" if self.log else ""),
                received=f"{self.low} to {self.high}",
            )

    def place(self, values: ArrayLike) -> FloatArray:
        """Pixels of values (…); NaN for what has no place, such as zero on a logarithmic scale."""
        given = np.asarray(values, np.float64)
        low, high = self.low, self.high
        if self.log:
            given = np.log10(given, out=np.full(given.shape, np.nan), where=given > 0)
            low, high = math.log10(low), math.log10(high)
        places: FloatArray = self.start + (given - low) / (high - low) * (self.end - self.start)
        return places

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """At most `most` round values within the scale, and how each is written."""
        if self.log:
            return _power_ticks(self.low, self.high, most)
        step = round_step(self.high - self.low, most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [(number * step, format_step(number, step)) for number in range(first, last + 1)]


def round_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10ⁿ of which at most `most` multiples lie within any such span."""
    least = span / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * part for part in _ROUND if power * part >= least * (1 - 1e-9))


def format_step(number: int, step: float) -> str:
    """The value `number` × `step` with as many decimals as the step has: 0.2, 0.4; 1,000."""
    value = number * step
    if value and (abs(value) >= 1e6 or step < 1e-4):
        return format_number(value, 2)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:z,.{decimals}f}".replace("-", "\u2212")


def power_range(values: FloatArray) -> tuple[float, float] | None:
    """Whole powers of ten around all finite values above zero, a factor of ten apart or more."""
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return None
    low = math.floor(math.log10(float(known.min())) + 1e-9)
    high = math.ceil(math.log10(float(known.max())) - 1e-9)
    high = max(high, low + 1)
    return max(10.0**low, 5e-324), 10.0**high


def round_range(values: FloatArray, most: int = 6) -> tuple[float, float] | None:
    """Round values around all finite ones, for an even scale; None where there is none."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    if low == high:
        low, high = (low - 0.5, high + 0.5) if low == 0 else (low - abs(low), high + abs(high))
    step = round_step(high - low, most)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _power_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first = math.ceil(math.log10(low) - 1e-9)
    last = math.floor(math.log10(high) + 1e-9)
    every = 1
    while (last - first) // every + 1 > most:
        every = every + 1 if every < 5 else every + 5
    # Counted from 10⁰, so that 1 is marked wherever it is within.
    exponents = [power for power in range(first, last + 1) if power % every == 0]
    return [(10.0**power, format_power(power)) for power in exponents]
