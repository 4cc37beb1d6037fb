"""Equal consecutive blocks of a network as one: "× 36", found by structure and by name.

A network's modules make a tree: "layer3.0.conv1" stands in the block "layer3.0", that in the block
"layer3". Blocks that follow one another, are made of equal layers (operation, shape, settings,
parameters) in equal connections, and feed the same others, are one block that repeats. So are
layers and groups of layers without names of their own, such as the convolutions of a plain
sequence. Blocks in blocks fold first, so repeats nest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from .graph import Layer, NetworkGraph

LONGEST_PERIOD: Final = 12  # brothers that repeat together without being one block


@dataclass(frozen=True, eq=False)
class Block:
    """Layers that stand together; `repeats` equal ones in a row.

    `name` is the module's ("layer3", "layer3.1"), or the layer's own for a single one. It covers
    the layers from `first` to before `stop`; `parts` are those of its first repeat only, which ends
    before `period_stop`. A single layer has no parts. `last_name` is the name of the last repeat.
    """

    name: str
    first: int
    stop: int
    parts: tuple[Block, ...] = ()
    repeats: int = 1
    last_name: str = ""

    @property
    def period(self) -> int:
        """How many layers one repeat has."""
        return (self.stop - self.first) // self.repeats

    @property
    def period_stop(self) -> int:
        """Where the first repeat ends."""
        return self.first + self.period

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number < self.stop

    def folded(self, number: int) -> int:
        """The layer of the first repeat that stands for a layer of this block."""
        return self.first + (number - self.first) % self.period

    def boxes(self) -> int:
        """How many single layers it shows when it is open all the way down."""
        return sum(part.boxes() for part in self.parts) if self.parts else 1

    def depth(self) -> int:
        """How many levels of blocks it has; 0 for a single layer."""
        return 1 + max(part.depth() for part in self.parts) if self.parts else 0

    def walk(self) -> Iterator[Block]:
        """It and all blocks in it, outer ones first."""
        yield self
        for part in self.parts:
            yield from part.walk()


def blocks_of(graph: NetworkGraph, *, fold: bool = True) -> Block:
    """The network as a tree of blocks; with `fold`, equal consecutive ones are one.

    The root covers all layers and has no name. Time is linear in the number of layers. Exact: two
    blocks are one only where every layer and connection agrees.
    """
    return _Folder(graph, fold).root()


class _Folder:
    """Groups layers by their modules' names, then folds brothers that are equal."""

    def __init__(self, graph: NetworkGraph, fold: bool) -> None:
        self.layers, self.fold = graph.layers, fold
        self.paths = [path_of(layer) for layer in graph.layers]
        self.leaf = [_signature(layer) for layer in graph.layers]
        self._ids: dict[Any, int] = {}
        self._structure: dict[int, int] = {}  # id of a block → number of its structure
        self.read_until = list(range(len(graph.layers)))  # the last layer that reads each
        self.readers: list[list[int]] = [[] for _ in graph.layers]
        for number, layer in enumerate(graph.layers):
            for source in layer.inputs:
                self.read_until[source] = max(self.read_until[source], number)
                self.readers[source].append(number)

    def root(self) -> Block:
        return Block("", 0, len(self.layers), self._parts(0, len(self.layers), 0))

    def _parts(self, first: int, stop: int, depth: int) -> tuple[Block, ...]:
        """The blocks of layers whose paths agree in their first `depth` names."""
        parts: list[Block] = []
        number = first
        while number < stop:
            path = self.paths[number]
            end = number + 1
            if len(path) > depth + 1:
                called = {self.paths[number]}
                while (
                    end < stop
                    and len(self.paths[end]) > depth + 1
                    and self.paths[end][depth] == path[depth]
                    and not (self.paths[end] in called and self._is_module(end))
                ):
                    called.add(self.paths[end])
                    end += 1
            if end == number + 1:
                parts.append(Block(self.layers[number].name, number, end))
            else:
                parts.append(self._group(".".join(path[: depth + 1]), number, end, depth + 1))
            number = end
        return self._folded(parts) if self.fold else tuple(parts)

    def _is_module(self, number: int) -> bool:
        layer = self.layers[number]
        return _plain(layer.name) == layer.module

    def _group(self, name: str, first: int, stop: int, depth: int) -> Block:
        parts = self._parts(first, stop, depth)
        if len(parts) == 1:  # a list of equal blocks has the list's name
            only = parts[0]
            if only.parts and only.repeats == 1:
                return only
            return Block(name, first, stop, only.parts, only.repeats, only.last_name or only.name)
        return Block(name, first, stop, parts)

    def _folded(self, parts: list[Block]) -> tuple[Block, ...]:
        kinds = [self._kind(part) for part in parts]
        found: list[Block] = []
        place = 0
        while place < len(parts):
            length, repeats = self._longest(parts, kinds, place)
            if repeats == 1:
                found.append(parts[place])
                place += 1
                continue
            group = parts[place : place + length]
            last = parts[place + length * repeats - 1]
            first, stop = group[0].first, last.stop
            if length == 1:
                one = group[0]
                inner = one.parts if one.repeats == 1 else (one,)
                found.append(Block(one.name, first, stop, inner, repeats, last.name))
            else:
                found.append(
                    Block(f"{group[0].name} … {group[-1].name}", first, stop, tuple(group), repeats,
                          last.name)
                )  # fmt: skip
            place += length * repeats
        return tuple(found)

    def _longest(self, parts: list[Block], kinds: list[int], place: int) -> tuple[int, int]:
        """How many brothers repeat together from here, and how often: what covers the most."""
        best, covered = (1, 1), 0
        rest = len(parts) - place
        for length in range(1, min(LONGEST_PERIOD, rest // 2) + 1):
            if kinds[place : place + length] != kinds[place + length : place + 2 * length]:
                continue
            repeats = 1
            while (repeats + 1) * length <= rest and self._continues(
                parts, kinds, place, length, repeats
            ):
                repeats += 1
            while repeats > 1 and not self._closed(parts, place, length, repeats):
                repeats -= 1
            if repeats > 1 and repeats * length > covered:
                best, covered = (length, repeats), repeats * length
            if covered == rest:
                break
        return best

    def _continues(
        self, parts: list[Block], kinds: list[int], place: int, length: int, repeats: int
    ) -> bool:
        """Whether the next group is equal to the one before it, and connected in the same way."""
        before = place + (repeats - 1) * length
        after = before + length
        if kinds[before : before + length] != kinds[after : after + length]:
            return False
        return self._connected(
            parts[before].first, parts[after].first, parts[after + length - 1].stop, repeats == 1
        )

    def _connected(self, one: int, other: int, stop: int, start: bool) -> bool:
        """Whether two neighbours read alike: in themselves, from the one before, from one source.

        The first of a row (`start`) may read from anything where the others read from their
        predecessor.
        """
        shift = other - one
        outside: dict[int, int] = {}
        for number in range(other, stop):
            mine, theirs = self.layers[number - shift].inputs, self.layers[number].inputs
            if len(mine) != len(theirs):
                return False
            for a, b in zip(mine, theirs, strict=True):
                if a >= one or b >= other:  # within the block
                    if b - a != shift:
                        return False
                elif b == a or (b - a == shift and b >= one):
                    continue
                elif not (start and b >= one) or outside.setdefault(a, b) != b:
                    return False
        return True

    def _closed(self, parts: list[Block], place: int, length: int, repeats: int) -> bool:
        """Whether what reads from outside reads from all repeats alike; the last may feed more."""
        first = parts[place].first
        period = parts[place + length].first - first
        stop = parts[place + length * repeats - 1].stop
        if all(self.read_until[number] < stop for number in range(first, stop - period)):
            return True
        for offset in range(period):
            same = range(first + offset, stop, period)
            outside = [{r for r in self.readers[number] if r >= stop} for number in same]
            if any(own != outside[0] for own in outside[:-1]) or not outside[0] <= outside[-1]:
                return False
        return True

    def _kind(self, part: Block) -> int:
        """A number that equal structures share: layers, their order, their connections inside."""
        if not part.parts:
            structure: Any = ("layer", self.leaf[part.first])
        else:
            inside = tuple((self._kind(inner), inner.first - part.first) for inner in part.parts)
            links = tuple(
                tuple(i - part.first if i >= part.first else -1 for i in self.layers[n].inputs)
                for n in range(part.first, part.period_stop)
            )
            structure = ("block", part.repeats, part.period, inside, links)
        return self._ids.setdefault(structure, len(self._ids))


def path_of(layer: Layer) -> tuple[str, ...]:
    """The names of the modules around a layer, outer ones first, and its own."""
    module = layer.module.split(".") if layer.module else []
    plain = _plain(layer.name)
    if plain == layer.module or not layer.module:
        return tuple(module or [plain])
    return (*module, plain.rpartition(".")[2])


def _plain(name: str) -> str:
    """A name without the count of its calls: "enc:2.add:3" → "enc.add"."""
    if ":" not in name:
        return name
    return ".".join(part.partition(":")[0] for part in name.split("."))


def _signature(layer: Layer) -> tuple[Any, ...]:
    """What must agree for two layers to be equal, but for where they stand."""
    return (layer.kind, layer.operation, layer.shape, layer.label, layer.sizes, layer.settings)


def gathered(root: Block, most: int) -> Block:
    """The same tree with at most so many outermost blocks: neighbours together, evenly."""
    parts = root.parts
    if len(parts) <= most:
        return root
    edges = [len(parts) * place // most for place in range(most + 1)]
    found = []
    for first, stop in pairwise(edges):
        group = parts[first:stop]
        name = group[0].name if len(group) == 1 else f"{group[0].name} … {group[-1].name}"
        found.append(
            group[0] if len(group) == 1 else Block(name, group[0].first, group[-1].stop, group)
        )
    return Block(root.name, root.first, root.stop, tuple(found))
