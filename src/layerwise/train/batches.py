"""Batches in a seeded order, from memory or from anyone's loader, that can be taken up midway."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data import Dataset as TorchDataset

from ..errors import InputError
from ..types import Float32Array, IntArray
from .preparation import Taken
from .randomness import random_numbers_kept, random_state, sample_order, set_random_state
from .source import Memory, Part

Batch: TypeAlias = tuple[Tensor, Tensor]
Augmentation: TypeAlias = Callable[[Float32Array, IntArray, int, int], Float32Array]
"""(batch, sample numbers, epoch, seed) → batch; must depend on nothing else."""

FLOAT_BYTES = 1 << 30  # more than this of pixels stays bytes, and each batch is scaled by itself


class Batches(Protocol):
    """What a training reads from."""

    steps: int | None

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from the `skip`-th on; `number` counts from 0."""
        ...

    def fixed(self) -> Iterator[Batch]:
        """All samples in an order that is always the same; no random number is used up."""
        ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs in order to go on in the middle of an epoch."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        ...

    def identity(self) -> dict[str, Any]:
        """What tells this data from other data."""
        ...


def make_batches(
    part: Part,
    taken: Taken,
    *,
    size: int | None,
    seed: int,
    augment: Augmentation | None = None,
    merge_single: bool = False,
) -> Batches:
    """The batches of a part: `size` samples each (None: all), as the model takes them.

    A loader keeps its own size and order. With `merge_single` a last batch of a single sample is
    joined to the one before, as batch norm cannot learn from one.
    """
    if isinstance(part, Memory):
        return MemoryBatches(part, taken, size, seed, augment, merge_single)
    if augment is not None:
        raise InputError(
            "augment works on images in memory", do="Augment in the data set that is loaded from"
        )
    if not isinstance(part, DataLoader):
        part = _loader(part, size, seed)
    return LoaderBatches(part, taken)


class MemoryBatches:
    """Samples in memory, in the order of `randomness.sample_order`."""

    def __init__(
        self,
        part: Memory,
        taken: Taken,
        size: int | None,
        seed: int,
        augment: Augmentation | None = None,
        merge_single: bool = False,
    ) -> None:
        self._taken, self._seed, self._augment = taken, seed, augment
        self._part = part
        few = part.inputs.numel() * 4 <= FLOAT_BYTES
        self._inputs = taken.inputs(part.inputs) if few else part.inputs
        self._ready = few
        self._targets = taken.targets(part.targets)
        count = len(part)
        self._size = min(size or count, count)
        starts = list(range(0, count, self._size))
        if merge_single and len(starts) > 1 and count - starts[-1] == 1:
            starts.pop()
        self._cuts = list(zip(starts, [*starts[1:], count], strict=True))
        self.steps: int | None = len(self._cuts)
        if augment is not None and self._inputs.ndim != 4:
            raise InputError(
                "augment works on images, (sample, channel, row, column)",
                received=f"samples of shape {tuple(part.inputs.shape[1:])}",
            )

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of an epoch in its own order."""
        order = sample_order(len(self._part), self._seed, number)
        here, there = order.to(self._inputs.device), order.to(self._targets.device)
        changed = not self._ready or self._augment is not None
        for start, stop in self._cuts[skip:]:
            rows = here[start:stop]
            inputs = self._inputs.index_select(0, rows)
            if changed:
                inputs = self._changed(inputs, order[start:stop], number)
            if there is not here:
                rows = there[start:stop]
            yield inputs, self._targets.index_select(0, rows)

    def _changed(self, inputs: Tensor, rows: Tensor, epoch: int) -> Tensor:
        if not self._ready:
            inputs = self._taken.inputs(inputs)
        if self._augment is None:
            return inputs
        plain = inputs.cpu().to(torch.float32).numpy()
        changed = np.ascontiguousarray(self._augment(plain, rows.numpy(), epoch, self._seed))
        return torch.from_numpy(changed).to(inputs)

    def fixed(self) -> Iterator[Batch]:
        """All samples as they come."""
        for start in range(0, len(self._part), max(self._size, 256)):
            inputs = self._inputs[start : start + max(self._size, 256)]
            targets = self._targets[start : start + len(inputs)]
            yield inputs if self._ready else self._taken.inputs(inputs), targets

    def sample(self, count: int) -> Tensor:
        """Some inputs, evenly spread over all of them: always the same ones."""
        return self.pairs(count)[0]

    def pairs(self, count: int) -> Batch:
        """Such inputs with their targets."""
        rows = torch.linspace(0, len(self._part) - 1, min(count, len(self._part))).long()
        rows = rows.to(self._inputs.device)
        return self._taken.inputs(self._inputs[rows]), self._targets[rows]

    def state(self) -> dict[str, Any]:
        """Nothing: the order follows from seed and epoch."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Nothing to take."""

    def identity(self) -> dict[str, Any]:
        """Shapes, and a checksum of all numbers."""
        sums = []
        for tensor in (self._part.inputs, self._part.targets):
            plain = tensor.detach().cpu().contiguous()
            sums.append(
                zlib.crc32(plain.reshape(-1).view(torch.uint8).numpy().data) if plain.numel() else 0
            )
        return {
            "shape of the inputs": list(self._part.inputs.shape),
            "shape of the targets": list(self._part.targets.shape),
            "checksum of the inputs": sums[0],
            "checksum of the targets": sums[1],
        }


