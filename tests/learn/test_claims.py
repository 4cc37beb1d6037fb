"""What the chapters say in words holds for what they compute: each claim that could turn untrue."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from layerwise.explain.convolution.kernels import kernel as read_kernel
from layerwise.explain.one_thread import one_thread
from layerwise.explain.regularisation import batch_norm_shift, regularisation
from layerwise.explain.slopes.local_derivatives import local_derivatives
from layerwise.explain.surface.descent import descent
from layerwise.explain.sweep import sweep
from layerwise.language import words
from layerwise.learn import decision, downhill, learning
from layerwise.learn import regularisation as remedies
from layerwise.learn.more_sweeps import measured
from layerwise.models import four_pixel
from layerwise.models.activations import activation
from layerwise.trace import Trace

# Downhill


def walks(*given: Any, **options: Any) -> list[np.ndarray]:
    """The paths (step, xy) of every walk, on a surface without a map."""
    trace = descent(*given, points=2, **options)
    return [trace.series(f"path {n}")[1] for n in range(len(trace.about["runs"]))]


def test_two_weights_have_two_minima_and_a_pass_between_them() -> None:
    network, (x, y) = downhill.two_weight_network()

    def height(place: torch.Tensor) -> torch.Tensor:
        return ((place[1] * torch.tanh(place[0] * x) - y) ** 2).mean()

    best = torch.tensor(downhill.TRUTH, dtype=torch.float64)
    assert height(best) == height(-best) == 0
    origin = torch.zeros(2, dtype=torch.float64)
    bends = torch.linalg.eigvalsh(torch.autograd.functional.hessian(height, origin))
    assert bends[0] < 0 < bends[1]
    assert [np.sign(a * b) for a, b in zip(downhill.START, downhill.TRUTH, strict=True)] == [1, -1]
    (path,) = walks(
        network, (x, y), rates=(0.12,), start=downhill.START, steps=90, low=(-3, -3), high=(3, 3)
    )
    assert np.abs(path[-1] - downhill.TRUTH).max() < 0.05


def test_the_three_rates_are_slow_swinging_and_never_arriving() -> None:
    small, right, large = walks("ravine", rates=downhill.RATES, steps=downhill.STEPS)
    assert (np.diff(np.abs(small), axis=0) < 0).all() and (small[:, 1] > 0).all()
    assert (right[1:, 1] * right[:-1, 1] < 0).all()
    assert np.linalg.norm(right[-1]) < 0.02 < np.linalg.norm(small[-1])
    assert (large[1:, 1] * large[:-1, 1] < 0).all()
    assert (np.diff(np.abs(large[:, 1])) > 0).all()
    assert 5 * large[-1, 1] ** 2 > 5 * large[0, 1] ** 2 + 0.5 * large[0, 0] ** 2


def test_momentum_finds_the_deeper_valley_here_and_elsewhere_misses_it() -> None:
    asked: dict[str, Any] = {"optimizer": ("SGD", "momentum"), "rates": 0.05, "steps": 60}
    plain, ball = walks("two valleys", start=(1.7, 1.4), **asked)
    assert (plain[:, 0] > 0).all() and ball[-1, 0] < -0.9
    asked["steps"] = 200
    plain, ball = walks("two valleys", start=(1.4, 1.0), **asked)
    assert plain[-1, 0] > 0.9 and ball[-1, 0] > 0.9


def test_a_saddle_slows_a_walk_and_holds_one_on_its_ridge() -> None:
    asked: dict[str, Any] = {"optimizer": ("SGD", "Adam"), "rates": 0.1, "steps": 60}
    plain, adam = walks("saddle", **asked)
    steps = [np.linalg.norm(np.diff(path, axis=0), axis=1) for path in (plain, adam)]
    slowest = int(steps[0][:40].argmin())
    assert (np.diff(steps[0][:slowest]) < 0).all()
    assert (np.diff(np.abs(plain[:40, 1])) > 0).all()
    assert min(steps[1][:30]) / max(steps[1]) > 5 * min(steps[0][:30]) / max(steps[0])
    assert (np.abs(adam[:, 1]) > 1).argmax() < (np.abs(plain[:, 1]) > 1).argmax()
    (held, _) = walks("saddle", start=(-2.0, 0.0), **asked)
    assert (held[:, 1] == 0).all() and abs(held[-1, 0]) < 1e-4


def test_the_order_of_a_race_changes_with_the_landscape() -> None:
    orders = []
    for surface in ("beale", "ravine"):
        trace = descent(
            surface, optimizer=tuple(downhill.RACE), rates=downhill.RACE,
            steps=downhill.RACE_STEPS, points=2,
        )  # fmt: skip
        losses = [trace.series(f"loss {n}")[1] for n in range(6)]
        orders.append([int(n) for n in np.argsort([own[-1] for own in losses])])
        if surface == "beale":
            assert (np.diff(losses[0]) < 0).all()  # straight down
            assert np.diff(losses[1]).max() > 0  # in swings
    assert orders[0] != orders[1]


# What one neuron can decide


@pytest.fixture(scope="module")
def made() -> Any:
    with one_thread():
        found = decision._Figures(words("en"), "light", decision._SPIRAL)
        assert found.counts is not None
    return found


def test_no_line_parts_four_clouds_and_a_trained_one_is_nowhere_sure(made: Any) -> None:
    best = decision.best_line(*made.corners)
    assert best == 0.75
    assert made.accuracies(0).max() < best
    losses = made.counts.series("training loss")[1][: decision._SEEDS]
    assert np.abs(losses - math.log(2)).max() < 1e-3
    sure = made.trained(0, made.solved(0))["probabilities", 0]
    assert np.abs(sure - 0.5).max() < 0.1


def test_clouds_that_overlap_are_parted_by_no_line(made: Any) -> None:
    (_, figure) = made.line()
    assert "the best of all lines gets 100" not in figure.caption
    assert "gets 9" in figure.caption


def test_most_trainings_that_fail_are_stuck_and_more_neurons_make_them_rarer(made: Any) -> None:
    solved = [int((made.accuracies(width) == 1).sum()) for width in decision._WIDTHS]
    assert solved == sorted(solved) and solved[0] < solved[-1]
    stuck = failed = 0
    for width in decision._WIDTHS:
        seeds = np.flatnonzero(made.accuracies(width) < 1).tolist()
        failed += len(seeds)
        options = {**decision._XOR, "epochs": 240}
        with one_thread():
            longer = sweep(decision._network, made.corners, [width], seeds=seeds, **options)
        stuck += int((longer.series("training accuracy")[1] < 1).sum())
    assert failed > 4 and stuck > failed / 2


def test_four_neurons_begin_badly_and_end_with_every_point_right(made: Any) -> None:
    with one_thread():
        trace = made.trained(4, made.solved(4), every=3)
    right = trace.series("accuracy")[1]
    assert right[0] < 0.9 and right[-1] == 1


def test_the_second_layer_of_the_spiral_sees_more_than_lines() -> None:
    with one_thread():
        found = decision._Figures(words("en"), "light", decision._SPIRAL)
        trace = found.spiral_trace()
    last = len(trace) - 1
    assert trace["accuracy", last] > 0.95

    def pieces(name: str) -> list[int]:
        """Into how many parts of one sign each neuron's map falls."""
        return [
            sum(int(ndimage.label(side)[1]) for side in (one > 0, one <= 0))
            for one in trace[name, last]
        ]

    assert max(pieces("maps 1")) <= 2
    assert max(pieces("maps 2")) > 2


