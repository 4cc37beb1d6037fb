"""Folders of images, one folder for each class, read in threads and brought to one size."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, TypeVar

import numpy as np

from ..errors import FileError, InputError, TooLargeError
from ..types import ByteArray, IntArray
from .dataset import Card
from .image_check import SUFFIXES, UnreadableError, quiet_decoding
from .image_decode import Decoded, border_median, decode, upright_size
from .image_files import ImageFile, Listing
from .image_options import ImageOptions
from .images import ImageDataset
from .wording import counted, listed

SMALL: Final = 128
"""Where no image has a longer side, the commonest size is kept; otherwise all become `USUAL`."""

USUAL: Final = 64
LIMIT_BYTES: Final = 4 * 1024**3
_MOST_UNREADABLE = 0.1
_THREADS = 8

Result = TypeVar("Result")


def read_image_folder(
    listing: Listing, options: ImageOptions, classes: tuple[str, ...] | None = None
) -> ImageDataset:
    """The images in a listing; the first folder on the way to each names its class.

    `classes` are those that another part of the same data has, in its order; without them they
    are the folders, whole numbers by value, all others by their letters. An image that cannot be
    read is left out and named in a note; more than a tenth of such raise `FileError`, and so do
    folders that hold no image.
    """
    files = listing.files if not options.labelled else _in_classes(listing)
    known = class_names(listing, classes) if options.labelled else ()
    size = options.rows_columns or _usual_size(listing, files, options)
    _check_memory(listing, len(files), size, options)
    results = _each(files, lambda data: decode(data, size, fit=options.fit, colour=options.colour))
    found = _watched(results, files, "reading images", options)
    kept = [place for place, result in enumerate(found) if isinstance(result, Decoded)]
    notes = _left_out(listing, files, found, options)
    decoded = [result for result in found if isinstance(result, Decoded)]
    pixels, more = _stacked(decoded, size, options)
    names = [files[place].name for place in kept]
    labels: IntArray | None = None
    if options.labelled:
        labels = np.array([known.index(files[place].folder) for place in kept], np.int64)
        _check_filled(listing, labels, known, classes is None)
    own = [name.partition("/")[2] if options.labelled else name for name in names]
    return ImageDataset(
        pixels=pixels,
        labels=labels,
        classes=known,
        card=_card(listing, pixels),
        groups=options.groups_of(own),
        notes=(*notes, *more),
        names=tuple(names),
    )


def _in_classes(listing: Listing) -> list[ImageFile]:
    """The files that lie in a class folder. Raises `FileError` for a place without any."""
    files = [file for file in listing.files if file.folder]
    if files:
        return files
    do = "Make a folder for each class and put its images in it"
    if listing.files:
        raise FileError(
            f"The images in {listing.label} are not in folders, one for each class",
            received=counted(len(listing.files), "image") + f", {listing.files[0].name} for one",
            do=f"{do}; images without classes are read with labelled=False",
        )
    raise _nothing(listing, do)


def _nothing(listing: Listing, do: str) -> FileError:
    kinds = Counter(name.rpartition(".")[2].lower() for name in listing.others if "." in name)
    other = ", ".join(f"{count:,} .{kind}" for kind, count in kinds.most_common(5))
    empty = counted(len(listing.deeper), "empty folder") if listing.deeper else "an empty folder"
    return FileError(
        f"There are no images in {listing.label}",
        received=other or empty,
        allowed=f"Images are {', '.join(sorted(suffix[1:] for suffix in SUFFIXES))} files",
        do=do,
    )


def class_names(listing: Listing, known: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The classes that the first folders name, in order, or those known from another part.

    Raises `FileError` for an empty class folder, for a single one, and for one that is not known.
    """
    found = {file.folder for file in listing.files if file.folder}
    empty = [folder for folder in listing.folders if folder not in found]
    if known is not None:
        strange = sorted(found - set(known))
        if strange:
            raise FileError(
                f"{listing.label} has classes that the training part lacks",
                received=listed(strange),
                allowed=f"Classes of the training part: {listed(known)}",
            )
        return known
    if empty:
        raise FileError(
            f"{counted(len(empty), 'class folder')} in {listing.label} without an image",
            received=listed(empty),
            do="Fill it or remove it" if len(empty) == 1 else "Fill them or remove them",
        )
    if len(found) < 2:
        raise FileError(
            f"There is a single class in {listing.label}",
            received=listed(sorted(found)),
            allowed="At least two class folders are needed",
            do="Name the folder that holds the class folders, or read the images without classes: "
            "labelled=False",
        )
    return tuple(sorted(found, key=_order))


def _order(name: str) -> tuple[int, int, str]:
    """Whole numbers by value (2 before 10), before words by their letters."""
    whole = name.isascii() and name.isdigit() and len(name) < 20
    return (0, int(name), name) if whole else (1, 0, name)


def _usual_size(
    listing: Listing, files: Sequence[ImageFile], options: ImageOptions
) -> tuple[int, int]:
    """The commonest size where all are small, else 64 × 64; from the headers only."""
    if not files:
        raise _nothing(listing, "Name a folder that holds some")
    found = _watched(_each(files, upright_size), files, "checking images", options)
    sizes = Counter(size for size in found if isinstance(size, tuple))
    _left_out(listing, files, found, options)
    if max(max(size) for size in sizes) > SMALL:
        return USUAL, USUAL
    most = max(sizes.values())
    return max(size for size, count in sizes.items() if count == most)


