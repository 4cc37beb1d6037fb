"""Simulated against exact: how often copying layers show a class, and what the theorem says.

    python examples/theorem.py

After T layers of copying, the probability that a cell shows a class is the first map of that class
averaged T times over neighbours. Here 400 random runs are counted and compared with it.
"""

from __future__ import annotations

import numpy as np

import layerwise as lw

RUNS = 400


def main() -> None:
    """Print the largest and the mean difference beside what chance alone would give."""
    data = lw.data.load("overlap", size=400, seed=0)
    for layers in (1, 16, 256):
        network = lw.LatticeClassifier(grid=100, fuzzy_from="filled", fuzzy_layers=layers)
        network.fit(data.X, data.y)
        exact = network.probabilities_
        counted = network.simulate(RUNS)
        chance = np.sqrt(exact * (1 - exact) / RUNS)
        gap = np.abs(counted - exact)
        # The mean of |x| for a normal x is √(2/π) of its standard deviation.
        expected = float(np.sqrt(2 / np.pi) * chance.mean())
        print(
            f"after {layers:3} layers: mean difference {gap.mean():.4f}, "
            f"by chance alone {expected:.4f}; largest {gap.max():.3f}"
        )


if __name__ == "__main__":
    main()
