"""Some of many, evenly: which neurons, moments or panels stand for all where there is no room."""

from __future__ import annotations

import numpy as np


def spread(count: int, most: int) -> list[int]:
    """Places among `count`: all of them, or `most` spread evenly with both ends, in order."""
    if count <= most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, max(most, 1))})
