"""Several samples in turn and the hardest ones: losses and classes against plain PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import layerwise as lw
from layerwise.errors import InputError
from layerwise.scene import Rectangles, Text
from layerwise.view.diagram.graph import network_graph
from layerwise.view.network.reading import Reading
from layerwise.view.network.samples import hardness
from layerwise.view.network.short_number import short_number


def reading_of(trace):
    return Reading(trace, network_graph(trace))


def texts(scene, stop):
    return [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def net(seed, last=None):
    torch.manual_seed(seed)
    layers = [nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 5)]
    return nn.Sequential(*layers, *([] if last is None else [last]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("logs", [False, True])
def test_losses_and_classes_are_those_of_the_training(seed, logs):
    model = net(seed, nn.LogSoftmax(1) if logs else None)
    batch, target = torch.randn(31, 6), torch.randint(0, 5, (31,))
    loss = functional.nll_loss if logs else functional.cross_entropy
    trace = lw.record(model, batch, lambda out: loss(out, target), backward=True)
    found = hardness(reading_of(trace), 0)
    expected = loss(model(batch), target, reduction="none").detach().numpy()
    np.testing.assert_allclose(found.sizes, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.targets, target)
    assert found.hardest == expected.argmax()


def test_weighted_classes_do_not_mislead():
    model, batch = net(3), torch.randn(20, 6)
    target, weight = torch.randint(0, 5, (20,)), torch.rand(5) + 0.2
    trace = lw.record(
        model, batch, lambda out: functional.cross_entropy(out, target, weight), backward=True
    )
    np.testing.assert_array_equal(hardness(reading_of(trace), 0).targets, target)


@pytest.mark.parametrize(
    "loss",
    [
        lambda out: functional.mse_loss(out, torch.zeros_like(out) + 0.3),
        lambda out: functional.cross_entropy(out, torch.arange(20) % 5, label_smoothing=0.2),
    ],
)
def test_another_loss_goes_by_the_length_of_its_gradient(loss):
    model, batch = net(4), torch.randn(20, 6)
    trace = lw.record(model, batch, loss, backward=True)
    outputs = model(batch)
    slopes = torch.autograd.grad(loss(outputs), outputs)[0]
    found = hardness(reading_of(trace), 0)
    assert found.targets is None
    np.testing.assert_allclose(found.sizes, slopes.norm(dim=1), rtol=1e-5)
    said = texts(lw.view.network(trace, sample="hardest"), 0)
    number = int(slopes.norm(dim=1).argmax()) + 1
    assert any(f"hardest of 20: sample {number}" in text for text in said)


def test_each_moment_of_a_training_shows_its_own_hardest():
    model = net(5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    inputs, target = torch.randn(64, 6), torch.randint(0, 5, (64,))
    with lw.recording(model, lw.Keep(every=3, samples=None, neurons=None)) as recorder:
        for _ in range(12):
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs), target).backward()
            optimizer.step()
    trace = recorder.trace
    names = ["a", "b", "c", "d", "e"]
    scene = lw.view.network(trace, sample="hardest", classes=names)
    begins = {chapter.name: chapter.stop for chapter in scene.chapters}
    moments = trace.where("2")
    assert len(moments) == 4
    stops = [begins["Backward"] - 1, *range(begins["Learning"], len(scene.stops))]
    for stop, moment in zip(stops, moments, strict=True):
        outputs = torch.tensor(trace["2", moment])
        losses = functional.cross_entropy(outputs, target, reduction="none")
        worst = int(losses.argmax())
        said = " · ".join(texts(scene, stop))
        assert f"hardest of 64: sample {worst + 1} · class {names[target[worst]]}" in said
        for value in torch.tensor(trace["1", moment])[worst].tolist():
            assert short_number(value) in texts(scene, stop)


def test_chosen_samples_follow_each_other_with_scales_in_common():
    model = net(6)
    batch = torch.randn(5, 6)
    trace = lw.record(model, batch, torch.tensor([0, 1, 2, 3, 4]), backward=True)
    scene = lw.view.network(trace, sample=[3, 0])
    alone = lw.view.network(trace, sample=3)
    assert len(scene.stops) == 2 * len(alone.stops)
    assert scene.duration == pytest.approx(2 * alone.duration)
    assert [c.name for c in scene.chapters][::3] == ["Sample 4 · Forward", "Sample 1 · Forward"]
    half = len(alone.stops)
    outputs = torch.tanh(model[0](batch)).detach()
    for stop, sample in ((2, 3), (half + 2, 0), (half - 1, 3), (2 * half - 1, 0)):
        assert f"sample {sample + 1} of 5" in texts(scene, stop)
        assert {short_number(v) for v in outputs[sample].tolist()} <= set(texts(scene, stop))
    # Equal values have equal colours in both: 0.5 of what is largest in any.
    largest = float(outputs[[3, 0]].abs().max())
    fills = {}
    for stop, sample in ((half - 1, 3), (2 * half - 1, 0)):
        units = next(
            m for m in scene.stop_marks(stop)
            if isinstance(m, Rectangles) and m.refers is not None and m.refers.site == "1"
        )  # fmt: skip
        for value, fill in zip(outputs[sample].tolist(), units.fill[-9:], strict=True):
            fills[round(value / largest, 6)] = fill[:3].astype(int)
    order = sorted(fills)
    blueness = [int(fills[share][2]) - int(fills[share][0]) for share in order]
    assert blueness == sorted(blueness)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("hardset", "Unknown choice of samples 'hardset'. Did you mean 'hardest'"),
        ([], "several by a list of numbers"),
        ([0, 1.5], "several by a list of numbers"),
        (True, "several by a list of numbers"),
        ([0, 5], "There is no sample 5 .*Samples 0 to 4"),
        (-1, "There is no sample -1"),
        ("hardest", "no gradient of the answer was kept.*backward=True"),
    ],
)
def test_wrong_samples(sample, message):
    trace = lw.record(net(0), torch.randn(5, 6))
    with pytest.raises(InputError, match=message):
        lw.view.network(trace, sample=sample)
