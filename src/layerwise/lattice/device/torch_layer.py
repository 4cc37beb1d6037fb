"""One copying layer in torch operations: the whole grid at once, on any device.

A grid is (row, word), a volume (slice, row, word). Written without a branch on any value, so that
`torch.compile` can turn a layer into one kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .words import mix, ones, shifted, signed


@dataclass(frozen=True)
class Edges:
    """The last word of a row: `top` is the bit of its last column, `valid` all that are columns."""

    top: int
    valid: int

    @classmethod
    def of(cls, columns: int) -> Edges:
        """The edges of a row of that many columns."""
        tail = (columns - 1) % 64
        return cls(signed(1 << tail), signed((2 << tail) - 1))


def copy_layer(
    source: Tensor,
    target: Tensor,
    starts: Tensor,
    numbers: Tensor,
    held: Tensor | None,
    known: Tensor | None,
    edges: Edges,
    fill: bool,
    lazy: bool,
) -> None:
    """Write one layer on `source` (plane, …, word) to `target`, of the same shape.

    `starts` (stream,) from `random_bits.stream_starts`; `numbers` (…, word) from
    `words.counters`; `held` (…, word): 1 for cells that never change; `fill`: classified cells
    (last plane) do not change either; `known` (1,), where given, is set to how many cells are
    classified after the layer. `lazy` is of grids: a volume's cells always may stay.
    """
    a, b = mix(numbers + starts[0]), mix(numbers + starts[1])
    free = torch.full_like(numbers, -1)
    if source.ndim == 4:
        c = mix(numbers + starts[2])
        free = ~(b & c)
        chosen = _across(source, a, b, edges.top)
        chosen = chosen ^ (c & (chosen ^ _through(source, a)))
    else:
        if lazy:
            free = ~mix(numbers + starts[2])
        chosen = _across(source, a, b, edges.top)
    if fill:
        free = free & ~source[-1]
    if held is not None:
        free = free & ~held
    changed = source ^ (free & (source ^ chosen))
    # Bits behind the last column stay 0.
    changed = torch.cat([changed[..., :-1], changed[..., -1:] & edges.valid], -1)
    target.copy_(changed)
    if known is not None:
        known.copy_(ones(changed[-1]).sum().reshape(1))


def _across(state: Tensor, a: Tensor, b: Tensor, top: int) -> Tensor:
    """What each cell sees in its own slice: (a, b) are up, right, down and left in turn."""
    right = shifted(state, 1) | torch.cat([state[..., 1:] << 63, state[..., -1:] & top], -1)
    left = (state << 1) | torch.cat([state[..., :1] & 1, shifted(state[..., :-1], 63)], -1)
    above = torch.cat([state[..., :1, :], state[..., :-1, :]], -2)
    below = torch.cat([state[..., 1:, :], state[..., -1:, :]], -2)
    upright = above ^ (b & (above ^ below))
    sideways = right ^ (b & (right ^ left))
    return upright ^ (a & (upright ^ sideways))


def _through(state: Tensor, a: Tensor) -> Tensor:
    """What each cell sees in the slice before (a = 0) or behind (1)."""
    before = torch.cat([state[:, :1], state[:, :-1]], 1)
    behind = torch.cat([state[:, 1:], state[:, -1:]], 1)
    return before ^ (a & (before ^ behind))
