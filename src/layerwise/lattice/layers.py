"""The stack of layers: any layer of a very deep lattice network, computed when it is asked for.

Ten thousand layers are not kept. A layer is a pure function of the first frame, the seed and its
own number, and computing one costs less than reading it from a disk: the stack keeps a few frames
on the way and goes on from the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..errors import InputError
from ..types import UNCLASSIFIED, Array, BoolArray, ByteArray, IntArray, WordArray
from . import cells, kernels, kernels_volume, planes
from .random_bits import stream_starts
from .work_space import WorkSpace

if TYPE_CHECKING:
    import torch

    from .device.engine import DeviceLayers

Rule: TypeAlias = Literal["copy", "vote"]
Each: TypeAlias = Callable[[Callable[[tuple[int, int]], Any]], list[Any]]
BLOCK = 32  # layers applied to a slab before slabs meet again
VOLUME_BLOCK = 8  # the same for slabs of slices at least, and a layer for so many slices
FILL_BLOCK = 32  # layers filled before it is asked whether the grid is full
LONG_BLOCK = 64  # the same where a slab is the whole grid or high, so that rims cost little
SLAB_BYTES = 8 << 20  # of a slab: rims cost little; where all is classified nothing is filled
KEPT_BYTES = 64 << 20
COUNTED = 1 << 20  # cells of a frame that are counted at a time


@dataclass(frozen=True)
class Recipe:
    """All that decides every cell of every layer.

    `frame`: layer 0, (row, column) labels, or those of a volume (slice, row, column). `depth`: how
    many filling layers; None until filled. `restart`: the fuzzy phase begins again from layer 0's
    frame (layer depth + 1 shows it); otherwise the filled grid of layer `depth` goes on copying.
    The filling rule may be "copy" or "vote"; fuzzy layers always copy: that is what makes their
    frequencies probabilities. `held`: (row, column) the cells that `anchored` holds, those
    classified in `frame` if None. `lazy` is of rows and columns: a volume's copying cell stays with
    probability ¼ in any case.
    """

    frame: ByteArray
    classes: int
    seed: int
    rule: Rule = "copy"
    window: int = 1
    weighting: str = "uniform"
    lazy: bool = True
    anchored: bool = False
    restart: bool = False
    depth: int | None = None
    held: BoolArray | None = None

    @property
    def grid(self) -> tuple[int, ...]:
        """Rows and columns; of a volume slices, rows and columns."""
        return self.frame.shape

    @property
    def is_volume(self) -> bool:
        """Whether the lattice has slices."""
        return self.frame.ndim == 3

    @property
    def anchors(self) -> BoolArray | None:
        """Which cells never change in fuzzy layers: (row, column), None if none are held."""
        if not self.anchored:
            return None
        return cells.anchors_of(self.frame) if self.held is None else self.held

    @property
    def fuzzy_start(self) -> int:
        """The layer from which the fuzzy layers count (itself fuzzy layer 0)."""
        if self.depth is None:
            raise InputError("The lattice is not filled yet", do="Fill it first")
        return self.depth + 1 if self.restart else self.depth


@dataclass
class LayerStack:
    """Random access to the layers of a recipe.

    Label maps and counts are the caller's own; bit-planes are the stack's: read them only.
    `place`: the torch device on which cells copy, and where the frames on the way stay; None for
    the processor. The bits are the same. (Votes are computed by the processor in any case.)
    """

    recipe: Recipe
    threads: int = 1
    place: torch.device | None = None
    _every: int = field(default=64, repr=False)  # layers between two frames that are kept
    _kept: dict[int, Any] = field(default_factory=dict, repr=False)  # frames where they lie
    _latest: tuple[int, Any] | None = field(default=None, repr=False)

    def labels(self, layer: int) -> ByteArray:
        """The label map of a layer: (…, row, column), 255 for unclassified."""
        return planes.unpack(self.planes(layer), self.recipe.grid[-1])

    def counts(self, layer: int) -> IntArray:
        """How many cells each class has in a layer: (class,)."""
        if self._device is not None:
            return self._device.counts(self._state(layer), self.recipe.classes)
        counts = np.zeros(self.recipe.classes, np.int64)
        kernels.count_classes(planes.row_lines(self.planes(layer)), counts)
        return counts

    def planes(self, layer: int) -> WordArray:
        """The bit-planes of a layer: (plane, …, row, word)."""
        return self._here(self._state(layer))

    def _state(self, layer: int) -> Any:
        """The bit-planes where they lie."""
        if layer < 0:
            raise InputError("A layer has a number from 0 on", received=f"{layer}")
        recipe = self.recipe
        known = {number: frame for number, frame in self._kept.items() if number <= layer}
        if self._latest is not None and self._latest[0] <= layer:
            known[self._latest[0]] = self._latest[1]
        number = max(known, default=-1)
        if recipe.depth is not None and number < recipe.fuzzy_start <= layer and recipe.restart:
            number, state = recipe.fuzzy_start, self._first()
        elif number < 0:
            number, state = 0, self._first()
        else:
            state = known[number]
        space = WorkSpace()
        while number < layer:
            limit = min(layer, (number // self._every + 1) * self._every)
            if recipe.depth is not None and number < recipe.depth:
                limit = min(limit, recipe.depth)
            fill = recipe.depth is None or number < recipe.depth
            state, _ = self._advance(state, number + 1, limit - number, space, fill=fill)
            number = limit
            if number % self._every == 0:
                self._keep(number, state)
        self._latest = (layer, state)
        return state

    def fill(self, report: Callable[[int, int], None] | None = None) -> Recipe:
        """Fill until nothing is unclassified; returns the recipe with its depth.

        `report` is called with (cells classified, cells) after each block of layers. Raises
        `InputError` where the first frame has no classified cell.
        """
        recipe = self.recipe
        cells_in_all = recipe.frame.size
        flat = recipe.frame.reshape(-1)
        parts = (flat[at : at + COUNTED] for at in range(0, flat.size, COUNTED))
        unclassified = sum(int(np.count_nonzero(part == UNCLASSIFIED)) for part in parts)
        if unclassified == cells_in_all:
            raise InputError("A lattice needs at least one classified cell to fill from")
        state, layer = self._first(), 0
        depth = 0 if unclassified == 0 else None
        space = WorkSpace()
        while depth is None:
            before = state
            state, left = self._advance(state, layer + 1, FILL_BLOCK, space, fill=True)
            space.give(before)
            if left[-1] == 0:
                depth = layer + 1 + int(np.argmax(left == 0))
            layer += FILL_BLOCK
            if report is not None:
                report(cells_in_all - int(left[-1]), cells_in_all)
        self.recipe = replace(recipe, depth=depth)
        # Beyond the depth, layers that were asked for until now went on filling.
        self._kept = {number: kept for number, kept in self._kept.items() if number <= depth}
        self._latest = (depth, state)  # filled layers change no more: block's end is the depth
        return self.recipe

    def origins(self, training: IntArray) -> Array:
        """Which training cell each cell of the filled grid descends from: its number.

        `training` (cell, axis): the classified cells of layer 0, in any order. Where the filling
        rule copies, a number is copied as a class is, in ⌈log₂ numbers⌉ planes of its own.
        """
        state = planes.pack_numbers(training, self.recipe.grid)
        depth = self.recipe.depth or 0
        state, _ = self._advance(self._there(state), 1, depth, WorkSpace(), fill=True)
        return planes.unpack_numbers(self._here(state), self.recipe.grid[-1])

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: what lies on a device stays there, a copy is the processor's."""
        if self.place is None:
            return self.__dict__
        ours = {name: value for name, value in self.__dict__.items() if name != "_device"}
        return ours | {"place": None, "_kept": {}, "_latest": None}

    @cached_property
    def _device(self) -> DeviceLayers | None:
        """The layers on a device, if it is not the processor."""
        if self.place is None:
            return None
        from .device.engine import DeviceLayers

        recipe = self.recipe
        return DeviceLayers(self.place, recipe.grid, lazy=recipe.lazy, held=recipe.anchors)

    def _there(self, state: WordArray) -> Any:
        return state if self._device is None else self._device.upload(state)

    def _here(self, state: Any) -> WordArray:
        return np.asarray(state) if self._device is None else self._device.download(state)

    def _first(self) -> Any:
        return self._there(planes.pack(self.recipe.frame, self.recipe.classes))

    def _keep(self, number: int, state: Any) -> None:
        """Keep a frame; where the room is used up, every second one goes."""
        self._kept[number] = state
        while self._kept and len(self._kept) * state.nbytes > KEPT_BYTES:
            self._every *= 2
            self._kept = {n: kept for n, kept in self._kept.items() if n % self._every == 0}

    def _advance(
        self, state: Any, first: int, layers: int, space: WorkSpace, *, fill: bool
    ) -> tuple[Any, IntArray]:
        """Apply layers first … first + layers − 1; also gives (layer,) unclassified cells left."""
        if fill and self.recipe.rule == "vote":
            voted, left = self._vote(self._here(state), first, layers)
            return self._there(voted), left
        starts = stream_starts(self.recipe.seed, range(first, first + layers))
        if self._device is not None:
            return self._device.run(state, starts, fill=fill)
        left = np.zeros(layers, np.int64)
        anchors = np.zeros((0, *state.shape[2:]), np.uint64)
        held = self.recipe.anchors
        if held is not None and not fill:
            anchors = planes.pack_bits(held)
        cuts = self._cuts(state)
        longest = self._longest(cuts)
        target = space.like(state)
        with _workers(self.threads, cuts) as each:
            for block in range(0, layers, longest):
                part = slice(block, min(block + longest, layers))
                left[part] = self._copy_block(
                    state, target, starts[part], anchors, each, space, fill=fill
                )
                # The state that was given stays as it is; what lies between is written over.
                spare = space.like(state) if block == 0 and part.stop < layers else state
                state, target = target, spare
        if layers > longest:
            space.give(target)
        return state, left

    def _copy_block(
        self,
        state: WordArray,
        target: WordArray,
        starts: WordArray,
        anchors: WordArray,
        each: Each,
        space: WorkSpace,
        *,
        fill: bool,
    ) -> IntArray:
        """Write to `target` what `state` is after those layers; gives (layer,) unclassified."""
        count, length = state.shape[:2]
        columns = self.recipe.grid[-1]

        def work(cut: tuple[int, int]) -> IntArray:
            left = np.zeros(len(starts), np.int64)
            if self.recipe.is_volume:
                room = kernels_volume.volume_words(
                    cut[1] - cut[0], state.shape[2], state.shape[3], len(starts), length
                )
                with space.scratch(count + 1, room) as scratch:
                    kernels_volume.copy_volume(
                        state, target, scratch, *cut, columns, starts, fill, anchors, left
                    )
                return left
            room = kernels.scratch_words(cut[1] - cut[0], state.shape[2], len(starts), length)
            with space.scratch(count + 1, room) as scratch:
                kernels.copy_layers(
                    state, target, scratch, *cut, columns,
                    starts, fill, self.recipe.lazy, anchors, left,
                )  # fmt: skip
            return left

        return np.asarray(np.sum(each(work), axis=0))

    def _longest(self, cuts: list[tuple[int, int]]) -> int:
        """How many layers a block has: as many as leave rims small beside their slabs."""
        if len(cuts) == 1:
            return LONG_BLOCK
        if self.recipe.is_volume:
            return min(LONG_BLOCK, max(VOLUME_BLOCK, (cuts[0][1] - cuts[0][0]) // VOLUME_BLOCK))
        return LONG_BLOCK if cuts[0][1] - cuts[0][0] >= 8 * LONG_BLOCK else BLOCK

    def _cuts(self, state: WordArray) -> list[tuple[int, int]]:
        """Slabs of rows: small enough for the cache, and as many as there are threads.

        Of a volume slabs of slices, one a thread: the wave in them keeps to the cache by itself.
        """
        if self.recipe.is_volume:
            return _shares(state.shape[1], min(self.threads, 1 + state.shape[1] // VOLUME_BLOCK))
        count, rows, words = state.shape
        slab = max(8 * BLOCK, SLAB_BYTES // (count * words * 8))
        if self.threads > 1:
            slab = min(slab, max(4 * BLOCK, -(-rows // self.threads)))
        return [(row, min(row + slab, rows)) for row in range(0, rows, slab)]

    def _vote(self, state: WordArray, first: int, layers: int) -> tuple[WordArray, IntArray]:
        recipe = self.recipe
        grid = recipe.grid
        weights = cells.vote_weights(recipe.window, recipe.weighting, len(grid))
        starts = stream_starts(recipe.seed, range(first, first + layers))
        # A map of rows and columns is a volume of one slice: its votes are the same.
        old = planes.unpack(state, grid[-1]).reshape(-1, *grid[-2:])
        weights = weights.reshape(-1, *weights.shape[-2:])
        left = np.zeros(layers, np.int64)
        cuts = _shares(old.shape[0] * old.shape[1], self.threads)
        with _workers(self.threads, cuts) as each:
            for layer in range(layers):
                new = np.empty_like(old)

                def work(
                    cut: tuple[int, int],
                    old: ByteArray = old,
                    new: ByteArray = new,
                    at: int = layer,
                ) -> None:
                    cells.vote_rows(
                        old, new, *cut, weights, recipe.classes, starts[at], True, recipe.lazy
                    )

                each(work)
                old = new
                left[layer] = np.count_nonzero(old == UNCLASSIFIED)
        return planes.pack(old.reshape(grid), recipe.classes), left


def _shares(length: int, parts: int) -> list[tuple[int, int]]:
    """The length cut into that many nearly equal parts."""
    share = -(-length // parts)
    return [(start, min(start + share, length)) for start in range(0, length, share)]


@contextmanager
def _workers(threads: int, cuts: list[tuple[int, int]]) -> Iterator[Each]:
    """A function that does its work on each of the cuts, in as many threads at a time."""
    if threads == 1 or len(cuts) == 1:
        yield lambda work: [work(cut) for cut in cuts]
        return
    with ThreadPoolExecutor(threads) as pool:
        yield lambda work: list(pool.map(work, cuts))
