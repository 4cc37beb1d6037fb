"""Several sets of images as one, and one as two."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.data.generated_drawings import CARD, drawings
from layerwise.data.images import ImageDataset
from layerwise.data.joining import joined, set_apart
from layerwise.errors import InputError, UnknownNameError


def people(count, classes=("square", "circle")):
    pixels = np.arange(count * 81, dtype=np.uint8).reshape(count, 1, 9, 9)
    return ImageDataset(
        pixels, np.arange(count) % 2, classes, CARD, groups=np.array(["ann", "bob"] * count)[:count]
    )


def test_classes_are_matched_by_name_and_groups_kept():
    made = drawings(("circle", "triangle"), 2, 9)
    both = joined(people(3), made)
    assert both.classes == ("square", "circle", "triangle")
    assert both.labels.tolist() == [0, 1, 0, 1, 1, 2, 2]
    assert np.array_equal(both.pixels[3:], made.pixels)
    assert both.groups[:3].tolist() == ["ann", "bob", "ann"] and len(set(both.groups)) == 6
    assert both.names is None
    assert joined(made, made).names == made.names * 2 and joined(made, made).groups is None
    assert np.array_equal(joined(made).pixels, made.pixels)


def test_what_cannot_be_joined():
    with pytest.raises(InputError, match="one shape"):
        joined(people(3), drawings(("circle",), 2, 10))
    unlabelled = ImageDataset(people(2).pixels, None, (), CARD)
    with pytest.raises(InputError, match="no classes"):
        joined(people(2), unlabelled)


def test_a_class_is_set_apart():
    data = ImageDataset(
        np.arange(6 * 4, dtype=np.uint8).reshape(6, 1, 2, 2), np.array([0, 1, 2, 1, 0, 2]),
        ("ash", "other", "yew"), CARD,
        np.array(list("abcabc")), names=tuple("uvwxyz"),
    )  # fmt: skip
    rest, own = set_apart(data, "other")
    assert rest.classes == ("ash", "yew")
    assert rest.y.tolist() == ["ash", "yew", "ash", "yew"]
    assert rest.names == ("u", "w", "y", "z")
    assert own.y.tolist() == ["other", "other"]
    assert np.array_equal(own.pixels, data.pixels[[1, 3]])
    with pytest.raises(UnknownNameError, match="Did you mean 'other'"):
        set_apart(data, "othr")
