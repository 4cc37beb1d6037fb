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

_SHAPED_AS: Final = frozenset(("to", "type_as", "view_as", "expand_as", "reshape_as"))


def refuse_steps(model: nn.Module, x: Tensor) -> None:
    """Raise `InputError`, naming the operation, where a model's chain has one without a slope.

    Such are steps (sign, round, floor …), whatever cuts weights off from the outputs (argmax,
    comparisons), and numbers taken out of the chain and put back: detach, `torch.no_grad`.
    """
    with torch.enable_grad(), _Watch() as watch:
        outputs = model(x.clone().requires_grad_(True))
    broken = watch.steps[0] if watch.steps else ""
    if not broken and isinstance(outputs, Tensor):
        broken = watch.cut(outputs)
        if not outputs.requires_grad:
            broken = watch.breaks[-1] if watch.breaks else type(model).__name__
        elif not broken and watch.breaks:
            weights = [own for own in model.parameters() if own.requires_grad]
            slopes = torch.autograd.grad(outputs.sum(), weights, allow_unused=True)
            broken = watch.breaks[-1] if any(slope is None for slope in slopes) else ""
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
        self._cut: dict[int, tuple[str, Tensor]] = {}  # kept, so that no other gets the same id

    def cut(self, outputs: Tensor) -> str:
        """The operation that took numbers out of the chain which these outputs hang on, or ""."""
        return self._cut[id(outputs)][0] if id(outputs) in self._cut else ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Carry the operation out, and note it."""
        result = func(*args, **(kwargs or {}))
        known = getattr(func, "__name__", "") or str(resolve_name(func))
        if known == "__get__":  # an attribute: torch.Tensor.data.__get__
            known = str(resolve_name(func)).removesuffix(".__get__")
        name = known.rpartition(".")[2].rstrip("_")
        if not isinstance(result, Tensor):
            return result
        given = [
            value
            for part in (*args, *(kwargs or {}).values())
            for value in (part if isinstance(part, (list, tuple)) else (part,))
            if isinstance(value, Tensor)
        ]
        if name in _SHAPED_AS:  # the others say of what kind or shape, no more
            given = given[:1]
        elif name.endswith("_like") or name.startswith("new_"):
            given = []
        cuts = [self._cut[id(value)][0] for value in given if id(value) in self._cut]
        if any(value.requires_grad for value in given):
            if name in STEPS:
                self.steps.append(name)
            elif not result.requires_grad:
                self.breaks.append(name)
                if result.is_floating_point():
                    cuts.append(name)
        if cuts and result.is_floating_point():
            self._cut[id(result)] = (cuts[0], result)
        return result
