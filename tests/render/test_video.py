"""Films, read back by FFmpeg: frames, sizes, colours, tags; and what is left when one fails."""

import errno
import threading

import av
import numpy as np
import pytest

from layerwise.errors import InputError, OutputError, UnknownNameError
from layerwise.render.raster import rasterize
from layerwise.scene import Discs, Image, Scene, Segments, Text, Timeline

PALETTE = np.array([[47, 111, 222, 255], [232, 89, 12, 255], [18, 138, 107, 255]], np.uint8)


def scene(size=(160, 90), stops=6, draw=None):
    """A film of 12 frames: cells that change, a disc that moves, lines that stand still."""
    random = np.random.default_rng(3)
    maps = np.kron(random.integers(0, 3, (stops, 6, 6)), np.ones((3, 3), int)).astype(np.uint8)
    still = [
        Segments([(90, 10, 150, 80), (90, 80, 150, 10)], [2, 4], (154, 161, 173, 255)),
        Text((92, 30), "layer", 13, (242, 243, 245, 255)),
    ]

    def marks(stop, fraction):
        way = 95 + 8 * (stop + fraction)
        disc = Discs([(way, 60)], [7], (194, 63, 142, 255))
        return [*still, Image((10, 10, 72, 72), maps[stop], PALETTE), disc]

    timeline = Timeline.even(stops, step=0.2, rest=0.1)
    return Scene(
        draw or marks, timeline, size=size, fps=10, title="A film", ground=(15, 17, 21, 255)
    )


def frames(path, form="rgb24"):
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format=form) for frame in film.decode(video=0)]


def colors_of(path):
    """Frames as colours, by BT.709's formula from the planes as stored: (row, column, rgb)."""
    shown = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            planes = []
            for plane in frame.planes:
                values = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                values = values[:, : plane.width].astype(float)
                times = frame.height // plane.height
                planes.append(np.repeat(np.repeat(values, times, 0), times, 1))
            luma, blue, red = (planes[0] - 16) / 219, planes[1] - 128, planes[2] - 128
            r, b = luma + 1.5748 * red / 224, luma + 1.8556 * blue / 224
            g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152
            shown.append(np.clip(255 * np.stack([r, g, b], -1), 0, 255))
    return shown


def psnr(one, other):
    return 10 * np.log10(255**2 / max(np.mean((np.asarray(one, float) - other) ** 2), 1e-6))


def threads_of_ours():
    return [thread for thread in threading.enumerate() if thread.name == "layerwise-encode"]


