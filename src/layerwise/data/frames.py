"""Arrays and frames in memory, from NumPy, pandas, polars or Arrow, as a table of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..types import Array
from .columns import Column, Table, cells_of, column_of

LABEL = "the table"


def is_frame(source: Any) -> bool:
    """Whether it is a table with named columns: pandas, polars, Arrow or one of their kin."""
    named = hasattr(source, "columns") or hasattr(source, "column_names")
    return named and (hasattr(source, "iloc") or hasattr(source, "__arrow_c_stream__"))


def read_frame(frame: Any) -> Table:
    """A pandas frame (its index is left aside), or any frame that speaks Arrow, as a table."""
    if hasattr(frame, "iloc"):
        columns = [
            _series_column(str(name), frame.iloc[:, place])
            for place, name in enumerate(frame.columns)
        ]
        return Table(LABEL, tuple(columns))
    import pyarrow as pa

    table = pa.table(frame)
    return Table(LABEL, tuple(map(column_of, table.column_names, table.columns)))


def read_array(source: Any) -> Table:
    """A (sample, feature) array or a list of rows, as a table with columns x1, x2, …

    A structured array keeps the names of its fields; masked cells are missing.
    """
    if hasattr(source, "toarray"):
        raise InputError(
            "Sparse matrices are not read",
            received=type(source).__name__,
            do="Pass source.toarray() if it fits in memory",
        )
    array = _as_array(source)
    if array.dtype.names and array.ndim == 1:
        columns = tuple(_array_column(name, array[name]) for name in array.dtype.names)
        return Table(LABEL, columns)
    if array.ndim == 0:
        raise InputError(
            "No data set can be made of this",
            received=type(source).__name__,
            allowed="A name, a path, an array, a pair (X, y) or a frame is needed",
        )
    if array.ndim != 2:
        shape = "-1, 1" if array.ndim == 1 else "len(array), -1"
        raise InputError(
            "A table is an array of two axes: (sample, feature)",
            received=f"shape {array.shape}",
            do=f"array.reshape({shape}) gives it two",
        )
    columns = tuple(_array_column(f"x{i + 1}", array[:, i]) for i in range(array.shape[1]))
    return Table(LABEL, columns)


def read_labels(labels: Any, rows: int) -> Column:
    """The labels of (X, y) as a column; its name is that of a named series, or "class"."""
    name = getattr(labels, "name", None)
    name = "class" if name is None or name == "" else str(name)
    if hasattr(labels, "iloc") and getattr(labels, "ndim", 1) == 2 and labels.shape[1] == 1:
        labels = labels.iloc[:, 0]
    if hasattr(labels, "iloc") and getattr(labels, "ndim", 1) == 1:
        column = _series_column(name, labels)
    elif hasattr(labels, "__arrow_c_stream__"):
        import pyarrow as pa

        column = column_of(name, pa.chunked_array(labels))
    else:
        array = _as_array(labels)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise InputError(
                "Labels are one for each sample: shape (sample,)", received=f"shape {array.shape}"
            )
        column = _array_column(name, array)
    if len(column) != rows:
        raise InputError(
            "There must be one label for each sample",
            received=f"{rows} samples and {len(column)} labels",
        )
    return column


def _as_array(source: Any) -> Array:
    if isinstance(source, np.ma.MaskedArray):
        numeric = source.dtype.kind in "iuf"
        masked: Any = source.astype(np.float64 if numeric else object)
        return np.asarray(masked.filled(np.nan if numeric else None))
    try:
        array = np.asarray(source)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"These values do not make a table: {str(error).splitlines()[0]}",
            received=type(source).__name__,
            do="Every row needs the same number of cells",
        ) from None
    if array.dtype.kind in "cV" and not array.dtype.names:
        raise InputError("Features must be real numbers", received=f"an array of {array.dtype}")
    return array


def _array_column(name: str, values: Array) -> Column:
    if values.dtype.kind in "iuf":
        return Column(name, np.asarray(values, np.float64))
    if values.ndim != 1:
        raise InputError(f"The field {name!r} has more than one value for each sample")
    return _cells_column(name, values.tolist() if values.dtype.kind in "USO" else values)


def _series_column(name: str, series: Any) -> Column:
    """A pandas series; the categories of a categorical one keep their order."""
    import pyarrow as pa

    categories = getattr(getattr(series, "cat", None), "categories", None)
    try:
        column = column_of(name, pa.array(series, from_pandas=True))
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
        return _cells_column(name, series.tolist())
    if categories is not None:
        order = tuple(str(value).strip() for value in categories)
        column = Column(name, column.cells, order=order)
    return column


def _cells_column(name: str, values: Any) -> Column:
    cells = cells_of(values)
    return Column(name, cells) if isinstance(cells, np.ndarray) else column_of(name, cells)
