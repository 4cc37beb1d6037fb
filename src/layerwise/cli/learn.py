"""`learn`: the chapters of "How deep networks work", listed, opened as pages, and asked."""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from ..errors import InputError, OutputError, nearest_name
from .terminal import check_choices, check_place, out

if TYPE_CHECKING:
    from ..language import Words

FOLDER = Path("layerwise-learn")
"""Where pages go that are given no other place."""

MORE_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For the command: what it does not know itself is for the chapter."""

_OWN = (
    "--input", "--out", "--open", "--no-open", "--language", "--theme", "--all", "--translate",
    "--help",
)  # fmt: skip


def learn(
    context: typer.Context,
    chapter: Annotated[
        str | None, typer.Argument(help="Which chapter; without one they are listed.")
    ] = None,
    values: Annotated[
        str | None, typer.Option("--input", help='Numbers of your own: "1 -1 1 1".')
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where the page goes: a file, or a folder.")
    ] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page.")] = True,
    language: Annotated[str, typer.Option(help="en, de, or a language file (.toml).")] = "en",
    theme: Annotated[
        str | None, typer.Option(help="dark or light; without it the page follows the reader.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Write all chapters.")] = False,
    translate: Annotated[
        Path | None,
        typer.Option(help="A language file (.toml): written to be filled in, or checked."),
    ] = None,
) -> None:
    """How deep networks work: list the chapters, or write and open one as an offline page.

    Further options are the chapter's own, such as --kernel, --picture or --model.
    """
    from ..language import words
    from ..learn.catalog import CHAPTERS, chapter_key

    if translate is not None:
        if chapter is not None or values is not None or every or context.args:
            raise InputError(
                "--translate is for a whole language, not for a chapter",
                do="Leave the rest out: layerwise learn --translate fr.toml",
            )
        _translate(translate, to)
        return
    said = words(language)
    check_choices(theme=(theme, ("dark", "light")))
    typed = _options(context.args)
    if values is not None:
        typed["input"] = values
    if chapter is None:
        if typed or (to is not None and not every):
            raise InputError(
                "These options are for a chapter", do="Name it: layerwise learn neuron"
            )
        if not every:
            _list(said)
            _tell_untranslated(said)
            return
    elif every:
        raise InputError("--all writes every chapter", received=chapter, do="Leave one of them out")
    chosen = list(CHAPTERS) if chapter is None else [chapter_key(chapter)]
    if len(chosen) == 1:
        typed = _converted(chosen[0], typed)
        _answer(chosen[0], said, typed)
    places = _places(chosen, to, said.code)
    for key, place in places.items():
        _write(key, place, said, theme, typed, list(places) if every else [])
        out.print(f"wrote {place}", markup=False)
    _tell_untranslated(said)
    if show and out.is_terminal:
        webbrowser.open(next(iter(places.values())).resolve().as_uri())


def _list(said: Words) -> None:
    from ..learn.catalog import CHAPTERS, told
    from ..learn.prose import plain

    wide = max(map(len, CHAPTERS)) + 2
    for key in CHAPTERS:
        title, summary = told(key, said)
        out.print(f"{key:<{wide}}{title}", markup=False)
        out.print(f"{'':<{wide}}{plain(summary)}", markup=False)


def _tell_untranslated(said: Words) -> None:
    """Say on the terminal, as every page does, how much of a language file stands in English."""
    from ..learn.page import untranslated

    if said.untranslated:
        out.print(untranslated(said), markup=False)


def _translate(path: Path, to: Path | None) -> None:
    """Write a language file to be filled in, or say what is missing and wrong in one."""
    from ..files import replacing
    from ..language import is_file
    from ..language.file import language_file
    from ..language.template import template

    for place in filter(None, (path, to)):
        if not is_file(str(place)):
            raise InputError(
                "A language file is TOML", received=str(place), do="Name it with .toml at its end"
            )
    found = language_file(str(path)) if path.exists() or to is not None else None
    if found is None or to is not None:
        place = path if to is None else to
        if place.exists():
            raise InputError(
                f"{place} is there and is not written over", do="Give --out another name"
            )
        with replacing(place) as beside:
            beside.write_text(template(found), encoding="utf-8", newline="\n")
        out.print(f"wrote {place}", markup=False)
    if found is None:
        return
    for problem in found.wrong:
        out.print(f"wrong: {problem}", markup=False)
    for key in found.missing:
        out.print(f"missing: {key}", markup=False)
    every = sum(map(len, found.texts.values()))
    done = every - len(found.missing)
    out.print(f"{done:,} of {every:,} texts are translated", markup=False)
    if found.wrong:
        count = len(found.wrong)
        raise InputError(f"{path} cannot be used yet: {count} of its entries are wrong")


def _options(given: list[str]) -> dict[str, Any]:
    """The options that are for the chapter: --kernel "1 2 1", or --kernel=…"""
    found: dict[str, Any] = {}
    rest = list(given)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise InputError("One chapter at a time", received=f"{word!r} beside it")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not rest or rest[0].startswith("--"):
                near = nearest_name(word, _OWN)
                raise InputError(
                    f"Option --{name} needs a value", do=f"Did you mean {near}?" if near else ""
                )
            value = rest.pop(0)
        found[name.replace("-", "_")] = value
    return found


def _converted(key: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the chapter takes them: numbers where it asks for numbers."""
    from ..learn.catalog import check_options, option_types

    check_options(key, typed)
    kinds = option_types(key)
    return {name: _value(name, value, kinds.get(name)) for name, value in typed.items()}


