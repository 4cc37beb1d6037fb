"""Augmentation: the geometry against SciPy, the chances against what is promised of them."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform, map_coordinates
from scipy.stats import kstest

from layerwise.data import Augment
from layerwise.data.augment import _mixed, _streams, _uniform
from layerwise.data.augment_kernels import warp
from layerwise.errors import InputError

NONE = {"rotate": 0, "shift": 0, "scale": 0}
KEYS = np.arange(40)


def images(count: int = 40, channels: int = 2, rows: int = 11, columns: int = 9) -> np.ndarray:
    random = np.random.default_rng(1)
    return random.random((count, channels, rows, columns)).astype(np.float32)


def test_nothing_asked_for_is_nothing_done() -> None:
    batch = images()
    assert Augment(**NONE)(batch, KEYS) is batch
    still = np.tile([[1.0, 0, 0], [0, 1, 0]], (40, 1, 1))
    assert np.array_equal(warp(batch, still), batch)


@pytest.mark.parametrize(
    "augment",
    [
        Augment(),
        Augment(rotate=180, shift=0, scale=0),
        Augment(rotate=30, shear=25, scale=0.5, shift=0.3, flip="columns"),
        Augment(rotate=5, flip="rows"),
    ],
)
def test_pixels_move_as_scipy_moves_them(augment: Augment) -> None:
    batch = images()
    moved = augment(batch, KEYS, epoch=2, seed=3)
    matrices = augment._matrices(_uniform(_streams(KEYS.astype(np.uint64), 2, 3), 12), 11, 9)
    for image, result, matrix in zip(batch, moved, matrices, strict=True):
        for plane, found in zip(image, result, strict=True):
            wanted = affine_transform(
                plane.astype(float), matrix[:, :2], matrix[:, 2], order=1, mode="nearest"
            )
            assert np.abs(found - wanted).max() < 1e-5
    assert not np.array_equal(moved, batch)


def test_a_known_turn_stretch_and_shift_by_hand() -> None:
    """The source of a pixel by rotation, shear and scale, each written out as its own matrix."""
    augment = Augment(rotate=40, shear=20, scale=0.5, shift=0.25, flip="columns")
    draws = _uniform(_streams(KEYS.astype(np.uint64), 0, 0), 12)
    either = 2 * draws - 1
    middle = np.array([5.0, 4.0])
    for matrix, sample, raw in zip(augment._matrices(draws, 11, 9), either, draws, strict=True):
        angle, lean = np.deg2rad(40) * sample[0], np.tan(np.deg2rad(20) * sample[1])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shear = np.array([[1, 0], [lean, 1]])
        mirror = np.diag([1, -1 if raw[5] < 0.5 else 1])
        forward = turn @ shear @ mirror * 1.5 ** sample[2]
        shift = 0.25 * np.array([11, 9]) * sample[3:5]
        pixel = np.array([2.0, 7.0])
        source = np.linalg.inv(forward) @ (pixel - middle - shift) + middle
        assert np.allclose(matrix @ [*pixel, 1], source)


def test_mirrors_are_exact_and_half_of_them_happen() -> None:
    batch = images(400)
    keys = np.arange(400)
    for flip, mirrored in (("columns", batch[..., ::-1]), ("rows", batch[:, :, ::-1])):
        found = Augment(**NONE, flip=flip)(batch, keys)
        same = (found == batch).all(axis=(1, 2, 3))
        turned = (found == mirrored).all(axis=(1, 2, 3))
        assert (same ^ turned).all()
        assert 150 < turned.sum() < 250


def test_the_batch_does_not_matter_nor_what_came_before() -> None:
    augment = Augment(shear=5, flip="rows", brightness=0.1, contrast=0.2, noise=0.1, erase=0.2)
    batch = images()
    whole = augment(batch, KEYS, epoch=3, seed=5)
    order = np.random.default_rng(0).permutation(40)
    assert augment(batch[order], KEYS[order], epoch=3, seed=5).tobytes() == whole[order].tobytes()
    assert augment(batch[7:8], KEYS[7:8], epoch=3, seed=5).tobytes() == whole[7:8].tobytes()
    for epoch, seed in ((4, 5), (3, 6), (5, 3)):
        other = augment(batch, KEYS, epoch, seed)
        assert not (other == whole).all(axis=(1, 2, 3)).any()


def test_random_numbers_are_splitmix64_and_uniform() -> None:
    # the first outputs of the reference generator from state 0
    steps = np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert [hex(word) for word in _mixed(steps)] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]
    many = np.arange(2000, dtype=np.uint64)
    by_sample = _uniform(_streams(many, 0, 0), 12)
    by_epoch = np.concatenate([_uniform(_streams(many[7:8], e, 0), 12) for e in range(2000)])
    by_seed = np.concatenate([_uniform(_streams(many[7:8], 0, s), 12) for s in range(2000)])
    for found in (by_sample, by_epoch, by_seed):
        for column in found.T:
            assert kstest(column, "uniform").pvalue > 1e-4
        off = np.corrcoef(found.T) - np.eye(12)
        assert np.abs(off).max() < 0.1


def test_shades_are_what_they_are_said_to_be() -> None:
    batch = images(channels=1) * 0.4 + 0.3
    bright = Augment(**NONE, brightness=0.2)(batch, KEYS) - batch
    assert np.ptp(bright, axis=(1, 2, 3)).max() < 1e-6
    assert -0.2 <= bright.min() < -0.15 < 0.15 < bright.max() <= 0.2
    strong = Augment(**NONE, contrast=0.5)(batch, KEYS)
    mean = batch.mean(axis=(2, 3), keepdims=True)
    factors = ((strong - mean) * (batch - mean)).sum((1, 2, 3)) / ((batch - mean) ** 2).sum(
        (1, 2, 3)
    )
    assert 1 / 1.5 - 1e-5 <= factors.min() < 0.75 < 1.3 < factors.max() <= 1.5 + 1e-5
    grey = np.full((50, 1, 40, 40), 0.5, np.float32)
    noise = Augment(**NONE, noise=0.05)(grey, np.arange(50)) - grey
    assert kstest(noise.ravel()[::7] / 0.05, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(noise.ravel()[:-1], noise.ravel()[1:])[0, 1]) < 0.02
    loud = Augment(**NONE, noise=1, brightness=1)(batch, KEYS)
    assert (loud.min(), loud.max()) == (0, 1)


def test_a_rectangle_is_hidden_under_the_mean() -> None:
    batch = images(200, 1, 20, 30)
    found = Augment(**NONE, erase=0.25)(batch, np.arange(200))
    shares = []
    for image, result in zip(batch[:, 0], found[:, 0], strict=True):
        changed = np.argwhere(np.abs(image - result) > 1e-6)
        if len(changed):
            (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0) + 1
            assert np.abs(result[top:bottom, left:right] - image.mean()).max() < 1e-5
        shares.append(len(changed) / 600)
    assert 0 <= min(shares) < 0.03
    assert 0.2 < max(shares) < 0.3
    assert 0.1 < np.mean(shares) < 0.15


def test_the_border_goes_on() -> None:
    batch = np.full((40, 1, 8, 8), 0.75, np.float32)
    assert np.allclose(Augment(rotate=90, shift=1, scale=1)(batch, KEYS), 0.75)
    ramp = np.tile(np.arange(8, dtype=np.float32) / 8, (1, 1, 8, 1))
    away = warp(ramp, np.array([[[1.0, 0, 0], [0, 1, -20]]]))
    wanted = map_coordinates(ramp[0, 0], [[3], [-20]], order=1, mode="nearest")
    assert (away == wanted).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rotate": -1}, "The amount 'rotate' must be a number from 0 to 180. Received -1."),
        ({"noise": float("nan")}, "The amount 'noise' must be a number from 0 to 1. Received nan."),
        ({"erase": True}, "The amount 'erase' must be a number from 0 to 1. Received True."),
        (
            {"flip": True},
            'flip must be "columns" (left to right), "rows" (upside down) or False. Received True.',
        ),
    ],
)
def test_amounts_that_are_refused(options, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Augment(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("batch", "keys"),
    [(images()[0], KEYS), (images(), KEYS[:3]), (images(), KEYS / 2)],
)
def test_batches_that_are_refused(batch: np.ndarray, keys: np.ndarray) -> None:
    with pytest.raises(InputError, match="with a whole number as key for each sample"):
        Augment()(batch, keys)
