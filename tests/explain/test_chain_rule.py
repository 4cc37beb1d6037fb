"""All paths of the chain rule: their sum against autograd, their number against counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.slopes.chain_rule import chain_rule
from layerwise.models.activations import ACTIVATIONS
from layerwise.models.mlp import mlp

SMOOTH = tuple(name for name in ACTIVATIONS if name != "step")


@pytest.mark.parametrize("activation", SMOOTH)
def test_paths_add_up_to_autograd(activation: str) -> None:
    """Every weight and bias of 2-3-3-2, with any activation."""
    drawn = np.random.Generator(np.random.Philox(len(activation)))
    network = mlp("2-3-3-2", activation, seed=3)
    x = drawn.standard_normal(2)
    exact = network.double()
    loss = nn.functional.cross_entropy(exact(torch.tensor(x)[None]), torch.tensor([1]))
    names = [name for name, _ in exact.named_parameters() if not name.startswith("act")]
    slopes = torch.autograd.grad(loss, [dict(exact.named_parameters())[name] for name in names])
    for name, slope in zip(names, slopes, strict=True):
        for place in list(np.ndindex(tuple(slope.shape)))[::3]:
            trace = chain_rule(network, x, 1, weight=(name, place))
            last = len(trace) - 1
            found = float(slope[place])
            assert float(trace["gradient", last]) == pytest.approx(found, abs=1e-15)
            assert float(trace["partial sum", last - 1]) == pytest.approx(found, abs=1e-12)


def test_in_2_3_3_2_there_are_six_paths_from_a_first_weight() -> None:
    trace = chain_rule(mlp("2-3-3-2", "tanh", seed=1), [0.5, -1.0], 1, weight="fc1.weight[0, 1]")
    moments = trace.where("neurons")
    ways = {tuple(trace["neurons", moment].tolist()) for moment in moments}
    assert ways == {(0, middle, last) for middle in range(3) for last in range(2)}
    for moment in moments:
        assert float(trace["product", moment]) == float(np.prod(trace["factors", moment]))
    products = [float(trace["product", moment]) for moment in moments]
    assert float(trace["partial sum", moments[-1]]) == sum(products)


@pytest.mark.parametrize(("weight", "paths"), [("fc2.weight[1, 2]", 2), ("fc3.bias[0]", 1)])
def test_later_weights_have_fewer_paths(weight: str, paths: int) -> None:
    trace = chain_rule(mlp("2-3-3-2", "tanh", seed=1), [0.5, -1.0], [0.0, 1.0], weight=weight)
    assert trace.about["paths"] == paths
    assert abs(float(trace["difference", len(trace) - 1])) < 1e-14


def test_paths_match_finite_differences() -> None:
    network = mlp("3-4-3", "gelu", seed=2).double()
    x, nudge = torch.tensor([[0.3, -0.7, 1.1]], dtype=torch.float64), 1e-6
    trace = chain_rule(network, x, 2, weight="fc1.weight[2, 1]")
    losses = []
    with torch.no_grad():
        for sign in (1, -1):
            network.fc1.weight[2, 1] += sign * nudge
            losses.append(float(nn.functional.cross_entropy(network(x), torch.tensor([2]))))
            network.fc1.weight[2, 1] -= sign * nudge
    slope = (losses[0] - losses[1]) / (2 * nudge)
    assert float(trace["partial sum", len(trace) - 2]) == pytest.approx(slope, abs=1e-6)


class Skips(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.other(self.one(x))


def test_too_many_paths_are_counted_not_walked() -> None:
    with pytest.raises(InputError, match="8,192 paths"):
        chain_rule(mlp("2-4-16-16-16-2", "tanh", seed=0), [1.0, 2.0], 0)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Skips(), "computes something between"),
        (nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 2)), "LayerNorm"),
        (nn.Sequential(nn.Linear(2, 3), nn.Softmax(1), nn.Linear(3, 2)), "Softmax"),
        (mlp("2-3-2", "step", seed=0), "'sign' has no slope"),
    ],
)
def test_other_networks_are_refused(model: nn.Module, said: str) -> None:
    with pytest.raises(InputError, match=said):
        chain_rule(model, [1.0, 2.0], 0)


@pytest.mark.parametrize(
    ("weight", "said"),
    [("fc1.weight[9, 0]", "no such place"), ("fc1.weight", "square brackets")],
)
def test_places_are_checked(weight: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        chain_rule(mlp("2-3-2", "tanh", seed=0), [1.0, 2.0], 0, weight=weight)


def test_the_nearest_weights_are_offered() -> None:
    with pytest.raises(UnknownNameError, match=r"fc1\.weight"):
        chain_rule(mlp("2-3-2", "tanh", seed=0), [1.0, 2.0], 0, weight="fc1.wieght[0, 0]")


def test_one_sample_only() -> None:
    with pytest.raises(InputError, match="one sample"):
        chain_rule(mlp("2-3-2", "tanh", seed=0), [[1.0, 2.0], [3.0, 4.0]], [0, 1])
