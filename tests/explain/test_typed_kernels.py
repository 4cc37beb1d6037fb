"""Kernels by name, typed in and from numbers."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.explain.convolution.kernels import NAMED, kernel, kernel_names


@pytest.mark.parametrize("name", kernel_names())
def test_each_named_kernel_keeps_or_removes_flat_brightness(name: str) -> None:
    total = kernel(name).values.sum()
    wanted = 0 if name in ("edges", "sobel", "sobel-down", "laplacian") else 1
    assert total == pytest.approx(wanted, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0 -1 0; -1 5 -1; 0 -1 0", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("0,-1,0\n-1,5,-1\n0,-1,0", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("1/9 * 1 1 1; 1 1 1; 1 1 1", np.full((3, 3), 1 / 9)),
        ("1/16 × [1 2 1; 2 4 2; 1 2 1]", np.outer([1, 2, 1], [1, 2, 1]) / 16),
        (".5 −2.25 1e-3", [[0.5, -2.25, 1e-3]]),
        ("1/3;\n2/3;", [[1 / 3], [2 / 3]]),
        (" Blur ", np.full((3, 3), 1 / 9)),
    ],
)
def test_what_is_typed_is_what_is_meant(text: str, wanted: object) -> None:
    np.testing.assert_array_equal(kernel(text).values, np.asarray(wanted, float))


def test_fractions_stay_as_they_were_written() -> None:
    assert kernel("gaussian").written[0] == ("1/16", "1/8", "1/16")
    assert kernel("1/4 * 1 2; 3 4").written == (("1/4", "1/2"), ("3/4", "1"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0 -1; a 5", "'a'"),
        ("0 -1 0; -1 5", "equally long"),
        ("1/0 1", "not a number"),
        ("nan 1", "'nan'"),
        ("inf", "'inf'"),
        ("1e999 1", "1e999"),
        ("", "no numbers"),
        (" ; ; ", "no numbers"),
        ([], "no numbers"),
        ([[1, 2], [3]], "equally long"),
        ([[1, float("nan")]], "finite"),
        (3.5, "rows of numbers"),
        (None, "rows of numbers"),
        ([["a"]], "rows of numbers"),
        (np.zeros((65, 2)), "At most 64"),
        ("1 " * 65, "At most 64"),
        ("1 " * 30_000, "too long"),
    ],
)
def test_what_is_no_kernel_is_said_plainly(given: object, said: str) -> None:
    with pytest.raises(InputError) as raised:
        kernel(given)
    assert said in str(raised.value)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(UnknownNameError, match="sharpen"):
        kernel("sharpenn")
    assert "emboss" in NAMED
