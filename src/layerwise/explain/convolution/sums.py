"""The arithmetic of a sliding kernel: padding, and every sum of products, in double precision."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np

from ...errors import InputError, unknown_name
from ...types import FloatArray

PaddingMode: TypeAlias = Literal["zeros", "reflect", "replicate", "circular"]
Sides: TypeAlias = tuple[int, int]
PADDING_MODES: Final = {
    "zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap",
}  # fmt: skip
"""PyTorch's name → NumPy's."""


def sides(name: str, given: Any, least: int) -> Sides:
    """A number for both directions, or (down, across). Raises `InputError` for anything else."""
    both = tuple(given) if isinstance(given, (tuple, list)) else (given, given)
    if len(both) == 1:
        both *= 2
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in both)
    if len(both) != 2 or not whole or min(both) < least:
        raise InputError(
            f"The {name} is a whole number from {least} on, or two of them, (down, across)",
            received=repr(given),
        )
    return int(both[0]), int(both[1])


def margins(given: Any, kernel: Sides, stride: Sides, dilation: Sides) -> tuple[Sides, Sides]:
    """Rows added above and below, columns added left and right.

    "same" keeps the picture's size (for stride 1; where the margin is odd, the greater half comes
    below and to the right), "valid" adds nothing.
    """
    if isinstance(given, str):
        if given not in ("same", "valid"):
            raise unknown_name("padding", given, ("same", "valid"), do="Or give a number")
        if given == "valid":
            return (0, 0), (0, 0)
        if stride != (1, 1):
            raise InputError("Padding 'same' goes with stride 1", received=f"stride {stride}")
        spans = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return (spans[0] // 2, spans[0] - spans[0] // 2), (spans[1] // 2, spans[1] - spans[1] // 2)
    down, across = sides("padding", given, 0)
    return (down, down), (across, across)


def padded(picture: FloatArray, margin: tuple[Sides, Sides], mode: str) -> FloatArray:
    """The picture (channel, row, column) with a margin around it."""
    if mode not in PADDING_MODES:
        raise unknown_name("padding mode", mode, PADDING_MODES)
    for side, (before, after) in zip(picture.shape[1:], margin, strict=True):
        most = {"reflect": side - 1, "circular": side}.get(mode)
        if most is not None and max(before, after) > most:
            raise InputError(
                f"Padding by mode {mode!r} cannot be wider than the picture allows",
                received=f"a margin of {max(before, after)} on a side of {side}",
                allowed=f"At most {most}", do="Use mode 'zeros' or 'replicate'",
            )  # fmt: skip
    way = cast(Literal["constant", "reflect", "edge", "wrap"], PADDING_MODES[mode])
    framed: FloatArray = np.pad(picture, ((0, 0), *margin), mode=way)
    return framed


def output_size(framed: Sides, kernel: Sides, stride: Sides, dilation: Sides) -> Sides:
    """Rows and columns of the output: ⌊(side − dilation · (kernel − 1) − 1) / stride⌋ + 1.

    Raises `InputError` where the kernel does not fit in even once.
    """
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if reach[0] > framed[0] or reach[1] > framed[1]:
        wide = "" if dilation == (1, 1) else f", {reach[0]} × {reach[1]} with its dilation"
        raise InputError(
            "The kernel is larger than the picture",
            received=f"a kernel of {kernel[0]} × {kernel[1]}{wide}, on {framed[0]} × {framed[1]} "
            "with the padding",
            do="Use a smaller kernel, a larger picture or more padding",
        )
    rows, columns = (
        (side - far) // step + 1 for side, far, step in zip(framed, reach, stride, strict=True)
    )
    return rows, columns


def correlate(
    framed: FloatArray, kernel: FloatArray, stride: Sides, dilation: Sides, groups: int
) -> FloatArray:
    """Every sum of products: (channel, row, column).

    `framed` is the picture with its padding, (channel, row, column); `kernel` (channel, input
    channel, row, column). Exact to rounding in double precision; the kernel is not flipped.
    """
    outputs, within, *size = kernel.shape
    rows, columns = output_size(framed.shape[1:], (size[0], size[1]), stride, dilation)
    each = outputs // groups
    found = np.zeros((groups, each, rows * columns))
    for down in range(size[0]):
        top = down * dilation[0]
        for across in range(size[1]):
            left = across * dilation[1]
            seen = framed[
                :, top : top + (rows - 1) * stride[0] + 1 : stride[0],
                left : left + (columns - 1) * stride[1] + 1 : stride[1],
            ].reshape(groups, within, rows * columns)  # fmt: skip
            found += kernel[:, :, down, across].reshape(groups, each, within) @ seen
    return found.reshape(outputs, rows, columns)


def window_at(framed: FloatArray, corner: Sides, kernel: Sides, dilation: Sides) -> FloatArray:
    """What the kernel lies on with its first number at `corner`: (channel, row, column)."""
    ends = [c + d * (k - 1) + 1 for c, d, k in zip(corner, dilation, kernel, strict=True)]
    return framed[:, corner[0] : ends[0] : dilation[0], corner[1] : ends[1] : dilation[1]]
