"""What a training writes into its trace: losses, scores, and what the recorder sees of layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..record.recorder import Recorder
from ..trace import Header, Moment, Site, Trace

NAME: Final = "trace.lwt"
METRICS: Final = (
    "loss", "learning rate", "training loss", "training accuracy", "control loss",
    "control accuracy",
)  # fmt: skip


class Recording:
    """A trace that grows while a model learns, in memory or in a file.

    Moments of the kind "step" have the loss and the learning rate; of the kind "epoch", at the end
    of each, what the history has. Steps and epochs count from 1. With a recorder, steps also have
    what it keeps of the layers; without, moments are gathered and written together.
    """

    def __init__(
        self,
        path: Path | None,
        title: str,
        about: Mapping[str, Any],
        moments: int | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._recorder = recorder
        self._path = path
        header = Header(title, tuple(Site(name, "metric") for name in METRICS), dict(about))
        if path is None:
            self.trace = Trace(header)
        elif moments is not None and path.exists():
            self.trace = Trace.reopen(path, moments=moments, every_s=1e9)
        else:
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + ending).unlink()
            self.trace = Trace.create(path, header, every_s=1e9)
        self._steps: list[tuple[int, int, float, float]] = []  # that wait to be written

    def step(self, step: int, epoch: int, loss: float, rate: float) -> None:
        """Note a step."""
        if self._recorder is None:
            self._steps.append((step, epoch, loss, rate))
        else:
            values = {"loss": loss, "learning rate": rate}
            self._recorder.commit(self.trace, _moment(step, epoch), values)

    def capture(self) -> None:
        """Look at parameters and gradients, before the optimiser moves them."""
        if self._recorder is not None:
            self._recorder.capture()

    @property
    def looks(self) -> bool:
        """Whether layers are recorded, not only losses."""
        return self._recorder is not None

    def watching(self) -> AbstractContextManager[Any]:
        """What training runs inside: hooks are on the model there, and gone afterwards."""
        return nullcontext() if self._recorder is None else self._recorder

    def epoch(self, step: int, epoch: int, row: Mapping[str, float]) -> None:
        """Note an epoch's end."""
        values = {name: row[name] for name in METRICS if name in row and not math.isnan(row[name])}
        self.pour()
        self.trace.append(Moment("epoch", {"step": step, "epoch": epoch}), values)

    def flush(self) -> int:
        """Have everything in the trace, and on the disk; gives the number of moments."""
        self.pour()
        self.trace.flush()
        return len(self.trace)

    def pour(self) -> None:
        """Put what waits into the trace."""
        if self._recorder is not None:
            self._recorder.flush(self.trace)
        if self._steps:
            moments = [_moment(step, epoch) for step, epoch, _, _ in self._steps]
            _, _, losses, rates = zip(*self._steps, strict=True)
            self.trace.extend(moments, {"loss": np.array(losses), "learning rate": np.array(rates)})
            self._steps.clear()

    def settled(self) -> Trace:
        """The finished trace: of a file, opened anew for reading."""
        self.flush()
        if self._path is None:
            return self.trace
        self.trace.close()
        return Trace.open(self._path)


def _moment(step: int, epoch: int) -> Moment:
    return Moment("step", {"step": step, "epoch": epoch})
