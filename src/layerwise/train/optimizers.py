"""Optimisers by name, each torch's own, with a learning rate to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import torch
from torch import nn, optim

from ..errors import InputError, unknown_name
from .settings import check_settings, read_choice

OptimizerChoice: TypeAlias = (
    str
    | Mapping[str, Any]
    | type[optim.Optimizer]
    | Callable[[Iterable[nn.Parameter]], optim.Optimizer]
    | optim.Optimizer
)


@dataclass(frozen=True)
class Kind:
    """A name's class in `torch.optim`, its first learning rate, and what the name implies."""

    made_by: type[optim.Optimizer]
    learning_rate: float
    settings: Mapping[str, Any] = field(default_factory=dict)


OPTIMIZERS: Final[Mapping[str, Kind]] = {
    "sgd": Kind(optim.SGD, 0.1),
    "momentum": Kind(optim.SGD, 0.05, {"momentum": 0.9}),
    "nesterov": Kind(optim.SGD, 0.05, {"momentum": 0.9, "nesterov": True}),
    "adagrad": Kind(optim.Adagrad, 0.01),
    "adadelta": Kind(optim.Adadelta, 1.0),
    "rmsprop": Kind(optim.RMSprop, 0.001),
    "adam": Kind(optim.Adam, 0.001),
    "adamw": Kind(optim.AdamW, 0.001),
    "nadam": Kind(optim.NAdam, 0.002),
    "lbfgs": Kind(optim.LBFGS, 1.0),
    "adamax": Kind(optim.Adamax, 0.002),
    "radam": Kind(optim.RAdam, 0.001),
    "asgd": Kind(optim.ASGD, 0.01),
    "rprop": Kind(optim.Rprop, 0.01),
    "adafactor": Kind(optim.Adafactor, 0.01),
}
"""Name → class, learning rate, settings. Rates for standardised inputs and batches near 64."""


def make_optimizer(
    choice: OptimizerChoice,
    model: nn.Module,
    *,
    learning_rate: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
) -> optim.Optimizer:
    """The optimiser of the model's trainable parameters.

    `choice` is a name of `OPTIMIZERS` with settings ("sgd lr=0.1", {"name": "adam", "betas":
    (0.9, 0.99)}), a class of `torch.optim`, a function of the parameters, or an optimiser that is
    there already. What is not given stays torch's default, but for the learning rates of the
    table. Raises `UnknownNameError` with the nearest name, `InputError` for settings that the
    optimiser does not take and for a model without trainable parameters.
    """
    given = {"lr": learning_rate, "momentum": momentum, "weight_decay": weight_decay}
    given = {name: value for name, value in given.items() if value is not None}
    parameters = [each for each in model.parameters() if each.requires_grad]
    if not parameters:
        raise InputError(
            "The model has no parameters to train",
            do="Set requires_grad of those that are to learn",
        )
    if isinstance(choice, optim.Optimizer):
        _refuse(given, "an optimiser that is already made")
        return _checked_instance(choice, parameters)
    if isinstance(choice, type):
        return _called(choice, parameters, given)
    if isinstance(choice, (str, Mapping)):
        name, settings = read_choice(choice, "optimizer")
        if name not in OPTIMIZERS:
            raise unknown_name("optimizer", name, OPTIMIZERS)
        kind = OPTIMIZERS[name]
        written = {_argument(key): value for key, value in settings.items()}
        twice = sorted(given.keys() & written)
        if twice:
            raise InputError(
                f"A setting of the optimizer {name!r} is given twice", received=", ".join(twice)
            )
        return _called(
            kind.made_by,
            parameters,
            {"lr": kind.learning_rate, **kind.settings, **written, **given},
        )
    if callable(choice):
        _refuse(given, "a function that makes the optimiser")
        made = choice(parameters)
        if not isinstance(made, optim.Optimizer):
            raise InputError(
                "The function that makes the optimiser gave none", received=type(made).__name__
            )
        return _checked_instance(made, parameters)
    raise InputError(
        "The optimizer is a name, a class of torch.optim, a function or an optimiser",
        received=type(choice).__name__,
        allowed=f"Known names: {', '.join(OPTIMIZERS)}",
    )


def needs_closure(optimizer: optim.Optimizer) -> bool:
    """Whether a step evaluates the loss several times, as L-BFGS does."""
    return isinstance(optimizer, optim.LBFGS)


def _argument(name: str) -> str:
    return "lr" if name in ("learning_rate", "learning-rate") else name.replace("-", "_")


def _called(
    made_by: Any, parameters: list[nn.Parameter], settings: dict[str, Any]
) -> optim.Optimizer:
    if not issubclass(made_by, optim.Optimizer):
        raise InputError("The optimizer is no class of torch.optim", received=made_by.__name__)
    check_settings(made_by, settings, besides="params")
    try:
        made: optim.Optimizer = made_by(parameters, **settings)
        return made
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{made_by.__name__} refuses its settings: {error}") from error


def _checked_instance(optimizer: optim.Optimizer, own: list[nn.Parameter]) -> optim.Optimizer:
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    if not held.intersection(map(id, own)):
        raise InputError(
            "The optimiser holds none of the model's parameters",
            do="Make it with model.parameters(), after the model is on its device",
        )
    return optimizer


def _refuse(given: Mapping[str, Any], what: str) -> None:
    if given:
        raise InputError(
            f"{', '.join(sorted(given))} cannot be set on {what}", do="Set it where it is made"
        )


def learning_rate_of(optimizer: optim.Optimizer) -> float:
    """The learning rate now, of the first group of parameters."""
    rate = optimizer.param_groups[0].get("lr", float("nan"))
    return float(rate.item() if isinstance(rate, torch.Tensor) else rate)
