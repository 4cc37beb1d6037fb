"""What the options of the lattice clusterer may be, and what is said of those that may not."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Final

import numpy as np

from ...errors import InputError, unknown_name
from ..mapping import KINDS
from ..options import LARGEST_SIDE

PROJECTIONS: Final = ("pca",)
MOST_LAYERS: Final = 10**7
LARGEST_Z: Final = 1e6


def checked_cluster_grid(options: Any) -> tuple[int, int]:
    """The rows and columns that the options ask for, once all of them have been looked at.

    `options` has the attributes of `LatticeClusterer`. Raises `InputError`, for a wrong name
    `UnknownNameError` with the nearest one.
    """
    given = options.grid
    sides = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    sides = sides * 2 if len(sides) == 1 else sides
    if len(sides) != 2 or not all(_whole(side, 8, LARGEST_SIDE) for side in sides):
        raise InputError(
            "The grid of a clusterer has whole numbers of rows and columns",
            received=f"grid={given!r}",
            allowed=f"8 to {LARGEST_SIDE:,}",
        )
    if not (isinstance(options.layers, str) and options.layers == "auto") and not _whole(
        options.layers, 1, MOST_LAYERS
    ):
        raise InputError(
            "The number of layers is a whole number from 1 to 10,000,000, or 'auto'",
            received=f"layers={options.layers!r}",
        )
    _check_number("z", options.z, 0, LARGEST_Z, "A threshold z is a positive number")
    _check_number(
        "noise", options.noise, 0, 1, "The share of the background is above 0 and at most 1"
    )
    margin = options.margin
    if not _real(margin) or not 0 <= margin < 0.5:
        raise InputError("A margin is at least 0 and below 0.5", received=f"margin={margin!r}")
    if not isinstance(options.mapping, str) or options.mapping not in KINDS:
        raise unknown_name("value of mapping", str(options.mapping), KINDS)
    if options.projection is not None and options.projection not in PROJECTIONS:
        raise unknown_name("value of projection", str(options.projection), PROJECTIONS)
    return int(sides[0]), int(sides[1])


def _check_number(name: str, value: Any, above: float, most: float, what: str) -> None:
    if not _real(value) or not above < value <= most:
        raise InputError(what, received=f"{name}={value!r}")


def _real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def _whole(value: Any, least: int, most: int) -> bool:
    return _real(value) and value == value and least <= value <= most and int(value) == value
