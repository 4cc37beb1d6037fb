"""The network film: every number on a frame is the one that plain PyTorch gives."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import layerwise as lw
from layerwise.errors import InputError
from layerwise.render.raster import rasterize
from layerwise.scene import Curves, Image, Text
from layerwise.view.diagram.graph import network_graph
from layerwise.view.network.density import Density
from layerwise.view.network.layout import WIDE
from layerwise.view.network.link_marks import THICK, THIN
from layerwise.view.network.links import links_between
from layerwise.view.network.patch import patch_of
from layerwise.view.network.places import layer_ranks, places_of
from layerwise.view.network.reading import Reading
from layerwise.view.network.short_number import short_number
from layerwise.view.palette import NEGATIVE, POSITIVE
from layerwise.view.style import DARK, format_number, format_percent

ACTIVATIONS = {"ReLU": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def random_network(draws):
    """A dense network of random widths, its layers in pairs (linear, activation)."""
    torch.manual_seed(draws.randrange(10_000))
    widths = [draws.randint(2, 12) for _ in range(draws.randint(2, 5))]
    kind = draws.choice(list(ACTIVATIONS))
    layers = []
    for first, second in pairwise(widths[:-1]):
        layers += [nn.Linear(first, second), ACTIVATIONS[kind]()]
    layers.append(nn.Linear(widths[-2], widths[-1]))
    return nn.Sequential(*layers), widths


def plain(model, batch):
    """Outputs after each activation, gradients of each linear weight: PyTorch by itself."""
    x, shown = batch, []
    for module in model:
        x = module(x)
        if isinstance(module, nn.Linear):
            shown.append(x)
        else:
            shown[-1] = x
    return shown


@pytest.mark.parametrize("seed", range(20))
def test_numbers_of_ten_random_frames_each(seed):
    draws = random.Random(seed)
    model, widths = random_network(draws)
    batch = torch.randn(3, widths[0])
    target = torch.tensor([draws.randrange(widths[-1]) for _ in range(3)])
    trace = lw.record(model, batch, target, backward=True)
    sample = draws.randrange(3)
    names = [f"kind {n}" for n in range(widths[-1])]
    scene = lw.view.network(trace, sample=sample, classes=names)
    with torch.no_grad():
        outputs = plain(model, batch)
    loss = nn.functional.cross_entropy(model(batch), target)
    weights = [module.weight for module in model if isinstance(module, nn.Linear)]
    slopes = torch.autograd.grad(loss, weights)
    for _ in range(10):
        stop = draws.randrange(len(scene.stops))
        texts = [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]
        label = called(scene, stop)
        forward = label.startswith("forward")
        reached = {"forward: input": 0, "forward: answer": len(widths) - 1}.get(label)
        if reached is None:
            reached = int(label.split()[-1]) if forward else len(widths) - 1
        if not label.startswith("backward"):
            for number in range(reached):
                shown = outputs[number][sample]
                for value in (
                    shown.sort(descending=True)
                    .values[: 10 if number == len(outputs) - 1 else None]
                    .tolist()
                ):
                    assert short_number(value) in texts
        if reached == len(widths) - 1:
            shares = torch.softmax(outputs[-1][sample].double(), 0)
            for share in shares.sort(descending=True).values[:10].tolist():
                assert format_percent(share) in texts
        for mark in scene.stop_marks(stop):
            if isinstance(mark, Curves) and mark.refers is not None:
                check_links(mark, dict(model.named_parameters()), slopes, weights, label)
        for size in gradients_said(texts):
            assert size in {
                format_number(float((s.double() ** 2).mean().sqrt()), 2)
                for s in unit_slopes(model, batch, target, sample)
            }


def called(scene, stop):
    """A stop's name with its chapter in front: "forward: layer 2"."""
    chapters = [chapter.name.lower() for chapter in scene.chapters if chapter.stop <= stop]
    return f"{chapters[-1]}: {scene.stops[stop].label}"


def check_links(mark, parameters, slopes, weights, label):
    weight = parameters[mark.refers.site].detach().double().numpy()
    rows, columns = mark.refers.indices.T
    answers = min(len(weight), 10) if mark.refers.site == list(parameters)[-2] else len(weight)
    assert len(rows) == answers * weight.shape[1]
    if label.startswith("backward"):
        return
    own = weight[rows, columns]
    np.testing.assert_allclose(
        mark.widths, THIN + THICK * np.abs(own) / np.abs(weight).max(), rtol=1e-5
    )
    for sign, color in ((own < 0, NEGATIVE), (own > 0, POSITIVE)):
        assert (mark.colors[sign, :3] == color[:3]).all()


