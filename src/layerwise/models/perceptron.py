"""One neuron, or one layer of them: a weighted sum, a bias and an activation."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..errors import InputError
from .activations import activation as make_activation
from .activations import activation_name
from .initialization import draw_weights, seeded
from .spec import Spec, labelled


class Perceptron(nn.Sequential):
    """The neuron: fc1, the weighted sum with its bias, then act1 where it has an activation."""

    def forward(self, x: Tensor) -> Tensor:
        """(sample, feature …) → (sample, neuron)."""
        y: Tensor = super().forward(x.flatten(1))  # type: ignore[no-untyped-call]
        return y


def perceptron(
    inputs: int = 4,
    activation: str = "step",
    *,
    outputs: int = 1,
    weights: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    seed: int | None = None,
) -> Perceptron:
    """A neuron with that many inputs (Rosenblatt, 1958), or `outputs` neurons side by side.

    `weights` (neuron, input), or (input,) for one neuron, and `bias` (neuron,) are set as given;
    else weights are drawn, as `initialization.draw_weights` says, and the bias is 0. With the
    activation "identity" the neurons give their sums.

    Raises `InputError` for counts below 1 and for weights of another shape, `UnknownNameError`
    for an unknown activation.

    >>> neuron = perceptron(2, weights=[1, 1], bias=-1.5)  # both
    >>> neuron(torch.tensor([[0.0, 1.0], [1.0, 1.0]])).flatten().tolist()
    [0.0, 1.0]
    """
    for name, count in (("inputs", inputs), ("outputs", outputs)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InputError(f"The {name} of a neuron are 1 or more", received=repr(count))
    name = activation_name(activation)
    with seeded(seed):
        dense = nn.Linear(inputs, outputs)
        layers: list[tuple[str, nn.Module]] = [("fc1", dense)]
        if name != "identity":
            layers += [("act1", make_activation(name))]
        model = Perceptron(OrderedDict(layers))
        draw_weights(model, name)
    labelled(model, Spec("perceptron", activation=name))
    if weights is not None:
        set_values(dense.weight, "weights", weights)
    if bias is not None:
        set_values(dense.bias, "bias", bias)
    return model


def festival() -> Perceptron:
    """The neuron that decides on a festival: weather, music, company and money against 25.

    Inputs (sample, 4) are marks for the four, weights 4, 2, 2, 1; the threshold, brought to the
    other side, is the bias −25. Marks 3, 2, 4, 2 give 12 + 4 + 8 + 2 = 26 > 25: go (1).
    """
    return perceptron(4, "step", weights=[4, 2, 2, 1], bias=-25)


def set_values(parameter: Tensor, name: str, values: ArrayLike) -> None:
    """Set a parameter to those values. Raises `InputError` for another number of them."""
    try:
        given = torch.as_tensor(np.array(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(f"The {name} must be numbers", received=repr(values)[:80]) from None
    if given.numel() != parameter.numel():
        raise InputError(
            f"The {name} must be of shape {tuple(parameter.shape)}",
            received=f"shape {tuple(given.shape)}",
        )
    with torch.no_grad():
        parameter.copy_(given.reshape(parameter.shape))
