"""Drawings that are made: the renderer against a finer one, and what the generator promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import label

from layerwise.data.generated_drawings import KINDS, drawings
from layerwise.data.hand import drawn, posed
from layerwise.data.shapes_drawn import KNOWN, OTHER
from layerwise.data.strokes import Stroke, bounds, fitted, render_strokes
from layerwise.errors import InputError, UnknownNameError


def stroke(points, width):
    points = np.array(points, float)
    return Stroke(points, np.full(len(points), float(width)))


def fine(strokes, size, times=8):
    """The same ink by counting the small squares of a finer grid that lie in a capsule."""
    side = size * times
    at = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(at, at)
    inside = np.zeros((side, side), bool)
    for each in strokes:
        for (x0, y0), (x1, y1), width in zip(
            each.points[:-1], each.points[1:], each.widths, strict=False
        ):
            along = np.array([x1 - x0, y1 - y0])
            t = ((x - x0) * along[0] + (y - y0) * along[1]) / max(along @ along, 1e-12)
            t = np.clip(t, 0, 1)
            inside |= np.hypot(x - x0 - t * along[0], y - y0 - t * along[1]) <= width / 2
    return 255 * inside.reshape(size, times, size, times).mean(axis=(1, 3))


@pytest.mark.parametrize("width", [1.0 / 28, 2.3 / 28, 5 / 28])
@pytest.mark.parametrize("angle", [0, 17, 45, 80, 90])
def test_ink_is_that_of_a_finer_grid(width, angle):
    turn = math.radians(angle)
    arm = 0.3 * np.array([math.cos(turn), math.sin(turn)])
    middle = np.array([0.51, 0.48])
    drawing = [stroke([middle - arm, middle + arm, middle + np.array([0.1, 0.2])], width)]
    ours = render_strokes([drawing], 28)[0].astype(float)
    reference = fine(drawing, 28)
    assert np.abs(ours - reference).mean() < 1.5
    # A straight edge at the pixel's distance is coverage to within a few levels, corners more.
    assert np.abs(ours - reference).max() < 80
    assert ours.sum() == pytest.approx(reference.sum(), rel=0.07)


def test_a_dot_and_a_line_have_the_area_they_should():
    dot = render_strokes([[stroke([[0.5, 0.5]], 0.5)]], 64)[0]
    assert dot.sum() / 255 == pytest.approx(math.pi * 16**2, rel=0.01)
    line = render_strokes([[stroke([[0.2, 0.5], [0.8, 0.5]], 0.125)]], 64)[0]
    assert line.sum() / 255 == pytest.approx(0.6 * 64 * 8 + math.pi * 4**2, rel=0.01)
    thin = render_strokes([[stroke([[0.2, 0.5], [0.8, 0.5]], 0.25 / 64)]], 64)[0]
    assert thin.max() in (64, 32)  # a quarter of a pixel is a quarter of the ink, on one row or two
    assert thin.sum() / 255 == pytest.approx(0.6 * 64 * 0.25, rel=0.05)


def test_ink_on_ink_is_ink():
    once, twice = stroke([[0.2, 0.5], [0.8, 0.5]], 0.03), stroke([[0.2, 0.5], [0.8, 0.5]], 0.03)
    assert np.array_equal(render_strokes([[once]], 28), render_strokes([[once, twice]], 28))


def test_nothing_outside_and_nothing_that_is_no_number_is_drawn():
    wild = [stroke([[5, 5], [9, 9]], 0.1), stroke([[math.nan, 0.5], [0.5, 0.5]], 0.1)]
    assert not render_strokes([wild, []], 28).any()
    assert render_strokes([], 28).shape == (0, 28, 28)


def test_fitted_strokes_fill_their_box():
    strokes = [stroke([[0, 0], [30, 10]], 0.04), stroke([[5, -2], [6, 9]], 0.04)]
    box = bounds(fitted(strokes, (0.1, 0.1, 0.9, 0.9)))
    assert box[[0, 2]] == pytest.approx([0.12, 0.88])
    assert (box[1] + box[3]) / 2 == pytest.approx(0.5)
    assert (box[3] - box[1]) / (box[2] - box[0]) == pytest.approx(12 / 30)


def test_the_same_arguments_give_the_same_bytes():
    first, second = drawings(per_kind=30, seed=3), drawings(per_kind=30, seed=3)
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert not np.array_equal(first.pixels, drawings(per_kind=30, seed=4).pixels)


def test_a_drawing_depends_on_its_kind_and_number_alone():
    many = drawings(("circle", "square", "other"), 40, seed=1)
    few = drawings(("square",), 7, seed=1)
    assert np.array_equal(many.pixels[40:47], few.pixels)
    names = np.array(many.names)
    stars = drawings(("star",), 1, seed=1)
    assert np.array_equal(many.pixels[names == "star 0"], stars.pixels)


def test_form_labels_and_names():
    made = drawings(("triangle", "other"), 5, 32, others=("heart", "cube"))
    assert made.shape == (1, 32, 32) and made.classes == ("triangle", "other")
    assert made.labels.tolist() == [0] * 5 + [1] * 5
    assert made.names[3:8] == ("triangle 3", "triangle 4", "heart 0", "cube 0", "heart 1")
    assert "no rights" in made.card.licence


@pytest.mark.parametrize("prepared", [True, False])
def test_every_kind_leaves_ink_within_the_frame(prepared):
    for kind in KINDS:
        made = drawings((kind,), 12, prepared=prepared).pixels[:, 0]
        ink = made.reshape(12, -1).sum(axis=1) / 255
        assert (ink > 10).all() and (ink < 0.8 * 28 * 28).all(), kind
        if prepared:
            assert max(made[:, 0].max(), made[:, -1].max()) < 100, kind
            boxes = [np.flatnonzero((each > 60).any(axis=1)) for each in made]
            assert np.allclose([(rows[0] + rows[-1]) / 2 for rows in boxes], 13.5, atol=2), kind


def test_without_wobble_a_circle_is_a_circle():
    made = drawings(("circle",), 40, 64, wobble=0, stretch=1, prepared=False, fill=(0.9, 0.9))
    flat = []
    for picture in made.pixels[:, 0]:
        rows, columns = np.nonzero(picture > 100)
        flat.append(np.ptp(columns) / np.ptp(rows))
        _, pieces = label(picture > 60, np.ones((3, 3)))
        assert pieces == 1
    assert np.allclose(flat, 1, atol=0.2)  # eggs and round boxes are among them


def test_stretch_makes_flat_ones_and_turn_leaning_ones():
    upright = drawings(("square",), 60, 64, stretch=1, turn=0, wobble=0, prepared=False)
    flat = drawings(("square",), 60, 64, stretch=8, turn=0, wobble=0, prepared=False)

    def ratios(made):
        found = []
        for picture in made.pixels[:, 0]:
            rows, columns = np.nonzero(picture > 100)
            found.append((np.ptp(columns) + 1) / (np.ptp(rows) + 1))
        return np.array(found)

    assert np.abs(np.log(ratios(upright))).max() < 0.8
    assert (ratios(flat) > 3).any() and (ratios(flat) < 1 / 3).any()


def test_a_perfect_hand_draws_the_outline():
    rng = np.random.default_rng(0)
    outline = OTHER["pentagon"](rng)
    path = np.concatenate(drawn(rng, outline, wobble=0))
    radius = np.hypot(*path.T)
    assert radius.max() == pytest.approx(1, abs=0.02)
    assert radius.min() >= math.cos(math.pi / 5) - 0.05
    assert posed(rng, [path], 1, 0, 0)[0].shape == path.shape


def test_classes_can_be_told_apart():
    from sklearn.neighbors import KNeighborsClassifier

    training, fresh = drawings(per_kind=600), drawings(per_kind=100, seed=1)
    nearest = KNeighborsClassifier(3).fit(training.pixels.reshape(1800, -1), training.labels)
    assert nearest.score(fresh.pixels.reshape(300, -1), fresh.labels) > 0.85


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ("cirle",)}, "Did you mean 'circle'"),
        ({"kinds": ()}, "must be named"),
        ({"kinds": ("circle", "circle")}, "each once"),
        ({"kinds": ("other",), "others": ("pentagone",)}, "Did you mean 'pentagon'"),
        ({"kinds": ("other",), "others": ("other",)}, "mixed from"),
        ({"per_kind": 0}, "'per_kind' must be a whole number"),
        ({"size": 4}, "'size' must be a whole number from 8"),
        ({"seed": -1}, "'seed'"),
        ({"stretch": 0.5}, "'stretch' must be a number from 1"),
        ({"turn": math.nan}, "'turn' must be a number"),
        ({"wobble": "much"}, "'wobble' must be a number"),
        ({"pens": (0.1, 0.05)}, "least, then most"),
        ({"pens": 0.1}, "two numbers"),
        ({"fill": (0.5, 2)}, "'fill' must be a number"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        drawings(**options)


def test_an_unknown_kind_is_an_unknown_name():
    with pytest.raises(UnknownNameError, match="Unknown kind of drawing 'elephant'"):
        drawings(("elephant",))
    assert {"circle", "square", "triangle"} <= set(KNOWN) and len(OTHER) > 40
