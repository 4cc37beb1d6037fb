"""What a page needs to show a grid of cells in three dimensions by itself."""

from __future__ import annotations

from dataclasses import dataclass

from .types import ByteArray, Float32Array, IntArray

Box = tuple[float, float, float, float]
Paint = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Volume:
    """A grid of cells that a page computes, turns and cuts by itself: what else it must know.

    The page computes the classes of the cells, and their exact probabilities, from the recipe of
    `site`, and draws what the marks of a stop leave out: the grid in the box `grid`, seen from
    where `turns` (stop,) and `height` say, in degrees, with cells of side `cell`; three slices in
    `boxes`, across slices, columns and rows, through `position`; and the words around them.
    Coordinates are in the order slice, row, column.

    `turned` and `cut` (stop,) are numbers of fuzzy layers, those of the probabilities that the
    turned grid and the slices show, −1 where they show classes. From the stop `cut_from` on the
    eighth towards the viewer is left out. `colors` (class, rgb) and `strengths` (class times step,
    rgb) are those of classes and of probabilities, times `shades` on faces across columns, rows
    and slices. `names` (columns, rows, slices) stand at arrows, which are turned where values are
    not `rising`; `captions` and `ticks` tell each place of each axis, with its name and without.
    `fuzzy` is how many fuzzy layers there are in all, `caption` what their probabilities are.
    """

    site: str
    shape: tuple[int, int, int]
    position: tuple[int, int, int]
    axes: tuple[str, str, str]
    slice_values: Float32Array
    row_values: Float32Array
    column_values: Float32Array
    classes: tuple[str, ...]
    colors: ByteArray
    strengths: ByteArray
    shades: tuple[float, float, float]
    ink: Paint
    grey: Paint
    hairline: Paint
    unclassified: Paint
    grid: Box
    cell: float
    turns: Float32Array
    height: float
    turned: IntArray
    cut: IntArray
    cut_from: int
    boxes: tuple[Box, Box, Box]
    captions_at: float
    captions: tuple[tuple[str, ...], ...]
    ticks: tuple[tuple[str, ...], ...]
    arrows: tuple[float, float]
    arrow: float
    names: tuple[str, str, str]
    rising: tuple[bool, bool, bool]
    seen_at: tuple[float, float]
    seen: str
    seen_cut: str
    size: float
    fuzzy: int
    caption: str
