"""The sums of an epoch so far: loss, right answers, samples."""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor

from .losses import Loss

MOST_WAITING: Final = 1 << 20  # numbers that wait to be compared together: few calls, one wait


class Tally:
    """Adds up batches; right answers are counted later, many at once, as comparing costs a wait."""

    def __init__(self, loss: Loss) -> None:
        self._loss = loss
        self._counts = loss.target == "class"
        self.loss_sum = 0.0
        self.samples = self.right = self.asked = 0
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._most = 1  # batches that wait, as large as the first of them

    def add(self, loss: float, outputs: Tensor, targets: Tensor) -> None:
        """Take a batch with its mean loss."""
        count = targets.shape[0]
        self.loss_sum += loss * count
        self.samples += count
        if self._counts:
            if not self._outputs:
                self._most = max(1, MOST_WAITING // max(1, outputs.numel()))
            self._outputs.append(outputs.detach())
            self._targets.append(targets)
            if len(self._outputs) >= self._most:
                self._count()

    @property
    def mean_loss(self) -> float:
        """The mean loss of a sample so far."""
        return self.loss_sum / self.samples if self.samples else math.nan

    @property
    def accuracy(self) -> float:
        """The share of right answers so far; NaN where targets are no classes."""
        self._count()
        return self.right / self.asked if self.asked else math.nan

    def _count(self) -> None:
        if self._outputs:
            answers = self._loss.classes_of(torch.cat(self._outputs)).reshape(-1)
            targets = torch.cat(self._targets).reshape(-1)
            self.right += int((answers == targets).sum())
            self.asked += len(answers)
            self._outputs.clear()
            self._targets.clear()

    def state_dict(self) -> dict[str, Any]:
        """The sums, for a checkpoint."""
        self._count()
        return {
            "loss": self.loss_sum, "samples": self.samples, "right": self.right, "asked": self.asked
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.loss_sum, self.samples = float(state["loss"]), int(state["samples"])
        self.right, self.asked = int(state["right"]), int(state["asked"])
