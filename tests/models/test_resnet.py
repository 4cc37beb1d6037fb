"""Residual networks: published sizes, another library's outputs, blocks by hand, any depth."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.utils.checkpoint import checkpoint_sequential

from layerwise.errors import InputError, UnknownNameError
from layerwise.models import resnet, spec_of
from layerwise.models.resnet import Block
from layerwise.models.spec import RESIDUALS, nearest_depth


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("depth", "shape", "classes", "parameters"),
    [
        (18, (3, 224, 224), 1000, 11_689_512),
        (34, (3, 224, 224), 1000, 21_797_672),
        (50, (3, 224, 224), 1000, 25_557_032),
        (101, (3, 224, 224), 1000, 44_549_160),
        (152, (3, 224, 224), 1000, 60_192_808),
        (20, (3, 32, 32), 10, 272_474),
        (56, (3, 32, 32), 10, 855_770),
        (110, (3, 32, 32), 10, 1_730_714),
    ],
)
def test_published_numbers_of_parameters(depth, shape, classes, parameters):
    with torch.device("meta"):
        assert count(resnet(shape, classes, depth)) == parameters


def from_transformers(state):
    """The state of that library's ResNet under our names."""
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        kind = {"convolution": "conv", "normalization": "bn"}.get(parts[-2], "")
        if parts[0] == "classifier":
            renamed[f"fc.{parts[-1]}"] = value
        elif parts[1] == "embedder":
            renamed[f"{kind}1.{parts[-1]}"] = value
        else:
            start = f"layer{int(parts[3]) + 1}.{parts[5]}"
            if parts[6] == "shortcut":
                place = f"downsample.{0 if kind == 'conv' else 1}"
            else:
                place = f"{kind}{int(parts[7]) + 1}"
            renamed[f"{start}.{place}.{parts[-1]}"] = value
    return renamed


@pytest.mark.parametrize("depth", [18, 50])
def test_outputs_are_those_of_another_library(depth):
    from transformers import ResNetConfig, ResNetForImageClassification

    wide = 4 if depth == 50 else 1
    config = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8 * wide, 16 * wide, 32 * wide, 64 * wide],
        depths=[2, 2, 2, 2] if depth == 18 else [3, 4, 6, 3],
        layer_type="basic" if depth == 18 else "bottleneck",
        num_labels=5,
    )
    torch.manual_seed(0)
    oracle = ResNetForImageClassification(config)
    network = resnet((3, 64, 72), 5, depth, width=8)
    network.load_state_dict(from_transformers(oracle.state_dict()), strict=True)
    x = torch.randn(3, 3, 64, 72)
    torch.testing.assert_close(network.train()(x), oracle.train()(x).logits)
    torch.testing.assert_close(network.eval()(x), oracle.eval()(x).logits)


@pytest.mark.parametrize("kind", ["convolutional", "dense"])
@pytest.mark.parametrize("residual", RESIDUALS)
def test_every_kind_gives_logits_and_gradients(kind, residual):
    shape = (1, 8, 8) if kind == "convolutional" else (6,)
    network = resnet(shape, 3, 14, 4, kind, residual, "elu", seed=0)
    logits = network(torch.randn(5, *shape))
    assert logits.shape == (5, 3)
    F.cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1])).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    alphas = [p for name, p in network.named_parameters() if name.endswith("alpha")]
    blocks = 6 if kind == "convolutional" else 12
    assert len(alphas) == (blocks if residual == "rezero" else 0)
    assert not any(alpha.item() for alpha in alphas)
    assert all(alpha.grad.abs() > 0 for alpha in alphas)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_a_dense_block_by_hand(residual):
    network = resnet((4,), 2, 11, 4, "dense", residual, seed=2)
    block = network.blocks[0]
    if residual == "rezero":
        with torch.no_grad():
            block.alpha.fill_(0.3)
    x = torch.randn(6, 4)
    weight = block.fc.weight
    expected = {
        "plain": lambda: x + torch.relu(x @ weight.T),
        "batch-norm": lambda: x + torch.relu(F.batch_norm(x @ weight.T, None, None, training=True)),
        "pre-norm": lambda: x + torch.relu(F.layer_norm(x, (4,)) @ weight.T) / 3,  # √9 blocks
        "rezero": lambda: x + 0.3 * torch.relu(x @ weight.T),
        "none": lambda: torch.relu(x @ weight.T),
    }[residual]()
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_a_convolutional_block_by_hand(residual):
    torch.manual_seed(0)
    block = Block(4, 4, 1, False, residual, "relu", 9).eval()
    x = torch.randn(2, 4, 5, 5)
    first, second = block.conv1.weight, block.conv2.weight
    root = math.sqrt(1 + 1e-5)  # batch normalization before it has seen anything

    def convolve(value, weight, bias):
        return F.conv2d(value, weight, bias, padding=1)

    with torch.no_grad():
        if residual == "pre-norm":
            change = convolve(torch.relu(x / root), first, None)
            expected = x + convolve(torch.relu(change / root), second, None) / 3
        elif residual in ("plain", "rezero"):
            if residual == "rezero":
                block.alpha.fill_(0.5)
            change = convolve(torch.relu(convolve(x, first, block.conv1.bias)), second, None)
            change = change + block.conv2.bias[:, None, None]
            expected = torch.relu(x + (0.5 if residual == "rezero" else 1) * change)
        else:
            change = convolve(torch.relu(convolve(x, first, None) / root), second, None) / root
            expected = torch.relu(x * (residual == "batch-norm") + change)
        torch.testing.assert_close(block(x), expected)


