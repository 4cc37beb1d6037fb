"""A closed block of a deep network, opened: its own diagram, every box with its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from ...scene import Mark, Part, Scene
from ..diagram.counts import parameters_in
from ..diagram.folding import Block
from ..palette import POSITIVE
from ..style import FRAME
from .deep import Sizes, power_scale
from .lit_diagram import LitDiagram
from .sheet import BOTTOM, LEFT, TOP, Pages

ROOM: Final = (LEFT, TOP, FRAME[0] - 2 * LEFT, BOTTOM - TOP)

PartOf = Callable[[tuple[float, float, float, float], Block, str], Part]


class BlockSheet:
    """The sheet of a block; of equal ones in a row it is the first. `part_of` opens its boxes."""

    def __init__(self, pages: Pages, block: Block, ranks: Sequence[int], part_of: PartOf) -> None:
        self.pages, self.block, self.ranks, self.part_of = pages, block, ranks, part_of
        self.graph = pages.rows[0][0].graph
        self.root = replace(block, stop=block.period_stop, repeats=1)

    @cached_property
    def sizes(self) -> list[Sizes]:
        """The sizes of all layers, in each row."""
        known: dict[int, Sizes] = {}
        return [known.setdefault(id(own), Sizes(own)) for own, _ in self.pages.rows]

    @cached_property
    def diagram(self) -> LitDiagram:
        """The block's own diagram."""
        return LitDiagram(
            self.graph, self.block, self.sizes[0].numbers, self.ranks, ROOM, self.pages.theme,
            is_whole=False,
        )  # fmt: skip

    def scene(self) -> Scene:
        """The sheet as a scene, a stop for each row."""
        pages, block, said = self.pages, self.block, self.pages.words
        title = block.name
        if block.repeats > 1:
            title = said("network.block", name=title, count=pages.count(block.repeats))
        own = range(block.first, block.period_stop)
        held = parameters_in(self.graph, own)
        facts = [said("network.layers", count=pages.count(len(own)))]
        facts += [f"{pages.count(held)} {said('network.parameters')}"] if held else []
        return pages.scene(
            self._marks, title, " · ".join(facts), [said("network.sizes")], parts=self._parts
        )

    def _marks(self, stop: int) -> list[Mark]:
        if not self.diagram.fits:
            return []
        sizes, moment = self.sizes[stop], self.pages.rows[stop][1]
        values = sizes.outputs(moment)
        inside = [n in self.root for n in sizes.numbers]
        scale = power_scale([values[inside]], TOP, BOTTOM)
        reached = np.ones(len(values), bool)
        return self.diagram.marks(values, reached, scale, POSITIVE, backward=False)

    def _parts(self) -> list[Part]:
        return [self.part_of(*card) for card in self.diagram.cards()]
