"""The chain rule on your own network: both slopes, one neuron's operations, all paths.

    python examples/chain_rule.py [FOLDER]

Writes three films as pages: slopes by nudging and by backpropagation with what each took, a neuron
taken apart, and every path from one weight to the loss.
"""

from __future__ import annotations

import sys
from pathlib import Path

import layerwise as lw
from layerwise.explain import chain_rule, local_derivatives, nudges
from layerwise.view import chain_rule as draw_paths
from layerwise.view import local_derivatives as draw_graph
from layerwise.view import nudges as draw_nudges


def main(words: list[str]) -> None:
    """Compute, print, draw."""
    folder = Path(words[0] if words else "out")
    folder.mkdir(parents=True, exist_ok=True)
    network = lw.models.mlp("2-3-3-2", "tanh", seed=1)

    slopes = nudges(network, [0.5, -1.0], 1)
    print("largest difference of the slopes:", slopes["largest difference", 1])
    print("wrote", draw_nudges(slopes).save(folder / "slopes.html"))

    neuron = local_derivatives("(tanh(w * x + b) - y) ** 2", w=0.5, x=2.0, b=-0.3, y=1.0)
    print("wrote", draw_graph(neuron).save(folder / "local_derivatives.html"))

    paths = chain_rule(network, [0.5, -1.0], 1, weight="fc1.weight[0, 1]")
    print("paths:", paths.about["paths"], "difference:", paths["difference", len(paths) - 1])
    print("wrote", draw_paths(paths).save(folder / "chain_rule.html"))


if __name__ == "__main__":
    main(sys.argv[1:])
