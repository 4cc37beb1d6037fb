"""The walk of a convolution in a person's own network, from what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any, Final

import numpy as np

from ...errors import InputError, unknown_name
from ...trace import Site, Trace
from ...types import Array, FloatArray
from .picture import value_range
from .sums import Sides, correlate, margins, padded
from .walk import Walk, place_among, walked_cells

KINDS: Final = ("conv1d", "conv2d")
_EXACT: Final = 1e-4  # of the largest sum of magnitudes: single precision, with room
_DEFAULTS: Final = (1, 0, 1, 1)  # stride, padding, dilation, groups


def convolution_layer(
    trace: Trace,
    layer: str | None = None,
    *,
    channel: int = 0,
    cells: Iterable[tuple[int, int]] | None = None,
    sample: int = 0,
    moment: int = -1,
) -> Trace:
    """The walk through one output channel of a recorded layer, as `convolution` gives it.

    `trace` is what `lw.record` made, with values kept; `layer` the site of a convolution in one or
    two dimensions (None: the first one); `channel`, `sample` and `cells` (row, column) say what of
    its output. "output" is what the network computed, to the last bit; "sum" is the same written
    out in double precision from the recorded input, weights and bias, and the two agree (checked at
    every place to single precision; the greatest difference is `about["largest difference"]`).

    Raises `UnknownNameError` for a layer that is not there, `InputError` for one that is no
    convolution, was not kept whole, or did something else than its arguments say.
    """
    site = _site(trace, layer)
    moments = trace.where(site.name)
    if not moments:
        raise InputError(
            f"The output of {site.name!r} was not kept", do="Record it with lw.record(model, batch)"
        )
    at = moments[moment if -len(moments) <= moment < len(moments) else -1]
    weight_name, bias_name = _parameters(trace, site)
    source = site.inputs[0]
    picture_name = source
    inner = trace.site(source)
    if inner.about.get("operation") == "pad" and inner.inputs and (inner.inputs[0], at) in trace:
        picture_name = inner.inputs[0]
    given, weight = _kept(trace, source, at), _kept(trace, weight_name, at).astype(np.float64)
    before, after = _kept(trace, picture_name, at), _kept(trace, site.name, at)
    bias = None if not bias_name else _kept(trace, bias_name, at).astype(np.float64)
    number = place_among("sample", sample, len(after)) if after.ndim == weight.ndim else None
    frame, picture, output = (_planes(a, number, weight.ndim) for a in (given, before, after))
    if weight.ndim == 3:
        weight = weight[:, :, None, :]
    chosen = place_among("channel", channel, len(output))
    step, apart, groups, margin, framed, most = _found(site, frame, weight, bias, output, chosen)
    if picture_name != source:  # the padding was an operation of its own, just before
        margin = _difference(picture, frame)
    about = {
        "name": site.name, "written": [], "padding": [list(pair) for pair in margin],
        "padding mode": "zeros" if picture_name == source else _mode(inner), "flipped": False,
        "evenly": cells is None,
        "range": list(value_range(picture, picture)), "layer": site.name, "sample": sample,
        "settings": str(site.about.get("settings", "")), "largest difference": most,
        "shown picture": picture_name,
    }  # fmt: skip
    walk = Walk(
        site.name, picture, framed, weight, bias, output, step, apart, groups, chosen, about
    )
    return walk.trace(walked_cells(cells, (output.shape[1], output.shape[2])))


def _site(trace: Trace, layer: str | None) -> Site:
    found = [site for site in trace.sites if site.about.get("operation") in KINDS]
    names = [site.name for site in found]
    if not found:
        raise InputError(
            f"There is no convolution in one or two dimensions in the trace {trace.title!r}",
            do="Record a network that has one",
        )
    if layer is None:
        return found[0]
    if layer in names:
        return found[names.index(layer)]
    if any(site.name == layer for site in trace.sites):
        raise InputError(
            f"{layer!r} is no convolution in one or two dimensions",
            allowed=f"Those are: {', '.join(names[:20])}",
        )
    raise unknown_name("convolution", layer, names, where=f"the trace {trace.title!r}")


def _parameters(trace: Trace, site: Site) -> tuple[str, str]:
    """The sites of the weights and of the bias ("" if there is none)."""
    rest = list(site.inputs[1:])
    deep = [name for name in rest if len(trace.site(name).axes) > 1]
    flat = [name for name in rest if len(trace.site(name).axes) == 1]
    if not deep:
        raise InputError(f"The weights of {site.name!r} are not in the trace")
    return deep[0], flat[0] if flat else ""


def _kept(trace: Trace, name: str, moment: int) -> Array:
    """A whole array at that moment; weights may have been kept at another one only."""
    site = trace.site(name)
    if site.entries:
        raise InputError(
            f"{name!r} was kept in part only: {site.note}",
            do="Record with keep=lw.Keep(neurons=None, samples=None)",
        )
    if (name, moment) in trace:
        return trace[name, moment]
    where = trace.where(name) if site.kind in ("weight", "buffer", "constant") else []
    if len(where) != 1:
        raise InputError(
            f"{name!r} was not kept, so that there is nothing to walk through",
            do="Record with room for it, such as keep=lw.Keep(budget='1 GiB')",
        )
    return trace[name, where[0]]


def _planes(array: Array, sample: int | None, axes: int) -> FloatArray:
    """One sample as (channel, row, column); one dimension is one row."""
    own = array if sample is None or array.ndim < axes else array[sample]
    planes = own[:, None, :] if axes == 3 else own
    return planes.astype(np.float64)


def _found(
    site: Site,
    frame: FloatArray,
    weight: FloatArray,
    bias: FloatArray | None,
    output: FloatArray,
    channel: int,
) -> tuple[Sides, Sides, int, tuple[Sides, Sides], FloatArray, float]:
    """Stride, dilation, groups, padding, the padded picture and the greatest difference.

    The arguments of a call without names are told in order, but some may have been given by name;
    the reading whose sums are what was computed is taken.
    """
    kernel = (weight.shape[2], weight.shape[3])
    flat = site.about.get("operation") == "conv1d"
    for stride, padding, dilation, many in _readings(site):
        try:
            step, apart = _pair(stride, 1, flat), _pair(dilation, 1, flat)
            groups = int(many)
            fits = weight.shape[1] * groups == len(frame) and len(weight) % groups == 0
            pads = padding if isinstance(padding, str) else _pair(padding, 0, flat)
            margin = margins(pads, kernel, step, apart)
            framed = padded(frame, margin, "zeros")
            if not fits:
                continue
            each, within = len(weight) // groups, weight.shape[1]
            first = channel // each * within
            part, own = framed[first : first + within], weight[channel : channel + 1]
            sums = correlate(part, own, step, apart, 1)[0]
            sizes = correlate(np.abs(part), np.abs(own), step, apart, 1)[0]
        except (InputError, TypeError, ValueError):
            continue
        if sums.shape != output.shape[1:]:
            continue
        sums = sums + (0.0 if bias is None else bias[channel])
        most = float(np.abs(sums - output[channel]).max())
        if most <= _EXACT * max(float(sizes.max()), 1e-30):
            return step, apart, groups, margin, framed, most
    raise InputError(
        f"{site.name!r} cannot be walked through: its input, weights and arguments do not give "
        "what was recorded",
        received=f"arguments {site.about.get('arguments', [])}",
        do="Record the pass again; an input changed in place since cannot be read",
    )


def _readings(site: Site) -> Iterator[list[Any]]:
    told = [part for part in site.about.get("arguments", []) if part is not None]
    told = told[:4]
    for places in permutations(range(4), len(told)):
        reading: list[Any] = list(_DEFAULTS)
        for place, value in zip(places, told, strict=True):
            reading[place] = value
        if not isinstance(reading[0], str) and not isinstance(reading[2], str):
            yield reading


def _pair(given: Any, alone: int, flat: bool) -> Sides:
    """(down, across); in one dimension nothing happens downwards."""
    both = list(given) if isinstance(given, (list, tuple)) else [given]
    if flat:
        return alone, int(both[0])
    return int(both[0]), int(both[-1])


def _difference(picture: FloatArray, frame: FloatArray) -> tuple[Sides, Sides]:
    """How wide the margin is that a padding added, where it is alike on both sides or nearly so."""
    rows, columns = (frame.shape[1] - picture.shape[1], frame.shape[2] - picture.shape[2])
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def _mode(site: Site) -> str:
    told = [part for part in site.about.get("arguments", []) if isinstance(part, str)]
    return {"constant": "zeros"}.get(told[0], told[0]) if told else "zeros"
