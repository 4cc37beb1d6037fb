"""What opens in a network's film: layers, units and blocks, with PyTorch's numbers."""

import numpy as np
import pytest
import torch
from torch import nn

from layerwise.record import Keep, record, recording
from layerwise.scene import Image, Text
from layerwise.scene_json import scene_document
from layerwise.view.diagram.graph import network_graph
from layerwise.view.network.convolved import convolved
from layerwise.view.network.film import network
from layerwise.view.network.reading import Reading
from layerwise.view.palette import signed_color
from layerwise.view.style import DARK, format_number, format_percent


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(3, 6, 3, stride=2, padding=1), (3, 9, 9)),
        (nn.Conv2d(4, 6, 3, dilation=2, padding=2, groups=2), (4, 9, 8)),
        (nn.Conv2d(4, 4, (2, 3), groups=4, bias=False), (4, 7, 7)),
        (nn.Conv2d(2, 3, (3, 5), padding="same"), (2, 6, 6)),
        (nn.Conv1d(3, 4, 5, stride=2, padding=2), (3, 15)),
    ],
    ids=["strided", "grouped", "depthwise", "same", "signal"],
)
def test_a_convolution_is_taken_apart(layer, shape):
    torch.manual_seed(0)
    batch = torch.randn(2, *shape)
    trace = record(nn.Sequential(layer, nn.ReLU()), batch, keep=Keep(neurons=None))
    reading = Reading(trace, network_graph(trace), 1)
    with torch.no_grad():
        sums = layer(batch)[1].numpy()
    sums = sums.reshape(len(sums), -1, sums.shape[-1])
    for unit in range(len(sums)):
        own = convolved(reading, len(reading.graph.layers) - 1, unit, 0)
        assert own is not None
        assert own.adds_up_everywhere()
        for row in range(sums.shape[1]):
            for column in range(sums.shape[2]):
                products = (own.patch(row, column) * own.kernel).sum()
                assert products + (own.bias or 0) == pytest.approx(
                    sums[unit, row, column], abs=1e-5
                )
    wrong = type(own)(**{**vars(own), "sums": own.sums + 0.01})
    assert not wrong.adds_up_everywhere()


