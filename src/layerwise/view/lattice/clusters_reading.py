"""What all frames of a film of clusters share: phases, colours, pictures of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from ...trace import Trace
from ...types import ByteArray, FloatArray, IntArray
from ..palette import class_colors
from ..style import Theme, format_count, format_number, format_percent
from .density import LEVELS, equalized, level_palette, proportional
from .recorded import recorded

MOST_HUES: Final = 255
FAINTEST: Final = 0.22  # strength of a colour where the density is lowest
AROUND: Final = 0.42  # the most that a cell without a point shows of its cluster's colour
NEEDED: Final = frozenset({"density", "hill", "wait", "peak z", "belongs", "cell labels"})


@dataclass(frozen=True)
class Part:
    """A chapter: its name, and its first and last moment."""

    name: str
    first: int
    last: int


class ClusterFilm:
    """A recording of a clusterer, read."""

    def __init__(self, trace: Trace, theme: Theme, palette: str) -> None:
        trace = recorded(trace, "a lattice clusterer", "LatticeClusterer", NEEDED)
        self.trace, self.theme = trace, theme
        self.about: dict[str, Any] = dict(trace.about)
        self.rows, self.columns = int(self.about["rows"]), int(self.about["columns"])
        kinds = [
            "flow" if "flow" in moment.at else moment.kind for moment in trace.moments
        ]  # layer (spreading), flow, merge, labels
        self.kinds = kinds
        self.last = len(kinds) - 1
        self.spread_to, self.flow_from = kinds.index("flow") - 1, kinds.index("flow")
        self.merge_from = kinds.index("merge")
        self.parts = [
            Part("Points spread", 0, self.spread_to),
            Part("Colours flow downhill", self.flow_from, self.merge_from - 1),
            Part("Hills merge", self.merge_from, self.last - 1),
            Part("Clusters", self.last, self.last),
        ]
        self.hill: IntArray = trace["hill", self.flow_from]
        self.wait: IntArray = trace["wait", self.flow_from]
        self.peaks: IntArray = trace["peaks", self.flow_from]
        self.z: FloatArray = trace["peak z", self.flow_from]
        self.belongs: IntArray = trace["belongs", self.last - 1]
        self.labels: IntArray = trace["cell labels", self.last]
        self.sizes: IntArray = trace["cluster points", self.last]
        self.noise = int(trace["noise points", self.last])
        self.clusters = len(self.sizes)
        # What a peak without a way to a higher one is compared with.
        self.ground = "the background" if self.about["background"] > 0 else "nothing"
        self.colors = class_colors(max(1, min(self.clusters, MOST_HUES)), palette)
        self.hill_colors = self._colors_of_hills(palette)
        self.palette = level_palette(theme)
        self.levels = equalized(trace["density", self.spread_to], float(self.about["near"]))
        self.held = trace["density", 0] > 0
        self._picture = lru_cache(maxsize=4)(self._made)

    def part(self, moment: int) -> Part:
        """The chapter that a moment belongs to."""
        return next(part for part in self.parts if part.first <= moment <= part.last)

    def color(self, cluster: int) -> ByteArray:
        """The colour of a cluster (rgb,)."""
        return np.asarray(self.colors[cluster % len(self.colors)])

    def picture(self, moment: int) -> tuple[ByteArray, ByteArray | None]:
        """The grid at a moment as the pixels and palette of an image."""
        return self._picture(moment)

    def in_proportion(self) -> ByteArray:
        """The final density as levels in proportion to its highest: (row, column)."""
        return proportional(self.trace["density", self.spread_to], float(self.about["near"]))

    def hills_left(self, moment: int) -> IntArray:
        """The hills that no other has taken up by then: (hill,) numbers."""
        if moment < self.merge_from:
            return np.arange(len(self.peaks))
        moment = min(moment, self.last - 1)
        return np.unique(self.trace["belongs", moment])

    def foot(self) -> list[str]:
        """What exactly is seen: data, grid, rules, and what is left out."""
        about = self.about
        background = "no even background of points was found"
        if about["background"] > 0:
            background = (
                f"noise: where an even background of {format_number(about['background'])} points "
                f"a cell makes up {format_percent(about['noise'])} of the density or more"
            )
        ground = "darkest" if self.theme.name == "dark" else "palest"
        scale = "" if about["mapping"] == "linear" else f"axes mapped by {about['mapping']}"
        return [
            about["data"],
            f"{format_count(about['points'])} points",
            about["projection"],
            f"{self.rows} × {self.columns} cells",
            scale,
            "a layer: half of a cell stays, half is its four neighbours’ mean",
            background,
            f"{ground}: less than a hundredth of what one point alone gives",
            *self.trace.notes,
        ]

    def description(self) -> str:
        """The film in words, for those who cannot see it."""
        found = ", ".join(
            f"cluster {number} {format_count(int(size))} points"
            for number, size in enumerate(self.sizes[:12])
        )
        return (
            f"{format_count(self.about['points'])} points spread for {self.about['layers']} layers "
            f"on a grid; {self.about['hills']} hills are merged into {self.clusters} clusters: "
            f"{found or 'none'}; {format_count(self.noise)} points are noise."
        )

    def _colors_of_hills(self, palette: str) -> ByteArray:
        """A colour for each hill: its cluster's for the one that stays, others of their own."""
        count = len(self.belongs)
        known = class_colors(min(MOST_HUES, max(1, self.clusters + count)), palette)
        colors = np.empty((count, 3), np.uint8)
        cluster_of = {
            int(self.hill[row, column]): number
            for number, (row, column) in enumerate(self.trace["cluster peak", self.last])
        }
        free = min(self.clusters, len(known) - 1)
        next_one = free
        for hill in range(count):
            if hill in cluster_of:
                colors[hill] = self.color(cluster_of[hill])
                continue
            colors[hill] = known[next_one]
            next_one = next_one + 1 if next_one + 1 < len(known) else free
        return colors

    def _made(self, moment: int) -> tuple[ByteArray, ByteArray | None]:
        kind = self.kinds[moment]
        if kind == "layer":
            floor = float(self.about["near"])
            return equalized(self.trace["density", moment], floor), self.palette
        if kind == "labels":
            return self._final(), None
        color = self.hill_colors
        shown = self.hill >= 0
        if kind == "flow":
            step = int(self.trace.moments[moment].at["flow"])
            shown = shown & (self.wait <= step)
        else:
            color = color[self.trace["belongs", moment]]
        pixels = self.palette[self.levels][..., :3].copy()
        pixels[shown] = self._mixed(color[self.hill[shown]], self._strength()[shown])
        return pixels, None

    def _final(self) -> ByteArray:
        """Clusters in their colours, brightest where the points are; noise points in grey."""
        blank = np.array(self.theme.unclassified[:3], np.uint8)
        pixels = np.broadcast_to(blank, (*self.labels.shape, 3)).copy()
        inside = self.labels >= 0
        strength = np.where(self.held, 1.0, AROUND * self._strength())
        hues = self.colors[self.labels[inside] % len(self.colors)]
        pixels[inside] = self._mixed(hues, strength[inside])
        pixels[self.held & ~inside] = np.array(self.theme.grey[:3], np.uint8)
        return pixels

    def _strength(self) -> FloatArray:
        return np.asarray(FAINTEST + (1 - FAINTEST) * self.levels / LEVELS)

    def _mixed(self, hues: ByteArray, strength: FloatArray) -> ByteArray:
        blank = np.array(self.theme.unclassified[:3], np.float64)
        mixed = blank + strength[:, None] * (hues.astype(np.float64) - blank)
        return np.rint(mixed).astype(np.uint8)
