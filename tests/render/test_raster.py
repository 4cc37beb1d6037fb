import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import InputError, TooLargeError
from layerwise.render import raster
from layerwise.render.raster import Canvas, mark_window, pixel_size, rasterize
from layerwise.scene import Curves, Discs, Image, Rectangles, Segments, Text

SIZE = (40, 30)
BLACK, WHITE = (0, 0, 0, 255), (255, 255, 255, 255)
FINE = 8  # samples along the side of a pixel


def samples():
    """The centres of 8 × 8 samples in each pixel: x and y, (row, column) each."""
    y, x = np.mgrid[0 : SIZE[1] * FINE, 0 : SIZE[0] * FINE]
    return (x + 0.5) / FINE, (y + 0.5) / FINE


def averaged(inside):
    """How much of each pixel is inside, by its samples."""
    return inside.reshape(SIZE[1], FINE, SIZE[0], FINE).mean((1, 3))


def drawn(*marks):
    """White marks on black as coverage, 0 to 1."""
    return rasterize(marks, SIZE, BLACK)[:, :, 0] / 255


def agree(ours, exact, area, worst=0.17, mean=0.004):
    """A soft edge by distance is not the exact area: worst at corners, right on the average."""
    apart = np.abs(ours - exact)
    assert apart.max() <= worst
    assert apart.mean() <= mean
    assert ours.sum() == pytest.approx(area, rel=0.05, abs=0.4)


def soft(signed_distance):
    """The coverage that `shapes` promises: that of a straight edge at the pixel's distance."""
    return np.clip(0.5 - signed_distance, 0, 1)


def centres():
    """The centres of the pixels: x and y, (row, column) each."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    return x + 0.5, y + 0.5


def to_segment(x, y, x0, y0, x1, y1):
    """The distance to a line's nearest point."""
    squared = (x1 - x0) ** 2 + (y1 - y0) ** 2
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / squared if squared else 0 * x
    along = np.clip(along, 0, 1)
    return np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))


@pytest.mark.parametrize("radius", [0.9, 3.0, 7.25, 12.4])
@pytest.mark.parametrize("at", [(20.0, 15.0), (17.3, 13.8), (2.1, 28.0)])
def test_a_disc_covers_the_area_within_its_radius(at, radius):
    ours = drawn(Discs([at], [radius], WHITE))
    x, y = centres()
    np.testing.assert_allclose(ours, soft(np.hypot(x - at[0], y - at[1]) - radius), atol=0.51 / 255)
    if radius < at[0] and radius < 30 - at[1]:  # all of it is in the frame
        x, y = samples()
        exact = averaged(np.hypot(x - at[0], y - at[1]) <= radius)
        agree(ours, exact, math.pi * radius**2)


@pytest.mark.parametrize("radius", [0.1, 0.25, 0.45])
def test_a_disc_under_a_pixel_has_the_area_it_should_relative_to_one_of_a_pixel(radius):
    one = drawn(Discs([(10.5, 10.5)], [0.5], WHITE)).sum()
    small = drawn(Discs([(10.5, 10.5)], [radius], WHITE)).sum()
    assert small == pytest.approx(one * (2 * radius) ** 2, abs=1 / 255)


def test_a_ring_lies_inside_the_edge_of_its_disc():
    x, y = samples()
    distance = np.hypot(x - 19.6, y - 15.2)
    ring = Discs([(19.6, 15.2)], [11.0], (0, 0, 0, 0), WHITE, [3.0])
    agree(drawn(ring), averaged((distance <= 11) & (distance > 8)), math.pi * (11**2 - 8**2))


def test_an_opaque_ring_lets_nothing_of_its_fill_shine_through_its_outer_edge():
    with_fill = rasterize([Discs([(20, 15)], [9.3], WHITE, (255, 0, 0, 255), [2.5])], SIZE, BLACK)
    distance = np.hypot(
        *(grid - at for grid, at in zip(np.mgrid[0:30, 0:40], (14.5, 19.5), strict=True))
    )
    assert with_fill[distance > 8.5][:, 1:].max() == 0


@pytest.mark.parametrize("width", [1.0, 2.3, 8.0])
@pytest.mark.parametrize(
    "ends",
    [(8, 9, 31, 22), (30.2, 5.1, 9.7, 24.9), (6, 15, 34, 15), (20.3, 4, 20.3, 26), (8, 8, 8, 8),
     (5, 14.1, 35, 15.2), (30, 4, 29, 27)],
)  # fmt: skip
def test_a_segment_is_a_capsule(ends, width):
    ours = drawn(Segments([ends], [width], WHITE))
    by_distance = soft(to_segment(*centres(), *ends) - width / 2)
    np.testing.assert_allclose(ours, by_distance, atol=0.52 / 255)
    length = math.dist(ends[:2], ends[2:])
    exact = averaged(to_segment(*samples(), *ends) <= width / 2)
    agree(ours, exact, length * width + math.pi * width**2 / 4)


