"""The pictures of the four-pixel camera: every number on them is one of the trace, none overlap."""

import re

import numpy as np
import pytest

from layerwise.errors import InputError
from layerwise.explain.four_pixel import PHOTO, four_pixel, four_pixel_pair, four_pixel_table
from layerwise.language import words
from layerwise.scene import Image, Scene, Text
from layerwise.trace import Header, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.four_pixel.film import four_pixel as draw
from layerwise.view.principles.four_pixel.pair import four_pixel_pair as draw_pair
from layerwise.view.principles.four_pixel.signs import four_pixel_signs
from layerwise.view.principles.four_pixel.table import four_pixel_rows
from layerwise.view.principles.four_pixel.table import four_pixel_table as draw_table
from layerwise.view.style import format_number, format_percent

IMAGES = [(1, -1, 1, 1), PHOTO, (0, 0, 0, 0), (1, 1, 1, 1), (-0.123, 0.456, -0.789, -1)]


def texts(scene: Scene, stop: int) -> list[Text]:
    return [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def extent(mark: Text) -> tuple[float, float]:
    wide = text_width(mark.string, mark.size, mark.weight, mark.family)
    left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
    return left, left + wide


def check_texts(scene: Scene) -> None:
    """No text is too small, leaves the frame or lies on another."""
    for stop in range(len(scene.stops)):
        marks = texts(scene, stop)
        for number, mark in enumerate(marks):
            left, right = extent(mark)
            assert mark.size >= 16 and left >= 0 and right <= scene.size[0], mark
            for other in marks[:number]:
                a, b = extent(other)
                apart = right <= a or b <= left or abs(mark.at[1] - other.at[1]) > 14
                assert apart, (mark.string, other.string)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("image", IMAGES)
def test_the_film_is_readable(image: tuple[float, ...], language: str) -> None:
    check_texts(draw(four_pixel(image), language=language))


@pytest.mark.parametrize("image", IMAGES)
def test_every_number_of_the_film_is_in_the_trace(image: tuple[float, ...]) -> None:
    trace = four_pixel(image)
    known = {"0", "1", "\u22121"}
    for moment in range(len(trace)):
        for site in trace.sites:
            if (site.name, moment) in trace:
                for value in trace[site.name, moment].ravel().tolist():
                    known |= {format_number(value), f"{value:g}".replace("-", "\u2212")}
                    known.add(format_percent(value).split("\u2009")[0])
    known |= {text.removeprefix("\u2212") for text in known}
    scene = draw(trace)
    for stop in range(5):
        for mark in texts(scene, stop):
            if mark.at[1] > 650 or mark.at[1] < 100:
                continue
            said = re.sub(r"\b[hk]\d", "", mark.string)
            for number in re.findall(r"\d[\d.,]*\d|\d", said):
                assert number in known, mark.string


def test_tiles_are_drawn_as_they_lie() -> None:
    """Clockwise in the trace, row by row on the picture."""
    scene = draw(four_pixel((1, -1, -0.5, 0.5)))
    camera = next(mark for mark in scene.stop_marks(0) if isinstance(mark, Image))
    np.testing.assert_array_equal(camera.pixels[..., 0], [[255, 0], [191, 64]])


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_the_table_is_readable(activation: str, language: str) -> None:
    check_texts(draw_table(four_pixel_table(activation=activation), language=language))


def test_rows_say_what_the_picture_says() -> None:
    table = four_pixel_table()
    head, rows = four_pixel_rows(table)
    assert head == ("pixels, clockwise", "solid", "vertical", "diagonal", "horizontal", "answer")
    assert rows[0][0] == "1  1  1  1" and rows[0][-1] == "solid"
    assert rows[8][1:] == (*["74.6\u2009%"] * 4, "four-way tie")
    assert rows[16][-1] == "no answer"
    assert rows[17] == (
        "0.5  0  \u22120.75  0.75", "21.0\u2009%", "90.2\u2009%", "70.6\u2009%", "37.2\u2009%",
        "vertical",
    )  # fmt: skip
    drawn = [mark.string for mark in texts(draw_table(table), 0)]
    for row in rows:
        assert row[-1] in drawn and row[1] in drawn


def test_a_long_table_says_what_it_leaves_out() -> None:
    many = np.random.default_rng(0).uniform(-1, 1, (30, 4))
    said = " ".join(mark.string for mark in texts(draw_table(four_pixel_table(many)), 0))
    assert "20 of 30 images" in said


@pytest.mark.parametrize("language", ["en", "de"])
def test_signs_and_pairs_are_readable(language: str) -> None:
    for image in IMAGES:
        one, other = (four_pixel(image, k4_sign=sign) for sign in (-1, 1))
        check_texts(four_pixel_signs(one, other, language=language))
        for neuron in range(4):
            check_texts(draw_pair(four_pixel_pair(image, neuron), language=language))


def test_a_film_is_the_same_each_time() -> None:
    first, second = (draw(four_pixel(PHOTO)).frame(-1) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_tie_of_some_is_counted() -> None:
    assert words("en")("four_pixel.tie", count=2) == "2-way tie"


def test_other_traces_are_refused() -> None:
    other = Trace(Header("other", ()))
    for view in (draw, draw_table, draw_pair):
        with pytest.raises(InputError):
            view(other)
    with pytest.raises(InputError):
        four_pixel_signs(four_pixel(PHOTO), four_pixel((1, 1, 1, 1)))
