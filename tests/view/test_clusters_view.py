"""The film of clusters: its numbers are those of the trace, and every word can be read."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from chart_checks import box_of, texts
from sklearn.datasets import make_blobs, make_moons

from layerwise.errors import InputError, UnknownNameError
from layerwise.lattice.clusters.clusterer import LatticeClusterer
from layerwise.scene import Discs, Image
from layerwise.trace import Header, Site, Trace
from layerwise.view.lattice.clusters import clusters
from layerwise.view.lattice.density import LEVELS, equalized, level_palette, proportional
from layerwise.view.style import DARK, LIGHT, SMALLEST_SIZE

LONG = "a column whose name goes on and on, far beyond any edge of any picture of it"


@cache
def film_of(name):
    """A trace of that name, and its scene."""
    options, shown = {"grid": 64}, {"data": "moons"}
    X, _ = make_moons(300, noise=0.06, random_state=0)
    if name == "noise":
        X, _ = make_blobs(300, centers=[(-6, -6), (6, 6), (0, 3)], random_state=0)
        X = np.concatenate([X, np.random.default_rng(0).uniform(-11, 11, (120, 2))])
        options["grid"] = (90, 60)
    elif name == "none":
        options["z"] = 1e6
    elif name == "thirty":
        places = [(6 * (k % 6), 6 * (k // 6)) for k in range(30)]
        X, _ = make_blobs(1500, centers=places, cluster_std=0.4, random_state=0)
        options["grid"] = 128
    elif name == "long names":
        shown = {"data": "a table with a very long name " * 9, "axes": (LONG, LONG)}
    elif name == "projected":
        X, _ = make_blobs(300, n_features=5, random_state=1)
    elif name == "one point":
        X = np.array([[1.0, 2.0]])
    elif name == "large grid":
        options["grid"] = 900
        shown["spreading_moments"] = 3
    trace = LatticeClusterer(**options).fit(X).record(**shown)
    return trace, clusters(trace)


NAMES = ["moons", "noise", "none", "thirty", "long names", "projected", "one point", "large grid"]


def laid_out(name, layout):
    trace, scene = film_of(name)
    return trace, scene if layout == "wide" else scene.portrait


def some_stops(scene):
    starts = {chapter.stop for chapter in scene.chapters}
    last = len(scene.stops) - 1
    around = {stop + step for stop in starts for step in (-1, 0, 1)}
    return sorted(stop for stop in {*around, last, last // 3} if 0 <= stop <= last)


@pytest.mark.parametrize("layout", ["wide", "tall"])
@pytest.mark.parametrize("name", NAMES)
def test_every_word_can_be_read(name, layout):
    _, scene = laid_out(name, layout)
    for stop in some_stops(scene):
        boxes = []
        for text in texts(scene, stop):
            assert text.size >= SMALLEST_SIZE
            assert text.string == text.string.strip()
            left, top, right, bottom = box_of(text)
            assert left >= 0
            assert top >= 0
            assert right <= scene.size[0] + 0.5, text.string
            assert bottom <= scene.size[1] + 0.5, text.string
            boxes.append((left, top, right, bottom, text.string))
        for one in range(len(boxes)):
            for other in boxes[one + 1 :]:
                a, b = boxes[one], other
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                numbers = a[4].isdecimal() and b[4].isdecimal()  # peaks may lie close
                assert apart or numbers, (stop, a, b)


@pytest.mark.parametrize("layout", ["wide", "tall"])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_the_trace(name, layout):
    trace, scene = laid_out(name, layout)
    last = len(trace) - 1
    said = " | ".join(text.string for text in texts(scene, last))
    sizes = trace["cluster points", last]
    total = trace.about["points"]
    assert [text.string for text in texts(scene, last)].count(str(len(sizes))) >= 1
    if trace["noise points", last]:
        share = f"{100 * int(trace['noise points', last]) / total:.1f}\u2009%"
        assert f"and {share} noise" in said
    else:
        assert "and no noise" in said
    rows, ground = 0, "the background" if trace.about["background"] > 0 else "nothing"
    for number, size in enumerate(sizes.tolist()):
        for name in texts(scene, last):
            if name.string == f"cluster {number}":
                row = [text for text in texts(scene, last) if text.at[1] == name.at[1]]
                _, points, share, z = (text.string for text in sorted(row, key=lambda t: t.at[0]))
                assert points == f"{size:,}"
                assert share == f"{100 * size / total:.1f}\u2009%"
                known = float(trace["cluster z", last][number])
                assert float(z.split()[0].replace(",", "")) == pytest.approx(known, rel=0.006)
                other = int(trace["cluster neighbor", last][number])
                assert z.endswith(ground if other < 0 else f"cluster {other}")
                rows += 1
    assert rows >= min(len(sizes), 3)
    for stop in some_stops(scene):
        moment = trace.moments[stop]
        strings = [text.string for text in texts(scene, stop)]
        if "layer" in moment.at:
            assert f"{moment.at['layer']:,}" in strings
        elif moment.kind == "merge":
            assert f"{int(trace['hills left', stop]):,}" in strings
    for note in trace.notes:
        assert all(word in said.replace(" | ", " ") for word in note.split())


def test_pictures_are_those_of_the_trace():
    trace, scene = film_of("noise")
    spread = [n for n, m in enumerate(trace.moments) if m.kind == "layer" and "flow" not in m.at]
    near = trace.about["near"]
    for stop in (spread[0], spread[-1]):
        images = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Image)]
        image = max(images, key=lambda image: image.box[2])
        assert (image.refers.site, image.refers.moment) == ("density", stop)
        assert np.array_equal(image.pixels, equalized(trace["density", stop], near))
    last = len(trace) - 1
    images = [mark for mark in scene.stop_marks(last) if isinstance(mark, Image)]
    image = max(images, key=lambda image: image.box[2])
    assert image.refers.site == "cell labels"
    labels, held = trace["cell labels", last], trace["density", 0] > 0
    hues = [np.unique(image.pixels[(labels == n) & held], axis=0) for n in range(labels.max() + 1)]
    assert all(len(hue) == 1 for hue in hues)
    assert len({hue.tobytes() for hue in hues}) == len(hues) == 3
    assert np.unique(image.pixels[(labels < 0) & ~held], axis=0).tolist() == [
        list(DARK.unclassified[:3])
    ]


def test_each_hill_has_its_dot_at_its_z():
    trace, scene = film_of("noise")
    last = len(trace) - 1
    discs = [mark for mark in scene.stop_marks(last) if isinstance(mark, Discs)]
    dots = [mark for mark in discs if mark.refers and mark.refers.site == "peak z"]
    hills = np.concatenate([mark.refers.indices[:, 0] for mark in dots])
    x = np.concatenate([mark.centers[:, 0] for mark in dots])
    z = trace["peak z", trace.where("peak z")[0]]
    assert sorted(hills) == list(range(len(z)))
    slope = np.polyfit(z[hills], x, 1)
    assert np.allclose(np.polyval(slope, z[hills]), x, atol=0.1)


def test_shades_cover_equal_areas():
    values = np.random.default_rng(0).gamma(0.3, size=(255, 400))
    levels = equalized(values, 0.0)
    areas = np.bincount(levels.reshape(-1), minlength=256)
    assert areas[0] == 0
    assert areas[1:].min() == areas[1:].max() == 400
    order = np.argsort(values, axis=None)
    assert (np.diff(levels.reshape(-1)[order].astype(int)) >= 0).all()


def test_equal_cells_share_a_shade_and_empty_ones_have_none():
    values = np.array([[0, 0, 0, 1], [1, 2, 2, 5]])
    levels = equalized(values, 0)
    assert levels[0, :3].tolist() == [0, 0, 0]
    # Of five cells: the middle of the first two fifths, of the next two, of the last.
    assert levels[values == 1].tolist() == [1 + 51, 1 + 51]
    assert levels[values == 2].tolist() == [1 + 153, 1 + 153]
    assert levels[values == 5].tolist() == [1 + int(255 * 0.9)]
    assert equalized(np.zeros((3, 3)), 0).max() == 0
    assert proportional(np.array([[0.0, 1.0, 2.0]]), 0.5).tolist() == [[0, 128, LEVELS]]
    assert proportional(np.zeros((2, 2)), 0.5).max() == 0


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_shades_go_from_the_ground_to_ink(theme):
    palette = level_palette(theme).astype(int)
    assert palette[0].tolist() == list(theme.unclassified)
    assert palette[-1].tolist() == list(theme.ink)
    steps = np.diff(palette[1:, :3].sum(axis=1))
    assert (steps >= 0).all() if theme is DARK else (steps <= 0).all()


def test_the_same_trace_gives_the_same_bytes(tmp_path):
    trace, scene = film_of("noise")
    first = scene.save(tmp_path / "a.svg").read_bytes()
    again = LatticeClusterer(grid=(90, 60))
    X, _ = make_blobs(300, centers=[(-6, -6), (6, 6), (0, 3)], random_state=0)
    X = np.concatenate([X, np.random.default_rng(0).uniform(-11, 11, (120, 2))])
    other = clusters(again.fit(X).record(data="moons"))
    assert other.save(tmp_path / "b.svg").read_bytes() == first
    assert re.search(r"clusters", scene.title)
    assert str(trace.about["points"]) in scene.description


def test_wrong_input_is_refused():
    trace = Trace(Header("something else", (Site("loss", "metric"),)))
    with pytest.raises(InputError, match=r"recording of a lattice clusterer"):
        clusters(trace)
    with pytest.raises(InputError, match=r"positive speed"):
        clusters(film_of("moons")[0], speed=0)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'dark'"):
        clusters(film_of("moons")[0], theme="drak")
