"""The answer *unknown* as a file of its own beside its model: arrays and JSON."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import safetensors
from safetensors.numpy import save as safetensors_bytes
from torch import nn

from ..errors import FileError
from ..files import replacing
from ..types import Array

if TYPE_CHECKING:
    from .open_set import OpenSet
    from .run import Run

KEY: Final = "layerwise"
KIND: Final = "open set"
VERSION: Final = 1
LARGEST_FILE: Final = 1 << 34


def save_open_set(guarded: OpenSet, path: str | Path) -> Path:
    """Write what was learned about the unknown; the file appears whole or not at all.

    The model itself is not in it: save that too. Raises `OutputError` for a place that cannot be
    written.
    """
    arrays, about = guarded.to_document()
    document = {
        "kind": KIND, "version": VERSION, "model": checksum(guarded.model), "about": about,
    }  # fmt: skip
    content = safetensors_bytes(
        {name: np.ascontiguousarray(values) for name, values in arrays.items()},
        {KEY: json.dumps(document, ensure_ascii=False)},
    )
    with replacing(Path(path)) as beside:
        beside.write_bytes(content)
    return Path(path)


def read_open_set(
    path: str | Path, model: Run | nn.Module
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and facts in a file, for `OpenSet.from_document`.

    Raises `FileError` for a file that is missing, too large, broken, foreign, of a later version,
    or that belongs to another model.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"There is no file {path}", do="Check the name")
    if path.stat().st_size > LARGEST_FILE:
        raise FileError(f"{path.name} is too large", allowed=f"{LARGEST_FILE >> 30} GiB")
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            document = json.loads((opened.metadata() or {})[KEY])
            kind, version = document["kind"], int(document["version"])
            about, of = dict(document["about"]), document["model"]
            sides = tuple(int(side) for side in about["shape"])
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (
        safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError, RecursionError
    ) as error:  # fmt: skip
        raise FileError(
            f"{path.name} does not hold what was learned about the unknown: {error}",
            do="Save it again, or use a whole copy",
        ) from error
    if kind != KIND or version > VERSION:
        raise FileError(
            f"{path.name} does not hold what was learned about the unknown",
            received=f"kind {kind!r}, version {version}",
        )
    network = model if isinstance(model, nn.Module) else model.model
    expected = None if isinstance(model, nn.Module) else model.preparation.shape
    if of != checksum(network) or (expected is not None and sides != tuple(expected)):
        raise FileError(
            f"{path.name} belongs to another model", do="Give the model that it was saved with"
        )
    return arrays, about


def checksum(model: nn.Module) -> int:
    """A number that differs, all but surely, for models with other parameters or buffers."""
    total = 0
    for name, value in model.state_dict().items():
        content = value.detach().cpu().contiguous().flatten().view(-1)
        total = zlib.crc32(name.encode(), total)
        total = zlib.crc32(content.float().numpy().tobytes(), total)
    return total
