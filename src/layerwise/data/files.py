"""Tables in files: what may be opened, how much of it, and who reads it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ..errors import FileError, LayerwiseError, nearest_name, unknown_name
from .columns import Table, shortened
from .delimited import read_delimited
from .encoding import as_utf8
from .image_check import SUFFIXES as IMAGES
from .json_lines import read_json_lines
from .parquet import read_parquet

LIMIT_BYTES: Final = 2 * 1024**3
"""The largest table that is read: 2 GiB, counted after unpacking."""

_PIECE = 1 << 22

READERS: Final[Mapping[str, Callable[[bytes, str], Table]]] = {
    ".csv": read_delimited,
    ".tsv": lambda data, label: read_delimited(data, label, separator="\t"),
    ".txt": read_delimited,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
}
"""Who reads the bytes of a text file of that suffix; each may also end in .gz."""

SUFFIXES: Final = (*READERS, *(f"{suffix}.gz" for suffix in READERS), ".parquet", ".pq")

_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def looks_like_path(source: str) -> bool:
    """Whether a string is meant as a file rather than as the name of a data set."""
    try:
        marked = "/" in source or "\\" in source or bool(Path(source).suffix)
        return marked or Path(source).exists()
    except OSError:  # too long for a file's name
        return False


def table_suffix(path: Path) -> str:
    """The suffix that says how to read the file, in small letters, ".csv.gz" as one.

    Raises `UnknownNameError` (the nearest known suffix) for any other.
    """
    name = path.name.lower()
    suffix = "".join(Path(name).suffixes[-2:]) if name.endswith(".gz") else Path(name).suffix
    if suffix in SUFFIXES:
        return suffix
    advice = "Save it as CSV with column names in the first line"
    if suffix in (".zip", *IMAGES):
        raise FileError(
            f"{path} is not a table", do="layerwise.data.load_images reads images and archives"
        )
    if suffix in _SPREADSHEETS:
        raise FileError(f"{path} is a spreadsheet, which is not read", do=advice)
    raise unknown_name("file suffix", suffix or path.name, SUFFIXES, where=str(path))


def read_file(path: Path) -> Table:
    """The table in a file. Raises `FileError` for what is missing, broken, foreign or too large.

    Text must be UTF-8, or begin with a byte order mark that says otherwise.
    """
    try:
        _check_place(path)
        suffix = table_suffix(path)
        size = path.stat().st_size
        if size > LIMIT_BYTES:
            raise _too_large(path)
        if size == 0:
            raise _empty(path)
        if suffix in (".parquet", ".pq"):
            return read_parquet(path, LIMIT_BYTES)
        data = _unpacked(path) if suffix.endswith(".gz") else path.read_bytes()
    except LayerwiseError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError(f"{shortened(str(path), 80)} cannot be read: {reason}") from None
    return READERS[suffix.removesuffix(".gz")](as_utf8(data, str(path)), str(path))


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise FileError(
            f"{path} is a folder, not a table",
            do="Name a file in it; layerwise.data.load_images reads folders of images",
        )
    if path.is_file():
        return
    if path.exists():
        raise FileError(f"{path} is a device or a pipe, not a file", do="Save the table first")
    folder = path.parent
    if not folder.is_dir():
        raise FileError(f"There is no folder {folder}, so there is no file {path.name} in it")
    near = nearest_name(path.name, sorted(entry.name for entry in folder.iterdir()))
    offered = f"Did you mean {str(folder / near)!r}?" if near else ""
    raise FileError(f"There is no file {path}", allowed=offered)


def _unpacked(path: Path) -> bytes:
    """The bytes in a gzip file, read piece by piece and never past the limit."""
    pieces, total = [], 0
    try:
        with gzip.open(path) as stream:
            while piece := stream.read(_PIECE):
                total += len(piece)
                if total > LIMIT_BYTES:
                    raise _too_large(path)
                pieces.append(piece)
    except EOFError:
        raise FileError(f"{path} ends too early", do="Copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileError(
            f"{path} is not gzip data, or it is damaged",
            do="Copy or download it again; if it is not packed, leave .gz out of its name",
        ) from None
    if not total:
        raise _empty(path)
    return b"".join(pieces)


def _empty(path: Path) -> FileError:
    return FileError(f"{path} is empty", do="A table needs column names and at least one row")


def _too_large(path: Path) -> FileError:
    limit = f"{LIMIT_BYTES / 1024**3:.3g} GiB"
    return FileError(
        f"{path} is too large to read",
        allowed=f"Tables up to {limit}, unpacked, are read",
        do="Take a sample of its rows",
    )
