"""How a model is called with a batch, and which models cannot be watched."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import InputError


def call_arguments(model: nn.Module, batch: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments for `model(...)`: a mapping goes in by name, a tuple by position.

    A model whose `forward` has no such names, or takes one argument only, gets the mapping or the
    tuple as it is.
    """
    try:
        parameters = list(signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return (batch,), {}
    kinds = {parameter.kind for parameter in parameters}
    if isinstance(batch, Mapping) and all(isinstance(key, str) for key in batch):
        names = {parameter.name for parameter in parameters}
        if Parameter.VAR_KEYWORD in kinds or set(batch) <= names:
            return (), dict(batch)
        return (batch,), {}
    if type(batch) is tuple or (
        isinstance(batch, list) and any(isinstance(b, Tensor) for b in batch)
    ):
        places = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        room = sum(parameter.kind in places for parameter in parameters)
        if Parameter.VAR_POSITIONAL in kinds or len(batch) <= room:
            return tuple(batch), {}
    return (batch,), {}


def named_tensors(value: Any, name: str) -> list[tuple[str, Tensor]]:
    """The tensors in a value, however nested, with the names by which they are reached."""
    if isinstance(value, Tensor):
        return [(name, value)]
    found: list[tuple[str, Tensor]] = []
    if isinstance(value, Mapping):
        for key, part in value.items():
            found += named_tensors(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (tuple, list)):
        for number, part in enumerate(value):
            found += named_tensors(part, f"{name}.{number}" if name else str(number))
    elif hasattr(value, "__dataclass_fields__"):
        for key in value.__dataclass_fields__:
            found += named_tensors(getattr(value, key), f"{name}.{key}" if name else key)
    return found


def input_tensors(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[tuple[str, Tensor]]:
    """The tensors that go into a call: "input", or "input.0", "input.1", or "input.name"."""
    if len(args) == 1 and not kwargs:
        return named_tensors(args[0], "input")
    return named_tensors([*args], "input") + named_tensors(dict(kwargs), "input")


Modules: TypeAlias = list[tuple[str, nn.Module]]


def named_modules(model: nn.Module) -> Modules:
    """What `model.named_modules()` gives, in half its time: the first name of each."""
    found: dict[int, tuple[str, nn.Module]] = {}
    waiting = [(model, "")]
    while waiting:
        module, name = waiting.pop()
        if id(module) not in found:
            found[id(module)] = name, module
            children = module._modules
            if children:
                start = f"{name}." if name else ""
                waiting += [
                    (child, start + key)
                    for key, child in reversed(children.items())
                    if child is not None
                ]
    return list(found.values())


def check_watchable(model: Any) -> Modules:
    """Raise `InputError` for a model whose operations do not run where they can be seen.

    Gives its modules with their names.
    """
    if not isinstance(model, nn.Module):
        raise InputError("Only a torch.nn.Module can be recorded", received=type(model).__name__)
    modules = named_modules(model)
    # One of each type is enough, the first; but each DataParallel has devices of its own.
    to_check = {
        module if isinstance(module, nn.DataParallel) else type(module): (name, module)
        for name, module in reversed(modules)
    }
    for name, module in to_check.values():
        where = f"its part {name!r}" if name else "the model"
        if isinstance(module, torch.jit.ScriptModule):
            raise InputError(
                f"A scripted model cannot be recorded: {where} runs outside of Python",
                received=type(module).__name__,
                do="Record the module that it was made from",
            )
        if type(module).__name__ == "OptimizedModule":
            raise InputError(
                f"A compiled model cannot be recorded: {where} has its operations fused",
                received="what torch.compile returned",
                do="Record the module that was given to torch.compile (its _orig_mod)",
            )
        if isinstance(module, nn.DataParallel) and len(module.device_ids or ()) > 1:
            raise InputError(
                "A model that runs on several devices at once cannot be recorded",
                received=f"DataParallel on {len(module.device_ids)} devices",
                do="Record its .module, on one device",
            )
    if getattr(model, "_compiled_call_impl", None) is not None:
        raise InputError(
            "A compiled model cannot be recorded: its operations are fused",
            received="a module after .compile()",
            do="Record it before it is compiled",
        )
    return modules
