"""The order of what stands in one rank, and its places across: few crossings, straight links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

SWEEPS: Final = 8
FEW: Final = 2000  # slots up to which crossings are counted and the best order is kept


@dataclass(eq=False)
class Slot:
    """A box in a rank, or the lane of a link that passes it.

    `arrives` and `leaves` are how far from its top its links are; `edge` is 1 or −1 for a box that
    must stand at the outside of its row. `place` is its top.
    """

    rank: int
    height: float
    arrives: float
    leaves: float
    edge: int = 0
    lane: bool = False
    before: list[Slot] = field(default_factory=list)
    after: list[Slot] = field(default_factory=list)
    place: float = 0.0
    index: int = 0


def ordered(columns: list[list[Slot]]) -> None:
    """Bring each rank into an order with few crossings, by barycentre sweeps there and back."""
    _number(columns)
    if all(len(column) < 2 for column in columns):
        return
    counted = sum(len(column) for column in columns) <= FEW
    best, fewest = [list(column) for column in columns], _crossings(columns) if counted else 0
    for sweep in range(SWEEPS if counted else 2):
        if counted and not fewest:
            break
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            if len(column) > 1:
                column.sort(key=lambda slot: _barycentre(slot, forward=forward))
                for index, slot in enumerate(column):
                    slot.index = index
        if counted:
            crossings = _crossings(columns)
            if crossings < fewest:
                best, fewest = [list(column) for column in columns], crossings
    if counted:
        for column, kept in zip(columns, best, strict=True):
            column[:] = kept
        _number(columns)


def _number(columns: list[list[Slot]]) -> None:
    for column in columns:
        for index, slot in enumerate(column):
            slot.index = index


def _barycentre(slot: Slot, *, forward: bool) -> float:
    near = slot.before if forward else slot.after
    return sum(other.index for other in near) / len(near) if near else float(slot.index)


def _crossings(columns: Sequence[Sequence[Slot]]) -> int:
    total = 0
    for column in columns:
        links = [(slot.index, other.index) for slot in column for other in slot.after]
        for number, (a, b) in enumerate(links):
            total += sum((a - c) * (b - d) < 0 for c, d in links[number + 1 :])
    return total


def settled(columns: list[list[Slot]], gap: float) -> None:
    """Give every slot its place: in order, apart, and links as straight as can be.

    Each rank in turn takes the places of least squared deviation from its neighbours' ports.
    """
    for column in columns:
        top = 0.0
        for slot in column:
            slot.place = top
            top += slot.height + _gap(gap, slot)
        boxes = [slot for slot in column if not slot.lane] or column
        middle = (boxes[0].place + boxes[-1].place + boxes[-1].height) / 2
        if len(boxes) == 1:  # a chain is straight from the start
            middle = boxes[0].place + boxes[0].arrives
        for slot in column:
            slot.place -= middle
    if all(len(column) == 1 for column in columns):
        _straight(columns)
        return
    busy = sum(len(column) for column in columns) > 4 * FEW
    for sweep in range(4 if busy else 14):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            _settle(column, gap, both=sweep >= 4, forward=forward)
    if not busy:
        _straighten(columns, gap)


def _straight(columns: list[list[Slot]]) -> None:
    """A plain chain: every box where its link comes from."""
    before: Slot | None = None
    for (slot,) in columns:
        if before is not None:
            slot.place = before.place + before.leaves - slot.arrives
        before = slot


def _gap(gap: float, slot: Slot) -> float:
    return gap if not slot.lane else gap * 0.6


def _settle(column: list[Slot], gap: float, *, both: bool, forward: bool) -> None:
    wishes, weights, offsets = [], [], []
    offset = 0.0
    for number, slot in enumerate(column):
        near = []
        if both or forward:
            near += [
                (other.place + other.leaves - slot.arrives, _weight(slot, other))
                for other in slot.before
            ]
        if both or not forward:
            near += [
                (other.place + other.arrives - slot.leaves, _weight(slot, other))
                for other in slot.after
            ]
        total = sum(weight for _, weight in near)
        wish = sum(place * weight for place, weight in near) / total if near else slot.place
        wishes.append(wish - offset)
        weights.append(total if near else 0.01)
        offsets.append(offset)
        if number + 1 < len(column):
            following = column[number + 1]
            offset += slot.height + min(_gap(gap, slot), _gap(gap, following))
    for slot, place, start in zip(column, _isotonic(wishes, weights), offsets, strict=True):
        slot.place = place + start


def _weight(one: Slot, other: Slot) -> float:
    """How much a straight link counts: boxes stand in line, lanes give way."""
    return 0.002 if one.lane or other.lane else 4.0


def _straighten(columns: list[list[Slot]], gap: float) -> None:
    """Lanes outside of all boxes of their ranks run level, as far out as they have to anywhere."""
    for side in (-1, 1):
        outer: dict[int, int] = {}  # a slot → how many lanes are between it and the boxes
        runs: list[list[Slot]] = []
        for column in columns:
            line = column if side > 0 else column[::-1]
            depth = 0
            for slot in line:
                depth = depth + 1 if slot.lane else 0
                outer[id(slot)] = depth
            after_last_box = len(line) - depth
            for slot in line[:after_last_box]:
                outer[id(slot)] = 0
        for column in columns:
            for slot in column:
                before = slot.before[0] if slot.lane else None
                if not outer[id(slot)] or (before and before.lane and outer[id(before)]):
                    continue
                run = [slot]
                while following := [n for n in run[-1].after if n.lane and outer[id(n)]]:
                    run.append(following[0])
                runs.append(run)
        for _ in range(4):
            for run in sorted(runs, key=lambda run: max(outer[id(slot)] for slot in run)):
                place = (max if side > 0 else min)(slot.place for slot in run)
                for slot in run:
                    slot.place = place
            for column in columns:
                line = column if side > 0 else column[::-1]
                for one, other in pairwise(line):
                    if not outer[id(other)]:
                        continue
                    room = min(_gap(gap, one), _gap(gap, other))
                    if side > 0:
                        other.place = max(other.place, one.place + one.height + room)
                    else:
                        other.place = min(other.place, one.place - other.height - room)


def _isotonic(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nondecreasing numbers nearest to the wishes by weighted squares (pool violators)."""
    pools: list[tuple[float, float, int]] = []
    for wish, weight in zip(wishes, weights, strict=True):
        value, mass, count = wish, weight, 1
        while pools and pools[-1][0] > value:
            before, own, many = pools.pop()
            value = (before * own + value * mass) / (own + mass)
            mass, count = own + mass, count + many
        pools.append((value, mass, count))
    return [value for value, _, count in pools for _ in range(count)]
