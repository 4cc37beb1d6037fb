"""What a page tells of a cell of an output: the window it came from, its products and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ....language import Words
from ....scene import WindowReading
from ....trace import Trace
from ....types import FloatArray
from ...marks import Box

MOST_NUMBERS: Final = 1 << 16
"""Numbers of a picture beyond which a page is not given them all."""


def channel_names(trace: Trace, told: Words) -> list[str]:
    """What the channels are called that an output is made from: colours, or their numbers."""
    numbers = [int(number) for number in trace.about["input channels"]]
    if len(trace["picture", 0]) == 3 and float(trace.about["range"][0]) == 0:
        colors = ("red", "green", "blue")
        return [told(f"convolution.{colors[number]}") for number in numbers]
    return [told("convolution.channel", number=number + 1) for number in numbers]


def window_reading(
    trace: Trace, told: Words, box: Box, sources: Sequence[Box], drawn: Sequence[int]
) -> WindowReading | None:
    """What to tell of the walked output of a convolution; None where its picture is too large.

    `box` is where the output lies in the scene, `sources` where the pictures of the channels
    `drawn`, places among those that it is made from, lie.
    """
    about, channel = trace.about, int(trace.about["channel"])
    inputs = [int(number) for number in about["input channels"]]
    planes = trace["padded", 0][inputs]
    if planes.size > MOST_NUMBERS:
        return None
    bias = float(trace["bias", 0][channel]) if ("bias", 0) in trace else None
    return WindowReading(
        box=box, sources=tuple(sources), drawn=tuple(int(at) for at in drawn),
        output=trace["output", 0][channel], planes=planes, kernel=trace["kernel", 0][channel],
        window=_pair(trace["kernel", 0].shape[2:]), stride=_pair(about["stride"]),
        dilation=_pair(about["dilation"]), bias=bias, kind="sum",
        value_name=told("convolution.sum"),
        names=tuple(channel_names(trace, told)) if len(inputs) > 1 else (),
        written=tuple(told.figures(str(one)) for row in about.get("written") or () for one in row),
    )  # fmt: skip


def pooling_reading(trace: Trace, told: Words, box: Box, source: Box) -> WindowReading | None:
    """The same of pooling."""
    about = trace.about
    plane: FloatArray = trace["picture", 0][int(about["channel"])]
    if plane.size > MOST_NUMBERS:
        return None
    return WindowReading(
        box=box, sources=(source,), drawn=(0,), output=trace["output", 0][int(about["channel"])],
        planes=plane[None], kernel=None, window=_pair(about["size"]), stride=_pair(about["stride"]),
        dilation=(1, 1), bias=None, kind=str(about["kind"]),
        value_name=told(f"convolution.pooling-{about['kind']}"),
    )  # fmt: skip


def _pair(sides: Sequence[int]) -> tuple[int, int]:
    down, across = (int(side) for side in sides)
    return down, across
