"""The film of a deep network: its diagram is lit, and says sizes that plain PyTorch gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import layerwise as lw
from layerwise.scene import Image, Rectangles, Text
from layerwise.typeface import text_width
from layerwise.view.network.lit_diagram import BOX_WORDS
from layerwise.view.palette import signed_color
from layerwise.view.style import DARK, SMALLEST_SIZE, format_number


def texts(scene, stop):
    return [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def strings(scene, stop):
    return [mark.string for mark in texts(scene, stop)]


def chapter(scene, name):
    return next(part.stop for part in scene.chapters if part.name == name)


def size(values):
    return format_number(float((values.detach().double() ** 2).mean().sqrt()), 3)


@pytest.mark.parametrize("seed", range(4))
def test_each_box_says_what_its_layer_gave_and_its_gradient(seed):
    draws = np.random.default_rng(seed)
    torch.manual_seed(seed)
    widths = [3, *draws.permutation(np.arange(4, 40))[:12].tolist(), 2]
    layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
    model = nn.Sequential(*layers)
    batch, target = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
    trace = lw.record(model, batch, target, backward=True)
    sample = int(draws.integers(4))
    scene = lw.view.network(trace, sample=sample)
    outputs, x = [], batch
    for layer in layers:
        x = layer(x)
        outputs.append(x)
    loss = nn.functional.cross_entropy(outputs[-1], target)
    slopes = torch.autograd.grad(loss, outputs)
    turn = chapter(scene, "Backward")
    end = chapter(scene, "In all")
    for stop in (turn - 1, end):
        assert {size(out[sample]) for out in outputs} <= set(strings(scene, stop))
    assert {size(slope[sample]) for slope in slopes} <= set(strings(scene, end - 1))
    assert not {size(out[sample]) for out in outputs} & set(strings(scene, 0))
    assert BOX_WORDS in scene.description


class Repeated(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.first = nn.Linear(3, 8)
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(count))
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = x + torch.tanh(block(x))
        return self.last(x)


def test_a_folded_block_fills_as_the_wave_goes_through_it():
    torch.manual_seed(0)
    model, batch = Repeated(30), torch.randn(2, 3)
    scene = lw.view.network(lw.record(model, batch))
    with torch.no_grad():
        x, given = model.first(batch), []
        for block in model.blocks:
            step = torch.tanh(block(x))
            given.append(size(step[0]))
            x = x + step
    stops = [stop.label for stop in scene.stops]
    here = next(at for at, name in enumerate(stops) if name == "layer 1")
    widths, seen = [], []
    leave = scene.stops[here].start + scene.stops[here].rest
    span = scene.stops[here + 1].start - leave
    assert span > 2  # a wave through sixty layers can be followed
    for part in np.linspace(0.05, 0.95, 30):
        marks = scene.marks(leave + part * span)
        said = [mark.string for mark in marks if isinstance(mark, Text)]
        seen += [given.index(text) for text in said if text in given]
        fills = [m.boxes[:, 2] for m in marks if isinstance(m, Rectangles)]
        widths.append(float(sum(fill.sum() for fill in fills)))
    assert seen == sorted(seen)
    assert len(set(seen)) > 12
    assert widths == sorted(widths)
    assert "× 30" in strings(scene, 0)


def test_what_does_not_fit_leaves_the_bars_alone():
    class Wide(nn.Module):  # forty branches side by side: no diagram of it can be read
        def __init__(self):
            super().__init__()
            self.starts = nn.ModuleList(nn.Linear(3, 2 + n) for n in range(40))
            self.rows = nn.ModuleList(nn.Linear(41 * 2 + 20 * 39 - 2 + n, 900) for n in range(1))
            self.rest = nn.Sequential(*[nn.Linear(900 - n, 899 - n) for n in range(10)])

        def forward(self, x):
            joined = torch.cat([start(x) for start in self.starts], dim=1)
            return self.rest(self.rows[0](joined))

    torch.manual_seed(0)
    scene = lw.view.network(lw.record(Wide(), torch.randn(1, 3)))
    strings(scene, len(scene.stops) - 1)
    assert "a bar: root mean square" in scene.description


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("spec", ["resnet-18", "resnet-34"])
def test_no_text_is_too_small_or_meets_another(spec, theme):
    torch.manual_seed(0)
    model = lw.models.build(spec, (3, 32, 32), 10).eval()
    trace = lw.record(model, torch.rand(1, 3, 32, 32), torch.tensor([1]), backward=True)
    scene = lw.view.network(trace, theme=theme, classes=[f"kind {n}" for n in range(10)])
    for stop in (0, len(scene.stops) // 2, len(scene.stops) - 1):
        boxes = []
        for mark in texts(scene, stop):
            assert mark.size >= SMALLEST_SIZE - 1e-6
            wide = text_width(mark.string, mark.size, mark.weight)
            left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
            assert 0 <= left <= left + wide <= 1920
            boxes.append((left, mark.at[1] - 0.72 * mark.size, left + wide, mark.at[1]))
        for at, (x0, y0, x1, y1) in enumerate(boxes):
            for u0, v0, u1, v1 in boxes[:at]:
                assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0


def mapped(depth):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3, padding=1)]
    layers += [nn.Conv2d(4, 4, 3, padding=1) for _ in range(depth)]
    return nn.Sequential(*layers, nn.Conv2d(4, 2, 3, padding=1))


@pytest.mark.parametrize("depth", [1, 12])
def test_outputs_that_are_pictures_are_drawn_large(depth):
    model, batch = mapped(depth), torch.rand(2, 1, 9, 9)
    scene = lw.view.network(lw.record(model, batch), sample=1, classes=None)
    with torch.no_grad():
        output = model(batch)[1].double().numpy()
    for film in (scene, scene.portrait):
        marks = film.stop_marks(len(film.stops) - 1)
        drawn = [m for m in marks if isinstance(m, Image)][-3:]
        expected = signed_color(output, float(np.abs(output).max()), DARK)
        found = [m for m in drawn for want in expected if np.array_equal(m.pixels, want)]
        assert len(found) == 2
        assert film is scene.portrait or all(min(mark.box[2:]) > 200 for mark in found)
    assert {"map 1", "map 2"} <= set(strings(scene, len(scene.stops) - 1))
