"""The standalone pages of two films: how large they are, and how fast they open and play.

    python benchmarks/page.py

One is a 250-layer film on 800 × 800 cells; the other a network of five layers and 6,400 links that
learns for 50 steps, with the numbers that its page tells of each unit and each link.

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
from playwright.sync_api import Browser, Page, sync_playwright
from results import keep

import layerwise as lw
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


def page_of_the_network(folder: Path) -> tuple[Path, int, float]:
    """The page of five layers of 40 units, every link drawn; its stops, and the seconds it took."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [each for _ in range(5) for each in (nn.Linear(40, 40), nn.Tanh())]
    model = nn.Sequential(*layers, nn.Linear(40, 3))
    inputs, targets = torch.randn(512, 40), torch.randint(0, 3, (512,))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    with lw.recording(model, keep=lw.Keep(neurons=None, every=1)) as recorded:
        for step in range(50):
            some = torch.arange(64 * step, 64 * step + 64) % 512
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs[some]), targets[some]).backward()
            optimizer.step()
    scene = view.network(recorded.trace)
    path = folder / "network.html"
    start = time.perf_counter()
    scene.save(path)
    return path, len(scene.stops), time.perf_counter() - start


def opened(browser: Browser, path: Path) -> tuple[Page, float]:
    """A page at its first stop, and the seconds until it was drawn."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    start = time.perf_counter()
    page.goto(path.as_uri() + "#stop=0")
    page.locator("main[data-ready]").wait_for()
    return page, time.perf_counter() - start


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
        page, ready = opened(browser, path)
        rates = [played(page) for _ in range(REPEATS)]
        stop_ms = statistics.median(page.evaluate(STOP_MS))
        layer_ms = statistics.median(page.evaluate(LAYER_MS) for _ in range(REPEATS))
        page.close()
        network, network_stops, network_seconds = page_of_the_network(Path(folder))
        page, network_ready = opened(browser, network)
        network_rates = [played(page) for _ in range(REPEATS)]
        network_ms = page.evaluate(STOP_MS.replace("100", "10").replace("140", "50"))
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
            "network_links": 6400,
            "network_stops": network_stops,
            "network_size_MB": round(network.stat().st_size / 1e6, 2),
            "network_written_in_s": round(network_seconds, 2),
            "network_ready_in_s": round(network_ready, 2),
            "network_stops_a_second_at_8x": round(float(np.median(network_rates)), 1),
            "network_one_stop_drawn_ms": round(statistics.median(network_ms), 1),
            "chromium": version,
        }
    for name, figure in figures.items():
        print(f"{name.replace('_', ' '):34}{figure}")
    keep("page", figures, packages=("numpy", "pillow", "fonttools"))


if __name__ == "__main__":
    main()
