"""A fitted clusterer as one file: safetensors with JSON in its header. No code, no pickle.

The file holds what the clusters follow from (the cells of the points, the mapping, the number of
layers); loading finds the hills again and compares a checksum of the labels of all cells.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...types import Array
from ..classifier import check_memory
from ..mapping import GridMapping
from ..model_file import (
    VERSION,
    columns_document,
    projection_document,
    projection_from,
    restored,
    take_columns,
    write_parts,
)
from .clusterer import LatticeClusterer
from .options import MOST_LAYERS, checked_cluster_grid

KIND: Final = "lattice clusters"
OPTIONS: Final = ("grid", "layers", "z", "noise", "mapping", "margin", "projection")


def save_clusters(model: LatticeClusterer, path: Path) -> Path:
    """Write the model; the file appears whole or not at all. Returns the path.

    Raises `OutputError` for a place that cannot be written.
    """
    projection = model.projection_
    data, axes = getattr(model, "shown_with_", ("", None))
    document: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "options": {name: getattr(model, name) for name in OPTIONS},
        **columns_document(model),
        "rows": model.counts_.shape[0],
        "columns": model.counts_.shape[1],
        "mapping": model.mapping_.document(),
        "projection": projection_document(projection),
        "layers": model.layers_,
        "tried": model.tried_,
        "data": data,
        "axes": axes,
        "cells_crc32": _checksum(model),
    }
    tensors: dict[str, Array] = {
        "cells": model._cells.astype(np.uint32),
        "center": projection.center,
        "matrix": np.ascontiguousarray(projection.matrix),
    }
    return write_parts(path, document, tensors, None)


def load_clusters(path: str | Path) -> LatticeClusterer:
    """Read a model that `save_clusters` wrote; it has the same labels and predicts alike.

    Raises `FileError` for a file that is missing, too large, truncated, foreign, of a later
    version, or whose parts do not fit together. Nothing in it is ever run.
    """
    return restored(path, KIND, "lattice clusters", _restored)


def _restored(document: dict[str, Any], tensors: dict[str, Array]) -> LatticeClusterer:
    options = {name: document["options"][name] for name in OPTIONS}
    if isinstance(options["grid"], list):
        options["grid"] = tuple(options["grid"])
    model = LatticeClusterer(**options)
    grid = (int(document["rows"]), int(document["columns"]))
    if checked_cluster_grid(model) != grid:
        raise ValueError("its grid is not the one that its options ask for")
    check_memory(grid, 2)
    take_columns(model, document)
    model.projection_ = projection_from(document["projection"], tensors, model.n_features_in_, 2)
    model.mapping_ = GridMapping.from_document(document["mapping"], grid)
    cells = tensors["cells"]
    if cells.dtype != np.uint32 or cells.ndim != 1 or not len(cells):
        raise ValueError("its points are broken")
    if cells.max() >= grid[0] * grid[1]:
        raise ValueError("a point lies outside its grid")
    layers = int(document["layers"])
    if not 1 <= layers <= MOST_LAYERS:
        raise ValueError("its number of layers is not allowed")
    model.tried_ = tuple((int(tried), float(loss)) for tried, loss in document["tried"])
    model._count(cells.astype(np.int64), grid)
    model._settle(layers)
    if _checksum(model) != document["cells_crc32"]:
        raise ValueError("found again, its clusters differ from those it was saved with")
    axes = document["axes"]
    if document["data"] or axes is not None:
        model.show_with(document["data"], None if axes is None else (axes[0], axes[1]))
    return model


def _checksum(model: LatticeClusterer) -> int:
    """Of the label of every cell: (row, column) int64, little-endian."""
    return zlib.crc32(np.ascontiguousarray(model.cell_labels_, "<i8").tobytes())
