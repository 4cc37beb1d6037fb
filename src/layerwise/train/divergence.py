"""Where the first number that is not finite came from: the layer and the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import DivergedError
from .randomness import random_numbers_kept

ADVICE = "Lower the learning rate, clip gradients (clip=1.0), or warm up (schedule='warm-up')"


def finite_weights(model: nn.Module) -> bool:
    """Whether every parameter is finite, by the length of each: one pass, one wait."""
    floats = [each.detach() for each in model.parameters() if each.is_floating_point()]
    floats = [each for each in floats if each.numel()]
    if not floats:
        return True
    lengths = torch._foreach_norm(floats, ord=math.inf)
    return math.isfinite(float(torch.stack([each.float().cpu() for each in lengths]).sum()))


def diverged(
    model: nn.Module,
    forward: Callable[[], Tensor],
    inputs: Tensor | None,
    *,
    step: int,
    epoch: int,
    loss: float,
    after: bool = False,
) -> DivergedError:
    """The error that names where the loss of this step stopped being finite.

    Looked for in the order of cause: the inputs, a weight (which then the update of the step before
    has made), the first module in the forward pass with finite inputs and an output that is not
    (`forward` runs it again), the loss itself. With `after` the step is one that was not made any
    more. Nothing of the model is changed by looking.
    """
    at: dict[str, Any] = {"step": step, "epoch": epoch}
    received = f"loss {loss} in step {step}, epoch {epoch}"
    if after:  # an epoch's end: only the weights tell, the loss was finite to the last
        received = f"weights after step {step - 1}, epoch {epoch}"
    if inputs is not None and not _finite(inputs):
        return DivergedError(
            f"The inputs of step {step} are not finite numbers", received=received,
            do="Look for missing or infinite values in the data", layer="inputs", **at,
        )  # fmt: skip
    weight = next((name for name, each in model.named_parameters() if not _finite(each)), None)
    if weight is not None:
        layer = weight.rpartition(".")[0] or weight
        made = f"the update of step {step - 1} made" if step > 1 else "before the first step"
        what = f"The weights of {layer} are not finite: {made} {weight} so"
        if step <= 1:
            what = f"The weights of {layer} are not finite before the first step ({weight})"
        return DivergedError(what, received=received, do=ADVICE, layer=layer, **at)
    first = first_overflow(model, forward)
    if first is not None:
        return DivergedError(
            f"The numbers stop being finite in {first}, in step {step}",
            received=received, do=ADVICE, layer=first.partition(" ")[0], **at,
        )  # fmt: skip
    return DivergedError(
        f"The loss of step {step} is not finite, though every layer's output is",
        received=received,
        do="Look at the targets and the loss (a logarithm of 0, a division by 0)",
        **at,
    )


def first_overflow(model: nn.Module, forward: Callable[[], Tensor]) -> str | None:
    """The first module, in the order of the pass, that makes something not finite of finite inputs.

    Its name and class ("fc3 (Linear)"), or None where there is none.
    """
    found: list[str] = []
    names = {id(module): name for name, module in model.named_modules()}
    buffers = [(each, each.detach().clone()) for each in model.buffers()]

    def look(module: nn.Module, args: Any, output: Any) -> None:
        if not found and _all_finite(args) and not _all_finite(output):
            found.append(f"{names[id(module)] or 'the model'} ({type(module).__name__})")

    hooks = [module.register_forward_hook(look) for module in model.modules()]
    try:
        with torch.no_grad(), random_numbers_kept():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
    return found[0] if found else None


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _all_finite(values: Any) -> bool:
    if isinstance(values, Tensor):
        return _finite(values)
    if isinstance(values, (tuple, list)):
        return all(map(_all_finite, values))
    return True
