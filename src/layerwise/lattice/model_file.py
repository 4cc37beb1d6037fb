"""A fitted lattice classifier as one file: safetensors with JSON in its header. No code, no pickle.

The file holds what the result follows from (layer 0, seed, rule, mapping, depth), not the result:
loading fills the lattice again and compares a checksum of the filled grid, so that a model gives
the same answers everywhere or says that it cannot.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import safetensors
from safetensors.numpy import save as safetensors_bytes

from ..errors import FileError, InputError
from ..files import replacing
from ..types import Array
from .classifier import LatticeClassifier, check_memory
from .depth import Choice
from .layers import LayerStack
from .mapping import GridMapping
from .projection import Projection
from .recording import Showing
from .replay import recipe_document, recipe_of

Model = TypeVar("Model")
KEY: Final = "layerwise"
KIND: Final = "lattice classifier"
VERSION: Final = 1
LARGEST_FILE: Final = 1 << 32
OPTIONS: Final = (
    "grid", "rule", "window", "lazy", "anchored", "fuzzy_from", "fuzzy_layers", "n_jobs",
    "weighting", "crowded", "mapping", "margin", "projection",
)  # fmt: skip


def save_model(classifier: LatticeClassifier, path: Path) -> Path:
    """Write the model; the file appears whole or not at all. Returns the path.

    Raises `OutputError` for a place that cannot be written, `InputError` for classes that are
    neither text, numbers nor booleans.
    """
    projection = classifier.projection_
    recipe = classifier._stack.recipe
    document: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "options": {name: getattr(classifier, name) for name in OPTIONS},
        "classes": class_document(classifier.classes_),
        **columns_document(classifier),
        "mapping": classifier.mapping_.document(),
        "projection": projection_document(projection),
        "layers": recipe_document(recipe),
        "spread": bool(classifier.spread_),
        "fuzzy_from": classifier.fuzzy_from_,
        "fuzzy_layers": classifier.fuzzy_depth_,
        "tried": classifier.tried_,
        "nearest_error": classifier.nearest_error_,
        "filled_crc32": zlib.crc32(np.ascontiguousarray(classifier.labels_).tobytes()),
    }
    tensors: dict[str, Array] = {
        "center": projection.center,
        "matrix": np.ascontiguousarray(projection.matrix),
        "frequencies": classifier.class_frequencies_,
        "class_points": classifier.class_points_,
    }
    return write_parts(path, document, tensors, getattr(classifier, "shown_with_", None))


def write_parts(
    path: Path, document: dict[str, Any], tensors: dict[str, Array], shown: Any
) -> Path:
    """Write a document and arrays as a model file, with the control points it is shown with."""
    if shown is not None:
        document["shown_with"] = {"data": shown.data, "baselines": shown.baselines}
        tensors["control_cells"] = np.ascontiguousarray(shown.cells)
        tensors["control_labels"] = np.ascontiguousarray(shown.labels)
    header = {KEY: json.dumps(document, ensure_ascii=False)}
    content = safetensors_bytes(tensors, header)
    with replacing(path) as beside:
        beside.write_bytes(content)
    return path


def load_model(path: str | Path) -> LatticeClassifier:
    """Read a model that `save_model` wrote.

    Raises `FileError` for a file that is missing, too large, truncated, foreign, of a later
    version, or whose parts do not fit together. Nothing in it is ever run.
    """
    return restored(path, KIND, "lattice classifier", _restored)


def restored(
    path: str | Path,
    kind: str,
    noun: str,
    build: Callable[[dict[str, Any], dict[str, Array]], Model],
) -> Model:
    """The model that `build` makes of the document and the arrays of a file of that kind.

    `noun`: what the kind is called. Raises `FileError` as `load_model` does, also for what `build`
    finds wrong.
    """
    path = Path(path)
    document, tensors = read_parts(path, kind, noun)
    try:
        return build(document, tensors)
    except (FileError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise _broken(path, error) from error


def read_parts(path: Path, kind: str, noun: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """The document and the arrays of a model file of that kind, called `noun` where it is another.

    Raises `FileError` as `load_model` does.
    """
    if not path.is_file():
        raise FileError(f"There is no model file {path}", do="Check the name")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FileError(
            f"{path.name} is too large for a model",
            received=f"{size / 2**30:.1f} GiB",
            allowed=f"At most {LARGEST_FILE >> 30} GiB",
        )
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            document = json.loads((opened.metadata() or {})[KEY])
            tensors = {name: opened.get_tensor(name) for name in list(opened.keys())}
        version = int(document["version"])
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise _broken(path, error) from error
    if version > VERSION:
        raise FileError(
            f"{path.name} was written by a later Layerwise",
            received=f"model version {version}",
            allowed=f"This one reads versions up to {VERSION}",
            do="Upgrade layerwise",
        )
    if document.get("kind") != kind:
        raise FileError(f"{path.name} holds no {noun}", received=f"kind {document.get('kind')!r}")
    return document, tensors


def _restored(document: dict[str, Any], tensors: dict[str, Array]) -> LatticeClassifier:
    recipe = recipe_of(document["layers"])
    if recipe.depth is None or not 0 <= recipe.depth <= 10**7:
        raise ValueError("its depth is not known")
    options = {name: document["options"][name] for name in OPTIONS}
    options["grid"] = (
        tuple(options["grid"]) if isinstance(options["grid"], list) else options["grid"]
    )
    model = LatticeClassifier(**options, random_state=recipe.seed)
    model.classes_ = classes_from(document["classes"])
    if len(model.classes_) != recipe.classes:
        raise ValueError("its classes do not fit its cells")
    take_columns(model, document)
    model.projection_ = projection_from(
        document["projection"], tensors, model.n_features_in_, len(recipe.grid)
    )
    for name in ("frequencies", "class_points"):
        if tensors[name].shape != (recipe.classes,):
            raise ValueError(f"its {name} do not fit its classes")
    shares = tensors["frequencies"]
    if not (shares.min() >= 0 and abs(shares.sum() - 1) < 1e-6):  # NaN is refused too
        raise ValueError("its class frequencies are no shares")
    model.mapping_ = GridMapping.from_document(document["mapping"], recipe.grid)
    if document["fuzzy_from"] not in ("filled", "points"):
        raise ValueError("its start is unknown")
    layers = int(document["fuzzy_layers"])
    if not 0 <= layers <= 10**7:
        raise ValueError("its number of fuzzy layers is not allowed")
    tried = tuple((str(start), int(depth), float(loss)) for start, depth, loss in document["tried"])
    model.class_points_ = tensors["class_points"].astype(np.int64)
    model.spread_ = bool(document["spread"])
    model.n_training_points_ = int(model.class_points_.sum())
    choice = Choice(document["fuzzy_from"], layers, tried)  # type: ignore[arg-type]
    frequencies = tensors["frequencies"].astype(float)
    check_memory(recipe.grid, recipe.classes)
    stack = LayerStack(recipe)
    if zlib.crc32(stack.labels(recipe.depth).tobytes()) != document["filled_crc32"]:
        raise ValueError("filled again, its grid differs from the one it was saved with")
    model._settle(stack, choice, frequencies, float(document["nearest_error"]))
    if "shown_with" in document:
        model.shown_with_ = _showing(document["shown_with"], tensors, recipe.grid, recipe.classes)
    return model


def columns_document(model: Any) -> dict[str, Any]:
    """How many columns a model was fitted to, and their names, as plain values."""
    names = [str(name) for name in getattr(model, "feature_names_in_", [])]
    return {"features": int(model.n_features_in_), "feature_names": names}


def take_columns(model: Any, document: dict[str, Any]) -> None:
    """Set what `columns_document` told of a model."""
    model.n_features_in_ = int(document["features"])
    if document["feature_names"]:
        model.feature_names_in_ = np.array(document["feature_names"], dtype=object)


def projection_document(projection: Projection) -> dict[str, Any]:
    """What a projection says of itself; its arrays stand beside it as "center" and "matrix"."""
    return {"kept": projection.kept, "note": projection.note, "names": projection.names}


def projection_from(
    document: dict[str, Any], tensors: dict[str, Array], features: int, axes: int
) -> Projection:
    """The projection that a file holds; ValueError where its arrays do not fit."""
    center, matrix = tensors["center"], tensors["matrix"]
    if center.shape != (features,) or matrix.shape != (features, axes):
        raise ValueError("its projection does not fit its columns")
    names = tuple(str(document["names"][axis]) for axis in range(axes))
    return Projection(center, matrix, float(document["kept"]), str(document["note"]), names)


def class_document(classes: Array) -> dict[str, Any]:
    """Classes as plain values; raises `InputError` for others than text, numbers, booleans."""
    if classes.dtype.kind not in "UiufbO" or not all(
        isinstance(name, (str, int, float, bool, np.generic)) for name in classes.tolist()
    ):
        raise InputError(
            "A model file keeps classes that are text, numbers or booleans",
            received=f"type {classes.dtype}",
        )
    return {"type": classes.dtype.kind, "names": classes.tolist()}


def classes_from(document: dict[str, Any]) -> Array:
    """The classes that `class_document` gave; ValueError where they cannot be."""
    kind = document["type"]
    if kind not in "UiufbO":
        raise ValueError("its classes are of no known type")
    dtype = object if kind == "O" else kind if kind == "U" else None
    return np.array(document["names"], dtype=dtype)


def _showing(
    document: dict[str, Any], tensors: dict[str, Array], grid: tuple[int, ...], classes: int
) -> Showing:
    cells, labels = tensors["control_cells"], tensors["control_labels"]
    whole = cells.shape == (len(labels), len(grid)) and labels.shape == (len(cells),)
    if not whole or (len(cells) and (cells.min() < 0 or np.any(cells.max(axis=0) >= grid))):
        raise ValueError("its control points lie outside its grid")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError("its control points have other classes")
    baselines = tuple((str(name), float(value)) for name, value in document["baselines"])
    return Showing(
        cells.astype(np.int64), labels.astype(np.int64), str(document["data"]), baselines
    )


def _broken(path: Path, error: Exception) -> FileError:
    """What is said of a file that is no whole model."""
    return FileError(
        f"{path.name} is not a Layerwise model, or it is broken: {error}",
        do="Save the model again, or use a whole copy",
    )
