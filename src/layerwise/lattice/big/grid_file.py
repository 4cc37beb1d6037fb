"""Lattices larger than memory: a grid in a file, taken through its layers part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...types import ByteArray, IntArray, WordArray
from .. import kernels
from .format import Header, Reader, read_header, reading, usual_part_lines, writing
from .labels import cut, labels_within, packed, regrouped
from .overview import Overview, overview_of
from .progress import Progress, telling
from .slabs import advance_part

PASS_LAYERS = 64  # layers that a part is taken through before it is written again
VOLUME_PASS_LAYERS = 16


@dataclass
class GridFile:
    """A lattice in a file: layers computed part by part, windows read as labels.

    ```python
    grid = GridFile.from_points(
        "big.grid", pieces, (65_536, 65_536), classes=4, bounds=((-3, 3), (-3, 3))
    )
    grid.fill(progress=True).advance(100)     # 100 fuzzy layers on the filled grid
    grid[5000:5100, 200:300]                  # labels (row, column), 255 for unclassified
    view.grid(grid.overview()).save("big.png")
    ```

    Every layer has the bits that `LatticeClassifier` gives the same first frame, seed and layer.
    A pass of layers is written beside the file, which it then replaces: an interrupted run leaves
    the last whole pass, from which `open` goes on. About eight parts (`part_lines` lines each,
    usually 16 MB) are in memory at a time, and the disk holds the grid twice during a pass.

    `shape`: (row, column), or (slice, row, column). `layer`: which one the file holds; `depth`:
    the layer at which nothing was unclassified, None until then; from there on cells copy each
    other.
    """

    path: Path
    header: Header

    @classmethod
    def open(cls, path: str | Path) -> GridFile:
        """The grid in a file; raises `FileError` for a file that is none, or is broken."""
        return cls(Path(path), read_header(Path(path))[0])

    @classmethod
    def from_labels(
        cls,
        path: str | Path,
        labels: ByteArray | Iterable[ByteArray],
        shape: tuple[int, ...] | None = None,
        *,
        classes: int,
        seed: int = 0,
        lazy: bool = True,
        part_lines: int | None = None,
    ) -> GridFile:
        """Write layer 0: a label map (row, column) or volume (slice, row, column) of bytes.

        `labels` is an array (also one mapped from a file), or any number of pieces of it from top
        to bottom, whose whole `shape` is then given. 255 is unclassified. Raises `InputError` for
        labels that are no classes or do not make up the shape, `OutputError` for a place that
        cannot be written.
        """
        pieces: Iterable[ByteArray]
        if isinstance(labels, np.ndarray):
            shape, pieces = labels.shape, (labels,)
        else:
            pieces = labels
        if shape is None:
            raise InputError("Labels that come in pieces need the shape of the whole grid")
        draft = _draft(shape, classes, seed, lazy, part_lines)

        def parts() -> Iterator[tuple[WordArray, int]]:
            for part in regrouped(pieces, draft):
                yield packed(part, classes)

        return cls._write(Path(path), draft, parts())

    @classmethod
    def from_points(
        cls,
        path: str | Path,
        points: Iterable[tuple[Any, Any]],
        shape: tuple[int, ...],
        *,
        bounds: tuple[tuple[float, float], ...],
        classes: int,
        seed: int = 0,
        lazy: bool = True,
        part_lines: int | None = None,
    ) -> GridFile:
        """Write layer 0 from points that come in pieces: pairs of (sample, axis) and (sample,).

        The axes of a point are x along the columns, y upwards along the rows, and z along the
        slices; `bounds` gives the lowest and highest of each, points beyond go into the nearest
        cell. A cell takes the class of most of its points, of equals the one that came first.
        Points wait in files beside `path` (nine bytes each), not in memory. Raises `InputError`
        for points that are not finite, labels that are no classes, and bounds that are none.
        """
        from .points import sorted_points

        draft = _draft(shape, classes, seed, lazy, part_lines)
        with sorted_points(Path(path), points, draft, bounds) as (outside, frames):
            draft = replace(draft, outside=outside)

            def parts() -> Iterator[tuple[WordArray, int]]:
                for frame in frames:
                    yield packed(frame, classes)

            return cls._write(Path(path), draft, parts())

    @classmethod
    def _write(cls, path: Path, draft: Header, parts: Iterator[tuple[WordArray, int]]) -> GridFile:
        total = 0
        with writing(path, draft) as (writer, finals):
            for part, unclassified in parts:
                writer.append(part)
                total += unclassified
            depth = 0 if total == 0 else None
            finals.append(replace(draft, unclassified=total, depth=depth))
        return cls.open(path)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns; of a volume slices, rows and columns."""
        return self.header.shape

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return self.header.classes

    @property
    def layer(self) -> int:
        """Which layer the file holds."""
        return self.header.layer

    @property
    def depth(self) -> int | None:
        """The first layer at which nothing was unclassified; None where it is not reached."""
        return self.header.depth

    @property
    def unclassified(self) -> int:
        """How many cells have no class."""
        return self.header.unclassified

    @property
    def outside(self) -> int:
        """How many of its points lay outside the bounds, and went into cells at the edge."""
        return self.header.outside

    def advance(
        self,
        layers: int | None = None,
        *,
        to: int | None = None,
        threads: int = 1,
        progress: bool | Progress = False,
    ) -> GridFile:
        """Compute that many more layers, or go on `to` a layer; returns the grid itself.

        Until nothing is unclassified only unclassified cells change; from then on all do. A run
        that was interrupted is taken up by the same `to`. `progress` is True for a bar, or a
        function that is told how much is done and how much there is: layers times parts.
        """
        if (layers is None) == (to is None):
            raise InputError("Say how many layers, or to which layer", do="advance(100)")
        goal = self.layer + layers if layers is not None else int(to or 0)
        if goal < self.layer:
            raise InputError(
                f"The grid is at layer {self.layer:,} and cannot go back",
                received=f"{goal:,}",
                do="Keep a copy of the file of an earlier layer",
            )
        first, parts, furthest = self.layer, self.header.parts, 0
        with telling(progress, (goal - first) * parts, "Layers") as tell:
            while self.layer < goal:
                layers, before = min(self._longest(), goal - self.layer), self.layer - first

                def tell_part(part: int, layers: int = layers, before: int = before) -> None:
                    # A pass in which the grid becomes full ends early: what was told stays.
                    nonlocal furthest
                    furthest = max(furthest, before * parts + (part + 1) * layers)
                    tell(furthest)

                self._pass(layers, threads, tell_part)
        return self

    def fill(self, *, threads: int = 1, progress: bool | Progress = False) -> GridFile:
        """Compute layers until no cell is unclassified; returns the grid itself.

        `progress`: as in `advance`; a function is told cells classified and cells in all.
        Raises `InputError` where no cell has a class.
        """
        cells = prod(self.shape)
        if self.unclassified == cells:
            raise InputError("A lattice needs at least one classified cell to fill from")
        with telling(progress, cells, "Cells") as tell:
            while self.depth is None:
                self._pass(self._longest(), threads, lambda part: None)
                tell(cells - self.unclassified)
        return self

    def _longest(self) -> int:
        return PASS_LAYERS if len(self.shape) == 2 else VOLUME_PASS_LAYERS

    def _pass(self, layers: int, threads: int, tell: Callable[[int], None]) -> None:
        """One pass through the file; filling, it ends where the grid is full."""
        header, fill = self.header, self.depth is None
        left = np.zeros(layers, np.int64)
        with writing(self.path, header) as (writer, finals):
            with reading(self.path) as reader:
                if reader.header != header:
                    raise InputError(
                        f"{self.path} has changed since it was opened", do="Open it again"
                    )
                for part in range(header.parts):
                    result, count = self._part(reader, part, layers, fill, threads)
                    writer.append(result)
                    left += count
                    tell(part)
            layer, depth = header.layer + layers, header.depth
            if fill and left[-1] == 0:  # layers after the first full one changed nothing
                layer = depth = header.layer + 1 + int(np.argmax(left == 0))
            finals.append(replace(header, layer=layer, depth=depth, unclassified=int(left[-1])))
        self.header = read_header(self.path)[0]

    def _part(
        self, reader: Reader, part: int, layers: int, fill: bool, threads: int
    ) -> tuple[WordArray, IntArray]:
        header = reader.header
        begin, end = header.lines(part)
        first, last = max(0, begin - layers), min(header.shape[0], end + layers)
        return advance_part(
            reader.lines(first, last), begin - first, last - end, first,
            columns=header.shape[-1], seed=header.seed, first=header.layer + 1, layers=layers,
            fill=fill, lazy=header.lazy, threads=threads,
        )  # fmt: skip

    def __getitem__(self, window: Any) -> ByteArray:
        """The labels of a window: `grid[rows, columns]`, of a volume `grid[slices, rows, columns]`.

        Each axis is a slice (of step 1) or a number; (…, row, column) bytes, 255 for unclassified.
        """
        spans, dropped = cut(window, self.shape)
        with reading(self.path) as reader:
            labels = labels_within(reader, spans)
        sides = [
            stop - start for (start, stop), gone in zip(spans, dropped, strict=True) if not gone
        ]
        return labels.reshape(sides)

    def counts(self) -> IntArray:
        """How many cells each class has: (class,)."""
        counts = np.zeros(self.classes, np.int64)
        with reading(self.path) as reader:
            for part in range(reader.header.parts):
                own = np.zeros(self.classes, np.int64)
                words = reader.part(part)
                kernels.count_classes(words.reshape(len(words), -1, words.shape[-1]), own)
                counts += own
        return counts

    def overview(self, size: int = 1024) -> Overview:
        """The grid in at most `size` × `size` blocks: the most frequent class of each, its share.

        Of a volume the blocks reach through all slices. The last blocks may be smaller.
        """
        with reading(self.path) as reader:
            return overview_of(reader, size)


def _draft(
    shape: tuple[int, ...], classes: int, seed: int, lazy: bool, part_lines: int | None
) -> Header:
    """The header of a new grid, after a look at what was asked for."""
    sides = tuple(int(side) for side in shape)
    if len(sides) not in (2, 3) or not all(1 <= side <= 1 << 32 for side in sides):
        raise InputError(
            "A grid has two or three sides of 1 to 4,294,967,296 cells", received=f"{shape}"
        )
    if prod(sides) > 1 << 62:
        raise InputError("A grid has at most 2⁶² cells", received=f"{shape}")
    if not 1 <= classes <= 255:
        raise InputError("A grid has 1 to 255 classes", received=f"{classes}")
    if not 0 <= seed < 1 << 64:
        raise InputError("A seed is a whole number from 0 to 2⁶⁴ − 1", received=f"{seed}")
    lines = usual_part_lines(sides, classes) if part_lines is None else min(part_lines, sides[0])
    if lines < 1:
        raise InputError("A part has at least one line", received=f"part_lines={part_lines}")
    return Header(sides, classes, seed, lazy, 0, None, prod(sides), 0, lines, ())
