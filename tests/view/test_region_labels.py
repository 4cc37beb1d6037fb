"""Names stand inside their own regions, and only where colours alone do not do."""

from __future__ import annotations

import numpy as np

from layerwise.typeface import text_width
from layerwise.view.lattice.region_labels import region_labels
from layerwise.view.palette import class_colors

NAMES = [f"class {number}" for number in range(8)]
BOX = (100.0, 50.0, 400.0, 400.0)


def stripes() -> np.ndarray:
    """Eight upright stripes, each 5 of 40 columns."""
    return np.tile(np.repeat(np.arange(8), 5), (40, 1)).astype(np.uint8)


def test_six_classes_need_no_names() -> None:
    labels = stripes() % 6
    assert region_labels(labels, BOX, NAMES[:6], class_colors(6)) == []


def test_each_name_lies_in_its_own_stripe() -> None:
    marks = region_labels(stripes(), BOX, NAMES, class_colors(8), size=10)
    assert len(marks) == 8
    for number, mark in enumerate(marks):
        left, right = 100 + 50 * number, 150 + 50 * number
        assert left < mark.at[0] < right
        half = text_width(mark.string, 10, 600) / 2
        assert left <= mark.at[0] - half and mark.at[0] + half <= right
        assert NAMES[number].startswith(mark.string.rstrip("…"))


def test_a_region_too_small_for_a_name_stays_without() -> None:
    labels = stripes()
    labels[labels == 3] = 2
    labels[0, 0] = 3
    names = ["oak", "elm", "fir", "ash", "yew", "box", "lime", "pine"]
    marks = region_labels(labels, BOX, names, class_colors(8), size=16)
    assert {mark.at[0] for mark in marks if mark.at[0] < 110} == set()
    assert {mark.string for mark in marks} == set(names) - {"ash"}


def test_a_name_cut_so_short_that_it_could_be_another_stays_away() -> None:
    names = ["beech young", "beech old", "oak", "elm", "fir", "ash", "yew", "hornbeam tall"]
    marks = region_labels(stripes(), BOX, names, class_colors(8), size=16)
    shown = [mark.string for mark in marks]
    assert len(shown) == 6 and shown[:5] == names[2:7]
    assert shown[5].endswith("…") and shown[5].startswith("h")


def test_ring_is_named_on_the_ring_and_not_in_its_hole() -> None:
    down, across = np.mgrid[:81, :81] - 40
    far = np.hypot(down, across)
    labels = np.where((far > 18) & (far < 34), 7, 0).astype(np.uint8)
    (_, ring) = region_labels(labels, (0, 0, 810, 810), NAMES, class_colors(8), size=12)
    distance = np.hypot(ring.at[0] - 405, ring.at[1] - 0.36 * 12 - 405)
    assert 180 < distance < 340


def test_unclassified_cells_have_no_name() -> None:
    labels = np.full((40, 40), 255, np.uint8)
    assert region_labels(labels, BOX, NAMES, class_colors(8)) == []
