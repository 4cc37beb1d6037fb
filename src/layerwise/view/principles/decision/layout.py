"""Where things stand on a decision film: one layout for a screen, one for a column of prose."""

from __future__ import annotations

from dataclasses import dataclass

from ....errors import InputError
from ...marks import Box


@dataclass(frozen=True)
class Layout:
    """Measures in pixels of a frame of that size; a frame under 1,400 wide has fewer, larger ones.

    `room` is the column beside the square; `node` the largest side of a neuron's map. Where the
    foot has more than the usual lines, the square makes room for them.
    """

    size: tuple[int, int]
    foot_lines: int = 0

    def __post_init__(self) -> None:
        """Check that a square and a column find room."""
        whole = len(self.size) == 2 and all(isinstance(side, int) for side in self.size)
        if not whole or self.size[0] < 800 or self.size[1] < 0.5 * self.size[0]:
            raise InputError(
                "A decision film is at least 800 pixels wide and half as high as wide",
                received=repr(self.size), allowed="Such as (1920, 1080) or (960, 540)",
            )  # fmt: skip

    @property
    def small(self) -> bool:
        """Whether the frame is meant for a column of prose."""
        return self.size[0] < 1400

    @property
    def margin(self) -> float:
        """Left and right of everything."""
        return 60.0 if self.small else 80.0

    @property
    def title_size(self) -> float:
        """Of the title."""
        return 22.0 if self.small else 34.0

    @property
    def big_size(self) -> float:
        """Of the number that counts."""
        return 44.0 if self.small else 72.0

    @property
    def unit_size(self) -> float:
        """Of the words beside that number."""
        return 18.0 if self.small else 26.0

    @property
    def text_size(self) -> float:
        """Of labels and the foot."""
        return 16.0 if self.small else 18.0

    @property
    def foot_step(self) -> float:
        """From one line of the foot to the next."""
        return self.text_size * 1.35

    @property
    def title_base(self) -> float:
        """The base line of the title."""
        return 32.0 if self.small else 74.0

    @property
    def square(self) -> Box:
        """The map."""
        top = 66.0 if self.small else 120.0
        usual, foot = (2, 84.0) if self.small else (3, 140.0)
        foot += max(self.foot_lines - usual, 0) * self.foot_step
        side = min(self.size[1] - top - foot, 0.47 * self.size[0])
        return (self.margin, top, side, side)

    @property
    def room(self) -> Box:
        """The quiet column beside it."""
        left, top, side, _ = self.square
        start = left + side + (44.0 if self.small else 90.0)
        end = self.size[0] - (24.0 if self.small else 80.0)
        return (start, top, end - start, side)

    @property
    def node(self) -> float:
        """The largest side of a neuron's map."""
        return 62.0 if self.small else 104.0

    @property
    def least_node(self) -> float:
        """The smallest; where more do not fit, fewer neurons are drawn."""
        return 18.0 if self.small else 32.0

    @property
    def dot(self) -> float:
        """The radius of a sample."""
        return 4.0 if self.small else 6.0
