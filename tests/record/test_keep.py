"""What is kept: chosen, named, within the bytes that were granted, evenly over the run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from loops import batches, network, plain
from plain import plain_run
from torch import nn
from zoo import made

from layerwise.record import Keep, record, recording
from layerwise.trace import Trace


def stored_bytes(trace: Trace) -> int:
    return sum(
        trace[site.name, moment].nbytes
        for site in trace.sites if site.kind != "metric"
        for moment in trace.where(site.name)
    )  # fmt: skip


def wide() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(6, 50), nn.ReLU(), nn.Linear(50, 40)), torch.randn(9, 6)


def test_the_neurons_kept_are_the_largest_and_named():
    model, x = wide()
    trace = record(model, x, keep=Keep(neurons=5, samples=3))
    values = plain_run(model, x).leaves["0"].numpy()
    expected = sorted(np.argsort(-np.abs(values).mean(0), kind="stable")[:5].tolist())
    site = trace.site("0")
    assert list(site.entries["unit"]) == expected
    assert site.note == (
        "first 3 of 9 samples; 5 of 50 units, largest mean |output| when first seen"
    )
    np.testing.assert_array_equal(trace["0", 0], values[:3][:, expected])


def test_channels_are_chosen_too():
    torch.manual_seed(1)
    model, x = nn.Sequential(nn.Conv2d(1, 9, 3), nn.ReLU()), torch.randn(2, 1, 6, 6)
    trace = record(model, x, keep=Keep(neurons=4))
    values = plain_run(model, x).leaves["0"].numpy()
    chosen = sorted(np.argsort(-np.abs(values).mean((0, 2, 3)), kind="stable")[:4].tolist())
    assert list(trace.site("0").entries["channel"]) == chosen
    np.testing.assert_array_equal(trace["0", 0], values[:, chosen])


def test_neurons_stay_the_same_over_a_training_and_weights_go_with_them():
    model = network()
    with recording(model, Keep(every=1, neurons=3, samples=2)) as rec:
        plain(model)
    trace = rec.trace
    units = trace.site("0").entries["unit"]
    assert len(units) == 3
    assert trace.site("0.weight").entries["unit"] == units
    assert trace["0.weight", 4].shape == (3, 6)
    assert trace["0.weight.gradient", 4].shape == (3, 6)
    assert trace["0", 4].shape == (2, 3)
    assert trace["0.gradient", 4].shape == (2, 3)
    assert trace.site("4.weight").entries["input unit"] == trace.site("3").entries["unit"]


def test_layers_by_pattern():
    model, batch = made("residual")
    trace = record(model, batch, keep=Keep(layers=["1.*conv?"], neurons=None, samples=None))
    kept = [s.name for s in trace.sites if s.kind == "activation" and (s.name, 0) in trace]
    assert kept == ["1.conv1", "1.conv2"]
    trace = record(model, batch, keep=Keep("summary", "nothing", "summary", layers="2.bn*"))
    assert trace.site("summary of outputs").entries["layer"] == ("2.bn1", "2.bn2")
    assert trace.site("summary of weights").entries["parameter"] == (
        "2.bn1.weight", "2.bn1.bias", "2.bn2.weight", "2.bn2.bias")  # fmt: skip


@pytest.mark.parametrize("name", ["residual", "functional", "bfloat16", "in place", "vmap"])
def test_summaries_of_a_pass(name):
    model, batch = made(name)
    values = record(model, batch)
    trace = record(model, batch, keep=Keep("summary", "nothing", "summary"))
    site = trace.site("summary of outputs")
    assert not [s for s in trace.sites if s.kind == "activation" and (s.name, 0) in trace]
    assert site.entries["layer"]
    for row, layer in enumerate(site.entries["layer"]):
        array = values[layer, 0].astype(np.float64)
        found = trace["summary of outputs", 0][row]
        expected = [array.mean(), array.std(), array.min(), array.max(), (array == 0).mean(), 0]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_gradient_summaries_of_a_pass():
    model, batch = made("residual")
    aim = torch.tensor([0, 1, 2])
    values = record(model, batch, aim, True)
    trace = record(model, batch, aim, True, keep=Keep("nothing", "summary", "nothing"))
    for name, key in (("summary of gradients", "layer"),
                      ("summary of weight gradients", "parameter")):  # fmt: skip
        for row, of in enumerate(trace.site(name).entries[key]):
            array = values[f"{of}.gradient", 0].astype(np.float64)
            np.testing.assert_allclose(
                trace[name, 0][row][:4], [array.mean(), array.std(), array.min(), array.max()],
                rtol=1e-3, atol=1e-6,
            )  # fmt: skip


def test_nothing_but_the_graph():
    model, batch = made("residual")
    trace = record(model, batch, keep=Keep("nothing", "nothing", "nothing"))
    assert "1.add" in {site.name for site in trace.sites}
    assert trace.notes == ()
    assert stored_bytes(trace) == batch.nbytes


@pytest.mark.parametrize("budget", [0, 100, 1000, 3000, 10_000, "64 KB"])
@pytest.mark.parametrize("name", ["residual", "functional", "conv3d", "lstm"])
def test_a_pass_stays_within_its_budget(name, budget):
    model, batch = made(name)
    whole = record(model, batch, torch.sum if name != "lstm" else lambda o: o.sum(), True)
    keep = Keep(budget=budget, neurons=None, samples=None)
    trace = record(model, batch, lambda o: o.sum(), True, keep=keep)
    assert stored_bytes(trace) - 4 <= keep.budget_bytes
    assert [site.name for site in trace.sites] == [site.name for site in whole.sites]
    left = [s for s in trace.sites if s.kind != "metric" and (s.name, 0) not in trace
            and (s.name, 0) in whole]  # fmt: skip
    told = " ".join(trace.notes)
    assert (f"more than the budget of {budget}" in told) == bool(left)
    for site in trace.sites:
        if (site.name, 0) in trace:
            np.testing.assert_array_equal(trace[site.name, 0], whole[site.name, 0])


@pytest.mark.parametrize("budget", [2_000, 20_000, 60_000])
def test_a_training_never_holds_more_than_its_budget(budget, monkeypatch):
    """Counted at every change of the store, not only in the end."""
    most = []
    extend = Trace.extend

    def counted(self, moments, values):
        extend(self, moments, values)
        most.append(stored_bytes(self))

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    monkeypatch.setattr(Trace, "extend", counted)
    with recording(model, Keep(every=1, budget=budget)) as rec:

        def learn(steps):
            for x, y in batches(steps):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()

        learn(121)
        trace = rec.trace
    assert stored_bytes(trace) <= budget
    assert max(most) <= budget
    assert len(trace.where("loss")) == 121
    for name in ("0", "summary of outputs"):
        where = trace.where(name)
        gaps = set(np.diff(where).tolist())
        assert len(gaps) <= 1, where
        if budget == 60_000:
            assert len(where) >= 4


@pytest.mark.parametrize("every", [1, 2, 5])
def test_every_so_many_steps(every):
    model = network()
    with recording(model, Keep(every=every, summary_every=2)) as rec:
        plain(model)
    assert rec.trace.where("0") == list(range(0, 6, every))
    assert rec.trace.where("summary of outputs") == [0, 2, 4]
    assert rec.trace.where("loss") == list(range(6))
