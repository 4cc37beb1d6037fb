"""The models that can be built by name: what each is, an example, how many parameters it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

from .builder import build


@dataclass(frozen=True)
class ModelEntry:
    """One family of models: its name, what it is, and an example on data of a known shape."""

    name: str
    about: str
    example: str
    inputs: tuple[int, ...]
    classes: int

    @cached_property
    def parameters(self) -> int:
        """How many parameters the example has; nothing is allocated to count them."""
        with torch.device("meta"):
            model = build(self.example, self.inputs, self.classes)
        return sum(parameter.numel() for parameter in model.parameters())


ENTRIES = (
    ModelEntry(
        "perceptron", "one layer of neurons, one a class: weighted sums", "perceptron", (4,), 3
    ),
    ModelEntry(
        "mlp", "dense layers, each with an activation", "mlp 64-32 tanh dropout=0.1", (784,), 4
    ),
    ModelEntry(
        "mlp", "the same with all its sizes said", "784-64-32-4", (784,), 4
    ),
    ModelEntry(
        "cnn", "the basic ConvNet: two convolutions, two dense layers", "cnn", (1, 28, 28), 10
    ),
    ModelEntry(
        "nin", "network in network: convolutions with 1 × 1 layers between", "nin", (3, 32, 32), 10
    ),
    ModelEntry(
        "resnet", "residual network for images, of any depth", "resnet-50", (3, 224, 224), 1000
    ),
    ModelEntry(
        "resnet", "the same for small images, of depth 6n + 2", "resnet-20", (3, 32, 32), 10
    ),
    ModelEntry(
        "resnet", "residual network for tables, of any depth", "resnet-1000 dense rezero", (2,), 2
    ),
    ModelEntry(
        "four-pixel", "names the pattern of four pixels, weights by hand", "four-pixel", (4,), 4
    ),
)  # fmt: skip


def catalog() -> list[ModelEntry]:
    """What can be built by name: for each family what it is, an example and its parameters."""
    return list(ENTRIES)
