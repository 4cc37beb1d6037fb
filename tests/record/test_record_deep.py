"""A graph of many thousands of nodes is taken down piece by piece, not in one deep fall."""

from __future__ import annotations

import resource
import subprocess
import sys

DEEP = """
import torch
from torch import nn
import layerwise as lw

class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([torch.full((2, 2), 0.5) for _ in range(1500)])

    def forward(self, x):
        for weight in self.weights:
            x = x + torch.relu(x @ weight) * 0.001
        return x

trace = lw.record(Deep(), torch.ones(1, 2), torch.tensor([1]), backward=True)
print(len([site for site in trace.sites if site.kind == "activation"]))
"""


def test_with_a_small_stack():
    def small_stack():
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))

    ran = subprocess.run(
        [sys.executable, "-c", DEEP], capture_output=True, text=True, preexec_fn=small_stack,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-500:]
    assert ran.stdout.split() == ["6000"]
