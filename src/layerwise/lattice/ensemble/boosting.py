"""Boosted lattices: each adds to the classes' scores what its cells say of the points' errors.

In each round the classes' scores are turned into probabilities; what these lack of the truth is put
into the cells of a lattice over two axes, spread by T lazy copying layers' average (see
`diffusion`), and divided by the curvature, spread alike: a step of Newton's method in each cell
(Friedman, "Greedy function approximation", 2001). A part of the points is left out in each round;
on them T is chosen, and a lattice that does not help them is thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft

from ...compiled import compiled
from ...types import Array, Float32Array, FloatArray, IntArray, WordArray
from ..diffusion import Powers, eigenvalues
from ..random_bits import mix, stream_starts

COARSE = 8  # cells a side, on which pairs of axes are compared
PATIENCE = 40  # rounds without help after which nothing more is tried
SMALLEST_PRIOR = 1e-9
ALIKE = 1e-9  # numbers that differ by less are equal: the order of a sum must not decide


@dataclass(frozen=True)
class Member:
    """One lattice of the ensemble.

    `pair`: its two axes, across and up; `depth`: how many layers spread it; `help`: by how much it
    lowered the log-loss of the points left out in its round; `scores` (class, row, column), what it
    adds, row 0 the smallest value.
    """

    pair: tuple[int, int]
    depth: int
    help: float
    scores: Float32Array


@dataclass(frozen=True)
class Settings:
    """What `boost` is asked for; see `LatticeEnsembleClassifier`."""

    side: int
    rounds: int
    learning_rate: float
    depths: tuple[int, ...]
    candidates: int
    share: float
    ridge: float
    seed: int


def boost(
    cells: Array,
    labels: IntArray,
    weights: FloatArray,
    keys: WordArray,
    classes: int,
    settings: Settings,
    report: Callable[[int, int], None] | None = None,
) -> tuple[FloatArray, list[Member]]:
    """The classes' first scores (class,) and the members, in order of their rounds.

    `cells` (axis, sample), −1 for missing; `keys` (sample,) decide, with the round, which points
    are left out: equal keys are left out together.
    """
    truth = np.equal(labels[:, None], np.arange(classes)).astype(float)
    shares = np.average(truth, axis=0, weights=weights)
    prior = np.log(np.maximum(shares, SMALLEST_PRIOR))
    scores = np.tile(prior, (len(labels), 1))
    coarse = np.where(cells < 0, -1, cells * COARSE // settings.side).astype(np.int16)
    spread = _Spread(settings.side, settings.depths)
    starts = stream_starts(settings.seed, range(settings.rounds))
    members: list[Member] = []
    idle = 0
    for number in range(settings.rounds):
        if report is not None:
            report(number, settings.rounds)
        out = _left_out(keys, starts[number, 0], settings.share)
        mass, judged = np.where(out, 0, weights), np.where(out, weights, 0)
        slopes, curvatures = np.empty_like(scores), np.empty_like(scores)
        before = derivatives(scores, labels, judged, slopes, curvatures)
        pairs = candidate_pairs(len(cells), settings.candidates, starts[number, 1])
        gains = np.empty(len(pairs))
        pair_gains(coarse, pairs, slopes, curvatures, mass, settings.ridge, gains)
        across, up = (int(axis) for axis in pairs[first_of_largest(gains)])
        sums = np.zeros((2, classes, settings.side * settings.side))
        add_up(cells[across], cells[up], slopes, curvatures, mass, settings.side, sums)
        maps = spread.newton(sums, settings.ridge) * settings.learning_rate
        losses = np.empty(len(maps))
        left_out_losses(scores, labels, judged, cells[across], cells[up], maps, losses)
        best = first_of_largest(-losses) if np.any(judged > 0) else len(maps) - 1
        fall = before - losses[best]
        if np.any(judged > 0) and not fall > ALIKE:
            idle += 1
            if idle == PATIENCE:
                break
            continue
        idle = 0
        kept = np.asarray(maps[best], np.float32)  # (cell, class), as it is saved
        add_scores(scores, cells[across], cells[up], kept, settings.side)
        shape = (settings.side, settings.side, classes)
        members.append(
            Member((across, up), settings.depths[best], float(fall),
                   np.ascontiguousarray(kept.reshape(shape).transpose(2, 0, 1)))
        )  # fmt: skip
    if report is not None:
        report(settings.rounds, settings.rounds)
    return prior, members


def row_keys(points: FloatArray) -> WordArray:
    """A number for each point (sample, feature) that depends on its values alone: (sample,)."""
    keys = np.zeros(len(points), np.uint64)
    plain = np.where(np.isnan(points), np.inf, points + 0.0)  # one NaN, one zero
    for column in np.ascontiguousarray(plain.T).view(np.uint64):
        keys = mix(keys * np.uint64(3) + column)
    return keys


def candidate_pairs(axes: int, count: int, start: np.uint64) -> IntArray:
    """Which pairs of axes a round compares: (pair, 2), the smaller axis first; all if so few."""
    if axes * (axes - 1) // 2 <= count:
        return np.array([(a, b) for b in range(axes) for a in range(b)], np.int64)
    drawn = mix(start + np.arange(1, 2 * count + 1, dtype=np.uint64))
    first = (drawn[::2] % np.uint64(axes)).astype(np.int64)
    second = (drawn[1::2] % np.uint64(axes - 1)).astype(np.int64)
    second += second >= first
    return np.stack([np.minimum(first, second), np.maximum(first, second)], axis=1)


def first_of_largest(values: FloatArray) -> int:
    """The first of those that are largest, all but rounding."""
    top = values.max()
    return int(np.argmax(values >= top - ALIKE * max(abs(top), 1)))


def _left_out(keys: WordArray, start: np.uint64, share: float) -> Array:
    chance = mix(keys + start) >> np.uint64(11)  # 53 bits
    return np.asarray(chance.astype(float) >= share * 2.0**53)


class _Spread:
    """Sums on a lattice, spread by several depths of lazy layers at once, and divided."""

    def __init__(self, side: int, depths: tuple[int, ...]) -> None:
        self.side, self.depths = side, depths
        powers = Powers(eigenvalues((side, side), lazy=True))
        self._factors = np.stack([powers.to(depth) for depth in depths])
        self._cosines = np.asarray(fft.dct(np.eye(side), axis=0, norm="ortho"))
        # A sum spread over T lazy layers (variance T/4 a side) is one over 4πσ² cells.
        self._cells = np.pi * np.asarray(depths, float) + 1

    def newton(self, sums: FloatArray, ridge: float) -> FloatArray:
        """The steps (depth, cell, class) from sums (slope or curvature, class, cell)."""
        kinds, classes, cells = sums.shape
        found = _both_sides(sums.reshape(-1, self.side, self.side), self._cosines.T)
        every = (self._factors[:, None] * found).reshape(-1, self.side, self.side)
        spread = _both_sides(every, self._cosines)
        parts = spread.reshape(len(self.depths), kinds, classes, cells)
        curvature = np.maximum(parts[:, 1], 0) + ridge / self._cells[:, None, None]
        steps = parts[:, 0] / curvature
        steps -= steps.mean(axis=1, keepdims=True)
        return np.ascontiguousarray(steps.transpose(0, 2, 1))


def _both_sides(maps: FloatArray, factor: FloatArray) -> FloatArray:
    """factorᵀ · map · factor for each map (map, row, column), as two large products."""
    side = factor.shape[0]
    for _ in range(2):
        maps = (maps.reshape(-1, side) @ factor).reshape(-1, side, side).transpose(0, 2, 1)
    return maps


@compiled
def derivatives(
    scores: FloatArray,
    labels: IntArray,
    judged: FloatArray,
    slopes: FloatArray,
    curvatures: FloatArray,
) -> float:
    """Fill in the log-loss's slopes (truth − p) and curvatures p(1 − p), both (sample, class).

    Gives the mean log-loss of the points with a weight in `judged`.
    """
    loss, mass = 0.0, 0.0
    classes = scores.shape[1]
    for i in range(scores.shape[0]):
        top = scores[i].max()
        total = 0.0
        for c in range(classes):
            slopes[i, c] = math.exp(scores[i, c] - top)
            total += slopes[i, c]
        if judged[i] > 0:
            loss += judged[i] * (math.log(total) - scores[i, labels[i]] + top)
            mass += judged[i]
        for c in range(classes):
            p = slopes[i, c] / total
            curvatures[i, c] = p * (1 - p)
            slopes[i, c] = (1.0 if labels[i] == c else 0.0) - p
    return loss / mass if mass > 0 else math.inf


@compiled
def pair_gains(
    coarse: Array,
    pairs: IntArray,
    slopes: FloatArray,
    curvatures: FloatArray,
    mass: FloatArray,
    ridge: float,
    gains: FloatArray,
) -> None:
    """What a step in coarse cells would gain for each pair: Σ slope² / (curvature + ridge)."""
    classes = slopes.shape[1]
    first = np.empty((COARSE * COARSE, classes))
    second = np.empty((COARSE * COARSE, classes))
    for number in range(len(pairs)):
        a, b = coarse[pairs[number, 0]], coarse[pairs[number, 1]]
        first[:] = 0
        second[:] = 0
        for i in range(slopes.shape[0]):
            if mass[i] > 0 and a[i] >= 0 and b[i] >= 0:
                cell = b[i] * COARSE + a[i]
                for c in range(classes):
                    first[cell, c] += mass[i] * slopes[i, c]
                    second[cell, c] += mass[i] * curvatures[i, c]
        total = 0.0
        for cell in range(COARSE * COARSE):
            for c in range(classes):
                if second[cell, c] > 0:
                    total += first[cell, c] * first[cell, c] / (second[cell, c] + ridge)
        gains[number] = total


@compiled
def add_up(
    across: Array,
    up: Array,
    slopes: FloatArray,
    curvatures: FloatArray,
    mass: FloatArray,
    side: int,
    sums: FloatArray,
) -> None:
    """Add the points' slopes and curvatures to their cells: sums (2, class, cell)."""
    for i in range(slopes.shape[0]):
        if mass[i] > 0 and across[i] >= 0 and up[i] >= 0:
            cell = up[i] * side + across[i]
            for c in range(slopes.shape[1]):
                sums[0, c, cell] += mass[i] * slopes[i, c]
                sums[1, c, cell] += mass[i] * curvatures[i, c]


