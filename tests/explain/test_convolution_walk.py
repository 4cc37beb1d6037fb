"""Every number of a walk against PyTorch and SciPy, over random pictures, kernels and options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from layerwise import record
from layerwise.errors import FileError, InputError, LayerwiseError, TooLargeError, UnknownNameError
from layerwise.explain.convolution.layer import convolution_layer
from layerwise.explain.convolution.picture import picture_array
from layerwise.explain.convolution.walk import convolution
from layerwise.trace import Trace


def _adds_up(trace: Trace, exact: float = 1e-12) -> None:
    """Each moment's window × kernel, sums and bias give the value that the output has there."""
    kernel, output = trace["kernel", 0], trace["output", 0]
    walked = [number for number, moment in enumerate(trace.moments) if moment.kind == "cell"]
    assert walked
    for number in walked:
        at = trace.moments[number].at
        channel, row, column = int(at["channel"]), int(at["row"]), int(at["column"])
        products = trace["products", number]
        np.testing.assert_array_equal(products, trace["window", number] * kernel[channel])
        bias = float(trace["bias", 0][channel]) if ("bias", 0) in trace else 0.0
        size = float(np.abs(products).sum()) + abs(bias) + 1e-30
        assert float(trace["value", number]) == output[channel, row, column]
        assert abs(float(trace["sum", number]) - products.sum() - bias) <= 1e-12 * size
        assert abs(float(trace["sum", number]) - output[channel, row, column]) <= exact * size


@pytest.mark.parametrize("seed", range(40))
def test_equal_to_torch(seed: int) -> None:
    chance = np.random.default_rng(seed)
    groups = int(chance.integers(1, 4))
    channels, outputs = groups * int(chance.integers(1, 3)), groups * int(chance.integers(1, 3))
    rows, columns = (int(n) for n in chance.integers(9, 16, 2))
    shape = tuple(int(n) for n in chance.integers(1, 4, 2))
    stride, dilation = (tuple(int(n) for n in chance.integers(1, 4, 2)) for _ in range(2))
    padding = tuple(int(n) for n in chance.integers(0, 4, 2))
    mode = str(chance.choice(["zeros", "reflect", "replicate", "circular"]))
    layer = nn.Conv2d(
        channels, outputs, shape, stride, padding, dilation, groups, True, mode, dtype=torch.float64
    )
    picture = chance.normal(size=(channels, rows, columns))
    with torch.no_grad():
        wanted = layer(torch.from_numpy(picture)[None])[0].numpy()
    trace = convolution(
        picture, layer.weight.detach().numpy(), stride=stride, padding=padding, padding_mode=mode,
        dilation=dilation, groups=groups, bias=layer.bias.detach().numpy(),
        channel=int(chance.integers(0, outputs)),
    )  # fmt: skip
    np.testing.assert_allclose(trace["output", 0], wanted, rtol=0, atol=1e-12)
    _adds_up(trace)


@pytest.mark.parametrize("seed", range(10))
def test_equal_to_scipy_and_flipped_to_its_convolution(seed: int) -> None:
    chance = np.random.default_rng(seed)
    picture = chance.normal(size=tuple(chance.integers(5, 12, 2)))
    kernel = chance.normal(size=tuple(chance.integers(1, 5, 2)))
    plain, turned = convolution(picture, kernel), convolution(picture, kernel, flip=True)
    for trace, wanted in (
        (plain, scipy.signal.correlate2d(picture, kernel, "valid")),
        (turned, scipy.signal.convolve2d(picture, kernel, "valid")),
    ):
        np.testing.assert_allclose(trace["output", 0][0], wanted, rtol=0, atol=1e-12)
        _adds_up(trace)
    assert plain.about["flipped"] is False
    assert turned.about["flipped"] is True


def test_correlation_of_a_point_is_the_kernel_upside_down() -> None:
    point = np.zeros((5, 5))
    point[2, 2] = 1
    kernel = np.arange(1.0, 10).reshape(3, 3)
    np.testing.assert_array_equal(convolution(point, kernel)["output", 0][0], kernel[::-1, ::-1])
    np.testing.assert_array_equal(convolution(point, kernel, flip=True)["output", 0][0], kernel)


@pytest.mark.filterwarnings("ignore:Using padding")
@pytest.mark.parametrize("kernel", [(2, 2), (3, 4), (1, 1), (5, 2)])
def test_same_padding_is_that_of_torch(kernel: tuple[int, int]) -> None:
    chance = np.random.default_rng(1)
    picture, weights = chance.normal(size=(9, 8)), chance.normal(size=(1, 1, *kernel))
    wanted = functional.conv2d(
        torch.from_numpy(picture)[None, None], torch.from_numpy(weights), padding="same"
    )
    found = convolution(picture, weights, padding="same")["output", 0]
    np.testing.assert_allclose(found, wanted[0].numpy(), rtol=0, atol=1e-12)


def test_a_flat_kernel_goes_over_each_channel_by_itself() -> None:
    picture = np.random.default_rng(2).normal(size=(3, 7, 7))
    found = convolution(picture, "sobel")["output", 0]
    for one, plane in zip(found, picture, strict=True):
        wanted = scipy.signal.correlate2d(plane, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "valid")
        np.testing.assert_allclose(one, wanted, rtol=0, atol=1e-12)


def test_at_most_sixty_cells_with_both_ends_and_said() -> None:
    trace = convolution(np.random.default_rng(3).normal(size=(40, 30)), "blur")
    cells = [(m.at["row"], m.at["column"]) for m in trace.moments[1:]]
    assert len(cells) <= 60
    assert (0, 0) in cells and (37, 27) in cells
    assert cells == sorted(cells)
    assert str(len(cells)) in trace.notes[0] and "1,064" in trace.notes[0]
    whole = convolution(np.ones((8, 8)), "blur")
    assert len(whole) == 37 and not whole.notes


