"""Learning curves: the lines are those of the histories, the bands their spread."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from chart_checks import check_words, lines, vertices, words
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Discs, Rectangles
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.view.charts.learning import learning_curves
from layerwise.view.palette import class_colors
from layerwise.view.style import LIGHT, format_number, format_percent


def trace(losses, accuracies=None, name="made up", first=1):
    sites = [Site("control loss", "metric")]
    sites += [Site("control accuracy", "metric")] if accuracies is not None else []
    made = Trace(Header(name, tuple(sites)))
    for epoch, loss in enumerate(losses):
        values = {"control loss": loss}
        if accuracies is not None:
            values["control accuracy"] = accuracies[epoch]
        made.append(Moment("epoch", {"epoch": epoch + first}), values)
    return made


def test_a_line_is_the_column_of_the_history():
    X, y = load_iris(return_X_y=True)
    run = lw.fit(
        "mlp 8",
        ((X[::2], y[::2]), (X[1::2], y[1::2])),
        epochs=6,
        learning_rate=0.01,
        progress=False,
        keep=None,
    )
    scene = learning_curves(run)
    assert [stop.label for stop in scene.stops] == [f"epoch {k}" for k in range(1, 7)]
    for at, column in enumerate(("control loss", "control accuracy")):
        values = run.history[column]
        points = vertices(lines(scene, 5, LIGHT.ink)[at])
        # The scale is even: pixels and values must be one straight line.
        slope, start = np.polyfit(values, points[:, 1], 1)
        np.testing.assert_allclose(points[:, 1], slope * values + start, atol=1e-3)
        assert slope < 0
    said = words(scene, 5)
    assert format_number(run.history["control loss"][-1]) in " ".join(said)
    assert format_percent(run.history["control accuracy"][-1]) in " ".join(said)


def test_only_what_has_happened_is_drawn():
    scene = learning_curves(trace([3, 2, 1, 0.5]))
    assert len(vertices(lines(scene, 2, LIGHT.ink)[0])) == 3
    assert " 1.00" in words(scene, 2)


def test_several_seeds_are_a_median_and_a_band():
    rng = np.random.default_rng(0)
    values = rng.uniform(0.2, 0.9, (5, 8))
    scene = learning_curves({"five seeds": [trace(row) for row in values]})
    points = vertices(lines(scene, 7, LIGHT.ink)[0])
    medians = [median(column) for column in values.T]
    slope, start = np.polyfit(medians, points[:, 1], 1)
    np.testing.assert_allclose(points[:, 1], slope * np.array(medians) + start, atol=1e-3)
    band = next(mark for mark in scene.stop_marks(7) if isinstance(mark, Rectangles))
    x = band.boxes[:, 0] + band.boxes[:, 2] / 2
    low = np.interp(x, points[:, 0], slope * values.min(axis=0) + start)
    high = np.interp(x, points[:, 0], slope * values.max(axis=0) + start)
    np.testing.assert_allclose(band.boxes[:, 1], high, atol=0.02)
    np.testing.assert_allclose(band.boxes[:, 1] + band.boxes[:, 3], low, atol=0.02)
    assert any("median of 5 runs; band: least to greatest" in word for word in words(scene, 0))


def test_seeds_of_different_length_are_compared_where_all_are():
    scene = learning_curves({"two": [trace([3, 2, 1]), trace([5, 4])]})
    assert len(vertices(lines(scene, len(scene.stops) - 1, LIGHT.ink)[0])) == 2


def test_the_constant_guess_is_that_of_scikit_learn():
    data = lw.data.drawings(per_kind=40)
    run = lw.fit("mlp 4", data, epochs=2, progress=False, keep=None)
    learned, judged = run.parts.training, run.parts.control
    guess = DummyClassifier().fit(np.zeros((len(learned), 1)), learned.labels)
    wanted = guess.score(np.zeros((len(judged), 1)), judged.labels)
    scene = learning_curves(run)
    assert f"constant guess {format_percent(wanted)}" in words(scene, 1)
    dots = [m for m in scene.stop_marks(1) if isinstance(m, Discs) and len(m.centers) > 20]
    assert len(dots) == 1
    # Named by hand it is the same; without a data set there is none.
    assert "constant guess 25.0\u2009%" in words(learning_curves(run, constant_guess=0.25), 1)
    bare = trace([2, 1], [0.5, 0.6])
    assert not any("constant" in word for word in words(learning_curves(bare), 1))


def test_names_stand_at_line_ends_in_their_colours():
    runs = {f"run {k}": trace([1 + k, 0.5 + k / 100], [0.3, 0.9 - k / 100]) for k in range(6)}
    scene = learning_curves(runs)
    check_words(scene, 1)
    colors = class_colors(6)
    for k in range(6):
        assert len(lines(scene, 1, colors[k])) == 2
        assert any(word.startswith(f"run {k} ") for word in words(scene, 1))


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_words_can_be_read(count, scale, theme):
    rng = np.random.default_rng(1)
    runs = {
        f"a run with quite a long name, learning rate 0.00{k}": trace(
            rng.uniform(1e-4, 9, 30), rng.uniform(0, 1, 30)
        )
        for k in range(count)
    }
    scene = learning_curves(runs, scale=scale, theme=theme, constant_guess=0.4)
    for stop in (0, 11, 29):
        check_words(scene, stop)
    tall = learning_curves(runs, size=(1080, 1920))
    check_words(tall, 29)


def test_what_is_not_finite_is_a_gap_and_said():
    scene = learning_curves(trace([1.0, np.nan, 0.5, np.inf]))
    assert len(lines(scene, 3, LIGHT.ink)[0]) == 2  # two lone points
    assert " not finite" in words(scene, 3)
    assert any("gaps: not a finite number" in word for word in words(scene, 3))
    check_words(learning_curves(trace([np.nan, np.nan])), 1)


def test_steps_of_a_hand_written_loop():
    made = Trace(Header("steps", (Site("loss", "metric"),)))
    for step in range(500):
        made.append(Moment("step", {"step": step}), {"loss": 1 / (step + 1)})
    scene = learning_curves(made, scale="log")
    assert len(scene.stops) == 120
    assert scene.stops[-1].label == "step 499"
    assert len(vertices(lines(scene, 119, LIGHT.ink)[0])) > 200  # every step, whatever the stops


def test_what_cannot_be_is_refused():
    good = trace([1, 2])
    with pytest.raises(UnknownNameError, match="Did you mean 'control loss'"):
        learning_curves(good, loss="contol loss")
    with pytest.raises(UnknownNameError, match="linear, log"):
        learning_curves(good, scale="cubic")
    with pytest.raises(InputError, match="0 to 1"):
        learning_curves(good, constant_guess=30)
    with pytest.raises(InputError, match="At most 10"):
        learning_curves({str(k): good for k in range(11)})
    with pytest.raises(InputError, match="in common"):
        learning_curves(Trace(Header("empty", (Site("loss", "metric"),))))
    with pytest.raises(InputError, match="needs a run"):
        learning_curves({"nothing": []})
    with pytest.raises(InputError, match="no epoch in common"):
        learning_curves({"two": [trace([1, 2]), trace([1, 2], first=7)]})
