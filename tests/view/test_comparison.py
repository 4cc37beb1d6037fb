"""Two scenes in one frame: each as it is alone, stops in step."""

from __future__ import annotations

import numpy as np
import pytest
from chart_checks import check_words, words

from layerwise.errors import InputError
from layerwise.scene import Discs, Scene, Stop, Text, Timeline
from layerwise.view.charts.comparison import side_by_side


def moving(labels, *, size=(1920, 1080), way=0.4, rest=0.5, ground=(15, 17, 21, 255), poster=0):
    """A scene of one disc that is at 100 at its first stop, 200 at its second, and so on."""
    stops = [Stop(k * (way + rest), rest, name) for k, name in enumerate(labels)]
    last = len(labels) - 1

    def draw(stop, fraction):
        x = 100.0 * (min(stop + fraction, last) + 1)
        return [Discs([[x, 50.0]], [5.0], [255, 0, 0, 255]), Text((100, 200), labels[stop], 20,
                                                                (255, 255, 255, 255))]  # fmt: skip

    end = stops[-1].start + rest
    return Scene(draw, Timeline(stops, end), size=size, ground=ground, poster=poster)


def discs(scene, time):
    return [tuple(m.centers[0]) for m in scene.marks(time) if isinstance(m, Discs)]


def test_both_are_seen_each_at_its_place():
    pair = side_by_side(moving("ab"), moving("ab"), ("one", "two"))
    width, height = pair.size
    assert width >= 3840
    assert height > 1080
    (x0, y0), (x1, y1) = discs(pair, 0)
    assert (x0, x1 - x0, y1 - y0) == (100, 1922, 0)
    assert y0 - 50 == height - 1080
    assert {"one", "two"} <= set(words(pair, 0))
    check_words(pair, 0)


@pytest.mark.parametrize("fraction", np.linspace(0.01, 0.99, 13))
def test_on_the_way_each_has_come_as_far_as_the_frame(fraction):
    pair = side_by_side(moving("abc", way=0.4), moving("abc", way=0.9), ("one", "two"))
    leave = pair.stops[0].start + pair.stops[0].rest
    time = leave + fraction * (pair.stops[1].start - leave)
    eased = pair.timeline.at(time)[1]
    (x0, _), (x1, _) = discs(pair, time)
    assert x0 == pytest.approx(100 + 100 * eased, abs=0.01)
    assert x1 - 1922 == pytest.approx(100 + 100 * eased, abs=0.01)


def test_rests_are_as_long_as_the_longer():
    pair = side_by_side(moving("ab", rest=0.3), moving("ab", rest=1.1, way=0.7), ("one", "two"))
    assert pair.stops[0].rest == 1.1
    assert pair.stops[1].start == pytest.approx(1.8)


def test_stops_of_one_name_are_shown_together():
    left = moving(["step 0", "step 10", "step 20"])
    right = moving(["step 0", "step 20", "step 30"])
    pair = side_by_side(left, right, ("one", "two"))
    shown = [sorted(w for w in words(pair, k) if w.startswith("step")) for k in range(4)]
    assert shown == [
        ["step 0", "step 0"], ["step 0", "step 10"], ["step 20", "step 20"],
        ["step 20", "step 30"],
    ]  # fmt: skip
    assert [stop.label for stop in pair.stops][::2] == ["step 0", "step 20"]


def test_stops_without_names_in_common_go_one_by_one():
    pair = side_by_side(moving(["a", "b"]), moving(["x", "y", "z"]), ("one", "two"))
    assert [stop.label for stop in pair.stops] == ["a | x", "b | y", "b | z"]
    assert [x for x, _ in discs(pair, pair.stops[2].start)] == [200, 1922 + 300]


def test_two_epochs_of_one_film_are_two_posters():
    left, right = moving("abcd", poster=1), moving("abcd", poster=1)
    assert side_by_side(left, right, ("one", "two")).poster == 1
    other = side_by_side(left, moving("abcd", poster=3), ("one", "two"))
    assert other.poster == 3  # never together, so the last


def test_wide_scenes_stand_below_one_another():
    wide = {"size": (2400, 600)}
    pair = side_by_side(moving("ab", **wide), moving("ab", **wide), ("one", "two"))
    assert pair.size[0] == 2400
    (x0, y0), (x1, y1) = discs(pair, 0)
    assert x0 == x1
    assert y1 - y0 > 600
    check_words(pair, 0)


def test_a_size_scales_both():
    pair = side_by_side(moving("ab"), moving("ab"), ("one", "two"), size=(1920, 1080))
    assert pair.size == (1920, 1080)
    (x0, y0), (x1, y1) = discs(pair, 0)
    zoom = (x1 - x0) / 1922
    assert zoom == pytest.approx(1920 / 3842)
    assert y0 == y1
    assert 0 < y0 < 1080


def test_each_keeps_its_ground():
    light = (251, 250, 247, 255)
    pair = side_by_side(moving("ab"), moving("ab", ground=light), ("one", "two"))
    pixels = pair.frame(0, scale=0.25)
    assert tuple(pixels[200, 100]) == (15, 17, 21)
    assert tuple(pixels[200, 700]) == light[:3]
    assert np.array_equal(pixels, pair.frame(0, scale=0.25))


def test_what_cannot_be_is_refused():
    one = moving("ab")
    with pytest.raises(InputError, match="two names"):
        side_by_side(one, one, ("one",))
    with pytest.raises(InputError, match="two names"):
        side_by_side(one, one, "ab")
    with pytest.raises(InputError, match="across or down"):
        side_by_side(one, one, ("a", "b"), direction="up")
