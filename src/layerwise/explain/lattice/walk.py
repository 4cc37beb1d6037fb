"""A cell's colour followed back: which cell of the first map it came from, and by what way."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import Diffusion
from ...lattice.layers import LayerStack, Recipe
from ...lattice.random_bits import GOLDEN, PLANES_PER_LAYER, mix, word_count
from ...lattice.simulation import run_seeds
from ...trace import Header, Moment, Site, Trace
from ...types import IntArray, WordArray
from .watching import facts, filled, filled_maps

STEPS = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left


def lattice_walk(
    model: LatticeClassifier, cell: tuple[int, int], *, layers: int, runs: int = 2000
) -> Trace:
    """A cell's colour after some copying layers, followed back to the filled grid.

    `model` a fitted classifier with two axes; `cell` its (row, column); `layers` how many copying
    layers; `runs` how many walks are counted. A moment is a step back, and the walk is that of run
    0 with its real random bits. Sites: "labels" (row, column) the map of that step's layer, "place"
    (axis,) the row and column that the colour stood in; at the last moment "ends" (row, column) in
    how many of all runs it came from a cell, "end probabilities" (row, column) the exact chance of
    that, "shares" and "probabilities" (class,) of the cell, counted and exact.

    Raises `InputError` for a cell beyond the grid or no layers.
    """
    first = filled(model)
    rows, columns = first.shape
    if not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
        raise InputError(
            "There is no such cell", received=f"row {cell[0]}, column {cell[1]}",
            allowed=f"Rows 0 to {rows - 1}, columns 0 to {columns - 1}",
        )  # fmt: skip
    if layers < 1 or runs < 1:
        raise InputError("A walk needs a layer and a run at least", received=f"{layers}, {runs}")
    lazy, classes = bool(model.lazy), len(model.classes_)
    seeds = np.array(run_seeds(model._stack.recipe.seed, runs), np.uint64)
    places = walks(seeds, cell, layers, (rows, columns), lazy=lazy)
    ends = np.zeros((rows, columns), np.int64)
    np.add.at(ends, (places[:, -1, 0], places[:, -1, 1]), 1)
    point = np.zeros((1, rows, columns))
    point[0, cell[0], cell[1]] = 1
    chances = Diffusion(point, lazy=lazy).after(layers)[0]
    seen = first[places[:, -1, 0], places[:, -1, 1]]
    stack = LayerStack(Recipe(first, classes, int(seeds[0]), lazy=lazy, depth=0))
    trace = Trace(
        Header(
            "a colour followed back",
            (
                Site("labels", "label map", ("row", "column")),
                Site("place", "cell", ("axis",), entries={"axis": ("row", "column")}),
                Site("ends", "count", ("row", "column"), unit="runs"),
                Site("end probabilities", "probability", ("row", "column"), note="exact"),
                Site("shares", "metric", ("class",), note=f"of {runs} runs"),
                Site("probabilities", "probability", ("class",), note="exact"),
            ),
            about={**facts(model), "cell": list(cell), "layers": layers, "runs": runs},
        )
    )
    for step in range(layers + 1):
        values = {"labels": stack.labels(layers - step), "place": places[0, step]}
        if step == layers:
            values |= {
                "ends": ends, "end probabilities": chances,
                "shares": np.bincount(seen, minlength=classes) / runs,
                "probabilities": (chances * filled_maps(model)).sum(axis=(1, 2)),
            }  # fmt: skip
        trace.append(Moment("step", {"step": step, "layer": layers - step}), values)
    return trace


def walks(
    seeds: WordArray, cell: tuple[int, int], layers: int, grid: tuple[int, int], *, lazy: bool
) -> IntArray:
    """Where a cell's colour stood, layer by layer back: (run, step, axis), step 0 the cell itself.

    `seeds` (run,) of the runs, whose random bits are read as `lattice.random_bits` says.
    """
    places = np.empty((len(seeds), layers + 1, 2), np.int64)
    places[:, 0] = cell
    most = np.array(grid) - 1
    keys, words = mix(seeds), word_count(grid[1])
    for step in range(layers):
        here = places[:, step]
        number = np.uint64(1) + (here[:, 0] * words + here[:, 1] // 64).astype(np.uint64)
        shift = (here[:, 1] % 64).astype(np.uint64)
        bits = []
        for plane in range(PLANES_PER_LAYER):
            start = mix(keys + np.uint64(PLANES_PER_LAYER * (layers - step) + plane))
            bits.append((mix(start + GOLDEN * number) >> shift) & np.uint64(1))
        moved = np.clip(here + STEPS[(bits[0] + np.uint64(2) * bits[1]).astype(int)], 0, most)
        stays = (bits[2] == 1)[:, None] & lazy
        places[:, step + 1] = np.where(stays, here, moved)
    return places
