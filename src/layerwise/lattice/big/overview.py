"""A grid seen from afar: the most frequent class of each block of cells, and its share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...compiled import compiled
from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from ...types import CLASS, UNCLASSIFIED, ByteArray, FloatArray, IntArray, WordArray
from .. import planes
from ..kernels import ones
from .format import Reader

ONE = np.uint64(1)
WORD = 64
FEW_CELLS = 12  # to a block's side: below, cells are counted one by one


@dataclass(frozen=True)
class Overview:
    """Blocks of a grid of `shape`, `block` rows high and columns wide.

    `counts`: (row, column, class) cells of each class; `cells`: (row, column) cells in all, those
    of every slice of a volume.
    """

    shape: tuple[int, ...]
    block: int
    layer: int
    seed: int
    counts: IntArray
    cells: IntArray

    @property
    def labels(self) -> ByteArray:
        """The most frequent class of each block: (row, column); 255 where no cell has one.

        Of classes that are equally frequent the lower number.
        """
        most = np.argmax(self.counts, axis=2).astype(np.uint8)
        return np.where(self.counts.sum(axis=2) > 0, most, np.uint8(UNCLASSIFIED))

    @property
    def shares(self) -> FloatArray:
        """Which share of a block's cells has that class: (row, column), 0 to 1."""
        return np.asarray(self.counts.max(axis=2) / self.cells)

    @property
    def trace(self) -> Trace:
        """The same as a recording of one moment, for `view.grid`: "class cells" and "cells"."""
        axes = ("row block", "column block")
        cells_of = "cells of a block" if len(self.shape) == 2 else "cells of a block, all slices"
        sites = (
            Site("class cells", "count", (*axes, CLASS), unit="cells", note=cells_of),
            Site("cells", "count", axes, unit="cells", note=cells_of),
        )
        about = {"shape": list(self.shape), "block": self.block, "seed": self.seed}
        trace = Trace(Header("a grid seen from afar", sites, about))
        values = {"class cells": self.counts, "cells": self.cells}
        trace.append(Moment("layer", {"layer": self.layer}), values)
        return trace


def overview_of(reader: Reader, size: int) -> Overview:
    """Read the whole grid once; `size` is the most blocks along a side."""
    if size < 1:
        raise InputError("An overview has at least one block a side", received=f"{size}")
    header = reader.header
    rows, columns = header.shape[-2:]
    block = -(-max(rows, columns) // size)
    counts = np.zeros((-(-rows // block), -(-columns // block), header.classes), np.int64)
    for part in range(header.parts):
        words = reader.part(part)
        first, _ = header.lines(part)
        slices = [words] if words.ndim == 3 else [words[:, at] for at in range(words.shape[1])]
        for piece in slices:
            lines = np.ascontiguousarray(piece)
            row = first if words.ndim == 3 else 0
            if block < FEW_CELLS:
                count_cells(planes.unpack(lines, columns), row, block, counts)
            else:
                count_blocks(lines, row, columns, block, counts)
    high, wide = (np.minimum(block, side - np.arange(0, side, block)) for side in header.shape[-2:])
    depth = header.shape[0] if len(header.shape) == 3 else 1
    cells = np.asarray(np.outer(high, wide) * depth, np.int64)
    return Overview(header.shape, block, header.layer, header.seed, counts, cells)


@compiled
def count_blocks(
    words: WordArray, first_row: int, columns: int, block: int, counts: IntArray
) -> None:
    """Add the cells of each class to `counts` (row block, column block, class).

    `words`: (plane, row, word), whose first row is `first_row` of the grid.
    """
    digits, rows = words.shape[0] - 1, words.shape[1]
    for row in range(rows):
        down = (first_row + row) // block
        for word in range(words.shape[2]):
            for label in range(counts.shape[2]):
                match = words[digits, row, word]
                for digit in range(digits):
                    wanted = np.uint64(0) - np.uint64((label >> digit) & 1)
                    match &= ~(words[digit, row, word] ^ wanted)
                # A word may lie in several blocks: its bits are taken block by block.
                column = WORD * word
                stop = min(column + WORD, columns)
                while column < stop:
                    across = column // block
                    end = min((across + 1) * block, stop)
                    bits = match >> np.uint64(column - WORD * word)
                    if end - column < WORD:
                        bits &= (ONE << np.uint64(end - column)) - ONE
                    counts[down, across, label] += np.int64(ones(bits))
                    column = end


@compiled
def count_cells(labels: ByteArray, first_row: int, block: int, counts: IntArray) -> None:
    """The same from labels (row, column), cell by cell."""
    for row in range(labels.shape[0]):
        down = (first_row + row) // block
        across = within = 0
        for column in range(labels.shape[1]):
            label = labels[row, column]
            if label != UNCLASSIFIED:
                counts[down, across, label] += 1
            within += 1
            if within == block:
                across, within = across + 1, 0
