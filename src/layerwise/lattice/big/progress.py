"""How far long work is: a bar, or a function that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from ...errors import InputError

Progress: TypeAlias = Callable[[int, int], object]
Tell: TypeAlias = Callable[..., None]


@contextmanager
def telling(progress: bool | Progress, total: int, what: str) -> Iterator[Tell]:
    """A function to call with how much is done, or with nothing: one more.

    `progress`: True for a bar with the rate and the time left, a function of (done, total), or
    False for neither.
    """
    done = 0
    if progress is False or callable(progress):

        def tell(now: int | None = None) -> None:
            nonlocal done
            done = done + 1 if now is None else now
            if callable(progress):
                progress(done, total)

        yield tell
        return
    if progress is not True:
        raise InputError(
            "progress is True for a bar, or a function of what is done and of all",
            received=repr(progress),
        )
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(show_speed=True))
    with Progress(*columns, TimeLeft()) as bar:
        task = bar.add_task(what, total=total)

        def show(now: int | None = None) -> None:
            nonlocal done
            done = done + 1 if now is None else now
            bar.update(task, completed=done)

        yield show
