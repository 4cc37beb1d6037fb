"""A fitted lattice as a Trace: every layer, and what control points say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.utils.validation import validate_data

from ..errors import InputError
from ..trace import Header, Moment, Site, Trace
from ..types import Array, IntArray, WordArray
from .options import MOST_FUZZY_LAYERS
from .quality import quality
from .replay import recipe_document
from .simulation import affordable_runs

if TYPE_CHECKING:
    from .classifier import LatticeClassifier

MOST_FILLING: Final = 400
MOST_FUZZY: Final = 190
MOST_EXACT: Final = 16  # among fuzzy layers that are shown as a run of cells
MOST_RESTARTED: Final = 48  # fuzzy layers from the points, each shown by its exact probabilities


@dataclass(frozen=True, eq=False)
class Showing:
    """What a model's recordings are shown with: control cells, the data's name, known methods.

    `cells` (sample, axis of the grid), `labels` (sample,) numbers into the model's classes.
    """

    cells: IntArray
    labels: IntArray
    data: str
    baselines: tuple[tuple[str, float], ...]

    @classmethod
    def of(
        cls,
        classifier: LatticeClassifier,
        X: Any,
        y: Any,
        data: str,
        baselines: Sequence[tuple[str, float]],
    ) -> Showing:
        """From control points X (sample, feature) and their classes y (sample,)."""
        cells, labels = control_cells(classifier, X, y)
        known = tuple((str(name), float(accuracy)) for name, accuracy in baselines)
        return cls(cells, labels, data, known)

    def record_options(self) -> dict[str, Any]:
        """The same as options of `record`."""
        return {"control": self, "data": self.data, "baselines": self.baselines}


def record(
    classifier: LatticeClassifier,
    X_control: Any = None,
    y_control: Any = None,
    *,
    control: Showing | None = None,
    data: str = "",
    baselines: Sequence[tuple[str, float]] = (),
    class_names: Sequence[str] | None = None,
    axes: Sequence[str] | None = None,
    fuzzy_layers: int | None = None,
    filling_moments: int = MOST_FILLING,
    fuzzy_moments: int | None = None,
) -> Trace:
    """The recording of a fitted classifier, with control points (sample, feature) if given.

    `control`: control points that are cells already (see `LatticeClassifier.show_with`).
    `data`: the data's name for the foot line; `baselines`: (name, accuracy on the control points)
    of known methods; `fuzzy_layers`: how many fuzzy layers to show, the fitted depth if None;
    `filling_moments`, `fuzzy_moments`: how many moments at most (fuzzy ones: 190 from the filled
    grid, 48 from the points, if None). What is left out is in `notes`.

    Sites, of a volume with the axis "slice" before "row": "labels" (row, column) at every moment;
    "counts" (class,) cells of each class; "probabilities" (class, row, column) at the moments with
    the coordinate "exact", and there "simulated" (class, row, column), in how many of
    `about["simulated_runs"]` runs a cell shows a class; "control accuracy" of the label map, at
    every moment, an unclassified cell counting as wrong; "exact accuracy" and "exact log-loss" of
    the probabilities.
    """
    stack = classifier._stack
    recipe = stack.recipe
    depth, start = classifier.depth_, recipe.fuzzy_start
    fuzzy = classifier.fuzzy_depth_ if fuzzy_layers is None else fuzzy_layers
    most = MOST_RESTARTED if recipe.restart else MOST_FUZZY
    most = most if fuzzy_moments is None else fuzzy_moments
    for name, number, least in [
        ("fuzzy_layers", fuzzy, 0),
        ("filling_moments", filling_moments, 2),
        ("fuzzy_moments", most, 2),
    ]:
        if not isinstance(number, (int, np.integer)) or not least <= number <= MOST_FUZZY_LAYERS:
            raise InputError(
                f"A recording needs a whole number of {name}",
                received=f"{number!r}",
                allowed=f"{least} to {MOST_FUZZY_LAYERS:,}",
            )
    filling = spaced(depth, filling_moments - 1, even=True)
    fuzzing = spaced(int(fuzzy), most - 1, even=False)
    kept = len(fuzzing) if recipe.restart else MOST_EXACT
    exact = set(fuzzing[spaced(len(fuzzing) - 1, kept - 1, even=True)].tolist())
    cells = np.zeros((0, len(recipe.grid)), np.int64)
    truth: IntArray | None = None
    if control is not None:
        cells, truth = control.cells, control.labels
    elif X_control is not None:
        cells, truth = control_cells(classifier, X_control, y_control)
    classes = [str(name) for name in (classifier.classes_ if class_names is None else class_names)]
    chosen = classifier.tried_ and fuzzy == classifier.fuzzy_depth_
    runs = affordable_runs(classifier.labels_.size, int(fuzzy))
    trace = Trace(
        Header(
            title="lattice network",
            sites=_sites(volume=recipe.is_volume, control=truth is not None),
            about={
                "data": data,
                "classes": classes,
                "axes": list(axes or classifier.projection_.names),
                "projection": classifier.projection_.note,
                "points": classifier.n_training_points_,
                "class_points": classifier.class_points_.tolist(),
                "control_points": 0 if truth is None else len(truth),
                "depth": depth,
                "fuzzy_start": start,
                "fuzzy_layers": int(fuzzy),
                "fuzzy_from": classifier.fuzzy_from_,
                "simulated_runs": runs,
                "chosen_by": "leave-one-out log-loss" if chosen else "",
                "baselines": [{"name": name, "accuracy": float(a)} for name, a in baselines],
                "column_values": classifier.mapping_.column_values().tolist(),
                "row_values": classifier.mapping_.row_values().tolist(),
                **_slice_values(classifier),
                "versions": {name: metadata.version(name) for name in ("layerwise", "numpy")},
            },
            replays=_replays(classifier, runs),
            notes=_notes(depth, filling, int(fuzzy), fuzzing, spread=classifier.spread_),
        )
    )
    moments = [{"layer": int(layer)} for layer in filling]
    moments += [
        {"layer": start + int(t), "fuzzy": int(t)} | ({"exact": 1} if t in exact else {})
        for t in fuzzing
    ]
    if not recipe.restart:
        del moments[len(filling) - 1]  # the filled grid is fuzzy layer 0
    for at in moments:
        state = stack.planes(at["layer"])
        values: dict[str, Any] = {"counts": stack.counts(at["layer"])}
        if truth is not None:
            values["control accuracy"] = np.mean(_labels_at(state, cells) == truth)
            if "exact" in at:
                judged = classifier.probabilities_after(at["fuzzy"])[:, *cells.T]
                found = quality(judged.T, truth)
                values["exact accuracy"] = found.accuracy
                values["exact log-loss"] = found.log_loss
                values["exact calibration error"] = found.calibration_error
        trace.append(Moment("layer", at), values)
    return trace


def _slice_values(classifier: LatticeClassifier) -> dict[str, list[float]]:
    values = classifier.mapping_.slice_values().tolist()
    return {"slice_values": values} if values else {}


def _sites(*, volume: bool, control: bool) -> tuple[Site, ...]:
    axes = ("slice", "row", "column") if volume else ("row", "column")
    always = (
        Site("labels", "label map", axes, inputs=("labels",)),
        Site("counts", "metric", ("class",), inputs=("labels",), unit="cells"),
        Site(
            "probabilities", "probability", ("class", *axes), inputs=("labels",),
            note="exact: the first map averaged over neighbours, layer by layer",
        ),
        Site(
            "simulated", "count", ("class", *axes), inputs=("labels",), unit="runs",
            note="how many of several runs, each with random bits of its own, show a class",
        ),
    )  # fmt: skip
    judged = (
        Site(
            "control accuracy", "metric", inputs=("labels",),
            note="control points whose cell shows their class; an unclassified cell is wrong",
        ),
        Site("exact accuracy", "metric", inputs=("probabilities",)),
        Site("exact log-loss", "metric", inputs=("probabilities",), unit="nats"),
        Site("exact calibration error", "metric", inputs=("probabilities",)),
    )  # fmt: skip
    return always + judged if control else always


def _replays(classifier: LatticeClassifier, runs: int) -> dict[str, dict[str, Any]]:
    layers = recipe_document(classifier._stack.recipe)
    return {
        "labels": {"rule": "lattice.labels", "needs": "layer", "layers": layers},
        "probabilities": {
            "rule": "lattice.probabilities",
            "needs": "exact",
            "layers": layers,
            "frequencies": classifier.class_frequencies_.tolist(),
            "error": classifier.nearest_error_,
        },
        "simulated": {
            "rule": "lattice.simulated",
            "needs": "exact",
            "layers": layers,
            "runs": runs,
        },
    }


def spaced(last: int, most: int, *, even: bool) -> IntArray:
    """Whole numbers 0 … last, both included, all of them if `most` allows.

    Otherwise spaced evenly, or evenly in the square root: after t layers the blur is about √t/2
    cells wide, so that it grows by equal steps.
    """
    if last <= most:
        return np.arange(last + 1)
    steps = np.linspace(0, 1, most + 1)
    return np.unique(np.rint(last * (steps if even else steps**2)).astype(np.int64))


def _notes(
    depth: int, filling: IntArray, fuzzy: int, fuzzing: IntArray, *, spread: bool
) -> tuple[str, ...]:
    notes = ["points that share a cell stand in the nearest free ones"] if spread else []
    if len(filling) < depth + 1:
        notes.append(f"{len(filling)} of {depth + 1:,} filling layers shown, evenly spaced")
    if len(fuzzing) < fuzzy + 1:
        notes.append(f"{len(fuzzing)} of {fuzzy + 1:,} fuzzy layers shown, evenly spaced in blur")
    return tuple(notes)


def control_cells(classifier: LatticeClassifier, X: Any, y: Any) -> tuple[IntArray, IntArray]:
    """The cells (sample, axis of the grid) and label numbers (sample,) of control points."""
    points = classifier.projection_.apply(
        validate_data(classifier, X, dtype=np.float64, reset=False)
    )
    truth = control_labels(classifier.classes_, len(points), y)
    return classifier.mapping_.cells(points)[0], truth


def control_labels(classes: Array, count: int, y: Any) -> IntArray:
    """The numbers into `classes` of so many control points' classes y (sample,).

    Raises `InputError` for another number of them, or a class that was not trained.
    """
    given = np.asarray(y)
    if given.shape != (count,):
        raise InputError(
            "Control points need one class each",
            received=f"{count} points and classes of shape {given.shape}",
        )
    numbers = {name: number for number, name in enumerate(classes.tolist())}
    labels = np.array([numbers.get(name, -1) for name in given.tolist()], np.int64)
    if (labels < 0).any():
        raise InputError(
            "A control point has a class that was not trained",
            received=str(given[labels < 0][0]),
            allowed=f"Trained: {', '.join(map(str, list(numbers)[:20]))}",
        )
    return labels


def _labels_at(planes: WordArray, cells: IntArray) -> Array:
    """The labels of single cells (sample, axis), read from bit-planes; −1 unclassified."""
    *outer, column = cells.T
    bit = (column % 64).astype(np.uint64)
    bits = (planes[:, *outer, column // 64] >> bit).astype(np.int64) & 1
    digits = bits[:-1] << np.arange(len(bits) - 1)[:, None]
    return np.where(bits[-1] == 1, digits.sum(axis=0), -1)
