"""Activations as curves: the value at every sum, the slope there, and chosen points read off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..trace import Header, Moment, Site, Trace
from ..types import FloatArray

CLASSICS: Final = ("step", "sigmoid", "tanh", "relu")
MOST_POINTS: Final = 100_000


def activations(
    names: Sequence[str] = CLASSICS,
    *,
    at: Any = (-3, -2, -1, 0, 1, 2, 3),
    low: float = -4.0,
    high: float = 4.0,
    points: int = 201,
) -> Trace:
    """What activations make of a neuron's sum, from `low` to `high`, and at the sums `at`.

    Moment 0 ("curves") has the sites "x" (point,) and, for each activation, its name (point,) and
    "NAME slope" (point,), the derivative. A moment "reading" for each of `at`, in their order,
    has "NAME value" and "NAME value slope". All of it is what the activation's own module gives in
    double precision, slopes by automatic differentiation: at a kink, PyTorch's choice.

    Raises `UnknownNameError` with the nearest name of an activation, `InputError` for sums that
    are not finite, outside the curve or not in order.
    """
    told = _named(names)
    sums = finite_numbers(at, "sums to read off")
    ends = finite_numbers((low, high), "ends of the curve")
    if ends[0] >= ends[1]:
        raise InputError(
            "A curve goes from a lower to a higher sum", received=f"{ends[0]:g} to {ends[1]:g}"
        )
    if not 2 <= points <= MOST_POINTS:
        raise InputError(
            "A curve has from 2 to 100,000 points", received=f"{points}", do="201 look smooth"
        )
    if ((sums < ends[0]) | (sums > ends[1])).any():
        raise InputError(
            "A sum that is read off lies on the curve",
            received=", ".join(f"{value:g}" for value in sums),
            allowed=f"From {ends[0]:g} to {ends[1]:g}",
        )
    x = np.linspace(ends[0], ends[1], points)
    sites = [Site("x", "activation", ("point",))]
    curves: dict[str, Any] = {"x": x}
    readings: list[dict[str, float]] = [{} for _ in sums]
    for name in told:
        sites += [
            Site(name, "activation", ("point",), ("x",)),
            Site(f"{name} slope", "gradient", ("point",), ("x",)),
            Site(f"{name} value", "activation"),
            Site(f"{name} value slope", "gradient"),
        ]
        curves[name], curves[f"{name} slope"] = evaluated(name, x)
        for reading, value, slope in zip(readings, *evaluated(name, sums), strict=True):
            reading[f"{name} value"], reading[f"{name} value slope"] = float(value), float(slope)
    trace = Trace(Header("activations", tuple(sites), {"activations": list(told)}))
    trace.append(Moment("curves"), curves)
    for value, reading in zip(sums.tolist(), readings, strict=True):
        trace.append(Moment("reading", {"x": value}), reading)
    return trace


def evaluated(name: str, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The activation's values and slopes at those sums (sum,), each (sum,), in double precision."""
    import torch

    from ..models.activations import activation

    x = torch.tensor(np.asarray(sums, np.float64), requires_grad=True)
    y = activation(name).double()(x)
    slopes = torch.autograd.grad(y.sum(), x, allow_unused=True)[0]
    zero = torch.zeros_like(x) if slopes is None else slopes
    return y.detach().numpy().copy(), zero.detach().numpy().copy()


def finite_numbers(values: Any, what: str) -> FloatArray:
    """The values as an array (value,); `InputError` unless they are finite numbers, one or more."""
    try:
        given = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The {what} must be numbers", received=repr(values)[:80]) from None
    if given.ndim != 1 or not len(given):
        raise InputError(f"The {what} are a row of one or more numbers", received=repr(values)[:80])
    if not np.isfinite(given).all():
        raise InputError(f"The {what} must be finite numbers", received=repr(values)[:80])
    return given


def _named(names: Sequence[str]) -> tuple[str, ...]:
    from ..models.activations import activation_name

    listed = [names] if isinstance(names, str) else list(names)
    told = tuple(dict.fromkeys(activation_name(name) for name in listed))
    if not told:
        raise InputError("There must be an activation to show", received="none")
    return told
