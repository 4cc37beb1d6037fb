"""Columns as they were read, and the rules by which cells become numbers, text or nothing.

A column holds numbers if every cell that is not missing is written as one: digits with a point
(a comma where the file says so), a sign, an exponent, or infinity; no separators between
thousands, no units. True and false count as 1 and 0. In text these cells are missing, and no
others: empty or blank, NA, N/A, n/a, #N/A, <NA>, NaN, nan, NULL, null, ?. Dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from ..types import FloatArray

MISSING_TEXT: Final = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "?")
_INFINITE = r"[iI]nf(inity)?|INF(INITY)?"
_EXPONENT = r"([eE][+-]?[0-9]+)?"
_NUMBER: Final = {
    mark: rf"^[+-]?(([0-9]+({escaped}[0-9]*)?|{escaped}[0-9]+){_EXPONENT}|{_INFINITE})$"
    for mark, escaped in ((".", r"\."), (",", ","))
}


@dataclass(frozen=True, eq=False)
class Column:
    """One named column: `cells` is an Arrow array, or a NumPy array of float64 numbers.

    `order` is the order of the classes where the column is categorical and says so.
    """

    name: str
    cells: Any
    decimal: Literal[".", ","] = "."
    order: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.cells)

    @property
    def nested(self) -> bool:
        """Whether the cells are lists, records or bytes: neither numbers nor text."""
        import pyarrow as pa

        if isinstance(self.cells, np.ndarray):
            return False
        kind = self.cells.type
        return bool(pa.types.is_nested(kind) or "binary" in str(kind))

    @property
    def boolean(self) -> bool:
        """Whether the cells are true and false by type, not by spelling."""
        import pyarrow as pa

        return not isinstance(self.cells, np.ndarray) and bool(pa.types.is_boolean(self.cells.type))

    def numbers(self, *, booleans: bool = True) -> FloatArray | None:
        """The cells as numbers, (sample,), NaN where missing; None if some cell is no number.

        Decimal text gives the nearest float64; whole numbers past 2⁵³ are rounded likewise.
        `booleans`: whether the words true and false count as numbers.
        """
        if isinstance(self.cells, np.ndarray):
            return self.cells
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = self.cells.type
        if pa.types.is_null(kind):
            return np.full(len(self), np.nan)
        if pa.types.is_large_string(kind):
            return self._spelled_numbers(booleans)
        if pa.types.is_boolean(kind):
            return _floats(pc.cast(self.cells, pa.uint8()))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            return _floats(self.cells)
        return None

    def _spelled_numbers(self, booleans: bool) -> FloatArray | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = self._filled()
        numeric = pc.match_substring_regex(cells, _NUMBER[self.decimal])
        if pc.all(numeric, min_count=0).as_py():
            if self.decimal == ",":
                cells = pc.replace_substring(cells, ",", ".")
            return _floats(pc.cast(cells, pa.float64()))
        if booleans:
            lowered = pc.ascii_lower(cells)
            spelled = pc.is_in(pc.drop_null(lowered), pa.array(["true", "false"], lowered.type))
            if pc.all(spelled, min_count=0).as_py():
                return _floats(pc.cast(pc.equal(lowered, "true"), pa.uint8()))
        return None

    def _filled(self) -> Any:
        """The text without blanks around it, null where it counts as missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        trimmed = pc.utf8_trim_whitespace(self.cells)
        absent = pc.is_in(trimmed, pa.array(MISSING_TEXT, pa.large_string()))
        return pc.if_else(absent, pa.scalar(None, pa.large_string()), trimmed)

    def texts(self) -> list[str | None]:
        """The cells as text without blanks around it, None where missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.boolean:
            return [None if cell is None else str(cell) for cell in self.cells.to_pylist()]
        if pa.types.is_large_string(self.cells.type):
            found: list[str | None] = self._filled().to_pylist()
            return found
        dated: list[str | None] = pc.cast(self.cells, pa.large_string()).to_pylist()
        return dated

    def stray(self) -> str | None:
        """What keeps a column that is mostly numbers from being one; None if most is text."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(self.cells, np.ndarray) or not pa.types.is_large_string(self.cells.type):
            return None
        cells = pc.drop_null(self._filled())
        numeric = pc.match_substring_regex(cells, _NUMBER[self.decimal])
        count = pc.sum(numeric, min_count=0).as_py()
        if 2 * count <= len(cells):
            return None
        other = cells.filter(pc.invert(numeric))[0].as_py()
        return f"{count:,} of {len(cells):,} cells are numbers, {shortened(other)} is not"


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length under one heading, `label`: the file's name or "the table"."""

    label: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]


def column_of(name: str, cells: Any, decimal: Literal[".", ","] = ".") -> Column:
    """A column from an Arrow array of any kind: one piece, text in one type, categories read."""
    import pyarrow as pa

    order = None
    pieces = cells.chunks if isinstance(cells, pa.ChunkedArray) else [cells]
    kind = cells.type
    if pa.types.is_dictionary(kind):
        if kind.ordered:
            values = [value for piece in pieces for value in piece.dictionary.to_pylist()]
            order = tuple(dict.fromkeys(str(value).strip() for value in values))
        kind = kind.value_type
        pieces = [_as_large(piece.dictionary).take(piece.indices) for piece in pieces]
    pieces = [_as_large(piece) for piece in pieces]
    whole = pa.concat_arrays(pieces) if pieces else pa.array([], kind)
    return Column(name, whole, decimal, order)


def _as_large(cells: Any) -> Any:
    """Text of any Arrow type as large strings; all else as it is."""
    import pyarrow as pa

    spelled = pa.types.is_string(cells.type) or "string_view" in str(cells.type)
    return cells.cast(pa.large_string()) if spelled else cells


def cells_of(values: Iterable[Any]) -> Any:
    """Python values of any kinds as an Arrow array, or as float64 where they are numbers."""
    import pyarrow as pa

    found = list(values)
    try:
        return pa.array(found, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
        pass
    absent = [cell is None or cell != cell for cell in found]
    if all(gone or isinstance(cell, int | float) for cell, gone in zip(found, absent, strict=True)):
        try:
            return np.array(
                [np.nan if gone else float(c) for c, gone in zip(found, absent, strict=True)]
            )
        except OverflowError:
            pass
    written = [None if gone else _text(cell) for cell, gone in zip(found, absent, strict=True)]
    return pa.array(written, pa.large_string())


def shortened(text: str, limit: int = 40) -> str:
    """A cell's text in quotes, cut where it is long."""
    flat = re.sub(r"\s+", " ", text)
    return repr(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def _text(cell: Any) -> str:
    return str(cell).encode("utf-8", "replace").decode()


def _floats(cells: Any) -> FloatArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    decimal = pa.types.is_decimal(cells.type)
    numbers = cells.cast(pa.float64()) if decimal else pc.cast(cells, pa.float64(), safe=False)
    filled: FloatArray = pc.fill_null(numbers, float("nan")).to_numpy(zero_copy_only=False)
    return filled
