"""One dense frame in 1280 × 720, again and again: ours and matplotlib's, in one run.

    python benchmarks/drawing.py [picture.png]

6,400 links 0.4 to 8 pixels wide, 200 discs, 50 thumbnails and 20 lines of text, all of them other
ones in every frame. matplotlib keeps its artists and is given the new values (the fastest form
that draws the same picture): LineCollection, EllipseCollection, images and texts, drawn by Agg
into a buffer. Ours is drawn by `rasterize` and by a `Canvas` that is used again.

After it, in 1920 × 1080: 6,400 curved links 0.4 to 3.6 pixels wide between five layers. As one mark
of curves, as chains of 12 straight segments (whose joints show), as chains of 50, and by matplotlib
as curves (PathCollection) and as polylines of 12 pieces (LineCollection).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from layerwise.render.raster import Canvas, rasterize
from layerwise.scene import Curves, Discs, Image, Mark, Segments, Text

WIDTH, HEIGHT = SIZE = (1280, 720)
LINKS, DISCS, THUMBNAILS, TEXTS = 6400, 200, 50, 20
GROUND = (15, 17, 21, 255)
NEGATIVE, POSITIVE = (245, 147, 34), (8, 119, 189)
ROUNDS, SUPERSAMPLING = 9, 8
FILM_SIZE, LAYER_X, LAYER_NODES = (1920, 1080), (300, 650, 1000, 1350, 1700), 40


def drawing(seed: int) -> list[Mark]:
    """A network of three layers: links between 80 and 80 nodes, thumbnails, a column of words."""
    random = np.random.default_rng(seed)
    left = np.stack([np.full(80, 220.0), np.linspace(30, 690, 80)], axis=1)
    right = np.stack([np.full(80, 820.0), np.linspace(30, 690, 80)], axis=1)
    weights = random.normal(0, 1, (80, 80)).clip(-2.5, 2.5) / 2.5
    ends = np.concatenate(
        [np.repeat(left, 80, axis=0), np.tile(right, (80, 1))], axis=1
    ) + random.uniform(-0.5, 0.5, (LINKS, 4))
    strength = np.abs(weights).reshape(-1)
    colors = np.empty((LINKS, 4), np.uint8)
    colors[:, :3] = np.where(weights.reshape(-1, 1) < 0, NEGATIVE, POSITIVE)
    colors[:, 3] = (255 * (0.13 + 0.27 * strength)).astype(np.uint8)
    marks: list[Mark] = [Segments(ends, 0.4 + 7.6 * strength**3, colors)]
    centers = np.concatenate([left, right, random.uniform((900, 30), (1240, 250), (40, 2))])
    fill = random.integers(40, 255, (DISCS, 4), np.uint8)
    fill[:, 3] = 255
    marks.append(Discs(centers, random.uniform(3, 7, DISCS), fill))
    for number in range(THUMBNAILS):
        x, y = 20 + number % 5 * 36, 30 + number // 5 * 66
        pixels = random.integers(0, 255, (28, 28, 3), np.uint8)
        marks.append(Image((x, y, 28, 28), pixels))
    for number in range(TEXTS):
        words = f"Neuron {number}: {random.normal():+.3f}".replace("-", "−")
        marks.append(Text((900, 290 + 21 * number), words, 15, (242, 243, 245, 255)))
    return marks


class Peer:
    """The same frame as artists of matplotlib that are kept and updated."""

    def __init__(self, marks: list[Mark]) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt
        from matplotlib.collections import EllipseCollection, LineCollection

        figure = plt.figure(
            figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=np.array(GROUND) / 255
        )
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.axis("off")
        self.figure = figure
        self.links = axes.add_collection(LineCollection([], capstyle="round"))
        ones = np.ones(DISCS)
        self.discs = EllipseCollection(
            ones, ones, 0 * ones, units="xy", offsets=np.zeros((DISCS, 2)),
            transOffset=axes.transData, linewidths=0, zorder=3,
        )  # fmt: skip
        axes.add_collection(self.discs)
        images = [mark for mark in marks if isinstance(mark, Image)]
        self.images = [
            axes.imshow(
                mark.pixels, extent=_extent(mark), aspect="auto", interpolation="nearest", zorder=4
            )
            for mark in images
        ]
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        self.texts = [
            axes.text(*mark.at, mark.string, size=mark.size * 0.72, va="baseline", zorder=5)
            for mark in marks
            if isinstance(mark, Text)
        ]

    def draw(self, marks: list[Mark]) -> np.ndarray:
        """The frame with the new values: (row, column, rgb)."""
        images, texts = iter(self.images), iter(self.texts)
        for mark in marks:
            match mark:
                case Segments():
                    self.links.set(
                        segments=mark.ends.reshape(-1, 2, 2),
                        color=mark.colors / 255,
                        linewidth=mark.widths * 0.72,
                    )
                case Discs():
                    sizes = 2 * mark.radii
                    self.discs.set(
                        offsets=mark.centers, widths=sizes, heights=sizes, facecolor=mark.fill / 255
                    )
                case Image():
                    next(images).set_data(mark.pixels)
                case Text():
                    next(texts).set(text=mark.string, color=np.array(mark.color) / 255)
        self.figure.canvas.draw()
        return np.asarray(self.figure.canvas.buffer_rgba())[:, :, :3]


def curved(seed: int) -> Curves:
    """Every link between five layers of 40 nodes, as a curve that leaves and arrives level."""
    random = np.random.default_rng(seed)
    y = np.linspace(60, 1020, LAYER_NODES)
    start, end = np.repeat(y, LAYER_NODES), np.tile(y, LAYER_NODES)
    points = []
    for x0, x3 in pairwise(LAYER_X):
        left, middle, right = (np.full(len(start), x) for x in (x0, (x0 + x3) / 2, x3))
        points.append([left, start, middle, start, middle, end, right, end])
    links = np.concatenate([np.stack(part, axis=1) for part in points])
    links += random.uniform(-0.5, 0.5, (len(links), 1))
    weights = random.normal(0, 1, len(links)).clip(-2.5, 2.5) / 2.5
    strength = np.abs(weights)
    colors = np.empty((len(links), 4), np.uint8)
    colors[:, :3] = np.where(weights[:, None] < 0, NEGATIVE, POSITIVE)
    colors[:, 3] = (255 * (0.13 + 0.27 * strength)).astype(np.uint8)
    return Curves(links, 0.4 + 3.2 * strength, colors)


def chains(curves: Curves, pieces: int) -> np.ndarray:
    """The curves as straight pieces of even parameter: (curve, corner, xy)."""
    t = np.linspace(0, 1, pieces + 1)[:, None]
    corners = curves.points.reshape(-1, 4, 1, 2)
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return np.asarray(sum(weight * corners[:, i] for i, weight in enumerate(weights)))


def segmented(curves: Curves, pieces: int) -> Segments:
    """The curves as that many segments each."""
    chain = chains(curves, pieces)
    ends = np.concatenate([chain[:, :-1], chain[:, 1:]], axis=2).reshape(-1, 4)
    widths, colors = (np.repeat(part, pieces, axis=0) for part in (curves.widths, curves.colors))
    return Segments(ends, widths, colors)


class CurvePeer:
    """The links as one collection of matplotlib's, given new paths, widths and colours."""

    def __init__(self, pieces: int | None) -> None:
        from matplotlib import pyplot as plt
        from matplotlib.collections import LineCollection, PathCollection

        width, height = FILM_SIZE
        self.pieces = pieces
        self.figure = plt.figure(
            figsize=(width / 100, height / 100), dpi=100, facecolor=np.array(GROUND) / 255
        )
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        if pieces:
            self.links = axes.add_collection(LineCollection([], capstyle="round"))
        else:
            self.links = PathCollection([], capstyle="round", facecolors="none")
            self.links.set_transform(axes.transData)
            axes.add_collection(self.links)

    def draw(self, curves: Curves) -> np.ndarray:
        """The frame with the new links: (row, column, rgb)."""
        from matplotlib.path import Path

        if self.pieces:
            self.links.set(segments=chains(curves, self.pieces))
        else:
            codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
            self.links.set(paths=[Path(row, codes) for row in curves.points.reshape(-1, 4, 2)])
        self.links.set(edgecolor=curves.colors / 255, linewidth=curves.widths * 0.72)
        self.figure.canvas.draw()
        return np.asarray(self.figure.canvas.buffer_rgba())[:, :, :3]


