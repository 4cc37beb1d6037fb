"""Copying layers on grids past the cache, past one thread and past memory.

    python benchmarks/grids.py            # minutes
    python benchmarks/grids.py --full     # also 65,536² in a file, 16,384² and 512³ through layers

Each ratio is taken in one run, the median of alternating repeats; times are nanoseconds a cell and
layer. "In the cache" is the same arithmetic on a grid that lies in the first or second cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from results import keep

from layerwise.lattice import kernels
from layerwise.lattice.big import GridFile
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.planes import plane_count
from layerwise.lattice.random_bits import stream_starts, word_count
from layerwise.lattice.work_space import WorkSpace

CLASSES = 4
REPEATS = 7


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternating(works: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each, in turns, after a first call that is not counted."""
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEATS):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return taken


def full_planes(rows: int, columns: int) -> np.ndarray:
    """A grid in which every cell has a class, at random: (plane, row, word)."""
    words = word_count(columns)
    rng = np.random.default_rng(0)
    state = rng.integers(0, 2**64, (plane_count(CLASSES), rows, words), dtype=np.uint64)
    state[-1] = ~np.uint64(0)
    state[..., -1] &= kernels.last_word_mask(columns, words)
    return state


class Layers:
    """Copying layers on a full grid, with everything at hand that the kernel needs."""

    def __init__(self, rows: int, columns: int, layers: int, *, block: int, threads: int = 1):
        self.state = full_planes(rows, columns)
        self.spare = np.empty_like(self.state)
        self.starts = stream_starts(0, range(1, layers + 1))
        self.block, self.columns = block, columns
        self.cells = rows * columns * layers
        share = -(-rows // threads)
        self.cuts = [(row, min(row + share, rows)) for row in range(0, rows, share)]
        room = kernels.scratch_words(share, word_count(columns), block, rows)
        self.scratch = np.empty((plane_count(CLASSES) + 1, room), np.uint64)

    def __call__(self) -> None:
        """All layers, a block at a time over the whole grid."""
        none = np.zeros((0, self.state.shape[2]), np.uint64)
        now, new = self.state, self.spare
        for first in range(0, len(self.starts), self.block):
            starts = self.starts[first : first + self.block]
            left = np.zeros(len(starts), np.int64)
            for cut in self.cuts:
                kernels.copy_layers(
                    now, new, self.scratch, *cut, self.columns, starts, False, False, none, left
                )
            now, new = new, now

    def price(self, taken: float) -> float:
        """Nanoseconds a cell and layer."""
        return round(taken / self.cells * 1e9, 5)


def against_the_cache(side: int) -> dict[str, float]:
    """A layer of side², beside the same arithmetic on rows as long that stay in the cache."""
    works = {
        "grid": Layers(side, side, 64, block=64),
        "in the cache": Layers(128, side, 64 * max(1, side // 128), block=64),
        "first cache": Layers(16, 1024, 4096, block=64),
    }
    taken = alternating(dict(works))
    row = {f"{name}, ns": work.price(min(taken[name])) for name, work in works.items()}
    ratios = [
        works["in the cache"].price(inside) / works["grid"].price(whole)
        for inside, whole in zip(taken["in the cache"], taken["grid"], strict=True)
    ]
    return row | {"share of the speed in the cache": round(statistics.median(ratios), 3)}


def widths() -> dict[str, float]:
    """Whether widths that are a power of two cost more: ns for 2,000 rows."""
    works = {
        f"{columns:,} columns": Layers(2000, columns, 32, block=32)
        for columns in (4032, 4096, 4160, 8192, 8256)
    }
    taken = alternating(dict(works))
    return {name: work.price(min(taken[name])) for name, work in works.items()}


def against_unblocked(side: int) -> dict[str, float]:
    """Blocks of layers, beside the same kernel one layer at a time over the whole grid."""
    works = {
        "blocked": Layers(side, side, 64, block=64),
        "unblocked": Layers(side, side, 4, block=1),
    }
    taken = alternating(dict(works))
    row = {f"{name}, ns": work.price(min(taken[name])) for name, work in works.items()}
    ratios = [
        works["unblocked"].price(slow) / works["blocked"].price(fast)
        for slow, fast in zip(taken["unblocked"], taken["blocked"], strict=True)
    ]
    return row | {"ratio": round(statistics.median(ratios), 2)}


def threads(side: int, layers: int = 256) -> dict[str, float]:
    """Two threads against one, through the stack of layers as the classifier uses it.

    Whatever else the machine does takes from two threads first: beside the median ratio stands
    that of each one's quickest run.
    """
    labels = np.random.default_rng(0).integers(0, CLASSES, (side, side)).astype(np.uint8)
    stacks = {n: LayerStack(Recipe(labels, CLASSES, 0, lazy=False, depth=0), n) for n in (1, 2)}
    state = stacks[1].planes(0)
    starts: dict[str, Callable[[], object]] = {
        "one": lambda: stacks[1]._advance(state, 1, layers, WorkSpace(), fill=False),
        "two": lambda: stacks[2]._advance(state, 1, layers, WorkSpace(), fill=False),
    }
    taken = alternating(starts)
    ratios = [one / two for one, two in zip(taken["one"], taken["two"], strict=True)]
    quickest = {name: min(seconds) for name, seconds in taken.items()}
    return {
        "one thread, ns": round(quickest["one"] / (labels.size * layers) * 1e9, 5),
        "two threads, ns": round(quickest["two"] / (labels.size * layers) * 1e9, 5),
        "ratio": round(statistics.median(ratios), 2),
        "ratio of the quickest": round(quickest["one"] / quickest["two"], 2),
    }


CHILD = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from grids import fill_file
print(fill_file(Path(sys.argv[2]), tuple(map(int, sys.argv[3].split("x"))), int(sys.argv[4])))
"""


def fill_file(path: Path, shape: tuple[int, ...], layers: int) -> str:
    """Make a grid from a million points, take it through layers: seconds and most memory, JSON."""
    import json

    def pieces():  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(0)
        for _ in range(10):
            yield rng.random((100_000, len(shape))), rng.integers(0, CLASSES, 100_000)

    small = GridFile.from_labels(  # compile
        path, np.zeros((70,) * len(shape), np.uint8), classes=CLASSES
    )
    small.advance(3).overview(8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bounds = ((0.0, 1.0),) * len(shape)
    start = time.perf_counter()
    grid = GridFile.from_points(path, pieces(), shape, bounds=bounds, classes=CLASSES)
    made = time.perf_counter() - start
    grid.advance(layers)
    advanced = time.perf_counter() - start - made
    start = time.perf_counter()
    grid.overview(1024)
    seen = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return json.dumps(
        {
            "file, MB": round(path.stat().st_size / 1e6),
            "layer 0 from a million points, s": round(made, 1),
            f"{layers} layers, s": round(advanced, 1),
            "ns a cell and layer": round(advanced / layers / np.prod(shape) * 1e9, 4),
            "overview, s": round(seen, 1),
            "memory before, MB": round(before),
            "most memory, MB": round(after),
        }
    )


def in_a_file(shape: tuple[int, ...], layers: int) -> dict[str, float]:
    """The same in a process of its own, whose memory is measured."""
    import json

    with tempfile.TemporaryDirectory(dir=os.environ.get("GRID_FOLDER")) as folder:
        out = subprocess.run(
            [
                *(sys.executable, "-c", CHILD, str(Path(__file__).parent)),
                *(str(Path(folder) / "a.grid"), "x".join(map(str, shape)), str(layers)),
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return dict(json.loads(out.stdout.splitlines()[-1]))


def main() -> None:
    """Measure, print, keep."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--full", action="store_true", help="the largest grids too")
    full = options.parse_args().full
    works: dict[str, Callable[[], dict[str, float]]] = {
        "4000², one thread": lambda: against_the_cache(4000),
        "2000 rows, ns a cell and layer": widths,
        "against one layer at a time, 16384²": lambda: against_unblocked(16384 if full else 8192),
        "two threads, 4000²": lambda: threads(4000),
        "in a file, 16384²": lambda: in_a_file((16384, 16384) if full else (8192, 8192), 128),
        "in a file, 512³": lambda: in_a_file((512,) * 3 if full else (256,) * 3, 64),
    }
    if full:
        works["in a file, 65536²"] = lambda: in_a_file((65536, 65536), 128)
    figures = {}
    for name, work in works.items():
        shown = name if full else name.replace("16384²", "8192²").replace("512³", "256³")
        figures[shown] = work()
        print(shown, figures[shown], flush=True)
    keep("grids", figures)


if __name__ == "__main__":
    main()