# Do more neurons help


def medians(key: str, site: str = "control accuracy") -> np.ndarray:
    trace = measured(key)
    table = trace.series(site)[1].reshape(len(trace.about["values"]), -1)
    return np.asarray(np.nanmedian(table, axis=1))


def test_what_more_neurons_bring_and_do_not() -> None:
    width, depth, digits = (medians(key) for key in ("width", "depth", "digits"))
    assert np.diff(width[3:]).max() < 0.05  # every doubling brings little
    assert digits[-1] - digits[-2] < 0.01  # at the end only a little
    assert medians("digits", "training accuracy")[-1] - digits[-1] > 0.01  # the gap stays
    for one in (width, digits):
        assert one[-1] > one.max() - 0.01  # no harm
    enough = int(np.flatnonzero(depth >= depth.max() - 0.01)[0])
    assert medians("depth", "parameters")[enough] < medians("width", "parameters")[-1]
    assert depth[enough] > width.max()
    spread = np.ptp(measured("width").series("control accuracy")[1].reshape(-1, 10), axis=1)
    assert spread[-1] > 0  # does not vanish


# Learning


def test_the_way_back_takes_no_more_than_twice_the_way_forward() -> None:
    trace = learning._Learning(words("en"), "light", learning.GIVEN).nudged
    for moment in trace.where("weights"):
        passes = float(trace["passes nudged", moment])
        assert passes == 2 * float(trace["weights", moment])
        forward = float(trace["multiplications nudged", moment]) / passes
        assert forward < float(trace["multiplications backpropagated", moment]) <= 3 * forward
        assert float(trace["network difference", moment]) < 1e-9  # rounding


