"""Size by depth: how large gradients, outputs or weights are in each layer, while it learns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ...errors import InputError, unknown_name
from ...scene import Scene
from ..style import Theme
from ..style import theme as theme_named
from ..writable import writable
from .depth_frames import DepthFrames, Tellings
from .depth_reading import MEASURES, read_sizes
from .frame import Frame, named_traces

MOST_PANELS, MOST_TOGETHER = 30, 10


def depth(
    traces: Any,
    *,
    of: Literal["gradients", "outputs", "weights", "weight gradients"] = "gradients",
    measure: Literal["root mean square", "standard deviation"] = "root mean square",
    layers: str | Sequence[str] | None = None,
    together: bool = False,
    in_step: Literal["step", "share"] = "step",
    score: str | None = None,
    remarks: Mapping[str, str] | None = None,
    columns: int | None = None,
    limits: tuple[float, float] | None = None,
    theme: str | Theme = "dark",
    title: str = "",
    note: str = "",
    size: tuple[int, int] = (1920, 1080),
    speed: float = 1.0,
) -> Scene:
    """How large the numbers of every layer are, by depth, on a logarithmic scale, over time.

    `traces` is a trace or run, a list of them, or name → trace: each has a panel with one axis for
    all, or with `together` all are in one, named where their lines end. The input is at the left.
    `of` is what is measured (gradients: those of the layers' outputs), `layers` only those names
    (`*` stands for anything).

    The size is the root mean square, √(mean² + standard deviation²), or the standard deviation,
    from the summaries that were kept: exact to their single precision. Without summaries it comes
    from the arrays that were kept, which the foot says. What is exactly zero has no place on such a
    scale and stands on a line "0" below it; a layer with any number that is not finite stands on
    one above it. Where a summary lost the spread of numbers below 10⁻¹⁸, their squares having been
    summed in single precision, the largest magnitude is drawn, and the foot says so.

    The film steps through the recorded moments, at most 120 of them. With `in_step="step"` several
    traces are seen at the same step; with "share" each at the same share of its own recording.
    `score` is a metric of the trace to show (None: its accuracy, or its loss), `remarks` words by
    name that stand below a panel when its recording ends. `limits` are two powers of ten that the
    scale shall span; what lies beyond is drawn on its edge, and the foot says so. `note` stands at
    the foot, such as how the networks were trained. The poster is the end.

    Raises `InputError` for a trace that kept none of it and for too many traces, `UnknownNameError`
    for another quantity, measure, score, layer or theme.
    """
    named = named_traces(traces, "depth")
    most = MOST_TOGETHER if together else MOST_PANELS
    if len(named) > most:
        raise InputError(
            "There is no room for so many traces", received=f"{len(named)}",
            allowed=f"At most {most} {'in one panel' if together else 'panels'}",
        )  # fmt: skip
    if in_step not in ("step", "share"):
        raise unknown_name("way to go in step", in_step, ("step", "share"))
    for name in remarks or {}:
        if name not in named:
            raise unknown_name("trace", name, named, where="the remarks")
    if limits is not None and not _are_powers(limits):
        raise InputError(
            "The limits of the scale are two powers of ten", received=repr(limits),
            allowed="Such as (1e-12, 1e6)",
        )  # fmt: skip
    given = list(named)
    names, unwritten = writable(given, "run")
    named = dict(zip(names, named.values(), strict=True))
    remarks = {names[given.index(name)]: said for name, said in (remarks or {}).items()}
    frame = Frame(size, theme_named(theme))
    sizes = {name: read_sizes(trace, of, measure, layers) for name, trace in named.items()}
    word = "size" if measure == MEASURES[0] else "spread"
    heading = title or f"{word.capitalize()} of {of} by depth"
    told = Tellings(
        heading,
        of,
        measure,
        in_step == "share",
        score,
        remarks,
        limits,
        " · ".join(part for part in (note, unwritten) if part),
    )
    frames = DepthFrames(frame, named, sizes, told, together=together, columns=columns)
    said = frames.description() + (f". Runs: {', '.join(given)}." if unwritten else "")
    return frame.scene(frames.marks, frames.labels, title=heading, description=said, speed=speed)


def _are_powers(limits: Sequence[float]) -> bool:
    """Whether these are two powers of ten, the lower first."""
    if len(limits) != 2 or not 0 < limits[0] < limits[1] < math.inf:
        return False
    return all(math.isclose(math.log10(each), round(math.log10(each))) for each in limits)
