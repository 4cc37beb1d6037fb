"""A grid as a file: one page of JSON, then the bit-planes in parts that are read one at a time.

    layerwise grid 1\\n
    <bytes of the header, ten digits> <CRC-32 of the JSON, eight hexadecimal digits>\\n
    <JSON, filled up with spaces>
    <part 0> <part 1> …

A part is some lines (rows; of a volume slices) as little-endian words (plane, line, …, word), as
`planes` describes them; all parts have `part_lines` lines but the last, which has what is left.
The JSON has the recipe, the number of the layer and the CRC-32 of each part.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from ...errors import FileError, OutputError
from ...files import replacing
from ...types import WordArray
from ..planes import plane_count
from ..random_bits import word_count

MAGIC: Final = b"layerwise grid 1\n"
PAGE: Final = 4096
PART_BYTES: Final = 16 << 20
KEPT_PARTS: Final = 3  # a part and its neighbours
LONGEST_HEADER: Final = 64 << 20
LARGEST_SIDE: Final = 1 << 32
MOST_CELLS: Final = 1 << 62


@dataclass(frozen=True)
class Header:
    """What a grid's file says of itself; see `GridFile` for the meaning."""

    shape: tuple[int, ...]
    classes: int
    seed: int
    lazy: bool
    layer: int
    depth: int | None
    unclassified: int
    outside: int
    part_lines: int
    checksums: tuple[int, ...]

    @property
    def line_shape(self) -> tuple[int, ...]:
        """What one line holds: (word,), of a volume (row, word)."""
        return (*self.shape[1:-1], word_count(self.shape[-1]))

    @property
    def planes(self) -> int:
        """How many bit-planes there are."""
        return plane_count(self.classes)

    @property
    def line_bytes(self) -> int:
        """What a line takes in the file, all planes together."""
        return self.planes * prod(self.line_shape) * 8

    @property
    def parts(self) -> int:
        """How many parts the file has."""
        return -(-self.shape[0] // self.part_lines)

    @property
    def data_bytes(self) -> int:
        """What all parts take."""
        return self.shape[0] * self.line_bytes

    def lines(self, part: int) -> tuple[int, int]:
        """The first line of a part, and the first one behind it."""
        return part * self.part_lines, min((part + 1) * self.part_lines, self.shape[0])


def usual_part_lines(shape: tuple[int, ...], classes: int) -> int:
    """How many lines a part has, if nobody says otherwise: about 16 MB of them."""
    line = plane_count(classes) * prod(shape[1:-1]) * word_count(shape[-1]) * 8
    return max(1, min(shape[0], PART_BYTES // line))


def read_header(path: Path) -> tuple[Header, int]:
    """The header of a grid's file and where its parts begin.

    Raises `FileError` for a file that is missing, not a grid, broken or cut short.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC) + 20)
            if not start.startswith(MAGIC[:14]):
                raise FileError(f"{path} is not a grid", do="Name a file that GridFile has written")
            if not start.startswith(MAGIC):
                raise FileError(
                    f"{path} is a grid of another version", allowed="This Layerwise reads version 1"
                )
            length, check = _numbers(start[len(MAGIC) :], path)
            text = file.read(length - len(start))
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"Cannot read {path}: {error.strerror or error}") from error
    if len(text) != length - len(start) or zlib.crc32(text) != check:
        raise _broken(path, "its header is damaged")
    try:
        header = _header(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(path, "its header describes no grid") from error
    if size != length + header.data_bytes:
        raise FileError(
            f"{path} is not whole",
            received=f"{size:,} bytes",
            allowed=f"Its header describes {length + header.data_bytes:,}",
            do="Take a whole copy, or make the grid again",
        )
    return header, length


def _numbers(text: bytes, path: Path) -> tuple[int, int]:
    try:
        length, check = int(text[:10]), int(text[11:19], 16)
    except ValueError:
        raise _broken(path, "its header is damaged") from None
    if not PAGE <= length <= LONGEST_HEADER:
        raise _broken(path, "its header is damaged")
    return length, check


def _header(document: Mapping[str, Any]) -> Header:
    """The header of a JSON document; ValueError where it cannot be one."""
    values = {name: document[name] for name in Header.__dataclass_fields__}
    values["shape"], values["checksums"] = tuple(values["shape"]), tuple(values["checksums"])
    header = Header(**values)
    whole = [*header.shape, header.classes, header.seed, header.layer, header.unclassified]
    whole += [header.outside, header.part_lines, *header.checksums]
    whole += [] if header.depth is None else [header.depth]
    good = all(isinstance(number, int) and number >= 0 for number in whole)
    good = good and isinstance(header.lazy, bool) and len(header.shape) in (2, 3)
    good = good and all(1 <= side <= LARGEST_SIDE for side in header.shape)
    good = good and prod(header.shape) <= MOST_CELLS and 1 <= header.classes <= 255
    good = good and 1 <= header.part_lines <= header.shape[0] and header.seed < 1 << 64
    good = good and header.unclassified <= prod(header.shape)
    good = good and (header.depth is None or header.depth <= header.layer)
    if not good or len(header.checksums) != header.parts:
        raise ValueError("no grid")
    return header


def _broken(path: Path, why: str) -> FileError:
    return FileError(
        f"{path} is broken: {why}", do="Take another copy of it, or make the grid again"
    )


@dataclass
class Reader:
    """The parts of an open grid, a few lines at a time."""

    path: Path
    file: io.BufferedReader
    header: Header
    start: int
    _kept: dict[int, WordArray] = field(default_factory=dict)

    def lines(self, first: int, last: int) -> WordArray:
        """Lines first … last − 1: (plane, line, …, word), the caller's own.

        Each part is read whole and compared with its checksum; the latest three are kept.
        """
        header = self.header
        result = np.empty((header.planes, last - first, *header.line_shape), np.uint64)
        line = first
        while line < last:
            part = line // header.part_lines
            begin, end = header.lines(part)
            end = min(end, last)
            words = self.part(part)
            result[:, line - first : end - first] = words[:, line - begin : end - begin]
            line = end
        return result

    def part(self, part: int) -> WordArray:
        """A whole part: (plane, line, …, word); read it only."""
        if part not in self._kept:
            while len(self._kept) >= KEPT_PARTS:
                del self._kept[next(iter(self._kept))]
            self._kept[part] = self._read(part)
        return self._kept[part]

    def _read(self, part: int) -> WordArray:
        header = self.header
        begin, end = header.lines(part)
        self.file.seek(self.start + begin * header.line_bytes)
        octets = bytearray((end - begin) * header.line_bytes)
        if self.file.readinto(octets) < len(octets) or zlib.crc32(octets) != header.checksums[part]:
            lines = f"lines {begin:,} to {end - 1:,}"
            raise _broken(self.path, f"{lines} do not fit their checksum")
        words = np.frombuffer(octets, "<u8").astype(np.uint64, copy=False)
        return words.reshape(header.planes, end - begin, *header.line_shape)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open a grid's file; raises `FileError` where it cannot be read."""
    header, start = read_header(path)
    with path.open("rb") as file:
        yield Reader(path, file, header, start)


@dataclass
class Writer:
    """The parts of a new grid, in order."""

    file: BinaryIO
    checksums: list[int]

    def append(self, part: WordArray) -> None:
        """Write the next part: (plane, line, …, word)."""
        octets = np.ascontiguousarray(part, "<u8").data.cast("B")
        self.checksums.append(zlib.crc32(octets))
        self.file.write(octets)


@contextmanager
def writing(path: Path, draft: Header) -> Iterator[tuple[Writer, list[Header]]]:
    """Write a grid beside `path`; when all went well it takes its name.

    `draft` has all that is known beforehand; put the final header into the list that is given,
    whose checksums are then those of the parts written. Raises `OutputError` where the place
    cannot be written or has no room; an older grid then stays as it was.
    """
    most = replace(draft, checksums=(0xFFFFFFFF,) * draft.parts)
    length = -(-(len(MAGIC) + 20 + len(_json(most)) + 256) // PAGE) * PAGE
    check_room(path, length + draft.data_bytes)
    finals: list[Header] = []
    with replacing(path) as beside, beside.open("wb") as file:
        file.seek(length)
        writer = Writer(file, [])
        yield writer, finals
        header = replace(finals[-1], checksums=tuple(writer.checksums))
        text = _json(header).ljust(length - len(MAGIC) - 20)
        file.seek(0)
        file.write(MAGIC + b"%010d %08x\n" % (length, zlib.crc32(text)) + text)
        file.flush()
        os.fsync(file.fileno())


def _json(header: Header) -> bytes:
    return json.dumps(asdict(header)).encode()


def check_room(path: Path, needed: int) -> None:
    """Raise `OutputError` where the disk has not that many bytes free."""
    folder = path.resolve().parent
    if not folder.is_dir():
        return  # said better by whoever opens the file
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"Cannot write {path}: the grid takes {spoken_bytes(needed)}",
            received=f"a disk with {spoken_bytes(free)} free",
            do="Make room there or choose another disk; while layers are computed, the old grid and"
            " the new one are on it",
        )


def spoken_bytes(count: int) -> str:
    """A number of bytes as people say it: 1.6 GB."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count:,} bytes"
