"""Votes side by side with scipy's separable filters on one map of 0 and 1 for each class.

    python benchmarks/votes.py

Ratios are taken in one run; each time is the median of alternating repeats, in nanoseconds a cell.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from results import keep
from scipy import ndimage

from layerwise.lattice.votes.majority import majority

SIDE, CLASSES = 2000, 4
WINDOWS = (3, 5, 9, 21, 41)


def one_hot(labels: np.ndarray, kind: type) -> np.ndarray:
    """A map of 0 and 1 for each class: (class, row, column)."""
    return (labels == np.arange(CLASSES, dtype=np.uint8)[:, None, None]).astype(kind)


def by_mean(labels: np.ndarray, window: int) -> np.ndarray:
    """The likeliest class by `uniform_filter` in single precision."""
    size = (1, window, window)
    return ndimage.uniform_filter(one_hot(labels, np.float32), size, mode="constant").argmax(0)


def by_sums(labels: np.ndarray, window: int) -> np.ndarray:
    """The same by two one-dimensional sums of bytes (exact for windows up to 15)."""
    ones = [1] * window
    across = ndimage.convolve1d(one_hot(labels, np.uint8), ones, axis=2, mode="constant")
    return ndimage.convolve1d(across, ones, axis=1, mode="constant").argmax(0)


def price(work: Callable[[], object], cells: int) -> float:
    """Nanoseconds a cell of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / cells * 1e9


def main() -> None:
    """Measure, print, keep."""
    labels = np.random.default_rng(0).integers(0, CLASSES, (SIDE, SIDE)).astype(np.uint8)
    figures: dict[str, dict[str, float]] = {}
    for window in WINDOWS:
        works: dict[str, Callable[[], object]] = {
            "ours": lambda w=window: majority(labels, w),
            "uniform_filter": lambda w=window: by_mean(labels, w),
        }
        if window == 3:
            works["ours, a pass of 10"] = lambda: majority(labels, 3, passes=10)
        if window**2 < 256:
            works["two sums of bytes"] = lambda w=window: by_sums(labels, w)
        taken: dict[str, list[float]] = {name: [] for name in works}
        works["ours"]()  # compile
        for _ in range(5):
            for name, work in works.items():
                taken[name].append(price(work, labels.size * (10 if "10" in name else 1)))
        row = {name: round(statistics.median(times), 3) for name, times in taken.items()}
        peers = [name for name in taken if not name.startswith("ours")]
        best = min(peers, key=lambda name: statistics.median(taken[name]))
        ratios = [b / a for a, b in zip(taken["ours"], taken[best], strict=True)]
        row["scipy over ours"] = round(statistics.median(ratios), 2)
        figures[f"{window} × {window}"] = row
        print(f"{window:2} × {window:<2}", row)
    keep("votes", {"ns a cell, 4 classes, 2000²": figures}, ("numpy", "numba", "scipy"))


if __name__ == "__main__":
    main()
