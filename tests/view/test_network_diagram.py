"""Diagrams of networks: what is written is true, can be read and stands apart."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Curves, Rectangles, Segments, Text
from layerwise.typeface import text_width
from layerwise.view.diagram.counts import multiply_adds
from layerwise.view.diagram.drawing import COLUMN_WIDTHS, HIGHEST, diagram
from layerwise.view.diagram.graph import network_graph
from layerwise.view.style import DARK, SMALLEST_SIZE

MODELS = {
    "four pixel": ("four_pixel", (1, 2, 2), 4),
    "mlp": ("mlp 64-32", (784,), 10),
    "cnn": ("cnn", (1, 28, 28), 10),
    "nin": ("nin", (3, 16, 16), 4),
    "resnet-18": ("resnet-18", (3, 64, 64), 10),
    "resnet-152": ("resnet-152", (3, 32, 32), 10),
    "rezero": ("resnet-1000 dense rezero width=4", (2,), 2),
}


class Wide(nn.Module):
    """Forty different layers, all joined at the end: nothing can be folded."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n + 4, n + 5) for n in range(40))
        self.out = nn.Linear(44 + 4, 2)

    def forward(self, x):
        first = x
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(torch.cat([first, x], 1))


class TwoInputs(nn.Module):
    """A picture and a row of a table."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv2d(3, 8, 3, stride=2), nn.AdaptiveAvgPool2d(1)
        self.table, self.out = nn.Linear(5, 8), nn.Linear(16, 3)

    def forward(self, picture, table):
        seen = self.pool(torch.relu(self.conv(picture))).flatten(1)
        return self.out(torch.cat([seen, torch.relu(self.table(table))], 1))


@cache
def recorded(name):
    torch.manual_seed(0)
    if name == "wide":
        model, batch = Wide(), (torch.randn(2, 4),)
    elif name == "two inputs":
        model, batch = TwoInputs(), (torch.randn(2, 3, 12, 12), torch.randn(2, 5))
    elif name == "transformer":
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        model, batch = nn.TransformerEncoder(layer, 6), (torch.randn(2, 5, 16),)
    else:
        words, shape, classes = MODELS[name]
        model, batch = lw.models.build(words, shape, classes), (torch.randn(2, *shape),)
    return model, lw.record(model, batch if len(batch) > 1 else batch[0])


ALL = [*MODELS, "wide", "two inputs", "transformer"]


def texts(scene):
    return [mark for mark in scene.stop_marks(0) if isinstance(mark, Text)]


def extent(text):
    width = text_width(text.string, text.size, text.weight)
    x, y = text.at
    return x, y - 0.72 * text.size, x + width, y + 0.2 * text.size


@pytest.mark.parametrize("name", ALL)
def test_words_are_large_enough_apart_and_in_the_frame(name):
    scene = diagram(recorded(name)[1])
    assert scene.size == (1920, 1080)
    words = texts(scene)
    assert min(text.size for text in words) >= SMALLEST_SIZE - 1e-6
    for text in words:
        left, top, right, bottom = extent(text)
        assert left >= 40 and top >= 20 and right <= 1880 and bottom <= 1070, text.string
    for one, other in combinations(words, 2):
        a, b = extent(one), extent(other)
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one.string!r} and {other.string!r}"


@pytest.mark.parametrize("name", ALL)
def test_words_in_boxes_stay_in_them(name):
    scene = diagram(recorded(name)[1])
    boxes = np.concatenate(
        [mark.boxes for mark in scene.stop_marks(0) if isinstance(mark, Rectangles)]
    )
    for text in texts(scene):
        left, top, right, bottom = extent(text)
        middle = (left + right) / 2, (top + bottom) / 2
        around = [
            (x, y, w, h) for x, y, w, h in boxes.tolist()
            if x <= middle[0] <= x + w and y <= middle[1] <= y + h
        ]  # fmt: skip
        assert all(x <= left + 0.5 and right <= x + w + 0.5 for x, y, w, h in around), text.string


@pytest.mark.parametrize("columns", COLUMN_WIDTHS)
@pytest.mark.parametrize("name", ["cnn", "resnet-152", "two inputs", "wide"])
def test_paper_forms_are_as_wide_as_their_columns(name, columns):
    scene = diagram(recorded(name)[1], columns=columns)
    assert scene.size[0] == COLUMN_WIDTHS[columns]
    assert scene.size[1] < HIGHEST + 250
    for mark in scene.stop_marks(0):
        if isinstance(mark, Rectangles):
            assert mark.boxes[:, 0].min() >= 0
            assert (mark.boxes[:, 0] + mark.boxes[:, 2]).max() <= scene.size[0]
            assert (mark.boxes[:, 1] + mark.boxes[:, 3]).max() <= scene.size[1]
        if isinstance(mark, Text):
            left, _, right, bottom = extent(mark)
            assert left >= 0 and right <= scene.size[0] and bottom <= scene.size[1]


@pytest.mark.parametrize("name", ["mlp", "cnn", "resnet-18", "two inputs"])
def test_counts_are_those_of_pytorch(name):
    model, trace = recorded(name)
    scene = diagram(trace)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert f"{count:,} parameters" in scene.description
    shapes = [trace.site(site.name).about["shape"] for site in trace.sites if site.kind == "input"]
    batch = [torch.randn(1, *shape[1:]) for shape in shapes]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*batch)
    assert 2 * multiply_adds(network_graph(trace)) == counter.get_total_flops()
    assert f"{counter.get_total_flops() // 2:,} multiply-adds" in scene.description


def test_transposed_convolutions_are_counted_as_pytorch_does():
    model = nn.Sequential(nn.ConvTranspose2d(3, 5, 3, stride=2), nn.Conv2d(5, 6, 3, groups=1))
    trace = lw.record(model, torch.randn(1, 3, 7, 9))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.randn(1, 3, 7, 9))
    assert 2 * multiply_adds(network_graph(trace)) == counter.get_total_flops()


def test_residual_blocks_are_said_as_often_as_there_are():
    strings = [text.string for text in texts(diagram(recorded("resnet-152")[1]))]
    assert {"× 2", "× 7", "× 35", "36 blocks"} <= set(strings)
    assert any("equal blocks in a row are drawn once" in string for string in strings)
    strings = [text.string for text in texts(diagram(recorded("rezero")[1]))]
    assert "× 998" in strings


def test_levels_open_blocks():
    trace = recorded("resnet-152")[1]
    counts = []
    for level in (0, 1, 2):
        strings = [text.string for text in texts(diagram(trace, level=level))]
        counts.append(len(strings))
    assert counts == sorted(counts) and len(set(counts)) == 3
    closed = [text.string for text in texts(diagram(trace, level=0))]
    assert "109 convolutions, 36 sums" in closed, "of all 36 blocks, not of those drawn"


def test_what_is_drawn_closed_is_said():
    strings = [text.string for text in texts(diagram(recorded("wide")[1]))]
    assert any("drawn closed" in string for string in strings)
    strings = [text.string for text in texts(diagram(recorded("mlp")[1]))]
    assert not any("drawn closed" in string for string in strings)


def test_numbers_in_boxes_are_the_layers():
    graph = network_graph(recorded("cnn")[1])
    strings = [text.string for text in texts(diagram(graph))]
    for layer in graph.layers:
        assert layer.name in strings
    assert {"convolution 3 × 3", "64 maps 14 × 14", "18,496 parameters", "max pooling"} <= set(
        strings
    )


def test_same_network_same_bytes_and_themes_differ(tmp_path):
    trace = recorded("resnet-18")[1]
    one, other = (diagram(trace).save(tmp_path / name) for name in ("a.svg", "b.svg"))
    assert one.read_bytes() == other.read_bytes()
    dark = diagram(trace, theme="dark")
    assert dark.ground == DARK.ground
    assert any(isinstance(mark, Curves) for mark in dark.stop_marks(0))
    assert re.search(r"<text|<path", one.read_text())


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ({"columns": 3}, InputError, "columns=3"),
        ({"level": -1}, InputError, "level=-1"),
        ({"theme": "drak"}, UnknownNameError, "dark"),
    ],
)
def test_bad_options_are_refused(words, error, said):
    with pytest.raises(error, match=said):
        diagram(recorded("mlp")[1], **words)


@pytest.mark.parametrize("columns", [None, 2])
def test_no_box_covers_an_arrow_head(columns):
    marks = diagram(recorded("resnet-152")[1], columns=columns).stop_marks(0)
    heads = next(mark for mark in marks if isinstance(mark, Segments))
    above = [mark for mark in marks[marks.index(heads) :] if isinstance(mark, Rectangles)]
    boxes = np.concatenate([mark.boxes for mark in above])
    middles = (heads.ends[:, None, :2] + heads.ends[:, None, 2:]) / 2  # of each stroke of a head
    inside = (middles > boxes[:, :2]) & (middles < boxes[:, :2] + boxes[:, 2:])
    assert len(heads.ends) >= 20
    assert not inside.all(axis=2).any()
