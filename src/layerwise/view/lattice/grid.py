"""The picture of a grid too large to be drawn cell by cell: blocks, and the classes in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...errors import InputError, unknown_name
from ...language import Words, words
from ...scene import Image, Mark, Reference, Scene
from ...trace import Trace
from ...typeface import shorten
from ...types import UNCLASSIFIED, ByteArray, IntArray, float32_array
from ..charts.frame import Frame
from ..marks import hairlines, inscribed, label, swatches
from ..palette import class_colors, probability_color
from ..spoken import Spoken
from ..style import FRAME, LABEL_SIZE, TEXT_SIZE, Theme
from ..style import theme as theme_named
from .density import level_palette, proportional

SHOWN: Final = ("majority", "density")
GAP: Final = 90.0  # between the picture and the table
TABLE_WIDTH: Final = 620.0
ROW: Final = 44.0


def grid(
    trace: Trace | Any,
    *,
    show: str = "majority",
    classes: Sequence[str] = (),
    theme: str | Theme = "dark",
    palette: str = "layerwise",
    language: str = "en",
    title: str = "",
) -> Scene:
    """A large grid seen from afar; `trace` is `GridFile.overview()` or its recording.

    `show` "majority": a pixel has the colour of the most frequent class of its block of cells, as
    strong as that class is among those that have one. "density": how many of its cells have a
    class, in proportion. The size of a block is said below; beside it how many cells of the whole
    grid each class has, named by `classes` or by number. Raises `InputError` for another trace or
    too few names, `UnknownNameError` for another `show`.
    """
    given = trace if isinstance(trace, Trace) else getattr(trace, "trace", None)
    if not isinstance(given, Trace) or "class cells" not in {site.name for site in given.sites}:
        raise InputError(
            "This view shows a large grid seen from afar", received=f"{type(trace).__name__}",
            do="Give what GridFile.overview() gives",
        )  # fmt: skip
    if show not in SHOWN:
        raise unknown_name("way to show a grid", show, SHOWN)
    count = given["class cells", 0].shape[-1]
    if classes and len(classes) != count:
        raise InputError(
            f"The grid has {count} classes", received=f"{len(classes)} names",
            do="Give a name for each, or none",
        )  # fmt: skip
    drawing = _Drawing(
        words(language), given, show, [str(name) for name in classes],
        Frame(FRAME, theme_named(theme)), palette, title,
    )  # fmt: skip
    return drawing.scene()


@dataclass(frozen=True)
class _Drawing(Spoken):
    words: Words
    trace: Trace
    show: str
    names: list[str]
    frame: Frame
    palette: str
    given_title: str

    @property
    def counts(self) -> IntArray:
        return np.asarray(self.trace["class cells", 0], np.int64)

    @property
    def cells(self) -> IntArray:
        return np.asarray(self.trace["cells", 0], np.int64)

    @property
    def shape(self) -> list[int]:
        return [int(side) for side in self.trace.about["shape"]]

    def scene(self) -> Scene:
        shape = " × ".join(self.count(side) for side in self.shape)
        title = self.given_title or self.words("grid.title", shape=shape)
        layer = self.count(self.trace.moments[0].at["layer"])
        foot = self.frame.foot(self._foot())
        name = self.words("grid.counter")
        marks = [
            *self.frame.words(title, foot, f"{name} {layer}"),
            *self.frame.counter(name, layer),
            *self._picture(len(foot)),
        ]
        return self.frame.scene(
            lambda stop: marks, [f"{name} {layer}"], title=title,
            description=" · ".join([title, f"{name} {layer}", *self._foot()]),
        )  # fmt: skip

    def _foot(self) -> list[str]:
        block, slices = int(self.trace.about["block"]), self.shape[0]
        if len(self.shape) == 3:
            size = self.words("grid.block-through", side=block, slices=self.count(slices))
        elif block == 1:
            size = self.words("grid.block-cell")
        else:
            size = self.words("grid.block", side=block)
        if self.show == "density":
            most = float((self.counts.sum(axis=2) / self.cells).max())
            what = self.words("grid.density", most=self.percent(most))
        else:
            what = self.words("grid.majority")
        return [size, what, self.words("grid.seed", seed=self.trace.about["seed"])]

    def _picture(self, foot_lines: int) -> list[Mark]:
        x, y, width, height = self.frame.content(foot_lines)
        box = inscribed((x, y, width - TABLE_WIDTH - GAP, height), *self.cells.shape)
        box = (x, y, box[2], box[3])  # at the upper left
        image = self._density() if self.show == "density" else self._majority()
        refers = Reference("class cells", 0)
        # A picture with more blocks than pixels is averaged, with fewer it keeps its squares.
        fine = max(self.cells.shape[0] / box[3], self.cells.shape[1] / box[2]) > 1
        left = box[0] + box[2] + GAP
        return [
            Image(box, image, None, "area" if fine else "nearest", refers),
            *self._table(left, y, min(TABLE_WIDTH, x + width - left), height),
        ]

    def _majority(self) -> ByteArray:
        counts = self.counts
        known = counts.sum(axis=2)
        labels = np.where(known > 0, counts.argmax(axis=2), UNCLASSIFIED).astype(np.uint8)
        share = counts.max(axis=2) / np.maximum(known, 1)
        colors = class_colors(counts.shape[2], self.palette)
        if counts.shape[2] == 1:  # a single class is certain wherever there is one
            return probability_color(
                labels, np.where(known > 0, 1.0, 0.0), self.frame.theme, colors
            )
        return probability_color(labels, share, self.frame.theme, colors)

    def _density(self) -> ByteArray:
        levels = proportional(self.counts.sum(axis=2) / self.cells, 0.0)
        return level_palette(self.frame.theme)[levels][..., :3]

    def _table(self, x: float, y: float, width: float, height: float) -> list[Mark]:
        theme, totals = self.frame.theme, self.counts.sum(axis=(0, 1))
        every = int(self.cells.sum())
        colors = class_colors(len(totals), self.palette)
        room = int((height - 2 * ROW) // ROW)
        order = np.argsort(-totals, kind="stable")
        shown = order if len(order) <= room else order[: room - 1]
        rows = [(self._name(int(at)), int(totals[at]), colors[at]) for at in np.sort(shown)]
        if len(shown) < len(order):
            rest = int(totals[order[len(shown) :]].sum())
            rows.append((f"+ {self.count(len(order) - len(shown))}", rest, theme.grey[:3]))
        rows.append((self.words("grid.unclassified"), every - int(totals.sum()), None))
        middle, right = x + width - 150, x + width
        marks: list[Mark] = [
            label(middle, y + 18, self.words("grid.cells"), theme.grey, size=LABEL_SIZE,
                  anchor="end"),
            label(right, y + 18, self.words("grid.share"), theme.grey, size=LABEL_SIZE,
                  anchor="end"),
            hairlines(float32_array([[x, y + 32, right, y + 32]]), theme.hairline),
        ]  # fmt: skip
        boxes, fills = [], []
        for number, (name, total, color) in enumerate(rows):
            base = y + 32 + (number + 0.75) * ROW
            short = shorten(name, middle - x - 36 - 180, TEXT_SIZE)
            marks += [
                label(x + 34, base, short, theme.ink, size=TEXT_SIZE),
                label(middle, base, self.count(total), theme.ink, size=TEXT_SIZE, anchor="end"),
                label(right, base, self.percent(total / every), theme.ink, size=TEXT_SIZE,
                      anchor="end"),
            ]  # fmt: skip
            boxes.append((x, base - 17, 20, 20))
            fills.append(theme.unclassified if color is None else (*color, 255))
        return [*marks, swatches(float32_array(boxes), np.array(fills, np.uint8), theme.hairline)]

    def _name(self, number: int) -> str:
        return self.names[number] if self.names else self.words("grid.class", number=number)
