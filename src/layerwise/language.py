"""Every word that a chapter or a picture of the principles says, in several languages.

A language is a folder of `texts/`, a file in it a topic: `texts/de/neuron.toml` holds the German
texts of "neuron.…". Adding a folder adds a language; its file `language.toml` says what it is
called and how it writes numbers.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .errors import InputError, unknown_name

_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,](?=\d)")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_LINES = re.compile(r"[ \t]*\n[ \t]*")


@dataclass(frozen=True)
class Words:
    """The texts of one language: `words("neuron.sum", total="26")`."""

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
        places = set(_PLACE.findall(text))
        if places != values.keys():
            raise InputError(
                f"Text {key!r} ({self.language}) has the places {sorted(places)}",
                received=f"values for {sorted(values)}",
            )
        return _PLACE.sub(lambda found: str(values[found[1]]), text) if places else text

    def figures(self, text: str) -> str:
        """A text with its numbers as the language writes them: "1,234.5" is "1.234,5" in German.

        The text has them in the English form, as `view.style` writes them.
        """
        point, comma = self("language.decimal_point"), self("language.thousands_separator")
        if (point, comma) == (".", ","):
            return text
        return _BETWEEN_DIGITS.sub(lambda found: point if found[0] == "." else comma, text)


def words(language: str = "en") -> Words:
    """The texts of that language, by its code ("en", "de").

    Raises `UnknownNameError`, which offers the nearest code.
    """
    known = languages()
    if language not in known:
        raise unknown_name("language", str(language), known)
    return Words(language)


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages, English first."""
    found = [folder.name for folder in files(__package__).joinpath("texts").iterdir()]
    return tuple(sorted(found, key=lambda code: (code != "en", code)))


@cache
def topics(language: str) -> tuple[str, ...]:
    """The topics that a language has a file for, in order of the alphabet."""
    folder = files(__package__).joinpath("texts", language)
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir()))


@cache
def topic_texts(language: str, topic: str) -> dict[str, str]:
    """All texts of a topic: name → text; none where the language has no such topic."""
    if topic not in topics(language):
        return {}
    file = files(__package__).joinpath("texts", language, f"{topic}.toml")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: _in_paragraphs(text) for name, text in table.items()}


def _in_paragraphs(text: str) -> str:
    return "\n\n".join(_LINES.sub(" ", part) for part in _PARAGRAPHS.split(text.strip()))
