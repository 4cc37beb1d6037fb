"""Ctrl-C while a network learns: the step is finished, all is kept, then the training ends."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any


class TrainingInterrupted(KeyboardInterrupt):
    """A training that was asked to stop; `run` is all that stood until then."""

    def __init__(self, message: str, run: Any) -> None:
        super().__init__(message)
        self.run = run


class Interruption:
    """Inside, the first Ctrl-C only sets `asked`; a second one stops at once, as ever.

    Signals reach the main thread alone: elsewhere, and where another handler than Python's own
    stands, nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Interruption:
        """Begin to listen."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the signal as it was."""
        self._restore()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            with suppress(ValueError):
                signal.signal(signal.SIGINT, self._before)
            self._before = None
