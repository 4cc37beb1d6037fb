"""Pictures of the lattice's principles: what they draw is what was recorded."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from layerwise.errors import InputError
from layerwise.explain import lattice as explained
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.scene import Discs, Image, Rectangles, Text
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.typeface import text_width
from layerwise.view.palette import class_colors, probability_color
from layerwise.view.principles import lattice as view
from layerwise.view.style import DARK, LIGHT, format_number, format_percent

GRID = (14, 18)


@cache
def model(start="filled"):
    X, y = make_blobs(30, centers=3, cluster_std=2, random_state=0)
    options = {"fuzzy_from": start, "fuzzy_layers": 6}
    return LatticeClassifier(grid=GRID, **options).fit(X, y)


@cache
def trace_of(name):
    """A small recording of each kind."""
    match name:
        case "filling":
            return model().record(filling_moments=5, fuzzy_moments=3)
        case "walk" | "ends":
            return explained.lattice_walk(model(), (5, 9), layers=12, runs=50)
        case "runs":
            return explained.lattice_runs(model(), layers=6, most=16)
        case "board":
            return explained.chequerboard(model(), layers=(2, 8), runs=2)
        case "average":
            return explained.lattice_average(model(), lengths=(4, 16), groups=2, runs=2)
    return explained.lattice_density(model("points"), layers=(3, 12))


VIEWS = {
    "filling": view.lattice_filling,
    "walk": view.lattice_walk,
    "ends": view.lattice_ends,
    "runs": view.lattice_runs,
    "board": view.chequerboard,
    "average": view.lattice_average,
    "density": view.lattice_density,
}


def marks_of(name, stop=-1, **options):
    scene = VIEWS[name](trace_of(name), **options)
    return scene.stop_marks(range(len(scene.stops))[stop])


def strings(marks):
    return [mark.string for mark in marks if isinstance(mark, Text)]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", VIEWS)
def test_words_stay_within_the_frame(name, language, theme):
    scene = VIEWS[name](trace_of(name), theme=theme, language=language)
    assert scene.ground == theme.ground
    assert scene.description and scene.title
    for stop in range(len(scene.stops)):
        for mark in scene.stop_marks(stop):
            if isinstance(mark, Text):
                wide = text_width(mark.string, mark.size, mark.weight)
                left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
                assert left >= 0 and left + wide <= scene.size[0], mark.string
                assert mark.at[1] <= scene.size[1]


@pytest.mark.parametrize("name", VIEWS)
def test_label_maps_are_those_of_the_trace(name):
    trace = trace_of(name)
    colors = class_colors(3)
    found = 0
    for mark in marks_of(name, theme="light"):
        if isinstance(mark, Image) and mark.refers is not None:
            value = trace[mark.refers.site, mark.refers.moment]
            if mark.refers.site in ("simulated", "probabilities"):
                value = probability_color(value.argmax(axis=0), value.max(axis=0), LIGHT, colors)
                assert np.array_equal(mark.pixels, value)
            elif name not in ("board", "walk") and mark.refers.site == "labels":
                assert np.array_equal(mark.pixels, value)
                assert np.array_equal(mark.palette[:3, :3], colors)
            found += 1
    assert found or name == "average"


def test_shares_of_the_filling_are_counted():
    trace = trace_of("filling")
    for stop in range(len(trace)):
        said = strings(marks_of("filling", stop))
        for count in trace["counts", stop]:
            assert format_percent(count / (GRID[0] * GRID[1])) in said
        assert f"{trace.moments[stop].at['layer']}" in said


def test_a_walk_is_drawn_cell_by_cell():
    trace = trace_of("walk")
    scene = view.lattice_walk(trace)
    assert len(scene.stops) == 13
    rings = []
    for stop in range(13):
        marks = scene.stop_marks(stop)
        rings.append([mark for mark in marks if isinstance(mark, Discs)][-1].centers[0])
        part = next(mark for mark in marks if isinstance(mark, Image)).pixels
        whole = trace["labels", stop]
        windows = np.lib.stride_tricks.sliding_window_view(whole, part.shape)
        assert (windows == part).all(axis=(2, 3)).any()
        row, column = trace["place", stop]
        assert any(f"{row}" in said and f"{column}" in said for said in strings(marks)) or stop == 0
    places = np.array([trace["place", stop] for stop in range(13)])
    cell = 510 / part.shape[0]
    moved = np.diff(np.array(rings), axis=0) / cell
    assert np.abs(moved[:, ::-1] - np.diff(places, axis=0)).max() < 1e-3


def test_squares_are_as_large_as_ends_are_many():
    trace = trace_of("ends")
    marks = [mark for mark in marks_of("ends") if isinstance(mark, Rectangles) and mark.refers]
    assert [mark.refers.site for mark in marks] == ["ends", "end probabilities"]
    for mark, total in zip(marks, (50, 1), strict=True):
        rows, columns = mark.refers.indices.T
        shares = trace[mark.refers.site, 12][rows, columns] / total
        areas = mark.boxes[:, 2] * mark.boxes[:, 3]
        assert np.allclose(areas / areas.max(), shares / shares.max(), rtol=1e-3)
        labels = trace["labels", 12][rows, columns]
        assert np.array_equal(mark.fill[:, :3], class_colors(3)[labels])


def test_numbers_are_those_of_the_trace():
    runs, board, average = (trace_of(name) for name in ("runs", "board", "average"))
    said = " ".join(strings(marks_of("runs")))
    for site in ("difference", "expected"):
        assert format_number(float(runs[site, 2])) in said
    said = " ".join(strings(marks_of("board")))
    for site in ("neighbours differ", "diagonals differ"):
        for share in board[site, 1]:
            assert format_percent(float(share)) in said
    said = " ".join(strings(marks_of("average")))
    for looks in average["together", 1]:
        assert format_number(float(looks), 2) in said
    said = " ".join(strings(marks_of("density")))
    assert f"width {format_number(np.sqrt(12 / 4), 2)} cells" in said


@pytest.mark.parametrize("name", VIEWS)
def test_another_trace_is_refused(name):
    trace = Trace(Header("a loss", (Site("loss", "metric"),)))
    trace.append(Moment("step"), {"loss": 1.0})
    with pytest.raises(InputError, match="This picture needs another trace"):
        VIEWS[name](trace)
