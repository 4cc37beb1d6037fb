"""Slopes by nudging and by backpropagation: against autograd, finite differences and counting."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.slopes.local_derivatives import local_derivatives
from layerwise.explain.slopes.nudges import nudges
from layerwise.models.mlp import mlp

ACTIVATIONS = ("tanh", "sigmoid", "gelu", "softplus", "silu", "elu")


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_both_slopes_are_autograds(activation: str, seed: int) -> None:
    drawn = chance(seed)
    sizes = [int(size) for size in drawn.integers(1, 6, 4)]
    sizes[-1] += 1
    network = mlp(sizes, activation, seed=seed)
    x = torch.tensor(drawn.standard_normal((5, sizes[0])))
    y = torch.tensor(drawn.integers(0, sizes[-1], 5))
    before = [own.clone() for own in network.parameters()]
    trace = nudges(network, x, y, widths=())
    assert all(torch.equal(one, own) for one, own in zip(before, network.parameters(), strict=True))
    exact = network.double()
    loss = nn.functional.cross_entropy(exact(x), y)
    found = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(exact.parameters()))])
    assert float(trace["loss", 0]) == pytest.approx(float(loss.detach()), abs=1e-14)
    np.testing.assert_allclose(trace["backpropagated", 1], found.numpy(), atol=1e-14)
    np.testing.assert_allclose(trace["nudged", 1], found.numpy(), atol=1e-8)
    gap = np.abs(trace["nudged", 1] - trace["backpropagated", 1]).max()
    assert float(trace["largest difference", 1]) == gap


def test_squared_terms_are_written_out() -> None:
    network = mlp("3-4-2", "tanh", seed=0)
    wanted = np.array([[0.25, -1.5], [2.0, 0.5]])
    x = chance(1).standard_normal((2, 3))
    trace = nudges(network, x, wanted, widths=())
    outputs = trace["outputs", 0]
    np.testing.assert_array_equal(trace["terms", 0], (outputs - wanted) ** 2)
    assert float(trace["loss", 0]) == pytest.approx(((outputs - wanted) ** 2).sum(1).mean())


def test_operations_are_those_of_the_products() -> None:
    """A pass through a-b-c multiplies a·b + b·c times a sample; nudging takes two a weight."""
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    trace = nudges(network, np.ones((4, 3)), np.zeros((4, 2)), widths=())
    weights = 3 * 5 + 5 + 5 * 2 + 2
    forward = 4 * (3 * 5 + 5 * 2)
    assert float(trace["passes nudged", 2]) == 2 * weights
    assert float(trace["multiplications nudged", 2]) == 2 * weights * forward
    # Backward: a product for each weight array, and one for the hidden neurons' slopes.
    assert float(trace["multiplications backpropagated", 2]) == 2 * forward + 4 * 5 * 2


def test_nudging_loses_ground_as_networks_grow() -> None:
    trace = nudges(mlp("2-3-2", "tanh", seed=0), [0.5, 1.0], 0, widths=(2, 4, 8))
    ratios = [
        float(trace["multiplications nudged", at] / trace["multiplications backpropagated", at])
        for at in trace.where("weights")[1:]
    ]
    assert all(one < other for one, other in pairwise(ratios))


def test_a_convolution_is_nudged_too() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3))
    trace = nudges(network, chance(3).standard_normal((2, 1, 3, 3)), [0, 2], widths=())
    assert float(trace["largest difference", 1]) < 1e-8


class Rounded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.round(self.inner(x))


class Chosen(Rounded):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(self.inner(x).argmax(1), 2).to(x.dtype)


@pytest.mark.parametrize(("model", "named"), [(Rounded(), "round"), (Chosen(), "argmax")])
def test_operations_without_a_slope_are_named(model: nn.Module, named: str) -> None:
    with pytest.raises(InputError, match=f"'{named}' has no slope"):
        nudges(model, [1.0, 2.0], 0)


def test_a_step_is_named() -> None:
    with pytest.raises(InputError, match="'sign' has no slope"):
        nudges(mlp("2-3-2", "step", seed=0), [1.0, 2.0], 0)


BROKEN = [
    (nn.Tanh(), [1.0], [1.0], "no weights"),
    (nn.Linear(2, 2), [1.0, float("nan")], 0, "finite"),
    (nn.Linear(2, 2), [1.0, 2.0], 5, "classes are 0 to 1"),
    (nn.Linear(2, 2), [1.0, 2.0, 3.0], 0, "cannot take"),
    (nn.Linear(2, 2), [1.0, 2.0], [1.0, 2.0, 3.0], "a number for each"),
    (nn.Linear(2, 2), "words", 0, "numbers"),
    (nn.Linear(300, 300), np.ones(300), 0, "1 to 20,000"),
]


@pytest.mark.parametrize(("model", "batch", "target", "said"), BROKEN)
def test_what_does_not_fit_is_said(
    model: nn.Module, batch: object, target: object, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        nudges(model, batch, target)


def test_unknown_error_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="squared"):
        nudges(nn.Linear(2, 2), [1.0, 2.0], [1.0, 2.0], error="square")


EXPRESSIONS = (
    "(tanh(w * x + b) - y) ** 2",
    "relu(w * x) + sigmoid(w + b) * exp(-y)",
    "log(w * w + 1) / sqrt(b * b + x * x)",
    "softplus(w) - cos(x) * sin(b) + abs(y)",
    "x * x * x + w ** 3",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_local_derivatives_make_the_slopes(expression: str) -> None:
    """Every local derivative and every slope against differences of the expression itself."""
    values = {"w": 0.7, "x": 1.3, "b": -0.4, "y": 0.9}
    trace = local_derivatives(expression, **values)
    known = {"relu": lambda v: max(v, 0.0), "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
             "softplus": lambda v: np.log1p(np.exp(v)), "abs": abs}  # fmt: skip
    known |= {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")}
    known = {"__builtins__": {}, **known}

    def value(**moved: float) -> float:
        return float(eval(expression, known, {**values, **moved}))

    nodes = trace.about["nodes"]
    assert float(trace["value", len(nodes) - 1]) == pytest.approx(value(), rel=1e-12)
    for moment in trace.where("slope"):
        node = nodes[int(trace.moments[moment].at["node"])]
        if node["kind"] == "variable":
            name = node["name"]
            up, down = values[name] + 1e-5, values[name] - 1e-5
            slope = (value(**{name: up}) - value(**{name: down})) / 2e-5
            assert float(trace["slope", moment]) == pytest.approx(slope, abs=1e-6)
    assert float(trace["difference", len(trace) - 1]) < 1e-14


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("step(w)", "'step' has no slope"),
        ("round(w * 2)", "'round' has no slope"),
        ("+".join(["w"] * 5000), "not an expression"),
        ("w[0]", "An expression is made"),
        ("log(w - 5)", "no finite value"),
        ("sqrt(w - w)", "no finite slope"),
        ("1 + 2", "no variable"),
        ("w +", "not an expression"),
        ("w * q", "Unknown variable 'q'"),
        ("tahn(w)", "Did you mean 'tanh'"),
    ],
)
def test_other_expressions_are_refused(expression: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        local_derivatives(expression, w=1.0)


class Between(nn.Module):
    """Two dense layers, and something of one's own between them."""

    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.one, self.two, self.between = nn.Linear(2, 3), nn.Linear(3, 2), between

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.two(self.between(self.one(x)))
        return made


@pytest.mark.parametrize(
    ("between", "named"),
    [
        (torch.round, "round"),
        (lambda x: x.detach(), "detach"),
        (lambda x: x + x.detach(), "detach"),
        (lambda x: x + x.data, "data"),
        (lambda x: (x > 0).to(x), "gt"),
        (lambda x: nn.functional.one_hot(x.argmax(1), 3).to(x), "argmax"),
    ],
)
def test_a_chain_that_is_cut_is_refused(between: Callable[[Tensor], Tensor], named: str) -> None:
    with pytest.raises(InputError, match=f"operation '{named}' has no slope"):
        nudges(Between(between), [0.5, 1.0], 1, widths=())


@pytest.mark.parametrize(
    "between",
    [
        lambda x: x * (x > 0),
        lambda x: torch.where(x > 0, x, 0.1 * x),
        lambda x: x.gather(1, x.argsort(1)),
    ],
)
def test_a_choice_that_leaves_slopes_is_taken(between: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    trace = nudges(Between(between), [0.5, 1.0], 1, widths=())
    assert float(trace["largest difference", 1]) < 1e-8
