"""Lattices with slices side by side with what they replace: Bayes, other methods, a Python loop.

    python benchmarks/volume.py

Speeds are medians of a few repeats; the loop is timed on few cells and extrapolated.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from results import keep
from scipy.stats import multivariate_normal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

import layerwise as lw
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.quality import quality

SHARES = np.array([0.4, 0.35, 0.25])
MEANS = np.array([[0.0, 0.0, 0.0], [1.6, 0.8, 0.0], [0.4, 1.2, 1.6]])
SPREADS = np.array(
    [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[1.2, 0.5, 0.0], [0.5, 0.9, 0.2], [0.0, 0.2, 0.7]],
        [[0.6, -0.2, 0.1], [-0.2, 1.1, 0.3], [0.1, 0.3, 1.4]],
    ]
)
CLASSES, FUZZY = 4, 250
LOOP_SIDE, LOOP_LAYERS = 40, 3
SEEDS = range(100, 105)
SIDES = (200, 512)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of three overlapping normal distributions in three dimensions, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, count, p=SHARES)
    roots = np.linalg.cholesky(SPREADS)[labels]
    return MEANS[labels] + np.einsum("nij,nj->ni", roots, rng.normal(size=(count, 3))), labels


def best(points: np.ndarray) -> np.ndarray:
    """Bayes' own probabilities (sample, class), from the densities that the points are drawn by."""
    each = zip(SHARES, MEANS, SPREADS, strict=True)
    found = np.stack([p * multivariate_normal(m, s).pdf(points) for p, m, s in each], axis=1)
    return found / found.sum(axis=1, keepdims=True)


def against_bayes(count: int) -> dict[str, list[float]]:
    """Log-losses over Bayes' own with so many training points, 50,000 fresh ones, five seeds."""
    rows = []
    for seed in SEEDS:
        points, labels = drawn(count, seed)
        fresh, truth = drawn(50_000, 1000 + seed)
        least = quality(best(fresh), truth).log_loss
        row = {}
        for name, method in (
            ("lattice", lw.LatticeClassifier()),
            ("boosted_trees", HistGradientBoostingClassifier(random_state=0)),
            ("25_nearest", KNeighborsClassifier(25)),
        ):
            row[f"{name}_s"] = seconds(partial(method.fit, points, labels))
            judged = quality(method.predict_proba(fresh), truth)
            row[f"{name}_log_loss_over_bayes"] = judged.log_loss / least
            row[f"{name}_calibration_error"] = judged.calibration_error
            row[f"{name}_accuracy"] = judged.accuracy
        rows.append(row | {"bayes_accuracy": quality(best(fresh), truth).accuracy})
    return {key: [round(row[key], 4) for row in rows] for key in rows[0]}


def python_loop(cells: list[list[list[int]]], layers: int, filling: bool) -> None:
    """Layers by the same rule, one cell after the other, in plain Python."""
    side = len(cells)
    last = side - 1
    for _ in range(layers):
        old = [[row[:] for row in plane] for plane in cells]
        for z in range(side):
            for y in range(side):
                for x in range(side):
                    if filling and old[z][y][x] != 255:
                        continue
                    a, b, c = z, y, x
                    code = int(8 * random.random())
                    if code == 0:
                        b = max(y - 1, 0)
                    elif code == 1:
                        c = min(x + 1, last)
                    elif code == 2:
                        b = min(y + 1, last)
                    elif code == 3:
                        c = max(x - 1, 0)
                    elif code == 4:
                        a = max(z - 1, 0)
                    elif code == 5:
                        a = min(z + 1, last)
                    cells[z][y][x] = old[a][b][c]


def loop_cost() -> tuple[float, float]:
    """Seconds a cell and layer of the loop: half filled, and full."""
    rng = np.random.default_rng(1)
    full = rng.integers(0, CLASSES, (LOOP_SIDE,) * 3)
    half = np.where(rng.random(full.shape) < 0.5, full, 255)
    per = LOOP_LAYERS * full.size
    return (
        seconds(lambda: python_loop(half.tolist(), LOOP_LAYERS, True)) / per,
        seconds(lambda: python_loop(full.tolist(), LOOP_LAYERS, False)) / per,
    )


def speed(side: int, threads: int) -> dict[str, float]:
    """Fill a cube of that side from 3,000 points, then 250 fuzzy layers; against the loop."""
    rng = np.random.default_rng(0)
    first = np.full((side,) * 3, 255, np.uint8)
    first[tuple(rng.integers(0, side, (3, 3000)))] = rng.integers(0, CLASSES, 3000)
    recipe = Recipe(first, CLASSES, seed=0)
    LayerStack(Recipe(first[:9, :9, :9] * 0, CLASSES, seed=0), threads).labels(3)  # compile
    fills, copies, depth = [], [], 0
    for _ in range(5 if side <= 200 else 3):
        stack = LayerStack(recipe, threads)
        fills.append(seconds(stack.fill))
        depth = stack.recipe.depth or 0
        copies.append(seconds(lambda stack=stack, last=depth + FUZZY: stack.planes(last)))
    fill, copy = statistics.median(fills), statistics.median(copies)
    filling, fuzzy = loop_cost()
    loop = (depth * filling + FUZZY * fuzzy) * side**3
    return {
        "filling_layers": depth,
        "fill_s": fill,
        "fuzzy_s": copy,
        "fuzzy_ns_a_cell_and_layer": copy / FUZZY / side**3 * 1e9,
        "python_loop_s_extrapolated": loop,
        "ratio": loop / (fill + copy),
    }


def main() -> None:
    """Measure, print, keep. Numbers after the script's name: other sides of the cubes."""
    sides = tuple(int(side) for side in sys.argv[1:]) or SIDES
    figures: dict[str, dict[str, object]] = {
        f"bayes_{count}_points": against_bayes(count) for count in (1000, 3000, 10_000)
    }
    for side in sides:
        for threads in (1, 2):
            figures[f"cube_{side}_threads_{threads}"] = speed(side, threads)
    for name, row in figures.items():
        print(name)
        for key, value in row.items():
            print(f"  {key:36} {value if isinstance(value, list) else format(value, '.4g')}")
    if sides == SIDES:
        keep("volume", figures, ("numpy", "numba", "scipy", "scikit-learn"))
        print("kept", Path("benchmarks/results/volume.json"))


if __name__ == "__main__":
    main()
