"""Words that say a network, their one spelling, and the nearest words for those that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import InputError, UnknownNameError
from layerwise.models import ACTIVATIONS, Spec, parse
from layerwise.models.spec import KINDS, RESIDUALS

GOOD = {
    "perceptron": "perceptron",
    "Perceptron sigmoid": "perceptron sigmoid",
    "mlp": "mlp 64-32",
    "MLP 64-32 relu": "mlp 64-32",
    "mlp 128": "mlp 128",
    "mlp-16-8": "mlp 16-8",
    "mlp 64, 32": "mlp 64-32",
    "784-64-32-4": "784-64-32-4",
    "784 64 32 4 Leaky ReLU": "784-64-32-4 leaky-relu",
    "784–64–4 swish": "784-64-4 silu",
    "4-2": "4-2",
    "mlp 64-32 tanh dropout=0.1 norm=batch": "mlp 64-32 tanh dropout=0.1 norm=batch",
    "mlp norm = batch dropout = .25 64": "mlp 64 dropout=0.25 norm=batch",
    "mlp 8 layer norm": "mlp 8 norm=layer",
    "cnn": "cnn",
    "cnn 32": "cnn",
    "cnn 16 mish": "cnn 16 mish",
    "cnn width=16": "cnn 16",
    "nin": "nin",
    "nin norm=none": "nin norm=none",
    "resnet": "resnet-18",
    "resnet50": "resnet-50",
    "ResNet 50 ReZero": "resnet-50 rezero",
    "resnet-20": "resnet-20",
    "resnet-20 width=16": "resnet-20",
    "resnet depth=1202": "resnet-1202",
    "resnet-1000 dense rezero width=64": "resnet-1000 dense",
    "resnet-1000 dense batch norm width=32 gelu": "resnet-1000 dense batch-norm gelu width=32",
    "resnet-1000 dense pre_norm": "resnet-1000 dense pre-norm",
    "resnet-34 none": "resnet-34 none",
    "four-pixel": "four-pixel",
    "Four Pixel": "four-pixel",
}

BROKEN = {
    "": ("it says nothing", "mlp 64-32"),
    "cnm 16": ("'cnm' is none of perceptron, mlp, cnn, nin, resnet, four-pixel", "cnn 16"),
    "transformer": (
        "'transformer' is none of perceptron, mlp, cnn, nin, resnet, four-pixel",
        "mlp 64-32",
    ),
    "mlp 64 thanh": ("'thanh' is no word that fits mlp", "mlp 64 tanh"),
    "mlp 64 quickly": ("'quickly' is no word that fits mlp", "mlp 64"),
    "mlp 64 tanh relu": ("it says activation twice, tanh and relu", "mlp 64 tanh"),
    "mlp 0-5": ("a size is from 1 to 1,000,000", "mlp 1-5"),
    "mlp 9999999": ("a size is from 1 to 1,000,000", "mlp 1000000"),
    "mlp " + "9" * 5000: ("a size is from 1 to 1,000,000", "mlp 1000000"),
    "mlp 64 dropout=10": ("dropout is a share, from 0 up to, not", "mlp 64 dropout=0.1"),
    "mlp 64 dropout=-1": ("dropout is a share, from 0 up to, not", "mlp 64"),
    "mlp 64 dropout=nan": ("'nan' is no dropout", "mlp 64"),
    "mlp 64 dropout=some": ("'some' is no dropout", "mlp 64"),
    "mlp 64 norm=bach": ("'bach' is no norm", "mlp 64 norm=batch"),
    "mlp 64 drop=0.1": (
        "'drop' is none of its options activation, depth, dropout, kind, norm, residual, width",
        "mlp 64 dropout=0.1",
    ),
    "mlp 64 depth=3": ("mlp takes no depth", "mlp 64"),
    "mlp 64 rezero": ("'rezero' is no word that fits mlp", "mlp 64"),
    "784": ("one size is no network: it needs inputs and classes", "mlp 784"),
    "cnn 64-32": ("cnn takes one number, its width", "cnn 64"),
    "cnn width=-3": ("'-3' is no width", "cnn"),
    "perceptron 4": ("perceptron takes no number", "perceptron"),
    "resnet-51": (
        "a convolutional resnet has depth 18, 34, 50, 101, 152 or 6n + 2 from 8 to 1,202",
        "resnet-50",
    ),
    "resnet-1000": (
        "a convolutional resnet has depth 18, 34, 50, 101, 152 or 6n + 2 from 8 to 1,202",
        "resnet-998",
    ),
    "resnet-2 dense": ("a depth is from 3 to 100,000", "resnet-3 dense"),
    "resnet-18 rezro": ("'rezro' is no word that fits resnet", "resnet-18 rezero"),
    "resnet-18 residual=rezro": ("'rezro' is no residual", "resnet-18 rezero"),
    "four-pixel 4": ("four-pixel takes no number", "four-pixel"),
}


@pytest.mark.parametrize(("text", "canonical"), GOOD.items())
def test_words_have_one_spelling(text, canonical):
    spec = parse(text)
    assert str(spec) == canonical
    assert parse(canonical) == spec


@pytest.mark.parametrize(("text", "told"), BROKEN.items(), ids=lambda value: str(value)[:30])
def test_words_that_cannot_be_are_answered_with_the_nearest(text, told):
    problem, nearest = told
    with pytest.raises(InputError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith(f"{text[:80]!r} is no model that can be built: {problem}")
    assert f" Nearest: {nearest}. `layerwise models` lists what can be built." in message
    assert str(parse(nearest)) == nearest


@pytest.mark.parametrize("text", [None, 7, ["mlp"], b"mlp", "mlp " * 10_000])
def test_what_is_no_words(text):
    with pytest.raises(InputError, match=r"^A model is said in a few words\. Received"):
        parse(text)


def test_a_family_that_is_not_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'resnet'"):
        Spec("resnets")


OTHERS = "mlp cnn nin resnet 18 64-32 -3 norm=batch dropout=0.5 width=8 depth=7 = x= é - four"
WORDS = st.sampled_from([*ACTIVATIONS, *KINDS, *RESIDUALS, *OTHERS.split()])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=6).map(" ".join)))
def test_any_text_is_a_network_or_is_answered_with_one(text):
    try:
        spec = parse(text)
    except InputError as error:
        spec = parse(str(error).split(" Nearest: ")[1].split(". `layerwise")[0])
    assert parse(str(spec)) == spec
