"""A network's film of a decision map: each node shows what its neuron gives all over the plane."""

import numpy as np
import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.explain.decision import DecisionRecorder
from layerwise.record import Keep, record, recording
from layerwise.scene import Curves, Image, Text
from layerwise.trace import Moment
from layerwise.view.network.film import network
from layerwise.view.palette import signed_color
from layerwise.view.style import DARK


@pytest.fixture(scope="module")
def made():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    rows = np.random.default_rng(0).normal(size=(30, 2)).astype("f")
    seen = DecisionRecorder((rows, np.arange(30) % 3), resolution=12)
    for epoch in (1, 2):
        seen.see(model, Moment("epoch", {"epoch": epoch}))
    return model, seen.trace


def test_each_node_shows_its_map(made):
    model, trace = made
    scene = network(trace)
    marks = scene.stop_marks(len(scene.stops) - 1)
    pictures = [mark for mark in marks if isinstance(mark, Image) and mark.pixels.shape[0] == 12]
    assert len(pictures) == 2 + 5 + 4 + 3
    across, up = trace["across", 0], trace["up", 0]
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    with torch.no_grad():
        hidden = model[:2](torch.tensor(points, dtype=torch.float32)).numpy()
        logits = model(torch.tensor(points, dtype=torch.float32))
        shares = torch.softmax(logits, 1).numpy()
    for values, drawn in ((hidden, pictures[2:7]), (shares, pictures[-3:])):
        maps = values.T.reshape(-1, 12, 12)
        for own, mark in zip(maps, drawn, strict=True):
            expected = signed_color(own, float(np.abs(maps).max()), DARK)
            assert np.abs(expected.astype(int) - mark.pixels).max() <= 2


def test_links_have_the_weights_and_inputs_their_names(made):
    model, trace = made
    scene = network(trace, classes=["red", "green", "blue"])
    marks = scene.stop_marks(len(scene.stops) - 1)
    links = {mark.refers.site: mark for mark in marks if isinstance(mark, Curves) and mark.refers}
    assert {site: len(mark.points) for site, mark in links.items()} == {
        "weights 1": 10, "weights 2": 20, "weights 3": 12,
    }  # fmt: skip
    of, to = np.unravel_index(np.abs(model[2].weight.detach().numpy()).argmax(), (4, 5))
    own = links["weights 2"]
    widest = own.refers.indices[own.widths.argmax()]
    assert tuple(widest) == (of, to)
    words = {mark.string for mark in marks if isinstance(mark, Text)}
    assert {"red", "green", "blue", "5 neurons, Tanh"} <= words
    assert any("12 × 12 points of the plane" in word for word in words)


def test_a_page_has_its_numbers(made):
    _, trace = made
    units = network(trace).units()
    layer = next(own for own in units.layers if own.name == "layer 0")
    last = units.rows[-1]
    np.testing.assert_array_equal(layer.values[last], trace["maps 1", 1])
    np.testing.assert_array_equal(layer.weights[last], trace["weights 1", 1])


def recorded_with_maps():
    """A recording in a loop, and maps made before its steps 0 and 2."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))
    rows = torch.randn(20, 2)
    seen = DecisionRecorder((rows.numpy(), np.arange(20) % 2), resolution=9)
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    with recording(model, Keep(every=1, neurons=None)) as recorder:
        for step in range(4):
            if step % 2 == 0:
                with torch.no_grad():
                    seen.see(model, Moment("step", {"step": step}))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(rows), torch.arange(20) % 2).backward()
            optimizer.step()
    return model, recorder.trace, seen.trace


def test_maps_stand_in_the_nodes_of_a_recorded_network():
    _, trace, maps = recorded_with_maps()
    scene = network(trace, maps=maps)
    limit = max(float(np.abs(maps["maps 1", at]).max()) for at in (0, 1))
    for stop, at in ((2, 0), (len(scene.stops) - 1, 1)):  # the latest that is not newer
        pictures = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Image)]
        drawn = [mark.pixels for mark in pictures if mark.pixels.shape[:2] == (9, 9)]
        assert len(drawn) == 5
        expected = signed_color(maps["maps 1", at], limit, DARK)
        np.testing.assert_array_equal(np.stack(drawn), expected)
    foot = " ".join(mark.string for mark in scene.stop_marks(0) if isinstance(mark, Text))
    assert "9 × 9 points of the plane" in foot
    opened = next(part for part in scene.parts() if part.name == "layer 0, unit 3").inside()
    sizes = {mark.pixels.shape[:2] for mark in opened.stop_marks(0) if isinstance(mark, Image)}
    assert (9, 9) in sizes


def test_maps_of_another_network_are_refused():
    model, trace, maps = recorded_with_maps()
    named = nn.Sequential()
    named.add_module("first", model[0])
    named.add_module("second", model[2])
    with pytest.raises(InputError, match="another network"):
        network(record(named, torch.randn(3, 2)), maps=maps)
    with pytest.raises(InputError, match="no maps of neurons"):
        network(trace, maps=trace)
