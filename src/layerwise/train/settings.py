"""A choice written as text: a name, then name=value words: "sgd lr=0.1 nesterov=true"."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import InputError, nearest_name


def check_settings(made_by: Any, settings: Mapping[str, Any], *, besides: str) -> None:
    """Raise `InputError`, with the nearest name, for a setting that a class does not have.

    `besides` is the argument that is no setting, such as the parameters of an optimiser.
    """
    known = [name for name in inspect.signature(made_by).parameters if name != besides]
    for name in settings:
        if name not in known:
            near = nearest_name(name, known)
            raise InputError(
                f"{made_by.__name__} has no setting {name!r}",
                allowed=f"Did you mean {near!r}?" if near else f"It has {', '.join(known)}",
            )


def read_choice(choice: str | Mapping[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """The name and the settings of a choice that is text or a mapping with a "name".

    The name may have several words ("warm-up cosine"). Values are whole numbers, numbers, true,
    false or none; anything else stays text. Raises `InputError` for text without a name.
    """
    if isinstance(choice, Mapping):
        settings = {str(key): value for key, value in choice.items()}
        name = settings.pop("name", None)
        if not isinstance(name, str):
            raise InputError(
                f"A mapping that chooses the {kind} needs a name",
                received=repr(dict(choice)),
                do='Add "name": …',
            )
        return _plain(name), settings
    words = choice.split()
    names = [word for word in words if "=" not in word]
    if not names or any("=" in word for word in words[: len(names)]):
        raise InputError(
            f"The {kind} is a name, then settings as name=value", received=repr(choice)
        )
    pairs = (word.partition("=") for word in words[len(names) :])
    return _plain(" ".join(names)), {key: _value(text) for key, _, text in pairs}


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", "-").split())


def _value(text: str) -> Any:
    words = {"true": True, "false": False, "none": None}
    if text.casefold() in words:
        return words[text.casefold()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if "," in text:
        return tuple(_value(part) for part in text.strip("()").split(",") if part)
    return text
