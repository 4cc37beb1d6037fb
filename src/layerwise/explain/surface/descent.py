"""Walking downhill: PyTorch's own optimisers on a surface of two numbers, every step kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, unknown_name
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray
from .formulas import DescentSurface, formula_surface, network_surface

OPTIMISERS: Final[Mapping[str, Callable[[list[Tensor], float], torch.optim.Optimizer]]] = {
    "SGD": lambda weights, rate: torch.optim.SGD(weights, lr=rate),
    "momentum": lambda weights, rate: torch.optim.SGD(weights, lr=rate, momentum=0.9),
    "AdaGrad": lambda weights, rate: torch.optim.Adagrad(weights, lr=rate),
    "AdaDelta": lambda weights, rate: torch.optim.Adadelta(weights, lr=rate),
    "RMSProp": lambda weights, rate: torch.optim.RMSprop(weights, lr=rate),
    "Adam": lambda weights, rate: torch.optim.Adam(weights, lr=rate),
}
"""Name → PyTorch's optimiser for weights and a rate, all else as PyTorch has it; momentum 0.9."""

MOST_STEPS: Final = 10_000
MOST_RUNS: Final = 10
FAR: Final = 1e6  # where a walk is given up, in sizes of the surface
Rates: TypeAlias = "float | Sequence[float] | Mapping[str, float]"


def descent(
    surface: str | nn.Module,
    data: Any = None,
    *,
    optimizer: str | Sequence[str] = "SGD",
    rates: Rates = (0.01, 0.1, 1.0),
    start: tuple[float, float] | None = None,
    steps: int = 50,
    weights: Sequence[str] | None = None,
    error: str | None = None,
    low: tuple[float, float] | None = None,
    high: tuple[float, float] | None = None,
    points: int = 101,
) -> Trace:
    """Walks down a surface: one optimiser at several rates, or several optimisers in a race.

    `surface` is one of "bowl", "ravine", "saddle", "two valleys", "rosenbrock", "beale", or a
    network with its `data` (inputs, targets) and the two `weights` that move. `optimizer` is one
    of SGD, momentum, AdaGrad, AdaDelta, RMSProp, Adam, or several; `rates` one for all, several
    for one optimiser, or one for each by name. All walks start at `start`. The steps are those of
    `torch.optim`, in double precision, slopes by automatic differentiation.

    Moment 0 has the surface ("x" (column,), "y" (row,), "loss" (row, column)); each later one,
    "step", has for each walk N "path N" (xy,), "loss N" and "slope N" (xy,). A walk that goes
    farther than a million times the surface's size, or whose loss is no finite number, ends
    there. `about`: "runs" (names), "rates", "formula", "minima", "ended" (steps taken by each).

    Raises `UnknownNameError` for an unknown surface, optimiser or weight, `InputError` for rates
    that are not positive and for corners out of order.
    """
    ground = _ground(surface, data, weights, error)
    runs = _runs(optimizer, rates)
    if not 1 <= steps <= MOST_STEPS:
        raise InputError("A walk has from 1 to 10,000 steps", received=f"{steps}")
    if not 2 <= points <= 501:
        raise InputError("A surface has from 2 to 501 points a side", received=f"{points}")
    first = _finite(ground.start if start is None else start, "start")
    corners = [
        _finite(ground.low if low is None else low, "lower corner"),
        _finite(ground.high if high is None else high, "upper corner"),
    ]
    if not (corners[0] < corners[1]).all():
        raise InputError("The corners are (x, y), the lower one first", received=f"{low}, {high}")
    across, upward = (np.linspace(corners[0][i], corners[1][i], points) for i in range(2))
    size = float(np.abs(corners[1] - corners[0]).max())
    walks = [_walk(ground, name, rate, first, steps, FAR * size) for name, rate in runs]
    several = len({name for name, _ in runs}) > 1
    about = {
        "surface": ground.name, "formula": ground.formula, "labels": list(ground.labels),
        "minima": [list(place) for place in ground.minima],
        "network": isinstance(surface, nn.Module),
        "runs": [name if several else f"{rate:g}" for name, rate in runs],
        "optimizers": [name for name, _ in runs], "rates": [rate for _, rate in runs],
        "ended": [len(path) - 1 for path, _, _ in walks], "steps": steps,
    }  # fmt: skip
    trace = Trace(Header("descent", _sites(len(runs)), about))
    x, y = torch.meshgrid(torch.tensor(across), torch.tensor(upward), indexing="xy")
    with torch.no_grad():
        table = ground.height(x, y).numpy()
    trace.append(Moment("surface"), {"x": across, "y": upward, "loss": table})
    for step in range(steps + 1):
        values: dict[str, Any] = {}
        for number, (path, losses, slopes) in enumerate(walks):
            if step < len(path):
                values |= {
                    f"path {number}": path[step], f"loss {number}": losses[step],
                    f"slope {number}": slopes[step],
                }  # fmt: skip
        trace.append(Moment("step", {"step": step}), values)
    return trace


