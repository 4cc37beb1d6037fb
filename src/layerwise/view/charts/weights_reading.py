"""Histograms and bands of weights, read from a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...trace import Site, Trace
from ...types import FloatArray, IntArray
from ..style import format_count, format_number


@dataclass(frozen=True, eq=False)
class Histograms:
    """A histogram for each weight and moment.

    `counts` (weight, moment, bin), zero where there is none; `edges` (weight, bin + 1); `broken`
    (weight, moment) how many are not finite; `have` (weight, moment) whether arrays were kept then;
    `notes` (weight,) what was kept.
    """

    names: tuple[str, ...]
    counts: IntArray
    edges: FloatArray
    broken: IntArray
    have: IntArray
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Bands:
    """Mean, spread and ends of each weight over time: (weight, moment); NaN where there is none."""

    names: tuple[str, ...]
    mean: FloatArray
    spread: FloatArray
    smallest: FloatArray
    largest: FloatArray
    broken: IntArray


def read_histograms(
    trace: Trace, names: Sequence[str], moments: Sequence[int], bins: int
) -> Histograms:
    """Counts of the weights in equal bins between the ends of all these moments."""
    shape = (len(names), len(moments))
    counts = np.zeros((*shape, bins), np.int64)
    edges = np.empty((len(names), bins + 1))
    broken = np.zeros(shape, np.int64)
    have = np.zeros(shape, np.int64)
    for row, name in enumerate(names):
        edges[row] = np.linspace(*_ends(trace, name, moments), bins + 1)
        for column, moment in enumerate(moments):
            if (name, moment) not in trace:
                continue
            values = np.asarray(trace[name, moment], np.float64).ravel()
            finite = np.isfinite(values)
            counts[row, column] = np.histogram(values[finite], edges[row])[0]
            broken[row, column] = len(values) - int(finite.sum())
            have[row, column] = 1
    notes = tuple(_kept(trace.site(name)) for name in names)
    return Histograms(tuple(names), counts, edges, broken, have, notes)


def read_bands(trace: Trace, names: Sequence[str], moments: Sequence[int]) -> Bands:
    """What the summaries say of these weights at these moments."""
    site = trace.site("summary of weights")
    places = [site.entries["parameter"].index(name) for name in names]
    statistics = {str(name): at for at, name in enumerate(site.entries["statistic"])}
    rows = np.stack([trace[site.name, moment][places] for moment in moments], axis=1)
    rows = rows.astype(np.float64)  # (weight, moment, statistic)
    return Bands(
        tuple(names),
        rows[..., statistics["mean"]],
        rows[..., statistics["standard deviation"]],
        rows[..., statistics["smallest"]],
        rows[..., statistics["largest"]],
        np.nan_to_num(rows[..., statistics["not finite"]]).astype(np.int64),
    )


def _ends(trace: Trace, name: str, moments: Sequence[int]) -> tuple[float, float]:
    """The least and the greatest finite weight; a little apart where they are one."""
    low, high = np.inf, -np.inf
    for moment in moments:
        if (name, moment) in trace:
            values = np.asarray(trace[name, moment], np.float64)
            finite = values[np.isfinite(values)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        return -1.0, 1.0
    if low == high:
        room = abs(low) / 2 or 0.5
        return low - room, high + room
    return low, high


def _kept(site: Site) -> str:
    """How many weights there are, or how many of them were kept."""
    shape = site.about.get("shape")
    if shape is None:
        return ""
    total = int(np.prod(shape, dtype=np.int64))
    kept = 1
    for axis, length in zip(site.axes, shape, strict=False):
        kept *= len(site.entries[axis]) if axis in site.entries else int(length)
    if kept == total:
        return format_count(total)
    return f"{format_count(kept)} of {format_count(total)} kept"


def format_bins(edges: FloatArray) -> str:
    """The width of the bins in words."""
    return f"{len(edges) - 1} bins of {format_number(float(edges[1] - edges[0]), 2)}"
