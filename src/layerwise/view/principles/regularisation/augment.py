"""Augmentation: a drawing, and what a network sees of it from epoch to epoch."""

from __future__ import annotations

import numpy as np

from ....errors import InputError
from ....language import words
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ...charts.chart import grid_of_boxes
from ...charts.frame import Frame, trace_of
from ...marks import inscribed, label
from ...palette import POSITIVE
from ...style import LABEL_SIZE, Theme, format_number, format_percent
from ...style import theme as theme_named
from ..convolution.grid import color_picture, colors_of, ring


def augmented(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """A still: the image as it is, outlined, and its augmented copies, one for each epoch.

    `trace` is what `explain.augmented` gives. Raises `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "Augmentation")
    if not {"image", "copies"} <= {site.name for site in given.sites}:
        raise InputError(
            "There is no augmentation in the trace", received=repr(given.title),
            do="Give what explain.augmented made",
        )  # fmt: skip
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    title = told("regularisation.title-augmented", name=given.about["class"])
    amounts = []
    for name, value in given.about["augment"].items():
        number = float(value) if not isinstance(value, str) else 1.0
        said = format_percent(number, 0) if name in ("shift", "scale") else format_number(number, 2)
        key = name if name in ("rotate", "shift", "scale") else "other"
        more = {"name": name} if key == "other" else {}
        amounts.append(told(f"regularisation.amount-{key}", value=told.figures(said), **more))
    foot = [*amounts, told("regularisation.foot-augmented", data=given.about["data"],
                           number=given.about["sample"] + 1)]  # fmt: skip
    marks: list[Mark] = frame.words(title, frame.foot(foot))
    images = np.concatenate([given["image", 0][None], given["copies", 0]])
    columns = 8 if len(images) > 8 else len(images)
    boxes = grid_of_boxes(frame.content(1), len(images), columns, gaps=(24, 44))
    for number, (image, box) in enumerate(zip(images, boxes, strict=True)):
        x, y, width, height = box
        place = inscribed((x, y, width, height - 30), *image.shape[1:])
        pixels = (
            color_picture(image, (0.0, 1.0))
            if len(image) == 3
            else colors_of(image[0], (0.0, 1.0), frame.theme)
        )
        refers = Reference("copies" if number else "image", 0)
        marks.append(Image(place, pixels, refers=refers))
        if not number:
            marks.append(ring(place, POSITIVE, 2))
        said = told("regularisation.epoch-number", number=number) if number else told(
            "regularisation.original"
        )  # fmt: skip
        base = place[1] + place[3] + 26
        marks.append(label(place[0], base, said, frame.theme.grey, size=LABEL_SIZE))
    about = told("regularisation.augmented-description", count=len(images) - 1)
    return frame.scene(lambda stop: marks, [title], title=title, description=about)
