"""The true numbers of every unit and link that is drawn: what a page tells when one is pointed at.

Numbers are those of the trace in single precision. A page carries the largest terms of each sum,
and what the others add up to; the weights of links and the pixels of maps as long as there are not
too many of them, and says so where there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from ...scene import LayerReading, Terms, UnitReading
from ...types import Float32Array, FloatArray, IntArray, float32_array
from ..diagram.graph import Layer
from ..style import format_count
from .focus import EXACT, summing_site
from .panels import Panels
from .places import Column
from .pointed_links import Rows, function_of, operations_after, stacked, with_kernels, with_weights
from .reading import Reading, stored_at
from .story import State

MOST_TERMS: Final = 12
MOST_PIXELS: Final = 450_000


def pointed(films: Sequence[tuple[Panels, Sequence[State]]]) -> UnitReading:
    """What films of one network, one after another, show: a row for each sample and moment."""
    row_of: dict[tuple[int, int], int] = {}
    rows: list[tuple[Reading, int]] = []
    stops = []
    for number, (panels, states) in enumerate(films):
        for state in states:
            key = (number, state.moment)
            if key not in row_of:
                row_of[key] = len(rows)
                rows.append((panels.reading, state.moment))
            stops.append(row_of[key])
    panels = films[0][0]
    owners = [films[number][0] for number, _ in row_of]
    columns = panels.places.columns
    layers = [_layer(panels, owners, rows, column) for column in columns]
    layers += [
        _picture(panels, rows, number)
        for number in panels.places.inputs
        if panels.places.column(number) is None
    ]
    layers = with_weights(panels, rows, layers)
    layers = with_kernels(panels, rows, _thinned(layers))
    return UnitReading(tuple(stops), tuple(layers))


def _layer(panels: Panels, owners: Sequence[Panels], rows: Rows, column: Column) -> LayerReading:
    reading, number = panels.reading, column.number
    layer = reading.graph.layers[number]
    chosen = reading.chosen(number)
    drawn = min(len(column.boxes), len(chosen))
    numbers = chosen.numbers[:drawn]
    known = (
        panels.columns if column.rank == 0 else panels.names if _is_answer(panels, column) else ()
    )
    names = (
        tuple(known[int(n)] for n in numbers) if len(known) > int(numbers.max(initial=-1)) else ()
    )
    values = stacked((_first(own.units(number, moment), drawn) for own, moment in rows), drawn)
    if values is not None and values.ndim == 3:  # strips
        values = values[:, :, None]
    slopes = stacked(
        (_first(own.unit_gradients(number, moment), drawn) for own, moment in rows), drawn
    )
    if slopes is not None and slopes.ndim > 2:
        slopes = None
    shares = bars = None
    answer = owners[0].answer
    single = values is not None and values.ndim == 2
    if _is_answer(panels, column) and answer.probabilities and single:
        places = chosen.places[:drawn]
        given = [own.answer.shares(moment) for own, (_, moment) in zip(owners, rows, strict=True)]
        shares = stacked((None if each is None else each[places] for each in given), drawn)
    if _is_answer(panels, column):
        bars = _bars(panels, column, drawn)
    return LayerReading(
        _name(layer), float32_array(column.boxes[:drawn]), numbers, names, values,
        slopes=slopes, shares=shares, bars=bars, site=layer.weight,
        terms=_terms(panels, rows, number, numbers),
    )  # fmt: skip


def _name(layer: Layer) -> str:
    """What a layer is called: a number alone would not be understood."""
    return f"layer {layer.name}" if layer.name.isdigit() else layer.name


def _is_answer(panels: Panels, column: Column) -> bool:
    return column is panels.places.columns[-1]


def _bars(panels: Panels, column: Column, drawn: int) -> Float32Array:
    """Where name, bar and number of each answer stand."""
    bars = panels.layout.bars
    boxes = column.boxes[:drawn].copy()
    boxes[:, 0], boxes[:, 2] = bars.left, bars.edge - bars.left
    if bars.top is not None:
        boxes[:, 1], boxes[:, 3] = bars.top + bars.pitch * np.arange(drawn), bars.pitch
    return float32_array(boxes)


def _picture(panels: Panels, rows: Rows, number: int) -> LayerReading:
    """An input that is drawn as one picture: its channels are the units."""
    layer = panels.reading.graph.layers[number]
    box = float32_array(np.array(panels.input_box(number))[None])
    planes = []
    for own, moment in rows:
        values = own.output(number, moment)
        if values is None or values.ndim > 3 or not values.ndim:
            return LayerReading(layer.name, box, np.arange(1))
        sides = values.reshape((1,) * (3 - values.ndim) + values.shape)
        planes.append(sides[:8])
    values = np.stack(planes) if len({plane.shape for plane in planes}) == 1 else None
    count = 1 if values is None else values.shape[1]
    if values is not None and (values == values[:1]).all():
        values = values[:1]  # the same picture all along
    kept = None if values is None else float32_array(values)
    return LayerReading(layer.name, box, np.arange(count), values=kept, is_picture=True)


def _first(values: FloatArray | None, drawn: int) -> FloatArray | None:
    return None if values is None else values[:drawn]


def _terms(panels: Panels, rows: Rows, number: int, numbers: IntArray) -> Terms | None:
    """The largest terms of a dense layer's sums; None where they were not kept or do not add up."""
    reading = panels.reading
    layer = reading.graph.layers[number]
    if not len(numbers):
        return None
    found = [products(own, number, numbers, moment) for own, moment in rows]
    parts = [each for each in found if each is not None]
    if len(parts) < len(found):
        return None
    sums = np.stack([each.sums for each in parts])
    given = [each.bias for each in parts if each.bias is not None]
    values = [own.units(number, moment) for own, moment in rows]
    source = reading.graph.layers[layer.inputs[0]]
    shape = source.shape[1:] if source.axes[:1] == ("sample",) else source.shape
    of_table = layer.inputs[0] in panels.places.inputs and len(shape) == 1
    return Terms(
        np.stack([each.places for each in parts]),
        float32_array(np.stack([each.inputs for each in parts])),
        float32_array(np.stack([each.weights for each in parts])),
        float32_array(np.stack([each.rest for each in parts])),
        parts[0].total, float32_array(np.stack(given)) if given else None,
        float32_array(sums), _name(source), tuple(int(side) for side in shape),
        panels.columns if of_table and len(panels.columns) == shape[0] else (),
        function_of(layer.activation, sums, values),
        operations_after(reading, number, summing_site(reading, number)),
    )  # fmt: skip


