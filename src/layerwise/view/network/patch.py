"""One pixel of a feature map in focus: the patch that it sees, the kernel, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...types import FloatArray
from .reading import Reading, stored_row

EXACT: Final = 1e-4  # of the sum of all magnitudes: single precision, with room


@dataclass(frozen=True, eq=False)
class Patch:
    """What a convolution computes at its largest output: sum over channels of patch × kernel.

    `row`, `column`: the place in the map. `corner`: the patch's first row and column in what the
    layer sees; it may begin before 0, where the picture is padded with zeros. `patch` and `kernel`
    are (channel, row, column), `shares` (channel,) what each channel adds, `total` the sum with the
    bias, `value` what the layer shows there.
    """

    row: int
    column: int
    corner: tuple[int, int]
    patch: FloatArray
    kernel: FloatArray
    shares: FloatArray
    bias: float | None
    total: float
    value: float

    @property
    def strongest(self) -> int:
        """The channel that adds most, in magnitude."""
        return int(np.abs(self.shares).argmax())


def patch_of(reading: Reading, number: int, unit: int, moment: int) -> Patch | None:
    """The patch behind a map's largest output; None where not all of it was kept.

    Only two-dimensional convolutions without dilation, every map seeing every channel.
    """
    layer = reading.graph.layers[number]
    if layer.kind != "convolution" or len(layer.inputs) != 1 or not layer.weight:
        return None
    weight = reading.value(layer.weight, moment)
    given = reading.output(layer.inputs[0], moment)
    own = next((site for site in layer.sites if _is_convolution(reading, site)), "")
    summed, shown = reading.value(own, moment), reading.output(number, moment)
    settings = _settings(reading, own)
    if weight is None or given is None or summed is None or shown is None or settings is None:
        return None
    if given.ndim == 2:
        given = given[None]
    place = _place(reading, own, unit)
    row = _place(reading, layer.weight, unit)
    if (
        weight.ndim != 4 or summed.ndim != 3 or given.ndim != 3 or len(given) != weight.shape[1]
        or place is None or row is None
    ):  # fmt: skip
        return None
    stride, padding = settings
    same = shown.shape == summed.shape
    of = np.abs((shown if same else summed)[place])
    y, x = np.unravel_index(int(of.argmax()), of.shape)
    kernel = weight[row]
    top, left = int(y) * stride[0] - padding[0], int(x) * stride[1] - padding[1]
    padded = np.pad(given, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    first, second = top + padding[0], left + padding[1]
    patch = padded[:, first : first + kernel.shape[1], second : second + kernel.shape[2]]
    if patch.shape != kernel.shape:
        return None
    bias = None
    if layer.bias:
        values, at = reading.value(layer.bias, moment), _place(reading, layer.bias, unit)
        bias = None if values is None or at is None else float(values[at])
    value = float(shown[place, y, x]) if same else float(summed[place, y, x])
    shares, total = (patch * kernel).sum(axis=(1, 2)), float(summed[place, y, x])
    size = float(np.abs(patch * kernel).sum()) + abs(total)
    if abs(float(shares.sum()) + (bias or 0.0) - total) > EXACT * max(size, 1e-12):
        return None  # something else was computed: rather nothing than a wrong sum
    corner = top, left
    return Patch(int(y), int(x), corner, patch, kernel, shares, bias, total, value)


def _is_convolution(reading: Reading, site: str) -> bool:
    return str(reading.trace.site(site).about.get("operation", "")) == "conv2d"


def _place(reading: Reading, site: str, unit: int) -> int | None:
    entries = reading.trace.site(site).entries
    return stored_row(entries.get("channel", entries.get("unit")), unit)


def _settings(reading: Reading, site: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Stride and padding; None where they are not told, or with dilation or groups."""
    if not site:
        return None
    told: list[Any] = [
        part for part in reading.trace.site(site).about.get("arguments", []) if part is not None
    ]
    defaults: list[Any] = [1, 0, 1, 1]
    told = [*told, *defaults[len(told) :]]
    stride, padding, dilation, groups = (told[at] for at in range(4))
    if isinstance(padding, str) or _pair(dilation) != (1, 1) or groups != 1:
        return None
    return _pair(stride), _pair(padding)


def _pair(sides: Any) -> tuple[int, int]:
    return (int(sides[0]), int(sides[-1])) if isinstance(sides, list) else (int(sides),) * 2
