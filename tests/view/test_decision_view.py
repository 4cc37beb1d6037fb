"""The decision film: boundary, colours, samples and links are those of the trace."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.decision.maps import DecisionRecorder, decision
from layerwise.scene import Curves, Discs, Image, Segments, Text
from layerwise.typeface import text_width
from layerwise.view.palette import class_colors
from layerwise.view.principles.decision.film import decision as film
from layerwise.view.principles.decision.network import smaller
from layerwise.view.principles.decision.regions import boundary, region_colors
from layerwise.view.style import DARK, LIGHT

RANDOM = np.random.default_rng(1)
POINTS = RANDOM.normal(size=(50, 2))
KINDS = (POINTS[:, 0] * POINTS[:, 1] > 0).astype(int)


@pytest.fixture(scope="module")
def training() -> lw.Trace:
    seen = DecisionRecorder((POINTS, KINDS), resolution=20)
    lw.fit("mlp 5-4 tanh", (POINTS, KINDS), epochs=4, keep=None, health=False, on_epoch=seen)
    return seen.trace


def test_the_boundary_of_a_straight_line_lies_on_it() -> None:
    steps = (np.arange(30) + 0.5) / 30
    x, y = np.meshgrid(steps, steps)
    margin = 0.4 * x - 0.7 * y + 0.11
    found = boundary(np.stack([0.5 + margin, 0.5 - margin]))
    assert len(found) > 20
    ends = found.reshape(-1, 2)
    assert np.abs(0.4 * ends[:, 0] - 0.7 * ends[:, 1] + 0.11).max() < 1e-12


def test_the_boundary_of_a_disc_is_closed() -> None:
    steps = (np.arange(40) + 0.5) / 40
    x, y = np.meshgrid(steps, steps)
    inside = 0.09 - (x - 0.5) ** 2 - (y - 0.5) ** 2
    found = boundary(np.stack([0.5 + inside, 0.5 - inside]))
    ends = np.round(found.reshape(-1, 2), 9)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    assert (counts == 2).all()
    length = np.linalg.norm(found[:, :2] - found[:, 2:], axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 0.3, rel=0.01)


def test_saddles_and_flat_maps() -> None:
    assert len(boundary(np.full((2, 5, 5), 0.5))) == 0
    checks = np.where(np.indices((4, 4)).sum(0) % 2, 0.9, 0.1)
    assert len(boundary(np.stack([checks, 1 - checks]))) == 18


def test_colours_grow_with_probability() -> None:
    colors = class_colors(2)
    first = np.linspace(0.5, 1, 6)[None]
    shown = region_colors(np.stack([first, 1 - first]), LIGHT, colors)[0].astype(int)
    np.testing.assert_array_equal(shown[0], LIGHT.ground[:3])
    distance = np.abs(shown - shown[0]).sum(1)
    assert (np.diff(distance) > 0).all()


def test_small_maps_are_means() -> None:
    values = RANDOM.normal(size=(20, 20))
    np.testing.assert_allclose(smaller(values, 10), values.reshape(10, 2, 10, 2).mean((1, 3)))
    np.testing.assert_array_equal(smaller(values, 20), values)


@pytest.mark.parametrize("size", [(1920, 1080), (960, 540), (1280, 720)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_all_is_drawn_and_nothing_leaves_the_frame(
    training: lw.Trace, size: tuple[int, int], language: str
) -> None:
    scene = film(training, size=size, language=language, theme="light")
    assert len(scene.stops) == 4
    for stop in range(4):
        marks = scene.stop_marks(stop)
        for mark in marks:
            if isinstance(mark, Text):
                wide = text_width(mark.string, mark.size, mark.weight, mark.family)
                left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
                assert left >= 0
                assert left + wide <= size[0]
                assert mark.size >= 16
                assert mark.size <= mark.at[1] + 1 <= size[1]
        maps = [mark for mark in marks if isinstance(mark, Image)]
        assert len(maps) == 1 + 2 + 5 + 4 + 2
        curves = [mark for mark in marks if isinstance(mark, Curves)]
        assert [len(mark.points) for mark in curves] == [10, 20, 8]


def test_rings_are_the_wrong_answers(training: lw.Trace) -> None:
    scene = film(training)
    moment = len(scene.stops) - 1
    wrong = int((training["answers", moment] != training["labels", 0]).sum())
    rings = [
        mark for mark in scene.stop_marks(moment)
        if isinstance(mark, Discs) and not mark.fill[..., 3].any() and len(mark.centers) > 1
    ]  # fmt: skip
    assert sum(len(mark.centers) for mark in rings) == (wrong if wrong > 1 else 0)


def test_links_have_the_sign_and_the_strength_of_their_weights(training: lw.Trace) -> None:
    marks = film(training).stop_marks(2)
    first = next(mark for mark in marks if isinstance(mark, Curves))
    weights = training["weights 1", 2]
    assert first.refers is not None and first.refers.indices is not None
    drawn = weights[first.refers.indices[:, 0], first.refers.indices[:, 1]]
    np.testing.assert_allclose(
        first.widths, 0.4 + 3.2 * np.abs(drawn) / np.abs(weights).max(), rtol=1e-5
    )
    blue = first.colors[:, 2] > first.colors[:, 0]
    np.testing.assert_array_equal(blue, drawn > 0)


def test_the_arrow_stands_upright_on_the_line() -> None:
    model = lw.models.perceptron(2, "identity", weights=[2.0, -1.0], bias=0.1)
    trace = decision(model, (POINTS, KINDS), resolution=30)
    marks = film(trace).stop_marks(0)
    arrow = next(
        mark for mark in marks
        if isinstance(mark, Segments) and mark.refers and mark.refers.site == "direction"
    )  # fmt: skip
    along = arrow.ends[0, 2:] - arrow.ends[0, :2]
    np.testing.assert_allclose(along / np.linalg.norm(along), [2 / 5**0.5, 1 / 5**0.5], atol=1e-4)


def test_what_is_left_out_is_said() -> None:
    rows = RANDOM.normal(size=(900, 4))
    model = lw.models.mlp("4-40-2", seed=0)
    scene = film(decision(model, rows, resolution=10, columns=(0, 1)))
    said = " ".join(mark.string for mark in scene.stop_marks(0) if isinstance(mark, Text))
    assert "2 other columns at their medians" in said
    assert "of 900 samples drawn" in said
    assert "of 40" in said


def test_the_same_bytes_twice(training: lw.Trace) -> None:
    one, other = (film(training, theme="light").frame(0, scale=0.25) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, film(training).frame(0, scale=0.25))
    assert film(training).ground == DARK.ground


def test_what_cannot_be(training: lw.Trace) -> None:
    with pytest.raises(InputError, match="no decision map"):
        film(lw.Trace(lw.trace.Header("empty", ())))  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="800 pixels"):
        film(training, size=(300, 300))
    with pytest.raises(UnknownNameError, match="light"):
        film(training, theme="ligth")
