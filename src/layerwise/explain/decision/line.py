"""The most that one straight line can do: searched through all lines that there are."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ...errors import InputError
from .data import samples_of

MOST_POINTS: Final = 1000


def best_line(points: Any, labels: Any) -> float:
    """The largest share of points (sample, 2) of two classes (sample,) that any line tells right.

    Exact: any way in which a line parts points is that of a line through two of them, those on the
    line itself parted at one place along it. So all pairs are tried, with every place and both
    ways of naming the sides. Raises `InputError` for more than 1,000 points and for other than two
    inputs and two classes.
    """
    rows = samples_of((points, labels))
    kinds = np.unique(np.asarray(labels))
    if rows.rows.shape[1] != 2 or len(kinds) != 2 or len(rows.rows) > MOST_POINTS:
        raise InputError(
            f"The best line is searched for two classes of up to {MOST_POINTS:,} points of two "
            "inputs",
            received=f"{len(kinds)} classes of {len(rows.rows):,} points of "
            f"{rows.rows.shape[1]} inputs",
        )
    side = np.where(np.asarray(labels) == kinds[1], 1, -1)
    scale = max(float(np.abs(rows.rows - rows.rows.mean(0)).max()), 1e-300)
    places = (rows.rows - rows.rows.mean(0)) / scale
    best = abs(int(side.sum()))  # all on one side
    for first in range(len(places)):
        steps = places - places[first]
        for second in range(first + 1, len(places)):
            along = steps[second]
            length = float(np.hypot(*along))
            if length < 1e-12:
                continue
            off = (steps[:, 1] * along[0] - steps[:, 0] * along[1]) / length
            on = np.abs(off) < 1e-12
            beyond = int((side[~on] * np.sign(off[~on])).sum())
            order = np.argsort(steps[on] @ along, kind="stable")
            kept = side[on][order]
            # Points on the line: those before a place go to one side, those after to the other.
            partial = np.concatenate([[0], np.cumsum(kept)])
            turns = 2 * partial - partial[-1]
            best = max(best, int(np.abs(beyond + np.concatenate([turns, -turns])).max()))
    return (len(places) + best) / 2 / len(places)
