"""SVG: its exact text, whole XML, and the same picture as the raster."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image as Pictures

from layerwise.errors import InputError, OutputError
from layerwise.render.raster import rasterize
from layerwise.render.svg import svg_text, write_svg
from layerwise.scene import (
    Curves,
    Discs,
    Image,
    Rectangles,
    Scene,
    Segments,
    Text,
    Timeline,
)

GOLDEN = Path(__file__).parents[1] / "golden"
INK = (242, 243, 245, 255)
NS = "{http://www.w3.org/2000/svg}"


def marks(stop=0, fraction=0.0):
    cells = (np.arange(64).reshape(8, 8) // 3 % 3).astype(np.uint8)
    palette = np.array([[47, 111, 222, 255], [232, 89, 12, 255], [18, 138, 107, 255]], np.uint8)
    ramp = np.zeros((64, 64, 3), np.uint8)
    ramp[..., 0] = np.arange(64) * 4
    angles = np.linspace(0, 3, 9)
    ends = np.stack(
        [np.full(9, 30), np.full(9, 200), 30 + 150 * np.cos(angles / 2), 200 - 90 * np.sin(angles)],
        axis=1,
    )
    return [
        Rectangles([[20, 20, 120, 60], [160, 20.5, 100, 60]], [24, 27, 33, 255], radii=[8, 0],
                   stroke=[[47, 111, 222, 255], [232, 89, 12, 128]], stroke_widths=[2, 5]),
        Segments(ends, np.linspace(0.3, 5, 9), [154, 161, 173, 200]),
        Curves([[20, 100, 120, 100, 120, 270, 220, 270], [30, 90, 30, 240, 460, 90, 460, 240]],
               [0.4, 3.5], [[245, 147, 34, 255], [8, 119, 189, 120]]),
        Discs([[220, 150], [260.5, 150.25], [300, 150]], [18, 12.5, 0.3], [18, 138, 107, 255],
              stroke=[INK, (232, 89, 12, 128), INK], stroke_widths=[3, 4, 0]),
        Image((300, 20, 96, 96), cells, palette),
        Image((300, 190, 80, 80), ramp, sampling="area"),
        Text((20, 260), "Learning <b> & “quotes”  1,234.5 % − ½×", 20, INK),
        Text((470, 150), f"stop {stop}", 34, INK, 600, "end"),
        Text((430, 230), "def f(x): 0123", 16, (154, 161, 173, 255), 400, "middle", "mono"),
    ]  # fmt: skip


def scene(**options):
    return Scene(
        marks, Timeline.even(4, step=1), size=(480, 280), title="All <kinds> & more",
        description="One of each mark", poster=2, **options,
    )  # fmt: skip


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2))


def test_text_is_that_of_the_golden_file(tmp_path):
    scene().save(tmp_path / "all.svg")
    text = (tmp_path / "all.svg").read_text(encoding="utf-8")
    # How well fonts and pictures are packed depends on their libraries' versions.
    bare, count = re.subn(r"base64,[A-Za-z0-9+/=]+", "base64,…", text)
    assert count == 3 + 2
    assert bare == (GOLDEN / "all.svg").read_text(encoding="utf-8")


def test_it_is_whole_xml_that_says_what_it_shows(tmp_path):
    scene().save(tmp_path / "all.svg")
    root = ElementTree.parse(tmp_path / "all.svg").getroot()
    assert root.find(f"{NS}title").text == "All <kinds> & more"
    assert root.find(f"{NS}desc").text == "One of each mark"
    assert root.attrib["viewBox"] == "0 0 480 280"
    shown = [element.text for element in root.iter(f"{NS}text")]
    assert shown == ["Learning <b> & “quotes”  1,234.5 % − ½×", "stop 2", "def f(x): 0123"]
    text = (tmp_path / "all.svg").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'\s)]+", text)) == {"http://www.w3.org/2000/svg"}


def test_characters_that_xml_forbids_do_not_break_the_file():
    broken = Scene(
        lambda *_: [Text((1, 9), "a\x00b\x1f\uffffc", 9, INK)], Timeline.even(1, step=1),
        title="]]>\x01",
    )  # fmt: skip
    root = ElementTree.fromstring(svg_text(broken, broken.stop_marks(0)))
    assert root.find(f"{NS}text").text == "a\ufffdb\ufffd\ufffdc"


def test_same_scene_gives_same_bytes(tmp_path):
    for name in ("one.svg", "two.svg"):
        write_svg(scene(), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize(
    ("options", "label"),
    [({}, "stop 2"), ({"stop": 0}, "stop 0"), ({"stop": -1}, "stop 3"), ({"time": 1.2}, "stop 1")],
)
def test_which_picture(tmp_path, options, label):
    write_svg(scene(), tmp_path / "a.svg", **options)
    assert f">{label}<" in (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"stop": 4},
            "There is no such stop in the film. Received 4. "
            "Stops are 0 to 3, or −4 to −1 from the end.",
        ),
        (
            {"time": 9.0},
            "There is no such time in the film. Received 9 s. It lasts from 0 to 4 s.",
        ),
        (
            {"stop": 1, "time": 1.0},
            "A still is of a stop or of a time. Received both. Give one.",
        ),
    ],
)
def test_a_picture_that_is_not_there(tmp_path, options, message):
    with pytest.raises(InputError) as caught:
        write_svg(scene(), tmp_path / "a.svg", **options)
    assert str(caught.value) == message
    assert not list(tmp_path.iterdir())


def test_bad_places_and_bad_numbers(tmp_path):
    with pytest.raises(OutputError, match="it is a folder"):
        write_svg(scene(), tmp_path)
    bad = Scene(lambda *_: [Discs([[np.nan, 1]], 2, INK)], Timeline.even(1, step=1))
    with pytest.raises(InputError, match="finite numbers"):
        write_svg(bad, tmp_path / "a.svg")


@pytest.mark.browser
def test_chromium_draws_what_the_raster_draws(chromium, tmp_path):
    path = tmp_path / "all.svg"
    scene().save(path)
    page = chromium.new_page(viewport={"width": 480, "height": 280})
    page.goto(path.as_uri())
    shown = np.asarray(Pictures.open(io.BytesIO(page.screenshot())).convert("RGB"))
    page.close()
    drawn = rasterize(scene().stop_marks(2), (480, 280), scene().ground)
    assert psnr(shown, drawn) >= 30
    without_text = [mark for mark in scene().stop_marks(2) if not isinstance(mark, Text)]
    assert psnr(shown, rasterize(without_text, (480, 280), scene().ground)) < 25  # it can fail
