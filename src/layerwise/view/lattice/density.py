"""A density as a picture, in proportion or equalised: the same area for each step of brightness.

Published lattice programs squeeze their counts through a sigmoid before they draw them, which needs
a scale that suits the data. The equalising filter needs none: a cell's brightness is its rank among
the cells, so that thin and dense regions are told apart alike.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...types import Array, ByteArray
from ..style import Theme

LEVELS: Final = 255
"""Steps of brightness; 0 is kept for cells without any density."""

FAINTEST: Final = 0.06  # how far the lowest step is from the ground


def equalized(values: Array, floor: float) -> ByteArray:
    """Values (row, column) as levels 1 to 255, each of which covers the same area; 0 up to `floor`.

    Histogram equalisation: a level is the share of the cells above `floor` that lie lower, equal
    cells in the middle of their own share. Exact: no bins.
    """
    above = values > floor
    levels = np.zeros(values.shape, np.uint8)
    if above.any():
        _, where, counts = np.unique(values[above], return_inverse=True, return_counts=True)
        lower = (np.cumsum(counts) - counts / 2) / counts.sum()
        of_each = np.minimum(1 + (LEVELS * lower).astype(np.int64), LEVELS)
        levels[above] = of_each[where.reshape(-1)]
    return levels


def proportional(values: Array, floor: float) -> ByteArray:
    """Values (row, column) as levels 1 to 255 in proportion to the largest; 0 up to `floor`."""
    most = float(values.max(initial=0))
    if most <= floor:
        return np.zeros(values.shape, np.uint8)
    levels = 1 + np.rint(np.maximum(values, 0) / most * (LEVELS - 1))
    return np.where(values > floor, levels, 0).astype(np.uint8)


def level_palette(theme: Theme) -> ByteArray:
    """The colour of each level: (256, rgba), from an unclassified cell to ink."""
    blank, ink = (np.array(color, np.float64) for color in (theme.unclassified, theme.ink))
    share = np.linspace(FAINTEST, 1, LEVELS)[:, None]
    palette = np.empty((LEVELS + 1, 4), np.uint8)
    palette[0] = theme.unclassified
    palette[1:] = np.rint(blank + share * (ink - blank))
    return palette
