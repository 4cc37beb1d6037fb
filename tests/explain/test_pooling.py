"""Pooling against PyTorch, and the cells that won."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.convolution.pooling import pooling


@pytest.mark.parametrize("seed", range(15))
def test_equal_to_torch(seed: int) -> None:
    chance = np.random.default_rng(seed)
    picture = chance.integers(0, 6, (2, *chance.integers(5, 12, 2))).astype(float)
    size, stride = (tuple(int(n) for n in chance.integers(1, 4, 2)) for _ in range(2))
    given = torch.from_numpy(picture)[None]
    most, where = functional.max_pool2d(given, size, stride, return_indices=True)
    trace = pooling(picture, size, stride=stride, channel=1)
    np.testing.assert_array_equal(trace["output", 0], most[0].numpy())
    winner = trace["winner", 0]
    flat = winner[..., 0] * picture.shape[2] + winner[..., 1]
    np.testing.assert_array_equal(flat, where[0].numpy())
    mean = pooling(picture, size, stride=stride, kind="mean")
    wanted = functional.avg_pool2d(given, size, stride)[0].numpy()
    np.testing.assert_allclose(mean["output", 0], wanted, rtol=0, atol=1e-12)
    for number, moment in enumerate(trace.moments[1:], start=1):
        at = (1, int(moment.at["row"]), int(moment.at["column"]))
        assert trace["window", number].max() == trace["value", number] == trace["output", 0][at]


def test_what_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="max"):
        pooling(np.ones((4, 4)), kind="maxx")
    with pytest.raises(InputError, match="larger than the picture"):
        pooling(np.ones((2, 2)), 3)
    with pytest.raises(InputError, match="stride"):
        pooling(np.ones((4, 4)), stride=0)
