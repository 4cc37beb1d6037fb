"""The ConvNet of four layers and the network in network: shapes, sums, parameters, gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from layerwise.errors import InputError
from layerwise.models import cnn, nin, spec_of


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (1, 70, 70), (3, 32, 20), (1, 4, 5)])
@pytest.mark.parametrize("make", [cnn, nin])
@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_any_image_gives_logits_and_gradients(make, shape, norm):
    network = make(shape, 7, width=4, norm=norm, dropout=0.1, seed=0)
    x = torch.rand(3, *shape, generator=torch.Generator().manual_seed(1))
    logits = network(x)
    assert logits.shape == (3, 7)
    F.cross_entropy(logits, torch.tensor([0, 3, 6])).backward()
    assert all(p.grad is not None for p in network.parameters())
    # A bias before batch normalization has no say; every weight has.
    weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
    assert all(torch.isfinite(p.grad).all() and p.grad.abs().sum() > 0 for p in weights)


def test_the_convnet_equals_its_functional_form():
    network = cnn((1, 9, 8), 3, width=2, activation="tanh", seed=4)
    x = torch.randn(5, 1, 9, 8)
    y = F.max_pool2d(torch.tanh(F.conv2d(x, network.conv1.weight, padding=1)), 2)
    y = F.max_pool2d(torch.tanh(F.conv2d(y, network.conv2.weight, padding=1)), 2)
    y = torch.tanh(F.linear(y.flatten(1), network.fc1.weight))
    torch.testing.assert_close(network(x), F.linear(y, network.fc2.weight))  # biases start at 0


def test_network_in_network_equals_its_functional_form():
    network = nin((2, 6, 6), 3, width=4, norm=None, seed=4)
    y = x = torch.randn(5, 2, 6, 6)
    for k, kernel in ((1, 5), (2, 5), (3, 3)):
        block = network.get_submodule(f"block{k}")
        y = torch.relu(F.conv2d(y, block.conv.weight, padding=kernel // 2))
        y = torch.relu(torch.einsum("oc,nchw->nohw", block.mix1.weight[:, :, 0, 0], y))
        y = torch.einsum("oc,nchw->nohw", block.mix2.weight[:, :, 0, 0], y)
        if k < 3:
            y = F.max_pool2d(torch.relu(y), 3, 2, 1)
    torch.testing.assert_close(network(x), y.mean((2, 3)), rtol=1e-4, atol=1e-5)


def test_parameters_by_hand():
    assert count(cnn((1, 28, 28), 10)) == (
        (9 + 1) * 32 + (9 * 32 + 1) * 64 + (64 * 7 * 7 + 1) * 128 + 129 * 10
    )
    mix = (96 + 1) * 96
    convolutions = (75 + 1) * 96 + (25 * 96 + 1) * 96 + (9 * 96 + 1) * 96
    assert count(nin((3, 32, 32), 10, norm=None)) == convolutions + 5 * mix + 97 * 10


def test_the_convnet_is_said():
    assert spec_of(cnn((1, 8, 8), 3)) == "cnn"
    assert spec_of(cnn((1, 8, 8), 3, 16, "Swish", 0.25, "batch")) == (
        "cnn 16 silu dropout=0.25 norm=batch"
    )
    assert spec_of(nin((1, 8, 8), 3, norm=None)) == "nin norm=none"


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (cnn, (1, 3, 9), "A cnn needs images of shape (channel, row, column) with 4 or more rows"),
        (cnn, (64,), "A cnn needs images of shape (channel, row, column)"),
        (nin, (8, 8), "A nin needs images of shape (channel, row, column). Received shape (8, 8)"),
        (cnn, (1, 0, 9), "The shape of a sample is one or more positive whole numbers"),
        (cnn, "1x8x8", "The shape of a sample is one or more positive whole numbers"),
        (cnn, 8, "The shape of a sample is one or more positive whole numbers"),
    ],
)
def test_shapes_that_cannot_be(make, shape, message):
    with pytest.raises(InputError) as caught:
        make(shape, 3)
    assert str(caught.value).startswith(message)


def test_numbers_that_cannot_be():
    with pytest.raises(InputError, match=r"^The width is a whole number, 1 or more. Received 0."):
        cnn((1, 8, 8), 3, width=0)
    with pytest.raises(InputError, match=r"^The number of classes is a whole number, 1 or more"):
        nin((1, 8, 8), 0)
