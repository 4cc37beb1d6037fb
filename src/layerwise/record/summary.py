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
)

STATISTICS: Final = (
    "mean", "standard deviation", "smallest", "largest", "share of zeros", "not finite",
)  # fmt: skip
"""What a summary says: of the finite numbers, and last how many are not finite."""


class Summary:
    """Raw sums for a list of layers, added to as tensors appear; `take` turns them into statistics.

    Tensors on a graphics card are summed there and fetched together, so that nothing waits for it.
    """

    def __init__(self, layers: int) -> None:
        self.rows: FloatArray = empty_rows(layers)
        self._elsewhere: list[tuple[int, Tensor]] = []

    def add(self, row: int, tensor: Tensor) -> None:
        """Add all numbers of a tensor to a layer's."""
        if tensor.dtype is torch.float32 and tensor.is_cpu and tensor.is_contiguous():
            add_at(tensor.data_ptr(), tensor.numel(), self.rows, row)
        else:
            self._add_other(row, tensor.detach())

    def add_each(self, first: int, tensors: Sequence[Tensor | None]) -> None:
        """Add several tensors, one to each row from `first` on; None is passed over."""
        addresses = np.zeros(len(tensors), np.int64)
        sizes = np.zeros(len(tensors), np.int64)
        for number, tensor in enumerate(tensors):
            if tensor is None:
                continue
            if tensor.dtype is torch.float32 and tensor.is_cpu and tensor.is_contiguous():
                addresses[number], sizes[number] = tensor.data_ptr(), tensor.numel()
            else:
                self._add_other(first + number, tensor.detach())
        add_all(addresses, sizes, self.rows, first)

    def _add_other(self, row: int, tensor: Tensor) -> None:
        if tensor.is_sparse or tensor.is_quantized or tensor.is_complex() or not tensor.numel():
            return
        if tensor.is_cpu:
            add_values(tensor.contiguous().float().view(-1).numpy(), self.rows, row)
        else:
            self._elsewhere.append((row, _sums_there(tensor)))

    def take(self) -> Float32Array:
        """The statistics so far, (layer, statistic), NaN where there was nothing; starts anew."""
        if self._elsewhere:
            sums = torch.stack([part for _, part in self._elsewhere]).cpu().double().numpy()
            for (row, _), part in zip(self._elsewhere, sums, strict=True):
                _merge(self.rows[row], part)
            self._elsewhere = []
        found = statistics_from(self.rows)
        self.rows[:] = 0
        self.rows[:, SMALLEST], self.rows[:, LARGEST] = np.inf, -np.inf
        return found


def statistics_of(tensors: Sequence[Tensor]) -> Float32Array:
    """The statistics of some tensors, (tensor, statistic)."""
    summary = Summary(len(tensors))
    summary.add_each(0, tensors)
    return summary.take()


def statistics_from(rows: FloatArray) -> Float32Array:
    """Raw sums (layer, column) as statistics (layer, statistic)."""
    count = rows[:, COUNT]
    known = count > 0
    size = np.where(known, count, 1)
    mean = rows[:, TOTAL] / size
    variance = np.maximum(rows[:, SQUARES] / size - mean * mean, 0)
    found = np.stack(
        [mean, np.sqrt(variance), rows[:, SMALLEST], rows[:, LARGEST], rows[:, ZEROS] / size],
        axis=1,
    )
    found[~known] = np.nan
    return np.concatenate([found, rows[:, BROKEN, None]], axis=1).astype(np.float32)


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
