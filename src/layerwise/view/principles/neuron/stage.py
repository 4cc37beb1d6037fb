"""When each part of a neuron's film comes, and how much of it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """When each part comes: at which stop it stands there for the first time."""

    products: tuple[int, ...]
    others: int | None
    sum: int
    bias: int | None
    up: int
    over: int


@dataclass(frozen=True)
class Now:
    """A stop, and how far the way to the next one has come."""

    stop: int
    fraction: float

    def done(self, stop: int) -> float:
        """How much of what comes with that stop is there: 0 to 1."""
        if stop <= self.stop:
            return 1.0
        return self.fraction if stop == self.stop + 1 else 0.0
