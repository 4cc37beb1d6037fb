"""Everything that changes while a network learns, and what a checkpoint holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import nn, optim

from ..errors import FileError, InputError
from ..record.recorder import Recorder
from .batches import Batches
from .checkpoint import NAME, read_checkpoint, write_checkpoint
from .health import Finding, Health, finding_documents, findings_from
from .history import History
from .losses import Loss
from .precision import Precision
from .randomness import random_state, set_random_state
from .recording import Recording
from .schedules import Schedule
from .stopping import EarlyStopping, tensors_of
from .tally import Tally


@dataclass(eq=False)
class Training:
    """A training that can be broken off after any step and taken up again, bit for bit.

    `epoch` and `batch` say where it stands, both from 0 on; `step` counts the updates made.
    """

    model: nn.Module
    batches: Batches
    control: Batches | None
    loss: Loss
    optimizer: optim.Optimizer
    schedule: Schedule
    precision: Precision
    stopping: EarlyStopping | None
    health: Health | None
    recording: Recording
    identity: Mapping[str, Any]
    folder: Path | None
    every_s: float
    recorder: Recorder | None = None
    history: History = field(default_factory=History)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0  # of this epoch, before it was taken up again

    def __post_init__(self) -> None:
        """Begin the first epoch's sums and the clock of the checkpoints."""
        self.tally = Tally(self.loss)
        self._saved = monotonic()

    @property
    def stopped(self) -> bool:
        """Whether the control loss has ended the training early."""
        return self.stopping is not None and self.stopping.done

    def next_epoch(self) -> None:
        """Stand at the beginning of the epoch after this one."""
        self.epoch, self.batch, self.seconds = self.epoch + 1, 0, 0.0
        self.tally = Tally(self.loss)

    @property
    def save_is_due(self) -> bool:
        """Whether the latest checkpoint is older than it may be."""
        return self.folder is not None and monotonic() - self._saved >= self.every_s

    def save(self) -> None:
        """Write a checkpoint, if there is a folder for it, after the trace that belongs to it."""
        moments = self.recording.flush()
        if self.folder is not None:
            write_checkpoint(self.folder / NAME, self.identity, self._state(moments))
            self._saved = monotonic()

    def resume(self) -> int | None:
        """Stand where the checkpoint stands; the number of moments of its trace, None without one.

        Raises `FileError` for a broken checkpoint, `InputError` for one of another training.
        """
        if self.folder is None or not (self.folder / NAME).exists():
            return None
        state = read_checkpoint(self.folder / NAME, self.identity)
        try:
            return self._load_state(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise FileError(
                f"{self.folder / NAME} is broken: {error}", do="Train into another folder"
            ) from error

    def _state(self, moments: int) -> dict[str, Any]:
        return {
            "model": {name: value.detach() for name, value in tensors_of(self.model)},
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "precision": self.precision.state_dict(),
            "stopping": None if self.stopping is None else self.stopping.state_dict(),
            "health": None if self.health is None else self.health.state_dict(),
            "recorder": None if self.recorder is None else self.recorder.state(),
            "batches": self.batches.state(),
            "random": random_state(),
            "tally": self.tally.state_dict(),
            "history": self.history.document(),
            "findings": finding_documents(self.findings),
            "place": {
                "epoch": self.epoch, "batch": self.batch, "step": self.step,
                "seconds": self.seconds, "moments": moments,
            },
            "made with": {"torch": str(torch.__version__), "threads": torch.get_num_threads()},
        }  # fmt: skip

    def _load_state(self, state: Mapping[str, Any]) -> int:
        with torch.no_grad():
            for name, value in tensors_of(self.model):
                value.copy_(state["model"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.precision.load_state_dict(state["precision"])
        if self.stopping is not None:
            self.stopping.load_state_dict(state["stopping"])
        if self.health is not None and state["health"] is not None:
            self.health.load_state_dict(state["health"])
        if self.recorder is not None:
            self.recorder.restore(state["recorder"])
        self.batches.load_state(state["batches"])
        self.tally.load_state_dict(state["tally"])
        self.history = History.from_document(state["history"])
        self.findings = findings_from(state["findings"])
        place = state["place"]
        self.epoch, self.batch, self.step = place["epoch"], place["batch"], place["step"]
        self.seconds = place["seconds"]
        set_random_state(state["random"])
        here = {"torch": str(torch.__version__), "threads": torch.get_num_threads()}
        for what, before in state["made with"].items():
            if here.get(what) != before:
                self.notes.append(
                    f"taken up with {what} {here.get(what)} after {what} {before}: the last bits "
                    "may differ from those of a training in one go"
                )
        return int(place["moments"])
