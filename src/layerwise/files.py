"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import LayerwiseError, OutputError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this file system allows",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.EIO: "the disk reports an error",
}


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A place beside `path` to write to; when all went well it takes the name of `path`.

    The place is an empty file in the same folder with the same suffix. Whatever is raised inside,
    a keyboard interrupt too, it is removed and an older file at `path` stays as it was. Raises
    `OutputError` where the folder is missing, the path is a folder or a device, or the place
    cannot be written (permission, full disk).
    """
    target = Path(path)
    if not target.name:
        raise OutputError("A file needs a name", received=repr(str(path)))
    with suppress(OSError):
        target = target.resolve()  # a link stays a link: what it points to is replaced
    if target.is_dir():
        raise OutputError(f"Cannot write {path}: it is a folder", do="Name a file in it")
    if target.exists() and not target.is_file():
        raise OutputError(f"Cannot write {path}: it is not a regular file")
    if not target.parent.is_dir():
        raise OutputError(
            f"Cannot write {path}: there is no folder {Path(path).parent}", do="Create it first"
        )
    beside = _create_beside(target, path)
    try:
        yield beside
        beside.replace(target)
    except OSError as error:
        if isinstance(error, LayerwiseError) or error.errno not in _REASONS:
            raise
        raise _output_error(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _create_beside(target: Path, path: str | Path) -> Path:
    while True:
        # The stem is cut so that the longer name still fits where the file's own name does.
        beside = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(4)}{target.suffix}")
        try:
            os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return beside
        except FileExistsError:
            continue
        except OSError as error:
            raise _output_error(path, error) from error


def _output_error(path: str | Path, error: OSError) -> OutputError:
    reason = _REASONS.get(error.errno or 0, error.strerror or "the system refuses it")
    return OutputError(
        f"Cannot write {path}: {reason}",
        do="Choose a place that can be written, or make room there",
    )
