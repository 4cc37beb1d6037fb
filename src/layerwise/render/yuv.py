"""Pixels as video stores them: BT.709, limited range, with or without halved colour.

Source: Recommendation ITU-R BT.709-6, items 3.2 to 3.5, in whole numbers with 16 binary places:
Y = 16 + 219·(0.2126 R + 0.7152 G + 0.0722 B), Cb and Cr = 128 + 224·(B or R − Y) / (1.8556 or
1.5748), for R, G, B in 0 … 1. Each value is within half a step of the exact one.
"""

from __future__ import annotations

import numpy as np

from ..compiled import compiled
from ..types import ByteArray

HALF = 1 << 15

# The factors times 2¹⁶ / 255; each row sums as it must: white is 235, grey has no colour.
_Y = (11966, 40254, 4064)
_CB = (-6596, -22189, 28785)
_CR = (28784, -26145, -2639)


@compiled
def to_yuv444(
    rgb: ByteArray, y: ByteArray, cb: ByteArray, cr: ByteArray, left: int, top: int, right: int,
    bottom: int,
) -> None:  # fmt: skip
    """Convert the window of `rgb` (row, column, rgb) into three planes (row, column)."""
    height, width = rgb.shape[0], rgb.shape[1]
    for row in range(top, bottom):
        source = min(row, height - 1)
        for column in range(left, right):
            pixel = rgb[source, min(column, width - 1)]
            r, g, b = int(pixel[0]), int(pixel[1]), int(pixel[2])
            y[row, column] = 16 + ((_Y[0] * r + _Y[1] * g + _Y[2] * b + HALF) >> 16)
            cb[row, column] = 128 + ((_CB[0] * r + _CB[1] * g + _CB[2] * b + HALF) >> 16)
            cr[row, column] = 128 + ((_CR[0] * r + _CR[1] * g + _CR[2] * b + HALF) >> 16)


@compiled
def to_yuv420(
    rgb: ByteArray, y: ByteArray, cb: ByteArray, cr: ByteArray, left: int, top: int, right: int,
    bottom: int,
) -> None:  # fmt: skip
    """The same with colour averaged over 2 × 2 pixels: cb and cr have half the rows and columns.

    The window's sides must be even. Beyond the last row and column of `rgb` the last one repeats.
    """
    height, width = rgb.shape[0], rgb.shape[1]
    pixels, lumas = rgb.reshape(-1), y.reshape(-1)
    next_pixel, next_row = np.uint64(3), np.uint64(y.shape[1])
    for row in range(top, bottom, 2):
        above = np.uint64(3 * (min(row, height - 1) * width + left))
        below = np.uint64(3 * (min(row + 1, height - 1) * width + left))
        at = np.uint64(row * y.shape[1] + left)
        for column in range(left, right, 2):
            if column + 1 >= width:
                next_pixel = np.uint64(0)
            r, g, b = luma(pixels, above, lumas, at)
            red, green, blue = luma(pixels, above + next_pixel, lumas, at + np.uint64(1))
            r, g, b = r + red, g + green, b + blue
            red, green, blue = luma(pixels, below, lumas, at + next_row)
            r, g, b = r + red, g + green, b + blue
            red, green, blue = luma(pixels, below + next_pixel, lumas, at + next_row + np.uint64(1))
            r, g, b = r + red, g + green, b + blue
            blueness = (_CB[0] * r + _CB[1] * g + _CB[2] * b + 4 * HALF) >> 18
            redness = (_CR[0] * r + _CR[1] * g + _CR[2] * b + 4 * HALF) >> 18
            cb[row // 2, column // 2] = 128 + blueness
            cr[row // 2, column // 2] = 128 + redness
            above, below, at = above + np.uint64(6), below + np.uint64(6), at + np.uint64(2)
        next_pixel = np.uint64(3)


@compiled
def luma(
    pixels: ByteArray, source: np.uint64, lumas: ByteArray, at: np.uint64
) -> tuple[np.int32, np.int32, np.int32]:
    """Set one luma, both arrays being flat; gives the red, green and blue that it is of."""
    r = np.int32(pixels[source])
    g = np.int32(pixels[source + np.uint64(1)])
    b = np.int32(pixels[source + np.uint64(2)])
    weighted = np.int32(_Y[0]) * r + np.int32(_Y[1]) * g + np.int32(_Y[2]) * b
    lumas[at] = np.int32(16) + ((weighted + np.int32(HALF)) >> np.int32(16))
    return r, g, b
