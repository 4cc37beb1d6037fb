"""Curves as pixels: the distance to the true curve, and each pixel blended once."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw

from layerwise.render.raster import painter, rasterize
from layerwise.scene import Curves, Segments

SIZE = (160, 120)
BLACK, WHITE = (0, 0, 0, 255), (255, 255, 255, 255)
GENTLE = [
    (10, 20, 80, 20, 80, 100, 150, 100),
    (10.3, 100.7, 60.2, 100.7, 90, 15.4, 149.1, 15.4),
    (12, 60, 60, 60, 100, 60, 148, 60),
    (80, 8, 80, 40, 80, 90, 80, 112),
    (20, 100, 20, 0, 140, 0, 140, 100),
    (5, 30, 70, 30, 90, 45, 155, 45),
]
SHARP = [
    (20, 100, 190, 0, -30, 0, 140, 100),  # a loop
    (30, 20, 130, 110, 130, 110, 30, 21),  # there and back
    (80, 60, 80, 60, 80, 60, 80, 60),  # a point
    (20, 60, 20, 60, 140, 60, 140, 60),  # control points on the ends
    (30, 100, 150, 10, 10, 10, 130, 100),  # almost a cusp
    (40, 40, 48, 30, 32, 30, 41, 41),  # tighter than its stroke
]


def points_of(curve, count):
    """Points of a Bézier curve by its definition: (point, xy)."""
    t = np.linspace(0, 1, count)[:, None]
    corners = np.float32(curve).astype(float).reshape(4, 2)
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return sum(weight * corner for weight, corner in zip(weights, corners, strict=True))


def promised(curve, width):
    """The coverage by the distance to 2,000 pieces of the curve: (row, column), 0 to 1."""
    chain = points_of(curve, 2001)
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    nearest = np.full(x.shape, np.inf)
    for (x0, y0), (x1, y1) in pairwise(chain):
        squared = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / squared if squared else 0
        along = np.clip(along, 0, 1)
        distance = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        nearest = np.minimum(nearest, distance)
    return np.clip(width / 2 + 0.5 - nearest, 0, 1)


def drawn(*marks, scale=1.0):
    """White marks on black as coverage, 0 to 1."""
    return rasterize(marks, SIZE, BLACK, scale=scale)[:, :, 0] / 255


def psnr(one, other):
    return 10 * np.log10(1 / max(np.mean((one - other) ** 2), 1e-12))


@pytest.mark.parametrize("width", [1.0, 3.6, 9.0])
@pytest.mark.parametrize("curve", GENTLE)
def test_a_curve_covers_by_the_distance_to_it(curve, width):
    ours, exact = drawn(Curves([curve], [width], WHITE)), promised(curve, width)
    assert np.abs(ours - exact).max() <= 0.08
    assert psnr(ours, exact) >= 45
    moved = promised(np.array(curve) + 0.25, width)
    assert psnr(ours, moved) < 40  # it can fail


@pytest.mark.parametrize("width", [1.0, 3.6, 9.0])
@pytest.mark.parametrize("curve", SHARP)
def test_sharp_turns_loops_and_points(curve, width):
    ours, exact = drawn(Curves([curve], [width], WHITE)), promised(curve, width)
    assert np.abs(ours - exact).max() <= 0.2
    assert psnr(ours, exact) >= 40


@pytest.mark.parametrize("curve", GENTLE[:2])
def test_pillow_draws_the_same_curve(curve):
    fine, width = 16, 3.0
    picture = Pictures.new("L", (SIZE[0] * fine, SIZE[1] * fine))
    pen = ImageDraw.Draw(picture)
    for x, y in points_of(curve, 4001) * fine:
        radius = width * fine / 2
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    theirs = np.asarray(picture).reshape(SIZE[1], fine, SIZE[0], fine).mean((1, 3)) / 255
    ours = drawn(Curves([curve], [width], WHITE))
    assert psnr(ours, theirs) >= 35
    assert psnr(np.roll(ours, 1, axis=0), theirs) < 25  # it can fail


def test_a_translucent_curve_is_blended_once_wherever_it_meets_itself():
    for curve in (*GENTLE, *SHARP):
        whole = rasterize([Curves([curve], [6], WHITE)], SIZE, BLACK)[:, :, 0]
        faint = rasterize([Curves([curve], [6], (255, 255, 255, 100))], SIZE, BLACK)[:, :, 0]
        assert faint.max() == 100
        np.testing.assert_allclose(faint, whole * (100 / 255), atol=0.51)


def test_two_curves_are_blended_one_after_the_other():
    faint = (255, 255, 255, 100)
    one, other = (Curves([curve], [6], faint) for curve in GENTLE[:2])
    both = Curves(GENTLE[:2], [6], faint)
    np.testing.assert_array_equal(
        rasterize([both], SIZE, BLACK), rasterize([one, other], SIZE, BLACK)
    )
    assert rasterize([both], SIZE, BLACK).max() > 150


@pytest.mark.parametrize("width", [0.05, 0.4, 0.99])
def test_under_a_pixel_it_is_one_pixel_wide_and_fainter(width):
    one = drawn(Curves([GENTLE[0]], [1.0], WHITE))
    thin = drawn(Curves([GENTLE[0]], [width], WHITE))
    np.testing.assert_allclose(thin, one * width, atol=1.01 / 255)


def test_a_straight_curve_is_a_segment():
    curve = Curves([(20, 15, 50, 35, 110, 75, 140, 95)], [4], WHITE)
    segment = Segments([(20, 15, 140, 95)], [4], WHITE)
    np.testing.assert_allclose(drawn(curve), drawn(segment), atol=2 / 255)


def test_a_curve_and_its_reverse_are_one_picture():
    for curve in (*GENTLE, *SHARP):
        back = np.array(curve).reshape(4, 2)[::-1].reshape(8)
        ours, theirs = (drawn(Curves([points], [3], WHITE)) for points in (curve, back))
        assert psnr(ours, theirs) >= 40


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_a_part_of_the_picture_has_the_bytes_of_the_whole(scale):
    mark = Curves([*GENTLE, *SHARP], np.linspace(0.4, 9, 12), (240, 150, 30, 90))
    whole = rasterize([mark], SIZE, BLACK, scale=scale, threads=1)
    height, width = whole.shape[:2]
    pieced = np.zeros_like(whole)
    columns, rows = [0, 1, 37, 38, 101, width], [0, 13, 14, 59, height]
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
            painter(mark, scale)(pieced, (left, top, right, bottom))
    np.testing.assert_array_equal(pieced, whole)
    np.testing.assert_array_equal(rasterize([mark], SIZE, BLACK, scale=scale, threads=3), whole)