def _walk(
    ground: DescentSurface, name: str, rate: float, start: FloatArray, steps: int, far: float
) -> tuple[list[FloatArray], list[float], list[FloatArray]]:
    """Places, heights and slopes of one walk, the start first."""
    weights = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    engine = OPTIMISERS[name]([weights], rate)
    path: list[FloatArray] = []
    losses: list[float] = []
    slopes: list[FloatArray] = []
    for _ in range(steps + 1):
        engine.zero_grad()
        loss = ground.height(weights[0], weights[1])
        loss.backward()  # type: ignore[no-untyped-call]
        path.append(weights.detach().numpy().copy())
        losses.append(float(loss.detach()))
        slope = weights.grad
        slopes.append(np.zeros(2) if slope is None else slope.numpy().copy())
        gone = not math.isfinite(losses[-1]) or not np.isfinite(slopes[-1]).all()
        if gone or np.abs(path[-1] - start).max() > far:
            break
        engine.step()
    return path, losses, slopes


def _ground(surface: Any, data: Any, weights: Sequence[str] | None, error: str | None) -> Any:
    if isinstance(surface, nn.Module):
        return network_surface(surface, data, weights, error)
    if data is not None:
        raise InputError(
            "A formula has no data", received=repr(surface), do="Give a network, or no data"
        )
    return formula_surface(surface)


def _runs(optimizer: str | Sequence[str], rates: Rates) -> list[tuple[str, float]]:
    listed = [optimizer] if isinstance(optimizer, str) else list(optimizer)
    names = [_optimiser(name) for name in listed]
    if isinstance(rates, Mapping):
        by_name = {_optimiser(name): rate for name, rate in rates.items()}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise InputError("Each optimiser needs a rate", received=f"none for {missing[0]}")
        runs = [(name, by_name[name]) for name in names]
    elif isinstance(rates, (int, float)):
        runs = [(name, float(rates)) for name in names]
    elif len(names) == 1:
        runs = [(names[0], rate) for rate in rates]
    elif len(rates) == len(names):
        runs = list(zip(names, rates, strict=True))
    else:
        raise InputError(
            "Several optimisers take one rate for all, or one each",
            received=f"{len(names)} optimisers and {len(rates)} rates",
        )
    if not 1 <= len(runs) <= MOST_RUNS or len(set(runs)) < len(runs):
        raise InputError(
            f"There are 1 to {MOST_RUNS} different walks on a surface", received=f"{len(runs)}"
        )
    for _, rate in runs:
        if not (isinstance(rate, (int, float)) and rate > 0 and math.isfinite(rate)):
            raise InputError("A rate is a positive number", received=repr(rate))
    return [(name, float(rate)) for name, rate in runs]


def _optimiser(name: str) -> str:
    folded = {known.casefold(): known for known in OPTIMISERS}
    if str(name).casefold() not in folded:
        raise unknown_name("optimiser", str(name), OPTIMISERS)
    return folded[str(name).casefold()]


def _finite(place: Sequence[float] | FloatArray, what: str) -> FloatArray:
    try:
        given = np.asarray(place, np.float64)
    except (TypeError, ValueError):
        given = np.zeros(0)
    if given.shape != (2,) or not np.isfinite(given).all():
        raise InputError(f"The {what} is two finite numbers, (x, y)", received=repr(place)[:60])
    return given


def _sites(runs: int) -> tuple[Site, ...]:
    sites = [
        Site("x", "weight", ("column",)),
        Site("y", "weight", ("row",)),
        Site("loss", "metric", ("row", "column"), ("x", "y")),
    ]
    for number in range(runs):
        sites += [
            Site(f"path {number}", "weight", ("xy",)),
            Site(f"loss {number}", "metric", (), (f"path {number}",)),
            Site(f"slope {number}", "gradient", ("xy",), (f"path {number}",)),
        ]
    return tuple(sites)
