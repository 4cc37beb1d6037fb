"""Clusters without labels: how many there are, why they are apart, and the film of it.

    python examples/clusters.py [FOLDER]

Two half moons in a cloud of noise. No number of clusters is given: peaks of a density are kept
apart where chance alone would hardly make such a saddle between them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import make_moons

from layerwise import LatticeClusterer
from layerwise.view import clusters


def main(folder: Path) -> None:
    """Find the clusters, say why, write a page."""
    moons, _ = make_moons(800, noise=0.06, random_state=0)
    noise = np.random.default_rng(0).uniform((-1.5, -1), (2.5, 1.5), (200, 2))
    model = LatticeClusterer(grid=128).fit(np.concatenate([moons, noise]))
    print(f"{model.n_clusters_} clusters, {np.mean(model.labels_ < 0):.1%} noise")
    for peak in model.peaks_:
        across, up = peak.position
        print(
            f"cluster {peak.label}: {peak.points} points around its peak at "
            f"({across:.2f}, {up:.2f}), z = {peak.z:.1f}"
        )
    print("a new point at (0, 1) belongs to", *model.predict([[0.0, 1.0]]))

    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "clusters.html"
    clusters(model.record(data="two moons and noise")).save(page)
    print(f"wrote {page}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("out"))