def curve_figures() -> dict[str, float]:
    """How long the curved links take, by us and by matplotlib, and how alike they come out."""
    frames = [curved(seed) for seed in range(ROUNDS)]
    drawn: dict[str, list[Mark]] = {
        "curves": list(frames),
        "12 segments a curve": [segmented(curves, 12) for curves in frames],
        "50 segments a curve": [segmented(curves, 50) for curves in frames],
    }
    ways: dict[str, Callable[[int], object]] = {}
    for threads in (1, None):
        for name, marks in drawn.items():
            canvas = Canvas(FILM_SIZE, GROUND, threads=threads)
            title = name if threads is None else f"{name}, 1 thread"
            ways[title] = lambda number, canvas=canvas, marks=marks: canvas.draw([marks[number]])
    paths, lines = CurvePeer(None), CurvePeer(12)
    ways["curves by matplotlib"] = lambda number: paths.draw(frames[number])
    ways["12 pieces a curve by matplotlib"] = lambda number: lines.draw(frames[number])
    times: dict[str, list[float]] = {name: [] for name in ways}
    for draw in ways.values():
        draw(1)
    for number in range(ROUNDS):
        for name, draw in ways.items():
            times[name].append(seconds(partial(draw, number)))
    middle = {name: statistics.median(values) for name, values in times.items()}
    ours, theirs = rasterize(frames[:1], FILM_SIZE, GROUND), paths.draw(frames[0]).copy()
    large = rasterize(frames[:1], FILM_SIZE, GROUND, scale=4)
    reference = large.reshape(FILM_SIZE[1], 4, FILM_SIZE[0], 4, 3).mean((1, 3))
    return {
        **{f"{name}, ms": 1000 * value for name, value in middle.items()},
        "curves: ratio of matplotlib to ours": middle["curves by matplotlib"] / middle["curves"],
        "curves: ratio of matplotlib to ours, 1 thread": (
            middle["curves by matplotlib"] / middle["curves, 1 thread"]
        ),
        "curves: ratio of ours to 12 segments, 1 thread": (
            middle["curves, 1 thread"] / middle["12 segments a curve, 1 thread"]
        ),
        "curves: PSNR of ours to 4 × supersampled, dB": psnr(ours, reference),
        "curves: PSNR of matplotlib, dB": psnr(theirs, reference),
    }


