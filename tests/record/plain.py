"""The oracle: plain PyTorch, with forward hooks that copy every module's output as it returns."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers

from layerwise.trace import Trace


@dataclass
class Plain:
    """What a plain run made: outputs of every call of every module, in the order they returned."""

    model: nn.Module
    output: Any = None
    leaves: dict[str, Tensor] = field(default_factory=dict)  # "relu", "relu:2", …
    containers: dict[str, list[Tensor]] = field(default_factory=dict)
    random: Any = None


def first_tensor(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    parts: Any = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, (tuple, list)):
        parts = value
    elif hasattr(value, "__dataclass_fields__"):
        parts = vars(value).values()
    for part in parts:
        found = first_tensor(part)
        if found is not None:
            return found
    return None


def call(model: nn.Module, batch: Any) -> Any:
    if isinstance(batch, tuple):
        return model(*batch)
    return model(**batch) if isinstance(batch, Mapping) else model(batch)


def plain_run(model: nn.Module, batch: Any, *, look: bool = True) -> Plain:
    """A run of a copy of the model."""
    found = Plain(copy.deepcopy(model))
    counts: Counter[str] = Counter()
    for name, module in found.model.named_modules():
        if not look:
            break

        def hook(module: nn.Module, args: Any, output: Any, name: str = name) -> None:
            tensor = first_tensor(output)
            counts[name] += 1
            if tensor is None:
                return
            if module._modules:
                found.containers.setdefault(name, []).append(tensor.detach().clone())
            else:
                again = f"{name}:{counts[name]}" if counts[name] > 1 else name
                found.leaves[again] = tensor.detach().clone()

        module.register_forward_hook(hook)
    found.output = call(found.model, batch)
    found.random = torch.get_rng_state()
    return found


def tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    elif hasattr(value, "__dataclass_fields__"):
        value = list(vars(value).values())
    if isinstance(value, (tuple, list)):
        return [tensor for part in value for tensor in tensors_in(part)]
    return []


def same(array: Any, tensor: Tensor) -> bool:
    """Whether an array has a tensor's very bits (bfloat16 as float32)."""
    tensor = tensor.detach()
    if tensor.dtype is torch.bfloat16:
        tensor = tensor.float()
    expected = tensor.numpy()
    return (
        array.shape == expected.shape
        and array.dtype == expected.dtype
        and array.tobytes() == expected.tobytes()
    )


def ended_by(trace: Trace, name: str) -> list[str]:
    """The sites that are the output of a module with parts, call by call."""
    return [site.name for site in trace.sites if name in site.about.get("ends", ())]


BACKWARD = torch.Tensor.backward, torch.autograd.backward


def left_behind() -> list[str]:
    """What a recorder has left in PyTorch itself."""
    places = {
        "forward hooks": modules._global_forward_hooks,
        "forward pre-hooks": modules._global_forward_pre_hooks,
        "always called": modules._global_forward_hooks_always_called,
        "optimiser pre-hooks": optimizers._global_optimizer_pre_hooks,
        "optimiser post-hooks": optimizers._global_optimizer_post_hooks,
        "a mode": range(torch._C._len_torch_function_stack()),
    }
    left = [name for name, place in places.items() if len(place)]
    if (torch.Tensor.backward, torch.autograd.backward) != BACKWARD:
        left.append("backward")
    if not torch._C._is_torch_function_enabled():
        left.append("no torch functions")
    return left


def hooks_on(model: nn.Module) -> int:
    """How many hooks are on a model, its parts and its parameters."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
             "_forward_hooks_always_called", "_forward_hooks_with_kwargs")  # fmt: skip
    of_modules = sum(len(getattr(part, kind)) for part in model.modules() for kind in kinds)
    weights = list(model.parameters())
    return of_modules + sum(
        len(weight._backward_hooks or ()) + len(weight._post_accumulate_grad_hooks or ())
        for weight in weights
    )
