"""Illness is named where it is, and nothing is named where there is none."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from layerwise.errors import DivergedError
from layerwise.train import fit
from layerwise.train.health import Health
from layerwise.train.unit_watch import UnitWatch


def samples(count=200):
    numbers = torch.Generator().manual_seed(3)
    inputs = torch.randn(count, 8, generator=numbers)
    return inputs, (inputs[:, 0] + inputs[:, 1] > 0).long()


def dense(activation, depth=2, width=16, scale=1.0, last=2):
    torch.manual_seed(0)
    layers = [nn.Linear(8, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    model = nn.Sequential(*layers, nn.Linear(width, last))
    with torch.no_grad():
        for each in model.parameters():
            each.mul_(scale)
    return model


def kinds(run):
    return {finding.kind for finding in run.findings}


def test_a_healthy_network_is_left_in_peace():
    run = fit(dense(nn.Tanh), samples(), epochs=3)
    assert run.findings == ()


def test_dead_units_are_counted_as_they_are():
    model = dense(nn.ReLU)
    with torch.no_grad():
        model[2].bias[:5] = -1000.0
    inputs, targets = samples()
    run = fit(model, (inputs, targets), epochs=1, optimizer="sgd lr=0")
    dead = next(finding for finding in run.findings if finding.layer == "3")
    with torch.no_grad():
        wanted = int((model[:4](inputs).amax(0) == 0).sum())
    assert (dead.kind, dead.count, dead.of, dead.step, dead.epoch) == ("dead", wanted, 16, 1, 1)
    assert str(dead) == (
        f"step 1: {wanted} of 16 units of 3 are dead (zero for all 200 probe samples)"
    )


def test_saturated_units_are_counted_as_they_are():
    model = dense(nn.Tanh, scale=20.0)
    run = fit(model, samples(), epochs=1, optimizer="sgd lr=0")
    saturated = [finding for finding in run.findings if finding.kind == "saturated"]
    with torch.no_grad():
        values = model[:2](samples()[0])
    wanted = int(((values.abs() > 0.99).float().mean(0) > 0.5).sum())
    assert saturated[0].layer == "1"
    assert saturated[0].count == wanted > 1
    assert "|tanh| > 0.99" in str(saturated[0])


def test_an_answer_may_be_sure_of_itself():
    model = nn.Sequential(nn.Linear(8, 3), nn.Sigmoid())
    with torch.no_grad():
        model[0].weight.mul_(1000)
    watch = UnitWatch(model)
    with watch, torch.no_grad():
        output = model(samples()[0])
    assert watch.units[0].saturated == 3
    assert watch.units[0].is_from(output)


def test_gradients_that_vanish_and_explode():
    fades = fit(dense(nn.Sigmoid, depth=12), samples(), epochs=1)
    found = next(finding for finding in fades.findings if finding.kind == "vanishing")
    assert found.layer == "0"
    assert found.of == 13
    assert 1 <= found.count < 13
    grows = fit(dense(nn.Identity, depth=12, scale=4.0), samples(), epochs=1, optimizer="sgd lr=0")
    assert "exploding" in kinds(grows)


class Functional(nn.Module):
    """Activations that are no modules, one of them used twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 6)
        self.second = nn.Linear(6, 6)
        self.last = nn.Linear(6, 2)
        self.act = nn.ReLU()
        with torch.no_grad():
            for each in (self.first, self.second):
                each.bias[:3] = -1000.0

    def forward(self, x):
        x = F.relu(self.first(x))
        x = self.act(torch.relu(self.second(x)))
        return self.last(self.act(x))


def test_functional_and_shared_activations_are_seen():
    run = fit(Functional(), samples(), epochs=1)
    layers = {finding.layer for finding in run.findings if finding.kind == "dead"}
    assert {"relu after first", "relu after second", "act", "act (2)"} <= layers


def test_a_convolution_has_a_unit_for_each_channel():
    model = nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(180, 2))
    with torch.no_grad():
        model[0].bias[1:3] = -1000.0
    numbers = torch.randn(20, 1, 8, 8)
    watch = UnitWatch(model)
    with watch, torch.no_grad():
        model(numbers)
    assert (watch.units[0].dead, watch.units[0].count) == (2, 5)


