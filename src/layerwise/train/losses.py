"""What is minimised: losses by name, chosen by the kind of target where nobody says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ..errors import InputError, unknown_name
from .settings import read_choice

LossFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]
LossChoice: TypeAlias = str | Mapping[str, Any] | LossFunction
TargetKind: TypeAlias = Literal["class", "number"]
Meaning: TypeAlias = Literal["logits", "log-probabilities", "binary logits", "scores", "numbers"]

LOSSES: Final[Mapping[str, tuple[Meaning, tuple[str, ...]]]] = {
    "cross-entropy": ("logits", ("weight",)),
    "nll": ("log-probabilities", ("weight",)),
    "bce": ("binary logits", ()),
    "mse": ("scores", ()),
    "l1": ("scores", ()),
    "huber": ("scores", ("delta",)),
}
"""Name → what the model's outputs mean to it, and its settings."""


@dataclass(frozen=True)
class Loss:
    """A loss with its name and what it takes the model's outputs for.

    `learn` is what is minimised; `judge` the same without label smoothing, for the control set.
    """

    name: str
    meaning: Meaning
    target: TargetKind
    learn: LossFunction
    judge: LossFunction

    def classes_of(self, outputs: Tensor) -> Tensor:
        """The index of the likeliest class of every sample: (sample, class, …) → (sample, …)."""
        if self.meaning == "binary logits" and _single(outputs):
            return (outputs.flatten() > 0).long()
        return outputs.argmax(1)

    def probabilities_of(self, outputs: Tensor) -> Tensor:
        """(sample, class) that add up to 1. Raises `InputError` where outputs are only scores."""
        if self.target == "number" or self.meaning == "scores":
            raise InputError(
                f"A model trained with {self.name} gives numbers, not probabilities",
                do="Ask predict, or train with loss='cross-entropy'",
            )
        if self.meaning == "binary logits":
            ones = torch.sigmoid(outputs)
            if not _single(outputs):
                return ones / ones.sum(1, keepdim=True)
            ones = ones.reshape(-1)
            return torch.stack([1 - ones, ones], 1)
        if self.meaning == "log-probabilities":
            return outputs.exp()
        return F.softmax(outputs, 1)

    def log_probabilities_of(self, outputs: Tensor) -> Tensor:
        """The logarithms of `probabilities_of`, exact also where those round to 0."""
        if self.meaning == "logits" and self.target == "class":
            return F.log_softmax(outputs, 1)
        if self.meaning == "log-probabilities":
            return outputs
        if self.meaning == "binary logits" and _single(outputs):
            flat = outputs.reshape(-1)
            return torch.stack([F.logsigmoid(-flat), F.logsigmoid(flat)], 1)
        return self.probabilities_of(outputs).log()


def make_loss(
    choice: LossChoice, target: TargetKind, outputs: Sequence[int], *, label_smoothing: float = 0
) -> Loss:
    """The loss of that name or function, for targets of that kind and outputs of that shape.

    "auto" is cross-entropy for classes (bce where the model gives a single number) and mse for
    numbers. Classes with mse, l1 or huber become one-hot; with bce, 0 or 1, or one-hot. Raises
    `UnknownNameError` with the nearest name, `InputError` for a loss that does not fit the target.
    """
    if not isinstance(choice, (str, Mapping)):
        if not callable(choice):
            raise InputError(
                "The loss is a name or a function of outputs and targets",
                received=type(choice).__name__,
                allowed=f"Known names: {', '.join(LOSSES)}",
            )
        if label_smoothing:
            raise InputError("label_smoothing works with losses by name", do="Put it in yours")
        named = getattr(choice, "__name__", type(choice).__name__)
        meaning: Meaning = _meaning_of(choice, target)
        return Loss(named, meaning, target, choice, choice)
    name, settings = read_choice(choice, "loss")
    single = len(outputs) == 1 or (len(outputs) == 2 and outputs[1] == 1)
    if name == "auto":
        name = "mse" if target == "number" else "bce" if single else "cross-entropy"
    if name not in LOSSES:
        raise unknown_name("loss", name, [*LOSSES, "auto"])
    meaning, known = LOSSES[name]
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"setting of the loss {name}", setting, known)
    if label_smoothing and name != "cross-entropy":
        raise InputError("label_smoothing works with cross-entropy", received=f"loss {name!r}")
    if name == "nll" and target == "number":
        raise InputError(
            "nll learns classes, but the targets are numbers", do="Use loss='mse', or whole numbers"
        )
    if name in ("cross-entropy", "nll") and target == "class" and single:
        raise InputError(
            f"{name} needs one output for each class, but the model gives a single number",
            do="Use loss='bce', or a model with an output for each class",
        )
    if isinstance(settings.get("weight"), (list, tuple)):
        settings["weight"] = torch.tensor(settings["weight"], dtype=torch.get_default_dtype())
    plain = _function(name, target, settings)
    learn = plain
    if label_smoothing:
        learn = _function(name, target, {**settings, "label_smoothing": label_smoothing})
    if target == "number" and meaning == "scores":
        meaning = "numbers"
    return Loss(name, meaning, target, learn, plain)


def _meaning_of(function: LossFunction, target: TargetKind) -> Meaning:
    """What torch's own loss modules take outputs for; logits or numbers where unknown."""
    if isinstance(function, torch.nn.NLLLoss):
        return "log-probabilities"
    if isinstance(function, torch.nn.BCEWithLogitsLoss):
        return "binary logits"
    return "logits" if target == "class" else "numbers"


def _function(name: str, target: TargetKind, settings: Mapping[str, Any]) -> LossFunction:
    if name == "cross-entropy":
        if not settings:
            return F.cross_entropy
        return lambda outputs, targets: F.cross_entropy(outputs, targets, **settings)
    if name == "nll":
        return lambda outputs, targets: F.nll_loss(outputs, targets, **settings)
    compared: Mapping[str, LossFunction] = {
        "bce": F.binary_cross_entropy_with_logits,
        "mse": F.mse_loss,
        "l1": F.l1_loss,
        "huber": lambda outputs, targets: F.huber_loss(outputs, targets, **settings),
    }
    compare = compared[name]
    coded = _class_codes if target == "class" else _number_codes
    return lambda outputs, targets: compare(outputs, coded(outputs, targets))


def _class_codes(outputs: Tensor, targets: Tensor) -> Tensor:
    if _single(outputs):
        return targets.to(outputs.dtype).reshape(outputs.shape)
    return F.one_hot(targets, outputs.shape[1]).to(outputs.dtype)


def _number_codes(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.numel() != outputs.numel() or len(targets) != len(outputs):
        raise InputError(
            "Outputs and targets must have the same shape",
            received=f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)}",
        )
    return targets.to(outputs.dtype).reshape(outputs.shape)


def _single(outputs: Tensor) -> bool:
    return outputs.ndim == 1 or (outputs.ndim == 2 and outputs.shape[1] == 1)
