"""Boxes stand apart and in order, links run from box to box and through none, on random graphs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from layerwise.view.diagram.layout import Spacing, layout, ranks_of
from layerwise.view.diagram.layout_order import _isotonic
from layerwise.view.diagram.layout_rows import row_breaks


def random_graph(seed, count=18):
    """Sizes and links of a graph in which each box but the first is fed by an earlier one."""
    numbers = np.random.default_rng(seed)
    sizes = numbers.uniform([40, 30], [160, 120], (count, 2))
    links = set()
    for target in range(1, count):
        near = max(0, target - 3)
        links.add((int(numbers.integers(near, target)), target))
        if numbers.random() < 0.35:
            links.add((int(numbers.integers(0, target)), target))
    return sizes, sorted(links)


def points_on(curves, count=60):
    """Points on Bézier curves (curve, 8), by the Bernstein polynomials: (point, xy)."""
    t = np.linspace(0, 1, count)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    return np.concatenate([weights @ curve.reshape(4, 2) for curve in curves])


def inside(points, box, rim=1.0):
    x, y, width, height = box
    across = (points[:, 0] > x + rim) & (points[:, 0] < x + width - rim)
    return across & (points[:, 1] > y + rim) & (points[:, 1] < y + height - rim)


LENGTHS = {"one row": np.inf, "a few rows": 900.0, "many rows": 420.0}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("seed", range(12))
def test_no_box_on_another_and_no_link_through_one(seed, length):
    sizes, links = random_graph(seed)
    found = layout(sizes, links, length=LENGTHS[length])
    assert np.allclose(found.boxes[:, 2:], sizes)
    for one, other in combinations(found.boxes, 2):
        apart = (
            one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
            or one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
        )  # fmt: skip
        assert apart
    assert found.boxes[:, :2].min() >= -1e-6
    assert (found.boxes[:, 0] + found.boxes[:, 2]).max() <= found.width + 1e-6
    assert (found.boxes[:, 1] + found.boxes[:, 3]).max() <= found.height + 1e-6
    for (a, b), curves in zip(links, found.links, strict=True):
        points = points_on(curves)
        for number, box in enumerate(found.boxes):
            assert not inside(points, box).any(), f"link {a}–{b} runs through box {number}"


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("seed", range(6))
def test_links_are_whole_and_begin_and_end_at_their_boxes(seed, length):
    sizes, links = random_graph(seed)
    found = layout(sizes, links, length=LENGTHS[length])
    assert found.joins == tuple(links)
    for (a, b), curves in zip(links, found.links, strict=True):
        assert np.allclose(curves[1:, :2], curves[:-1, 6:])
        for number, end in ((a, curves[0, :2]), (b, curves[-1, 6:])):
            x, y, width, height = found.boxes[number]
            nearest = np.clip(end, [x, y], [x + width, y + height])
            assert np.hypot(*(end - nearest)) < 1e-6, "the end is on its box"


@pytest.mark.parametrize("seed", range(8))
def test_ranks_follow_the_links(seed):
    sizes, links = random_graph(seed)
    ranks = ranks_of(len(sizes), links)
    longest = [0] * len(sizes)
    for a, b in sorted(links, key=lambda link: link[1]):
        longest[b] = max(longest[b], longest[a] + 1)
    assert ranks == longest
    found = layout(sizes, links)
    starts = found.boxes[:, 0] + found.boxes[:, 2] / 2
    assert all(starts[a] < starts[b] for a, b in links)


def test_a_second_input_waits_before_its_reader():
    links = [(0, 1), (1, 2), (2, 4), (3, 4)]
    assert ranks_of(5, links) == [0, 1, 2, 2, 3]


@pytest.mark.parametrize("length", [300.0, 700.0, 1500.0])
def test_rows_keep_to_their_length(length):
    sizes, links = random_graph(3, 30)
    found = layout(sizes, links, length=length)
    for row in set(found.rows):
        members = found.boxes[[number for number, own in enumerate(found.rows) if own == row]]
        reach = (members[:, 0] + members[:, 2]).max() - members[:, 0].min()
        assert reach <= length + 1e-6 or len(members) == 1 or len(set(members[:, 0])) == 1


def test_a_chain_is_straight_and_skips_are_level():
    sizes = np.array([[80.0, 60.0], [100.0, 90.0], [60.0, 40.0], [90.0, 120.0], [50.0, 50.0]])
    found = layout(sizes, [(0, 1), (1, 2), (2, 3), (3, 4), (1, 4)])
    middles = found.boxes[:, 1] + found.boxes[:, 3] / 2
    assert np.ptp(middles) < 0.5
    heights = {round(float(y), 3) for curve in found.links[4][1:-1] for y in curve[1::2]}
    assert len(heights) == 1, "the skip runs level between its ends"


def test_same_graph_same_numbers():
    sizes, links = random_graph(5)
    one, other = layout(sizes, links, length=800.0), layout(sizes.copy(), links, length=800.0)
    assert one.boxes.tobytes() == other.boxes.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.links, other.links, strict=True))


def test_turned_exchanges_the_axes():
    sizes, links = random_graph(1)
    found = layout(sizes, links)
    turned = found.turned()
    assert np.array_equal(turned.boxes[:, [1, 0, 3, 2]], found.boxes)
    assert (turned.width, turned.height) == (found.height, found.width)
    assert np.array_equal(turned.links[0][:, ::2], found.links[0][:, 1::2])


def test_nothing_and_one_box():
    assert layout(np.zeros((0, 2)), []).boxes.shape == (0, 4)
    assert layout(np.array([[30.0, 20.0]]), []).boxes.tolist() == [[0.0, 0.0, 30.0, 20.0]]


def test_breaks_avoid_links_and_keep_rows_even():
    widths = np.full(8, 100.0)
    assert row_breaks(widths, [], 10.0, 500.0) == [0, 4]
    assert row_breaks(widths, [], 10.0, np.inf) == [0]
    crossed = [(3, 4)] * 6  # many links where an even break would be
    assert row_breaks(widths, crossed, 10.0, 600.0) != [0, 4]
    assert row_breaks(np.array([900.0, 900.0]), [], 10.0, 500.0) == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_places_in_order_are_the_least_squares(seed):
    numbers = np.random.default_rng(seed)
    wishes, weights = numbers.normal(size=7), numbers.uniform(0.1, 3, 7)
    found = np.array(_isotonic(wishes.tolist(), weights.tolist()))
    steps = np.tril(np.ones((7, 7)))  # a start, and steps that are not negative
    root = np.sqrt(weights)
    bounds = (np.array([-np.inf, *[0.0] * 6]), np.full(7, np.inf))
    best = lsq_linear(steps * root[:, None], wishes * root, bounds, tol=1e-12)
    assert np.allclose(found, steps @ best.x, atol=1e-4)


def test_spacing_is_kept():
    sizes = np.full((4, 2), 50.0)
    found = layout(sizes, [(0, 1), (0, 2), (1, 3), (2, 3)], spacing=Spacing(ranks=70.0, boxes=33.0))
    assert found.boxes[1, 0] - (found.boxes[0, 0] + 50) == pytest.approx(70)
    assert abs(found.boxes[1, 1] - found.boxes[2, 1]) >= 83 - 1e-6
