"""Walks drawn: places and losses at their scale, names at the ends, what left the picture said."""

from __future__ import annotations

import numpy as np
import pytest
from chart_checks import check_words, words

from layerwise.errors import InputError
from layerwise.explain.slopes.chain_rule import chain_rule
from layerwise.explain.surface.descent import OPTIMISERS, descent
from layerwise.models.mlp import mlp
from layerwise.scene import Discs
from layerwise.view.principles.surface.box import BOX
from layerwise.view.principles.surface.descent import descent as draw
from layerwise.view.sheet import WIDTH
from layerwise.view.style import format_number

RATES = {"SGD": 0.01, "momentum": 0.005, "AdaGrad": 0.3, "AdaDelta": 10.0, "RMSProp": 0.02,
         "Adam": 0.1}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("surface", ["bowl", "ravine", "two valleys", "saddle"])
def test_words_can_be_read(surface: str, language: str) -> None:
    trace = descent(surface, rates=(0.01, 0.1, 0.4), steps=12)
    scene = draw(trace, theme="light", language=language)
    for stop in (0, 6, len(scene.stops) - 1):
        check_words(scene, stop)


def test_a_race_names_all_with_their_losses() -> None:
    trace = descent("beale", optimizer=tuple(OPTIMISERS), rates=RATES, steps=90)
    scene = draw(trace)
    assert len(scene.stops) == 60
    last = len(scene.stops) - 1
    check_words(scene, last)
    said = " ".join(words(scene, last))
    for number, name in enumerate(trace.about["runs"]):
        assert name in said
        loss = float(trace.series(f"loss {number}")[1][-1])
        assert format_number(loss, 3) in said or format_number(loss, 2) in said


def test_a_walk_stands_where_the_trace_says() -> None:
    trace = descent("bowl", rates=(0.2,), steps=8)
    scene = draw(trace)
    left, top, width, height = BOX
    scale = scene.size[0] / WIDTH
    for stop in range(9):
        x, y = trace["path 0", stop + 1]
        place = np.array([left + width * (x + 3) / 6, top + height * (3 - y) / 6]) * scale
        ends = [m.centers[-1] for m in scene.stop_marks(stop)
                if isinstance(m, Discs) and m.radii[0] == pytest.approx(8 * scale)]  # fmt: skip
        assert any(np.abs(end - place).max() < 0.01 for end in ends)


def test_what_leaves_the_picture_is_said() -> None:
    trace = descent("ravine", rates=(0.3,), steps=30)
    scene = draw(trace)
    assert any("outside the picture" in line for line in words(scene, len(scene.stops) - 1))
    assert not any("outside the picture" in line for line in words(scene, 0))


def test_a_network_is_named() -> None:
    network = mlp("2-2-2", "tanh", seed=1)
    names = ("fc1.weight[0, 0]", "fc2.weight[1, 1]")
    trace = descent(network, ([[1.0, 2.0], [0.0, 1.0]], [0, 1]), weights=names, steps=5, points=9)
    said = " ".join(words(draw(trace), 0))
    assert "MLP" in said and all(name in said for name in names)


def test_other_traces_are_refused() -> None:
    with pytest.raises(InputError, match=r"explain\.descent"):
        draw(chain_rule(mlp("2-2-2", "tanh", seed=1), [1.0, 2.0], 0))
