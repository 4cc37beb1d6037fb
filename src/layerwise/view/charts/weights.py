"""Weights over time: a histogram for each layer, or what summaries tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from ...errors import InputError, unknown_name
from ...scene import Scene
from ...trace import Trace
from ..style import Theme
from ..style import theme as theme_named
from .frame import Frame, chosen, place_in_time, trace_of
from .weights_frames import WeightFrames
from .weights_reading import Bands, Histograms, read_bands, read_histograms

MOST_PANELS = 20
WAYS = ("values", "summary")


def weights(
    trace: Any,
    *,
    layers: str | Sequence[str] | None = None,
    of: Literal["values", "summary"] | None = None,
    bins: int = 60,
    theme: str | Theme = "light",
    title: str = "",
    size: tuple[int, int] = (1920, 1080),
    speed: float = 1.0,
) -> Scene:
    """How the weights of each layer are spread, and how that changes while they learn.

    A panel for each weight of the trace (or run), from left to right in the order of the layers,
    without biases unless `layers` names them (`*` stands for anything); of more than 20, that many
    spread evenly, and the foot says so. From kept arrays: a histogram of `bins` equal bins between
    the least and the greatest weight of all moments shown, its first moment behind it as a line;
    bars are shares of the layer's weights, and the highest bar of all moments fills the panel.
    Where only some units were kept, it is of those, and the panel says so. From summaries (where
    no arrays are, or with `of="summary"`): mean and standard deviation over time as a line in a
    band, the least and greatest weight as thin lines.

    The film steps through the recorded moments, at most 120; the poster is the last. Weights that
    are not finite have no bin: the panel says how many they are.

    Raises `InputError` for a trace without weights, `UnknownNameError` for an unknown layer.
    """
    trace = trace_of(trace, "weights")
    if of is not None and of not in WAYS:
        raise unknown_name("way to show weights", of, WAYS)
    if isinstance(bins, bool) or not isinstance(bins, int) or not 2 <= bins <= 500:
        raise InputError("The number of bins is a whole number", received=repr(bins),
                         allowed="2 to 500")  # fmt: skip
    patterns = [layers] if isinstance(layers, str) else layers
    arrays = _with_values(trace)
    summed = _with_summary(trace)
    way = of or ("values" if arrays else "summary")
    known = arrays if way == "values" else summed
    if not known:
        raise InputError(
            f"The trace {trace.title!r} has kept no weights", received=repr(trace),
            do=f'Record with lw.Keep(weights="{way}")',
        )  # fmt: skip
    found = _chosen(known, patterns)
    if not found:
        raise unknown_name(
            "weight", ", ".join(patterns or ["*"]), known, where=f"the trace {trace.title!r}",
            do="* stands for anything",
        )  # fmt: skip
    names = [found[at] for at in chosen(len(found), MOST_PANELS)]
    moments = _moments(trace, names, way)
    every = trace.moments
    places = [place_in_time(every[moment]) for moment in moments]
    panels: Histograms | Bands
    if way == "values":
        panels = read_histograms(trace, names, moments, bins)
    else:
        panels = read_bands(trace, names, moments)
    left_out = f"{len(names)} of {len(found):,} weights, spread evenly" if names != found else ""
    frame = Frame(size, theme_named(theme))
    heading = title or "Weights by layer"
    frames = WeightFrames(
        frame, panels, places[0][0], [number for _, number in places],
        title=heading, left_out=left_out, recorded=_recorded(trace, names, way),
    )  # fmt: skip
    return frame.scene(
        frames.marks, frames.labels, title=heading, description=frames.description(), speed=speed
    )


def _with_values(trace: Trace) -> list[str]:
    return [
        site.name for site in trace.sites if site.kind == "weight" and trace.where(site.name)
    ]  # fmt: skip


def _with_summary(trace: Trace) -> list[str]:
    site = next((each for each in trace.sites if each.name == "summary of weights"), None)
    if site is None or not trace.where(site.name):
        return []
    return [str(name) for name in site.entries["parameter"]]


def _chosen(names: Sequence[str], patterns: Sequence[str] | None) -> list[str]:
    if patterns is None:
        return [name for name in names if not name.endswith("bias")] or list(names)
    return [name for name in names if any(fnmatchcase(name, each) for each in patterns)]


def _recorded(trace: Trace, names: Sequence[str], way: str) -> int:
    """At how many moments any of them was kept."""
    sites = names if way == "values" else ["summary of weights"]
    return len({moment for name in sites for moment in trace.where(name)})


def _moments(trace: Trace, names: Sequence[str], way: str) -> list[int]:
    sites = names if way == "values" else ["summary of weights"]
    every = sorted({moment for name in sites for moment in trace.where(name)})
    return [every[at] for at in chosen(len(every))]
