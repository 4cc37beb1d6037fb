"""Copying layers on a device side by side with the processor's kernels, and the memory's speed.

    python benchmarks/device.py [DEVICE]

DEVICE is a torch device; by default the first CUDA device, without one the processor through
torch, which says how the same code runs but nothing about a GPU. Printed: the device's copy
bandwidth; at each size the time of a layer by each kernel, how long it takes before the first, the
share of the bandwidth which it uses, and its ratio to the processor; from how many cells on a
layer is faster on the device (for `layerwise.lattice.device.place.WORTH_A_DEVICE`).
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import math
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from results import keep

from layerwise.lattice.device.engine import BLOCK, DeviceLayers, Kernel
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.random_bits import stream_starts

CLASSES, SEED, REPEATS = 4, 0, 5
SHAPES = (
    (200, 200),
    (400, 400),
    (800, 800),
    (1600, 1600),
    (4000, 4000),
    (16384, 16384),
    (512,) * 3,
)
ON_THE_PROCESSOR = SHAPES[:4]  # torch's way is slow there: large grids would tell nothing new
NOT_MEASURED = "not measured: no CUDA device"


def wait(place: torch.device) -> None:
    """Until the device has done all that it was given."""
    if place.type == "cuda":
        torch.cuda.synchronize(place)
    elif place.type != "cpu":
        torch.zeros(1, device=place).cpu()  # waits its turn


def price(work: Callable[[], object], place: torch.device) -> float:
    """Seconds that the work takes, the median of several times."""
    work()  # compiles, records, warms
    times = []
    for _ in range(REPEATS):
        wait(place)
        start = time.perf_counter()
        work()
        wait(place)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def copy_bandwidth(place: torch.device) -> float:
    """Bytes a second that a plain copy moves, read and written, far beyond any cache."""
    size = 1 << (30 if place.type == "cuda" else 28)
    source = torch.ones(size // 8, dtype=torch.int64, device=place)
    target = torch.empty_like(source)
    return 2 * size / price(lambda: target.copy_(source), place)


def layers_for(cells: int, work: float) -> int:
    """Whole blocks of layers that come to about so many cells in all."""
    return BLOCK * max(1, round(work / cells / BLOCK))


def full_grid(shape: tuple[int, ...]) -> np.ndarray:
    """Labels in which every cell has a class: what fuzzy layers work on."""
    return np.random.default_rng(SEED).integers(0, CLASSES, shape).astype(np.uint8)


def on_processor(labels: np.ndarray, layers: int) -> float:
    """Seconds a layer of the processor's own kernels, on all its cores."""
    stack = LayerStack(Recipe(labels, CLASSES, SEED, depth=0), threads=os.cpu_count() or 1)
    numbers = itertools.count(layers, layers)
    return price(lambda: stack.planes(next(numbers)), torch.device("cpu")) / layers


def on_device(
    labels: np.ndarray, layers: int, place: torch.device, kernel: Kernel
) -> tuple[float, float]:
    """Seconds a layer on the device, and seconds before the first (compiling, recording)."""
    state = LayerStack(Recipe(labels, CLASSES, SEED, depth=0)).planes(0)
    wait(place)
    begun = time.perf_counter()
    there = DeviceLayers(place, labels.shape, lazy=True, kernel=kernel)
    first, starts = there.upload(state), stream_starts(SEED, range(1, layers + 1))
    there.run(first, starts[:BLOCK], fill=False)
    wait(place)
    before = time.perf_counter() - begun
    return price(lambda: there.run(first, starts, fill=False), place) / layers, before


def kernels(place: torch.device) -> tuple[Kernel, ...]:
    """The kernels that can run on the device."""
    if place.type == "cuda" and importlib.util.find_spec("triton") is not None:
        return "triton", "compiled", "plain"
    return ("compiled", "plain") if place.type == "cpu" else ("plain",)


def crossing(sizes: list[int], ratios: list[float]) -> int | None:
    """From how many cells on the device is faster (between sizes by logarithms); None if never."""
    for at, ratio in enumerate(ratios):
        if ratio >= 1:
            if at == 0:
                return sizes[0]
            low, high = math.log(ratios[at - 1]), math.log(ratio)
            share = -low / (high - low)
            return round(float(sizes[at - 1] * (sizes[at] / sizes[at - 1]) ** share))
    return None


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    there = "cuda:0" if torch.cuda.is_available() else "cpu"
    parser.add_argument("device", nargs="?", default=there)
    place = torch.device(parser.parse_args().device)
    measured = place.type == "cuda"
    name = torch.cuda.get_device_name(place) if measured else f"{place}, through torch"
    bandwidth = copy_bandwidth(place)
    print(f"{name}: a copy moves {bandwidth / 1e9:,.0f} GB/s")
    if not measured:
        print(f"GPU {NOT_MEASURED}")
    figures: dict[str, dict[str, float]] = {}
    ratios: list[float] = []
    shapes = SHAPES if place.type != "cpu" else ON_THE_PROCESSOR
    for shape in shapes:
        labels = full_grid(shape)
        base = on_processor(labels, layers_for(labels.size, 1e9))
        layers = layers_for(labels.size, 2e10 if measured else 5e7)
        row = {"processor, ns": base / labels.size * 1e9}
        best = math.inf
        for kernel in kernels(place):
            taken, before = on_device(labels, layers, place, kernel)
            best = min(best, taken)
            row[f"{kernel}, ns"] = taken / labels.size * 1e9
            row[f"{kernel}, s before the first layer"] = before
            # Two planes move: where every cell has a class that plane stays as it is.
            moved = 2 * 16 * math.prod(shape[:-1]) * -(-shape[-1] // 64)
            row[f"{kernel}, share of the copy bandwidth"] = moved / taken / bandwidth
        row["processor over device"] = base / best
        ratios.append(base / best)
        figures[" × ".join(map(str, shape))] = row
        print(
            " × ".join(f"{side:,}" for side in shape),
            {k: float(f"{v:.3g}") for k, v in row.items()},
        )
    cells = None
    if measured:  # of a device that is the processor again it would say nothing
        flat = [
            (shape, ratio) for shape, ratio in zip(shapes, ratios, strict=True) if len(shape) == 2
        ]
        cells = crossing([math.prod(shape) for shape, _ in flat], [ratio for _, ratio in flat])
        print("The device is faster from", f"{cells:,} cells on" if cells else "no size tried")
    keep(
        "device",
        {
            "device": name,
            "GPU": name if measured else NOT_MEASURED,
            "copy bandwidth, GB/s": round(bandwidth / 1e9, 1),
            "a cell and layer, 4 classes": {
                size: {key: float(f"{value:.3g}") for key, value in row.items()}
                for size, row in figures.items()
            },
            "faster from, cells": cells,
        },
        ("numpy", "numba", "torch"),
    )


if __name__ == "__main__":
    main()
