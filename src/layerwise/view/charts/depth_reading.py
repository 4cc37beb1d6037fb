"""How large gradients, outputs or weights are, layer by layer, as a trace has kept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from ...errors import InputError, unknown_name
from ...trace import Trace
from ...types import Array, ByteArray, FloatArray
from .frame import place_in_time

SUMMARIES: Final = {
    "gradients": "summary of gradients",
    "outputs": "summary of outputs",
    "weights": "summary of weights",
    "weight gradients": "summary of weight gradients",
}
"""What can be shown → the site of the trace that has it."""

MEASURES: Final = ("root mean square", "standard deviation")
KNOWN, ZERO, NOT_FINITE, ABSENT = range(4)
SMALL: Final = 1e-18
"""Below this squares summed in single precision are lost, and with them a summary's spread: so it
is in traces whose summaries were not made by layerwise, or on a graphics card."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """Sizes over time: `values` (moment, layer), NaN where `state` (moment, layer) is not KNOWN.

    `moments` are those of the trace, `places` (moment,) the step or epoch of each, counted by
    `counted`. `bounded` says whether a value is the largest magnitude, as the spread was lost;
    `notes` what a reader must know.
    """

    layers: tuple[str, ...]
    moments: tuple[int, ...]
    counted: str
    places: FloatArray
    values: FloatArray
    state: ByteArray
    bounded: bool
    notes: tuple[str, ...]


def read_sizes(
    trace: Trace, of: str, measure: str, layers: str | Sequence[str] | None = None
) -> Sizes:
    """The sizes that a trace has, from its summaries, or else from all arrays that it kept.

    Raises `UnknownNameError` for another quantity or measure, `InputError` where nothing was kept.
    """
    if of not in SUMMARIES:
        raise unknown_name("quantity", of, SUMMARIES)
    if measure not in MEASURES:
        raise unknown_name("measure", measure, MEASURES)
    site = SUMMARIES[of]
    patterns = [layers] if isinstance(layers, str) else layers
    if any(each.name == site for each in trace.sites) and trace.where(site):
        return _from_summary(trace, site, measure, patterns)
    return _from_arrays(trace, of, measure, patterns)


def _from_summary(trace: Trace, site: str, measure: str, patterns: Sequence[str] | None) -> Sizes:
    entries = trace.site(site).entries
    names = tuple(str(name) for name in entries.get("layer", entries.get("parameter", ())))
    of_parameters = "parameter" in entries
    kept = _chosen(names, patterns, biases=not of_parameters)
    if not kept:
        raise _none_chosen(trace, names, patterns)
    moments, rows = trace.series(site)  # (moment, layer, statistic)
    statistics = {str(name): at for at, name in enumerate(entries["statistic"])}
    rows = rows[:, kept].astype(np.float64)
    mean, spread = rows[..., statistics["mean"]], rows[..., statistics["standard deviation"]]
    ends = rows[..., [statistics["smallest"], statistics["largest"]]]
    largest = np.abs(ends).max(axis=-1)
    values = spread if measure == "standard deviation" else np.hypot(mean, spread)
    lost = (largest < SMALL) & (spread == 0) & (ends[..., 0] != ends[..., 1])
    values = np.where(lost, largest, values)
    state = np.full(values.shape, KNOWN, np.uint8)
    state[np.isnan(values)] = ABSENT
    state[values == 0] = ZERO
    state[(rows[..., statistics["not finite"]] > 0) | np.isinf(values)] = NOT_FINITE
    notes = []
    if len(kept) < len(names):
        why = f"names like {', '.join(patterns)}" if patterns else "biases left out"
        notes.append(
            f"{len(kept):,} of {len(names):,} {'parameters' if of_parameters else 'layers'}: {why}"
        )
    return _sizes(trace, [names[at] for at in kept], moments, values, state, lost, notes)


def _from_arrays(trace: Trace, of: str, measure: str, patterns: Sequence[str] | None) -> Sizes:
    """From the arrays themselves: those kept, which may be a part, as the notes then say."""
    found = _array_sites(trace, of)
    names = [shown for shown, _ in found]
    kept = _chosen(names, patterns, biases=of in ("gradients", "outputs"))
    if not found:
        raise InputError(
            f"The trace {trace.title!r} has kept no {of}", received=repr(trace),
            do=f'Record with lw.Keep({_keyword(of)}="summary")',
        )  # fmt: skip
    if not kept:
        raise _none_chosen(trace, names, patterns)
    sites = [found[at][1] for at in kept]
    moments = sorted({moment for site in sites for moment in trace.where(site)})
    if not moments:
        raise InputError(f"The trace {trace.title!r} has no {of} yet", received=repr(trace))
    values = np.full((len(moments), len(sites)), np.nan)
    state = np.full(values.shape, ABSENT, np.uint8)
    for row, moment in enumerate(moments):
        for column, site in enumerate(sites):
            if (site, moment) in trace:
                values[row, column], state[row, column] = _size(trace[site, moment], measure)
    notes = ["from the arrays kept"]
    if any(trace.site(site).entries for site in sites):
        notes.append("of the units kept, not of all")
    lost = np.zeros(values.shape, np.bool_)
    return _sizes(trace, [names[at] for at in kept], moments, values, state, lost, notes)


def _sizes(
    trace: Trace, names: Sequence[str], moments: Sequence[int], values: FloatArray,
    state: ByteArray, lost: Array, notes: Sequence[str],
) -> Sizes:  # fmt: skip
    every = trace.moments
    places = [place_in_time(every[moment]) for moment in moments]
    said = list(notes)
    if (state == ABSENT).any():
        said.append("gaps: no value")
    shown = np.where(state == KNOWN, values, np.nan)
    numbers = np.array([number for _, number in places], np.float64)
    bounded = bool((lost & (state == KNOWN)).any())
    return Sizes(
        tuple(names), tuple(moments), places[0][0], numbers, shown, state, bounded, tuple(said)
    )


def _size(array: Array, measure: str) -> tuple[float, int]:
    numbers = np.asarray(array, np.float64).ravel()
    if not numbers.size:
        return np.nan, ABSENT
    if not np.isfinite(numbers).all():
        return np.nan, NOT_FINITE
    peak = float(np.abs(numbers).max())
    if peak == 0:
        return 0.0, ZERO
    scaled = numbers / peak  # squares of very small numbers would be lost
    size = scaled.std() if measure == "standard deviation" else np.sqrt((scaled**2).mean())
    size = float(size) * peak
    return size, KNOWN if size else ZERO


def _array_sites(trace: Trace, of: str) -> list[tuple[str, str]]:
    """Name shown → site with the arrays, in the order of the trace."""
    kind = "weight" if of.startswith("weight") else "activation"
    named = {site.name for site in trace.sites}
    found = []
    for site in trace.sites:
        if site.kind != kind or site.about.get("dtype", "float32").startswith(("int", "bool")):
            continue
        name = f"{site.name}.gradient" if of.endswith("gradients") else site.name
        if name in named:
            found.append((site.name, name))
    return found


def _chosen(names: Sequence[str], patterns: Sequence[str] | None, *, biases: bool) -> list[int]:
    if patterns is not None:
        return [
            at for at, name in enumerate(names)
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        ]  # fmt: skip
    return [at for at, name in enumerate(names) if biases or not name.endswith("bias")]


def _keyword(of: str) -> str:
    return {"outputs": "outputs", "weights": "weights"}.get(of, "gradients")


def _none_chosen(trace: Trace, names: Sequence[str], patterns: Sequence[str] | None) -> InputError:
    return unknown_name(
        "layer", ", ".join(patterns or ["*"]), names, where=f"the trace {trace.title!r}",
        do="* stands for anything",
    )  # fmt: skip