class Seeing(nn.Module):
    """Maps, pooled, then dense layers: more maps than a film draws."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 20, 3)
        self.hidden = nn.Linear(20, 6)
        self.answer = nn.Linear(6, 2)

    def forward(self, x):
        return self.answer(torch.tanh(self.hidden(torch.relu(self.conv(x)).mean((2, 3)))))


@pytest.fixture(scope="module")
def made():
    """The model, its input, a film of three of its moments."""
    torch.manual_seed(0)
    model, batch = Seeing(), torch.rand(3, 1, 6, 6)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with recording(model, Keep(every=1, neurons=None)) as recorder:
        for _ in range(3):
            state = {name: value.clone() for name, value in model.state_dict().items()}
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
    model.load_state_dict(state)  # as it was in the last pass
    return model, batch, network(recorder.trace, sample=1)


def part(scene, name, *, layer=False):
    return next(each for each in scene.parts() if each.name == name and bool(each.lines) == layer)


def words(scene, stop=-1):
    stop %= len(scene.stops)
    return [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def after(found, name):
    return found[found.index(name) + 1]


def test_a_layer_shows_all_units_and_what_they_amount_to(made):
    model, batch, film = made
    with torch.no_grad():
        maps = torch.relu(model.conv(batch))[1].numpy()
    sheet = part(film, "conv", layer=True).inside()
    assert [stop.label for stop in sheet.stops] == ["step 0", "step 1", "step 2"]
    found = words(sheet)
    assert after(found, "mean") == format_number(float(maps.astype(float).mean()), 3)
    assert after(found, "largest") == format_number(float(maps.max()), 3)
    assert after(found, "exactly zero") == format_percent(float((maps == 0).mean()))
    assert after(found, "parameters") == "200"
    foot = " ".join(found)
    assert "all 20 maps · 12 of 20 are in the film: largest mean |output|" in foot
    pictures = [mark for mark in sheet.stop_marks(2) if isinstance(mark, Image)]
    tiles = [mark for mark in pictures if mark.pixels.shape[:2] == (4, 4)]
    assert len(tiles) == 20
    limit = sheet.units().layers[0].values
    np.testing.assert_allclose(limit[2], maps, atol=1e-6)
    expected = signed_color(maps, float(np.abs(limit).max()), DARK)
    assert np.abs(np.stack([mark.pixels for mark in tiles]).astype(int) - expected).max() <= 1


def test_a_map_says_how_its_largest_output_came_to_be(made):
    model, batch, film = made
    with torch.no_grad():
        sums = model.conv(batch)[1].numpy()
    opened = [each for each in film.parts() if each.name.startswith("conv, map")]
    unit = int(opened[2].name.rsplit(" ", 1)[1]) - 1
    found = words(opened[2].inside())
    assert f"conv, map {unit + 1} of 20" in found
    row, column = np.unravel_index(np.maximum(sums[unit], 0).argmax(), sums[unit].shape)
    assert f"row {row + 1}, column {column + 1}: patch × kernel" in found
    total = float(sums[unit, row, column])
    bias = float(model.conv.bias[unit].detach())
    assert after(found, "bias") == format_number(bias, 3)
    assert after(found, "channel 1") == format_number(total - bias, 3)
    assert after(found, "sum") == format_number(total, 3)
    assert after(found, f"ReLU({format_number(total, 3)})") == format_number(max(total, 0), 3)


def test_a_neuron_writes_its_sum_out(made):
    model, batch, film = made
    with torch.no_grad():
        seen = torch.relu(model.conv(batch)).mean((2, 3))[1]
        total = float(model.hidden(seen[None])[0, 4])
        products = (model.hidden.weight[4] * seen).numpy()
    found = words(part(film, "hidden, unit 5").inside())
    assert "inputs × weights, the largest 12 of 20" in found
    order = np.argsort(-np.abs(products), kind="stable")
    for place in order[:12]:
        assert format_number(float(products[place]), 3) in found
    mantissa, _, power = after(found, "8 others together").partition("\u2009×\u200910⁻")
    digits = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    rest = float(mantissa.replace("−", "-")) * 10.0 ** -float(digits or 0)
    assert rest == pytest.approx(products[order[12:]].astype(float).sum(), rel=0.01, abs=1e-7)
    summed, given = format_number(total, 3), format_number(float(np.tanh(total)), 3)
    assert after(found, "sum") == summed
    assert after(found, f"tanh({summed})") == given


def test_parts_open_at_the_moment_that_is_shown(made):
    _, _, film = made
    own = part(film, "hidden, unit 5")
    states = film.units().rows
    assert own.stops == states  # three moments, all of them here
    document = scene_document(film)
    written = [each for each in document["parts"] if each["name"] == "conv"]
    assert len({each["inside"] for each in written}) == 1  # heading and density share a sheet
    tall = [each for each in document["portrait"]["parts"] if each["name"] == "conv"]
    assert {each["inside"] for each in tall} == {written[0]["inside"]}


class Stage(nn.Module):
    """Eight dense layers, every second of them wider."""

    def __init__(self, width):
        super().__init__()
        sizes = [size for step in range(4) for size in ((5, width + step), (width + step, 5))]
        self.layers = nn.ModuleList(nn.Linear(*size) for size in sizes)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


def test_blocks_of_deep_networks_open_down_to_their_units():
    torch.manual_seed(0)
    model = nn.Sequential(*(Stage(width) for width in (6, 7, 9, 11) for _ in range(3)))
    batch = torch.randn(2, 5)
    film = network(record(model, batch))
    opened = next(each for each in film.parts() if each.name == "3.layers × 3")
    block = opened.inside()
    assert {"from 2.layers.7", "later: the block before", "to the next block"} <= set(words(block))
    with torch.no_grad():
        seen = model[:3](batch)
        sums = model[3].layers[0](seen)[0]
    size = float(np.sqrt(np.mean(np.tanh(sums.numpy().astype(float)) ** 2)))
    assert format_number(size, 3) in words(block)
    layer = next(each for each in block.parts() if each.name == "3.layers.0").inside()
    assert len(layer.parts()) == 7
    unit = layer.parts()[3].inside()
    assert "are in the film" not in " ".join(words(unit))  # which draws no units
    assert after(words(unit), "sum") == format_number(float(sums[3]), 3)
