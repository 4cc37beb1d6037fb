"""Pixels as video stores them: BT.709, limited range, with or without halved colour.

Source: Recommendation ITU-R BT.709-6, items 3.2 to 3.5, in whole numbers with 16 binary places:
Y = 16 + 219·(0.2126 R + 0.7152 G + 0.0722 B), Cb and Cr = 128 + 224·(B or R − Y) / (1.8556 or
1.5748), for R, G, B in 0 … 1. Each value is within half a step of the exact one.
"""

from __future__ import annotations

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
    for row in range(top, bottom, 2):
        above = min(row, height - 1)
        below = min(row + 1, height - 1)
        for column in range(left, right, 2):
            one = min(column, width - 1)
            two = min(column + 1, width - 1)
            r = g = b = 0
            for down in range(2):
                at = below if down else above
                for across in range(2):
                    pixel = rgb[at, two if across else one]
                    red, green, blue = int(pixel[0]), int(pixel[1]), int(pixel[2])
                    luma = (_Y[0] * red + _Y[1] * green + _Y[2] * blue + HALF) >> 16
                    y[row + down, column + across] = 16 + luma
                    r += red
                    g += green
                    b += blue
            blueness = (_CB[0] * r + _CB[1] * g + _CB[2] * b + 4 * HALF) >> 18
            redness = (_CR[0] * r + _CR[1] * g + _CR[2] * b + 4 * HALF) >> 18
            cb[row // 2, column // 2] = 128 + blueness
            cr[row // 2, column // 2] = 128 + redness
