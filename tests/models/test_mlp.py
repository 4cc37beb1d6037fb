"""The multilayer perceptron equals its sums written out; same seed, same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from layerwise.errors import InputError, UnknownNameError
from layerwise.models import mlp, spec_of


def names(model):
    return [name for name, _ in model.named_children()]


def test_it_equals_its_sums_written_out():
    network = mlp("6-5-4-3", "tanh", seed=0)
    x = np.random.default_rng(0).normal(size=(7, 6)).astype(np.float32)
    value = x
    for k in (1, 2, 3):
        dense = network.get_submodule(f"fc{k}")
        value = value @ dense.weight.detach().numpy().T + dense.bias.detach().numpy()
        value = np.tanh(value) if k < 3 else value
    np.testing.assert_allclose(network(torch.from_numpy(x)).detach(), value, rtol=1e-5, atol=1e-6)


def test_with_batch_norm_it_equals_the_functional_form():
    network = mlp([4, 8, 2], "gelu", norm="batch", seed=3)
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    hidden = F.linear(x, network.fc1.weight, network.fc1.bias)
    hidden = F.gelu(F.batch_norm(hidden, None, None, training=True))
    expected = F.linear(hidden, network.fc2.weight, network.fc2.bias)
    torch.testing.assert_close(network(x), expected)


def test_parts_are_named_in_order():
    assert names(mlp("4-3-3-2", dropout=0.1, norm="layer")) == [
        *("fc1", "norm1", "act1", "drop1"),
        *("fc2", "norm2", "act2", "drop2"),
        "fc3",
    ]
    assert names(mlp([4, 2])) == ["fc1"]


@pytest.mark.parametrize("sizes", ["784-64-32-4", [784, 64, 32, 4], (784, 64, np.int64(32), 4)])
def test_parameters_are_counted(sizes):
    network = mlp(sizes)
    assert sum(p.numel() for p in network.parameters()) == 785 * 64 + 65 * 32 + 33 * 4
    assert spec_of(network) == "784-64-32-4"


def test_images_are_flattened():
    network = mlp("12-4-2", seed=0)
    images = torch.randn(5, 3, 2, 2)
    assert torch.equal(network(images), network(images.reshape(5, 12)))


def test_gradients_reach_every_parameter():
    network = mlp("4-8-8-3", "elu", norm="layer", seed=0)
    F.cross_entropy(network(torch.randn(6, 4)), torch.tensor([0, 1, 2, 0, 1, 2])).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_a_seed_gives_the_same_weights_and_leaves_chance_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second, other = mlp("9-9-9", seed=1), mlp("9-9-9", seed=1), mlp("9-9-9", seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.fc1.weight, second.fc1.weight)
    assert not torch.equal(first.fc1.weight, other.fc1.weight)


def test_without_a_seed_the_global_random_numbers_decide():
    torch.manual_seed(5)
    first = mlp("9-9-9")
    torch.manual_seed(5)
    second, third = mlp("9-9-9"), mlp("9-9-9")
    assert torch.equal(first.fc1.weight, second.fc1.weight)
    assert not torch.equal(second.fc1.weight, third.fc1.weight)


def test_chance_is_left_alone_after_an_error_too():
    before = torch.get_rng_state()
    with pytest.raises(UnknownNameError):
        mlp("4-3-2", "rely", seed=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("sizes", ["784", "", "4--3", "4-0-2", "a-b", [4], [4, 2.5], [4, True], 7])
def test_sizes_that_cannot_be(sizes):
    with pytest.raises(InputError, match=r"^An mlp needs two sizes or more, inputs first and"):
        mlp(sizes)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 10, float("nan"), "half", True])
def test_dropout_that_cannot_be(dropout):
    with pytest.raises(InputError, match=r"^Dropout is the share of neurons left out"):
        mlp("4-3-2", dropout=dropout)


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="Did you mean 'batch'"):
        mlp("4-3-2", norm="bach")
    with pytest.raises(UnknownNameError, match="Did you mean 'relu'"):
        mlp("4-3-2", "relo")
