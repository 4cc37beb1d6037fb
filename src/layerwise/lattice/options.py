"""What the options of the lattice classifier may be, and what is said of those that may not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from ..errors import InputError, unknown_name
from ..types import FloatArray
from .mapping import KINDS
from .projection import METHODS

Grid: TypeAlias = int | tuple[int, int] | tuple[int, int, int] | Literal["auto"]
LARGEST_SIDE: Final = 1 << 15
MOST_CELLS: Final = LARGEST_SIDE**2
AUTO_FLAT: Final = (400, 400)
AUTO_VOLUME: Final = ((10_000, 64), (35_000, 96))  # sides for up to so many points, …
LARGEST_AUTO: Final = 128  # … and for more: crowded points lose more than finer cells cost
CELLS_A_VALUE, LONGEST_ROW = 4, 1 << 14  # of a lattice over one column
MOST_FUZZY_LAYERS: Final = 10**7
NAMED: Final = {
    "rule": ("copy", "vote"),
    "weighting": ("uniform", "distance"),
    "fuzzy_from": ("auto", "filled", "points"),
    "crowded": ("auto", "majority", "spread"),
    "mapping": KINDS,
    "projection": METHODS,
}


def grid_over(options: Any, points: FloatArray) -> tuple[int, ...]:
    """The sides of the grid for points (sample, feature): of rows and columns, or slices too.

    A grid has no more axes than the data has columns; over one column it is a row of cells, four a
    value or more. Raises `InputError` for a volume that is not lazy.
    """
    columns = points.shape[1]
    sides = _sides(options.grid) or (_auto_volume(len(points)) if columns == 3 else AUTO_FLAT)
    if columns == 1:
        values = len(np.unique(points))
        return 1, max(sides[-1], min(CELLS_A_VALUE * values, LONGEST_ROW))
    if columns == 2:
        return sides[-2:]
    if len(sides) == 3 and not options.lazy:
        raise InputError(
            "In a lattice with slices a cell always may stay as it is",
            received="lazy=False",
            do="Leave lazy=True, or choose a grid of rows and columns",
        )
    return sides


def _auto_volume(points: int) -> tuple[int, int, int]:
    side = next((side for most, side in AUTO_VOLUME if points <= most), LARGEST_AUTO)
    return side, side, side


def check_options(options: Any) -> None:
    """Look at all options: those of `LatticeClassifier`, as attributes.

    Raises `InputError`, for a wrong name `UnknownNameError` with the nearest one.
    """
    _sides(options.grid)
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
    if not isinstance(options.device, str):
        raise InputError(
            "A device has a name",
            received=f"device={options.device!r}",
            allowed='"auto", "cpu", or a torch device such as "cuda"',
        )
    if options.n_jobs is not None and not _whole(options.n_jobs):
        raise InputError(
            "The number of threads is a whole number other than 0, or None for one",
            received=f"n_jobs={options.n_jobs!r}",
            allowed="−1 is all processors",
        )


def _sides(grid: Any) -> tuple[int, ...] | None:
    """The two or three sides that an option gives, None for "auto"."""
    if isinstance(grid, str) and grid == "auto":
        return None
    sides = grid if isinstance(grid, Sequence) else (grid, grid)
    whole = [_whole(side) for side in sides]
    allowed = all(side is not None and 2 <= side <= LARGEST_SIDE for side in whole)
    if not allowed or len(whole) not in (2, 3):
        raise InputError(
            "A grid has whole numbers of rows and columns, or of slices, rows and columns",
            received=f"grid={grid!r}",
            allowed=f'2 to {LARGEST_SIDE:,}, or "auto"',
        )
    found = tuple(int(side) for side in sides)
    if math.prod(found) > MOST_CELLS:
        raise InputError(
            "A grid has too many cells",
            received=f"grid={grid!r}, {math.prod(found):,} cells",
            allowed=f"At most {MOST_CELLS:,}",
        )
    return found


def _whole(value: Any) -> int | None:
    """The whole number that a value is, None if it is none."""
    if isinstance(value, (bool, str)):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number == value else None
