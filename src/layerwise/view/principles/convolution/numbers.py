"""A picture as an array: the whole of it, and a square of it with the number of each cell."""

from __future__ import annotations

from typing import Final

from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....types import float32_array
from ...marks import hairlines
from ...palette import POSITIVE
from ...sheet import LEFT, sheet, trace_with
from ...style import Theme
from .film import HEADING
from .grid import Grid, color_picture, short

_LEFT: Final = (LEFT, 104.0, 560.0, 500.0)
_RIGHT: Final = (660.0, 104.0, 500.0, 500.0)


def picture_numbers(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A still: the picture to the left with a square marked, that square's numbers to the right.

    `trace` is what `explain.picture_crop` gives; in colour, the numbers are those of red. Raises
    `InputError` for a trace of another kind.
    """
    given = trace_with(trace, ("picture", "crop"), "A picture of numbers", "picture_crop")
    paper = sheet(size, theme, language)
    told, writes = paper.words, paper.words.figures
    picture, crop = given["picture", 0], given["crop", 0]
    low, high = (float(end) for end in given.about["range"])
    rows, columns = picture.shape[1:]
    title = told("convolution.numbers-title")
    whole = Grid(_LEFT, picture[0], (low, high), paper.theme, writes,
                 refers=Reference("picture", 0), raised=True)  # fmt: skip
    part = Grid(_RIGHT, crop[0], (low, high), paper.theme, writes,
                refers=Reference("crop", 0), raised=True)  # fmt: skip
    corner = (int(given.about["corner"][0]), int(given.about["corner"][1]))
    square = (crop.shape[1], crop.shape[2])
    key = "convolution.numbers-foot" if len(picture) == 1 else "convolution.numbers-foot-colour"
    marks: list[Mark] = paper.frame(title, [told(key, count=paper.count(picture.size))])
    marks += whole.marks()
    if len(picture) == 3 and low == 0:
        marks.append(Image(whole.place, color_picture(picture, (low, high)), sampling="area"))
    marks += part.marks()
    marks += whole.window(corner, square, POSITIVE)
    x, y = whole.place[:2]
    left, top, _, tall = part.place
    side = whole.cell
    start = (x + (corner[1] + square[1]) * side, y + corner[0] * side)
    ends = [[*start, left - 6, top], [start[0], start[1] + square[0] * side, left - 6, top + tall]]
    marks.append(hairlines(float32_array(ends), POSITIVE))
    said = told("convolution.picture", rows=rows, columns=columns)
    said += " · " + told("convolution.span-grey", low=writes(short(low)), high=writes(short(high)))
    marks.append(paper.text(x, y - 14, said, size=HEADING, quiet=True))
    said = told("convolution.numbers-crop", row=corner[0] + 1, column=corner[1] + 1, size=square[0])
    marks.append(paper.text(left, top - 14, said, size=HEADING, quiet=True))
    about = told("convolution.numbers-description", rows=rows, columns=columns, size=square[0])
    return paper.scene(lambda stop: marks, [title], title=title, description=about)
