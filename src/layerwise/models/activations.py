"""Activations by name: what a neuron does with its sum, and how weights before it are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import InputError, unknown_name

WeightRule: TypeAlias = Literal["he", "lecun", "xavier"]


class Step(nn.Module):
    """1 where the sum is above zero, else 0: the first neuron's answer.

    Its derivative is zero everywhere, so that nothing before it learns by gradients.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape → the same shape, each value 0 or 1."""
        return torch.relu(torch.sign(x))


@dataclass(frozen=True)
class Activation:
    """One activation: its name, its formula, and the rule for weights that feed it."""

    name: str
    formula: str
    weights: WeightRule
    make: Callable[[], nn.Module]
    aliases: tuple[str, ...] = ()


ACTIVATIONS: Final = {
    entry.name: entry
    for entry in (
        Activation("step", "1 if x > 0 else 0", "xavier", Step, ("heaviside", "threshold")),
        Activation("identity", "x", "lecun", nn.Identity, ("linear",)),
        Activation("sigmoid", "1 / (1 + e⁻ˣ)", "xavier", nn.Sigmoid, ("logistic",)),
        Activation("tanh", "(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)", "xavier", nn.Tanh),
        Activation("relu", "max(0, x)", "he", nn.ReLU),
        Activation("leaky-relu", "x if x > 0 else 0.01 x", "he", nn.LeakyReLU),
        Activation("prelu", "x if x > 0 else a x, a is learned", "he", nn.PReLU),
        Activation("elu", "x if x > 0 else eˣ − 1", "he", nn.ELU),
        Activation("selu", "1.0507 x if x > 0 else 1.7581 (eˣ − 1)", "lecun", nn.SELU),
        Activation("gelu", "x Φ(x), Φ the normal distribution", "he", nn.GELU),
        Activation("silu", "x / (1 + e⁻ˣ)", "he", nn.SiLU, ("swish",)),
        Activation("mish", "x tanh(ln(1 + eˣ))", "he", nn.Mish),
        Activation("softplus", "ln(1 + eˣ)", "xavier", nn.Softplus),
        Activation("softsign", "x / (1 + |x|)", "xavier", nn.Softsign),
        Activation("hardtanh", "min(1, max(−1, x))", "xavier", nn.Hardtanh),
        Activation("hardsigmoid", "min(1, max(0, x/6 + 1/2))", "xavier", nn.Hardsigmoid),
        Activation("hardswish", "x hardsigmoid(x)", "he", nn.Hardswish),
        Activation("relu6", "min(6, max(0, x))", "he", nn.ReLU6),
    )
}
"""Every activation that can be named, in the order in which they came into use."""

_BY_SPELLING: Final = {
    spelling.replace("-", ""): entry.name
    for entry in ACTIVATIONS.values()
    for spelling in (entry.name, *entry.aliases)
}


def activation(name: str) -> nn.Module:
    """A fresh module for the activation of that name: relu, tanh, leaky-relu, swish …

    Letter case, spaces, hyphens and underscores do not matter: "LeakyReLU" is "leaky relu".
    Raises `UnknownNameError` with the nearest known name.
    """
    return ACTIVATIONS[activation_name(name)].make()


def activation_name(name: str) -> str:
    """The one spelling of an activation's name: "Swish" → "silu", "leaky_relu" → "leaky-relu"."""
    if not isinstance(name, str):
        raise InputError("An activation is given by its name", received=repr(name))
    known = _BY_SPELLING.get(_spelling(name))
    if known is None:
        raise unknown_name("activation", name, ACTIVATIONS)
    return known


def is_activation(name: str) -> bool:
    """Whether a word names an activation."""
    return _spelling(name) in _BY_SPELLING


def weight_rule(name: str) -> WeightRule:
    """How weights that feed this activation are drawn: "he", "lecun" or "xavier"."""
    return ACTIVATIONS[activation_name(name)].weights


def _spelling(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " -_")
