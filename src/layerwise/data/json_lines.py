"""Tables in JSON lines: one object a line, its keys the names of the columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..errors import FileError
from .columns import Column, Table, cells_of, column_of, shortened


def read_json_lines(data: bytes, label: str) -> Table:
    """The table in JSON lines. A key that a line lacks is a missing cell; blank lines are skipped.

    Raises `FileError`, naming the line, for what is not one JSON object with keys of its own.
    """
    if data.lstrip()[:1] == b"[":
        raise FileError(
            f"{label} holds one JSON array",
            allowed="JSON lines are read: one object a line",
            do="Write each record on a line of its own, without the brackets around them all",
        )
    columns: dict[str, list[Any]] = {}
    rows = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        for name, cell in _record(line, number, label).items():
            cells = columns.setdefault(name, [])
            cells.extend([None] * (rows - len(cells)))
            cells.append(cell)
        rows += 1
    if not rows:
        raise FileError(f"There are no rows in {label}", do="Write one JSON object a line")
    read = []
    for name, cells in columns.items():
        found = cells_of(cells + [None] * (rows - len(cells)))
        numeric = isinstance(found, np.ndarray)
        read.append(Column(name, found) if numeric else column_of(name, found))
    return Table(label, tuple(read))


def _record(line: bytes, number: int, label: str) -> dict[str, Any]:
    try:
        record = json.loads(line.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise FileError(
            f"Line {number} of {label} is not UTF-8 text", do="Save the file as UTF-8"
        ) from None
    except _RepeatedKeyError as error:
        raise FileError(f"Line {number} of {label} has the key {str(error)!r} twice") from None
    except (ValueError, RecursionError) as error:
        place = (
            f", from character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise FileError(
            f"Line {number} of {label} is not JSON{place}", do="Write one JSON object a line"
        ) from None
    if not isinstance(record, dict):
        raise FileError(
            f"Line {number} of {label} is not a JSON object",
            received=shortened(line.decode()),
            do='Write each row with its column names: {"height": 1.5, "species": "a"}',
        )
    return record


class _RepeatedKeyError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKeyError(next(name for name in names if names.count(name) > 1))
    return record
