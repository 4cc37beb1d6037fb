"""Where things stand in a picture of a lattice with slices, on a wide screen and a tall one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from . import layout
from .layout import Box, Layout


@dataclass(frozen=True)
class VolumeLayout:
    """The places of a lattice's picture (`frame`), whose square holds the turned grid."""

    frame: Layout
    seen: tuple[float, float]  # the line that says from where the grid is seen
    axes: tuple[float, float]  # where the three arrows begin
    arrow: float  # their length
    name_width: float  # room of an axis's name
    heads: tuple[float, float]  # what is said above the slices
    heads_width: float
    heads_lines: int
    step: float  # from line to line there
    cuts: tuple[Box, Box, Box]  # rooms of the three slices: across slices, columns, rows
    size: float  # of the words around them

    def room(self, number: int) -> float:
        """Room for words at a slice, up to the next one or the edge."""
        left = self.cuts[number][0]
        if number + 1 < len(self.cuts):
            return self.cuts[number + 1][0] - left - self.size
        return self.frame.size[0] - self.frame.foot[0] - left

    @property
    def is_wide(self) -> bool:
        """Whether the layout is that of a wide screen."""
        return self.frame.size == layout.WIDE.size


WIDE: Final = VolumeLayout(
    frame=replace(
        layout.WIDE, square=(80, 132, 840, 838), table=(1010, 262, 830, 190),
        rows=5, curve=(1010, 544, 560, 60),
    ),
    seen=(80, 114),
    axes=(96, 946),
    arrow=56,
    name_width=170,
    heads=(1010, 663),
    heads_width=830,
    heads_lines=4,
    step=22,
    cuts=((1010, 758, 180, 180), (1304, 758, 180, 180), (1598, 758, 180, 180)),
    size=18,
)  # fmt: skip

TALL: Final = VolumeLayout(
    frame=replace(
        layout.TALL, size=(560, 1560), square=(28, 92, 504, 504), counter=(28, 630),
        table=(28, 744, 504, 172), curve=(28, 1010, 240, 56), foot=(28, 1431),
    ),
    seen=(28, 78),
    axes=(40, 588),
    arrow=36,
    name_width=140,
    heads=(28, 1118),
    heads_width=504,
    heads_lines=5,
    step=21,
    cuts=((28, 1237, 128, 128), (206, 1237, 128, 128), (384, 1237, 128, 128)),
    size=16,
)  # fmt: skip
