"""Samples that are none of the classes, made up from samples that are.

Of pictures, collages: half of one and half of another, halves mirrored, halves alone, a smaller one
laid over, several small ones, pictures badly warped. Each is made of what the known classes are
made of, yet is none of them. Of rows of numbers, rows whose columns come from different samples,
so that each value is usual and their meeting is not, and rows farther out than any known one.
Sources: unsupervised learning as supervised (Hastie, Tibshirani, Friedman, The Elements of
Statistical Learning, 14.2.4); CutMix (Yun et al., 2019, https://arxiv.org/abs/1905.04899).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.random import PCG64, Generator

from ..types import Array, BoolArray, FloatArray

_GROUND = 0.4  # pictures of which one value fills so much are drawings on a ground
_INK = 0.25  # of the largest difference from the ground: what a drawing's box is drawn around


def made_up(samples: Array, count: int, seed: int) -> Array:
    """`count` samples like (sample, …) in form and type, none of which is of a known class.

    Pictures are (sample, channel, row, column). With one channel and a ground of one value they
    are drawings: a collage is moved and scaled to fill the box that its first drawing filled.
    Sample i depends on the samples, the seed and i alone.
    """
    if samples.ndim == 4 and min(samples.shape[2:]) >= 4:
        made = _collages(samples, count, seed)
    else:
        made = _shuffled(samples, count, seed)
    if np.issubdtype(samples.dtype, np.integer):
        made = np.clip(np.round(made), samples.min(), samples.max())
    return made.astype(samples.dtype)


def _shuffled(samples: Array, count: int, seed: int) -> Array:
    """Rows of numbers: columns drawn each for itself, half of them pushed out, near or far."""
    rng = Generator(PCG64(seed))
    flat = samples.reshape(len(samples), -1).astype(np.float64)
    rows = rng.integers(len(flat), size=(count, flat.shape[1]))
    made = flat[rows, np.arange(flat.shape[1])]
    kept = flat[rng.integers(len(flat), size=count)]
    # Some rows keep half of one sample's columns, so that they lie near the known ones.
    near = rng.random(count)[:, None] < 0.5
    made = np.where(near & (rng.random(made.shape) < 0.5), kept, made)
    middle, spread = flat.mean(axis=0), flat.std(axis=0)
    out = rng.random(count)[:, None] < 0.5
    far = np.exp(rng.uniform(0.3, 2.0, (count, 1)))
    pushed = middle + far * (made - middle) + rng.normal(0, 1.0, made.shape) * spread
    return np.where(out, pushed, made).reshape(count, *samples.shape[1:])


def _collages(samples: Array, count: int, seed: int) -> Array:
    made = np.empty((count, *samples.shape[1:]), np.float64)
    values, counts = np.unique(samples[: 256 if len(samples) > 256 else None], return_counts=True)
    ground = float(values[counts.argmax()])
    drawn = samples.shape[1] == 1 and counts.max() >= _GROUND * counts.sum()
    if not drawn:
        ground = float(samples.mean())
    for index in range(count):
        rng = Generator(PCG64([seed, index]))
        chosen = samples[rng.integers(len(samples), size=3)].astype(np.float64) - ground
        collage = _collage(rng, *chosen)
        if drawn:
            collage = _refitted(collage, chosen[0])
        made[index] = collage + ground
    return made


def _collage(
    rng: Generator, first: FloatArray, second: FloatArray, third: FloatArray
) -> FloatArray:
    """One picture out of three, (channel, row, column), as differences from the ground."""
    side = np.array(first.shape[1:], np.float64)
    kind = rng.integers(6)
    if kind == 0:  # half and half
        turned = _moved(second, _turn(rng.uniform(0, 2 * math.pi)) / rng.uniform(0.7, 1.05))
        return np.where(_half(rng, first.shape)[0], first, turned)
    if kind == 1:  # a half and its mirror image
        half, normal, offset = _half(rng, first.shape)
        mirror = np.eye(2) - 2 * np.outer(normal, normal)
        return np.where(half, first, _moved(first, mirror, 2 * offset * normal))
    if kind == 2:  # a half alone
        return np.where(_half(rng, first.shape)[0], first, 0.0)
    if kind == 3:  # a smaller one over it
        scale = rng.uniform(0.25, 0.8)
        shift = rng.uniform(-0.35, 0.35, 2) * side / scale
        over = _moved(second, _turn(rng.uniform(0, 2 * math.pi)) / scale, shift)
        if rng.random() < 0.4:
            first = _moved(first, np.eye(2) / 0.7, rng.uniform(-0.25, 0.25, 2) * side)
        return _both(first, over)
    if kind == 4:  # two or three small ones
        total = np.zeros_like(first)
        for each in (first, second, third)[: rng.integers(2, 4)]:
            scales = rng.uniform(0.25, 0.5) * rng.uniform(0.5, 1, 2)
            matrix = _turn(rng.normal(0, 0.3)) @ np.diag(1 / scales)
            total = _both(total, _moved(each, matrix, -matrix @ (rng.uniform(-0.3, 0.3, 2) * side)))
        return total
    return _warped(rng, first)


def _both(first: FloatArray, second: FloatArray) -> FloatArray:
    """Each place as in the picture that stands out more there."""
    stronger: FloatArray = np.where(np.abs(second) > np.abs(first), second, first)
    return stronger


def _half(rng: Generator, shape: tuple[int, ...]) -> tuple[BoolArray, FloatArray, float]:
    """One side of a line near the middle: (row, column), the line's normal, and its offset."""
    angle, offset = rng.uniform(0, 2 * math.pi), rng.normal(0, 0.12) * min(shape[1:])
    normal = np.array([math.sin(angle), math.cos(angle)])
    down, across = _grid(shape)
    side: BoolArray = down * normal[0] + across * normal[1] > offset
    return side, normal, float(offset)


