"""The mixture of four classes that overlap almost everywhere, and what can be known about it.

The model. A point has class c with probability `SHARES[c]`. Its place is that class's shift, plus
a whole number in x and in y, plus logistic noise of scale 0.15 in each; all of it is folded to the
square [0, 2)². The whole numbers cover the plane evenly, so each of the square's four unit cells is
equally likely, whatever the class, and within a cell lies the shift plus noise modulo 1.
Source: V. Granville's published program, with its own random shifts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..types import FloatArray
from .dataset import Card, Dataset
from .generated import whole

SHARES: Final = (0.2, 0.4, 0.3, 0.1)
SHIFTS: Final = (
    (0.7921670238476817, 0.764835685462108),
    (0.10884749485946887, 0.6475774612994999),
    (0.012141916802209884, 0.5257456281183044),
    (0.1849215338287049, 0.14884520459687234),
)
"""The first eight numbers of Python's `random.Random(82431)`, x and y of each class in turn."""

SCALE: Final = 0.15
_REACH: Final = 6

CARD = Card(
    "overlap",
    "Four overlapping classes",
    "Mixture of four overlapping point processes, after Vincent Granville (2021–22), generated",
    "generated; no rights",
    "Classes a to d overlap so much that the best possible classifier is right 44.7 % of the time.",
)


def overlap(size: int = 3000, seed: int = 0) -> Dataset:
    """Points of the mixture, drawn one by one and independently, in the square [0, 2)²."""
    size = whole("size", size, 1)
    random = np.random.Generator(np.random.PCG64(whole("seed", seed, 0)))
    labels = np.searchsorted(np.cumsum(SHARES)[:-1], random.random(size), side="right")
    # random() may give 0, where the logit is infinite, but never 1
    uniform = np.maximum(random.random((size, 2)), 2.0**-54)
    noise = SCALE * (np.log(uniform) - np.log1p(-uniform))
    within = (np.array(SHIFTS)[labels] + noise) % 1.0
    within[within >= 1.0] = 0.0  # the remainder of a tiny negative number rounds up to 1
    points = within + random.integers(0, 2, (size, 2))
    return Dataset(points, labels, ("x", "y"), ("a", "b", "c", "d"), "class", CARD)


def overlap_density(points: ArrayLike) -> FloatArray:
    """Each class's share times its density, (sample, class), at (sample, xy) in [0, 2)².

    Exact but for the wrapped sum's remainder, below 1e-15, and rounding; integrates to 1 over the
    square, all classes together.
    """
    places = np.asarray(points, np.float64)
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise InputError(
            "Points are finite numbers of shape (sample, 2)", received=f"shape {places.shape}"
        )
    distances = places[:, None, :] - np.array(SHIFTS)  # (sample, class, xy)
    densities: FloatArray = np.array(SHARES) * _wrapped_logistic(distances).prod(axis=2) / 4
    return densities


def overlap_bayes(points: ArrayLike) -> FloatArray:
    """The true probability of each class at each point: (sample, class), rows sum to 1.

    This is what no classifier can better. By Bayes' rule from `overlap_density`.
    """
    densities = overlap_density(points)
    probabilities: FloatArray = densities / densities.sum(axis=1, keepdims=True)
    return probabilities


def _wrapped_logistic(distances: FloatArray) -> FloatArray:
    """The logistic density of scale s = 0.15 wrapped to period 1.

    Of the sum over all whole numbers k, those with |k| ≤ 6 are taken: for 0 ≤ t < 1 the rest is
    below (e^(−6/s) + e^(−7/s)) / (s (1 − e^(−1/s))) < 3e-17.
    """
    wrapped = distances % 1.0
    total = np.zeros_like(wrapped)
    for k in range(-_REACH, _REACH + 1):
        total += 1 / (4 * SCALE * np.cosh((wrapped + k) / (2 * SCALE)) ** 2)
    return total
