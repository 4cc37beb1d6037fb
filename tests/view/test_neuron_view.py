"""The film of a neuron and the curves of activations: their numbers, room and languages."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.activations import activations as explain_activations
from layerwise.explain.neuron import neuron as explain_neuron
from layerwise.language import languages, words
from layerwise.models.activations import ACTIVATIONS
from layerwise.scene import Scene, Text
from layerwise.trace import Header, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.neuron.activations import activations
from layerwise.view.principles.neuron.film import neuron
from layerwise.view.principles.neuron.numbers import Numbers


def texts(scene: Scene, stop: int) -> list[Text]:
    found = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]
    return [text for text in found if text.color[3] > 0]


def strings(scene: Scene, stop: int) -> list[str]:
    return [text.string for text in texts(scene, stop)]


def extent(text: Text) -> tuple[float, float]:
    wide = text_width(text.string, text.size, text.weight)
    start = text.at[0] - {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
    return start, start + wide


def check_room(scene: Scene) -> None:
    """At every stop all text stands in the frame, is large enough, and covers no other."""
    width, height = scene.size
    for stop in range(len(scene.stops)):
        shown = texts(scene, stop)
        for at, one in enumerate(shown):
            left, right = extent(one)
            assert left >= 0 and right <= width and 0 < one.at[1] < height, one.string
            assert one.size >= 16, one.string
            assert not one.string.endswith("…") or one.string == "…", one.string
            for other in shown[at + 1 :]:
                start, end = extent(other)
                level = abs(one.at[1] - other.at[1]) < 0.8 * min(one.size, other.size)
                assert not (level and left < end and start < right), (one.string, other.string)


def festival(**options: object) -> Scene:
    trace = explain_neuron([3, 2, 4, 2], [4, 2, 2, 1], threshold=25, names=list("abcd"))
    return neuron(trace, **options)  # type: ignore[arg-type]


def test_the_festival_step_by_step() -> None:
    scene = festival()
    labels = [stop.label for stop in scene.stops]
    assert labels == [
        "inputs and weights", "a: 3 · 4 = 12", "b: 2 · 2 = 4", "c: 4 · 2 = 8", "d: 2 · 1 = 2",
        "26 against the threshold 25", "25 goes to the other side: bias −25",
        "step: from 1 up to the curve", "across to the output: 1",
    ]  # fmt: skip
    assert scene.poster == len(labels) - 1
    assert "12" not in strings(scene, 0) and "12" in strings(scene, 1)
    assert [text for text in ("12", "16", "24", "26") if text in strings(scene, 3)][-1] == "24"
    assert {"26", ">", "25"} <= set(strings(scene, 5)) and "−25" not in strings(scene, 5)
    assert {"26", "− 25", "= 1", ">", "0", "−25"} <= set(strings(scene, 6))
    assert {"step(1)", "= 1"} <= set(strings(scene, 8)) and "step(1)" not in strings(scene, 6)


def test_a_sum_that_only_reaches_the_threshold() -> None:
    scene = neuron(explain_neuron([5], [5], threshold=25))
    assert "≤" in strings(scene, len(scene.stops) - 1)


def test_the_worked_neuron_in_german() -> None:
    trace = explain_neuron([0.5, 0, -0.75, 0.75], [-0.2, 0, 0.8, -0.5], activation="tanh")
    scene = neuron(trace, language="de", theme="light")
    assert {"−1,075", "= −0,7913", "tanh(−1,075)"} <= set(strings(scene, scene.poster))
    check_room(scene)


@pytest.mark.parametrize("seed", range(12))
def test_every_number_drawn_is_in_the_trace(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 14))
    name = list(ACTIVATIONS)[seed % len(ACTIVATIONS)]
    inputs, weights = chance.normal(size=(2, count)).round(int(chance.integers(0, 5)))
    side = {} if seed % 3 == 0 else {("bias", "threshold")[seed % 2]: float(chance.normal())}
    trace = explain_neuron(inputs, weights, activation=name, **side)
    scene = neuron(trace, language=languages()[seed % 2], theme=("dark", "light")[seed % 2])
    check_room(scene)
    known = {0.0, 1.0}
    sites = ["inputs", "weights", "products", "partial sum", "product", "sum", "bias", "biased sum"]
    for site in [*sites, "output", *(name for name in side if name == "threshold")]:
        known |= {abs(float(v)) for value in trace.series(site)[1] for v in np.ravel(value)}
    if count > 8:
        order = np.argsort(-np.abs(inputs * weights), kind="stable")[8:]
        known.add(abs(float((inputs * weights)[np.sort(order)].sum())))
    write = Numbers(words(scene_language := languages()[seed % 2]))
    written = {write.text(value) for value in known}
    boxed = [text for text in texts(scene, scene.poster) if text.weight == 600 and text.at[1] > 90]
    names = {words(scene_language)(f"neuron.name_{name}")}
    for text in boxed:
        number = text.string.removeprefix("= ").removeprefix("−")
        assert number in written or text.string in names, text.string


def test_the_way_between_stops_starts_and_ends_with_them() -> None:
    scene = festival()
    for stop in range(len(scene.stops) - 1):
        here = [text.string for text in texts(scene, stop)]
        start = scene.stops[stop].start + scene.stops[stop].rest
        middle = (start + scene.stops[stop + 1].start) / 2
        assert len(scene.marks(middle)) >= len(here) / 2
        assert [
            mark.string for mark in scene.marks(start) if isinstance(mark, Text) and mark.color[3]
        ] == here


def test_the_same_neuron_gives_the_same_marks() -> None:
    one, other = festival(), festival()
    for stop in range(len(one.stops)):
        assert strings(one, stop) == strings(other, stop)


def test_another_size_is_the_same_picture() -> None:
    large = festival(size=(1920, 1080))
    assert large.size == (1920, 1080)
    assert min(text.size for text in texts(large, 8)) >= 24
    assert strings(large, 8) == strings(festival(), 8)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("start", range(0, len(ACTIVATIONS), 4))
def test_every_activation_has_room_for_its_name_and_formula(language: str, start: int) -> None:
    names = list(ACTIVATIONS)[start : start + 4]
    scene = activations(explain_activations(names, at=[-1.234567, 2]), language=language)
    check_room(scene)


def test_values_and_slopes_are_read_off() -> None:
    trace = explain_activations(["tanh", "sigmoid"], at=[-1.075, 1.075])
    scene = activations(trace)
    assert [stop.label for stop in scene.stops] == ["x = −1.075", "x = 1.075"]
    assert {"−0.7913", "0.2545", "0.3738", "0.1897"} <= set(strings(scene, 0))
    assert {"0.7913", "0.7455"} <= set(strings(scene, 1))
    curves = [mark for mark in scene.stop_marks(0) if mark.kind == "segments"]
    assert sum(len(mark.ends) for mark in curves) > 4 * 199


def test_a_jump_is_a_gap() -> None:
    from layerwise.view.principles.neuron.activations_plot import CurvePlot
    from layerwise.view.style import DARK

    x = np.linspace(-4, 4, 201)
    plot = CurvePlot((0, 0, 400, 200), x, np.where(x > 0, 1.0, 0.0), DARK, words())
    curve = plot.marks()[1]
    assert curve.kind == "segments"
    assert (curve.ends[:, 1] == curve.ends[:, 3]).all(), "no stroke rises at the step"


def test_wrong_traces_and_names_are_refused() -> None:
    empty = Trace(Header("something", ()))
    with pytest.raises(InputError, match="shows one neuron"):
        neuron(empty)
    with pytest.raises(InputError, match="shows activations"):
        activations(empty)
    with pytest.raises(InputError, match="At most 6"):
        activations(explain_activations(list(ACTIVATIONS)[:7]))
    with pytest.raises(UnknownNameError, match="Did you mean 'light'"):
        festival(theme="ligth")
    with pytest.raises(UnknownNameError, match="Did you mean 'de'"):
        festival(language="dee")


def test_numbers_are_full_where_they_are_short() -> None:
    write = Numbers(words())
    for value, text in ((26.0, "26"), (-0.375, "−0.375"), (12345.0, "12,345"), (0.1 + 0.2, "0.3")):
        assert write.text(value) == text
    assert not write.rounded
    assert write.text(1 / 3) == "0.3333" and write.rounded
    assert write.factor(-2) == "(−2)"
    assert Numbers(words("de")).text(1234.25) == "1.234"