def gradients_said(texts):
    return [texts[at + 1] for at, text in enumerate(texts) if text == "gradient"]


def unit_slopes(model, batch, target, sample):
    """The loss's derivative by what each layer shows."""
    shown = plain(model, batch)
    loss = nn.functional.cross_entropy(shown[-1], target)
    return [slope[sample] for slope in torch.autograd.grad(loss, shown)]


def trained(**more):
    torch.manual_seed(0)
    x = torch.randn(60, 4)
    return lw.fit(
        "mlp 6-5", (x, (x[:, 0] > 0).long()), epochs=3, batch_size=10,
        keep=lw.Keep(every=3, neurons=None), **more,
    )  # fmt: skip


def test_learning_shows_each_kept_moment_with_its_own_weights():
    run = trained()
    trace = run.trace
    scene = lw.view.network(trace)
    kept = trace.where("fc2")
    moments = {
        mark.refers.moment
        for stop in range(len(scene.stops))
        for mark in scene.stop_marks(stop)
        if isinstance(mark, Curves) and mark.refers is not None
    }
    assert moments == set(kept)
    last = scene.stop_marks(len(scene.stops) - 1)
    shown = next(m for m in last if isinstance(m, Curves) and m.refers.site == "fc2.weight")
    weight = trace["fc2.weight", kept[-1]]
    most = max(np.abs(trace["fc2.weight", m]).max() for m in kept)
    rows, columns = shown.refers.indices.T
    np.testing.assert_allclose(
        shown.widths, THIN + THICK * np.abs(weight[rows, columns]) / most, rtol=1e-5
    )


def test_a_focus_writes_out_a_sum_that_is_right():
    trace = trained().trace
    scene = lw.view.network(trace, focus="fc2:2")
    for stop in range(len(scene.stops)):
        marks = scene.stop_marks(stop)
        texts = [m for m in marks if isinstance(m, Text) and abs(m.at[1] - 940) < 1]
        line = "".join(m.string for m in sorted(texts, key=lambda m: m.at[0]))
        moment = next(
            m.refers.moment for m in marks if isinstance(m, Curves) and m.refers is not None
        )
        inside, result = re.search(r"max\(0, ([−\d.]+)\) = ([−\d.]+)$", line).groups()
        sent = np.maximum(trace["fc1", moment][0], 0)
        by_hand = trace["fc2.weight", moment][1] @ sent + trace["fc2.bias", moment][1]
        assert float(inside.replace("−", "-")) == pytest.approx(by_hand, rel=6e-3, abs=1e-6)
        assert float(result.replace("−", "-")) == pytest.approx(max(by_hand, 0), rel=6e-3, abs=1e-6)
        ends = max(m.at[0] for m in texts)
        assert ends < 1840


def test_a_short_sum_can_be_added_up_by_hand():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    for unit in (1, 2, 3):
        line = strip(lw.view.network(lw.record(model, torch.randn(1, 4)), focus=f"0:{unit}"), 1)
        line = line.replace("−", "-").replace("- ", "-").replace("+ ", "+")
        products = re.findall(r"([+-]?[\d.]+)·([\d.]+)", line)
        assert len(products) == 4
        bias = float(re.search(r"bias (-?[\d.]+)", line)[1])
        total = float(re.search(r"= max\(0, (-?[\d.]+)\)", line)[1])
        added = sum(float(one) * float(other) for one, other in products) + bias
        assert added == pytest.approx(total, abs=6e-3)


@pytest.mark.parametrize("hidden", [2, 3, 6])
def test_columns_stand_as_far_apart_as_the_last_from_the_answer(hidden):
    model = nn.Sequential(*(nn.Linear(5, 5) for _ in range(hidden + 1)))
    trace = lw.record(model, torch.randn(1, 5))
    graph = network_graph(trace)
    places = places_of(Reading(trace, graph), layer_ranks(graph), WIDE)
    middles = [c.boxes[0, 0] + c.boxes[0, 2] / 2 for c in places.columns if c.rank]
    np.testing.assert_allclose(np.diff(middles), (1340 - 559) / hidden)


