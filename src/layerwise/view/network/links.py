"""How strongly two layers are connected: weights, kernels, or one to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ...types import FloatArray, IntArray
from .reading import Entries, Reading, stored_at

MIXING: Final = ("dense", "convolution", "attention", "recurrent", "embedding")
"""Kinds of layers whose units see more than one of those in front."""


@dataclass(frozen=True, eq=False)
class Links:
    """The links from one drawn layer to another.

    `pairs` is (link, 2): place of the source's unit, place of the target's, among those drawn.
    `kind`: "weights" (a number each), "kernels" (of each its length, with the sign of its sum) or
    "straight" (one to one, no weight).
    """

    source: int
    target: int
    kind: Literal["weights", "kernels", "straight"]
    pairs: IntArray

    def strengths(self, reading: Reading, moment: int, *, gradient: bool = False) -> FloatArray:
        """Signed strengths (link,) at a moment, or of the loss's derivative by them.

        NaN where they were not kept.
        """
        if self.kind == "straight":
            return np.ones(len(self.pairs))
        weight = self._weight(reading, moment, gradient)
        block = None if weight is None else _block(reading, self.source, self.target, weight)
        if block is None:
            return np.full(len(self.pairs), np.nan)
        strengths: FloatArray = block[self.pairs[:, 1], self.pairs[:, 0]]
        return strengths

    def heaviest(self, reading: Reading, moment: int, *, gradient: bool = False) -> float:
        """The largest strength of all the links there are, drawn or not; 0 if none was kept."""
        if self.kind == "straight":
            return 1.0
        weight = self._weight(reading, moment, gradient)
        if weight is None or not weight.size:
            return 0.0
        if self.kind == "kernels":
            block = _block(reading, self.source, self.target, weight)
            weight = weight if block is None else block
        finite = np.abs(weight[np.isfinite(weight)])
        return float(finite.max(initial=0.0))

    def _weight(self, reading: Reading, moment: int, gradient: bool) -> FloatArray | None:
        site = reading.graph.layers[self.target].weight
        return reading.value(f"{site}.gradient" if gradient else site, moment)


def links_between(reading: Reading, source: int, target: int) -> Links | None:
    """The links from a layer to one that it feeds; None where single ones cannot be told."""
    layer = reading.graph.layers[target]
    ours, theirs = reading.chosen(target), reading.chosen(source)
    if not len(ours) or not len(theirs):
        return None
    if layer.weight:
        found = (reading.value(layer.weight, moment) for moment in reversed(reading.moments))
        weight = next((weight for weight in found if weight is not None), None)
        if weight is not None and layer.kind in ("dense", "convolution"):
            block = _block(reading, source, target, weight)
            if block is not None:
                to, of = np.nonzero(~np.isnan(block))
                kind: Literal["weights", "kernels"] = (
                    "weights"
                    if layer.kind == "dense" and weight.shape[1] == theirs.total
                    else "kernels"
                )
                return Links(source, target, kind, np.stack([of, to], axis=1))
    return _straight(reading, source, target)


def _straight(reading: Reading, source: int, target: int) -> Links | None:
    """One to one, where both have the same units."""
    layer = reading.graph.layers[target]
    ours, theirs = reading.chosen(target), reading.chosen(source)
    shift = 0
    if layer.kind == "joining":  # what was joined before stands first
        before = layer.inputs[: layer.inputs.index(source)]
        shift = sum(reading.chosen(number).total for number in before)
    elif ours.total != theirs.total or layer.kind in MIXING:
        return None
    place = {int(number): at for at, number in enumerate(ours.numbers)}
    pairs = [
        (at, place[int(number) + shift])
        for at, number in enumerate(theirs.numbers)
        if int(number) + shift in place
    ]
    if not pairs:
        return None
    return Links(source, target, "straight", np.array(pairs, np.int64))


def _span(reading: Reading, source: int) -> int:
    """How many numbers a unit of a layer has: 1, or the pixels of a map."""
    layer = reading.graph.layers[source]
    sides = layer.shape[1:] if layer.axes[:1] == ("sample",) else layer.shape
    total = reading.chosen(source).total
    return int(np.prod(sides)) // total if total else 1


def _block(reading: Reading, source: int, target: int, weight: FloatArray) -> FloatArray | None:
    """Signed strengths (target's unit, source's unit) of those drawn; NaN where not kept."""
    layer = reading.graph.layers[target]
    entries = reading.trace.site(layer.weight).entries
    axes = reading.trace.site(layer.weight).axes
    if weight.ndim < 2 or len(axes) < 2 or (layer.kind == "dense" and weight.ndim != 2):
        return None
    shape = reading.trace.site(layer.weight).about.get("shape", weight.shape)
    rows = _places(entries.get(axes[0]), int(shape[0]), reading.chosen(target).numbers)
    theirs = reading.chosen(source)
    width = int(shape[1])
    if rows is None:
        return None
    if layer.kind == "convolution":
        return _kernels(weight, entries.get(axes[1]), rows, theirs.numbers, theirs.total, shape)
    span = _span(reading, source)
    if width == theirs.total * span and span > 1:
        if axes[1] in entries:
            return None
        grouped = weight.reshape(len(weight), theirs.total, span)[:, theirs.numbers]
        return _signed_length(grouped, (2,))[rows]
    columns = _places(entries.get(axes[1]), width, theirs.numbers)
    if width != theirs.total or columns is None:
        return None
    return _taken(weight, rows, columns)


def _kernels(
    weight: FloatArray,
    kept: Entries,
    rows: IntArray,
    numbers: IntArray,
    total: int,
    shape: tuple[int, ...],
) -> FloatArray | None:
    lengths = _signed_length(weight, tuple(range(2, weight.ndim)))
    width = int(shape[1])
    if width == total:
        columns = _places(kept, width, numbers)
        return None if columns is None else _taken(lengths, rows, columns)
    if width == 1 and int(shape[0]) == total:  # each map by itself
        block = np.full((len(rows), len(numbers)), np.nan)
        for at, number in enumerate(numbers):
            same = np.flatnonzero(rows == number)
            block[same, at] = lengths[rows[same], 0]
        return block
    return None


def _places(kept: Entries, size: int, numbers: IntArray) -> IntArray | None:
    """Where units stand in a stored array; None where an axis of that size cannot have them."""
    if len(numbers) and int(numbers.max()) >= size:
        return None
    return stored_at(kept, numbers)


def _taken(block: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    found: FloatArray = block[np.ix_(np.maximum(rows, 0), np.maximum(columns, 0))].astype(
        np.float64
    )
    found[rows < 0] = np.nan
    found[:, columns < 0] = np.nan
    return found


def _signed_length(values: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    """The length of each kernel with the sign of its sum."""
    length = np.sqrt((values**2).sum(axis=axes))
    signed: FloatArray = np.where(values.sum(axis=axes) < 0, -length, length)
    return signed
