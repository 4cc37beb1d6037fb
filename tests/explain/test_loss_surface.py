"""Loss surfaces: every point against a plain forward pass, planes against scikit-learn's PCA."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.slopes.answer_error import prepared
from layerwise.explain.surface.loss_surface import loss_surface
from layerwise.explain.surface.plane import path_plane, random_plane
from layerwise.explain.surface.plane_losses import multiplications, one_by_one, plane_losses
from layerwise.models.mlp import mlp


def data(samples: int = 30, features: int = 2, classes: int = 3) -> tuple[Any, Any]:
    drawn = torch.Generator().manual_seed(5)
    x = torch.randn(samples, features, generator=drawn)
    return x, torch.randint(0, classes, (samples,), generator=drawn)


def walk(network: nn.Module, x: Any, y: Any, steps: int = 12) -> list[dict[str, Any]]:
    own = deepcopy(network)
    engine = torch.optim.SGD(own.parameters(), lr=0.3, momentum=0.8)
    states = []
    for _ in range(steps):
        states.append({name: value.clone() for name, value in own.state_dict().items()})
        engine.zero_grad()
        nn.functional.cross_entropy(own(x), y).backward()
        engine.step()
    return states


class Skips(nn.Module):
    """Not a chain: goes by way of vmap."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.out = nn.Linear(2, 2), nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x + torch.tanh(self.one(x)))


