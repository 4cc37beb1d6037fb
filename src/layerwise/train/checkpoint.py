"""The whole state of a training as one file: safetensors with JSON in its header. No pickle.

The file is written beside and renamed, so that at any moment there is one whole checkpoint: a
training killed at any time goes on from it. Its identity (model, data, options) is compared before
anything is taken from it, and the first difference is named.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
from safetensors.torch import save_file
from torch import Tensor

from ..errors import FileError, InputError
from ..files import replacing
from .state_tree import joined_state, split_state

KEY: Final = "layerwise"
KIND: Final = "training checkpoint"
VERSION: Final = 1
NAME: Final = "checkpoint.safetensors"
Identity = Mapping[str, Any]


def write_checkpoint(path: Path, identity: Identity, state: Mapping[str, Any]) -> None:
    """Write the state; the file appears whole or not at all, and is on the disk on return.

    Raises `OutputError` for a place that cannot be written: the checkpoint before stays as it was.
    """
    tree, tensors = split_state(state)
    document = {"kind": KIND, "version": VERSION, "identity": identity, "state": tree}
    header = {KEY: json.dumps(document, ensure_ascii=False)}
    with replacing(path) as beside:
        try:
            save_file({name: _own(tensor) for name, tensor in tensors.items()}, beside, header)
        except safetensors.SafetensorError as error:
            found = re.search(r"os error (\d+)", str(error))
            raise OSError(int(found[1]) if found else errno.EIO, str(error)) from error
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
    with suppress(OSError):  # the folder's entry, where the system can write that down
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_checkpoint(path: Path, identity: Identity) -> dict[str, Any]:
    """The state in a checkpoint of exactly that identity.

    Raises `FileError` for a file that is broken, foreign or of a later version, `InputError` that
    names the first difference where the model, the data or an option is another.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            document = json.loads((opened.metadata() or {})[KEY])
            # Copies: sums depend on how numbers lie in memory, and a file's lie anywhere.
            tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118
        if document["kind"] != KIND:
            raise ValueError(f"it holds a {document['kind']}")
        if document["version"] > VERSION:
            raise FileError(
                f"{path.name} was written by a later Layerwise",
                received=f"checkpoint version {document['version']}",
                allowed=f"This one reads versions up to {VERSION}",
                do="Upgrade layerwise",
            )
        found: Any = document["identity"]
        if not isinstance(found, dict):
            raise TypeError("it does not say what it is of")
        state: Any = joined_state(document["state"], tensors)
        if not isinstance(state, dict):
            raise TypeError("its state is no table")
    except FileError:
        raise
    except (
        safetensors.SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError,
    ) as error:  # fmt: skip
        raise FileError(
            f"{path} is no checkpoint of a training, or it is broken: {error}",
            do="Train into another folder, or remove that file",
        ) from error
    _compare(found, identity)
    return state


def model_identity(model: torch.nn.Module) -> dict[str, Any]:
    """What a model is: the shape and type of every tensor, and how it prints."""
    tensors = {
        name: f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
        for name, tensor in model.state_dict().items()
        if isinstance(tensor, Tensor)
    }
    lines = re.sub(r" at 0x[0-9a-f]+", "", repr(model)).splitlines()
    return {"tensors": tensors, "modules": lines}


def _own(tensor: Tensor) -> Tensor:
    """The tensor's numbers in memory of their own, on the CPU, as safetensors asks for."""
    return tensor.to("cpu", copy=True).contiguous()


def _compare(found: Identity, wanted: Identity) -> None:
    for section, what in (("model", "model"), ("data", "data"), ("options", "options")):
        difference = _first_difference(found.get(section), wanted.get(section))
        if difference:
            raise InputError(
                f"The checkpoint is of another training: its {what} differ"
                + ("s" if what == "model" else ""),
                received=difference,
                do="Give what it was trained with, or train into another folder",
            )


def _first_difference(found: Any, wanted: Any, place: str = "") -> str:
    """Where two documents first differ, in words; "" where they are the same."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        for key in [*found, *(key for key in wanted if key not in found)]:
            inner = f"{place} {key}".strip()
            if key not in wanted:
                return f"{inner}, which is only in the checkpoint"
            if key not in found:
                return f"{inner}, which is not in the checkpoint"
            difference = _first_difference(found[key], wanted[key], inner)
            if difference:
                return difference
        return ""
    if _are_lists(found, wanted):
        for number, (old, new) in enumerate(zip(found, wanted, strict=False)):
            difference = _first_difference(old, new, f"{place} {number}".strip())
            if difference:
                return difference
        if len(found) != len(wanted):
            return f"{place}: {len(found)} of them in the checkpoint and {len(wanted)} now"
        return ""
    return "" if found == wanted else f"{place}: {_short(found)} there, {_short(wanted)} now"


def _are_lists(first: Any, second: Any) -> bool:
    return all(isinstance(each, Sequence) and not isinstance(each, str) for each in (first, second))


def _short(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
