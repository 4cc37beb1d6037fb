"""Small pictures in folders and archives, and files that are none, made where a test wants them."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def noise(seed: int, size: tuple[int, int] = (12, 10), channels: int = 1) -> np.ndarray:
    """(row, column) or (row, column, 3), bytes; columns are fewer than rows."""
    shape = size if channels == 1 else (*size, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def folder_of(
    place: Path, counts: dict[str, int], size: tuple[int, int] = (12, 10), channels: int = 1
) -> Path:
    """`counts` images in each class folder: a.0.png, b.1.png, a.2.png … each its own noise."""
    for label, (name, count) in enumerate(counts.items()):
        (place / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            pixels = noise(1000 * label + index, size, channels)
            (place / name / f"{'ab'[index % 2]}.{index}.png").write_bytes(encoded(pixels))
    return place


def zipped(folder: Path, archive: Path, top: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, top + path.relative_to(folder).as_posix())
    return archive


def bomb(rows: int, columns: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    )


def idx(array: np.ndarray, kind: int = 8, shape: tuple[int, ...] | None = None) -> bytes:
    """An idx file; `shape` is what its header says."""
    lengths = array.shape if shape is None else shape
    head = bytes([0, 0, kind, len(lengths)]) + b"".join(struct.pack(">I", n) for n in lengths)
    return head + array.astype(np.uint8).tobytes()


def mnist_like(
    place: Path,
    training: int = 20,
    test: int = 8,
    stem: str = "",
    pack: bool = False,
    dot: str = "-",
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Four idx files as MNIST has them; gives back images and labels of each part."""
    place.mkdir(parents=True, exist_ok=True)
    made = {}
    for seed, (part, word, count) in enumerate(
        (("training", "train", training), ("test", "t10k", test))
    ):
        pixels = np.random.default_rng(seed).integers(0, 256, (count, 6, 5), np.uint8)
        labels = np.arange(count) % 4
        made[part] = (pixels, labels)
        for what, array, axes in (("images", pixels, 3), ("labels", labels, 1)):
            data = idx(array)
            name = f"{stem}{word}-{what}{dot}idx{axes}-ubyte"
            if pack:
                name, data = f"{name}.gz", gzip.compress(data)
            (place / name).write_bytes(data)
    return made
