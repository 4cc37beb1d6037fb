"""Hooks that change nothing: on outputs, on gradients, and around modules that run fused."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

FUSED: Final = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
"""Modules that in evaluation run as one fused operation, but not while somebody looks inside."""


def runs_fused(module: nn.Module, args: Any) -> bool:
    """Whether a module that can runs as one operation: in evaluation, where nothing can learn."""
    if module.training:
        return False
    if not torch.is_grad_enabled():
        return True
    tensors = [*module.parameters(), *(part for part in args if isinstance(part, Tensor))]
    return not any(tensor.requires_grad for tensor in tensors)


def hook_gradient(tensor: Tensor, store: Callable[[Tensor], object]) -> None:
    """Have `store` called with the loss's derivative by a tensor, in the backward pass."""

    def look(gradient: Tensor | None) -> None:
        if gradient is not None:  # one of several outputs that nobody used has none
            store(gradient.detach())

    tensor.register_hook(look)  # type: ignore[no-untyped-call]


def watch_outputs(
    module: nn.Module, hook: Callable[..., None], fused: Container[int] | None = None
) -> Any:
    """Have `hook` called with what a module gives; a handle that removes it.

    A hook on a part of a fused module (`fused`: their identities) would make PyTorch compute it
    another way, with other last bits. There it is one hook on all modules that picks out its own.
    """
    if isinstance(module, FUSED) or (fused is not None and id(module) in fused):

        def pick(called: nn.Module, args: Any, output: Any) -> None:
            if called is module:
                hook(called, args, output)

        return register_module_forward_hook(pick)
    return module.register_forward_hook(hook)


def fused_parts(model: nn.Module) -> set[int]:
    """The identities of the modules that may run as a part of one fused operation."""
    whole = [module for module in model.modules() if isinstance(module, FUSED)]
    return {id(part) for module in whole for part in module.modules()}
