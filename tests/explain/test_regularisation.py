"""Regularisation against plain PyTorch: losses, masks, norms and augmented images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from layerwise import fit
from layerwise.data import Augment
from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.regularisation.augment import augmented
from layerwise.explain.regularisation.dropout import dropout_masks, masks_of
from layerwise.explain.regularisation.norm import batch_norm_shift
from layerwise.explain.regularisation.runs import (
    CURVES,
    batch_size,
    few_samples,
    judged,
    regularisation,
)
from layerwise.models import mlp
from layerwise.trace import Trace


@pytest.fixture(scope="module")
def sweep() -> Trace:
    return regularisation(ways=("nothing", "weight decay"), samples=40, epochs=4, seeds=2)


def test_each_way_has_its_curves_and_weights(sweep: Trace) -> None:
    assert sweep.about["ways"] == ["nothing", "weight decay"]
    for place in range(2):
        for name in CURVES:
            assert sweep[name, place].shape == (2, 4)
        assert sweep["weights", place].shape == (64 * 128,)
    assert sweep["weights", 1].std() < sweep["weights", 0].std()


def test_control_curves_are_those_of_fit(sweep: Trace) -> None:
    few = few_samples(samples=40)
    run = fit(
        mlp([64, 128, 10], seed=1), (few.training, few.control), epochs=4, optimizer="adamw",
        learning_rate=0.003, weight_decay=0.0, batch_size=20, seed=1, keep=None, health=False,
    )  # fmt: skip
    np.testing.assert_allclose(sweep["control loss", 0][1], run.history["control loss"], rtol=1e-5)
    np.testing.assert_allclose(sweep["control accuracy", 0][1], run.history["control accuracy"])


def test_equal_arguments_give_equal_bits(sweep: Trace) -> None:
    again = regularisation(ways=("nothing",), samples=40, epochs=4, seeds=2)
    for name in (*CURVES, "weights"):
        np.testing.assert_array_equal(again[name, 0], sweep[name, 0])


def test_a_share_of_the_labels_is_wrong_and_the_control_part_is_not() -> None:
    clean, noisy = few_samples(wrong=0.0), few_samples(wrong=0.2)
    assert clean.training.labels is not None and noisy.training.labels is not None
    assert int((clean.training.labels != noisy.training.labels).sum()) == 20
    np.testing.assert_array_equal(clean.control.labels, noisy.control.labels)


def test_judged_is_the_loss_of_torch_and_leaves_the_mode() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 3), nn.Dropout(0.5)).train()
    inputs, labels = torch.rand(8, 2, 3), torch.randint(0, 3, (8,))
    loss, right = judged(model, inputs.numpy(), labels.numpy())
    assert model.training
    logits = model.eval()(inputs).detach()
    assert loss == pytest.approx(float(nn.functional.cross_entropy(logits, labels)), rel=1e-6)
    assert right == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_masks_are_the_ones_that_dropout_drew_and_change_nothing(share: float) -> None:
    layer, values = nn.Dropout(share), torch.rand(5, 20) + 0.1
    torch.manual_seed(3)
    plain = [layer(values), layer(values)]
    follows = torch.rand(4)
    torch.manual_seed(3)
    found: list[dict[str, np.ndarray]] = []
    with masks_of(layer, found):
        watched = [layer(values), layer(values)]
    assert torch.equal(torch.rand(4), follows)
    for mine, theirs, values_at in zip(watched, plain, found, strict=True):
        assert torch.equal(mine, theirs)
        np.testing.assert_array_equal(values_at["after"], theirs[0].double().numpy())
        np.testing.assert_array_equal(values_at["mask"] == 0, theirs[0].numpy() == 0)
        on = values_at["mask"][values_at["mask"] > 0]
        np.testing.assert_allclose(on, 1 / (1 - share), rtol=1e-6)
    assert not layer._forward_hooks and not layer._forward_pre_hooks


@pytest.mark.parametrize("samples", [11, 21, 41, 100, 421, 441])
def test_no_batch_has_a_single_sample(samples: int) -> None:
    assert samples % batch_size(samples) != 1


def test_batch_norm_learns_from_any_number_of_samples() -> None:
    trace = regularisation(ways=("batch norm",), samples=21, epochs=1, seeds=1)
    assert np.isfinite(trace["training loss", 0]).all()


def test_a_training_with_masks_is_the_training_without() -> None:
    trace = dropout_masks(share=0.4, neurons=16, steps=12)
    assert len(trace) == 13 and trace.moments[-1].kind == "evaluation"
    for moment in range(len(trace)):
        product = (trace["before", moment] * trace["mask", moment]).astype(np.float32)
        np.testing.assert_allclose(trace["after", moment], product, rtol=1e-6)
    np.testing.assert_array_equal(trace["mask", 12], np.ones(16))
    masks = [tuple(trace["mask", moment]) for moment in range(12)]
    assert len(set(masks)) > 6


def test_batch_norm_is_that_of_torch() -> None:
    trace = batch_norm_shift(steps=6)
    running = np.zeros(128)
    variance = np.ones(128)
    for moment in range(6):
        assert trace["before", moment].sum() == trace["after", moment].sum() == 20 * 128
        running = 0.9 * running + 0.1 * trace["batch mean", moment]
        unbiased = trace["batch variance", moment] * 20 / 19
        variance = 0.9 * variance + 0.1 * unbiased
        np.testing.assert_allclose(trace["running mean", moment], running, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(trace["running variance", moment], variance, rtol=1e-4)


def test_copies_are_those_that_training_sees() -> None:
    augment = Augment(rotate=20, shift=0.1, scale=0.0)
    trace = augmented(sample=3, copies=3, augment=augment, seed=5)
    few = few_samples(wrong=0.0, seed=5)
    pixels = few.training.pixels.astype(np.float32) / 255
    for epoch in range(3):
        whole = augment(pixels, np.arange(len(pixels)), epoch, 5)
        np.testing.assert_array_equal(trace["copies", 0][epoch], whole[3].astype(float))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: regularisation(ways=("droput",)), UnknownNameError, "dropout"),
        (lambda: regularisation(ways=()), InputError, "different names"),
        (lambda: regularisation(ways=("nothing", "nothing")), InputError, "different names"),
        (lambda: regularisation(samples=3), InputError, "From 10"),
        (lambda: regularisation(epochs=0), InputError, "epochs"),
        (lambda: regularisation(seeds=2.5), InputError, "seeds"),  # type: ignore[arg-type]
        (lambda: regularisation(wrong=0.9), InputError, "0 to 0.5"),
        (lambda: regularisation("iris"), InputError, "images"),
        (lambda: dropout_masks(share=0.0), InputError, "above 0"),
        (lambda: dropout_masks(share=1.0), InputError, "0"),
        (lambda: dropout_masks(steps=1), InputError, "steps"),
        (lambda: dropout_masks(neurons=1000), InputError, "neurons"),
        (lambda: batch_norm_shift(steps=100), InputError, "steps"),
        (lambda: batch_norm_shift(steps=2, unit=999), InputError, "neuron"),
        (lambda: augmented(sample=-1), InputError, "sample"),
        (lambda: augmented(copies=0), InputError, "copies"),
    ],
)
def test_what_cannot_be(call: Callable[[], object], error: type[InputError], said: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert said in str(raised.value)
