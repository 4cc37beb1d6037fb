"""A language file to be filled in: every text with the English one above it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from . import topic_texts, topics
from .file import LanguageFile

_HEAD: Final = """\
# A language for Layerwise, as one file.
#
# Above each text stands the English one. Write the translation between the quotation marks below
# it; what stays empty is shown in English. Names in {braces} stay as they are, numbers come in
# their place. `Code` stays as it is, *words* between stars are stressed, an empty line begins a
# new paragraph. Say in [language] what the language is called in itself, its code (fr, pt-BR),
# and how it writes numbers: 1,234.5 has the decimal point "." and the thousands separator ",".
#
# To see what is missing or wrong:   layerwise learn --translate FILE
# To use it:                         layerwise learn neuron --language FILE
"""
_FIRST: Final = ("language", "learn", "player")
_WIDE: Final = 98


def template(filled: LanguageFile | None = None) -> str:
    """The text of a language file, empty or with the translations that another one has."""
    lines = [_HEAD]
    order = [*_FIRST, *(topic for topic in topics("en") if topic not in _FIRST)]
    for topic in order:
        lines += [f"[{topic}]", ""]
        for name, english in topic_texts("en", topic).items():
            own = ""
            if filled is not None and f"{topic}.{name}" not in filled.missing:
                own = filled.texts[topic][name]
            lines += [*_commented(english), f"{name} = {_written(own, english)}", ""]
    return "\n".join(lines)


def _commented(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield "#"
        yield from (f"# {line}" for line in wrap(paragraph, _WIDE, break_long_words=False))


def _written(text: str, english: str) -> str:
    """A text as TOML writes it; over several lines where the English one is long."""
    if len(english) <= _WIDE and "\n" not in english + text:
        return json.dumps(text, ensure_ascii=False)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""\n{quoted}\n"""'
