"""Size by depth: what is drawn is what autograd gives, zeros and broken numbers included."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from chart_checks import check_words, lines, vertices, words
from torch import nn
from torch.nn import functional

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Rectangles
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.view.charts.depth import depth
from layerwise.view.charts.depth_reading import ABSENT, KNOWN, NOT_FINITE, ZERO, read_sizes
from layerwise.view.charts.scale import Scale, power_range, round_range
from layerwise.view.palette import NEGATIVE
from layerwise.view.style import DARK, LIGHT

STATISTICS = (
    "mean", "standard deviation", "smallest", "largest", "share of zeros", "not finite",
)  # fmt: skip


def summary(sizes, name="made up", steps=None, spread=None):
    """A trace of gradients with those sizes, (moment, layer): mean 0, so that size is spread."""
    sizes = np.asarray(sizes, np.float32)
    layers = tuple(f"fc{k + 1}" for k in range(sizes.shape[1]))
    site = Site(
        "summary of gradients", "summary", ("layer", "statistic"),
        entries={"layer": layers, "statistic": STATISTICS},
    )  # fmt: skip
    trace = Trace(Header(name, (Site("loss", "metric"), site)))
    for step, row in enumerate(sizes):
        whole = np.zeros((len(layers), 6), np.float32)
        finite = np.isfinite(row)
        whole[:, 1] = np.where(finite, row, np.nan)
        whole[:, 2], whole[:, 3] = -3 * whole[:, 1], 3 * whole[:, 1]
        whole[:, 5] = ~finite
        if spread is not None:
            whole[:, 1] = spread
        at = {"step": step if steps is None else steps[step]}
        trace.append(Moment("step", at), {site.name: whole, "loss": 0.5})
    return trace


def chain(layers=5):
    torch.manual_seed(0)
    parts = [part for _ in range(layers - 1) for part in (nn.Linear(6, 6), nn.Tanh())]
    return nn.Sequential(*parts, nn.Linear(6, 2))


@pytest.mark.parametrize("measure", ["root mean square", "standard deviation"])
def test_sizes_are_those_that_autograd_gives(measure):
    model, inputs, targets = chain(), torch.randn(40, 6), torch.randint(0, 2, (40,))
    wanted = []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with lw.recording(model, lw.Keep(gradients="summary", outputs="nothing")) as rec:
        for _ in range(3):
            optimizer.zero_grad()
            outputs = [inputs]
            for part in model:
                outputs.append(part(outputs[-1]))
                outputs[-1].retain_grad()
            loss = functional.cross_entropy(model(inputs), targets)
            loss.backward()
            own = functional.cross_entropy(outputs[-1], targets)
            slopes = torch.autograd.grad(own, outputs[1:])
            as_numbers = [slope.double().numpy() for slope in slopes]
            spread = measure == "standard deviation"
            wanted.append([s.std() if spread else np.sqrt((s**2).mean()) for s in as_numbers])
            optimizer.step()
    sizes = read_sizes(rec.trace, "gradients", measure)
    assert sizes.layers == tuple(str(k) for k in range(9))
    # The model ran once more in every step, whose outputs have no gradient of the recorded loss.
    np.testing.assert_allclose(sizes.values, wanted, rtol=2e-5)
    assert (sizes.state == KNOWN).all()


def test_a_line_lies_where_the_scale_puts_its_numbers():
    values = np.array([[1e-3, 1e-1, 1e-2, 1.0], [1e-4, 1e-3, 1e-2, 1e-1]])
    scene = depth(summary(values))
    low, high = power_range(values)
    assert (low, high) == (1e-4, 1.0)
    (drawn,) = lines(scene, 1, DARK.ink)
    points = vertices(drawn)
    (top,), (floor,) = ({round(float(p), 3)} for p in (points[:, 1].min(), points[:, 1].max()))
    # The least and the greatest of the second row are 1e-4 and 1e-1: three of four decades.
    decades = (points[:, 1] - top) / (floor - top) * 3
    np.testing.assert_allclose(-1 - decades, np.log10(values[1]), atol=1e-3)
    np.testing.assert_allclose(np.diff(points[:, 0]), np.diff(points[:, 0])[0], rtol=1e-4)


def test_ten_thousand_layers_keep_the_range_of_every_pixel_column():
    rng = np.random.default_rng(0)
    values = 10 ** rng.uniform(-8, 2, (2, 10_000))
    values[1, 1234], values[1, 7777] = 1e-11, 1e5  # single layers that must not vanish
    scene = depth(summary(values))
    (drawn,) = lines(scene, 1, DARK.ink)
    assert len(drawn) < 10_000
    points = vertices(drawn)
    left, right = points[0, 0], points[-1, 0]
    x = left + (right - left) * np.arange(10_000) / 9_999
    y = Scale(1e-11, 1e5, points[:, 1].max(), points[:, 1].min(), log=True).place(values[1])
    for column in np.unique(np.floor(x)):
        here, own = y[np.floor(x) == column], points[np.floor(points[:, 0]) == column, 1]
        if column in (np.floor(left), np.floor(right)):
            continue  # single precision may put a point a pixel's edge aside
        assert own.min() == pytest.approx(here.min(), abs=0.3)
        assert own.max() == pytest.approx(here.max(), abs=0.3)
    assert any("each column spans its layers" in word for word in words(scene, 0))
    check_words(scene, 1)


def bars(scene, stop, color):
    return [
        box
        for mark in scene.stop_marks(stop)
        if isinstance(mark, Rectangles)
        for box, fill in zip(mark.boxes, mark.fill, strict=True)
        if tuple(fill[:3]) == tuple(color[:3])
    ]


def test_zeros_and_what_is_not_finite_stand_on_lines_of_their_own():
    values = [[0.0, 0.0, 1e-2, np.nan], [1e-2, 1e-3, 1e-2, 1e-1]]
    trace = summary(values)
    assert read_sizes(trace, "gradients", "root mean square").state.tolist() == [
        [ZERO, ZERO, KNOWN, NOT_FINITE], [KNOWN] * 4,
    ]  # fmt: skip
    scene = depth(trace)
    (zero,), (broken,) = bars(scene, 0, DARK.ink), bars(scene, 0, NEGATIVE)
    assert zero[1] > broken[1]
    assert zero[0] < broken[0]
    assert zero[2] == pytest.approx(3 * broken[2], rel=0.01)  # 1½ layers, and half of one
    assert {"0", "not finite"} <= set(words(scene, 0))
    assert not bars(scene, 1, DARK.ink)
    # A picture without either has no such line.
    assert not {"0", "not finite"} & set(words(depth(summary([[1.0, 2.0]], steps=[3])), 0))


def test_nothing_but_zeros_is_drawn_too():
    scene = depth(summary(np.zeros((2, 5))))
    assert len(bars(scene, 1, DARK.ink)) == 1
    check_words(scene, 1)


def test_numbers_whose_squares_are_lost_are_drawn_as_their_largest():
    trace = summary([[1e-25, 1.0]], spread=[0.0, 1.0])
    sizes = read_sizes(trace, "gradients", "root mean square")
    assert sizes.bounded
    assert sizes.values[0, 0] == pytest.approx(3e-25)
    assert any("largest magnitude" in word for word in words(depth(trace), 0))


def test_very_small_gradients_keep_their_size():
    model = chain(4)
    with torch.no_grad():
        model[-1].weight.mul_(1e-24)
    inputs = torch.randn(8, 6)
    keep = lw.Keep(gradients="summary", outputs="nothing", weights="nothing")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    seen = model[0](inputs)
    out = model[1:](seen)[:, 0].mean()
    (slope,) = torch.autograd.grad(out, seen)
    with lw.recording(model, keep) as rec:
        model(inputs)[:, 0].mean().backward()
        optimizer.step()
    sizes = read_sizes(rec.trace, "gradients", "root mean square")
    wanted = float(slope.double().square().mean().sqrt())
    assert 0 < wanted < 1e-20
    assert sizes.values[0, 0] == pytest.approx(wanted, rel=1e-5)
    assert not sizes.bounded


def test_a_single_pass_is_measured_by_its_arrays():
    model, inputs = chain(3), torch.randn(9, 6)
    trace = lw.record(model, inputs, target=torch.zeros(9).long(), backward=True)
    sizes = read_sizes(trace, "outputs", "root mean square")
    wanted, x = [], inputs
    for part in model:
        x = part(x)
        wanted.append(float(x.detach().double().square().mean().sqrt()))
    np.testing.assert_allclose(sizes.values[0], wanted, rtol=1e-6)
    assert "from the arrays kept" in sizes.notes
    assert read_sizes(trace, "gradients", "root mean square").values.shape == (1, 5)
    check_words(depth(trace, of="outputs"), 0)


def test_weights_leave_biases_out_unless_asked():
    model = chain(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with lw.recording(model, lw.Keep(weights="summary", outputs="nothing")) as rec:
        model(torch.randn(4, 6)).mean().backward()
        wanted = [float(p.detach().square().mean().sqrt()) for p in model.parameters()]
        optimizer.step()
    sizes = read_sizes(rec.trace, "weights", "root mean square")
    assert sizes.layers == ("0.weight", "2.weight", "4.weight")
    np.testing.assert_allclose(sizes.values[0], wanted[::2], rtol=1e-5)
    assert "biases left out" in sizes.notes[0]
    chosen = read_sizes(rec.trace, "weights", "root mean square", "*.bias")
    np.testing.assert_allclose(chosen.values[0], wanted[1::2], rtol=1e-5)


def test_traces_go_in_step():
    short = summary([[1.0, 2.0]] * 3, "short", steps=[0, 10, 20])
    long = summary([[1.0, 2.0]] * 5, "long", steps=[0, 5, 10, 15, 30])
    scene = depth([short, long])
    assert [stop.label for stop in scene.stops] == [f"step {k}" for k in (0, 5, 10, 15, 20, 30)]
    share = depth([short, long], in_step="share")
    assert len(share.stops) == 5
    assert {"step 20", "step 30"} <= set(words(share, 4))
    assert {"step 10"} <= set(words(share, 2))


def test_names_stand_at_the_ends_of_lines():
    traces = {f"network {k}": summary([[10.0**k, 1.0, 10.0**-k]]) for k in range(5)}
    scene = depth(traces, together=True, theme="light")
    assert set(traces) <= {word.rpartition(" ")[0] for word in words(scene, 0)}
    check_words(scene, 0)


def test_what_lies_beyond_the_limits_is_on_the_edge_and_said():
    scene = depth(summary([[1e-20, 1e-3, 1e9]]), limits=(1e-6, 1e6))
    points = vertices(lines(scene, 0, DARK.ink)[0])
    assert np.log10(1e-3) == pytest.approx(
        -6 + 12 * (points[0, 1] - points[1, 1]) / (points[0, 1] - points[2, 1]), abs=1e-3
    )
    assert any("beyond 10⁻⁶ and 10⁶" in word for word in words(scene, 0))


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 9, 16, 30])
def test_words_can_be_read_in_any_number_of_panels(count, theme):
    values = np.geomspace(1e-30, 1e30, 12).reshape(2, 6)
    values[0, 0], values[0, 1] = 0, np.nan
    names = [f"a network with quite a long name {k}" for k in range(count)]
    scene = depth(
        {name: summary(values) for name in names}, theme=theme, in_step="share",
        remarks=dict.fromkeys(names, "not finite after 1 step"),
    )  # fmt: skip
    for stop in range(len(scene.stops)):
        check_words(scene, stop)
    assert scene.ground == (DARK if theme == "dark" else LIGHT).ground


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920), (3840, 2160), (1000, 1000)])
def test_frames_of_other_sizes_scale(size):
    scene = depth([summary([[1.0, 2.0, 0.0]], f"run {k}") for k in range(3)], size=size)
    assert scene.size == size
    check_words(scene, 0, smallest=16 * min(max(size) / 1920, min(size) / 1080))


def test_equal_recordings_give_equal_pixels():
    first, second = (depth(summary([[1.0, 3.0], [2.0, 1.0]])).frame(0, scale=0.25) for _ in "ab")
    assert np.array_equal(first, second)


def test_a_long_recording_is_shown_at_its_ends_and_evenly_between():
    scene = depth(summary(np.ones((1000, 3))))
    assert len(scene.stops) == 120
    assert (scene.stops[0].label, scene.stops[-1].label) == ("step 0", "step 999")
    assert any("120 moments shown" in word for word in words(scene, 0))


def test_what_cannot_be_is_refused():
    trace = summary([[1.0, 2.0]])
    with pytest.raises(UnknownNameError, match="Did you mean 'gradients'"):
        depth(trace, of="gradient")
    with pytest.raises(UnknownNameError, match="Did you mean 'fc1'"):
        depth(trace, layers="fc1x")
    with pytest.raises(InputError, match="kept no outputs"):
        depth(trace, of="outputs")
    with pytest.raises(InputError, match="At most 30 panels"):
        depth({str(k): trace for k in range(31)})
    with pytest.raises(UnknownNameError, match="Did you mean 'loss'"):
        depth(trace, score="los")
    with pytest.raises(InputError, match="two powers of ten"):
        depth(trace, limits=(3, 10))
    with pytest.raises(InputError, match="shows traces"):
        depth([1, 2])
    with pytest.raises(UnknownNameError):
        depth({"one": trace}, remarks={"ome": "x"})
    with pytest.raises(InputError, match="positive speed"):
        depth(trace, speed=0)
    with pytest.raises(InputError, match="width and height"):
        depth(trace, size=(10, 10))


def test_layers_without_a_gradient_are_gaps():
    trace = summary([[1.0, 2.0, 3.0]])
    rows = trace["summary of gradients", 0].copy()
    rows[1, :5] = np.nan
    trace.append(Moment("step", {"step": 1}), {"summary of gradients": rows})
    sizes = read_sizes(trace, "gradients", "root mean square")
    assert sizes.state[1].tolist() == [KNOWN, ABSENT, KNOWN]
    assert any("gaps: no value" in word for word in words(depth(trace), 0))


@pytest.mark.parametrize(
    ("low", "high", "most", "wanted"),
    [
        (0, 1, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-1, 1, 5, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        (0, 2000, 5, ["0", "500", "1,000", "1,500", "2,000"]),
        (0.03, 0.06, 4, ["0.03", "0.04", "0.05", "0.06"]),
    ],
)
def test_even_ticks_are_round(low, high, most, wanted):
    assert [said for _, said in Scale(low, high, 0, 100).ticks(most)] == wanted


def test_power_ticks_count_from_one():
    ticks = Scale(1e-30, 1e30, 0, 100, log=True).ticks(7)
    assert [said for _, said in ticks] == [
        "10⁻³⁰", "10⁻²⁰", "10⁻¹⁰", "1", "10¹⁰", "10²⁰", "10³⁰",
    ]  # fmt: skip


def test_ranges_hold_their_values():
    rng = np.random.default_rng(1)
    for _ in range(200):
        values = rng.normal(size=5) * 10 ** rng.uniform(-5, 5)
        low, high = round_range(values)
        assert low <= values.min() < values.max() <= high
        low, high = power_range(np.abs(values))
        assert low <= np.abs(values).min() < np.abs(values).max() <= high
