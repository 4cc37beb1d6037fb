"""The lattice's own recipe for a trace, and for a page that computes the layers itself.

A trace does not hold thousands of label maps: it holds layer 0, the seed and the rule, from which
every layer follows bit for bit (see `random_bits`, and `layers` for the rules).
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from ..errors import FileError
from ..trace import Moment
from ..types import UNCLASSIFIED, Array, FloatArray
from .layers import LayerStack, Recipe
from .options import LARGEST_SIDE, MOST_CELLS
from .probabilities import ExactProbabilities

DEEPEST: Final = 10**8
"""More layers than any lattice takes; beyond, a stranger's file would only keep us busy."""


class LabelReplay:
    """Label maps (row, column), or (slice, row, column), of the layers that moments name."""

    def __init__(self, recipe: Recipe) -> None:
        self.stack = LayerStack(recipe)

    def value(self, moment: Moment) -> Array:
        """The label map of the moment's layer: (…, row, column), 255 for unclassified."""
        return self.stack.labels(moment_layer(moment, "layer"))


class ProbabilityReplay:
    """Exact class probabilities (class, …, row, column) of the fuzzy layers that moments name."""

    def __init__(self, recipe: Recipe, frequencies: FloatArray, error: float) -> None:
        self.recipe, self.frequencies, self.error = recipe, frequencies, error
        self._exact: ExactProbabilities | None = None

    def value(self, moment: Moment) -> Array:
        """The probabilities after the moment's number of fuzzy layers."""
        if self._exact is None:
            filled = LayerStack(self.recipe).labels(self.recipe.depth or 0)
            self._exact = ExactProbabilities(self.recipe, filled, self.frequencies, self.error)
        return self._exact.after(moment_layer(moment, "fuzzy")).astype(np.float32)


def label_replay(document: Mapping[str, Any]) -> LabelReplay:
    """The replay of rule "lattice.labels"; `FileError` where the document cannot be one."""
    return LabelReplay(recipe_of(document.get("layers", {})))


def probability_replay(document: Mapping[str, Any]) -> ProbabilityReplay:
    """The replay of rule "lattice.probabilities"; `FileError` where the document cannot be one."""
    recipe = recipe_of(document.get("layers", {}))
    try:
        frequencies = np.array(document["frequencies"], float)
        error = float(document["error"])
        if frequencies.shape != (recipe.classes,) or not (frequencies >= 0).all():
            raise ValueError("it needs one frequency for each class")
        if abs(frequencies.sum() - 1) > 1e-6 or not 0 <= error <= 1 or recipe.depth is None:
            raise ValueError("its frequencies, error or depth are out of range")
    except (KeyError, TypeError, ValueError) as problem:
        raise FileError(f"The recipe of lattice probabilities is broken: {problem}") from problem
    return ProbabilityReplay(recipe, frequencies, error)


