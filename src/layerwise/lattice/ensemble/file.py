"""A fitted ensemble as one file: safetensors with JSON in its header. No code, no pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from ...types import Array
from ..inputs import seed_of
from ..mapping import AxisMapping
from ..model_file import (
    VERSION,
    class_document,
    classes_from,
    columns_document,
    restored,
    take_columns,
    write_parts,
)
from .axes import Axes
from .boosting import Member
from .classifier import LatticeEnsembleClassifier
from .recording import EnsembleShowing

KIND: Final = "lattice ensemble"
OPTIONS: Final = (
    "grid", "rounds", "learning_rate", "depths", "candidates", "components", "share", "ridge",
    "missing",
)  # fmt: skip


def save_ensemble(model: LatticeEnsembleClassifier, path: Path) -> Path:
    """Write the model; the file appears whole or not at all. Returns the path.

    Raises `OutputError` for a place that cannot be written, `InputError` for classes that are
    neither text, numbers nor booleans.
    """
    axes, members = model.axes_, model.members_
    document: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "options": {name: getattr(model, name) for name in OPTIONS},
        "seed": seed_of(model.random_state),
        "classes": class_document(model.classes_),
        **columns_document(model),
        "axes": list(axes.names),
        "ranks": [mapping.document() for mapping in axes.ranks],
        "ranges": [mapping.document() for mapping in axes.ranges],
        "weights": [[*pair.axes, pair.weight] for pair in model.pairs_],
    }
    side = axes.side
    shape = (len(members), len(model.classes_), side, side)
    tensors: dict[str, Array] = {
        "prior": model.prior_,
        "center": axes.center,
        "fill": axes.fill,
        "matrix": np.ascontiguousarray(axes.matrix),
        "pairs": np.array([member.pair for member in members], np.int64).reshape(-1, 2),
        "depths": np.array([member.depth for member in members], np.int64),
        "helps": np.array([member.help for member in members], np.float64),
        "scores": np.array([member.scores for member in members], np.float32).reshape(shape),
    }
    return write_parts(path, document, tensors, getattr(model, "shown_with_", None))


def load_ensemble(path: str | Path) -> LatticeEnsembleClassifier:
    """Read a model that `save_ensemble` wrote; it answers with the same bits.

    Raises `FileError` for a file that is missing, too large, truncated, foreign, of a later
    version, or whose parts do not fit together. Nothing in it is ever run.
    """
    return restored(path, KIND, "ensemble of lattices", _restored)


def _restored(document: dict[str, Any], tensors: dict[str, Array]) -> LatticeEnsembleClassifier:
    options = {name: document["options"][name] for name in OPTIONS}
    options["depths"] = tuple(options["depths"])
    model = LatticeEnsembleClassifier(**options, random_state=int(document["seed"]))
    side = model._settings().side
    model.classes_ = classes_from(document["classes"])
    take_columns(model, document)
    names = tuple(str(name) for name in document["axes"])
    ranks, ranges = (
        tuple(AxisMapping.from_document(each) for each in document[part])
        for part in ("ranks", "ranges")
    )
    features, components = model.n_features_in_, len(names) - model.n_features_in_
    pairs, scores = tensors["pairs"], tensors["scores"]
    wanted = {
        "prior": (len(model.classes_),), "center": (features,), "fill": (features,),
        "matrix": (features, components), "pairs": (len(scores), 2), "depths": (len(scores),),
        "helps": (len(scores),), "scores": (len(scores), len(model.classes_), side, side),
    }  # fmt: skip
    for name, shape in wanted.items():
        if tensors[name].shape != shape or not np.isfinite(tensors[name]).all():
            raise ValueError(f"its {name} do not fit")
    if not len(ranks) == len(ranges) == len(names):
        raise ValueError("its axes do not fit their names")
    if len(pairs) and not 0 <= pairs.min() <= pairs.max() < len(names):
        raise ValueError("its pairs are of axes that it does not have")
    center, fill, matrix = tensors["center"], tensors["fill"], tensors["matrix"]
    model.axes_ = Axes(names, center, fill, matrix, ranks, ranges, side)
    model.prior_ = tensors["prior"].astype(float)
    model.members_ = [
        Member((int(a), int(b)), int(depth), float(helped), np.ascontiguousarray(each, np.float32))
        for (a, b), depth, helped, each in zip(
            pairs, tensors["depths"], tensors["helps"], scores, strict=True
        )
    ]
    weights = {(int(a), int(b)): float(weight) for a, b, weight in document["weights"]}
    model._add_up(weights)
    if "shown_with" in document:
        cells, labels = tensors["control_cells"], tensors["control_labels"]
        whole = cells.shape == (len(names), len(labels)) and cells.dtype == np.int16
        if not whole or (cells.size and not -1 <= cells.min() <= cells.max() < side):
            raise ValueError("its control points lie outside its lattices")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(model.classes_):
            raise ValueError("its control points have other classes")
        shown = document["shown_with"]
        known = tuple((str(name), float(value)) for name, value in shown["baselines"])
        model.shown_with_ = EnsembleShowing(
            cells, labels.astype(np.int64), str(shown["data"]), known
        )
    return model
