"""Receptive fields, against brute force: change every input number, see whether the unit moves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.one_thread import one_thread
from layerwise.explain.receptive.effective import smallest_share
from layerwise.explain.receptive.field import receptive_field
from layerwise.explain.receptive.watched import watch
from layerwise.models import resnet
from layerwise.record.calls import check_watchable

SIDE = 8


class Written(nn.Module):
    """A forward of one's own over some layers; `end` marks its output."""

    def __init__(self, forward: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.layers, self.end, self.written = nn.ModuleList(layers), nn.Identity(), forward

    def forward(self, x: Tensor) -> Any:
        return self.end(self.written(x, *self.layers))


def brute(model: nn.Module, x: Tensor, index: tuple[int, ...]) -> Tensor:
    """Which numbers of x can move that number of the output."""
    model = model.double()
    chance = torch.Generator().manual_seed(1)
    hit = torch.zeros(x.numel(), dtype=torch.bool)
    with torch.no_grad(), one_thread():
        for _ in range(6):
            start = torch.randn(x.shape, generator=chance, dtype=torch.float64)
            plain = model(start.clone())[index]
            for place in torch.nonzero(~hit).flatten().tolist():
                for change in (1.0, 1e4, -1e4):
                    moved = start.clone()
                    moved.view(-1)[place] += change
                    hit[place] |= bool(model(moved)[index] != plain)
                    if hit[place]:
                        break
    return hit.reshape(x.shape)


def fields(model: nn.Module, x: Tensor, count: int = 2) -> None:
    """Check some units of the output, none of which may see too much or too little."""
    model = model.float()
    seen = watch(model, (x,), x, check_watchable(model))
    layer = seen.layers["end"]
    chance = np.random.default_rng(0)
    for _ in range(count):
        index = tuple(int(chance.integers(size)) for size in layer.shape)
        got, _ = seen.reach(layer, index)
        want = brute(model, x, index)
        assert torch.equal(got, want), (index, int((got & ~want).sum()), int((~got & want).sum()))
        model.float()
    assert not seen.guessed


def causal(x: Tensor, layer: nn.Module) -> Tensor:
    words = x.flatten(2).transpose(1, 2)[:, :6]
    q, k, v = layer(words).chunk(3, -1)
    closed = torch.triu(torch.ones(6, 6), 1).bool()
    return torch.softmax((q @ k.transpose(1, 2)).masked_fill(closed, -torch.inf), -1) @ v


def added(x: Tensor, layer: nn.Module) -> Tensor:
    words = x.flatten(2).transpose(1, 2)[:, :6]
    q, k, v = layer(words).chunk(3, -1)
    far = torch.full((6, 6), -torch.inf).triu(2).to(x.dtype)
    return torch.softmax(q @ k.transpose(1, 2) + far, -1) @ v


def fused(x: Tensor, layer: nn.Module) -> Tensor:
    words = x.flatten(2).transpose(1, 2)[:, :6]
    q, k, v = (part[:, None] for part in layer(words).chunk(3, -1))
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def written(x: Tensor, layer: nn.Module) -> Tensor:
    y = layer(x)
    z = y.clone()
    z[:, :, 1:] += y[:, :, :-1] * 2
    z[:, 0] = 3.0
    y.mul_(2)
    return z + y[:, :1]


def assigned(x: Tensor, layer: nn.Module) -> Tensor:
    y = torch.zeros(1, 4, SIDE, SIDE, dtype=x.dtype)
    y[:, :, 2:, 2:] = layer(x)[:, :, :-2, :-2]
    y[..., torch.tensor([1, 3])] = x[:, :1, :, :2]
    return y


def scattered(x: Tensor) -> Tensor:
    places = torch.arange(SIDE).flip(0).expand(1, 2, SIDE, SIDE)
    return torch.zeros_like(x).scatter(3, places, x).gather(2, places.transpose(2, 3))


def attended(x: Tensor, layer: nn.Module) -> Tensor:
    words = x.flatten(2).transpose(1, 2)[:, :9]
    return layer(words, words, words)[0]


Conv = nn.Conv2d
CASES: dict[str, Callable[[], nn.Module]] = {
    "skip and groups": lambda: Written(
        lambda x, a, b, p, s: p(b(torch.tanh(a(x)))) + s(x),
        Conv(2, 4, 3, padding=2, dilation=2), Conv(4, 4, 3, padding=1, stride=2, groups=2),
        nn.AvgPool2d(3, 2, 1), Conv(2, 4, 1, stride=4)),
    "max pool": lambda: Written(lambda x, p: p(x), nn.MaxPool2d(3, 2, 1, dilation=2)),
    "max pool, ceiling": lambda: Written(lambda x, p: p(x), nn.MaxPool2d(3, 2, ceil_mode=True)),
    "adaptive max": lambda: Written(lambda x, p: p(x), nn.AdaptiveMaxPool2d(3)),
    "adaptive mean": lambda: Written(lambda x, p: p(x), nn.AdaptiveAvgPool2d(3)),
    "transposed": lambda: Written(
        lambda x, a, b: b(a(x)), Conv(2, 4, 3, stride=2),
        nn.ConvTranspose2d(4, 2, 3, stride=2, dilation=1, output_padding=1, groups=2)),
    "bilinear": lambda: Written(
        lambda x, a: a(functional.interpolate(x, scale_factor=2, mode="bilinear")), Conv(2, 3, 3)),
    "bicubic": lambda: Written(
        lambda x, a: a(functional.interpolate(x, size=11, mode="bicubic")), Conv(2, 3, 1)),
    "nearest": lambda: Written(
        lambda x, a: a(functional.interpolate(x, scale_factor=3)), Conv(2, 3, 3)),
    "group norm": lambda: Written(
        lambda x, g, a: a(g(x)), nn.GroupNorm(2, 2), Conv(2, 4, 3, groups=2)),
    "layer norm": lambda: Written(lambda x, g: g(x), nn.LayerNorm(SIDE)),
    "instance norm": lambda: Written(lambda x, g: g(x), nn.InstanceNorm2d(2)),
    "batch norm": lambda: Written(lambda x, g: g(x), nn.BatchNorm2d(2)),
    "causal": lambda: Written(causal, nn.Linear(2, 9)),
    "added mask": lambda: Written(added, nn.Linear(2, 9)),
    "fused causal": lambda: Written(fused, nn.Linear(2, 9)),
    "attention": lambda: Written(attended, nn.MultiheadAttention(2, 1, batch_first=True)),
    "written in place": lambda: Written(written, Conv(2, 4, 3, padding=1)),
    "assigned": lambda: Written(assigned, Conv(2, 4, 3, padding=1)),
    "scattered": lambda: Written(scattered),
    "branches": lambda: Written(
        lambda x, a, b: torch.cat([a(x), b(x).roll(1, 2)], 1), Conv(2, 2, 1),
        Conv(2, 2, 3, padding=3, dilation=3)),
    "mirrored": lambda: Written(
        lambda x, a: a(functional.pad(x, (2, 2, 1, 1), mode="reflect")), Conv(2, 2, 3)),
    "dense": lambda: Written(
        lambda x, a, b: b(a(x).flatten(1)), Conv(2, 2, 3), nn.Linear(72, 5)),
    "shuffled": lambda: Written(
        lambda x, a: functional.pixel_shuffle(a(x), 2), Conv(2, 4, 3, groups=2)),
    "squeezed": lambda: Written(
        lambda x, a: a(x) * a(x).mean((2, 3), keepdim=True).sigmoid(), Conv(2, 2, 3)),
    "recurrent": lambda: Written(lambda x, a: a(x[0])[0], nn.LSTM(SIDE, 3, batch_first=True)),
    "unfolded": lambda: Written(lambda x: x.unfold(2, 3, 2).amax(-1)),
    "einsum": lambda: Written(lambda x: torch.einsum("bchw,bchv->bcwv", x, x[..., :3])),
    "running": lambda: Written(lambda x: x.cumsum(3) + torch.logcumsumexp(x, 2)),
    "complex": lambda: Written(lambda x: torch.view_as_complex(x.unflatten(3, (4, 2))).real * 2),
    "chosen": lambda: Written(
        lambda x: torch.where(torch.arange(SIDE) > 3, x.flip(3), x.transpose(2, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_by_brute_force(name: str) -> None:
    torch.manual_seed(3)
    fields(CASES[name]().eval(), torch.randn(1, 2, SIDE, SIDE))


def architecture(seed: int) -> nn.Module:
    """Some layers drawn by chance, with a skip or a branch among them."""
    chance = np.random.default_rng(seed)
    torch.manual_seed(seed)

    def convolution(inner: int) -> nn.Module:
        step = int(chance.integers(1, 3))
        return Conv(inner, 4, int(chance.integers(1, 4)), stride=int(chance.integers(1, 3)),
                    padding=step, dilation=step, groups=int(chance.choice([1, 2])))  # fmt: skip

    first = convolution(2)
    middle = [
        lambda: nn.AvgPool2d(2, 1), lambda: nn.MaxPool2d(2, 1), lambda: nn.GroupNorm(2, 4),
        lambda: nn.Upsample(scale_factor=2), lambda: nn.ConvTranspose2d(4, 4, 3, stride=2),
    ][int(chance.integers(5))]()  # fmt: skip
    same = Conv(4, 4, 3, padding=2, dilation=2, groups=int(chance.choice([1, 4])))
    branch = Conv(4, 2, (1, 3), padding=(0, 1))
    joins = bool(chance.integers(2))

    def forward(x: Tensor, a: nn.Module, b: nn.Module, c: nn.Module, d: nn.Module) -> Tensor:
        x = b(torch.tanh(a(x)))
        x = x + torch.tanh(c(x))
        return torch.cat([x, d(x)], 1) if joins else x

    return Written(forward, first, middle, same, branch).eval()


@pytest.mark.parametrize("seed", range(10))
def test_architectures_by_chance(seed: int) -> None:
    fields(architecture(seed), torch.randn(1, 2, 6, 6), count=1)


@pytest.mark.parametrize("sides", [1, 3])
def test_other_numbers_of_sides(sides: int) -> None:
    torch.manual_seed(0)
    kinds = {1: (nn.Conv1d, nn.MaxPool1d), 3: (nn.Conv3d, nn.AvgPool3d)}[sides]
    model = Written(lambda x, a, b: b(a(x)), kinds[0](1, 2, 2, dilation=2), kinds[1](2)).eval()
    x = torch.randn(1, 1, *[11 if sides == 1 else 5] * sides)
    fields(model, x, count=1)
    trace = receptive_field(model.float(), x, "end")
    assert trace["size", len(trace) - 1].tolist() == [4] * sides
    assert int(trace["count", len(trace) - 1]) == 4**sides


def test_a_network_in_training_mixes_its_batch_norm() -> None:
    model = Written(lambda x, g: g(x), nn.BatchNorm2d(2)).train()
    trace = receptive_field(model, torch.randn(1, 2, 5, 5), "end", effective=False)
    assert trace["size", 0].tolist() == [5, 5]
    assert trace.about["mode"] == "training"
    quiet = receptive_field(model.eval(), torch.randn(1, 2, 5, 5), "end", effective=False)
    assert quiet["size", 0].tolist() == [1, 1]


def test_sizes_of_a_residual_network() -> None:
    """As computed by hand: 7, 11, then 8 and 16 for each convolution of 3 × 3."""
    model = resnet((3, 96, 96), 10, seed=0).eval()
    trace = receptive_field(model, torch.randn(1, 3, 96, 96), "layer2.0", effective=False)
    assert [int(trace["size", n][0]) for n in range(len(trace))] == [7, 11, 19, 27, 35, 43, 51, 67]
    assert [int(trace["stride", n][0]) for n in range(len(trace))] == [2, 4, 4, 4, 4, 4, 8, 8]


def test_holes_are_holes() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 2, dilation=6))
    trace = receptive_field(model, torch.randn(1, 1, 20, 20), "1", (0, 3, 4), effective=False)
    field = trace["field", len(trace) - 1]
    line = sorted({tap + step for tap in (0, 2, 4) for step in (0, 6)})
    want = np.zeros((20, 20), bool)
    want[np.ix_([3 + n for n in line], [4 + n for n in line])] = True
    np.testing.assert_array_equal(field, want)


def test_the_effective_field_is_the_derivative() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 3, 3)).double()
    images = torch.randn(3, 2, 7, 7, dtype=torch.float64)
    trace = receptive_field(model, images[:1], "2", (1, 2, 1), images=images)
    got = trace["effective", len(trace) - 1]
    want = np.zeros((7, 7))
    step = 1e-6
    with torch.no_grad():
        for image in images:
            for place in np.ndindex(2, 7, 7):
                high, low = image.clone(), image.clone()
                high[place] += step
                low[place] -= step
                rise = (model(high[None])[0, 1, 2, 1] - model(low[None])[0, 1, 2, 1]) / (2 * step)
                want[place[1:]] += abs(float(rise)) / 6
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert not got[~trace["field", len(trace) - 1]].any()
    first = trace["effective", 0]  # before the ReLU that writes over it
    weight = model[0].weight.detach()[int(trace["unit", 0][1])]
    np.testing.assert_allclose(np.sort(first[first > 0]),
                               np.sort(weight.abs().mean(0).numpy().ravel()))  # fmt: skip


@pytest.mark.parametrize("share", [0.5, 0.95, 1.0])
def test_the_fewest_positions(share: float) -> None:
    values = np.random.default_rng(0).exponential(size=30)
    count = smallest_share(values, share)
    ordered = np.sort(values)[::-1]
    assert ordered[:count].sum() >= share * values.sum() - 1e-9
    assert ordered[: count - 1].sum() < share * values.sum()
    assert smallest_share(np.zeros(5)) == 0


def test_the_input_and_the_model_are_left_alone() -> None:
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 1, 3))
    x = torch.randn(1, 1, 5, 5)
    before = x.clone()
    receptive_field(model, x, "1")
    assert torch.equal(x, before)
    assert torch.backends.mha.get_fastpath_enabled() and torch._C._get_mkldnn_enabled()


