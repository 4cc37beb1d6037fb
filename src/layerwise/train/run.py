"""A training and what came of it: the model, its history, its trace, its answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.parts import Parts
from ..errors import FileError, InputError
from ..models.network_file import NetworkDocument, read_network, save_network
from ..models.spec import spec_of
from ..record.forward import record
from ..record.keep import Keep
from ..trace import Header, Trace
from ..types import Array
from .batches import Batches
from .evaluation import TestResult, forward, judged
from .health import Finding, evaluating
from .history import History, described
from .losses import Loss, make_loss
from .prediction import reading_of
from .preparation import Preparation, Taken
from .randomness import random_numbers_kept
from .source import Source
from .training import Training

BATCH = 512


class Run:
    """What `fit` gives: the trained model with everything that is known about its training.

    `model` is the network, in evaluation mode after training; `history` one row an epoch; `trace`
    every step; `findings` signs of illness, as they were seen; `notes` what a reader must know;
    `classes` the names in the order of the outputs (() where targets are numbers); `parts` the
    cut data where `fit` was given a data set; `preparation` what is done to raw inputs; `reading`
    how files of samples are read alike (see `prediction`); `finished` whether training came to its
    end. `predict` takes raw inputs: what `fit` was given.
    """

    def __init__(
        self, training: Training, source: Source, taken: Taken, test: Batches | None
    ) -> None:
        self._training: Training | None = training
        self._test, self._taken = test, taken
        self._named = source.named
        self.model: nn.Module = training.model
        self.loss: Loss = training.loss
        self.classes: tuple[str, ...] = source.classes if source.target == "class" else ()
        self.preparation: Preparation = source.preparation
        self.parts: Parts | None = source.parts
        self.reading: dict[str, Any] = reading_of(source.parts.training) if source.parts else {}
        self.title = source.title
        self.finished = False
        self._history = training.history
        self._trace = training.recording.trace
        self._findings: list[Finding] = training.findings
        self._notes: list[str] = training.notes

    @property
    def history(self) -> History:
        """One row an epoch: losses, accuracies, learning rate, seconds."""
        return self._history if self._training is None else self._training.history

    @property
    def trace(self) -> Trace:
        """What happened at every step."""
        if self._training is None:
            return self._trace
        self._training.recording.pour()
        return self._training.recording.trace

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Vanishing and exploding gradients, dead and saturated units, in the order seen."""
        return tuple(self._findings if self._training is None else self._training.findings)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, a sentence each."""
        return tuple(self._notes)

    def predict(self, inputs: Any) -> Array:
        """The likeliest class of every sample, (sample,): its name, or its number if unnamed.

        `inputs` is what `fit` was given for X: raw rows or images, a data set too. Where targets
        are numbers, the model's own: (sample,) or (sample, output). Raises `InputError` for inputs
        of another shape and numbers that are not finite.
        """
        outputs = self.outputs(inputs)
        if not self.classes:
            single = outputs.ndim == 2 and outputs.shape[1] == 1
            return np.asarray((outputs[:, 0] if single else outputs).numpy())
        found = self.loss.classes_of(outputs).numpy()
        return np.array(self.classes, np.str_)[found] if self._named else np.asarray(found)

    def predict_proba(self, inputs: Any) -> Array:
        """The probability of every class, (sample, class), in the order of `classes`.

        Raises `InputError` where the model gives no probabilities, besides what `predict` raises.
        """
        return np.asarray(self.loss.probabilities_of(self.outputs(inputs)).numpy())

    def outputs(self, inputs: Any) -> Tensor:
        """What the model itself gives for raw inputs, (sample, …), on the CPU."""
        ready = self.preparation.apply(inputs)
        with evaluating(self.model), random_numbers_kept(), torch.no_grad():
            found = [
                forward(self.model, self._taken.inputs(ready[start : start + BATCH])).cpu()
                for start in range(0, max(len(ready), 1), BATCH)
            ]
        return torch.cat(found).float()

    def record(
        self, inputs: Any, target: Any = None, backward: bool = False, keep: Keep | None = None
    ) -> Trace:
        """What happens in the network on raw inputs, operation by operation: see `record`.

        `inputs` are what `predict` takes. The trace knows the names of classes and columns.
        """
        ready = self._taken.inputs(self.preparation.apply(inputs))
        facts = {
            "classes": list(self.classes), "data": self.title, "answers": self.loss.meaning,
            "model": spec_of(self.model) or type(self.model).__name__,
            **self.preparation.facts(self.reading),
        }  # fmt: skip
        with evaluating(self.model), random_numbers_kept():
            return record(self.model, ready, target, backward, keep, about=facts)

    def test(self) -> TestResult:
        """How the model does on the test part, which nothing was learned from or chosen by.

        Raises `InputError` where there is no test part.
        """
        if self._test is None:
            raise InputError(
                "This run has no test part",
                do="Train on a data set that can be cut into parts, or on (training, control, "
                "test)",
            )
        return judged(self.model, self._test, self.loss, self.classes)

    def save(self, path: str | Path) -> Path:
        """Write the model as one file: safetensors with JSON in its header. Returns the path.

        With the weights it holds the classes, the preparation, and the loss. Raises `OutputError`
        for a place that cannot be written.
        """
        shape = self.preparation.shape
        if shape is None:
            raise InputError("A model of data whose shape is unknown cannot be saved")
        width = self._output_width(shape)
        about = {
            "outputs": [1, width],
            "target": self.loss.target,
            "loss": self.loss.name,
            "meaning": self.loss.meaning,
            "named": self._named,
            "reading": self.reading,
            "title": self.title,
            "history": self.history.document(),
            "notes": list(self.notes),
        }
        names = self.classes or tuple(f"output {n + 1}" for n in range(width))
        document = NetworkDocument(
            spec_of(self.model), shape, names, self.preparation.document(), about
        )
        return save_network(path, self.model, document)

    @staticmethod
    def load(path: str | Path, model: nn.Module | None = None) -> Run:
        """A run from a file that `save` wrote: it predicts; its trace and its data are not there.

        `model` is a network to put the weights into; needed for one that Layerwise did not build.
        Raises `FileError` for a file that is missing, broken, foreign, or of another model.
        """
        network, document = read_network(path, model)
        return _loaded(network, document, Path(path))

    def summary(self) -> str:
        """The run in a few lines, for a terminal."""
        kind = spec_of(self.model) or type(self.model).__name__
        count = sum(each.numel() for each in self.model.parameters())
        lines = [f"{kind}: {count:,} parameters, {self.title}"]
        if len(self.history):
            last, best = self.history.last, self.history.best
            ended = "" if self.finished else ", broken off"
            lines.append(f"{len(self.history)} epochs{ended}: {described(last)}")
            if best["epoch"] != last["epoch"]:
                lines.append(f"best in epoch {best['epoch']:.0f}: {described(best)}")
        lines += [str(finding) for finding in self.findings]
        lines += list(self.notes)
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Model, data and how the last epoch ended, in one line."""
        last = f", {described(self.history.last)}" if len(self.history) else ""
        name = spec_of(self.model) or type(self.model).__name__
        return f"<Run of {name} on {self.title!r}: {len(self.history)} epochs{last}>"

    def settle(self) -> None:
        """Let go of what only training needs; the trace of a folder is then read from its file."""
        training = self._training
        if training is None:
            return
        self._history, self._findings = training.history, training.findings
        self._trace = training.recording.settled()
        self._training = None

    def _output_width(self, shape: tuple[int, ...]) -> int:
        outputs = self.outputs(torch.zeros((2, *shape)))
        return 1 if outputs.ndim == 1 else int(outputs.shape[1])


def _loaded(network: nn.Module, document: NetworkDocument, path: Path) -> Run:
    about: Mapping[str, Any] = document.about
    run = Run.__new__(Run)
    try:
        target = about["target"]
        width = len(document.classes)
        name = about["loss"]
        known = make_loss(
            name if target == "class" or name != "auto" else "mse", target, (1, width)
        )
        run.loss = Loss(known.name, about["meaning"], target, known.learn, known.judge)
        run.preparation = Preparation.from_document(document.preparation)
        run._history = History.from_document(about["history"])
        run.reading = dict(about.get("reading", {}))
        run._named, run.title = bool(about["named"]), str(about["title"])
        run._notes = [str(note) for note in about["notes"]]
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{path.name} holds a network, but not one that was trained by layerwise: {error}",
            do="Read it with layerwise.models.network_file.read_network",
        ) from error
    run.model = network
    run.classes = document.classes if target == "class" else ()
    place = next(network.parameters(), torch.empty(0)).device
    run._taken = Taken.by(network, place)
    run._test = run._training = run.parts = None
    run._findings, run.finished = [], True
    run._trace = Trace(Header(run.title, ()))
    return run