def _extent(mark: Image) -> tuple[float, float, float, float]:
    x, y, width, height = mark.box
    return x, x + width, y + height, y


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """The likeness of two pictures in decibels; 255 is the peak."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def supersampled(marks: list[Mark]) -> np.ndarray:
    """Our own drawing, eight times as large in both directions, averaged down."""
    large = rasterize(marks, SIZE, GROUND, scale=SUPERSAMPLING)
    shape = (HEIGHT, SUPERSAMPLING, WIDTH, SUPERSAMPLING, 3)
    return np.asarray(large.reshape(shape).mean((1, 3)))


def main() -> None:
    """Measure, print, keep."""
    from PIL import Image as Pillow
    from results import keep

    frames = [drawing(seed) for seed in range(ROUNDS)]
    canvas, one_thread = Canvas(SIZE, GROUND), Canvas(SIZE, GROUND, threads=1)
    peer = Peer(frames[0])
    ways = {
        "rasterize": lambda marks: rasterize(marks, SIZE, GROUND),
        "canvas": canvas.draw,
        "canvas, 1 thread": one_thread.draw,
        "matplotlib": peer.draw,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for draw in ways.values():  # warm up: compiled code, fonts, glyphs
        draw(frames[0])
        draw(frames[1])
    for marks in frames:
        for name, draw in ways.items():
            times[name].append(seconds(partial(draw, marks)))
    middle = {name: statistics.median(values) for name, values in times.items()}
    marks = frames[0]
    ours, theirs = rasterize(marks, SIZE, GROUND), peer.draw(marks).copy()
    reference = supersampled(marks)
    figures = {
        **{f"{name}, ms": 1000 * value for name, value in middle.items()},
        "ratio to rasterize": middle["matplotlib"] / middle["rasterize"],
        "ratio to canvas": middle["matplotlib"] / middle["canvas"],
        "ratio to canvas, 1 thread": middle["matplotlib"] / middle["canvas, 1 thread"],
        "PSNR of ours to 8 × supersampled, dB": psnr(ours, reference),
        "PSNR of matplotlib, without its texts, dB": psnr(theirs[:, :890], reference[:, :890]),
        "rounds": ROUNDS,
        **curve_figures(),
    }
    for name, value in figures.items():
        print(f"{name:50} {value:8.1f}")
    keep("drawing", figures, ("numpy", "numba", "pillow", "matplotlib"))
    if len(sys.argv) > 1:
        Pillow.fromarray(np.concatenate([ours, theirs], axis=0)).save(sys.argv[1])


if __name__ == "__main__":
    main()
