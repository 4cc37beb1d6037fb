"""What of a network's film a page opens: layers and units, each with a sheet that is made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from ...language import Words
from ...scene import Part, Scene
from ..charts.frame import chosen
from ..diagram.boxes import drawn_layers
from ..diagram.folding import Block, blocks_of
from ..marks import Box
from ..style import LABEL_SIZE, Theme, format_count
from .block_sheet import BlockSheet
from .deep import DeepFrames
from .layer_sheet import LayerSheet
from .layout import Layout
from .panels import Panels
from .places import Column
from .reading import Chosen, Reading
from .sheet import Pages, Row
from .story import State
from .unit_sheet import UnitSheet, WholeSheet

MOST_SHEETS: Final = 600
"""Sheets of units in one page; those of further units are left out, which their card says."""
MOST_STOPS: Final = 1_200
"""Stops of all sheets together: where there are many sheets, they show some moments only."""

LEAST_UNITS: Final = 4
"""Units of each layer that have a sheet where the film draws none, of however many layers."""

Inside = Callable[[], Scene]


class Insides:
    """The sheets of a film. `films` are its samples: panels and states of each, in order.

    A page's parts with one sheet share its function, so that it is written once.
    """

    def __init__(
        self, films: Sequence[tuple[Panels, Sequence[State]]], theme: Theme, words: Words
    ) -> None:
        rows: list[Row] = []
        labels: list[str] = []
        self._row_of_stop: list[int] = []
        for panels, states in films:
            seen: dict[int, int] = {}
            for state in states:
                if state.moment not in seen:
                    seen[state.moment] = len(rows)
                    rows.append((panels.reading, state.moment))
                    labels.append(_label(panels.reading, state.moment, words, len(films) > 1))
                self._row_of_stop.append(seen[state.moment])
        reading = films[0][0].reading
        sheets = sum(len(reading.kept(n)) + 1 for n in range(len(reading.graph.layers)))
        most = max(MOST_STOPS // min(sheets, MOST_SHEETS), 2)
        kept = chosen(len(rows), most)
        # Each stop of the film opens the last of the kept rows that is not after its own.
        self.stops = tuple(
            max((at for at, row in enumerate(kept) if row <= own), default=0)
            for own in self._row_of_stop
        )
        panels = films[0][0]
        left_out = ""
        if len(kept) < len(rows):
            shown, total = format_count(len(kept)), format_count(len(rows))
            left_out = words("network.moments", shown=shown, total=total)
        self.pages = Pages(
            tuple(rows[at] for at in kept), tuple(labels[at] for at in kept), theme, words,
            panels.columns, left_out,
        )  # fmt: skip
        self._left = MOST_SHEETS
        self._is_deep = panels.is_deep
        self._share = None
        if panels.is_deep:
            layers = len(list(drawn_layers(blocks_of(reading.graph))))
            self._share = max(MOST_SHEETS // layers, LEAST_UNITS)
        self._units: dict[tuple[int, int], Inside | None] = {}
        self._shares: dict[int, frozenset[int]] = {}
        self.lacking: set[tuple[int, int]] = set()  # units that were left out
        self._layers: dict[int, Inside | None] = {}
        self._blocks: dict[int, Inside] = {}

    def unit(self, number: int, unit: int) -> Inside | None:
        """What opens a unit; None where there is nothing more to show of it, or no room left."""
        key = number, unit
        if key not in self._units:
            sheet = UnitSheet(self.pages, number, unit, self._drawn(number))
            if sheet.has_more():
                there = self._left > 0 and self._is_chosen(number, unit)
                self._left -= there
                self._units[key] = sheet.scene if there else None
                if not there:
                    self.lacking.add(key)
            else:
                self._units[key] = None
        return self._units[key]

    def _drawn(self, number: int) -> Chosen:
        """Which units the film draws: none where it is deep."""
        drawn = self.pages.rows[0][0].chosen(number)
        return replace(drawn, numbers=drawn.numbers[:0]) if self._is_deep else drawn

    def _is_chosen(self, number: int, unit: int) -> bool:
        """Whether a unit may have a sheet: of many deep layers some units each."""
        if self._share is None:
            return True
        if number not in self._shares:
            found = self.pages.rows[0][0].largest(number, self._share)
            self._shares[number] = frozenset(int(n) for n in found.numbers)
        return unit in self._shares[number]

    def layer(self, number: int) -> Inside | None:
        """What opens a layer; None where it has no units."""
        if number not in self._layers:
            reading = self.pages.rows[0][0]
            sheet: LayerSheet | WholeSheet
            if len(reading.chosen(number)):
                sheet = LayerSheet(self.pages, number, self._drawn(number), self)
            else:
                sheet = WholeSheet(self.pages, number)
            known = any(values is not None for values in sheet.values)
            self._layers[number] = sheet.scene if known else None
        return self._layers[number]

    def block(self, block: Block, ranks: Sequence[int]) -> Inside | None:
        """What opens a block or a layer of a deep network."""
        if not block.parts:
            return self.layer(block.first)
        if block.first not in self._blocks:
            sheet = BlockSheet(self.pages, block, ranks, partial(self._card, ranks))
            self._blocks[block.first] = sheet.scene
        return self._blocks[block.first]

    def _card(
        self, ranks: Sequence[int], box: Box, block: Block, name: str, stops: Sequence[int] = ()
    ) -> Part:
        graph = self.pages.rows[0][0].graph
        layer = graph.layers[block.first]
        count = self.pages.count(block.period_stop - block.first)
        said = self.pages.words("network.layers", count=count) if block.parts else layer.label
        inside = self.block(block, ranks)
        stops = tuple(stops or range(len(self.pages.rows)))
        return Part(box, name or self.pages.name(block.first), (said,), inside, stops)

    def parts(self, panels: Panels, deep: DeepFrames | None = None) -> list[Part]:
        """Each layer by its heading and its density, and each unit; each box where it is deep."""
        if deep is not None:
            cards = deep.diagram.cards()
            return [self._card(deep.ranks_of_all, *card, self.stops) for card in cards]
        found = []
        for column in panels.places.columns:
            if column.rank:
                found += self._of(panels, column)
        return found

    def _of(self, panels: Panels, column: Column) -> list[Part]:
        pages, number = self.pages, column.number
        reading = panels.reading
        layer = reading.graph.layers[number]
        drawn = reading.chosen(number)
        said = reading.said(number)
        lines = [layer.label, *([f"{said[0]}: {pages.rule(said[1])}"] if said else [])]
        inside = self.layer(number)
        name = pages.name(number)
        parts = [
            Part(box, name, tuple(lines), inside, self.stops)
            for box in _labels(panels, column, panels.layout)
        ]
        for box, unit in zip(column.boxes.tolist(), drawn.numbers, strict=False):
            own = pages.unit_name(number, int(unit))
            place = (box[0], box[1], box[2], box[3])
            parts.append(
                Part(place, f"{name}, {own}", (), self.unit(number, int(unit)), self.stops)
            )
        return parts


def _labels(panels: Panels, column: Column, layout: Layout) -> list[Box]:
    """Where a layer is named, and where the density of its numbers stands."""
    middle = float(column.boxes[:, 0].mean() + column.boxes[0, 2] / 2)
    wide = min(panels.places.room, 150.0) if column.rank < panels.places.depth else 120.0
    if not panels.places.is_alone(column):
        return [(middle - wide / 2, float(column.boxes[0, 1]) - 34, wide, 28.0)]
    above = layout.top - 23 - 2 * 22 - LABEL_SIZE
    boxes: list[Box] = [(middle - wide / 2, above, wide, layout.top - 12 - above)]
    if column.rank < panels.places.depth:
        boxes.append((middle - wide / 2, layout.bottom + 6, wide, 58.0))
    return boxes


def _label(reading: Reading, moment: int, words: Words, several: bool) -> str:
    """What a stop of a sheet is called: the moment, and the sample where there are several."""
    at = reading.trace.moments[moment].at
    parts = [f"{key} {format_count(int(value))}" for key, value in at.items()]
    if several:
        number = format_count(reading.sample(moment) + 1)
        parts.insert(0, words("network.sample", number=number))
    return ", ".join(parts)
