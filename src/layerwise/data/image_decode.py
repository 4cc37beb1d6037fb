"""One image from its bytes to pixels of a given size: turned upright, 8 bits, on white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..types import Array, ByteArray, FloatArray
from .image_check import BROKEN, UnreadableError, damage, open_image, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

Fit: TypeAlias = Literal["pad", "crop", "stretch"]
FITS: tuple[Fit, ...] = ("pad", "crop", "stretch")

_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange rows and columns


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image's pixels, (row, column) if grey and (row, column, 3) if not, and what was done."""

    pixels: ByteArray
    transparent: bool = False
    deep: bool = False
    resized: bool = False


def upright_size(data: bytes) -> tuple[int, int]:
    """Rows and columns of the image as it is meant to be seen; only the header is read."""
    image = open_image(data)
    columns, rows = image.size
    if image.format in ("JPEG", "MPO", "WEBP", "TIFF"):
        try:
            turned = image.getexif().get(_ORIENTATION) in _TURNED
        except BROKEN:
            turned = False
        if turned:
            return columns, rows
    return rows, columns


def decode(
    data: bytes,
    size: tuple[int, int] | None = None,
    *,
    fit: Fit = "pad",
    colour: bool | None = None,
) -> Decoded:
    """The first picture in the bytes of an image file, in 8 bits, upright by its EXIF note.

    `size` is (rows, columns), None for its own. Fit "pad" keeps all of it and fills up with the
    median colour of its border, "crop" keeps the middle, "stretch" bends it; smaller ones are
    enlarged. Resampling is Pillow's, with antialiasing (a triangle filter, in the file's own
    gamma). Transparent parts are laid on white; 16 bits are rounded to 8; CMYK becomes RGB without
    a profile. `colour` False gives grey (luma of ITU-R 601), True three channels, None grey where
    red, green and blue are equal in every pixel. Raises `UnreadableError`.
    """
    from PIL import Image, ImageOps

    image = open_image(data)
    try:
        if size is not None and image.format in ("JPEG", "MPO"):
            longest = 3 * max(size)
            image.draft(image.mode, (longest, longest))  # decodes at 1/2, 1/4 … where that is ample
        image.load()
        image = ImageOps.exif_transpose(image)
        image, transparent, deep = _plain(image)
        if colour is False and image.mode != "L":
            image = image.convert("L")
        own = (image.height, image.width)
        pixels = np.asarray(
            image if size in (None, own) or size is None else fitted(image, size, fit)
        )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableError("too many pixels") from None
    except BROKEN as error:
        if isinstance(error, MemoryError):
            raise UnreadableError("too large for the memory there is") from None
        raise UnreadableError(damage(data, sniff(data))) from None
    if pixels.ndim == 3 and colour is None and _is_grey(pixels):
        pixels = pixels[:, :, 0]
    if pixels.ndim == 2 and colour:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return Decoded(
        np.ascontiguousarray(pixels), transparent, deep, size is not None and size != own
    )


def fitted(image: Image, size: tuple[int, int], fit: Fit) -> Image:
    """An image in mode L or RGB brought to (rows, columns), as `decode` says."""
    from PIL import Image

    rows, columns = size
    method = Image.Resampling.BILINEAR
    if fit == "stretch":
        return image.resize((columns, rows), method)
    across, down = columns / image.width, rows / image.height
    if fit == "crop":
        scale = max(across, down)
        width, height = columns / scale, rows / scale
        left, top = (image.width - width) / 2, (image.height - height) / 2
        box = (
            max(left, 0),
            max(top, 0),
            min(left + width, image.width),
            min(top + height, image.height),
        )
        return image.resize((columns, rows), method, box)
    scale = min(across, down)
    width = min(max(round(image.width * scale), 1), columns)
    height = min(max(round(image.height * scale), 1), rows)
    ground = np.round(border_median(np.asarray(image))).astype(int)
    fill = int(ground[0]) if image.mode == "L" else tuple(int(value) for value in ground)
    padded = Image.new(image.mode, (columns, rows), fill)
    small = image.resize((width, height), method)
    padded.paste(small, ((columns - width) // 2, (rows - height) // 2))
    return padded


def border_median(pixels: Array) -> FloatArray:
    """The median of the outermost pixels, for each channel: what lies behind the drawing."""
    flat = pixels.reshape(*pixels.shape[:2], -1)
    edges = [flat[0], flat[-1], flat[:, 0], flat[:, -1]]
    median: FloatArray = np.median(np.concatenate(edges), axis=0)
    return median


def _plain(image: Image) -> tuple[Image, bool, bool]:
    """The image in mode L or RGB; whether it was transparent anywhere; whether it was deeper."""
    from PIL import Image

    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image, False, False
    if mode.startswith("I") or mode == "F":
        deep: Any = _eight_bits(np.asarray(image))
        return Image.fromarray(deep), False, True
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        whole = image.convert("RGBA")
        if whole.getchannel("A").getextrema() == (255, 255):
            return whole.convert("RGB"), False, False
        paper = Image.new("RGBA", whole.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, whole).convert("RGB"), True, False
    return image.convert("L" if mode == "1" else "RGB"), False, False


def _eight_bits(values: Array) -> ByteArray:
    """Whole numbers up to 65,535, or fractions from 0 to 1, rounded to 8 bits."""
    least, most = values.min(), values.max()
    if values.dtype.kind == "f":
        if not 0 <= least <= most <= 1:
            raise UnreadableError(f"fractions from {least:.3g} to {most:.3g} instead of 0 to 1")
        return np.round(values * 255.0).astype(np.uint8)
    if least < 0 or most > 65535:
        raise UnreadableError(f"numbers from {least:,} to {most:,} instead of 8 or 16 bits")
    return ((values.astype(np.int64) * 255 + 32767) // 65535).astype(np.uint8)


def _is_grey(pixels: ByteArray) -> bool:
    red = pixels[:, :, 0]
    return bool((red == pixels[:, :, 1]).all() and (red == pixels[:, :, 2]).all())
