"""Whatever holds data becomes training, control and test parts, in memory or behind a loader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from ..data.dataset import Dataset
from ..data.images import ImageDataset
from ..data.parts import PARTS, Parts
from ..errors import InputError
from .losses import TargetKind
from .preparation import Preparation


@dataclass(frozen=True, eq=False)
class Memory:
    """Samples in memory: `inputs` (sample, …), `targets` (sample, …) whole numbers or floats."""

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.inputs)


Part: TypeAlias = Memory | DataLoader[Any] | TorchDataset[Any]


@dataclass(eq=False)
class Source:
    """The parts of some data, and what all of them share.

    `classes` are names in the order of the targets; empty where targets are numbers or nobody knows
    them. `named` says whether they were given as names, not as whole numbers.
    """

    training: Part
    control: Part | None = None
    test: Part | None = None
    target: TargetKind | None = None
    classes: tuple[str, ...] = ()
    named: bool = False
    preparation: Preparation = field(default_factory=Preparation)
    title: str = "data given in memory"
    parts: Parts | None = None
    notes: tuple[str, ...] = ()


def open_source(data: Any, seed: int) -> Source:
    """The parts of what was given.

    A `Parts` as it is; a `Dataset` or `ImageDataset` cut by its own `parts(seed=seed)`; a pair
    (X, y) of arrays or tensors, a torch data set or a loader: all of it for training; a tuple of
    two or three of these: training, control, test. Tables of a `Dataset` are standardised by their
    training part; everything else is taken as given. Raises `InputError` for data that is empty,
    not finite, or does not fit together.
    """
    if isinstance(data, (Dataset, ImageDataset)):
        data.require_labels()
        data = data.parts(seed=seed)
    if isinstance(data, Parts):
        return _from_sets(tuple(data), data)
    if isinstance(data, tuple) and 2 <= len(data) <= 3 and all(map(_is_part, data)):
        if all(isinstance(each, (Dataset, ImageDataset)) for each in data):
            return _from_sets(data, None)
        return _from_given(data)
    return _from_given((data,))


def _is_part(value: Any) -> bool:
    held = (tuple, Dataset, ImageDataset, TorchDataset, DataLoader)
    return isinstance(value, held) and not isinstance(value, torch.Tensor)


def _from_sets(sets: Sequence[Dataset | ImageDataset], parts: Parts | None) -> Source:
    """Parts that know their classes."""
    first = sets[0]
    for name, each in zip(PARTS[1:], sets[1:], strict=False):
        if type(each) is not type(first) or each.classes != first.classes:
            raise InputError(
                f"The {name} part is not of the same kind, or has other classes, than the training "
                "part",
                received=f"{each!r} and {first!r}",
            )
    if not len(first):
        raise InputError("There are no samples to learn from", received=repr(first))
    if isinstance(first, Dataset):
        preparation = Preparation.of_table(np.array(first.features))
    else:
        preparation = Preparation("as given", first.shape)
    made = []
    for each in sets:
        labels = torch.from_numpy(np.array(each.require_labels(), np.int64))
        made.append(Memory(preparation.apply(each), labels) if len(each) else None)
    made += [None] * (3 - len(made))
    if made[0] is None:
        raise InputError("There are no samples to learn from")
    return Source(
        made[0], made[1], made[2], "class", first.classes, True, preparation,
        first.card.title, parts, first.notes,
    )  # fmt: skip


def _from_given(given: Sequence[Any]) -> Source:
    """Parts as pairs, torch data sets or loaders; classes are read from the training part."""
    opened: list[Part] = []
    source: Source | None = None
    for name, one in zip(PARTS, given, strict=False):
        in_memory = isinstance(one, TensorDataset) and len(one.tensors) == 2
        each = one.tensors if in_memory else one
        if isinstance(each, (DataLoader, TorchDataset)) and not isinstance(
            each, (Dataset, ImageDataset)
        ):
            _check_length(each, name)
            opened.append(each)
            continue
        inputs, targets = _pair(each, name)
        if not isinstance(source, Source):
            inputs, source = _first(inputs)
            source.named, source.classes = _classes_in(targets)
        opened.append(_memory(inputs, targets, source, name))
    if source is None:
        source = Source(opened[0])
    source.training = opened[0]
    source.control = opened[1] if len(opened) > 1 else None
    source.test = opened[2] if len(opened) > 2 else None
    _read_target(source)
    return source


def _first(inputs: Any) -> tuple[Tensor, Source]:
    """The inputs of the first part that is in memory, and a source of samples of that shape."""
    tensor = Preparation().apply(inputs)
    empty = Memory(tensor[:0], torch.empty(0))
    return tensor, Source(empty, preparation=Preparation("as given", tuple(tensor.shape[1:])))


def _pair(given: Any, name: str) -> tuple[Any, Any]:
    if isinstance(given, (Dataset, ImageDataset)):
        return given, np.array(given.classes, np.str_)[given.require_labels()]
    if isinstance(given, (tuple, list)) and len(given) == 2:
        return given[0], given[1]
    raise InputError(
        f"The {name} data cannot be learned from",
        received=f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__,
        allowed="A Dataset, an ImageDataset, Parts, a pair (X, y), a torch Dataset or DataLoader, "
        "or a tuple of two or three of these: training, control, test",
    )


def _memory(inputs: Any, targets: Any, source: Source, name: str) -> Memory:
    tensor = source.preparation.apply(inputs)
    aims = _targets(targets, source)
    if not len(tensor):
        raise InputError(f"There are no samples in the {name} part")
    if len(tensor) != len(aims):
        raise InputError(
            f"Each sample of the {name} part needs one target",
            received=f"{len(tensor)} samples and {len(aims)} targets",
        )
    return Memory(tensor, aims)


def _classes_in(targets: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether targets are names, and then all of them in order."""
    if isinstance(targets, Tensor):
        return False, ()
    array = np.asarray(targets)
    if array.dtype.kind not in "OUST":
        return False, ()
    if array.ndim != 1 or any(name is None or name != name for name in array.tolist()):
        raise InputError(
            "Targets that are names must be one for each sample, none missing",
            received=f"shape {array.shape}",
        )
    return True, tuple(sorted({str(name) for name in array.tolist()}))


