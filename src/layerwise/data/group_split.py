"""Whole groups shared out to parts, so that sizes and class shares come as near as they can."""

from __future__ import annotations

import numpy as np

from ..types import FloatArray, IntArray

_TRIES = 12
_EFFORT = 8_000
"""About so many placements of a group are tried at first; with many groups one try is enough."""

_ABSENT = 1e3  # a class that a part lacks weighs so many times as much as all samples
_UNLEARNED = 1e6  # and if training lacks it, so many


def share_out(counts: IntArray, shares: FloatArray, seed: int) -> IntArray:
    """For each group its part, (group,), the first part being training.

    `counts` is (group, class), `shares` (part,) with sum 1. Groups are placed one after the
    other, large ones first, where the sum over parts and classes of
    (samples − wanted)² / wanted grows least; then single groups move and pairs change places as
    long as it falls. Several such tries start from orders drawn by the seed, and the best is
    kept: near the optimum, not proven to be it. A class is never missing from training, nor from
    another part, where that can be had.
    """
    held = counts[:, counts.any(axis=0)].astype(np.float64)
    random = np.random.Generator(np.random.PCG64(seed))
    best, least = None, np.inf
    for _ in range(int(np.clip(_EFFORT // len(held), 1, _TRIES))):
        order = np.argsort(-held.sum(axis=1) * np.exp(random.normal(0, 0.5, len(held))))
        part, cost = _placed(held, shares, order)
        if cost < least - 1e-9:
            best, least = part, cost
    assert best is not None  # at least one try is made
    return best


def _placed(held: FloatArray, shares: FloatArray, order: IntArray) -> tuple[IntArray, float]:
    wanted = shares[:, None] * held.sum(axis=0)  # (part, class)
    absent = np.full(wanted.shape, _ABSENT * held.sum())
    absent[0] = _UNLEARNED * held.sum()
    part = np.zeros(len(held), np.int64)
    sums = np.zeros(wanted.shape)

    def cost(sums: FloatArray) -> FloatArray:
        """Of each part, (…, part)."""
        each: FloatArray = ((sums - wanted) ** 2 / wanted + absent * (sums < 0.5)).sum(axis=-1)
        return each

    for group in order:
        part[group] = np.argmin(cost(sums + held[group]) - cost(sums))
        sums[part[group]] += held[group]
    for _ in range(10):
        moved = False
        for group in order:
            here = part[group]
            before = cost(sums)
            without = sums.copy()
            without[here] -= held[group]
            gain = cost(without + held[group]) - cost(without)
            there = int(np.argmin(gain))
            if there != here and gain[there] + cost(without)[here] < before[here] - 1e-9:
                part[group] = there
                sums = without
                sums[there] += held[group]
                moved = True
        if not (_exchange(held, part, sums, wanted, absent, order) or moved):
            break
    return part, float(cost(sums).sum())


def _exchange(
    held: FloatArray,
    part: IntArray,
    sums: FloatArray,
    wanted: FloatArray,
    absent: FloatArray,
    order: IntArray,
) -> bool:
    """Let pairs of groups change places where that helps; up to 200 groups, it is quadratic."""
    if len(held) > 200:
        return False

    def cost(sums: FloatArray, at: int | IntArray) -> FloatArray:
        each = (sums - wanted[at]) ** 2 / wanted[at] + absent[at] * (sums < 0.5)
        total: FloatArray = each.sum(axis=-1)
        return total

    changed = False
    for group in order:
        here = int(part[group])
        others = np.flatnonzero(part != here)
        if not len(others):
            continue
        there = part[others]
        swap = held[others] - held[group]
        gain = cost(sums[here] + swap, here) + cost(sums[there] - swap, there)
        gain -= cost(sums[here], here) + cost(sums[there], there)
        best = int(np.argmin(gain))
        if gain[best] < -1e-9:
            sums[here] += swap[best]
            sums[there[best]] -= swap[best]
            part[group], part[others[best]] = there[best], here
            changed = True
    return changed
