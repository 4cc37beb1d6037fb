"""What is told while a network learns, and a bar for the terminal that shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Final

from ..errors import InputError
from .health import Finding

PAUSE_S: Final = 0.1


@dataclass(frozen=True)
class Progress:
    """Where a training stands: counts from 1 on; `steps` of the whole training, None if unknown.

    `loss` is that of the latest step, `scores` the row of the history of an epoch just over
    (else empty), `findings` what is new since the last time.
    """

    epoch: int
    epochs: int
    step: int
    steps: int | None
    loss: float
    scores: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


Told = Callable[[Progress], object]


class Teller:
    """Tells at most ten times a second, and whenever an epoch is over or something was found."""

    def __init__(self, told: Told | None, epochs: int, steps: int | None) -> None:
        self._told, self._epochs, self._steps = told, epochs, steps
        self._next = 0.0

    def step(self, epoch: int, step: int, loss: float, findings: list[Finding]) -> None:
        """A step is done."""
        if self._told is None or (not findings and monotonic() < self._next):
            return
        self._next = monotonic() + PAUSE_S
        self._tell(epoch, step, loss, {}, findings)

    def epoch(self, epoch: int, step: int, row: dict[str, float]) -> None:
        """An epoch is over."""
        if self._told is not None:
            self._tell(epoch, step, row["training loss"], row, [])

    def _tell(
        self, epoch: int, step: int, loss: float, row: dict[str, float], found: list[Finding]
    ) -> None:
        if self._told is not None:
            self._told(Progress(epoch, self._epochs, step, self._steps, loss, row, tuple(found)))


def teller_for(
    progress: Any, epochs: int, steps: int | None
) -> tuple[AbstractContextManager[Any], Teller]:
    """Who tells, and what it runs inside: nobody (None, False), a bar (True), or a function."""
    if progress is None or progress is False:
        return nullcontext(), Teller(None, epochs, steps)
    if progress is True:
        bar = Bar(steps)
        return bar, Teller(bar, epochs, steps)
    if callable(progress):
        return nullcontext(), Teller(progress, epochs, steps)
    raise InputError(
        "progress is True for a bar, or a function that is given a Progress",
        received=repr(progress),
    )


class Bar:
    """A bar in the terminal: epoch, loss, accuracy, rate and time left; findings above it."""

    def __init__(self, steps: int | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("epoch {task.fields[epoch]}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
            TextColumn("{task.fields[scores]}"),
        )  # fmt: skip
        self._task = self._rich.add_task("", total=steps, epoch="1", scores="", rate="")
        self._scores = ""

    def __enter__(self) -> Bar:
        """Show it."""
        self._rich.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it as it stands."""
        self._rich.stop()

    def __call__(self, now: Progress) -> None:
        """Bring it up to date."""
        for finding in now.findings:
            self._rich.console.print(str(finding), markup=False, highlight=False)
        if now.scores:
            name = "control" if now.scores["control loss"] == now.scores["control loss"] else (
                "training"
            )  # fmt: skip
            accuracy = now.scores[f"{name} accuracy"]
            shown = f"{accuracy:.1%}" if accuracy == accuracy else ""
            self._scores = f"{name} loss {now.scores[f'{name} loss']:.4g} {shown}".rstrip()
        speed = self._rich.tasks[0].speed
        self._rich.update(
            self._task, completed=now.step, epoch=f"{now.epoch}/{now.epochs}",
            rate="" if speed is None else f"{speed:,.0f} steps/s",
            scores=f"loss {now.loss:.4g}  {self._scores}".rstrip(),
        )  # fmt: skip
