"""The ImageDataset itself, and a table's batches."""

import re

import numpy as np
import pytest

from layerwise.data import Card, ImageDataset, load
from layerwise.errors import InputError

CARD = Card("mine", "Mine", "by hand")
BYTES = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)


def test_batches_are_pixels_divided_by_255() -> None:
    data = ImageDataset(BYTES, None, (), CARD)
    batch = data.batch([1, 0, 1])
    assert (batch.dtype, batch.shape) == (np.float32, (3, 3, 4, 5))
    assert np.array_equal(batch, BYTES[[1, 0, 1]].astype(np.float32) / np.float32(255))
    assert ImageDataset(BYTES * 0 + 255, None, (), CARD).batch([0]).min() == 1
    assert data.batch([]).shape == (0, 3, 4, 5)
    assert (data.shape, len(data)) == ((3, 4, 5), 2)
    assert repr(data) == "<ImageDataset 'mine': 2 × 4 × 5 colour, unlabelled>"


def test_pixels_cannot_be_written_and_are_not_copied() -> None:
    data = ImageDataset(BYTES, None, (), CARD)
    with pytest.raises(ValueError, match="read-only"):
        data.pixels[0] = 0
    assert np.shares_memory(data.pixels, BYTES)


def test_without_labels_it_says_how_to_get_some() -> None:
    with pytest.raises(InputError) as caught:
        ImageDataset(BYTES, None, (), CARD).require_labels()
    assert str(caught.value) == (
        "The images 'mine' have no classes to learn. "
        "Put them into folders, one for each class, or give them as a pair (X, y)."
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixels": BYTES / 255}, "Received float64 of shape (2, 3, 4, 5)."),
        ({"pixels": BYTES[:, 0]}, "with one channel or three. Received uint8 of shape (2, 4, 5)."),
        ({"pixels": BYTES[:, :2]}, "with one channel or three. Received uint8 of shape (2, 2, 4"),
        ({"pixels": BYTES[:, :, :0]}, "must have pixels. Received (2, 3, 0, 5)."),
        ({"labels": [0]}, "one label for each sample. Received 2 samples and labels of shape (1,)"),
        ({"labels": [0, 2]}, "Received labels from 0 to 2 for 2 classes."),
        ({"groups": ["a"]}, "one group for each sample. Received 2 samples and groups of shape"),
        ({"names": ("a",)}, "one name for each image. Received 2 images and 1 names."),
    ],
)
def test_what_does_not_fit_is_refused(changes, message) -> None:
    parts = {"pixels": BYTES, "labels": np.array([0, 1]), "classes": ("x", "y"), "card": CARD}
    with pytest.raises(InputError, match=re.escape(message)):
        ImageDataset(**(parts | changes))


def test_a_mask_must_fit() -> None:
    with pytest.raises(InputError, match=r"Received shape \(3,\) for 2 samples"):
        ImageDataset(BYTES, None, (), CARD).take([True, False, True])


def test_a_table_gives_batches_too() -> None:
    data = load("iris")
    batch = data.batch([0, 149])
    assert (data.shape, batch.dtype) == ((4,), np.float32)
    assert np.array_equal(batch, data.features[[0, 149]].astype(np.float32))
    with pytest.raises(InputError, match=r"single precision\. Received 1e\+39"):
        load(np.array([[1.0], [1e39]])).batch([1])
