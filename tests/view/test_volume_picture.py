"""The turned grid against rays that are cut with every cell, one by one."""

import numpy as np
import pytest

from layerwise.view.lattice.volume_picture import (
    EMPTY,
    SHADES,
    View,
    eighth,
    extent,
    picture,
    without_eighth,
)

PALETTE = np.array([[200, 40, 10], [20, 180, 70], [5, 60, 240]], np.uint8)


def cells(shape, share, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, shape).astype(np.uint16)
    codes[rng.random(shape) > share] = EMPTY
    return codes


def nearest(codes, view, size, cell, finer):
    """What each sample's ray meets first (code, face) by slabs (Kay & Kajiya 1986); how close to
    an edge it passes."""
    turn, height = np.radians([view.turn, view.height])
    right = np.array([np.cos(turn), 0, np.sin(turn)])
    eye = np.array([np.sin(turn) * np.cos(height), -np.sin(height), -np.cos(turn) * np.cos(height)])
    into = -eye
    down = np.cross(into, right)
    width, tall = size[0] * finer, size[1] * finer
    x = (np.arange(width) + 0.5 - width / 2) / (cell * finer)
    y = (np.arange(tall) + 0.5 - tall / 2) / (cell * finer)
    middle = np.array(codes.shape[::-1]) / 2
    starts = middle + x[None, :, None] * right + y[:, None, None] * down - 1000 * into
    best = np.full((tall, width), np.inf)
    code = np.full((tall, width), -1)
    face = np.zeros((tall, width), int)
    for plane, row, column in np.argwhere(codes != EMPTY):
        low = (np.array([column, row, plane]) - starts) / into
        high = (np.array([column, row, plane]) + 1 - starts) / into
        near, far = np.minimum(low, high), np.maximum(low, high)
        enter, leave = near.max(axis=2), far.min(axis=2)
        hit = (enter < leave) & (enter < best - 1e-9)
        best[hit] = enter[hit]
        code[hit] = codes[plane, row, column]
        face[hit] = near.argmax(axis=2)[hit]
    return code, face


@pytest.mark.parametrize(
    ("turn", "height"), [(35.3, 25.1), (128.7, 10.2), (-61.9, 47.3), (201, 33)]
)
@pytest.mark.parametrize("share", [0.15, 1.0])
def test_the_picture_is_what_rays_meet(turn, height, share):
    codes, view = cells((5, 4, 6), share), View(turn, height)
    size, cell = (61, 53), 6.7
    code, face = nearest(codes, view, size, cell, 2)
    shades = np.array(SHADES)[face]
    samples = np.rint(PALETTE[np.maximum(code, 0)] * shades[..., None])
    known = (code >= 0).astype(float)
    blocks = [(i, j) for i in (0, 1) for j in (0, 1)]
    count = sum(known[i::2, j::2] for i, j in blocks)
    total = sum((samples * known[..., None])[i::2, j::2] for i, j in blocks)
    color = total / np.maximum(count, 1)[..., None]
    found = picture(codes, PALETTE, view, size, cell).astype(float)
    right = np.abs(found[..., :3] - color).max(axis=2) <= 0.5
    right &= np.abs(found[..., 3] - 255 * count / 4) <= 0.5
    # Rays through an edge may fall to either side of it.
    assert right.mean() > 0.997
    assert (count > 0).mean() > 0.1


def test_a_cube_that_is_looked_at_from_the_front_is_a_square():
    found = picture(np.zeros((4, 4, 4), np.uint16), PALETTE, View(0, 0), (20, 20), 3.0)
    inside = np.zeros((20, 20), bool)
    inside[4:16, 4:16] = True
    np.testing.assert_array_equal(found[..., 3] == 255, inside)
    np.testing.assert_array_equal(
        found[inside][:, :3], np.rint(PALETTE[:1] * SHADES[2]).repeat(144, 0)
    )


@pytest.mark.parametrize("turn", [10, 100, 190, 280])
def test_the_eighth_that_is_cut_away_shows_the_three_slices(turn):
    codes = np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
    view, position = View(turn, 30), (2, 3, 1)
    left = without_eighth(codes, view, position)
    gone = left == EMPTY
    assert gone.sum() == np.prod(
        [len(range(n)[part]) for n, part in zip(codes.shape, eighth(view, position), strict=True)]
    )
    for axis, at in enumerate(position):
        assert not np.take(gone, at, axis).any()
    # The nearest corner is gone: that which is least deep.
    depth = np.einsum("ixyz,i->xyz", np.indices(codes.shape), view.axes()[2][::-1])
    assert gone.reshape(-1)[depth.argmin()] or not gone.any()
    assert gone.any()


def test_a_grid_fits_its_room_at_every_turn():
    shape = (7, 4, 5)
    wide, high = extent(shape, 25)
    for turn in range(0, 360, 15):
        found = picture(np.zeros(shape, np.uint16), PALETTE, View(turn, 25), (200, 200), 10.0)
        rows, columns = np.nonzero(found[..., 3])
        assert np.ptp(columns) <= 10 * wide + 1
        assert np.ptp(rows) <= 10 * high + 1


def test_many_threads_draw_the_same_twice():
    codes, view = cells((9, 11, 10), 0.5), View(50, 25)
    one = picture(codes, PALETTE, view, (150, 151), 7.3)
    np.testing.assert_array_equal(one, picture(codes, PALETTE, view, (150, 151), 7.3))
