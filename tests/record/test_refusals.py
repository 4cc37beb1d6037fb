"""What cannot be recorded is refused in one sentence; what was left is told."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.record import Keep, record, recording

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Silent(nn.Module):
    def forward(self, x):
        return "done"


class DataParallelOnTwo(nn.DataParallel):
    def __init__(self, module):
        nn.Module.__init__(self)
        self.module, self.device_ids = module, [0, 1]


def compiled():
    return torch.compile(nn.Linear(2, 2))


def compiled_in_place():
    model = nn.Linear(2, 2)
    model.compile()
    return model


def compiled_part():
    return nn.Sequential(nn.Linear(2, 2), compiled())


def two_compiled_parts():
    return nn.Sequential(compiled(), nn.Linear(2, 2), compiled())


def data_parallel_after_a_whole_one():
    whole = DataParallelOnTwo(nn.Linear(2, 2))
    whole.device_ids = [0]
    return nn.Sequential(DataParallelOnTwo(nn.Linear(2, 2)), whole)


MODELS = [
    (lambda: 5, "Only a torch.nn.Module can be recorded. Received int."),
    (lambda: nn.Linear, "Only a torch.nn.Module can be recorded. Received type."),
    (compiled, "A compiled model cannot be recorded: the model has its operations fused. Received "
     "what torch.compile returned. Record the module that was given to torch.compile (its "
     "_orig_mod)."),
    (compiled_part, "A compiled model cannot be recorded: its part '1' has its operations fused. "
     "Received what torch.compile returned. Record the module that was given to torch.compile "
     "(its _orig_mod)."),
    (compiled_in_place, "A compiled model cannot be recorded: its operations are fused. Received "
     "a module after .compile(). Record it before it is compiled."),
    (lambda: DataParallelOnTwo(nn.Linear(2, 2)), "A model that runs on several devices at once "
     "cannot be recorded. Received DataParallel on 2 devices. Record its .module, on one device."),
    (data_parallel_after_a_whole_one, "A model that runs on several devices at once cannot be "
     "recorded. Received DataParallel on 2 devices. Record its .module, on one device."),
    (two_compiled_parts, "A compiled model cannot be recorded: its part '0' has its operations "
     "fused. Received what torch.compile returned. Record the module that was given to "
     "torch.compile (its _orig_mod)."),
]  # fmt: skip


@pytest.mark.parametrize(("model", "message"), MODELS)
@pytest.mark.parametrize("way", [lambda m: record(m, torch.ones(1, 2)), recording])
def test_models_that_cannot_be_watched(model, message, way):
    with pytest.raises(InputError) as caught:
        way(model())
    assert str(caught.value) == message


def test_scripted_models():
    model = nn.Sequential(nn.Linear(2, 2), torch.jit.trace(nn.Tanh(), torch.ones(1, 2)))
    with pytest.raises(InputError, match="scripted model cannot be recorded: its part '1' runs"):
        record(model, torch.ones(1, 2))


TARGETS = [
    (torch.tensor([0, 5]), "The target's classes are not among the model's. Received classes from "
     "0 to 5. The output has 3 classes, from 0 on."),
    (torch.tensor([-1, 2]), "The target's classes are not among the model's. Received classes from "
     "-1 to 2. The output has 3 classes, from 0 on."),
    (torch.ones(5), "The target does not fit the output. Received a target of shape (5,) and type "
     "float32 for an output of shape (2, 3). Class indices (sample,), numbers of the output's "
     "shape, or a function of the output that gives a loss."),
    (torch.tensor([0, 1, 2]), "The target does not fit the output. Received a target of shape (3,) "
     "and type int64 for an output of shape (2, 3). Class indices (sample,), numbers of the "
     "output's shape, or a function of the output that gives a loss."),
    ("cat", "A target is a tensor, numbers or a function. Received str."),
    (None, "Gradients need a loss, one number. Received (2, 3). Give target=, class indices or a "
     "function of the output."),
    (lambda out: out, "Gradients need a loss, one number. Received (2, 3). Give target=, class "
     "indices or a function of the output."),
    (lambda out: 3.0, "Gradients need a loss, one number. Received float. Give target=, class "
     "indices or a function of the output."),
    (lambda out: out.detach().sum(), "The loss does not depend on anything that can learn. Let "
     "some parameters or inputs require gradients."),
]  # fmt: skip


@pytest.mark.parametrize(("target", "message"), TARGETS)
def test_targets_that_do_not_fit(target, message):
    with pytest.raises(InputError) as caught:
        record(nn.Linear(4, 3), torch.ones(2, 4), target=target, backward=True)
    assert str(caught.value) == message


GOOD = [torch.tensor([0, 2]), [0, 2], torch.tensor([0, -100]), torch.zeros(2, 3),
        lambda out: out.sum(), torch.tensor([0, 2], dtype=torch.uint8)]  # fmt: skip


@pytest.mark.parametrize("target", GOOD)
def test_targets_that_fit(target):
    torch.manual_seed(0)
    net = nn.Linear(4, 3)
    trace = record(net, torch.ones(2, 4), target=target, backward=True)
    out = net(torch.ones(2, 4))
    if callable(target) and not isinstance(target, torch.Tensor):
        expected = target(out)
    elif torch.as_tensor(target).is_floating_point():
        expected = nn.functional.mse_loss(out, target)
    else:
        expected = nn.functional.cross_entropy(out, torch.as_tensor(target).long())
    assert float(trace["loss", 0]) == expected.item()


def test_classes_along_the_last_axis_as_of_words():
    torch.manual_seed(0)
    net, x = nn.Linear(4, 7), torch.randn(2, 5, 4)
    aim = torch.randint(0, 7, (2, 5))
    trace = record(net, x, target=aim, backward=True)
    expected = nn.functional.cross_entropy(net(x).transpose(1, 2), aim)
    assert float(trace["loss", 0]) == pytest.approx(expected.item(), rel=1e-6)


def test_no_tensor_comes_out():
    with pytest.raises(InputError) as caught:
        record(Silent(), torch.ones(1))
    assert str(caught.value) == (
        "Silent makes no tensor. Received str. Record the part of it that does."
    )


KEEPS = [
    ({"outputs": "value"}, "Unknown way to keep outputs 'value'. Did you mean 'values'?"),
    ({"gradients": "none"}, "Unknown way to keep gradients 'none'. "),
    ({"passes": "every"}, "Unknown kind of passes to keep 'every'. "),
    ({"every": 0}, "every of Keep is a whole number from 1 on. Received every=0."),
    ({"every": True}, "every of Keep is a whole number from 1 on. Received every=True."),
    ({"summary_every": 1.5}, "summary_every of Keep is a whole number from 1 on. Received "
     "summary_every=1.5."),
    ({"neurons": -3}, "neurons of Keep is a whole number from 1 on. Received neurons=-3."),
    ({"samples": True}, "samples of Keep is a whole number from 1 on. Received samples=True."),
    ({"budget": "much"}, "A budget is a number of bytes. Received 'much'. Such as 64000000 or "
     "'64 MB'."),
    ({"budget": -1}, "A budget is a number of bytes. Received -1. Such as 64000000 or '64 MB'."),
    ({"budget": "1.2.3 MB"}, "A budget is a number of bytes. Received '1.2.3 MB'. Such as "
     "64000000 or '64 MB'."),
    ({"budget": 1.5}, "A budget is a number of bytes. Received 1.5. Such as 64000000 or '64 MB'."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), KEEPS)
def test_what_keep_refuses(options, message):
    with pytest.raises(InputError) as caught:
        Keep(**options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("budget", "size"),
    [(0, 0), (17, 17), ("64 MB", 64 * 10**6), ("1.5 GiB", 3 << 29), ("2kb", 2000), ("1,000", 1000)],
)
def test_budgets(budget, size):
    assert Keep(budget=budget).budget_bytes == size


def test_a_batch_that_does_not_fit_is_told_by_the_layer():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(InputError) as caught:
        record(model, torch.zeros(2, 5))
    assert "layer 0 (Linear 4 → 3)" in str(caught.value)
    assert "got (2, 5) = 5 features, wants 4" in str(caught.value)


def test_an_error_of_the_models_own_stays_as_it_is():
    class Broken(nn.Module):
        def forward(self, inputs):
            raise RuntimeError("my own words")

    with pytest.raises(RuntimeError, match=r"^my own words$"):
        record(Broken(), torch.zeros(2))