@pytest.mark.parametrize(
    ("suffix", "options", "least"),
    [
        (".mp4", {"crf": 12}, 28),
        (".mp4", {"quality": "444", "crf": 12}, 38),
        (".mp4", {"quality": "444", "crf": 0}, 46),
        (".webm", {"crf": 12}, 26),
    ],
)
def test_a_film_shows_the_frames_of_its_scene(tmp_path, suffix, options, least):
    film, path = scene(), tmp_path / f"a{suffix}"
    film.save(path, **options)
    shown = colors_of(path)
    assert len(shown) == len(film) == 12
    for number, picture in enumerate(shown):
        wanted = rasterize(film.marks(number / 10), film.size, film.ground)
        assert picture.shape == wanted.shape
        assert psnr(picture, wanted) > least


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_the_file_says_what_it_is(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    scene().save(path)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1  # limited
        assert context.name in ("h264", "vp9", "libvpx-vp9")
        assert stream.average_rate == 10
        assert context.pix_fmt == "yuv420p"
        assert (film.metadata.get("title") or film.metadata.get("TITLE")) == "A film"


def test_a_player_can_start_before_all_is_loaded(tmp_path):
    scene().save(tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("size", "shown"), [((161, 91), (162, 92)), ((160, 91), (160, 92))])
@pytest.mark.parametrize("quality", ["420", "444"])
def test_sides_are_made_even_by_repeating_the_edge(tmp_path, size, shown, quality):
    film, path = scene(size), tmp_path / "a.mp4"
    film.save(path, quality=quality, crf=5)
    pictures = colors_of(path)
    assert pictures[0].shape == (shown[1], shown[0], 3)
    wanted = rasterize(film.marks(0), size, film.ground)
    wanted = np.pad(wanted, [(0, shown[1] - size[1]), (0, shown[0] - size[0]), (0, 0)], "edge")
    assert psnr(pictures[0], wanted) > 26


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_the_same_scene_gives_the_same_frames(tmp_path, suffix):
    for name in "ab":
        scene().save(tmp_path / f"{name}{suffix}")
    form = "bgra" if suffix == ".gif" else "rgb24"
    one, other = (frames(tmp_path / f"{name}{suffix}", form) for name in "ab")
    assert len(one) == len(other) > 1
    np.testing.assert_array_equal(one, other)


def test_frames_by_the_second_and_scale_are_as_asked(tmp_path):
    scene().save(tmp_path / "a.mp4", fps=25, scale=0.5)
    shown = frames(tmp_path / "a.mp4")
    assert len(shown) == 30
    assert shown[0].shape == (46, 80, 3)  # 45 rows made even


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_progress_counts_frames_to_the_last(tmp_path, suffix):
    told = []
    scene().save(tmp_path / f"a{suffix}", progress=lambda done, total: told.append((done, total)))
    total = told[0][1]
    assert told == [(done, total) for done in range(1, total + 1)]
    assert total == (15 if suffix == ".gif" else 12)


def test_a_gif_plays_for_ever_in_at_most_256_colours(tmp_path):
    film, path = scene(), tmp_path / "a.gif"
    film.save(path, width=160, fps=10)
    data = path.read_bytes()
    at = data.index(b"NETSCAPE2.0")
    assert data[at + 11 : at + 16] == b"\x03\x01\x00\x00\x00"  # nought means for ever
    shown = frames(path, "bgra")
    assert len(shown) == 12
    for number, picture in enumerate(shown):
        colors = np.unique(picture.reshape(-1, 4), axis=0)
        assert len(colors) <= 256
        wanted = rasterize(film.marks(number / 10), film.size, film.ground)
        assert psnr(picture[:, :, 2::-1], wanted) > 34


@pytest.mark.parametrize(("fps", "hundredths"), [(10, 10), (12.5, 8), (24, 4), (50, 2)])
def test_frames_of_a_gif_last_whole_hundredths(tmp_path, fps, hundredths):
    scene().save(tmp_path / "a.gif", width=64, fps=fps)
    with av.open(str(tmp_path / "a.gif")) as film:
        times = [frame.time for frame in film.decode(video=0)]
    np.testing.assert_allclose(np.diff(times), hundredths / 100)
    assert len(times) == np.ceil(1.2 * 100 / hundredths - 1e-6)


def test_a_gif_is_drawn_at_its_own_size(tmp_path):
    scene().save(tmp_path / "a.gif", width=101)
    assert frames(tmp_path / "a.gif", "bgra")[0].shape == (57, 101, 4)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
@pytest.mark.parametrize("before", [None, b"an older film"])
def test_an_error_while_drawing_leaves_nothing_behind(tmp_path, suffix, before):
    plain = scene()

    def draw(stop, fraction):
        if stop == 3:
            raise ZeroDivisionError("in a view")
        return plain.stop_marks(stop)

    path = tmp_path / f"a{suffix}"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(ZeroDivisionError, match="in a view"):
        scene(draw=draw).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ([] if before is None else [path.name])
    assert before is None or path.read_bytes() == before
    assert threads_of_ours() == []


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_an_interrupt_leaves_whole_files_only(tmp_path, suffix):
    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"an older film")
    with pytest.raises(KeyboardInterrupt):
        scene(stops=40).save(path, progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"an older film"
    assert threads_of_ours() == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {"crf": 52}, "The quality crf of H.264 is 0 to 51. Received 52."),
        ("a.mp4", {"crf": -1}, "The quality crf of H.264 is 0 to 51. Received -1."),
        ("a.webm", {"crf": 64}, "The quality crf of VP9 is 0 to 63. Received 64."),
        ("a.mp4", {"fps": 0}, "A film has 0.1 to 240 frames a second. Received 0."),
        ("a.webm", {"fps": 1000}, "A film has 0.1 to 240 frames a second. Received 1000."),
        ("a.mp4", {"fps": float("nan")}, "A film has 0.1 to 240 frames a second. Received nan."),
        ("a.mp4", {"quality": "44"}, "Unknown quality '44'. Did you mean '444'?"),
        ("a.mp4", {"quality": "best"}, "Unknown quality 'best'. Known: 420, 444."),
        ("a.gif", {"width": 8}, "A GIF is 16 to 4,096 pixels wide. Received 8."),
        ("a.gif", {"fps": 60}, "A GIF has 1 to 50 frames a second. Received 60."),
        (
            "a.gif",
            {"crf": 20},
            "Unknown option 'crf' in files of type .gif. Known: width, fps, progress.",
        ),
        (
            "a.webm",
            {"qualitiy": "444"},
            "Unknown option 'qualitiy' in files of type .webm. Known: fps, scale, crf, progress.",
        ),
        ("a.mp4", {"scale": -1}, "A scale must be a number above zero. Received -1."),
    ],
)
def test_options_out_of_range_are_refused_and_nothing_is_written(tmp_path, name, options, message):
    with pytest.raises((InputError, UnknownNameError)) as caught:
        scene().save(tmp_path / name, **options)
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_place_that_cannot_be_written(tmp_path, suffix):
    path = tmp_path / "none" / f"a{suffix}"
    with pytest.raises(OutputError) as caught:
        scene().save(path)
    assert str(caught.value) == (
        f"Cannot write {path}: there is no folder {tmp_path / 'none'}. Create it first."
    )
    assert threads_of_ours() == []


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_view_is_asked_in_the_callers_thread(tmp_path, suffix):
    plain, asked = scene(), set()

    def draw(stop, fraction):
        asked.add(threading.get_ident())
        return plain.stop_marks(stop)

    scene(draw=draw).save(tmp_path / f"a{suffix}")
    assert asked == {threading.get_ident()}  # an open recording answers no other


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_disk_that_fills_up_is_said_and_leaves_nothing_behind(tmp_path, suffix, monkeypatch):
    class Full:
        """A film whose disk is full after two packets."""

        def __init__(self, output):
            self.output, self.packets = output, 0

        def __enter__(self):
            return self

        def __exit__(self, *raised):
            self.output.close()

        def __getattr__(self, name):
            return getattr(self.output, name)

        def mux(self, packets):
            self.packets += 1
            if self.packets > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.output.mux(packets)

    plain = av.open
    monkeypatch.setattr(av, "open", lambda *given, **named: Full(plain(*given, **named)))
    path = tmp_path / f"a{suffix}"
    with pytest.raises(OutputError) as caught:
        scene(stops=30).save(path)
    assert str(caught.value) == (
        f"Cannot write {path}: the disk is full. "
        "Choose a place that can be written, or make room there."
    )
    assert list(tmp_path.iterdir()) == []
    assert threads_of_ours() == []
