"""What the options of the lattice classifier may be, and what is said of those that may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError, unknown_name
from .mapping import KINDS
from .projection import METHODS

LARGEST_SIDE: Final = 1 << 15
MOST_FUZZY_LAYERS: Final = 10**7
NAMED: Final = {
    "rule": ("copy", "vote"),
    "weighting": ("uniform", "distance"),
    "fuzzy_from": ("auto", "filled", "points"),
    "crowded": ("auto", "majority", "spread"),
    "mapping": KINDS,
    "projection": METHODS,
}


def checked_grid(options: Any) -> tuple[int, int]:
    """The rows and columns that the options ask for, once all of them have been looked at.

    `options` has the attributes of `LatticeClassifier`. Raises `InputError`, for a wrong name
    `UnknownNameError` with the nearest one.
    """
    sides = options.grid if isinstance(options.grid, Sequence) else (options.grid, options.grid)
    whole = [_whole(side) for side in sides]
    if len(whole) != 2 or any(side is None or not 2 <= side <= LARGEST_SIDE for side in whole):
        raise InputError(
            "A grid has whole numbers of rows and columns",
            received=f"grid={options.grid!r}",
            allowed=f"2 to {LARGEST_SIDE:,}",
        )
    for name, allowed in NAMED.items():
        value = getattr(options, name)
        if name == "projection" and value is None:
            continue
        if not isinstance(value, str) or value not in allowed:
            raise unknown_name(f"value of {name}", str(value), allowed)
    for name in ("lazy", "anchored"):
        if not isinstance(getattr(options, name), (bool, np.bool_)):
            raise InputError(
                f"The option {name} is True or False", received=f"{getattr(options, name)!r}"
            )
    window, layers = _whole(options.window), _whole(options.fuzzy_layers)
    if window is None or not 1 <= window <= 20:
        raise InputError(
            "The window of a vote reaches 1 to 20 cells", received=f"window={options.window!r}"
        )
    automatic = isinstance(options.fuzzy_layers, str) and options.fuzzy_layers == "auto"
    if not automatic and (layers is None or not 0 <= layers <= MOST_FUZZY_LAYERS):
        raise InputError(
            "The number of fuzzy layers is a whole number from 0 to 10,000,000, or 'auto'",
            received=f"fuzzy_layers={options.fuzzy_layers!r}",
        )
    margin = options.margin
    if isinstance(margin, str) or not (np.isscalar(margin) and 0 <= margin < 0.5):  # type: ignore[operator]
        raise InputError(
            "A margin is at least 0 and below 0.5", received=f"margin={options.margin!r}"
        )
    if options.n_jobs is not None and not _whole(options.n_jobs):
        raise InputError(
            "The number of threads is a whole number other than 0, or None for one",
            received=f"n_jobs={options.n_jobs!r}",
            allowed="−1 is all processors",
        )
    return int(sides[0]), int(sides[1])


def _whole(value: Any) -> int | None:
    """The whole number that a value is, None if it is none."""
    if isinstance(value, (bool, str)):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number == value else None
