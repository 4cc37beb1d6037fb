"""Where things stand in a picture of a network: on a wide screen, and on a tall one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..marks import FOOT_SIZES, Box
from ..style import (
    BIG_SIZE,
    FRAME,
    LABEL_SIZE,
    MARGIN,
    TEXT_SIZE,
    TITLE_SIZE,
    UNIT_SIZE,
)


@dataclass(frozen=True)
class Bars:
    """The bars of the answer: where they begin, how wide they are, where their numbers end.

    In a `list` of their own from `top` on, or else beside the units. Base lines of name and number
    and the bar's upper edge are relative to a row's middle.
    """

    left: float
    width: float
    edge: float
    size: float = TEXT_SIZE
    name: float = -8.0
    number: float = 17.0
    bar: float = 6.0
    height: float = 8.0
    top: float | None = None
    pitch: float = 38.0


@dataclass(frozen=True)
class Layout:
    """Boxes are x, y, width, height; a base is where a line of text stands."""

    size: tuple[int, int]
    margin: float
    title_base: float
    title_size: float
    input_box: Box
    sample_base: float  # of what is said of the sample below a picture
    row_sample_base: float  # and with a row of a table
    sample_room: float
    input_nodes: float  # the middle of a row's units
    top: float  # of the columns
    bottom: float
    row_bottom: float  # of a row's units
    first: float  # the middle of the first column; after a row's units
    first_after_row: float
    last: float
    answer: float
    answer_pitch: float
    picture_side: float  # of what has no units: one picture
    counter: float  # its left
    counter_base: float  # of its name, and of its number
    counter_number: float
    big: float
    unit: float
    curves: Box
    curves_line: float  # how long the line below the curves is
    bars: Bars
    strip: tuple[float, float]  # of the focus: left and right
    strip_top: float
    text: float  # size of what is said in it
    foot_base: float
    foot_height: float
    foot_sizes: tuple[float, ...]
    diagram: Box  # of a deep network
    deep: tuple[float, float]  # its bars: left and right
    tops_alone: tuple[float, float]
    floors_alone: tuple[float, float]
    tops_below: tuple[float, float]
    floors_below: tuple[float, float]

    @property
    def is_tall(self) -> bool:
        """Whether it is made for a phone: the input above the network, the answers below."""
        return self.size[1] > self.size[0]


WIDE: Final = Layout(
    size=FRAME,
    margin=MARGIN,
    title_base=48.0,  # above headings of three lines
    title_size=TITLE_SIZE,
    input_box=(80.0, 140.0, 320.0, 320.0),
    sample_base=487.0,
    row_sample_base=118.0,
    sample_room=400.0,
    input_nodes=377.0,
    top=141.0,
    bottom=837.0,
    row_bottom=507.0,
    first=559.0,
    first_after_row=559.0,
    last=1080.0,
    answer=1340.0,
    answer_pitch=118.0,
    picture_side=132.0,
    counter=MARGIN,
    counter_base=596.0,
    counter_number=668.0,
    big=BIG_SIZE,
    unit=UNIT_SIZE,
    curves=(80.0, 748.0, 320.0, 96.0),
    curves_line=400.0,
    bars=Bars(1384.0, 300.0, 1779.0),
    strip=(440.0, 1840.0),
    strip_top=901.0,
    text=TEXT_SIZE,
    foot_base=1041.0,
    foot_height=88.0,
    foot_sizes=FOOT_SIZES,
    diagram=(440.0, 84.0, 880.0, 524.0),
    deep=(560.0, 1290.0),
    tops_alone=(150.0, 520.0),
    floors_alone=(470.0, 840.0),
    tops_below=(645.0, 772.0),
    floors_below=(723.0, 850.0),
)

TALL: Final = Layout(
    size=(560, 1392),
    margin=28.0,
    title_base=50.0,
    title_size=26.0,
    input_box=(28.0, 76.0, 156.0, 156.0),
    sample_base=258.0,
    row_sample_base=258.0,
    sample_room=504.0,
    input_nodes=164.0,
    top=366.0,
    bottom=800.0,
    row_bottom=800.0,
    first=92.0,
    first_after_row=248.0,
    last=414.0,
    answer=510.0,
    answer_pitch=80.0,
    picture_side=84.0,
    counter=208.0,
    counter_base=88.0,
    counter_number=140.0,
    big=56.0,
    unit=20.0,
    curves=(208.0, 196.0, 290.0, 36.0),
    curves_line=324.0,
    bars=Bars(28.0, 504.0, 532.0, LABEL_SIZE, -4.0, -4.0, 4.0, 6.0, top=848.0),
    strip=(28.0, 532.0),
    strip_top=0.0,
    text=LABEL_SIZE,
    foot_base=1374.0,
    foot_height=152.0,
    foot_sizes=FOOT_SIZES[-1:],
    diagram=(20.0, 290.0, 520.0, 432.0),
    deep=(84.0, 532.0),
    tops_alone=(330.0, 650.0),
    floors_alone=(600.0, 914.0),
    tops_below=(762.0, 862.0),
    floors_below=(814.0, 914.0),
)

TALL_DEEP: Final = replace(TALL, bars=replace(TALL.bars, top=972.0))
"""For a network of which the diagram and bars are drawn."""
