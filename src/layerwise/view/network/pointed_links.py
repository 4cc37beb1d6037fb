"""What links between drawn units stand for: their weights, their kernels, and what these give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ...scene import Kernels, LayerReading
from ...types import Float32Array, FloatArray, IntArray, float32_array
from ..style import format_count
from .convolved import convolved, convolving_site
from .focus import EXACT, FUNCTIONS
from .links import links_between
from .panels import Panels
from .reading import Reading, stored_at

MOST_WEIGHTS: Final = 450_000
MOST_KERNELS: Final = 450_000

Rows = Sequence[tuple[Reading, int]]


def with_weights(panels: Panels, rows: Rows, layers: Sequence[LayerReading]) -> list[LayerReading]:
    """The weights of links between drawn units, as long as there are not too many."""
    columns = panels.places.columns
    index = {column.number: at for at, column in enumerate(columns)}
    found, used = list(layers), 0
    for at, column in enumerate(columns):
        layer = panels.reading.graph.layers[column.number]
        sources = [number for number in layer.inputs if number in index]
        if len(layer.inputs) != 1 or not sources or not layer.weight:
            continue
        source = index[sources[0]]
        theirs, ours = found[source].numbers, found[at].numbers
        if _stands_for_several(panels, sources[0], column.number):
            weights, sides = _lengths(rows, sources[0], column.number, (len(ours), len(theirs)))
            found[at] = replace(found[at], source=source, weights=weights, sides=sides)
            continue
        if layer.kind != "dense":
            continue
        if len(rows) * len(ours) * len(theirs) + used > MOST_WEIGHTS:
            note = f"the {format_count(len(ours) * len(theirs))} weights are not in this page"
            found[at] = replace(found[at], source=source, note=note)
            continue
        between = [_between(own, column.number, ours, theirs, moment) for own, moment in rows]
        kept = stacked(between, len(ours))
        if kept is not None:
            used += kept.size
            found[at] = replace(found[at], source=source, weights=kept)
    return found


def _stands_for_several(panels: Panels, source: int, target: int) -> bool:
    links = links_between(panels.reading, source, target)
    return links is not None and links.kind == "kernels"


def _lengths(
    rows: Rows, source: int, target: int, counts: tuple[int, int]
) -> tuple[Float32Array, tuple[int, ...]]:
    """What links between maps stand for, (row, unit, unit of the source), and of how many."""
    reading = rows[0][0]
    weights = np.full((len(rows), *counts), np.nan)
    links = links_between(reading, source, target)
    for at, (own, moment) in enumerate(rows):
        if links is not None:
            drawn = links.pairs[:, 1] < counts[0]
            of, to = links.pairs[drawn].T
            weights[at, to, of] = links.strengths(own, moment)[drawn]
    layer = reading.graph.layers[target]
    shape = reading.trace.site(layer.weight).about.get("shape", ())
    sides = tuple(int(side) for side in shape[2:])
    return float32_array(weights), sides or (int(shape[1]) // reading.chosen(source).total,)


def with_kernels(panels: Panels, rows: Rows, layers: Sequence[LayerReading]) -> list[LayerReading]:
    """How each pixel of the drawn maps was computed, as long as that is not too much."""
    index = {column.number: at for at, column in enumerate(panels.places.columns)}
    pictures = [n for n in panels.places.inputs if panels.places.column(n) is None]
    index |= {number: len(panels.places.columns) + at for at, number in enumerate(pictures)}
    found, used = list(layers), 0
    for at, column in enumerate(panels.places.columns):
        layer, own = panels.reading.graph.layers[column.number], layers[at]
        if layer.kind != "convolution" or len(layer.inputs) != 1 or own.values is None:
            continue
        source = index.get(layer.inputs[0])
        if source is None:
            continue
        kernels = _kernels(rows, column.number, own, (source, layers[source].numbers))
        if kernels is None:
            continue
        used += kernels.weights.size + (0 if kernels.sums is None else kernels.sums.size)
        if used > MOST_KERNELS:
            break
        found[at] = replace(found[at], kernels=kernels)
    return found


def _kernels(
    rows: Rows, number: int, own: LayerReading, source: tuple[int, IntArray]
) -> Kernels | None:
    """Those of one layer, NaN where they were not kept or do not add up; None if that is always."""
    found = {
        (row, unit): one
        for row, (reading, moment) in enumerate(rows)
        for unit, name in enumerate(own.numbers)
        if (one := convolved(reading, number, int(name), moment)) and one.adds_up_everywhere()
    }
    if not found or own.values is None:
        return None
    first = next(iter(found.values()))
    at, numbers = source
    place = {int(theirs): index for index, theirs in enumerate(numbers)}
    seen: dict[int, list[int]] = {}
    for (_, unit), one in found.items():
        seen[unit] = [c for c in range(len(one.given)) if one.first + c in place]
    counts = len(rows), len(own.numbers)
    most = max(1, *(len(channels) for channels in seen.values()))
    channels = np.full((counts[1], most), -1)
    weights = np.full((*counts, most, *first.kernel.shape[1:]), np.nan)
    sums, bias = np.full((*counts, *first.sums.shape), np.nan), np.full(counts, np.nan)
    for (row, unit), one in found.items():
        kept = seen[unit]
        channels[unit, : len(kept)] = [place[one.first + channel] for channel in kept]
        weights[row, unit] = 0
        weights[row, unit, : len(kept)] = one.kernel[kept]
        sums[row, unit] = one.sums
        bias[row, unit] = one.bias if one.bias is not None else 0.0
    reading, layer = rows[0][0], rows[0][0].graph.layers[number]
    values = np.asarray(own.values, np.float64)
    same = values.shape == sums.shape
    told = np.where(np.isnan(sums), np.nan, values) if same else values
    function = function_of(layer.activation, np.nan_to_num(sums), list(np.nan_to_num(told)))
    return Kernels(
        float32_array(weights), channels, at, len(first.kernel),
        None if first.bias is None else float32_array(bias),
        None if function == "identity" else float32_array(sums), first.stride,
        (first.pads[0][0], first.pads[1][0]), first.dilation, function,
        operations_after(reading, number, convolving_site(reading, number)),
    )  # fmt: skip


def _between(
    reading: Reading, number: int, ours: IntArray, theirs: IntArray, moment: int
) -> FloatArray | None:
    layer = reading.graph.layers[number]
    weight = reading.value(layer.weight, moment)
    site = reading.trace.site(layer.weight)
    if weight is None or weight.ndim != 2 or len(site.axes) != 2:
        return None
    width = int(site.about.get("shape", weight.shape)[1])
    if width != reading.chosen(layer.inputs[0]).total:
        return None
    rows, columns = (
        stored_at(site.entries.get(axis), numbers)
        for axis, numbers in zip(site.axes, (ours, theirs), strict=True)
    )
    if (rows < 0).any() or (columns < 0).any():
        return None
    block: FloatArray = weight[np.ix_(rows, columns)]
    return block


def function_of(name: str, sums: FloatArray, values: Sequence[FloatArray | None]) -> str:
    """The activation, where it turns all sums into the values; "" where more happens."""
    if any(each is None or each.ndim != sums.ndim - 1 for each in values):
        return ""
    given = np.stack([each for each in values if each is not None])[:, : sums.shape[1]]
    if given.shape != sums.shape:
        return ""
    if np.abs(given - sums).max() <= EXACT * max(1.0, float(np.abs(given).max())):
        return "identity"
    if name not in FUNCTIONS:
        return ""
    expected = np.vectorize(FUNCTIONS[name], otypes=[float])(sums)
    same = np.abs(expected - given) <= EXACT * np.maximum(1.0, np.abs(given))
    return name if same.all() else ""


def operations_after(reading: Reading, number: int, own: str) -> str:
    """What happens to the sums at one of a layer's sites before they are shown, in order."""
    layer = reading.graph.layers[number]
    later = layer.sites[layer.sites.index(own) + 1 :] if own in layer.sites else ()
    names = [str(reading.trace.site(site).about.get("operation", site)) for site in later]
    return " → ".join(name.replace("_", " ") for name in names)


def stacked(found: Iterable[FloatArray | None], drawn: int) -> Float32Array | None:
    """Rows as one array, NaN where a moment has none; None where none has, or shapes differ."""
    rows = list(found)
    shapes = {row.shape for row in rows if row is not None}
    if len(shapes) != 1:
        return None
    shape = shapes.pop()
    if not shape or shape[0] != drawn or len(shape) > 3:
        return None
    return float32_array(np.stack([np.full(shape, np.nan) if row is None else row for row in rows]))