def _check_memory(
    listing: Listing, count: int, size: tuple[int, int], options: ImageOptions
) -> None:
    needed = count * size[0] * size[1] * (1 if options.colour is False else 3)
    if needed > LIMIT_BYTES:
        raise TooLargeError(
            f"The images in {listing.label} are too many to hold at that size",
            received=f"{count:,} of {size[0]} × {size[1]} pixels, {needed / 1024**3:.1f} GiB",
            allowed=f"Up to {LIMIT_BYTES / 1024**3:.0f} GiB",
            do="Give a smaller size, or take grey ones",
        )


def _each(files: Sequence[ImageFile], read: Callable[[bytes], Result]) -> Any:
    """What `read` makes of each file's bytes, in their order, or why it cannot: an iterator."""

    def one(file: ImageFile) -> Result | UnreadableError:
        try:
            return read(file.read())
        except UnreadableError as error:
            return error

    with quiet_decoding(), ThreadPoolExecutor(min(_THREADS, (os.cpu_count() or 1) + 1)) as pool:
        try:
            yield from pool.map(one, files)
        finally:
            pool.shutdown(cancel_futures=True)


def _watched(
    results: Any, files: Sequence[ImageFile], what: str, options: ImageOptions
) -> list[Any]:
    """All results, with word of every hundredth part and of the last."""
    found = []
    step = max(len(files) // 100, 1)
    with closing(results):  # so that threads and filters end with an interruption
        for result in results:
            found.append(result)
            if len(found) % step == 0 or len(found) == len(files):
                options.tell(what, len(found), len(files))
    return found


def _left_out(
    listing: Listing, files: Sequence[ImageFile], found: Sequence[Any], options: ImageOptions
) -> list[str]:
    """Notes on what was left out. Raises `FileError` where it is more than a tenth."""
    broken = [
        f"{file.name} ({result.reason})"
        for file, result in zip(files, found, strict=True)
        if isinstance(result, UnreadableError)
    ]
    of = f"{len(broken):,} of {counted(len(files), 'image')}"
    if len(broken) > _MOST_UNREADABLE * len(files):
        raise FileError(
            f"{of} in {listing.label} cannot be read",
            received=listed(broken, 5),
            allowed="Up to a tenth may be left out",
            do="Copy or export them again, or take them away",
        )
    notes = list(listing.notes)
    if broken:
        were = "was" if len(broken) == 1 else "were"
        notes.append(f"{of} could not be read and {were} left out: {listed(broken)}")
    if listing.others:
        notes.append(
            f"left out {counted(len(listing.others), 'file')} of other kinds: "
            f"{listed(sorted(listing.others), 3)}"
        )
    outside = len(listing.files) - len(files)
    if outside:
        notes.append(f"left out {counted(outside, 'image')} outside the class folders")
    return notes


def _stacked(
    decoded: Sequence[Decoded], size: tuple[int, int], options: ImageOptions
) -> tuple[ByteArray, list[str]]:
    """All images in one array, (sample, channel, row, column), and what was done to them."""
    grey = all(image.pixels.ndim == 2 for image in decoded)
    pixels = np.empty((len(decoded), 1 if grey else 3, *size), np.uint8)
    for place, image in enumerate(decoded):
        flat = image.pixels.ndim == 2
        pixels[place] = image.pixels if flat else image.pixels.transpose(2, 0, 1)
    notes = []
    resized = sum(image.resized for image in decoded)
    if resized:
        how = {"pad": "padding", "crop": "cropping", "stretch": "stretching"}[options.fit]
        notes.append(
            f"{counted(resized, 'image')} of other sizes brought to {size[0]} × {size[1]} by {how}"
        )
    if transparent := sum(image.transparent for image in decoded):
        notes.append(f"{counted(transparent, 'image')} with transparency laid on white")
    if deep := sum(image.deep for image in decoded):
        notes.append(f"{counted(deep, 'image')} of more than 8 bits rounded to 8")
    return inverted(pixels, options, notes), notes


def inverted(pixels: ByteArray, options: ImageOptions, notes: list[str]) -> ByteArray:
    """The pixels, or 255 − pixels where that is asked for; a note says so.

    "auto" inverts all of them where the borders of most are brighter than the middle grey: dark
    ink on bright paper becomes bright ink on black.
    """
    if options.invert is False or not len(pixels):
        return pixels
    if options.invert == "auto":
        borders = [border_median(image.transpose(1, 2, 0)).mean() for image in pixels]
        border = float(np.median(borders))
        if border <= 127.5:
            notes.append(f"not inverted: the borders are dark (median {border:.0f} of 255)")
            return pixels
        notes.append(f"inverted: the borders were bright (median {border:.0f} of 255)")
    else:
        notes.append("inverted: 255 became 0")
    return 255 - pixels


def _check_filled(
    listing: Listing, labels: IntArray, classes: tuple[str, ...], complete: bool
) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    if complete and not counts.all():
        names = [classes[place] for place in np.flatnonzero(counts == 0)]
        raise InputError(
            f"No image could be read of {counted(len(names), 'class', 'classes')} in "
            f"{listing.label}",
            received=listed(names),
            do="Copy or export them again, or remove the folder",
        )


def _card(listing: Listing, pixels: ByteArray) -> Card:
    count, channels, rows, columns = pixels.shape
    kind = "grey" if channels == 1 else "colour"
    return Card(
        name=listing.stem,
        title=listing.stem,
        origin=listing.stem,
        description=f"{counted(count, 'image')}, {rows} × {columns}, {kind}",
    )
