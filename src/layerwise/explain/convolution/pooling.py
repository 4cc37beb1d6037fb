"""Pooling: what is left of each window, its largest number or its mean, and which cell won."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from ...errors import unknown_name
from ...trace import Header, Moment, Site, Trace
from .picture import picture_array, value_range
from .sums import Sides, output_size, sides, window_at
from .walk import CELLS_NOTE, PLANE, place_among, walked_cells

KINDS: Final = ("max", "mean")


def pooling(
    picture: Any,
    size: int | Sides = 2,
    *,
    kind: str = "max",
    stride: int | Sides | None = None,
    channel: int = 0,
    cells: Iterable[tuple[int, int]] | None = None,
    picture_size: int | Sides | None = None,
) -> Trace:
    """A picture made smaller: of each window of `size` the largest number ("max") or the "mean".

    `picture` as in `convolution` (`picture_size` its size, where it is a file); `stride` is how far
    the window moves (None: its own size). Rows and columns that no whole window covers are left
    out, as in PyTorch. Of equal numbers the first in reading order wins.

    Sites at moment 0: "picture", "output" (channel, row, column), and for "max" "winner" (channel,
    row, column, which): the row and column in the picture. From moment 1 on, at each cell: "window"
    (row, column) and "value". Equal to `torch.nn.functional.max_pool2d`, to rounding to
    `avg_pool2d`. Raises as `convolution` does.
    """
    if kind not in KINDS:
        raise unknown_name("kind of pooling", str(kind), KINDS)
    array = picture_array(picture, size=picture_size)
    window = sides("size of the window", size, 1)
    step = window if stride is None else sides("stride", stride, 1)
    shape = output_size((array.shape[1], array.shape[2]), window, step, (1, 1))
    chosen = place_among("channel", channel, len(array))
    tiles = np.lib.stride_tricks.sliding_window_view(array, window, axis=(1, 2))
    tiles = tiles[:, :: step[0], :: step[1]]
    flat = tiles.reshape(*tiles.shape[:3], -1)
    best = flat.argmax(axis=3)
    output = flat.max(axis=3) if kind == "max" else flat.mean(axis=3)
    rows = np.arange(shape[0])[None, :, None] * step[0] + best // window[1]
    columns = np.arange(shape[1])[None, None, :] * step[1] + best % window[1]
    about = {
        "kind": kind, "size": list(window), "stride": list(step), "channel": chosen,
        "range": list(value_range(array, picture)),
    }  # fmt: skip
    sites = [
        Site("picture", "image", PLANE),
        Site("output", "activation", PLANE, ("picture",)),
        *([Site("winner", "index", (*PLANE, "which"))] if kind == "max" else []),
        Site("window", "image", ("row", "column"), ("picture",)),
        Site("value", "activation", (), ("window",)),
    ]
    places = walked_cells(cells, shape)
    total = shape[0] * shape[1]
    notes = (CELLS_NOTE.format(shown=len(places), all=total),) if len(places) < total else ()
    trace = Trace(Header(f"{kind} pooling", tuple(sites), about, notes=notes))
    whole: dict[str, Any] = {"picture": array, "output": output}
    if kind == "max":
        whole["winner"] = np.stack([rows, columns], axis=3)
    trace.append(Moment("picture"), whole)
    for row, column in places:
        corner = (row * step[0], column * step[1])
        seen = window_at(array[chosen : chosen + 1], corner, window, (1, 1))[0]
        at = {"channel": chosen, "row": row, "column": column}
        trace.append(Moment("cell", at), {"window": seen, "value": output[chosen, row, column]})
    return trace
