"""Every recorded number is the model's own: hooks on a copy, retained gradients, torch.fx."""

from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
import torch
from plain import call, ended_by, hooks_on, plain_run, same, tensors_in
from torch import nn
from zoo import MODELS, ZOO, made

from layerwise.record import Keep, record, recording

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
MODES = pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])


def fused(model: nn.Module, training: bool) -> bool:
    """Whether PyTorch runs parts of it as one operation, while nobody looks inside."""
    kinds = (nn.MultiheadAttention, nn.TransformerEncoderLayer)
    return not training and any(isinstance(part, kinds) for part in model.modules())


@MODES
@pytest.mark.parametrize("name", MODELS)
def test_every_modules_output_is_what_a_hook_on_a_copy_sees(name, training):
    model, batch = made(name, training)
    with torch.no_grad():
        torch.manual_seed(1)
        plain = plain_run(model, batch, look=not fused(model, training))
        if fused(model, training):
            torch.manual_seed(1)
            plain.output = plain_run(model, batch, look=False).output
    torch.manual_seed(1)
    trace = record(model, batch)
    assert not [note for note in trace.notes if "overwritten" in note]
    for site, tensor in plain.leaves.items():
        if name == "vmap":  # a hook inside of it sees no numbers either
            assert any("torch.func" in note for note in trace.notes)
            break
        assert same(trace[site, 0], tensor), site
    for module, tensors in plain.containers.items():
        if not module:
            continue
        sites = list(ended_by(trace, module))
        if sites:
            assert len(sites) == len(tensors), (module, sites)
        for site, tensor in zip(sites, tensors, strict=True):
            assert same(trace[site, 0], tensor), (module, site)
    if fused(model, training):
        made_last = [s.name for s in trace.sites if s.kind == "activation"][-1]
        assert same(trace[made_last, 0], tensors_in(plain.output)[0])


@MODES
@pytest.mark.parametrize("name", MODELS)
def test_a_recorded_model_does_what_it_does_otherwise(name, training):
    """Parameters, buffers, `.grad` and random numbers have the same bits."""
    model, batch = made(name, training)
    other = copy.deepcopy(model)
    torch.manual_seed(1)
    with torch.no_grad():
        call(other, batch)
    random = torch.get_rng_state()
    modes = [part.training for part in model.modules()]
    torch.manual_seed(1)
    given = [tensor.clone() for tensor in tensors_in(batch)]
    record(model, batch)
    assert torch.equal(torch.get_rng_state(), random)
    for (key, ours), theirs in zip(
        model.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert same(ours.float().numpy(), theirs.float()), key
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [part.training for part in model.modules()] == modes
    assert hooks_on(model) == 0
    for ours, theirs in zip(tensors_in(batch), given, strict=True):
        assert torch.equal(ours, theirs)


def scalar(output):
    return sum((t.float() ** 2).sum() for t in tensors_in(output) if t.is_floating_point())


@MODES
@pytest.mark.parametrize("name", ZOO)
def test_gradients_are_those_of_a_plain_backward_pass(name, training):
    model, batch = made(name, training)
    other = copy.deepcopy(model)
    grads, counts = {}, {}
    for key, part in other.named_modules():
        if part._modules or isinstance(part, (nn.MultiheadAttention, nn.Identity, nn.Dropout)):
            continue

        def hook(module, args, output, key=key):
            tensor = tensors_in(output)[0]
            counts[key] = counts.get(key, 0) + 1
            again = key if counts[key] == 1 else f"{key}:{counts[key]}"
            if tensor.requires_grad:
                tensor.register_hook(lambda g, again=again: grads.__setitem__(again, g.clone()))

        if name != "encoder" or training:
            part.register_forward_hook(hook)
    torch.manual_seed(1)
    loss = scalar(call(other, batch))
    loss.backward()
    torch.manual_seed(1)
    trace = record(model, batch, target=scalar, backward=True)
    assert same(trace["loss", 0].reshape(()), loss.detach())
    for key, parameter in other.named_parameters():
        if parameter.grad is None:
            assert (f"{key}.gradient", 0) not in trace
        else:
            assert same(trace[f"{key}.gradient", 0], parameter.grad), key
    assert all(parameter.grad is None for parameter in model.parameters())
    assert set(grads) or name in ("attention", "encoder", "gru", "vmap")
    for key, gradient in grads.items():
        assert same(trace[f"{key}.gradient", 0], gradient), key


FX = ["sequential", "branching", "residual", "shared", "functional", "conv2d", "conv3d",
      "dictionary out", "tuple out", "two inputs", "double", "bfloat16"]  # fmt: skip


class Nodes(torch.fx.Interpreter):
    """Runs a traced graph node by node and keeps a copy of each result."""

    def __init__(self, module):
        super().__init__(module)
        self.made, self.tuples, self.entries = [], set(), {}

    def run_node(self, node):
        result = super().run_node(node)
        if isinstance(result, tuple):
            self.tuples.add(node)
        if node.args and node.args[0] in self.tuples:  # an entry of a tuple is no operation
            self.entries[node.name] = node.args[0].name
            return result
        if node.op not in ("placeholder", "output", "get_attr"):
            self.made += [(node, tensor.detach().clone()) for tensor in tensors_in(result)]
        return result


@pytest.mark.parametrize("name", FX)
def test_operations_are_those_of_a_symbolic_trace_one_by_one(name):
    model, batch = made(name, False)
    inner = getattr(model, "run", None)
    if inner is not None:
        names = [*inner.__code__.co_varnames[1 : inner.__code__.co_argcount]]
        spelled = f"def forward(self, {', '.join(names)}): return inner(self, {', '.join(names)})"
        room = {"inner": inner}
        exec(spelled, room)
        model.forward = room["forward"].__get__(model)
        type(model).forward, before = room["forward"], type(model).forward
        del model.forward
    try:
        traced = torch.fx.symbolic_trace(model)
    finally:
        if inner is not None:
            type(model).forward = before
    nodes = Nodes(traced)
    with torch.no_grad():
        nodes.run(*(batch if isinstance(batch, tuple) else (batch,)))
    trace = record(model, batch)
    sites = [site for site in trace.sites if site.kind == "activation"]
    assert len(sites) == len(nodes.made), ([s.name for s in sites], [n for n, _ in nodes.made])
    made_by = {}
    for site, (node, tensor) in zip(sites, nodes.made, strict=True):
        assert same(trace[site.name, 0], tensor), (site.name, node)
        made_by.setdefault(node.name, []).append(site.name)
    made_by |= {entry: made_by[whole] for entry, whole in nodes.entries.items()}
    for site, (node, _) in zip(sites, nodes.made, strict=True):
        sources = {source.name for source in node.all_input_nodes}
        possible = {key for source in sources for key in made_by.get(source, ())}
        fed = {key for key in site.inputs if trace.site(key).kind == "activation"}
        assert fed <= possible, (site.name, node)
        assert all(fed & set(made_by[source]) for source in sources if source in made_by)


def test_a_sum_by_hand():
    net = nn.Linear(2, 1)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[2.0, -3.0]]))
        net.bias.fill_(0.5)
    trace = record(net, torch.tensor([[1.0, 2.0]]), target=torch.tensor([[0.0]]), backward=True)
    assert trace["linear" if ("linear", 0) in trace else trace.sites[-2].name, 0] is not None
    out = next(site.name for site in trace.sites if site.kind == "activation")
    assert trace[out, 0] == [[-3.5]]
    assert float(trace["loss", 0]) == 12.25
    np.testing.assert_array_equal(trace["weight.gradient", 0], [[-7.0, -14.0]])
    np.testing.assert_array_equal(trace["bias.gradient", 0], [-7.0])


