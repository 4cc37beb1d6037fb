"""One pass of a model, seen at the lowest level, and which numbers can reach a number of it.

Every operation is noted with the memory that it reads and writes. Going back through them, a mask
over that memory says which numbers matter; views, slices and in-place writes need no rule of their
own, as they are places in memory. What each operation's output needs of its input is in
`receptive_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from ...record.calls import Modules
from ...record.hooks import FUSED
from ...record.probe import Probe
from ...record.sites import Place, places_of
from .rules import (
    Closed,
    Note,
    flat_tensors,
    needed,
    notes_closed,
    start_of,
)


@dataclass(frozen=True, eq=False)
class LayerOutput:
    """A layer's output: where it lay in memory, and how many operations had run."""

    place: Place
    tensor: Tensor
    shape: tuple[int, ...]
    made_at: int


@dataclass(eq=False)
class Seen:
    """What a pass did: its operations in order, its layers by name, and what is uncertain."""

    source: Tensor
    notes: list[Note] = field(default_factory=list)
    layers: dict[str, LayerOutput] = field(default_factory=dict)
    closed: Closed = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # operations whose numbers left the tensors
    guessed: set[str] = field(default_factory=set)  # operations taken to need all of their inputs

    def reach(
        self, layer: LayerOutput, index: tuple[int, ...], watched: Sequence[LayerOutput] = ()
    ) -> tuple[Tensor, list[Tensor]]:
        """Which inputs can reach that number of a layer's output, and which of watched layers'.

        The first is of the input's shape, the others of the layers'; all are true or false.
        """
        masks = _Masks()
        seed = torch.zeros(layer.shape, dtype=torch.bool)
        seed[index] = True
        masks.add(layer.tensor, seed)
        found: dict[int, Tensor] = {}
        waiting = sorted(enumerate(watched), key=lambda pair: pair[1].made_at)
        for position in range(layer.made_at, 0, -1):
            while waiting and waiting[-1][1].made_at >= position:
                number, other = waiting.pop()
                found[number] = masks.of(other.tensor)
            note = self.notes[position - 1]
            wanted = [masks.take(written) for written in note.outputs]
            if any(bool(mask.any()) for mask in wanted):
                for source, mask in needed(note, wanted, self.closed, self.guessed):
                    masks.add(source, mask)
        for number, other in waiting:
            found[number] = masks.of(other.tensor)
        return masks.of(self.source), [found[number] for number in range(len(watched))]


def watch(model: nn.Module, args: tuple[Any, ...], source: Tensor, modules: Modules) -> Seen:
    """A pass of the model, with every operation that depends on `source`, one of `args`."""
    seen = Seen(source)
    made: list[tuple[Tensor, int]] = []

    def on_output(number: int, tensor: Tensor) -> None:
        made.append((tensor, len(seen.notes)))

    probe = Probe(model, on_output=on_output, modules=modules)
    for number, given in enumerate(given for given in args if isinstance(given, Tensor)):
        probe.add_input("input" if len(args) == 1 else f"input.{number}", given)
    # Layers that run as one where nothing can learn are looked into where something can.
    looked = source.requires_grad and any(isinstance(part, FUSED) for _, part in modules)
    with _plainly(), torch.set_grad_enabled(looked), _Noting(seen), probe:
        model(*args)
    for number, place in _places_by_number(probe).items():
        tensor, made_at = made[number]
        layer = LayerOutput(place, tensor, tuple(place.seen.shape), made_at)
        if tuple(tensor.shape) == layer.shape:
            seen.layers[place.site.name] = layer
    return seen


def output_numbers(model: nn.Module, source: Tensor, modules: Modules) -> dict[str, int]:
    """The name of each output of a pass → its number in the order in which a probe tells of them.

    Attention takes another way where derivatives are wanted, so the numbers are those of a pass
    of that kind.
    """
    probe = Probe(model, on_output=lambda number, tensor: None, modules=modules)
    with torch.inference_mode(False), torch.enable_grad():
        given = source.clone()  # a leaf must not be written into
        probe.add_input("input", given)
        with probe:
            model(given)
    return {place.site.name: number for number, place in _places_by_number(probe).items()}


