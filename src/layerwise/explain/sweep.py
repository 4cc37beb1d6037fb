"""A sweep: the same training for several values of one thing, each from several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from ..errors import DivergedError, InputError
from ..trace import Header, Moment, Site, Trace

METRICS: Final = (
    "training accuracy", "training loss", "control accuracy", "control loss", "parameters",
    "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class SweepProgress:
    """Where a sweep stands: `done` of `total` trainings, and what the latest one measured."""

    done: int
    total: int
    value: Any
    seed: int
    scores: dict[str, float]


def sweep(
    make_model: Callable[..., Any],
    data: Any,
    values: Sequence[Any],
    *,
    seeds: int | Iterable[int] = 5,
    name: str = "value",
    known: Any = None,
    path: str | Path | None = None,
    progress: bool | Callable[[SweepProgress], object] | None = None,
    title: str = "",
    **options: Any,
) -> Trace:
    """What comes of training for each of some `values`, from each of some seeds.

    `make_model(value)`, or `make_model(value, seed)`, gives a network or the words that build one
    ("mlp 64-32"). `data` is a data set, cut once by its own `parts(seed=0)`, Parts, or a pair
    (X, y), which has no control part. `seeds` are numbers, or how many (0, 1, …); each gives the
    first weights and the order of samples, never another cut. `options` go to `fit`. `known` is an
    estimator with fit and predict to compare with: it learns the same training part.

    One moment of kind "run" a training, with the coordinates "place" (of the value in `values`),
    "seed", and "value" where that is a number. Sites: training and control loss (cross-entropy)
    and accuracy, of the network as it ended, in evaluation mode; "parameters"; "seconds" for the
    training alone, the one figure that differs from time to time. A training that diverges has
    neither loss nor accuracy (NaN).

    With `path` the trace is a file that grows; called again alike it goes on from there.
    `progress` is True for a bar, or a function of a `SweepProgress`. Raises `InputError` for
    values, seeds and data that cannot be, and what `fit` raises.
    """
    chosen, numbers = _values(values), _seeds(seeds)
    parts, pair = _parts(data)
    about = {
        "values": [_plain(value) for value in chosen], "seeds": numbers, "name": name,
        "options": {key: repr(value) for key, value in sorted(options.items())},
        **_facts(parts, pair, known),
    }  # fmt: skip
    sites = tuple(Site(one, "metric") for one in METRICS)
    header = Header(title or str(about["data"]) or name, sites, about)
    trace = _opened(header, None if path is None else Path(path))
    done = {(int(one.at["place"]), int(one.at["seed"])) for one in trace.moments}
    todo = [
        (place, seed) for place in range(len(chosen)) for seed in numbers
        if (place, seed) not in done
    ]  # fmt: skip
    bar, tell = _teller(progress, len(chosen) * len(numbers), len(done))
    with bar:
        for count, (place, seed) in enumerate(todo, len(done) + 1):
            value = chosen[place]
            scores = _trained(make_model, value, seed, parts or pair, options)
            at: dict[str, int | float] = {"place": place, "seed": seed}
            if isinstance(_plain(value), (int, float)):
                at["value"] = _plain(value)
            trace.append(Moment("run", at), {key: float(scores[key]) for key in scores})
            tell(SweepProgress(count, len(chosen) * len(numbers), value, seed, scores))
    return trace


def _trained(
    make_model: Callable[..., Any], value: Any, seed: int, data: Any, options: dict[str, Any]
) -> dict[str, float]:
    """One training, and what is measured of it."""
    import torch

    from ..train.fit import fit

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # a network that draws from torch's numbers follows from the seed
        takes_seed = len(signature(make_model).parameters) > 1
        model = make_model(value, seed) if takes_seed else make_model(value)
    settings = {"keep": None, "health": False, **options}
    began = perf_counter()
    run: Any
    try:
        run = fit(model, data, seed=seed, **settings)
    except DivergedError as error:
        run = error.run
        seconds = perf_counter() - began
        found = dict.fromkeys(METRICS[:4], float("nan"))
    else:
        seconds = perf_counter() - began
        found = _scores(run, data)
    count = sum(each.numel() for each in run.model.parameters()) if run is not None else 0
    return {**found, "parameters": float(count), "seconds": seconds}


def _scores(run: Any, data: Any) -> dict[str, float]:
    pair = isinstance(data, tuple)
    if not run.classes:
        raise InputError("A sweep compares classifiers: the targets must be classes")
    found = {}
    for name in ("training", "control"):
        if pair and name == "control":
            continue
        part = data if pair else getattr(data, name)
        inputs = part[0] if pair else part
        labels = _labels(part[1], run.classes) if pair else np.asarray(part.labels)
        outputs = run.outputs(inputs)
        answers = run.loss.classes_of(outputs).numpy()
        logs = run.loss.log_probabilities_of(outputs.double()).numpy()
        found[f"{name} accuracy"] = float((answers == labels).mean())
        found[f"{name} loss"] = float(-logs[np.arange(len(labels)), labels].mean())
    return found


def _labels(given: Any, classes: Sequence[str]) -> Any:
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places[str(one)] for one in np.asarray(given).tolist()])


def _parts(data: Any) -> tuple[Any, Any]:
    """Parts, or else a pair."""
    if hasattr(data, "training") and hasattr(data, "control"):
        return data, None
    if hasattr(data, "parts") and hasattr(data, "card"):
        return data.parts(seed=0), None
    if isinstance(data, tuple) and len(data) == 2:
        x, y = np.asarray(data[0]), np.asarray(data[1])
        if x.ndim < 2 or y.shape != (len(x),):
            raise InputError(
                "A pair (X, y) has a class for each row", received=f"{x.shape} and {y.shape}"
            )
        return None, (x, y)
    raise InputError(
        "A sweep trains on a data set, Parts, or a pair (X, y)",
        received=f"a {type(data).__name__}",
    )


def _facts(parts: Any, pair: Any, known: Any) -> dict[str, Any]:
    """What to compare with, and on how many samples."""
    if parts is None:
        x, y = pair
        judged = (x, y)
        learned, title = judged, ""
    else:
        flat = [(_rows(part), np.asarray(part.labels)) for part in (parts.training, parts.control)]
        learned, judged = flat
        title = str(parts.training.card.title)
    names, counts = np.unique(learned[1], return_counts=True)
    common = names[counts.argmax()]
    facts = {
        "data": title, "training samples": len(learned[1]),
        "control samples": 0 if parts is None else len(judged[1]),
        "guess": float((judged[1] == common).mean()),
    }  # fmt: skip
    if known is not None:
        if not (hasattr(known, "fit") and hasattr(known, "predict")):
            raise InputError(
                "The known method is an estimator with fit and predict",
                received=f"a {type(known).__name__}",
            )
        answers = np.asarray(known.fit(*learned).predict(judged[0]))
        facts["known"] = type(known).__name__
        facts["known accuracy"] = float((answers == judged[1]).mean())
    return facts


def _rows(part: Any) -> Any:
    rows = part.features if hasattr(part, "features") else part.batch(np.arange(len(part)))
    return np.asarray(rows).reshape(len(part), -1)


def _values(values: Sequence[Any]) -> list[Any]:
    found = list(values) if not isinstance(values, str) else []
    if not found or len({repr(one) for one in found}) < len(found):
        raise InputError("A sweep needs values, each once", received=repr(values)[:80])
    return found


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    wrong = InputError(
        "The seeds of a sweep are how many, or different whole numbers from 0 on",
        received=repr(seeds)[:80],
    )
    if isinstance(seeds, (bool, str)):
        raise wrong
    if isinstance(seeds, (int, np.integer)):
        seeds = range(int(seeds))
    found = list(seeds)
    whole = all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in found)
    if not found or not whole or min(found) < 0 or len(set(found)) < len(found):
        raise wrong
    return [int(one) for one in found]


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        return float(value)
    return str(value)


def _opened(header: Header, path: Path | None) -> Trace:
    if path is None:
        return Trace(header)
    if not path.exists():
        return Trace.create(path, header)
    trace = Trace.reopen(path)
    for key in ("values", "seeds", "options", "data", "training samples"):
        if trace.about.get(key) != header.about[key]:
            old = repr(trace.about.get(key))[:60]
            trace.close()
            raise InputError(
                f"{path.name} holds another sweep: its {key} differ",
                received=f"{header.about[key]!r}"[:60], allowed=f"There: {old}",
                do="Give another path, or delete the file",
            )  # fmt: skip
    return trace


def _teller(progress: Any, total: int, done: int) -> tuple[Any, Callable[[SweepProgress], object]]:
    if progress is None or progress is False:
        return nullcontext(), lambda now: None
    if callable(progress):
        return nullcontext(), progress
    if progress is not True:
        raise InputError(
            "progress is True for a bar, or a function of a SweepProgress",
            received=repr(progress),
        )
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    task = bar.add_task("sweep", total=total, completed=done)

    def tell(now: SweepProgress) -> None:
        bar.update(task, completed=now.done, description=f"{now.value}, seed {now.seed}")

    return bar, tell
