"""Lattices over many processes or machines: bit-planes as a Dask array, halos exchanged.

Needs Dask (`pip install 'layerwise[dask]'`); nothing else of Layerwise does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ...errors import InputError, LayerwiseError
from ...types import UNCLASSIFIED, ByteArray, IntArray, WordArray
from .. import kernels, planes
from ..random_bits import word_count
from .progress import Progress, telling
from .slabs import advance_part

PASS_LAYERS = 64  # layers between two exchanges of halos
VOLUME_PASS_LAYERS = 16


@dataclass(frozen=True)
class ChunkedGrid:
    """A lattice in chunks of lines (rows; of a volume slices), each worked on where it lies.

    ```python
    grid = ChunkedGrid.from_labels(labels, classes=4)   # a NumPy or Dask array of bytes
    grid = grid.fill().advance(100)
    grid.labels[5000:5100].compute()
    ```

    For each block of layers every chunk gets as many lines from its neighbours as there are
    layers, works alone, and hands on its result: the bits are those of one array, whatever the
    chunks, and those of `LatticeClassifier` with the same first frame and seed. Computed by
    whatever scheduler Dask is told to use: threads, processes, a cluster.

    `planes`: (plane, line, …, word) as a Dask array, cut along the lines only. `layer`: which one
    that is; `depth`: the first at which nothing is unclassified, None while not known.
    """

    planes: Any
    columns: int
    classes: int
    seed: int = 0
    lazy: bool = True
    layer: int = 0
    depth: int | None = None

    @classmethod
    def from_labels(
        cls,
        labels: Any,
        *,
        classes: int,
        seed: int = 0,
        lazy: bool = True,
        chunk_lines: int | None = None,
    ) -> ChunkedGrid:
        """Layer 0 from labels (row, column) or (slice, row, column), 255 for unclassified.

        `labels`: a Dask array of bytes, whose cuts along the lines are kept, or a NumPy array.
        `chunk_lines`: how many lines a chunk shall have. Raises `InputError` for labels that are
        no classes (when they are computed) or no bytes.
        """
        array = _dask().array
        given = labels if isinstance(labels, array.Array) else array.from_array(labels)
        if given.ndim not in (2, 3) or not all(given.shape) or given.dtype != np.uint8:
            raise InputError(
                "Labels are bytes (row, column) or (slice, row, column)",
                received=f"{given.dtype} of shape {given.shape}",
            )
        if not 1 <= classes <= 255:
            raise InputError("A grid has 1 to 255 classes", received=f"{classes}")
        if not 0 <= seed < 1 << 64:
            raise InputError("A seed is a whole number from 0 to 2⁶⁴ − 1", received=f"{seed}")
        lines = given.chunks[0] if chunk_lines is None else chunk_lines
        whole = given.rechunk({0: lines} | dict.fromkeys(range(1, given.ndim), -1))
        words = word_count(given.shape[-1])
        count = planes.plane_count(classes)
        packed = whole.map_blocks(
            _pack, classes, dtype=np.uint64, new_axis=0, meta=np.empty((0,) * (given.ndim + 1)),
            chunks=((count,), *whole.chunks[:-1], (words,)),
        )  # fmt: skip
        return cls(packed, given.shape[-1], classes, seed, lazy)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns; of a volume slices, rows and columns."""
        return (*self.planes.shape[1:-1], self.columns)

    @property
    def labels(self) -> Any:
        """The labels of this layer, not yet computed: (row, column) or (slice, row, column)."""
        return self.planes.map_blocks(
            _unpack, self.columns, dtype=np.uint8, drop_axis=0,
            chunks=(*self.planes.chunks[1:-1], (self.columns,)),
            meta=np.empty((0,) * (self.planes.ndim - 1), np.uint8),
        )  # fmt: skip

    def counts(self) -> IntArray:
        """How many cells each class has, computed now: (class,)."""
        tally = _dask().delayed(_counts, pure=True)
        parts = [tally(chunk, self.classes) for chunk in self._pieces()]
        return np.asarray(_dask().delayed(sum)(parts).compute(), np.int64)

    def advance(self, layers: int, progress: bool | Progress = False) -> ChunkedGrid:
        """The grid that many layers later, computed and held by Dask's workers.

        Until nothing is unclassified only unclassified cells change; from then on all do.
        `progress` is True for a bar, or a function of the layers done and the layers in all.
        """
        if layers < 0:
            raise InputError("A grid cannot go back", received=f"{layers} layers")
        grid, goal = self._looked_at(), self.layer + layers
        with telling(progress, layers, "Layers") as tell:
            while grid.layer < goal:
                grid = grid._block(min(self._longest(), goal - grid.layer))
                tell(grid.layer - self.layer)
        return grid

    def fill(self, progress: bool | Progress = False) -> ChunkedGrid:
        """The first layer at which no cell is unclassified, computed and held by Dask's workers.

        `progress`: as in `advance`; a function is told cells classified and cells in all. Raises
        `InputError` where no cell has a class.
        """
        grid = self._looked_at()
        if grid.depth is None and not self.counts().any():
            raise InputError("A lattice needs at least one classified cell to fill from")
        with telling(progress, prod(self.shape), "Cells") as tell:
            while grid.depth is None:
                grid = grid._block(self._longest(), tell)
        return grid

    def _looked_at(self) -> ChunkedGrid:
        """The same grid; if it is full, it knows that."""
        if self.depth is None and int(self.counts().sum()) == prod(self.shape):
            return replace(self, depth=self.layer)
        return self

    def _longest(self) -> int:
        return PASS_LAYERS if self.planes.ndim == 3 else VOLUME_PASS_LAYERS

    def _pieces(self) -> list[Any]:
        return list(self.planes.to_delayed(optimize_graph=False).reshape(-1))

    def _block(self, layers: int, tell: Any = None) -> ChunkedGrid:
        """One block of layers: halos to the neighbours, work, and the counts to here."""
        array = _dask().array
        heights = self.planes.chunks[1]
        ends = np.cumsum(heights)
        begins = ends - heights
        rows = int(ends[-1])
        take = _dask().delayed(_lines, pure=True)
        work = _dask().delayed(_advance, pure=True, nout=2)
        pieces, own, counts = self._pieces(), [], []
        for begin, end in zip(begins, ends, strict=True):
            first, last = max(0, begin - layers), min(rows, end + layers)
            # What lies elsewhere is cut out there: only the halo travels.
            slab = [
                piece
                if begin <= start and stop <= end
                else take(piece, max(0, first - start), min(stop, last) - start)
                for piece, start, stop in zip(pieces, begins, ends, strict=True)
                if start < last and first < stop
            ]
            result, left = work(
                slab, int(begin - first), int(last - end), int(first), self.columns, self.seed,
                self.layer + 1, layers, self.depth is None, self.lazy,
            )  # fmt: skip
            own.append(result)
            counts.append(left)
        *kept, left = _dask().persist(*own, _dask().delayed(sum)(counts))
        shape = self.planes.shape
        words = array.concatenate(
            [
                array.from_delayed(piece, (shape[0], height, *shape[2:]), np.uint64)
                for piece, height in zip(kept, heights, strict=True)
            ],
            axis=1,
        )
        left = np.asarray(left.compute())
        layer, depth = self.layer + layers, self.depth
        if depth is None:
            if left[-1] == 0:  # layers after the first full one changed nothing
                layer = depth = self.layer + 1 + int(np.argmax(left == 0))
            if tell is not None:
                tell(prod(self.shape) - int(left[-1]))
        return replace(self, planes=words, layer=layer, depth=depth)


