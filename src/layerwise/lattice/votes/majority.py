"""A label map smoothed by votes: each cell takes the majority of its window, in several passes.

The published method sharpens its last map so, by a static filter. Here nothing is random: a tie
keeps the cell's own class if that is among the tied, otherwise it goes to the class that comes
first. (The rule by which layers fill a lattice, `cells.vote_rows`, breaks ties by random bits of
the layer; windows and weights are the same.)

Four ways, all exact, each where it is the fastest: bit-planes with carry-save adders for uniform
windows of 3 × 3; running sums for larger uniform ones, at one price for any size; for weights that
fall with the distance a walk over the window while it is small, beyond that a Fourier transform,
whose sums are rounded to the whole numbers that they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import fft

from ...errors import InputError, unknown_name
from ...types import UNCLASSIFIED, ByteArray, IntArray, WordArray
from .. import planes
from ..cells import vote_weights
from ..random_bits import word_count
from . import kernels

SMALLEST, LARGEST = 3, 41
WEIGHTINGS: Final = ("uniform", "distance")
MOST_PASSES: Final = 10**6
MOST_PLANES: Final = 16  # classes; with more, bit-planes lose to running sums
TRANSFORM_PRICE: Final = 20  # cells of a window that a walk sees in the time of a transform


def majority(
    labels: ByteArray,
    window: int = 3,
    *,
    weighting: str = "uniform",
    passes: int = 1,
    classes: int | None = None,
) -> ByteArray:
    """The label map (row, column) after so many passes of votes; 255 is unclassified.

    `window`: cells along a side, odd, 3 to 41. `weighting`: "uniform", or "distance": a cell at
    distance d has the weight 65,536/√(1 + d²), rounded. `classes`: how many there are, by default
    one more than the largest label. Cells beyond the edge and unclassified ones have no vote; a
    cell that hears no vote stays as it is. A tie keeps the cell's own class if that is among the
    tied, otherwise it goes to the class that comes first. All cells of a pass change at once. Exact
    in whole numbers.

    Raises `InputError` for a map, window, or number that cannot be used, `UnknownNameError` for
    another weighting.
    """
    labels = _checked(labels, window, weighting, passes)
    present = labels[labels != UNCLASSIFIED]
    least = int(present.max()) + 1 if present.size else 1
    count = least if classes is None else int(classes)
    if not least <= count <= UNCLASSIFIED:
        raise InputError(
            "A label lies beyond the number of classes",
            received=f"labels to {least - 1} and classes={classes!r}",
            allowed=f"{least} to {UNCLASSIFIED} classes",
        )
    if weighting == "uniform" and window == 3 and count <= MOST_PLANES:
        return _by_planes(labels, count, passes)
    weights = vote_weights(window // 2, weighting)
    now = labels.copy()
    for _ in range(passes):
        new = np.empty_like(now)
        if weighting == "uniform":
            kernels.vote_running(now, new, window // 2, count)
        elif window**2 <= TRANSFORM_PRICE * count:
            kernels.vote_direct(now, new, weights, count)
        else:
            by_transform(now, new, weights, count)
        if np.array_equal(new, now):
            break  # no later pass changes anything
        now = new
    return now


def by_transform(old: ByteArray, new: ByteArray, weights: IntArray, classes: int) -> None:
    """One pass by Fourier transforms: `new` (row, column) is set.

    A sum is at most 41² × 65,536 ≈ 1.1 × 10⁸; in double precision a transform of 2³⁰ cells errs
    by less than 10⁻⁵ of a unit on it (relative error about log₂(cells)·10⁻¹⁶ of the norms), so
    that rounding finds the whole number.
    """
    rows, columns = old.shape
    reach = weights.shape[0] // 2
    shape = tuple(fft.next_fast_len(side + 2 * reach, real=True) for side in (rows, columns))
    # Weights are the same in both directions: turning them over, as convolution does, is nothing.
    spectrum = fft.rfft2(weights.astype(np.float64), shape)
    best, own = np.zeros(old.shape, np.int64), np.zeros(old.shape, np.int64)
    new[...] = old
    for label in range(classes):
        held = (old == label).astype(np.float64)
        if not held.any():
            continue
        sums = fft.irfft2(fft.rfft2(held, shape) * spectrum, shape)
        seen = np.ascontiguousarray(sums[reach : reach + rows, reach : reach + columns])
        kernels.take_over(seen, old, new, best, own, label)
    kernels.keep_own(old, new, best, own)


def _by_planes(labels: ByteArray, classes: int, passes: int) -> ByteArray:
    rows, columns = labels.shape
    words = word_count(columns)
    stride = words + 1
    first = stride + 1  # a spare row and a word in front, and as much behind
    last = first + rows * stride
    old = np.zeros((classes, last + stride + 1), np.uint64)
    new = np.zeros_like(old)
    for label in range(classes):
        rows_of = old[label, first:last].reshape(rows, stride)
        rows_of[:, :words] = planes.pack_bits(labels == label)
    valid = planes.pack_bits(np.ones((1, columns), np.bool_))[0, -1]
    scratch = np.empty((12, kernels.CHUNK + 2), np.uint64)
    for _ in range(passes):
        kernels.vote_planes(old, new, first, last, stride, scratch)
        lines = new[:, first:last].reshape(classes, rows, stride)
        lines[:, :, words - 1] &= valid
        lines[:, :, words] = 0
        if passes > 1 and np.array_equal(new, old):
            break
        old, new = new, old
    return _labels(old[:, first:last].reshape(classes, rows, stride)[:, :, :words], columns)


def _labels(one_hot: WordArray, columns: int) -> ByteArray:
    """A plane for each class (class, row, word) as labels (row, column), 255 where none is set."""
    classes = len(one_hot)
    digits = planes.plane_count(classes) - 1
    packed = np.zeros((digits + 1, *one_hot.shape[1:]), np.uint64)
    for label, plane in enumerate(one_hot):
        for digit in range(digits):
            if label >> digit & 1:
                packed[digit] |= plane
        packed[digits] |= plane
    return planes.unpack(packed, columns)


def _checked(labels: ByteArray, window: int, weighting: str, passes: int) -> ByteArray:
    given = np.asarray(labels)
    if given.ndim != 2 or not given.size or given.dtype.kind not in "iu":
        raise InputError(
            "A label map has rows and columns of whole numbers",
            received=f"shape {given.shape}, type {given.dtype}",
        )
    if given.min() < 0 or given.max() > UNCLASSIFIED:
        raise InputError(
            "Labels are 0 to 254, and 255 for unclassified",
            received=f"{given.min()} to {given.max()}",
        )
    for name, number, least, most in (
        ("window", window, SMALLEST, LARGEST),
        ("passes", passes, 0, MOST_PASSES),
    ):
        whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
        if not whole or not least <= number <= most or (name == "window" and number % 2 == 0):
            raise InputError(
                f"Votes need a whole number of {name}",
                received=f"{name}={number!r}",
                allowed=f"{least:,} to {most:,}" + (", odd" if name == "window" else ""),
            )
    if weighting not in WEIGHTINGS:
        raise unknown_name("weighting", str(weighting), WEIGHTINGS)
    return np.ascontiguousarray(given, np.uint8)
