"""Where images lie: the files in a folder, or in a zip archive that is never unpacked to disk."""

from __future__ import annotations

import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..errors import FileError
from .image_check import LIMIT_BYTES, SUFFIXES, UnreadableError

LIMIT_UNPACKED: Final = 16 * 1024**3
"""So many bytes at most may the images in an archive have, unpacked."""

_SKIPPED = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class ImageFile:
    """One image file: its path from the top, with slashes, and how its bytes are read."""

    name: str
    read: Callable[[], bytes]  # raises UnreadableError

    @property
    def folder(self) -> str:
        """The first folder on its way; "" for a file at the top."""
        return self.name.partition("/")[0] if "/" in self.name else ""


@dataclass
class Listing:
    """What a folder or an archive holds: image files by name, other files, and folders."""

    label: str
    stem: str
    files: list[ImageFile] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    deeper: set[str] = field(default_factory=set)
    """Every folder by its path, empty ones as well."""
    notes: list[str] = field(default_factory=list)
    """What a reader of these files must be told."""

    def within(self, folder: str) -> Listing:
        """What lies in one of the first folders, named from there."""
        start = f"{folder}/"
        below = Listing(f"{self.label}/{folder}", self.stem)
        for file in self.files:
            if file.name.startswith(start):
                below.files.append(ImageFile(file.name[len(start) :], file.read))
        below.deeper = {path[len(start) :] for path in self.deeper if path.startswith(start)}
        below.others = [other for other in self.others if other.startswith(start)]
        return below

    @property
    def folders(self) -> list[str]:
        """The first folders, in order of their names."""
        return sorted(path for path in self.deeper if "/" not in path)


def list_images(path: Path) -> Listing:
    """The image files in a folder or a .zip archive, at any depth, in order of their names.

    Hidden files are passed over. Links are followed. Raises `FileError` for a place that is
    missing or cannot be read, links that lead in a circle, and archives that are damaged, locked
    or unpack to too much.
    """
    try:
        listing = _in_folder(path) if path.is_dir() else _in_archive(path)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        reason = error.strerror or type(error).__name__
        raise FileError(f"{error.filename or path} cannot be read: {reason}") from None
    listing.files.sort(key=lambda file: file.name)
    return listing


def single_image(path: Path) -> Listing:
    """One image file, in a listing of its own."""
    return Listing(str(path), path.stem, [ImageFile(path.name, lambda: _bytes(path))])


def _in_folder(path: Path) -> Listing:
    listing = Listing(str(path), path.resolve().name)
    for place, name, is_folder in _walk(path, "", ()):
        if is_folder:
            listing.deeper.add(name)
        elif _looks_like_image(name):
            listing.files.append(ImageFile(name, lambda place=place: _bytes(place)))  # type: ignore[misc]
        else:
            listing.others.append(name)
    return listing


def _walk(
    folder: Path, start: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Path, str, bool]]:
    """Each place below a folder, its name from the top, and whether it is a folder."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise FileError(
            f"{folder} is a link that leads back to a folder above it", do="Remove the link"
        )
    with os.scandir(folder) as entries:
        found = sorted(entry.name for entry in entries)
    for name in found:
        if name.startswith(".") or name in _SKIPPED:
            continue
        place = folder / name
        is_folder = place.is_dir()
        yield place, start + name, is_folder
        if is_folder:
            yield from _walk(place, f"{start}{name}/", (*above, here))


def _bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("a device or a pipe")
        if status.st_size > LIMIT_BYTES:
            raise UnreadableError(f"too large: {status.st_size:,} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError("a link that leads nowhere") from None
    except OSError as error:
        raise UnreadableError((error.strerror or "cannot be read").lower()) from None


def _in_archive(path: Path) -> Listing:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError):
        raise FileError(
            f"{path} is not a zip archive, or it is damaged", do="Copy or download it again"
        ) from None
    infos = [info for info in archive.infolist() if not _passed_over(info)]
    top = _single_top(infos)
    listing = Listing(str(path), path.stem)
    total = 0
    lock = threading.Lock()
    for info in infos:
        name = info.filename.replace("\\", "/").strip("/")[len(top) :]
        folders = name.split("/") if info.is_dir() else name.split("/")[:-1]
        listing.deeper.update("/".join(folders[:i]) for i in range(1, len(folders) + 1))
        if info.is_dir():
            continue
        if not _looks_like_image(name):
            listing.others.append(name)
            continue
        if info.flag_bits & 1:
            raise FileError(f"{path} is locked with a password", do="Unpack it first")
        total += info.file_size
        listing.files.append(
            ImageFile(name, lambda info=info: _unpacked(archive, info, lock))  # type: ignore[misc]
        )
    if total > LIMIT_UNPACKED:
        raise FileError(
            f"{path} unpacks to too much",
            received=f"{total / 1024**3:,.1f} GiB",
            allowed=f"Up to {LIMIT_UNPACKED / 1024**3:.0f} GiB",
            do="Unpack it and name the folder",
        )
    listing.deeper.discard("")
    return listing


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, lock: threading.Lock) -> bytes:
    """One member's bytes: never more than it declares, and that is within the limit."""
    if info.file_size > LIMIT_BYTES:
        raise UnreadableError(f"too large: {info.file_size:,} bytes")
    try:
        with lock, archive.open(info) as stream:
            return stream.read(info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        raise UnreadableError("damaged in the archive") from None


def _passed_over(info: zipfile.ZipInfo) -> bool:
    """Hidden files, links, and what an operating system leaves behind."""
    parts = info.filename.replace("\\", "/").strip("/").split("/")
    hidden = any(part.startswith(".") or part in _SKIPPED for part in parts)
    return hidden or stat.S_ISLNK(info.external_attr >> 16)


def _single_top(infos: list[zipfile.ZipInfo]) -> str:
    """The one folder that all else in an archive lies in, with its slash; "" if there is none.

    A folder whose files lie directly in it is a class rather than a wrapping.
    """
    names = [info.filename.replace("\\", "/").strip("/") for info in infos if not info.is_dir()]
    tops = {name.partition("/")[0] for name in names}
    if len(tops) != 1 or not all(name.count("/") >= 2 for name in names if _looks_like_image(name)):
        return ""
    return f"{tops.pop()}/" if all("/" in name for name in names) else ""


def _looks_like_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES
