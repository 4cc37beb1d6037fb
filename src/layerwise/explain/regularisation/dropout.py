"""Dropout's masks as they really were: which neurons were off at each step of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray
from .runs import batch_size, few_samples

if TYPE_CHECKING:
    from torch import nn

MOST_STEPS: Final = 60


def dropout_masks(
    data: Any = "digits",
    *,
    share: float = 0.5,
    neurons: int = 32,
    steps: int = 40,
    seed: int = 0,
) -> Trace:
    """Which neurons a training leaves out, step by step, and what the others are multiplied by.

    A network with one hidden layer of so many ReLUs learns images with dropout of that `share`
    before its last layer. A moment for each of the first `steps` steps, seen at the first sample of
    its batch; sites "before" and "after" (unit,), what goes into dropout and what comes out, and
    "mask" (unit,), 0 where a neuron is off and 1 / (1 − share) where it is on. Bit for bit what
    `torch.nn.Dropout` did: after × nothing else, after = before × mask. The last moment, of kind
    "evaluation", is the same network in use: the mask is 1 everywhere. Raises `InputError` for
    numbers out of range.
    """
    from ...models import mlp
    from ...train import fit

    for what, given, most in (("neurons", neurons, 64), ("steps", steps, MOST_STEPS)):
        if not isinstance(given, int) or isinstance(given, bool) or not 2 <= given <= most:
            raise InputError(
                f"The number of {what} is a whole number from 2 to {most}", received=repr(given)
            )
    few = few_samples(data, wrong=0.0, seed=seed)
    model = mlp([few.features, neurons, len(few.training.classes)], dropout=share, seed=seed)
    if not share > 0:
        raise InputError("Dropout needs a share above 0 to be seen", received=repr(share))
    layer: Any = dict(model.named_children())["drop1"]
    batch = batch_size(len(few.training))
    epochs = -(-steps // (-(-len(few.training) // batch)))
    seen: list[dict[str, FloatArray]] = []
    with masks_of(layer, seen):
        fit(model, (few.training, few.control), epochs=epochs, batch_size=batch,
            learning_rate=0.003, seed=seed, keep=None, health=False)  # fmt: skip
        seen = seen[:steps]
        in_use: list[dict[str, FloatArray]] = []
    with masks_of(layer, in_use, training=False):
        import torch

        model.eval()
        with torch.no_grad():
            model(torch.tensor(few.arrays()["training"][0][:1]))
    sites = (
        Site("before", "activation", ("unit",)),
        Site("mask", "mask", ("unit",)),
        Site("after", "activation", ("unit",), ("before", "mask")),
    )
    about = {
        "share": float(share), "neurons": neurons, "data": few.training.card.name, "seed": seed,
        "samples": len(few.training), "batch": batch,
    }  # fmt: skip
    trace = Trace(Header("dropout", sites, about))
    for number, values in enumerate(seen, start=1):
        trace.append(Moment("step", {"step": number}), values)
    trace.append(Moment("evaluation", {"step": len(seen)}), in_use[0])
    return trace


@contextmanager
def masks_of(
    layer: nn.Module, found: list[dict[str, FloatArray]], training: bool = True
) -> Iterator[None]:
    """While it lasts, each call of a dropout layer in that mode adds what it did to sample 0.

    The layer is left as it is: after it has drawn its mask, the random numbers are set back and the
    same mask is drawn again, for an input of ones.
    """
    import torch

    states: list[Any] = []

    def before(module: nn.Module, given: Any) -> None:
        if module.training == training:
            states.append(torch.get_rng_state())

    def after(module: nn.Module, given: Any, made: Any) -> None:
        if module.training != training:
            return
        then = torch.get_rng_state()
        torch.set_rng_state(states.pop())
        share: Any = module.p
        mask = torch.nn.functional.dropout(torch.ones_like(given[0]), share, training)
        torch.set_rng_state(then)
        values = {"before": given[0], "mask": mask, "after": made}
        found.append(
            {name: value[0].detach().numpy().astype(np.float64) for name, value in values.items()}
        )

    hooks = [layer.register_forward_pre_hook(before), layer.register_forward_hook(after)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
