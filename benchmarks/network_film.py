"""What a film of a network costs: whole processes, and frames beside matplotlib's animation.

    python benchmarks/network_film.py

Each film is written by a process of its own, imports and compiled code from the cache included.
Matplotlib draws the same links, units and numbers (`LineCollection` of the same flattened curves),
and its frames go to the same video encoder; frames a second of both, drawn and encoded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from results import keep

import layerwise as lw
from layerwise.data import drawings
from layerwise.scene import Curves, Discs, Image, Rectangles, Segments, Text

FORWARD = """
import sys, time
import torch
import layerwise as lw
sizes = [int(size) for size in sys.argv[1].split("-")]
model = lw.models.build("mlp " + "-".join(map(str, sizes[1:-1])), (sizes[0],), sizes[-1], seed=0)
batch = torch.randn(4, sizes[0], generator=torch.Generator().manual_seed(0))
film = lw.view.network(lw.record(model, batch, keep=lw.Keep(every=1, neurons=None)))
film.save(sys.argv[2])
print(len(film))
"""
PIECES = 12


def whole_process(sizes: str, folder: Path) -> dict[str, float]:
    """Seconds of a process that records one pass and films it, the second time it is run."""
    for _ in range(2):
        start = time.perf_counter()
        command = [sys.executable, "-c", FORWARD, sizes, str(folder / "film.mp4")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - start
    return {"frames": int(done.stdout), "seconds": seconds}


def drawn_shapes(folder: Path) -> dict[str, Any]:
    """Frames a second of the drawn-shapes film, and of matplotlib drawing the same marks."""
    data = drawings(("circle", "square", "triangle", "other"), per_kind=200, size=50)
    run = lw.fit("mlp 12-12-12 dropout=0.05", data, epochs=6, keep=lw.Keep(neurons=None, every=5))
    film = lw.view.network(run.trace, focus="fc2:3")
    film.save(folder / "warm.png")
    start = time.perf_counter()
    film.save(folder / "ours.mp4")
    ours = len(film) / (time.perf_counter() - start)
    count = 24
    times = np.linspace(0, film.duration - 0.1, count)
    start = time.perf_counter()
    animate([film.marks(time) for time in times], film.size, folder / "theirs.mp4")
    theirs = count / (time.perf_counter() - start)
    return {"frames": len(film), "frames a second": ours, "matplotlib": theirs,
            "ratio": ours / theirs}  # fmt: skip


def animate(frames: list[Any], size: tuple[int, int], path: Path) -> None:
    """The same marks as a matplotlib animation."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.animation import FFMpegWriter

    figure = plt.figure(figsize=(size[0] / 100, size[1] / 100), dpi=100, facecolor="#0f1115")
    axes = figure.add_axes((0, 0, 1, 1))
    writer = FFMpegWriter(fps=30, codec="libx264", extra_args=["-preset", "ultrafast"])
    with writer.saving(figure, str(path), 100):
        for marks in frames:
            axes.clear()
            axes.set_xlim(0, size[0])
            axes.set_ylim(size[1], 0)
            axes.axis("off")
            for mark in marks:
                draw(axes, mark)
            writer.grab_frame(facecolor="#0f1115")
    plt.close(figure)


def draw(axes: Any, mark: Any) -> None:
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Circle, FancyBboxPatch

    match mark:
        case Curves():
            t = np.linspace(0, 1, PIECES + 1)[:, None]
            p = mark.points.reshape(-1, 4, 1, 2)
            lines = ((1 - t) ** 3 * p[:, 0] + 3 * (1 - t) ** 2 * t * p[:, 1]
                     + 3 * (1 - t) * t**2 * p[:, 2] + t**3 * p[:, 3])  # fmt: skip
            axes.add_collection(
                LineCollection(lines, linewidths=mark.widths * 0.72, colors=mark.colors / 255)
            )
        case Segments():
            axes.add_collection(
                LineCollection(mark.ends.reshape(-1, 2, 2), linewidths=mark.widths * 0.72,
                               colors=mark.colors / 255)
            )  # fmt: skip
        case Discs():
            patches = [Circle(c, r) for c, r in zip(mark.centers, mark.radii, strict=True)]
            axes.add_collection(PatchCollection(patches, facecolors=mark.fill / 255))
        case Rectangles():
            patches = [
                FancyBboxPatch((x + r, y + r), max(w - 2 * r, 0), max(h - 2 * r, 0),
                               boxstyle=f"round,pad={r}")
                for (x, y, w, h), r in zip(mark.boxes, mark.radii, strict=True)
            ]  # fmt: skip
            axes.add_collection(
                PatchCollection(patches, facecolors=mark.fill / 255, edgecolors=mark.stroke / 255)
            )
        case Image():
            x, y, w, h = mark.box
            axes.imshow(mark.colors(), extent=(x, x + w, y + h, y), aspect="auto")
            axes.set_xlim(0, 1920)
            axes.set_ylim(1080, 0)
        case Text():
            anchor = {"start": "left", "middle": "center", "end": "right"}[mark.anchor]
            axes.text(*mark.at, mark.string.replace("$", ""), size=mark.size * 0.72, ha=anchor,
                      color=np.array(mark.color) / 255)  # fmt: skip


def main() -> None:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for sizes in ("32-32-10", "1024-1024-1024-10"):
            figures[f"forward film of {sizes}, whole process"] = whole_process(sizes, folder)
        figures["drawn shapes"] = drawn_shapes(folder)
    for what, values in figures.items():
        print(what, values)
    keep("network_film", figures, ("torch", "numpy", "numba", "matplotlib"))


if __name__ == "__main__":
    main()
