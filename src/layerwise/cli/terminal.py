"""What every command uses: where it prints, its progress bars, and checks before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..errors import InputError, unknown_name

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Missing = Annotated[
    str, typer.Option(help="Rows with missing cells: refuse them, or drop them (and count).")
]
MissingOrKept = Annotated[
    str,
    typer.Option(
        help="Rows with missing cells: refuse them, drop them (and count), or keep them: an "
        "ensemble says nothing of a point by the cells that it lacks."
    ),
]
Theme = Annotated[str, typer.Option(help="dark or light.")]


def places(films: list[Path], page: Path | None) -> list[Path]:
    """Where films go, checked before any work is done."""
    from ..scene import WRITERS

    for path in films:
        if path.suffix.lower() not in WRITERS:
            raise unknown_name("file suffix", path.suffix or path.name, WRITERS, where=str(path))
    if page is not None and page.suffix.lower() != ".html":
        raise InputError(
            "A page is an HTML file", received=str(page), do="Name it with .html at its end"
        )
    places = [*films, *([page] if page else [])]
    for path in places:
        check_place(path)
    return places


def check_place(path: Path) -> None:
    """Whether a file can be written there, before any work; `OutputError` where it cannot."""
    from ..files import replacing

    class Untouched(Exception):  # noqa: N818 - it is no error
        pass

    try:
        with replacing(path):
            raise Untouched
    except Untouched:
        pass


def check_choices(**given: tuple[str | None, tuple[str, ...]]) -> None:
    """Whether each option's value is one of those allowed; `UnknownNameError` if not."""
    for name, (value, allowed) in given.items():
        if value is not None and value not in allowed:
            raise unknown_name(f"value of --{name}", value, allowed)


def listed(text: str | None) -> list[str] | None:
    """Names with commas between, as a list."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars with rate and time left, on a terminal; nothing elsewhere."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(),
        TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal,
    )  # fmt: skip
    tasks: dict[str, Any] = {}
    with bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report
