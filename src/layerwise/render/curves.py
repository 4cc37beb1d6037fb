"""The kernel for curves: cubic Béziers stroked with round ends."""

from __future__ import annotations

import numpy as np

from ..types import ByteArray, FloatArray
from .shapes import draw_segments

PIECES = 24


def draw_curves(
    canvas: ByteArray,
    points: FloatArray,
    widths: FloatArray,
    colors: ByteArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Curves as chains of straight pieces."""
    t = np.linspace(0, 1, PIECES + 1)[:, None]
    corners = points.reshape(-1, 4, 1, 2)
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    chain = np.einsum("kj,ijx->ikx", np.concatenate(weights, axis=1), corners[:, :, 0])
    ends = np.concatenate([chain[:, :-1], chain[:, 1:]], axis=2).reshape(-1, 4)
    draw_segments(
        canvas, np.ascontiguousarray(ends), np.repeat(widths, PIECES),
        np.repeat(colors, PIECES, axis=0), left, top, right, bottom,
    )  # fmt: skip
