"""The frames of a film of clusters in one layout: which marks stand where at a moment."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...scene import Discs, Image, Mark, Reference
from ...typeface import shorten, text_width
from ...types import float32_array
from ..marks import FOOT_SIZES, LINE_STEP, label, wrapped, wrapped_within
from ..palette import text_on
from ..style import (
    BOLD_WEIGHT,
    LABEL_SIZE,
    LIGHT_WEIGHT,
    TEXT_SIZE,
    TITLE_SIZE,
    UNIT_SIZE,
    format_count,
    format_number,
    format_percent,
)
from .clusters_chance import ZScale
from .clusters_reading import ClusterFilm
from .clusters_table import ClusterTable
from .layout import WIDE, Layout, fitted

MARKED: Final = 60  # so many peaks are marked; more would hide the picture
NUMBERED: Final = 40


class ClusterFrames:
    """The frames of a film in one layout."""

    def __init__(self, film: ClusterFilm, layout: Layout) -> None:
        self.film, self.layout, self.theme = film, layout, film.theme
        self.wide = layout is WIDE
        self.grid, self.whole = fitted(layout.square, film.rows, film.columns)
        self.table = ClusterTable(film, layout)
        left, top, _, height = layout.curve
        width = layout.size[0] - layout.square[0] - left
        self.scale = ZScale(film, (left, top, width, height))
        self._still = [*self._foot(), *self._axes(), self._proportion()]

    def marks(self, stop: int) -> list[Mark]:
        """All marks at a moment; layers are whole, so nothing moves between two of them."""
        film = self.film
        kind = film.kinds[stop]
        marks = [*self._still, self._grid(stop), *self._counter(stop), *self._legend(kind)]
        if kind in ("flow", "merge"):
            marks += self._peaks(stop)
        if kind == "labels":
            marks += [*self._numbers(), *self.table.marks()]
        else:
            marks += self._words(stop)
        if kind in ("merge", "labels"):
            marks += self.scale.at(stop)
        return marks

    def _grid(self, stop: int) -> Image:
        pixels, palette = self.film.picture(stop)
        columns = self.film.columns
        large = self.whole or self.grid[2] >= 2 * columns
        site = "density" if palette is not None else "hill"
        moment = stop if site == "density" else self.film.flow_from
        if stop == self.film.last:
            site, moment = "cell labels", stop
        refers = Reference(site, moment)
        return Image(self.grid, pixels, palette, "nearest" if large else "area", refers)

    def _place(self, cells: np.ndarray) -> np.ndarray:
        """The middles (cell, xy) of cells (cell, row column) on the picture."""
        left, top, width, height = self.grid
        across = left + (cells[:, 1] + 0.5) * width / self.film.columns
        down = top + (cells[:, 0] + 0.5) * height / self.film.rows
        return np.stack([across, down], axis=1)

    def _peaks(self, stop: int) -> list[Mark]:
        film = self.film
        left = film.hills_left(stop)
        if len(left) > MARKED:
            return []
        ink, ground = (np.array(color, np.uint8) for color in (self.theme.ink, self.theme.ground))
        where = self._place(film.peaks[left])
        return [
            Discs(
                where, float32_array([5.5 if self.wide else 4.0]), ink, ground,
                float32_array([1.5]), Reference("peaks", film.flow_from, left[:, None]),
            )
        ]  # fmt: skip

    def _numbers(self) -> list[Mark]:
        """Each cluster's number in a disc on its peak."""
        film = self.film
        cells = film.trace["cluster peak", film.last]
        if not 0 < len(cells) <= NUMBERED:
            return []
        radius = 15.0 if self.wide else 11.0
        size = LABEL_SIZE if self.wide else 16
        ground = np.array(self.theme.ground, np.uint8)
        fill = np.full((len(cells), 4), 255, np.uint8)
        fill[:, :3] = [film.color(number) for number in range(len(cells))]
        where = self._place(cells)
        marks: list[Mark] = [
            Discs(where, float32_array([radius]), fill, ground, float32_array([2]),
                  Reference("cluster peak", film.last, np.arange(len(cells))[:, None]))
        ]  # fmt: skip
        for number, (x, y) in enumerate(where):
            marks.append(
                label(
                    float(x), float(y) + 0.36 * size, str(number), text_on(fill[number]),
                    size=size, weight=BOLD_WEIGHT, anchor="middle",
                )
            )  # fmt: skip
        return marks

    def _counter(self, stop: int) -> list[Mark]:
        film, layout, theme = self.film, self.layout, self.theme
        about, at = film.about, film.trace.moments[stop].at
        kind = film.kinds[stop]
        if kind == "labels":
            name, number = "clusters", film.clusters
            share = film.noise / about["points"]
            words = f"and {format_percent(share)} noise" if film.noise else "and no noise"
        elif kind == "merge":
            name, number = "hills", int(film.trace["hills left", stop])
            words = f"of {format_count(about['hills'])}, {format_count(int(at['merges']))} merged"
        else:
            name, number = "layer", int(at["layer"])
            words = f"of {format_count(about['layers'])} that spread the points"
            if kind == "flow":
                words = (
                    f"{format_count(int(at['flow']))} of {format_count(about['flow_layers'])} "
                    "that colour"
                )
        x, y = layout.counter
        base = y + layout.big * 0.95
        big = format_count(number)
        after = x + text_width(big, layout.big, LIGHT_WEIGHT) + 18
        unit = UNIT_SIZE if self.wide else 20
        width = layout.size[0] - after - 32
        title = film.part(stop).name
        return [
            label(*layout.title, title, theme.ink, size=TITLE_SIZE, weight=BOLD_WEIGHT),
            label(*layout.counter, name, theme.grey),
            label(x - 4, base, big, theme.ink, size=layout.big, weight=LIGHT_WEIGHT),
            label(after, base, shorten(words, width, unit), theme.grey, size=unit),
        ]

    def _words(self, stop: int) -> list[Mark]:
        """What happens in this part, where the table stands at the end."""
        film, about = self.film, self.film.about
        kind = film.kinds[stop]
        if kind == "layer":
            lines = [
                "Each layer, a cell keeps half and takes half of its four neighbours’ mean.",
                f"After {format_count(about['layers'])} layers a point is a hill of σ = "
                f"{_cells(about['blur'])}; the sum of all hills is the density.",
            ]
            if about["tried"]:
                lines.append(
                    f"So many layers foretell a left-out point best, of {len(about['tried'])} "
                    "numbers tried."
                )
        elif kind == "flow":
            above = " above the noise" if about["background"] > 0 else ""
            share = int(film.trace["colored", stop]) / np.count_nonzero(film.hill >= 0)
            lines = [
                "Each layer, a cell takes the colour of its densest neighbour.",
                f"{format_count(about['hills'])} peaks{above} have no denser neighbour: "
                "each gives its hill a colour.",
                f"{format_percent(share)} of the cells have theirs.",
            ]
        else:
            lines = [
                "Two hills that touch are one if the lower peak does not stand out "
                f"from the saddle: z = (√peak − √saddle) / {format_number(about['spread'])} "
                f"below {format_number(about['z'], 2)}.",
                "The divisor is by how much √density varies by chance.",
            ]
        return self._lines(lines)

    def _lines(self, parts: list[str]) -> list[Mark]:
        x, y, width, _ = self.layout.table
        size, step = (TEXT_SIZE, 34) if self.wide else (16, 23)
        marks: list[Mark] = []
        at = y + size * 0.4
        for part in parts:
            for line in wrapped([part], width, size):
                marks.append(label(x, at, line, self.theme.ink, size=size))
                at += step
            at += step * 0.3
        return marks

    def _proportion(self) -> Image:
        """The density as it is, small."""
        film = self.film
        box, _ = fitted(self.layout.small, film.rows, film.columns)
        return Image(
            box,
            film.in_proportion(),
            film.palette,
            "area" if box[2] < 2 * film.columns else "nearest",
            Reference("density", film.spread_to),
        )

    def _legend(self, kind: str) -> list[Mark]:
        """What the small picture shows, and what brightness and colour of the large one mean."""
        film, theme = self.film, self.theme
        x, y = self.layout.words
        size, step, small = (TEXT_SIZE - 2, 32, LABEL_SIZE) if self.wide else (16, 21, 16)
        highest = float(film.trace["density", film.spread_to].max())
        large = {
            "layer": ["equalised: each of 255 shades", "covers the same area"],
            "flow": ["a colour for each hill; its strength", "is the equalised density"],
            "merge": ["a colour for each hill; its strength", "is the equalised density"],
            "labels": ["full colour: cells with points;", "pale: where new ones would belong"],
        }[kind]
        lines = [
            ("small: the density in proportion", theme.grey, small),
            (f"highest: {format_number(highest)} points a cell", theme.ink, size),
            ("", theme.ink, size),
            ("large", theme.grey, small),
            *((line, theme.ink, size) for line in large),
        ]
        marks: list[Mark] = []
        for number, (line, color, height) in enumerate(lines):
            if line:
                short = shorten(line, self.layout.words_width, height)
                marks.append(label(x, y + number * step, short, color, size=height))
        return marks

    def _foot(self) -> list[Mark]:
        layout, grey = self.layout, self.theme.grey
        x, y = layout.foot
        sizes = FOOT_SIZES if self.wide else FOOT_SIZES[-1:]
        height = layout.foot_lines * sizes[0] * LINE_STEP
        data, *rest = self.film.foot()
        parts = [shorten(data, 0.8 * layout.foot_width, sizes[-1]), *filter(None, rest)]
        lines, size = wrapped_within(parts, layout.foot_width, height, sizes)
        return [
            label(x, y + number * size * LINE_STEP, line, grey, size=size)
            for number, line in enumerate(lines)
        ]

    def _axes(self) -> list[Mark]:
        left, top, width, height = self.grid
        across, up = (
            shorten(str(name), 0.45 * width, LABEL_SIZE) for name in self.film.about["axes"]
        )
        right, grey = left + width, self.theme.grey
        size = LABEL_SIZE if self.wide else 16
        below = top + height + size + (6 if self.wide else 3)
        upward = label(left, below, f"↑ {up}", grey, size=size)
        if self.wide:  # on a tall screen the title stands there
            upward = label(right, top - 10, f"{up} ↑", grey, size=size, anchor="end")
        return [upward, label(right, below, f"{across} →", grey, size=size, anchor="end")]


def _cells(blur: float) -> str:
    return f"{format_number(blur, 2)} cells"
