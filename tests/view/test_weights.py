"""Weights over time: histograms are NumPy's own of the model's own weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from chart_checks import check_words, lines, vertices, words
from torch import nn

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Rectangles
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.view.charts.weights import weights
from layerwise.view.charts.weights_reading import read_bands, read_histograms
from layerwise.view.palette import NEGATIVE, POSITIVE
from layerwise.view.style import LIGHT


def trained(keep, steps=4):
    """A recording, and the weights before each step as the loop itself saw them."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(7, 40), nn.ReLU(), nn.Linear(40, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    seen = []
    with lw.recording(model, keep) as rec:
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.randn(32, 7)).square().mean().backward()
            seen.append({name: p.detach().numpy().copy() for name, p in model.named_parameters()})
            optimizer.step()
    return rec.trace, seen


ALL = lw.Keep(every=1, neurons=None)


def bars(scene, stop):
    return [
        mark
        for mark in scene.stop_marks(stop)
        if isinstance(mark, Rectangles)
        and {tuple(fill[:3]) for fill in mark.fill} <= {NEGATIVE[:3], POSITIVE[:3]}
    ]


def test_bars_are_the_histogram_of_the_weights():
    trace, seen = trained(ALL)
    scene = weights(trace, bins=25)
    for stop in range(4):
        drawn = bars(scene, stop)
        assert len(drawn) == 2  # one panel a layer, no biases
        for mark, name in zip(drawn, ("0.weight", "2.weight"), strict=True):
            every = np.stack([each[name] for each in seen])
            edges = np.linspace(every.min(), every.max(), 26, dtype=np.float64)
            counts = [np.histogram(each[name].astype(np.float64), edges)[0] for each in seen]
            highest = max(one.max() for one in counts)
            now = counts[stop]
            tallest = max(m.boxes[:, 3].max() for s in range(4) for m in bars(scene, s)
                          if m.boxes[0, 0] // 900 == mark.boxes[0, 0] // 900)  # fmt: skip
            np.testing.assert_allclose(
                mark.boxes[:, 3], now[now > 0] / highest * tallest, rtol=1e-5
            )


def test_colours_tell_the_sign():
    trace, _ = trained(ALL)
    mark = bars(weights(trace, bins=24), 0)[0]
    negative = [tuple(fill[:3]) == NEGATIVE[:3] for fill in mark.fill]
    assert negative == sorted(negative, reverse=True)
    assert 0 < sum(negative) < len(negative)


def test_each_weight_is_in_a_bin():
    trace, seen = trained(ALL)
    found = read_histograms(trace, ["0.weight", "2.weight"], range(4), 10)
    assert (found.counts.sum(axis=2) == [[280] * 4, [120] * 4]).all()
    assert found.notes == ("280", "120")
    for name, edges in zip(("0.weight", "2.weight"), found.edges, strict=True):
        every = np.stack([each[name] for each in seen])
        assert (edges[0], edges[-1]) == (every.min(), every.max())


def test_what_was_not_kept_is_said():
    trace, _ = trained(lw.Keep(every=2, neurons=5))
    scene = weights(trace)
    assert len(scene.stops) == 2
    said = " ".join(words(scene, 0))
    assert "of 280 kept" in said
    check_words(scene, 0)


def test_summaries_give_mean_and_spread():
    trace, seen = trained(lw.Keep(outputs="nothing", gradients="nothing", weights="summary"))
    bands = read_bands(trace, ["0.weight", "2.weight"], range(4))
    for row, name in enumerate(bands.names):
        own = np.stack([each[name].astype(np.float64).ravel() for each in seen])
        np.testing.assert_allclose(bands.mean[row], own.mean(axis=1), atol=1e-6)
        np.testing.assert_allclose(bands.spread[row], own.std(axis=1), rtol=1e-5)
        np.testing.assert_array_equal(bands.smallest[row], own.min(axis=1))
        np.testing.assert_array_equal(bands.largest[row], own.max(axis=1))
    scene = weights(trace)
    assert any("from summaries" in word for word in words(scene, 0))
    check_words(scene, 3)
    # The line of the mean is where the band, symmetric about it, has its middle.
    mean = vertices(lines(scene, 3, LIGHT.ink)[0])
    band = next(
        mark for mark in scene.stop_marks(3)
        if isinstance(mark, Rectangles) and len(mark.boxes) > 50
    )  # fmt: skip
    middle = band.boxes[:, 1] + band.boxes[:, 3] / 2
    x = band.boxes[:, 0] + band.boxes[:, 2] / 2
    np.testing.assert_allclose(middle, np.interp(x, mean[:, 0], mean[:, 1]), atol=0.01)


def test_weights_that_are_not_finite_are_counted():
    trace = Trace(Header("broken", (Site("fc.weight", "weight", ("unit", "input unit")),)))
    trace.append(Moment("step", {"step": 0}), {"fc.weight": [[1.0, np.nan], [np.inf, 2.0]]})
    scene = weights(trace)
    assert "2 not finite" in words(scene, 0)
    assert read_histograms(trace, ["fc.weight"], [0], 4).counts.sum() == 2


def test_weights_all_equal_have_a_place():
    trace = Trace(Header("flat", (Site("fc.weight", "weight", ("unit",)),)))
    trace.append(Moment("step", {"step": 0}), {"fc.weight": np.zeros(9)})
    scene = weights(trace)
    assert len(bars(scene, 0)) == 1
    check_words(scene, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12, 20, 60])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_words_can_be_read_in_any_number_of_panels(count, theme):
    names = [f"encoder.block{k}.attention.projection.weight" for k in range(count)]
    trace = Trace(Header("many", tuple(Site(name, "weight", ("unit",)) for name in names)))
    rng = np.random.default_rng(0)
    for step in range(2):
        trace.append(Moment("step", {"step": step}), {n: rng.normal(size=50) for n in names})
    scene = weights(trace, theme=theme)
    check_words(scene, 1)
    assert len(bars(scene, 1)) == min(count, 20)
    left_out = any(f"20 of {count} weights" in word for word in words(scene, 1))
    assert left_out == (count > 20)


def test_what_cannot_be_is_refused():
    trace, _ = trained(ALL)
    with pytest.raises(UnknownNameError, match=r"Did you mean '0\.weight'"):
        weights(trace, layers="0.weigth")
    with pytest.raises(InputError, match="2 to 500"):
        weights(trace, bins=1)
    with pytest.raises(UnknownNameError, match="values, summary"):
        weights(trace, of="all")
    with pytest.raises(InputError, match="kept no weights"):
        weights(Trace(Header("empty", (Site("loss", "metric"),))))
    assert len(bars(weights(trace, layers="*"), 0)) == 4
