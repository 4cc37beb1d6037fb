"""What a model does on samples it does not learn from: losses, answers, confusion."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models.shape_errors import explain
from ..types import IntArray
from .batches import Batches
from .health import evaluating
from .losses import Loss
from .randomness import random_numbers_kept
from .tally import Tally


@dataclass(frozen=True, eq=False)
class TestResult:
    """How a model did on the test part.

    `samples` counts what was asked. `accuracy` is the share of right answers; `log_loss` the mean
    −ln p of the true class (NaN where the model gives no probabilities). `confusion` is
    (true class, answered class), counts. Where targets are numbers, only `loss` is measured: the
    mean of the loss that was trained with.
    """

    __test__ = False  # a name that pytest would take for a test

    samples: int
    loss: float
    accuracy: float
    log_loss: float
    confusion: IntArray
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        """The numbers in one line."""
        words = [f"{self.samples:,} samples"]
        if not math.isnan(self.accuracy):
            words.append(f"accuracy {self.accuracy:.1%}")
        if not math.isnan(self.log_loss):
            words.append(f"log-loss {self.log_loss:.4f}")
        if math.isnan(self.accuracy):
            words.append(f"loss {self.loss:.4g}")
        return f"<TestResult: {', '.join(words)}>"


def forward(model: nn.Module, inputs: Tensor) -> Tensor:
    """The model's output: one tensor, or the `logits` of what it gives.

    Raises `InputError` for a model that gives anything else, and one that says at which layer the
    inputs do not fit.
    """
    try:
        output: Any = model(inputs)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise explain(model, inputs, error) from error
    return output if isinstance(output, Tensor) else one_tensor(output)


def one_tensor(output: Any) -> Tensor:
    """The tensor in what a model gave."""
    logits = getattr(output, "logits", None)
    if isinstance(logits, Tensor):
        return logits
    if isinstance(output, Tensor):
        return output
    raise InputError(
        "The model must give one tensor, (sample, class)",
        received=f"a {type(output).__name__}",
        do="Wrap it in a module whose forward returns the tensor to learn from",
    )


def mean_scores(model: nn.Module, batches: Batches, loss: Loss) -> tuple[float, float]:
    """Mean loss and accuracy over all batches, in evaluation mode; no random number is used up."""
    tally = Tally(loss)
    for inputs, targets in _looked_at(model, batches):
        outputs = forward(model, inputs)
        tally.add(float(loss.judge(outputs, targets)), outputs, targets)
    return tally.mean_loss, tally.accuracy


def judged(model: nn.Module, batches: Batches, loss: Loss, classes: tuple[str, ...]) -> TestResult:
    """All that is measured on a test part."""
    tally = Tally(loss)
    count = len(classes)
    confusion = torch.zeros(count * count, dtype=torch.int64)
    surprise, asked = 0.0, 0
    for inputs, targets in _looked_at(model, batches):
        outputs = forward(model, inputs)
        tally.add(float(loss.judge(outputs, targets)), outputs, targets)
        if loss.target == "class":
            pairs = targets.reshape(-1) * count + loss.classes_of(outputs).reshape(-1)
            confusion += torch.bincount(pairs.cpu(), minlength=count * count)
            if loss.meaning != "scores":
                logs = loss.log_probabilities_of(outputs.double())
                found = logs.gather(1, targets.unsqueeze(1))
                surprise, asked = surprise - float(found.sum()), asked + targets.numel()
    return TestResult(
        tally.samples,
        tally.mean_loss,
        tally.accuracy,
        surprise / asked if asked else math.nan,
        np.ascontiguousarray(confusion.numpy().reshape(count, count)),
        classes,
    )


def _looked_at(model: nn.Module, batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
    with random_numbers_kept(), evaluating(model), torch.no_grad():
        yield from batches.fixed()
