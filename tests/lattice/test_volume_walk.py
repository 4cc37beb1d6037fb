"""The averages and the walk in volumes, against loops and the walk's own matrix."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.lattice.diffusion import Diffusion, anchored_average, eigenvalues
from layerwise.lattice.volume_walk import VolumeWalk

STEPS = [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)]


def walk_matrix(shape):
    """One step of the walk, cell by cell: (from, to)."""
    step = np.zeros((np.prod(shape), np.prod(shape)))
    for here in np.ndindex(shape):
        start = np.ravel_multi_index(here, shape)
        step[start, start] += 0.25
        for move in STEPS:
            there = np.clip(np.add(here, move), 0, np.subtract(shape, 1))
            step[start, np.ravel_multi_index(tuple(there), shape)] += 0.125
    return step


@pytest.mark.parametrize("layers", [0, 1, 2, 9, 40])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (1, 5, 2), (6, 1, 3)], ids=str)
def test_averages_are_powers_of_the_walk(shape, layers):
    random = np.random.default_rng(0)
    maps = random.random((2, *shape))
    power = np.linalg.matrix_power(walk_matrix(shape), layers)
    expected = (power @ maps.reshape(2, -1).T).T.reshape(maps.shape)
    average = Diffusion(maps, lazy=True)
    assert np.abs(average.after(layers) - expected).max() < 1e-12
    anchors = random.random(shape) < 0.4
    kept = np.where(anchors.reshape(-1)[:, None], np.eye(len(power)), walk_matrix(shape))
    held = np.linalg.matrix_power(kept, layers) @ maps.reshape(2, -1).T
    found = anchored_average(maps, anchors, layers, lazy=True)
    assert np.abs(found.reshape(2, -1) - held.T).max() < 1e-12


def test_eigenvalues_are_those_of_the_walk():
    expected = np.linalg.eigvalsh(walk_matrix((2, 3, 4)))
    found = np.sort(eigenvalues((2, 3, 4), True).reshape(-1))
    assert np.abs(found - expected).max() < 1e-12
    # No chequerboard lasts: even the fastest change fades by half in each layer.
    assert eigenvalues((200, 200, 200), True).min() > -0.5


@pytest.mark.parametrize("layers", [1, 30, 4000])
def test_single_cells_are_those_of_the_whole(layers):
    maps = np.random.default_rng(1).random((2, 14, 9, 20))
    cells = np.array([[0, 0, 0], [13, 8, 19], [5, 2, 11]])
    average = Diffusion(maps, lazy=True)
    assert np.abs(average.at(layers, cells) - average.after(layers)[:, *cells.T]).max() < 1e-12


@pytest.mark.parametrize("layers", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("shape", [(3, 4, 2), (1, 6, 1), (2, 2, 5), (1, 1, 1)], ids=str)
def test_own_shares_equal_the_power_of_the_walk(shape, layers):
    random = np.random.default_rng(2)
    cells = np.argwhere(random.random(shape) < 0.4)
    cells = cells if len(cells) else np.zeros((1, 3), np.int64)
    origins = random.integers(-1, len(cells), shape).astype(np.int32)
    power = np.linalg.matrix_power(walk_matrix(shape), layers)
    share = VolumeWalk(shape).shares(layers, origins, cells)
    for number, cell in enumerate(cells):
        territory = origins.reshape(-1) == number
        expected = power[np.ravel_multi_index(tuple(cell), shape), territory].sum()
        assert abs(share[number] - expected) < 1e-12


@pytest.mark.parametrize("layers", [3, 40])
def test_a_walk_that_comes_less_far_has_a_smaller_table(layers):
    shape = (90, 40, 70)
    cells = np.array([[0, 0, 0], [45, 20, 35], [89, 39, 69], [2, 37, 60]])
    origins = np.random.default_rng(0).integers(-1, 4, shape).astype(np.int32)
    walk = VolumeWalk(shape)
    assert walk.after(layers).size < 0.6 * np.prod(shape)
    share = walk.shares(layers, origins, cells)
    starts = np.zeros((4, *shape))
    starts[np.arange(4), *cells.T] = 1  # the walk is symmetric: from the cell or to the cell
    ends = Diffusion(starts, lazy=True).after(layers)
    expected = [ends[number][origins == number].sum() for number in range(4)]
    assert np.abs(share - expected).max() < 1e-12


def test_the_walk_is_a_probability():
    # On the torus each distance but none and the farthest stands for two places an axis.
    for layers in (0, 1, 5, 900):
        table = VolumeWalk((5, 8, 3)).after(layers)
        for axis, side in enumerate(table.shape):
            times = np.full(side, 2.0)
            times[[0, -1]] = 1
            table = table * times.reshape([-1 if k == axis else 1 for k in range(3)])
        assert abs(table.sum() - 1) < 1e-12
