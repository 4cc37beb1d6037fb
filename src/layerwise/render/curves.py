"""The kernel for curves: cubic Béziers stroked with round ends, each blended once a pixel.

A curve is cut into short arcs, each a chord with a bow. All of them leave in a sheet of coverage
the most that any gives a pixel, which is what the nearest gives; then the sheet is mixed into the
canvas once. So joints of translucent curves do not show, nor do places where one meets itself.
"""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..types import Array, ByteArray, FloatArray
from .shapes import first_pixel, last_pixel, mix_flat, stroke_of

MOST_BOW = 0.5
"""Pixels that an arc may stand off its chord; what is left between arc and curve is far less."""
FINEST = 4096
"""Parts of a curve beyond which it is cut no further, however large it is."""
DULL = 0.01
"""Pixels of bow below which an arc may turn as sharply as it likes: a cusp has to end somewhere."""


@compiled
def draw_curves(
    canvas: ByteArray,
    points: FloatArray,
    widths: FloatArray,
    colors: ByteArray,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """All points within half a width of a curve; under one pixel, one wide and fainter.

    `points` is (curve, x0 y0 x1 y1 x2 y2 x3 y3). Coverage is that by the distance to the true
    curve within 0.08, and within 0.2 where a curve turns more sharply than its edge can follow;
    curves of more than some 100,000 pixels are drawn less exactly.
    """
    flat, stride = canvas.reshape(-1), canvas.shape[1]
    across = right - left
    sheet = np.zeros(max(across, 0) * max(bottom - top, 0), np.uint8)
    starts = np.full(max(bottom - top, 0), right, np.int64)  # of each row's touched columns
    stops = np.full(max(bottom - top, 0), left, np.int64)
    corners = np.empty((FINEST + 2, 2))
    bows = np.empty(FINEST + 1)
    for index in range(len(widths)):
        strength, radius = stroke_of(widths[index], colors[index, 3])
        if strength == 0:
            continue
        reach = radius + 0.5
        curve = points[index]
        if (
            min(curve[0], curve[2], curve[4], curve[6]) - reach > right
            or max(curve[0], curve[2], curve[4], curve[6]) + reach < left
        ):
            continue
        first = first_pixel(min(curve[1], curve[3], curve[5], curve[7]) - reach - 1, top, bottom)
        last = last_pixel(max(curve[1], curve[3], curve[5], curve[7]) + reach + 1, top, bottom)
        if first >= last:
            continue
        count = cut(curve, reach, corners, bows)
        before = reach
        for piece in range(count):
            x, y = corners[piece, 0], corners[piece, 1]
            dx, dy = corners[piece + 1, 0] - x, corners[piece + 1, 1] - y
            after = reach
            if piece + 1 < count:
                after = overhang(
                    dx,
                    dy,
                    corners[piece + 2, 0] - corners[piece + 1, 0],
                    corners[piece + 2, 1] - corners[piece + 1, 1],
                    reach,
                )
            cover(
                sheet, starts, stops, x, y, dx, dy, bows[piece], before, after, reach,
                left, top, right, bottom,
            )  # fmt: skip
            before = after
        red, green = np.int32(colors[index, 0]), np.int32(colors[index, 1])
        blue = np.int32(colors[index, 2])
        strength /= 255.0
        for row in range(first, last):
            here = np.uint64(row - top)
            touched = np.uint64((row - top) * across + starts[here] - left)
            at = np.uint64(3 * (row * stride + starts[here]))
            for _ in range(starts[here], stops[here]):
                level = sheet[touched]
                if level:
                    sheet[touched] = 0
                    weight = np.int32(level * strength + 0.5)
                    mix_flat(flat, at, red, green, blue, weight)
                touched += np.uint64(1)
                at += np.uint64(3)
            starts[here], stops[here] = right, left


@compiled
def cover(
    sheet: ByteArray,
    starts: Array,
    stops: Array,
    x: float,
    y: float,
    dx: float,
    dy: float,
    bow: float,
    before: float,
    after: float,
    reach: float,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Leave in the sheet what an arc covers, where no other has covered more.

    The arc starts at (x, y), its chord is (dx, dy), `bow` its greatest distance from the chord.
    Up to `before` and `after` beyond its ends it covers as the end itself does: a round one.
    """
    length = math.sqrt(dx * dx + dy * dy)
    ux, uy = (dx / length, dy / length) if length > 1e-9 else (1.0, 0.0)
    bend = 4 * bow / (length * length) if length > 1e-9 else 0.0
    # The box around the arc, along its chord and across it.
    low, high = min(bow, 0.0) - reach, max(bow, 0.0) + reach
    back, front = -before, length + after
    highest = y + min(back * uy, front * uy) + min(low * ux, high * ux)
    lowest = y + max(back * uy, front * uy) + max(low * ux, high * ux)
    rises, leans = abs(uy) > 1e-9, abs(ux) > 1e-9
    side, other_side = (low / uy, high / uy) if rises else (-math.inf, math.inf)
    if side > other_side:
        side, other_side = other_side, side
    tilt = ux / uy if rises else 0.0
    end, other_end = (back / ux, front / ux) if leans else (-math.inf, math.inf)
    if end > other_end:
        end, other_end = other_end, end
    lean = uy / ux if leans else 0.0
    width = right - left
    for row in range(first_pixel(highest, top, bottom), last_pixel(lowest, top, bottom)):
        down = row + 0.5 - y
        start = x + max(down * tilt - other_side, end - down * lean)
        stop = x + min(down * tilt - side, other_end - down * lean)
        if start > stop:
            continue
        first, last = first_pixel(start, left, right), last_pixel(stop, left, right)
        if first >= last:
            continue
        here = np.uint64(row - top)
        starts[here], stops[here] = min(starts[here], first), max(stops[here], last)
        at = np.uint64((row - top) * width + first - left)
        along_0, across_0 = down * uy - (x - 0.5) * ux, down * ux + (x - 0.5) * uy
        for column in range(first, last):
            along, across = along_0 + column * ux, across_0 - column * uy
            rest = length - along
            if along >= 0 and rest >= 0:
                distance = abs(across - along * rest * bend)
            else:
                beyond = -along if along < 0 else -rest
                distance = math.sqrt(across * across + beyond * beyond)
            level = np.int32(min(reach - distance, 1.0) * 255 + 0.5)
            if level > np.int32(sheet[at]):
                sheet[at] = np.uint8(level)
            at += np.uint64(1)


@compiled
def cut(curve: FloatArray, reach: float, corners: FloatArray, bows: FloatArray) -> int:
    """Cut a curve into arcs: their ends into `corners`, their bows into `bows`; how many.

    Depends on the curve alone. Where it bends more, and where it is wider, arcs are shorter.
    """
    # As x = ((ax t + bx) t + cx) t + x0, and y alike.
    cx, cy = 3 * (curve[2] - curve[0]), 3 * (curve[3] - curve[1])
    bx, by = 3 * (curve[4] - curve[2]) - cx, 3 * (curve[5] - curve[3]) - cy
    ax, ay = curve[6] - curve[0] - cx - bx, curve[7] - curve[1] - cy - by
    corners[0, 0], corners[0, 1] = curve[0], curve[1]
    sharpest = min(0.5, math.sqrt(0.2 / reach))  # of a turn: wide strokes show it more
    count, t = 0, 0.0
    while t < 1.0 and count <= FINEST:
        vx, vy = (3 * ax * t + 2 * bx) * t + cx, (3 * ay * t + 2 * by) * t + cy
        wx, wy = 6 * ax * t + 2 * bx, 6 * ay * t + 2 * by
        speed = math.sqrt(vx * vx + vy * vy)
        nx, ny = (-vy / speed, vx / speed) if speed > 1e-9 else (1.0, 1.0)
        step = min(1.0 - t, 0.25)
        while step > 1.0 / FINEST:
            # The bend changes evenly along an arc: its most is at one of the ends.
            far_x, far_y = wx + 6 * ax * step, wy + 6 * ay * step
            bend = max(abs(wx * nx + wy * ny), abs(far_x * nx + far_y * ny))
            bow = 0.125 * bend * step * step
            if bow <= MOST_BOW:
                ex, ey = vx + 0.5 * (wx + far_x) * step, vy + 0.5 * (wy + far_y) * step
                turn = abs(vx * ey - vy * ex)
                if bow <= DULL or turn <= sharpest * (vx * ex + vy * ey):
                    break
                step *= 0.7
            else:
                step = max(math.sqrt(MOST_BOW / bow) * 0.999, 0.5) * step
        step = max(step, 1.0 / FINEST)
        middle, t = t + 0.5 * step, t + step
        if t > 1.0 - 1e-6:
            middle, t = 0.5 * (t - step + 1.0), 1.0
        x, y = corners[count, 0], corners[count, 1]
        mx = ((ax * middle + bx) * middle + cx) * middle + curve[0] - x
        my = ((ay * middle + by) * middle + cy) * middle + curve[1] - y
        end_x, end_y = curve[6], curve[7]
        if t < 1.0:
            end_x = ((ax * t + bx) * t + cx) * t + curve[0]
            end_y = ((ay * t + by) * t + cy) * t + curve[1]
        dx, dy = end_x - x, end_y - y
        squared = dx * dx + dy * dy
        # The bow of the parabola over the chord that goes through the curve's middle.
        part = (mx * dx + my * dy) / squared if squared > 1e-18 else 0.0
        bow = 0.0
        if 0.2 < part < 0.8:
            bow = (my * dx - mx * dy) / (4 * part * (1 - part) * math.sqrt(squared))
        bows[count] = bow
        count += 1
        corners[count, 0], corners[count, 1] = end_x, end_y
    return count


@compiled
def overhang(dx: float, dy: float, next_dx: float, next_dy: float, reach: float) -> float:
    """How far an arc must cover past its end to fill the wedge where the next one turns away."""
    if dx * next_dx + dy * next_dy <= 0:
        return reach
    lengths = math.sqrt((dx * dx + dy * dy) * (next_dx * next_dx + next_dy * next_dy))
    return reach * abs(dx * next_dy - dy * next_dx) / lengths
