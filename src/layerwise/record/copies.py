"""Copies of tensors side by side in large blocks of memory.

A copy of its own costs a page fault for every four kilobytes, several times the copying itself.
Blocks ask the system for its large pages, where it has them; where not, nothing is lost. A block
whose copies are all gone waits for its next use: new memory costs as much again as the copying.
"""

from __future__ import annotations

import mmap
import weakref
from contextlib import suppress
from typing import Final

import torch
from torch import Tensor

BLOCK: Final = 32 << 20  # bytes; a larger tensor has a block of its own
RESERVE: Final = 384 << 20  # bytes of blocks that wait for their next use, at most
SMALLEST: Final = 16 << 10  # smaller tensors come out of memory that is there already
ALIGNED: Final = 64


class Copies:
    """Makes copies. A block lives as long as any of the copies in it."""

    def __init__(self) -> None:
        self._block = memoryview(b"")
        self._used = 0

    def of(self, tensor: Tensor) -> Tensor:
        """The same numbers in memory that nobody else can change."""
        tensor = tensor.detach()
        size = tensor.nbytes
        plain = tensor.is_cpu and tensor.layout is torch.strided and tensor.is_contiguous()
        if size < SMALLEST or not plain or tensor.is_conj() or tensor.is_neg():
            return tensor.clone()
        if self._used + size > len(self._block):
            self._block, self._used = RESERVED.block(size), 0
        count, start = tensor.numel(), self._used
        self._used += -(-size // ALIGNED) * ALIGNED
        copy = torch.frombuffer(self._block, dtype=tensor.dtype, count=count, offset=start)
        copy = copy.view(tensor.shape)
        return copy.copy_(tensor)


class Reserve:
    """Blocks that nobody uses any more, for whoever needs one next."""

    def __init__(self) -> None:
        self._waiting: list[mmap.mmap] = []

    def block(self, size: int) -> memoryview:
        """A block of at least that size; it comes back by itself when nobody refers to it."""
        block = self._take(size) or _fresh(max(size, BLOCK))
        view = memoryview(block)
        weakref.finalize(view, self._give_back, block).atexit = False
        return view

    def _take(self, size: int) -> mmap.mmap | None:
        for block in reversed(self._waiting):  # the latest are still in the processor's reach
            if len(block) >= size:
                with suppress(ValueError):  # another thread was faster
                    self._waiting.remove(block)
                    return block
        return None

    def _give_back(self, block: mmap.mmap) -> None:
        if self.waiting + len(block) <= RESERVE:
            self._waiting.append(block)

    @property
    def waiting(self) -> int:
        """Bytes of all blocks that wait."""
        return sum(map(len, self._waiting))


RESERVED = Reserve()


def _fresh(size: int) -> mmap.mmap:
    """New memory of our own, in large pages where the system has them."""
    private = getattr(mmap, "MAP_PRIVATE", None)
    if private is None:  # a system without such calls
        return mmap.mmap(-1, size)
    block = mmap.mmap(-1, size, flags=private | mmap.MAP_ANONYMOUS)
    with suppress(OSError, AttributeError):
        block.madvise(mmap.MADV_HUGEPAGE)
    return block
