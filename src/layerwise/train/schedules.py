"""Learning rates over time: torch's own schedulers by name, each stepped where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from torch import optim
from torch.optim import lr_scheduler as torch_schedules

from ..errors import InputError, unknown_name
from .settings import check_settings, read_choice

Every: TypeAlias = Literal["step", "epoch", "control"]
Factory: TypeAlias = Callable[[optim.Optimizer], Any]
ScheduleChoice: TypeAlias = str | Mapping[str, Any] | Factory | tuple[Factory, Every] | None

SCHEDULES: Final = (
    "constant", "step", "exponential", "cosine", "one-cycle", "plateau", "warm-up",
    "warm-up cosine",
)  # fmt: skip
LENGTH_FREE: Final = ("constant", "exponential", "plateau", "function")
"""Schedules that do not depend on how long the training is, so that it can be made longer."""


@dataclass
class Schedule:
    """A scheduler of torch and when it moves: after each step, each epoch, or by the control loss.

    `length_free` says whether it is the same for any number of epochs.
    """

    name: str
    scheduler: Any = None
    every: Every = "epoch"

    @property
    def length_free(self) -> bool:
        """Whether more epochs leave the learning rates of the first ones as they are."""
        return self.name in LENGTH_FREE

    def after_step(self) -> None:
        """Move on after an update."""
        if self.every == "step" and self.scheduler is not None:
            self.scheduler.step()

    def after_epoch(self, loss: float) -> None:
        """Move on after an epoch; `loss` is the control loss, or the training loss without one."""
        if self.scheduler is None or self.every == "step":
            return
        if self.every == "control":
            self.scheduler.step(loss)
        else:
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """What changes, for a checkpoint."""
        return {} if self.scheduler is None else dict(self.scheduler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)
            # Torch warns of a schedule that moves before its optimiser's first step: that step
            # was taken by the process before this one.
            self.scheduler.optimizer._opt_called = True


def make_schedule(
    choice: ScheduleChoice, optimizer: optim.Optimizer, *, epochs: int, steps: int | None
) -> Schedule:
    """The schedule of that name, or of that function of the optimiser.

    By name, with torch's class and what it starts from (`steps` is the number of steps an epoch):
    constant; step: StepLR, ×0.1 after each third of the epochs; exponential: ExponentialLR, ×0.95
    an epoch; cosine: CosineAnnealingLR over all steps; one-cycle: OneCycleLR over all steps, the
    learning rate being its peak; plateau: ReduceLROnPlateau, ×0.1 when the control loss has not
    fallen for 3 epochs; warm-up: LinearLR from 1 % over the first 5 % of the steps; "warm-up
    cosine": that, then cosine. Settings have torch's names ("step gamma=0.5 step_size=4"). A
    function is stepped after each epoch, or as a pair says: (function, "step" | "epoch" |
    "control"). Raises `InputError` where the number of steps is needed and unknown.
    """
    if choice is None:
        return Schedule("constant")
    if isinstance(choice, tuple) or (callable(choice) and not isinstance(choice, (str, Mapping))):
        return _from_function(choice, optimizer)
    if not isinstance(choice, (str, Mapping)):
        raise InputError(
            "The schedule is a name or a function of the optimiser",
            received=type(choice).__name__,
            allowed=f"Known names: {', '.join(SCHEDULES)}",
        )
    name, settings = read_choice(choice, "schedule")
    if name not in SCHEDULES:
        raise unknown_name("schedule", name, SCHEDULES)
    settings = {key.replace("-", "_"): value for key, value in settings.items()}
    if name in ("cosine", "one-cycle", "warm-up", "warm-up cosine") and steps is None:
        raise InputError(
            f"The schedule {name!r} needs to know how many batches an epoch has",
            do="Use a loader with a length, or schedule='plateau'",
        )
    scheduler, every = _by_name(name, settings, optimizer, epochs, epochs * (steps or 0))
    return Schedule(name, scheduler, every)


def _by_name(
    name: str, settings: dict[str, Any], optimizer: optim.Optimizer, epochs: int, total: int
) -> tuple[Any, Every]:
    """Torch's scheduler for a name, and when it is stepped."""
    rate = optimizer.param_groups[0]["lr"]
    whole = max(total, 1)
    match name:
        case "step":
            third = {"step_size": max(1, round(epochs / 3)), **settings}
            return _made(torch_schedules.StepLR, optimizer, third), "epoch"
        case "exponential":
            return _made(torch_schedules.ExponentialLR, optimizer, {"gamma": 0.95, **settings}), (
                "epoch"
            )
        case "cosine":
            through = {"T_max": whole, **settings}
            return _made(torch_schedules.CosineAnnealingLR, optimizer, through), "step"
        case "one-cycle":
            through = {"max_lr": rate, "total_steps": whole, **settings}
            return _made(torch_schedules.OneCycleLR, optimizer, through), "step"
        case "plateau":
            waits = {"patience": 3, **settings}
            return _made(torch_schedules.ReduceLROnPlateau, optimizer, waits), "control"
        case "warm-up" | "warm-up cosine":
            first = max(1, whole // 20)
            rises = {"start_factor": 0.01, "total_iters": first, **settings}
            warm = _made(torch_schedules.LinearLR, optimizer, rises)
            if name == "warm-up":
                return warm, "step"
            first = rises["total_iters"]
            falls = torch_schedules.CosineAnnealingLR(optimizer, T_max=max(1, whole - first))
            return torch_schedules.SequentialLR(optimizer, [warm, falls], [first]), "step"
    if settings:
        raise InputError(f"The schedule {name!r} has no settings", received=", ".join(settings))
    return None, "epoch"


def _made(made_by: Any, optimizer: optim.Optimizer, settings: dict[str, Any]) -> Any:
    check_settings(made_by, settings, besides="optimizer")
    try:
        return made_by(optimizer, **settings)
    except (TypeError, ValueError) as error:
        raise InputError(f"{made_by.__name__} refuses its settings: {error}") from error


def _from_function(choice: Any, optimizer: optim.Optimizer) -> Schedule:
    pair = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, None)
    function: Any = pair[0]
    every: Any = pair[1]
    if not callable(function) or every not in (None, "step", "epoch", "control"):
        raise InputError(
            "A schedule of one's own is a function of the optimiser, or a pair of it and when",
            received=repr(choice),
            allowed='(function, "step" | "epoch" | "control")',
        )
    scheduler = function(optimizer)
    if not hasattr(scheduler, "step") or not hasattr(scheduler, "state_dict"):
        raise InputError(
            "The function that makes the schedule gave none", received=type(scheduler).__name__
        )
    if every is None:
        plateau = isinstance(scheduler, torch_schedules.ReduceLROnPlateau)
        every = "control" if plateau else "epoch"
    return Schedule("function", scheduler, every)
