"""The film of a lattice with slices: its pictures are the trace's cells, its words can be read."""

import re
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from chart_checks import box_of

from layerwise import view
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.scene import Image, Text
from layerwise.types import UNCLASSIFIED
from layerwise.view.lattice.volume_film import VolumeFilm
from layerwise.view.palette import probability_color
from layerwise.view.style import DARK, SMALLEST_SIZE

LONG = "an unusually long name that nobody could ever have meant to fit anywhere"


def points(count, classes, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, count)
    angles = 2 * np.pi * y / classes
    middle = np.stack([np.cos(angles), np.sin(angles), (y % 2) - 0.5], axis=1)
    return middle + 0.4 * rng.normal(size=(count, 3)), y


@cache
def film_of(name):
    options = {"grid": (7, 9, 11), "fuzzy_layers": 14, "fuzzy_from": "points"}
    shown = {
        "data": "clouds",
        "axes": ["east", "north", "up"],
        "class_names": ["ash", "birch", "cedar"],
        "baselines": [("always the largest class", 0.4)],
    }
    classes = 3
    if name == "filled":
        options["fuzzy_from"] = "filled"
    elif name == "vote":
        options |= {"rule": "vote", "anchored": True, "fuzzy_from": "filled"}
    elif name == "long names":
        shown |= {
            "data": LONG * 4,
            "axes": [LONG, LONG[::-1], LONG.upper()],
            "class_names": [LONG, LONG[1:], LONG[2:]],
        }
    elif name == "many classes":
        classes, shown["class_names"] = 12, [chr(97 + k) * 3 for k in range(12)]
    elif name == "no control":
        shown = {}
    X, y = points(20 * classes, classes, 0)
    control = (None, None) if name == "no control" else points(60, classes, 1)
    trace = LatticeClassifier(random_state=2, **options).fit(X, y).record(*control, **shown)
    return trace, view.lattice(trace)


NAMES = ["points", "filled", "vote", "long names", "many classes", "no control"]


def laid_out(name, layout):
    trace, scene = film_of(name)
    return trace, scene if layout == "wide" else scene.portrait


def some_stops(scene):
    last = len(scene.stops) - 1
    return sorted({0, 1, scene.poster - 1, scene.poster, scene.poster + 1, last})


@pytest.mark.parametrize("layout", ["wide", "tall"])
@pytest.mark.parametrize("name", NAMES)
def test_words_are_large_enough_within_the_frame_and_apart(name, layout):
    _, scene = laid_out(name, layout)
    width, height = scene.size
    for stop in some_stops(scene):
        texts = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]
        for text in texts:
            left, top, right, bottom = box_of(text)
            assert text.size >= SMALLEST_SIZE
            assert left >= 0 and top >= 0 and right <= width and bottom <= height, text.string
        for one, other in combinations(texts, 2):
            a, b = box_of(one), box_of(other)
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
            assert apart, (stop, one.string, other.string)


@pytest.mark.parametrize("name", ["points", "filled", "vote"])
def test_slices_are_the_cells_of_the_trace(name):
    trace, scene = film_of(name)
    film = VolumeFilm(trace, DARK, "layerwise")
    for stop in some_stops(scene):
        images = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Image)][1:]
        depth, row, column = film.position
        site, moment = film.cut_site(stop)
        values = trace[site, moment]
        cuts = [
            values[..., depth, :, :],
            values[..., column].swapaxes(-1, -2),
            values[..., ::-1, row, :],
        ]
        for image, cut in zip(images, cuts, strict=True):
            assert (image.refers.site, image.refers.moment) == (site, moment)
            colors = image.pixels[..., :3].astype(int)
            if site == "labels":
                hues = np.vstack([film.colors, np.zeros((253, 3), int)])
                known = cut != UNCLASSIFIED
                np.testing.assert_array_equal(colors[known], hues[cut[known]])
                assert len({tuple(color) for color in colors[~known]}) <= 1
            else:
                # The view of rows and columns mixes them without steps.
                mixed = probability_color(cut.argmax(axis=0), cut.max(axis=0), DARK, film.colors)
                assert np.abs(colors - mixed).max() <= 2


