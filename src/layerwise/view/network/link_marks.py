"""Links as curves: sign as colour, size as width, quieter where they carry little."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np

from ...scene import Curves, Mark, Reference
from ...types import FloatArray, float32_array
from ..palette import signed_color
from ..style import Theme
from .focus import Focus
from .links import Links, links_between
from .places import Places
from .reading import Reading
from .story import State

THIN, THICK = 0.4, 3.2  # pixels of a link: the least, and what the largest weight adds
FAINT, QUIET, LOUD, LIT = 0.05, 0.13, 0.40, 0.95  # opacities
STRAIGHT = 1.2  # pixels of a link without a weight

Number = TypeVar("Number", float, FloatArray)


class LinkMarks:
    """The links of all columns, in any state."""

    def __init__(
        self, reading: Reading, places: Places, moments: Sequence[int], focus: Focus | None,
        theme: Theme,
    ) -> None:  # fmt: skip
        self.reading, self.places, self.focus, self.theme = reading, places, focus, theme
        self.links = self._all()
        self._heaviest = [
            max((link.heaviest(reading, m) for m in moments), default=0.0) or 1.0
            for link in self.links
        ]
        slopes = [
            link.heaviest(reading, moments[0], gradient=True)  # the wave back is of the first
            for link in self.links
            if link.kind != "straight"
        ]
        self._hardest = max(slopes, default=0.0) or 1.0
        self._strengths = lru_cache(maxsize=1024)(self._strength)

    def has(self, source: int, target: int) -> bool:
        """Whether there are single links from a layer to another."""
        return any((link.source, link.target) == (source, target) for link in self.links)

    def marks(self, here: State, there: State, fraction: float) -> list[Mark]:
        """All links on the way from one state to another."""
        marks: list[Mark] = []
        for index in range(len(self.links)):
            marks += self._of(index, here, there, fraction)
        return marks

    def _all(self) -> list[Links]:
        """Of those units of the answer that are shown."""
        found = []
        for column in self.places.columns:
            for source in self.reading.graph.layers[column.number].inputs:
                if self.places.column(source) is not None:
                    links = links_between(self.reading, source, column.number)
                    if links is not None:
                        shown = len(column.boxes)
                        links = Links(
                            links.source, links.target, links.kind,
                            links.pairs[links.pairs[:, 1] < shown],
                        )  # fmt: skip
                        found.append(links)
        return found

    def _strength(self, index: int, moment: int, gradient: bool) -> FloatArray:
        return self.links[index].strengths(self.reading, moment, gradient=gradient)

    def _of(self, index: int, here: State, there: State, fraction: float) -> list[Mark]:
        links, theme = self.links[index], self.theme
        target = self.places.column(links.target)
        source = self.places.column(links.source)
        if target is None or source is None or not len(links.pairs):
            return []
        lit = between(here.lit[target.rank], there.lit[target.rank], fraction)
        back = between(here.back[target.rank], there.back[target.rank], fraction)
        weights = between(
            self._strengths(index, here.moment, False),
            self._strengths(index, there.moment, False), fraction,
        )  # fmt: skip
        share = np.nan_to_num(weights / self._heaviest[index], posinf=1.0, neginf=-1.0)
        signal = np.nan_to_num(self._signal(links, share, here, there, fraction), posinf=1.0)
        straight = links.kind == "straight"
        colors = np.zeros((len(share), 4))
        colors[:, :3] = theme.grey[:3] if straight else signed_color(np.sign(share), 1, theme)
        alpha = FAINT + lit * (QUIET - FAINT + (LOUD - QUIET) * signal)
        widths = THIN + THICK * np.abs(share) if not straight else np.full(len(share), STRAIGHT)
        if back > 0 and not straight:
            slopes = between(
                self._strengths(index, here.moment, True),
                self._strengths(index, there.moment, True), fraction,
            )  # fmt: skip
            if np.isfinite(slopes).any():
                steep = np.nan_to_num(slopes / self._hardest, posinf=1.0, neginf=-1.0)
                backward = signed_color(np.sign(steep), 1, theme).astype(float)
                colors[:, :3] += back * (backward - colors[:, :3])
                strong = np.sqrt(np.abs(steep))
                alpha += back * (FAINT + (LIT - FAINT) * strong - alpha)
                widths += back * (THIN + THICK * strong - widths)
        if self.focus is not None:
            own = self.focus.lights(links)
            alpha = np.where(own, np.maximum(LIT * max(lit, 0.3), alpha), alpha * 0.6)
        colors[:, 3] = np.rint(255 * np.clip(alpha, 0, 1))
        # The faintest first, then by places: so a page can tell the order from the colours.
        order = np.lexsort((links.pairs[:, 1], links.pairs[:, 0], colors[:, 3]))
        starts, ends = source.right()[links.pairs[:, 0]], target.left()[links.pairs[:, 1]]
        layer = self.reading.graph.layers[links.target]
        refers = None
        if links.kind != "straight":
            rows = self.reading.chosen(links.target).numbers[links.pairs[:, 1]]
            columns = self.reading.chosen(links.source).numbers[links.pairs[:, 0]]
            refers = Reference(layer.weight, here.moment, np.stack([rows, columns], axis=1)[order])
        return [
            Curves(
                float32_array(bows(starts, ends)[order]), float32_array(widths[order]),
                np.rint(colors[order]).astype(np.uint8), refers,
            )
        ]  # fmt: skip

    def _signal(
        self, links: Links, share: FloatArray, here: State, there: State, fraction: float
    ) -> FloatArray:
        """How much of what a link's target gets comes through it: |weight × output|, 0 to 1."""
        one = self._sizes(links.source, here.moment)
        other = self._sizes(links.source, there.moment)
        if one is None or other is None:
            return np.asarray(np.abs(share))
        sent = between(one, other, fraction)
        carried: FloatArray = np.abs(share) * np.abs(sent)[links.pairs[:, 0]]
        most = float(carried.max(initial=0))
        return np.asarray(carried / most) if 0 < most < np.inf else np.isinf(carried) * 1.0

    def _sizes(self, number: int, moment: int) -> FloatArray | None:
        units = self.reading.units(number, moment)
        if units is None:
            return None
        sizes: FloatArray = np.abs(units.reshape(len(units), -1)).mean(axis=1)
        return sizes


def bows(starts: FloatArray, ends: FloatArray) -> FloatArray:
    """Gently curved ways, level at both ends: (link, x0 y0 x1 y1 x2 y2 x3 y3)."""
    reach = 0.45 * (ends[:, 0] - starts[:, 0])
    out, into = starts.copy(), ends.copy()
    out[:, 0] += reach
    into[:, 0] -= reach
    return np.concatenate([starts, out, into, ends], axis=1)


def between(one: Number, other: Number, fraction: float) -> Number:
    """A part of the way from one to another."""
    return one if one is other or fraction == 0 else one + (other - one) * fraction
