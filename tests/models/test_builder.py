"""Words and the data's shape give a network that fits, or the nearest words that do."""

from __future__ import annotations

import pytest
import torch

from layerwise.errors import InputError, TooLargeError
from layerwise.models import build, catalog, parse, spec_of

TABLE, IMAGE = (6,), (1, 8, 8)


@pytest.mark.parametrize(
    ("spec", "inputs"),
    [
        ("perceptron", TABLE),
        ("perceptron tanh", IMAGE),
        ("mlp", TABLE),
        ("mlp 16-8 gelu dropout=0.2 norm=layer", IMAGE),
        ("6-5-3 tanh", TABLE),
        ("64-5-3", IMAGE),
        ("cnn 4 silu norm=batch", IMAGE),
        ("nin 4", IMAGE),
        ("resnet-8 rezero", IMAGE),
        ("resnet-30 dense pre-norm width=8", IMAGE),
        ("resnet-30 dense", TABLE),
    ],
)
def test_a_built_network_takes_the_data_and_knows_its_words(spec, inputs):
    model = build(spec, inputs, 3, seed=1)
    x = torch.rand(4, *inputs)
    assert model.eval()(x).shape == (4, 3)
    assert spec_of(model) == str(parse(spec))
    again = build(parse(spec), inputs, 3, seed=1)
    assert torch.equal(model(x), again.eval()(x))


def test_four_pixels():
    assert build("four-pixel", (1, 2, 2), 4)(torch.ones(1, 1, 2, 2)).argmax() == 0
    assert build("four-pixel sigmoid", (4,), 4).h_act.__class__ is torch.nn.Sigmoid


def test_sizes_after_mlp_are_hidden_unless_both_ends_fit():
    hidden = build("mlp 64-32", (10,), 3)
    assert [hidden.fc1.in_features, hidden.fc3.out_features] == [10, 3]
    assert spec_of(hidden) == "mlp 64-32"
    whole = build("mlp 10-64-3", (10,), 3)
    assert len(list(whole.children())) == 3
    assert spec_of(whole) == "10-64-3"


@pytest.mark.parametrize(
    ("spec", "inputs", "classes", "message"),
    [
        (
            "784-64-32-4", (64,), 3,
            "784-64-32-4 does not fit data of 64 inputs and 3 classes. Nearest: 64-64-32-3.",
        ),
        (
            "784-64-4 tanh", (1, 28, 28), 1,
            "784-64-4 tanh does not fit data of 784 inputs and 1 class. Nearest: 784-64-1 tanh.",
        ),
        (
            "cnn", (64,), 3,
            "'cnn' is no model that can be built: it needs images (channel, row, column) from "
            "4 × 4 on, the data has shape (64,). Nearest: mlp 64-32. `layerwise models` lists "
            "what can be built.",
        ),
        (
            "cnn", (1, 3, 3), 3,
            "'cnn' is no model that can be built: it needs images (channel, row, column) from "
            "4 × 4 on, the data has shape (1, 3, 3). Nearest: nin. `layerwise models` lists "
            "what can be built.",
        ),
        (
            "resnet-50 tanh", (64,), 3,
            "'resnet-50 tanh' is no model that can be built: it needs images (channel, row, "
            "column), the data has shape (64,). Nearest: resnet-50 dense tanh. `layerwise models` "
            "lists what can be built.",
        ),
        (
            "four-pixel", (5,), 4,
            "'four-pixel' is no model that can be built: it takes 4 pixels and knows 4 classes, "
            "the data has shape (5,) and 4 classes. Nearest: mlp 64-32. `layerwise models` lists "
            "what can be built.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_answered_with_the_nearest(spec, inputs, classes, message):
    with pytest.raises(InputError) as caught:
        build(spec, inputs, classes)
    assert str(caught.value) == message
    nearest = message.split("Nearest: ")[1].split(". `")[0].rstrip(".")
    build(nearest, inputs, classes)


def test_too_much_for_the_memory_is_said_before_it_is_taken():
    with pytest.raises(TooLargeError, match=r"^mlp 1000000-1000000 has 1,000,0.* parameters, "):
        build("mlp 1000000-1000000", (5,), 2)


@pytest.mark.parametrize(("inputs", "classes"), [((), 2), ((0,), 2), ((4,), 0), ((4,), 2.5)])
def test_shapes_and_classes_that_cannot_be(inputs, classes):
    with pytest.raises(InputError):
        build("mlp", inputs, classes)


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.example)
def test_every_example_of_the_catalog_is_what_it_says(entry):
    assert str(parse(entry.example)) in (entry.example, f"{entry.example} 64-32") or (
        entry.example == "resnet-1000 dense rezero"
    )
    assert parse(entry.example).family == entry.name
    with torch.device("meta"):
        model = build(entry.example, entry.inputs, entry.classes)
        assert model(torch.zeros(2, *entry.inputs)).shape == (2, entry.classes)
    assert entry.parameters == sum(parameter.numel() for parameter in model.parameters()) > 0


def test_the_catalog_names_every_family():
    from layerwise.models.spec import FAMILIES

    assert {entry.name for entry in catalog()} == set(FAMILIES)