class LoaderBatches:
    """A loader of torch, in its own order, which follows from the random numbers it draws."""

    def __init__(self, loader: DataLoader[Any], taken: Taken) -> None:
        self.loader, self._taken = loader, taken
        try:
            self.steps: int | None = len(loader)
        except TypeError:
            self.steps = None
        self._generators = _generators_of(loader)
        self._start: dict[str, Any] = {}
        self._midway = False

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of an epoch; those to skip are drawn again, so that the rest is the same."""
        if skip:
            now = random_state()
            set_random_state(self._start["global"])
            self._set_generators(self._start["generators"])
        else:
            self._start = {"global": random_state(), "generators": self._generator_states()}
        self._midway = True
        batches = iter(self.loader)
        if skip:
            for _ in range(skip):
                next(batches)
            set_random_state(now)
        for batch in batches:
            yield self._taken_batch(batch)
        self._midway = False

    def fixed(self) -> Iterator[Batch]:
        """All batches; a loader that shuffles does so in the same way each time."""
        states = self._generator_states()
        with random_numbers_kept():
            torch.manual_seed(0)
            try:
                for batch in self.loader:
                    yield self._taken_batch(batch)
            finally:
                self._set_generators(states)

    def state(self) -> dict[str, Any]:
        """Where the loader's own generators stand, and where all stood when the epoch began."""
        return {
            "now": self._generator_states(),
            "start": self._start if self._midway else {},
            "midway": self._midway,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._set_generators(state["now"])
        self._start = state["start"]

    def identity(self) -> dict[str, Any]:
        """What can be known without reading it all."""
        loader = self.loader
        try:
            samples: int | None = len(loader.dataset)  # type: ignore[arg-type]
        except TypeError:
            samples = None
        return {
            "samples": samples,
            "batch size": loader.batch_size,
            "sampler": type(getattr(loader, "sampler", None)).__name__,
        }

    def _taken_batch(self, batch: Any) -> Batch:
        if not (
            isinstance(batch, (tuple, list))
            and len(batch) == 2
            and all(isinstance(each, Tensor) for each in batch)
        ):
            kind = type(batch).__name__
            size = f" of {len(batch)}" if isinstance(batch, (tuple, list, dict)) else ""
            raise InputError(
                "A loader must give pairs of tensors, (inputs, targets)",
                received=f"{kind}{size}",
                do="Give it a collate_fn that makes such pairs",
            )
        return self._taken.inputs(batch[0]), self._taken.targets(batch[1])

    def _generator_states(self) -> list[Tensor]:
        return [generator.get_state() for generator in self._generators]

    def _set_generators(self, states: list[Tensor]) -> None:
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)


def _loader(dataset: TorchDataset[Any], size: int | None, seed: int) -> DataLoader[Any]:
    """A loader for a torch data set: shuffled by a generator of its own, from the seed."""
    if isinstance(dataset, IterableDataset):
        return DataLoader(dataset, batch_size=size)
    generator = torch.Generator().manual_seed(seed)
    whole = len(dataset)  # type: ignore[arg-type]
    return DataLoader(dataset, batch_size=size or whole, shuffle=True, generator=generator)


def _generators_of(loader: DataLoader[Any]) -> list[torch.Generator]:
    """Every generator that a loader and its samplers draw from, each once."""
    holders = [loader, loader.sampler, loader.batch_sampler]
    holders.append(getattr(loader.batch_sampler, "sampler", None))
    found: list[torch.Generator] = []
    for holder in holders:
        generator = getattr(holder, "generator", None)
        if isinstance(generator, torch.Generator) and all(generator is not each for each in found):
            found.append(generator)
    return found
