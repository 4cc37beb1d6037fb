"""Where boxes of a directed graph stand, and how links run between them without crossing a box.

The layers of Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system
structures", IEEE SMC 11, 1981): ranks by the longest way, order within a rank by barycentre
sweeps, coordinates by least squares. What is too long for one row turns at its end and comes back
in the next, as a ribbon is folded. A link to the row below may go straight down instead.

Everything happens along an axis (x, to the right) and across it (y, down); see `turned` for the
other direction. The same input gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ...types import FloatArray
from .layout_order import Slot, ordered, settled
from .layout_rows import row_breaks

LANE: Final = 14.0  # across, of a link that passes a rank
TURN: Final = 46.0  # how far a turn at the end of a row reaches out


@dataclass(frozen=True)
class Spacing:
    """Distances: between ranks, between boxes of one rank, between rows."""

    ranks: float = 36.0
    boxes: float = 26.0
    rows: float = 64.0


@dataclass(frozen=True, eq=False)
class Layout:
    """Boxes (box, x y width height), and for each link in `joins` its curves (curve, x0 … y3).

    `rows` says in which row each box stands (box,); every other row runs backwards. `detours` is
    how many links go round the end of a row beside the one that has to. `width` and `height` hold
    it all.
    """

    boxes: FloatArray
    links: tuple[FloatArray, ...]
    rows: tuple[int, ...]
    width: float
    height: float
    detours: int = 0
    joins: tuple[tuple[int, int], ...] = ()

    def turned(self) -> Layout:
        """The same with x and y exchanged: from above to below."""
        return Layout(
            self.boxes[:, [1, 0, 3, 2]],
            tuple(link[:, [1, 0, 3, 2, 5, 4, 7, 6]] for link in self.links),
            self.rows,
            self.height,
            self.width,
            self.detours,
            self.joins,
        )


def layout(
    sizes: FloatArray,
    links: Sequence[tuple[int, int]],
    *,
    ports: FloatArray | None = None,
    spacing: Spacing | None = None,
    length: float = np.inf,
) -> Layout:
    """Places for boxes of those sizes (box, width height), joined by links (from, to).

    Boxes come in an order in which nothing is fed by what comes later. `ports` (box, in out) are
    how far from its top links arrive at a box and leave it; the middle if None. Rows are no longer
    than `length`, but for a single rank that is.
    """
    return _Placing(sizes, links, ports, spacing or Spacing(), length).layout()


def ranks_of(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """The longest way to each box from one that nothing feeds; those wait before their reader."""
    ranks = [0] * count
    feeds: list[list[int]] = [[] for _ in range(count)]
    fed = [0] * count
    for source, target in sorted(links, key=lambda link: link[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
        feeds[source].append(target)
        fed[target] += 1
    for number in range(count - 1, -1, -1):
        if not fed[number] and feeds[number]:
            ranks[number] = min(ranks[target] for target in feeds[number]) - 1
    return ranks


@dataclass(eq=False)
class _Row:
    """Ranks that stand in one row, and where its parts are."""

    ranks: range
    top: float = 0.0
    height: float = 0.0
    length: float = 0.0


@dataclass(eq=False)
class _Placing:
    sizes: FloatArray
    links: Sequence[tuple[int, int]]
    ports: FloatArray | None
    spacing: Spacing
    length: float
    along: dict[int, tuple[float, float]] = field(default_factory=dict)  # rank → start, width

    def layout(self) -> Layout:
        count = len(self.sizes)
        if not count:
            return Layout(np.zeros((0, 4)), (), (), 0.0, 0.0)
        sizes, gap = self.sizes, self.spacing.ranks
        if self.ports is None:
            self.ports = np.stack([sizes[:, 1] / 2, sizes[:, 1] / 2], axis=1)
        self.ranks = ranks_of(count, self.links)
        last = max(self.ranks)
        widths = np.zeros(last + 1)
        for number, rank in enumerate(self.ranks):
            widths[rank] = max(widths[rank], sizes[number, 0])
        spans = [(self.ranks[a], self.ranks[b]) for a, b in self.links]
        starts = row_breaks(widths, spans, gap, self.length)
        ends = [*starts[1:], last + 1]
        self.rows = [_Row(range(a, b)) for a, b in zip(starts, ends, strict=True)]
        self.row_of = [0] * (last + 1)
        for number, row in enumerate(self.rows):
            for rank in row.ranks:
                self.row_of[rank] = number
        self._slots()
        self._measure(widths)
        return self._result()

    def _slots(self) -> None:
        """Boxes and the lanes of links that pass a rank, in order and settled across."""
        drops = self._drops()
        self.dropped = {(a, b) for a, b in drops}
        reach: dict[int, int] = {}  # source → the last rank that its lane passes
        for a, b in self.links:
            if (a, b) not in self.dropped:
                reach[a] = max(reach.get(a, 0), self.ranks[b] - 1)
        columns: list[list[Slot]] = [[] for _ in range(max(self.ranks) + 1)]
        self.slot: dict[tuple[int, int], Slot] = {}  # (source, rank) → its box or its lane
        assert self.ports is not None
        for number, rank in enumerate(self.ranks):
            height = float(self.sizes[number, 1])
            low, high = self.ports[number]
            edge = 1 if any(a == number for a, _ in drops) else 0
            edge = -1 if any(b == number for _, b in drops) else edge
            if self.row_of[rank] % 2:  # is turned over later
                low, high = height - low, height - high
            box = Slot(rank, height, float(low), float(high), edge)
            self.slot[number, rank] = box
            columns[rank].append(box)
            for passed in range(rank + 1, reach.get(number, rank) + 1):
                lane = Slot(passed, LANE, LANE / 2, LANE / 2, lane=True)
                self.slot[number, passed] = lane
                columns[passed].insert(0, lane)
                lane.before.append(self.slot[number, passed - 1])
                self.slot[number, passed - 1].after.append(lane)
        for a, b in self.links:
            if (a, b) in self.dropped:
                continue
            source = self.slot[a, self.ranks[b] - 1]
            target = self.slot[b, self.ranks[b]]
            if source not in target.before:
                target.before.append(source)
                source.after.append(target)
        ordered(columns)
        if len(self.rows) > 1:
            self._edges_out(columns)
        settled(columns, self.spacing.boxes)
        self.columns = columns

    def _drops(self) -> list[tuple[int, int]]:
        """Links to the next row that go straight down: one a box, the others go round.

        In a row that runs back lanes are below its boxes, in the way.
        """
        if len(self.rows) < 2:
            return []
        found: list[tuple[int, int]] = []
        taken: set[int] = set()  # ranks
        for a, b in self.links:
            one, other = self.ranks[a], self.ranks[b]
            if self.row_of[other] - self.row_of[one] == 1 and other - one > 1:
                ends = {one, other}
                beside = self.row_of[one] % 2 and any(
                    self.ranks[c] < end < self.ranks[d]
                    for c, d in self.links
                    for end in ends
                    if (c, d) != (a, b)
                )
                if not ends & taken and not beside:
                    found.append((a, b))
                    taken |= ends
        return found

    def _edges_out(self, columns: list[list[Slot]]) -> None:
        """Boxes with a link straight down stand last in their rank, those that it reaches last too.

        In every other row the order is turned round, so "last" there is above.
        """
        for column in columns:
            row = self.row_of[column[0].rank]
            flipped = row % 2 == 1
            column.sort(key=lambda slot: -slot.edge if flipped else slot.edge)

    def _measure(self, widths: FloatArray) -> None:
        gap, top = self.spacing.ranks, 0.0
        longest = 0.0
        for row in self.rows:
            start = 0.0
            for rank in row.ranks:
                self.along[rank] = (start, float(widths[rank]))
                start += float(widths[rank]) + gap
            row.length = start - gap
            longest = max(longest, row.length)
        self.longest = longest
        for number, row in enumerate(self.rows):
            slots = [slot for rank in row.ranks for slot in self.columns[rank]]
            low = min(slot.place for slot in slots)
            high = max(slot.place + slot.height for slot in slots)
            row.top, row.height = top, high - low
            for slot in slots:
                slot.place = slot.place - low
                if number % 2:
                    slot.place = row.height - slot.place - slot.height
                    slot.arrives, slot.leaves = (
                        slot.height - slot.arrives,
                        slot.height - slot.leaves,
                    )
                slot.place += top
            top += row.height + self.spacing.rows
        self.height = top - self.spacing.rows

    def _x(self, rank: int, offset: float) -> float:
        """Where a place of a rank is, `offset` along it: rows run there and back."""
        start, _ = self.along[rank]
        if self.row_of[rank] % 2:
            return self.longest - start - offset
        return start + offset

    def _result(self) -> Layout:
        count = len(self.sizes)
        boxes = np.zeros((count, 4))
        rows = []
        for number, rank in enumerate(self.ranks):
            width, height = self.sizes[number]
            inset = (self.along[rank][1] - width) / 2
            x = min(self._x(rank, inset), self._x(rank, inset + float(width)))
            boxes[number] = (x, self.slot[number, rank].place, width, height)
            rows.append(self.row_of[rank])
        links = tuple(np.array(self._curves(a, b)).reshape(-1, 8) for a, b in self.links)
        reach = [curve for link in links for curve in link[:, ::2]]
        left = min([0.0, *(float(c.min()) for c in reach)])
        right = max([self.longest, *(float(c.max()) for c in reach)])
        boxes[:, 0] -= left
        for link in links:
            link[:, ::2] -= left
        return Layout(
            boxes, links, tuple(rows), right - left, self.height, self._detours(), tuple(self.links)
        )

    def _detours(self) -> int:
        """Links round the ends of rows, less one for each end."""
        total = 0
        for row in self.rows[:-1]:
            end = row.ranks.stop
            sources = {
                a
                for a, b in self.links
                if self.ranks[a] < end <= self.ranks[b] and (a, b) not in self.dropped
            }
            total += max(len(sources) - 1, 0)
        return total

    def _curves(self, source: int, target: int) -> list[list[float]]:
        if (source, target) in self.dropped:
            return self._straight_down(source, target)
        curves: list[list[float]] = []
        rank, last = self.ranks[source], self.ranks[target]
        slot = self.slot[source, rank]
        width = float(self.sizes[source, 0])
        inset = (self.along[rank][1] - width) / 2
        x, y = self._x(rank, inset + width), slot.place + slot.leaves
        while rank < last:
            edge = self._x(rank, self.along[rank][1])
            if abs(edge - x) > 0.01:
                curves.append(line(x, y, edge, y))
            after = rank + 1
            following = self.slot[source, after] if after < last else self.slot[target, after]
            to_x, to_y = self._x(after, 0.0), following.place + following.arrives
            if self.row_of[rank] != self.row_of[after]:  # turn beside the longer of both rows
                turn = min(edge, to_x) if self.row_of[rank] % 2 else max(edge, to_x)
                if abs(turn - edge) > 0.01:
                    curves.append(line(edge, y, turn, y))
                curves.append(self._turn(turn, y, to_y, rank))
                if abs(turn - to_x) > 0.01:
                    curves.append(line(turn, to_y, to_x, to_y))
                rank, x, y = after, to_x, to_y
                continue
            middle = (edge + to_x) / 2
            curves.append([edge, y, middle, y, middle, to_y, to_x, to_y])
            rank, x, y = after, to_x, to_y
        width = float(self.sizes[target, 0])
        inset = (self.along[last][1] - width) / 2
        if inset > 0.01:
            curves.append(line(x, y, self._x(last, inset), y))
        return curves

    def _turn(self, x: float, y0: float, y1: float, rank: int) -> list[float]:
        """From the end of a row back into the next one."""
        side = -1 if self.row_of[rank] % 2 else 1
        far = x + side * (TURN + min(abs(y1 - y0) * 0.12, TURN * 0.6))
        return [x, y0, far, y0, far, y1, x, y1]

    def _straight_down(self, source: int, target: int) -> list[list[float]]:
        """From below a box through the free band between two rows to above another."""
        one, other = self.ranks[source], self.ranks[target]
        row = self.rows[self.row_of[one]]
        floor = row.top + row.height
        ceiling = self.rows[self.row_of[other]].top
        curves = []
        middles = [self._x(rank, self.along[rank][1] / 2) for rank in (one, other)]
        bottom = self.slot[source, one].place + float(self.sizes[source, 1])
        top = self.slot[target, other].place
        if floor - bottom > 0.01:
            curves.append(line(middles[0], bottom, middles[0], floor))
        half = (floor + ceiling) / 2
        curves.append([middles[0], floor, middles[0], half, middles[1], half, middles[1], ceiling])
        if top - ceiling > 0.01:
            curves.append(line(middles[1], ceiling, middles[1], top))
        return curves


def line(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    """A straight line as a curve."""
    return [x0, y0, (2 * x0 + x1) / 3, (2 * y0 + y1) / 3, (x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3,
            x1, y1]  # fmt: skip