def test_recurrent_cells_are_not_joined_one_to_one():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(3, 5), nn.Linear(5, 2)

        def forward(self, x):
            return self.out(self.cell(x[:, 1], self.cell(x[:, 0])))

    trace = lw.record(Cell(), torch.randn(2, 2, 3))
    scene = lw.view.network(trace)
    assert links_between(Reading(trace, network_graph(trace)), 1, 2) is None
    assert "grey curves: what feeds what, without weights" in scene.description


def test_a_convolution_shows_its_maps():
    torch.manual_seed(0)
    model = lw.models.build("cnn", (1, 28, 28), 10).eval()
    trace = lw.record(model, torch.rand(2, 1, 28, 28))
    scene = lw.view.network(trace, sample=1)
    marks = scene.stop_marks(len(scene.stops) - 1)
    assert sum(isinstance(mark, Image) for mark in marks) == 1 + 4 * 12
    said = " ".join(mark.string for mark in marks if isinstance(mark, Text))
    assert re.search(r"12 of 64 maps \(conv2, pool2\).* by largest mean \|output\|", said)


def test_a_large_layer_has_a_density_of_all_its_numbers():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 300_000), nn.Tanh(), nn.Linear(300_000, 2))
    batch = torch.randn(2, 5)
    trace = lw.record(model, batch)
    density = Density(Reading(trace, network_graph(trace), 1), DARK)
    shown = torch.tanh(model[0](batch))[1].detach().double().numpy()
    expected, _ = np.histogram(shown, 40, (-1, 1))
    np.testing.assert_array_equal(density.counts(1, 0, 1.0), expected)
    marks = lw.view.network(trace, sample=1).stop_marks(2)
    assert any(isinstance(mark, Text) and mark.string == "all 300,000" for mark in marks)


def strip(scene, stop):
    texts = [m for m in scene.stop_marks(stop) if isinstance(m, Text) and abs(m.at[1] - 940) < 1]
    return "".join(m.string for m in sorted(texts, key=lambda m: m.at[0]))


def number_after(text, words):
    return float(re.search(f"{words} ?([−\\d.]+)", text)[1].replace("−", "-"))


