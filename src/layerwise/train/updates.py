"""One update of the weights: forward, loss, backward, and the optimiser moves them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from ..errors import DivergedError, InputError
from .divergence import diverged
from .evaluation import forward
from .losses import Loss
from .optimizers import needs_closure
from .training import Training

Update: TypeAlias = Callable[[Tensor, Tensor], float]
Passes: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Clipping: TypeAlias = tuple[str, float] | None


def make_update(training: Training, clip: Clipping) -> Update:
    """A step of this training: takes inputs and targets, gives the loss before the weights moved.

    All that is the same for every step is looked up here, once. Raises `DivergedError` where the
    loss is not finite, `InputError` where it cannot be computed.
    """
    optimizer, precision = training.optimizer, training.precision
    passes, look = _passes(training), _look(training, clip)

    def update(inputs: Tensor, targets: Tensor) -> float:
        optimizer.zero_grad()
        outputs, loss = passes(inputs, targets)
        precision.backward(loss)
        value = loss.item()
        if not isfinite(value):
            raise divergence(training, inputs, value)
        look(inputs)
        precision.step(optimizer)
        training.tally.add(value, outputs, targets)
        return value

    def update_by_closure(inputs: Tensor, targets: Tensor) -> float:
        """The same for an optimiser that asks for loss and gradients several times (L-BFGS)."""
        first: list[tuple[float, Tensor]] = []

        def closure() -> Tensor:
            optimizer.zero_grad()
            outputs, loss = passes(inputs, targets)
            precision.backward(loss)
            if first:
                _clip(training, clip)
                return loss
            first.append((loss.item(), outputs.detach()))
            if not isfinite(first[0][0]):
                raise divergence(training, inputs, first[0][0])
            look(inputs)
            return loss

        optimizer.step(closure)  # type: ignore[arg-type]
        value, outputs = first[0]
        training.tally.add(value, outputs, targets)
        return value

    return update_by_closure if needs_closure(optimizer) else update


def divergence(
    training: Training, inputs: Tensor | None, loss: float, *, after: bool = False
) -> DivergedError:
    """The error of a loss that is not finite, or, `after` an epoch's last step, of such weights."""

    def forward_pass(batch: Tensor) -> Tensor:
        return forward(training.model, batch)

    again = training.precision.around(forward_pass)
    step = training.step + 1 if after else training.step
    return diverged(
        training.model, lambda: torch.empty(0) if inputs is None else again(inputs), inputs,
        step=step, epoch=training.epoch + 1, loss=loss, after=after,
    )  # fmt: skip


def _passes(training: Training) -> Passes:
    """The forward pass and the loss, in the precision asked for: (inputs, targets) → both."""
    model, learn = training.model, training.loss.learn

    def passes(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        outputs = forward(model, inputs)
        try:
            loss = learn(outputs, targets)
        except InputError:
            raise
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise _cannot_be_computed(training.loss, outputs, targets, error) from error
        if not isinstance(loss, Tensor) or loss.ndim or not loss.requires_grad:
            raise _cannot_be_learned_from(loss)
        return outputs, loss

    return training.precision.around(passes)


def _look(training: Training, clip: Clipping) -> Callable[[Tensor], None]:
    """What happens to gradients before they are used: looked at for health, recorded, clipped."""
    health, recording = training.health, training.recording

    def look(inputs: Tensor) -> None:
        due = health is not None and health.due(training.step)
        if due or clip is not None or recording.looks:
            training.precision.unscale(training.optimizer)
        if due and health is not None:
            training.findings += health.look(training.step, training.epoch + 1, inputs)
        if recording.looks:
            recording.capture()
        _clip(training, clip)

    return look


def _clip(training: Training, clip: Clipping) -> None:
    if clip is not None:
        cut = clip_grad_norm_ if clip[0] == "norm" else clip_grad_value_
        cut(training.model.parameters(), clip[1])


def _cannot_be_computed(loss: Loss, outputs: Tensor, targets: Tensor, why: Exception) -> InputError:
    return InputError(
        f"The loss {loss.name} cannot be computed: {why}",
        received=f"outputs {tuple(outputs.shape)}, targets {tuple(targets.shape)} of type "
        f"{str(targets.dtype).removeprefix('torch.')}",
    )


def _cannot_be_learned_from(loss: Any) -> InputError:
    if not isinstance(loss, Tensor):
        received = type(loss).__name__
    else:
        received = f"shape {tuple(loss.shape)}" if loss.ndim else "one that does not depend on them"
    return InputError(
        "A loss is one number that depends on the model's trainable parameters", received=received
    )
