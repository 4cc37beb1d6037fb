"""A fitted ensemble as a Trace: member by member, the maps of its pairs and how right it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from ...types import Array, FloatArray, IntArray
from ..quality import Quality, quality
from ..recording import control_labels, spaced
from .boosting import add_scores, by_cell
from .classifier import LatticeEnsembleClassifier

MOST_MOMENTS: Final = 60
MOST_PAIRS: Final = 9
MOST_POINTS: Final = 600


def record_ensemble(
    model: LatticeEnsembleClassifier,
    X: Any = None,
    y: Any = None,
    *,
    control: EnsembleShowing | None = None,
    data: str = "",
    baselines: Sequence[tuple[str, float]] = (),
    pairs: int = MOST_PAIRS,
    moments: int = MOST_MOMENTS,
) -> Trace:
    """The recording of a fitted ensemble, judged on points X (sample, feature) if given.

    `y` (sample,): their classes; `control`: points that are cells already (see `show_with`);
    `baselines`: (name, accuracy on the same points) of known methods; `pairs`: how many pairs of
    axes are kept, those that matter most; `moments`: how many at most, evenly over the members.

    Sites: "scores of pair N" (class, row, column), row 0 the smallest value, the sum of that pair's
    members so far; and, where points are given, "accuracy" and "log-loss" of the whole ensemble so
    far, and at the first moment "points of pair N" (point, row column), the cells of at most 600
    of them, with "classes of points" (point,). `about["pairs"]` says which pairs they are.
    """
    check_is_fitted(model)
    shown = model.pairs_[: max(1, int(pairs))]
    if not shown:
        raise InputError("This ensemble has no lattices: no pair of columns helped it")
    side, count = model.axes_.side, len(model.members_)
    if control is None and X is not None:
        control = EnsembleShowing.of(model, X, y, data, baselines)
    points = None if control is None else _Judge(control, model.prior_)
    at = spaced(count, moments - 1, even=True)
    trace = Trace(Header("lattice ensemble", _sites(len(shown), points), {
        "data": data,
        "classes": [str(name) for name in model.classes_],
        "members": count,
        "all_pairs": len(model.pairs_),
        "axes": len(model.axes_.names),
        "columns": int(model.n_features_in_),
        "grid": side,
        "prior": model.prior_.tolist(),
        "control_points": 0 if points is None else len(points.labels),
        "points_shown": 0 if points is None else len(points.some),
        "baselines": [{"name": name, "accuracy": float(a)} for name, a in baselines],
        "pairs": [
            {"names": list(pair.names), "weight": pair.weight, "members": pair.members,
             "values": [model.axes_.middles(axis).tolist() for axis in pair.axes]}
            for pair in shown
        ],
        "versions": {name: metadata.version(name) for name in ("layerwise", "numpy")},
    }, notes=_notes(len(at), count, points)))  # fmt: skip
    numbers = {pair.axes: number for number, pair in enumerate(shown)}
    maps = np.zeros((len(shown), len(model.classes_), side, side), np.float32)
    done = 0
    for moment in at:
        for member in model.members_[done:moment]:
            if member.pair in numbers:
                maps[numbers[member.pair]] += member.scores
            if points is not None:
                across, up = (points.cells[axis] for axis in member.pair)
                add_scores(points.scores, across, up, by_cell(member.scores), side)
        done = int(moment)
        values: dict[str, Any] = {
            f"scores of pair {n}": scores.copy() for n, scores in enumerate(maps, 1)
        }
        if points is not None:
            found = points.judged()
            values |= {"accuracy": found.accuracy, "log-loss": found.log_loss}
            if moment == 0:
                values["classes of points"] = points.labels[points.some]
                for number, pair in enumerate(shown, 1):
                    places = points.cells[[pair.axes[1], pair.axes[0]]][:, points.some]
                    values[f"points of pair {number}"] = places.T.copy()
        trace.append(Moment("member", {"member": done}), values)
    return trace


@dataclass(frozen=True, eq=False)
class EnsembleShowing:
    """What a model's recordings are shown with: control points, the data's name, known methods.

    `cells` (axis, sample), −1 where a value is missing; `labels` (sample,) numbers into the
    model's classes.
    """

    cells: Array
    labels: IntArray
    data: str
    baselines: tuple[tuple[str, float], ...]

    @classmethod
    def of(
        cls,
        model: LatticeEnsembleClassifier,
        X: Any,
        y: Any,
        data: str,
        baselines: Sequence[tuple[str, float]],
    ) -> EnsembleShowing:
        """From control points X (sample, feature) and their classes y (sample,)."""
        X = validate_data(
            model, X, dtype=np.float64, reset=False,
            ensure_all_finite=True if model.missing == "refuse" else "allow-nan",
        )  # fmt: skip
        labels = control_labels(model.classes_, len(X), y)
        known = tuple((str(name), float(accuracy)) for name, accuracy in baselines)
        return cls(model.axes_.cells(X), labels, data, known)

    def record_options(self) -> dict[str, Any]:
        """The same as options of `record_ensemble`."""
        return {"control": self, "data": self.data, "baselines": self.baselines}


class _Judge:
    """The scores of control points so far."""

    def __init__(self, control: EnsembleShowing, prior: FloatArray) -> None:
        self.cells, self.labels = control.cells, control.labels
        self.scores = np.tile(prior, (len(self.labels), 1))
        most = min(len(self.labels), MOST_POINTS)
        self.some = np.unique(np.linspace(0, len(self.labels) - 1, most).astype(int))

    def judged(self) -> Quality:
        """How good the ensemble is so far."""
        powers = np.exp(self.scores - self.scores.max(axis=1, keepdims=True))
        return quality(powers / powers.sum(axis=1, keepdims=True), self.labels)


def _sites(pairs: int, points: _Judge | None) -> tuple[Site, ...]:
    axes = ("class", "row", "column")
    sites = [Site(f"scores of pair {n}", "score", axes) for n in range(1, pairs + 1)]
    if points is not None:
        sites += [
            Site("accuracy", "metric", note="the whole ensemble so far, on control points"),
            Site("log-loss", "metric", unit="nats"),
            Site("classes of points", "label", ("point",)),
        ]
        sites += [
            Site(f"points of pair {n}", "position", ("point", "row column"))
            for n in range(1, pairs + 1)
        ]
    return tuple(sites)


def _notes(kept: int, members: int, points: _Judge | None) -> tuple[str, ...]:
    notes = []
    if kept < members + 1:
        notes.append(f"{kept} of {members + 1:,} moments shown, evenly spaced")
    if points is not None and len(points.some) < len(points.labels):
        notes.append(f"{len(points.some):,} of {len(points.labels):,} control points drawn")
    return tuple(notes)