def test_a_focus_behind_a_picture_and_one_that_is_scaled():
    torch.manual_seed(1)

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(12, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.two(torch.tanh(self.one(x.flatten(1))) * 0.5)

    model, batch = Scaled(), torch.rand(1, 1, 3, 4)
    scene = lw.view.network(lw.record(model, batch), focus="one:2")
    said = strip(scene, 1)
    total = float(model.one(batch.flatten(1))[0, 1].detach())
    assert number_after(said, r" =") == pytest.approx(total, rel=6e-3)
    assert said.count("→") >= 2
    assert number_after(said, r"mul →") == pytest.approx(np.tanh(total) * 0.5, rel=6e-3)
    plain = lw.models.build("mlp 5 tanh", (1, 3, 4), 2)
    said = strip(lw.view.network(lw.record(plain, batch), focus="fc1:3"), 1)
    total = float(plain.fc1(batch.flatten(1))[0, 2].detach())
    assert number_after(said, r"tanh\(.*= tanh\(") == pytest.approx(total, rel=6e-3)
    assert said.endswith(format_number(float(np.tanh(total)), 3))


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_a_patch_times_its_kernel_is_the_output(stride, padding):
    torch.manual_seed(stride)
    model = nn.Sequential(
        nn.Conv2d(2, 5, 3, stride=stride, padding=padding),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(3),
    )
    batch = torch.randn(2, 2, 11, 9)
    model(batch)
    reading = Reading(lw.record(model, batch), network_graph(lw.record(model, batch)), 1)
    shown = torch.relu(model[0](batch))[1].detach()
    for unit in range(5):
        patch = patch_of(reading, 1, unit, 0)
        assert patch.value == pytest.approx(float(shown[unit].max()), rel=1e-5)
        assert float(shown[unit, patch.row, patch.column]) == pytest.approx(patch.value, rel=1e-5)
        assert float(patch.shares.sum()) + patch.bias == pytest.approx(patch.total, rel=1e-4)


def test_a_patch_that_cannot_be_told_is_not_shown():
    class Padded(nn.Module):  # a keyword that a trace does not name
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 1, 3, 3))
            self.last = nn.Linear(4, 2)

        def forward(self, x):
            x = nn.functional.conv2d(x, self.weight, None, padding=1).relu()
            return self.last(x.mean((2, 3)))

    torch.manual_seed(0)
    trace = lw.record(Padded(), torch.randn(1, 1, 6, 6))
    assert patch_of(Reading(trace, network_graph(trace)), 1, 2, 0) is None
    lw.view.network(trace, focus="layer1:3").stop_marks(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"focus": "fc9:2"}, "Unknown layer 'fc9' in this picture. Did you mean 'fc"),
        ({"focus": "fc2:77"}, "Unit 77 of fc2 is not drawn.*nearest is fc2:5"),
        ({"focus": "fc2"}, "A focus is a layer and a unit"),
        ({"sample": 40}, "There is no sample 40.*Samples 0 to 3"),
        ({"speed": 0}, "positive speed"),
        ({"classes": ["a", "b", "c"]}, "3 names for 2 outputs"),
        ({"theme": "drak"}, "dark"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(InputError, match=message):
        lw.view.network(trained().trace, **options)


def test_a_trace_without_outputs():
    torch.manual_seed(0)
    x = torch.randn(20, 4)
    run = lw.fit("mlp 6", (x, (x[:, 0] > 0).long()), epochs=1, keep=None)
    with pytest.raises(InputError, match=r"no outputs of layers.*Keep\(outputs='values'\)"):
        lw.view.network(run.trace)


def test_the_same_trace_gives_the_same_marks():
    trace = trained().trace
    one, other = lw.view.network(trace), lw.view.network(trace)
    for stop in (0, len(one.stops) // 2, len(one.stops) - 1):
        np.testing.assert_array_equal(
            one.frame(round(one.stops[stop].start * one.fps)),
            other.frame(round(other.stops[stop].start * other.fps)),
        )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_network_that_diverged_is_filmed_and_its_numbers_are_told(number, kind):
    torch.manual_seed(0)
    if kind == "dense":
        model, batch = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), torch.ones(1, 3)
    else:
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
        batch = torch.ones(1, 1, 4, 4)
    trace = lw.record(model, batch * number, torch.tensor([1]), backward=True)
    scene = lw.view.network(trace, classes=["a", "b"], focus="0:1")
    for stop in range(len(scene.stops)):
        rasterize(scene.stop_marks(stop), (96, 54), scene.ground)  # refuses what is not finite
    said = [m.string for m in scene.stop_marks(len(scene.stops) - 1) if isinstance(m, Text)]
    assert said.count("not a number") >= 2
    list(scene.units().layers)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (nn.Linear(1, 1), {}, "network shows traces, or runs that have one. Received a Linear"),
        (None, {"speed": float("nan")}, "positive speed. Received nan"),
        (None, {"speed": "fast"}, "positive speed. Received 'fast'"),
        (None, {"focus": 3}, "A focus is a layer and a unit"),
    ],
)
def test_what_is_no_trace_speed_or_focus_is_refused(given, options, message):
    trace = given or lw.record(nn.Linear(2, 2), torch.ones(1, 2))
    with pytest.raises(InputError, match=message):
        lw.view.network(trace, **options)


def test_an_empty_batch_has_nothing_to_film():
    with pytest.raises(InputError, match="no sample to show"):
        lw.view.network(lw.record(nn.Linear(2, 2), torch.ones(0, 2)))


def test_of_many_answers_the_foot_says_which_are_drawn():
    torch.manual_seed(0)
    model, batch = nn.Linear(3, 40), torch.randn(2, 3)
    scene = lw.view.network(lw.record(model, batch), sample=1)
    assert "10 of 40 units (linear): largest for this sample" in scene.description
    drawn = {m.string for m in scene.stop_marks(len(scene.stops) - 1) if isinstance(m, Text)}
    largest = model(batch)[1].topk(10).indices.tolist()
    assert {f"unit {number + 1}" for number in largest} <= drawn


@pytest.mark.parametrize("same", [True, False])
def test_it_is_said_where_each_step_has_a_batch_of_its_own(same):
    torch.manual_seed(0)
    model, batch = nn.Linear(3, 2), torch.randn(4, 3)
    with lw.recording(model, lw.Keep(every=1)) as recorder:
        for _ in range(3):
            model(batch if same else torch.randn(4, 3)).sum().backward()
            torch.optim.SGD(model.parameters(), 0.1).step()
    scene = lw.view.network(recorder.trace)
    assert ("each step shows a sample of its own batch" in scene.description) != same
