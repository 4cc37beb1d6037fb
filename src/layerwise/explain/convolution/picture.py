"""A person's own picture as an array: from a file, from numbers, or a photo that comes along."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from ...data.image_check import LIMIT_BYTES, UnreadableError, quiet_decoding
from ...data.image_decode import decode
from ...errors import FileError, InputError, TooLargeError, nearest_name
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray
from .kernels import finite

MOST_NUMBERS: Final = 1 << 22
PHOTOS: Final = ("china", "flower")
"""Photos that come inside scikit-learn, each 427 × 640 in colour (CC BY 2.0; see its README)."""


def picture_array(
    given: Any, *, size: int | tuple[int, int] | None = None, colour: bool = False
) -> FloatArray:
    """A picture as numbers (channel, row, column), in double precision.

    `given` is a file (JPEG, PNG, GIF, TIFF, BMP, WebP, PPM), "china" or "flower" (photos that are
    always there), or an array: (row, column), (channel, row, column), or 8-bit (row, column, 3 or
    4) as image libraries give it (the fourth, transparency, is left out). Files and 8-bit arrays
    hold whole numbers from 0, black, to 255, white.

    `size` brings a file or photo to so many rows and columns, the middle of it if the proportions
    differ (a number: that many rows, its own proportions); arrays are taken as they are. `colour`
    keeps red, green and blue; without, a grey picture is made by ITU-R 601.

    Raises `FileError` for what cannot be read, `InputError` for arrays of another shape and numbers
    that are not finite, `TooLargeError` from 4,194,304 numbers on.
    """
    if isinstance(given, (str, Path)):
        picture = _from_file(given, size, colour)
        _limited(picture)
        return picture
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf" or array.ndim not in (2, 3) or not array.size:
        raise InputError(
            "A picture is an array of numbers, (row, column) or (channel, row, column), or a file",
            received=f"{type(given).__name__} of shape {array.shape} and type {array.dtype}",
        )
    if array.size > MOST_NUMBERS:
        _limited(array)
    if array.ndim == 2:
        array = array[None]
    elif array.dtype == np.uint8 and array.shape[2] in (3, 4) and array.shape[0] not in (1, 3, 4):
        array = array[:, :, :3].transpose(2, 0, 1)
    finite(array, "picture")
    return array.astype(np.float64)


def value_range(picture: FloatArray, given: Any) -> tuple[float, float]:
    """From which number to which a picture is drawn: 0–255, 0–largest, or ±largest magnitude."""
    if isinstance(given, (str, Path)) or getattr(given, "dtype", None) == np.uint8:
        return 0.0, 255.0
    low, high = float(picture.min()), float(picture.max())
    if low < 0:
        most = max(-low, high)
        return -most, most
    return 0.0, high or 1.0


def _limited(picture: Any) -> None:
    if picture.size > MOST_NUMBERS:
        shape = " × ".join(f"{side:,}" for side in picture.shape)
        raise TooLargeError(
            "The picture is too large to be walked over number by number",
            received=f"{shape} = {picture.size:,} numbers", allowed=f"At most {MOST_NUMBERS:,}",
            do="Give size=, such as size=24, or cut a part out of it",
        )  # fmt: skip


def _from_file(given: str | Path, size: int | tuple[int, int] | None, colour: bool) -> FloatArray:
    from PIL import Image

    path = Path(given)
    if isinstance(given, str) and not given.strip():  # as a path, the folder one is in
        raise FileError(
            "A picture is named by its file", received=repr(given),
            allowed="'china' and 'flower' are always there",
        )  # fmt: skip
    if str(given) in PHOTOS and not path.exists():
        from sklearn.datasets import load_sample_image

        pixels = np.asarray(load_sample_image(f"{given}.jpg"))
        wanted = _size(size, pixels.shape[0], pixels.shape[1])
        from ...data.image_decode import fitted

        photo = Image.fromarray(pixels)
        photo = photo if colour else photo.convert("L")
        pixels = np.asarray(photo if wanted is None else fitted(photo, wanted, "crop"))
    else:
        pixels = _decoded(path, size, colour)
    channels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return channels.astype(np.float64)


def _decoded(path: Path, size: int | tuple[int, int] | None, colour: bool) -> Any:
    if not path.is_file():
        near = nearest_name(str(path), PHOTOS)
        kind = "is a folder, not a picture" if path.is_dir() else "is no file"
        raise FileError(
            f"{path} {kind}",
            allowed=f"Did you mean {near!r}?" if near else "'china' and 'flower' are always there",
        )
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise FileError(f"{path} is too large", received=f"{path.stat().st_size:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    try:
        with quiet_decoding():
            from ...data.image_decode import upright_size

            own = upright_size(data)
            wanted = _size(size, *own)
            if wanted is not None and wanted[0] * wanted[1] * (3 if colour else 1) > MOST_NUMBERS:
                raise TooLargeError(
                    f"At {wanted[0]:,} rows this picture has {wanted[1]:,} columns, too many "
                    "numbers to be walked over",
                    received=f"{own[0]:,} × {own[1]:,} points", allowed=f"At most {MOST_NUMBERS:,}",
                    do="Cut a part out of it",
                )  # fmt: skip
            if wanted is None and own[0] * own[1] * (3 if colour else 1) > MOST_NUMBERS:
                _limited(np.lib.stride_tricks.as_strided(np.zeros(1), own, (0, 0)))
            return decode(data, wanted, fit="crop", colour=colour).pixels
    except UnreadableError as error:
        raise FileError(f"{path} cannot be read as a picture: {error}") from None


def _size(size: int | tuple[int, int] | None, rows: int, columns: int) -> tuple[int, int] | None:
    if size is None:
        return None
    both = size if isinstance(size, (tuple, list)) else (size, 0)
    whole = all(isinstance(n, (int, np.integer)) for n in both) and len(both) == 2
    if not whole or both[0] < 1 or (isinstance(size, (tuple, list)) and both[1] < 1):
        raise InputError(
            "The size of a picture is its rows, or (rows, columns)", received=repr(size)
        )
    return int(both[0]), int(both[1]) or max(round(int(both[0]) * columns / rows), 1)


def picture_crop(
    given: Any,
    corner: tuple[int, int] | None = None,
    size: int = 14,
    *,
    rows: int | None = 180,
    colour: bool = False,
) -> Trace:
    """A picture and a square cut out of it, number by number: "picture" and "crop" at moment 0.

    Both are (channel, row, column). `given` and `colour` as `picture_array` says, `rows` its size;
    `corner` is the first row and column of the square (None: the square of which the numbers differ
    most, the first of such in reading order), `size` its side. Raises `InputError` where the square
    does not lie within the picture.
    """
    array = picture_array(given, size=rows, colour=colour)
    tall, wide = array.shape[1:]
    if not isinstance(size, int) or not 1 <= size <= min(tall, wide):
        raise InputError(
            "The square does not fit into the picture", received=f"{size!r} of {tall} × {wide}"
        )
    if corner is None:
        corner = _liveliest(array.mean(axis=0), size)
    top, left = int(corner[0]), int(corner[1])
    if not (0 <= top <= tall - size and 0 <= left <= wide - size):
        raise InputError(
            "The square does not lie within the picture", received=f"its corner at {corner}",
            allowed=f"From (0, 0) to ({tall - size}, {wide - size})",
        )  # fmt: skip
    plane = ("channel", "row", "column")
    sites = (Site("picture", "image", plane), Site("crop", "image", plane, ("picture",)))
    about = {"corner": [top, left], "range": list(value_range(array, given))}
    trace = Trace(Header("a picture as an array", sites, about))
    cut = array[:, top : top + size, left : left + size]
    trace.append(Moment("picture"), {"picture": array, "crop": cut})
    return trace


def _liveliest(plane: FloatArray, size: int) -> tuple[int, int]:
    """The corner of the square with the largest variance, by sums over the picture's corners."""
    sums = []
    for power in (1, 2):
        table = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1))
        table[1:, 1:] = ((plane - plane.mean()) ** power).cumsum(0).cumsum(1)
        sums.append(
            table[size:, size:]
            - table[:-size, size:]
            - table[size:, :-size]
            + table[:-size, :-size]
        )
    spread = sums[1] / size**2 - (sums[0] / size**2) ** 2
    row, column = np.unravel_index(int(spread.argmax()), spread.shape)
    return int(row), int(column)
