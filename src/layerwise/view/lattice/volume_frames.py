"""The frames of a film of a lattice with slices: the turned grid, three slices, the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ...scene import Image, Mark, Rectangles, Reference, Segments, Text
from ...scene_volume import Volume
from ...typeface import shorten, text_width
from ...types import UNCLASSIFIED, Array, FloatArray, float32_array
from ..charts.class_table import ClassTable
from ..marks import hairlines, label, wrapped_within
from ..style import SMALLEST_SIZE, format_count, format_number, format_percent
from .frames import Frames
from .layout import Box
from .region_labels import region_labels
from .volume_film import HEIGHT, VolumeFilm
from .volume_layout import VolumeLayout
from .volume_picture import EMPTY, SHADES, View, eighth, extent, picture, without_eighth

CROSS = 0.45
"""Opacity of the lines that say where the other two slices are."""


class VolumeFrames(Frames):
    """The frames of such a film in one layout."""

    def __init__(self, film: VolumeFilm, places: VolumeLayout) -> None:
        self.film, self.places, self.layout, self.theme = film, places, places.frame, film.theme
        self.volume = film
        self.history = None
        self.grid = places.frame.square
        self.table = ClassTable(
            self.layout.table, self.layout.rows, film.classes, film.class_points, film.colors,
            film.theme, film.cells,
        )  # fmt: skip
        self.curve = self._curve()
        self._still = [*self._words(), *self.table.still(), *self.curve.still()]

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """All marks at a moment; layers are whole, so nothing moves between two of them."""
        return [*self.around(stop), *self._turned(stop), *self._slices(stop)]

    def around(self, stop: int) -> list[Mark]:
        """The marks beside the grid and its slices, which say the same from every side."""
        film = self.volume
        counts = film.counts[stop]
        site, moment = film.turned_site(stop)
        if site == "probabilities":
            counts = film.likeliest(moment)
        return [
            *self._still, *self._counter(stop), *self.curve.upto(stop), *self.table.at(counts),
            *self._heads(stop),
        ]  # fmt: skip

    @cached_property
    def cell(self) -> float:
        """The side of a cell of the turned grid, which fits into its room at every turn."""
        _, _, width, height = self.grid
        wide, high = extent(self.volume.shape, HEIGHT)
        return min(width / wide, height / high)

    @cached_property
    def cuts(self) -> tuple[Box, Box, Box]:
        """The boxes of the three slices: across slices, columns and rows."""
        slices, rows, columns = self.volume.shape
        side = self.places.cuts[0][2] / max(slices, rows, columns)
        sizes = ((columns, rows), (slices, rows), (columns, slices))
        front, beside, above = (
            (x, y, wide * side, high * side)
            for (x, y, _, _), (wide, high) in zip(self.places.cuts, sizes, strict=True)
        )
        return front, beside, above

    def _axes(self) -> list[Mark]:
        """The names of each slice's axes, under it."""
        grey, size, places = self.theme.grey, self.places.size, self.places
        marks: list[Mark] = []
        for number, (across, up) in enumerate(self.cut_axes):
            x, y, _, height = places.cuts[number]
            room = places.room(number) - text_width(" →", size)
            for line, (name, sign) in enumerate(((across, "→"), (up, "↑"))):
                base = y + height + (1.15 + 1.2 * line) * size
                said = f"{shorten(name, room, size)} {sign}"
                marks.append(label(x, base, said, grey, size=size))
        return marks

    @cached_property
    def cut_axes(self) -> tuple[tuple[str, str], ...]:
        """What grows to the right, and what upwards, in each slice."""
        depth, row, column = self.volume.axes
        return (column, row), (depth, row), (column, depth)

    @cached_property
    def captions(self) -> tuple[tuple[str, ...], ...]:
        """What stands above a slice, for every place of each axis (slice, row, column)."""
        film, places = self.volume, self.places
        captions = []
        for values, name, number in zip(film.values, film.axes, (0, 2, 1), strict=True):
            said = [
                film.words("volume.cut", axis="{axis}", value=format_number(value))
                for value in values.tolist()
            ]
            rest = max(text_width(each.replace("{axis}", ""), places.size) for each in said)
            short = shorten(name, places.room(number) - rest, places.size)
            captions.append(tuple(each.replace("{axis}", short) for each in said))
        return tuple(captions)

    def seen(self, *, cut: bool) -> str:
        """From where the grid is seen, with places for the turn and the height."""
        key = "seen_cut" if cut else "seen"
        key += "" if self.places.is_wide else "_short"
        said = self.volume.words(f"volume.{key}", turn="{turn}", height="{height}")
        return shorten(said, self.grid[2], self.places.size)

    def _heads(self, stop: int) -> list[Mark]:
        """What the slices show, and how good it is."""
        film, places, theme = self.volume, self.places, self.theme
        words, (x, y) = film.words, places.heads
        exact = film.shown_exact(stop)
        parts: list[str] = []
        if exact is None:
            lines = [words("volume.slices")]
        else:
            fuzzy = format_count(int(film.moments[exact].at["fuzzy"]))
            start = words("volume.from_points" if film.recipe["restart"] else "volume.from_filled")
            parts = [words("volume.strength"), *self._judged(exact)]
            if stop > film.filled:
                parts += self._runs(stop, exact)
            if film.turned_site(stop)[0] == "labels":
                parts.append(words("volume.one_run"))
            lines = [words("volume.exact", layers=fuzzy, start=start)]
        room = places.heads_width, (places.heads_lines - 1) * places.step + 1
        rest, size = wrapped_within(parts, *room, (places.size, SMALLEST_SIZE))
        first = shorten(lines[0], places.heads_width, places.size)
        return [
            label(x, y, first, theme.ink, size=places.size),
            *(
                label(x, y + number * places.step, line, theme.grey, size=size)
                for number, line in enumerate(rest, start=1)
            ),
        ]

    def _runs(self, stop: int, exact: int) -> list[str]:
        """How simulated runs compare with the exact probabilities, and what is not drawn."""
        film, words = self.volume, self.volume.words
        shown = film.turned_site(stop)[0] == "labels"
        one = film.counts[stop].sum() / film.cells
        if not film.runs:
            return [] if shown else [words("volume.not_drawn", share=format_percent(1 - one))]
        apart, runs = film.agreement(exact), format_count(film.runs)
        numbers = {
            "difference": format_number(apart.difference),
            "expected": format_number(apart.expected),
        }
        if shown:
            return [words("volume.runs", runs=runs, **numbers)]
        reached = {"all": format_percent(apart.reached), "one": format_percent(one)}
        return [words("volume.runs_reach", runs=runs, **reached), words("volume.apart", **numbers)]

    def _turned(self, stop: int) -> list[Mark]:
        """The turned grid with its edges, its arrows, and from where it is seen."""
        film, places, theme = self.volume, self.places, self.theme
        view, (site, moment) = film.view(stop), film.turned_site(stop)
        codes = film.codes(site, moment)
        if film.is_cut(stop):
            codes = without_eighth(codes, view, film.position)
        x, y, width, height = self.grid
        pixels = picture(codes, film.palette(site), view, (int(width), int(height)), self.cell)
        behind, before = self._edges(view, cut=film.is_cut(stop))
        turn = (view.turn + 180) % 360 - 180
        degrees = [format_number(round(angle)) for angle in (turn, view.height)]
        said = self.seen(cut=film.is_cut(stop)).format(turn=degrees[0], height=degrees[1])
        box = (x, y, float(int(width)), float(int(height)))
        return [
            label(*places.seen, said, theme.grey, size=places.size),
            hairlines(behind, theme.hairline),
            Image(box, pixels, None, "area", Reference(site, moment)),
            hairlines(before, theme.hairline),
            *self._arrows(view),
        ]

    def _edges(self, view: View, *, cut: bool) -> tuple[Array, Array]:
        """The edges of the grid behind and before its cells: (edge, x0 y0 x1 y1).

        Where the eighth is cut away the edges of what is left are before.
        """
        slices, rows, columns = shape = self.volume.shape
        into = view.axes()[2]
        near = np.where(into < 0, (columns, rows, slices), 0.0)
        far = np.where(into < 0, 0.0, (columns, rows, slices))
        back: list[FloatArray] = []
        front: list[FloatArray] = []
        for axis in range(3):
            one, two = (other for other in range(3) if other != axis)
            for first, second in ((far, far), (far, near), (near, far), (near, near)):
                ends = np.stack([near, far])
                ends[:, one], ends[:, two] = first[one], second[two]
                (back if first is far and second is far else front).append(ends)
        if cut:
            planes = cut_planes(view, self.volume.position, shape)
            front = [*_cut_edges(front, near, planes), *_inner_edges(near, planes)]
        return self._placed(view, back), self._placed(view, front)

    def _placed(self, view: View, edges: Sequence[FloatArray]) -> Array:
        x, y, width, height = self.grid
        points = view.placed(np.concatenate(edges), self.volume.shape) * self.cell
        middle = np.array([x + width / 2, y + height / 2])
        return float32_array((points + middle).reshape(-1, 4))

    @cached_property
    def names(self) -> tuple[str, str, str]:
        """The names of columns, rows and slices at their arrows."""
        places = self.places
        depth, row, column = (
            shorten(name, places.name_width, places.size) for name in self.volume.axes
        )
        return column, row, depth

    @cached_property
    def rising(self) -> tuple[bool, bool, bool]:
        """Whether the values of columns, rows and slices grow with their numbers."""
        depth, row, column = (bool(each[-1] >= each[0]) for each in self.volume.values)
        return column, row, depth

    def written(self) -> Volume:
        """What a page needs to draw the grid and its slices itself."""
        film, places, theme = self.volume, self.places, self.theme
        stops = range(len(film.moments))
        slices, rows, columns = (float32_array(values) for values in film.values)
        views = [film.view(stop) for stop in stops]
        x, y, width, height = self.grid
        ticks = [[format_number(value) for value in each.tolist()] for each in film.values]
        return Volume(
            site="labels",
            shape=film.shape,
            position=film.position,
            axes=film.axes,
            slice_values=slices,
            row_values=rows,
            column_values=columns,
            classes=tuple(film.classes),
            colors=film.palette("labels"),
            strengths=film.palette("probabilities"),
            shades=SHADES,
            ink=theme.ink,
            grey=theme.grey,
            hairline=theme.hairline,
            unclassified=theme.unclassified,
            grid=(x, y, float(int(width)), float(int(height))),
            cell=self.cell,
            turns=float32_array([view.turn for view in views]),
            height=HEIGHT,
            turned=np.array([self._fuzzy(film.turned_site(stop)) for stop in stops]),
            cut=np.array([self._fuzzy(film.cut_site(stop)) for stop in stops]),
            cut_from=film.filled,
            boxes=self.cuts,
            captions_at=places.cuts[0][1] - 12,
            captions=self.captions,
            ticks=tuple(map(tuple, ticks)),
            arrows=places.axes,
            arrow=places.arrow,
            names=self.names,
            rising=self.rising,
            seen_at=places.seen,
            seen=self.seen(cut=False),
            seen_cut=self.seen(cut=True),
            size=places.size,
            fuzzy=(last := self._fuzzy(("probabilities", film.exact[-1]))),
            caption=film.words("volume.caption", layers=format_count(last)),
        )

    def _fuzzy(self, shown: tuple[str, int]) -> int:
        """How many fuzzy layers the probabilities of a site and moment are after; −1 for none."""
        site, moment = shown
        return -1 if site == "labels" else int(self.film.moments[moment].at["fuzzy"])

    def _arrows(self, view: View) -> list[Mark]:
        """Where the three axes go, with their names."""
        places, theme = self.places, self.theme
        origin = np.array(places.axes)
        ways = view.axes()[:2].T * places.arrow  # (column row slice, right down)
        lines: list[FloatArray] = []
        marks: list[Mark] = []
        for way, rises, name in zip(ways, self.rising, self.names, strict=True):
            tip = way if rises else -way
            length = max(float(np.hypot(*tip)), 1e-9)
            along = tip / length
            aside = np.array([-along[1], along[0]])
            lines.append(np.array([origin, origin + tip]))
            if length > 12:
                for sign in (-1, 1):
                    back = origin + tip - 9 * along + sign * 4 * aside
                    lines.append(np.array([origin + tip, back]))
            anchor = "end" if tip[0] < -0.35 * places.arrow else "start"
            shift = -8 if anchor == "end" else 8
            end = origin + tip
            marks.append(
                label(
                    round(float(end[0]) + shift, 1), round(float(end[1]) + 0.34 * places.size, 1),
                    name, theme.grey, size=places.size, anchor=anchor,
                )
            )  # fmt: skip
        ends = float32_array(np.array(lines).reshape(-1, 4))
        grey = np.array(theme.grey, np.uint8)
        return [Segments(ends, float32_array([1.5]), grey), *marks]

    def _slices(self, stop: int) -> list[Mark]:
        """Three slices through the position, each with the lines of the other two."""
        film, places, theme = self.volume, self.places, self.theme
        site, moment = film.cut_site(stop)
        codes, palette = film.codes(site, moment), film.palette(site)
        colors = np.full((len(palette) + 1, 4), 255, np.uint8)
        colors[:-1, :3], colors[-1] = palette, theme.unclassified
        slices, rows, columns = film.shape
        depth, row, column = film.position
        pictures = (codes[depth], codes[:, :, column].T, codes[::-1, row])
        crosses = (
            ((column + 0.5) / columns, (row + 0.5) / rows),
            ((depth + 0.5) / slices, (row + 0.5) / rows),
            ((column + 0.5) / columns, 1 - (depth + 0.5) / slices),
        )
        fixed = ((0, depth), (2, column), (1, row))
        marks: list[Mark] = []
        ink = np.array((*theme.ink[:3], round(255 * CROSS)), np.uint8)
        for box, cells, (right, down), (axis, at) in zip(
            self.cuts, pictures, crosses, fixed, strict=True
        ):
            x, y, width, height = box
            said = self.captions[axis][at]
            shown = colors[np.where(cells == EMPTY, len(palette), cells)]
            edge = [x - 0.5, y - 0.5, width + 1, height + 1]
            marks += [
                label(x, places.cuts[0][1] - 12, said, theme.grey, size=places.size),
                Image(box, shown, None, "nearest", Reference(site, moment)),
                Rectangles(
                    float32_array([edge]), np.zeros(4, np.uint8), stroke_widths=float32_array([1]),
                    stroke=np.array(theme.hairline, np.uint8),
                ),
                Segments(
                    float32_array([
                        [x + right * width, y, x + right * width, y + height],
                        [x, y + down * height, x + width, y + down * height],
                    ]),
                    float32_array([1]), ink,
                ),
            ]  # fmt: skip
            # Names need regions of several cells; large cells are told apart one by one.
            if stop >= film.filled and width <= SMALLEST_SIZE / 2 * cells.shape[1]:
                likeliest = np.where(cells == EMPTY, UNCLASSIFIED, cells // film.steps(site))
                named = region_labels(
                    likeliest.astype(np.uint8), box, film.classes, film.colors, size=SMALLEST_SIZE
                )
                whole = set(film.classes)  # a few letters of a name would help nobody
                marks += [mark for mark in named if isinstance(mark, Text) and mark.string in whole]
        return marks


def cut_planes(
    view: View, position: tuple[int, int, int], shape: tuple[int, int, int]
) -> FloatArray:
    """Where the eighth that is cut away ends: (column, row, slice), in cells."""
    kept = eighth(view, position)[::-1]
    return np.array([part.start or part.stop or 0.0 for part in kept], float)


def _cut_edges(
    edges: Sequence[FloatArray], near: FloatArray, planes: FloatArray
) -> list[FloatArray]:
    """Edges (end, column row slice), those that meet in the near corner up to the planes only."""
    shorter = []
    for ends in edges:
        axis = int(np.argmax(ends[0] != ends[1]))
        others = [other for other in range(3) if other != axis]
        at_corner = all(ends[0][other] == near[other] for other in others)
        kept = ends.copy()
        if at_corner:
            kept[:, axis][kept[:, axis] == near[axis]] = planes[axis]
        shorter.append(kept)
    return shorter


def _inner_edges(near: FloatArray, planes: FloatArray) -> list[FloatArray]:
    """The nine edges that the missing eighth leaves."""
    edges = []
    for axis in range(3):
        one, two = (other for other in range(3) if other != axis)
        for first, second in ((planes, planes), (planes, near), (near, planes)):
            ends = np.stack([planes, near])
            ends[:, one], ends[:, two] = first[one], second[two]
            edges.append(ends)
    return edges
