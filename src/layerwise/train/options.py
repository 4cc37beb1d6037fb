"""What the options of a training may be, looked at in one place before anything begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from ..errors import InputError, unknown_name
from ..record.keep import Keep
from .batches import Augmentation
from .losses import LossChoice
from .optimizers import OptimizerChoice
from .precision import PRECISIONS
from .schedules import ScheduleChoice
from .settings import read_choice

Clip: TypeAlias = float | str | None

DEFAULT_KEEP = Keep()


@dataclass(frozen=True, kw_only=True)
class Options:
    """All options of `fit`, as it describes them. Raises `InputError` for what cannot be."""

    epochs: int
    optimizer: OptimizerChoice
    learning_rate: float | None
    momentum: float | None
    weight_decay: float | None
    loss: LossChoice
    label_smoothing: float
    schedule: ScheduleChoice
    batch_size: int | Literal["full"]
    clip: Clip
    early_stopping: int | None
    augment: Augmentation | None
    seed: int
    device: str | torch.device | None
    precision: str
    activation_checkpoints: bool
    keep: Keep | None
    folder: str | Path | None
    resume: bool
    checkpoint_every_s: float
    health: bool
    progress: Any
    on_epoch: Callable[[Any], object] | None

    def __post_init__(self) -> None:
        """Look at each of them."""
        _whole("epochs", self.epochs, 0)
        if self.batch_size != "full":
            _whole("batch_size", self.batch_size, 1)
        if self.early_stopping is not None:
            _whole("early_stopping", self.early_stopping, 1)
        _whole("seed", self.seed, 0)
        _number("learning_rate", self.learning_rate, least=0)
        _number("momentum", self.momentum, least=0)
        _number("weight_decay", self.weight_decay, least=0)
        _number("checkpoint_every_s", self.checkpoint_every_s, least=0)
        _number("label_smoothing", self.label_smoothing, least=0)
        if not self.label_smoothing < 1:
            raise InputError(
                "label_smoothing is a share below 1", received=repr(self.label_smoothing)
            )
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", str(self.precision), PRECISIONS)
        for name in ("activation_checkpoints", "resume", "health"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(
                    f"The option {name} is True or False", received=repr(getattr(self, name))
                )
        if self.resume and self.folder is None:
            raise InputError("resume needs the folder to go on from", do="Give folder=")
        if self.augment is not None and not callable(self.augment):
            raise InputError(
                "augment is an Augment, or a function of batch, sample numbers, epoch and seed",
                received=type(self.augment).__name__,
            )
        if self.keep is not None and not isinstance(self.keep, Keep):
            raise InputError(
                "keep is a layerwise.Keep, or None for losses only",
                received=type(self.keep).__name__,
            )
        read_clip(self.clip)

    def on(self, model: torch.nn.Module | None) -> torch.device:
        """The device to train on: the one asked for, else where the model is."""
        if self.device is None:
            place = None if model is None else next(model.parameters(), None)
            return torch.device("cpu") if place is None else place.device
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
            torch.empty(0, device=device)
        except (RuntimeError, TypeError, AssertionError) as error:
            raise InputError(
                "That device is not there",
                received=f"device={self.device!r}",
                allowed='"cpu", "cuda" where there is such a GPU, or "auto"',
            ) from error
        return device

    def document(self, settings: Mapping[str, Any], *, length_free: bool) -> dict[str, Any]:
        """What tells this training from another: JSON values; `settings` are the optimiser's."""
        told: dict[str, Any] = {
            "optimizer": dict(settings),
            "loss": described(self.loss),
            "label_smoothing": self.label_smoothing,
            "schedule": described(self.schedule),
            "batch_size": self.batch_size,
            "clip": self.clip,
            "early_stopping": self.early_stopping,
            "augment": described(self.augment),
            "seed": int(self.seed),
            "precision": self.precision,
            "keep": described(self.keep),
        }
        return told if length_free else {"epochs": int(self.epochs), **told}


def read_clip(clip: Clip) -> tuple[str, float] | None:
    """How gradients are cut: ("norm" or "value", at what), or None.

    A number is a norm; text says which: "norm 1.0", "value 0.5". Source: Pascanu et al., 2013.
    """
    if clip is None:
        return None
    kind, at = "norm", clip
    if isinstance(clip, str):
        words = clip.split()
        kind, at = words[0] if words else "", words[-1] if len(words) == 2 else ""
    try:
        limit = float(at)
    except (TypeError, ValueError):
        limit = math.nan
    if kind not in ("norm", "value") or not 0 < limit < math.inf or isinstance(clip, bool):
        raise InputError(
            "clip is the largest norm of the gradients",
            received=f"clip={clip!r}",
            allowed='A number above 0, "norm 1.0", or "value 0.5" for each number by itself',
        )
    return kind, limit


def described(choice: Any) -> Any:
    """A choice as a JSON value: text and mappings as they are, a function by its name."""
    if choice is None or isinstance(choice, (str, bool, int, float)):
        return choice
    if isinstance(choice, Mapping):
        name, settings = read_choice(choice, "choice")
        return {"name": name, **{key: described(value) for key, value in settings.items()}}
    if isinstance(choice, (list, tuple)):
        return [described(each) for each in choice]
    if isinstance(choice, torch.Tensor):
        return [described(value) for value in choice.flatten().tolist()]
    if hasattr(choice, "__dataclass_fields__"):
        return repr(choice)
    return str(getattr(choice, "__qualname__", type(choice).__qualname__))


def _whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InputError(
            f"{name} is a whole number",
            received=f"{name}={value!r}",
            allowed=f"From {least} on" + (', or "full"' if name == "batch_size" else ""),
        )


def _number(name: str, value: Any, *, least: float) -> None:
    if value is None:
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value < math.inf:
        raise InputError(
            f"{name} is a number", received=f"{name}={value!r}", allowed=f"From {least} on"
        )
