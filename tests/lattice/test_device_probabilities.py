"""The exact average on a torch device, against scipy's transforms and against the processor."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import fft

from layerwise.lattice.device.cosines import DeviceDiffusion, dct, idct
from layerwise.lattice.diffusion import Diffusion

SHAPES = [(1, 1), (1, 7), (2, 3), (30, 41), (64, 33), (1, 1, 1), (5, 6, 7)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 30, 31, 100, 101])
def test_cosines_are_those_of_scipy(size):
    values = np.random.default_rng(size).random((3, size, 2))
    there = torch.from_numpy(values)
    assert np.abs(dct(there, 1).numpy() - fft.dct(values, axis=1)).max() < 1e-13 * size
    assert np.abs(idct(there, 1).numpy() - fft.idct(values, axis=1)).max() < 1e-14 * size


@pytest.mark.parametrize("layers", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_average_agrees_to_twelve_digits(shape, lazy, layers):
    random = np.random.default_rng(1)
    maps = (random.random((3, *shape)) < 0.3).astype(float)
    cells = np.stack([random.integers(0, side, 5) for side in shape], axis=1)
    here = Diffusion(maps, lazy=lazy)
    there = DeviceDiffusion(maps, lazy=lazy, place=torch.device("cpu"))
    found = there.after(layers)
    assert found.dtype == np.float64
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.abs(found - here.after(layers)).max() < 1e-12
    assert np.array_equal(there.at(layers, cells), found[:, *cells.T])
