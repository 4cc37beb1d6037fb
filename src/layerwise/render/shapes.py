"""Kernels for discs, segments and rectangles: coverage of a pixel, mixed into 8-bit sRGB.

Every kernel works on a clip window of the canvas (left, top, right, bottom; the last two
exclusive). What a pixel becomes depends on the mark and the pixel alone, never on the window, so
that a picture drawn in parts, or by several threads, has the same bytes as one drawn whole.
Coverage is that of a straight edge at the pixel's distance: clamp(½ − signed distance).
"""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import ByteArray, FloatArray


@compiled
def mix(canvas: ByteArray, row: int, column: int, color: ByteArray, weight: int) -> None:
    """Move a pixel towards a colour by weight / 65,536, rounded to the nearest level."""
    for channel in range(3):
        old = int(canvas[row, column, channel])
        canvas[row, column, channel] = old + (((int(color[channel]) - old) * weight + 32768) >> 16)


@compiled
def first_pixel(low: float, start: int, stop: int) -> int:
    """The first pixel of start … stop whose centre is at `low` or past it; `stop` if none is."""
    return int(math.ceil(min(max(low - 0.5, start), stop)))


@compiled
def last_pixel(high: float, start: int, stop: int) -> int:
    """One past the last pixel of start … stop whose centre is not past `high`."""
    return int(math.floor(min(max(high - 0.5, start - 1), stop - 1))) + 1


@compiled
def paint(
    canvas: ByteArray,
    row: int,
    column: int,
    outer: float,
    inner: float,
    fill: ByteArray,
    stroke: ByteArray,
) -> None:
    """A pixel `outer` of which a filled shape covers, and all of that but `inner` its rim.

    The parts of the pixel are composed each for itself and averaged by area, so that no fill
    shines through at the edge of an opaque rim.
    """
    rim = outer - inner
    over_fill = stroke[3] * rim / 255.0
    of_fill = (fill[3] / 255.0) * (outer - over_fill)
    rest = 1.0 - over_fill - of_fill
    for channel in range(3):
        canvas[row, column, channel] = int(
            canvas[row, column, channel] * rest
            + fill[channel] * of_fill
            + stroke[channel] * over_fill
            + 0.5
        )


@compiled
def stroke_of(width: float, alpha: int) -> tuple[float, float]:
    """Strength, of 65,536, and radius of a stroke; under one pixel wide, one wide and fainter."""
    if width <= 0:
        return 0.0, 0.5
    strength = alpha * 65536 / 255.0
    return (strength * width, 0.5) if width < 1 else (strength, 0.5 * width)


