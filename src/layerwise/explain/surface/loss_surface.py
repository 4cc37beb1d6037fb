"""The loss over a plane of weights: coarse first, then finer, and how true the plane is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from time import monotonic
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from ...errors import InputError, unknown_name
from ...trace import Header, Moment, Site, Trace
from ...types import BoolArray, FloatArray
from ..slopes.answer_error import prepared
from .plane import Plane, parameters_of, path_plane, random_plane, weight_place, weights_plane
from .plane_losses import plane_losses, state_losses

PLANES: Final = ("weights", "random", "path")
MOST_POINTS: Final = 501
BATCH: Final = 64  # points between two looks at the clock
ROOM: Final = 0.25  # of the path's extent, around it


def loss_surface(
    model: nn.Module,
    data: Any,
    *,
    plane: str = "weights",
    weights: Sequence[str] | None = None,
    path: Any = None,
    error: str | None = None,
    points: int = 51,
    low: tuple[float, float] | None = None,
    high: tuple[float, float] | None = None,
    seed: int = 0,
    budget_s: float | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Trace:
    """The loss of a network at points × points sets of weights that lie in a plane.

    `data` are inputs and targets (a pair), or a dataset. Planes: "weights", of the two named in
    `weights` (exact: all others stay); "random", two directions normalised filter by filter,
    drawn by `seed`, whose coordinates are in lengths of the model's own filters; "path", the
    first two principal components of a training path: a run, its trace, or state dicts. `low` and
    `high` are the corners (x, y). Batch norm and the like are as the model has them, in
    evaluation mode; the model stays as it is.

    Moments "level": the losses known so far ("loss" (row, column), row 0 the lowest y), coarse
    first: a point not yet computed has the loss of a computed one below and to its left,
    "computed" tells which were. `budget_s` ends the refining; without it all points are computed,
    the same every time. `progress` is told points done and points in all. A loss that is no
    finite number stays NaN or infinite. "x" (column,) and "y" (row,) are at moment 0.

    For "path", a moment "path" has "path x", "path y", "path loss", the true loss of each state,
    "plane loss", that at its projection, and "gap", their difference (step,). For the others,
    where the model itself stands. `about`: "variance kept" along each direction, "parameters".

    Raises `InputError` for a model without weights, a path without variance, corners out of order.
    """
    inputs, target = _pair(data)
    own = deepcopy(model).eval().requires_grad_(False)
    first = next(iter(own.parameters()), None)
    dtype = torch.float32 if first is None else first.dtype
    if plane == "weights":
        own, dtype = own.double(), torch.float64
    x, wrong = prepared(own, inputs, target, error, dtype)
    if not 2 <= points <= MOST_POINTS:
        raise InputError(
            "A surface has from 2 to 501 points a side", received=f"{points}", do="51 look smooth"
        )
    flat = _plane(own, plane, weights, path, seed)
    across, upward = _axes(flat, own, points, low, high)
    losses = plane_losses(own, flat, x, wrong)
    marked = _marked(flat, own)
    trace = Trace(Header("loss surface", _sites(flat), _about(flat, own, wrong.kind, points)))
    start = {"x": across, "y": upward}
    ends = None if budget_s is None else monotonic() + budget_s
    for stride, table, computed in _levels(losses, across, upward, ends, progress):
        at = {"stride": stride, "done": int(computed.sum())}
        trace.append(Moment("level", at), {"loss": table, "computed": computed, **start})
        start = {}
    on_plane = losses(marked)
    states = [dict(state) for state in flat.states] or [parameters_of(own)]
    states = [{name: value.to(dtype) for name, value in state.items()} for state in states]
    true = state_losses(own, states, x, wrong)
    trace.append(
        Moment("path"),
        {
            "path x": marked[:, 0], "path y": marked[:, 1],
            "path loss": true, "plane loss": on_plane, "gap": on_plane - true,
        },
    )  # fmt: skip
    return trace


def _levels(
    losses: Callable[[FloatArray], FloatArray],
    across: FloatArray,
    upward: FloatArray,
    ends: float | None,
    progress: Callable[[int, int], object] | None,
) -> Any:
    """Coarse to fine: the stride, the table filled from what is known, and what is known."""
    count = len(across)
    known = np.zeros((count, count), bool)
    table = np.full((count, count), np.nan)
    stride = 1 << max((count - 1).bit_length() - 2, 0)
    while stride:
        grid = np.zeros_like(known)
        grid[::stride, ::stride] = True
        rows, columns = np.nonzero(grid & ~known)
        for start in range(0, len(rows), BATCH):
            part = slice(start, start + BATCH)
            row, column = rows[part], columns[part]
            table[row, column] = losses(np.stack([across[column], upward[row]], 1))
            known[row, column] = True
            if progress is not None:
                progress(int(known.sum()), count * count)
            left = stride > 1 or start + BATCH < len(rows)
            if ends is not None and left and monotonic() > ends:
                yield stride, _filled(table, known), known.copy()
                return
        yield stride, _filled(table, known), known.copy()
        stride //= 2


def _filled(table: FloatArray, known: BoolArray) -> FloatArray:
    """Each point not computed takes the loss of the finest computed cell that it lies in."""
    count = len(table)
    filled, has = table.copy(), known.copy()
    stride = 2
    while not has.all() and stride < 2 * count:
        near = np.arange(count) // stride * stride
        coarse = known[np.ix_(near, near)] & ~has
        filled[coarse] = table[np.ix_(near, near)][coarse]
        has |= coarse
        stride *= 2
    return filled


def _plane(
    model: nn.Module, plane: str, weights: Sequence[str] | None, path: Any, seed: int
) -> Plane:
    if plane not in PLANES:
        raise unknown_name("plane", str(plane), PLANES)
    if plane == "random":
        return random_plane(model, seed)
    if plane == "path":
        if path is None:
            raise InputError(
                "The plane of a path needs the path", received="path=None",
                do="Give path=run, its trace, or a list of state dicts",
            )  # fmt: skip
        return path_plane(model, path)
    if weights is None:
        raise InputError(
            "A plane of weights needs the names of two", received="weights=None",
            do='Such as weights=("fc1.weight[0, 0]", "fc1.weight[0, 1]")',
        )  # fmt: skip
    return weights_plane(model, weights)


def _axes(
    flat: Plane,
    model: nn.Module,
    points: int,
    low: tuple[float, float] | None,
    high: tuple[float, float] | None,
) -> tuple[FloatArray, FloatArray]:
    """The coordinates of columns and rows: as asked for, or around what is marked."""
    marked = _marked(flat, model)
    if flat.path is not None:
        middle = (marked.min(0) + marked.max(0)) / 2
        reach = np.full(2, np.ptp(marked, axis=0).max() * (0.5 + ROOM))
    else:
        reach = np.full(2, 3.0 if flat.kind == "weights" else 1.0)
        middle = marked[0]
    ends = [
        np.asarray(middle - reach if low is None else low, np.float64),
        np.asarray(middle + reach if high is None else high, np.float64),
    ]
    if any(end.shape != (2,) for end in ends) or not (ends[0] < ends[1]).all():
        raise InputError(
            "The corners of a surface are (x, y), the lower one first",
            received=f"low {low} and high {high}",
        )
    if not np.isfinite(ends).all():
        raise InputError("The corners of a surface are finite numbers", received=f"{low}, {high}")
    return tuple(np.linspace(ends[0][axis], ends[1][axis], points) for axis in range(2))  # type: ignore[return-value]


def _marked(flat: Plane, model: nn.Module) -> FloatArray:
    """The coordinates of the path, or of where the model stands: (step, 2)."""
    if flat.path is not None:
        return flat.path
    if flat.kind == "random":
        return np.zeros((1, 2))
    state = parameters_of(model)
    places = [weight_place(state, name) for name in flat.labels]
    return np.array([[float(state[array][place]) for array, place in places]])


def _about(flat: Plane, model: nn.Module, error: str, points: int) -> dict[str, Any]:
    count = sum(value.numel() for value in flat.origin.values())
    return {
        "plane": flat.kind, "labels": list(flat.labels), "error": error, "points": points,
        "parameters": count, "model": type(model).__name__,
        "variance kept": list(flat.kept), **flat.about,
    }  # fmt: skip


def _sites(flat: Plane) -> tuple[Site, ...]:
    grid = ("row", "column")
    return (
        Site("x", "weight", ("column",), note=flat.labels[0]),
        Site("y", "weight", ("row",), note=flat.labels[1]),
        Site("loss", "metric", grid, ("x", "y")),
        Site("computed", "mask", grid, note="whether that point was computed"),
        Site("path x", "weight", ("step",)),
        Site("path y", "weight", ("step",)),
        Site("path loss", "metric", ("step",), note="true loss of each state"),
        Site("plane loss", "metric", ("step",), ("path x", "path y"), note="of its projection"),
        Site("gap", "metric", ("step",), ("plane loss", "path loss")),
    )


def _pair(data: Any) -> tuple[Any, Any]:
    """Inputs and targets, from a pair of them or a dataset."""
    if hasattr(data, "features") and hasattr(data, "labels"):
        return data.features, data.labels
    if hasattr(data, "images") and hasattr(data, "labels"):
        return data.images, data.labels
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return data[0], data[1]
    raise InputError(
        "A surface needs inputs and targets", received=f"a {type(data).__name__}",
        do="Give (inputs, targets), or a dataset",
    )  # fmt: skip