def test_an_operation_without_a_rule_is_said() -> None:
    model = Written(lambda x: torch.fft.fft2(x).real)
    trace = receptive_field(model, torch.randn(1, 1, 4, 4), "end", effective=False)
    assert int(trace["count", 0]) == 16
    assert any("_fft" in note for note in trace.notes)


def test_a_choice_in_python_is_said() -> None:
    model = Written(lambda x, a: a(x) if float(x.sum()) > 0 else a(-x), Conv(1, 1, 3))
    trace = receptive_field(model, torch.ones(1, 1, 4, 4), "end", effective=False)
    assert any("Python" in note for note in trace.notes)


def network() -> nn.Module:
    return nn.Sequential(Conv(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))


def test_refusals() -> None:
    model, x = network(), torch.randn(1, 3, SIDE, SIDE)
    with pytest.raises(UnknownNameError, match="layr"):
        receptive_field(Written(lambda x: x * 1), x, "layr")
    with pytest.raises(InputError, match="0 to 3"):
        receptive_field(model, x, "0", 4)
    with pytest.raises(InputError, match=r"\(4, 6, 6\)"):
        receptive_field(model, x, "0", (0, 6, 0))
    with pytest.raises(InputError, match="with places"):
        receptive_field(nn.Linear(3, 2), torch.randn(1, 3), "")
    with pytest.raises(InputError, match="does not fit"):
        receptive_field(model, torch.randn(1, 1, SIDE, SIDE), "0")
    with pytest.raises(InputError, match="finite numbers"):
        receptive_field(model, x * torch.nan, "0")
    with pytest.raises(InputError, match="shape of the input"):
        receptive_field(model, x, "0", images=torch.randn(2, 3, 4, 4))
    with pytest.raises(InputError, match="channels' axis"):
        receptive_field(model, x, "0", channel_axis=0)
    with pytest.raises(InputError, match="array of numbers"):
        receptive_field(model, "picture", "0")


def test_what_has_no_derivative() -> None:
    model = Written(lambda x, a, b: b((a(x) > 0).to(x.dtype)), Conv(1, 2, 3), Conv(2, 1, 3))
    x = torch.randn(1, 1, 9, 9)
    with pytest.raises(InputError, match="no derivative"):
        receptive_field(model, x, "end")
    trace = receptive_field(model, x, "end", effective=False)
    assert trace["size", len(trace) - 1].tolist() == [5, 5]
    assert ("effective", 0) not in trace


def test_layers_that_run_as_one_are_looked_into() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()
    x = torch.randn(1, 6, 8)
    trace = receptive_field(model, x, "layers.1.norm2", channel_axis=2)
    assert int(trace["count", len(trace) - 1]) == 6
    assert not trace.notes
