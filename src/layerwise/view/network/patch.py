"""One pixel of a feature map in focus: the patch that it sees, the kernel, and what they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...types import FloatArray, IntArray
from .convolved import convolved
from .reading import Reading


@dataclass(frozen=True, eq=False)
class Patch:
    """What a convolution computes at its largest output: sum over channels of patch × kernel.

    `row`, `column`: the place in the map. `corner`: the patch's first row and column in what the
    layer sees; it may begin before 0, where the picture is padded with zeros. `patch` and `kernel`
    are (channel, row, column), `channels` (channel,) their numbers, `shares` (channel,) what each
    adds, `total` the sum with the bias, `value` what the layer shows there. `span` is how many rows
    and columns of what the layer sees the patch covers.
    """

    row: int
    column: int
    corner: tuple[int, int]
    span: tuple[int, int]
    patch: FloatArray
    kernel: FloatArray
    channels: IntArray
    shares: FloatArray
    bias: float | None
    total: float
    value: float

    @property
    def strongest(self) -> int:
        """The place of the channel that adds most, in magnitude."""
        return int(np.abs(self.shares).argmax())


def patch_of(reading: Reading, number: int, unit: int, moment: int) -> Patch | None:
    """The patch behind a map's largest output; None where not all of it was kept.

    None too where patch × kernel and the bias are not what was recorded: rather nothing than a
    wrong sum.
    """
    own = convolved(reading, number, unit, moment)
    if own is None:
        return None
    of = own.sums if own.values is None else own.values
    y, x = (int(at) for at in np.unravel_index(int(np.abs(of).argmax()), of.shape))
    if not own.adds_up(y, x):
        return None
    patch = own.patch(y, x)
    span = tuple(
        d * (side - 1) + 1 for d, side in zip(own.dilation, own.kernel.shape[1:], strict=True)
    )
    return Patch(
        y, x, own.corner(y, x), (span[0], span[1]), patch, own.kernel,
        own.first + np.arange(len(patch)), (patch * own.kernel).sum(axis=(1, 2)), own.bias,
        float(own.sums[y, x]), float(of[y, x]),
    )  # fmt: skip
