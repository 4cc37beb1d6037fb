"""Your own training loop, recorded: nothing in it changes.

python examples/your_own_loop.py
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

import layerwise as lw


def main() -> None:
    """Train a deep chain without skips, and see where its gradients fade."""
    torch.manual_seed(0)
    inputs = torch.randn(512, 2)
    targets = (inputs.prod(dim=1) > 0).long()
    layers: list[nn.Module] = [nn.Linear(2, 32), nn.Sigmoid()]
    for _ in range(6):
        layers += [nn.Linear(32, 32), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    with lw.recording(model, lw.Keep(every=50, neurons=8, budget="20 MB")) as rec:
        for _ in range(200):
            batch = torch.randint(0, len(inputs), (64,))
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs[batch]), targets[batch])
            loss.backward()
            optimizer.step()

    trace = rec.trace
    _, losses = trace.series("loss")
    print(f"{len(trace)} steps, loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last")
    names = trace.site("summary of gradients").entries["layer"]
    first = trace["summary of gradients", 0]  # (layer, statistic): mean, standard deviation, …
    for name, row in zip(names, first, strict=True):
        print(
            f"  layer {name:>2}: gradients of its output spread by {row[1]:.2e} at the first step"
        )
    site = trace.site("0.weight")
    print(f"weights of layer 0 at {len(trace.where('0.weight'))} moments: {site.note}")


if __name__ == "__main__":
    main()