class Products(NamedTuple):
    """The largest terms of a dense layer's sums, and what the others add up to.

    Places, inputs and weights (unit, term), rest, sums and bias (unit,), how many inputs."""

    places: IntArray
    inputs: FloatArray
    weights: FloatArray
    rest: FloatArray
    sums: FloatArray
    bias: FloatArray | None
    total: int


def products(reading: Reading, number: int, numbers: IntArray, moment: int) -> Products | None:
    """Those of some units; None where they were not kept or do not add up."""
    layer = reading.graph.layers[number]
    if layer.kind != "dense" or len(layer.inputs) != 1 or not layer.weight:
        return None
    weight, given = reading.value(layer.weight, moment), reading.output(layer.inputs[0], moment)
    own = summing_site(reading, number)
    sums = reading.value(own, moment) if own else None
    if weight is None or given is None or sums is None or weight.ndim != 2 or sums.ndim != 1:
        return None
    site = reading.trace.site(layer.weight)
    rows = stored_at(site.entries.get(site.axes[0]), numbers)
    at = stored_at(reading.trace.site(own).entries.get("unit"), numbers)
    flat = given.reshape(-1)
    if len(flat) != weight.shape[1] or (rows < 0).any() or (at < 0).any():
        return None
    bias = reading.value(layer.bias, moment) if layer.bias else None
    if bias is not None:
        held = stored_at(reading.trace.site(layer.bias).entries.get("unit"), numbers)
        bias = None if (held < 0).any() else bias[held]
    elif layer.bias:
        return None
    if not (np.isfinite(flat).all() and np.isfinite(weight[rows]).all()):
        return None
    each = weight[rows] * flat
    total, own_sums = each.sum(axis=1), sums[at]
    off = np.abs(total + (0 if bias is None else bias) - own_sums)
    sizes = np.abs(each).sum(axis=1) + (0 if bias is None else np.abs(bias))
    if not (off <= EXACT * np.maximum(sizes, 1.0)).all():
        return None  # something else was computed: rather nothing than a wrong sum
    order = np.argsort(-np.abs(each), axis=1, kind="stable")[:, :MOST_TERMS]
    taken = np.take_along_axis(each, order, axis=1)
    chosen = np.take_along_axis(weight[rows], order, axis=1)
    rest = total - taken.sum(axis=1)
    return Products(order, flat[order], chosen, rest, own_sums, bias, len(flat))


def _thinned(layers: Sequence[LayerReading]) -> list[LayerReading]:
    """Without the pixels of the largest maps, where all would be too many."""
    sizes = {
        at: layer.values.size
        for at, layer in enumerate(layers)
        if layer.values is not None and layer.values.ndim == 4
    }
    found, used = list(layers), 0
    for at in sorted(sizes, key=lambda at: (sizes[at], at)):
        used += sizes[at]
        if used > MOST_PIXELS:
            note = f"its {format_count(sizes[at])} numbers are not in this page"
            found[at] = replace(found[at], values=None, note=note)
    return found
