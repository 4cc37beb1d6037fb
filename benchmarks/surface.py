"""Loss planes: many points at once against one after another, side by side in one run.

    python benchmarks/surface.py [--threads N] [--points 51] [--repeat 3]

Networks of about 100,000 weights with their weight in the first layer, in the middle, and in
several layers: the first layer's products are shared by all points, so that the shape decides.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
import torch

from layerwise.explain.slopes.answer_error import prepared
from layerwise.explain.surface.plane import random_plane
from layerwise.explain.surface.plane_losses import multiplications, one_by_one, plane_losses
from layerwise.models.mlp import mlp

SHAPES = (
    ("784-126-10", 256),
    ("100-400-140-10", 256),
    ("20-300-300-10", 256),
    ("64-256-256-64-10", 128),
)


def main() -> None:
    """Time both ways in turn, and compare every loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--points", type=int, default=51)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    side = np.linspace(-1, 1, asked.points)
    points = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    print(f"{len(points):,} points, {asked.threads} threads, best of {asked.repeat}, in turn")
    for sizes, samples in SHAPES:
        network = mlp(sizes, "tanh", seed=1).eval()
        drawn = torch.Generator().manual_seed(0)
        x = torch.randn(samples, network.fc1.in_features, generator=drawn)
        y = torch.randint(0, 10, (samples,), generator=drawn)
        batch, wrong = prepared(network, x, y, None, torch.float32)
        plane = random_plane(network)
        ways = {"alone": one_by_one, "together": plane_losses}
        times: dict[str, list[float]] = {name: [] for name in ways}
        found = {}
        for _ in range(asked.repeat):
            for name, way in ways.items():
                start = perf_counter()
                found[name] = way(network, plane, batch, wrong)(points)
                times[name].append(perf_counter() - start)
        alone, together = min(times["alone"]), min(times["together"])
        apart = np.abs(found["alone"] - found["together"]).max() / np.abs(found["alone"]).max()
        weights = sum(own.numel() for own in network.parameters())
        before, after = multiplications(network, samples)
        print(
            f"{sizes:18} {weights:8,} weights {samples} samples: alone {alone:6.2f} s, together "
            f"{together:6.2f} s, {alone / together:5.2f} x, largest difference {apart:.1e} of the "
            f"largest loss; {before / after:.2f} x fewer multiplications"
        )


if __name__ == "__main__":
    main()
