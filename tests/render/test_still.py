"""Stills and sheets: the raster's pixels, without loss."""

import numpy as np
import pytest
from PIL import Image

from layerwise.errors import InputError, OutputError
from layerwise.render.raster import rasterize
from layerwise.render.still import GAP, contact_sheet
from layerwise.scene import Discs, Rectangles, Scene, Stop, Text, Timeline

INK = (242, 243, 245, 255)


def scene(ground=(15, 17, 21, 255)):
    """Five stops; a disc that moves, and the number of the stop."""

    def draw(stop, fraction):
        return [
            Rectangles([(8, 8, 104, 64)], (42, 46, 55, 255), [6]),
            Discs([(20 + 20 * (stop + fraction), 40)], [9], (47, 111, 222, 255)),
            Text((60, 30), str(stop), 14, INK),
        ]

    return Scene(
        draw, Timeline.even(5, step=1.0, rest=0.5), size=(120, 80), ground=ground, poster=3
    )


def read(path):
    with Image.open(path) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize(
    ("options", "time"),
    [({}, 3.0), ({"stop": 1}, 1.0), ({"stop": -1}, 4.0), ({"time": 1.75}, 1.75), ({"time": 5}, 5)],
)
def test_a_still_is_the_raster_of_its_moment(tmp_path, suffix, options, time):
    path = tmp_path / f"a{suffix}"
    film = scene()
    for scale in (1.0, 1.5):
        film.save(path, scale=scale, **options)
        wanted = rasterize(film.marks(time), film.size, film.ground, scale=scale)
        np.testing.assert_array_equal(read(path), wanted)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_the_same_scene_gives_the_same_bytes(tmp_path, suffix):
    for name in "ab":
        scene().save(tmp_path / f"{name}{suffix}", sheet=4)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize(("count", "shown"), [(1, [0]), (2, [0, 4]), (4, [0, 1, 3, 4]), (99, None)])
def test_a_sheet_shows_stops_evenly_spaced(tmp_path, count, shown):
    film = scene()
    shown = list(range(5)) if shown is None else shown
    sheet = contact_sheet(film, count, 2.0)
    across = int(np.ceil(np.sqrt(len(shown))))
    scale = 2.0 / across
    width, height = round(120 * scale), round(80 * scale)
    down = -(-len(shown) // across)
    assert sheet.shape == (down * (height + GAP) + GAP, across * (width + GAP) + GAP, 3)
    for place, stop in enumerate(shown):
        top = GAP + place // across * (height + GAP)
        left = GAP + place % across * (width + GAP)
        wanted = rasterize(film.stop_marks(stop), film.size, film.ground, scale=scale)
        np.testing.assert_array_equal(sheet[top : top + height, left : left + width], wanted)
    film.save(tmp_path / "sheet.png", sheet=count, scale=2.0)
    np.testing.assert_array_equal(read(tmp_path / "sheet.png"), sheet)


def test_the_pictures_of_a_sheet_stand_out_on_dark_and_on_light():
    for ground in ((15, 17, 21, 255), (251, 250, 247, 255)):
        assert np.abs(contact_sheet(scene(ground), 2)[0, 0].astype(int) - ground[:3]).min() >= 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop": 1, "time": 2.0}, "A still is of a stop or of a time. Received both. Give one."),
        (
            {"stop": 5},
            "There is no such stop in the film. Received 5. "
            "Stops are 0 to 4, or −5 to −1 from the end.",
        ),
        (
            {"stop": -6},
            "There is no such stop in the film. Received -6. "
            "Stops are 0 to 4, or −5 to −1 from the end.",
        ),
        (
            {"time": 5.5},
            "There is no such time in the film. Received 5.5 s. It lasts from 0 to 5 s.",
        ),
        (
            {"time": float("nan")},
            "There is no such time in the film. Received nan s. It lasts from 0 to 5 s.",
        ),
        ({"sheet": 0}, "A sheet shows at least one picture. Received 0."),
        ({"scale": 0}, "A scale must be a number above zero. Received 0."),
        (
            {"stops": 1},
            "Unknown option 'stops' in files of type .png. Did you mean 'stop'?",
        ),
    ],
)
def test_what_there_is_not_is_refused_and_nothing_is_written(tmp_path, options, message):
    path = tmp_path / "a.png"
    with pytest.raises(InputError) as caught:
        scene().save(path, **options)
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path):
    path = tmp_path / "none" / "a.webp"
    with pytest.raises(OutputError) as caught:
        scene().save(path)
    assert str(caught.value) == (
        f"Cannot write {path}: there is no folder {tmp_path / 'none'}. Create it first."
    )


def test_a_scene_of_one_stop_has_a_sheet():
    single = Scene(lambda stop, fraction: [], Timeline([Stop(0, 1, "only")], 1), size=(30, 20))
    assert contact_sheet(single, 9).shape == (20 + 2 * GAP, 30 + 2 * GAP, 3)
