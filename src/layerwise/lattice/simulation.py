"""Many runs of the same fuzzy layers, counted: what the exact probabilities can be checked with.

Run r (0, 1, …) draws with the seed of the recipe plus 1 + r, in layers 1, 2, … on the grid that
the fuzzy layers begin from; all runs go forward side by side, and only their latest layer is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Final

import numpy as np

from ..compiled import compiled, compiled_sums
from ..errors import FileError
from ..trace import Moment
from ..types import Array, ByteArray, Float32Array, FloatArray, WordArray
from . import planes
from .layers import LayerStack, Recipe
from .replay import moment_layer, recipe_of

MOST_RUNS: Final = 64
FEWEST_RUNS: Final = 4
LARGEST_COUNT: Final = 255
MOST_WORK: Final = 2.2e10
"""Cells × runs × (layers + what counting takes): about a third of a second on one core."""

NOTHING: Final = 1e-6
"""Differences up to here are those of the probabilities' own rounding to single precision."""

OVERHEAD: Final = 20_000  # cells that take as long as beginning a layer does
COUNTING: Final = 700  # layers that take as long as counting at a film's moments
CHUNK: Final = 1024  # words at a time: long loops that stay in the first cache
_NEVER_KEPT: Final = 1 << 62  # layers between two frames that a stack keeps for going back


def affordable_runs(cells: int, layers: int) -> int:
    """How many runs a recording shows: 64, or as many powers of two less as the work asks for."""
    runs = MOST_RUNS
    size = cells + OVERHEAD
    while runs > FEWEST_RUNS and runs * size * (layers + COUNTING) > MOST_WORK:
        runs //= 2
    return runs


def run_seeds(seed: int, runs: int) -> list[int]:
    """The seeds of so many runs of a lattice with that seed."""
    return [(seed + 1 + run) % 2**64 for run in range(runs)]


