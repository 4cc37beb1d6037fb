"""A picture as an array: the whole of it, and a square of it with the number of each cell."""

from __future__ import annotations

from ....errors import InputError
from ....language import words
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ...charts.frame import Frame, trace_of
from ...marks import hairlines, label
from ...palette import POSITIVE
from ...style import LABEL_SIZE, Theme, format_count
from ...style import theme as theme_named
from .grid import Grid, color_picture, short

_LEFT = (80.0, 190.0, 940.0, 720.0)
_RIGHT = (1120.0, 190.0, 720.0, 720.0)


def picture_numbers(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """A still: the picture to the left with a square marked, that square's numbers to the right.

    `trace` is what `explain.picture_crop` gives; in colour, the numbers are those of red. Raises
    `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "A picture")
    if not {"picture", "crop"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no picture with a crop in the trace", received=repr(given.title),
            do="Give what explain.picture_crop made",
        )  # fmt: skip
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    picture, crop = given["picture", 0], given["crop", 0]
    low, high = (float(end) for end in given.about["range"])
    rows, columns = picture.shape[1:]
    title = told("convolution.numbers-title")
    grey = frame.theme.grey
    whole = Grid(_LEFT, picture[0], (low, high), frame.theme, told.figures,
                 refers=Reference("picture", 0))  # fmt: skip
    part = Grid(_RIGHT, crop[0], (low, high), frame.theme, told.figures,
                refers=Reference("crop", 0))  # fmt: skip
    corner = (int(given.about["corner"][0]), int(given.about["corner"][1]))
    size = (crop.shape[1], crop.shape[2])
    total = told.figures(format_count(picture.size))
    key = "convolution.numbers-foot" if len(picture) == 1 else "convolution.numbers-foot-colour"
    marks: list[Mark] = frame.words(title, frame.foot([told(key, count=total)]))
    marks += whole.marks()
    if len(picture) == 3 and low == 0:
        marks.append(Image(whole.place, color_picture(picture, (low, high)), sampling="area"))
    marks += part.marks()
    marks += whole.window(corner, size, POSITIVE)
    x, y = whole.place[:2]
    left, top, _, tall = part.place
    side = whole.cell
    start = (x + (corner[1] + size[1]) * side, y + corner[0] * side)
    ends = [[*start, left - 6, top], [start[0], start[1] + size[0] * side, left - 6, top + tall]]
    marks.append(hairlines(ends, POSITIVE))  # type: ignore[arg-type]
    said = told("convolution.picture", rows=rows, columns=columns)
    lows = told.figures(short(low)), told.figures(short(high))
    said += " · " + told("convolution.span-grey", low=lows[0], high=lows[1])
    marks.append(label(x, y - 16, said, grey, size=LABEL_SIZE))
    said = told("convolution.numbers-crop", row=corner[0] + 1, column=corner[1] + 1, size=size[0])
    marks.append(label(left, top - 16, said, grey, size=LABEL_SIZE))
    about = told("convolution.numbers-description", rows=rows, columns=columns, size=size[0])
    return frame.scene(lambda stop: marks, [title], title=title, description=about)
