"""Convolution, cell by cell: a kernel slides over a person's own picture, every product kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...errors import InputError, TooLargeError
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray
from .kernels import Kernel, finite, kernel
from .picture import picture_array, value_range
from .sums import (
    Sides,
    correlate,
    margins,
    output_size,
    padded,
    sides,
    window_at,
)

MOST_CELLS: Final = 60
_MOST_WORK: Final = 1 << 31  # products; some seconds
PLANE = ("channel", "row", "column")
CELLS_NOTE: Final = "{shown} of {all:,} places of the output are walked through"


@dataclass(frozen=True, eq=False)
class Walk:
    """All that a walk is made of: arrays as in `convolution`, and where the kernel stands."""

    title: str
    picture: FloatArray
    framed: FloatArray  # with its padding
    kernel: FloatArray  # (channel, input channel, row, column)
    bias: FloatArray | None
    output: FloatArray
    stride: Sides
    dilation: Sides
    groups: int
    channel: int
    about: dict[str, Any]

    def trace(self, cells: Sequence[tuple[int, int]]) -> Trace:
        """The walk as a trace, a moment for each cell (row, column) of the output."""
        size = (self.kernel.shape[2], self.kernel.shape[3])
        each, within = len(self.kernel) // self.groups, self.kernel.shape[1]
        first = self.channel // each * within
        facts = {
            **self.about, "stride": list(self.stride), "dilation": list(self.dilation),
            "groups": self.groups, "channel": self.channel,
            "input channels": list(range(first, first + within)),
        }  # fmt: skip
        total = int(np.prod(self.output.shape[1:]))
        notes = (CELLS_NOTE.format(shown=len(cells), all=total),) if len(cells) < total else ()
        trace = Trace(Header(self.title, _sites(self.bias is not None), facts, notes=notes))
        whole = {
            "picture": self.picture, "padded": self.framed, "kernel": self.kernel,
            "output": self.output,
        }  # fmt: skip
        if self.bias is not None:
            whole["bias"] = self.bias
        trace.append(Moment("picture"), whole)
        own = self.kernel[self.channel]
        added = 0.0 if self.bias is None else float(self.bias[self.channel])
        for row, column in cells:
            corner = (row * self.stride[0], column * self.stride[1])
            seen = window_at(self.framed[first : first + within], corner, size, self.dilation)
            products = seen * own
            shares = products.sum(axis=(1, 2))
            at = {"channel": self.channel, "row": row, "column": column}
            values = {
                "window": seen, "products": products, "channel sums": shares,
                "sum": shares.sum() + added, "value": self.output[self.channel, row, column],
            }  # fmt: skip
            trace.append(Moment("cell", at), values)
        return trace


def convolution(
    picture: Any,
    kernel: Any = "blur",
    *,
    stride: int | Sides = 1,
    padding: int | Sides | str = 0,
    padding_mode: str = "zeros",
    dilation: int | Sides = 1,
    groups: int = 1,
    bias: float | Sequence[float] | None = None,
    flip: bool = False,
    channel: int = 0,
    cells: Iterable[tuple[int, int]] | None = None,
    size: int | Sides | None = None,
    colour: bool = False,
) -> Trace:
    """A kernel slid over a picture: each window, its products, their sum, and the whole output.

    `picture`: a file, "china", "flower" or an array; `size` and `colour` as `picture_array` says.
    `kernel`: a name, text or rows of numbers (see `kernels.kernel`), which goes over every channel
    by itself, as in a photo program; (channel, row, column): one output from all channels, as in a
    network; or (channel, input channel, row, column) with `groups`. What networks call convolution
    is correlation: the kernel is laid on as it is. `flip` turns it by 180° first, which is
    convolution as mathematics defines it.

    `stride`, `padding` (a number, (down, across), "same", "valid"), `padding_mode` ("zeros",
    "reflect", "replicate", "circular"), `dilation` and `groups` mean what they do in
    `torch.nn.Conv2d`. `bias` is one number for each output channel. `cells` are the places of the
    output to walk through, (row, column), at most 60 (None: all, or 60 or fewer evenly apart), in
    the output channel `channel`.

    Sites: "picture", "padded", "kernel", "output" (and "bias") at moment 0; from moment 1 on,
    of kind "cell" at its row and column, "window", "products", "channel sums", "sum" and "value".
    In double precision; equal to `torch.nn.functional.conv2d` and `scipy.signal.correlate2d` to
    rounding. Raises `InputError` for kernels that are no numbers, not rectangular or larger than
    the picture, and options that cannot be, `TooLargeError` for pictures that are too large.
    """
    array = picture_array(picture, size=size, colour=colour)
    numbers, told, groups = _kernels(kernel, len(array), groups)
    if flip:
        numbers = numbers[:, :, ::-1, ::-1]
        told["written"] = [row[::-1] for row in told["written"]][::-1]
    window = (numbers.shape[2], numbers.shape[3])
    step, apart = sides("stride", stride, 1), sides("dilation", dilation, 1)
    margin = margins(padding, window, step, apart)
    framed = padded(array, margin, padding_mode)
    shape = output_size((framed.shape[1], framed.shape[2]), window, step, apart)
    work = numbers.size * shape[0] * shape[1]
    if work > _MOST_WORK:
        raise TooLargeError(
            "This convolution is too much work to be kept number by number",
            received=f"{work:,} products", allowed=f"At most {_MOST_WORK:,}",
            do="Make the picture smaller with size=, or the stride larger",
        )  # fmt: skip
    added = _bias(bias, len(numbers))
    output = correlate(framed, numbers, step, apart, groups)
    if added is not None:
        output = output + added[:, None, None]
    chosen = place_among("channel", channel, len(numbers))
    told |= {
        "padding": [list(pair) for pair in margin], "padding mode": padding_mode,
        "flipped": bool(flip), "evenly": cells is None, "range": list(value_range(array, picture)),
    }  # fmt: skip
    walk = Walk(
        told["name"] or "convolution", array, framed, numbers, added, output, step, apart, groups,
        chosen, told,
    )  # fmt: skip
    return walk.trace(walked_cells(cells, shape))


def walked_cells(
    given: Iterable[tuple[int, int]] | None, shape: Sides, most: int = MOST_CELLS
) -> list[tuple[int, int]]:
    """The cells of an output to stop at, in reading order: all, or at most `most`, evenly apart.

    Raises `InputError` for cells that are not there and for more than `most`.
    """
    if given is None:
        if shape[0] * shape[1] <= most:
            lines = list(range(shape[0])), list(range(shape[1]))
        else:
            lines = _even_lines(shape, most)
        return [(row, column) for row in lines[0] for column in lines[1]]
    try:
        cells = [(place_among("row", row, shape[0]), place_among("column", column, shape[1]))
                 for row, column in given]  # fmt: skip
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("Cells are pairs (row, column)", received=repr(given)[:60]) from None
    if not 1 <= len(cells) <= most:
        raise InputError(
            f"A walk goes through 1 to {most} cells", received=f"{len(cells):,}",
            do="Choose some of them, or give none to have them chosen",
        )  # fmt: skip
    return cells


def place_among(name: str, given: Any, count: int) -> int:
    """A place from 0 to `count` − 1; negative ones count from the end."""
    whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not whole or not -count <= given < count:
        raise InputError(
            f"There is no such {name} in the output", received=repr(given),
            allowed=f"From 0 to {count - 1}",
        )  # fmt: skip
    return int(given) % count


def _even_lines(shape: Sides, most: int) -> tuple[list[int], list[int]]:
    """Rows and columns evenly apart, both ends among them, with at most `most` crossings."""
    rows = min(max(round((most * shape[0] / shape[1]) ** 0.5), 1), shape[0], most)
    columns = min(most // rows, shape[1])
    rows = min(most // columns, shape[0])
    return tuple(  # type: ignore[return-value]
        [round(place) for place in np.linspace(0, side - 1, count)] if count > 1 else [0]
        for side, count in ((shape[0], rows), (shape[1], columns))
    )


def _kernels(given: Any, channels: int, groups: int) -> tuple[FloatArray, dict[str, Any], int]:
    """The kernel as (channel, input channel, row, column), how it is written, and the groups."""
    (groups, _) = sides("number of groups", groups, 1)
    array = None if isinstance(given, (str, Kernel)) else _deep(given)
    if array is None:
        one = kernel(given)
        numbers = np.repeat(one.values[None, None], channels, axis=0)
        told = {"name": one.name, "written": [list(row) for row in one.written]}
        return numbers, told, channels
    if min(array.shape) < 1:
        raise InputError("The kernel has no numbers", received=f"shape {array.shape}")
    finite(array, "kernel")
    numbers = array[None] if array.ndim == 3 else array
    if len(numbers) % groups or numbers.shape[1] * groups != channels:
        raise InputError(
            "The kernel does not fit the channels of the picture",
            received=f"a kernel of shape {array.shape} with {groups} groups for {channels} "
            "channels",
            allowed="Its input channels times the groups are the picture's channels, and its "
            "output channels are a multiple of the groups",
        )
    return numbers.astype(np.float64), {"name": "", "written": []}, groups


def _deep(given: Any) -> FloatArray | None:
    """An array of three or four axes; None for anything else."""
    try:
        array = np.asarray(given)
    except ValueError:
        return None
    return array if array.ndim in (3, 4) and array.dtype.kind in "biuf" else None


def _bias(given: Any, channels: int) -> FloatArray | None:
    if given is None:
        return None
    try:
        bias = np.atleast_1d(np.asarray(given, np.float64))
    except (TypeError, ValueError):
        bias = np.empty((0, 0))
    if bias.shape not in ((1,), (channels,)):
        raise InputError(
            "The bias is one number for each output channel", received=repr(given)[:60],
            allowed=f"{channels} numbers",
        )  # fmt: skip
    finite(bias, "bias")
    return np.broadcast_to(bias, (channels,)).copy()


def _sites(bias: bool) -> tuple[Site, ...]:
    four = ("channel", "input channel", "row", "column")
    seen = ("input channel", "row", "column")
    sites = [
        Site("picture", "image", PLANE),
        Site("padded", "image", PLANE, ("picture",)),
        Site("kernel", "weight", four),
        *([Site("bias", "weight", ("channel",))] if bias else []),
        Site("output", "activation", PLANE, ("padded", "kernel")),
        Site("window", "image", seen, ("padded",)),
        Site("products", "activation", seen, ("window", "kernel")),
        Site("channel sums", "activation", ("input channel",), ("products",)),
        Site("sum", "activation", (), ("channel sums", *(["bias"] if bias else []))),
        Site("value", "activation", (), ("output",)),
    ]
    return tuple(sites)
