"""Which device a lattice is computed on. Torch is loaded only where its answer can matter."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ...errors import InputError, TooLargeError

if TYPE_CHECKING:
    import torch

WORTH_A_DEVICE: Final = 4000**2
"""Cells from which "auto" takes a CUDA device. Reasoned, not measured on one: up to there all the
layers of a fit take the processor less than three seconds, about what it takes to load torch,
start the device and compile. `benchmarks/device.py` prints for the device at hand how long it
takes before the first layer, and from how many cells on a layer is faster."""


def chosen_device(device: str, shape: tuple[int, ...]) -> torch.device | None:
    """The torch device that `device` names; None for the processor, whose kernels need no torch.

    "auto" is the processor, unless there is a CUDA device and the grid (its sides: `shape`) has at
    least `WORTH_A_DEVICE` cells. Raises `InputError` for a device that is not there.
    """
    if device == "cpu":
        return None
    if device == "auto":
        if math.prod(shape) < WORTH_A_DEVICE or not _driver_there():
            return None
        return next((place for place in devices_there() if place.type == "cuda"), None)
    try:
        import torch

        place = torch.device(device)
        torch.zeros(1, dtype=torch.int64, device=place).cpu()
    except (ImportError, RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        known = ['"auto"', '"cpu"', *(f'"{place}"' for place in devices_there())]
        raise InputError(
            "That device is not there",
            received=f"device={device!r}",
            allowed=f"Here there are {', '.join(known[:-1])} and {known[-1]}",
        ) from error
    if device == "cuda":
        return torch.device("cuda", torch.cuda.current_device())
    return None if place.type == "cpu" else place


def devices_there() -> list[torch.device]:
    """The devices other than the processor that torch can compute on here."""
    try:
        import torch
    except ImportError:
        return []
    counts = {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "xpu": torch.xpu.device_count() if torch.xpu.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }
    return [torch.device(kind, index) for kind, count in counts.items() for index in range(count)]


def free_memory(place: torch.device) -> int:
    """Bytes of memory that can still be had on a device; 2⁶³ where it does not say."""
    import torch

    if place.type != "cuda":
        return 1 << 63
    kept = torch.cuda.memory_reserved(place) - torch.cuda.memory_allocated(place)  # by torch
    return torch.cuda.mem_get_info(place)[0] + kept


def check_memory(place: torch.device, shape: tuple[int, ...], needed: int) -> None:
    """Raise `TooLargeError` where a grid of that shape needs more bytes than the device has."""
    free = free_memory(place)
    if needed > free:
        raise _too_large(place, shape, f"needs {needed / 2**30:,.1f} GiB", free)


@contextmanager
def memory_of(place: torch.device, shape: tuple[int, ...]) -> Iterator[None]:
    """Inside, what the device has no memory for is a `TooLargeError`."""
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise _too_large(place, shape, "needs more", free_memory(place)) from error


def _too_large(place: torch.device, shape: tuple[int, ...], needs: str, free: int) -> TooLargeError:
    return TooLargeError(
        f"A grid of {' × '.join(f'{side:,}' for side in shape)} cells {needs} of the memory of "
        f"{place}",
        received=f"a device with {free / 2**30:,.1f} GiB free",
        do='Choose a smaller grid, or device="cpu"',
    )


def _driver_there() -> bool:
    """Whether a CUDA driver can be loaded: asked before torch is, which takes seconds to load."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