def moment_layer(moment: Moment, name: str) -> int:
    """A number of layers that a moment names, within what can be computed."""
    layers = moment.at.get(name, -1)
    if layers != int(layers) or not 0 <= layers <= DEEPEST:
        raise FileError(
            f"A moment of a lattice needs its {name}",
            received=f"{dict(moment.at)}",
            allowed=f"Whole numbers from 0 to {DEEPEST:,}",
        )
    return int(layers)


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain values; `recipe_of` is its inverse. Only a volume has "slices"."""
    cells = np.flatnonzero(recipe.frame != UNCLASSIFIED)
    return {
        **({"slices": recipe.grid[0]} if recipe.is_volume else {}),
        "rows": recipe.grid[-2],
        "columns": recipe.grid[-1],
        "classes": recipe.classes,
        "seed": str(recipe.seed),
        "rule": recipe.rule,
        "window": recipe.window,
        "weighting": recipe.weighting,
        "lazy": recipe.lazy,
        "anchored": recipe.anchored,
        "restart": recipe.restart,
        "depth": recipe.depth,
        "cells": encoded(cells, "<u4"),
        "labels": encoded(recipe.frame.reshape(-1)[cells], "|u1"),
    }


def recipe_of(document: Mapping[str, Any]) -> Recipe:
    """The recipe that a document gives; `FileError` where it cannot be one."""
    try:
        grid = tuple(
            int(document[name]) for name in ("slices", "rows", "columns") if name in document
        )
        classes, depth = int(document["classes"]), document["depth"]
        cells, labels = decoded(document["cells"]), decoded(document["labels"])
        if len(grid) != 2 + ("slices" in document):
            raise ValueError("it has no rows and columns")
        if not (all(0 < side <= LARGEST_SIDE for side in grid) and 2 <= classes <= 255):
            raise ValueError("its sizes are not allowed")
        if math.prod(grid) > MOST_CELLS:
            raise ValueError("it has too many cells")
        if len(cells) != len(labels) or not len(cells):
            raise ValueError("its first frame is broken")
        if cells.max() >= math.prod(grid) or labels.max() >= classes:
            raise ValueError("a cell or a class lies outside")
        if document["rule"] not in ("copy", "vote") or not 1 <= int(document["window"]) <= 20:
            raise ValueError("its rule is unknown")
        if document["weighting"] not in ("uniform", "distance"):
            raise ValueError("its weighting is unknown")
        if depth is not None and not 0 <= int(depth) <= DEEPEST:
            raise ValueError("its depth is not allowed")
        frame = np.full(math.prod(grid), UNCLASSIFIED, np.uint8)
        frame[cells] = labels
        return Recipe(
            frame=frame.reshape(grid),
            classes=classes,
            seed=int(document["seed"]) % 2**64,
            rule=document["rule"],
            window=int(document["window"]),
            weighting=document["weighting"],
            lazy=bool(document["lazy"]),
            anchored=bool(document["anchored"]),
            restart=bool(document["restart"]),
            depth=None if depth is None else int(depth),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FileError(f"The recipe of a lattice is broken: {error}") from error


def page_recipe(document: Mapping[str, Any], layers: Sequence[int]) -> dict[str, Any]:
    """The recipe in the form that the page's own code reads; `layers`: each moment's layer.

    A page copies by itself; it does not vote, so that filling by vote comes as frames, each the
    difference (exclusive or) from the one before, deflated.
    """
    first = {"cells": document["cells"], "labels": document["labels"]}
    depth = int(document["depth"])
    fill: dict[str, Any] = {"first": 0, "mode": "fill", **first}
    if document["rule"] == "vote":
        stack = LayerStack(recipe_of(document))
        maps = [stack.labels(layer) for layer in range(depth + 1)]
        changes = [maps[0], *(new ^ old for old, new in pairwise(maps))]
        frames = [base64.b64encode(zlib.compress(c.tobytes(), 9)).decode() for c in changes]
        fill = {"first": 0, "mode": "frames", "frames": frames, **first}
    fuzzy: dict[str, Any] = {"first": depth, "mode": "copy", "anchors": document["anchored"]}
    if document["restart"]:
        fuzzy = {**fuzzy, "first": depth + 1, **first}
    keep = ("slices", "rows", "columns", "classes", "seed", "lazy")
    return {
        "rule": "copy",
        **{name: document[name] for name in keep if name in document},
        "phases": [fill, fuzzy],
        "moments": [int(layer) for layer in layers],
    }


def encoded(values: Array, dtype: str) -> dict[str, Any]:
    """An array as text: type, shape and base64 of its little-endian bytes."""
    array = np.ascontiguousarray(values.astype(dtype))
    return {
        "dtype": dtype,
        "shape": list(array.shape),
        "base64": base64.b64encode(array.tobytes()).decode(),
    }


def decoded(document: Mapping[str, Any]) -> Array:
    """The array that `encoded` gave; ValueError where it cannot be one."""
    if document["dtype"] not in ("<u4", "|u1"):
        raise ValueError(f"type {document['dtype']!r} is not allowed")
    plain = base64.b64decode(document["base64"], validate=True)
    return np.frombuffer(plain, document["dtype"]).reshape(document["shape"])