def test_the_slope_of_the_graph_is_autograds() -> None:
    trace = local_derivatives(learning.EXPRESSION, **learning.VALUES)
    w, x, b, y = (
        torch.tensor(learning.VALUES[name], dtype=torch.float64, requires_grad=True)
        for name in "wxby"
    )
    ((torch.tanh(w * x + b) - y) ** 2).backward()  # type: ignore[no-untyped-call]
    assert w.grad is not None
    found = {
        trace.about["nodes"][int(trace.moments[moment].at["node"])]["name"]: moment
        for moment in trace.where("slope")
    }
    assert float(trace["slope", found["w"]]) == float(w.grad)


# Four pixels


def test_each_pixel_reaches_a_neuron_of_k_on_one_way_only() -> None:
    first, second = (layer.weight.detach().abs() for layer in (four_pixel().h, four_pixel().k))
    assert set((second @ first).unique().tolist()) <= {0, 1}


def test_the_logistic_function_answers_to_grey() -> None:
    grey = torch.zeros(1, 4)
    with torch.no_grad():
        assert float(four_pixel("sigmoid")(grey).max()) > 0.1
        assert float(four_pixel()(grey).abs().max()) == 0


# Convolution


def test_kernels_do_what_the_table_says() -> None:
    picture = np.random.default_rng(0).normal(size=(3, 3))
    middle = picture[1, 1]
    beside = picture[0, 1] + picture[2, 1] + picture[1, 0] + picture[1, 2]

    def of(name: str) -> float:
        return float((np.squeeze(read_kernel(name).values) * picture).sum())

    assert of("blur") == pytest.approx(picture.mean())
    assert of("sharpen") == pytest.approx(5 * middle - beside)
    assert of("laplacian") == pytest.approx(beside - 4 * middle)
    rows, columns = np.mgrid[-1:2, -1:2]
    for name, way in (("sobel", columns), ("sobel-down", rows)):
        values = np.squeeze(read_kernel(name).values)
        assert (np.sign(values) == np.sign(way)).all()
    edges = np.squeeze(read_kernel("edges").values)
    assert edges.sum() == 0 and len(set(np.delete(edges.ravel(), 4))) == 1
    assert edges[1, 1] * edges[0, 0] < 0
    emboss = np.squeeze(read_kernel("emboss").values)
    assert emboss[1, 1] == 1 and (emboss + emboss[::-1, ::-1])[0, 0] == 0
    gaussian = np.squeeze(read_kernel("gaussian").values)
    assert gaussian.sum() == pytest.approx(1)
    assert gaussian[1, 1] > gaussian[0, 1] > gaussian[0, 0] > 0


# A neuron


@pytest.mark.parametrize("name", ["leaky-relu", "elu", "gelu", "silu"])
def test_relatives_of_relu_keep_a_slope_left_of_zero(name: str) -> None:
    x = torch.linspace(-2, -0.01, 50, requires_grad=True)
    activation(name)(x).sum().backward()
    assert x.grad is not None and bool((x.grad != 0).any())


# Regularisation


@pytest.fixture(scope="module")
def trained() -> Trace:
    """The chapter's own trainings, of two of its ways."""
    return regularisation(
        ways=("nothing", "weight decay"), seeds=remedies._SEEDS, epochs=remedies._EPOCHS
    )


def test_without_help_a_network_learns_wrong_labels_by_heart(trained: Trace) -> None:
    control, training = trained["control loss", 0].mean(0), trained["training loss", 0].mean(0)
    assert control.argmin() < remedies._EPOCHS / 2 and control[-1] > 1.2 * control.min()
    assert training[-1] < training[int(control.argmin())]
    right = float(trained["training accuracy", 0][:, -1].mean())
    assert right > 1 - trained.about["wrong"] / trained.about["samples"]


def test_weight_decay_keeps_weights_small_at_a_price(trained: Trace) -> None:
    plain, decayed = (trained["weights", way].std() for way in (0, 1))
    assert decayed < plain
    ends = [trained["training accuracy", way][:, -1].mean() for way in (0, 1)]
    assert ends[1] < ends[0]


def test_a_running_mean_starts_at_nothing_and_arrives() -> None:
    trace = batch_norm_shift()
    unit, last = int(trace.about["unit"]), len(trace) - 1
    share = float(trace.about["momentum"])
    first = float(trace["running mean", 0][unit])
    assert first == pytest.approx(share * float(trace["batch mean", 0][unit]), rel=1e-4)
    means = [float(trace["batch mean", moment][unit]) for moment in range(len(trace))]
    late = float(trace["running mean", last][unit])
    assert abs(late - np.mean(means)) < abs(first - np.mean(means))