@compiled
def draw_discs(
    canvas: ByteArray,
    centers: FloatArray,
    radii: FloatArray,
    fill: ByteArray,
    stroke: ByteArray,
    stroke_widths: FloatArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Discs with a rim inside their edge; under one pixel wide, one wide and fainter by area."""
    for index in range(len(radii)):
        radius, faint = radii[index], 1.0
        if radius <= 0 or (fill[index, 3] == 0 and stroke[index, 3] == 0):
            continue
        if radius < 0.5:
            radius, faint = 0.5, 4.0 * radius * radius
        hole = radius - max(stroke_widths[index], 0.0)
        x, y, reach = centers[index, 0], centers[index, 1], radius + 0.5
        for row in range(first_pixel(y - reach, top, bottom), last_pixel(y + reach, top, bottom)):
            dy = row + 0.5 - y
            half = math.sqrt(max(reach * reach - dy * dy, 0.0))
            for column in range(
                first_pixel(x - half, left, right), last_pixel(x + half, left, right)
            ):
                dx = column + 0.5 - x
                distance = math.sqrt(dx * dx + dy * dy)
                outer = min(max(radius + 0.5 - distance, 0.0), 1.0)
                inner = outer
                if hole < radius:
                    inner = min(max(hole + 0.5 - distance, 0.0), 1.0) if hole > 0 else 0.0
                if outer > 0:
                    paint(
                        canvas,
                        row,
                        column,
                        outer * faint,
                        inner * faint,
                        fill[index],
                        stroke[index],
                    )


@compiled
def draw_segments(
    canvas: ByteArray,
    ends: FloatArray,
    widths: FloatArray,
    colors: ByteArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Capsules: all points within half a width of a line; under one pixel, one wide and fainter."""
    flat, stride = canvas.reshape(-1), canvas.shape[1]
    for index in range(len(widths)):
        strength, radius = stroke_of(widths[index], colors[index, 3])
        if strength == 0:
            continue
        reach = radius + 0.5
        x0, y0, x1, y1 = ends[index, 0], ends[index, 1], ends[index, 2], ends[index, 3]
        length = math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
        ux, uy = ((x1 - x0) / length, (y1 - y0) / length) if length > 1e-9 else (1.0, 0.0)
        rises, leans = abs(uy) > 1e-9, abs(ux) > 1e-9
        # Along a row, the band around the line is so wide, and moves so far from row to row …
        band, shift = (reach / abs(uy), ux / uy) if rises else (math.inf, 0.0)
        # … and so do the two cuts across the line at its ends.
        span, slide = (length / ux, -uy / ux) if leans else (math.inf, 0.0)
        red, green = np.int32(colors[index, 0]), np.int32(colors[index, 1])
        blue = np.int32(colors[index, 2])
        for row in range(
            first_pixel(min(y0, y1) - reach, top, bottom),
            last_pixel(max(y0, y1) + reach, top, bottom),
        ):
            dy0, dy1 = row + 0.5 - y0, row + 0.5 - y1
            # The shape is convex: its part of a row is one span, the union of both round ends
            # and of the straight part between them.
            start, stop = dy0 * shift - band, dy0 * shift + band
            if leans:
                cut, other = dy0 * slide, dy0 * slide + span
                if cut > other:
                    cut, other = other, cut
                start, stop = max(start, cut), min(stop, other)
            elif not 0 <= dy0 * uy <= length:
                stop = -math.inf
            low, high = math.inf, -math.inf
            if start <= stop:
                low, high = x0 + start, x0 + stop
            if abs(dy0) < reach:
                half = math.sqrt(reach * reach - dy0 * dy0)
                low, high = min(low, x0 - half), max(high, x0 + half)
            if abs(dy1) < reach:
                half = math.sqrt(reach * reach - dy1 * dy1)
                low, high = min(low, x1 - half), max(high, x1 + half)
            first, end = first_pixel(low, left, right), last_pixel(high, left, right)
            straight, bent = end, end  # columns of the straight part: straight … bent − 1
            if start <= stop:
                straight = max(first_pixel(x0 + start, left, right), first)
                bent = min(last_pixel(x0 + stop, left, right), end)
                if straight >= bent:
                    straight = bent = end
            column = first
            while column < end:
                if column == straight:
                    level = dy0 * ux + (x0 - 0.5) * uy
                    at = np.uint64(3 * (row * stride + straight))
                    for inside in range(straight, bent):
                        coverage = min(reach - abs(level - inside * uy), 1.0)
                        weight = np.int32(coverage * strength + 0.5)
                        mix_flat(flat, at, red, green, blue, weight)
                        at += np.uint64(3)
                    column = bent
                    continue
                dx = column + 0.5 - x0
                along = dx * ux + dy0 * uy
                across = dy0 * ux - dx * uy
                beyond = -along if along < 0 else max(along - length, 0.0)
                coverage = min(reach - math.sqrt(across * across + beyond * beyond), 1.0)
                if coverage > 0:
                    weight = np.int32(coverage * strength + 0.5)
                    at = np.uint64(3 * (row * stride + column))
                    mix_flat(flat, at, red, green, blue, weight)
                column += 1


@compiled
def mix_flat(
    flat: ByteArray,
    at: np.uint64,
    red: np.int32,
    green: np.int32,
    blue: np.int32,
    weight: np.int32,
) -> None:
    """The same as `mix` for the pixel whose red is at that place of a flat canvas, and faster."""
    half, places = np.int32(32768), np.int32(16)
    old = np.int32(flat[at])
    flat[at] = np.uint8(old + (((red - old) * weight + half) >> places))
    at += np.uint64(1)
    old = np.int32(flat[at])
    flat[at] = np.uint8(old + (((green - old) * weight + half) >> places))
    at += np.uint64(1)
    old = np.int32(flat[at])
    flat[at] = np.uint8(old + (((blue - old) * weight + half) >> places))


@compiled
def box_coverage(
    x: float, y: float, left: float, top: float, right: float, bottom: float, radius: float
) -> float:
    """How much of the pixel with its centre at (x, y) a box with round corners covers."""
    from_left, from_right = x - left, right - x
    from_top, from_bottom = y - top, bottom - y
    aside, above = min(from_left, from_right), min(from_top, from_bottom)
    if radius > 0 and aside < radius and above < radius:
        dx, dy = radius - aside, radius - above
        return min(max(radius + 0.5 - math.sqrt(dx * dx + dy * dy), 0.0), 1.0)
    width = min(from_left, 0.5) + min(from_right, 0.5)
    height = min(from_top, 0.5) + min(from_bottom, 0.5)
    return max(width, 0.0) * max(height, 0.0)


@compiled
def draw_rectangles(
    canvas: ByteArray,
    boxes: FloatArray,
    radii: FloatArray,
    fill: ByteArray,
    stroke: ByteArray,
    stroke_widths: FloatArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Boxes with round corners and a rim inside their edge; straight edges cover by exact area."""
    for index in range(len(radii)):
        x0, y0 = boxes[index, 0], boxes[index, 1]
        x1, y1 = x0 + boxes[index, 2], y0 + boxes[index, 3]
        if x1 <= x0 or y1 <= y0 or (fill[index, 3] == 0 and stroke[index, 3] == 0):
            continue
        radius = min(max(radii[index], 0.0), 0.5 * (x1 - x0), 0.5 * (y1 - y0))
        if radius < 0.5:
            radius = 0.0
        rim = max(stroke_widths[index], 0.0) if stroke[index, 3] > 0 else 0.0
        hollow = 2 * rim >= min(x1 - x0, y1 - y0)  # the rim leaves nothing of the inside
        # Pixels in here are covered whole and touch neither corner nor rim.
        inset = max(radius, rim + max(radius - rim, 0.0)) + 1.0
        calm_left = first_pixel(x0 + max(inset, 0.0), left, right)
        calm_right = max(last_pixel(x1 - max(inset, 0.0), left, right), calm_left)
        calm_top, calm_bottom = y0 + rim + 1.0, y1 - rim - 1.0
        weight = int(fill[index, 3] * 65536 / 255.0 + 0.5)
        columns = first_pixel(x0 - 0.5, left, right), last_pixel(x1 + 0.5, left, right)
        for row in range(first_pixel(y0 - 0.5, top, bottom), last_pixel(y1 + 0.5, top, bottom)):
            y = row + 0.5
            calm = not hollow and calm_top < y < calm_bottom
            column = columns[0]
            while column < columns[1]:
                if calm and column == calm_left and calm_left < calm_right:
                    for inside in range(calm_left, calm_right):
                        mix(canvas, row, inside, fill[index], weight)
                    column = calm_right
                    continue
                x = column + 0.5
                outer = box_coverage(x, y, x0, y0, x1, y1, radius)
                inner = outer
                if hollow:
                    inner = 0.0
                elif rim > 0:
                    inner = box_coverage(
                        x, y, x0 + rim, y0 + rim, x1 - rim, y1 - rim, max(radius - rim, 0.0)
                    )
                    inner = min(inner, outer)
                if outer > 0:
                    paint(canvas, row, column, outer, inner, fill[index], stroke[index])
                column += 1
