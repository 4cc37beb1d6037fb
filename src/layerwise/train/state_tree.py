"""Nested states (of an optimiser, a schedule, random numbers) as JSON and tensors, and back.

What `state_dict` gives is dictionaries with any keys, lists, tuples, numbers and tensors. JSON
keeps the tree, with a number in the place of each tensor; nothing is pickled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError

_PLAIN: Final = (str, int, float, bool, type(None))
_DTYPES: Final = {str(each): each for each in (torch.float16, torch.bfloat16, torch.float32,
                                              torch.float64, torch.int64, torch.int32)}  # fmt: skip


def split_state(state: Any, where: str = "state") -> tuple[Any, dict[str, Tensor]]:
    """The tree as JSON values, and its tensors by number.

    A tensor that is met twice is stored once. Raises `InputError`, naming the place, for what is
    neither number, text, tensor nor a collection of them.
    """
    tensors: dict[str, Tensor] = {}
    numbers: dict[Any, str] = {}

    def walk(value: Any, place: str) -> Any:
        if isinstance(value, Tensor):
            key = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride())
            if not value.numel():
                key = (id(value), value.dtype, (), ())
            if key not in numbers:
                numbers[key] = str(len(numbers))
                tensors[numbers[key]] = value.detach()
            return {"tensor": numbers[key]}
        if isinstance(value, np.generic):
            value = value.item()
        if type(value) in _PLAIN:
            return value
        if isinstance(value, (list, tuple, deque)):
            kind = "list" if isinstance(value, list) else "tuple"
            kind = "deque" if isinstance(value, deque) else kind
            return {kind: [walk(each, f"{place}[{i}]") for i, each in enumerate(value)]}
        if isinstance(value, Mapping):
            return {"pairs": [[walk(k, place), walk(v, f"{place}.{k}")] for k, v in value.items()]}
        if isinstance(value, torch.dtype) and str(value) in _DTYPES:
            return {"dtype": str(value)}
        raise InputError(
            f"A checkpoint cannot hold {place}",
            received=type(value).__name__,
            allowed="Numbers, text, tensors and collections of them",
            do="Train without folder, or with a torch optimizer and schedule",
        )

    return walk(state, where), tensors


def joined_state(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The state that `split_state` took apart. Raises `KeyError` or `ValueError` if it is broken.

    Places that shared a tensor share it again.
    """
    if type(tree) in _PLAIN:
        return tree
    if not isinstance(tree, dict) or len(tree) != 1:
        raise ValueError("a part of the state is of no known kind")
    ((kind, value),) = tree.items()
    if kind == "tensor":
        return tensors[value]
    if kind == "dtype":
        return _DTYPES[value]
    if kind == "pairs":
        found: dict[Any, Any] = {}
        for key, each in value:
            found[joined_state(key, tensors)] = joined_state(each, tensors)
        return found
    if kind in ("list", "tuple", "deque"):
        items = [joined_state(each, tensors) for each in value]
        return items if kind == "list" else tuple(items) if kind == "tuple" else deque(items)
    raise ValueError(f"a part of the state is of the unknown kind {kind!r}")
