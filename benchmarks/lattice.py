"""The lattice side by side with what it replaces: a Python loop, nearest neighbours, Bayes.

    python benchmarks/lattice.py

Each ratio is taken in one run on one machine; the median of several alternating repeats.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from results import keep
from sklearn.neighbors import KNeighborsClassifier

import layerwise as lw
from layerwise.data.overlap import overlap_bayes
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.quality import quality

SIDE, LAYERS, FILLING, CLASSES = 800, 250, 50, 4
LOOP_LAYERS = 2


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def python_loop(bitmap: list[list[int]], layers: int, filling: bool) -> None:
    """Layers as the published program has them: one cell after the other, in Python."""
    side = len(bitmap)
    for _ in range(layers):
        old = [row[:] for row in bitmap]
        for x in range(side):
            for y in range(side):
                if filling and old[x][y] != 255:
                    continue
                a, b = x, y
                direction = random.random()
                if direction < 0.25:
                    a = min(x + 1, side - 1)
                elif direction < 0.5:
                    a = max(x - 1, 0)
                elif direction < 0.75:
                    b = min(y + 1, side - 1)
                else:
                    b = max(y - 1, 0)
                if filling or old[a][b] != 255:
                    bitmap[x][y] = old[a][b]


def frame() -> np.ndarray:
    """A first frame like the original's: about 1,300 points on 800 × 800 cells."""
    rng = np.random.default_rng(0)
    labels = np.full((SIDE, SIDE), 255, np.uint8)
    cells = rng.integers(0, SIDE, (1300, 2))
    labels[cells[:, 0], cells[:, 1]] = rng.integers(0, CLASSES, 1300)
    return labels


def layers_of(first: np.ndarray) -> None:
    """Fill, then fuzzy layers up to number 250 (more where filling alone takes longer)."""
    stack = LayerStack(Recipe(first, CLASSES, seed=0, lazy=False))
    depth = stack.fill().depth or 0
    stack.labels(max(LAYERS, depth + 1))


def speed() -> dict[str, float]:
    """Seconds for 250 layers: ours, and the Python loop extrapolated from a few layers."""
    first = frame()
    layers_of(first)  # compile
    ours = statistics.median(seconds(lambda: layers_of(first)) for _ in range(15))
    # Cells are classified as the loop goes on, so its filling layers are timed on a frame that
    # is half full, its fuzzy layers on a full one.
    stack = LayerStack(Recipe(first, CLASSES, seed=0, lazy=False))
    full = stack.labels(stack.fill().depth or 0)
    half = np.where(np.random.default_rng(1).random(full.shape) < 0.5, full, 255)
    filling = seconds(lambda: python_loop(half.tolist(), LOOP_LAYERS, True)) / LOOP_LAYERS
    fuzzy = seconds(lambda: python_loop(full.tolist(), LOOP_LAYERS, False)) / LOOP_LAYERS
    loop = FILLING * filling + (LAYERS - FILLING) * fuzzy
    return {"ours_s": ours, "python_loop_s_extrapolated": loop, "ratio": loop / ours}


def look_up() -> dict[str, float]:
    """Seconds to answer a million points: the look-up, and scikit-learn's nearest neighbour."""
    data = lw.data.load("overlap", size=3000, seed=0)
    points = lw.data.load("overlap", size=1_000_000, seed=1).features
    model = lw.LatticeClassifier().fit(data.features, data.labels)
    peer = KNeighborsClassifier(1).fit(data.features, data.labels)
    model.predict(points[:1000])
    pairs = [
        (seconds(lambda: model.predict(points)), seconds(lambda: peer.predict(points)))
        for _ in range(3)
    ]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "ours_s": ours,
        "one_nearest_neighbour_s": theirs,
        "ratio": statistics.median(b / a for a, b in pairs),
    }


def against_bayes() -> dict[str, object]:
    """Quality on `overlap`, 3,000 training points, 50,000 fresh ones, five seeds."""
    rows = []
    for seed in range(5):
        data = lw.data.load("overlap", size=3000, seed=seed)
        fresh = lw.data.load("overlap", size=50_000, seed=1000 + seed)
        truth = fresh.require_labels()
        model = lw.LatticeClassifier().fit(data.features, data.labels)
        ours = quality(model.predict_proba(fresh.features), truth)
        best = quality(overlap_bayes(fresh.features), truth)
        peer = KNeighborsClassifier(25).fit(data.features, data.labels)
        rows.append(
            {
                "log_loss_over_bayes": ours.log_loss / best.log_loss,
                "calibration_error": ours.calibration_error,
                "accuracy": ours.accuracy,
                "accuracy_25_nearest": float(peer.score(fresh.features, truth)),
                "accuracy_bayes": best.accuracy,
            }
        )
    return {key: [round(row[key], 4) for row in rows] for key in rows[0]}


def main() -> None:
    """Measure, print, keep."""
    figures = {"fill_and_fuzzy": speed(), "look_up": look_up(), "overlap": against_bayes()}
    for name, row in figures.items():
        print(name)
        for key, value in row.items():
            print(f"  {key:32} {value if isinstance(value, list) else format(value, '.4g')}")
    keep("lattice", figures, ("numpy", "numba", "scikit-learn"))
    print("kept", Path("benchmarks/results/lattice.json"))


if __name__ == "__main__":
    main()
