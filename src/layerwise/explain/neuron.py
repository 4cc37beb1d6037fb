"""One neuron at work: every product, their sum, the bias, and what the activation makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..trace import Header, Moment, Site, Trace
from .activations import evaluated, finite_numbers

CURVE_POINTS: Final = 201
LEAST_SPAN: Final = 4.0  # the activation is drawn at least from −4 to 4
MOST_INPUTS: Final = 10_000


def neuron(
    inputs: Any,
    weights: Any,
    *,
    bias: float | None = None,
    threshold: float | None = None,
    activation: str = "step",
    names: Sequence[str] | None = None,
) -> Trace:
    """What a neuron makes of its inputs (input,) with its weights (input,), step by step.

    It has a `bias`, or a `threshold`, which is the bias −threshold, or neither, which is bias 0.
    `names` are those of the inputs.

    Moments: "inputs" (sites "inputs" and "weights"); "product" for each input ("product",
    "partial sum": of the products so far, added in order); "sum" ("products", "sum"); "bias"
    ("bias", "biased sum", and "threshold" where one was given); "activation" ("output", "slope",
    and the curve around it, "x" and "curve" (point,)). Double precision throughout.

    Raises `InputError` for rows of different length, for what is not a finite number and for both
    a bias and a threshold, `UnknownNameError` for an unknown activation.
    """
    from ..models.activations import activation_name

    shape = activation_name(activation)
    given, weighed = finite_numbers(inputs, "inputs"), finite_numbers(weights, "weights")
    if len(given) != len(weighed):
        raise InputError(
            "A neuron has a weight for each input",
            received=f"{len(given)} inputs and {len(weighed)} weights",
        )
    if len(given) > MOST_INPUTS:
        raise InputError(
            f"At most {MOST_INPUTS:,} inputs are gone through one by one",
            received=f"{len(given):,}",
        )
    told = _input_names(names, len(given))
    moved = _bias(bias, threshold)
    with np.errstate(over="ignore"):
        products = given * weighed
        partial = np.add.accumulate(products)
        biased = partial[-1] + moved
    if not math.isfinite(biased) or not np.isfinite(partial).all():
        raise InputError("The sum of this neuron is too large to be held", received=f"{biased}")
    trace = Trace(
        Header(
            "neuron",
            _sites(told, threshold is not None),
            {"activation": shape, "has_bias": bias is not None or threshold is not None},
        )
    )
    trace.append(Moment("inputs"), {"inputs": given, "weights": weighed})
    for number, (product, so_far) in enumerate(zip(products, partial, strict=True)):
        at = {"input": number}
        trace.append(Moment("product", at), {"product": product, "partial sum": so_far})
    trace.append(Moment("sum"), {"products": products, "sum": partial[-1]})
    crossing = {} if threshold is None else {"threshold": float(threshold)}
    trace.append(Moment("bias"), {"bias": moved, "biased sum": biased, **crossing})
    output, slope = evaluated(shape, np.array([biased]))
    span = max(LEAST_SPAN, 1.25 * abs(biased))
    x = np.linspace(-span, span, CURVE_POINTS)
    trace.append(
        Moment("activation"),
        {"output": output[0], "slope": slope[0], "x": x, "curve": evaluated(shape, x)[0]},
    )
    return trace


def _bias(bias: float | None, threshold: float | None) -> float:
    """The bias: as given, or the threshold brought to the other side, with its sign turned."""
    if bias is not None and threshold is not None:
        raise InputError(
            "A threshold is a bias with its sign turned: a neuron has one of them",
            received=f"bias {bias!r} and threshold {threshold!r}",
            do="Give the threshold, or the bias, which is minus the threshold",
        )
    if threshold is not None:
        return float(0.0 - finite_numbers([threshold], "threshold")[0])
    return float(finite_numbers([0.0 if bias is None else bias], "bias")[0])


def _input_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(number + 1) for number in range(count))
    told = (names,) if isinstance(names, str) else tuple(map(str, names))
    if len(told) != count:
        raise InputError(
            "There must be a name for each input",
            received=f"{len(told)} names for {count} inputs",
        )
    return told


def _sites(names: tuple[str, ...], has_threshold: bool) -> tuple[Site, ...]:
    each = {"input": names}
    crossing = (Site("threshold", "weight"),) if has_threshold else ()
    return (
        Site("inputs", "activation", ("input",), entries=each),
        Site("weights", "weight", ("input",), entries=each),
        Site("product", "activation", (), ("inputs", "weights")),
        Site("partial sum", "activation", (), ("product",)),
        Site("products", "activation", ("input",), ("inputs", "weights"), entries=each),
        Site("sum", "activation", (), ("products",)),
        *crossing,
        Site("bias", "weight"),
        Site("biased sum", "activation", (), ("sum", "bias")),
        Site("output", "activation", (), ("biased sum",)),
        Site("slope", "gradient", (), ("biased sum",)),
        Site("x", "activation", ("point",)),
        Site("curve", "activation", ("point",), ("x",)),
    )
