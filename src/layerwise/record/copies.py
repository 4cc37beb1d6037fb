"""Copies of tensors side by side in large blocks of memory.

A copy of its own costs a page fault for every four kilobytes, several times the copying itself.
Blocks ask the system for its large pages, where it has them; where not, nothing is lost.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from typing import Final

import torch
from torch import Tensor

FIRST_BLOCK: Final = 4 << 20  # bytes; each further block is twice as large, up to the last size
LAST_BLOCK: Final = 64 << 20
SMALLEST: Final = 16 << 10  # smaller tensors come out of memory that is there already
ALIGNED: Final = 64


class Copies:
    """Makes copies. A block lives as long as any of the copies in it."""

    def __init__(self) -> None:
        self._block: mmap.mmap | None = None
        self._used = self._size = 0

    def of(self, tensor: Tensor) -> Tensor:
        """The same numbers in memory that nobody else can change."""
        tensor = tensor.detach()
        size = tensor.nbytes
        plain = tensor.is_cpu and tensor.layout is torch.strided and tensor.is_contiguous()
        if size < SMALLEST or not plain or tensor.is_conj() or tensor.is_neg():
            return tensor.clone()
        if self._block is None or self._used + size > self._size:
            self._size = max(min(2 * self._size or FIRST_BLOCK, LAST_BLOCK), size)
            self._block, self._used = _fresh(self._size), 0
        count, start = tensor.numel(), self._used
        self._used += -(-size // ALIGNED) * ALIGNED
        copy = torch.frombuffer(self._block, dtype=tensor.dtype, count=count, offset=start)
        copy = copy.view(tensor.shape)
        return copy.copy_(tensor)


def _fresh(size: int) -> mmap.mmap:
    """New memory of our own, in large pages where the system has them."""
    private = getattr(mmap, "MAP_PRIVATE", None)
    if private is None:  # a system without such calls
        return mmap.mmap(-1, size)
    block = mmap.mmap(-1, size, flags=private | mmap.MAP_ANONYMOUS)
    with suppress(OSError, AttributeError):
        block.madvise(mmap.MADV_HUGEPAGE)
    return block
