"""Where a long chain of ranks is broken into rows: few, even ones, cut where few links cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...types import FloatArray

CROSSING: Final = 0.15  # what a link across a break costs, beside a row that is too short by it all
MOST: Final = 400  # ranks up to which the best breaks are sought


def row_breaks(
    widths: FloatArray, spans: Sequence[tuple[int, int]], gap: float, length: float
) -> list[int]:
    """The first rank of each row, for ranks of those widths (rank,), `gap` apart.

    As few rows as can be, none longer than `length` unless one rank is; among those the breaks
    with the most even rows and the fewest links (from rank, to rank) across them.
    """
    count = len(widths)
    ends = np.concatenate([[0.0], np.cumsum(widths + gap)])

    def long(first: int, stop: int) -> float:
        return float(ends[stop] - ends[first] - gap)

    starts = [0]
    for rank in range(1, count):
        if long(starts[-1], rank + 1) > length:
            starts.append(rank)
    rows = len(starts)
    if rows == 1 or count > MOST:
        return starts
    crossing = np.zeros(count + 1)
    for one, other in spans:
        crossing[one + 1 : other + 1] += 1
    even = long(0, count) / rows
    best = np.full((rows + 1, count + 1), np.inf)
    come = np.zeros((rows + 1, count + 1), np.int64)
    best[0, 0] = 0.0
    for row in range(1, rows + 1):
        for stop in range(row, count + 1):
            for first in range(stop - 1, row - 2, -1):
                own = long(first, stop)
                if own > length and stop - first > 1:
                    break
                cost = best[row - 1, first] + ((own - even) / even) ** 2
                cost += CROSSING * crossing[stop] if stop < count else 0.0
                if cost < best[row, stop]:
                    best[row, stop], come[row, stop] = cost, first
    found: list[int] = []
    stop = count
    for row in range(rows, 0, -1):
        stop = int(come[row, stop])
        found.append(stop)
    return found[::-1]
