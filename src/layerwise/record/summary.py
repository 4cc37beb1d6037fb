"""Six statistics of each layer, taken while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ..types import Float32Array, FloatArray
from .summary_kernel import (
    BROKEN,
    COLUMNS,
    COUNT,
    LARGEST,
    SMALLEST,
    SQUARES,
    TOTAL,
    ZEROS,
    add_all,
    add_at,
    add_values,
    empty_rows,
    statistics_of_rows,
)

STATISTICS: Final = (
    "mean", "standard deviation", "smallest", "largest", "share of zeros", "not finite",
)  # fmt: skip
"""What a summary says: of the finite numbers, and last how many are not finite."""


def is_plain(tensor: Tensor) -> bool:
    """Whether the compiled pass can read a tensor where it lies."""
    return tensor.dtype is torch.float32 and tensor.is_cpu and tensor.is_contiguous()


class Summary:
    """Raw sums for a list of things, added to as tensors appear; `take` makes statistics of them.

    Tensors on a graphics card are summed there and fetched together, so that nothing waits for it.
    """

    def __init__(self, rows: int) -> None:
        self.rows: FloatArray = empty_rows(rows)
        self._nothing = empty_rows(rows)
        self._elsewhere: list[tuple[int, Tensor]] = []

    def add(self, row: int, tensor: Tensor | None) -> None:
        """Add all numbers of a tensor to a row; None, a derivative that is not there, adds none."""
        if tensor is None:
            return
        if is_plain(tensor):
            add_at(tensor.data_ptr(), tensor.numel(), self.rows, row)
        else:
            self._add_other(row, tensor.detach())

    def add_each(self, rows: Sequence[int], tensors: Sequence[Tensor]) -> None:
        """Add several tensors, each to its row, in one compiled pass."""
        plain: list[tuple[int, int, int]] = []
        for row, tensor in zip(rows, tensors, strict=True):
            if is_plain(tensor):
                plain.append((tensor.data_ptr(), tensor.numel(), row))
            else:
                self._add_other(row, tensor.detach())
        if plain:
            add_all(np.array(plain, np.int64), self.rows)

    def _add_other(self, row: int, tensor: Tensor) -> None:
        if tensor.is_sparse or tensor.is_quantized or tensor.is_complex() or not tensor.numel():
            return
        if tensor.is_cpu:
            add_values(tensor.contiguous().float().view(-1).numpy(), self.rows, row)
        else:
            self._elsewhere.append((row, _sums_there(tensor)))

    def clear(self, first: int, end: int) -> None:
        """Forget what was added to the rows from `first` to before `end`."""
        self.rows[first:end] = empty_rows(end - first)
        self._elsewhere = [entry for entry in self._elsewhere if not first <= entry[0] < end]

    def take(self) -> FloatArray:
        """The raw sums so far, (row, column), for `statistics_from`; starts anew."""
        if self._elsewhere:
            sums = torch.stack([part for _, part in self._elsewhere]).cpu().double().numpy()
            for (row, _), part in zip(self._elsewhere, sums, strict=True):
                _merge(self.rows[row], part)
            self._elsewhere = []
        sums = self.rows.copy()
        self.rows[:] = self._nothing
        return sums


def statistics_of(tensors: Sequence[Tensor]) -> Float32Array:
    """The statistics of some tensors, (tensor, statistic)."""
    summary = Summary(len(tensors))
    summary.add_each(range(len(tensors)), tensors)
    return statistics_from(summary.take())


def statistics_from(sums: FloatArray) -> Float32Array:
    """Raw sums (…, column) as statistics (…, statistic); NaN where there was nothing."""
    found = np.empty((*sums.shape[:-1], len(STATISTICS)), np.float32)
    statistics_of_rows(sums.reshape(-1, COLUMNS), found.reshape(-1, len(STATISTICS)))
    return found


def _merge(row: Any, part: Any) -> None:
    for column in (COUNT, TOTAL, SQUARES, ZEROS, BROKEN):
        row[column] += part[column]
    row[SMALLEST] = min(row[SMALLEST], part[SMALLEST])
    row[LARGEST] = max(row[LARGEST], part[LARGEST])


def _sums_there(tensor: Tensor) -> Tensor:
    """The raw sums of a tensor, computed where it lies; one-dimensional, in float32."""
    values = tensor.reshape(-1).float()
    finite = torch.isfinite(values)
    plain = torch.where(finite, values, 0)
    count = finite.sum()
    sums = [torch.zeros((), device=values.device)] * COLUMNS
    sums[COUNT], sums[TOTAL], sums[SQUARES] = count, plain.sum(), plain.square().sum()
    sums[SMALLEST] = torch.where(finite, values, torch.inf).min()
    sums[LARGEST] = torch.where(finite, values, -torch.inf).max()
    sums[ZEROS], sums[BROKEN] = (values == 0).sum(), values.numel() - count
    return torch.stack([part.float() for part in sums])
