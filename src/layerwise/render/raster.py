"""Marks to pixels: our own raster, exact in painter's order and the same on any number of threads.

Colours are mixed in sRGB values, as browsers do, and rounded to 8 bits after every mark. A frame
of a film is drawn by redrawing only where marks came, went or moved; the bytes are those of a
frame drawn whole.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from ..errors import InputError, TooLargeError
from ..scene import Color, Curves, Discs, Image, Mark, Rectangles, Segments, Text
from ..typeface import text_width
from ..types import Array, ByteArray
from .curves import draw_curves
from .pictures import Window, draw_image
from .shapes import draw_discs, draw_rectangles, draw_segments
from .text import draw_text

Painter: TypeAlias = Callable[[ByteArray, Window], None]

LARGEST_SIDE = 32_768
NOWHERE: Window = (0, 0, 0, 0)
SPARE = 1.5  # pixels around a mark: how far its soft edge can reach, and a rest for rounding
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
        # Where each mark of the last frame is and how it is drawn; marks live as long as this.
        self._known: dict[int, tuple[Mark, Window, Painter]] = {}
        self._first = True

    def draw(self, marks: Sequence[Mark]) -> ByteArray:
        """The frame with these marks: (row, column, rgb), valid until the next call."""
        marks = list(marks)
        known = {}
        for number, mark in enumerate(marks):
            entry = self._known.get(id(mark))
            if entry is None:
                check_mark(mark, number)
                window = mark_window(mark, self.scale, self._whole)
                entry = mark, window, painter(mark, self.scale)
            known[id(mark)] = entry
        same = _common_start(marks, self._marks)
        self.changed = self._changes(marks, same, {**self._known, **known})
        if self.changed:
            self._keep_base([known[id(mark)] for mark in marks], same)
            self._first = True  # until all is drawn: a mark may be refused half way
            rest = [known[id(mark)] for mark in marks[len(self._base_marks) :]]
            for left, top, right, bottom in self.changed:
                here = np.s_[top:bottom, left:right]
                self._frame[here] = self._base[here]
                self._paint(self._frame, rest, (left, top, right, bottom))
        self._marks, self._known, self._first = marks, known, False
        return self._frame

    def _changes(
        self, marks: list[Mark], same: int, known: Mapping[int, tuple[Mark, Window, Painter]]
    ) -> list[Window]:
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
        boxes = [known[id(mark)][1] for mark in touched]
        return _disjoint([box for box in boxes if box[0] < box[2] and box[1] < box[3]])

    def _keep_base(self, entries: Sequence[tuple[Mark, Window, Painter]], same: int) -> None:
        """Let the base hold the marks that began both the last frame and this one."""
        marks = [mark for mark, _, _ in entries]
        held = _common_start(marks, self._base_marks)
        if self._first or held < len(self._base_marks):
            self._base[:] = self._ground
            self._base_marks = []
        fresh = entries[len(self._base_marks) : same]
        if fresh:
            self._first = True  # until the base is whole again
            self._paint(self._base, fresh, self._whole)
            self._base_marks = marks[:same]

    def _paint(
        self,
        canvas: ByteArray,
        painters: Sequence[tuple[Mark, Window, Painter]],
        window: Window,
    ) -> None:
        left, top, right, bottom = window
        bands = 1
        if (right - left) * (bottom - top) >= THREAD_PIXELS and painters:
            bands = min(self.threads, bottom - top)
        edges = [top + (bottom - top) * band // bands for band in range(bands + 1)]

        def paint_band(band: int) -> None:
            above, below = edges[band], edges[band + 1]
            for _, box, paint in painters:
                if box[0] < right and left < box[2] and box[1] < below and above < box[3]:
                    part = (
                        max(box[0], left), max(box[1], above),
                        min(box[2], right), min(box[3], below),
                    )  # fmt: skip
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
        case Curves():
            parts = {"points": mark.points, "widths": mark.widths}
        case Rectangles():
            parts = {"boxes": mark.boxes, "radii": mark.radii, "stroke_widths": mark.stroke_widths}
        case Image():
            parts = {"box": mark.box}
        case Text():
            parts = {"at": mark.at, "size": mark.size}
    for name, values in parts.items():
        finite = np.isfinite(values)  # type: ignore[call-overload]
        if finite.all():
            continue
        which, shown = "", values
        if isinstance(values, np.ndarray):
            at = int(np.argwhere(~finite)[0][0])
            which, shown = f", number {at}", values[at].tolist()
        raise InputError(
            f"Cannot draw mark {number} ({mark.kind}{which}): its {name} must be finite",
            received=f"{shown}",
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
        case Curves():
            curves = _scaled(mark.points, scale), _scaled(mark.widths, scale), mark.colors
            return lambda canvas, window: draw_curves(canvas, *curves, *window)
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
    match mark:
        case Discs():
            if len(mark.radii) == 0:
                return NOWHERE
            reach = mark.radii[:, None]
            low, high = (mark.centers - reach).min(0), (mark.centers + reach).max(0)
            edges = (*low.tolist(), *high.tolist())
        case Segments():
            if len(mark.widths) == 0:
                return NOWHERE
            half = mark.widths[:, None] / 2
            one, other = mark.ends[:, :2], mark.ends[:, 2:]
            low = (np.minimum(one, other) - half).min(0)
            high = (np.maximum(one, other) + half).max(0)
            edges = (*low.tolist(), *high.tolist())
        case Curves():
            if len(mark.widths) == 0:
                return NOWHERE
            # A curve never leaves the hull of its four points.
            half, points = mark.widths[:, None] / 2, mark.points.reshape(-1, 4, 2)
            low, high = (points.min(1) - half).min(0), (points.max(1) + half).max(0)
            edges = (*low.tolist(), *high.tolist())
        case Rectangles():
            if len(mark.radii) == 0:
                return NOWHERE
            low = mark.boxes[:, :2].min(0)
            high = (mark.boxes[:, :2] + mark.boxes[:, 2:]).max(0)
            edges = (*low.tolist(), *high.tolist())
        case Image():
            x, y, width, height = mark.box
            edges = (x, y, x + width, y + height)
        case Text():
            width = text_width(mark.string, mark.size, mark.weight, mark.family)
            start = mark.at[0] - {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor] * width
            # No glyph of ours stands out further than this from its line (a test holds it).
            side, above, below = 0.4 * mark.size, 1.3 * mark.size, 0.5 * mark.size
            y = mark.at[1]
            edges = (start - side, y - above, start + width + side, y + below)
    right, bottom = whole[2:]
    return (
        math.floor(min(max(edges[0] * scale - SPARE, 0), right)),
        math.floor(min(max(edges[1] * scale - SPARE, 0), bottom)),
        math.ceil(min(max(edges[2] * scale + SPARE, 0), right)),
        math.ceil(min(max(edges[3] * scale + SPARE, 0), bottom)),
    )


def _scaled(lengths: Array, scale: float) -> Array:
    return np.ascontiguousarray(lengths, np.float64) * scale


def _common_start(one: Sequence[Mark], other: Sequence[Mark]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a is not b:
            break
        count += 1
    return count


def _disjoint(boxes: list[Window]) -> list[Window]:
    """Windows that cover the boxes and do not overlap: those that meet become one."""
    apart: list[Window] = []
    for box in boxes:
        left, top, right, bottom = box
        while True:
            meeting = [
                other for other in apart
                if left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            ]  # fmt: skip
            if not meeting:
                break
            apart = [other for other in apart if other not in meeting]
            left, right = min(left, *(o[0] for o in meeting)), max(right, *(o[2] for o in meeting))
            top, bottom = min(top, *(o[1] for o in meeting)), max(bottom, *(o[3] for o in meeting))
        apart.append((left, top, right, bottom))
    return apart


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="layerwise-raster")
