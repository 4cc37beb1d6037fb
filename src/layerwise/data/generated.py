"""Shapes to learn that are made, not measured: moons and spirals, any size, seeded."""

from __future__ import annotations

import math
from string import ascii_lowercase

import numpy as np

from ..errors import InputError
from .dataset import Card, Dataset

LARGEST = 10_000_000
"""So many points at most are made at once."""

MOONS = Card(
    "moons",
    "Two moons",
    "scikit-learn's make_moons, generated",
    "generated; no rights",
    "Two half circles that reach into each other, with normal noise.",
)
SPIRALS = Card(
    "spirals",
    "Spirals",
    "interleaved Archimedean spirals, generated",
    "generated; no rights",
    "Spirals about one middle, one for each class, with normal noise.",
)


def moons(size: int = 1000, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two half circles of radius 1; `noise` is the standard deviation added to x and to y."""
    size = whole("size", size, 4)
    noise = _at_least_zero("noise", noise)
    seed = whole("seed", seed, 0, 2**32 - 1)
    from sklearn.datasets import make_moons

    points, labels = make_moons(n_samples=size, noise=noise, random_state=seed)
    return Dataset(points, labels, ("x", "y"), ("upper", "lower"), "moon", MOONS)


def spirals(
    size: int = 1000,
    noise: float = 0.03,
    seed: int = 0,
    classes: int = 2,
    turns: float = 1.5,
) -> Dataset:
    """`classes` spirals of radius 1 that wind `turns` times, one class each, a to z.

    A point at radius r lies at the angle 2π(turns · r + class / classes); r² is uniform, so that
    points are about equally dense along the way. `noise` is the standard deviation added to x
    and to y. Classes have equally many points, the first ones one more where it does not divide.
    """
    size = whole("size", size, 4)
    noise = _at_least_zero("noise", noise)
    seed = whole("seed", seed, 0)
    classes = whole("classes", classes, 2, min(len(ascii_lowercase), size // 2))
    turns = _at_least_zero("turns", turns)
    random = np.random.Generator(np.random.PCG64(seed))
    labels = random.permutation(np.arange(size) % classes)
    radius = np.sqrt(random.random(size))
    angle = 2 * np.pi * (turns * radius + labels / classes)
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    points += noise * random.standard_normal((size, 2))
    return Dataset(points, labels, ("x", "y"), tuple(ascii_lowercase[:classes]), "spiral", SPIRALS)


def whole(name: str, value: int, least: int, most: int = LARGEST) -> int:
    """A whole number in that range, or an `InputError` that says which option is not."""
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if name == "seed" and most == LARGEST:
        most = 2**64 - 1
    if not number or not least <= value <= most:
        raise InputError(
            f"The option {name!r} must be a whole number from {least:,} to {most:,}",
            received=repr(value),
        )
    return int(value)


def _at_least_zero(name: str, value: float) -> float:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise InputError(
            f"The option {name!r} must be a finite number, zero or more", received=repr(value)
        )
    return float(value)
