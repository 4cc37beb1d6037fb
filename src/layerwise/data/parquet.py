"""Tables in Parquet files."""

from __future__ import annotations

from pathlib import Path

from ..errors import FileError
from .columns import Table, column_of


def read_parquet(path: Path, limit_bytes: int) -> Table:
    """The table in a Parquet file, with the types of its columns.

    Raises `FileError` if it is broken, or if by its own account it unpacks to more than the limit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            about = file.metadata
            packed = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if max(packed, 8 * about.num_rows * about.num_columns) > limit_bytes:
                raise FileError(
                    f"{path} is too large to read",
                    received=f"{about.num_rows:,} rows × {about.num_columns:,} columns",
                    allowed=f"Tables up to {limit_bytes / 1024**3:.3g} GiB, unpacked, are read",
                    do="Take a sample of its rows",
                )
            table = file.read(use_threads=False)
    except (pa.ArrowException, OSError, OverflowError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            f"{path} is not a Parquet file, or it is damaged", do="Write or copy it again"
        ) from None
    return Table(str(path), tuple(map(column_of, table.column_names, table.columns)))