@compiled
def left_out_losses(
    scores: FloatArray,
    labels: IntArray,
    judged: FloatArray,
    across: Array,
    up: Array,
    maps: FloatArray,
    losses: FloatArray,
) -> None:
    """The mean log-loss of the judged points with each of the maps (depth, cell, class) added."""
    side = int(math.sqrt(maps.shape[1]) + 0.5)
    classes = scores.shape[1]
    row = np.empty(classes)
    losses[:] = 0
    mass = 0.0
    for i in range(scores.shape[0]):
        if judged[i] <= 0:
            continue
        mass += judged[i]
        known = across[i] >= 0 and up[i] >= 0
        cell = up[i] * side + across[i]
        for depth in range(maps.shape[0]):
            for c in range(classes):
                row[c] = scores[i, c] + (maps[depth, cell, c] if known else 0.0)
            top = row.max()
            total = 0.0
            for c in range(classes):
                total += math.exp(row[c] - top)
            losses[depth] += judged[i] * (math.log(total) + top - row[labels[i]])
    if mass > 0:
        losses /= mass


@compiled
def add_scores(
    scores: FloatArray, across: Array, up: Array, added: Float32Array, side: int
) -> None:
    """Add a map (cell, class) to the scores (sample, class) of the points whose cell is known."""
    for i in range(scores.shape[0]):
        if across[i] >= 0 and up[i] >= 0:
            cell = up[i] * side + across[i]
            for c in range(scores.shape[1]):
                scores[i, c] += added[cell, c]


def by_cell(scores: Float32Array) -> Float32Array:
    """A map (class, row, column) as (cell, class): what a point needs lies together."""
    return np.ascontiguousarray(scores.reshape(len(scores), -1).T)
