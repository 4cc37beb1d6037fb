"""Surfaces drawn: contours where the numbers cross them, and all that must be said said."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from chart_checks import check_words, words
from torch import nn

from layerwise.errors import InputError
from layerwise.explain.surface.descent import descent
from layerwise.explain.surface.loss_surface import loss_surface
from layerwise.models.mlp import mlp
from layerwise.scene import Image
from layerwise.trace import Trace
from layerwise.view.principles.surface.contours import (
    Contours,
    clipped,
    iso_segments,
    resized,
)
from layerwise.view.principles.surface.film import loss_surface as draw
from layerwise.view.style import DARK, format_number, format_percent

BOX = (0.0, 0.0, 100.0, 100.0)


def path_trace() -> Trace:
    network = mlp("2-4-2", "tanh", seed=1)
    x = torch.randn(30, 2, generator=torch.Generator().manual_seed(1))
    y = (x[:, 0] > x[:, 1]).long()
    engine = torch.optim.SGD(network.parameters(), lr=0.4)
    states: list[dict[str, Any]] = []
    for _ in range(9):
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        engine.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        engine.step()
    return loss_surface(network, (x, y), plane="path", path=states, points=13)


@pytest.fixture(scope="module")
def trace() -> Trace:
    return path_trace()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("look", ["dark", "light"])
def test_words_can_be_read(trace: Trace, language: str, look: str) -> None:
    scene = draw(trace, theme=look, language=language)
    for stop in range(len(scene.stops)):
        check_words(scene, stop)


def test_variance_and_gap_are_on_the_picture(trace: Trace) -> None:
    scene = draw(trace)
    said = " ".join(words(scene, len(scene.stops) - 1))
    kept, gaps = trace.about["variance kept"], trace["gap", len(trace) - 1]
    assert format_percent(sum(kept)) in said
    assert format_number(float(gaps[np.abs(gaps).argmax()]), 3) in said
    assert "169 of" in said


def test_an_unfinished_surface_says_how_many_points() -> None:
    x, y = torch.randn(8, 2, generator=torch.Generator().manual_seed(2)), [0, 1] * 4
    made = loss_surface(mlp("2-3-2", seed=1), (x, y), plane="random", points=33, budget_s=0.0)
    done = int(made["computed", made.where("loss")[-1]].sum())
    scene = draw(made)
    assert any(f"{done} of" in line for line in words(scene, 0))
    check_words(scene, 0)


def test_what_is_not_finite_is_blank_and_said() -> None:
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    made = loss_surface(
        network, ([[1.0]], [[1.0]]), weights=("0.weight[0, 0]", "1.weight[0, 0]"), points=9,
        low=(-1e155, -1e155), high=(1e155, 1e155),
    )  # fmt: skip
    level = made.where("loss")[-1]
    gone = int((~np.isfinite(made["loss", level])).sum())
    assert gone > 0
    scene = draw(made)
    stop = len(scene.stops) - 1
    assert any(f"{gone} points" in line for line in words(scene, stop))
    (image,) = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Image)]
    assert (np.asarray(image.pixels) == 0).any()


def test_lines_run_where_the_level_is() -> None:
    """On a table of straight slopes, each end of each piece has the level's value exactly."""
    rows, columns = np.indices((20, 30)).astype(float)
    table = (0.3 * columns + 0.7 * rows)[:20, :20]
    ends = iso_segments(table, 5.05)
    values = 0.3 * ends[..., 0] + 0.7 * ends[..., 1]
    np.testing.assert_allclose(values, 5.05, atol=1e-12)
    assert len(ends) > 10


def test_a_circle_closes() -> None:
    """Every end of a piece of a closed line belongs to two pieces; its length is a circle's."""
    y, x = np.mgrid[-1:1:61j, -1:1:61j]
    ends = iso_segments(x**2 + y**2, 0.4931)
    places, counts = np.unique(np.round(ends.reshape(-1, 2), 9), axis=0, return_counts=True)
    assert (counts == 2).all() and len(places) > 40
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum() * 2 / 60
    assert length == pytest.approx(2 * np.pi * np.sqrt(0.4931), rel=2e-3)


def test_bands_have_the_colour_of_their_values() -> None:
    chance = np.random.Generator(np.random.Philox(3))
    table = chance.uniform(3, 10, (7, 7))
    contours = Contours(table, BOX, DARK)
    image = contours.bands()
    assert isinstance(image, Image)
    pixels = np.asarray(image.pixels)
    fine = resized(table, len(pixels), smooth=True)[::-1]
    np.testing.assert_array_equal(pixels, 1 + np.searchsorted(contours.edges, fine, "right"))
    corners = resized(table, 7, smooth=True, ends=True)
    np.testing.assert_allclose(corners, table)


def test_wide_ranges_go_in_powers() -> None:
    table = np.geomspace(1e-3, 1e3, 49).reshape(7, 7)
    contours = Contours(table, BOX, DARK)
    assert contours.log
    assert 5 <= len(contours.edges) <= 10
    assert all(one < other for one, other in pairwise(contours.edges))


def test_paths_are_cut_at_the_box() -> None:
    kept = clipped(np.array([[-50.0, 50.0], [150.0, 50.0], [150.0, 500.0], [50.0, 50.0]]), BOX)
    assert kept[0].tolist() == [0.0, 50.0, 100.0, 50.0]
    assert (kept >= 0).all() and (kept <= 100).all()


def test_other_traces_are_refused() -> None:
    with pytest.raises(InputError, match=r"explain\.loss_surface"):
        draw(descent("bowl", rates=(0.1,), steps=2))
