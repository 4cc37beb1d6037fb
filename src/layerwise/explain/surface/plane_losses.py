"""Losses at many points of a plane at once: products that all points share are taken once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from ...types import FloatArray
from ..slopes.answer_error import AnswerError
from ..slopes.chain_rule_dense import DenseLayer, check_chain, dense_layers
from .plane import Plane

CHUNK_BYTES: Final = 16_000_000  # what the arrays of one chunk may take
Losses = Callable[[FloatArray], FloatArray]


def plane_losses(model: nn.Module, plane: Plane, x: Tensor, wrong: AnswerError) -> Losses:
    """A function from points (point, 2) of the plane to the losses there (point,).

    Dense networks: the first layer's sums are linear in the coordinates,
    X·(W₀ + a·D₁ + b·D₂) = X·W₀ + a·X·D₁ + b·X·D₂, three products for all points; later layers are
    one product of stacked weights for many points. So what is saved is the first layer's
    multiplications (`multiplications`), and what a call costs beside them; a network whose weights
    stand in its middle is not many times as fast. Other networks: `torch.vmap` over points, or
    point by point where an operation cannot be. Equal to `one_by_one` but for rounding.
    """
    try:
        layers = dense_layers(model)
        check_chain(model, layers, x)
    except InputError:
        return _by_vmap(model, plane, x, wrong)
    return _dense(layers, plane, x, wrong)


def multiplications(model: nn.Module, samples: int) -> tuple[int, int]:
    """How many multiplications of weights one point takes: alone, and among many.

    Of a dense network; `InputError` for another.
    """
    layers = dense_layers(model)
    each = [layer.linear.weight.numel() * samples for layer in layers]
    return sum(each), 3 * samples * layers[0].linear.out_features + sum(each[1:])


def one_by_one(model: nn.Module, plane: Plane, x: Tensor, wrong: AnswerError) -> Losses:
    """The same, one forward pass after another: what the faster ways are compared with."""
    return lambda points: state_losses(
        model, [plane.state(float(a), float(b)) for a, b in points], x, wrong
    )


def state_losses(
    model: nn.Module, states: list[dict[str, Tensor]], x: Tensor, wrong: AnswerError
) -> FloatArray:
    """The true losses of whole sets of weights: (state,)."""
    with torch.no_grad():
        losses = [
            float(wrong.loss(torch.func.functional_call(model, state, (x,)))) for state in states
        ]
    return np.array(losses)


def _dense(layers: list[DenseLayer], plane: Plane, x: Tensor, wrong: AnswerError) -> Losses:
    three = (plane.origin, plane.first, plane.second)
    flat = x.flatten(1)
    with torch.no_grad():
        sums = [
            nn.functional.linear(flat, *_weights(layers[0], part)) for part in three
        ]  # 3 × (sample, neuron)
    basis = torch.stack([part.reshape(-1) for part in sums])
    widest = max(layer.linear.out_features for layer in layers)
    heaviest = max((layer.linear.weight.numel() for layer in layers[1:]), default=0)
    each = (3 * len(x) * widest + heaviest) * x.element_size()
    chunk = max(1, CHUNK_BYTES // each)

    def losses(points: FloatArray) -> FloatArray:
        found = []
        with torch.no_grad():
            for start in range(0, len(points), chunk):
                part = torch.as_tensor(points[start : start + chunk]).to(x)
                mixed = torch.cat([torch.ones_like(part[:, :1]), part], 1)  # (point, 1 a b)
                values = (mixed @ basis).view(len(part), len(flat), -1)
                values = _activated(layers[0], values)
                for layer in layers[1:]:
                    kernel, bias = _stacked(layer, three, mixed)
                    product = torch.bmm(values, kernel.transpose(1, 2))
                    values = _activated(layer, product if bias is None else product.add_(bias))
                found.append(wrong.loss(values))
        return torch.cat(found).double().cpu().numpy()

    return losses


def _activated(layer: DenseLayer, values: Tensor) -> Tensor:
    """The layer's activations, which see (sample, neuron) as they would in the network."""
    shape = values.shape
    return layer.output(values.flatten(0, 1)).view(shape)


def _weights(layer: DenseLayer, part: Mapping[str, Tensor]) -> tuple[Tensor, Tensor | None]:
    before = f"{layer.name}." if layer.name else ""
    return part[f"{before}weight"], part.get(f"{before}bias")


def _stacked(
    layer: DenseLayer, three: tuple[Mapping[str, Tensor], ...], mixed: Tensor
) -> tuple[Tensor, Tensor | None]:
    """The layer's weights (point, to, from) and biases (point, 1, to) at each point."""
    parts = [_weights(layer, part) for part in three]
    kernels = torch.stack([kernel.reshape(-1) for kernel, _ in parts])
    shape = parts[0][0].shape
    kernel = (mixed @ kernels).view(len(mixed), *shape)
    biases = [bias for _, bias in parts if bias is not None]
    return kernel, (mixed @ torch.stack(biases)).unsqueeze(1) if biases else None


def _by_vmap(model: nn.Module, plane: Plane, x: Tensor, wrong: AnswerError) -> Losses:
    """Weights of many points stacked, and one pass of the model over all of them."""
    size = sum(own.numel() for own in plane.origin.values())
    each = (size + 8 * x.numel()) * x.element_size()
    chunk = max(1, min(CHUNK_BYTES // each, 64))

    def loss(point: Tensor) -> Tensor:
        state = {
            name: own + point[0] * plane.first[name] + point[1] * plane.second[name]
            for name, own in plane.origin.items()
        }
        return wrong.loss(torch.func.functional_call(model, state, (x,)))

    slow = one_by_one(model, plane, x, wrong)
    can = True

    def losses(points: FloatArray) -> FloatArray:
        nonlocal can
        if can and chunk > 1:
            try:
                with torch.no_grad():
                    told = torch.as_tensor(points).to(x)
                    found = torch.vmap(loss, chunk_size=chunk)(told)
                return np.asarray(found.double().cpu().numpy(), np.float64)
            except RuntimeError:  # an operation without a rule for stacks of weights
                can = False
        return slow(points)

    return losses
