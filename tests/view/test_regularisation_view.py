"""Pictures of regularisation: each number on them is one of the trace."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.regularisation.augment import augmented
from layerwise.explain.regularisation.dropout import dropout_masks
from layerwise.explain.regularisation.norm import batch_norm_shift
from layerwise.explain.regularisation.runs import WAYS, regularisation
from layerwise.scene import Image, Rectangles, Scene, Text
from layerwise.trace import Header, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.regularisation.augment import augmented as augmented_still
from layerwise.view.principles.regularisation.curves import regularisation as curves
from layerwise.view.principles.regularisation.dropout import dropout_masks as dropout_film
from layerwise.view.principles.regularisation.norm import batch_norm_shift as norm_film
from layerwise.view.principles.regularisation.weights import regularisation_weights
from layerwise.view.style import format_number, format_percent


@pytest.fixture(scope="module")
def sweep() -> Trace:
    return regularisation(samples=30, epochs=3, seeds=2)


def _texts(scene: Scene, stop: int = 0) -> list[str]:
    return [mark.string for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def _readable(scene: Scene) -> None:
    for stop in {0, len(scene.stops) // 2, len(scene.stops) - 1}:
        for text in scene.stop_marks(stop):
            if not isinstance(text, Text):
                continue
            wide = text_width(text.string, text.size, text.weight, text.family)
            left = text.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
            assert text.size >= 16
            assert left >= 0 and left + wide <= 1920.5, text.string


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("together", [False, True])
def test_ends_are_those_of_the_curves(
    sweep: Trace, language: str, metric: str, together: bool
) -> None:
    scene = curves(sweep, metric=metric, together=together, theme="light", language=language)
    _readable(scene)
    said = " ".join(_texts(scene))
    for place in range(len(WAYS)):
        end = float(sweep[f"control {metric}", place][:, -1].mean())
        text = format_percent(end) if metric == "accuracy" else format_number(end, 3)
        assert (text.replace(".", ",") if language == "de" else text) in said


def test_bars_of_weights_are_counts(sweep: Trace) -> None:
    scene = regularisation_weights(sweep)
    _readable(scene)
    bars = [mark for mark in scene.stop_marks(0) if isinstance(mark, Rectangles)]
    assert len(bars) == len(WAYS)
    for place, mark in enumerate(bars):
        spread = format_number(float(sweep["weights", place].std()), 3)
        assert any(spread in text for text in _texts(scene))
        assert mark.refers is not None and mark.refers.moment == place


def test_masks_fill_the_field_step_by_step() -> None:
    trace = dropout_masks(neurons=8, steps=6)
    scene = dropout_film(trace)
    _readable(scene)
    assert len(scene.stops) == 7
    for stop in range(6):
        off = int((trace["mask", stop] == 0).sum())
        assert f"{off} of 8 neurons off" in _texts(scene, stop)
        field = [m for m in scene.stop_marks(stop) if isinstance(m, Image)][-1].pixels
        blue = (field == (0x08, 0x77, 0xBD)).all(axis=2)
        masks = np.stack([trace["mask", m] for m in range(stop + 1)]) > 0
        np.testing.assert_array_equal(blue[: stop + 1], masks)
        assert not blue[stop + 1 :].any()


def test_norm_shows_means_of_the_step() -> None:
    trace = batch_norm_shift(steps=5)
    scene = norm_film(trace, language="de")
    _readable(scene)
    unit = trace.about["unit"]
    for stop in range(5):
        running = format_number(float(trace["running mean", stop][unit]), 2).replace(".", ",")
        assert f"laufend {running}" in _texts(scene, stop)


def test_augmented_images_are_those_of_the_trace() -> None:
    trace = augmented(copies=5)
    scene = augmented_still(trace)
    _readable(scene)
    images = [mark.pixels for mark in scene.stop_marks(0) if isinstance(mark, Image)]
    assert len(images) == 6
    wanted = np.rint(trace["copies", 0][2, 0] * 255)
    np.testing.assert_array_equal(images[3][:, :, 0], wanted)


def test_traces_of_another_kind_are_refused(sweep: Trace) -> None:
    empty = Trace(Header("empty", ()))
    for view in (curves, regularisation_weights, dropout_film, norm_film, augmented_still):
        with pytest.raises(InputError, match="needs another trace"):
            view(empty)
    with pytest.raises(UnknownNameError, match="accuracy"):
        curves(sweep, metric="acuracy")
