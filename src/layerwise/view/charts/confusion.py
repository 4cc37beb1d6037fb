"""The confusion table over time: which classes are taken for which, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ...scene import Scene
from ...trace import Trace
from ...types import FloatArray, IntArray
from ..style import Theme
from ..style import theme as theme_named
from ..writable import writable
from .confusion_frames import ConfusionFrames
from .frame import Frame, chosen, place_in_time

MOST_CLASSES = 200


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables over time: `counts` (moment, class, answer), what each moment is counted by."""

    counts: IntArray
    classes: tuple[str, ...]
    answers: tuple[str, ...]
    counted: str
    places: FloatArray
    note: str


def confusion(
    tables: Any,
    classes: Sequence[str] | None = None,
    *,
    answers: Sequence[str] | None = None,
    numbers: Sequence[float] | None = None,
    counted: str = "epoch",
    theme: str | Theme = "dark",
    title: str = "",
    size: tuple[int, int] = (1920, 1080),
    speed: float = 1.0,
) -> Scene:
    """How often samples of each class got each answer, over time.

    `tables` is the trace of a `ConfusionRecorder` (or anything that has it as `.trace`): one with a
    site "confusion" with the axes (class, answer). Or it is counts, (class, answer) or (moment,
    class, answer), with the names of the `classes`; of the `answers` where there are more of them,
    such as "unknown" at the end; and the `numbers` of the moments (from 1 on if None), `counted`
    in epochs or what you say.

    A cell says the count and, below it, its share of its class; its colour is that share. At the
    right stand how many samples a class has and how many of them were answered rightly, below the
    table the accuracy so far. Beyond 12 classes cells have the share alone, beyond 28 no words.
    The poster is the last moment.

    Raises `InputError` for counts of another shape, below zero, or not finite, and for more than
    200 classes; `UnknownNameError` for an unknown theme.
    """
    found = _tables(tables, classes, answers, numbers, counted)
    frame = Frame(size, theme_named(theme))
    shown = chosen(len(found.counts))
    heading = title or "Which class is taken for which"
    answers_shown, unwritten = writable(found.answers, "class")
    frames = ConfusionFrames(
        frame, found.counts, answers_shown[: len(found.classes)], answers_shown, found.places,
        shown, counted=found.counted, title=heading,
        note=" · ".join(part for part in (found.note, unwritten) if part),
    )  # fmt: skip
    return frame.scene(
        frames.marks, frames.labels, title=heading, description=frames.description(), speed=speed
    )


def _tables(tables: Any, classes: Any, answers: Any, numbers: Any, counted: str) -> Tables:
    trace = tables if isinstance(tables, Trace) else getattr(tables, "trace", None)
    if isinstance(trace, Trace):
        return _from_trace(trace)
    if classes is None:
        raise InputError("Counts need the names of their classes", do='Give classes=("cat", "dog")')
    names = tuple(str(name) for name in classes)
    try:
        counts = np.asarray(tables)
    except ValueError as error:
        raise InputError("Tables must all have one shape", received=str(error)) from error
    if counts.ndim == 2:
        counts = counts[None]
    said = names if answers is None else tuple(str(name) for name in answers)
    if answers is None and counts.ndim == 3 and counts.shape[2] == len(names) + 1:
        said = (*names, "unknown")
    _check(counts, names, said)
    places = np.arange(1, len(counts) + 1) if numbers is None else np.asarray(numbers, float)
    if places.shape != (len(counts),):
        raise InputError(
            "There must be a number for each table",
            received=f"{places.size} numbers for {len(counts)} tables",
        )
    return Tables(counts.astype(np.int64), names, said, counted, places.astype(np.float64), "")


def _from_trace(trace: Trace) -> Tables:
    site = next((each for each in trace.sites if each.axes == ("class", "answer")), None)
    if site is None or not trace.where(site.name):
        raise InputError(
            f"The trace {trace.title!r} has no confusion table", received=repr(trace),
            do="Record one: layerwise.train.ConfusionRecorder() as on_epoch of fit",
        )  # fmt: skip
    moments, counts = trace.series(site.name)
    rows, columns = counts.shape[1:]
    names = _entries(site.entries, "class", rows)
    said = _entries(site.entries, "answer", columns)
    _check(counts, names, said)
    every = trace.moments
    places = [place_in_time(every[moment]) for moment in moments]
    numbers = np.array([number for _, number in places], np.float64)
    return Tables(counts.astype(np.int64), names, said, places[0][0], numbers, site.note)


def _entries(entries: Mapping[str, Any], axis: str, count: int) -> tuple[str, ...]:
    found = entries.get(axis)
    return tuple(map(str, range(count) if found is None else found))


def _check(counts: Any, classes: tuple[str, ...], answers: tuple[str, ...]) -> None:
    shape = (len(classes), len(answers))
    if counts.ndim != 3 or counts.shape[1:] != shape or not len(counts):
        raise InputError(
            "A confusion table has a row for each class and a column for each answer",
            received=f"shape {counts.shape} with {shape[0]} classes and {shape[1]} answers",
            allowed="(class, answer), or (moment, class, answer)",
        )
    if classes != answers[: len(classes)]:
        raise InputError(
            "The first answers are the classes, in their order; further ones come after them",
            received=", ".join(answers[:20]),
        )
    if counts.dtype.kind not in "iuf" or not (np.isfinite(counts) & (counts >= 0)).all():
        raise InputError("Counts are numbers from 0 on", received=f"type {counts.dtype}")
    if (counts != np.floor(counts)).any():
        raise InputError("Counts are whole numbers", received="fractions")
    if not 1 <= len(classes) <= MOST_CLASSES:
        raise InputError(
            "There is no room for so many classes", received=str(len(classes)),
            allowed=f"1 to {MOST_CLASSES}", do="Merge rare classes",
        )  # fmt: skip
