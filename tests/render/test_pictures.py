"""Images: the nearest cell by its stated rule, the mean by exact area, and palettes."""

import numpy as np
import pytest

from layerwise.render.raster import rasterize
from layerwise.scene import Image

SIZE = (48, 36)
GROUND = (20, 40, 60, 255)
RANDOM = np.random.default_rng(5)
BOXES = [
    (0, 0, 48, 36),
    (3, 2, 24, 18),
    (4.5, 3.5, 24, 18),
    (2.3, 1.7, 31.9, 22.2),
    (-10.2, -7, 40, 70),
    (10.1, 9.9, 3.3, 2.2),
    (40, 30, 40.5, 41.5),
]


def cells(rows, columns, channels=4):
    return RANDOM.integers(0, 256, (rows, columns, channels)).astype(np.uint8)


def mixed(ground, color, coverage=1.0):
    """Colours over the ground, before they are rounded."""
    alpha = color[..., 3:] / 255 * coverage
    return ground + (color[..., :3] - ground) * alpha


def nearest(image):
    """The rule in plain NumPy: a pixel takes the cell that its centre falls in."""
    colors = image.colors().astype(float)
    rows, columns = colors.shape[:2]
    x, y, width, height = image.box
    shown = np.tile(np.array(GROUND[:3], float), (SIZE[1], SIZE[0], 1))
    for row in range(SIZE[1]):
        for column in range(SIZE[0]):
            at = (column + 0.5 - x) / width * columns, (row + 0.5 - y) / height * rows
            if 0 <= at[0] < columns and 0 <= at[1] < rows:
                color = colors[int(at[1]), int(at[0])]
                shown[row, column] = mixed(shown[row, column], color)
    return shown


def overlaps(start, cell, count, pixels):
    """How much of each pixel each cell covers: (pixel, cell)."""
    low = start + cell * np.arange(count)
    at = np.arange(pixels)[:, None]
    return np.clip(np.minimum(at + 1, low + cell) - np.maximum(at, low), 0, 1)


def mean(image):
    """Exact box averages in plain NumPy: the parts of each pixel, colours weighted by alpha."""
    colors = image.colors().astype(float)
    x, y, width, height = image.box
    across = overlaps(x, width / colors.shape[1], colors.shape[1], SIZE[0])
    down = overlaps(y, height / colors.shape[0], colors.shape[0], SIZE[1])
    alpha = colors[:, :, 3] / 255
    covered = down @ alpha @ across.T
    ground = np.array(GROUND[:3], float)
    parts = [down @ (colors[:, :, channel] * alpha) @ across.T for channel in range(3)]
    return np.stack(parts, axis=2) + ground * (1 - covered[:, :, None])


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("shape", [(9, 12), (18, 24), (1, 1), (5, 7), (90, 130)])
def test_nearest_takes_the_cell_under_the_centre(box, shape):
    image = Image(box, cells(*shape))
    ours = rasterize([image], SIZE, GROUND)
    assert np.abs(ours - nearest(image)).max() <= 0.501


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("shape", [(9, 12), (18, 24), (1, 1), (5, 7), (90, 130)])
def test_area_is_the_mean_of_what_a_pixel_covers(box, shape):
    image = Image(box, cells(*shape), sampling="area")
    ours = rasterize([image], SIZE, GROUND)
    assert np.abs(ours - mean(image)).max() <= 0.51


@pytest.mark.parametrize("sampling", ["nearest", "area"])
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("box", BOXES)
def test_indices_into_a_palette_are_the_colours_themselves(box, opaque, sampling):
    palette = cells(1, 200)[0]
    if opaque:
        palette[:, 3] = 255
    indices = RANDOM.integers(0, 200, (18, 24)).astype(np.uint8)
    indexed = rasterize([Image(box, indices, palette, sampling)], SIZE, GROUND)
    direct = rasterize([Image(box, palette[indices], sampling=sampling)], SIZE, GROUND)
    np.testing.assert_array_equal(indexed, direct)


@pytest.mark.parametrize("times", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("sampling", ["nearest", "area"])
def test_whole_number_magnification_is_exact(times, sampling):
    pixels = cells(5, 6, 3)
    image = Image((3, 1, 6 * times, 5 * times), pixels, sampling=sampling)
    ours = rasterize([image], SIZE, GROUND)
    exact = np.repeat(np.repeat(pixels, times, 0), times, 1)
    here = ours[1 : 1 + 5 * times, 3 : 3 + 6 * times]
    np.testing.assert_array_equal(here, exact[: here.shape[0], : here.shape[1]])
    ours[1 : 1 + 5 * times, 3 : 3 + 6 * times] = GROUND[:3]
    assert (ours == GROUND[:3]).all()


@pytest.mark.parametrize("times", [1, 2, 3, 5])
@pytest.mark.parametrize("corner", [(0, 0), (4, 3), (-3, -2)])
@pytest.mark.parametrize("opaque", [True, False])
def test_whole_number_magnification_of_a_palette_is_exact(times, corner, opaque):
    palette = cells(1, 256)[0]
    palette[:, 3] = 255 if opaque else palette[:, 3]
    indices = RANDOM.integers(0, 256, (11, 14)).astype(np.uint8)
    image = Image((*corner, 14 * times, 11 * times), indices, palette)
    ours = rasterize([image], SIZE, GROUND)
    assert np.abs(ours - nearest(image)).max() <= 0.501
    parts = [rasterize([image], SIZE, GROUND, threads=threads) for threads in (1, 3)]
    np.testing.assert_array_equal(*parts)


def test_an_index_past_the_palette_is_clear():
    image = Image((0, 0, 48, 36), np.full((2, 2), 7, np.uint8), cells(1, 7)[0])
    assert (rasterize([image], SIZE, GROUND) == GROUND[:3]).all()


def test_averaging_one_colour_gives_that_colour():
    for color in ((0, 0, 0), (255, 255, 255), (1, 128, 254)):
        pixels = np.full((100, 133, 3), color, np.uint8)
        shown = rasterize([Image((0, 0, 48, 36), pixels, sampling="area")], SIZE, GROUND)
        assert (shown == color).all()
