"""Names in scripts that the typeface lacks: what stands in their place, and how that is said."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from ..typeface import lacking

SCRIPTS: Final = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese",
                  "HANGUL": "Korean"}  # fmt: skip
MOST_SAID: Final = 3


def writable(names: Sequence[str], noun: str) -> tuple[tuple[str, ...], str]:
    """Names that can all be drawn, and what to say of those that could not be; "" if all could.

    A name with a character that the typeface lacks becomes `noun` and its number, "class 3": empty
    boxes cannot be told apart. What is said names the scripts: "class 1, 3: named in Hebrew, …".
    """
    shown = list(names)
    replaced: list[int] = []
    scripts: dict[str, None] = {}
    for at, name in enumerate(names):
        missing = lacking(name)
        if missing:
            shown[at] = f"{noun} {at + 1}"
            replaced.append(at + 1)
            scripts.update(dict.fromkeys(script_name(character) for character in missing))
    if not replaced:
        return tuple(names), ""
    numbers = ", ".join(str(number) for number in replaced[:8])
    numbers += " …" if len(replaced) > 8 else ""
    named = list(scripts)[:MOST_SAID]
    script = ", ".join(named) + (" …" if len(scripts) > MOST_SAID else "")
    return tuple(shown), f"{noun} {numbers}: named in {script}, which this typeface lacks"


def writable_title(title: str, noun: str = "title") -> str:
    """A title that can be drawn; if it cannot, what it is: "title in Hebrew, which this …"."""
    missing = lacking(title)
    if not missing:
        return title
    scripts = list(dict.fromkeys(script_name(character) for character in missing))
    named = ", ".join(scripts[:MOST_SAID]) + (" …" if len(scripts) > MOST_SAID else "")
    return f"{noun} in {named}, which this typeface lacks"


def script_name(character: str) -> str:
    """The script of a character as Unicode names it: "Hebrew"; "signs" for what is no letter."""
    first = unicodedata.name(character, "").partition(" ")[0]
    if unicodedata.category(character)[0] != "L":
        return "signs"
    return SCRIPTS.get(first, first.capitalize() or "signs")
