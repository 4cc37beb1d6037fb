"""Labels in pieces: what comes in, packed part by part, and windows of what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from ...errors import InputError
from ...types import UNCLASSIFIED, ByteArray, WordArray
from .. import planes
from ..random_bits import word_count
from .format import Header, Reader

PACKED_CELLS = 1 << 22  # turned into planes at a time


def regrouped(pieces: Iterable[ByteArray], draft: Header) -> Iterator[ByteArray]:
    """Pieces of a label map as the parts of the file."""
    shape, part = draft.shape, 0
    waiting: list[ByteArray] = []
    lines = total = 0
    for given in pieces:
        piece = np.asarray(given)
        if piece.shape[1:] != shape[1:]:
            raise InputError(
                "All pieces of a label map are as wide as the grid",
                received=f"one of shape {piece.shape}",
                allowed=f"The grid is {shape}",
            )
        total += len(piece)
        if total > shape[0]:
            break
        while len(piece):
            begin, end = draft.lines(part)
            taken = piece[: end - begin - lines]
            waiting.append(_checked(taken, draft.classes))
            piece, lines = piece[len(taken) :], lines + len(taken)
            if lines == end - begin:
                yield np.concatenate(waiting)
                waiting, lines, part = [], 0, part + 1
    if total != shape[0]:
        raise InputError(
            f"The pieces have {'more' if total > shape[0] else 'fewer'} lines than the grid",
            received=f"{total:,}",
            allowed=f"The grid has {shape[0]:,}",
        )


def _checked(labels: Any, classes: int) -> ByteArray:
    """Labels as bytes; raises `InputError` for what is no class of the grid."""
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            "Labels are whole numbers from 0 on, 255 for unclassified", received=f"{labels.dtype}"
        )
    wrong = (labels != UNCLASSIFIED) & ((labels < 0) | (labels >= classes))
    if wrong.any():
        raise InputError(
            f"A grid of {classes} classes has the labels 0 to {classes - 1}, 255 for unclassified",
            received=f"{labels[wrong].flat[0]}",
            do="Say how many classes there are: classes=…",
        )
    return np.asarray(labels, np.uint8)


def packed(labels: ByteArray, classes: int) -> tuple[WordArray, int]:
    """Labels (line, …, column) as bit-planes, and how many are unclassified; a little at a time."""
    step = max(1, PACKED_CELLS // prod(labels.shape[1:]))
    parts = [labels[first:last] for first, last in _steps(0, len(labels), step)]
    words = np.concatenate([planes.pack(part, classes) for part in parts], axis=1)
    return words, sum(int(np.count_nonzero(part == UNCLASSIFIED)) for part in parts)


def cut(window: Any, shape: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[bool]]:
    """From and to on each axis, and which axes were named by one number."""
    given = window if isinstance(window, tuple) else (window,)
    if len(given) > len(shape):
        raise InputError(f"The grid has {len(shape)} axes", received=f"a window with {len(given)}")
    spans, dropped = [], []
    for axis, side in zip([*given, *[slice(None)] * (len(shape) - len(given))], shape, strict=True):
        if isinstance(axis, slice):
            start, stop, step = axis.indices(side)
            if step != 1:
                raise InputError("A window has no steps", received=f"{axis.step}")
            spans.append((start, max(start, stop)))
        else:
            try:
                place = range(side)[axis]
            except (IndexError, TypeError):
                raise InputError(
                    "A window is made of numbers and slices within the grid",
                    received=f"{axis!r}",
                    allowed=f"The axis has {side:,} places",
                ) from None
            spans.append((place, place + 1))
        dropped.append(not isinstance(axis, slice))
    return spans, dropped


def labels_within(reader: Reader, spans: list[tuple[int, int]]) -> ByteArray:
    """The labels between those places of each axis, a part at a time: (…, row, column)."""
    (first, last), (left, right) = spans[0], spans[-1]
    lead, tail = left // 64, word_count(right)
    result = np.empty([stop - start for start, stop in spans], np.uint8)
    for begin, end in _steps(first, last, reader.header.part_lines):
        words = reader.lines(begin, end)[..., lead:tail]
        if len(spans) == 3:
            words = words[:, :, spans[1][0] : spans[1][1]]
        lines = np.ascontiguousarray(words).reshape(len(words), -1, words.shape[-1])
        labels = planes.unpack(lines, 64 * (tail - lead)).reshape(*words.shape[1:-1], -1)
        result[begin - first : end - first] = labels[..., left - 64 * lead : right - 64 * lead]
    return result


def _steps(first: int, last: int, step: int) -> list[tuple[int, int]]:
    return [(line, min(line + step, last)) for line in range(first, last, step)]
