"""The picture of all paths: what is lit, what is written, what it adds up to."""

from __future__ import annotations

import numpy as np
import pytest
from chart_checks import check_words, words

from layerwise.errors import InputError
from layerwise.explain.slopes.chain_rule import chain_rule
from layerwise.models.mlp import mlp
from layerwise.scene import Curves
from layerwise.view.principles.slopes.chain_rule import chain_rule as draw
from layerwise.view.style import format_number

SHAPES = [
    ("2-3-3-2", "fc1.weight[0, 1]"),
    ("3-4-2", "fc1.bias[2]"),
    ("2-2-6-3", "fc2.weight[1, 0]"),
]


@pytest.mark.parametrize(("sizes", "weight"), SHAPES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_words_can_be_read(sizes: str, weight: str, language: str) -> None:
    drawn = np.random.Generator(np.random.Philox(len(sizes)))
    x = drawn.standard_normal(int(sizes[0]))
    trace = chain_rule(mlp(sizes, "tanh", seed=2), x, 0, weight=weight)
    scene = draw(trace, language=language)
    assert len(scene.stops) == trace.about["paths"] + 2
    for stop in range(len(scene.stops)):
        check_words(scene, stop)


def test_each_stop_lights_one_path_and_writes_its_product() -> None:
    trace = chain_rule(mlp("2-3-3-2", "tanh", seed=1), [0.5, -1.0], 1, weight="fc1.weight[0, 1]")
    scene = draw(trace)
    for moment in trace.where("product"):
        marks = scene.stop_marks(moment)
        lit = [m for m in marks if isinstance(m, Curves) and m.colors[0, 3] == 245]
        assert sum(len(mark.points) for mark in lit) == 3
        said = words(scene, moment)
        assert format_number(float(trace["product", moment]), 4) in said
        assert format_number(float(trace["partial sum", moment]), 6) in said
        factors = trace["factors", moment]
        for place in (0, 1, 2, 3, 4, 6):  # the fifth is the slope of an output without activation
            assert format_number(float(factors[place]), 3) in said


def test_the_last_stop_has_the_sum_and_autograds_gradient() -> None:
    trace = chain_rule(mlp("2-3-3-2", "tanh", seed=1), [0.5, -1.0], 1)
    said = words(draw(trace), len(draw(trace).stops) - 1)
    total = format_number(float(trace["partial sum", len(trace) - 2]), 10)
    assert said.count(total) >= 1
    assert format_number(float(trace["gradient", len(trace) - 1]), 10) in said


def test_many_paths_are_thinned_and_it_is_said() -> None:
    trace = chain_rule(mlp("2-2-8-9-2", "tanh", seed=1), [0.5, -1.0], 1)
    scene = draw(trace)
    assert len(scene.stops) == 60
    assert any("58 of 144" in line for line in words(scene, 3))


def test_wide_networks_are_refused() -> None:
    trace = chain_rule(mlp("2-20-2", "tanh", seed=1), [0.5, -1.0], 1)
    with pytest.raises(InputError, match="16 neurons"):
        draw(trace)
