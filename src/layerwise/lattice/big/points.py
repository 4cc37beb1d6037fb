"""Points that come in pieces, sorted to the parts of a grid by way of the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, OutputError
from ...types import ByteArray, FloatArray, IntArray
from ..cells import first_frame
from .format import Header

RECORD = np.dtype([("cell", "<i8"), ("label", "u1")])


@contextmanager
def sorted_points(
    path: Path,
    pieces: Iterable[tuple[Any, Any]],
    draft: Header,
    bounds: tuple[tuple[float, float], ...],
) -> Iterator[tuple[int, Iterator[ByteArray]]]:
    """How many points lie outside the bounds, and layer 0 part by part: (line, …, column) labels.

    Meanwhile the points wait in a folder beside `path`, in a file for each part.
    """
    ranges = _ranges(bounds, len(draft.shape))
    try:
        folder = tempfile.TemporaryDirectory(prefix=".points-", dir=path.resolve().parent)
    except OSError as error:
        raise OutputError(
            f"Cannot write beside {path}: {error.strerror or error}", do="Choose another folder"
        ) from error
    with folder as name:
        place = Path(name)
        outside = _spread(pieces, draft, ranges, place)
        yield outside, (_frame(place, part, draft) for part in range(draft.parts))


def _spread(
    pieces: Iterable[tuple[Any, Any]], draft: Header, ranges: FloatArray, folder: Path
) -> int:
    """Write each point's cell and label to the file of its part; how many lay outside."""
    outside = 0
    cells_of_line = prod(draft.shape[1:])
    sides = np.array(draft.shape, float)
    for given, given_labels in pieces:
        points, labels = _checked(given, given_labels, draft)
        # x along the columns, y upwards along the rows, z along the slices.
        positions = (points - ranges[:, 0]) / (ranges[:, 1] - ranges[:, 0])
        outside += int(np.count_nonzero(((positions < 0) | (positions > 1)).any(axis=1)))
        positions[:, 1] = 1 - positions[:, 1]
        axes = [1, 0] if len(sides) == 2 else [2, 1, 0]
        cells = np.floor(np.clip(positions[:, axes], 0, 1) * sides)
        cells = np.minimum(cells, sides - 1).astype(np.int64)
        flat = np.zeros(len(cells), np.int64)
        for axis in range(1, len(sides)):
            flat = flat * draft.shape[axis] + cells[:, axis]
        part = cells[:, 0] // draft.part_lines
        order = np.argsort(part, kind="stable")
        records = np.empty(len(order), RECORD)
        records["cell"] = (cells[:, 0] % draft.part_lines * cells_of_line + flat)[order]
        records["label"] = labels[order]
        numbers, begins = np.unique(part[order], return_index=True)
        for number, chunk in zip(numbers, np.split(records, begins[1:]), strict=True):
            with (folder / f"{number}").open("ab") as file:
                file.write(chunk.tobytes())
    return outside


def _frame(folder: Path, part: int, draft: Header) -> ByteArray:
    begin, end = draft.lines(part)
    cells_of_line = prod(draft.shape[1:])
    file = folder / f"{part}"
    records = np.fromfile(file, RECORD) if file.exists() else np.empty(0, RECORD)
    places = np.stack(np.divmod(records["cell"], cells_of_line), axis=1)
    frame = first_frame(
        places, records["label"].astype(np.int64), np.ones(len(records)),
        (end - begin, cells_of_line), draft.classes,
    )  # fmt: skip
    return frame.reshape(end - begin, *draft.shape[1:])


def _ranges(bounds: tuple[tuple[float, float], ...], axes: int) -> FloatArray:
    ranges = np.asarray(bounds, float)
    if ranges.shape != (axes, 2) or not np.isfinite(ranges).all():
        raise InputError(
            f"bounds are the lowest and the highest of {axes} axes", received=f"{bounds}"
        )
    if not (ranges[:, 0] < ranges[:, 1]).all():
        raise InputError("The lower bound lies below the upper one", received=f"{bounds}")
    return ranges


def _checked(points: Any, labels: Any, draft: Header) -> tuple[FloatArray, IntArray]:
    places, names = np.asarray(points, float), np.asarray(labels)
    axes = len(draft.shape)
    if places.ndim != 2 or places.shape[1] != axes or names.shape != places.shape[:1]:
        raise InputError(
            f"Points are pairs of (sample, {axes}) and (sample,)",
            received=f"shapes {places.shape} and {names.shape}",
        )
    if not np.isfinite(places).all():
        raise InputError("Points have finite coordinates", do="Leave out what is missing")
    if len(names) and not np.issubdtype(names.dtype, np.integer):
        raise InputError("Labels are whole numbers from 0 on", received=f"{names.dtype}")
    if len(names) and not (names.min() >= 0 and names.max() < draft.classes):
        raise InputError(
            f"A grid of {draft.classes} classes has the labels 0 to {draft.classes - 1}",
            received=f"{names.max() if names.max() >= draft.classes else names.min()}",
            do="Say how many classes there are: classes=…",
        )
    return places, names.astype(np.int64)
