"""The clusterer side by side with scikit-learn's HDBSCAN: agreement with known clusters, and time.

    python benchmarks/clusters.py

Six kinds of sets of 1,500 points, on seeds that were not used for tuning. HDBSCAN runs with its
defaults, and with the least cluster size (15, of 5, 15, 30, 60 and 100) that was best for it on the
seeds used for tuning, 0 to 9; ours runs with its defaults, which were settled on the same seeds.
Ratios are taken in one run; the median of alternating repeats. Most of the run, some minutes, is
HDBSCAN at 200,000 points.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from results import keep
from sklearn.cluster import HDBSCAN
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score

from layerwise import LatticeClusterer

POINTS = 1500
SEEDS = range(100, 120)
KINDS = ("moons", "circles", "blobs", "anisotropic", "varied", "25 % noise")
TUNED_SIZE = 15


def made(kind: str, seed: int, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Points (sample, 2) of a kind and their true clusters (sample,), −1 for noise."""
    if kind == "moons":
        return make_moons(points, noise=0.05, random_state=seed)
    if kind == "circles":
        return make_circles(points, noise=0.05, factor=0.5, random_state=seed)
    if kind == "varied":
        return make_blobs(points, cluster_std=[1.0, 2.5, 0.5], random_state=seed)
    if kind == "25 % noise":
        strewn = points // 4
        X, y = make_blobs(points - strewn, random_state=seed)
        low, high = X.min(axis=0), X.max(axis=0)
        room = 0.1 * (high - low)
        noise = np.random.default_rng(seed).uniform(low - room, high + room, (strewn, 2))
        return np.concatenate([X, noise]), np.concatenate([y, np.full(strewn, -1)])
    X, y = make_blobs(points, random_state=seed)
    return (X @ np.array([[0.6, -0.6], [-0.4, 0.8]]) if kind == "anisotropic" else X), y


METHODS: dict[str, Callable[[], object]] = {
    "ours": LatticeClusterer,
    "hdbscan": lambda: HDBSCAN(copy=True),
    f"hdbscan, least size {TUNED_SIZE}": lambda: HDBSCAN(min_cluster_size=TUNED_SIZE, copy=True),
}


def agreement() -> dict[str, dict[str, float]]:
    """Mean adjusted Rand index of each method, by kind, over all points; noise is a cluster."""
    table: dict[str, dict[str, float]] = {}
    for name, method in METHODS.items():
        table[name] = {}
        for kind in KINDS:
            found = []
            for seed in SEEDS:
                X, y = made(kind, seed)
                found.append(adjusted_rand_score(y, method().fit_predict(X)))
            table[name][kind] = round(statistics.mean(found), 4)
        table[name]["mean"] = round(statistics.mean(table[name].values()), 4)
    return table


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed(points: int, repeats: int, kinds: tuple[str, ...]) -> dict[str, float]:
    """Seconds to fit so many points, the median over kinds and repeats, and the ratios."""
    ours, theirs = [], []
    for repeat in range(repeats):
        for kind in kinds:
            X, _ = made(kind, 100 + repeat, points)
            ours.append(seconds(lambda X=X: LatticeClusterer().fit(X)))
            theirs.append(
                seconds(lambda X=X: HDBSCAN(min_cluster_size=TUNED_SIZE, copy=True).fit(X))
            )
    return {
        "ours_s": statistics.median(ours),
        "hdbscan_s": statistics.median(theirs),
        "ratio": statistics.median(b / a for a, b in zip(ours, theirs, strict=True)),
        "least_ratio": min(b / a for a, b in zip(ours, theirs, strict=True)),
    }


def main() -> None:
    """Measure, print, keep."""
    LatticeClusterer().fit(made("moons", 0)[0])  # compile
    table = agreement()
    for name, row in table.items():
        print(name, row)
    times = {
        "1,500 points": speed(1500, 9, KINDS),
        "200,000 points, blobs": speed(200_000, 1, ("blobs",)),  # HDBSCAN takes minutes
    }
    for name, row in times.items():
        print(name, {key: float(f"{value:.3g}") for key, value in row.items()})
    keep(
        "clusters", {"adjusted_rand_index": table, "fit": times},
        ("numpy", "numba", "scipy", "scikit-learn"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
