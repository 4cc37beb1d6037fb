"""Axis names and array types, spelled once."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
ByteArray: TypeAlias = NDArray[np.uint8]
WordArray: TypeAlias = NDArray[np.uint64]


def float32_array(values: ArrayLike) -> Float32Array:
    """Numbers as an array of single precision, as marks hold them."""
    return np.asarray(values, np.float32)


# The names of axes, as they stand in docstrings and in the sites of a trace.
SAMPLE: Final = "sample"
FEATURE: Final = "feature"
CLASS: Final = "class"
ROW: Final = "row"
COLUMN: Final = "column"
CHANNEL: Final = "channel"

UNCLASSIFIED: Final = 255
"""The label of a lattice cell that has no class yet; classes are 0 to 254."""
