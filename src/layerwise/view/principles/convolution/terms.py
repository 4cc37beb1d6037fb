"""The sum of a kernel's products, written out term by term."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....language import Words
from ....trace import Trace
from ....typeface import shorten, text_width
from ...sheet import SMALL
from ...style import BOLD_WEIGHT, MINUS
from .grid import said, short


def terms(trace: Trace, moment: int, names: Sequence[str], told: Words) -> list[str]:
    """Weight · number of every weight that is not 0; or, of many channels, what each adds.

    `names` are those of the channels; the bias comes last, if there is one.
    """
    window, shares = trace["window", moment], trace["channel sums", moment]
    kernel = trace["kernel", 0][int(trace.about["channel"])]
    writes = told.figures
    parts: list[str] = []
    if len(shares) > 1:
        by_size = np.argsort(-np.abs(shares), kind="stable").tolist()
        for at in by_size if len(shares) > 4 else range(len(shares)):
            parts.append(_signed(float(shares[at]), not parts, told) + f" ({names[at]})")
    else:
        weights = _written_weights(trace)
        for row, column in np.argwhere(kernel[0] != 0).tolist():
            weight, seen = float(kernel[0, row, column]), float(window[0, row, column])
            text = writes(weights[row][column].removeprefix(MINUS))
            number = writes(short(seen))
            number = f"({number})" if seen < 0 else number
            minus, plus = (MINUS, "") if not parts else (f"{MINUS} ", "+ ")
            parts.append(f"{minus if weight < 0 else plus}{text} · {number}")
    if ("bias", 0) in trace:
        bias = float(trace["bias", 0][int(trace.about["channel"])])
        parts.append(_signed(bias, not parts, told) + f" ({told('convolution.bias')})")
    return parts or ["0"]


def in_lines(parts: list[str], end: str, told: Words, most: int, room: float) -> list[str]:
    """The terms joined into lines no wider than that; how many had no room is said.

    The last line ends with `end`, unless not even one term has room.
    """
    for shown in range(len(parts), 0, -1):
        rest = len(parts) - shown
        more = [told("convolution.more-terms", count=rest)] if rest else []
        lines = [""]
        for part in [*parts[:shown], *more]:
            longer = f"{lines[-1]} {part}" if lines[-1] else part
            if lines[-1] and text_width(longer, SMALL) > room:
                lines.append(part)
            else:
                lines[-1] = longer
        if text_width(lines[-1] + end, SMALL, BOLD_WEIGHT) > room:
            lines.append("")
        lines[-1] += end
        if len(lines) <= most:
            return lines
    return [shorten(parts[0], room, SMALL)]


def _written_weights(trace: Trace) -> list[list[str]]:
    written = trace.about.get("written")
    if written:
        return [[said(cell) for cell in row] for row in written]
    kernel = trace["kernel", 0][int(trace.about["channel"])]
    return [[short(cell) for cell in row] for row in kernel[0].tolist()]


def _signed(value: float, first: bool, told: Words) -> str:
    text = told.figures(short(abs(value)))
    if first:
        return f"{MINUS}{text}" if value < 0 else text
    return f"{MINUS} {text}" if value < 0 else f"+ {text}"
