"""Which operations have no slope to hand on: found while the model computes, and named."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name

from ...errors import InputError

STEPS: Final = frozenset(
    ("sign", "sgn", "round", "floor", "ceil", "trunc", "fix", "heaviside", "floor_divide")
)
"""Operations that are flat wherever they are not broken: PyTorch calls their slope zero."""


def refuse_steps(model: nn.Module, x: Tensor) -> None:
    """Raise `InputError`, naming the operation, where a model's chain has one without a slope.

    Such are steps (sign, round, floor …) and whatever gives out numbers that hang on no weight:
    argmax, comparisons, detach.
    """
    with torch.enable_grad(), _Watch() as watch:
        outputs = model(x.clone().requires_grad_(True))
    broken = watch.steps[0] if watch.steps else ""
    if not broken and isinstance(outputs, Tensor) and not outputs.requires_grad:
        broken = watch.breaks[-1] if watch.breaks else type(model).__name__
    if broken:
        raise InputError(
            f"The operation {broken!r} has no slope, and the chain rule ends there",
            do="Put an operation with a slope in its place, such as tanh for a step, softmax for "
            "argmax",
        )


class _Watch(TorchFunctionMode):
    """Notes every operation that is a step, and every one that lets no slope through."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []
        self.breaks: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carry the operation out, and note it."""
        result = func(*args, **(kwargs or {}))
        known = getattr(func, "__name__", "") or str(resolve_name(func))
        name = known.rpartition(".")[2].rstrip("_")
        feeds = any(isinstance(value, Tensor) and value.requires_grad for value in args)
        if feeds and isinstance(result, Tensor):
            if name in STEPS:
                self.steps.append(name)
            elif not result.requires_grad:
                self.breaks.append(name)
        return result
