"""Summaries against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layerwise.record.summary import STATISTICS, statistics_of

TYPES = {"float32": torch.float32, "float64": torch.float64, "float16": torch.float16,
         "bfloat16": torch.bfloat16}  # fmt: skip


def expected(tensor: torch.Tensor) -> np.ndarray:
    values = tensor.detach().float().double().numpy().ravel()
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.array([np.nan] * 5 + [values.size])
    return np.array([finite.mean(), np.sqrt(max((finite**2).mean() - finite.mean() ** 2, 0)),
                     finite.min(), finite.max(), (finite == 0).mean(),
                     values.size - finite.size])  # fmt: skip


def check(tensor: torch.Tensor) -> None:
    found, wanted = statistics_of([tensor])[0].astype(np.float64), expected(tensor)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    if np.isnan(found[0]):
        assert found[5] == wanted[5]
        return
    values = tensor.detach().float().double().numpy().ravel()
    finite = values[np.isfinite(values)]
    size, square = np.abs(finite).mean(), (finite**2).mean()
    tiny = 1e-37
    assert abs(found[0] - wanted[0]) <= 2e-6 * size + tiny
    # the mean square is within 1e-6 of itself, so the variance is, of the mean square
    variance = wanted[1] ** 2
    assert abs(found[1] ** 2 - variance) <= 6e-6 * square + tiny
    np.testing.assert_array_equal(found[2:4], wanted[2:4].astype(np.float32))
    np.testing.assert_allclose(found[4], wanted[4], rtol=1e-6)
    assert found[5] == wanted[5]


@pytest.mark.parametrize("dtype", TYPES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    size=st.integers(0, 5000),
    seed=st.integers(0, 1 << 20),
    scale=st.sampled_from([1e-3, 1.0, 100.0]),
    offset=st.sampled_from([0.0, -3.0, 50.0]),
)
def test_any_size(dtype, size, seed, scale, offset):  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    check((torch.randn(size, generator=generator) * scale + offset).to(TYPES[dtype]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    arrays(
        np.float32,
        st.integers(0, 40),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)
def test_any_numbers(values):  # fmt: skip
    tensor = torch.from_numpy(values)
    found, wanted = statistics_of([tensor])[0], expected(tensor)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found[2:4], wanted[2:4].astype(np.float32))
    assert found[5] == wanted[5]
    assert np.isnan(found[0]) == np.isnan(wanted[0])


ODD = {
    "not a number": torch.tensor([1.0, float("nan"), -2.0]),
    "infinite": torch.tensor([float("inf"), -float("inf"), 0.5]),
    "only broken": torch.tensor([float("nan")] * 3),
    "huge": torch.full((700,), 3e38),
    "huge and tiny": torch.tensor([3e38, 1e-38, -3e38]),
    "denormal": torch.full((600,), 1e-41),
    "zeros": torch.zeros(1000),
    "minus zero": torch.tensor([-0.0, 0.0, 1.0]),
    "transposed": torch.arange(12.0).reshape(3, 4).T,
    "every second": torch.arange(1000.0)[::2],
    "expanded": torch.tensor([[2.0]]).expand(3, 5),
    "single": torch.tensor(4.0),
    "double": torch.linspace(-1, 1, 2001, dtype=torch.float64),
    "empty": torch.zeros(0, 5),
    "learning": torch.ones(5, requires_grad=True),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_ones(name):
    check(ODD[name])


def test_the_names():
    assert STATISTICS == ("mean", "standard deviation", "smallest", "largest", "share of zeros",
                          "not finite")  # fmt: skip
    assert statistics_of([torch.tensor([0.0, 2.0, float("nan")])]).tolist() == [
        [1.0, 1.0, 0.0, 2.0, 0.5, 1.0]
    ]


@pytest.mark.parametrize("scale", [1e-12, 1e-16, 1e-18, 1e-20, 1e-25, 1e-30, 1e-35])
def test_small_numbers_keep_their_spread(scale):
    tensor = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * scale
    found, wanted = statistics_of([tensor])[0].astype(np.float64), expected(tensor)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-5)
    assert abs(found[0] - wanted[0]) <= 2e-6 * scale
