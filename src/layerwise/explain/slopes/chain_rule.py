"""The chain rule path by path: every way from one weight to the loss, multiplied out and added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from itertools import product
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, unknown_name
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray, IntArray
from .answer_error import prepared
from .chain_rule_dense import DenseLayer, check_chain, dense_layers, slopes_of
from .chain_rule_refusals import refuse_steps

MOST_PATHS: Final = 4096
_WEIGHT = re.compile(r"^(?P<name>[\w.]+)\[(?P<place>[\d,\s]+)\]$")


def chain_rule(
    model: nn.Module,
    input: Any,
    target: Any,
    *,
    weight: str | tuple[str, Sequence[int]] | None = None,
    error: str | None = None,
) -> Trace:
    """Every path from one weight of a dense network to the loss, and what the paths add up to.

    `input` is one sample (feature,), `target` its class or the outputs that should come, `weight`
    such as "fc1.weight[0, 1]" (the first of the first layer unless given): that of neuron 0 for
    input 1; a bias is "fc1.bias[0]". All in double precision, in evaluation mode, on a copy.

    The factors of a path: what the weight is multiplied by (1 for a bias), then, neuron by neuron,
    the slope of its activation and the weight of the link that is taken, and at the end the slope
    of the loss in the output. Moments: "network" ("values N" (neuron,) of each layer, 0 the
    input, "weights N" (to, from), "slopes N" (neuron,), "loss slopes" (output,), "loss"); "path"
    for each path ("neurons" (layer,), "factors" (factor,), "product", "partial sum"); "sum"
    ("gradient", autograd's, and "difference", sum − gradient).

    Raises `InputError` for a model that is no chain of dense layers and activations, for an
    operation without a slope and for more than 4,096 paths (their number is said),
    `UnknownNameError` for a weight that is not there.
    """
    exact = deepcopy(model).double().eval()
    x, wrong = prepared(exact, input, target, error, torch.float64)
    if len(x) != 1:
        raise InputError("Paths are followed for one sample", received=f"{len(x)} samples")
    refuse_steps(exact, x)
    layers = dense_layers(exact)
    check_chain(exact, layers, x)
    at, to, source = _place(layers, weight)
    sizes = [layer.linear.out_features for layer in layers]
    count = int(np.prod([float(size) for size in sizes[at + 1 :]], initial=1.0))
    if count > MOST_PATHS:
        raise InputError(
            f"There are {count:,} paths from this weight to the loss, too many to follow",
            allowed=f"At most {MOST_PATHS:,}",
            do="Take a weight of a later layer, or a smaller network",
        )
    values, sums = _forward(layers, x)
    slopes = [slopes_of(layer, own).numpy() for layer, own in zip(layers, sums, strict=True)]
    outputs = values[-1][None].clone().requires_grad_(True)
    loss = wrong.loss(outputs)
    loss_slopes = torch.autograd.grad(loss, outputs)[0][0].numpy()
    matrices = [layer.linear.weight.detach().numpy() for layer in layers]
    name = _spelling(layers, at, to, source)
    parameter = layers[at].linear.weight if source is not None else layers[at].linear.bias
    found = torch.autograd.grad(wrong.loss(exact(x)), parameter)[0]
    gradient = float(found[to] if source is None else found[to, source])
    trace = Trace(
        Header(
            "chain rule",
            _sites(len(layers)),
            {
                "weight": name, "layer": at + 1, "to": to,
                "source": -1 if source is None else source, "paths": count,
                "sizes": [x[0].numel(), *sizes], "error": wrong.kind,
                "layers": [layer.name for layer in layers],
                "activations": [
                    ", ".join(type(module).__name__ for module in layer.after) for layer in layers
                ],
                "target": wrong.target[0].tolist(),
            },
        )
    )  # fmt: skip
    network: dict[str, Any] = {"loss slopes": loss_slopes, "loss": float(loss.detach())}
    network |= {f"values {number}": value.numpy() for number, value in enumerate(values)}
    for number, (matrix, slope) in enumerate(zip(matrices, slopes, strict=True), 1):
        network |= {f"weights {number}": matrix, f"slopes {number}": slope}
    trace.append(Moment("network"), network)
    start = 1.0 if source is None else float(values[at][source])
    total = 0.0
    for number, later in enumerate(product(*(range(size) for size in sizes[at + 1 :]))):
        neurons = np.array([to, *later], np.int64)
        factors = _factors(start, neurons, at, matrices, slopes, loss_slopes)
        total += float(np.prod(factors))
        trace.append(
            Moment("path", {"path": number}),
            {
                "neurons": neurons, "factors": factors, "product": float(np.prod(factors)),
                "partial sum": total,
            },
        )  # fmt: skip
    trace.append(Moment("sum"), {"gradient": gradient, "difference": total - gradient})
    return trace


def _factors(
    start: float,
    neurons: IntArray,
    at: int,
    matrices: list[Any],
    slopes: list[Any],
    loss_slopes: FloatArray,
) -> FloatArray:
    """The factors of one path, from the weight on."""
    factors = [start, float(slopes[at][neurons[0]])]
    for step in range(1, len(neurons)):
        factors.append(float(matrices[at + step][neurons[step], neurons[step - 1]]))
        factors.append(float(slopes[at + step][neurons[step]]))
    return np.array([*factors, float(loss_slopes[neurons[-1]])])


def _forward(layers: list[DenseLayer], x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The values of every layer (the input first) and the sums before its activation."""
    values, sums = [x.flatten(1)[0]], []
    with torch.no_grad():
        for layer in layers:
            sums.append(layer.linear(values[-1]))
            values.append(layer.output(sums[-1]))
    return values, sums


def _place(
    layers: list[DenseLayer], weight: str | tuple[str, Sequence[int]] | None
) -> tuple[int, int, int | None]:
    """The number of its layer, the neuron it leads to, and where from (None: a bias)."""
    if weight is None:
        return 0, 0, 0
    if isinstance(weight, str):
        found = _WEIGHT.match(weight.strip())
        if not found:
            raise InputError(
                "A weight is written with its place in square brackets",
                received=repr(weight), allowed='Such as "fc1.weight[0, 1]" or "fc1.bias[0]"',
            )  # fmt: skip
        name = found["name"]
        place = tuple(int(part) for part in found["place"].split(",") if part.strip())
    else:
        name, place = weight[0], tuple(int(part) for part in weight[1])
    known: dict[str, tuple[int, tuple[int, ...]]] = {}
    for number, layer in enumerate(layers):
        before = f"{layer.name}." if layer.name else ""
        known[f"{before}weight"] = number, tuple(layer.linear.weight.shape)
        if layer.linear.bias is not None:
            known[f"{before}bias"] = number, tuple(layer.linear.bias.shape)
    if name not in known:
        raise unknown_name("weights", name, known)
    number, shape = known[name]
    within = len(place) == len(shape) and all(
        0 <= own < size for own, size in zip(place, shape, strict=True)
    )
    if not within:
        ends = ", ".join(f"0 to {size - 1}" for size in shape)
        raise InputError(
            f"There is no such place in {name}", received=str(list(place)), allowed=f"[{ends}]"
        )
    return number, place[0], place[1] if len(place) == 2 else None


def _spelling(layers: list[DenseLayer], at: int, to: int, source: int | None) -> str:
    name = f"{layers[at].name}." if layers[at].name else ""
    return f"{name}bias[{to}]" if source is None else f"{name}weight[{to}, {source}]"


def _sites(layers: int) -> tuple[Site, ...]:
    sites = [Site("values 0", "activation", ("neuron",))]
    for number in range(1, layers + 1):
        fed = (f"values {number - 1}", f"weights {number}")
        sites += [
            Site(f"weights {number}", "weight", ("to", "from")),
            Site(f"values {number}", "activation", ("neuron",), fed),
            Site(f"slopes {number}", "gradient", ("neuron",), note="of the activation"),
        ]
    return (
        *sites,
        Site("loss", "metric", (), (f"values {layers}",)),
        Site("loss slopes", "gradient", ("output",)),
        Site("neurons", "path", ("layer",), note="from the weight's own neuron on"),
        Site("factors", "gradient", ("factor",)),
        Site("product", "gradient", (), ("factors",)),
        Site("partial sum", "gradient", (), ("product",)),
        Site("gradient", "gradient", note="autograd's"),
        Site("difference", "metric", (), ("partial sum", "gradient")),
    )
