"""A lattice network: exact probabilities, and runs that agree with them."""

import numpy as np
from sklearn.datasets import make_moons

from layerwise.lattice.classifier import LatticeClassifier

X, y = make_moons(300, noise=0.3, random_state=0)
network = LatticeClassifier(grid=100, fuzzy_from="filled", fuzzy_layers=200).fit(X, y)
print("filled after", network.depth_, "layers")
print("probabilities at (0.5, 0.2):", network.predict_proba([[0.5, 0.2]]).round(3))

exact = network.probabilities_
for runs in (4, 64):
    difference = np.sqrt(np.mean((network.simulate(runs) - exact) ** 2))
    expected = np.sqrt(np.mean(exact * (1 - exact)) / runs)
    print(f"{runs} runs: difference {difference:.4f}, expected {expected:.4f}")
