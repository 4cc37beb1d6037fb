"""Photographs of drawings: what was drawn is found again, whatever the paper and the light."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from layerwise.data.generated_drawings import CARD, drawings
from layerwise.data.images import ImageDataset
from layerwise.data.ink import NoInkError, drawing_from_image, prepare_drawings
from layerwise.errors import InputError


def photograph(clean, rng, *, paper=(0.85, 0.82, 0.74), ink=(0.12, 0.13, 0.3), noise=0.02):
    """A drawing (row, column), 0 to 1, as a phone sees it: paper, shade, perspective, noise."""
    side = len(clean)
    rows, columns = np.mgrid[:side, :side] / side
    wide = np.pad(clean, side // 4)
    row, column = np.mgrid[: len(wide), : len(wide)].astype(float)
    depth = 1 + 0.15 * (row / len(wide) - 0.5)  # the far edge is shorter
    middle = len(wide) / 2
    tilted = map_coordinates(
        wide, [middle + (row - middle) * depth, middle + (column - middle) * depth], order=1
    )
    rows, columns = row / len(wide), column / len(wide)
    light = 0.55 + 0.45 * (0.7 * columns + 0.3 * rows)
    light *= np.where(columns + 0.4 * rows < 0.45, 0.75, 1.0)  # the edge of a hand's shadow
    light = gaussian_filter(light, 2.0)
    picture = np.array(paper) * (1 - tilted[..., None]) + np.array(ink) * tilted[..., None]
    picture = picture * light[..., None] + rng.normal(0, noise, (*wide.shape, 3))
    return np.clip(255 * picture, 0, 255).astype(np.uint8)


def alike(first, second):
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


@pytest.fixture(scope="module")
def clean():
    made = drawings(("circle", "square", "triangle"), 3, 160, stretch=4, prepared=False, seed=2)
    return made.pixels[:, 0] / 255.0


def test_photographs_give_what_clean_pictures_give(clean):
    rng = np.random.default_rng(0)
    likeness = [
        alike(drawing_from_image(photograph(each, rng)), drawing_from_image(each)) for each in clean
    ]
    assert np.median(likeness) > 0.93
    assert min(likeness) > 0.8


@pytest.mark.parametrize(
    "colors",
    [
        {"paper": (0.2, 0.25, 0.22), "ink": (0.9, 0.9, 0.85)},  # chalk
        {"paper": (0.95, 0.95, 0.95), "ink": (0.85, 0.2, 0.2)},  # red pen
        {"paper": (0.95, 0.9, 0.4), "ink": (0.2, 0.3, 0.8)},
        {"paper": (0.8, 0.8, 0.8), "ink": (0.55, 0.55, 0.55)},  # pencil
    ],
)
def test_any_pen_on_any_paper(clean, colors):
    rng = np.random.default_rng(1)
    likeness = [
        alike(
            drawing_from_image(photograph(each, rng, noise=0.01, **colors)),
            drawing_from_image(each),
        )
        for each in clean
    ]
    assert np.median(likeness) > 0.9


def test_a_network_answers_the_same_for_a_photograph(clean):
    from sklearn.neighbors import KNeighborsClassifier

    training = drawings(per_kind=700)
    nearest = KNeighborsClassifier(5).fit(training.pixels.reshape(2100, -1), training.labels)
    rng = np.random.default_rng(3)
    from_clean = nearest.predict([drawing_from_image(each).ravel() for each in clean])
    shots = [photograph(each, rng) for each in clean]
    from_photo = nearest.predict([drawing_from_image(shot).ravel() for shot in shots])
    assert (from_clean == from_photo).mean() > 0.85


def test_polarity_and_channels_make_no_difference(clean):
    picture = np.round(255 * clean[0]).astype(np.uint8)
    bright = drawing_from_image(picture)
    assert np.array_equal(bright, drawing_from_image(255 - picture))
    color = np.repeat(picture[..., None], 3, axis=2)
    assert np.array_equal(bright, drawing_from_image(color))
    assert np.array_equal(bright, drawing_from_image(np.moveaxis(color, -1, 0)))
    assert np.array_equal(bright, drawing_from_image(picture / 255.0))
    for ink in (0, 255):
        see_through = np.dstack([np.full((*picture.shape, 3), ink, np.uint8), picture])
        assert np.array_equal(bright, drawing_from_image(see_through))


def test_ink_is_centred_stretched_and_full():
    picture = np.full((70, 70), 255, np.uint8)
    picture[10:13, 5:45], picture[20:23, 5:45] = 0, 0
    picture[10:23, 5:8], picture[10:23, 42:45] = 0, 0
    whole = drawing_from_image(picture, 50)
    rows, columns = np.nonzero(whole > 128)
    for at in (rows, columns):
        assert at.min() + at.max() == pytest.approx(49, abs=1)
        assert np.ptp(at) + 1 == pytest.approx(50 * 0.86, abs=2)
    assert whole.max() == 255
    flat = drawing_from_image(picture, 50, stretch=0)
    rows, columns = np.nonzero(flat > 128)
    assert (np.ptp(rows) + 1) / (np.ptp(columns) + 1) == pytest.approx(13 / 40, abs=0.05)


def test_dirt_and_the_frame_are_left_out(clean):
    picture = np.full((240, 240), 235, np.uint8)
    picture[40:200, 40:200] = np.round(235 - 200 * clean[1])
    neat = drawing_from_image(picture)
    picture[3:6, 100:103] = 30
    picture[:, 228:] = 20  # the table beside the paper
    assert alike(neat, drawing_from_image(picture)) > 0.99


@pytest.mark.parametrize(
    "empty",
    [
        np.full((50, 50), 255, np.uint8),
        np.zeros((50, 50, 3), np.uint8),
        np.random.default_rng(0).normal(128, 4, (120, 120)).astype(np.uint8),
        np.linspace(60, 250, 120 * 120).reshape(120, 120).astype(np.uint8),
    ],
)
def test_a_picture_without_ink(empty):
    with pytest.raises(NoInkError, match="There is no ink in this picture"):
        drawing_from_image(empty)


def test_a_set_is_prepared_and_says_what_is_left_out(clean):
    pixels = np.stack([np.round(255 * clean[0]), np.zeros_like(clean[0]), np.round(255 * clean[5])])
    images = ImageDataset(
        pixels[:, None].astype(np.uint8), [0, 1, 1], ("a", "b"), CARD,
        groups=np.array(["x", "y", "z"]), names=("1.png", "2.png", "3.png"),
    )  # fmt: skip
    ready = prepare_drawings(images, 32)
    assert ready.shape == (1, 32, 32) and ready.labels.tolist() == [0, 1]
    assert ready.groups.tolist() == ["x", "z"] and ready.names == ("1.png", "3.png")
    assert ready.notes == ("1 picture without ink was left out: 2.png",)
    assert np.array_equal(ready.pixels[1, 0], drawing_from_image(clean[5], 32))
    with pytest.raises(NoInkError, match="no ink in any picture"):
        prepare_drawings(images.take([1]))


def test_generated_drawings_come_as_they_are_prepared():
    made = drawings(per_kind=5, prepared=True, wobble=0.5)
    again = prepare_drawings(drawings(per_kind=5, size=64, prepared=False, wobble=0.5))
    likeness = [alike(a, b) for a, b in zip(made.pixels, again.pixels, strict=True)]
    assert np.median(likeness) > 0.99


@pytest.mark.parametrize(
    ("pixels", "options", "message"),
    [
        (np.zeros(7), {}, "A picture is"),
        (np.zeros((2, 2)), {}, "4 pixels or more"),
        (np.zeros((9, 9, 2)), {}, "channels"),
        (np.full((9, 9), np.nan), {}, "finite"),
        (np.full((9, 9), "a"), {}, "finite numbers"),
        (np.full((9, 9), 300.0), {}, "0 to 255"),
        (np.eye(9), {"size": 2}, "'size'"),
        (np.eye(9), {"margin": 0.5}, "'margin' must be a number from 0 to 0.4"),
        (np.eye(9), {"stretch": 2}, "'stretch' must be a number from 0 to 1"),
    ],
)
def test_what_cannot_be(pixels, options, message):
    with pytest.raises(InputError, match=message):
        drawing_from_image(pixels, **options)
