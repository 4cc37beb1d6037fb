"""A language as one file: read as data from a stranger, each text checked against the English one.

The file is TOML with a table for each topic (`[neuron]`), its keys those of the English texts.
What it lacks stands in English and is counted; what is wrong in it is refused.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..errors import FileError, InputError, unknown_name
from . import in_paragraphs, places_of, topic_texts, topics

LARGEST: Final = 1_000_000
"""Bytes that a language file may have; all English texts together have less than a tenth."""

NEEDED: Final = ("name", "code", "decimal_point", "thousands_separator")
"""What the table [language] must say."""

_SIGNS: Final = (("language", "decimal_point"), ("language", "thousands_separator"))
_CODE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_APART: Final = (
    ("decision", ("same", "different")),
    ("convolution", ("flip-plain", "flip-turned")),
    ("convolution", ("way-plain", "way-padding", "way-stride", "way-dilation")),
    ("convolution", tuple(f"name-{name}" for name in (
        "blur", "gaussian", "sharpen", "edges", "sobel", "sobel-down", "laplacian", "emboss",
    ))),
)  # fmt: skip
"""Texts that name different things side by side, and so must differ."""


@dataclass(frozen=True, eq=False)
class LanguageFile:
    """A language file as it was read.

    `texts` are all texts, topic → name → text, English ones where it has none of its own;
    `missing` the keys of those ("neuron.title"); `wrong` says what cannot be used, one sentence
    each.
    """

    path: str
    texts: Mapping[str, dict[str, str]]
    missing: tuple[str, ...]
    wrong: tuple[InputError, ...]


def usable(path: str) -> LanguageFile:
    """That file, all of whose texts can be used; `InputError` says what cannot."""
    found = language_file(path)
    if found.wrong:
        first = found.wrong[0]
        more = len(found.wrong) - 1
        others = f"; {more} more like it" if more else ""
        raise InputError(
            f"The language file {path} cannot be used: {first.what}{others}",
            received=first.received, allowed=first.allowed,
            do=first.do or f"layerwise learn --translate {path} lists all that is wrong in it",
        )  # fmt: skip
    return found


def language_file(path: str) -> LanguageFile:
    """What stands in a language file, with all that is missing and wrong in it.

    It is read again when it has changed. Raises `FileError` where it is missing, too large, no
    UTF-8 or no TOML.
    """
    place = Path(path)
    try:
        found = place.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or "its name is not one"
        raise FileError(
            f"The language file {path} cannot be read", received=reason,
            do=f"layerwise learn --translate {path} writes one to be filled in",
        ) from error  # fmt: skip
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _read(path: str, _changed: int, _size: int) -> LanguageFile:
    given = _tables(path)
    texts: dict[str, dict[str, str]] = {}
    missing: list[str] = []
    wrong: list[InputError] = []
    for topic in given.keys() - set(topics("en")):
        wrong.append(unknown_name("table", topic, topics("en"), where=path))
    wrong.sort(key=str)
    for topic in topics("en"):
        english, own = topic_texts("en", topic), given.get(topic, {})
        if not isinstance(own, dict):
            wrong.append(InputError(f"{topic!r} is a table, [{topic}]", received=_short(own)))
            own = {}
        for name in own.keys() - english.keys():
            where = f"table [{topic}]"
            wrong.append(unknown_name("text", str(name), english, where=where))
        texts[topic] = dict(english)
        for name, text in english.items():
            said = own.get(name, "")
            problem = _problem(f"{topic}.{name}", said, text)
            if problem is not None:
                wrong.append(problem)
            elif said and (topic, name) in _SIGNS:  # may be a space of some kind
                texts[topic][name] = said
                continue
            elif said.strip():
                texts[topic][name] = in_paragraphs(said)
                continue
            missing.append(f"{topic}.{name}")
    wrong += _of_language(given.get("language"), texts["language"], missing)
    wrong += _alike(texts)
    return LanguageFile(path, texts, tuple(missing), tuple(wrong))


def _tables(path: str) -> dict[str, Any]:
    place = Path(path)
    if not place.is_file():
        raise FileError(f"The language file {path} is not a regular file")
    try:
        with place.open("rb") as opened:
            held = opened.read(LARGEST + 1)
    except OSError as error:
        raise FileError(f"Cannot read {path}", received=error.strerror or "") from error
    if len(held) > LARGEST:
        raise FileError(
            f"The language file {path} is too large", received=f"{place.stat().st_size:,} bytes",
            allowed=f"It may have {LARGEST:,}",
        )  # fmt: skip
    try:
        return tomllib.loads(held.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileError(
            f"The language file {path} is not UTF-8 text", received=f"byte {error.start + 1}"
        ) from error
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        reason = "tables within tables without end" if isinstance(error, RecursionError) else error
        raise FileError(f"The language file {path} is not TOML", received=f"{reason}") from error


def _problem(key: str, said: Any, english: str) -> InputError | None:
    """What keeps that text from being used in the place of the English one, if anything does."""
    if not isinstance(said, str):
        return InputError(f"{key} is a text", received=_short(said))
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\t\r" for sign in said):
        return InputError(f"{key} has control characters", received=_short(said))
    if not said.strip():
        return None
    places, wanted = places_of(said), places_of(english)
    if places != wanted:
        has = f"names {_listed(places)}" if places else "no name in braces"
        return InputError(
            f"{key} has {has}, the English text {_listed(wanted) or 'none'}",
            do="The names in braces stay as they are: numbers come in their place",
        )
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", said)):
        return InputError(f"{key} has a brace that belongs to no name", received=_short(said))
    if said.count("`") % 2:
        return InputError(f"{key} has a ` that is not closed", received=_short(said))
    return None


def _of_language(own: Any, texts: Mapping[str, str], missing: list[str]) -> Iterator[InputError]:
    """What is wrong in the table that says what the language is called."""
    lacking = [name for name in NEEDED if f"language.{name}" in missing]
    if not isinstance(own, dict) or lacking:
        yield InputError(
            f"A language file says {', '.join(NEEDED)} in its table [language]",
            received=f"none for {', '.join(lacking)}",
        )
        return
    if not _CODE.fullmatch(texts["code"]):
        yield InputError(
            "The code of a language is a tag such as fr or pt-BR", received=_short(texts["code"])
        )
    point, comma = texts["decimal_point"], texts["thousands_separator"]
    if any(len(sign) != 1 or sign.isalnum() or sign in "-+−" for sign in (point, comma)) or (
        point == comma
    ):
        yield InputError(
            "The decimal point and the thousands separator are two different signs",
            received=f"{_short(point)} and {_short(comma)}",
        )


def _alike(texts: Mapping[str, Mapping[str, str]]) -> Iterator[InputError]:
    for topic, names in _APART:
        told = Counter(texts[topic][name] for name in names)
        for text in (text for text, count in told.items() if count > 1):
            both = [f"{topic}.{name}" for name in names if texts[topic][name] == text]
            yield InputError(f"{' and '.join(both)} must differ", received=_short(text))


def _listed(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}…"
