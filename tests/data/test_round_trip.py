"""Any table of finite numbers and named classes comes back from a file as it was."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data import load
from layerwise.data.columns import MISSING_TEXT

LETTERS = st.characters(
    exclude_categories=("Cs", "Cc", "Cf", "Co", "Cn", "Z"), exclude_characters=";|"
)
NAMES = st.text(LETTERS, min_size=1, max_size=8)
CLASS_NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(
    lambda name: name not in MISSING_TEXT and not any(letter in "0123456789" for letter in name)
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    rows = draw(st.integers(2, 12))
    frame = {name: draw(st.lists(NUMBERS, min_size=rows, max_size=rows)) for name in names[:-1]}
    classes = draw(st.lists(CLASS_NAMES, min_size=2, max_size=3, unique=True))
    labels = draw(st.lists(st.sampled_from(classes), min_size=rows - 2, max_size=rows - 2))
    frame[names[-1]] = [*classes[:2], *labels]
    return pd.DataFrame(frame)


def save_json_lines(frame: pd.DataFrame, path: Path) -> None:
    pl.from_pandas(frame).write_ndjson(path)


WAYS = {
    "t.csv": lambda frame, path: frame.to_csv(path, index=False),
    "p.csv": lambda frame, path: pl.from_pandas(frame).write_csv(path),
    "t.tsv.gz": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "t.parquet": lambda frame, path: frame.to_parquet(path),
    "t.ndjson": save_json_lines,
}


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=40, deadline=None)
@given(frame=frames())
def test_a_table_comes_back_as_it_was(name: str, frame: pd.DataFrame) -> None:
    target = frame.columns[-1]
    features = list(frame.columns[:-1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        WAYS[name](frame, path)
        data = load(path, target=target, columns=features)
    assert list(data.columns) == features
    np.testing.assert_array_equal(data.features, frame[features].to_numpy())
    assert data.y.tolist() == frame[target].tolist()
    assert list(data.classes) == sorted(set(frame[target]))
