"""Training by `fit` and by a loop written by hand: the same parameters, bit for bit."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn, optim
from torch.nn import functional as F  # noqa: N812
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

from layerwise.errors import InputError, UnknownNameError
from layerwise.train import LOSSES, OPTIMIZERS, SCHEDULES, fit

EPOCHS, BATCH, SAMPLES = 3, 16, 40
STEPS = -(-SAMPLES // BATCH)


def data(target="class"):
    numbers = torch.Generator().manual_seed(5)
    inputs = torch.randn(SAMPLES, 6, generator=numbers)
    if target == "class":
        return inputs, torch.randint(0, 3, (SAMPLES,), generator=numbers)
    if target == "one of two":
        return inputs, torch.randint(0, 2, (SAMPLES,), generator=numbers)
    return inputs, torch.randn(SAMPLES, 3, generator=numbers)


def network(outputs=3, dropout=0.2, last=None):
    torch.manual_seed(11)
    layers = [nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(12, outputs), *([] if last is None else [last]))


def by_hand(model, pair, make_optimizer, loss=F.cross_entropy, schedule=None, *, every="epoch",
            seed=0, size=BATCH, clip=None, closure=False):  # fmt: skip
    """What anyone would write; the order of the samples is the documented one."""
    inputs, targets = pair
    optimizer = make_optimizer(model.parameters())
    scheduler = None if schedule is None else schedule(optimizer)
    torch.manual_seed(seed)
    losses = []
    for epoch in range(EPOCHS):
        model.train()
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        order = torch.randperm(len(inputs), generator=generator)
        total = 0.0
        for start in range(0, len(inputs), size):
            rows = order[start : start + size]

            def evaluate(rows=rows):
                optimizer.zero_grad()
                value = loss(model(inputs[rows]), targets[rows])
                value.backward()
                if clip:
                    clip(model.parameters())
                return value

            value = optimizer.step(evaluate) if closure else evaluate()
            if not closure:
                optimizer.step()
            losses.append(value.item())
            total += value.item() * len(rows)
            if scheduler is not None and every == "step":
                scheduler.step()
        if scheduler is not None and every == "epoch":
            scheduler.step()
        if scheduler is not None and every == "control":
            scheduler.step(total / len(inputs))
    return losses


def assert_same_bits(first, second):
    pairs = list(zip(first.state_dict().items(), second.state_dict().items(), strict=True))
    assert pairs
    for (name, one), (_, other) in pairs:
        assert torch.equal(one, other), name


def check(model, pair, make_optimizer, *, fitted, **by_hands):
    other = copy.deepcopy(model)
    losses = by_hand(model, pair, make_optimizer, **by_hands)
    run = fit(other, pair, epochs=EPOCHS, **{"batch_size": BATCH, **fitted})
    assert_same_bits(model, run.model)
    assert run.trace.series("loss")[1].tolist() == losses
    return run


BY_HAND = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.01),
    "adadelta": lambda p: optim.Adadelta(p, lr=1.0),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.001),
    "adam": lambda p: optim.Adam(p, lr=0.001),
    "adamw": lambda p: optim.AdamW(p, lr=0.001),
    "nadam": lambda p: optim.NAdam(p, lr=0.002),
    "lbfgs": lambda p: optim.LBFGS(p, lr=1.0),
    "adamax": lambda p: optim.Adamax(p, lr=0.002),
    "radam": lambda p: optim.RAdam(p, lr=0.001),
    "asgd": lambda p: optim.ASGD(p, lr=0.01),
    "rprop": lambda p: optim.Rprop(p, lr=0.01),
    "adafactor": lambda p: optim.Adafactor(p, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_as_torch_does(name):
    check(
        network(),
        data(),
        BY_HAND[name],
        closure=name == "lbfgs",
        fitted={"optimizer": name},
    )


def test_lbfgs_on_the_whole_set_with_a_line_search():
    check(
        network(dropout=0.0),
        data(),
        lambda p: optim.LBFGS(p, max_iter=5, line_search_fn="strong_wolfe"),
        closure=True,
        size=SAMPLES,
        fitted={
            "optimizer": "lbfgs max_iter=5 line_search_fn=strong_wolfe",
            "batch_size": "full",
        },
    )


@pytest.mark.parametrize(
    ("fitted", "made"),
    [
        ({"optimizer": "sgd lr=0.2 momentum=0.8"}, lambda p: optim.SGD(p, 0.2, 0.8)),
        (
            {"optimizer": {"name": "Adam", "betas": (0.8, 0.9)}, "learning_rate": 0.01},
            lambda p: optim.Adam(p, 0.01, (0.8, 0.9)),
        ),
        ({"optimizer": optim.SGD, "learning_rate": 0.3}, lambda p: optim.SGD(p, 0.3)),
        (
            {"optimizer": lambda p: optim.Adam(p, lr=0.02)},
            lambda p: optim.Adam(p, lr=0.02),
        ),
        (
            {"optimizer": "momentum", "momentum": 0.5, "weight_decay": 0.01},
            lambda p: optim.SGD(p, 0.05, 0.5, weight_decay=0.01),
        ),
    ],
)
def test_optimizers_are_written_in_several_ways(fitted, made):
    check(network(), data(), made, fitted=fitted)


def test_an_optimizer_that_is_there_already():
    model = network()
    other = copy.deepcopy(model)
    by_hand(model, data(), lambda p: optim.SGD(p, lr=0.1))
    mine = optim.SGD(other.parameters(), lr=0.1)
    fit(other, data(), epochs=EPOCHS, batch_size=BATCH, optimizer=mine)
    assert_same_bits(model, other)


def one_hot(function):
    return lambda outputs, targets: function(outputs, F.one_hot(targets, 3).float())


LOSS_CASES = [
    ("cross-entropy", "class", 3, None, F.cross_entropy),
    ("nll", "class", 3, nn.LogSoftmax(1), F.nll_loss),
    ("mse", "class", 3, None, one_hot(F.mse_loss)),
    ("l1", "class", 3, None, one_hot(F.l1_loss)),
    ("huber", "class", 3, None, one_hot(F.huber_loss)),
    ("bce", "class", 3, None, one_hot(F.binary_cross_entropy_with_logits)),
    ("mse", "number", 3, None, F.mse_loss),
    ("l1", "number", 3, None, F.l1_loss),
    ("huber delta=0.5", "number", 3, None, lambda o, t: F.huber_loss(o, t, delta=0.5)),
    ("auto", "number", 3, None, F.mse_loss),
    ("auto", "class", 3, None, F.cross_entropy),
    (
        "auto", "one of two", 1, None,
        lambda o, t: F.binary_cross_entropy_with_logits(o, t.float()[:, None]),
    ),
    (nn.CrossEntropyLoss(label_smoothing=0.1), "class", 3, None,
     nn.CrossEntropyLoss(label_smoothing=0.1)),
    (F.multi_margin_loss, "class", 3, None, F.multi_margin_loss),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "outputs", "last", "function"), LOSS_CASES)
def test_every_loss_is_the_one_of_torch(name, target, outputs, last, function):
    run = check(
        network(outputs, last=last),
        data(target),
        BY_HAND["adam"],
        loss=function,
        fitted={"loss": name},
    )
    assert run.loss.target == ("number" if target == "number" else "class")


def test_the_table_of_losses_is_tried_in_whole():
    tried = {case[0].split()[0] for case in LOSS_CASES if isinstance(case[0], str)}
    assert tried - {"auto"} == set(LOSSES)


def test_label_smoothing_is_in_the_training_loss_alone():
    pair = data()
    run = check(
        network(),
        pair,
        BY_HAND["sgd"],
        loss=lambda o, t: F.cross_entropy(o, t, label_smoothing=0.2),
        fitted={"optimizer": "sgd", "label_smoothing": 0.2},
    )
    again = fit(network(), (pair, pair), epochs=1, label_smoothing=0.2)
    with torch.no_grad():
        plain = F.cross_entropy(again.model(pair[0]), pair[1])
    assert again.history["control loss"][-1] == pytest.approx(float(plain), rel=1e-6)
    assert run.loss.name == "cross-entropy"


WHOLE = EPOCHS * STEPS
SCHEDULE_CASES = {
    "constant": (None, "epoch"),
    "step": (lambda o: lr_scheduler.StepLR(o, 1), "epoch"),
    "exponential": (lambda o: lr_scheduler.ExponentialLR(o, 0.95), "epoch"),
    "cosine": (lambda o: lr_scheduler.CosineAnnealingLR(o, WHOLE), "step"),
    "one-cycle": (lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=WHOLE), "step"),
    "plateau": (lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=3), "control"),
    "warm-up": (lambda o: lr_scheduler.LinearLR(o, 0.01, total_iters=1), "step"),
    "warm-up cosine": (
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.01, total_iters=1),
                lr_scheduler.CosineAnnealingLR(o, WHOLE - 1),
            ],
            [1],
        ),
        "step",
    ),
    "plateau patience=0 factor=0.5 threshold=1": (
        lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=1),
        "control",
    ),
    "step step_size=2 gamma=0.3": (lambda o: lr_scheduler.StepLR(o, 2, 0.3), "epoch"),
}


@pytest.mark.parametrize("name", SCHEDULE_CASES)
def test_every_schedule_is_the_one_of_torch(name):
    schedule, every = SCHEDULE_CASES[name]
    check(
        network(),
        data(),
        BY_HAND["sgd"],
        schedule=schedule,
        every=every,
        fitted={"optimizer": "sgd", "schedule": name},
    )


def test_the_table_of_schedules_is_tried_in_whole():
    assert set(SCHEDULES) <= set(SCHEDULE_CASES)


def test_a_schedule_of_ones_own():
    check(
        network(),
        data(),
        BY_HAND["sgd"],
        schedule=lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
        every="step",
        fitted={
            "optimizer": "sgd",
            "schedule": (lambda o: lr_scheduler.LambdaLR(o, lambda s: 1 / (1 + s)), "step"),
        },
    )


@pytest.mark.parametrize(
    ("clip", "function"),
    [
        (0.1, lambda p: nn.utils.clip_grad_norm_(p, 0.1)),
        ("norm 0.1", lambda p: nn.utils.clip_grad_norm_(p, 0.1)),
        ("value 0.01", lambda p: nn.utils.clip_grad_value_(p, 0.01)),
    ],
)
def test_gradients_are_clipped_as_torch_clips(clip, function):
    check(
        network(),
        data(),
        BY_HAND["sgd"],
        clip=function,
        fitted={"optimizer": "sgd", "clip": clip},
    )


def test_a_loader_keeps_its_order_and_its_random_numbers():
    pair = data()
    model = network()
    other = copy.deepcopy(model)
    optimizer = optim.Adam(model.parameters())
    torch.manual_seed(3)
    loader = DataLoader(TensorDataset(*pair), batch_size=BATCH, shuffle=True)
    for _ in range(EPOCHS):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
    again = DataLoader(TensorDataset(*pair), batch_size=BATCH, shuffle=True)
    fit(other, (again, pair), epochs=EPOCHS, seed=3)
    assert_same_bits(model, other)


def test_health_and_control_change_no_bit():
    pair = data()
    first, second = network(), network()
    fit(first, (pair, pair), epochs=4, health=True)
    fit(second, pair, epochs=4, health=False)
    assert_same_bits(first, second)


def test_the_recorder_changes_no_bit_and_sees_the_true_numbers():
    first, second = network(), network()
    run = fit(first, data(), epochs=2)
    assert run.trace.where("summary of outputs")
    arrays = [site.name for site in run.trace.sites if site.kind in ("activation", "weight")]
    assert arrays
    lean = fit(second, data(), epochs=2, keep=None)
    assert_same_bits(first, second)
    assert [site.kind for site in lean.trace.sites] == ["metric"] * 6
    assert not second._forward_hooks
    start = network()
    weights = run.trace["0.weight", 0]
    assert torch.equal(torch.tensor(weights), start[0].weight.detach()[: len(weights)])


def test_half_precision_is_autocast():
    model = network()
    other = copy.deepcopy(model)
    cast = torch.autocast("cpu", torch.bfloat16)
    by_hand(
        model,
        data(),
        BY_HAND["adam"],
        loss=F.cross_entropy,
    )
    fit(other, data(), epochs=EPOCHS, batch_size=BATCH, precision="bfloat16")
    third = network()
    third_forward = third.forward
    third.forward = cast(third_forward)
    by_hand(third, data(), BY_HAND["adam"], loss=cast(F.cross_entropy))
    with pytest.raises(AssertionError):
        assert_same_bits(model, other)
    assert_same_bits(third, other)


def test_the_callers_random_numbers_stay():
    import random

    import numpy as np

    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    wanted = (torch.rand(1).item(), np.random.rand(), random.random())
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)
    fit("mlp 8 dropout=0.5", data(), epochs=1)
    assert (torch.rand(1).item(), np.random.rand(), random.random()) == wanted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adm"}, "Unknown optimizer 'adm'. Did you mean 'adam'?"),
        ({"optimizer": "sgd momentm=1"}, "SGD has no setting 'momentm'. Did you mean 'momentum'?"),
        ({"optimizer": "sgd lr=-1"}, "SGD refuses its settings: Invalid learning rate: -1"),
        ({"optimizer": "sgd lr=1", "learning_rate": 0.1}, "A setting of the optimizer 'sgd' is"),
        ({"optimizer": 3}, "The optimizer is a name, a class of torch.optim, a function"),
        ({"optimizer": "adam", "momentum": 0.9}, "Adam has no setting 'momentum'"),
        ({"loss": "cross entropy"}, "Unknown loss 'cross entropy'. Did you mean 'cross-entropy'?"),
        ({"loss": "mse", "label_smoothing": 0.1}, "label_smoothing works with cross-entropy"),
        ({"label_smoothing": 1.5}, "label_smoothing is a share below 1"),
        ({"schedule": "cosin"}, "Unknown schedule 'cosin'. Did you mean 'cosine'?"),
        ({"schedule": "step gama=1"}, "StepLR has no setting 'gama'. Did you mean 'gamma'?"),
        ({"schedule": 5}, "The schedule is a name or a function of the optimiser"),
        ({"epochs": -1}, "epochs is a whole number. Received epochs=-1. From 0 on"),
        ({"epochs": 1.5}, "epochs is a whole number"),
        ({"batch_size": 0}, 'batch_size is a whole number. Received batch_size=0. From 1 on, or'),
        ({"clip": -1}, "clip is the largest norm of the gradients. Received clip=-1"),
        ({"clip": "size 1"}, "clip is the largest norm of the gradients"),
        ({"precision": "float8"}, "Unknown precision 'float8'"),
        ({"precision": "float16"}, "float16 trains on a GPU only"),
        ({"device": "warp"}, "That device is not there. Received device='warp'"),
        ({"resume": True}, "resume needs the folder to go on from"),
        ({"early_stopping": 3}, "early_stopping needs a control part to look at"),
        ({"augment": lambda *a: a}, "augment works on images"),
        ({"activation_checkpoints": "yes"}, "The option activation_checkpoints is True or False"),
        ({"progress": 3}, "progress is True for a bar, or a function"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(options, message):
    with pytest.raises(InputError) as caught:
        fit(network(), data(), **options)
    assert str(caught.value).startswith(message)


def test_an_unknown_name_is_an_unknown_name():
    with pytest.raises(UnknownNameError):
        fit(network(), data(), optimizer="adm")


def test_no_warning_is_kept_back():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(), data(), epochs=2, schedule="one-cycle")
