"""The slope of the loss twice: every weight nudged, and all of them by backpropagation at once."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray
from .answer_error import AnswerError, prepared
from .chain_rule_refusals import refuse_steps

NUDGE: Final = float(np.finfo(np.float64).eps) ** (1 / 3)  # balances rounding and curvature
MOST_WEIGHTS: Final = 20_000
WIDTHS: Final = (2, 4, 8, 16, 32)


def nudges(
    model: nn.Module,
    batch: Any,
    target: Any,
    *,
    error: str | None = None,
    widths: Sequence[int] = WIDTHS,
    seed: int = 0,
) -> Trace:
    """The slope of the loss in every weight: by nudging it, and by backpropagation.

    `batch` (sample, …) or one sample (feature,); `target` the classes, or the outputs that should
    come (see `error`: "cross-entropy" or "squared"). A copy of the model computes in double
    precision, in evaluation mode; the model stays as it is. A nudge is a central difference,
    (loss(w + h) − loss(w − h)) / 2h with h = ε^⅓ · max(1, |w|): two forward passes a weight.

    Moments: "loss" ("outputs", "target", "terms", "loss"), "slopes" ("nudged", "backpropagated"
    (weight,), "largest difference"), and "network" for the given model and for dense networks
    inputs–w–w–outputs with tanh and each w of `widths`: "weights", "passes nudged", "passes
    backpropagated", and "multiplications nudged" and "multiplications backpropagated", those of
    matrix products and convolutions as PyTorch carries them out, counted; a backward pass counts
    as one pass.

    Raises `InputError` for a model without weights or with more than 20,000, for an operation
    without a slope, and for a loss that is not finite.
    """
    exact = deepcopy(model).double().eval()
    x, wrong = prepared(exact, batch, target, error, torch.float64)
    refuse_steps(exact, x)
    names, trained = _weight_names(exact)
    trace = Trace(Header("nudges", _sites(names), {"error": wrong.kind, "weights": len(names)}))
    with torch.no_grad():
        outputs = exact(x)
        terms, loss = wrong.terms(outputs), wrong.loss(outputs)
    if not bool(loss.isfinite()):
        raise InputError("The loss is not a finite number", received=str(float(loss)))
    trace.append(
        Moment("loss"),
        {
            "outputs": outputs.numpy(),
            "target": wrong.target.numpy(),
            "terms": terms.numpy(),
            "loss": loss.numpy(),
        },
    )
    slow, fast, counts = _both(exact, x, wrong, trained)
    trace.append(
        Moment("slopes"),
        {"nudged": slow, "backpropagated": fast, "largest difference": np.abs(slow - fast).max()},
    )
    trace.append(Moment("network", {"given": 1}), counts)
    features, classes = x[0].numel(), outputs.shape[1]
    for width in widths:
        grown = _grown(features, int(width), classes, seed)
        _, learned = _weight_names(grown)
        *_, counts = _both(grown, x.flatten(1), wrong, learned)
        trace.append(Moment("network", {"width": int(width)}), counts)
    return trace


def _both(
    model: nn.Module, x: Tensor, wrong: AnswerError, trained: list[Tensor]
) -> tuple[FloatArray, FloatArray, dict[str, float]]:
    """Slopes by nudging and by backpropagation, and what each of them took."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as once, torch.no_grad():
        wrong.loss(model(x))
    passes = 0

    def loss() -> float:
        nonlocal passes
        passes += 1
        return float(wrong.loss(model(x)))

    slopes: list[float] = []
    with torch.no_grad():
        for weights in trained:
            flat = weights.view(-1)
            for place in range(len(flat)):
                own = float(flat[place])
                nudge = NUDGE * max(1.0, abs(own))
                above, below = own + nudge, own - nudge
                flat[place] = above
                up = loss()
                flat[place] = below
                down = loss()
                flat[place] = own
                slopes.append((up - down) / (above - below))
    with FlopCounterMode(display=False) as back:
        found = torch.autograd.grad(wrong.loss(model(x)), trained, allow_unused=True)
    fast = [
        (torch.zeros_like(own) if slope is None else slope).reshape(-1)
        for own, slope in zip(trained, found, strict=True)
    ]
    by_back = torch.cat(fast).numpy().copy()
    by_nudge = np.array(slopes)
    return by_nudge, by_back, {
        "weights": len(slopes),
        "passes nudged": passes,
        "passes backpropagated": 2,
        "multiplications nudged": passes * once.get_total_flops() // 2,
        "multiplications backpropagated": back.get_total_flops() // 2,
        "network difference": float(np.abs(by_nudge - by_back).max()),
    }  # fmt: skip


def _grown(features: int, width: int, classes: int, seed: int) -> nn.Module:
    from ...models.mlp import mlp

    return mlp([features, width, width, classes], "tanh", seed=seed).double().eval()


def _weight_names(model: nn.Module) -> tuple[tuple[str, ...], list[Tensor]]:
    """What each weight is called, in order, and the arrays that hold them."""
    kept = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    count = sum(value.numel() for _, value in kept)
    if not 1 <= count <= MOST_WEIGHTS:
        raise InputError(
            f"Nudging goes through 1 to {MOST_WEIGHTS:,} weights one by one",
            received=f"{count:,} weights that are learned",
            do="Take a smaller network",
        )
    names = tuple(
        f"{name}[{', '.join(map(str, place))}]"
        for name, value in kept
        for place in np.ndindex(tuple(value.shape))
    )
    return names, [value for _, value in kept]


def _sites(names: tuple[str, ...]) -> tuple[Site, ...]:
    each = {"weight": names}
    return (
        Site("outputs", "activation", ("sample", "output")),
        Site("target", "activation", ("sample", "output")),
        Site("terms", "metric", ("sample", "output"), ("outputs", "target")),
        Site("loss", "metric", (), ("terms",)),
        Site("nudged", "gradient", ("weight",), ("loss",), entries=each),
        Site("backpropagated", "gradient", ("weight",), ("loss",), entries=each),
        Site("largest difference", "metric", (), ("nudged", "backpropagated")),
        Site("weights", "metric"),
        Site("passes nudged", "metric", unit="passes"),
        Site("passes backpropagated", "metric", unit="passes"),
        Site("multiplications nudged", "metric", note="of matrix products and convolutions"),
        Site("multiplications backpropagated", "metric", note="as for nudges, both passes"),
        Site("network difference", "metric"),
    )
