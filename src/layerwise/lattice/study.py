"""The whole method on one table: tune, fit, compare, and say in plain words what it is worth."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

import numpy as np

from ..data import Dataset
from ..errors import InputError, unknown_name
from ..types import FloatArray, IntArray
from .classifier import LatticeClassifier
from .depth import Start
from .ensemble.classifier import LatticeEnsembleClassifier
from .layers import Rule
from .options import Grid
from .quality import Quality, quality

GRIDS: Final[tuple[Grid, ...]] = (100, 200, 400)
CUBES: Final[tuple[Grid, ...]] = ((32, 32, 32), (64, 64, 64))
RULES: Final[tuple[Rule, ...]] = ("copy", "vote")
NEIGHBORS: Final = (1, 5, 15, 25, 50)
FEW_COLUMNS: Final = 3  # up to so many, one lattice; beyond, an ensemble
NETWORKS: Final = ("auto", "lattice", "ensemble")
NO_DIFFERENCE: Final = 0.001  # of log-losses
MOST_FOR_TUNING: Final = 10_000  # training points; more would change no choice, only take longer

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Candidate:
    """One setting that cross-validation tried: its mean log-loss over folds, and their spread."""

    grid: Grid
    rule: Rule
    log_loss: float
    spread: float


@dataclass(frozen=True)
class Study:
    """What was found: the fitted network, what was tried, and how it compares on control points.

    `candidates`: what one lattice was tuned by; none for an ensemble. `table`: (method, its quality
    on the control set), this network first. `notes`: what was left out on the way. `verdict`: one
    sentence.
    """

    model: LatticeClassifier | LatticeEnsembleClassifier
    training: Dataset
    control: Dataset
    candidates: tuple[Candidate, ...]
    folds: int
    table: tuple[tuple[str, Quality], ...]
    verdict: str
    notes: tuple[str, ...]


def study(
    data: Dataset,
    *,
    grid: Grid | None = None,
    rule: Rule | None = None,
    window: int = 1,
    fuzzy_layers: int | Literal["auto"] = "auto",
    fuzzy_from: Start | Literal["auto"] = "auto",
    control: float = 0.25,
    folds: int = 5,
    seed: int = 0,
    threads: int = 1,
    device: str = "cpu",
    network: Literal["auto", "lattice", "ensemble"] = "auto",
    progress: Progress | None = None,
) -> Study:
    """Split, cross-validate, fit, compare with known methods, judge.

    `network`: one "lattice" of two axes, or of three for three columns, an "ensemble" of them over
    pairs of axes, or "auto": an ensemble for more than three columns, or where cells are missing
    (NaN), unless `grid`, `rule`, `window` or the fuzzy layers of one lattice are asked for. An
    ensemble is not tuned: its rounds judge themselves.

    `device` is that of one lattice (see `LatticeClassifier`); an ensemble is the processor's.

    What is None is tuned by `folds`-fold cross-validated log-loss on the training part; depth and
    start are chosen inside each fit by leave-one-out. The known methods see every column, the
    network the columns or the projection that it shows. `progress(what, done, total)`.
    Raises `InputError` for data that cannot be split.
    """
    data.require_labels()
    if not data.columns:
        raise InputError("A lattice needs a column of numbers", received="none")
    training, aside = data.split(control, seed)
    truth = aside.require_labels()
    if folds < 2 or folds > len(training):
        raise InputError(
            "Cross-validation needs at least 2 folds and a training point for each",
            received=f"{folds} folds for {len(training)} training points",
            do="Use more samples or fewer folds",
        )
    report = progress or (lambda what, done, total: None)
    of_one = (grid, rule, window, fuzzy_layers, fuzzy_from) != (None, None, 1, "auto", "auto")
    candidates: tuple[Candidate, ...] = ()
    some = training
    notes = [*training.notes]
    model: LatticeClassifier | LatticeEnsembleClassifier
    gaps = bool(np.isnan(data.features).any())
    if _is_ensemble(network, len(data.columns), of_one=of_one, gaps=gaps):
        model = LatticeEnsembleClassifier(random_state=seed, missing="ignore" if gaps else "refuse")
        if device not in ("auto", "cpu"):
            notes.append(f"{device} was not used: an ensemble is computed by the processor")
        model.fit(_named(training), training.y,
                  progress=lambda done, total: report("the network", done, total))  # fmt: skip
    else:
        settings = list(
            product(
                _grids(training) if grid is None else (grid,),
                RULES if rule is None else (rule,),
            )
        )
        fitted = [
            LatticeClassifier(
                grid=side,
                rule=how,
                window=window,
                random_state=seed,
                fuzzy_from=fuzzy_from,
                fuzzy_layers=fuzzy_layers,
                device=device,
            )
            for side, how in settings
        ]
        some = _some(training, seed)
        losses = _cross_validate(
            fitted, some.features, some.require_labels(), folds, seed, threads, report
        )
        candidates = tuple(
            Candidate(side, how, float(np.mean(row)), float(np.std(row)))
            for (side, how), row in zip(settings, losses, strict=True)
        )
        best = min(range(len(settings)), key=lambda index: candidates[index].log_loss)
        model = fitted[best]
        report("the network", 0, 1)
        model.fit(_named(training), training.y)
        report("the network", 1, 1)
    table = [("this network", _judged(model, _named(aside), truth, training.classes))]
    table += _known_methods(training, aside, seed, report)
    model.show_with(
        _named(aside),
        aside.y,
        data=data.card.name,
        baselines=[(name.removesuffix(" neighbours"), found.accuracy) for name, found in table[1:]],
    )
    notes += _notes(model, training, aside, some)
    return Study(
        model, training, aside, candidates, folds, tuple(table), verdict(table, len(aside)),
        tuple(notes),
    )  # fmt: skip


def _grids(training: Dataset) -> tuple[Grid, ...]:
    """The grids to choose from: squares, for three columns cubes.

    Over one column the values alone say how long a row is. A part of very many points, by which
    settings are tuned, says nothing of how fine a cube they all need: that is left to the
    network's own choice.
    """
    if len(training.columns) == 1:
        return ("auto",)
    if len(training.columns) != 3:
        return GRIDS
    return CUBES if len(training) <= MOST_FOR_TUNING else ("auto",)


def _is_ensemble(network: str, columns: int, *, of_one: bool, gaps: bool) -> bool:
    if network not in NETWORKS:
        raise unknown_name("network", str(network), NETWORKS)
    if gaps and (network == "lattice" or of_one):
        raise InputError(
            "One lattice has no place for a point that lacks a cell", received="missing cells",
            do='Drop those rows: missing="drop" (command line: --missing drop), or use an ensemble',
        )  # fmt: skip
    if network == "ensemble" and of_one:
        raise InputError(
            "Grid, rule, window and fuzzy layers are those of one lattice",
            received="them and an ensemble", do='Leave them out, or choose network="lattice"',
        )  # fmt: skip
    return network == "ensemble" or (
        network == "auto" and (columns > FEW_COLUMNS or gaps) and not of_one
    )


def _notes(
    model: LatticeClassifier | LatticeEnsembleClassifier,
    training: Dataset,
    aside: Dataset,
    some: Dataset,
) -> list[str]:
    """What was projected, thinned or answered by an edge."""
    if isinstance(model, LatticeEnsembleClassifier):
        return []
    notes = []
    outside = int(np.count_nonzero(model.outside(_named(aside))))
    if model.projection_.note:
        axes = len(model.projection_.names)
        notes.append(f"{len(training.columns)} columns shown as {axes}: {model.projection_.note}")
    if len(some) < len(training):
        notes.append(f"settings tuned on {len(some):,} of {len(training):,} training points")
    if outside:
        notes.append(
            f"{outside} of {len(aside)} control points lie outside the grid and are answered by "
            "its edge"
        )
    return notes


def _some(training: Dataset, seed: int) -> Dataset:
    """The training set, or a part of it with all classes in proportion where it is very large."""
    if len(training) <= MOST_FOR_TUNING:
        return training
    return training.split(MOST_FOR_TUNING / len(training), seed)[1]


def verdict(table: Sequence[tuple[str, Quality]], points: int) -> str:
    """One plain sentence on whether the first method of the table is worth using.

    Accuracies that differ by less than two standard errors of a share count as equal; so do
    log-losses within 5 % or a thousandth.
    """
    (_, own), (constant_name, constant), *_ = table
    others = table[1:]
    doubt = 2 * float(np.sqrt(max(own.accuracy * (1 - own.accuracy), 1e-9) / points))
    best_name, best = min(others, key=lambda entry: entry[1].log_loss)
    sharpest_name, sharpest = max(others, key=lambda entry: entry[1].accuracy)
    shown = f"{100 * own.accuracy:.1f} % right, log-loss {own.log_loss:.3f}"
    if own.log_loss > 0.99 * constant.log_loss:
        return (
            f"Not worth using here: its probabilities ({shown}) say no more than "
            f"“{constant_name}” ({100 * constant.accuracy:.1f} %, {constant.log_loss:.3f})."
        )
    if own.accuracy < sharpest.accuracy - doubt:
        return (
            f"Watch it, but use {sharpest_name} here: {100 * sharpest.accuracy:.1f} % right "
            f"against this network's {100 * own.accuracy:.1f} %."
        )
    if own.log_loss > 1.05 * best.log_loss + NO_DIFFERENCE:
        better = f"but {best_name} gives better probabilities (log-loss {best.log_loss:.3f})"
        if own.accuracy < sharpest.accuracy:
            return (
                f"Worth using for its classes here ({shown}; on {points:,} points the "
                f"{100 * sharpest.accuracy:.1f} % of {sharpest_name} may be chance), {better}."
            )
        right = "as right as" if own.accuracy == sharpest.accuracy else "more often right than"
        return f"Worth using for its classes here, {right} {sharpest_name} ({shown}), {better}."
    compared = (
        f"the best other method tried, {best_name}, has {100 * best.accuracy:.1f} % and "
        f"{best.log_loss:.3f}"
    )
    if own.accuracy < constant.accuracy + doubt:
        return (
            f"Worth using here for its probabilities only ({shown}; {compared}): it is hardly "
            f"more often right than “{constant_name}” ({100 * constant.accuracy:.1f} %)."
        )
    return f"Worth using here: {shown}; {compared}."


def _cross_validate(
    models: Sequence[LatticeClassifier],
    features: FloatArray,
    labels: IntArray,
    folds: int,
    seed: int,
    threads: int,
    report: Progress,
) -> list[list[float]]:
    from sklearn.base import clone
    from sklearn.model_selection import KFold, StratifiedKFold

    rare = int(np.bincount(labels).min())
    # With fewer points of a class than folds, folds cannot hold every class alike.
    kind = StratifiedKFold if rare >= folds else KFold
    parts = list(kind(folds, shuffle=True, random_state=seed).split(features, labels))
    jobs = [(model, part) for model in models for part in parts]
    classes = int(labels.max()) + 1

    def loss(job: tuple[LatticeClassifier, tuple[IntArray, IntArray]]) -> float:
        model, (train, test) = job
        if len(np.unique(labels[train])) < 2:
            return float("nan")
        model = clone(model).fit(features[train], labels[train])
        given = np.zeros((len(test), classes))
        given[:, model.classes_] = model.predict_proba(features[test])
        return quality(given, labels[test]).log_loss

    found = []
    with ThreadPoolExecutor(threads) as pool:
        report("cross-validation", 0, len(jobs))
        for done, value in enumerate(pool.map(loss, jobs), start=1):
            found.append(value)
            report("cross-validation", done, len(jobs))
    return [found[start : start + folds] for start in range(0, len(found), folds)]


def _known_methods(
    training: Dataset, aside: Dataset, seed: int, report: Progress
) -> list[tuple[str, Quality]]:
    """The qualities on the control set of: the largest class, nearest neighbours, boosting."""
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    X, y = training.features, training.require_labels()
    some = _some(training, seed)
    largest = training.classes[int(np.argmax(np.bincount(y)))]
    counts = [k for k in NEIGHBORS if k <= len(y) * 2 // 3] or [1]
    # Neighbours need every cell: the column's mean stands for one that is missing.
    neighbors = {
        k: make_pipeline(StandardScaler(), SimpleImputer(), KNeighborsClassifier(k)) for k in counts
    }
    report("known methods", 0, 3)
    few = some.require_labels()
    parts = min(5, int(np.bincount(few)[np.bincount(few) > 0].min()))
    k = counts[-1]
    if parts >= 2:
        scores = {
            k: cross_val_score(
                neighbors[k], some.features, few, cv=parts, scoring="neg_log_loss"
            ).mean()
            for k in counts
        }
        k = max(scores, key=lambda k: scores[k])
    found: list[tuple[str, Quality]] = []
    for name, method in [
        (f"always {largest}", DummyClassifier(strategy="prior")),
        (f"{k} nearest neighbours" if k > 1 else "nearest neighbour", neighbors[k]),
        ("gradient boosting", HistGradientBoostingClassifier(random_state=seed)),
    ]:
        # Boosting's threads wait for each other: one too many makes all slow.
        with threadpool_limits(max(1, (os.cpu_count() or 1) - 1)):
            method.fit(X, y)
        truth = aside.require_labels()
        found.append((name, _judged(method, aside.features, truth, training.classes)))
        report("known methods", len(found), 3)
    return found


def _judged(method: Any, X: Any, truth: IntArray, classes: Sequence[str]) -> Quality:
    """The quality of a fitted method whose classes are names or numbers of `classes`."""
    given = np.zeros((len(truth), len(classes)))
    order = {name: number for number, name in enumerate(classes)}
    columns = [order[c] if isinstance(c, str) else int(c) for c in method.classes_]
    given[:, columns] = method.predict_proba(X)
    return quality(given, truth)


def _named(data: Dataset) -> Any:
    """The features as a frame, so that the model remembers its columns' names."""
    import pandas as pd

    return pd.DataFrame(data.features, columns=list(data.columns))
