"""Boxes of a block by itself, with stubs that name where its links come from and go to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from ..style import format_count
from .boxes import PAD, STEP, Box, Boxes, Line, drawn_layers, is_module
from .folding import Block
from .graph import NetworkGraph

MOST_NAMED: Final = 3
"""Layers outside that have a stub each, on either side; more share one."""


class OpenedBoxes(Boxes):
    """The boxes of a block of a network, before them and after them those outside that it knows.

    Of equal blocks in a row the first is drawn; its stubs say that the next one follows.
    """

    _entering: Sequence[frozenset[int]] = ()  # the layers in the block that each stub feeds
    _leaving: Sequence[frozenset[int]] = ()  # and those that each stub reads
    _own: Sequence[Box] = ()

    def __init__(self, graph: NetworkGraph, root: Block, level: int, **more: Any) -> None:
        super().__init__(graph, root, level, **more)
        self._own = self.boxes
        fed: dict[int, set[int]] = {}
        for number in (n for box in self.boxes for n in drawn_layers(box.block)):
            for source in graph.layers[number].inputs:
                if source < root.first:
                    fed.setdefault(source, set()).add(number)
        read: dict[int, set[int]] = {}
        for reader in range(root.period_stop, len(graph.layers)):
            for source in graph.layers[reader].inputs:
                if root.first <= source < root.period_stop:
                    read.setdefault(reader, set()).add(source)
        before, self._entering = self._stubs("from", fed)
        after, self._leaving = self._stubs("to", read)
        self.boxes = [*before, *self.boxes, *after]

    def _stubs(
        self, way: str, links: dict[int, set[int]]
    ) -> tuple[list[Box], list[frozenset[int]]]:
        """A stub for each layer outside, or one for all where they are many."""
        names = {number: self._named(number) for number in sorted(links)}
        again = [n for n in names if self.root.period_stop <= n < self.root.stop]
        groups = [again] if again else []  # the next of equal blocks, which needs no names
        others = [number for number in names if number not in again]
        if len(others) <= MOST_NAMED:
            groups += [[number] for number in others]
        else:
            groups.append(others)
        boxes, found = [], []
        for group in groups:
            lines = [Line(f"{way} {names[group[0]]}", quiet=True)]
            if group is again:
                lines = [Line("to the next block", quiet=True)]
            elif len(group) > 1:
                lines.append(Line(f"and {format_count(len(group) - 1)} others", quiet=True))
            if self.root.repeats > 1 and way == "from":
                lines.append(Line("later: the block before", quiet=True))
            box = Box(Block(names[group[0]], group[0], group[0] + 1), "outside", "", lines)
            box.width = max(line.width for line in lines) + 2 * PAD[0]
            box.height = STEP * len(lines) + 2 * PAD[1] - 6
            side = box.width if self.down else box.height
            box.ports = (side / 2, side / 2)
            boxes.append(box)
            found.append(frozenset().union(*(links[number] for number in group)))
        return boxes, found

    def _named(self, number: int) -> str:
        """What a layer outside is called."""
        layer = self.graph.layers[number]
        if layer.kind == "input" or is_module(layer):
            return layer.name
        if not layer.module:
            return layer.label.split(", ")[0]
        return f"{layer.label.split(', ')[0]} in {layer.module}"

    def _links(self, block: Block, boxes: Sequence[Box], *, ports: bool) -> list[tuple[int, int]]:
        if not self._own or boxes is not self.boxes:
            return super()._links(block, boxes, ports=ports)
        shift = len(self._entering)
        found = {
            (one + shift, other + shift): None
            for one, other in super()._links(block, self._own, ports=False)
        }
        starts = [box.block.first for box in self._own]
        for stub, numbers in enumerate(self._entering):
            for number in numbers:
                found[stub, bisect_right(starts, number) - 1 + shift] = None
        for stub, numbers in enumerate(self._leaving):
            for number in numbers:
                at = bisect_right(starts, number) - 1
                found[at + shift, shift + len(self._own) + stub] = None
        return sorted(found)
