"""Video's colours against BT.709's own formula, in floating point."""

import numpy as np
import pytest

from layerwise.render.yuv import to_yuv420, to_yuv444

LEVELS = np.array([0, 1, 17, 34, 51, 68, 85, 102, 119, 128, 136, 153, 170, 187, 204, 221, 254, 255])


def exact(rgb):
    """Y, Cb, Cr of BT.709-6 (items 3.2 to 3.5) in limited range, not rounded: (…, 3)."""
    red, green, blue = np.moveaxis(np.asarray(rgb, float) / 255, -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack(
        [
            16 + 219 * luma,
            128 + 224 * (blue - luma) / 1.8556,
            128 + 224 * (red - luma) / 1.5748,
        ],
        axis=-1,
    )


def planes(rgb, half):
    height, width = (side + side % 2 for side in rgb.shape[:2])
    shapes = [(height, width), *[(height // half, width // half)] * 2]
    made = [np.full(shape, 99, np.uint8) for shape in shapes]
    convert = to_yuv444 if half == 1 else to_yuv420
    convert(rgb, *made, 0, 0, width, height)
    return made


def all_colors():
    return np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), -1).reshape(-1, 54, 3).astype(np.uint8)


def test_every_colour_is_within_a_step_of_the_formula():
    colors = all_colors()
    assert colors.shape[0] * colors.shape[1] >= 4096
    got = np.stack(planes(colors, 1), axis=-1)[: colors.shape[0], : colors.shape[1]]
    assert np.abs(got - exact(colors)).max() <= 0.51


def test_white_is_235_and_greys_have_no_colour():
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    y, cb, cr = planes(greys, 1)
    assert (y[0, 0], y[0, 255]) == (16, 235)
    assert (cb == 128).all()
    assert (cr == 128).all()
    assert all((plane == 128).all() for plane in planes(greys, 2)[1:])


def test_halved_colour_is_that_of_the_mean_of_four_pixels():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 26, 3)).astype(np.uint8)
    y, cb, cr = planes(rgb, 2)
    np.testing.assert_array_equal(y, planes(rgb, 1)[0])
    mean = rgb.reshape(10, 2, 13, 2, 3).mean((1, 3))
    assert np.abs(np.stack([cb, cr], -1) - exact(mean)[..., 1:]).max() <= 0.51


@pytest.mark.parametrize("shape", [(7, 9), (8, 9), (7, 10), (1, 1), (2, 3), (3, 2)])
@pytest.mark.parametrize("half", [1, 2])
def test_odd_sides_repeat_the_last_row_and_column(shape, half):
    rgb = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    repeated = np.pad(rgb, [(0, shape[0] % 2), (0, shape[1] % 2), (0, 0)], mode="edge")
    for ours, wanted in zip(planes(rgb, half), planes(repeated, half), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_a_window_changes_nothing_outside_it():
    rgb = np.random.default_rng(2).integers(0, 256, (11, 13, 3)).astype(np.uint8)
    whole = planes(rgb, 2)
    parts = [np.full_like(plane, 99) for plane in whole]
    to_yuv420(rgb, *parts, 4, 2, 10, 8)
    for plane, all_of_it, half in zip(parts, whole, (1, 2, 2), strict=True):
        window = np.s_[2 // half : 8 // half, 4 // half : 10 // half]
        np.testing.assert_array_equal(plane[window], all_of_it[window])
        plane[window] = 99
        assert (plane == 99).all()
    to_yuv420(rgb, *parts, 0, 0, 14, 12)
    for plane, all_of_it in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(plane, all_of_it)
