"""Counts dead and saturated units during one forward pass, functional activations included."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

WATCHED: Final[dict[Any, str]] = {
    **dict.fromkeys((torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.relu, F.relu6), "relu"),
    **dict.fromkeys((torch.tanh, torch.tanh_, Tensor.tanh, Tensor.tanh_, F.tanh), "tanh"),
    **dict.fromkeys(
        (torch.sigmoid, torch.sigmoid_, Tensor.sigmoid, Tensor.sigmoid_, F.sigmoid), "sigmoid"
    ),
}
LIMITS: Final = {"tanh": "|tanh| > 0.99", "sigmoid": "below 0.01 or above 0.99"}


class Units:
    """The units of one activation in one pass: how many, how many dead, how many saturated."""

    def __init__(self, kind: str, layer: str, values: Tensor, axis: int) -> None:
        self.kind, self.layer = kind, layer
        self._place = values.data_ptr(), tuple(values.shape)
        by_unit = values.movedim(axis, 0).reshape(values.shape[axis], -1)
        self.count = len(by_unit)
        self.dead = self.saturated = 0
        if kind == "relu":
            self.dead = int((by_unit.amax(1) <= 0).sum())
        else:
            high = by_unit.abs() > 0.99 if kind == "tanh" else (by_unit - 0.5).abs() > 0.49
            self.saturated = int((high.float().mean(1) > 0.5).sum())

    @property
    def limit(self) -> str:
        """What counts as saturated, in words."""
        return LIMITS.get(self.kind, "")

    def is_from(self, output: Any) -> bool:
        """Whether these values are the model's output."""
        return isinstance(output, Tensor) and self._place == (
            output.data_ptr(),
            tuple(output.shape),
        )


class UnitWatch(TorchFunctionMode):
    """Inside, every ReLU, tanh and sigmoid of the model is counted into `units`.

    A unit is a channel of (sample, channel, …), or the last axis of (sample, position, feature).
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.units: list[Units] = []
        self._names: dict[int, str] = {id(module): name for name, module in model.named_modules()}
        self._lines = any(isinstance(each, nn.Conv1d) for each in model.modules())
        self._stack: list[nn.Module] = []
        self._last = ""  # the latest layer with parameters of its own
        self._times: dict[str, int] = {}
        self._hooks: list[Any] = []

    def __enter__(self) -> UnitWatch:
        """Start to watch."""
        self._hooks = [
            register_module_forward_pre_hook(self._into),
            register_module_forward_hook(self._out_of, always_call=True),
        ]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take every hook away again."""
        try:
            super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        finally:
            for hook in self._hooks:
                hook.remove()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation; look at what an activation gave."""
        result = func(*args, **(kwargs or {}))
        kind = WATCHED.get(func)
        if kind and isinstance(result, Tensor) and result.ndim > 1 and result.numel():
            axis = -1 if result.ndim == 3 and not self._lines else 1
            with torch._C.DisableTorchFunction():
                self.units.append(Units(kind, self._layer(kind), result, axis))
        return result

    def _layer(self, kind: str) -> str:
        inner = self._stack[-1] if self._stack else None
        if inner is not None and not any(True for _ in inner.children()) and self._name(inner):
            name = self._name(inner)
            name = f"{kind} of {name}" if any(True for _ in inner.parameters()) else name
        else:
            name = f"{kind} after {self._last}" if self._last else kind
        times = self._times.get(name, 0) + 1
        self._times[name] = times
        return name if times == 1 else f"{name} ({times})"

    def _name(self, module: nn.Module) -> str:
        return str(self._names.get(id(module), ""))

    def _into(self, module: nn.Module, args: Any) -> None:
        self._stack.append(module)

    def _out_of(self, module: nn.Module, args: Any, output: Any) -> None:
        if self._stack:
            self._stack.pop()
        if any(True for _ in module.parameters(recurse=False)):
            self._last = self._name(module) or self._last
