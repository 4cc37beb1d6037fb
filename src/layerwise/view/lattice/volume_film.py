"""What all frames of a film of a lattice with slices share: its colours, cells and turns."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...language import Words, words
from ...trace import Trace
from ...types import UNCLASSIFIED, Array, ByteArray, FloatArray, IntArray
from ..palette import probability_color
from ..style import Theme, format_count, format_percent
from .timeline import MOST_IN_PALETTE, Film
from .volume_picture import EMPTY, View

if TYPE_CHECKING:
    from ...lattice.simulation import Agreement

HEIGHT: Final = 25.0
"""Degrees from which a grid is looked down on."""
RATE: Final = 0.5
"""Degrees that the view turns at every stop, at most."""
FACING: Final = 45.0
"""The turn at which an edge of the grid, and the eighth cut away, is right in front."""
WIDEST: Final = 36.0
"""Degrees that it turns on either side of that: two sides of the grid are always seen."""
MANY_STEPS: Final = 32
"""Steps of a class's strength where classes are many."""


class VolumeFilm(Film):
    """What all frames of one recording of a lattice with slices share."""

    def __init__(self, trace: Trace, theme: Theme, palette: str) -> None:
        super().__init__(trace, theme, palette)
        recipe = self.recipe
        self.words: Words = words("en")
        self.shape: tuple[int, int, int] = (recipe["slices"], recipe["rows"], recipe["columns"])
        self.cells = int(np.prod(self.shape))
        self.position = (self.shape[0] // 2, self.shape[1] // 2, self.shape[2] // 2)
        self.strength = Strengths(len(self.classes), theme, self.colors)
        fuzzy = len(self.moments) - 1 - self.filled
        self._facing = self.filled + fuzzy / 2
        self._rate = min(RATE, WIDEST / max(self._facing, 1))
        self._apart: dict[int, Agreement] = {}
        self._codes: dict[str, tuple[int, Array]] = {}  # the latest of each site

    def view(self, stop: int) -> View:
        """From where a stop shows the grid: it turns evenly from stop to stop."""
        return View(FACING + self._rate * (stop - self._facing), HEIGHT)

    def is_cut(self, stop: int) -> bool:
        """Whether the eighth towards the viewer is left out: from the filled grid on."""
        return stop >= self.filled

    @cached_property
    def values(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The data coordinates of slices, rows and columns: the middles of their cells."""
        about = self.about
        names = ("slice_values", "row_values", "column_values")
        slices, rows, columns = (np.array(about[name], float) for name in names)
        return slices, rows, columns

    @cached_property
    def axes(self) -> tuple[str, str, str]:
        """The names of the axes of slices, rows and columns."""
        column, row, depth = (str(name) for name in self.about["axes"])
        return depth, row, column

    def shown_exact(self, stop: int) -> int | None:
        """The moment whose exact probabilities a stop shows; None before the fuzzy layers."""
        if stop > self.filled or "exact" in self.moments[stop].at:
            return max((moment for moment in self.exact if moment <= stop), default=None)
        return None

    def turned_site(self, stop: int) -> tuple[str, int]:
        """What the turned grid shows at a stop: a site and its moment.

        From the points nearly all cells of a single run are unclassified: there the exact
        probabilities are shown.
        """
        exact = self.shown_exact(stop)
        if stop > self.filled and self.recipe["restart"] and exact is not None:
            return "probabilities", exact
        return "labels", stop

    def cut_site(self, stop: int) -> tuple[str, int]:
        """What the slices show at a stop: the exact probabilities as soon as there are any."""
        exact = self.shown_exact(stop)
        return ("labels", stop) if exact is None else ("probabilities", exact)

    def codes(self, site: str, moment: int) -> Array:
        """The cells of a site as places in `palette(site)`: (slice, row, column)."""
        if site in self._codes and self._codes[site][0] == moment:
            return self._codes[site][1]
        if site == "labels":
            labels = self.trace["labels", moment]
            codes = labels.astype(np.uint16)
            codes[labels == UNCLASSIFIED] = EMPTY
        else:
            codes = self.strength.codes(self.trace["probabilities", moment])
        self._codes[site] = (moment, codes)
        return codes

    def likeliest(self, moment: int) -> IntArray:
        """In how many cells each class is the likeliest: (class,)."""
        if moment not in self._likeliest:
            classes = self.codes("probabilities", moment).reshape(-1) // self.strength.steps
            self._likeliest[moment] = np.bincount(classes, minlength=len(self.classes))
        return self._likeliest[moment]

    def agreement(self, moment: int) -> Agreement:
        """How far the mean of simulated runs lies from the exact probabilities, and by chance."""
        if moment not in self._apart:
            from ...lattice.simulation import agreement  # which loads what computes layers

            counts = self.trace["simulated", moment]
            self._apart[moment] = agreement(counts, self.trace["probabilities", moment])
        return self._apart[moment]

    def palette(self, site: str) -> ByteArray:
        """The colours (entry, rgb) of a site's cells."""
        return self.colors if site == "labels" else self.strength.palette

    def steps(self, site: str) -> int:
        """How many places of `palette(site)` each class has."""
        return 1 if site == "labels" else self.strength.steps

    @cached_property
    def page_recipe(self) -> dict[str, Any]:
        """How a page computes the label maps and the probabilities, the same for every layout."""
        from ...lattice.replay import page_recipe  # which loads what computes layers

        exact = self.trace.header.replays["probabilities"]
        return {
            **page_recipe(self.recipe, self.layers),
            "rule": "copy in volume",
            "slices": self.shape[0],
            "depth": self.about["depth"],
            "restart": bool(self.recipe["restart"]),
            "frequencies": list(exact["frequencies"]),
            "error": float(exact["error"]),
        }

    def description(self) -> str:
        """The film in words, for those who cannot see it."""
        shares = self.counts[self.filled] / sum(self.counts[self.filled])
        parts = [
            f"{name} {format_percent(share)}"
            for name, share in zip(self.classes, shares, strict=True)
        ]
        return self.words(
            "volume.description", cells=" × ".join(map(format_count, self.shape)),
            depth=format_count(self.about["depth"]), shares=", ".join(parts[:8]), foot=self.foot(),
        )  # fmt: skip

    def foot(self) -> str:
        """What exactly is seen: data, size, rule, seed, and what is left out."""
        recipe, about = self.recipe, self.about
        rule = self.words("volume.copies")
        if recipe["rule"] != "copy":
            rule = self.words("volume.votes", side=2 * recipe["window"] + 1)
        parts = [
            about["data"],
            self.words("volume.points", count=format_count(about["points"])),
            about["projection"],
            self.words("volume.cells", cells=" × ".join(map(format_count, self.shape))),
            rule,
            self.words("volume.anchored") if recipe["anchored"] else "",
            self.words("volume.seed", seed=recipe["seed"]),
            *self.trace.notes,
        ]
        return " · ".join(part for part in parts if part)


class Strengths:
    """Probabilities as places in a palette: the likeliest class's hue in steps of strength."""

    def __init__(self, classes: int, theme: Theme, colors: ByteArray) -> None:
        self.classes = classes
        self.steps = 256 // classes if classes <= MOST_IN_PALETTE else MANY_STEPS
        guess = 1 / classes
        levels = guess + (1 - guess) * np.linspace(0, 1, self.steps)
        each = np.repeat(np.arange(classes), self.steps)[None]
        likely = np.tile(levels, classes)[None]
        self.palette: ByteArray = probability_color(each, likely, theme, colors)[0]

    def codes(self, maps: FloatArray) -> Array:
        """The place of each cell's probabilities (class, slice, row, column)."""
        most, likeliest = maps[0].copy(), np.zeros(maps.shape[1:], np.uint16)
        for number, each in enumerate(maps[1:], start=1):  # quicker than along the first axis
            likeliest[each > most] = number
            np.maximum(most, each, out=most)
        guess = 1 / self.classes
        strength = np.clip((most - guess) / (1 - guess), 0, 1)
        step = np.floor(strength * (self.steps - 1) + 0.5).astype(np.uint16)
        return np.asarray(likeliest * self.steps + step, np.uint16)
