"""Learning curves: loss and accuracy of one or several trainings, with the spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ...errors import InputError, unknown_name
from ...scene import Scene
from ...trace import Trace
from ..style import Theme
from ..style import theme as theme_named
from ..writable import writable
from .frame import Frame, chosen, trace_of
from .learning_frames import Group, LearningFrames

MOST_GROUPS = 10
LOSSES = ("control loss", "training loss", "loss")
SCORES = ("control accuracy", "training accuracy", "accuracy")


def learning_curves(
    runs: Any,
    *,
    loss: str | None = None,
    accuracy: str | None = None,
    constant_guess: float | None = None,
    scale: Literal["linear", "log"] = "linear",
    theme: str | Theme = "light",
    title: str = "",
    size: tuple[int, int] = (1920, 1080),
    speed: float = 1.0,
) -> Scene:
    """How loss and accuracy went, drawn as it happens, each curve named at its end.

    `runs` is a run or a trace, a list of them, or name → run. A name may stand for a list of runs,
    such as the same training with several seeds: the line is then their median, with a band from
    their least to their greatest, at the steps or epochs that all of them have. `loss` and
    `accuracy` are metrics of the traces; where nobody says, the first of control, training and
    plain loss that all of them have, and likewise the accuracy, if any. What is not finite breaks
    its curve, and is said at its end.

    `constant_guess` is the accuracy of always answering the largest class, a dotted line; where it
    is None it is that of the control part (or the training part, if its accuracy is shown) of runs
    on a data set. `scale` is that of the loss.

    Raises `InputError` for runs without a common metric and for more than ten names,
    `UnknownNameError` for an unknown metric, scale or theme.
    """
    named = _groups(runs)
    if len(named) > MOST_GROUPS:
        raise InputError(
            "There is no room for so many curves", received=f"{len(named)} names",
            allowed=f"At most {MOST_GROUPS}",
        )  # fmt: skip
    if scale not in ("linear", "log"):
        raise unknown_name("scale", scale, ("linear", "log"))
    traces = [trace for _, each in named for trace in each]
    metrics = [_metric(traces, loss, LOSSES), _metric(traces, accuracy, SCORES)]
    if metrics == [None, None]:
        raise InputError(
            "These traces have no loss or accuracy in common",
            received="; ".join(", ".join(_metrics(trace)) or "nothing" for trace in traces[:5]),
            do='Name one that all have: learning_curves(runs, loss="loss")',
        )
    shown_names, unwritten = writable([name for name, _ in named], "run")
    given = [name for name, _ in named]
    named = [(name, each) for name, (_, each) in zip(shown_names, named, strict=True)]
    panels = [
        (metric, [_group(name, each, metric) for name, each in named])
        for metric in metrics if metric is not None
    ]  # fmt: skip
    guess = _share(constant_guess) if constant_guess is not None else _guess(runs, metrics[1])
    frame = Frame(size, theme_named(theme))
    heading = title or "Learning curves"
    places = np.unique(np.concatenate([g.places for _, groups in panels for g in groups]))
    shown = [float(places[at]) for at in chosen(len(places))]
    frames = LearningFrames(
        frame,
        panels,
        shown,
        title=heading,
        log=scale == "log",
        guess=guess,
        all_moments=len(places),
        note=unwritten,
    )
    said = frames.description() + (f". Runs: {', '.join(given)}." if unwritten else "")
    return frame.scene(frames.marks, frames.labels, title=heading, description=said, speed=speed)


def _groups(runs: Any) -> list[tuple[str, list[Trace]]]:
    """Name and traces, in order; a list of runs groups those of one title."""
    if isinstance(runs, Mapping):
        given = [(str(name), each) for name, each in runs.items()]
    elif isinstance(runs, (list, tuple)):
        given = [(trace_of(each, "learning_curves").title, each) for each in runs]
    else:
        given = [(trace_of(runs, "learning_curves").title, runs)]
    groups: dict[str, list[Trace]] = {}
    for name, each in given:
        members = list(each) if isinstance(each, (list, tuple)) else [each]
        found = groups.setdefault(name, [])
        found += [trace_of(member, "learning_curves") for member in members]
    if not groups or not all(groups.values()):
        raise InputError("There is nothing to show: learning_curves needs a run", received="none")
    return list(groups.items())


def _metrics(trace: Trace) -> list[str]:
    return [
        site.name for site in trace.sites
        if site.kind == "metric" and not site.axes and trace.where(site.name)
    ]  # fmt: skip


def _metric(traces: Sequence[Trace], name: str | None, usual: Sequence[str]) -> str | None:
    every = [_metrics(trace) for trace in traces]
    if name is None:
        return next((each for each in usual if all(each in found for found in every)), None)
    for trace, found in zip(traces, every, strict=True):
        if name not in found:
            raise unknown_name("metric", name, found, where=f"the trace {trace.title!r}")
    return name


def _group(name: str, traces: Sequence[Trace], metric: str) -> Group:
    """The values of all runs of a name at the moments that all of them have."""
    counted, series = "", []
    for trace in traces:
        moments, values = trace.series(metric)
        every = trace.moments
        kind = "epoch" if all(every[at].kind == "epoch" for at in moments) else "step"
        if kind not in every[moments[0]].at:
            kind = next(iter(every[moments[0]].at), "moment")
        if counted not in ("", kind):
            raise InputError(
                f"The runs of {name!r} are counted differently", received=f"{counted} and {kind}"
            )
        counted = kind
        numbers = [float(every[at].at.get(kind, at)) for at in moments]
        series.append(dict(zip(numbers, values.astype(np.float64), strict=True)))
    common = sorted(set.intersection(*(set(each) for each in series)))
    if not common:
        raise InputError(f"The runs of {name!r} have no {counted} in common")
    values = np.array([[each[number] for number in common] for each in series])
    return Group(name, counted, np.array(common), values)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise InputError("A constant guess is a share", received=f"{value}", allowed="0 to 1")
    return float(value)


def _guess(runs: Any, metric: str | None) -> float | None:
    """The share of the largest class of the part that was judged, where all runs share it."""
    if metric is None:
        return None
    members = list(runs.values()) if isinstance(runs, Mapping) else runs
    members = list(members) if isinstance(members, (list, tuple)) else [members]
    flat = [
        one for each in members
        for one in (each if isinstance(each, (list, tuple)) else [each])
    ]  # fmt: skip
    found = set()
    for one in flat:
        parts = getattr(one, "parts", None)
        judged = getattr(parts, metric.partition(" ")[0], None)
        labels, learned = getattr(judged, "labels", None), getattr(parts, "training", None)
        if labels is None or learned is None or not getattr(one, "classes", ()):
            return None
        largest = int(np.bincount(learned.labels).argmax())
        found.add(float(np.mean(np.asarray(labels) == largest)))
    return found.pop() if len(found) == 1 else None