def _value(name: str, text: str, hint: Any) -> Any:
    kinds = get_args(hint) or (hint,)
    if str in kinds:
        return text
    for kind, what in ((int, "a whole number"), (float, "a number")):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                raise InputError(f"--{name} is {what}", received=repr(text)) from None
    return Path(text) if Path in kinds else text


def _answer(key: str, said: Words, typed: Mapping[str, Any]) -> None:
    """Print what the chapter answers to the options, if it answers to them."""
    from ..learn.catalog import answer_of, options_of, takes_input

    if not typed or (takes_input(key) and "input" not in typed):
        return
    known = options_of(key, "answer")
    text = answer_of(
        key, language=said.language, **{name: typed[name] for name in known if name in typed}
    )
    if text:
        out.print(text, markup=False)


def _places(chosen: list[str], to: Path | None, code: str) -> dict[str, Path]:
    """Where each page goes, checked before any work."""
    from ..learn.catalog import page_file

    folder = FOLDER if to is None else to
    if to is not None and len(chosen) == 1 and not to.is_dir():
        if to.suffix.lower() != ".html":
            raise InputError(
                "A page is an HTML file", received=str(to),
                do="Name it with .html at its end, or give a folder that is there",
            )  # fmt: skip
        check_place(to)
        return {chosen[0]: to}
    places = {key: folder / page_file(key, code) for key in chosen}
    if folder.exists():
        for place in places.values():
            check_place(place)
    return places


def _write(
    key: str, place: Path, said: Words, theme: str | None, typed: Mapping[str, Any],
    coming: list[str],
) -> None:  # fmt: skip
    """Build the chapter and write its page, whole; neighbours that are there get a link."""
    from ..files import replacing
    from ..learn.catalog import CHAPTERS, build_chapter, page_file, told
    from ..learn.page import Neighbour, page_html

    order = list(CHAPTERS)
    at = order.index(key)

    def neighbour(number: int) -> Neighbour | None:
        if not 0 <= number < len(order):
            return None
        beside = order[number]
        file = page_file(beside, said.code)
        there = beside in coming or (place.parent / file).is_file()
        return Neighbour(beside, told(beside, said)[0], file if there else "")

    fixed: Literal["dark", "light"] | None = None
    if theme is not None:
        fixed = "dark" if theme == "dark" else "light"
    built = build_chapter(key, language=said.language, **{"theme": fixed or "light", **typed})
    text = page_html(
        built, language=said.language, place=(at + 1, len(order)), theme=fixed,
        before=neighbour(at - 1), after=neighbour(at + 1),
    )  # fmt: skip
    _make_folder(place.parent)
    with replacing(place) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made", received=error.strerror or "", do="Give --out"
        ) from error
