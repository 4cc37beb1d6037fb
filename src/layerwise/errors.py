"""What can go wrong, said in four parts: what, received, allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class LayerwiseError(Exception):
    """The root of every error that a person can mend.

    The message is one line: *what* is wrong, what was *received*, what is *allowed*, and what to
    *do*. The command line prints it and exits 2. An exception of any other class is a defect.
    """

    def __init__(self, what: str, *, received: str = "", allowed: str = "", do: str = "") -> None:
        self.what, self.received, self.allowed, self.do = what, received, allowed, do
        parts = [what, f"Received {received}" if received else "", allowed, do]
        super().__init__(" ".join(_sentence(part) for part in parts if part))


class InputError(LayerwiseError, ValueError):
    """A value, table or option that cannot be used as it is."""


class UnknownNameError(InputError, KeyError):
    """A name that is not among those known; the nearest known one is offered."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes


class FileError(LayerwiseError, OSError):
    """A file that is missing, broken, foreign or of a later version."""

    __str__ = Exception.__str__  # OSError would print its empty errno


class OutputError(LayerwiseError, OSError):
    """A place that cannot be written; nothing there was changed."""

    __str__ = Exception.__str__


class TooLargeError(LayerwiseError, MemoryError):
    """Work that needs more memory than is there; said before any of it is taken."""

    __str__ = Exception.__str__


class DivergedError(LayerwiseError, ArithmeticError):
    """Training that came to a number that is not finite; `run` is all that stood until then.

    `step` and `epoch` (from 1 on) say when, `layer` where it first appeared ("" for the loss).
    """

    def __init__(
        self,
        what: str,
        *,
        received: str = "",
        allowed: str = "",
        do: str = "",
        step: int = 0,
        epoch: int = 0,
        layer: str = "",
    ) -> None:
        super().__init__(what, received=received, allowed=allowed, do=do)
        self.step, self.epoch, self.layer = step, epoch, layer
        self.run: object = None


class NotFittedError(LayerwiseError, AttributeError):
    """A result that was asked for before it exists."""

    __str__ = Exception.__str__


def unknown_name(
    kind: str, name: str, known: Iterable[str], *, where: str = "", do: str = ""
) -> UnknownNameError:
    """An error that offers the nearest known names, or lists them all where none is near.

    `kind` is the noun ("column"), `where` what was searched ("flowers.csv"), `do` the advice.
    """
    names = list(known)
    near = nearest_name(name, names)
    place = f" in {where}" if where else ""
    offered = f"Did you mean {near!r}?" if near else f"Known: {', '.join(names[:20])}"
    if not near and len(names) > 20:
        offered += f" and {len(names) - 20} more"
    return UnknownNameError(f"Unknown {kind} {name!r}{place}", allowed=offered, do=do)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelled most like `name`, letter case aside; None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in reversed(list(known))}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ":")) else text + "."
