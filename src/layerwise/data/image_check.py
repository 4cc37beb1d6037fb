"""Images checked before they are decoded: what they are, how large they say they are."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

LIMIT_BYTES: Final = 256 * 1024**2
"""The largest image file that is read."""

LIMIT_PIXELS: Final = 1 << 26
"""The most pixels an image may have, by its own account: 67 million (8,192 × 8,192)."""

SUFFIXES: Final = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".webp"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
"""What the names of image files end in; what is in them is read from their first bytes."""

_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"<svg", "an SVG drawing"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"8BPS", "a Photoshop file"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"version http", "a pointer to a file stored elsewhere"),
)


class UnreadableError(Exception):
    """One image that cannot be read; `reason` is a few words, such as "truncated"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


BROKEN: Final = (
    OSError,
    SyntaxError,  # Pillow's word for a broken PNG
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on damaged files."""


def sniff(data: bytes) -> str:
    """The format that the first bytes tell, by Pillow's name.

    Raises `UnreadableError` with what it is instead.
    """
    start = data[:16]
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if start.startswith((b"II*\x00", b"MM\x00*")):
        return "TIFF"
    if start.startswith(b"BM") and len(data) > 26:
        return "BMP"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WEBP"
    if start[:1] == b"P" and start[1:2] in b"123456" and start[2:3].isspace():
        return "PPM"
    raise UnreadableError(_described(data))


def open_image(data: bytes) -> Image:
    """The image in those bytes, its header read and nothing decoded, within the limits.

    Raises `UnreadableError` for what is no image, has no pixels, or says that it is too large.
    """
    from PIL import Image

    if len(data) > LIMIT_BYTES:
        raise UnreadableError(f"too large: {len(data):,} bytes")
    kind = sniff(data)
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableError("too many pixels") from None
    except BROKEN:
        raise UnreadableError(damage(data, kind)) from None
    columns, rows = image.size
    if columns * rows > LIMIT_PIXELS:
        raise UnreadableError(f"too large: {rows:,} × {columns:,} pixels")
    if not columns * rows:
        raise UnreadableError("no pixels")
    return image


def damage(data: bytes, kind: str) -> str:
    """Whether a file of that format ends too early, or is broken in another way."""
    tail = data[-64:]
    whole = {
        "PNG": b"IEND" in tail,
        "JPEG": b"\xff\xd9" in tail,
        "GIF": tail.rstrip(b"\x00").endswith(b"\x3b"),
        "WEBP": len(data) >= 8 + int.from_bytes(data[4:8], "little"),
        "BMP": len(data) >= int.from_bytes(data[2:6], "little"),
        "PPM": False,
        "TIFF": False,
    }
    return "damaged" if whole[kind] else "truncated or damaged" if kind == "TIFF" else "truncated"


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """While it lasts, Pillow's warnings about odd files are silent and those of bombs are raised.

    Filters belong to the process: enter it once, around the threads that decode.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _described(data: bytes) -> str:
    if not data:
        return "empty"
    start = data[:512].lstrip()
    if data[4:8] == b"ftyp":
        return "HEIC or AVIF, which is not read: export it as JPEG or PNG"
    if b"<svg" in start:
        return "an SVG drawing"
    for mark, what in _OTHERS:
        if data.startswith(mark) or start.startswith(mark):
            return what
    if not data.strip(b"\x00"):
        return "nothing but zero bytes"
    try:
        text = data[:512].decode("utf-8")
    except UnicodeDecodeError:
        return "not an image"
    plain = "".join(text.split())
    return "text" if plain.isprintable() else "not an image"
