"""Numba's compiler behind one typed decorator, so that kernels read as plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile to machine code on first call; kept on disk, and free of Python's lock while it runs.

    Where no folder for it can be written, the code is kept for the process only. Arithmetic stays
    as written (no `fastmath`): the same bits on every machine. Threads are ours (a pool over
    rows), never numba's: its fallback layer aborts when two callers meet.
    """
    return _compiled(function, False)


def compiled_sums(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile as `compiled` does, but let sums be added up in another order.

    Only so can a processor add several numbers at once. For measurements whose last digits do not
    matter and are stated; never for what must have the same bits everywhere.
    """
    return _compiled(function, {"reassoc", "contract", "nsz"})


def _compiled(
    function: Callable[Parameters, Result], fastmath: bool | set[str]
) -> Callable[Parameters, Result]:
    try:
        kernel = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(
            function
        )
    except RuntimeError:  # numba found no place for its cache
        kernel = numba.njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)
    return cast(Callable[Parameters, Result], kernel)
