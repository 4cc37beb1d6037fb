"""Arrays that are used again and again while layers are computed.

A new array of many megabytes is cleared by the system page by page, which can take longer than the
layers that are written into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..types import WordArray


class WorkSpace:
    """Work space for one run of layers, dropped when the run ends; several threads may share it."""

    def __init__(self) -> None:
        self._scratch: list[WordArray] = []
        self._spare: list[WordArray] = []

    @contextmanager
    def scratch(self, planes: int, words: int) -> Iterator[WordArray]:
        """An array (plane, word) of at least that size for one thread; what is in it is noise."""
        array = _last(self._scratch)
        if array is None or array.shape[0] < planes or array.shape[1] < words:
            array = np.empty((planes, words), np.uint64)
        yield array
        self._scratch.append(array)

    def like(self, state: WordArray) -> WordArray:
        """An array of the shape of `state`, to be written over; what is in it is noise."""
        found = _last(self._spare)
        return np.empty_like(state) if found is None or found.shape != state.shape else found

    def give(self, state: WordArray) -> None:
        """Take an array that nobody reads any more, for `like`."""
        self._spare.append(state)


def _last(arrays: list[WordArray]) -> WordArray | None:
    try:
        return arrays.pop()
    except IndexError:  # another thread may have taken it
        return None