def _places_by_number(probe: Probe) -> dict[int, Place]:
    """The places of a run's outputs, by the number under which the probe told of them."""
    probe.settle()
    operations = probe.operations
    outputs = [output for done in operations for output in done.outputs]
    numbers = {id(output): number for number, output in enumerate(outputs)}
    return {
        numbers[id(place.seen)]: place
        for place in places_of(operations, probe.inputs, probe.returned)
        if id(place.seen) in numbers
    }


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes each operation on something that came from the source."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seen = seen
        self._reached = {start_of(seen.source)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        given = flat_tensors((args, kwargs))
        sources = [tensor for tensor in given if start_of(tensor) in self._reached]
        written = [
            tensor
            for argument, value in zip(func._schema.arguments, args, strict=False)
            if argument.alias_info is not None and argument.alias_info.is_write
            for tensor in flat_tensors(value)
        ]
        known = {start_of(tensor) for tensor in given}
        fresh = [part for part in flat_tensors(result) if start_of(part) not in known]
        outputs = [*written, *fresh]
        if sources and isinstance(result, (bool, int, float)):  # Python goes on with it
            self._seen.lost.add(str(func).split(".")[1])
        if outputs and (sources or written):
            if sources:
                self._reached.update(start_of(tensor) for tensor in outputs)
            reached = {id(tensor) for tensor in sources}
            note = Note(func, args, kwargs, outputs, reached)
            if sources or any(start_of(tensor) in self._reached for tensor in written):
                self._seen.notes.append(note)
                notes_closed(note, self._seen.closed)
        return result


class _Masks:
    """True where a number in memory matters, by the memory that tensors look into."""

    def __init__(self) -> None:
        self._masks: dict[int, Tensor] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """The mask of what a tensor looks at (…axes of the tensor)."""
        if start_of(tensor) not in self._masks:
            return torch.zeros(tensor.shape, dtype=torch.bool)
        mask = self._mask(tensor)
        seen = mask.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
        return seen.clone()

    def take(self, tensor: Tensor) -> Tensor:
        """The mask of a tensor that was written here: what was there before does not matter."""
        found = self.of(tensor)
        if bool(found.any()):
            seen = _looked_at(self._mask(tensor), tensor)
            if seen is None:
                self._mask(tensor)[_places(tensor)[found]] = False
            else:
                seen.zero_()
        return found

    def add(self, tensor: Tensor, wanted: Tensor) -> None:
        """What a tensor looks at matters where `wanted` is true."""
        mask = self._mask(tensor)
        seen = _looked_at(mask, tensor)
        if seen is None:
            mask[_places(tensor)[wanted]] = True
        else:
            seen |= wanted

    def _mask(self, tensor: Tensor) -> Tensor:
        """The mask of a tensor's memory, a place for each number of its kind.

        Memory that is looked at as numbers of another size (the real part of complex ones) has its
        mask brought to that size: a larger number matters if any part of it does.
        """
        start, size = start_of(tensor), tensor.element_size()
        count = tensor.untyped_storage().nbytes() // size
        mask = self._masks.get(start)
        if mask is None:
            mask = torch.zeros(count, dtype=torch.bool)
        elif len(mask) < count:
            mask = mask.repeat_interleave(count // len(mask))
        elif len(mask) > count:
            parts = len(mask) // count
            mask = mask[: count * parts].reshape(count, parts).any(1)
        self._masks[start] = mask
        return mask


def _looked_at(mask: Tensor, tensor: Tensor) -> Tensor | None:
    """What a tensor looks at of a mask, to be written to; None where places may share memory."""
    reach = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if stride < reach:
                return None
            reach = stride * size
    return mask.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())


def _places(tensor: Tensor) -> Tensor:
    """For each number of a tensor its place in memory (…axes of the tensor)."""
    places = torch.tensor(tensor.storage_offset(), dtype=torch.int64)
    for axis, (size, stride) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)):
        shape = [1] * tensor.dim()
        shape[axis] = size
        places = places + (torch.arange(size) * stride).reshape(shape)
    return places.expand(tensor.shape)


@contextmanager
def _plainly() -> Iterator[None]:
    """Recurrent layers and attention step by step, so that what is inside of them can be seen."""
    fused, recurrent = torch.backends.mha.get_fastpath_enabled(), torch._C._get_mkldnn_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        torch._C._set_mkldnn_enabled(recurrent)


def layer_names(layers: Mapping[str, LayerOutput]) -> dict[str, str]:
    """Every name by which a layer may be asked for → its own: modules with parts by what they give.

    A module called more than once stands for its last call under its own name.
    """
    found = {name: name for name in layers}
    for name, layer in layers.items():
        for other in (layer.place.names, layer.place.site.about.get("ends", ())):
            for also in other:
                if also and also not in layers:
                    found[also] = name
    return found
