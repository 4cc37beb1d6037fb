"""Surfaces to walk down: known formulas of two numbers, or the loss in two weights of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, unknown_name
from ..slopes.answer_error import prepared
from ..slopes.chain_rule_refusals import refuse_steps
from .plane import parameters_of, weight_place, weights_plane
from .plane_losses import plane_losses

Height = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class DescentSurface:
    """A height over two numbers, differentiable, with where to look and where to start.

    `low` and `high` are corners (x, y). `height` takes arrays of one shape.
    """

    name: str
    formula: str
    height: Height
    low: tuple[float, float]
    high: tuple[float, float]
    start: tuple[float, float]
    labels: tuple[str, str] = ("x", "y")
    minima: tuple[tuple[float, float], ...] = ()


def _two_valleys(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 - 1) ** 2 + 0.3 * x + y**2 + 0.4


def _rosenbrock(x: Tensor, y: Tensor) -> Tensor:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _beale(x: Tensor, y: Tensor) -> Tensor:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


SURFACES: Final = {
    surface.name: surface
    for surface in (
        DescentSurface(
            "bowl", "x² + y²", lambda x, y: x**2 + y**2,
            (-3, -3), (3, 3), (-2.4, 1.8), minima=((0, 0),),
        ),
        DescentSurface(
            "ravine", "½ x² + 5 y²", lambda x, y: 0.5 * x**2 + 5 * y**2,
            (-5, -2.5), (5, 2.5), (-4, 1.5), minima=((0, 0),),
        ),
        DescentSurface(
            "saddle", "x² − y² + ¼ y⁴ + 1", lambda x, y: x**2 - y**2 + 0.25 * y**4 + 1,
            (-2.5, -2.5), (2.5, 2.5), (-2.0, 0.001),
            minima=((0, 2**0.5), (0, -(2**0.5))),
        ),
        DescentSurface(
            "two valleys", "(x² − 1)² + 0.3 x + y² + 0.4", _two_valleys,
            (-2, -2), (2, 2), (1.6, 1.4),
            minima=((-1.0355787140888537, 0), (0.9601495555191055, 0)),
        ),
        DescentSurface(
            "rosenbrock", "(1 − x)² + 100 (y − x²)²", _rosenbrock,
            (-2, -1), (2, 3), (-1.2, 1.0), minima=((1, 1),),
        ),
        DescentSurface(
            "beale", "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²", _beale,
            (-1, -2), (4.5, 2), (1.0, 1.6), minima=((3, 0.5),),
        ),
    )
}  # fmt: skip
"""Known formulas, with their minima: a bowl, a ravine, a saddle, two valleys, and two classics."""


def formula_surface(name: str) -> DescentSurface:
    """The surface of that name; `UnknownNameError` offers the nearest."""
    if name not in SURFACES:
        raise unknown_name("surface", str(name), SURFACES)
    return SURFACES[name]


def network_surface(
    model: nn.Module, data: Any, weights: Sequence[str] | None, error: str | None
) -> DescentSurface:
    """The loss of a network in two of its weights, all others held, in double precision.

    `weights` are two names such as "fc1.weight[0, 1]"; a network of just two weights needs none.
    """
    exact = deepcopy(model).double().eval().requires_grad_(True)
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise InputError(
            "A network's surface needs inputs and targets", received=f"a {type(data).__name__}",
            do="Give data=(inputs, targets)",
        )  # fmt: skip
    x, wrong = prepared(exact, data[0], data[1], error, torch.float64)
    refuse_steps(exact, x)
    state = parameters_of(exact)
    names = _two_names(state) if weights is None else tuple(map(str, weights))
    flat = weights_plane(exact, names)
    places = [weight_place(state, name) for name in names]
    now = [float(state[array][place]) for array, place in places]

    many = plane_losses(exact, flat, x, wrong)

    def one(first: Tensor, second: Tensor) -> Tensor:
        moved = {
            name: own + first * flat.first[name] + second * flat.second[name]
            for name, own in flat.origin.items()
        }
        return wrong.loss(torch.func.functional_call(exact, moved, (x,)))

    def height(first: Tensor, second: Tensor) -> Tensor:
        if first.ndim == 0:
            return one(first, second)
        points = torch.stack([first.reshape(-1), second.reshape(-1)], 1).detach().numpy()
        return torch.as_tensor(many(points)).view(first.shape)

    reach = 3.0
    low, high = (now[0] - reach, now[1] - reach), (now[0] + reach, now[1] + reach)
    said = type(model).__name__
    return DescentSurface(said, "", height, low, high, (now[0], now[1]), (names[0], names[1]))


def _two_names(state: dict[str, Tensor]) -> tuple[str, str]:
    names = []
    if sum(own.numel() for own in state.values()) == 2:
        names = [
            f"{name}[{', '.join(map(str, place))}]"
            for name, own in state.items()
            for place in np.ndindex(tuple(own.shape))
        ]
    if len(names) != 2:
        raise InputError(
            "A network of more than two weights needs the names of two", received="weights=None",
            do='Such as weights=("fc1.weight[0, 0]", "fc1.weight[0, 1]")',
        )  # fmt: skip
    return names[0], names[1]
