"""What a network costs: its parameters, and multiply-adds where shapes say them exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import prod

from .graph import Layer, NetworkGraph


def parameters_in(graph: NetworkGraph, numbers: Iterable[int]) -> int:
    """How many numbers are learned in those layers, each shared one counted once."""
    found: dict[str, int] = {}
    for number in numbers:
        layer = graph.layers[number]
        for name, size in zip(layer.parameters, layer.sizes, strict=True):
            found[name] = prod(size)
    return sum(found.values())


def multiply_adds(graph: NetworkGraph) -> int:
    """Multiplications of one sample in all dense and convolution layers; exact for these two.

    Each comes with an addition. Products of attention, recurrence and normalisation are not in it.
    """
    return sum(_of(graph, layer) for layer in graph.layers)


def _of(graph: NetworkGraph, layer: Layer) -> int:
    size = dict(zip(layer.parameters, layer.sizes, strict=True)).get(layer.weight)
    if size is None or len(size) < 2:
        return 0
    if layer.kind == "dense":
        return prod(layer.shape[1:]) * (size[0] if layer.operation == "addmm" else size[-1])
    if layer.kind != "convolution":
        return 0
    if "transpose" in layer.operation.lower():  # each number of the input meets a whole kernel
        return prod(graph.layers[layer.inputs[0]].shape[1:]) * prod(size[1:])
    return prod(layer.shape[1:]) * prod(size[1:])


def kernel_of(layer: Layer) -> str:
    """A convolution's window and stride in words: "3 × 3, stride 2"; "" for other layers."""
    size = dict(zip(layer.parameters, layer.sizes, strict=True)).get(layer.weight, ())
    if layer.kind != "convolution" or len(size) < 3:
        return ""
    words = " × ".join(str(side) for side in size[2:])
    stride = re.search(r"stride=\(?(\d+)", layer.settings)
    if stride and int(stride[1]) > 1:
        words += f", stride {stride[1]}"
    groups = re.search(r"groups=(\d+)", layer.settings)
    return f"{words}, {groups[1]} groups" if groups and int(groups[1]) > 1 else words
