"""A neuron step by step, and activations as curves, against the standard library and scipy."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats

from layerwise.errors import InputError
from layerwise.explain.activations import activations
from layerwise.explain.neuron import neuron
from layerwise.models.activations import ACTIVATIONS
from layerwise.trace import Trace

FORMULAS = {
    "step": lambda x: np.where(x > 0, 1.0, 0.0),
    "identity": lambda x: x,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "leaky-relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, special.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x * stats.norm.cdf(x),
    "silu": lambda x: x * special.expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
}


def at(trace: Trace, site: str) -> float:
    return float(trace[site, trace.where(site)[-1]])


def test_the_festival() -> None:
    trace = neuron([3, 2, 4, 2], [4, 2, 2, 1], threshold=25, names=["a", "b", "c", "d"])
    assert trace.series("product")[1].tolist() == [12, 4, 8, 2]
    assert trace.series("partial sum")[1].tolist() == [12, 16, 24, 26]
    assert [at(trace, name) for name in ("sum", "threshold", "bias", "biased sum", "output")] == [
        26, 25, -25, 1, 1,
    ]  # fmt: skip


def test_a_sum_that_only_reaches_the_threshold_is_not_above_it() -> None:
    assert at(neuron([5], [5], threshold=25), "output") == 0


def test_the_worked_neuron() -> None:
    inputs, weights = [0.5, 0, -0.75, 0.75], [-0.2, 0, 0.8, -0.5]
    trace = neuron(inputs, weights, activation="tanh")
    exact = sum(Fraction(str(a)) * Fraction(str(b)) for a, b in zip(inputs, weights, strict=True))
    assert exact == Fraction(-1075, 1000)
    assert at(trace, "sum") == pytest.approx(float(exact), abs=1e-15)
    assert at(trace, "output") == pytest.approx(math.tanh(-1.075), abs=1e-15)
    mistaken = at(neuron([1.075], [1], activation="sigmoid"), "output")
    assert f"{mistaken:.3f}" == "0.746"


@pytest.mark.parametrize("seed", range(20))
def test_any_neuron_against_exact_fractions(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 30))
    inputs, weights = chance.normal(size=(2, count)) * 10.0 ** chance.integers(-3, 4)
    bias = float(chance.normal())
    name = list(FORMULAS)[seed % len(FORMULAS)]
    trace = neuron(inputs, weights, bias=bias, activation=name)
    terms = [
        Fraction(a) * Fraction(b) for a, b in zip(inputs.tolist(), weights.tolist(), strict=True)
    ]
    exact = sum(terms, Fraction(bias))
    scale = max(1.0, sum(abs(float(term)) for term in terms))
    assert at(trace, "biased sum") == pytest.approx(float(exact), abs=1e-13 * scale)
    assert at(trace, "output") == pytest.approx(
        float(FORMULAS[name](np.array(at(trace, "biased sum")))), rel=1e-12, abs=1e-12
    )
    x = trace["x", len(trace) - 1]
    assert x[0] < at(trace, "biased sum") < x[-1]


def test_threshold_and_bias_are_one_thing() -> None:
    chance = np.random.default_rng(0)
    for _ in range(20):
        inputs, weights = chance.normal(size=(2, 5))
        crossed = neuron(inputs, weights, threshold=0.3)
        biased = neuron(inputs, weights, bias=-0.3)
        assert at(crossed, "output") == at(biased, "output")
        assert at(crossed, "biased sum") == at(biased, "biased sum")
        assert at(crossed, "output") == float(inputs @ weights > 0.3)


@pytest.mark.parametrize("name", FORMULAS)
def test_curves_and_their_slopes(name: str) -> None:
    sums = np.linspace(-3.7, 3.9, 14)
    trace = activations([name], at=sums)
    formula = FORMULAS[name]
    x = trace["x", 0]
    np.testing.assert_allclose(trace[name, 0], formula(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(trace.series(f"{name} value")[1], formula(sums), rtol=1e-12)
    nudge = 1e-6
    slopes = (formula(sums + nudge) - formula(sums - nudge)) / (2 * nudge)
    np.testing.assert_allclose(trace.series(f"{name} value slope")[1], slopes, atol=1e-8)


def test_every_activation_has_a_curve() -> None:
    trace = activations(list(ACTIVATIONS))
    assert all(np.isfinite(trace[name, 0]).all() for name in ACTIVATIONS)


def test_the_trace_is_the_same_each_time() -> None:
    one, other = (neuron([1, 2], [3, 4], activation="gelu") for _ in range(2))
    assert one["curve", 5].tobytes() == other["curve", 5].tobytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([1, 2], [1]), "A neuron has a weight for each input. Received 2 inputs and 1 weights"),
        ((["one"], [1]), "The inputs must be numbers"),
        (([1], [float("nan")]), "The weights must be finite numbers"),
        (([], []), "The inputs are a row of one or more numbers"),
        (([[1, 2]], [1]), "The inputs are a row of one or more numbers"),
        (([1e300], [1e300]), "too large to be held"),
    ],
)
def test_inputs_that_cannot_be_used(given: tuple[list[float], list[float]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        neuron(*given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bias": 1, "threshold": 2}, "a neuron has one of them"),
        ({"activation": "tanhh"}, "Did you mean 'tanh'?"),
        ({"bias": float("inf")}, "The bias must be finite numbers"),
        ({"threshold": "five"}, "The threshold must be numbers"),
        ({"names": ["a", "b"]}, "2 names for 1 inputs"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        neuron([1], [1], **options)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": []}, "There must be an activation"),
        ({"names": ["relo"]}, "Did you mean 'relu'?"),
        ({"low": 1.0, "high": 1.0}, "from a lower to a higher"),
        ({"at": [9]}, "lies on the curve"),
        ({"points": 1}, "from 2 to 100,000 points"),
    ],
)
def test_curves_that_cannot_be_drawn(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        activations(**options)  # type: ignore[arg-type]
    assert message in str(caught.value)
