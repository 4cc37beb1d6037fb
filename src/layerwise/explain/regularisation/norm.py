"""What batch norm does to a layer: values before and after, and what it remembers for later."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from .runs import HIDDEN, batch_size, few_samples

MOST_STEPS: Final = 60
BINS: Final = 60


def batch_norm_shift(data: Any = "digits", *, steps: int = 60, unit: int | None = None,
                     seed: int = 0) -> Trace:  # fmt: skip
    """A layer's values before and after batch norm, step by step, in training and in evaluation.

    A network with one hidden layer of 128 ReLUs and batch norm before them learns images. A moment
    for each of the first `steps` steps; sites "before" and "after" (bin,), how many of the layer's
    values, of all neurons and samples of the batch, fall between the "edges" (edge, at moment 0);
    "evaluated" (bin,), the same batch with the running statistics that the layer had before the
    step; for each neuron (unit,) "batch mean", "batch variance" (of n, as it divides by),
    "running mean", "running variance" (after the step). `about["unit"]` is the neuron to look at
    (None: the one whose batch mean is farthest from 0, on average). Values outside of the edges are
    counted in the first and last bin. Raises `InputError` for numbers out of range.
    """
    import torch

    from ...models import mlp
    from ...train import fit

    if not isinstance(steps, int) or isinstance(steps, bool) or not 2 <= steps <= MOST_STEPS:
        raise InputError(
            f"The number of steps is a whole number from 2 to {MOST_STEPS}", received=repr(steps)
        )
    few = few_samples(data, wrong=0.0, seed=seed)
    model = mlp([few.features, HIDDEN, len(few.training.classes)], norm="batch", seed=seed)
    layer: Any = dict(model.named_children())["norm1"]
    seen: list[dict[str, Any]] = []
    held: list[tuple[Any, Any]] = []

    def before(module: Any, given: Any) -> None:
        if module.training and len(seen) < steps:
            held.append((module.running_mean.clone(), module.running_var.clone()))

    def after(module: Any, given: Any, made: Any) -> None:
        if not module.training or len(seen) >= steps:
            return
        values, (mean, variance) = given[0].detach(), held.pop()
        evaluated = torch.nn.functional.batch_norm(
            values, mean, variance, module.weight.detach(), module.bias.detach(), eps=module.eps
        )
        seen.append({
            "before": values.double().numpy(), "after": made.detach().double().numpy(),
            "evaluated": evaluated.double().numpy(),
            "batch mean": values.double().mean(0).numpy(),
            "batch variance": values.double().var(0, unbiased=False).numpy(),
            "running mean": module.running_mean.double().numpy().copy(),
            "running variance": module.running_var.double().numpy().copy(),
        })  # fmt: skip

    hooks = [layer.register_forward_pre_hook(before), layer.register_forward_hook(after)]
    batch = batch_size(len(few.training))
    epochs = -(-steps // (-(-len(few.training) // batch)))
    try:
        fit(model, (few.training, few.control), epochs=epochs, batch_size=batch,
            learning_rate=0.003, seed=seed, keep=None, health=False)  # fmt: skip
    finally:
        for hook in hooks:
            hook.remove()
    names = ("before", "after", "evaluated")
    far = max(float(np.quantile(np.abs(row[name]), 0.999)) for row in seen for name in names)
    edges = np.linspace(-far, far, BINS + 1)
    means = np.abs(np.stack([row["batch mean"] for row in seen]).mean(0))
    chosen = int(means.argmax()) if unit is None else unit
    if not isinstance(chosen, int) or not 0 <= chosen < HIDDEN:
        raise InputError(
            "There is no such neuron", received=repr(unit), allowed=f"From 0 to {HIDDEN - 1}"
        )
    about = {
        "unit": chosen, "neurons": HIDDEN, "batch": batch, "momentum": float(layer.momentum),
        "data": few.training.card.name, "samples": len(few.training), "seed": seed,
    }  # fmt: skip
    each = ("batch mean", "batch variance", "running mean", "running variance")
    sites = [
        Site("edges", "edges", ("edge",)),
        *[Site(name, "histogram", ("bin",)) for name in names],
        *[Site(name, "statistic", ("unit",)) for name in each],
    ]
    trace = Trace(Header("batch norm", tuple(sites), about))
    for number, row in enumerate(seen):
        values: dict[str, Any] = {name: row[name] for name in each}
        for name in names:
            inside = np.clip(row[name], edges[0], edges[-1])
            values[name] = np.histogram(inside, edges)[0]
        if not number:
            values["edges"] = edges
        trace.append(Moment("step", {"step": number + 1}), values)
    return trace
