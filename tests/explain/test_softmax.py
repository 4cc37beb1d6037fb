"""Softmax and its terms against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from layerwise.errors import InputError
from layerwise.explain.convolution.softmax import softmax


@pytest.mark.parametrize("seed", range(10))
def test_equal_to_scipy_at_every_temperature(seed: int) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.normal(scale=10.0 ** chance.integers(-2, 4), size=int(chance.integers(2, 30)))
    heats = [0.5, 1.0, 4.0]
    trace = softmax(scores, temperature=heats)
    for number, heat in enumerate(heats):
        wanted = scipy.special.softmax(scores / heat)
        np.testing.assert_allclose(trace["probabilities", number], wanted, rtol=1e-12, atol=0)
        powers = trace["exponentials", number]
        np.testing.assert_array_equal(powers, np.exp(trace["shifted", number]))
        assert trace["sum", number] == powers.sum()
        np.testing.assert_array_equal(trace["probabilities", number], powers / powers.sum())


def test_scores_too_large_for_plain_exponentials() -> None:
    trace = softmax([1000.0, 999.0])
    assert np.isinf(trace["unshifted exponentials", 0]).all()
    np.testing.assert_allclose(trace["probabilities", 0], [1 / (1 + np.e**-1), 1 / (1 + np.e)])


@pytest.mark.parametrize(
    ("scores", "options", "said"),
    [
        ([1.0], {}, "from 2"),
        ([[1.0, 2.0]], {}, "from 2"),
        (["a", "b"], {}, "from 2"),
        ([1.0, float("nan")], {}, "finite"),
        ([1.0, 2.0], {"temperature": 0}, "above zero"),
        ([1.0, 2.0], {"temperature": -1}, "above zero"),
        ([1.0, 2.0], {"names": ["a"]}, "name for each"),
    ],
)
def test_what_cannot_be(scores: object, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as raised:
        softmax(scores, **options)  # type: ignore[arg-type]
    assert said in str(raised.value)
