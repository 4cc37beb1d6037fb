"""Softmax with its terms: scores become exponentials, their sum, and shares of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from .kernels import finite

MOST_CLASSES: Final = 1000


def softmax(
    scores: Any,
    *,
    temperature: float | Sequence[float] = 1.0,
    names: Sequence[str] | None = None,
) -> Trace:
    """How scores (class,) become probabilities: eᶻ of each, over the sum of all.

    Each score is divided by the `temperature` (several: a moment for each, in their order), and the
    largest is taken away from all before the exponential: that changes no quotient, as both sides
    of the fraction shrink by the same factor, and no exponential is too large to be held.

    Sites (class,) at each moment: "scores", "scaled", "shifted", "exponentials", "probabilities",
    and "unshifted exponentials", which may be infinite; and the number "sum". In double precision,
    to rounding equal to `scipy.special.softmax`. Raises `InputError` for fewer than 2 or more than
    1,000 scores, numbers that are not finite, names that do not fit and temperatures not above 0.
    """
    try:
        given = np.asarray(scores, np.float64)
    except (TypeError, ValueError):
        given = np.empty((0, 0))
    if given.ndim != 1 or not 2 <= len(given) <= MOST_CLASSES:
        raise InputError(
            f"Softmax needs from 2 to {MOST_CLASSES:,} scores, one for each class",
            received=f"shape {given.shape}",
        )
    finite(given, "scores")
    told = tuple(map(str, names)) if names is not None else tuple(map(str, range(len(given))))
    if len(told) != len(given):
        raise InputError(
            "There must be a name for each score",
            received=f"{len(told)} names for {len(given)} scores",
        )
    several = np.atleast_1d(np.asarray(temperature, np.float64))
    if several.ndim != 1 or not len(several) or not (several > 0).all():
        raise InputError("A temperature is a number above zero", received=repr(temperature))
    finite(several, "temperatures")
    each = {"class": told}
    chain = ("scores", "scaled", "shifted", "exponentials")
    sites = [Site("scores", "activation", ("class",), entries=each)]
    for before, name in pairwise(chain):
        sites.append(Site(name, "activation", ("class",), (before,), entries=each))
    sites += [
        Site("sum", "activation", (), ("exponentials",)),
        Site("probabilities", "probability", ("class",), ("exponentials", "sum"), entries=each),
        Site("unshifted exponentials", "activation", ("class",), ("scaled",), entries=each),
    ]
    trace = Trace(Header("softmax", tuple(sites), {"temperatures": several.tolist()}))
    for heat in several.tolist():
        with np.errstate(over="ignore"):
            scaled = given / heat
            finite(scaled, "scores divided by the temperature")
            plain = np.exp(scaled)
        shifted = scaled - scaled.max()
        powers = np.exp(shifted)
        total = powers.sum()
        values = {
            "scores": given, "scaled": scaled, "shifted": shifted, "exponentials": powers,
            "sum": total, "probabilities": powers / total, "unshifted exponentials": plain,
        }  # fmt: skip
        trace.append(Moment("temperature", {"temperature": heat}), values)
    return trace
