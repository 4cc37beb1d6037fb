"""Runs of a lattice watched layer by layer: how long each cell shows each class, and single layers.

The layers are those of `layerwise.lattice`, bit for bit; here every one of them is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ...compiled import compiled
from ...errors import InputError
from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import one_hot
from ...lattice.random_bits import FIRST_FACTOR, GOLDEN, SECOND_FACTOR, stream_starts, word_count
from ...types import UNCLASSIFIED, ByteArray, FloatArray, IntArray, WordArray


def facts(model: LatticeClassifier) -> dict[str, Any]:
    """What every recording tells of the lattice that it is about."""
    rows, columns = model.labels_.shape
    return {
        "rows": rows, "columns": columns, "classes": [str(name) for name in model.classes_],
        "points": model.n_training_points_, "depth": model.depth_, "lazy": bool(model.lazy),
        "seed": model._stack.recipe.seed,
    }  # fmt: skip


def filled(model: LatticeClassifier) -> ByteArray:
    """The filled grid (row, column) of a fitted classifier with two axes.

    Raises `InputError` for a lattice with slices, whose pictures these are not.
    """
    check_is_fitted(model)
    if model.labels_.ndim != 2:
        raise InputError(
            "This explains a lattice of rows and columns",
            received=f"one of shape {model.labels_.shape}", do="Fit two columns",
        )  # fmt: skip
    return np.asarray(model.labels_)


def filled_maps(model: LatticeClassifier) -> FloatArray:
    """The same as a map of 0 and 1 for each class: (class, row, column)."""
    return one_hot(filled(model), len(model.classes_))


@dataclass(frozen=True, eq=False)
class Watched:
    """What was seen in several runs.

    `layers` (moment,); `labels` (run, moment, row, column) the maps of those layers; `times`
    (run, moment, class, row, column) in how many of the layers 1 … each of `layers` a cell showed
    each class.
    """

    layers: tuple[int, ...]
    labels: ByteArray
    times: IntArray


def watch(
    first: ByteArray, classes: int, seeds: Sequence[int], layers: Sequence[int], *, lazy: bool
) -> Watched:
    """Runs of copying layers from the map `first` (row, column), one for each seed.

    `layers`: at which of them, in rising order, each run is looked at.
    """
    rows, columns = first.shape
    known = tuple(sorted(int(layer) for layer in layers))
    shape = (len(seeds), len(known))
    labels = np.empty((*shape, rows, columns), np.uint8)
    times = np.empty((*shape, classes, rows, columns), np.int64)
    for run, seed in enumerate(seeds):
        starts = stream_starts(seed, range(1, known[-1] + 1))
        now = np.array(first, np.uint8)
        counts = np.zeros((classes, rows, columns), np.int64)
        done = 0
        for place, layer in enumerate(known):
            now = run_layers(now, starts[done:layer], word_count(columns), lazy, counts)
            labels[run, place], times[run, place] = now, counts
            done = layer
    return Watched(known, labels, times)


@compiled
def run_layers(
    first: ByteArray, starts: WordArray, words: int, lazy: bool, counts: IntArray
) -> ByteArray:
    """The map after the layers whose streams begin at `starts` (layer, plane); adds to `counts`."""
    rows, columns = first.shape
    wide = columns + 2  # with a rim that repeats the edge
    old, new = np.zeros((rows + 2) * wide, np.uint8), np.zeros((rows + 2) * wide, np.uint8)
    for row in range(rows):
        old[(row + 1) * wide + 1 : (row + 2) * wide - 1] = first[row]
    steps = np.array([-wide, 1, wide, -1, 0, 0, 0, 0])  # up, right, down, left; it stays
    one, two, four = np.uint64(1), np.uint64(2), np.uint64(4)
    for layer in range(len(starts)):
        old[:wide] = old[wide : 2 * wide]
        old[(rows + 1) * wide :] = old[rows * wide : (rows + 1) * wide]
        for row in range(rows):
            begin = (row + 1) * wide + 1
            old[begin - 1], old[begin + columns] = old[begin], old[begin + columns - 1]
        for row in range(rows):
            begin = (row + 1) * wide + 1
            for word in range(words):
                counter = GOLDEN * np.uint64(row * words + word + 1)
                a, b = mixed(starts[layer, 0] + counter), mixed(starts[layer, 1] + counter)
                c = mixed(starts[layer, 2] + counter) if lazy else np.uint64(0)
                for column in range(64 * word, min(64 * word + 64, columns)):
                    way = (a & one) | (b & one) * two | (c & one) * four
                    a, b, c = a >> one, b >> one, c >> one
                    here = old[begin + column + steps[way]]
                    new[begin + column] = here
                    if here != UNCLASSIFIED:
                        counts[here, row, column] += 1
        old, new = new, old
    last = np.empty((rows, columns), np.uint8)
    for row in range(rows):
        last[row] = old[(row + 1) * wide + 1 : (row + 2) * wide - 1]
    return last


@compiled
def mixed(z: np.uint64) -> np.uint64:
    """The SplitMix64 finalizer."""
    z = (z ^ (z >> np.uint64(30))) * FIRST_FACTOR
    z = (z ^ (z >> np.uint64(27))) * SECOND_FACTOR
    return z ^ (z >> np.uint64(31))
