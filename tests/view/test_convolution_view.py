"""Pictures of convolution: each number on them is one of the trace."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.convolution.picture import picture_crop
from layerwise.explain.convolution.pooling import pooling
from layerwise.explain.convolution.softmax import softmax
from layerwise.explain.convolution.walk import convolution
from layerwise.scene import Scene, Text
from layerwise.trace import Header, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.convolution.film import convolution as film
from layerwise.view.principles.convolution.gallery import convolutions
from layerwise.view.principles.convolution.grid import short
from layerwise.view.principles.convolution.numbers import picture_numbers
from layerwise.view.principles.convolution.pooling import pooling as pooling_film
from layerwise.view.principles.convolution.softmax import softmax as softmax_film


def _texts(scene: Scene, stop: int) -> list[Text]:
    return [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def _readable(scene: Scene) -> None:
    """No text too small, none cut by the frame, at the first, middle and last stop."""
    for stop in {0, len(scene.stops) // 2, len(scene.stops) - 1}:
        for text in _texts(scene, stop):
            assert text.size >= 16
            wide = text_width(text.string, text.size, text.weight, text.family)
            left = text.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
            assert left >= 0 and left + wide <= 1920 + 0.5, text.string
            assert 0 < text.at[1] <= 1080


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("language", ["en", "de"])
def test_window_products_and_sum_are_those_of_the_trace(seed: int, language: str) -> None:
    chance = np.random.default_rng(seed)
    picture = chance.integers(0, 30, (1 + 2 * (seed % 2), 7, 8))
    kernel = chance.integers(-3, 4, (1, len(picture), 3, 3))
    trace = convolution(picture, kernel, padding=seed % 3, bias=float(seed))
    scene = film(trace, theme="light", language=language)
    _readable(scene)
    assert len(scene.stops) == len(trace.where("products"))
    for stop, moment in enumerate(trace.where("products")):
        said = [text.string for text in _texts(scene, stop)]
        for site in ("window", "products"):
            for value in trace[site, moment].ravel():
                assert short(float(value)) in said, (site, value)
        assert said.count(short(float(trace["value", moment]))) >= 1
        assert any(s == f" = {short(float(trace['value', moment]))}" for s in said)


def test_a_sum_written_out_is_the_sum() -> None:
    trace = convolution(np.arange(36).reshape(6, 6), "0 -1 0; -1 5 -1; 0 -1 0", cells=[(2, 3)])
    said = " ".join(
        t.string
        for t in _texts(film(trace), 0)
        if " · " in t.string and t.at[1] > 832 and t.at[1] < 970
    )
    terms = said.replace("\u2212 ", "+ \u2212").replace("\u2212", "-")
    numbers = [part.split(" · ") for part in terms.strip().split(" + ")]
    total = sum(float(weight) * float(number) for weight, number in numbers)
    assert total == float(trace["value", 1])


def test_many_channels_are_said() -> None:
    chance = np.random.default_rng(0)
    trace = convolution(chance.normal(size=(9, 6, 6)), chance.normal(size=(2, 9, 3, 3)), channel=1)
    scene = film(trace)
    _readable(scene)
    assert any("4 of 9 input channels" in text.string for text in _texts(scene, 0))


def test_a_large_picture_says_which_places_are_walked() -> None:
    scene = film(convolution("china", "sobel", size=100))
    _readable(scene)
    assert len(scene.stops) <= 60
    assert any("places shown" in text.string for text in _texts(scene, 0))


def test_a_gallery_and_its_colours() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 20, 30), dtype=np.uint8)
    names = ("blur", "sobel", "emboss")
    scene = convolutions({name: convolution(picture, name) for name in names}, language="de")
    _readable(scene)
    said = [text.string for text in _texts(scene, 0)]
    assert set(names) <= set(said)
    with pytest.raises(InputError, match="1 to 12"):
        convolutions({})
    with pytest.raises(InputError, match="no convolution"):
        convolutions({"a": softmax([1, 2])})


def test_picture_numbers_are_those_of_the_crop() -> None:
    trace = picture_crop("flower", size=8)
    scene = picture_numbers(trace)
    _readable(scene)
    said = [text.string for text in _texts(scene, 0)]
    assert all(short(float(value)) in said for value in trace["crop", 0].ravel())
    top, left = trace.about["corner"]
    whole = trace["picture", 0]
    np.testing.assert_array_equal(whole[:, top : top + 8, left : left + 8], trace["crop", 0])


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_shows_its_window(kind: str) -> None:
    trace = pooling(np.random.default_rng(1).integers(0, 99, (8, 8)), kind=kind)
    scene = pooling_film(trace, language="de")
    _readable(scene)
    for stop, moment in enumerate(trace.where("value")):
        value = short(float(trace["value", moment]))
        wanted = value if kind == "max" else value.replace(".", ",")
        assert any(text.size > 70 and text.string == wanted for text in _texts(scene, stop))


def test_softmax_columns_come_one_by_one() -> None:
    trace = softmax([2.0, 1.0, -800.0], temperature=[1, 2], names=["a", "b", "c"])
    scene = softmax_film(trace)
    _readable(scene)
    assert len(scene.stops) == 5
    assert not any("73.1" in text.string for text in _texts(scene, 2))
    assert any("73.1" in text.string for text in _texts(scene, 3))
    many = softmax_film(softmax(np.arange(40.0)))
    assert any("12 of 40 classes" in text.string for text in _texts(many, 0))


def test_traces_of_another_kind_are_refused() -> None:
    empty = Trace(Header("empty", ()))
    for view in (film, pooling_film, softmax_film, picture_numbers):
        with pytest.raises(InputError, match="needs another trace"):
            view(empty)
    with pytest.raises(UnknownNameError, match="de"):
        film(convolution(np.ones((5, 5))), language="dee")
