"""A turned grid of cells as a picture: the faces towards the viewer, the farthest first.

The projection is orthographic. A grid (slice, row, column) stands with columns to the right, rows
downwards and slices away from a viewer at turn 0; the viewer walks around its upright axis by
`turn` and looks down on it from `height` (both in degrees). Cells are cubes of side 1.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...compiled import compiled
from ...types import Array, ByteArray, FloatArray

EMPTY: Final = 65535
"""The code of a cell that is not there."""
SHADES: Final = (0.74, 1.0, 0.87)
"""How bright faces across columns, rows and slices are: those that look up are the brightest."""
FINER: Final = 2
"""Samples a pixel, across and down."""
SLACK: Final = 1e-6
"""Pixels that faces are wider on each side, so that rounding leaves no gap between two."""
THREADS: Final = 2


@dataclass(frozen=True)
class View:
    """From where a grid is seen, in degrees."""

    turn: float
    height: float

    def axes(self) -> FloatArray:
        """Right, down and into the picture: (right down into, column row slice)."""
        turn, height = math.radians(self.turn), math.radians(self.height)
        sine, cosine = math.sin(turn), math.cos(turn)
        up, level = math.sin(height), math.cos(height)
        return np.array(
            [
                [cosine, 0.0, sine],
                [sine * up, level, -cosine * up],
                [-sine * level, up, cosine * level],
            ]
        )

    def placed(self, points: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
        """Points (point, column row slice) of a grid of that shape, its middle at 0 0.

        Gives (point, right down), in cells.
        """
        middle = np.array(shape[::-1]) / 2
        return np.asarray((points - middle) @ self.axes()[:2].T)


def extent(shape: tuple[int, int, int], height: float) -> tuple[float, float]:
    """Width and height in cells that a grid (slice, row, column) needs at every turn."""
    slices, rows, columns = shape
    diagonal, angle = math.hypot(slices, columns), math.radians(height)
    return diagonal, rows * math.cos(angle) + diagonal * math.sin(angle)


def without_eighth(codes: Array, view: View, position: tuple[int, int, int]) -> Array:
    """The grid (slice, row, column) without the eighth towards the viewer.

    What is left shows the cells of the three planes through `position` (slice, row, column).
    """
    left = codes.copy()
    left[eighth(view, position)] = EMPTY
    return left


def eighth(view: View, position: tuple[int, int, int]) -> tuple[slice, slice, slice]:
    """The slices, rows and columns of the eighth towards the viewer, the position's left out."""
    into = view.axes()[2][::-1]
    slices, rows, columns = (
        slice(at + 1, None) if way < 0 else slice(0, at)
        for at, way in zip(position, into.tolist(), strict=True)
    )
    return slices, rows, columns


def picture(
    codes: Array, palette: ByteArray, view: View, size: tuple[int, int], cell: float
) -> ByteArray:
    """The turned grid as pixels (row, column, rgba), clear where there is no cell.

    `codes` (slice, row, column): places in `palette` (entry, rgb), 65,535 for no cell; `size` is
    (width, height) of the picture, `cell` the side of a cell in its pixels, the grid's middle at
    the picture's. A pixel is the mean of four samples.
    """
    width, height = FINER * size[0], FINER * size[1]
    codes = np.ascontiguousarray(codes, np.uint16)
    faces = np.empty((_count(codes, view.axes()[2]), 5), np.int32)
    _collect(codes, view.axes()[2], faces)
    colors = np.zeros((3 * len(palette) + 1, 4), np.uint8)
    for face, shade in enumerate(SHADES):
        colors[1 + face :: 3, :3] = np.rint(palette[:, :3] * shade)
    colors[1:, 3] = 255
    hits = np.zeros((height, width), np.uint16)
    pixels = np.empty((size[1], size[0], 4), np.uint8)
    corners = _corners(view, codes.shape, FINER * cell, (width, height))
    bands = np.linspace(0, size[1], THREADS + 1).astype(int).tolist()

    def band(first: int, last: int) -> None:
        _draw(faces, corners, hits, FINER * first, FINER * last)
        _mix(hits, colors, pixels, first, last)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(band, bands[:-1], bands[1:]))
    return pixels


def _corners(view: View, shape: tuple[int, ...], cell: float, size: tuple[int, int]) -> FloatArray:
    """How a grid's corner 0 and its three edges lie in a picture: (corner + 3 edges, x y)."""
    across = view.axes()[:2].T * cell  # (column row slice, x y)
    middle = np.array(shape[::-1]) / 2
    corner = np.array(size) / 2 - middle @ across
    return np.concatenate([corner[None], across])


