"""Many images through the four-pixel network at once: percentages and an honest verdict each."""

from __future__ import annotations

from typing import Final

from ....errors import InputError
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....typeface import shorten
from ...charts.frame import trace_of
from ...sheet import LEFT
from ...style import Theme
from .parts import PACE_S, PixelSheet, greys, verdict_words

MOST: Final = 20
_COLUMNS: Final = 5
_ACROSS, _DOWN, _TOP = 243.0, 138.0, 92.0
_TILE: Final = 56.0
_SMALL: Final = 16.0


def four_pixel_table(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """Each image of a table with its answers: the four percentages, and what they amount to.

    `trace` is what `explain.four_pixel_table` gives. At most 20 images are drawn, the first ones,
    and the picture says so. Raises `InputError` for a trace of another kind.
    """
    given = _table(trace)
    sheet = PixelSheet.of(theme, language)
    told = sheet.words
    pixels, answers, leading = (given[name, 0] for name in ("images", "answers", "leading"))
    shown = min(len(pixels), MOST)
    activation = str(given.about["activation"])
    named = told("four_pixel.logistic") if activation == "sigmoid" else activation
    foot = [told("four_pixel.table-foot", activation=named)]
    if shown < len(pixels):
        foot.append(told("four_pixel.table-shown", shown=shown, all=len(pixels)))
    title = told("four_pixel.table-title")
    if activation == "sigmoid":
        title = told("four_pixel.table-title-logistic")
    elif activation != "tanh":
        title = told("four_pixel.table-title-other", activation=activation)

    def marks(stop: int) -> list[Mark]:
        drawn = sheet.frame(title, foot)
        for number in range(shown):
            down, across = divmod(number, _COLUMNS)
            x, y = LEFT + across * _ACROSS, _TOP + down * _DOWN
            box = (x, y + 8, _TILE, _TILE)
            drawn.append(Image(box, greys(pixels[number]), refers=Reference("images", 0)))
            drawn.append(sheet.outline(box))
            left, right = x + _TILE + 12, x + _ACROSS - 22
            count = int(leading[number].sum())
            said = verdict_words(told, given.about["verdicts"][number], count)
            said = shorten(said, right - left, 18, 600)
            drawn.append(sheet.text(left, y + 18, said, bold=True))
            for row, name in enumerate(given.about["classes"]):
                base = y + 41 + 20 * row
                quiet = not leading[number, row]
                text = sheet.percent(float(answers[number, row]))
                drawn.append(sheet.text(left, base, told(f"four_pixel.class-{name}"), size=_SMALL,
                                        quiet=quiet))  # fmt: skip
                drawn.append(sheet.text(right, base, text, size=_SMALL, quiet=quiet, anchor="end"))
        return drawn

    description = told(
        "four_pixel.table-description", count=len(pixels),
        right=sum(verdict not in ("tie", "no answer") for verdict in given.about["verdicts"]),
    )  # fmt: skip
    return sheet.scene(marks, [title], title=title, description=description, pace_s=PACE_S)


def four_pixel_rows(
    trace: Trace, *, language: str = "en"
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The same table as words: its head, and a row for each image.

    An image is written as its four pixels clockwise from the upper left.
    """
    given = _table(trace)
    sheet = PixelSheet.of("light", language)
    told = sheet.words
    classes = [told(f"four_pixel.class-{name}") for name in given.about["classes"]]
    head = (told("four_pixel.table-image"), *classes, told("four_pixel.table-verdict"))
    rows = []
    for number, pixels in enumerate(given["images", 0]):
        count = int(given["leading", 0][number].sum())
        rows.append(
            (
                "  ".join(sheet.number(float(pixel)) for pixel in pixels),
                *(sheet.percent(float(share)) for share in given["answers", 0][number]),
                verdict_words(told, given.about["verdicts"][number], count),
            )
        )
    return head, tuple(rows)


def _table(trace: Trace) -> Trace:
    given = trace_of(trace, "The table of the four-pixel network")
    if not {"images", "answers", "leading"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no table of the four-pixel network in the trace",
            received=repr(given.title), do="Give what explain.four_pixel_table made",
        )  # fmt: skip
    return given
