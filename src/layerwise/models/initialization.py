"""The weights that a network starts with: drawn by a rule that fits its activation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..errors import InputError
from .activations import weight_rule


def draw_weights(model: nn.Module, activation: str) -> None:
    """Draw every dense and convolutional weight of a model anew, normal with mean 0; biases are 0.

    The variance, with `fan_in` inputs and `fan_out` outputs of a neuron, follows the activation:
    2 / fan_in before ReLU and its like (He et al., 2015), 1 / fan_in before SELU and identity
    (LeCun et al., 1998), 2 / (fan_in + fan_out) before tanh, sigmoid and other bounded ones
    (Glorot and Bengio, 2010). The last of them gives the answer and has no activation: 1 / fan_in.
    """
    rule = weight_rule(activation)
    weighted = [part for part in model.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    for part in weighted:
        if part.weight.is_meta:
            continue  # a shape without numbers
        fan_out, fan_in = part.weight.shape[0], part.weight[0].numel()
        if isinstance(part, nn.Conv2d):
            fan_out *= math.prod(part.kernel_size)
        if part is weighted[-1] or rule == "lecun":
            variance = 1 / fan_in
        elif rule == "he":
            variance = 2 / fan_in
        else:
            variance = 2 / (fan_in + fan_out)
        nn.init.normal_(part.weight, 0.0, math.sqrt(variance))
        if part.bias is not None:
            nn.init.zeros_(part.bias)


def draw_first_biases(layer: nn.Linear, activation: str) -> None:
    """Draw a first layer's biases as its weights are drawn: as one more input that is always 1.

    Where every bias is 0, a ReLU network is homogeneous: it gives for c · x just c times what it
    gives for x, so it sees the direction of a point but not how far away it lies. In a network
    of few inputs and thousands of layers, learning to see that takes most of the training.
    """
    if layer.bias.is_meta:
        return
    fan_out, fan_in = layer.weight.shape
    rule = weight_rule(activation)
    variance = {"lecun": 1 / fan_in, "he": 2 / fan_in}.get(rule, 2 / (fan_in + fan_out))
    nn.init.normal_(layer.bias, 0.0, math.sqrt(variance))


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Weights drawn inside follow from the seed alone; the global random numbers stay as they were.

    With a seed, weights are drawn on the CPU whatever the default device. Without one (None), the
    global random numbers are used, on the default device.
    """
    if seed is None:
        yield
        return
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise InputError(
            "A seed is a whole number", received=repr(seed), allowed="0 up to 2^63 − 1"
        )
    generator = torch.default_generator
    before = generator.get_state()
    generator.manual_seed(seed)  # only this one: torch.manual_seed would reach GPUs too
    try:
        with torch.device("cpu"):
            yield
    finally:
        generator.set_state(before)
