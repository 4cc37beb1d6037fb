"""MNIST's idx files: images and labels as plain bytes behind a short header, perhaps in gzip.

Source: the format's description by Y. LeCun, C. Cortes and C. Burges. A header is two zero bytes,
the type of the numbers (8: bytes), the number of axes, and the length of each axis as a
big-endian whole number of 32 bits.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import FileError
from ..types import ByteArray, IntArray
from .dataset import Card
from .images import ImageDataset
from .wording import counted, listed

LIMIT_BYTES: Final = 2 * 1024**3
_BYTES_TYPE = 8
_NAME = re.compile(
    r"(?P<stem>.*?)(?P<part>train|t10k|test)[-_.](?P<what>images|labels)[-._]idx\d[-._]ubyte(\.gz)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class IdxPair:
    """The files of one part: images, and labels where there are any."""

    images: Path
    labels: Path | None


def find_idx(path: Path) -> Mapping[str, IdxPair]:
    """The idx files of each part, "training" and "test", in a folder or beside a file of that kind.

    Empty where there are none. Names are as MNIST's, EMNIST's and Fashion-MNIST's: a stem, train
    or t10k or test, images or labels, idx3-ubyte, with hyphens or dots, perhaps .gz. Raises
    `FileError` for a folder that holds several sets.
    """
    if not path.is_dir() and not _NAME.fullmatch(path.name):
        return {}
    folder = path if path.is_dir() else path.parent
    found: dict[tuple[str, str], dict[str, Path]] = {}
    for place in sorted(folder.iterdir()):
        match = _NAME.fullmatch(place.name)
        if match and place.is_file():
            part = "training" if match["part"].lower() == "train" else "test"
            found.setdefault((match["stem"], part), {}).setdefault(match["what"].lower(), place)
    pairs = {
        key: IdxPair(files["images"], files.get("labels"))
        for key, files in found.items()
        if "images" in files
    }
    stems = sorted({stem for stem, _ in pairs})
    own = _NAME.fullmatch(path.name) if not path.is_dir() else None
    if own is not None:
        stems = [own["stem"]]
    if len(stems) > 1:
        raise FileError(
            f"There are several sets of idx files in {folder}",
            received=listed([stem.rstrip("-_.") or "(no name)" for stem in stems]),
            do="Name the images file of the set that is meant",
        )
    return {part: pair for (stem, part), pair in pairs.items() if stem in stems}


def read_idx_images(
    pair: IdxPair, classes: tuple[str, ...] | None = None, *, labelled: bool = True
) -> ImageDataset:
    """The images and labels of one part; classes are the numbers found, or as given.

    EMNIST's images lie on their side in the files and are turned upright. Raises `FileError`
    where a file is missing, damaged, or does not fit its header or its fellow.
    """
    pixels = read_idx(pair.images)
    if pixels.ndim != 3:
        raise FileError(
            f"{pair.images} does not hold images",
            received=counted(pixels.ndim, "axis", "axes"),
            allowed="Images have three: sample, row, column",
        )
    if 0 in pixels.shape:
        raise FileError(f"{pair.images} holds no images", received=f"{pixels.shape}")
    notes = []
    if pair.images.name.lower().startswith("emnist"):
        pixels = pixels.transpose(0, 2, 1)
        notes.append("turned upright: rows and columns exchanged")
    name = pair.images.parent.resolve().name
    count, rows, columns = pixels.shape
    labels, known = _labels(pair, count, classes) if labelled else (None, ())
    return ImageDataset(
        pixels=pixels[:, None],
        labels=labels,
        classes=known,
        card=Card(
            name=name,
            title=name,
            origin=pair.images.name,
            description=f"{counted(count, 'image')}, {rows} × {columns}, grey",
        ),
        notes=tuple(notes),
    )


def _labels(
    pair: IdxPair, count: int, classes: tuple[str, ...] | None
) -> tuple[IntArray, tuple[str, ...]]:
    if pair.labels is None:
        raise FileError(
            f"There are no labels beside {pair.images}",
            do="Put the labels file beside it, or read the images without classes: labelled=False",
        )
    values = read_idx(pair.labels)
    if values.shape != (count,):
        raise FileError(
            f"{pair.labels.name} does not fit {pair.images.name}",
            received=f"labels of shape {values.shape} for {counted(count, 'image')}",
        )
    found = _names(values)
    known = found if classes is None else classes
    strange = [name for name in found if name not in known]
    if strange:
        raise FileError(
            f"{pair.labels} has classes that the training part lacks",
            received=listed(strange),
            allowed=f"Classes of the training part: {listed(known)}",
        )
    place = np.zeros(256, np.int64)
    place[[int(name) for name in known]] = np.arange(len(known))
    return place[values], known


def idx_classes(pair: IdxPair) -> tuple[str, ...]:
    """The classes in the labels of a part, in order of their numbers."""
    return () if pair.labels is None else _names(read_idx(pair.labels))


def _names(values: ByteArray) -> tuple[str, ...]:
    return tuple(str(value) for value in np.unique(values))


def read_idx(path: Path) -> ByteArray:
    """The array in one idx file of bytes, its axes as the header says.

    Nothing is taken in memory on the header's word alone: the file's size is compared first, and
    of a packed file no more is unpacked than the header declares. Raises `FileError`.
    """
    try:
        packed = path.suffix.lower() == ".gz"
        with gzip.open(path) if packed else path.open("rb") as stream:
            shape = _header(stream, path)
            size = prod(shape)
            if not packed:
                _check_size(path, size, path.stat().st_size - 4 - 4 * len(shape))
            data = _at_most(stream, size + 1)
    except EOFError:
        raise FileError(f"{path} ends too early", do="Copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileError(
            f"{path} is not gzip data, or it is damaged",
            do="Copy or download it again; if it is not packed, leave .gz out of its name",
        ) from None
    except OSError as error:
        if isinstance(error, FileError):
            raise
        reason = error.strerror or type(error).__name__
        raise FileError(f"{path} cannot be read: {reason}") from None
    _check_size(path, size, len(data))
    array: ByteArray = np.frombuffer(data, np.uint8).reshape(shape)
    return array


def _header(stream: Any, path: Path) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\x00\x00" or not 1 <= magic[3] <= 4:
        raise FileError(
            f"{path} is not an idx file",
            received=f"first bytes {magic.hex(' ')}" if magic else "an empty file",
            allowed="It begins with 00 00 08 03 (images) or 00 00 08 01 (labels)",
            do="If it is packed with gzip, give it the suffix .gz"
            if magic[:2] == b"\x1f\x8b"
            else "",
        )
    if magic[2] != _BYTES_TYPE:
        raise FileError(
            f"{path} holds numbers of another kind",
            received=f"type {magic[2]:#04x}",
            allowed="Bytes (0x08) are read",
        )
    lengths = stream.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise FileError(f"{path} ends too early", do="Copy or download it again")
    shape = tuple(int.from_bytes(lengths[i : i + 4], "big") for i in range(0, len(lengths), 4))
    if prod(shape) > LIMIT_BYTES:
        raise FileError(
            f"{path} says that it is too large to read",
            received=" × ".join(f"{length:,}" for length in shape),
            allowed=f"Up to {LIMIT_BYTES / 1024**3:.0f} GiB",
        )
    return shape


def _at_most(stream: Any, size: int) -> bytearray:
    """Up to so many bytes, in pieces: a header may declare far more than there is."""
    data = bytearray()
    while len(data) < size and (piece := stream.read(min(size - len(data), 1 << 22))):
        data += piece
    return data


def _check_size(path: Path, declared: int, held: int) -> None:
    if held < declared:
        raise FileError(
            f"{path} ends too early",
            received=f"{held:,} of {declared:,} bytes",
            do="Copy or download it again",
        )
    if held > declared:
        raise FileError(
            f"{path} holds more than its header says",
            received=f"more than {declared:,} bytes",
            do="Copy or download it again",
        )
