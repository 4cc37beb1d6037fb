"""Bytes to UTF-8 text: byte order marks understood, other encodings refused with advice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import FileError

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def as_utf8(data: bytes, label: str) -> bytes:
    """The text as UTF-8 without a mark. Marks of UTF-8, UTF-16 and UTF-32 are understood."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            if encoding == "utf-8":
                return data[len(mark) :]
            try:
                return data.decode(encoding).encode()
            except UnicodeDecodeError:
                raise FileError(
                    f"{label} begins as {encoding.upper()} text but does not go on so",
                    do="Save it again as UTF-8",
                ) from None
    if data.startswith(b"PK\x03\x04"):
        raise FileError(
            f"{label} is a spreadsheet or an archive, not text",
            do="Save it as CSV with column names in the first line",
        )
    if data.startswith(b"PAR1"):
        raise FileError(f"{label} is a Parquet file", do="Give it the suffix .parquet")
    if data.startswith(b"\x1f\x8b"):
        raise FileError(f"{label} is packed with gzip", do="Give it the suffix .gz as well")
    if b"\x00" in data[:65536]:
        raise FileError(
            f"{label} is not plain text: there are zero bytes in it",
            do="Save it as UTF-8; UTF-16 is read only with its byte order mark",
        )
    return data


def not_utf8(data: bytes, label: str) -> FileError | None:
    """What to say of bytes that are not UTF-8 text; None if they are."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return FileError(
            f"{label} is not UTF-8 text",
            received=f"byte 0x{data[error.start]:02x} in line {line}",
            do="Save it as UTF-8 (in a spreadsheet: CSV UTF-8), "
            f"or convert it: iconv -f latin1 -t utf-8 {Path(label).name} > new.csv",
        )
    return None
