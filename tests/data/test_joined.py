"""Several sets of images as one."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.data.generated_drawings import CARD, drawings
from layerwise.data.images import ImageDataset
from layerwise.data.joining import joined
from layerwise.errors import InputError


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
