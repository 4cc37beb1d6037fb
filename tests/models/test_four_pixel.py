"""The network of four pixels gives the numbers of the slides, whichever sign k4 is drawn with."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from layerwise.errors import InputError
from layerwise.models import FOUR_PIXEL_CLASSES, four_pixel, four_pixel_patterns

SIGNS = pytest.mark.parametrize("sign", [-1, 1])


def by_hand(ul, ur, lr, ll, sign):
    """The same sums, one at a time."""
    t = math.tanh
    h1, h2, h3, h4 = t(ul + ll), t(ur + lr), t(ul - ll), t(ur - lr)
    k = t(h1 + h2), t(h2 - h1), t(h3 - h4), t(sign * (h3 + h4))
    return [abs(value) for value in k]


def answer(pixels, sign=-1, **options):
    with torch.no_grad():
        return four_pixel(k4_sign=sign, **options)(torch.tensor([pixels], dtype=torch.float32))[0]


@SIGNS
def test_each_clean_pattern_is_named(sign):
    pixels, classes = four_pixel_patterns()
    assert len(pixels) == len({tuple(row.tolist()) for row in pixels}) == 8
    with torch.no_grad():
        given = four_pixel(k4_sign=sign)(pixels)
    expected = torch.zeros(8, 4)
    expected[torch.arange(8), classes] = math.tanh(2 * math.tanh(2))  # .9586
    torch.testing.assert_close(given, expected)
    assert given.max().item() == pytest.approx(0.9586, abs=5e-5)


def test_the_patterns_are_what_they_are_called():
    pixels, classes = four_pixel_patterns()
    for (ul, ur, lr, ll), kind in zip(pixels.tolist(), classes.tolist(), strict=True):
        name = FOUR_PIXEL_CLASSES[kind]
        assert (name == "solid") == (ul == ur == lr == ll)
        assert (name == "vertical") == (ul == ll != ur == lr)
        assert (name == "horizontal") == (ul == ur != ll == lr)
        assert (name == "diagonal") == (ul == lr != ur == ll)


@SIGNS
def test_each_pattern_with_one_odd_pixel_is_a_tie(sign):
    odd = [p for p in itertools.product((-1.0, 1.0), repeat=4) if abs(sum(p)) == 2]
    assert len(odd) == 8
    for pixels in odd:
        assert answer(pixels, sign).tolist() == pytest.approx([0.7461] * 4, abs=5e-5)


@SIGNS
def test_grey_has_no_answer(sign):
    assert answer((0, 0, 0, 0), sign).tolist() == [0, 0, 0, 0]


@SIGNS
def test_the_photo_is_vertical(sign):
    given = answer((0.5, 0, -0.75, 0.75), sign).tolist()
    assert given == pytest.approx([0.2100, 0.9021, 0.7065, 0.3716], abs=5e-5)
    assert FOUR_PIXEL_CLASSES[given.index(max(given))] == "vertical"


@SIGNS
def test_any_pixels_give_the_sums_by_hand(sign):
    pixels = torch.rand(50, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        given = four_pixel(k4_sign=sign)(pixels)
    expected = torch.tensor([by_hand(*row, sign) for row in pixels.tolist()])
    torch.testing.assert_close(given, expected)


def test_images_are_read_clockwise():
    network = four_pixel()
    image = torch.tensor([[[[0.5, 0.0], [0.75, -0.75]]]])  # rows: upper, lower
    assert torch.equal(network(image), network(torch.tensor([[0.5, 0, -0.75, 0.75]])))


def test_with_the_logistic_function_it_fails():
    pixels, classes = four_pixel_patterns()
    with torch.no_grad():
        given = four_pixel("sigmoid")(pixels)
    assert (given.argmax(1) == classes).float().mean() < 0.5


def test_layers_have_their_names_and_no_bias():
    network = four_pixel()
    assert [name for name, _ in network.named_children()] == [
        *("h", "h_act", "k", "k_act", "parts", "relu", "out"),
    ]
    assert sum(p.numel() for p in network.parameters()) == 16 + 16 + 32 + 32


def test_another_sign_is_refused():
    with pytest.raises(InputError, match=r"^The sign of k4's weights is −1 or 1\. Received 2\."):
        four_pixel(k4_sign=2)