class Simulation:
    """So many runs of a recipe's fuzzy layers, from the grid `first` (row, column).

    `first` is the filled grid, or the first frame where the recipe restarts from the points.
    """

    def __init__(self, recipe: Recipe, first: ByteArray, runs: int) -> None:
        self._known = replace(
            recipe, held=recipe.anchors, frame=first, depth=0, restart=False, rule="copy"
        )
        self.runs = runs
        self._stacks: list[LayerStack] = []
        self._layer = -1

    def counts(self, layers: int) -> ByteArray:
        """In how many runs each cell shows each class after that many layers.

        (class, row, column), at most 255; with the runs in which a cell is unclassified they add
        up to all runs. Going back to fewer layers begins again.
        """
        known = self._known
        if layers < self._layer or not self._stacks:
            begin = {0: planes.pack(known.frame, known.classes)}
            self._stacks = [
                LayerStack(replace(known, seed=seed), _every=_NEVER_KEPT, _kept=begin)
                for seed in run_seeds(known.seed, self.runs)
            ]
        self._layer = layers
        states = [stack.planes(layers) for stack in self._stacks]
        words = states[0][0].size
        counters = np.zeros((known.classes, self.runs.bit_length(), words), np.uint64)
        flat = [state.reshape(len(state), words) for state in states]
        if len(flat) % 2:
            flat.append(np.zeros_like(flat[0]))  # no cell of it has a class
        for one, other in zip(flat[::2], flat[1::2], strict=True):
            add_runs(one, other, counters)
        wide = states[0].shape[-1]
        columns = known.grid[-1]
        counts = np.empty((known.classes, words // wide, columns), np.uint8)
        spread_counts(counters, wide, counts)
        return counts.reshape(known.classes, *known.frame.shape)


@dataclass(frozen=True)
class Agreement:
    """How far the shares of simulated runs lie from the exact probabilities, and should by chance.

    Both are root mean squares over classes and over the cells in which some run has a class, a
    share of `reached` of all cells. `expected` follows from p(1 − p)/n, the variance of a share of
    n runs: it is the size that the difference has when the theorem holds.
    """

    difference: float
    expected: float
    reached: float


def agreement(counts: ByteArray, probabilities: Array) -> Agreement:
    """Counted runs (class, …cells) beside the exact probabilities (class, …cells)."""
    classes = len(counts)
    sums = np.zeros(3)
    compare(
        np.ascontiguousarray(counts).reshape(classes, -1),
        np.ascontiguousarray(probabilities, np.float32).reshape(classes, -1),
        sums,
    )
    cells = counts[0].size
    many = max(sums[2] * classes, 1.0)
    both = (sqrt(max(total, 0.0) / many) for total in sums[:2].tolist())
    apart, expected = (size if size > NOTHING else 0.0 for size in both)
    return Agreement(apart, expected, float(sums[2] / cells))


class SimulationReplay:
    """Counted runs (class, row, column) of the fuzzy layers that moments name."""

    def __init__(self, recipe: Recipe, runs: int) -> None:
        self.recipe, self.runs = recipe, runs
        self._simulation: Simulation | None = None

    def value(self, moment: Moment) -> Array:
        """The counts after the moment's number of fuzzy layers."""
        recipe = self.recipe
        if self._simulation is None:
            first = recipe.frame
            if not recipe.restart:
                first = LayerStack(recipe).labels(recipe.depth or 0)
            self._simulation = Simulation(recipe, first, self.runs)
        return self._simulation.counts(moment_layer(moment, "fuzzy"))


def simulation_replay(document: Mapping[str, Any]) -> SimulationReplay:
    """The replay of rule "lattice.simulated"; `FileError` where the document cannot be one."""
    recipe, runs = recipe_of(document.get("layers", {})), document.get("runs")
    if not isinstance(runs, int) or not 1 <= runs <= LARGEST_COUNT or recipe.depth is None:
        raise FileError(
            "The recipe of simulated runs is broken", received=f"{runs!r} runs",
            allowed=f"Whole numbers from 1 to {LARGEST_COUNT}, of a lattice that is filled",
        )  # fmt: skip
    return SimulationReplay(recipe, runs)


@compiled
def add_runs(one: WordArray, other: WordArray, counters: WordArray) -> None:
    """Add the cells (plane, word) of two runs to bit-sliced counters (class, digit, word)."""
    classes, digits, words = counters.shape
    last = one.shape[0] - 1
    room = np.empty((3, CHUNK), np.uint64)
    for start in range(0, words, CHUNK):
        size = min(CHUNK, words - start)
        end = start + size
        a, b, carry = room[0, :size], room[1, :size], room[2, :size]
        for label in range(classes):
            a[:] = one[last, start:end]
            b[:] = other[last, start:end]
            for digit in range(last):
                if (label >> digit) & 1:
                    keep(a, one[digit, start:end])
                    keep(b, other[digit, start:end])
                else:
                    leave(a, one[digit, start:end])
                    leave(b, other[digit, start:end])
            add_two(counters[label, 0, start:end], a, b, carry)
            for digit in range(1, digits):
                if not add_one(counters[label, digit, start:end], carry):
                    break


@compiled
def keep(cells: WordArray, plane: WordArray) -> None:
    """Those that have the digit."""
    for word in range(len(cells)):
        cells[word] &= plane[word]


@compiled
def leave(cells: WordArray, plane: WordArray) -> None:
    """Those that do not."""
    for word in range(len(cells)):
        cells[word] &= ~plane[word]


@compiled
def add_two(digit: WordArray, one: WordArray, other: WordArray, carry: WordArray) -> None:
    """Add two bits to a digit; `carry` is set."""
    for word in range(len(digit)):
        here, a, b = digit[word], one[word], other[word]
        either = a ^ b
        carry[word] = (a & b) | (either & here)
        digit[word] = either ^ here


@compiled
def add_one(digit: WordArray, carry: WordArray) -> bool:
    """Add a bit to a digit; `carry` becomes the next one, whose presence is told."""
    some = np.uint64(0)
    for word in range(len(digit)):
        here, bit = digit[word], carry[word]
        digit[word] = here ^ bit
        carry[word] = here & bit
        some |= here & bit
    return bool(some != np.uint64(0))


@compiled
def spread_counts(counters: WordArray, wide: int, counts: ByteArray) -> None:
    """Bit-sliced counters (class, digit, word) as numbers (class, row, column), `wide` words a row.

    A byte times 0x01…01 stands eight times; of the copy at place i bit i is kept, and adding 127
    carries it to the byte's top.
    """
    ones, seventh = np.uint64(0x0101010101010101), np.uint64(7)
    kept, carry = np.uint64(0x8040201008040201), np.uint64(0x7F7F7F7F7F7F7F7F)
    classes, digits, _ = counters.shape
    rows, columns = counts.shape[1], counts.shape[2]
    for label in range(classes):
        for row in range(rows):
            for word in range(wide):
                for eight in range(8):
                    column = 64 * word + 8 * eight
                    if column >= columns:
                        break
                    cells = np.uint64(0)
                    for digit in range(digits):
                        octet = counters[label, digit, row * wide + word] >> np.uint64(8 * eight)
                        copies = ((octet & np.uint64(255)) * ones) & kept
                        cells |= ((copies + carry) >> seventh & ones) << np.uint64(digit)
                    put(counts[label, row, column : min(column + 8, columns)], cells)


@compiled
def put(places: ByteArray, cells: np.uint64) -> None:
    """Up to eight bytes of a word."""
    for place in range(len(places)):
        places[place] = (cells >> np.uint64(8 * place)) & np.uint64(255)


@compiled_sums
def compare(counts: ByteArray, probabilities: Float32Array, sums: FloatArray) -> None:
    """Squared differences, their expectation, and cells with a class: added to `sums` (3,)."""
    classes, cells = counts.shape
    shares = np.empty(CHUNK, np.float32)
    for start in range(0, cells, CHUNK):
        size = min(CHUNK, cells - start)
        part = shares[:size]
        part[:] = np.float32(0)
        for label in range(classes):
            add_up(part, counts[label, start : start + size])
        sums[2] += invert(part)
        for label in range(classes):
            found, expected = squares(
                part,
                counts[label, start : start + size],
                probabilities[label, start : start + size],
            )
            sums[0] += found
            sums[1] += expected


@compiled_sums
def add_up(runs: Float32Array, counts: ByteArray) -> None:
    """Add up in how many runs each cell has a class."""
    for cell in range(len(runs)):
        runs[cell] += np.float32(counts[cell])


@compiled_sums
def invert(runs: Float32Array) -> int:
    """One over them, 0 where there are none; how many cells have some."""
    some = 0
    for cell in range(len(runs)):
        if runs[cell] > 0:
            some += 1
            runs[cell] = np.float32(1) / runs[cell]
    return some


@compiled_sums
def squares(share: Float32Array, counts: ByteArray, exact: Float32Array) -> tuple[float, float]:
    """Squared differences from the exact probabilities, and the variances of the shares."""
    found, expected = 0.0, 0.0
    for cell in range(len(share)):
        weight = np.float32(1) if share[cell] > 0 else np.float32(0)
        away = weight * (share[cell] * np.float32(counts[cell]) - exact[cell])
        found += np.float64(away * away)
        expected += np.float64(share[cell] * exact[cell] * (np.float32(1) - exact[cell]))
    return found, expected
