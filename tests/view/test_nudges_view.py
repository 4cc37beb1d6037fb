"""The pictures of slopes: every number on them is in the trace, and nothing is cut or covered."""

from __future__ import annotations

import numpy as np
import pytest
from chart_checks import check_words, words

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.slopes.local_derivatives import local_derivatives
from layerwise.explain.slopes.nudges import nudges
from layerwise.models.mlp import mlp
from layerwise.scene import Discs
from layerwise.trace import Trace
from layerwise.view.principles.slopes.expression import local_derivatives as draw_graph
from layerwise.view.principles.slopes.nudges import nudges as draw
from layerwise.view.style import format_number


@pytest.fixture(scope="module")
def trace() -> Trace:
    return nudges(mlp("3-4-2", "tanh", seed=4), [[0.5, -1.0, 2.0], [1.0, 0.0, 1.0]], [1, 0])


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("look", ["dark", "light"])
def test_words_can_be_read(trace: Trace, language: str, look: str) -> None:
    scene = draw(trace, theme=look, language=language)
    assert len(scene.stops) == 3
    for stop in range(3):
        check_words(scene, stop)


def test_both_columns_are_the_traces(trace: Trace) -> None:
    said = words(draw(trace), 2)
    names = trace.site("nudged").entries["weight"]
    shown = [at for at, name in enumerate(names) if name in said]
    sizes = np.abs(trace["backpropagated", 1])
    assert len(shown) == 14
    assert set(shown) == set(np.argsort(-sizes, kind="stable")[:14].tolist())
    numbers = [float(s.replace("\u2212", "-")) for s in said if s.lstrip("\u2212")[:2] == "0."]
    for way in ("nudged", "backpropagated"):
        for at in shown:
            assert min(abs(number - trace[way, 1][at]) for number in numbers) < 5e-8
    assert any(f"{len(names)}" in line and "14" in line for line in said)


def test_the_error_is_written_with_its_terms(trace: Trace) -> None:
    said = words(draw(trace), 0)
    for value in trace["terms", 0][0]:
        assert format_number(float(value), 5) in said
    assert format_number(float(trace["loss", 0]), 5) in said


def test_counts_stand_at_the_curves_ends(trace: Trace) -> None:
    said = words(draw(trace), 2)
    for way in ("nudged", "backpropagated"):
        last = max(float(trace[f"multiplications {way}", at]) for at in trace.where("weights"))
        assert f"{int(last):,}" in said


@pytest.mark.parametrize("language", ["en", "de"])
def test_graph_shows_values_then_slopes(language: str) -> None:
    graph = local_derivatives("(tanh(w * x + b) - y) ** 2", w=0.5, x=2.0, b=-0.3, y=1.0)
    scene = draw_graph(graph, language=language)
    for stop in range(len(scene.stops)):
        check_words(scene, stop)
    said = words(draw_graph(graph), len(scene.stops) - 1)
    for moment in graph.where("slope"):
        node = graph.about["nodes"][int(graph.moments[moment].at["node"])]
        if node["kind"] != "number":
            assert format_number(float(graph["slope", moment]), 3) in said


def test_a_graph_of_many_variables_has_room_for_all() -> None:
    graph = local_derivatives(
        "relu(a*b + c*d + e*f) ** 3 / (1 + exp(-a*b))", a=1, b=2, c=3, d=4, e=5, f=6
    )
    scene = draw_graph(graph)
    for stop in (12, len(scene.stops) - 1):
        check_words(scene, stop)
    (circles,) = [mark for mark in scene.stop_marks(0) if isinstance(mark, Discs)]
    places = np.asarray(circles.centers)
    between = np.hypot(*np.moveaxis(places[:, None] - places, 2, 0))
    assert between[~np.eye(len(places), dtype=bool)].min() > 3 * float(circles.radii[0])


def test_other_traces_and_names_are_refused(trace: Trace) -> None:
    with pytest.raises(InputError, match=r"explain\.local_derivatives"):
        draw_graph(trace)
    with pytest.raises(UnknownNameError):
        draw(trace, theme="drak")
    with pytest.raises(UnknownNameError):
        draw(trace, language="fr")
    with pytest.raises(InputError, match="size"):
        draw(trace, size=(100, 50))
