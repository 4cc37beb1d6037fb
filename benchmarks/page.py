"""The standalone page of a 250-layer film on 800 × 800 cells: its size, and how fast it plays.

    python benchmarks/page.py

Chromium draws without a GPU at 1920 × 1080; `stops a second` counts the different stops that were
on the canvas while the film played at eight times its speed, so that only the page holds it back.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright
from results import keep

from layerwise import LatticeClassifier, view
from layerwise.data.overlap import overlap

SIDE, POINTS = 800, 3000
REPEATS = 3
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]

LAYER_MS = """() => {
  const recipe = layerwise.scene.replays.labels;
  const replay = new (layerwise.sources.replay("labels").constructor)(recipe);
  replay.approach(40);
  const start = performance.now();
  replay.approach(240);
  return (performance.now() - start) / 200;
}"""

STOP_MS = """async () => {
  const painter = layerwise.layout.painter, times = [];
  for (let stop = 100; stop < 140; stop++) {
    const start = performance.now();
    painter.paint(layerwise.context, stop, await painter.prepare(stop));
    layerwise.context.getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""


def page_of_the_film(folder: Path) -> tuple[Path, int, float]:
    """The film's page, its number of stops, and the seconds it took to write."""
    data = overlap(POINTS, seed=0)
    network = LatticeClassifier(grid=SIDE, fuzzy_layers=120, random_state=0)
    scene = view.lattice(network.fit(data.features, data.labels).trace_)
    path = folder / "film.html"
    start = time.perf_counter()
    scene.save(path)
    return path, len(scene.stops), time.perf_counter() - start


def played(page: Page) -> float:
    """Different stops a second while the film plays at its highest speed."""
    page.get_by_label("Speed").select_option("8")
    page.locator("canvas").focus()
    page.keyboard.press("Home")
    page.locator('main[data-stop="0"]').wait_for()
    before, start = page.evaluate("[layerwise.drawn, performance.now()]")
    page.keyboard.press(" ")
    page.locator("main.playing").wait_for()
    page.locator("main:not(.playing)").wait_for()
    after, end = page.evaluate("[layerwise.drawn, performance.now()]")
    return float(1000 * (after - before) / (end - start))


def main() -> None:
    """Measure, print a table, keep the figures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("This benchmark needs Chromium.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path, stops, seconds = page_of_the_film(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        start = time.perf_counter()
        page.goto(path.as_uri() + "#stop=0")
        page.locator("main[data-ready]").wait_for()
        ready = time.perf_counter() - start
        rates = [played(page) for _ in range(REPEATS)]
        stop_ms = statistics.median(page.evaluate(STOP_MS))
        layer_ms = statistics.median(page.evaluate(LAYER_MS) for _ in range(REPEATS))
        version = browser.version
        browser.close()
        figures = {
            "cells": f"{SIDE} x {SIDE}",
            "stops": stops,
            "size_MB": round(path.stat().st_size / 1e6, 2),
            "written_in_s": round(seconds, 2),
            "ready_in_s": round(ready, 2),
            "stops_a_second_at_8x": round(float(np.median(rates)), 1),
            "one_layer_computed_ms": round(layer_ms, 2),
            "one_stop_computed_and_drawn_ms": round(stop_ms, 1),
            "chromium": version,
        }
    for name, figure in figures.items():
        print(f"{name.replace('_', ' '):34}{figure}")
    keep("page", figures, packages=("numpy", "pillow", "fonttools"))


if __name__ == "__main__":
    main()
