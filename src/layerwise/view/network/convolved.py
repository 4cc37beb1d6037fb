"""A map as a convolution made it: at each place, patch × kernel of every channel, and the bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from ...types import FloatArray
from .reading import Reading, stored_row

EXACT: Final = 1e-4  # of the sum of all magnitudes: single precision, with room
MOST_PRODUCTS: Final = 60_000_000
"""Products that are computed to see whether they add up; larger layers are asked at one place."""

Pair: TypeAlias = tuple[int, int]
Pads: TypeAlias = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Convolved:
    """One map: what the layer sees, the kernel of this map, its sums and its values.

    `given` (channel, row, column) are the channels that this map sees, from channel `first` of the
    source on; `kernel` (channel, row, column); `sums` (row, column) with the bias. `values` are
    what the layer shows, None where that has other rows and columns. A signal has one row.
    """

    given: FloatArray
    first: int
    kernel: FloatArray
    stride: Pair
    pads: Pads
    dilation: Pair
    bias: float | None
    sums: FloatArray
    values: FloatArray | None

    def corner(self, row: int, column: int) -> Pair:
        """The first row and column of the patch; it may begin before 0, in the padding."""
        return (
            row * self.stride[0] - self.pads[0][0],
            column * self.stride[1] - self.pads[1][0],
        )

    def patch(self, row: int, column: int) -> FloatArray:
        """What the kernel meets at a place of the map: (channel, row, column), 0 in the padding."""
        padded = np.pad(self.given, ((0, 0), *self.pads))
        top, left = row * self.stride[0], column * self.stride[1]
        tall, wide = self.kernel.shape[1:]
        rows = slice(top, top + self.dilation[0] * (tall - 1) + 1, self.dilation[0])
        columns = slice(left, left + self.dilation[1] * (wide - 1) + 1, self.dilation[1])
        found: FloatArray = padded[:, rows, columns]
        return found

    def adds_up(self, row: int, column: int) -> bool:
        """Whether patch × kernel and the bias are the sum that was recorded there."""
        patch = self.patch(row, column)
        if patch.shape != self.kernel.shape:
            return False
        total = float(self.sums[row, column])
        if not (np.isfinite(patch).all() and np.isfinite(self.kernel).all()):
            return False
        products = patch * self.kernel
        size = float(np.abs(products).sum()) + abs(total)
        off = abs(float(products.sum()) + (self.bias or 0.0) - total)
        return off <= EXACT * max(size, 1e-12)

    def adds_up_everywhere(self) -> bool:
        """The same at all places; at the largest sum alone, where that were too many products."""
        if self.sums.size * self.kernel.size > MOST_PRODUCTS:
            at = np.unravel_index(int(np.abs(self.sums).argmax()), self.sums.shape)
            return self.adds_up(int(at[0]), int(at[1]))
        padded = np.pad(self.given, ((0, 0), *self.pads))
        span = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel.shape[1:], strict=True)]
        if padded.shape[1] < span[0] or padded.shape[2] < span[1]:
            return False
        windows = np.lib.stride_tricks.sliding_window_view(padded, span, axis=(1, 2))[
            :, :: self.stride[0], :: self.stride[1], :: self.dilation[0], :: self.dilation[1]
        ]
        if windows.shape[1:3] != self.sums.shape:
            return False
        if not (np.isfinite(self.given).all() and np.isfinite(self.kernel).all()):
            return False
        total = np.einsum("crskl,ckl->rs", windows, self.kernel, optimize=True)
        size = np.einsum("crskl,ckl->rs", np.abs(windows), np.abs(self.kernel), optimize=True)
        off = np.abs(total + (self.bias or 0.0) - self.sums)
        return bool((off <= EXACT * np.maximum(size + np.abs(self.sums), 1e-12)).all())


def convolved(reading: Reading, number: int, unit: int, moment: int) -> Convolved | None:
    """One map of a convolution layer at a moment; None where not all of it was kept.

    Convolutions over pictures and signals, with stride, dilation, groups and padding by zeros.
    """
    layer = reading.graph.layers[number]
    if layer.kind != "convolution" or len(layer.inputs) != 1 or not layer.weight:
        return None
    own = convolving_site(reading, number)
    weight, summed = reading.value(layer.weight, moment), reading.value(own, moment)
    given, shown = reading.output(layer.inputs[0], moment), reading.output(number, moment)
    if weight is None or summed is None or given is None or weight.ndim not in (3, 4):
        return None
    settings = _settings(reading, own, weight.ndim - 2)
    place, row = _place(reading, own, unit), _place(reading, layer.weight, unit)
    if given.ndim == weight.ndim - 2:
        given = given[None]
    if (
        settings is None or place is None or row is None
        or given.ndim != weight.ndim - 1 or summed.ndim != weight.ndim - 1
    ):  # fmt: skip
        return None
    given, summed, kernel = _flat(given), _flat(summed), _flat(weight[row])
    stride, padding, dilation, groups = settings
    total = int(reading.trace.site(layer.weight).about.get("shape", weight.shape)[0])
    if total % groups or len(given) != len(kernel) * groups:
        return None
    first = unit // (total // groups) * len(kernel)
    bias = None
    if layer.bias:
        values, at = reading.value(layer.bias, moment), _place(reading, layer.bias, unit)
        if values is None or at is None:
            return None
        bias = float(values[at])
    values = None
    if shown is not None and shown.ndim == weight.ndim - 1 and _flat(shown).shape == summed.shape:
        values = _flat(shown)[place]
    pads = _pads(padding, kernel, dilation)
    if pads is None:
        return None
    return Convolved(
        given[first : first + len(kernel)], first, kernel, stride, pads, dilation, bias,
        summed[place], values,
    )  # fmt: skip


def convolving_site(reading: Reading, number: int) -> str:
    """The site of a layer at which its convolution is; "" where there is none that is known."""
    sites = reading.graph.layers[number].sites
    return next((site for site in sites if _operation(reading, site) in ("conv1d", "conv2d")), "")


def _operation(reading: Reading, site: str) -> str:
    return str(reading.trace.site(site).about.get("operation", ""))


def _flat(maps: FloatArray) -> FloatArray:
    """Signals (channel, place) as maps of one row."""
    return maps[:, None] if maps.ndim == 2 else maps


def _place(reading: Reading, site: str, unit: int) -> int | None:
    entries = reading.trace.site(site).entries
    return stored_row(entries.get("channel", entries.get("unit")), unit)


def _settings(reading: Reading, site: str, axes: int) -> tuple[Pair, Any, Pair, int] | None:
    """Stride, padding, dilation and groups; None where they are not told."""
    told = [
        part for part in reading.trace.site(site).about.get("arguments", []) if part is not None
    ]
    defaults: list[Any] = [1, 0, 1, 1]
    told = [*told, *defaults[len(told) :]]
    if len(told) != len(defaults) or not isinstance(told[3], int):
        return None
    stride, dilation = _pair(told[0], axes, 1), _pair(told[2], axes, 1)
    padding = told[1] if isinstance(told[1], str) else _pair(told[1], axes, 0)
    return stride, padding, dilation, told[3]


def _pair(sides: Any, axes: int, one: int) -> Pair:
    """A setting for rows and columns; `one` for the only row of a signal."""
    given = [int(side) for side in sides] if isinstance(sides, list) else [int(sides)] * axes
    given = given * axes if len(given) == 1 else given
    return (one, given[0]) if axes == 1 else (given[0], given[-1])


def _pads(padding: str | Pair, kernel: FloatArray, dilation: Pair) -> Pads | None:
    """Rows and columns of zeros before and behind."""
    if padding == "same":
        whole = [d * (k - 1) for d, k in zip(dilation, kernel.shape[1:], strict=True)]
        return (whole[0] // 2, whole[0] - whole[0] // 2), (whole[1] // 2, whole[1] - whole[1] // 2)
    if padding == "valid":
        return (0, 0), (0, 0)
    if isinstance(padding, str):
        return None
    return (padding[0], padding[0]), (padding[1], padding[1])
