"""The chapters, in order of reading, and who builds each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter, signature
from typing import Any, Final, get_type_hints

from ..errors import InputError, UnknownNameError, unknown_name
from ..explain.one_thread import one_thread
from ..language import Words, words
from .chapter import Chapter

_IN_ORDER: Final = (
    "neuron",
    "decision",
    "four-pixel",
    "receptive-fields",
    "learning",
    "downhill",
    "convolution",
    "more",
    "regularisation",
    "lattice",
)


CHAPTERS: Final[Mapping[str, str]] = {
    key: module
    for key, module in ((key, key.replace("-", "_")) for key in _IN_ORDER)
    if find_spec(f"{__package__}.{module}") is not None
}
"""Key → module beside this one, whose function `chapter` builds it; loaded when asked for."""


def build_chapter(key: str, *, language: str = "en", **options: Any) -> Chapter:
    """The chapter of that key, built anew: every number in it computed.

    `options` are those of the chapter's own function, such as `theme` and `input`. Raises
    `UnknownNameError` for a key, a language or an option that is not there, with the nearest.
    """
    return _called(key, "chapter", words(language), options)  # type: ignore[no-any-return]


def answer_of(key: str, *, language: str = "en", **options: Any) -> str | None:
    """What the chapter answers in a few lines to an input; None where it answers nothing."""
    if not hasattr(_module(key), "answer"):
        return None
    return str(_called(key, "answer", words(language), options))


def options_of(key: str, function: str = "chapter") -> tuple[str, ...]:
    """The options that the chapter's function takes, in its order."""
    called = getattr(_module(key), function, None)
    if called is None:
        return ()
    parameters = signature(called).parameters.values()
    return tuple(one.name for one in parameters if one.kind is not Parameter.VAR_KEYWORD)[1:]


def takes_input(key: str) -> bool:
    """Whether the chapter answers to an input that it cannot do without."""
    function = getattr(_module(key), "answer", None)
    if function is None:
        return False
    first = list(signature(function).parameters.values())[1:2]
    return bool(first) and first[0].default is Parameter.empty


def option_types(key: str) -> dict[str, Any]:
    """The options of a chapter and the types that its function is annotated with."""
    hints = get_type_hints(_module(key).chapter)
    return {name: hints.get(name, str) for name in options_of(key)}


def told(key: str, said: Words) -> tuple[str, str]:
    """The title and the summary of a chapter, without building it."""
    name = chapter_key(key).replace("-", "_")
    return said(f"learn.title_{name}"), said(f"learn.summary_{name}")


def page_file(key: str, code: str) -> str:
    """What the page of a chapter is called in a language: "neuron.html", "neuron.de.html"."""
    return f"{key}.html" if code == "en" else f"{key}.{code}.html"


def chapter_key(name: str) -> str:
    """The key as it is spelled; `UnknownNameError` offers the nearest."""
    if name not in CHAPTERS:
        raise unknown_name("chapter", name, CHAPTERS)
    return name


def check_options(key: str, names: Iterable[str], function: str = "chapter") -> None:
    """`UnknownNameError` with the nearest option unless the chapter's function takes them all."""
    known = options_of(key, function)
    for name in names:
        if name not in known:
            raise _unknown_option(key, name, known)


def _called(key: str, function: str, texts: Words, options: Mapping[str, Any]) -> Any:
    check_options(key, options, function)
    build: Callable[..., Any] = getattr(_module(key), function)
    with one_thread():
        return build(texts, **options)


def _unknown_option(key: str, name: str, known: tuple[str, ...]) -> UnknownNameError | InputError:
    if not known:
        return InputError(f"Chapter {key!r} takes no options", received=repr(name))
    return unknown_name("option", name, known, where=f"chapter {key!r}")


def _module(key: str) -> Any:
    return import_module(f".{CHAPTERS[chapter_key(key)]}", __package__)