def test_looking_leaves_gradients_flags_and_hooks_alone():
    model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    model[1].eval()
    F.cross_entropy(model(samples()[0]), samples()[1]).backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    slopes = [each.grad.clone() for each in model.parameters()]
    modes = [module.training for module in model.modules()]
    Health(model, samples()[0]).look(1, 1, samples()[0])
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(torch.equal(a, b.grad) for a, b in zip(slopes, model.parameters(), strict=True))
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_a_finding_is_told_once_and_again_when_it_grows():
    model = dense(nn.ReLU)
    health = Health(model, samples()[0])
    assert [f.kind for f in health.look(1, 1, samples()[0]) if f.layer == "1"] == []
    for count, expected in ((4, [4]), (4, []), (9, [9])):
        with torch.no_grad():
            model[0].bias[:count] = -1000.0
        found = [f.count for f in health.look(10, 1, samples()[0]) if f.layer == "1"]
        assert found == expected


def test_many_layers_are_told_in_one_sentence():
    model = dense(nn.ReLU, depth=12)
    with torch.no_grad():
        for layer in model[:-1:2]:
            layer.bias.fill_(-1000.0)
    found = Health(model, samples()[0]).look(1, 1, samples()[0])
    assert [str(finding) for finding in found] == [
        "step 1: all 16 units of 1 are dead (zero for all 200 probe samples); 11 more layers have "
        "dead units"
    ]


def test_progress_is_given_what_was_found():
    heard = []
    fit(dense(nn.Sigmoid, depth=12), samples(), epochs=1, progress=heard.append)
    assert [str(finding) for progress in heard for finding in progress.findings]
    assert heard[-1].scores["epoch"] == 1


class Logarithm(nn.Module):
    def forward(self, x):
        return torch.log(x * 0)


@pytest.mark.parametrize("clipped", [None, 1.0])
def test_the_layer_where_numbers_stop_being_finite(clipped):
    model = nn.Sequential(nn.Linear(8, 4), Logarithm(), nn.Linear(4, 2))
    with pytest.raises(DivergedError) as caught:
        fit(model, samples(), epochs=1, clip=clipped)
    error = caught.value
    assert (error.layer, error.step, error.epoch) == ("1", 1, 1)
    assert str(error).startswith(
        "The numbers stop being finite in 1 (Logarithm), in step 1. Received loss nan in step 1, "
        "epoch 1. Lower the learning rate"
    )


def test_the_update_that_broke_the_weights(tmp_path):
    model = dense(nn.ReLU)
    with pytest.raises(DivergedError) as caught:
        fit(model, samples(), epochs=5, optimizer="sgd lr=1e30", folder=tmp_path / "a")
    error = caught.value
    run = error.run
    assert error.step == len(run.trace.series("loss")[0]) + 1
    assert "Lower the learning rate, clip gradients" in str(error)
    assert (tmp_path / "a" / "checkpoint.safetensors").exists()


def test_weights_that_break_in_the_last_step_of_all():
    model = nn.Sequential(nn.Linear(8, 2))
    with pytest.raises(DivergedError, match=r"weights of 0 are not finite: the update of step 1"):
        fit(
            model,
            samples(),
            epochs=1,
            batch_size="full",
            optimizer="sgd lr=3e38",
            loss=lambda outputs, targets: 100 * F.cross_entropy(outputs, targets),
        )


def test_weights_that_were_never_finite():
    model = dense(nn.ReLU)
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    with pytest.raises(DivergedError) as caught:
        fit(model, samples(), epochs=1)
    assert str(caught.value).startswith(
        "The weights of 2 are not finite before the first step (2.weight)"
    )


def test_a_loss_that_is_not_finite_by_itself():
    def loss(outputs, targets):
        return outputs.sum() * 0 + torch.log(outputs.detach().sum() * 0)

    with pytest.raises(DivergedError, match="though every layer's output is"):
        fit(dense(nn.Tanh), samples(), epochs=1, loss=loss)


def test_batch_norm_is_left_as_it_was_by_the_search():
    model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), Logarithm(), nn.Linear(4, 2))
    with pytest.raises(DivergedError):
        fit(model, samples(64), epochs=1)
    assert int(model[1].num_batches_tracked) == 1  # the step's own pass, not the search
