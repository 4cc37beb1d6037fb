"""The same pictures by other visualisers: whole processes, one after the other in one run.

    python benchmarks/peers.py [PYTHON]

PYTHON is an interpreter that has what is not installed beside Layerwise: `manim` for the film of a
32-32-10 network's forward pass, `torchview` and `torchlens` (both with Graphviz) for the diagram of
a ResNet-152. What it lacks is left out and said so. Each process is run twice; the second counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from network_film import FORWARD
from PIL import Image
from results import keep

DIAGRAM = """
import sys, torch
import layerwise as lw
model = lw.models.build("resnet-152", (3, 64, 64), 1000)
with torch.no_grad():
    trace = lw.record(model, torch.randn(1, 3, 64, 64))
lw.view.diagram(trace).save(sys.argv[1])
"""

MANIM = """
import sys
import numpy as np
from manim import *
config.pixel_width, config.pixel_height, config.frame_rate = 1920, 1080, 30
config.media_dir, config.output_file, config.verbosity = sys.argv[1], "film", "ERROR"
config.progress_bar, config.disable_caching = "none", True
rng = np.random.default_rng(0)
SIZES = (32, 32, 10)
weights = [rng.normal(size=(a, b)) / np.sqrt(a) for a, b in zip(SIZES, SIZES[1:])]
values = [rng.normal(size=32)]
for weight in weights:
    values.append(np.maximum(values[-1] @ weight, 0))
def hue(value, top):
    end = ManimColor("#0877bd" if value > 0 else "#f59322")
    return interpolate_color(ManimColor("#2a2e37"), end, min(abs(value) / top, 1))
def disc(at, i, n):
    return Circle(radius=0.08, stroke_width=1).move_to([4 * (at - 1), 0.22 * (i - (n - 1) / 2), 0])
def link(a, b, w):
    return Line(a.get_center(), b.get_center(), stroke_width=0.4 + 3.2 * abs(w),
                stroke_opacity=0.2, color=hue(w, 0.5))
class Forward(Scene):
    def construct(self):
        columns = [
            VGroup(*[disc(at, i, n) for i in range(n)]) for at, n in enumerate(SIZES)]
        links = [
            VGroup(*[link(a, b, w[i, j]) for i, a in enumerate(left) for j, b in enumerate(right)])
            for left, right, w in zip(columns, columns[1:], weights)]
        self.add(*links, *columns)
        for at, column in enumerate(columns):
            top = np.abs(values[at]).max()
            changes = [n.animate.set_fill(hue(v, top), 1) for n, v in zip(column, values[at])]
            if at:
                changes.append(links[at - 1].animate.set_stroke(opacity=0.5))
            self.play(*changes, run_time=0.6)
            self.wait(0.6)
Forward().render()
"""

TORCHVIEW = """
import sys, torch, torchview
import layerwise as lw
model = lw.models.build("resnet-152", (3, 64, 64), 1000)
graph = torchview.draw_graph(model, torch.randn(1, 3, 64, 64), depth=3).visual_graph
graph.render(sys.argv[1].removesuffix(".png"), format="png", cleanup=True)
"""

TORCHLENS = """
import sys, torch, torchlens
import layerwise as lw
model = lw.models.build("resnet-152", (3, 64, 64), 1000).eval()
trace = torchlens.trace(model, torch.randn(1, 3, 64, 64))
trace.draw(vis_outpath=sys.argv[1].removesuffix(".png"), vis_fileformat="png", vis_save_only=True)
"""


def process(python: str, code: str, *arguments: str, limit_s: float = 600) -> dict[str, Any]:
    """Seconds of the second of two runs of that code, or what became of it."""
    for _ in range(2):
        start = time.perf_counter()
        try:
            done = subprocess.run(
                [python, "-c", code, *arguments],
                check=False,
                capture_output=True,
                text=True,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired:
            return {"seconds": f"over {limit_s:.0f}"}
        if done.returncode:
            return {"failed": (done.stderr.strip().splitlines() or ["without a word"])[-1][:200]}
        seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 2)}


def still(python: str, code: str, path: Path) -> dict[str, Any]:
    """The same, with the size in pixels of the picture that was written."""
    figures = process(python, code, str(path))
    found = next(iter(sorted(path.parent.glob(path.stem + "*.png"))), None)
    if found is not None:
        Image.MAX_IMAGE_PIXELS = None
        with Image.open(found) as picture:
            figures["pixels"] = " × ".join(map(str, picture.size))
    return figures


def main() -> None:
    theirs = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures["forward film of 32-32-10, 108 frames"] = {
            "layerwise": process(sys.executable, FORWARD, "32-32-10", str(folder / "film.mp4")),
            "manim": process(theirs, MANIM, str(folder)),
        }
        figures["diagram of ResNet-152"] = {
            "layerwise": still(sys.executable, DIAGRAM, folder / "ours.png"),
            "torchview": still(theirs, TORCHVIEW, folder / "torchview.png"),
            "torchlens": still(theirs, TORCHLENS, folder / "torchlens.png"),
        }
    for what, values in figures.items():
        print(what, values)
    keep("peers", figures, ("torch", "numpy"))


if __name__ == "__main__":
    main()
