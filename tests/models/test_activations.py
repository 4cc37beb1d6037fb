"""Each activation is its formula, is found by its names, and lets gradients through."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special

from layerwise.errors import InputError, UnknownNameError
from layerwise.models import ACTIVATIONS, activation
from layerwise.models.activations import activation_name, is_activation, weight_rule

X = np.linspace(-7, 7, 57)

FORMULAS = {
    "step": np.heaviside(X, 0),
    "identity": X,
    "sigmoid": special.expit(X),
    "tanh": np.tanh(X),
    "relu": np.maximum(X, 0),
    "leaky-relu": np.where(X > 0, X, 0.01 * X),
    "prelu": np.where(X > 0, X, 0.25 * X),
    "elu": np.where(X > 0, X, np.expm1(X)),
    "selu": 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X)),
    "gelu": X * special.ndtr(X),
    "silu": X * special.expit(X),
    "mish": X * np.tanh(np.log1p(np.exp(X))),
    "softplus": np.log1p(np.exp(X)),
    "softsign": X / (1 + np.abs(X)),
    "hardtanh": np.clip(X, -1, 1),
    "hardsigmoid": np.clip(X / 6 + 0.5, 0, 1),
    "hardswish": X * np.clip(X / 6 + 0.5, 0, 1),
    "relu6": np.clip(X, 0, 6),
}


def test_every_activation_has_a_formula_here():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name):
    with torch.no_grad():
        got = activation(name).double()(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(got, FORMULAS[name], atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_are_those_of_finite_differences(name):
    layer = activation(name).double()
    x = torch.from_numpy(np.linspace(-6.95, 6.95, 28)).requires_grad_()  # no corner is hit
    assert torch.autograd.gradcheck(layer, x)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ReLU", "relu"),
        ("leaky relu", "leaky-relu"),
        ("LeakyReLU", "leaky-relu"),
        ("leaky_relu", "leaky-relu"),
        ("swish", "silu"),
        ("Logistic", "sigmoid"),
        ("linear", "identity"),
        ("Hard Swish", "hardswish"),
    ],
)
def test_names_are_found_however_spelled(said, name):
    assert activation_name(said) == name
    assert is_activation(said)


def test_a_fresh_module_each_time():
    assert activation("prelu") is not activation("prelu")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        activation("thanh")
    assert str(caught.value) == "Unknown activation 'thanh'. Did you mean 'tanh'?"
    assert not is_activation("thanh")
    with pytest.raises(InputError):
        activation(torch.nn.ReLU())  # type: ignore[arg-type]


def test_weight_rules():
    assert weight_rule("relu") == weight_rule("swish") == "he"
    assert weight_rule("selu") == "lecun"
    assert weight_rule("tanh") == weight_rule("sigmoid") == "xavier"


@pytest.mark.parametrize(
    ("name", "variance"),
    [("relu", 2 / 300), ("selu", 1 / 300), ("tanh", 2 / 500), ("sigmoid", 2 / 500)],
)
def test_weights_are_drawn_by_the_rule(name, variance):
    from layerwise.models import mlp

    network = mlp([300, 200, 100], name, seed=0)
    weights = network.fc1.weight.detach().numpy()
    # A normal sample's variance scatters by √(2/n); four of those.
    assert abs(weights.var() / variance - 1) < 4 * math.sqrt(2 / weights.size)
    assert abs(weights.mean()) < 4 * math.sqrt(variance / weights.size)
    assert not network.fc1.bias.any()
    last = network.fc2.weight.detach().numpy()
    assert abs(last.var() * 200 - 1) < 4 * math.sqrt(2 / last.size)
