"""Kernels for images: each pixel the nearest cell's colour, or the mean of the cells it covers.

Source cells are packed colours (red in the lowest byte, alpha in the highest), or indices into a
table of such colours. As in `shapes`, a pixel does not depend on the clip window.
"""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled
from ..scene import Image
from ..types import Array, ByteArray, Float32Array, IntArray
from .shapes import first_pixel, last_pixel

Window = tuple[int, int, int, int]
NO_TABLE = np.zeros(0, np.uint32)


def draw_image(canvas: ByteArray, image: Image, scale: float, window: Window) -> None:
    """Draw an image mark into the window of the canvas."""
    cells, table = packed_cells(image)
    rows, columns = cells.shape
    x, y, width, height = (side * scale for side in image.box)
    if rows == 0 or columns == 0 or width <= 0 or height <= 0:
        return
    draw = draw_nearest if image.sampling == "nearest" else draw_area
    draw(canvas, cells, table, x, y, width, height, *window)


def packed_cells(image: Image) -> tuple[Array, Array]:
    """The cells of an image as kernels read them, and the table of colours they point into.

    Indices past the palette's end show as clear.
    """
    pixels = np.ascontiguousarray(image.pixels)
    if image.palette is not None:
        table = np.zeros(256, np.uint32)
        colors = np.ascontiguousarray(image.palette[:256]).view(np.uint32)
        table[: len(colors)] = colors.ravel()
        return _read_only(pixels), table
    if pixels.shape[2] == 3:
        pixels = image.colors()
    return _read_only(pixels.view(np.uint32)[:, :, 0]), NO_TABLE


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False  # one array type, so that each kernel is compiled once
    return view


@compiled
def draw_nearest(
    canvas: ByteArray,
    cells: Array,
    table: Array,
    x: float,
    y: float,
    width: float,
    height: float,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Each pixel whose centre is in the box gets the colour of the cell that it falls in."""
    rows, columns = cells.shape
    first_column, end_column = first_pixel(x, left, right), first_pixel(x + width, left, right)
    first_row, end_row = first_pixel(y, top, bottom), first_pixel(y + height, top, bottom)
    if end_column <= first_column:
        return
    source_column = np.empty(end_column - first_column, np.int64)
    for column in range(first_column, end_column):
        at = int(math.floor((column + 0.5 - x) / width * columns))
        source_column[column - first_column] = min(max(at, 0), columns - 1)
    before = -1  # the source row of the row above, where that row holds nothing but this image
    for row in range(first_row, end_row):
        source_row = min(max(int(math.floor((row + 0.5 - y) / height * rows)), 0), rows - 1)
        if source_row == before:
            for column in range(first_column, end_column):
                for channel in range(3):
                    canvas[row, column, channel] = canvas[row - 1, column, channel]
            continue
        opaque = True
        for column in range(first_column, end_column):
            cell = int(cells[source_row, source_column[column - first_column]])
            color = int(table[cell]) if len(table) > 0 else cell
            alpha = color >> 24
            if alpha == 255:
                canvas[row, column, 0] = color & 255
                canvas[row, column, 1] = (color >> 8) & 255
                canvas[row, column, 2] = (color >> 16) & 255
            else:
                opaque = False
                weight = int(alpha * 65536 / 255.0 + 0.5)
                for channel in range(3):
                    old = int(canvas[row, column, channel])
                    new = (color >> (8 * channel)) & 255
                    canvas[row, column, channel] = old + (((new - old) * weight + 32768) >> 16)
        before = source_row if opaque else -1


@compiled
def span_weights(
    start: float, cell: float, cells: int, first: int, stop: int
) -> tuple[IntArray, IntArray, Float32Array]:
    """Which cells each pixel of first … stop covers: the first, how many, and how much of each.

    `start` is the edge of cell 0 in pixels, `cell` the length of one. Weights are parts of the
    pixel, (pixel, cell): their sum is 1 but at the ends of the picture.
    """
    most = int(math.ceil(min(1.0 / cell, cells))) + 2
    firsts = np.zeros(stop - first, np.int64)
    counts = np.zeros(stop - first, np.int64)
    weights = np.zeros((stop - first, most), np.float32)
    for pixel in range(first, stop):
        low = min(max((pixel - start) / cell, 0.0), cells)
        high = min(max((pixel + 1 - start) / cell, 0.0), cells)
        at = int(math.floor(low))
        firsts[pixel - first] = at
        while at < high and counts[pixel - first] < most:
            part = (min(at + 1.0, high) - max(float(at), low)) * cell
            weights[pixel - first, counts[pixel - first]] = part
            counts[pixel - first] += 1
            at += 1
    return firsts, counts, weights


@compiled
def draw_area(
    canvas: ByteArray,
    cells: Array,
    table: Array,
    x: float,
    y: float,
    width: float,
    height: float,
    left: int,
    top: int,
    right: int,
    bottom: int,
) -> None:
    """Each pixel gets the mean colour of the cells under it, by exact area (a box filter)."""
    rows, columns = cells.shape
    first_column = first_pixel(x - 0.5, left, right)
    end_column = last_pixel(x + width + 0.5, left, right)
    first_row = first_pixel(y - 0.5, top, bottom)
    end_row = last_pixel(y + height + 0.5, top, bottom)
    if end_column <= first_column or end_row <= first_row:
        return
    column_at, column_count, column_weight = span_weights(
        x, width / columns, columns, first_column, end_column
    )
    row_at, row_count, row_weight = span_weights(y, height / rows, rows, first_row, end_row)
    low = column_at[0]
    high = column_at[-1] + column_count[-1]
    if high <= low:
        return
    # Sums down the rows, of colours weighted by alpha, and of alpha; one channel a row.
    sums = np.zeros((4, high - low), np.float32)
    for row in range(first_row, end_row):
        sums[:] = 0
        for step in range(row_count[row - first_row]):
            weight = row_weight[row - first_row, step]
            source = cells[row_at[row - first_row] + step]
            for at in range(low, high):
                cell = int(source[at])
                color = int(table[cell]) if len(table) > 0 else cell
                alpha = weight * np.float32(color >> 24)
                sums[0, at - low] += alpha * np.float32(color & 255)
                sums[1, at - low] += alpha * np.float32((color >> 8) & 255)
                sums[2, at - low] += alpha * np.float32((color >> 16) & 255)
                sums[3, at - low] += alpha
        for column in range(first_column, end_column):
            red, green, blue, alpha = (np.float32(0), np.float32(0), np.float32(0), np.float32(0))
            begin = column_at[column - first_column] - low
            for step in range(column_count[column - first_column]):
                weight = column_weight[column - first_column, step]
                red += weight * sums[0, begin + step]
                green += weight * sums[1, begin + step]
                blue += weight * sums[2, begin + step]
                alpha += weight * sums[3, begin + step]
            rest = max(np.float32(255) - alpha, np.float32(0))
            share = np.float32(1 / 255)
            half = np.float32(0.5)
            canvas[row, column, 0] = int((red + canvas[row, column, 0] * rest) * share + half)
            canvas[row, column, 1] = int((green + canvas[row, column, 1] * rest) * share + half)
            canvas[row, column, 2] = int((blue + canvas[row, column, 2] * rest) * share + half)