@pytest.mark.parametrize("width", [0.05, 0.4, 0.99])
def test_a_segment_under_a_pixel_is_one_pixel_wide_and_fainter(width):
    ends = (5.2, 8.1, 33.4, 20.7)
    one = drawn(Segments([ends], [1.0], WHITE))
    thin = drawn(Segments([ends], [width], WHITE))
    np.testing.assert_allclose(thin, one * width, atol=1.01 / 255)


@pytest.mark.parametrize("radius", [0.0, 2.0, 6.5, 50.0])
def test_a_rectangle_covers_its_box_less_its_corners(radius):
    box = (5.3, 6.6, 27.9, 16.1)
    x, y = samples()
    round_by = min(radius, box[2] / 2, box[3] / 2)
    nearest_x = np.clip(x, box[0] + round_by, box[0] + box[2] - round_by)
    nearest_y = np.clip(y, box[1] + round_by, box[1] + box[3] - round_by)
    inside = np.hypot(x - nearest_x, y - nearest_y) <= max(round_by, 1e-12)
    area = box[2] * box[3] - (4 - math.pi) * round_by**2
    agree(drawn(Rectangles([box], WHITE, [radius])), averaged(inside), area, mean=0.006)


def test_a_straight_edge_covers_by_exact_area():
    pixels = drawn(Rectangles([(5.25, 6.5, 10.5, 8.0)], WHITE))
    assert pixels[10, 5] == pytest.approx(0.75, abs=0.5 / 255)
    assert pixels[10, 15] == pytest.approx(0.75, abs=0.5 / 255)
    assert pixels[6, 10] == pytest.approx(0.5, abs=0.5 / 255)
    assert pixels[6, 5] == pytest.approx(0.375, abs=0.5 / 255)
    assert pixels[10, 10] == 1


def test_the_line_of_a_rectangle_lies_inside_its_edge():
    x, y = samples()
    outer = (x > 5.5) & (x < 33.5) & (y > 4) & (y < 24)
    inner = (x > 8.5) & (x < 30.5) & (y > 7) & (y < 21)
    box = Rectangles([(5.5, 4, 28, 20)], (0, 0, 0, 0), [0], WHITE, [3])
    np.testing.assert_allclose(drawn(box), averaged(outer & ~inner), atol=0.51 / 255)


@pytest.mark.parametrize("alpha", [1, 77, 128, 254, 255])
def test_colours_mix_in_srgb_and_round_to_the_nearest(alpha):
    grounds = [(0, 0, 0), (13, 101, 255), (255, 255, 255), (90, 200, 7)]
    color = (244, 101, 31, alpha)
    for ground in grounds:
        exact = [g + (c - g) * alpha / 255 for g, c in zip(ground, color, strict=False)]
        for mark in (
            Rectangles([(0, 0, 40, 30)], color),
            Discs([(20, 15)], [30], color),
            Segments([(0, 15, 40, 15)], [80], color),
            Curves([(0, 15, 10, 12, 30, 18, 40, 15)], [80], color),
            Image((0, 0, 40, 30), np.full((3, 4, 4), color, np.uint8)),
            Image((0, 0, 40, 30), np.full((3, 4, 4), color, np.uint8), sampling="area"),
        ):
            got = rasterize([mark], SIZE, (*ground, 255))
            assert np.abs(got - np.array(exact)).max() <= 0.5001, mark.kind


def test_later_marks_lie_on_top_within_a_mark_and_between_marks():
    boxes = Rectangles([(0, 0, 30, 30), (10, 0, 30, 30)], [(255, 0, 0, 255), (0, 255, 0, 255)])
    above = Discs([(35, 15)], [4], (0, 0, 255, 255))
    pixels = rasterize([boxes, above], SIZE, BLACK)
    assert pixels[15, [5, 20, 35]].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert rasterize([above, boxes], SIZE, BLACK)[15, 35].tolist() == [0, 255, 0]


