"""A film of 250 layers on 800 × 800 cells in 1080p: ours and matplotlib's, each a whole process.

    python benchmarks/film.py

Both processes start from the same recording in a file. matplotlib's FuncAnimation writes with the
ffmpeg program at its defaults; it draws the very same marks, frame by frame (one frame a
stop; ours also has the rests, 365 frames in all).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE, LAYERS, POINTS = 800, 250, 1300
REPEATS = 3


def recorded():  # a Trace, imported late so that a process pays for it
    """The recording of 250 layers on 800 × 800 cells, filling and fuzzy."""
    import layerwise as lw

    data = lw.data.load("overlap", size=POINTS, seed=0)
    model = lw.LatticeClassifier(grid=SIDE, lazy=False, fuzzy_from="filled", fuzzy_layers=0)
    model.fit(data.features, data.labels)
    return model.record(fuzzy_layers=LAYERS - model.depth_, data="overlap")


def ours(recording: str, path: str) -> None:
    """The whole process: open the recording, draw, encode."""
    import layerwise as lw

    with lw.Trace.open(recording) as trace:
        lw.view.lattice(trace).save(path)
    for package in ("sklearn", "pandas", "torch"):
        if package in sys.modules:
            raise SystemExit(f"a film must not load {package}")


def peer(recording: str, path: str) -> None:
    """The same pictures with matplotlib: each stop's own marks, as artists that are updated."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.animation import FuncAnimation

    import layerwise as lw
    from layerwise.scene import Discs, Image, Rectangles, Segments, Text

    scene = lw.view.lattice(lw.Trace.open(recording))
    width, height = scene.size
    ground = np.array(scene.ground) / 255
    figure = plt.figure(figsize=(width / 100, height / 100), dpi=100, facecolor=ground)
    whole = figure.add_axes((0, 0, 1, 1))
    whole.set(xlim=(0, width), ylim=(height, 0))
    whole.axis("off")
    side = {"start": "left", "middle": "center", "end": "right"}
    images, texts = {}, []
    from matplotlib.collections import EllipseCollection, LineCollection

    lines = whole.add_collection(LineCollection([]))
    discs = EllipseCollection([], [], [], units="xy", offsets=[], transOffset=whole.transData)
    whole.add_collection(discs)

    def draw(stop: int) -> None:
        ends, colors, widths, centers, sizes, fills = [], [], [], [], [], []
        lettered = 0
        for mark in scene.stop_marks(stop):
            match mark:
                case Image():
                    x, y, wide, high = mark.box
                    if mark.box not in images:
                        extent = (x, x + wide, y + high, y)
                        images[mark.box] = whole.imshow(mark.colors(), extent=extent, aspect="auto")
                        whole.set(xlim=(0, width), ylim=(height, 0))
                    images[mark.box].set_data(mark.colors())
                case Text():
                    if lettered == len(texts):
                        texts.append(whole.text(0, 0, ""))
                    text = texts[lettered]
                    lettered += 1
                    text.set(
                        position=mark.at, text=mark.string, size=mark.size * 0.72,
                        color=np.array(mark.color) / 255, ha=side[mark.anchor], va="baseline",
                    )  # fmt: skip
                case Segments():
                    ends += mark.ends.reshape(-1, 2, 2).tolist()
                    colors += (mark.colors / 255).tolist()
                    widths += (mark.widths * 0.72).tolist()
                case Discs():
                    centers += mark.centers.tolist()
                    sizes += (2 * mark.radii).tolist()
                    fills += (mark.fill / 255).tolist()
                case Rectangles() if stop == 0:
                    for (x, y, wide, high), fill in zip(mark.boxes, mark.fill / 255, strict=True):
                        whole.add_patch(plt.Rectangle((x, y), wide, high, facecolor=fill))
        for text in texts[lettered:]:
            text.set_text("")
        lines.set(segments=ends, color=colors, linewidth=widths)
        discs.set(offsets=centers, facecolor=fills)
        discs.set(widths=sizes, heights=sizes, angles=np.zeros(len(sizes)))

    FuncAnimation(figure, draw, frames=len(scene.stops)).save(path, writer="ffmpeg", fps=30)


def seconds(what: str, recording: Path, path: Path) -> float:
    """How long a fresh process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, __file__, what, str(recording), str(path)], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure, print, keep."""
    from results import keep

    with tempfile.TemporaryDirectory() as folder:
        film, other, html = Path(folder, "a.mp4"), Path(folder, "b.mp4"), Path(folder, "a.html")
        recording = Path(folder, "a.trace")
        recorded().save(recording)
        # Compiled code, prepared fonts and matplotlib's list of fonts are kept from here on.
        seconds("ours", recording, film)
        times = [seconds("ours", recording, film) for _ in range(REPEATS)]
        slow = [seconds("peer", recording, other)]
        times += [seconds("ours", recording, film) for _ in range(REPEATS)]
        slow += [seconds("peer", recording, other)]
        times += [seconds("ours", recording, film) for _ in range(REPEATS)]
        seconds("ours", recording, html)
        figures = {
            "ours_s": statistics.median(times),
            "ours_all_s": times,
            "matplotlib_s": statistics.mean(slow),
            "matplotlib_all_s": slow,
            "ratio": statistics.mean(slow) / statistics.median(times),
            "ours_MB": film.stat().st_size / 1e6,
            "matplotlib_MB": other.stat().st_size / 1e6,
            "page_MB": html.stat().st_size / 1e6,
        }
    for name, value in figures.items():
        print(f"{name:16} {value}")
    keep("film", figures, ("numpy", "numba", "av", "matplotlib"))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        {"ours": ours, "peer": peer}[sys.argv[1]](*sys.argv[2:])
    else:
        main()
