"""The picture of a large grid: true figures, what a block is, nothing outside the frame."""

from __future__ import annotations

import numpy as np
import pytest
from chart_checks import check_words, words

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.big import GridFile
from layerwise.scene import Image
from layerwise.types import UNCLASSIFIED
from layerwise.view.lattice.grid import grid as grid_view
from layerwise.view.palette import class_colors


@pytest.fixture
def seen(tmp_path):
    labels = np.full((40, 90), UNCLASSIFIED, np.uint8)
    labels[:20] = 1
    labels[20:30, :3] = 0
    return GridFile.from_labels(tmp_path / "a.grid", labels, classes=3).overview(30)


def image_of(scene):
    return next(mark for mark in scene.stop_marks(0) if isinstance(mark, Image))


def test_blocks_have_the_colour_of_their_most_frequent_class(seen):
    picture = image_of(grid_view(seen)).pixels
    assert picture.shape[:2] == (14, 30)
    assert picture[0, 5, :3].tolist() == class_colors(3)[1].tolist()
    assert picture[7, 0, :3].tolist() == class_colors(3)[0].tolist()
    dark = grid_view(seen, theme="dark")
    assert image_of(dark).pixels[13, 29, :3].tolist() == [0x15, 0x17, 0x1C]


def test_the_figures_are_those_of_the_whole_grid(seen):
    said = words(grid_view(seen, classes=["reed", "water", "sand"]), 0)
    for text in (
        "A lattice of 40 × 90 cells",
        "reed",
        "1,800",
        "50.0\u2009%",
        "30",
        "0.8\u2009%",
        "1,770",
    ):
        assert text in said
    assert any("blocks of 3 × 3 cells" in text for text in said)
    german = words(grid_view(seen, language="de"), 0)
    assert "1.800" in german and "Ein Gitter aus 40 × 90 Zellen" in german


def test_density_is_brightest_where_all_cells_have_a_class(seen):
    scene = grid_view(seen, show="density")
    picture = image_of(scene).pixels.astype(int).sum(axis=2)
    assert picture[0, 5] == picture.max() > picture[6, 5] > picture[13, 29] == picture.min()
    assert any("the brightest 100.0\u2009%" in text for text in words(scene, 0))


def test_many_classes_and_flat_grids_stay_within_the_frame(tmp_path):
    labels = np.random.default_rng(0).integers(0, 60, (1, 3000)).astype(np.uint8)
    seen = GridFile.from_labels(tmp_path / "a.grid", labels, classes=60).overview()
    scene = grid_view(seen)
    check_words(scene, 0)
    assert any(text.startswith("+ ") for text in words(scene, 0))


def test_what_is_no_grid_is_refused(seen):
    for work, kind, message in [
        (lambda: grid_view(3), InputError, "seen from afar"),
        (lambda: grid_view(seen, classes=["one"]), InputError, "has 3 classes"),
        (lambda: grid_view(seen, show="densty"), UnknownNameError, "Did you mean 'density'"),
    ]:
        with pytest.raises(kind, match=message):
            work()
