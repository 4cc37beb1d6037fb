"""Which classes are taken for which, epoch by epoch: a recorder for `fit`'s on_epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError, unknown_name
from ..trace import Header, Moment, Site, Trace
from ..types import Array, IntArray
from .run import Run

PARTS = ("training", "control", "test")


class ConfusionRecorder:
    """Counts after every epoch how often samples of each class get each answer.

    ``seen = ConfusionRecorder(); fit(model, data, on_epoch=seen); view.confusion(seen.trace)``

    Judged are the samples of that `part` of the run's data set, or those of `samples`, a pair
    (X, y) of what `fit` was given: raw rows or images, and class names or numbers. The trace has a
    moment of kind "epoch" for each, with the site "confusion", (class, answer), counts. The
    training itself is the same to the last bit.

    Raises `InputError` where the run has no classes or no such part.
    """

    def __init__(self, part: str = "control", *, samples: tuple[Any, Any] | None = None) -> None:
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
        self.part, self.samples = part, samples
        self._trace: Trace | None = None

    @property
    def trace(self) -> Trace:
        """The tables so far. Raises `InputError` before the first epoch is over."""
        if self._trace is None:
            raise InputError(
                "No epoch was seen yet", do="Give the recorder to fit as on_epoch, then train"
            )
        return self._trace

    def __call__(self, run: Run) -> None:
        """Judge the samples by the run as it stands."""
        inputs, labels = self._labelled(run)
        table = confusion_table(labels, self._answers(run, inputs), len(run.classes))
        if self._trace is None:
            entries = {"class": run.classes, "answer": run.classes}
            name = "samples given" if self.samples is not None else f"{self.part} part"
            site = Site(
                "confusion", "table", ("class", "answer"), unit="samples",
                note=f"{len(labels):,} samples of the {name}", entries=entries,
            )  # fmt: skip
            about = {"data": run.title, "classes": list(run.classes)}
            self._trace = Trace(Header(run.title, (site,), about))
        epoch = int(run.history.last["epoch"])
        self._trace.append(Moment("epoch", {"epoch": epoch}), {"confusion": table})

    def _labelled(self, run: Run) -> tuple[Any, IntArray]:
        """Samples, and the index of each one's class."""
        if not run.classes:
            raise InputError(
                "This run answers with numbers, not classes: there is no table of them"
            )
        if self.samples is not None:
            inputs, given = self.samples
            return inputs, _indices(given, run.classes)
        if run.parts is None:
            raise InputError(
                f"This run was not trained on a data set, so it has no {self.part} part",
                do="Give the recorder samples=(X, y)",
            )
        data: Any = getattr(run.parts, self.part)
        if data.labels is None or not len(data):
            raise InputError(f"The {self.part} part has no samples with a class")
        return data, np.asarray(data.labels, np.int64)

    @staticmethod
    def _answers(run: Run, inputs: Any) -> IntArray:
        return np.asarray(run.loss.classes_of(run.outputs(inputs)), np.int64)


def confusion_table(labels: Array, answers: Array, classes: int, columns: int = 0) -> IntArray:
    """How many samples of each class got each answer, (class, answer), from indices (sample,).

    With more `columns` than classes there is room for further answers, such as unknown.
    """
    columns = max(classes, columns)
    pairs = np.asarray(labels, np.int64) * columns + np.asarray(answers, np.int64)
    return np.bincount(pairs, minlength=classes * columns).reshape(classes, columns)


def _indices(given: Any, classes: Sequence[str]) -> IntArray:
    labels = np.asarray(given)
    places = {name: at for at, name in enumerate(classes)}
    unknown = [str(label) for label in np.unique(labels) if str(label) not in places]
    if unknown and labels.dtype.kind in "iub" and 0 <= labels.min() <= labels.max() < len(classes):
        return labels.astype(np.int64)  # numbers of classes that are not called by them
    if unknown:
        raise unknown_name("class", unknown[0], classes, where="the samples given")
    return np.array([places[str(label)] for label in labels], np.int64)
