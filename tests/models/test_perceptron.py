"""One neuron: its sum, its answer, and weights that are set or refused."""

from __future__ import annotations

import math

import pytest
import torch

from layerwise.errors import InputError
from layerwise.models import festival, perceptron

PHOTO = torch.tensor([[0.5, 0, -0.75, 0.75]])


def test_the_festival_neuron_goes_above_25():
    neuron = festival()
    marks = torch.tensor([[3.0, 2, 4, 2], [3, 2, 4, 1], [0, 0, 0, 0]])  # sums 26, 25, 0
    assert neuron.fc1(marks).flatten().tolist() == [1, 0, -25]
    assert neuron(marks).flatten().tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("activation", "value"),
    [("identity", -1.075), ("tanh", math.tanh(-1.075)), ("sigmoid", 1 / (1 + math.exp(1.075)))],
)
def test_the_worked_neuron(activation, value):
    neuron = perceptron(4, activation, weights=[-0.2, 0, 0.8, -0.5], bias=0)
    assert neuron(PHOTO).item() == pytest.approx(value, abs=1e-6)


def test_several_neurons_side_by_side():
    layer = perceptron(2, "identity", outputs=3, weights=[[1, 0], [0, 1], [1, 1]], bias=[0, 0, 5])
    assert layer(torch.tensor([[2.0, 3.0]])).tolist() == [[2, 3, 10]]
    assert [name for name, _ in layer.named_children()] == ["fc1"]


def test_images_are_flattened():
    assert perceptron(4)(torch.zeros(5, 1, 2, 2)).shape == (5, 1)


def test_the_step_passes_no_gradient_and_no_error():
    neuron = perceptron(4, seed=1)
    neuron(PHOTO).sum().backward()
    assert not neuron.fc1.weight.grad.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [1, 2]}, "The weights must be of shape (1, 4). Received shape (2,)."),
        ({"bias": [1, 2]}, "The bias must be of shape (1,). Received shape (2,)."),
        ({"weights": "heavy"}, "The weights must be numbers. Received 'heavy'."),
        ({"inputs": 0}, "The inputs of a neuron are 1 or more. Received 0."),
        ({"outputs": 1.5}, "The outputs of a neuron are 1 or more. Received 1.5."),
        ({"seed": -1}, "A seed is a whole number. Received -1. 0 up to 2^63 − 1."),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(InputError) as caught:
        perceptron(**{"inputs": 4, **options})
    assert str(caught.value) == message