def test_in_place_operations_one_by_one():
    model, batch = made("in place")
    with torch.no_grad():
        x = nn.functional.linear(batch, model.fc.weight, model.fc.bias)
        steps = [x.clone()]
        x = x + 1
        steps.append(x.clone())
        x = x.relu()
        steps.append(x.clone())
    trace = record(model, batch)
    outputs = [site.name for site in trace.sites if site.kind == "activation"]
    for site, expected in zip(outputs, steps, strict=False):
        assert same(trace[site, 0], expected), site
    by_operation = {s.about["operation"]: s.name for s in trace.sites if s.kind == "activation"}
    assert (trace[by_operation["setitem"], 0][:, 0] == 7).all()


def test_a_trace_does_not_change_when_the_model_changes_what_it_keeps():
    model, batch = made("sequential")
    kept = []
    model[0].register_forward_hook(lambda module, args, output: kept.append(output))
    expected = plain_run(model, batch).leaves
    kept.clear()
    for budget in ("1 GiB", 130):  # 130 bytes end in the middle of the pass
        trace = record(model, batch, keep=Keep(neurons=None, samples=None, budget=budget,
                                               weights="nothing"))  # fmt: skip
        kept[-1].data.mul_(100)
        assert ("0", 0) not in trace or same(trace["0", 0], expected["0"])
        kept[-1].data.mul_(100)
        assert ("0", 0) not in trace or same(trace["0", 0], expected["0"])


def test_what_looks_into_a_value_that_somebody_keeps_cannot_change_it():
    class Peek(nn.Module):
        def forward(self, x):
            out = x * 2
            self.part = out[:, :1]
            return out.sum()

    model = Peek()
    trace = record(model, torch.ones(2, 3))
    model.part.zero_()
    assert (trace["mul", 0] == 2).all()
    assert (trace["getitem", 0] == 2).all()


@pytest.mark.parametrize("name", MODELS)
def test_what_a_small_budget_keeps_is_right_and_called_the_same(name):
    model, batch = made(name)
    whole = record(copy.deepcopy(model), batch)
    for budget in (60, 400, 1500):
        keep = Keep(budget=budget, neurons=None, samples=None)
        trace = record(copy.deepcopy(model), batch, keep=keep)
        assert [s.name for s in trace.sites] == [s.name for s in whole.sites]
        assert [s.inputs for s in trace.sites] == [s.inputs for s in whole.sites]
        for site in trace.sites:
            if (site.name, 0) in trace:
                np.testing.assert_array_equal(trace[site.name, 0], whole[site.name, 0])


def test_a_pass_inside_of_a_recording():
    model, batch = made("sequential")
    expected = record(model, batch)
    with recording(model, Keep(every=1)):
        found = record(model, batch, lambda out: out.sum(), backward=True)
    for site in expected.sites:
        assert same(found[site.name, 0], torch.from_numpy(expected[site.name, 0].copy()))
    assert hooks_on(model) == 0


def test_another_thread_may_use_the_model_meanwhile():
    model, batch = made("sequential")
    inside = []

    def use():
        inside.append(model[2](torch.ones(1, 5)))

    def during(module, args, output):
        if not inside:
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()

    hook = model[0].register_forward_hook(during)
    trace = record(model, batch)
    hook.remove()
    assert len(inside) == 1
    assert [s.name for s in trace.sites if s.kind == "activation"] == ["0", "1", "2"]
