"""Arrays in memory as images: which axis is which, and numbers of any kind as bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..types import Array, ByteArray
from .dataset import Card
from .frames import read_labels
from .image_decode import fitted
from .image_folder import inverted
from .image_options import ImageOptions
from .images import ImageDataset
from .targets import encode, read_target
from .wording import counted


def read_image_array(source: Any, labels: Any = None) -> ImageDataset:
    """Images from an array, with `labels`, one for each, as classes.

    The array is (sample, row, column), (sample, row, column, channel) or (sample, channel, row,
    column): bytes, whole numbers 0 to 255, true and false, or fractions 0 to 1, which are rounded
    to 256 steps. Raises `InputError` for any other, and where either axis may be the channel.
    """
    array = _as_array(source)
    pixels, notes = _as_bytes(_channel_first(array))
    coded = None
    if labels is not None:
        target = read_target(read_labels(labels, len(pixels)))
        if target.missing.any():
            raise InputError(
                "Labels are missing",
                received=f"{target.missing.sum():,} of {counted(len(pixels), 'image')} without one",
                do="Leave those images out",
            )
        coded = encode(target)
    count, channels, rows, columns = pixels.shape
    kind = "grey" if channels == 1 else "colour"
    return ImageDataset(
        pixels=pixels,
        labels=None if coded is None else coded[0],
        classes=() if coded is None else coded[1],
        card=Card(
            name="images",
            title="images",
            origin="given in memory",
            description=f"{counted(count, 'image')}, {rows} × {columns}, {kind}",
        ),
        notes=tuple(notes),
    )


def looks_like_images(source: Any) -> bool:
    """Whether it is an array of three or four axes, or a pair that begins with one."""
    first = source[0] if isinstance(source, tuple) and source else source
    return getattr(first, "ndim", 0) in (3, 4)


def brought(images: ImageDataset, options: ImageOptions) -> ImageDataset:
    """The same images in the size, the channels and the polarity asked for, with notes."""
    from PIL import Image

    if options.group is not None:
        if images.names is None:
            raise InputError(
                f"The images {images.card.name!r} have no file names to find groups in",
                do="Leave group out, or give an ImageDataset its groups",
            )
        images = replace(images, groups=options.groups_of(images.names))
    pixels, notes = images.pixels, list(images.notes)
    size = options.rows_columns
    grey = options.colour is False and pixels.shape[1] == 3
    if (size is not None and size != pixels.shape[2:]) or grey:
        shape = size or pixels.shape[2:]
        channels = 1 if grey else pixels.shape[1]
        made = np.empty((len(pixels), channels, *shape), np.uint8)
        for place, each in enumerate(pixels):
            image = Image.fromarray(each[0] if len(each) == 1 else each.transpose(1, 2, 0))
            image = image.convert("L") if grey else image
            resized = np.asarray(fitted(image, (shape[0], shape[1]), options.fit))
            made[place] = resized if resized.ndim == 2 else resized.transpose(2, 0, 1)
        if shape != pixels.shape[2:]:
            notes.append(
                f"brought from {pixels.shape[2]} × {pixels.shape[3]} to {shape[0]} × {shape[1]}"
            )
        pixels = made
    if options.colour and pixels.shape[1] == 1:
        pixels = np.repeat(pixels, 3, axis=1)
    pixels = inverted(pixels, options, notes)
    if not options.labelled:
        images = replace(images, labels=None, classes=())
    return replace(images, pixels=pixels, notes=tuple(notes))


def _as_array(source: Any) -> Array:
    try:
        array = np.asarray(source)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"These values do not make images: {str(error).splitlines()[0]}",
            received=type(source).__name__,
        ) from None
    if array.ndim not in (3, 4) or array.dtype.kind not in "buif":
        raise InputError(
            "Images are an array of numbers: (sample, row, column), "
            "(sample, row, column, channel) or (sample, channel, row, column)",
            received=f"{array.dtype} of shape {array.shape}",
            do="One image alone becomes image[None]" if array.ndim == 2 else "",
        )
    if 0 in array.shape:
        raise InputError("There are no images in the array", received=f"shape {array.shape}")
    return array


def _channel_first(array: Array) -> Array:
    if array.ndim == 3:
        return array[:, None]
    first, last = array.shape[1] in (1, 3), array.shape[3] in (1, 3)
    if first and last:
        raise InputError(
            "Either axis may be the channel",
            received=f"shape {array.shape}",
            do="Pass an ImageDataset, which is (sample, channel, row, column)",
        )
    if not first and not last:
        raise InputError(
            "Images have one channel (grey) or three (red, green, blue)",
            received=f"shape {array.shape}",
            do="Leave the fourth channel, transparency, out" if 4 in array.shape[1::2] else "",
        )
    return array if first else array.transpose(0, 3, 1, 2)


def _as_bytes(array: Array) -> tuple[ByteArray, list[str]]:
    if array.dtype == np.uint8:
        return array, []
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), []
    least, most = array.min(), array.max()
    whole = array.dtype.kind in "iu"
    if not 0 <= least <= most <= (255 if whole else 1):
        raise InputError(
            "The pixels are out of range",
            received=f"{array.dtype} from {least:.6g} to {most:.6g}",
            allowed="Whole numbers 0 to 255, or fractions 0 to 1",
            do="" if whole or least < 0 or not most <= 255 else "Divide them by 255",
        )
    if whole:
        return array.astype(np.uint8), []
    values = np.asarray(array, np.float64) * 255
    rounded = np.round(values).astype(np.uint8)
    exact = np.allclose(values, rounded, rtol=0, atol=1e-3)
    return rounded, [] if exact else ["fractions rounded to 256 steps"]
