"""The two loops of augmentation, compiled: pixels moved by a matrix, pixels shaded."""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import Float32Array, FloatArray, WordArray


def warp(images: Float32Array, matrices: FloatArray) -> Float32Array:
    """Each image seen through its matrix, (sample, 2, 3): bilinear, the border goes on outside.

    The value at (row, column) comes from matrix · (row, column, 1), as in SciPy's
    `affine_transform` with order 1 and mode "nearest".
    """
    moved = np.empty_like(images)
    _warp(images, matrices, moved)
    return moved


@compiled
def _warp(images: Float32Array, matrices: FloatArray, moved: Float32Array) -> None:
    samples, channels, rows, columns = images.shape
    for sample in range(samples):
        a, b, c = matrices[sample, 0]
        d, e, f = matrices[sample, 1]
        for row in range(rows):
            for column in range(columns):
                y = min(max(a * row + b * column + c, 0.0), rows - 1.0)
                x = min(max(d * row + e * column + f, 0.0), columns - 1.0)
                top, left = int(y), int(x)
                below, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
                v, u = np.float32(y - top), np.float32(x - left)
                for channel in range(channels):
                    plane = images[sample, channel]
                    upper = plane[top, left] + u * (plane[top, right] - plane[top, left])
                    lower = plane[below, left] + u * (plane[below, right] - plane[below, left])
                    moved[sample, channel, row, column] = upper + v * (lower - upper)


@compiled
def shade(
    images: Float32Array,
    changes: FloatArray,
    noise: float,
    streams: WordArray,
    shaded: Float32Array,
) -> None:
    """Contrast about the mean, brightness, noise, then the rectangle; all within 0 to 1.

    `changes` is (sample, 6): added, factor, top, left, bottom, right. Noise is normal, by Box and
    Muller, from splitmix64 of the sample's stream, counted on from bit 32.
    """
    samples, channels, rows, columns = images.shape
    for sample in range(samples):
        added, factor = changes[sample, 0], changes[sample, 1]
        top, left, bottom, right = changes[sample, 2:]
        word = streams[sample] + np.uint64(1 << 32) * np.uint64(0x9E3779B97F4A7C15)
        for channel in range(channels):
            mean = 0.0
            for row in range(rows):
                for column in range(columns):
                    mean += images[sample, channel, row, column]
            mean /= rows * columns
            for row in range(rows):
                for column in range(columns):
                    value = mean + factor * (images[sample, channel, row, column] - mean) + added
                    if noise > 0.0:
                        word += np.uint64(0x9E3779B97F4A7C15)
                        bits = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                        bits ^= bits >> np.uint64(31)
                        radius = ((bits >> np.uint64(32)) + 1.0) * 2.0**-32
                        angle = (bits & np.uint64(0xFFFFFFFF)) * (2.0 * math.pi * 2.0**-32)
                        value += noise * math.sqrt(-2.0 * math.log(radius)) * math.cos(angle)
                    if top <= row < bottom and left <= column < right:
                        value = mean
                    shaded[sample, channel, row, column] = min(max(value, 0.0), 1.0)
