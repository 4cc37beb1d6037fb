"""A plane through the weights of a network: an origin, two directions, coordinates along them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, unknown_name
from ...trace import Trace
from ...types import FloatArray

State = Mapping[str, Tensor]
FLAT: Final = 1e-12  # a direction shorter than this share of the path is none


@dataclass(frozen=True, eq=False)
class Plane:
    """Weights at (x, y) are origin + x · first + y · second, name by name.

    `path` (step, 2) are the coordinates of a training path's projection, `states` its weights;
    `kept` is the share of the path's variance along each direction.
    """

    kind: str
    origin: dict[str, Tensor]
    first: dict[str, Tensor]
    second: dict[str, Tensor]
    labels: tuple[str, str]
    path: FloatArray | None = None
    states: tuple[State, ...] = ()
    kept: tuple[float, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def state(self, x: float, y: float) -> dict[str, Tensor]:
        """The weights at one point."""
        return {
            name: own + x * self.first[name] + y * self.second[name]
            for name, own in self.origin.items()
        }


def weights_plane(model: nn.Module, names: Sequence[str]) -> Plane:
    """The plane of two weights, such as ("fc1.weight[0, 1]", "fc2.bias[0]"): exact.

    Coordinates are the weights themselves. Raises `UnknownNameError` for one that is not there.
    """
    told = (names,) if isinstance(names, str) else tuple(map(str, names))
    if len(told) != 2 or told[0] == told[1]:
        raise InputError("A plane of weights needs two different ones", received=str(told))
    origin = parameters_of(model)
    directions = []
    for name in told:
        array, place = weight_place(origin, name)
        direction = {own: torch.zeros_like(value) for own, value in origin.items()}
        direction[array][place] = 1
        origin[array][place] = 0  # so that a coordinate is the weight itself
        directions.append(direction)
    return Plane("weights", origin, directions[0], directions[1], (told[0], told[1]))


def weight_place(state: State, name: str) -> tuple[str, tuple[int, ...]]:
    """The array of a weight written as "fc1.weight[0, 1]", and its place in it."""
    array, _, rest = name.strip().partition("[")
    if array not in state:
        raise unknown_name("weights", array, state)
    shape = tuple(state[array].shape)
    try:
        place = tuple(int(part) for part in rest.rstrip("] ").split(",") if part.strip())
    except ValueError:
        place = (-1,)
    if len(place) != len(shape) or not all(
        0 <= own < size for own, size in zip(place, shape, strict=True)
    ):
        raise InputError(
            f"There is no such place in {array}",
            received=repr(name), allowed=f"Its shape is {shape}, counted from 0",
        )  # fmt: skip
    return array, place


def random_plane(model: nn.Module, seed: int = 0) -> Plane:
    """A plane of two random directions through the weights, normalised filter by filter.

    Each filter (row of a weight array, first axis) of a direction gets the length of the model's
    own; arrays of one axis (biases, norms) stay as they are. Li et al., "Visualizing the Loss
    Landscape of Neural Nets", NeurIPS 2018, https://arxiv.org/abs/1712.09913, section 4.
    """
    origin = parameters_of(model)
    chance = np.random.Generator(np.random.Philox(seed))
    directions = []
    for _ in range(2):
        direction = {}
        for name, own in origin.items():
            drawn = torch.as_tensor(chance.standard_normal(tuple(own.shape)))
            drawn = drawn.to(own.dtype)
            if own.ndim < 2:
                direction[name] = torch.zeros_like(own)
                continue
            lengths = own.flatten(1).norm(dim=1) / (drawn.flatten(1).norm(dim=1) + 1e-10)
            direction[name] = drawn * lengths.view(-1, *[1] * (own.ndim - 1))
        directions.append(direction)
    if all(not bool(value.any()) for value in directions[0].values()):
        raise InputError(
            "No direction can be normalised by filters: the model's weights are all zero, or it "
            "has only biases",
            received=type(model).__name__,
        )
    labels = ("direction 1", "direction 2")
    return Plane("random", origin, directions[0], directions[1], labels, about={"seed": seed})


def path_plane(model: nn.Module, path: Any) -> Plane:
    """The plane in which most of a training path lies: its first two principal components.

    `path` is a run or its trace with all weights kept, or a list of state dicts. The plane goes
    through the path's mean; directions have length 1, so that coordinates are distances.
    Raises `InputError` for a path whose weights do not move, or along one line only.
    """
    shapes = parameters_of(model)
    states = path_states(shapes, path)
    rows = torch.stack(
        [torch.cat([state[name].double().reshape(-1) for name in shapes]) for state in states]
    )  # (step, weight)
    if not bool(rows.isfinite().all()):
        raise InputError("The weights of this path are not all finite numbers")
    mean = rows.mean(0)
    moved = rows - mean
    # The small matrix of products has the same components as the large one of covariances.
    power, turns = torch.linalg.eigh(moved @ moved.T)
    power, turns = power.flip(0).clamp(min=0), turns.flip(1)
    total = float(power.sum())
    if len(rows) < 3 or total <= FLAT * max(float((mean**2).sum()), 1e-300):
        raise InputError(
            "A plane of a path needs three or more different states of the weights: its variance "
            "is zero",
            received=f"{len(rows)} states", do="Train for longer, or keep the weights more often",
        )  # fmt: skip
    if float(power[1]) <= FLAT * total:
        raise InputError(
            "All states of this path lie on one line: the second direction has no variance",
            received=f"{len(rows)} states", do='Take plane="random"',
        )  # fmt: skip
    axes = []
    for number in range(2):
        axis = moved.T @ turns[:, number] / power[number].sqrt()
        largest = axis[axis.abs().argmax()]
        axes.append(axis * (1 if largest > 0 else -1))  # else the sign would be arbitrary
    coordinates = torch.stack([moved @ axis for axis in axes], 1).numpy()
    kept = tuple(float(part) / total for part in power[:2])
    return Plane(
        "path", _split(mean, shapes), _split(axes[0], shapes), _split(axes[1], shapes),
        ("component 1", "component 2"), coordinates, tuple(states), kept,
    )  # fmt: skip


def path_states(shapes: State, path: Any) -> list[State]:
    """The weights at each step of a path, as dictionaries by name."""
    trace = path if isinstance(path, Trace) else getattr(path, "trace", None)
    if isinstance(trace, Trace):
        return _from_trace(shapes, trace)
    try:
        given = list(path)
    except TypeError:
        given = []
    if not given or not all(isinstance(state, Mapping) for state in given):
        raise InputError(
            "A path is a run, its trace, or a list of state dicts",
            received=f"a {type(path).__name__}", do="Give path=run, or path=[state, …]",
        )  # fmt: skip
    states: list[State] = []
    for state in given:
        for name, own in shapes.items():
            if name not in state or tuple(state[name].shape) != tuple(own.shape):
                raise InputError(
                    f"A state of this path has no weights {name!r} of shape {tuple(own.shape)}",
                    do="Give states of this very model",
                )
        states.append({name: torch.as_tensor(state[name]).detach() for name in shapes})
    return states


def _from_trace(shapes: State, trace: Trace) -> list[State]:
    sites = {site.name: site for site in trace.sites if site.kind == "weight"}
    for name, own in shapes.items():
        if name not in sites or not trace.where(name):
            raise InputError(
                f"The trace has not kept the weights {name!r}",
                do='Record with Keep(weights="values"), or give a list of state dicts',
            )
        if trace[name, trace.where(name)[0]].shape != tuple(own.shape):
            raise InputError(
                f"The trace has kept only a part of the weights {name!r}",
                do="Record with a larger budget, or give a list of state dicts",
            )
    together = set.intersection(*(set(trace.where(name)) for name in shapes))
    return [
        {name: torch.from_numpy(np.array(trace[name, moment])) for name in shapes}
        for moment in sorted(together)
    ]


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    """Copies of a model's weights by name; `InputError` where it has none."""
    own = {name: value.detach().clone() for name, value in model.named_parameters()}
    if not own:
        raise InputError("This model has no weights to draw a plane in", received=repr(model)[:80])
    return own


def _split(row: Tensor, shapes: State) -> dict[str, Tensor]:
    parts = torch.split(row, [own.numel() for own in shapes.values()])
    return {
        name: part.reshape(own.shape).to(own.dtype)
        for part, (name, own) in zip(parts, shapes.items(), strict=True)
    }
