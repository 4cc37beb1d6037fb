"""Stills: one moment of a scene, or a sheet of many, as PNG or WebP."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import replacing
from ..scene import Scene
from ..types import ByteArray, IntArray
from .raster import Canvas, pixel_size, rasterize

GAP = 12  # pixels between the pictures of a sheet


def write_png(
    scene: Scene,
    path: str | Path,
    *,
    stop: int | None = None,
    time: float | None = None,
    scale: float = 1.0,
    sheet: int | None = None,
) -> None:
    """Write the picture at a stop or at a time in seconds, the poster if neither is given.

    `scale` times the scene's size in pixels; `sheet=12` writes a sheet of twelve stops instead,
    evenly spaced. Same scene, same bytes.
    """
    _write(scene, path, "PNG", stop, time, scale, sheet)


def write_webp(
    scene: Scene,
    path: str | Path,
    *,
    stop: int | None = None,
    time: float | None = None,
    scale: float = 1.0,
    sheet: int | None = None,
) -> None:
    """Write the same picture as `write_png`, without loss, as WebP."""
    _write(scene, path, "WEBP", stop, time, scale, sheet)


def still_time(scene: Scene, stop: int | None, time: float | None) -> float:
    """The time in seconds of the still that is asked for: a stop's, a given one, or the poster's.

    Raises `InputError` if both are given, or one that the scene does not have.
    """
    if stop is not None and time is not None:
        raise InputError("A still is of a stop or of a time", received="both", do="Give one")
    if time is not None:
        if not 0 <= time <= scene.duration:
            raise InputError(
                "There is no such time in the film",
                received=f"{time:g} s",
                allowed=f"It lasts from 0 to {scene.duration:g} s",
            )
        return time
    number = scene.poster if stop is None else stop
    count = len(scene.stops)
    if not -count <= number < count:
        raise InputError(
            "There is no such stop in the film",
            received=f"{number}",
            allowed=f"Stops are 0 to {count - 1}, or −{count} to −1 from the end",
        )
    return scene.stops[number].start


def contact_sheet(scene: Scene, count: int, scale: float = 1.0) -> ByteArray:
    """That many stops, evenly spaced, side by side: (row, column, rgb).

    The sheet is about as wide as the scene times `scale`, and its pictures are drawn at their own
    size, not made smaller afterwards.
    """
    if count < 1:
        raise InputError("A sheet shows at least one picture", received=f"{count}")
    chosen: IntArray = np.unique(np.rint(np.linspace(0, len(scene.stops) - 1, count)).astype(int))
    across = math.ceil(math.sqrt(len(chosen)))
    small = scale / across
    width, height = pixel_size(scene.size, small)
    down = -(-len(chosen) // across)
    shape = (down * (height + GAP) + GAP, across * (width + GAP) + GAP, 3)
    ground = np.array(scene.ground[:3], np.int64)
    # A little lighter or darker than the pictures, so that each has an edge.
    between = ground + np.where(ground.mean() < 128, 16, -16)
    sheet = np.empty(shape, np.uint8)
    sheet[:] = np.clip(between, 0, 255)
    canvas = Canvas(scene.size, scene.ground, scale=small)
    for place, stop in enumerate(chosen):
        top = GAP + place // across * (height + GAP)
        left = GAP + place % across * (width + GAP)
        sheet[top : top + height, left : left + width] = canvas.draw(scene.stop_marks(int(stop)))
    return sheet


def _write(
    scene: Scene,
    path: str | Path,
    form: str,
    stop: int | None,
    time: float | None,
    scale: float,
    sheet: int | None,
) -> None:
    from PIL import Image

    if sheet is not None:
        pixels = contact_sheet(scene, sheet, scale)
    else:
        marks = scene.marks(still_time(scene, stop, time))
        pixels = rasterize(marks, scene.size, scene.ground, scale=scale)
    options: dict[str, object] = {"lossless": True, "method": 4} if form == "WEBP" else {}
    with replacing(path) as beside:
        Image.fromarray(pixels).save(beside, form, **options)
