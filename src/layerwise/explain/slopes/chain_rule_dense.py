"""A dense network taken apart: its layers in order, each with what follows its sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ...errors import InputError


@dataclass(eq=False)
class DenseLayer:
    """A dense layer and what is done to its sums, one number at a time."""

    name: str
    linear: nn.Linear
    after: list[nn.Module] = field(default_factory=list)

    def output(self, sums: Tensor) -> Tensor:
        """What the layer gives for sums (…, neuron)."""
        for module in self.after:
            sums = module(sums)
        return sums


def dense_layers(model: nn.Module) -> list[DenseLayer]:
    """The dense layers of a network that is a plain chain of them, first to last.

    Raises `InputError`, naming what stands in the way, for anything else in the chain.
    """
    layers: list[DenseLayer] = []
    for name, module in _leaves(model, ""):
        if isinstance(module, nn.Linear):
            layers.append(DenseLayer(name, module))
        elif isinstance(module, (nn.Flatten, nn.Identity, nn.Dropout)):
            continue
        elif not layers or isinstance(module, (nn.Softmax, nn.LogSoftmax)) or _mixes(module):
            raise InputError(
                "Paths are followed through dense layers and activations only",
                received=f"{type(module).__name__} at {name!r}",
                do="Take such a network, for example lw.models.mlp('2-3-3-2', 'tanh')",
            )
        else:
            layers[-1].after.append(module)
    if not layers:
        raise InputError("There is no dense layer in this model", received=type(model).__name__)
    return layers


def check_chain(model: nn.Module, layers: list[DenseLayer], x: Tensor) -> None:
    """Raise `InputError` unless the layers, one after another, are what the model computes."""
    with torch.no_grad():
        value = x.flatten(1)
        for layer in layers:
            if value.shape[-1] != layer.linear.in_features:
                break
            value = layer.output(layer.linear(value))
        answer = model(x)
    if value.shape != answer.shape or not torch.equal(value, answer):
        raise InputError(
            "This model is not its layers one after another: it computes something between them",
            received=type(model).__name__,
            do="Take a plain chain of dense layers and activations",
        )


def slopes_of(layer: DenseLayer, sums: Tensor) -> Tensor:
    """The slope of each output in its own sum: (neuron,).

    Raises `InputError` where an output hangs on another neuron's sum as well.
    """
    table: Tensor = torch.autograd.functional.jacobian(layer.output, sums)  # type: ignore[no-untyped-call]
    own = table.diagonal()
    if bool((table - own.diag() != 0).any()):
        raise InputError(
            "Paths are followed through activations that take each sum by itself",
            received=", ".join(type(module).__name__ for module in layer.after),
        )
    return own


def _mixes(module: nn.Module) -> bool:
    """Whether a module surely takes several neurons, or several samples, together."""
    kinds = (nn.LayerNorm, nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.Softmin, nn.Softmax2d)
    return isinstance(module, kinds)


def _leaves(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    children = list(module.named_children())
    if not children:
        yield name, module
    for own, child in children:
        yield from _leaves(child, f"{name}.{own}" if name else own)
