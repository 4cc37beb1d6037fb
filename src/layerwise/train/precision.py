"""In what precision a model computes: its own, or half where a device is made for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..errors import InputError, unknown_name

P = ParamSpec("P")
R = TypeVar("R")
PRECISIONS: Final = {
    "float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16,
}  # fmt: skip


class Precision:
    """Mixed precision: products in half precision, weights and sums in single.

    "float32" leaves the model in its own type. "bfloat16" works everywhere; "float16" only on a
    GPU, with the loss scaled so that small gradients do not become zero. Source: Micikevicius et
    al., "Mixed Precision Training", 2018.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        if name not in PRECISIONS:
            raise unknown_name("precision", name, PRECISIONS)
        if name == "float16" and device.type == "cpu":
            raise InputError(
                "float16 trains on a GPU only",
                received=f"device {device}",
                do="Use precision='bfloat16' here",
            )
        self.dtype = PRECISIONS[name]
        self._device = device.type
        self._scaler = torch.amp.GradScaler(device.type) if name == "float16" else None

    @property
    def plain(self) -> bool:
        """Whether nothing is changed at all."""
        return self.dtype is None

    @property
    def scales(self) -> bool:
        """Whether the loss is scaled."""
        return self._scaler is not None

    def around(self, function: Callable[P, R]) -> Callable[P, R]:
        """The same function in this precision; itself where nothing is changed."""
        if self.dtype is None:
            return function

        def in_half(*args: P.args, **kwargs: P.kwargs) -> R:
            with torch.autocast(self._device, self.dtype):
                return function(*args, **kwargs)

        return in_half

    def backward(self, loss: Tensor) -> None:
        """The gradients of the loss."""
        (loss if self._scaler is None else self._scaler.scale(loss)).backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: Optimizer) -> None:
        """The gradients as they are, before anyone looks at them or clips them."""
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: Optimizer) -> None:
        """The update; left out where scaled gradients were too large for half precision."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The scale, for a checkpoint."""
        return {} if self._scaler is None else dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        if self._scaler is not None:
            self._scaler.load_state_dict(state)
