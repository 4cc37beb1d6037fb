"""A trace as one SQLite file: appended while things run, readable after a crash, read by piece.

Tables: `meta` (the header as JSON), `moments` (number, JSON), `chunks` (site, moment, dtype, shape,
codec, bytes). Each moment is one transaction in write-ahead mode, so that a process killed at any
time leaves every finished moment; closing folds everything into the one file. The file is data:
types come from a fixed list, sizes are checked against the shape before anything is unpacked.

Recordings with many small moments gather them for a second and write them in one transaction: a
transaction costs as much as a small network's step. What a killed process loses is that second.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from .errors import FileError, InputError, OutputError
from .files import replacing
from .trace import Header, Moment, Site, Trace
from .types import Array

APPLICATION_ID: Final = 0x4C575452  # "LWTR"
VERSION: Final = 2  # 2: sites have entries and facts
GATHERED_BYTES: Final = 8 << 20  # more than this is written at once
LARGEST_VALUE: Final = 1 << 34  # bytes, before a stranger's file may ask for memory
DTYPES: Final = ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
SCHEMA: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE moments (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL)",
    "CREATE TABLE chunks (site TEXT NOT NULL, moment INTEGER NOT NULL, dtype TEXT NOT NULL, "
    "shape TEXT NOT NULL, codec TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (site, moment))",
)


class FileStore:
    """Values in an open trace file."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        header: Header,
        *,
        writes: bool = False,
        every_s: float = 0.0,
    ) -> None:
        self._connection, self._path, self._writes = connection, path, writes
        self._axes = {site.name: len(site.axes) for site in header.sites}
        self._moments: list[Moment] = []
        self._revision = 0
        self._settled = False  # whether all moments of the file are known here
        self._every_s, self._written_s = every_s, time.monotonic()
        self._gathered: dict[int, dict[str, Array]] = {}
        self._gathered_bytes = 0

    def get(self, site: str, moment: int) -> Array | None:
        """The stored array, or None."""
        if moment in self._gathered:
            return self._gathered[moment].get(site)
        row = self._ask(
            "SELECT dtype, shape, codec, data FROM chunks WHERE site = ? AND moment = ?",
            (site, moment),
        )
        if not row:
            return None
        where = f"{site!r} at moment {moment} of {self._path.name}"
        return _unpacked(*row[0], axes=self._axes[site], where=where)

    def has(self, site: str, moment: int) -> bool:
        """Whether that array is stored, without reading it."""
        if moment in self._gathered:
            return site in self._gathered[moment]
        question = "SELECT 1 FROM chunks WHERE site = ? AND moment = ?"
        return bool(self._ask(question, (site, moment)))

    def put(self, moment: Moment, values: Mapping[str, Array], *, copy: bool = True) -> None:
        """Append a moment with its values: at once, or together with others within `every_s`.

        Raises `OutputError` where it cannot be written, or the trace was opened for reading.
        """
        number = len(self.moments())
        for site, value in values.items():
            _check_type(value, site)
        gathers = self._every_s > 0 and self._writes
        kept = {site: np.array(v) if copy and gathers else v for site, v in values.items()}
        self._moments.append(moment)
        self._gathered[number] = kept
        self._gathered_bytes += sum(value.nbytes for value in kept.values())
        late = time.monotonic() - self._written_s >= self._every_s
        if not gathers or late or self._gathered_bytes > GATHERED_BYTES:
            self.flush()

    def extend(self, moments: Sequence[Moment], values: Mapping[str, Array]) -> None:
        """Append moments with arrays that have an axis for them in front."""
        for number, moment in enumerate(moments):
            part = {site: np.asarray(array[number]) for site, array in values.items()}
            self.put(moment, part, copy=False)

    def flush(self) -> None:
        """Write the gathered moments in one transaction, all or nothing."""
        if not self._gathered:
            return
        moments = [
            (number, self._moments[number].kind, json.dumps(dict(self._moments[number].at)))
            for number in self._gathered
        ]
        rows = [
            (site, number, *_packed(value))
            for number, values in self._gathered.items()
            for site, value in values.items()
        ]
        lost = min(self._gathered)
        self._gathered, self._gathered_bytes = {}, 0
        self._written_s = time.monotonic()
        try:
            with self._connection:
                self._connection.executemany("INSERT INTO moments VALUES (?, ?, ?)", moments)
                self._connection.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            del self._moments[lost:]
            self._settled = False
            raise OutputError(
                f"Cannot write to the trace {self._path.name}: {error}",
                do="Nothing of this moment was kept; make room, or record to another place",
            ) from error

    def drop(self, sites: Sequence[str], moment: int) -> None:
        """Take those values out; their room in the file is used again."""
        if moment in self._gathered:
            for site in sites:
                self._gathered[moment].pop(site, None)
            return
        self._change(
            "DELETE FROM chunks WHERE site = ? AND moment = ?", [(site, moment) for site in sites]
        )

    def declare(self, header: Header) -> None:
        """Write the header anew."""
        text = header_text(header)
        self.flush()  # values of older sites come before newer sites
        self._revision += 1
        rows = [("header", text), ("revision", str(self._revision))]
        self._change("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        self._axes = {site.name: len(site.axes) for site in header.sites}

    def header(self) -> Header | None:
        """The header, if the process that writes the file has changed it since."""
        found = self._ask("SELECT value FROM meta WHERE key = 'revision'", ())
        if not found or found[0][0] == str(self._revision):
            return None
        ((text,),) = self._ask("SELECT value FROM meta WHERE key = 'header'", ())
        try:
            header = _header(json.loads(text))
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise _broken(self._path, error) from error
        self._revision = int(found[0][0])
        self._axes = {site.name: len(site.axes) for site in header.sites}
        return header

    def cut(self, moments: int) -> None:
        """Take out every moment from that number on."""
        count = len(self.moments())
        if moments > count:
            raise FileError(
                f"The trace {self._path.name} is too short to go on with",
                received=f"{count} moments",
                allowed=f"At least {moments} are needed",
            )
        self._change("DELETE FROM chunks WHERE moment >= ?", [(moments,)])
        self._change("DELETE FROM moments WHERE number >= ?", [(moments,)])
        del self._moments[moments:]

    def moments(self) -> Sequence[Moment]:
        """All moments so far, also those that another process has added meanwhile."""
        if self._writes and self._settled:
            return self._moments  # nobody else writes
        rows = self._ask(
            "SELECT number, kind, place FROM moments WHERE number >= ? ORDER BY number",
            (len(self._moments),),
        )
        for number, kind, place in rows:
            self._moments.append(self._moment(number, kind, place))
        self._settled = True
        return self._moments

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it.

        A finished trace goes back to plain journals, so that it can be read where nothing can be
        written; not while someone else has it open: then it stays as it is.
        """
        try:
            self.flush()
        finally:
            if self._writes:
                with suppress(sqlite3.Error):
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.close()

    def _change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            with self._connection:
                self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise OutputError(f"Cannot write to the trace {self._path.name}: {error}") from error

    def _moment(self, number: Any, kind: Any, place: Any) -> Moment:
        try:
            at = json.loads(place)
            if number != len(self._moments) or not isinstance(kind, str):
                raise ValueError(f"moment {number} is out of order")
            if not isinstance(at, dict) or not all(type(v) in (int, float) for v in at.values()):
                raise ValueError(f"the coordinates of moment {number} are no numbers")
        except (TypeError, ValueError, RecursionError) as error:
            raise _broken(self._path, error) from error
        return Moment(kind, at)

    def _ask(self, question: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(question, values).fetchall()
        except (sqlite3.Error, ValueError) as error:
            raise _broken(self._path, error) from error


def create_trace(path: Path, header: Header, every_s: float = 0.0) -> Trace:
    """Start a trace file; each appended moment is on the disk at most `every_s` seconds later.

    Raises `OutputError` where the place cannot be written or something is there already.
    """
    if path.exists():
        raise OutputError(f"There is already something at {path}", do="Choose another name")
    connection = _created(path, header)
    return Trace(header, FileStore(connection, path, header, writes=True, every_s=every_s))


def reopen_trace(path: Path, moments: int | None = None, every_s: float = 0.0) -> Trace:
    """Open a trace file for going on after its first `moments` moments (None: after all).

    Raises `FileError` where it is missing, broken or has fewer, `OutputError` where it cannot be
    written.
    """
    with open_trace(path) as trace:  # checks all that a reader checks
        header = trace.header
    connection = sqlite3.connect(path)
    store = FileStore(connection, path, header, writes=True, every_s=every_s)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        store.header()  # whatever its revision
        if moments is not None:
            store.cut(moments)
    except sqlite3.Error as error:
        connection.close()
        raise _unwritable(path, error) from error
    except (FileError, OutputError):
        connection.close()
        raise
    return Trace(header, store)


def write_trace(trace: Trace, path: Path) -> None:
    """Write a copy of the trace; stored values are copied, replayed ones stay recipes."""
    with replacing(path) as beside:
        beside.unlink(missing_ok=True)
        store = FileStore(_created(beside, trace.header), beside, trace.header, writes=True)
        copy = Trace(trace.header, store)
        trace.flush()
        with copy:
            for number, moment in enumerate(trace.moments):
                values = {site.name: trace.stored(site.name, number) for site in trace.sites}
                copy.append(moment, {name: v for name, v in values.items() if v is not None})
        for ending in ("-wal", "-shm"):  # of an older trace there whose writer was killed
            path.with_name(path.name + ending).unlink(missing_ok=True)


def open_trace(path: Path) -> Trace:
    """Open a trace file for reading; values are read when asked for."""
    if not path.is_file():
        raise FileError(f"There is no trace file {path}", do="Check the name")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise _broken(path, error) from error
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        (identity,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if identity != APPLICATION_ID:
            raise FileError(f"{path.name} is not a Layerwise trace")
        if version > VERSION:
            raise FileError(
                f"{path.name} was written by a later Layerwise",
                received=f"trace version {version}",
                allowed=f"This one reads versions up to {VERSION}",
                do="Upgrade layerwise",
            )
        (text,) = connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        header = _header(json.loads(text))
        return Trace(header, FileStore(connection, path, header))
    except FileError:
        connection.close()
        raise
    except (
        sqlite3.Error, TypeError, ValueError, KeyError, AttributeError, RecursionError
    ) as error:  # fmt: skip
        connection.close()
        raise _broken(path, error) from error


def _created(path: Path, header: Header) -> sqlite3.Connection:
    text = header_text(header)
    try:
        connection = sqlite3.connect(path)
    except sqlite3.Error as error:
        raise _unwritable(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        with connection:  # all at once: a reader finds a whole trace or none
            connection.execute("BEGIN")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('header', ?)", (text,))
    except sqlite3.Error as error:
        connection.close()
        raise _unwritable(path, error) from error
    return connection


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"Cannot write a trace at {path}: {error}", do="Choose a folder that can be written"
    )


def header_text(header: Header) -> str:
    """The header as JSON; `InputError` where it holds what JSON cannot."""
    try:
        return json.dumps(asdict(header), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            "What a trace says about itself must be plain values that JSON can hold",
            received=str(error),
        ) from error


def _site(document: dict[str, Any]) -> Site:
    """A site as it was written; version 1 had neither entries nor facts."""
    tuples = {name: tuple(document[name]) for name in ("axes", "inputs")}
    entries = {str(axis): tuple(names) for axis, names in document.get("entries", {}).items()}
    site = Site(**{**document, **tuples, "entries": entries})
    known = all(isinstance(name, (int, str)) for names in entries.values() for name in names)
    if not known or not isinstance(site.about, dict):
        raise ValueError(f"the site {site.name!r} has other things than names and values")
    return site


def _header(document: dict[str, Any]) -> Header:
    sites = tuple(_site(site) for site in document["sites"])
    words = [document["title"], *document["notes"]]
    for site in sites:
        words += [site.name, site.kind, site.unit, site.note, *site.axes, *site.inputs]
    maps = [document["about"], document["replays"], *document["replays"].values()]
    if not all(isinstance(word, str) for word in words):
        raise ValueError("its header has other things than text")
    if not all(isinstance(values, dict) for values in maps):
        raise ValueError("its header has other things than names and values")
    return Header(
        title=document["title"],
        sites=sites,
        about=document["about"],
        replays=document["replays"],
        notes=tuple(document["notes"]),
    )


def _check_type(value: Array, site: str) -> None:
    if value.dtype.newbyteorder("<").str not in DTYPES:
        raise InputError("A trace file holds numbers", received=f"type {value.dtype} at {site!r}")


def _packed(value: Array) -> tuple[str, str, str, bytes]:
    array = np.ascontiguousarray(value)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    plain = array.tobytes()
    small = zlib.compress(plain, 1) if len(plain) > 64 else plain
    codec, data = ("zlib", small) if len(small) < len(plain) else ("plain", plain)
    return array.dtype.str, json.dumps(list(value.shape)), codec, data


def _unpacked(dtype: str, shape: str, codec: str, data: bytes, *, axes: int, where: str) -> Array:
    try:
        if not isinstance(data, bytes):
            raise ValueError("it is no array")
        sides = [int(side) for side in json.loads(shape)]
        known = dtype in DTYPES and codec in ("plain", "zlib") and min(sides, default=0) >= 0
        size = int(np.prod(sides, dtype=object)) * np.dtype(dtype).itemsize if known else -1
        if not 0 <= size <= LARGEST_VALUE or len(sides) != axes:
            raise ValueError("its type or size is not allowed")
        plain = zlib.decompressobj().decompress(data, size + 1) if codec == "zlib" else data
        if len(plain) != size:
            raise ValueError(f"it has {len(plain)} bytes where its shape needs {size}")
    except (ValueError, TypeError, RecursionError, zlib.error) as error:
        raise FileError(f"The value {where} is broken: {error}") from error
    return np.frombuffer(plain, dtype).reshape(sides)


def _broken(path: Path, error: Exception) -> FileError:
    return FileError(
        f"{path.name} is not a Layerwise trace, or it is broken: {error}",
        do="Record it again, or use a whole copy",
    )
