"""Augmentation: a drawing, and what a network sees of it from epoch to epoch."""

from __future__ import annotations

import numpy as np

from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ...charts.chart import grid_of_boxes
from ...marks import inscribed
from ...palette import POSITIVE
from ...sheet import sheet, trace_with
from ...style import Theme
from ..convolution.grid import color_picture, colors_of, ring

_SMALL = 15.0


def augmented(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A still: the image as it is, outlined, and its augmented copies, one for each epoch.

    `trace` is what `explain.augmented` gives. Raises `InputError` for a trace of another kind.
    """
    given = trace_with(trace, ("image", "copies"), "Augmentation", "augmented")
    paper = sheet(size, theme, language)
    told = paper.words
    title = told("regularisation.title-augmented", name=given.about["class"])
    amounts = []
    for name, value in given.about["augment"].items():
        number = float(value) if not isinstance(value, str) else 1.0
        said = paper.percent(number, 0) if name in ("shift", "scale") else paper.number(number, 2)
        key = name if name in ("rotate", "shift", "scale") else "other"
        more = {"name": name} if key == "other" else {}
        amounts.append(told(f"regularisation.amount-{key}", value=said, **more))
    foot = [*amounts, told("regularisation.foot-augmented", data=given.about["data"],
                           number=given.about["sample"] + 1)]  # fmt: skip
    marks: list[Mark] = paper.frame(title, foot)
    images = np.concatenate([given["image", 0][None], given["copies", 0]])
    columns = 8 if len(images) > 8 else len(images)
    room = paper.content(len(paper.foot_lines(foot)))
    boxes = grid_of_boxes(room, len(images), columns, gaps=(18, 26))
    for number, (image, box) in enumerate(zip(images, boxes, strict=True)):
        x, y, width, height = box
        place = inscribed((x, y, width, height - 24), *image.shape[1:])
        pixels = (
            color_picture(image, (0.0, 1.0))
            if len(image) == 3
            else colors_of(image[0], (0.0, 1.0), paper.theme)
        )
        refers = Reference("copies" if number else "image", 0)
        marks.append(Image(place, pixels, refers=refers))
        if not number:
            marks.append(ring(place, POSITIVE, 1.5))
        said = told("regularisation.epoch-number", number=number) if number else told(
            "regularisation.original"
        )  # fmt: skip
        base = place[1] + place[3] + 21
        marks.append(paper.text(place[0], base, said, size=_SMALL, quiet=True))
    about = told(
        "regularisation.augmented-description", count=len(images) - 1, name=given.about["class"]
    )
    return paper.scene(lambda stop: marks, [title], title=title, description=about)
