"""Which functions of PyTorch overwrite what they are given, and which share its memory unseen."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, Final

from torch import Tensor

METHODS: Final = frozenset(
    f"__i{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor",
                 "lshift", "rshift", "matmul")
) | {"__setitem__"}  # fmt: skip

WAYS: dict[Any, int | bool | None] = {}
"""Function → whether it overwrites its first argument: always (True), never (False), or where its
flag stands; None for one whose result is its argument's memory without PyTorch keeping account.

`False` is what a caller tests for, to pass quickly over what needs no care.
"""


def overwritten(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that a call is about to change in place."""
    if func not in WAYS:
        WAYS[func] = _way(func)
    way = WAYS[func]
    out = kwargs.get("out")
    if out is not None:
        return [out] if isinstance(out, Tensor) else list(out)
    flag = way is not None and way is not False and len(args) > way and args[way] is True
    if args and (way is True or flag or kwargs.get("inplace")):
        first = args[0]
        if isinstance(first, (tuple, list)):  # a function for many tensors at once
            return [part for part in first if isinstance(part, Tensor)]
        return [first] if isinstance(first, Tensor) else []
    return []


def _way(func: Any) -> int | bool | None:
    name = getattr(func, "__name__", "")
    if name in METHODS or (name.endswith("_") and not name.endswith("__")):
        return True
    if name == "detach":
        return None
    if name == "__get__":
        return None if getattr(func.__self__, "__name__", "") == "data" else False
    try:
        names = list(signature(func).parameters)
    except (TypeError, ValueError):
        return False
    return names.index("inplace") if "inplace" in names else False
