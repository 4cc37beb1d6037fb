"""Many layers where the grid lies: nothing comes back to the processor between them.

Two buffers take turns. Blocks of layers are recorded once as a CUDA graph and then repeated, so
that small grids do not wait for Python to start each layer.
"""

from __future__ import annotations

import importlib.util
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...types import UNCLASSIFIED, BoolArray, IntArray, WordArray
from .. import planes
from ..random_bits import PLANES_PER_LAYER, stream_starts, word_count
from . import torch_layer
from .place import check_memory, memory_of
from .words import count_classes, counters, ones, to_device, to_host

Kernel: TypeAlias = Literal["triton", "compiled", "plain"]
Layer: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor | None, Tensor | None, bool], None]
BLOCK: Final = 16  # layers that are repeated as one; even, so that they end where they began
STATES: Final = 4  # as large as the grid: two buffers, what goes in, what comes out
MOST_BLOCKS: Final = 2  # pairs of buffers that are kept: filling and fuzzy layers
PASSING: Final = 12  # more of them while a layer is computed operation by operation
_recording = threading.Lock()  # one graph at a time, whatever threads there are


@cache
def best_kernel(place: torch.device) -> Kernel:
    """How layers are computed there: by Triton on CUDA where it works, else by operations.

    (`torch.compile` makes its CUDA code through Triton too: without it there is neither.)
    """
    if place.type != "cuda" or importlib.util.find_spec("triton") is None:
        return "plain"
    trouble = trouble_with_triton(place)
    if trouble:
        warnings.warn(
            f"Layers on {place} are computed by slower operations of torch: {trouble}",
            RuntimeWarning,
            stacklevel=2,
        )
    return "plain" if trouble else "triton"


def trouble_with_triton(place: torch.device) -> str:
    """Why Triton cannot be used on a device, "" if it can: small grids are tried both ways.

    Besides a device Triton needs a compiler and headers, which not every machine has.
    """
    try:
        same = _tried(place, "triton") == _tried(place, "plain")
    except Exception as error:  # whatever it is, Triton is not needed
        return f"Triton does not run ({type(error).__name__}: {error})"
    return "" if same else "Triton gives other bits there"


def _tried(place: torch.device, kernel: Kernel) -> list[bytes]:
    """What a kernel makes of a volume that fills and of a grid that copies."""
    random = np.random.default_rng(0)
    results = []
    for shape in ((3, 5, 130), (9, 130)):
        labels = random.integers(0, 5, shape).astype(np.uint8)
        labels[random.random(shape) < 0.5] = UNCLASSIFIED
        there = DeviceLayers(place, shape, lazy=True, kernel=kernel)
        state, left = there.run(
            there.upload(planes.pack(labels, 5)),
            stream_starts(0, range(1, 3)),
            fill=len(shape) == 3,
        )
        results += [there.download(state).tobytes(), left.tobytes()]
    return results


