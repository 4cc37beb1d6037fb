"""Where things stand in a picture of a lattice: on a wide screen, and on a tall one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..style import COLUMN_LEFT, FRAME, MARGIN, SQUARE

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layout:
    """Boxes are x, y, width, height; a place is a point on a base line."""

    size: tuple[int, int]
    title: tuple[float, float]
    square: Box  # room for the lattice
    counter: tuple[float, float]  # the word "layer" above the big number
    big: float  # size of the big number
    table: Box  # one row for each class
    rows: int  # how many rows fit
    curve: Box
    small: Box  # the probability picture
    words: tuple[float, float]  # what is said beside it
    words_width: float
    pair: tuple[Box, Box]  # two pictures in its place, in fuzzy layers
    pair_words: tuple[float, float]  # what is said beside both
    pair_width: float
    below: float  # the base line of what is said below them
    foot: tuple[float, float]
    foot_width: float
    foot_lines: int


WIDE: Final = Layout(
    size=FRAME,
    title=(MARGIN, 82),
    square=SQUARE,
    counter=(COLUMN_LEFT, 129),
    big=78,
    table=(COLUMN_LEFT, 262, 830, 228),
    rows=6,
    curve=(COLUMN_LEFT, 560, 560, 112),
    small=(COLUMN_LEFT, 740, 220, 220),
    words=(COLUMN_LEFT + 248, 757),
    words_width=582,
    pair=((COLUMN_LEFT, 746, 190, 190), (COLUMN_LEFT + 210, 746, 190, 190)),
    pair_words=(COLUMN_LEFT + 424, 760),
    pair_width=406,
    below=963,
    foot=(MARGIN, 1004),
    foot_width=1760,
    foot_lines=3,
)

TALL: Final = Layout(
    size=(560, 1466),
    title=(28, 52),
    square=(28, 76, 504, 504),
    counter=(28, 618),
    big=60,
    table=(28, 732, 504, 172),
    rows=5,
    curve=(28, 1000, 240, 64),
    small=(28, 1112, 128, 128),
    words=(176, 1126),
    words_width=356,
    pair=((28, 1132, 128, 128), (172, 1132, 128, 128)),
    pair_words=(318, 1126),
    pair_width=214,
    below=1304,
    foot=(28, 1354),
    foot_width=504,
    foot_lines=6,
)


def fitted(room: Box, rows: int, columns: int) -> tuple[Box, bool]:
    """The box of a grid inside its room, and whether its cells are whole numbers of pixels.

    Cells take a whole number of pixels where that leaves the grid at least 85 % of the room;
    otherwise the grid fills the room.
    """
    x, y, width, height = room
    side = min(width / columns, height / rows)
    whole = float(int(side)) if side >= 1 else 0.0
    if whole and whole * max(rows, columns) >= 0.85 * side * max(rows, columns):
        return (x, y, columns * whole, rows * whole), True
    return (x, y, columns * side, rows * side), False
