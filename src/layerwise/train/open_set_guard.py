"""The guard: a copy of a classifier with one output more, for what is none of its classes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .health import evaluating


def widened(model: nn.Module, example: Tensor, classes: int) -> nn.Module:
    """A copy of the model whose last layer has one output more; the others give what they gave.

    `example` is a batch as the model takes it. The last layer is the last linear layer or
    convolution to run that has an output for each class. The new output starts at the mean of the
    others. Raises `InputError` where the model has no such layer, or its output does not grow.
    """
    copy = deepcopy(model)
    ran: list[str] = []
    hooks = [
        each.register_forward_hook(lambda *_, name=name: ran.append(name))
        for name, each in copy.named_modules()
        if isinstance(each, (nn.Linear, nn.Conv2d)) and _outputs(each) == classes
    ]
    try:
        with evaluating(copy), torch.no_grad():
            copy(example)
    finally:
        for hook in hooks:
            hook.remove()
    if not ran or not ran[-1]:
        raise _cannot(f"no linear layer or convolution with {classes} outputs was run")
    parent_name, _, own_name = ran[-1].rpartition(".")
    parent = copy.get_submodule(parent_name)
    setattr(parent, own_name, _wider(copy.get_submodule(ran[-1])))
    try:
        with evaluating(copy), torch.no_grad():
            shape = tuple(copy(example).shape)
    except RuntimeError as error:
        raise _cannot(f"with one output more, {str(error).splitlines()[0]}") from None
    if len(shape) != 2 or shape[1] != classes + 1:
        raise _cannot(f"with one output more, its answer has shape {shape}")
    return copy


def _outputs(layer: nn.Linear | nn.Conv2d) -> int:
    return layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels


def _wider(layer: Any) -> nn.Module:
    wider: Any = deepcopy(layer)
    if isinstance(layer, nn.Linear):
        wider.out_features += 1
    else:
        if layer.groups != 1:
            raise _cannot("its last layer is a convolution in groups")
        wider.out_channels += 1
    for name in ("weight", "bias"):
        old = getattr(layer, name)
        if old is not None:
            more = torch.cat([old.detach(), old.detach().mean(0, keepdim=True)])
            setattr(wider, name, nn.Parameter(more))
    made: nn.Module = wider.requires_grad_(True)
    return made


def _cannot(reason: str) -> InputError:
    return InputError(
        "This network cannot be given an answer more",
        received=reason,
        allowed="Its last layer must be linear or a convolution, one output for each class",
        do="Name a network of its own for the unknown, such as guard='cnn'",
    )