class DeviceLayers:
    """The copying layers of grids of one shape on one device.

    `shape`: (row, column) or (slice, row, column); `held`, of that shape: cells that never change
    in layers that do not fill; `kernel`: "triton", "compiled" (`torch.compile`) or "plain" (one
    operation after the other). Every kernel gives the same bits, those of `random_bits`.
    """

    def __init__(
        self,
        place: torch.device,
        shape: tuple[int, ...],
        *,
        lazy: bool,
        held: BoolArray | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        self.place, self.shape = place, shape
        self.kernel: Kernel = best_kernel(place) if kernel is None else kernel
        self._held = None if held is None else to_device(planes.pack_bits(held), place)
        self._blocks: dict[tuple[int, bool], _Block] = {}
        self._layer = _layer(self.kernel, place, shape, lazy)

    def upload(self, state: WordArray) -> Tensor:
        """Bit-planes (plane, …, word) on the device; `TooLargeError` where they do not fit."""
        copies = STATES + (0 if self.kernel == "triton" else PASSING)
        check_memory(self.place, self.shape, copies * state.nbytes)
        with memory_of(self.place, self.shape):
            return to_device(state, self.place)

    def run(self, state: Tensor, starts: WordArray, *, fill: bool) -> tuple[Tensor, IntArray]:
        """Apply the layers whose streams begin at `starts` (layer, stream) to a state.

        Gives the new state (plane, …, word) on the device and, of filling layers, how many cells
        are unclassified after each: (layer,).
        """
        cells = int(np.prod(self.shape))
        with memory_of(self.place, self.shape), self._there():
            # Where every cell has a class, copying leaves it so: that plane need not move.
            full = not fill and int(ones(state[-1]).sum()) == cells
            moving = state[:-1] if full else state
            block = self._blocks.get((len(moving), fill))
            if block is None:
                if len(self._blocks) == MOST_BLOCKS:
                    del self._blocks[next(iter(self._blocks))]
                block = _Block(self._layer, moving, None if fill else self._held, fill)
                self._blocks[len(moving), fill] = block
            moved, known = block.run(moving, to_device(starts, self.place))
        if full:
            moved = torch.cat([moved, state[-1:]])
        left = cells - known.cpu().numpy() if fill else np.zeros(len(starts), np.int64)
        return moved, left

    def download(self, state: Tensor) -> WordArray:
        """A state as an array: (plane, …, word)."""
        return to_host(state)

    def counts(self, state: Tensor, classes: int) -> IntArray:
        """How many cells each class has: (class,)."""
        return np.asarray(count_classes(state, classes).cpu().numpy())

    def _there(self) -> AbstractContextManager[object]:
        """Kernels start on the current CUDA device: make it this one."""
        return torch.cuda.device(self.place) if self.place.type == "cuda" else nullcontext()


class _Block:
    """Two buffers that take turns, and a block of layers between them that is repeated as one."""

    def __init__(self, layer: Layer, like: Tensor, held: Tensor | None, fill: bool) -> None:
        self._layer, self._held, self._fill = layer, held, fill
        self._now, self._new = torch.zeros_like(like), torch.zeros_like(like)
        place = like.device
        self._starts = torch.zeros((BLOCK, PLANES_PER_LAYER), dtype=torch.int64, device=place)
        self._known = torch.zeros(BLOCK, dtype=torch.int64, device=place)
        self._again: Callable[[], object] | None = None

    def run(self, state: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """The state after the layers, and how many cells are classified after each: (layer,)."""
        layers = len(starts)
        known = torch.zeros(layers, dtype=torch.int64, device=state.device)
        whole = layers // BLOCK * BLOCK
        if whole > 0 and self._again is None:
            self._again = repeated(lambda: self._layers(BLOCK), state.device)
        self._now.copy_(state)
        for first in range(0, layers, BLOCK):
            size = min(BLOCK, layers - first)
            self._starts[:size].copy_(starts[first : first + size])
            if size == BLOCK and self._again is not None:
                self._again()
            else:
                self._layers(size)
            known[first : first + size].copy_(self._known[:size])
        odd = (layers - whole) % 2 == 1
        return (self._new if odd else self._now).clone(), known

    def _layers(self, count: int) -> None:
        buffers = (self._now, self._new)
        self._known.zero_()
        for at in range(count):
            known = self._known[at : at + 1] if self._fill else None
            source, target = buffers[at % 2], buffers[1 - at % 2]
            self._layer(source, target, self._starts[at], self._held, known, self._fill)


def repeated(work: Callable[[], object], place: torch.device) -> Callable[[], object]:
    """The same work to be called again and again: on CUDA recorded once as a graph."""
    if place.type != "cuda":
        return work
    side = torch.cuda.Stream(place)  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream(place))
    with torch.cuda.stream(side):
        work()  # kernels are compiled and loaded before anything is recorded
    torch.cuda.current_stream(place).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with _recording, torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
        work()
    return graph.replay


def _layer(kernel: Kernel, place: torch.device, shape: tuple[int, ...], lazy: bool) -> Layer:
    """One layer by that kernel: (source, target, starts, held, known, fill)."""
    if kernel == "triton":
        from .triton_layer import copy_layer

        return lambda source, target, starts, held, known, fill: copy_layer(
            source, target, starts, held, known, shape[-1], fill, lazy
        )
    numbers = counters((*shape[:-1], word_count(shape[-1])), place)
    edges = torch_layer.Edges.of(shape[-1])
    compute = torch_layer.copy_layer
    if kernel == "compiled":
        compute = torch.compile(compute, dynamic=False)
    return lambda source, target, starts, held, known, fill: compute(
        source, target, starts, numbers, held, known, edges, fill, lazy
    )
