"""The diagram of deep networks: how long folding and layout take, from the recording to marks.

    python benchmarks/layout.py

Each figure is the median of several runs in one process; the recording itself is not in it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from results import keep

import layerwise as lw
from layerwise.trace import Trace
from layerwise.view.diagram.drawing import diagram
from layerwise.view.diagram.folding import blocks_of
from layerwise.view.diagram.graph import NetworkGraph, network_graph

NETWORKS = {
    "ResNet-152": ("resnet-152", (3, 64, 64), 1000),
    "1,000 layers, ReZero": ("resnet-1000 dense rezero width=8", (2,), 2),
    "10,000 layers, ReZero": ("resnet-10000 dense rezero width=8", (2,), 2),
}
REPEATS = 5


def median_s(work: Callable[[], object]) -> float:
    """The median time of a call in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return round(statistics.median(times), 4)


def recorded(words: str, shape: tuple[int, ...], classes: int) -> Trace:
    """A recorded pass of that network."""
    torch.manual_seed(0)
    model = lw.models.build(words, shape, classes)
    with torch.no_grad():
        trace = lw.record(model, torch.randn(2, *shape))
    len(trace.sites)  # it is described when it is first looked at
    return trace


def drawn(network: Trace | NetworkGraph) -> None:
    """The whole diagram, to its marks."""
    diagram(network).stop_marks(0)


def main() -> None:
    """Measure all networks, print and keep the figures."""
    torch.set_num_threads(1)
    figures: dict[str, Any] = {}
    for name, (words, shape, classes) in NETWORKS.items():
        trace = recorded(words, shape, classes)
        graph = network_graph(trace)
        figures[name] = {
            "layers": len(graph.layers),
            "graph s": median_s(partial(network_graph, trace)),
            "folding s": median_s(partial(blocks_of, graph)),
            "diagram s": median_s(partial(drawn, graph)),
            "all s": median_s(partial(drawn, trace)),
        }
        print(name, figures[name])
    keep("layout", figures, ("numpy", "torch"))


if __name__ == "__main__":
    main()