def test_the_turned_grid_is_drawn_from_the_same_cells():
    _, scene = film_of("points")
    last = len(scene.stops) - 1
    first, end = (
        next(mark for mark in scene.stop_marks(stop) if isinstance(mark, Image))
        for stop in (0, last)
    )
    assert (first.refers.site, first.refers.moment) == ("labels", 0)
    assert end.refers.site == "probabilities"
    covered = (first.pixels[..., 3] > 0).mean(), (end.pixels[..., 3] > 0).mean()
    assert 0.001 < covered[0] < covered[1]


def test_the_view_turns_evenly_and_says_so():
    trace, scene = film_of("points")
    film = VolumeFilm(trace, DARK, "layerwise")
    turns = np.array([film.view(stop).turn for stop in range(len(scene.stops))])
    steps = np.diff(turns)
    assert steps.min() > 0
    np.testing.assert_allclose(steps, steps[0])
    assert turns.min() >= 9 and turns.max() <= 81
    for stop in some_stops(scene):
        said = [
            m.string for m in scene.stop_marks(stop) if isinstance(m, Text) and "turned" in m.string
        ]
        assert any(f"turned {round(turns[stop])}°" in each for each in said)
        assert any("cut away" in each for each in said) == (stop >= scene.poster)


def test_the_film_tells_its_layers_classes_and_what_is_not_drawn():
    trace, scene = film_of("points")
    assert [chapter.name for chapter in scene.chapters] == ["Filling", "Fuzzy layers"]
    assert scene.poster == trace.about["depth"]
    assert "7 × 9 × 11 cells" in scene.description
    last = len(scene.stops) - 1
    strings = [mark.string for mark in scene.stop_marks(last) if isinstance(mark, Text)]
    one = 100 * trace["counts", last].sum() / (7 * 9 * 11)
    runs = 100 * (trace["simulated", last].sum(axis=0) > 0).mean()
    shares = f"in {runs:.1f}\u2009% of the cells, one in {one:.1f}\u2009%"
    said = f"64 runs, not drawn, have a class {shares}"
    assert any(said in each for each in strings)
    assert any(each.startswith("up = ") for each in strings)


@pytest.mark.parametrize(("name", "layout"), [("points", "wide"), ("filled", "tall")])
def test_runs_are_compared_with_what_is_exact(name, layout):
    trace, scene = laid_out(name, layout)
    last = len(scene.stops) - 1
    counts, exact = trace["simulated", last].astype(float), trace["probabilities", last]
    known = counts.sum(axis=0) > 0
    shares = counts[:, known] / counts[:, known].sum(axis=0)
    difference = np.sqrt(np.mean((shares - exact[:, known]) ** 2))
    strings = [mark.string for mark in scene.stop_marks(last) if isinstance(mark, Text)]
    found = [re.search(r"rms difference ([\d.]+), by chance ([\d.]+)", each) for each in strings]
    ((seen, chance),) = (match.groups() for match in found if match)
    assert float(seen) == pytest.approx(difference, rel=0.006)
    assert float(chance) == pytest.approx(difference, rel=0.25)
    assert any("64 runs" in each for each in strings)


def test_without_control_points_the_curve_tells_how_full_the_grid_is():
    trace, scene = film_of("no control")
    for stop in (0, 3, scene.poster):
        share = 100 * trace["counts", stop].sum() / (7 * 9 * 11)
        strings = [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]
        assert f"{share:.1f}\u2009%" in strings


def test_equal_recordings_give_equal_pictures(tmp_path):
    trace, scene = film_of("filled")
    again = view.lattice(trace)
    np.testing.assert_array_equal(scene.frame(-1, scale=0.25), again.frame(-1, scale=0.25))
    for suffix in (".png", ".svg"):
        assert scene.save(tmp_path / f"one{suffix}").stat().st_size > 10_000


def test_usual_names_of_axes_stand_in_full_above_the_slices():
    X, y = points(60, 3, 0)
    model = LatticeClassifier(grid=(7, 9, 11), fuzzy_layers=2).fit(X, y)
    axes = ["discriminant 1", "discriminant 2", "component 1"]
    scene = view.lattice(model.record(axes=axes))
    said = [mark.string for mark in scene.stop_marks(0) if isinstance(mark, Text)]
    assert {axis for axis in axes for line in said if line.startswith(f"{axis} = ")} == set(axes)
