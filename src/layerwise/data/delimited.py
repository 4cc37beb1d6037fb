"""Tables in text with a separator: commas, semicolons, tabs or bars.

The first line holds the names of the columns. Where the separator is a semicolon, numbers may be
written with a decimal comma, then in the whole file. Cells may stand in double quotes.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from ..errors import FileError
from .columns import Column, Table, column_of
from .encoding import not_utf8
from .wording import counted

SEPARATORS: Final = (",", ";", "\t", "|")
_BLOCK = 1 << 26


def read_delimited(data: bytes, label: str, separator: str | None = None) -> Table:
    """The table in delimited text; the separator is the likeliest in the first line unless given.

    Raises `FileError`, naming the line, for a row with more or fewer cells than there are names.
    """
    header = _first_line(data)
    if not header:
        raise FileError(f"{label} is empty", do="A table needs column names and at least one row")
    separator = separator or _likeliest(header, data)
    width = _widths(data, separator)[0]
    if not width:
        raise FileError(f"The first lines of {label} hold a cell too long to be a name or a value")
    cells = _read(data, label, separator, width)
    names, notes = _names([column[0].as_py() for column in cells])
    columns = [column_of(name, column[1:]) for name, column in zip(names, cells, strict=True)]
    if separator == ";":
        commas = [replace(column, decimal=",") for column in columns]
        if any(map(_needs_comma, columns, commas)):
            columns = commas
    return Table(label, tuple(columns), notes)


def _read(data: bytes, label: str, separator: str, width: int) -> list[Any]:
    """Every cell as text, the line of names among them: a column of cells for each name."""
    import pyarrow as pa
    import pyarrow.csv as arrow

    if data.count(b'"') % 2:
        _refuse_ragged(data, label, separator, width)
    try:
        table = arrow.read_csv(
            pa.py_buffer(data),
            read_options=arrow.ReadOptions(
                use_threads=False, autogenerate_column_names=True, block_size=_BLOCK
            ),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                column_types={f"f{index}": pa.large_string() for index in range(width)},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        problem = not_utf8(data, label)
        if problem is not None:
            raise problem from None
        _refuse_ragged(data, label, separator, width)
        reason = str(error).splitlines()[0]
        raise FileError(f"{label} cannot be read as a table: {reason}") from None
    return [column.combine_chunks() for column in table.columns]


def _first_line(data: bytes) -> str:
    for line in io.BytesIO(data):
        for part in line.split(b"\r"):
            if part.strip():
                return part.decode(errors="replace").strip("\n")
    return ""


def _likeliest(header: str, data: bytes) -> str:
    """The separator met most often outside quotes in the names, and fitting the row below them."""
    bare = re.sub(r'"[^"]*"', "", header)
    ranked = sorted(filter(bare.count, SEPARATORS), key=bare.count, reverse=True)
    for separator in ranked:
        widths = _widths(data, separator)
        if widths[0] == widths[-1]:
            return separator
    return ranked[0] if ranked else SEPARATORS[0]


def _widths(data: bytes, separator: str) -> list[int]:
    """How many cells the names and the first row have."""
    try:
        return [len(row) for row in islice(filter(None, _rows(data, separator)), 2)]
    except csv.Error:
        return [0]


def _rows(data: bytes, separator: str, *, strict: bool = False) -> Any:
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8", errors="replace", newline="")
    return csv.reader(lines, delimiter=separator, strict=strict)


def _refuse_ragged(data: bytes, label: str, separator: str, width: int) -> None:
    """Raise a `FileError` that names the first line with another number of cells than names."""
    rows = _rows(data, separator, strict=True)
    start = 1
    try:
        for row in rows:
            if row and len(row) != width:
                break
            start = rows.line_num + 1
        else:
            return
    except csv.Error:
        raise FileError(
            f"A cell that begins in line {start} of {label} is not closed",
            do="Look for a single quotation mark; inside a quoted cell it is written twice",
        ) from None
    raise FileError(
        f"Line {start} of {label} does not fit its columns",
        received=f"{counted(len(row), 'cell')} for {counted(width, 'column')}",
        do="Mend that line; text that holds the separator must stand in double quotes",
    )


def _names(written: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The names without blanks around them, and a note if they look like a row of numbers."""
    names = [name.strip() for name in written]
    measured = [name for name in names if re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+", name)]
    if not measured:
        return names, ()
    return names, (
        f"the first line was read as column names, though {measured[0]!r} looks like a number",
    )


def _needs_comma(plain: Column, comma: Column) -> bool:
    return plain.numbers() is None and comma.numbers() is not None