def test_scale_magnifies_everything():
    marks = [Discs([(20, 15)], [8], WHITE), Segments([(2, 2, 38, 28)], [3], WHITE)]
    large = rasterize(marks, SIZE, BLACK, scale=8)
    assert large.shape == (240, 320, 3)
    small = rasterize(marks, SIZE, BLACK)
    assert np.abs(large.reshape(30, 8, 40, 8, 3).mean((1, 3)) - small).mean() < 2
    assert rasterize([], (3, 3), BLACK, scale=0.1).shape == (1, 1, 3)


MARKS = [
    Discs([(8, 8), (30, 20)], [5, 9], (255, 0, 0, 160), (255, 255, 255, 255), [2]),
    Discs([(20, 15)], [13], (20, 90, 200, 255)),
    Segments([(0, 0, 40, 30), (5, 28, 39, 1)], [2.5, 0.4], [(0, 255, 0, 200), WHITE]),
    Curves(
        [(0, 2, 30, 2, 5, 27, 39, 26), (5, 28, 60, -20, -20, -20, 35, 29)],
        [3.5, 0.4],
        [(0, 120, 255, 120), WHITE],
    ),
    Rectangles([(4.5, 6, 20, 18)], (250, 200, 10, 90), [4], WHITE, [1.5]),
    Image((3, 3, 16, 16), np.arange(64, dtype=np.uint8).reshape(4, 4, 4)),
    Image((18.3, 9.1, 14, 14), np.arange(75, dtype=np.uint8).reshape(5, 5, 3), sampling="area"),
    Text((6, 20), "Ágy 12", 9, WHITE),
    Text((38, 12), "−4.1", 12, (255, 120, 0, 200), 600, "end"),
    Discs(np.zeros((0, 2)), [], np.zeros((0, 4))),
    Text((20, 10), "", 9, WHITE),
    Rectangles([(100, 100, 5, 5)], WHITE),
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, len(MARKS) - 1), max_size=7), min_size=1, max_size=6),
    st.sampled_from([0.5, 1.0, 1.7]),
)
def test_redrawing_only_what_changed_gives_the_bytes_of_a_whole_frame(frames, scale):
    canvas = Canvas(SIZE, BLACK, scale=scale)
    before = None
    for frame in frames:
        marks = [MARKS[number] for number in frame]
        pixels = canvas.draw(marks)
        np.testing.assert_array_equal(pixels, rasterize(marks, SIZE, BLACK, scale=scale))
        if before is not None:
            untouched = np.ones(pixels.shape[:2], bool)
            for left, top, right, bottom in canvas.changed:
                assert untouched[top:bottom, left:right].all()  # windows do not overlap
                untouched[top:bottom, left:right] = False
            np.testing.assert_array_equal(pixels[untouched], before[untouched])
        before = pixels.copy()


def test_what_stands_still_is_not_drawn_again():
    canvas = Canvas(SIZE, BLACK)
    canvas.draw(MARKS[:4])
    canvas.draw(list(MARKS[:4]))
    assert canvas.changed == []
    canvas.draw([*MARKS[:4], Discs([(5, 5)], [2], WHITE)])
    assert canvas.changed == [(1, 1, 9, 9)]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_do_not_change_a_byte(threads, monkeypatch):
    alone = rasterize(MARKS, SIZE, BLACK, scale=2, threads=1)
    monkeypatch.setattr(raster, "THREAD_PIXELS", 1)
    np.testing.assert_array_equal(rasterize(MARKS, SIZE, BLACK, scale=2, threads=threads), alone)


def test_nothing_is_touched_outside_a_marks_window():
    for mark in MARKS:
        for scale in (1, 3.3):
            whole = (0, 0, *pixel_size(SIZE, scale))
            left, top, right, bottom = mark_window(mark, scale, whole)
            pixels = rasterize([mark], SIZE, BLACK, scale=scale)
            pixels[top:bottom, left:right] = 0
            assert not pixels.any(), mark.kind


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (
            Discs([(1, 1), (math.nan, 2)], [1, 1], WHITE),
            "Cannot draw mark 1 (discs, number 1): its centers must be finite. "
            "Received [nan, 2.0].",
        ),
        (
            Segments([(0, 0, 1, 1)], [math.inf], WHITE),
            "Cannot draw mark 1 (segments, number 0): its widths must be finite. Received inf.",
        ),
        (
            Curves([(0, 0, 1, 1, 2, 2, math.nan, 3)], [1], WHITE),
            "Cannot draw mark 1 (curves, number 0): its points must be finite. "
            "Received [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, nan, 3.0].",
        ),
        (
            Rectangles([(0, 0, -math.inf, 1)], WHITE),
            "Cannot draw mark 1 (rectangles, number 0): its boxes must be finite. "
            "Received [0.0, 0.0, -inf, 1.0].",
        ),
        (
            Image((0, math.nan, 4, 4), np.zeros((2, 2, 3), np.uint8)),
            "Cannot draw mark 1 (image): its box must be finite. Received (0, nan, 4, 4).",
        ),
        (
            Text((math.inf, 0), "a", 12, WHITE),
            "Cannot draw mark 1 (text): its at must be finite. Received (inf, 0).",
        ),
        (
            Text((0, 0), "a", math.nan, WHITE),
            "Cannot draw mark 1 (text): its size must be finite. Received nan.",
        ),
    ],
)
def test_what_is_no_number_is_refused_and_the_canvas_goes_on(mark, message):
    canvas = Canvas(SIZE, BLACK)
    canvas.draw(MARKS[:2])
    with pytest.raises(InputError) as caught:
        canvas.draw([MARKS[1], mark])
    assert str(caught.value) == message
    np.testing.assert_array_equal(canvas.draw(MARKS[1:5]), rasterize(MARKS[1:5], SIZE, BLACK))


