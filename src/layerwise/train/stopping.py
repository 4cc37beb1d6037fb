"""Early stopping: when the control loss no longer falls, the best epoch's weights come back."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class EarlyStopping:
    """Watches the control loss, epoch by epoch, and keeps the weights of the best epoch.

    Training stops when `patience` epochs in a row have brought no lower control loss. The first of
    equal losses counts. Source: Prechelt, "Early Stopping, But When?", 1998.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = math.inf
        self.best_epoch = 0
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    @property
    def done(self) -> bool:
        """Whether patience is at its end."""
        return self.waited >= self.patience

    def see(self, epoch: int, loss: float, model: nn.Module) -> None:
        """Take note of an epoch's control loss."""
        if loss < self.best:
            self.best, self.best_epoch, self.waited = loss, epoch, 0
            self.weights = {name: value.detach().clone() for name, value in tensors_of(model)}
        else:
            self.waited += 1

    def restore(self, model: nn.Module) -> None:
        """Give the model the weights of the best epoch."""
        with torch.no_grad():
            for name, value in tensors_of(model):
                if name in self.weights:
                    value.copy_(self.weights[name])

    def state_dict(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {
            "best": self.best, "best_epoch": self.best_epoch, "waited": self.waited,
            "weights": dict(self.weights),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])
        self.waited, self.weights = int(state["waited"]), dict(state["weights"])


def tensors_of(model: nn.Module) -> list[tuple[str, Tensor]]:
    """Every parameter and buffer of a model, those too that its `state_dict` leaves out."""
    return [*model.named_parameters(), *model.named_buffers()]
