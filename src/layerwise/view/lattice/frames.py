"""The frames of a lattice film in one layout: which marks stand where at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...scene import Image, Mark, Reference
from ...typeface import shorten, text_width
from ..charts.class_table import ClassTable
from ..curve import Baseline, Curve
from ..marks import FOOT_SIZES, LINE_STEP, label, wrapped, wrapped_within
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
from .history import History
from .layout import WIDE, Box, Layout, fitted
from .region_labels import region_labels
from .timeline import Film

if TYPE_CHECKING:
    from ...lattice.simulation import Agreement


class Frames:
    """The frames of a film in one layout."""

    def __init__(self, film: Film, layout: Layout) -> None:
        self.film, self.layout, self.theme = film, layout, film.theme
        rows, columns = film.recipe["rows"], film.recipe["columns"]
        # One row of cells is drawn as its history, a row for each moment.
        self.history = History(film, layout.square) if rows == 1 else None
        self.grid, _ = (
            fitted(layout.square, rows, columns)
            if self.history is None
            else (self.history.box, True)
        )
        names, points = film.classes, film.class_points
        self._images: dict[tuple[int, Box], Image] = {}
        self._named: dict[bool, list[Mark]] = {}
        self.table = ClassTable(
            layout.table, layout.rows, names, points, film.colors, film.theme, rows * columns
        )
        self.curve = self._curve()
        self._still = [*self._words(), *self.table.still(), *self.curve.still()]

    def marks(self, stop: int, fraction: float) -> list[Mark]:
        """All marks at a moment; layers are whole, so nothing moves between two of them."""
        film, layout = self.film, self.layout
        shown = film.exact[-1]
        if stop > film.filled or "exact" in film.moments[stop].at:
            shown = max(moment for moment in film.exact if moment <= stop)
        # From the points nearly all cells of a single run are unclassified: there the exact
        # probabilities are the picture, and the run stands beside them.
        swap = film.recipe["restart"] and stop > film.filled
        marks = [*self._still, *self._counter(stop), *self.curve.upto(stop)]
        paired = film.runs > 0 and stop > film.filled
        small, block = (layout.pair[0], film.pair_block) if paired else (layout.small, film.block)
        if self.history is not None:
            picture = film.probability_picture(shown, block)
            marks += [*self.history.upto(stop), *self.table.at(film.counts[stop])]
            marks.append(self.history.strip(picture, small, Reference("probabilities", shown)))
        elif swap:
            marks += [self._exact(shown, self.grid, film.block)]
            marks.append(self._cells(stop, small, whole=not paired))
            marks += self.table.at(film.likeliest(shown))
        else:
            marks += [self._exact(shown, small, block), self._cells(stop, self.grid)]
            marks += self.table.at(film.counts[stop])
        swap = swap and self.history is None
        if paired:
            marks += self._compared(stop, shown, swap=swap)
        else:
            marks += self._run_words(stop) if swap else self._exact_words(shown)
        if stop >= film.filled and self.history is None:
            marks += self._names(fuzzy=stop > film.filled)
        return marks

    def _names(self, *, fuzzy: bool) -> list[Mark]:
        """Class names in the map, where colours alone do not tell the classes apart.

        In fuzzy layers they stand where each class is the likeliest in the end.
        """
        if fuzzy not in self._named:
            film = self.film
            if fuzzy:
                labels = film.trace["probabilities", film.exact[-1]].argmax(axis=0)
            else:
                labels = film.trace["labels", film.filled]
            self._named[fuzzy] = region_labels(
                labels.astype(np.uint8), self.grid, film.classes, film.colors
            )
        return self._named[fuzzy]

    def _cells(self, stop: int, room: Box, *, whole: bool = True) -> Image:
        """The layer's map; with `whole` cells are whole numbers of pixels, if that nearly fits."""
        rows, columns = self.film.recipe["rows"], self.film.recipe["columns"]
        box, exact = fitted(room, rows, columns) if whole else (self._within(room), False)
        return Image(
            box,
            self.film.trace["labels", stop],
            self.film.cell_colors,
            "nearest" if exact or box[2] >= 2 * columns else "area",
            Reference("labels", stop),
        )

    def _exact(self, moment: int, room: Box, block: int) -> Image:
        if (moment, room) in self._images:
            return self._images[moment, room]
        pixels, palette = self.film.probability_picture(moment, block)
        refers = Reference("probabilities", moment)
        image = Image(self._within(room), pixels, palette, "area", refers)
        self._images = {(moment, room): image}  # one is enough: films go forward
        return image

    def _within(self, room: Box) -> Box:
        """The box of a picture of the grid at the upper left of a room."""
        rows, columns = self.film.recipe["rows"], self.film.recipe["columns"]
        side = min(room[2] / columns, room[3] / rows)
        return (room[0], room[1], columns * side, rows * side)

    def _compared(self, stop: int, moment: int, *, swap: bool) -> list[Mark]:
        """The simulated runs beside the exact probabilities, and how far they lie apart.

        With `swap` the exact ones are the large picture, and one run stands beside the runs.
        """
        film, layout, grey = self.film, self.layout, self.theme.grey
        picture, apart = film.simulated(moment)
        refers = Reference("simulated", moment)
        one, other = layout.pair
        marks: list[Mark] = []
        if self.history is not None:
            marks.append(self.history.strip(picture, other, refers))
        else:
            marks.append(Image(self._within(other), *picture, "area", refers))
        small = LABEL_SIZE if layout is WIDE else 16
        said = "this run" if swap else "probabilities, exact" if layout is WIDE else "exact"
        runs = f"mean of {format_count(film.runs)} runs"
        for (x, y, width, _), name in ((one, said), (other, runs)):
            marks.append(label(x, y - 11, shorten(name, width, small), grey, size=small))
        width = layout.table[2]
        for number, line in enumerate(wrapped(self._below(swap=swap), width, small)):
            base = layout.below + number * small * LINE_STEP
            marks.append(label(one[0], base, line, grey, size=small))
        return marks + self._differences(stop, moment, apart, swap=swap)

    def _differences(self, stop: int, moment: int, apart: Agreement, *, swap: bool) -> list[Mark]:
        film, layout, theme = self.film, self.layout, self.theme
        wide = layout is WIDE
        fuzzy = format_count(int(film.moments[moment].at["fuzzy"]))
        ink = [
            f"after {fuzzy} fuzzy layer{'s' * (fuzzy != '1')}",
            f"{'root mean square' if wide else 'rms'} difference {format_number(apart.difference)}",
            f"{'expected ' if wide else ''}by chance {format_number(apart.expected)}",
        ]
        rest = []
        if moment == film.exact[-1] and film.about["chosen_by"]:
            rest.append(f"{'chosen ' if wide else ''}by {film.about['chosen_by']}")
        if ("exact log-loss", moment) in film.trace:
            loss = float(film.trace["exact log-loss", moment])
            error = float(film.trace["exact calibration error", moment])
            judged = [f"log-loss {format_number(loss)}", f"calibration error {error:.3f}"]
            rest += [" · ".join(judged)] if wide else judged
        if apart.reached < 1:
            left = format_percent(1 - apart.reached)
            rest.append(f"no run has a class in {left} of the cells" if wide
                        else f"no class in {left} of it")  # fmt: skip
        if swap:
            share = format_percent(1 - film.counts[stop].sum() / film.cells)
            rest.append(f"of this run {share} is unclassified" if wide
                        else f"run: {share} unclassified")  # fmt: skip
        x, y = layout.pair_words
        marks: list[Mark] = []
        size, step = (TEXT_SIZE - 2, 29) if wide else (16, 22)
        for number, line in enumerate(ink + rest):
            color = theme.ink if number < len(ink) else theme.grey
            small = size if number < len(ink) else min(size, LABEL_SIZE)
            short = shorten(line, layout.pair_width, small)
            marks.append(label(x, y + number * step, short, color, size=small))
        return marks

    def _below(self, *, swap: bool) -> list[str]:
        """What holds for the small pictures, and of the large one if it is exact."""
        film, wide = self.film, self.layout is WIDE
        said = []
        if swap:
            where = f"{'left' if wide else 'above'}: exact"
            said.append(where + (f", {self._dots(film.block)}" if film.block > 1 else ""))
        short = swap or not wide
        said.append(
            "strength = the likeliest's probability"
            if short
            else "strength of colour = probability of the likeliest class"
        )
        if film.pair_block > 1:
            dots = self._dots(film.pair_block)
            said.append(f"mean of runs: {dots}" if swap else dots)
        return said

    def _dots(self, block: int) -> str:
        """What a dot of a picture stands for."""
        cells = f"{block} × {block}" if self.film.recipe["rows"] > 1 else f"{block}"
        return f"a dot is {cells} cells"

    def _words(self) -> list[Mark]:
        layout, grey = self.layout, self.theme.grey
        x, y = layout.foot
        sizes = FOOT_SIZES if layout is WIDE else FOOT_SIZES[-1:]
        height = layout.foot_lines * sizes[0] * LINE_STEP
        parts = self.film.foot().split(" · ")
        lines, size = wrapped_within(parts, layout.foot_width, height, sizes)
        if len(lines) > layout.foot_lines:  # the whole of it is in the description
            lines = lines[: layout.foot_lines]
            lines[-1] = shorten(lines[-1], layout.foot_width - size, size).rstrip("…") + "…"
        marks: list[Mark] = [label(*layout.counter, "layer", grey), *self._axes()]
        for number, line in enumerate(lines):
            marks.append(label(x, y + number * size * LINE_STEP, line, grey, size=size))
        return marks

    def _axes(self) -> list[Mark]:
        """The names of the two axes, at the ends that they grow to."""
        left, top, width, height = self.grid
        across, up = (
            shorten(str(name), 0.45 * width, LABEL_SIZE) for name in self.film.about["axes"]
        )
        right, grey = left + width, self.theme.grey
        if self.history is not None:
            up, sign = "layers, from the top down", "↓"
        else:
            sign = "↑"
        return [
            label(right, top - 10, f"{up} {sign}", grey, anchor="end"),
            label(right, top + height + 24, f"{across} →", grey, anchor="end"),
        ]

    def _counter(self, stop: int) -> list[Mark]:
        film, layout, theme = self.film, self.layout, self.theme
        x, y = layout.counter
        number = format_count(int(film.moments[stop].at["layer"]))
        base = y + layout.big * 0.95
        about = film.about
        full = f"of {format_count(about['depth'])} to fill"
        fuzzy = f", then {format_count(about['fuzzy_layers'])} fuzzy"
        said = [full + fuzzy]
        at = film.moments[stop].at
        if stop > film.filled:
            words = (
                f"{format_count(int(at['fuzzy']))} of {format_count(about['fuzzy_layers'])} fuzzy"
            )
            said = [f"{words}, from the points again", words] if film.recipe["restart"] else [words]
        after = x + text_width(number, layout.big, LIGHT_WEIGHT) + 18
        name = film.phases[-1 if stop > film.filled else 0].name
        width = layout.size[0] - layout.square[0] - after
        unit = UNIT_SIZE if layout is WIDE else 20
        words = next((words for words in said if text_width(words, unit) <= width), said[-1])
        return [
            label(*layout.title, name, theme.ink, size=TITLE_SIZE, weight=BOLD_WEIGHT),
            label(x - 4, base, number, theme.ink, size=layout.big, weight=LIGHT_WEIGHT),
            label(after, base, shorten(words, width, unit), theme.grey, size=unit),
        ]

    def _exact_words(self, moment: int) -> list[Mark]:
        film = self.film
        fuzzy = format_count(int(film.moments[moment].at["fuzzy"]))
        start = "points" if film.recipe["restart"] else "filled grid"
        lines = [f"after {fuzzy} fuzzy layers from the {start}", self._strength()]
        rest: list[str] = []
        if moment == film.exact[-1] and film.about["chosen_by"]:
            rest.append(f"chosen by {film.about['chosen_by']}")
        return self._said("class probabilities, exact", lines, rest + self._judged(moment))

    def _run_words(self, moment: int) -> list[Mark]:
        film = self.film
        share = 1 - film.counts[moment].sum() / film.cells
        lines = [f"{'left' if self.layout is WIDE else 'above'}: class probabilities, exact",
                 self._strength()]  # fmt: skip
        rest = [f"this run: {format_percent(share)} of the cells are unclassified"]
        return self._said("one run of the same layers", lines, self._judged(moment) + rest)

    def _strength(self) -> str:
        if self.layout is WIDE:
            return "strength of colour = probability of the likeliest class"
        return "strength = the likeliest's probability"

    def _judged(self, moment: int) -> list[str]:
        film = self.film
        said = []
        if ("exact log-loss", moment) in film.trace:
            loss = float(film.trace["exact log-loss", moment])
            error = float(film.trace["exact calibration error", moment])
            said.append(f"log-loss {format_number(loss)} · calibration error {error:.3f}")
        if film.block > 1:
            tall = "" if film.recipe["rows"] == 1 else f"{film.block} × "
            said.append(f"each dot of it is the mean of {tall}{film.block} cells")
        return said

    def _said(self, head: str, lines: list[str], rest: list[str]) -> list[Mark]:
        layout, theme = self.layout, self.theme
        x, y = layout.words
        size, step, small = (TEXT_SIZE - 2, 34, LABEL_SIZE) if layout is WIDE else (16, 22, 16)
        marks: list[Mark] = [label(x, y, head, theme.grey, size=small)]
        colors = [theme.ink] * len(lines) + [theme.grey] * len(rest)
        for number, (line, color) in enumerate(zip(lines + rest, colors, strict=True), start=1):
            short = shorten(line, layout.words_width, size)
            marks.append(label(x, y + number * step, short, color, size=size))
        return marks

    def _curve(self) -> Curve:
        film = self.film
        moments = range(len(film.moments))
        values = np.full(len(film.moments), np.nan)
        baselines: list[Baseline] = []
        if film.about["control_points"]:
            control = format_count(film.about["control_points"])
            name = (
                f"{control} control points: right by the layer's map, then by exact probabilities"
            )
            if self.layout is not WIDE:
                name = f"{control} control points: right by map, then exactly"
            for moment in moments:
                if moment <= film.filled:
                    values[moment] = film.trace["control accuracy", moment]
                elif moment in film.exact:
                    values[moment] = film.trace["exact accuracy", moment]
            baselines = [Baseline(b["name"], b["accuracy"]) for b in film.about["baselines"]]
        else:
            name = "cells that have a class, by layer"
            total = film.cells
            values = np.array([film.counts[moment].sum() / total for moment in moments])
        last = len(film.moments) - 1
        ticks = [(moment, format_count(int(film.moments[moment].at["layer"])))
                 for moment in sorted({0, film.filled, last})]  # fmt: skip
        edge = self.layout.size[0] - self.layout.square[0]
        return Curve(
            self.layout.curve, values, baselines, film.theme, name=name, ticks=ticks, edge=edge
        )