def _turn(angle: float) -> FloatArray:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _grid(shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Rows and columns counted from the middle of the picture."""
    rows, columns = np.mgrid[: shape[1], : shape[2]].astype(np.float64)
    return rows - (shape[1] - 1) / 2, columns - (shape[2] - 1) / 2


def _moved(picture: FloatArray, matrix: FloatArray, shift: Array | None = None) -> FloatArray:
    """The picture whose place p shows the given one's place matrix · p + shift, from the middle."""
    down, across = _grid(picture.shape)
    shift = np.zeros(2) if shift is None else shift
    return _looked_up(
        picture,
        matrix[0, 0] * down + matrix[0, 1] * across + shift[0],
        matrix[1, 0] * down + matrix[1, 1] * across + shift[1],
    )


def _warped(rng: Generator, picture: FloatArray) -> FloatArray:
    down, across = _grid(picture.shape)
    half = min(picture.shape[1:]) / 2
    strength = rng.uniform(0.25, 0.5) * half
    to_row, to_column = down.copy(), across.copy()
    for _ in range(3):
        waves, phase = rng.normal(0, 2.2, 2) / half, rng.uniform(0, 2 * math.pi)
        shift = rng.normal(0, strength, 2)
        wave = np.sin(waves[0] * down + waves[1] * across + phase)
        to_row += shift[0] * wave
        to_column += shift[1] * wave
    return _looked_up(picture, to_row, to_column)


def _looked_up(picture: FloatArray, down: FloatArray, across: FloatArray) -> FloatArray:
    """Values at places counted from the middle, bilinear, 0 outside."""
    _, rows, columns = picture.shape
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
    y = np.clip(down + (rows - 1) / 2 + 1, 0, rows + 0.999999)
    x = np.clip(across + (columns - 1) / 2 + 1, 0, columns + 0.999999)
    row, column = y.astype(np.int64), x.astype(np.int64)
    low, left = y - row, x - column
    above = padded[:, row, column] * (1 - left) + padded[:, row, column + 1] * left
    below = padded[:, row + 1, column] * (1 - left) + padded[:, row + 1, column + 1] * left
    found: FloatArray = above * (1 - low) + below * low
    return found


def _refitted(collage: FloatArray, like: FloatArray) -> FloatArray:
    """A drawing stretched so that its box becomes that of another."""
    box, target = _box(collage), _box(like)
    if box is None or target is None:
        return collage
    scale = (box[1] - box[0]) / (target[1] - target[0])
    scale = np.minimum(scale, 3.0)
    middle = (np.array(collage.shape[1:]) - 1) / 2
    shift = (box[0] + box[1]) / 2 - middle - scale * ((target[0] + target[1]) / 2 - middle)
    return _moved(collage, np.diag(scale), shift)


def _box(picture: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """The least and the largest (row, column) of what differs from the ground."""
    strength = np.abs(picture[0])
    if strength.max() <= 0:
        return None
    rows, columns = np.nonzero(strength > _INK * strength.max())
    low = np.array([rows.min(), columns.min()], np.float64) - 0.5
    return low, np.array([rows.max(), columns.max()], np.float64) + 0.5
