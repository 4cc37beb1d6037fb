"""What all frames of a lattice film share: colours, counts, the pictures of the probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...scene import GridReading
from ...trace import Moment, Trace
from ...types import UNCLASSIFIED, Array, ByteArray, Float32Array, FloatArray, IntArray
from ..palette import class_colors, probability_color
from ..style import Theme, format_count, format_percent

if TYPE_CHECKING:
    from ...lattice.simulation import Agreement

Picture: TypeAlias = tuple[ByteArray, ByteArray | None]  # pixels, and their palette
SMALL_SIDE = 400  # cells along the side of the probability picture, at most
PAIR_SIDE = 200  # dots along the side of two small pictures beside one another, at most
MOST_IN_PALETTE = 8  # classes whose strengths share one palette


@dataclass(frozen=True)
class Phase:
    """A chapter of the film: its first moment and its name."""

    first: int
    name: str


class Film:
    """What all frames of one recording share."""

    def __init__(self, trace: Trace, theme: Theme, palette: str) -> None:
        self.trace, self.theme = trace, theme
        self.about: dict[str, Any] = dict(trace.about)
        self.recipe = trace.header.replays["labels"]["layers"]
        self.moments: Sequence[Moment] = trace.moments
        self.layers = [int(moment.at["layer"]) for moment in self.moments]
        self.classes: list[str] = self.about["classes"]
        self.class_points: IntArray = np.array(self.about["class_points"], np.int64)
        self.colors = class_colors(len(self.classes), palette)
        self.cell_colors = np.zeros((256, 4), np.uint8)
        self.cell_colors[:, 3] = 255
        self.cell_colors[: len(self.colors), :3] = self.colors
        self.cell_colors[UNCLASSIFIED] = theme.unclassified
        self.counts: list[IntArray] = [trace["counts", m] for m in range(len(self.moments))]
        self.exact = [m for m, moment in enumerate(self.moments) if "exact" in moment.at]
        self.cells = self.recipe["rows"] * self.recipe["columns"]
        longer = max(self.recipe["rows"], self.recipe["columns"])
        self.block, self.pair_block = -(-longer // SMALL_SIDE), -(-longer // PAIR_SIDE)
        # Recordings of an earlier version have no runs beside their probabilities.
        has_runs = any(site.name == "simulated" for site in trace.sites)
        self.runs: int = self.about.get("simulated_runs", 0) if has_runs else 0
        self._runs: dict[int, tuple[Picture, Agreement]] = {}
        self._pictures: dict[tuple[int, int], Picture] = {}
        self._likeliest: dict[int, IntArray] = {}
        self._latest: tuple[int, Float32Array] | None = None
        fuzzy = [m for m, moment in enumerate(self.moments) if "fuzzy" in moment.at]
        self.filled = fuzzy[0] - 1 if self.recipe["restart"] else fuzzy[0]
        self.phases = [Phase(0, "Filling"), Phase(self.filled + 1, "Fuzzy layers")]
        if self.filled + 1 >= len(self.moments):
            self.phases.pop()

    @cached_property
    def page_recipe(self) -> dict[str, Any]:
        """How a page computes the label maps itself, the same for every layout."""
        from ...lattice.replay import page_recipe  # which loads what computes layers

        return page_recipe(self.recipe, self.layers)

    def description(self) -> str:
        """The film in words, for those who cannot see it."""
        shares = self.counts[self.filled] / sum(self.counts[self.filled])
        parts = [
            f"{name} {format_percent(share)}"
            for name, share in zip(self.classes, shares, strict=True)
        ]
        return (
            f"A grid of {self.recipe['rows']} by {self.recipe['columns']} cells. "
            f"It is full after {self.about['depth']} layers: {', '.join(parts[:8])}. " + self.foot()
        )

    def foot(self) -> str:
        """What exactly is seen: data, size, rule, seed, and what is left out."""
        recipe, about = self.recipe, self.about
        if recipe["rule"] == "copy":
            rule = "each cell copies one random neighbour"
        else:
            side = 2 * recipe["window"] + 1
            rule = f"each cell takes the majority of its {side} × {side} window"
        parts = [
            about["data"],
            f"{format_count(about['points'])} training points",
            about["projection"],
            f"{format_count(recipe['rows'])} × {format_count(recipe['columns'])} cells",
            rule + (", or stays (½)" if recipe["lazy"] else ""),
            "training cells never change" if recipe["anchored"] else "",
            f"seed {recipe['seed']}",
            *self.trace.notes,
        ]
        return " · ".join(part for part in parts if part)

    def probabilities(self, moment: int) -> Float32Array:
        """The exact probabilities of a moment: (class, row, column); the latest are kept."""
        if self._latest is None or self._latest[0] != moment:
            self._latest = moment, self.trace["probabilities", moment]
        return self._latest[1]

    def probability_picture(self, moment: int, block: int | None = None) -> Picture:
        """The exact probabilities of a moment as the pixels and palette of an image.

        Blocks of cells are averaged where the grid has more than 400 along a side, or as asked.
        """
        block = self.block if block is None else block
        if (moment, block) not in self._pictures:
            rows = min(block, self.recipe["rows"])
            blocks = averaged(self.probabilities(moment), (rows, block))
            self._pictures[moment, block] = _strengths(blocks, self.theme, self.colors)
        return self._pictures[moment, block]

    def simulated(self, moment: int) -> tuple[Picture, Agreement]:
        """The shares of the simulated runs as a picture like it, and how far both lie apart.

        Blocks of cells are summed, and a share is that of the runs in which a cell has a class.
        """
        if moment not in self._runs:
            from ...lattice.simulation import agreement  # which loads what computes layers

            counts = self.trace["simulated", moment]
            rows = min(self.pair_block, self.recipe["rows"])
            blocks = averaged(counts.astype(np.float64), (rows, self.pair_block))
            known = blocks.sum(axis=0)
            shares = np.divide(blocks, known, out=np.zeros_like(blocks), where=known > 0)
            apart = agreement(counts, self.probabilities(moment))
            self._runs[moment] = _strengths(shares, self.theme, self.colors), apart
        return self._runs[moment]

    def likeliest(self, moment: int) -> IntArray:
        """In how many cells each class is the likeliest: (class,)."""
        if moment not in self._likeliest:
            maps = self.probabilities(moment)
            counts = np.bincount(maps.argmax(axis=0).reshape(-1), minlength=len(maps))
            self._likeliest[moment] = counts
        return self._likeliest[moment]

    def reading(self, box: tuple[float, float, float, float]) -> GridReading:
        """The final probabilities, for a page that answers when a cell is pointed at."""
        maps = self.probabilities(self.exact[-1])
        fuzzy = int(self.moments[self.exact[-1]].at["fuzzy"])
        return GridReading(
            box=box,
            column_axis=self.about["axes"][0],
            row_axis=self.about["axes"][1],
            column_values=np.array(self.about["column_values"]),
            row_values=np.array(self.about["row_values"]),
            classes=tuple(self.classes),
            percent=np.rint(100 * maps).astype(np.uint8),
            caption=f"after {format_count(fuzzy)} fuzzy layers",
        )


def averaged(maps: Array, block: tuple[int, int]) -> FloatArray:
    """Maps (class, row, column) with blocks of rows × columns averaged, a rest left out."""
    if block == (1, 1):
        return maps
    tall, wide = block
    classes, rows, columns = maps.shape
    whole = maps[:, : rows // tall * tall, : columns // wide * wide]
    total = np.zeros((classes, rows // tall, columns // wide), maps.dtype)
    for row in range(tall):  # whole planes at a time: several times as fast as a mean over axes
        for column in range(wide):
            total += whole[:, row::tall, column::wide]
    return np.asarray(total / (tall * wide))


def _strengths(maps: FloatArray, theme: Theme, colors: ByteArray) -> Picture:
    """Probabilities as a picture: indices and palette, or colours where classes are many.

    A palette holds 256 // classes steps of strength for each class: with up to eight classes a
    step is no more than screens show.
    """
    classes = len(maps)
    likeliest, probability = maps.argmax(axis=0), maps.max(axis=0)
    steps = 256 // classes
    if classes > MOST_IN_PALETTE:
        return probability_color(likeliest, probability, theme, colors), None
    guess = 1 / classes
    strength = np.clip((probability - guess) / (1 - guess), 0, 1)
    indices = likeliest * steps + np.rint(strength * (steps - 1)).astype(np.int64)
    levels = guess + (1 - guess) * np.linspace(0, 1, steps)
    each = np.repeat(np.arange(classes), steps)[None]
    shown = probability_color(each, np.tile(levels, classes)[None], theme, colors)[0]
    palette = np.full((256, 4), 255, np.uint8)
    palette[: len(shown), :3] = shown
    return indices.astype(np.uint8), palette
