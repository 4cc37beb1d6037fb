"""Every word that a chapter or a picture of the principles says, in several languages.

A language of the package is a folder of `texts/`, a file in it a topic: `texts/de/neuron.toml`
holds the German texts of "neuron.…", and `language.toml` says what the language is called and how
it writes numbers. Any other language is one file with a table for each topic: wherever a language
is asked for, its path may be given (`file.py`); `template.py` writes one to be filled in.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from os import PathLike

from ..errors import InputError, unknown_name

SUFFIX = ".toml"
"""How the name of a language file ends."""

_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,](?=\d)")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_LINES = re.compile(r"[ \t]*\n[ \t]*")


@dataclass(frozen=True)
class Words:
    """The texts of one language: `words("neuron.sum", total="26")`.

    `language` is what it was asked for by: a code, or the path of a language file.
    """

    language: str

    def __call__(self, key: str, /, **values: object) -> str:
        """The text "topic.name" with its {places} filled in.

        Paragraphs are parted by a blank line, and each is one line. Raises `UnknownNameError` for
        a key that is not there, and `InputError` where a place has no value or a value no place.
        """
        topic, dot, name = key.partition(".")
        texts = topic_texts(self.language, topic) if dot else {}
        if name not in texts:
            known = [f"{topic}.{other}" for other in texts]
            raise unknown_name("text", key, known, where=f"language {self.language!r}")
        text = texts[name]
        places = places_of(text)
        if places != values.keys():
            raise InputError(
                f"Text {key!r} ({self.language}) has the places {sorted(places)}",
                received=f"values for {sorted(values)}",
            )
        return _PLACE.sub(lambda found: str(values[found[1]]), text) if places else text

    @property
    def code(self) -> str:
        """The language's code, as pages and the names of their files say it: "en", "pt-BR"."""
        return self("language.code")

    @property
    def untranslated(self) -> int:
        """How many texts stand in English, as a language file has none of its own for them."""
        if not is_file(self.language):
            return 0
        from .file import language_file

        return len(language_file(self.language).missing)

    def figures(self, text: str) -> str:
        """A text with its numbers as the language writes them: "1,234.5" is "1.234,5" in German.

        The text has them in the English form, as `view.style` writes them.
        """
        point, comma = self("language.decimal_point"), self("language.thousands_separator")
        if (point, comma) == (".", ","):
            return text
        return _BETWEEN_DIGITS.sub(lambda found: point if found[0] == "." else comma, text)


def words(language: str | PathLike[str] = "en") -> Words:
    """The texts of that language, by its code ("en", "de") or the path of a language file.

    Raises `UnknownNameError`, which offers the nearest code, and for a file `FileError` where it
    cannot be read and `InputError` where one of its texts cannot be used.
    """
    said = str(language)
    if is_file(said):
        from .file import usable

        usable(said)
    elif said not in languages():
        raise unknown_name(
            "language", said, languages(), do="Or give the path of a language file (.toml)"
        )
    return Words(said)


def is_file(language: str) -> bool:
    """Whether that is the path of a language file, and not the code of a language."""
    return language.lower().endswith(SUFFIX)


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages that the package has, English first."""
    found = [folder.name for folder in files("layerwise").joinpath("texts").iterdir()]
    return tuple(sorted(found, key=lambda code: (code != "en", code)))


@cache
def topics(language: str) -> tuple[str, ...]:
    """The topics that a language of the package has a file for, in order of the alphabet."""
    folder = files("layerwise").joinpath("texts", language)
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in folder.iterdir()))


def topic_texts(language: str, topic: str) -> dict[str, str]:
    """All texts of a topic: name → text; none where the language has no such topic."""
    if is_file(language):
        from .file import language_file

        return language_file(language).texts.get(topic, {})
    return _packaged(language, topic)


@cache
def _packaged(language: str, topic: str) -> dict[str, str]:
    if topic not in topics(language):
        return {}
    file = files("layerwise").joinpath("texts", language, f"{topic}{SUFFIX}")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: in_paragraphs(text) for name, text in table.items()}


def places_of(text: str) -> set[str]:
    """The names in braces that a text wants values for."""
    return set(_PLACE.findall(text))


def in_paragraphs(text: str) -> str:
    """A text as it is used: each paragraph one line, a blank line between two."""
    return "\n\n".join(_LINES.sub(" ", part) for part in _PARAGRAPHS.split(text.strip()))
