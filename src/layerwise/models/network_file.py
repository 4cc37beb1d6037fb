"""A network as one file: safetensors with JSON in its header. No code, no pickle.

The file holds how the network is built (its spelling, see `grammar`), the shape of a sample, the
classes, how data are prepared, and every parameter and buffer. Loading builds the network again and
puts them in; a network that has no spelling is loaded into one that the caller gives.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import FileError, InputError
from ..files import replacing
from .builder import build
from .grammar import parse
from .shapes import sample_shape
from .spec import spec_of

KEY: Final = "layerwise"
KIND: Final = "network"
VERSION: Final = 1
LARGEST_FILE: Final = 1 << 36
MOST_CLASSES: Final = 1_000_000


@dataclass(frozen=True)
class NetworkDocument:
    """What a network's file says beside its numbers.

    `spec` is its spelling, None for a person's own module; `inputs` the shape of one sample;
    `classes` their names in the order of the logits; `preparation` and `about` are the caller's,
    any JSON: how data become inputs, and what is worth knowing.
    """

    spec: str | None
    inputs: tuple[int, ...]
    classes: tuple[str, ...]
    preparation: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


def document_of(
    model: nn.Module,
    inputs: tuple[int, ...],
    classes: tuple[str, ...],
    preparation: Mapping[str, Any] | None = None,
    about: Mapping[str, Any] | None = None,
) -> NetworkDocument:
    """The document for a model, with its spelling where it has one."""
    return NetworkDocument(spec_of(model), inputs, classes, preparation or {}, about or {})


def save_network(path: str | Path, model: nn.Module, document: NetworkDocument) -> Path:
    """Write the network; the file appears whole or not at all. Returns the path.

    Parameters that are one tensor under several names are written once. The same network gives
    the same bytes. Raises `InputError` for a state that is no plain tensors or a document that is
    no JSON, `OutputError` for a place that cannot be written.
    """
    path = Path(path)
    tensors, tied = _state(model)
    try:
        text = json.dumps(
            {
                "kind": KIND,
                "version": VERSION,
                "spec": document.spec,
                "inputs": list(sample_shape(document.inputs)),
                "classes": [str(name) for name in document.classes],
                "preparation": dict(document.preparation),
                "about": dict(document.about),
                "tied": tied,
            },
            ensure_ascii=False,
        )
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "What goes into a model file must be JSON", received=str(error), do="Leave it out"
        ) from error
    with replacing(path) as beside:
        mode = beside.stat().st_mode
        try:
            save_file(tensors, beside, {KEY: text})
            beside.chmod(mode)  # what is written has its own, for the owner alone
        except safetensors.SafetensorError as error:
            raise _system_error(error) from error
    return path


def read_document(path: str | Path) -> NetworkDocument:
    """What the file of a network says beside its numbers, which are not read.

    Raises `FileError` as `read_network` does.
    """
    path = Path(path)
    _check_size(path)
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            return _document(path, opened)[0]
    except FileError:
        raise
    except _UNREADABLE as error:
        raise _broken(path, error) from error


def read_network(
    path: str | Path, model: nn.Module | None = None
) -> tuple[nn.Module, NetworkDocument]:
    """A network that `save_network` wrote, in evaluation mode on the CPU, and its document.

    With `model` the numbers are put into it, wherever it is; without, the network is built from
    its spelling. All shapes are compared before any number is read. Raises `FileError` for a
    file that is missing, too large, truncated, foreign or of a later version, for one of another
    model (with the first tensor that does not fit), and without `model` for one of a person's own
    module. Nothing in the file is ever run.
    """
    path = Path(path)
    _check_size(path)
    try:
        with safetensors.safe_open(path, framework="pt") as opened:
            document, tied = _document(path, opened)
            kept = set(opened.keys())
            target = model if model is not None else _empty(path, document, len(kept))
            _check_tied(tied, kept)
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in sorted(kept)}
            shapes.update({name: shapes[first] for name, first in tied.items()})
            _check_state(path, shapes, target.state_dict())
            state = {name: opened.get_tensor(name).clone() for name in sorted(kept)}
            state.update({name: state[first] for name, first in tied.items()})
            _check_kinds(path, state, target.state_dict())
    except FileError:
        raise
    except _UNREADABLE as error:
        raise _broken(path, error) from error
    if model is None:
        target.to_empty(device="cpu")
    _put(state, target, as_it_is=model is None)
    return target.eval(), document


_UNREADABLE = (
    safetensors.SafetensorError, KeyError, TypeError, ValueError, AttributeError, OSError,
    RecursionError, MemoryError,
)  # fmt: skip


def _state(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Every tensor of the state once, and for each further name of one the first name."""
    tensors: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    first: dict[tuple[Any, ...], str] = {}
    storages: set[int] = set()
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_quantized:
            raise InputError(
                f"A model file keeps plain tensors, and {name!r} of this model is none",
                received=type(value).__name__,
            )
        if value.is_meta:
            raise InputError(f"{name!r} of this model has a shape and no numbers (device meta)")
        where = (value.data_ptr(), value.shape, value.stride(), value.dtype, value.device)
        if value.numel() and where in first:
            tied[name] = first[where]
            continue
        first[where] = name
        plain = value.detach().cpu().contiguous()
        storage = plain.untyped_storage().data_ptr()
        # Two names that share memory in part are written as two tensors.
        tensors[name] = plain.clone() if storage in storages else plain
        storages.add(storage)
    return tensors, tied


