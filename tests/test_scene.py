"""The Scene: its timeline, its marks, its camera, and what it says when it must refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layerwise import scene as contract
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import (
    Camera,
    Curves,
    Discs,
    GridReading,
    Image,
    Rectangles,
    Scene,
    Segments,
    Stop,
    Text,
    Timeline,
    ease,
)

RED = np.array([255, 0, 0, 255], np.uint8)


def discs(count=3):
    centers = np.arange(2 * count, dtype=np.float32).reshape(count, 2) * 10
    return Discs(centers, radii=[4], fill=RED, stroke_widths=[1])


def one_of_each():
    return [
        discs(),
        Segments([[0, 0, 30, 40]], widths=[2], colors=RED),
        Curves([[0, 0, 15, 0, 15, 40, 30, 40]], widths=[2], colors=RED),
        Rectangles([[10, 20, 30, 40]], fill=RED, radii=[3], stroke_widths=[1]),
        Image((5, 6, 70, 80), np.zeros((2, 2, 3), np.uint8)),
        Text((12, 34), "layer", 20, (255, 255, 255, 255)),
    ]


def still(**options):
    return Scene(lambda stop, fraction: [discs()], Timeline.even(3, step=1.0), **options)


# Time


@st.composite
def timelines(draw):
    waits = draw(st.lists(st.floats(0, 5), min_size=1, max_size=8))
    starts = np.cumsum(waits).tolist()
    rests = [draw(st.floats(0, 6)) for _ in starts]
    stops = [
        Stop(start, rest, str(index))
        for index, (start, rest) in enumerate(zip(starts, rests, strict=True))
    ]
    return Timeline(stops, starts[-1] + draw(st.floats(0, 5)))


@given(timelines(), st.lists(st.floats(-1, 60), min_size=2, max_size=20))
def test_time_never_turns_back(timeline, times):
    places = [timeline.at(time) for time in sorted(times)]
    assert places == sorted(places)
    for index, fraction in places:
        assert 0 <= index < len(timeline.stops)
        assert 0 <= fraction <= 1


@given(timelines())
def test_every_stop_rests_where_it_starts(timeline):
    starts = [stop.start for stop in timeline.stops]
    for index, stop in enumerate(timeline.stops):
        assume(index + 1 == len(starts) or starts[index + 1] - stop.start > 1e-6)
        assert timeline.at(stop.start) == (index, 0.0)


def test_the_way_between_two_stops():
    timeline = Timeline.even(3, step=2.0, rest=1.0)
    assert timeline.end == 6.0
    assert [stop.label for stop in timeline.stops] == ["0", "1", "2"]
    assert timeline.at(-5) == (0, 0.0)
    assert timeline.at(1.0) == (0, 0.0)
    assert timeline.at(1.5) == (0, 0.5)
    assert timeline.at(2.0) == (1, 0.0)
    assert timeline.at(100) == (2, 0.0)


def test_stops_that_rest_all_the_time_never_move():
    timeline = Timeline.even(4, step=0.25)
    for time in np.linspace(0, 1, 101):
        assert timeline.at(float(time))[1] == 0.0


def test_a_frame_at_the_very_start_of_a_stop_belongs_to_it():
    # 0.1 added three times is not 0.3; a film must not show the old stop for it.
    timeline = Timeline.even(10, step=0.1)
    assert timeline.at(0.1 + 0.1 + 0.1 - 1e-12)[0] == 3


def test_easing_ends_at_rest():
    assert [ease(x) for x in (0.0, 0.5, 1.0)] == [0.0, 0.5, 1.0]
    step = 1e-4
    assert ease(step) / step < 1e-3
    assert (1 - ease(1 - step)) / step < 1e-3


@given(st.floats(0, 1), st.floats(0, 1))
def test_easing_is_even_about_its_middle_and_never_turns(one, other):
    assert ease(1 - one) == pytest.approx(1 - ease(one), abs=1e-12)
    early, late = sorted((one, other))
    assert ease(early) <= ease(late) + 1e-15


# Marks


def test_one_value_stands_for_all():
    mark = discs(3)
    assert mark.radii.tolist() == [4, 4, 4]
    assert mark.fill.tolist() == [[255, 0, 0, 255]] * 3
    assert mark.stroke.tolist() == [[0, 0, 0, 0]] * 3
    assert mark.centers.dtype == mark.radii.dtype == np.float32
    assert mark.fill.dtype == np.uint8


def test_marks_may_be_none():
    mark = Discs(np.empty((0, 2)), radii=np.empty(0), fill=RED)
    assert len(mark.centers) == len(mark.radii) == len(mark.fill) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Discs([[0, 0], [1, 1], [2, 2]], radii=[1, 2], fill=RED),
            "The radii of discs must be one, or one for each of the 3. Received shape (2,).",
        ),
        (
            lambda: Discs([[0, 0], [1, 1]], radii=1, fill=[[0, 0, 0]]),
            "The fill of discs must be one, or one for each of the 2. Received shape (1, 3).",
        ),
        (
            lambda: Segments([[0, 0, 1, 1]], widths=[1, 2], colors=RED),
            "The widths of segments must be one, or one for each of the 1. Received shape (2,).",
        ),
        (
            lambda: Curves(np.zeros((3, 8)), widths=[1, 2], colors=RED),
            "The widths of curves must be one, or one for each of the 3. Received shape (2,).",
        ),
        (
            lambda: Rectangles([[0, 0, 1, 1]], fill=RED, radii=[1, 2]),
            "The radii of rectangles must be one, or one for each of the 1. Received shape (2,).",
        ),
        (
            lambda: Image((0, 0, 1, 1), np.zeros((4, 4), np.uint8)),
            "An image mark needs pixels of (row, column, 3 or 4), or (row, column) indices with a "
            "palette. Received shape (4, 4), no palette.",
        ),
        (
            lambda: Image((0, 0, 1, 1), np.zeros((4, 4, 3), np.uint8), palette=RED[None]),
            "An image mark needs pixels of (row, column, 3 or 4), or (row, column) indices with a "
            "palette. Received shape (4, 4, 3), a palette.",
        ),
        (lambda: Timeline([], 1.0), "A timeline needs at least one stop. Received none."),
        (
            lambda: Timeline([Stop(1, 0, "b"), Stop(0, 0, "a")], 2.0),
            "The stops of a timeline must be in order of time, the end last.",
        ),
        (
            lambda: Timeline([Stop(1, 0, "a")], 0.5),
            "The stops of a timeline must be in order of time, the end last.",
        ),
        (
            lambda: still(size=(1, 100)),
            "A scene needs a size of 2 pixels or more and a positive frame rate.",
        ),
        (
            lambda: still(fps=0),
            "A scene needs a size of 2 pixels or more and a positive frame rate.",
        ),
    ],
)
def test_messages(make, message):
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("mark", "names"),
    [
        (discs(), ["centers", "radii", "fill", "stroke", "stroke_widths"]),
        (one_of_each()[1], ["ends", "widths", "colors"]),
        (one_of_each()[2], ["points", "widths", "colors"]),
        (one_of_each()[3], ["boxes", "fill", "radii", "stroke", "stroke_widths"]),
        (one_of_each()[4], ["pixels"]),
        (
            Image((0, 0, 1, 1), np.zeros((2, 2), np.uint8), palette=RED[None]),
            ["pixels", "palette"],
        ),
    ],
)
def test_arrays_of_a_mark_are_read_only(mark, names):
    for name in names:
        with pytest.raises(ValueError, match="read-only"):
            getattr(mark, name)[...] = 0
    with pytest.raises(AttributeError):
        mark.refers = None


def test_freezing_a_mark_leaves_the_givers_array_alone():
    centers = np.zeros((2, 2), np.float32)
    Discs(centers, radii=1, fill=RED)
    centers[0, 0] = 5


def test_an_image_gives_its_colors():
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    colors = Image((0, 0, 1, 1), rgb).colors()
    np.testing.assert_array_equal(colors[..., :3], rgb)
    assert (colors[..., 3] == 255).all()
    rgba = np.arange(16, dtype=np.uint8).reshape(2, 2, 4)
    np.testing.assert_array_equal(Image((0, 0, 1, 1), rgba).colors(), rgba)
    palette = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.uint8)
    indexed = Image((0, 0, 1, 1), np.array([[1, 0]], np.uint8), palette=palette)
    assert indexed.colors().tolist() == [[[5, 6, 7, 8], [1, 2, 3, 4]]]


# The camera


def places(mark):
    """Every length of a mark in one flat list."""
    match mark:
        case Discs():
            arrays = [mark.centers, mark.radii, mark.stroke_widths]
        case Segments():
            arrays = [mark.ends, mark.widths]
        case Curves():
            arrays = [mark.points, mark.widths]
        case Rectangles():
            arrays = [mark.boxes, mark.radii, mark.stroke_widths]
        case Image():
            arrays = [mark.box]
        case Text():
            arrays = [mark.at, mark.size]
    return np.concatenate([np.ravel(array) for array in arrays])


@pytest.mark.parametrize("mark", one_of_each(), ids=lambda mark: mark.kind)
def test_a_camera_at_the_middle_changes_nothing(mark):
    seen = Camera((960, 540)).apply(mark, (1920, 1080))
    assert type(seen) is type(mark)
    np.testing.assert_array_equal(places(seen), places(mark))


@pytest.mark.parametrize("mark", one_of_each(), ids=lambda mark: mark.kind)
def test_zoom_doubles_every_distance_from_the_center(mark):
    size, center = (200, 100), (37, 11)
    seen = Camera(center, 2).apply(mark, size)

    def points(mark):
        match mark:
            case Discs():
                return mark.centers
            case Segments():
                return mark.ends.reshape(-1, 2)
            case Curves():
                return mark.points.reshape(-1, 2)
            case Rectangles():
                return np.concatenate([mark.boxes[:, :2], mark.boxes[:, :2] + mark.boxes[:, 2:]])
            case Image():
                x, y, width, height = mark.box
                return np.array([[x, y], [x + width, y + height]])
            case Text():
                return np.array([mark.at])

    middle = np.array(size) / 2
    np.testing.assert_allclose(points(seen) - middle, 2 * (points(mark) - center))
    point_count = points(mark).size if not isinstance(mark, Rectangles | Image) else None
    if point_count is not None:  # what is left of a mark after its points are widths and sizes
        np.testing.assert_allclose(places(seen)[point_count:], 2 * places(mark)[point_count:])


def test_a_camera_leaves_colors_alone():
    seen = Camera((0, 0), 3).apply(discs(), (10, 10))
    np.testing.assert_array_equal(seen.fill, discs().fill)


@given(
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    st.floats(0.1, 8),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    st.floats(0.1, 8),
)
def test_two_cameras_compose(first, zoom, second, again):
    size = (640, 360)
    middle = np.array(size) / 2
    both = Camera(tuple(first + (np.array(second) - middle) / zoom), zoom * again)
    for mark in one_of_each():
        twice = Camera(second, again).apply(Camera(first, zoom).apply(mark, size), size)
        np.testing.assert_allclose(
            places(both.apply(mark, size)), places(twice), rtol=1e-4, atol=0.1
        )


def test_a_scene_is_seen_through_its_camera():
    scene = still(size=(100, 100), camera=lambda time: Camera((50, 50), 1 + time))
    np.testing.assert_allclose(scene.marks(1.0)[0].radii, 8)
    np.testing.assert_allclose(scene.stop_marks(2)[0].radii, 12)


# The film


def test_a_scene_draws_only_when_asked():
    calls = []

    def draw(stop, fraction):
        calls.append((stop, fraction))
        return [discs()]

    scene = Scene(draw, Timeline.even(3, step=2.0, rest=1.0), fps=2)
    assert len(scene) == 12
    assert scene.duration == 6.0
    assert not calls
    scene.marks(1.5)
    scene.stop_marks(2)
    assert calls == [(0, 0.5), (2, 0.0)]


@pytest.mark.parametrize(
    ("duration", "fps", "count"), [(3, 30, 90), (0.1 * 3, 10, 3), (0.01, 30, 1), (1.01, 10, 11)]
)
def test_how_many_frames(duration, fps, count):
    scene = Scene(lambda *_: [], Timeline([Stop(0, 0, "")], duration), fps=fps)
    assert len(scene) == count


def test_frame_times():
    scene = still(fps=10)
    assert len(scene) == 30
    assert scene.frame_time(0) == 0.0
    assert scene.frame_time(29) == scene.frame_time(-1) == 2.9
    assert scene.frame_time(-30) == 0.0


@pytest.mark.parametrize("index", [30, -31, 1000])
def test_there_is_no_such_frame(index):
    with pytest.raises(InputError) as caught:
        still(fps=10).frame_time(index)
    assert str(caught.value) == (
        f"There is no such frame. Received {index}. "
        "Frames are 0 to 29, or \u221230 to \u22121 from the end."
    )


def test_readings_are_made_when_asked():
    reading = GridReading(
        (0, 0, 1, 1), "x", "y", np.zeros(1), np.zeros(1), ("a",), np.zeros((1, 1, 1), np.uint8)
    )
    assert still().readings() == []
    assert still(readings=lambda: [reading]).readings() == [reading]


# Saving


@pytest.fixture
def writer(monkeypatch):
    """A format of its own, so that what is tested is the table and not a renderer."""
    calls = []

    def write(scene, path, *, quality="420", stop=None):
        calls.append((scene, path, quality, stop))

    monkeypatch.setattr(contract, "WRITERS", {".mp4": "any:write", ".svg": "any:write"})
    monkeypatch.setattr(contract, "_load", lambda path: write)
    return calls


def test_save_calls_the_writer_of_the_suffix(writer, tmp_path):
    scene = still()
    path = scene.save(str(tmp_path / "film.MP4"), quality="444")
    assert path == tmp_path / "film.MP4"
    assert writer == [(scene, path, "444", None)]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("film.mp5", {}, "Unknown file suffix '.mp5' in film.mp5. Did you mean '.mp4'?"),
        ("film.docx", {}, "Unknown file suffix '.docx' in film.docx. Known: .mp4, .svg."),
        ("film", {}, "Unknown file suffix 'film' in film. Known: .mp4, .svg."),
        (
            "film.mp4",
            {"qualty": "444"},
            "Unknown option 'qualty' in files of type .mp4. Did you mean 'quality'?",
        ),
        (
            "film.svg",
            {"scene": 1},
            "Unknown option 'scene' in files of type .svg. Known: quality, stop.",
        ),
    ],
)
def test_save_offers_the_nearest_name(writer, name, options, message):
    with pytest.raises(UnknownNameError) as caught:
        still().save(name, **options)
    assert str(caught.value) == message
    assert not writer