def test_rezero_starts_as_no_more_than_its_ends():
    network = resnet((2,), 2, 400, 8, "dense", "rezero", seed=0)
    x = torch.randn(5, 2)
    first = torch.relu(F.linear(x, network.fc_in.weight, network.fc_in.bias))
    short = F.linear(first, network.fc_out.weight)
    assert torch.equal(network(x), short)


def test_the_first_biases_are_drawn_as_weights_so_that_distance_is_seen():
    network = resnet((2,), 2, 12, 4096, "dense", "rezero", seed=0)
    drawn = network.fc_in.bias.detach()
    assert abs(float(drawn.mean())) < 0.06
    assert abs(float(drawn.std()) - 1) < 0.06  # 2 / fan_in, with two inputs
    assert all(not block.fc.bias.any() for block in network.blocks)
    far = network(torch.tensor([[3.0, -1.5]])) - 3 * network(torch.tensor([[1.0, -0.5]]))
    assert far.abs().max() > 0.01


def test_small_images_keep_their_size_and_large_ones_get_the_stem():
    small, large = resnet((3, 32, 32), 4, 18, 4), resnet((3, 64, 64), 4, 18, 4)
    assert small.conv1.kernel_size == (3, 3)
    assert small.maxpool is None
    assert large.conv1.kernel_size == (7, 7)
    assert small.layer1(small.conv1(torch.zeros(1, 3, 32, 32))).shape == (1, 4, 32, 32)
    stem = large.maxpool(large.conv1(torch.zeros(1, 3, 64, 64)))
    assert large.layer4(large.layer3(large.layer2(large.layer1(stem)))).shape == (1, 32, 2, 2)


def test_ten_thousand_layers_run():
    network = resnet((2,), 2, 10_000, None, "dense", "rezero", seed=0)
    assert len(network.blocks) == 9_998
    assert count(network) == 3 * 64 + 65 * 2 + 9_998 * (64 * 65 + 1)
    x = torch.randn(4, 2)
    with torch.no_grad():
        logits = network(x)
    assert logits.shape == (4, 2)
    assert torch.isfinite(logits).all()


def test_the_blocks_can_be_cut_for_checkpointing():
    network = resnet((2,), 2, 50, 8, "dense", "pre-norm", seed=0)
    x = torch.randn(6, 8)
    network.blocks(x).square().sum().backward()
    whole = [p.grad.clone() for p in network.blocks.parameters()]
    network.zero_grad()
    cut = checkpoint_sequential(network.blocks, 6, x, use_reentrant=False)
    cut.square().sum().backward()
    for one, other in zip(whole, network.blocks.parameters(), strict=True):
        assert torch.equal(one, other.grad)


def test_a_deep_rezero_network_learns():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(128, 2, generator=generator)
    y = (x[:, 0] * x[:, 1] > 0).long()  # no line parts these
    network = resnet((2,), 2, 60, 16, "dense", "rezero", seed=0)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(network(x), y).backward()
        optimizer.step()
    assert (network(x).argmax(1) == y).float().mean() > 0.95


def test_a_seed_gives_the_same_weights():
    first, second = (resnet((1, 8, 8), 3, 8, seed=7).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("options", "spec"),
    [
        ({}, "resnet-18"),
        ({"depth": 50, "residual": "rezero"}, "resnet-50 rezero"),
        ({"depth": 20}, "resnet-20"),
        ({"depth": 20, "width": 64}, "resnet-20 width=64"),
        ({"depth": 9, "kind": "dense", "residual": "Batch Norm"}, "resnet-9 dense batch-norm"),
        ({"depth": 9, "kind": "dense", "activation": "tanh"}, "resnet-9 dense tanh"),
    ],
)
def test_it_is_said(options, spec):
    with torch.device("meta"):
        assert spec_of(resnet((3, 16, 16), 4, **options)) == spec


@pytest.mark.parametrize(("depth", "near"), [(51, 50), (1, 8), (36, 34), (40, 38), (10**9, 1202)])
def test_depths_that_cannot_be_are_answered_with_the_nearest(depth, near):
    assert nearest_depth(depth) == near
    with pytest.raises(InputError, match=rf"^No convolutional resnet has {depth} .* {near}\.$"):
        resnet((3, 8, 8), 4, depth)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match=r"^A dense resnet has 3 layers or more"):
        resnet((8,), 4, 2, kind="dense")
    with pytest.raises(UnknownNameError, match="Did you mean 'rezero'"):
        resnet((8,), 4, 9, kind="dense", residual="re-zero")
    with pytest.raises(UnknownNameError, match="Did you mean 'dense'"):
        resnet((8,), 4, 9, kind="dens")
    with pytest.raises(InputError, match=r"^A convolutional resnet needs images of shape"):
        resnet((8,), 4, 18)
