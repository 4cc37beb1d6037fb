"""Anyone's own training loop: the same bits with and without, and every loss it saw."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from loops import LOOPS, STEPS, batches, network, plain
from plain import hooks_on, left_behind, same
from torch import nn

from layerwise.errors import InputError
from layerwise.record import Keep, recording
from layerwise.trace import Trace

ALL = Keep(every=1, neurons=None, samples=None)
KEEPS = {
    "all": ALL,
    "usual": Keep(),
    "two": Keep(every=2, summary_every=3),
    "metrics": Keep("nothing", "nothing", "nothing"),
    "passes": Keep(passes="all", every=1),
}


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_does_the_same_with_and_without(name, keep):
    bare, model = network(), network()
    torch.manual_seed(3)
    expected = LOOPS[name](bare)
    random = torch.get_rng_state()
    torch.manual_seed(3)
    with recording(model, KEEPS[keep]) as rec:
        losses = LOOPS[name](model)
    assert losses == expected
    assert torch.equal(torch.get_rng_state(), random)
    for ours, theirs in zip(model.state_dict().values(), bare.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        assert ours.grad is None or torch.equal(ours.grad, theirs.grad)
    assert hooks_on(model) == 0
    _moments, series = rec.trace.series("loss")
    assert [float(np.float32(loss)) for loss in series] == [float(np.float32(x)) for x in losses]
    steps = [moment for moment in rec.trace if moment.kind == "step"]
    assert len(steps) == len(losses)


@pytest.mark.parametrize("name", ["plain", "accumulating", "clipping", "two optimizers",
                                  "stranger in between", "by keyword"])  # fmt: skip
def test_values_are_those_of_the_step(name):
    """Outputs and gradients by hooks on another model in that loop; weights before they move."""
    model, other = network(), network()
    seen: list[dict[str, torch.Tensor]] = []

    def begin(module, args, kwargs):
        source = args[0] if args else kwargs["input"]
        weights = {key: p.detach().clone() for key, p in module.named_parameters()}
        seen.append({"input": source.clone(), **weights})

    other.register_forward_pre_hook(begin, with_kwargs=True)
    for key, part in other.named_children():

        def hook(module, args, output, key=key):
            place = seen[-1]
            place[key] = output.detach().clone()
            output.register_hook(lambda g: place.__setitem__(f"{key}.gradient", g.clone()))

        part.register_forward_hook(hook)
    torch.manual_seed(3)
    LOOPS[name](other)
    torch.manual_seed(3)
    with recording(model, ALL) as rec:
        LOOPS[name](model)
    trace = rec.trace
    passes = seen[1::2] if name == "accumulating" else seen
    assert len(trace) == len(passes)
    for moment, place in enumerate(passes):
        for site, tensor in place.items():
            key = "input.input" if name == "by keyword" and site == "input" else site
            assert same(trace[key, moment], tensor), (site, moment)


def test_summaries_are_those_of_what_the_loop_computed():
    model, other = network(), network()
    seen = []
    other[0].register_forward_hook(lambda m, a, out: seen.append(out.detach().double().numpy()))
    torch.manual_seed(3)
    plain(other)
    torch.manual_seed(3)
    with recording(model, Keep(every=100)) as rec:
        plain(model)
    site = rec.trace.site("summary of outputs")
    row = site.entries["layer"].index("0")
    for moment, values in enumerate(seen):
        found = rec.trace["summary of outputs", moment][row]
        expected = [values.mean(), values.std(), values.min(), values.max(), 0, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_gradient_summaries_of_a_layer_that_runs_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 6)

        def forward(self, x):
            return self.fc(self.fc(x).tanh())

    torch.manual_seed(0)
    model = Twice()
    other = copy.deepcopy(model)
    gradients = []
    other.fc.register_forward_hook(
        lambda m, a, out: out.register_hook(lambda g: gradients.append(g.double())) and None
    )

    def loop(net):
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        for x, _ in batches():
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()

    loop(other)
    with recording(model, Keep(every=100)) as rec:
        loop(model)
    for moment in range(STEPS):
        both = torch.cat(gradients[2 * moment : 2 * moment + 2])
        found = rec.trace["summary of gradients", moment][0]
        expected = [both.mean(), both.std(correction=0), both.min(), both.max(), 0, 0]
        np.testing.assert_allclose(found, np.array([float(e) for e in expected]), rtol=1e-4,
                                   atol=1e-8)  # fmt: skip


@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpoint_does_not_count_twice(reentrant):
    class Saving(nn.Module):
        def __init__(self, saves):
            super().__init__()
            self.body, self.out = nn.Sequential(nn.Linear(6, 5), nn.Tanh()), nn.Linear(5, 3)
            self.saves = saves

        def forward(self, x):
            if not self.saves:
                return self.out(self.body(x))
            x = x.requires_grad_()
            found = torch.utils.checkpoint.checkpoint(self.body, x, use_reentrant=reentrant)
            return self.out(found)

    traces = []
    for saves in (False, True):
        torch.manual_seed(0)
        model = Saving(saves)
        with recording(model, Keep(every=2, neurons=None, samples=None)) as rec:
            plain(model)
        traces.append(rec.trace)
    for name in ("summary of outputs", "summary of gradients", "summary of weight gradients"):
        for moment in range(STEPS):
            np.testing.assert_allclose(traces[0][name, moment], traces[1][name, moment], rtol=1e-6)
    for moment in (0, 2, 4):
        for site in ("body.0", "body.1", "out", "out.gradient"):
            np.testing.assert_array_equal(traces[0][site, moment], traces[1][site, moment])
    assert "body.0:2" not in {site.name for site in traces[1].sites}


class StopError(Exception):
    pass


@pytest.mark.parametrize("error", [StopError, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["forward", "backward", "loop", "step"])
def test_after_an_exception_nothing_is_left(place, error):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def fail(*_):
        raise error

    removed = None
    if place == "forward":
        removed = model[2].register_forward_hook(fail)
    if place == "step":
        optimizer.register_step_pre_hook(fail)
    with pytest.raises(error), recording(model, ALL) as rec:
        for x, y in batches():
            output = model(x)
            if place == "backward":
                output.register_hook(fail)
            F.cross_entropy(output, y).backward()
            if place == "loop":
                fail()
            optimizer.step()
    if removed is not None:
        removed.remove()
    assert left_behind() == []
    assert hooks_on(model) == 0
    assert isinstance(rec.trace, Trace)
    model(torch.randn(10, 6))
    with recording(model, ALL) as rec:  # and it can be recorded again
        plain(model)
    assert len(rec.trace) == STEPS


def test_two_models_at_once_and_one_model_twice():
    one, two = network(1), network(2)
    with recording(one, ALL) as first, recording(two, ALL) as second:
        a = plain(one)
        b = plain(two)
        with pytest.raises(InputError, match="being recorded already"), recording(one):
            pass
    assert first.trace.series("loss")[1].astype("f4").tolist() == np.float32(a).tolist()
    assert second.trace.series("loss")[1].astype("f4").tolist() == np.float32(b).tolist()


def test_another_thread_is_none_of_its_business():
    model, other = network(1), network(2)
    failed = []

    def learn():
        try:
            plain(other)
        except BaseException as error:
            failed.append(error)

    with recording(model, ALL) as rec:
        thread = threading.Thread(target=learn)
        thread.start()
        thread.join()
        losses = plain(model)
    assert not failed
    assert len(rec.trace) == len(losses)
    assert not any(len(site.name) > 40 for site in rec.trace.sites)


def test_numbers_of_ones_own():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with recording(model) as rec:
        for number, (x, y) in enumerate(batches()):
            rec.note(accuracy=number / 10, loss=-1)
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert rec.trace.series("accuracy")[1].tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert set(rec.trace.series("loss")[1].tolist()) == {-1}


def test_evaluation_only():
    model = network().eval()
    with recording(model) as rec, torch.no_grad():
        model(torch.ones(10, 6))
    assert "No step of an optimiser" in rec.trace.notes[0]
    assert "1 passes without gradients" in rec.trace.notes[0]
    with recording(model, Keep(passes="all", every=1)) as rec, torch.no_grad():
        out = model(torch.ones(3, 6))
    assert [moment.kind for moment in rec.trace] == ["pass"]
    assert same(rec.trace["4", 0], out)


def test_a_fused_encoder_keeps_its_bits_while_it_is_watched():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    models = {"layer": layer, "in a model": nn.Sequential(layer, nn.Linear(8, 2)),
              "encoder": nn.TransformerEncoder(layer, 2)}  # fmt: skip
    x = torch.randn(3, 5, 8)
    for model in models.values():
        model.eval()
        with torch.no_grad():
            expected = model(x)
            for keep in (Keep(), Keep(passes="all", every=1)):
                with recording(model, keep) as rec:
                    assert torch.equal(model(x), expected)
        last = [site.name for site in rec.trace.sites if site.kind == "activation"][-1]
        assert same(rec.trace[last, 0], expected[:4])


def test_a_file_has_the_same_as_memory(tmp_path):
    traces = []
    for path in (None, tmp_path / "run.lwt"):
        torch.manual_seed(3)
        model = network()
        with recording(model, ALL, path=path) as rec:
            plain(model)
        traces.append(rec.trace if path is None else Trace.open(path))
    memory, file = traces
    assert [s.name for s in memory.sites] == [s.name for s in file.sites]
    for site in memory.sites:
        assert memory.where(site.name) == file.where(site.name)
        for moment in memory.where(site.name):
            np.testing.assert_array_equal(memory[site.name, moment], file[site.name, moment])
    file.close()


def test_one_process_of_a_distributed_model(tmp_path):
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    try:
        losses, states = [], []
        for watched in (False, True):
            torch.manual_seed(3)
            model = nn.parallel.DistributedDataParallel(network())
            if watched:
                with recording(model, ALL) as rec:
                    losses.append(plain(model))
            else:
                losses.append(plain(model))
            states.append(model.state_dict())
        assert losses[0] == losses[1]
        assert all(torch.equal(a, b) for a, b in zip(*(s.values() for s in states), strict=True))
        assert len(rec.trace) == STEPS
        assert ("module.0", 0) in rec.trace
    finally:
        dist.destroy_process_group()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_loop_that_goes_on_after_an_exception(error):
    """As after a batch that does not fit into memory."""

    def loop(model):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        calls = []

        def fail_once(*_):
            calls.append(1)
            if len(calls) == 3:
                raise error

        hook = model[2].register_forward_hook(fail_once)
        losses = []
        for x, y in batches():
            try:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            except error:
                continue
        hook.remove()
        return losses

    bare, model = network(), network()
    torch.manual_seed(3)
    expected = loop(bare)
    torch.manual_seed(3)
    with recording(model, ALL) as rec:
        assert loop(model) == expected
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert rec.trace.where("0") == rec.trace.where("loss") == [0, 1, 2, 3, 4]
    names = {site.name for site in rec.trace.sites}
    assert "0:2" not in names
    assert rec.trace["0", 4].shape == (10, 8)


def test_complex_and_half_precision_models_learn():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 3).to(torch.bfloat16)
            self.turn = nn.Parameter(torch.ones(3, dtype=torch.complex64))

        def forward(self, x):
            return (self.fc(x.to(torch.bfloat16)) * self.turn).abs()

    def loop(model):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for x, y in batches():
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()

    bare = Odd()
    model = copy.deepcopy(bare)
    loop(bare)
    with recording(model, ALL) as rec:
        loop(model)
    for ours, theirs in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert rec.trace["fc", 5].dtype == np.float32