class Sorts(Skips):
    """Has a step in Python that no stack of weights can take: goes point by point."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value = self.one(x)
        return self.out(value if float(value.sum()) > 0 else -value)


NETWORKS = [
    mlp("2-5-4-3", "tanh", seed=1),
    mlp("2-6-3", "relu", dropout=0.3, seed=2),
    mlp("2-4-3", "prelu", seed=2),
    nn.Sequential(nn.Linear(2, 4, bias=False), nn.GELU(), nn.Linear(4, 3, bias=False)),
    mlp("2-5-3", "relu", norm="batch", seed=3),
    Skips(),
    Sorts(),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
def test_points_together_are_points_alone(network: nn.Module) -> None:
    x, y = data()
    own = deepcopy(network).double().eval()
    batch, wrong = prepared(own, x, y, None, torch.float64)
    plane = random_plane(own, seed=4)
    places = np.random.Generator(np.random.Philox(1)).uniform(-1, 1, (150, 2))
    together = plane_losses(own, plane, batch, wrong)(places)
    np.testing.assert_allclose(together, one_by_one(own, plane, batch, wrong)(places), rtol=1e-12)


def test_two_weights_are_exact() -> None:
    network = mlp("2-3-3", "tanh", seed=1)
    x, y = data()
    names = ("fc1.weight[2, 0]", "fc2.bias[1]")
    trace = loss_surface(network, (x, y), weights=names, points=6)
    last = trace.where("loss")[-1]
    for row, column in ((0, 0), (3, 5), (5, 2)):
        own = deepcopy(network).double()
        with torch.no_grad():
            own.fc1.weight[2, 0] = float(trace["x", 0][column])
            own.fc2.bias[1] = float(trace["y", 0][row])
            loss = float(nn.functional.cross_entropy(own(x.double()), y))
        assert float(trace["loss", last][row, column]) == pytest.approx(loss, rel=1e-13)
    end = len(trace) - 1
    assert float(trace["path x", end][0]) == pytest.approx(float(network.fc1.weight[2, 0].detach()))
    assert float(trace["gap", end][0]) == pytest.approx(0, abs=1e-14)


def test_directions_have_the_filters_lengths() -> None:
    network = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Linear(12, 4))
    plane = random_plane(network, seed=7)
    for direction in (plane.first, plane.second):
        for name, own in network.named_parameters():
            if own.ndim == 1:
                assert not bool(direction[name].any())
                continue
            lengths = direction[name].flatten(1).norm(dim=1)
            torch.testing.assert_close(lengths, own.detach().flatten(1).norm(dim=1))
    assert not torch.equal(plane.first["0.weight"], plane.second["0.weight"])


def test_the_paths_plane_is_its_principal_components() -> None:
    network = mlp("2-4-3", "tanh", seed=1)
    x, y = data()
    states = walk(network, x, y)
    plane = path_plane(network, states)
    rows = np.stack([np.concatenate([v.numpy().ravel() for v in s.values()]) for s in states])
    known = PCA(2, svd_solver="full").fit(rows.astype(np.float64))
    np.testing.assert_allclose(plane.kept, known.explained_variance_ratio_, rtol=1e-9)
    assert plane.path is not None
    theirs = known.transform(rows.astype(np.float64))
    np.testing.assert_allclose(np.abs(plane.path), np.abs(theirs), atol=1e-9)


def test_gap_is_plane_minus_true() -> None:
    network = mlp("2-4-3", "tanh", seed=1)
    x, y = data()
    states = walk(network, x, y)
    trace = loss_surface(network, (x, y), plane="path", path=states, points=5)
    end = len(trace) - 1
    own = deepcopy(network)
    for number, state in enumerate(states):
        own.load_state_dict(state)
        loss = float(nn.functional.cross_entropy(own(x), y).detach())
        assert float(trace["path loss", end][number]) == pytest.approx(loss, rel=1e-5)
    gap = trace["plane loss", end] - trace["path loss", end]
    np.testing.assert_array_equal(trace["gap", end], gap)


def test_coarse_levels_agree_with_the_finest() -> None:
    x, y = data()
    told: list[tuple[int, int]] = []
    trace = loss_surface(
        NETWORKS[0], (x, y), plane="random", points=11,
        progress=lambda done, every: told.append((done, every)),
    )  # fmt: skip
    levels = trace.where("loss")
    final = trace["loss", levels[-1]]
    assert bool(trace["computed", levels[-1]].all())
    assert told[-1] == (121, 121)
    for level in levels:
        known = trace["computed", level]
        np.testing.assert_array_equal(trace["loss", level][known], final[known])
        stride = int(trace.moments[level].at["stride"])
        near = np.arange(11) // stride * stride
        np.testing.assert_array_equal(trace["loss", level], final[np.ix_(near, near)])


def test_a_budget_ends_the_refining() -> None:
    x, y = data()
    trace = loss_surface(NETWORKS[0], (x, y), plane="random", points=33, budget_s=0.0)
    level = trace.where("loss")[-1]
    assert 0 < int(trace["computed", level].sum()) < 33 * 33
    assert np.isfinite(trace["loss", level]).all()


def test_losses_that_are_no_numbers_stay_so() -> None:
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    trace = loss_surface(
        network, ([[1.0]], [[1.0]]), weights=("0.weight[0, 0]", "1.weight[0, 0]"), points=5,
        low=(-1e200, -1e200), high=(1e200, 1e200),
    )  # fmt: skip
    assert not np.isfinite(trace["loss", trace.where("loss")[-1]]).all()


def test_equal_inputs_equal_arrays() -> None:
    x, y = data()
    one, other = (loss_surface(NETWORKS[0], (x, y), plane="random", points=9) for _ in range(2))
    level = one.where("loss")[-1]
    np.testing.assert_array_equal(one["loss", level], other["loss", level])


def test_bad_planes_are_said() -> None:
    network, (x, y) = NETWORKS[0], data()
    state = dict(network.state_dict())
    line = [{name: (1 + step) * value for name, value in state.items()} for step in range(4)]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"plane": "path", "path": [state] * 5}, "variance is zero"),
        ({"plane": "path", "path": line}, "one line"),
        ({"plane": "path"}, "needs the path"),
        ({"plane": "path", "path": [{"other": state["fc1.bias"]}] * 3}, "has no weights"),
        ({"plane": "path", "path": 3}, "list of state dicts"),
        ({"plane": "weights"}, "names of two"),
        ({"plane": "weights", "weights": ("fc1.bias[0]", "fc1.bias[0]")}, "two different"),
        ({"plane": "weights", "weights": ("fc1.bias[0]", "fc1.bias[77]")}, "no such place"),
        ({"plane": "random", "low": (1.0, 1.0), "high": (0.0, 2.0)}, "lower one first"),
        ({"plane": "random", "points": 1}, "2 to 501"),
    ]
    for options, said in cases:
        with pytest.raises(InputError, match=said):
            loss_surface(network, (x, y), **options)
    with pytest.raises(UnknownNameError, match="random"):
        loss_surface(network, (x, y), plane="radnom")
    with pytest.raises(InputError, match="no weights"):
        loss_surface(nn.Tanh(), (x, y), plane="random")
    with pytest.raises(InputError, match="inputs and targets"):
        loss_surface(network, x, plane="random")


@pytest.mark.parametrize("sizes", ["7-5-3", "4-9-9-2"])
def test_multiplications_are_those_that_torch_counts(sizes: str) -> None:
    network, x = mlp(sizes, "tanh", seed=0), torch.zeros(6, int(sizes[0]))
    with torch.no_grad(), FlopCounterMode(display=False) as counted:
        network(x)
    alone, together = multiplications(network, len(x))
    assert 2 * alone == counted.get_total_flops()
    first = network.fc1
    assert alone - together == len(x) * first.out_features * (first.in_features - 3)
