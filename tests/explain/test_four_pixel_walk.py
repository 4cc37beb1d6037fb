"""The walk through the four-pixel network, against PyTorch, its derivatives and known numbers."""

import numpy as np
import pytest
import torch

from layerwise.errors import InputError
from layerwise.explain.four_pixel import (
    LAYERS,
    PHOTO,
    all_images,
    four_pixel,
    four_pixel_pair,
    four_pixel_table,
)
from layerwise.models import four_pixel as network
from layerwise.models.four_pixel import four_pixel_patterns


def images(count: int = 20) -> np.ndarray:
    return np.random.default_rng(7).uniform(-1, 1, (count, 4))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_every_layer_is_what_pytorch_computes(activation: str, sign: int) -> None:
    model = network(activation, k4_sign=sign).double()
    sites = {"h_act": ("h", 1), "k_act": ("k", 2), "relu": ("parts", 3), "out": ("out", 4)}
    for image in images():
        trace = four_pixel(image, activation=activation, k4_sign=sign)
        x = torch.tensor(image)
        for name, layer in model.named_children():
            x = layer(x)
            if name in sites:
                site, moment = sites[name]
                got = trace[f"{site} values", moment]
                np.testing.assert_allclose(got, x.detach().numpy(), atol=1e-12)


def test_a_field_has_the_sign_of_the_derivative() -> None:
    model = network().double()
    stop = {"h": "h_act", "k": "k_act", "parts": "relu", "out": "out"}
    for image in images():
        trace = four_pixel(image)
        for moment, site in enumerate(LAYERS, 1):

            def until(x: torch.Tensor, last: str = stop[site]) -> torch.Tensor:
                for name, layer in model.named_children():
                    x = layer(x)
                    if name == last:
                        break
                return x

            jacobian = torch.autograd.functional.jacobian(until, torch.tensor(image)).numpy()
            field = trace[f"{site} fields", moment]
            if site == "parts":  # a sleeping half does not move, whatever its field
                field = field * (trace["parts values", 3] > 0)[:, None]
            np.testing.assert_array_equal(np.sign(jacobian), np.sign(field))


def test_known_numbers() -> None:
    patterns, classes = four_pixel_patterns()
    for pixels, number in zip(patterns.numpy(), classes.tolist(), strict=True):
        trace = four_pixel(pixels)
        assert trace["out values", 4].round(4).tolist() == [
            0.9586 if place == number else 0 for place in range(4)
        ]
        assert trace.about["verdict"] == trace.about["classes"][number]
    photo = four_pixel(PHOTO)
    assert photo["out values", 4].round(3).tolist() == [0.210, 0.902, 0.706, 0.372]
    assert photo.about["verdict"] == "vertical"


def test_the_table_is_honest() -> None:
    table = four_pixel_table()
    assert len(set(all_images())) == 16
    assert table.about["kinds"] == ["clean"] * 8 + ["odd"] * 8 + ["grey", "photo"]
    assert table.about["verdicts"][8:] == ["tie"] * 8 + ["no answer", "vertical"]
    np.testing.assert_allclose(table["answers", 0][8:16], np.tanh(np.tanh(2)), atol=1e-12)
    assert table["leading", 0].sum(axis=1).tolist() == [1] * 8 + [4] * 8 + [0, 1]


def test_with_the_logistic_function_it_fails() -> None:
    right = four_pixel_table().about["verdicts"]
    wrong = four_pixel_table(activation="sigmoid").about["verdicts"]
    assert sum(a == b for a, b in zip(right[:8], wrong[:8], strict=True)) == 2
    assert wrong[16] != "no answer"


def test_the_sign_of_k4_changes_no_answer() -> None:
    for image in images():
        one, other = (four_pixel(image, k4_sign=sign) for sign in (-1, 1))
        np.testing.assert_array_equal(one["out values", 4], other["out values", 4])
        assert one["k values", 2][3] == -other["k values", 2][3]


@pytest.mark.parametrize("neuron", range(4))
def test_pairs_with_the_same_value(neuron: int) -> None:
    image = (1, -1, 1, -1)
    pair = four_pixel_pair(image, neuron)
    seen, grid = pair["seen", 0], pair["grid", 0]
    for place in ((0, 0), (3, 70), (80, 41)):
        own = np.array(image, float)
        own[seen] = grid[[place[1], place[0]]]
        assert pair["values", 0][place] == four_pixel(own)["h values", 1][neuron]
    for first, second in pair["same", 0]:
        own = np.array(image, float)
        own[seen] = first, second
        assert four_pixel(own)["h values", 1][neuron] == pytest.approx(float(pair["value", 0]))
    assert len(pair["same", 0]) == (2 if neuron < 2 else 1)
    assert len(four_pixel_pair(PHOTO, neuron)["same", 0]) == 0


def test_a_square_is_read_as_it_lies() -> None:
    square = np.array([[1, -1], [0.5, 0]])
    np.testing.assert_array_equal(four_pixel(square)["image", 0], [1, -1, 0, 0.5])
    np.testing.assert_array_equal(four_pixel(square.tolist())["image", 0], [1, -1, 0, 0.5])


@pytest.mark.parametrize("bad", [(1, 2, 3, 4), (1, 1), "hello", None, (1, 1, 1, np.nan), ()])
def test_what_is_no_picture_is_refused(bad: object) -> None:
    with pytest.raises(InputError):
        four_pixel(bad)
    with pytest.raises(InputError):
        four_pixel_table([bad])


def test_other_refusals() -> None:
    with pytest.raises(InputError, match="needs an image"):
        four_pixel_table([])
    with pytest.raises(InputError, match="0 to 3"):
        four_pixel_pair((1, 1, 1, 1), 4)
