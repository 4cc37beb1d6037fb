"""A film of 250 layers on 800 × 800 cells in 1080p: ours and matplotlib's, each a whole process.

    python benchmarks/film.py

matplotlib's FuncAnimation writes with the ffmpeg program at its defaults; it gets the label maps
ready-made and draws the map, five texts and a curve, less than stands on our frame.
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


def fitted():  # noqa: ANN201 - a LatticeClassifier, imported late so that a process pays for it
    """A classifier on 800 × 800 cells whose filling and fuzzy layers are 250 in all."""
    import layerwise as lw

    data = lw.data.load("overlap", size=POINTS, seed=0)
    options = {"grid": SIDE, "lazy": False, "fuzzy_from": "filled"}
    depth = lw.LatticeClassifier(**options, fuzzy_layers=0).fit(data.features, data.labels).depth_
    model = lw.LatticeClassifier(**options, fuzzy_layers=LAYERS - depth)
    return model.fit(data.features, data.labels)


def ours(path: str) -> None:
    """The whole process: data, filling, fuzzy layers, film."""
    import layerwise as lw

    lw.view.lattice(fitted().trace_).save(path)


def page(path: str) -> None:
    """The page of the same film."""
    ours(path)


def peer(path: str) -> None:
    """The same with matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.animation import FuncAnimation
    from matplotlib.colors import ListedColormap

    trace = fitted().trace_
    colors = ListedColormap(["#2f6fde", "#e8590c", "#128a6b", "#c23f8e", "#15171c"])
    figure = plt.figure(figsize=(19.2, 10.8), dpi=100, facecolor="#0f1115")
    grid = figure.add_axes((0.04, 0.1, 0.44, 0.78))
    grid.axis("off")
    curve = figure.add_axes((0.53, 0.38, 0.3, 0.1))
    share = [trace["counts", m].sum() / SIDE**2 for m in range(len(trace))]
    (line,) = curve.plot([], [])
    curve.set(xlim=(0, len(share)), ylim=(0, 1))

    def labels(m: int) -> np.ndarray:
        return np.minimum(trace["labels", m], 4)

    picture = grid.imshow(labels(0), cmap=colors, vmin=0, vmax=4, interpolation="nearest")
    texts = [figure.text(0.53, 0.85 - 0.05 * k, "", color="w", size=16) for k in range(5)]

    def draw(m: int) -> list[object]:
        picture.set_data(labels(m))
        line.set_data(range(m + 1), share[: m + 1])
        for k, text in enumerate(texts):
            text.set_text(f"layer {m}" if k == 0 else f"{trace['counts', m][k - 1]}")
        return [picture, line, *texts]

    FuncAnimation(figure, draw, frames=len(trace)).save(path, writer="ffmpeg", fps=30)


def seconds(what: str, path: Path) -> float:
    """How long a fresh process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, __file__, what, str(path)], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure, print, keep."""
    from results import keep

    with tempfile.TemporaryDirectory() as folder:
        film, other, html = Path(folder, "a.mp4"), Path(folder, "b.mp4"), Path(folder, "a.html")
        seconds("ours", film)  # compiled code and prepared fonts are kept from here on
        times = [seconds("ours", film) for _ in range(REPEATS)]
        slow = seconds("peer", other)
        times += [seconds("ours", film) for _ in range(REPEATS)]
        seconds("page", html)
        figures = {
            "ours_s": statistics.median(times),
            "ours_all_s": times,
            "matplotlib_s": slow,
            "ratio": slow / statistics.median(times),
            "ours_MB": film.stat().st_size / 1e6,
            "matplotlib_MB": other.stat().st_size / 1e6,
            "page_MB": html.stat().st_size / 1e6,
        }
    for name, value in figures.items():
        print(f"{name:16} {value}")
    keep("film", figures, ("numpy", "numba", "av", "matplotlib"))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        {"ours": ours, "peer": peer, "page": page}[sys.argv[1]](sys.argv[2])
    else:
        main()