class _ByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4, 3, 2))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, padding=(2, 1), stride=2)


_LAYERS: list[Callable[[], nn.Module]] = [
    lambda: nn.Conv2d(4, 6, 3),
    lambda: nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2),
    lambda: nn.Conv2d(4, 4, (3, 1), padding="same", bias=False),
    lambda: nn.Conv2d(4, 6, 3, padding=2, dilation=2, padding_mode="reflect"),
    lambda: nn.Conv2d(4, 6, (2, 3), padding=(1, 2), padding_mode="circular", groups=2),
    lambda: nn.Conv2d(4, 6, 3, padding="same", padding_mode="replicate"),
    lambda: nn.Conv2d(4, 6, 1),
    lambda: nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 2, 3)),
    _ByHand,
]


@pytest.mark.parametrize("make", _LAYERS)
def test_a_recorded_layer_is_walked_as_torch_computed_it(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    model, batch = make().eval(), torch.randn(2, 4, 11, 12)
    trace = record(model, batch)
    with torch.no_grad():
        wanted = model(batch)[1].numpy()
    names = [s.name for s in trace.sites if s.about.get("operation") == "conv2d"]
    walk = convolution_layer(trace, names[-1], channel=1, sample=1)
    np.testing.assert_array_equal(walk["output", 0].astype(np.float32), wanted)
    _adds_up(walk, exact=1e-5)
    assert walk.about["largest difference"] <= 1e-4


def test_a_layer_in_one_dimension_is_one_row() -> None:
    torch.manual_seed(0)
    layer = nn.Conv1d(3, 4, 5, stride=2, padding=2)
    walk = convolution_layer(record(layer, torch.randn(1, 3, 20)), channel=2)
    assert walk["picture", 0].shape == (3, 1, 20)
    _adds_up(walk, exact=1e-5)


def test_layers_that_cannot_be_walked() -> None:
    trace = record(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), torch.randn(1, 1, 8, 8))
    with pytest.raises(UnknownNameError, match="convolution"):
        convolution_layer(trace, "conv7")
    with pytest.raises(InputError, match="no convolution"):
        convolution_layer(trace, "1")
    with pytest.raises(InputError, match="From 0 to 1"):
        convolution_layer(trace, channel=2)
    with pytest.raises(InputError, match="From 0 to 0"):
        convolution_layer(trace, sample=3)
    with pytest.raises(InputError, match="There is no convolution"):
        convolution_layer(record(nn.Linear(3, 2), torch.randn(1, 3)))


_SQUARE = np.ones((6, 6))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: convolution(_SQUARE, np.ones((7, 7))), InputError, "larger than the picture"),
        (lambda: convolution(_SQUARE, np.ones((3, 3)), dilation=3), InputError, "dilation"),
        (lambda: convolution(_SQUARE, stride=0), InputError, "stride"),
        (lambda: convolution(_SQUARE, stride=1.5), InputError, "stride"),
        (lambda: convolution(_SQUARE, padding=-1), InputError, "padding"),
        (lambda: convolution(_SQUARE, padding="smae"), UnknownNameError, "same"),
        (lambda: convolution(_SQUARE, padding="same", stride=2), InputError, "stride 1"),
        (lambda: convolution(_SQUARE, padding=1, padding_mode="mirror"), UnknownNameError, "mode"),
        (lambda: convolution(_SQUARE, padding=6, padding_mode="reflect"), InputError, "wider"),
        (lambda: convolution(np.full((6, 6), np.nan)), InputError, "finite"),
        (lambda: convolution(np.zeros((0, 6))), InputError, "array of numbers"),
        (lambda: convolution([["a"]]), InputError, "array of numbers"),
        (lambda: convolution(np.zeros((2100, 2100))), TooLargeError, "size="),
        (lambda: convolution(_SQUARE, np.ones((1, 2, 3, 3))), InputError, "channels"),
        (lambda: convolution(_SQUARE, bias=[1, 2]), InputError, "bias"),
        (lambda: convolution(_SQUARE, cells=[(9, 9)]), InputError, "row"),
        (lambda: convolution(_SQUARE, cells=[]), InputError, "1 to 60"),
        (lambda: convolution(_SQUARE, channel=1), InputError, "channel"),
        (lambda: convolution("chinaa"), FileError, "china"),
        (lambda: convolution("china", size=0), InputError, "size"),
    ],
)
def test_what_cannot_be_is_said_plainly(
    call: Callable[[], object], error: type[LayerwiseError], said: str
) -> None:
    with pytest.raises(error) as raised:
        call()
    assert said in str(raised.value)


def test_pictures_from_files(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    path = tmp_path / "own.png"
    Image.fromarray(pixels).save(path)
    np.testing.assert_array_equal(picture_array(path, colour=True), pixels.transpose(2, 0, 1))
    assert picture_array(path, size=6).shape == (1, 6, 10)
    np.testing.assert_array_equal(picture_array(pixels), pixels.transpose(2, 0, 1))
    assert picture_array("china", size=(24, 24)).shape == (1, 24, 24)
    (tmp_path / "not.png").write_text("hello")
    with pytest.raises(FileError, match="picture"):
        picture_array(tmp_path / "not.png")
    with pytest.raises(FileError, match="folder"):
        picture_array(tmp_path)


def test_a_picture_that_is_far_too_wide_is_told_before_it_is_enlarged(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(np.zeros((2, 6000), np.uint8)).save(path)
    with pytest.raises(TooLargeError, match=r"At 180 rows this picture has 540,000 columns"):
        picture_array(path, size=180)