def _dask() -> Any:
    try:
        import dask.array
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != "dask":
            raise
        raise LayerwiseError(
            "A grid in chunks needs Dask", do="Install it: pip install 'layerwise[dask]'"
        ) from error
    return dask


def _pack(labels: ByteArray, classes: int) -> WordArray:
    wrong = (labels != UNCLASSIFIED) & (labels >= classes)
    if wrong.any():
        raise InputError(
            f"A grid of {classes} classes has the labels 0 to {classes - 1}, 255 for unclassified",
            received=f"{labels[wrong].flat[0]}",
            do="Say how many classes there are: classes=…",
        )
    return planes.pack(np.asarray(labels), classes)


def _unpack(words: WordArray, columns: int) -> ByteArray:
    return planes.unpack(words, columns)


def _counts(words: WordArray, classes: int) -> IntArray:
    counts = np.zeros(classes, np.int64)
    rows = np.ascontiguousarray(words).reshape(len(words), -1, words.shape[-1])
    kernels.count_classes(rows, counts)
    return counts


def _lines(words: WordArray, first: int, last: int) -> WordArray:
    return np.ascontiguousarray(words[:, first:last])


def _advance(
    slab: list[WordArray],
    above: int,
    below: int,
    line: int,
    columns: int,
    seed: int,
    first: int,
    layers: int,
    fill: bool,
    lazy: bool,
) -> tuple[WordArray, IntArray]:
    return advance_part(
        np.concatenate(slab, axis=1), above, below, line, columns=columns, seed=seed, first=first,
        layers=layers, fill=fill, lazy=lazy,
    )  # fmt: skip