def _document(path: Path, opened: Any) -> tuple[NetworkDocument, dict[str, str]]:
    said = json.loads((opened.metadata() or {})[KEY])
    if said.get("kind") != KIND:
        raise FileError(f"{path.name} holds no network", received=f"kind {said.get('kind')!r}")
    version = int(said["version"])
    if version > VERSION:
        raise FileError(
            f"{path.name} was written by a later Layerwise",
            received=f"model version {version}",
            allowed=f"This one reads versions up to {VERSION}",
            do="Upgrade layerwise",
        )
    spec, classes, tied = said["spec"], said["classes"], said["tied"]
    if not (spec is None or isinstance(spec, str)):
        raise ValueError("its spelling is no text")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("its classes are no texts")
    if len(classes) > MOST_CLASSES:
        raise ValueError("it has too many classes")
    for name in ("preparation", "about"):
        if not isinstance(said[name], dict):
            raise ValueError(f"its {name} is no table of names")
    document = NetworkDocument(
        spec, sample_shape(said["inputs"]), tuple(classes), said["preparation"], said["about"]
    )
    return document, dict(tied)


def _empty(path: Path, document: NetworkDocument, tensors: int) -> nn.Module:
    """The network of the document's spelling, with shapes and no numbers yet."""
    if document.spec is None:
        raise FileError(
            f"{path.name} holds the numbers of a module that was not built by Layerwise",
            do="Make that module and give it as model=, so that they can be put into it",
        )
    spec = parse(document.spec)
    if (spec.depth or 0) > tensors:
        raise ValueError(f"it has {tensors:,} tensors, too few for {spec}")
    with torch.device("meta"):
        return build(spec, document.inputs, len(document.classes))


def _check_tied(tied: dict[str, str], kept: set[str]) -> None:
    for name, first in tied.items():
        if name in kept or first not in kept:
            raise ValueError(f"its tensor {name!r} stands for {first!r}, which is not there")


def _check_state(
    path: Path, shapes: Mapping[str, tuple[int, ...]], wanted: Mapping[str, Tensor]
) -> None:
    """Raise `FileError` for the first tensor that the model lacks, wants, or wants otherwise."""
    other = f"{path.name} is of another model"
    for name, tensor in wanted.items():
        if name not in shapes:
            raise FileError(f"{other}: the file has no {name!r}, which this model needs")
        if shapes[name] != tuple(tensor.shape):
            raise FileError(
                f"{other}: {name!r} does not fit",
                received=f"shape {shapes[name]}",
                allowed=f"This model wants {tuple(tensor.shape)}",
            )
    for name in shapes:
        if name not in wanted:
            raise FileError(f"{other}: the file has {name!r}, for which this model has no place")


def _check_kinds(path: Path, state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise `FileError` where whole numbers stand for fractions, or the other way round."""
    for name, tensor in wanted.items():
        if state[name].is_floating_point() != tensor.is_floating_point():
            raise FileError(
                f"{path.name} is of another model: {name!r} does not fit",
                received=f"numbers of type {state[name].dtype}".replace("torch.", ""),
                allowed=f"This model wants {tensor.dtype}".replace("torch.", ""),
            )


def _put(state: Mapping[str, Tensor], model: nn.Module, *, as_it_is: bool) -> None:
    """Put the tensors in; `as_it_is` keeps their precision, else the model's own is kept.

    `load_state_dict` takes time that grows with the square of the layers, half a minute for
    10,000, so that it is left to models whose state is not simply their parameters and buffers.
    """
    places: dict[str, Tensor] = dict(model.named_parameters(remove_duplicate=False))
    places.update(model.named_buffers(remove_duplicate=False))
    if not state.keys() <= places.keys():
        model.load_state_dict(dict(state), strict=True)
        return
    with torch.no_grad():
        for name, tensor in state.items():
            if as_it_is:
                places[name].data = tensor
            else:
                places[name].copy_(tensor)


def _check_size(path: Path) -> None:
    if not path.is_file():
        raise FileError(f"There is no model file {path}", do="Check the name")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FileError(
            f"{path.name} is too large for a model",
            received=f"{size / 2**30:.1f} GiB",
            allowed=f"At most {LARGEST_FILE >> 30} GiB",
        )


def _system_error(error: Exception) -> OSError:
    """The error of the system that safetensors reports in words, such as a full disk."""
    found = re.search(r"os error (\d+)", str(error))
    return OSError(int(found[1]) if found else errno.EIO, str(error))


def _broken(path: Path, error: Exception) -> FileError:
    return FileError(
        f"{path.name} is not a Layerwise model, or it is broken: {error}",
        do="Save the model again, or use a whole copy",
    )