@compiled
def _count(codes: Array, into: Array) -> int:
    return _walk(codes, into, np.empty((0, 5), np.int32))


@compiled
def _collect(codes: Array, into: Array, faces: Array) -> None:
    _walk(codes, into, faces)


@compiled
def _walk(codes: Array, into: Array, faces: Array) -> int:
    """The faces that look at the viewer, from far to near; how many there are.

    `faces` (face, what): column, row and slice of the face's corner, its axis, its code; nothing
    is written where there is no room.
    """
    slices, rows, columns = codes.shape
    step_x, step_y, step_z = _way(into[0]), _way(into[1]), _way(into[2])
    room, found = len(faces), 0
    for k in range(slices):
        z = k if step_z < 0 else slices - 1 - k
        for j in range(rows):
            y = j if step_y < 0 else rows - 1 - j
            for i in range(columns):
                x = i if step_x < 0 else columns - 1 - i
                code = codes[z, y, x]
                if code == EMPTY:
                    continue
                for axis in range(3):
                    nx = x - step_x if axis == 0 else x
                    ny = y - step_y if axis == 1 else y
                    nz = z - step_z if axis == 2 else z
                    if (
                        0 <= nx < columns
                        and 0 <= ny < rows
                        and 0 <= nz < slices
                        and codes[nz, ny, nx] != EMPTY
                    ):
                        continue
                    if room:
                        faces[found, 0] = x + (axis == 0 and step_x < 0)
                        faces[found, 1] = y + (axis == 1 and step_y < 0)
                        faces[found, 2] = z + (axis == 2 and step_z < 0)
                        faces[found, 3] = axis
                        faces[found, 4] = code
                    found += 1
    return found


@compiled
def _way(into: float) -> int:
    return -1 if into < 0 else 1


@compiled
def _draw(faces: Array, corners: Array, hits: Array, first: int, last: int) -> None:
    """Fill the faces into some rows of samples: a sample is 1 + 3 · code + axis, 0 for nothing."""
    width = hits.shape[1]
    for number in range(len(faces)):
        column, row, plane, axis, code = faces[number]
        x = corners[0, 0] + column * corners[1, 0] + row * corners[2, 0] + plane * corners[3, 0]
        y = corners[0, 1] + column * corners[1, 1] + row * corners[2, 1] + plane * corners[3, 1]
        one, two = (2 if axis == 0 else 1), (2 if axis == 2 else 3)
        ax, ay, bx, by = corners[one, 0], corners[one, 1], corners[two, 0], corners[two, 1]
        size = ax * by - ay * bx
        if abs(size) < 1e-9:
            continue  # seen edge on
        top = y + min(0.0, ay) + min(0.0, by)
        bottom = y + max(0.0, ay) + max(0.0, by)
        start = max(int(math.ceil(top - 0.5 - SLACK)), first)
        end = min(int(math.ceil(bottom - 0.5 + SLACK)), last)
        value = 1 + 3 * code + axis
        for line in range(start, end):
            down = line + 0.5 - y
            # Within the face both shares of its edges are 0 to 1; each bounds the line.
            low, high = -1e9, 1e9
            if abs(by) > 1e-12:  # right · by − down · bx = share of the first edge · size
                p, q = down * bx / by, (size + down * bx) / by
                low, high = max(low, min(p, q)), min(high, max(p, q))
            if abs(ay) > 1e-12:  # down · ax − right · ay = share of the second edge · size
                p, q = down * ax / ay, (down * ax - size) / ay
                low, high = max(low, min(p, q)), min(high, max(p, q))
            left = max(int(math.ceil(x + low - 0.5 - SLACK)), 0)
            right = min(int(math.ceil(x + high - 0.5 + SLACK)), width)
            for sample in range(left, right):
                hits[line, sample] = value


@compiled
def _mix(hits: Array, colors: Array, pixels: Array, first: int, last: int) -> None:
    """Pixels of some rows as the mean of their samples."""
    width = pixels.shape[1]
    for i in range(first, last):
        for j in range(width):
            a, b = hits[2 * i, 2 * j], hits[2 * i, 2 * j + 1]
            c, d = hits[2 * i + 1, 2 * j], hits[2 * i + 1, 2 * j + 1]
            if a == b and a == c and a == d:
                for part in range(4):
                    pixels[i, j, part] = colors[a, part]
                continue
            known = int(a > 0) + int(b > 0) + int(c > 0) + int(d > 0)
            for part in range(3):
                total = int(colors[a, part]) + colors[b, part] + colors[c, part] + colors[d, part]
                pixels[i, j, part] = (total + known // 2) // known
            pixels[i, j, 3] = (255 * known + 2) // 4