def test_a_frame_that_failed_half_way_leaves_no_trace():
    canvas = Canvas(SIZE, BLACK)
    canvas.draw(MARKS[:2])
    huge = Text((0, 20), "a", 5000, WHITE)
    for marks in ([*MARKS[:3], huge], [*MARKS[:2], huge]):
        with pytest.raises(InputError, match="drawn up to 2,000 pixels high"):
            canvas.draw(marks)
    np.testing.assert_array_equal(canvas.draw(MARKS[:5]), rasterize(MARKS[:5], SIZE, BLACK))


def test_marks_far_outside_and_far_too_large_are_drawn_where_they_are_seen():
    far = [
        Discs([(1e6, -1e6)], [3], WHITE),
        Segments([(-1e6, -1e5, -10, -10)], [4], WHITE),
        Curves([(-1e6, -1e5, -1e5, 9, -50, -40, -10, -10)], [4], WHITE),
        Rectangles([(-1e7, 0, 10, 10)], WHITE),
        Image((1e7, 5, 10, 10), np.full((2, 2, 3), 255, np.uint8)),
        Text((-1e5, -1e5), "far", 12, WHITE),
    ]
    assert not rasterize(far, SIZE, BLACK).any()
    wide = [Discs([(20, 15)], [1e6], WHITE)], [Segments([(-1e6, 15, 1e6, 15)], [100], WHITE)]
    long = [Curves([(-1e6, 15, -3e5, 15, 3e5, 15, 1e6, 15)], [100], WHITE)]
    for marks in (*wide, long, [Rectangles([(-1e6, -1e6, 2e6, 2e6)], WHITE)]):
        assert (rasterize(marks, SIZE, BLACK) == 255).all()


def test_marks_with_nothing_to_see_leave_the_ground():
    clear = (255, 255, 255, 0)
    empty = [
        Discs([(20, 15)], [0], WHITE),
        Discs([(20, 15)], [-3], WHITE),
        Discs([(20, 15)], [9], clear),
        Segments([(0, 0, 40, 30)], [0], WHITE),
        Segments([(0, 0, 40, 30)], [3], clear),
        Curves([(0, 0, 9, 0, 31, 30, 40, 30)], [0], WHITE),
        Curves([(0, 0, 9, 0, 31, 30, 40, 30)], [3], clear),
        Curves(np.zeros((0, 8)), [], np.zeros((0, 4))),
        Rectangles([(5, 5, -3, 4)], WHITE),
        Rectangles([(5, 5, 0, 4)], WHITE),
        Image((0, 0, 0, 5), np.full((2, 2, 3), 255, np.uint8)),
        Image((0, 0, 5, 5), np.zeros((0, 2, 3), np.uint8)),
        Text((5, 20), "0.5 px", 0.5, WHITE),
    ]
    assert (rasterize(empty, SIZE, (9, 8, 7, 255)) == (9, 8, 7)).all()


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_scale_is_above_zero(scale):
    with pytest.raises(InputError) as caught:
        pixel_size(SIZE, scale)
    assert str(caught.value) == f"A scale must be a number above zero. Received {scale}."


def test_a_picture_has_a_largest_side():
    with pytest.raises(TooLargeError) as caught:
        rasterize([], (1920, 1080), BLACK, scale=20)
    assert str(caught.value) == (
        "A picture is too large to draw. Received 38,400 × 21,600 pixels. "
        "A side has at most 32,768. Choose a smaller scale."
    )
