"""How many fuzzy layers, and from which start: chosen by leave-one-out log-loss.

A training cell is left out together with everything that descends from it. Of the start "points"
that is the cell alone: its own share of the average is taken away. Of the start "filled" it is the
cell's territory, all cells whose colour was copied from it. Both need no refit: one average of
depth T answers for every training cell at once. (Where training cells are anchored no such
shortcut holds: there, five parts of the training cells are left out in turn.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy.spatial import cKDTree

from ..types import UNCLASSIFIED, Array, ByteArray, FloatArray, IntArray
from .cells import anchors_of
from .diffusion import (
    TRACE_OF_EVIDENCE,
    Diffusion,
    WalkTable,
    anchored_average,
    conditional,
    one_hot,
)
from .layers import LayerStack
from .random_bits import mix
from .volume_walk import VolumeWalk

Start: TypeAlias = Literal["filled", "points"]
SMALLEST_PROBABILITY: Final = float(np.finfo(float).eps)  # scikit-learn's log_loss clips there too
FOLDS: Final = 5
DEEPEST_ANCHORED: Final = 512


@dataclass(frozen=True)
class TrainingCells:
    """The classified cells of layer 0, and the points in them grouped by class.

    `cells` (cell, row column) or (cell, slice row column); `labels` (cell,); a
    group is all points of one class in one cell: `group_cell`, `group_label`, `group_weight`
    (group,). `frequencies` (class,) by weight.
    """

    cells: IntArray
    labels: IntArray
    group_cell: IntArray
    group_label: IntArray
    group_weight: FloatArray
    frequencies: FloatArray

    @classmethod
    def of(
        cls, frame: ByteArray, cells: IntArray, labels: IntArray, weights: FloatArray, classes: int
    ) -> TrainingCells:
        """From layer 0 and the points: cells (sample, axis), labels and weights (sample,)."""
        present = weights > 0
        flat = np.ravel_multi_index(tuple(cells[present].T), frame.shape)
        known, where = np.unique(flat, return_inverse=True)
        pairs, group = np.unique(where.reshape(-1) * classes + labels[present], return_inverse=True)
        mass = np.bincount(labels[present], weights=weights[present], minlength=classes)
        return cls(
            cells=np.stack(np.unravel_index(known, frame.shape), axis=1),
            labels=frame.reshape(-1)[known].astype(np.int64),
            group_cell=pairs // classes,
            group_label=pairs % classes,
            group_weight=np.asarray(np.bincount(group.reshape(-1), weights[present]), float),
            frequencies=mass / mass.sum(),
        )

    def nearest_error(self) -> float:
        """How often the nearest other training cell has another class (half a miss at least)."""
        if len(self.cells) < 2:
            return 0.5
        near = np.asarray(cKDTree(self.cells).query(self.cells, k=2)[1])
        other = np.where(near[:, 0] == np.arange(len(near)), near[:, 1], near[:, 0])
        wrong = np.count_nonzero(self.labels[other] != self.labels)
        return float((wrong + 0.5) / (len(self.cells) + 1))

    def log_loss(self, spread: FloatArray, own: FloatArray) -> float:
        """The mean −log p of the points, each cell's own share taken away.

        `spread` (class, cell) at the training cells, `own` (cell,) the share to take away.
        """
        rest = spread.copy()
        rest[self.labels, np.arange(len(self.labels))] -= own
        rest = np.maximum(rest, 0)
        given = conditional(rest, self.frequencies[:, None])
        # What is left of a subtraction of nearly equal numbers is rounding: no evidence.
        nothing = rest.sum(axis=0) < max(TRACE_OF_EVIDENCE, 1e-13)
        given[:, nothing] = self.frequencies[:, None]
        likely = np.maximum(given[self.group_label, self.group_cell], SMALLEST_PROBABILITY)
        return float(-np.average(np.log(likely), weights=self.group_weight))


@dataclass(frozen=True)
class Choice:
    """The chosen start and depth, and every depth that was tried: (start, layers, log-loss)."""

    start: Start
    layers: int
    tried: tuple[tuple[Start, int, float], ...]


def choose(
    stack: LayerStack, training: TrainingCells, start: Start | Literal["auto"], layers: int | None
) -> Choice:
    """Choose what is open: the start if "auto", the number of fuzzy layers if None."""
    starts: tuple[Start, ...] = ("points", "filled") if start == "auto" else (start,)
    if layers is not None and len(starts) == 1:
        return Choice(starts[0], layers, ())
    tried: list[tuple[Start, int, float]] = []
    for candidate in starts:
        if stack.recipe.anchored:
            tried += _anchored_losses(stack, training, candidate, layers)
            continue
        loss = _leave_one_out(stack, training, candidate)
        if layers is not None:
            tried.append((candidate, layers, loss(layers)))
        else:
            limit = 2 * max(stack.recipe.grid) ** 2
            tried += [(candidate, depth, value) for depth, value in _search(loss, limit)]
    best = min(tried, key=lambda entry: (entry[2], entry[1]))
    return Choice(best[0], best[1], tuple(sorted(tried)))


def _leave_one_out(
    stack: LayerStack, training: TrainingCells, start: Start
) -> Callable[[int], float]:
    recipe = stack.recipe
    frame = recipe.frame
    shown = frame
    if start == "points":
        origins: Array = np.full(frame.shape, -1, np.int32)
        origins[tuple(training.cells.T)] = np.arange(len(training.cells))
    else:
        shown = stack.labels(recipe.depth or 0)
        if recipe.rule == "copy":
            origins = stack.origins(training.cells)
        else:
            # A vote has many parents: the nearest training cell of the same class stands for them.
            origins = _nearest_of_class(shown, training)
    diffusion = Diffusion(one_hot(shown, recipe.classes), lazy=recipe.lazy, workers=stack.threads)
    walks = (
        VolumeWalk(recipe.grid)
        if recipe.is_volume
        else WalkTable((frame.shape[0], frame.shape[1]), lazy=recipe.lazy)
    )

    def loss(layers: int) -> float:
        own = walks.shares(layers, origins, training.cells)
        return training.log_loss(diffusion.at(layers, training.cells), own)

    return loss


def _nearest_of_class(labels: ByteArray, training: TrainingCells) -> Array:
    origins: Array = np.full(labels.shape, -1, np.int32)
    for label in np.unique(training.labels):
        members = np.flatnonzero(training.labels == label)
        where = np.argwhere(labels == label)
        _, near = cKDTree(training.cells[members]).query(where)
        origins[tuple(where.T)] = members[near]
    return origins


def _search(loss: Callable[[int], float], limit: int) -> Iterator[tuple[int, float]]:
    """Depths 1, 2, 4, … until the loss has risen three times running, then between the best."""
    values: dict[int, float] = {}
    depth, rises = 1, 0
    while depth <= limit and rises < 3:
        values[depth] = loss(depth)
        previous = values.get(depth // 2, math.inf)
        rises = rises + 1 if values[depth] > previous else 0
        depth *= 2
    for factor in (math.sqrt(2), 2**0.25):
        best = min(values, key=lambda depth: values[depth])
        for between in (round(best / factor), round(best * factor)):
            if 1 <= between <= limit and between not in values:
                values[between] = loss(between)
    yield from values.items()


def _anchored_losses(
    stack: LayerStack, training: TrainingCells, start: Start, layers: int | None
) -> list[tuple[Start, int, float]]:
    recipe = stack.recipe
    depths = (
        [layers] if layers is not None else [2**k for k in range(10) if 2**k <= DEEPEST_ANCHORED]
    )
    part = (mix(np.arange(len(training.cells), dtype=np.uint64)) % np.uint64(FOLDS)).astype(int)
    totals = np.zeros(len(depths))
    weight = 0.0
    for fold in range(FOLDS):
        held_out = np.flatnonzero(part == fold)
        if len(held_out) in (0, len(part)):
            continue
        frame = recipe.frame.copy()
        frame[tuple(training.cells[held_out].T)] = UNCLASSIFIED
        rest = LayerStack(replace(recipe, frame=frame, depth=None), stack.threads, stack.place)
        filled = rest.labels(rest.fill().depth or 0)
        maps = one_hot(filled if start == "filled" else frame, recipe.classes)
        groups = np.isin(training.group_cell, held_out)
        where = training.cells[training.group_cell[groups]]
        done = 0
        for index, depth in enumerate(depths):
            maps = anchored_average(maps, anchors_of(frame), depth - done, lazy=recipe.lazy)
            done = depth
            given = conditional(maps[:, *where.T], training.frequencies[:, None])
            likely = given[training.group_label[groups], np.arange(len(where))]
            likely = np.maximum(likely, SMALLEST_PROBABILITY)
            totals[index] -= float(np.log(likely) @ training.group_weight[groups])
        weight += float(training.group_weight[groups].sum())
    return [
        (start, depth, float(total / max(weight, 1e-300)))
        for depth, total in zip(depths, totals, strict=True)
    ]
