"""Downhill: a race of optimisers, and the loss of a network in the plane of its training path.

python examples/downhill.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch.nn import functional

import layerwise as lw
from layerwise.explain import descent, loss_surface
from layerwise.view import descent as draw_descent
from layerwise.view import loss_surface as draw_surface

RATES = {
    "SGD": 0.01, "momentum": 0.005, "AdaGrad": 0.3, "AdaDelta": 10.0, "RMSProp": 0.02, "Adam": 0.1
}  # fmt: skip


def main(words: list[str]) -> None:
    """Walk, train, draw."""
    folder = Path(words[0] if words else "out")
    folder.mkdir(parents=True, exist_ok=True)

    race = descent("beale", optimizer=tuple(RATES), rates=RATES, steps=120)
    print("wrote", draw_descent(race).save(folder / "race.html"))

    moons = lw.data.load("moons", size=200)
    x = torch.tensor(moons.features, dtype=torch.float32)
    y = torch.tensor(moons.labels, dtype=torch.int64)
    network = lw.models.mlp("2-16-16-2", "tanh", seed=0)
    engine = torch.optim.Adam(network.parameters(), lr=0.02)
    states = []
    for _ in range(60):
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        engine.zero_grad()
        functional.cross_entropy(network(x), y).backward()
        engine.step()
    surface = loss_surface(network, (x, y), plane="path", path=states, points=31)
    print("variance kept:", sum(surface.about["variance kept"]))
    print("largest gap:", abs(surface["gap", len(surface) - 1]).max())
    print("wrote", draw_surface(surface).save(folder / "loss_surface.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