def _targets(targets: Any, source: Source) -> Tensor:
    if source.named:
        number = {name: index for index, name in enumerate(source.classes)}
        names = [str(name) for name in np.asarray(targets).tolist()]
        for name in names:
            if name not in number:
                raise InputError(
                    f"The class {name!r} is not in the training part",
                    allowed=f"Its classes are {', '.join(source.classes[:20])}",
                )
        return torch.tensor([number[name] for name in names], dtype=torch.int64)
    if isinstance(targets, Tensor):
        tensor = targets.detach()
    else:
        array = np.asarray(targets)
        if array.dtype.kind not in "biuf":
            raise InputError("Targets must be numbers or names", received=f"type {array.dtype}")
        kind = np.float64 if array.dtype.kind == "f" else np.int64
        tensor = torch.from_numpy(np.array(array, kind))
    if tensor.ndim == 0:
        raise InputError("Targets must be one for each sample", received="a single number")
    if tensor.is_floating_point():
        if not bool(torch.isfinite(tensor).all()):
            raise InputError("Targets must be finite numbers", do="Leave such samples out")
        return tensor
    return tensor[:, 0].long() if tensor.ndim == 2 and tensor.shape[1] == 1 else tensor.long()


def _check_length(part: Any, name: str) -> None:
    try:
        empty = len(part) == 0
    except TypeError:  # an iterable data set does not know
        return
    if empty:
        raise InputError(f"There are no samples in the {name} part")


def _read_target(source: Source) -> None:
    """What the targets are, and how many classes whole numbers make."""
    if not isinstance(source.training, Memory):
        return
    targets = source.training.targets
    if targets.is_floating_point():
        source.target = "number"
        return
    source.target = "class"
    if not source.named:
        source.classes = tuple(map(str, range(int(targets.max()) + 1)))
