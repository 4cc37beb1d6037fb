"""The film of a very deep lattice network: the grid fills, then its borders grow fuzzy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..lattice.replay import page_recipe
from ..scene import Chapter, GridReading, Image, Mark, Reference, Scene, Stop, Timeline
from ..trace import Moment, Trace
from ..typeface import shorten, text_width
from ..types import UNCLASSIFIED, ByteArray, FloatArray, IntArray
from .class_table import ClassTable
from .curve import Baseline, Curve
from .lattice_layout import TALL, WIDE, Box, Layout, fitted
from .marks import label
from .palette import class_colors, probability_color
from .region_labels import region_labels
from .style import (
    BOLD_WEIGHT,
    FOOT_SIZE,
    LABEL_SIZE,
    LIGHT_WEIGHT,
    TEXT_SIZE,
    TITLE_SIZE,
    UNIT_SIZE,
    Theme,
    format_count,
    format_number,
    format_percent,
)
from .style import (
    theme as theme_named,
)

SMALL_SIDE = 400  # cells along the side of the probability picture, at most
MOST_IN_PALETTE = 8  # classes whose strengths share one palette
OPENING_S, TURN_S, ENDING_S = 0.8, 0.6, 2.5  # rests at the start, between phases, at the end


def lattice(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    palette: str = "layerwise",
    layers_per_second: float = 30.0,
) -> Scene:
    """A film of a lattice network's recording (`LatticeClassifier.trace_`): a frame is a layer.

    The grid as it fills, the layer's number, each class's share of the cells, and (where the
    recording has control points) how many of them the layer's map gets right; then the fuzzy
    layers, with the exact class probabilities beside them. The poster is the filled grid. A page
    also gets the film laid out for a tall screen.

    Raises `InputError` for a recording of something else.
    """
    names = {site.name for site in trace.sites}
    if not {"labels", "counts", "probabilities"} <= names:
        raise InputError(
            "This view shows the recording of a lattice network",
            received=f"{trace!r} with the sites {', '.join(sorted(names))}",
            do="Record one with LatticeClassifier.record",
        )
    if layers_per_second <= 0:
        raise InputError("A film needs a positive speed", received=f"{layers_per_second}")
    film = Film(trace, theme_named(theme), palette)
    tall = film.scene(TALL, layers_per_second)
    return film.scene(WIDE, layers_per_second, portrait=tall)


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
        self.colors = class_colors(len(self.classes), palette)
        self.cell_colors = np.zeros((256, 4), np.uint8)
        self.cell_colors[:, 3] = 255
        self.cell_colors[: len(self.colors), :3] = self.colors
        self.cell_colors[UNCLASSIFIED] = theme.unclassified
        self.counts: list[IntArray] = [trace["counts", m] for m in range(len(self.moments))]
        self.exact = [m for m, moment in enumerate(self.moments) if "exact" in moment.at]
        self.cells = self.recipe["rows"] * self.recipe["columns"]
        self.block = -(-max(self.recipe["rows"], self.recipe["columns"]) // SMALL_SIDE)
        self._pictures: dict[int, tuple[ByteArray, ByteArray | None]] = {}
        self._likeliest: dict[int, IntArray] = {}
        fuzzy = [m for m, moment in enumerate(self.moments) if "fuzzy" in moment.at]
        self.filled = fuzzy[0] - 1 if self.recipe["restart"] else fuzzy[0]
        self.phases = [Phase(0, "Filling"), Phase(self.filled + 1, "Fuzzy layers")]
        if self.filled + 1 >= len(self.moments):
            self.phases.pop()

    def scene(self, layout: Layout, speed: float, portrait: Scene | None = None) -> Scene:
        """The film in one layout."""
        frames = Frames(self, layout)
        title = self.about["data"] or "A lattice network"
        return Scene(
            frames.marks,
            self._timeline(speed),
            size=layout.size,
            fps=max(speed, 10.0),
            ground=self.theme.ground,
            title=f"{title}: a lattice network of {self._layers_in_all()} layers",
            description=self.description(),
            chapters=[Chapter(phase.first, phase.name) for phase in self.phases],
            poster=self.filled,
            portrait=portrait,
            replays={"labels": page_recipe(self.recipe, self.layers)},
            readings=lambda: [self.reading(frames.grid)],
        )

    def _layers_in_all(self) -> str:
        return format_count(self.about["depth"] + self.about["fuzzy_layers"])

    def _timeline(self, speed: float) -> Timeline:
        stops, time = [], 0.0
        for moment in range(len(self.moments)):
            rest = 1 / speed
            if moment == 0:
                rest = OPENING_S
            elif moment == self.filled:
                rest = TURN_S
            elif moment == len(self.moments) - 1:
                rest = ENDING_S
            stops.append(Stop(time, rest, f"layer {self.moments[moment].at['layer']:,}"))
            time += rest
        return Timeline(stops, time)

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
            f"{recipe['rows']} × {recipe['columns']} cells",
            rule + (", or stays (½)" if recipe["lazy"] else ""),
            "training cells never change" if recipe["anchored"] else "",
            f"seed {recipe['seed']}",
            *self.trace.notes,
        ]
        return " · ".join(part for part in parts if part)

    def probability_picture(self, moment: int) -> tuple[ByteArray, ByteArray | None]:
        """The exact probabilities of a moment as the pixels and palette of an image.

        Blocks of cells are averaged where the grid has more than 400 along a side.
        """
        if moment not in self._pictures:
            blocks = _averaged(self.trace["probabilities", moment], self.block)
            self._pictures[moment] = _strengths(blocks, self.theme, self.colors)
        return self._pictures[moment]

    def likeliest(self, moment: int) -> IntArray:
        """In how many cells each class is the likeliest: (class,)."""
        if moment not in self._likeliest:
            maps = self.trace["probabilities", moment]
            counts = np.bincount(maps.argmax(axis=0).reshape(-1), minlength=len(maps))
            self._likeliest[moment] = counts
        return self._likeliest[moment]

    def reading(self, box: tuple[float, float, float, float]) -> GridReading:
        """The final probabilities, for a page that answers when a cell is pointed at."""
        maps = self.trace["probabilities", self.exact[-1]]
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


class Frames:
    """The frames of a film in one layout."""

    def __init__(self, film: Film, layout: Layout) -> None:
        self.film, self.layout, self.theme = film, layout, film.theme
        rows, columns = film.recipe["rows"], film.recipe["columns"]
        self.grid, _ = fitted(layout.square, rows, columns)
        names, points = film.classes, _class_points(film)
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
        if swap:
            marks += [self._exact(shown, self.grid), self._cells(stop, layout.small)]
            marks += [*self.table.at(film.likeliest(shown)), *self._run_words(stop)]
        else:
            marks += [self._exact(shown, layout.small), self._cells(stop, self.grid)]
            marks += [*self.table.at(film.counts[stop]), *self._exact_words(shown)]
        if stop >= film.filled:
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

    def _cells(self, stop: int, room: Box) -> Image:
        rows, columns = self.film.recipe["rows"], self.film.recipe["columns"]
        box, whole = fitted(room, rows, columns)
        return Image(
            box,
            self.film.trace["labels", stop],
            self.film.cell_colors,
            "nearest" if whole or box[2] >= 2 * columns else "area",
            Reference("labels", stop),
        )

    def _exact(self, moment: int, room: Box) -> Image:
        if (moment, room) in self._images:
            return self._images[moment, room]
        pixels, palette = self.film.probability_picture(moment)
        rows, columns = self.film.recipe["rows"], self.film.recipe["columns"]
        side = min(room[2] / columns, room[3] / rows)
        box = (room[0], room[1], columns * side, rows * side)
        image = Image(box, pixels, palette, "area", Reference("probabilities", moment))
        self._images = {(moment, room): image}  # one is enough: films go forward
        return image

    def _words(self) -> list[Mark]:
        layout, grey = self.layout, self.theme.grey
        x, y = layout.foot
        lines = _wrapped(self.film.foot(), layout.foot_width, FOOT_SIZE if layout is WIDE else 16)
        size = FOOT_SIZE if layout is WIDE else 16
        lines = lines[: 2 if layout is WIDE else 3]
        start = y - (len(lines) - 1) * size * 1.35
        marks: list[Mark] = [label(*layout.counter, "layer", grey)]
        for number, line in enumerate(lines):
            marks.append(label(x, start + number * size * 1.35, line, grey, size=size))
        return marks

    def _counter(self, stop: int) -> list[Mark]:
        film, layout, theme = self.film, self.layout, self.theme
        x, y = layout.counter
        number = format_count(int(film.moments[stop].at["layer"]))
        base = y + layout.big * 0.95
        about = film.about
        full = f"of {format_count(about['depth'])} to fill"
        fuzzy = f", then {format_count(about['fuzzy_layers'])} fuzzy"
        words = full + fuzzy
        at = film.moments[stop].at
        if stop > film.filled:
            words = (
                f"{format_count(int(at['fuzzy']))} of {format_count(about['fuzzy_layers'])} fuzzy"
            )
            if film.recipe["restart"]:
                words += ", from the points again"
        after = x + text_width(number, layout.big, LIGHT_WEIGHT) + 18
        name = film.phases[-1 if stop > film.filled else 0].name
        width = layout.size[0] - after - 32
        unit = UNIT_SIZE if layout is WIDE else 20
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
            said.append(f"each dot of it is the mean of {film.block} × {film.block} cells")
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
            total = film.recipe["rows"] * film.recipe["columns"]
            values = np.array([film.counts[moment].sum() / total for moment in moments])
        last = len(film.moments) - 1
        ticks = [(moment, format_count(int(film.moments[moment].at["layer"])))
                 for moment in sorted({0, film.filled, last})]  # fmt: skip
        room = 70 / self.layout.curve[2]  # of the axis: what two numbers need side by side
        if last and not room < film.filled / last < 1 - room * 1.2:
            ticks = [tick for tick in ticks if tick[0] in (0, last)]
        edge = self.layout.size[0] - self.layout.square[0]
        return Curve(
            self.layout.curve, values, baselines, film.theme, name=name, ticks=ticks, edge=edge
        )


def _class_points(film: Film) -> IntArray:
    points: IntArray = np.array(film.about["class_points"], np.int64)
    return points


def _averaged(maps: FloatArray, block: int) -> FloatArray:
    """Maps (class, row, column) with blocks of cells averaged, a rest at the edge left out."""
    if block == 1:
        return maps
    classes, rows, columns = maps.shape
    whole = maps[:, : rows // block * block, : columns // block * block]
    total = np.zeros((classes, rows // block, columns // block), maps.dtype)
    for row in range(block):  # whole planes at a time: several times as fast as a mean over axes
        for column in range(block):
            total += whole[:, row::block, column::block]
    return np.asarray(total / block**2)


def _strengths(
    maps: FloatArray, theme: Theme, colors: ByteArray
) -> tuple[ByteArray, ByteArray | None]:
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


def _wrapped(string: str, width: float, size: float) -> list[str]:
    """Lines no wider than `width`, broken at the dots between the parts."""
    lines: list[str] = []
    for part in string.split(" · "):
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return [shorten(line, width, size) for line in lines]
