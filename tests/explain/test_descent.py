"""Walks downhill: steps by hand for SGD, known minima, PyTorch's optimisers on the same surface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.surface.descent import OPTIMISERS, descent
from layerwise.explain.surface.formulas import SURFACES

ALL = tuple(OPTIMISERS)


def height(name: str, place: Any) -> float:
    x, y = (torch.tensor(float(part), dtype=torch.float64) for part in place)
    return float(SURFACES[name].height(x, y))


@pytest.mark.parametrize("name", SURFACES)
def test_named_minima_are_minima(name: str) -> None:
    for place in SURFACES[name].minima:
        found = minimize(lambda at: height(name, at), place, tol=1e-12)
        np.testing.assert_allclose(found.x, place, atol=2e-4)
        assert height(name, place) <= found.fun + 1e-9


@pytest.mark.parametrize("name", SURFACES)
def test_slopes_are_those_of_the_surface(name: str) -> None:
    trace = descent(name, rates=(1e-3,), steps=3)
    for moment in trace.where("slope 0"):
        at, nudge = trace["path 0", moment], 1e-6
        slope = [
            (height(name, at + step) - height(name, at - step)) / (2 * nudge)
            for step in nudge * np.eye(2)
        ]
        np.testing.assert_allclose(trace["slope 0", moment], slope, rtol=1e-6, atol=1e-6)
        assert float(trace["loss 0", moment]) == height(name, at)


def test_a_step_is_rate_times_slope() -> None:
    """On ½x² + 5y² a step multiplies x by 1 − rate and y by 1 − 10 rate."""
    rate = 0.15
    trace = descent("ravine", rates=(rate,), start=(-4.0, 1.5), steps=20)
    path = trace.series("path 0")[1]
    steps = np.arange(21)[:, None]
    expected = np.array([-4.0, 1.5]) * np.array([1 - rate, 1 - 10 * rate]) ** steps
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ALL)
def test_optimisers_are_pytorchs(name: str) -> None:
    rate = 0.02
    trace = descent("rosenbrock", optimizer=name, rates=rate / 100, steps=15)
    own = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    kinds = {"SGD": "SGD", "momentum": "SGD", "AdaGrad": "Adagrad", "AdaDelta": "Adadelta",
             "RMSProp": "RMSprop", "Adam": "Adam"}  # fmt: skip
    extra = {"momentum": 0.9} if name == "momentum" else {}
    engine = getattr(torch.optim, kinds[name])([own], lr=rate / 100, **extra)
    for moment in trace.where("path 0"):
        np.testing.assert_array_equal(trace["path 0", moment], own.detach().numpy())
        engine.zero_grad()
        ((1 - own[0]) ** 2 + 100 * (own[1] - own[0] ** 2) ** 2).backward()
        engine.step()


def test_small_right_and_large() -> None:
    trace = descent("ravine", rates=(0.01, 0.15, 0.3), steps=400)
    ends = [trace.series(f"loss {number}")[1] for number in range(3)]
    assert ends[1][-1] < ends[0][-1] < ends[0][0] < ends[2][-1]
    assert trace.about["ended"][2] < 400


def test_a_local_minimum_holds_and_a_saddle_lets_go() -> None:
    held = descent("two valleys", rates=(0.05,), steps=300)
    np.testing.assert_allclose(held["path 0", 301], SURFACES["two valleys"].minima[1], atol=1e-6)
    free = descent("saddle", rates=(0.1,), steps=300)
    np.testing.assert_allclose(np.abs(free["path 0", 301]), [0, 2**0.5], atol=1e-6)
    stays = descent("saddle", rates=(0.1,), start=(-2.0, 0.0), steps=300)
    np.testing.assert_allclose(stays["path 0", 301], [0, 0], atol=1e-12)


def test_a_network_of_two_weights_walks_on_its_own_loss() -> None:
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    y = 0.8 * torch.tanh(1.5 * x)
    trace = descent(network, (x, y), rates=(0.5,), start=(1.0, 1.0), steps=2000, points=7)
    np.testing.assert_allclose(trace["path 0", 2001], [1.5, 0.8], atol=1e-4)
    for row, column in ((0, 3), (6, 1)):
        w, v = trace["x", 0][column], trace["y", 0][row]
        loss = float(((v * torch.tanh(w * x) - y) ** 2).mean())
        assert float(trace["loss", 0][row, column]) == pytest.approx(loss, rel=1e-12)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"rates": (-1.0,)}, "positive"),
    ({"rates": (0.1, 0.1)}, "different"),
    ({"optimizer": ALL, "rates": (0.1, 0.2)}, "one each"),
    ({"optimizer": ALL, "rates": {"SGD": 0.1}}, "Each optimiser needs a rate"),
    ({"start": (1.0,)}, "two finite numbers"),
    ({"steps": 0}, "1 to 10,000"),
    ({"low": (1, 1), "high": (0, 0)}, "lower one first"),
    ({"data": ([1.0], [2.0])}, "no data"),
    ({"optimizer": "Adan", "rates": 0.1}, "Did you mean 'Adam'"),
]


@pytest.mark.parametrize(("options", "said"), BROKEN)
def test_bad_walks_are_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        descent("bowl", **options)


def test_other_surfaces_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="saddle"):
        descent("sadle")
    with pytest.raises(InputError, match="names of two"):
        descent(nn.Linear(2, 2), ([[1.0, 2.0]], [0]))
    with pytest.raises(InputError, match="no weights"):
        descent(nn.Tanh(), ([[1.0]], [[1.0]]))
