"""The graph that really ran: names, edges, order; what is saved; what is let go of."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from plain import same
from torch import nn
from zoo import MODELS, Acts, made

from layerwise.errors import InputError
from layerwise.record import Keep, record, recording
from layerwise.trace import Trace


def edges(trace: Trace) -> dict[str, tuple[str, ...]]:
    return {site.name: site.inputs for site in trace.sites if site.kind == "activation"}


def test_a_residual_block():
    model, batch = made("residual")
    found = edges(record(model, batch))
    assert found["1.add"] == ("1.bn2", "0")
    assert found["1.relu:2"] == ("1.add",)
    assert found["2.conv1"][0] == "1.relu:2"
    assert found["1.bn1"][0] == "1.conv1"
    assert record(model, batch).site("1.relu:2").about["ends"] == ["1"]


def test_shared_modules_and_weights():
    model, batch = made("shared")
    found = edges(record(model, batch))
    assert [*found] == ["fc", "act", "fc:2", "act:2", "fc:3"]
    assert found["fc:3"] == ("act:2", "fc.weight", "fc.bias")


def test_weights_of_one_tensor_under_two_names():
    model = Acts(lambda m, x: m.out(m.words(x)), words=nn.Embedding(7, 5),
                 out=nn.Linear(5, 7, bias=False))  # fmt: skip
    model.out.weight = model.words.weight
    trace = record(model, torch.tensor([[1, 2]]))
    assert edges(trace)["out"] == ("words", "words.weight")
    assert same(trace["words.weight", 0], model.words.weight)


def test_index_assignment_is_an_operation():
    def change(m, x):
        x = x * 2
        x[:, 0] = x[:, 1].exp()
        return x + 1

    trace = record(Acts(change), torch.ones(2, 3))
    assert edges(trace) == {
        "mul": ("input",), "getitem": ("mul",), "exp": ("getitem",), "setitem": ("mul", "exp"),
        "add": ("setitem",),
    }  # fmt: skip
    assert (trace["mul", 0] == 2).all()
    assert trace["setitem", 0][0].tolist() == [pytest.approx(np.exp(2)), 2, 2]


def test_what_changes_through_a_view_feeds_what_comes_after():
    def change(m, x):
        x = x * 2
        x[:, :1].mul_(5)
        return x + 1

    trace = record(Acts(change), torch.ones(2, 3))
    found = edges(trace)
    assert found["add"] == ("mul:2[1]",)
    assert trace["mul:2[1]", 0].tolist() == [[10, 2, 2]] * 2
    assert trace["mul", 0].tolist() == [[2, 2, 2]] * 2


def test_a_modules_name_is_that_of_what_it_returned():
    model, batch = made("looks afterwards")
    trace = record(model, batch)
    assert trace.site("1").about["operation"] == "exp"
    assert "1.mean" in edges(trace)


def test_unused_operations_and_constants_are_in_it():
    other = torch.full((3,), 2.0)
    trace = record(Acts(lambda m, x: [x.sin(), x * other][1]), torch.ones(2, 3))
    assert edges(trace) == {"sin": ("input",), "mul": ("input", "constant")}


@pytest.mark.parametrize("name", MODELS)
def test_what_feeds_stands_before_and_everything_can_be_saved(name, tmp_path):
    model, batch = made(name)
    if name == "padded encoder":
        model.train()
    trace = record(model, batch)
    again = record(model, batch)
    order = {site.name: number for number, site in enumerate(trace.sites)}
    for site in trace.sites:
        assert all(order[source] < order[site.name] for source in site.inputs)
    trace.save(tmp_path / "one.lwt")
    with Trace.open(tmp_path / "one.lwt") as opened:
        for site in trace.sites:
            assert opened.site(site.name) == site
            if (site.name, 0) in trace:
                np.testing.assert_array_equal(opened[site.name, 0], trace[site.name, 0])
    if name not in ("buffer", "padded encoder"):
        assert trace.sites == again.sites


def test_arguments_are_text_that_json_holds():
    def odd(m, x):
        y = torch.full_like(x, float("-inf")).masked_fill(x > 0, float("nan"))
        return y[..., None].to(torch.float64), torch.zeros(3, device="cpu")

    trace = record(Acts(odd), torch.ones(2, 3))
    assert trace.site("full_like").about["arguments"] == ["-inf"]
    assert trace.site("masked_fill").about["arguments"] == ["nan"]
    assert trace.site("to").about["arguments"] == ["torch.float64"]


def test_models_without_numbers():
    model = nn.Linear(3, 2, device="meta")
    trace = record(model, torch.ones(1, 3, device="meta"))
    assert [site.name for site in trace.sites if site.kind == "activation"]
    assert any("cannot hold" in note for note in trace.notes)


def test_layers_that_take_their_shape_from_the_first_batch():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU())
    with pytest.raises(InputError, match="once its layers have their shapes"):
        recording(model)
    trace = record(model, torch.ones(2, 3))
    assert trace["0.weight", 0].shape == (4, 3)


@pytest.mark.parametrize("read", [True, False])
def test_nothing_of_the_pass_stays_alive_but_the_trace(read):
    born: list[weakref.ref] = []
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    for part in model:
        part.register_forward_hook(lambda m, a, out: born.append(weakref.ref(out)))
    x = torch.randn(4, 6)
    trace = record(model, x, torch.tensor([0, 1, 2, 0]), backward=True, keep=Keep(layers="0"))
    if read:
        assert "1" in {site.name for site in trace.sites}
        gc.collect()
        assert [reference() is None for reference in born] == [True] * 3
    gone = weakref.ref(model)
    if not read:
        trace.sites  # noqa: B018
    del model, part
    gc.collect()
    assert gone() is None


def test_inputs_that_learn_have_gradients_too():
    model = nn.Sequential(nn.Linear(6, 3)).requires_grad_(False)
    x = torch.randn(2, 6, requires_grad=True)
    trace = record(model, x, lambda out: (out * 3).sum(), backward=True)
    expected = torch.autograd.grad((model(x) * 3).sum(), x)[0]
    assert same(trace["input.gradient", 0], expected)
    assert same(trace["0.gradient", 0], torch.full((2, 3), 3.0))
    assert x.grad is None


def test_frozen_attention_in_evaluation_keeps_its_bits_with_gradients():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval().requires_grad_(False)
    model = nn.Sequential(layer, nn.Linear(8, 2))
    x = torch.randn(3, 5, 8)
    expected = model(x)
    trace = record(model, x, lambda out: out.sum(), backward=True)
    assert same(trace["1", 0], expected)
