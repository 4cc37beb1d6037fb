"""A film of 250 stops of a lattice in three dimensions, 1080p: frames drawn and written a second.

    python benchmarks/volume_film.py [SIDE …]

Sides 64 and 96 unless others are given. *Drawn* is everything but the encoding: layers, exact
probabilities, the turned grid, slices, words, pixels. The page's figure is milliseconds a stop in
Chromium without a GPU, with a window of 1280 × 800: computing and painting, in order of the film.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright
from results import keep

import layerwise as lw
from layerwise.render.raster import Canvas

STOPS, POINTS, FUZZY = 250, 3000, 200

PAGE = """async () => {
  const { painter, film } = layerwise.layout, took = [];
  painter.volume.finer = 1;
  for (let stop = 1; stop < film.stops.length; stop++) {
    const start = performance.now();
    const sources = await painter.prepare(stop);
    painter.paint(layerwise.context, stop, sources, null, layerwise.zoom.view);
    layerwise.context.getImageData(0, 0, 1, 1);
    took.push(performance.now() - start);
  }
  return took;
}"""


def recorded(side: int) -> lw.Trace:
    """A mixture of three classes of normal points, learned and recorded."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, POINTS)
    middles = np.array([[1.0, 0, 0], [0, 1, 0.5], [-0.5, -0.5, -1]])
    X = middles[y] + 0.5 * rng.normal(size=(POINTS, 3))
    model = lw.LatticeClassifier(grid=(side,) * 3, fuzzy_from="points", fuzzy_layers=FUZZY)
    model.fit(X, y)
    return model.record(fuzzy_moments=max(STOPS - model.depth_, 2), data="mixture")


def drawn(scene: Any) -> float:
    """Frames a second without the encoder."""
    canvas = Canvas(scene.size, scene.ground)
    canvas.draw(scene.stop_marks(0))
    start = time.perf_counter()
    for stop in range(1, len(scene.stops)):
        canvas.draw(scene.stop_marks(stop))
    return (len(scene.stops) - 1) / (time.perf_counter() - start)


def page_times(path: Path) -> list[float]:
    """Milliseconds of each stop of a page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(path.as_uri())
        page.wait_for_selector(".player[data-ready]")
        times: list[float] = page.evaluate(PAGE)
        browser.close()
    return times


def measured(side: int) -> dict[str, Any]:
    """The figures of one side."""
    trace = recorded(side)
    filled = next(n for n, moment in enumerate(trace.moments) if "fuzzy" in moment.at)
    lw.view.lattice(trace).save(Path(tempfile.gettempdir()) / "first.png")  # compiles
    with tempfile.TemporaryDirectory() as folder:
        film, page = Path(folder, "film.mp4"), Path(folder, "film.html")
        scene = lw.view.lattice(trace)
        start = time.perf_counter()
        scene.save(film)
        written = len(scene) / (time.perf_counter() - start)
        scene.save(page, autoplay=False)
        times = page_times(page)
        return {
            "stops": len(scene.stops),
            "drawn_frames_per_s": drawn(lw.view.lattice(trace)),
            "written_frames_per_s": written,
            "page_filling_ms": statistics.median(times[: filled - 1]),
            "page_fuzzy_ms": statistics.median(times[filled:]),
            "page_slowest_ms": max(times),
            "page_bytes": page.stat().st_size,
        }


def main() -> None:
    """Measure, print, keep."""
    sides = [int(word) for word in sys.argv[1:]]
    figures = {f"{side}³": measured(side) for side in sides or [64, 96]}
    for name, found in figures.items():
        print(name, *(f"{key} {value:,.1f}" for key, value in found.items()), sep="\n  ")
    if not sides:
        keep("volume_film", figures)


if __name__ == "__main__":
    main()
