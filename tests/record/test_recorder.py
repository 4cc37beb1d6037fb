"""A recorder beside a loop: passes of its own over the same samples change nothing."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F  # noqa: N812
from loops import batches, network
from plain import hooks_on, plain_run, same

from layerwise.record import Keep, Recorder
from layerwise.trace import Header, Moment, Site, Trace

X = torch.randn(5, 6, generator=torch.Generator().manual_seed(9))
AIM = torch.tensor([0, 1, 2, 1, 0])


def learn(model, recorder=None, trace=None):
    optimizer = torch.optim.Adam(model.parameters())
    before = []
    for number, (x, y) in enumerate(batches()):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        if recorder is not None:
            recorder.capture()
            before.append(copy.deepcopy(model))
        optimizer.step()
        if recorder is not None:
            recorder.commit(trace, Moment("step", {"step": number}), {"loss": loss.item()})
    return before


def test_the_same_samples_every_time_and_nothing_changes():
    bare, model = network(), network()
    torch.manual_seed(3)
    learn(bare)
    random = torch.get_rng_state()
    trace = Trace(Header("a run", (Site("loss", "metric"),)))
    keep = Keep(every=2, neurons=None, samples=None)
    recorder = Recorder(model, keep, probe=(X, lambda out: F.cross_entropy(out, AIM)))
    torch.manual_seed(3)
    with recorder:
        before = learn(model, recorder, trace)
    recorder.flush(trace)
    assert torch.equal(torch.get_rng_state(), random)
    for ours, theirs in zip(model.state_dict().values(), bare.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)
    assert model.training
    assert hooks_on(model) == 0
    assert trace.where("0") == [0, 2, 4]
    for moment in (0, 2, 4):
        there = before[moment].eval()
        for name, tensor in plain_run(there, X).leaves.items():
            assert same(trace[name, moment], tensor), name
        there.zero_grad()
        F.cross_entropy(there(X), AIM).backward()
        for name, parameter in there.named_parameters():
            assert same(trace[f"{name}.gradient", moment], parameter.grad), name
            assert same(trace[name, moment], parameter)


def test_a_broken_off_recorder_goes_on_where_it_was():
    traces = []
    for parts in (1, 2):
        torch.manual_seed(3)
        model = network()
        trace = Trace(Header("a run", (Site("loss", "metric"),)))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        state = None
        steps = list(batches(8))
        for part in range(parts):
            recorder = Recorder(model, Keep(every=3, neurons=2, budget=9000))
            if state is not None:
                recorder.restore(state)
            with recorder:
                for number in range(part * 4, 4 * (part + 1) if parts == 2 else 8):
                    x, y = steps[number]
                    optimizer.zero_grad()
                    F.cross_entropy(model(x), y).backward()
                    recorder.capture()
                    optimizer.step()
                    recorder.commit(trace, Moment("step", {"step": number}), {"loss": 0.0})
            recorder.flush(trace)
            state = recorder.state()
        traces.append(trace)
    whole, broken = traces
    assert [s.name for s in whole.sites] == [s.name for s in broken.sites]
    for site in whole.sites:
        assert whole.where(site.name) == broken.where(site.name)
        assert whole.site(site.name) == broken.site(site.name)
        for moment in whole.where(site.name):
            assert whole[site.name, moment].tobytes() == broken[site.name, moment].tobytes()
