"""One pass of your own module: every operation, what fed it, and how much it matters to the loss.

python examples/your_own_module.py
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import layerwise as lw


class Branching(nn.Module):
    """Two ways through, a skip, and a layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(8, 16)
        self.shared = nn.Linear(16, 16)
        self.head = nn.Linear(32, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits (sample, class) of inputs (sample, feature)."""
        left = functional.relu(self.stem(inputs))  # (sample, 16)
        right = self.shared(torch.tanh(self.shared(left))) + left
        return self.head(torch.cat([left, right], dim=1))


def main() -> None:
    """Record a pass forwards and backwards, and print it."""
    torch.manual_seed(0)
    model, batch = Branching(), torch.randn(4, 8)
    trace = lw.record(model, batch, target=torch.tensor([0, 1, 2, 0]), backward=True)
    print(f"loss {float(trace['loss', 0]):.4f}")
    for site in trace.sites:
        if site.kind != "activation":
            continue
        value, slope = trace[site.name, 0], trace[f"{site.name}.gradient", 0]
        fed = ", ".join(name for name in site.inputs if trace.site(name).kind != "weight")
        print(
            f"{site.name:>9} {site.about['operation']:>7} {value.shape!s:>8} from {fed:<12} "
            f"mean |output| {np.abs(value).mean():.3f}, mean |gradient| {np.abs(slope).mean():.4f}"
        )
    with torch.no_grad():
        same = torch.equal(model(batch), torch.from_numpy(trace["head", 0].copy()))
    print("the recorded output is the model's own to the last bit" if same else "it differs")


if __name__ == "__main__":
    main()
