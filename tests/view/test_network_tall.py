"""The film for a tall screen: the same numbers, nothing beyond the frame or over another text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import layerwise as lw
from layerwise.scene import Curves, Image, Rectangles, Text
from layerwise.typeface import text_width
from layerwise.view.network.film import MOST_TWICE
from layerwise.view.style import SMALLEST_SIZE, format_percent


def table():
    torch.manual_seed(0)
    inputs = torch.randn(60, 4)
    labels = (inputs[:, 0] > 0).long()
    run = lw.fit("mlp 6-5", (inputs, labels), epochs=2, keep=lw.Keep(every=1, neurons=None))
    return run.trace, {"focus": "fc2:2"}


def pictures():
    torch.manual_seed(0)
    model = lw.models.build("mlp 12-12-12", (1, 20, 20), 4)
    trace = lw.record(model, torch.rand(2, 1, 20, 20), torch.tensor([1, 2]), backward=True)
    return trace, {"classes": ["circle", "square", "triangle", "unknown"], "focus": "fc2:3"}


def convolution():
    torch.manual_seed(0)
    model = lw.models.build("cnn", (1, 28, 28), 10).eval()
    return lw.record(model, torch.rand(2, 1, 28, 28)), {"focus": "layer1:8"}


def deep():
    torch.manual_seed(0)
    model = lw.models.build("resnet-60 dense rezero width=8", (9,), 3)
    return lw.record(model, torch.randn(2, 9), torch.tensor([1, 0]), backward=True), {}


MAKERS = [table, pictures, convolution, deep]


@pytest.mark.parametrize("make", MAKERS)
def test_texts_stand_apart_within_the_frame(make):
    trace, options = make()
    scene = lw.view.network(trace, **options).portrait
    width, height = scene.size
    assert height > width
    for stop in (0, 1, len(scene.stops) // 2, len(scene.stops) - 1):
        boxes = []
        for mark in scene.stop_marks(stop):
            if isinstance(mark, Text):
                assert mark.size >= SMALLEST_SIZE - 1e-6
                wide = text_width(mark.string.strip(), mark.size, mark.weight)
                left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
                assert 0 <= left <= left + wide <= width, mark.string
                assert mark.at[1] <= height
                boxes.append((left, mark.at[1] - 0.7 * mark.size, left + wide, mark.at[1], mark))
            elif isinstance(mark, Rectangles):
                assert (mark.boxes[:, :2] + mark.boxes[:, 2:] <= (width, height)).all()
            elif isinstance(mark, Image):
                assert mark.box[0] + mark.box[2] <= width
        for at, (x0, y0, x1, y1, one) in enumerate(boxes):
            for u0, v0, u1, v1, other in boxes[:at]:
                apart = x1 <= u0 + 1 or u1 <= x0 + 1 or y1 <= v0 or v1 <= y0
                assert apart, (one.string, other.string)


@pytest.mark.parametrize("make", MAKERS)
def test_it_is_the_same_film(make):
    trace, options = make()
    wide = lw.view.network(trace, **options)
    tall = wide.portrait
    assert [stop.label for stop in tall.stops] == [stop.label for stop in wide.stops]
    assert tall.duration == wide.duration
    for stop in (1, len(wide.stops) - 1):
        curves = [
            [m for m in scene.stop_marks(stop) if isinstance(m, Curves) and m.refers is not None]
            for scene in (wide, tall)
        ]
        for one, other in zip(*curves, strict=True):
            np.testing.assert_array_equal(one.widths, other.widths)
            np.testing.assert_array_equal(one.refers.indices, other.refers.indices)


def test_the_answers_are_in_a_list():
    trace, options = pictures()
    scene = lw.view.network(trace, **options).portrait
    shares = torch.softmax(torch.tensor(trace["fc4", 0][0]).double(), 0).tolist()
    texts = [m for m in scene.stop_marks(len(scene.stops) - 1) if isinstance(m, Text)]
    rows = {m.at[1]: m.string for m in texts if m.string in options["classes"]}
    said = {m.at[1]: m.string for m in texts if m.string.endswith("%")}
    assert list(rows.values()) == options["classes"]
    assert [said[base] for base in rows] == [format_percent(share) for share in shares]


def test_very_many_links_are_laid_out_once():
    torch.manual_seed(0)
    layers = [nn.Linear(40, 40) for _ in range(8)]
    trace = lw.record(nn.Sequential(*layers), torch.randn(1, 40), torch.tensor([0]), backward=True)
    scene = lw.view.network(trace)
    assert 8 * 40 * 40 * len(scene.stops) > MOST_TWICE
    assert scene.portrait is None
