"""Marks to pixels: our own raster, exact in painter's order and the same on any number of threads.

Colours are mixed in sRGB values, as browsers do, and rounded to 8 bits after every mark. A frame
of a film is drawn by redrawing only where marks came, went or moved; the bytes are those of a
frame drawn whole.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from ..errors import InputError, TooLargeError
from ..scene import Color, Discs, Image, Mark, Rectangles, Segments, Text
from ..typeface import text_width
from ..types import Array, ByteArray
from .pictures import Window, draw_image
from .shapes import draw_discs, draw_rectangles, draw_segments
from .text import draw_text

Painter: TypeAlias = Callable[[ByteArray, Window], None]

LARGEST_SIDE = 32_768
THREAD_PIXELS = 200_000
"""Windows smaller than this are drawn by one thread: starting another costs more than it saves."""


def rasterize(
    marks: Sequence[Mark],
    size: tuple[int, int],
    ground: Color = (255, 255, 255, 255),
    *,
    scale: float = 1.0,
    threads: int | None = None,
) -> ByteArray:
    """The marks drawn on a ground: (row, column, rgb).

    `size` is (width, height) in logical pixels; both sides of the picture are `scale` times that,
    rounded. The ground's alpha is ignored. Raises `InputError` for a mark with a coordinate that
    is not a finite number, and names the mark; marks outside the frame are simply not seen.
    """
    return Canvas(size, ground, scale=scale, threads=threads).draw(marks)


class Canvas:
    """A frame that is drawn again and again: what did not change is kept.

    Marks are told apart by identity: a view that returns the same mark objects for what stands
    still lets the canvas skip them. `changed` lists the windows (left, top, right, bottom) that
    the last `draw` painted.
    """

    def __init__(
        self,
        size: tuple[int, int],
        ground: Color,
        *,
        scale: float = 1.0,
        threads: int | None = None,
    ) -> None:
        width, height = pixel_size(size, scale)
        self.scale = float(scale)
        self.threads = threads or min(os.cpu_count() or 1, 8)
        self.changed: list[Window] = []
        self._whole: Window = (0, 0, width, height)
        # `frame` is the picture. `base` is the ground with the first marks, those that stand still.
        self._base = np.empty((height, width, 3), np.uint8)
        self._base[:] = ground[:3]
        self._ground = np.asarray(ground[:3], np.uint8)
        self._base_marks: list[Mark] = []
        self._frame = self._base.copy()
        self._marks: list[Mark] = []
        self._first = True

    def draw(self, marks: Sequence[Mark]) -> ByteArray:
        """The frame with these marks: (row, column, rgb), valid until the next call."""
        marks = list(marks)
        for number, mark in enumerate(marks):
            if number >= len(self._marks) or self._marks[number] is not mark:
                check_mark(mark, number)
        same = _common_start(marks, self._marks)
        self.changed = self._changes(marks, same)
        if self.changed:
            self._keep_base(marks, same)
            rest = [self._prepared(mark) for mark in marks[len(self._base_marks) :]]
            for left, top, right, bottom in self.changed:
                window = np.s_[top:bottom, left:right]
                self._frame[window] = self._base[window]
                self._paint(self._frame, rest, (left, top, right, bottom))
        self._marks, self._first = marks, False
        return self._frame

    def _changes(self, marks: list[Mark], same: int) -> list[Window]:
        """Where this frame can differ from the last: disjoint windows."""
        if self._first:
            return [self._whole]
        old, new = self._marks[same:], marks[same:]
        old_ids, new_ids = {id(mark) for mark in old}, {id(mark) for mark in new}
        kept_old = [mark for mark in old if id(mark) in new_ids]
        kept_new = [mark for mark in new if id(mark) in old_ids]
        if len(kept_old) != len(kept_new) or any(
            a is not b for a, b in zip(kept_old, kept_new, strict=True)
        ):
            touched = old + new  # the order changed: what was above may be below now
        else:
            touched = [mark for mark in old if id(mark) not in new_ids]
            touched += [mark for mark in new if id(mark) not in old_ids]
        boxes = [mark_window(mark, self.scale, self._whole) for mark in touched]
        return _disjoint([box for box in boxes if box[0] < box[2] and box[1] < box[3]])

    def _keep_base(self, marks: list[Mark], same: int) -> None:
        """Let the base hold the marks that began both the last frame and this one."""
        held = _common_start(marks, self._base_marks)
        if held < len(self._base_marks):
            self._base[:] = self._ground
            self._base_marks = []
        fresh = [self._prepared(mark) for mark in marks[len(self._base_marks) : same]]
        if fresh:
            self._paint(self._base, fresh, self._whole)
            self._base_marks = marks[:same]

    def _prepared(self, mark: Mark) -> tuple[Window, Painter]:
        return mark_window(mark, self.scale, self._whole), painter(mark, self.scale)

    def _paint(
        self, canvas: ByteArray, painters: Sequence[tuple[Window, Painter]], window: Window
    ) -> None:
        left, top, right, bottom = window
        bands = 1
        if (right - left) * (bottom - top) >= THREAD_PIXELS and painters:
            bands = min(self.threads, bottom - top)
        edges = [top + (bottom - top) * band // bands for band in range(bands + 1)]

        def paint_band(band: int) -> None:
            for box, paint in painters:
                part = _overlap(box, (left, edges[band], right, edges[band + 1]))
                if part[0] < part[2] and part[1] < part[3]:
                    paint(canvas, part)

        if bands == 1:
            paint_band(0)
        else:
            list(_pool(self.threads).map(paint_band, range(bands)))


def pixel_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Width and height in pixels of a picture of that logical size.

    Raises `InputError` for a scale that is not a positive number and `TooLargeError` for sides
    over 32,768 pixels.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise InputError("A scale must be a number above zero", received=f"{scale}")
    width, height = (max(1, math.floor(side * scale + 0.5)) for side in size)
    if max(width, height) > LARGEST_SIDE:
        raise TooLargeError(
            "A picture is too large to draw",
            received=f"{width:,} × {height:,} pixels",
            allowed=f"A side has at most {LARGEST_SIDE:,}",
            do="Choose a smaller scale",
        )
    return width, height


def check_mark(mark: Mark, number: int) -> None:
    """Refuse a mark with a coordinate or size that is not a finite number, by its name."""
    match mark:
        case Discs():
            parts: dict[str, object] = {
                "centers": mark.centers,
                "radii": mark.radii,
                "stroke_widths": mark.stroke_widths,
            }
        case Segments():
            parts = {"ends": mark.ends, "widths": mark.widths}
        case Rectangles():
            parts = {"boxes": mark.boxes, "radii": mark.radii, "stroke_widths": mark.stroke_widths}
        case Image():
            parts = {"box": mark.box}
        case Text():
            parts = {"at": mark.at, "size": mark.size}
    for name, values in parts.items():
        array = np.asarray(values, np.float64)
        finite = np.isfinite(array)
        if not finite.all():
            at = int(np.argwhere(~np.atleast_1d(finite))[0][0])
            what = f"{at} of mark {number}" if array.ndim and mark.kind != "text" else f"{number}"
            raise InputError(
                f"Cannot draw {mark.kind} {what}: its {name} are not all finite numbers",
                received=f"{np.atleast_1d(array)[at].tolist()}",
            )


def painter(mark: Mark, scale: float) -> Painter:
    """A function that draws the mark into a window of a canvas."""
    match mark:
        case Discs():
            discs = (
                _scaled(mark.centers, scale),
                _scaled(mark.radii, scale),
                mark.fill,
                mark.stroke,
                _scaled(mark.stroke_widths, scale),
            )
            return lambda canvas, window: draw_discs(canvas, *discs, *window)
        case Segments():
            segments = _scaled(mark.ends, scale), _scaled(mark.widths, scale), mark.colors
            return lambda canvas, window: draw_segments(canvas, *segments, *window)
        case Rectangles():
            boxes = (
                _scaled(mark.boxes, scale),
                _scaled(mark.radii, scale),
                mark.fill,
                mark.stroke,
                _scaled(mark.stroke_widths, scale),
            )
            return lambda canvas, window: draw_rectangles(canvas, *boxes, *window)
        case Image():
            return lambda canvas, window: draw_image(canvas, mark, scale, window)
        case Text():
            return lambda canvas, window: draw_text(canvas, mark, scale, window)


def mark_window(mark: Mark, scale: float, whole: Window) -> Window:
    """A window that holds all pixels the mark can touch, cut to the canvas."""
    spare = 1.5
    match mark:
        case Discs():
            boxes = np.concatenate(
                [mark.centers - mark.radii[:, None], mark.centers + mark.radii[:, None]], axis=1
            )
        case Segments():
            half = mark.widths[:, None] / 2
            ends = mark.ends
            boxes = np.concatenate(
                [
                    np.minimum(ends[:, :2], ends[:, 2:]) - half,
                    np.maximum(ends[:, :2], ends[:, 2:]) + half,
                ],
                axis=1,
            )
        case Rectangles():
            boxes = np.concatenate(
                [mark.boxes[:, :2], mark.boxes[:, :2] + mark.boxes[:, 2:]], axis=1
            )
        case Image():
            x, y, width, height = mark.box
            boxes = np.array([[x, y, x + width, y + height]])
        case Text():
            width = text_width(mark.string, mark.size, mark.weight, mark.family)
            start = mark.at[0] - {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor] * width
            # No glyph of ours stands out further than this from its line (a test holds it).
            side, above, below = 0.4 * mark.size, 1.3 * mark.size, 0.5 * mark.size
            x, y = start, mark.at[1]
            boxes = np.array([[x - side, y - above, x + width + side, y + below]])
    if len(boxes) == 0:
        return (0, 0, 0, 0)
    low = np.clip(np.floor(boxes[:, :2].min(0) * scale - spare), 0, whole[2:])
    high = np.clip(np.ceil(boxes[:, 2:].max(0) * scale + spare), 0, whole[2:])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _scaled(lengths: Array, scale: float) -> Array:
    return np.ascontiguousarray(lengths, np.float64) * scale


def _common_start(one: Sequence[Mark], other: Sequence[Mark]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a is not b:
            break
        count += 1
    return count


def _overlap(one: Window, other: Window) -> Window:
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _disjoint(boxes: list[Window]) -> list[Window]:
    """Windows that cover the boxes and do not overlap: those that meet become one."""
    apart: list[Window] = []
    for box in boxes:
        merged = box
        while True:
            meeting = [other for other in apart if _meet(merged, other)]
            if not meeting:
                break
            apart = [other for other in apart if other not in meeting]
            for other in meeting:
                merged = (
                    min(merged[0], other[0]),
                    min(merged[1], other[1]),
                    max(merged[2], other[2]),
                    max(merged[3], other[3]),
                )
        apart.append(merged)
    return apart


def _meet(one: Window, other: Window) -> bool:
    part = _overlap(one, other)
    return part[0] < part[2] and part[1] < part[3]


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="layerwise-raster")
