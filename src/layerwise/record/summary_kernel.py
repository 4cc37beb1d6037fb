"""One pass over a tensor's numbers: sum, squares, ends, zeros and what is not finite; compiled.

A network of width 64 takes a microsecond or two for an operation, so a summary of its output must
cost less. Sums run in lanes of single precision over blocks of 512 numbers, and the blocks are
added up in double precision: the mean is within 1e−6 of the mean magnitude, as is the mean square.
Ends are compared as whole numbers in the order of the floats: processors compare those in lanes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from ..compiled import compiled, compiled_sums

COUNT, TOTAL, SQUARES, SMALLEST, LARGEST, ZEROS, BROKEN = range(7)
COLUMNS: Final = 7
BLOCK: Final = 512
FINITE: Final = np.int32(0x7F7FFFFF)  # the bits of the largest finite number
REST: Final = np.int32(0x7FFFFFFF)  # all bits but the sign
LOWEST: Final = np.int32(-0x80000000)
TINY: Final = 1e-32  # a mean square below this is summed in double precision
ZERO, ONE = np.float32(0), np.float32(1)


def empty_rows(rows: int) -> Any:
    """Raw sums of nothing, (row, column)."""
    sums = np.zeros((rows, COLUMNS))
    sums[:, SMALLEST], sums[:, LARGEST] = np.inf, -np.inf
    return sums


@intrinsic
def _floats_at(context: Any, address: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(types.int64), code  # type: ignore[no-untyped-call]


floats_at: Any = _floats_at  # compiled code calls it without its first argument


@compiled_sums
def _block_sums(values: Any) -> Any:
    total, squares, zeros = ZERO, ZERO, ZERO
    for place in range(values.size):
        value = values[place]
        total += value
        squares += value * value
        zeros += ONE if value == ZERO else ZERO
    return total, squares, zeros


@compiled
def _ends(bits: Any) -> Any:
    low, high = REST, LOWEST
    for place in range(bits.size):
        bit = bits[place]
        key = np.int32(bit ^ ((bit >> 31) & REST))  # ordered as the floats are
        low = np.int32(min(low, key))
        high = np.int32(max(high, key))
    return low, high


@compiled
def _add_with_care(values: Any, rows: Any, row: int) -> None:
    """In double precision: squares too large or too small for single are not lost.

    What is not finite is counted and left out.
    """
    for place in range(values.size):
        value = np.float64(values[place])
        if np.isfinite(value):
            rows[row, 0] += 1
            rows[row, 1] += value
            rows[row, 2] += value * value
            rows[row, 3] = min(rows[row, 3], value)
            rows[row, 4] = max(rows[row, 4], value)
            rows[row, 5] += 1 if value == 0 else 0
        else:
            rows[row, 6] += 1


@compiled
def add_values(values: Any, rows: Any, row: int) -> None:
    """Add float32 numbers (place) to a row of raw sums (row, column)."""
    if values.size == 0:
        return
    bits = values.view(np.int32)
    low, high = REST, LOWEST
    total, squares, zeros = 0.0, 0.0, 0.0
    for start in range(0, values.size, BLOCK):
        end = start + BLOCK
        part, part_squares, none = _block_sums(values[start:end])
        part_low, part_high = _ends(bits[start:end])
        total += part
        squares += part_squares
        zeros += none
        low, high = min(low, part_low), max(high, part_high)
    # The key of −x is the complement of the bits of x.
    tiny = squares < TINY * values.size and zeros < values.size
    if high > FINITE or low < ~FINITE or not np.isfinite(squares) or tiny:
        _add_with_care(values, rows, row)
        return
    ends = np.empty(2, np.int32)
    ends[0], ends[1] = low ^ ((low >> 31) & REST), high ^ ((high >> 31) & REST)
    floats = ends.view(np.float32)
    rows[row, 0] += values.size
    rows[row, 1] += total
    rows[row, 2] += squares
    rows[row, 3] = min(rows[row, 3], floats[0])
    rows[row, 4] = max(rows[row, 4], floats[1])
    rows[row, 5] += zeros


@compiled
def add_at(address: int, size: int, rows: Any, row: int) -> None:
    """Add the `size` float32 numbers that lie at an address."""
    add_values(carray(floats_at(address), size), rows, row)


@compiled
def add_all(places: Any, rows: Any) -> None:
    """Add several tensors: (address, size, row) for each."""
    for number in range(places.shape[0]):
        add_values(carray(floats_at(places[number, 0]), places[number, 1]), rows, places[number, 2])


@compiled
def statistics_of_rows(rows: Any, found: Any) -> None:
    """Raw sums (row, column) as statistics (row, statistic)."""
    for row in range(rows.shape[0]):
        count = rows[row, 0]
        found[row, 5] = rows[row, 6]
        if count > 0:
            mean = rows[row, 1] / count
            found[row, 0] = mean
            found[row, 1] = np.sqrt(max(rows[row, 2] / count - mean * mean, 0.0))
            found[row, 2] = rows[row, 3]
            found[row, 3] = rows[row, 4]
            found[row, 4] = rows[row, 5] / count
        else:
            for column in range(5):
                found[row, column] = np.nan
