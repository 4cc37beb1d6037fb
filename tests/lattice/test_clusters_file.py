"""Saved clusters: the same labels and answers again, and plain words for what is no such file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import safetensors
from safetensors.numpy import save_file
from sklearn.datasets import make_blobs, make_moons

import layerwise as lw
from layerwise.errors import FileError
from layerwise.lattice.clusters.clusterer import LatticeClusterer
from layerwise.lattice.clusters.file import load_clusters


@pytest.fixture(scope="module")
def fitted():
    X, _ = make_moons(400, noise=0.05, random_state=2)
    return LatticeClusterer(grid=(64, 96)).fit(X).show_with("moons", ("across", "up"))


@pytest.fixture
def saved(fitted, tmp_path):
    return fitted.save(tmp_path / "clusters.lw")


def test_it_comes_back_as_it_was(fitted, saved):
    back = lw.load(saved)
    assert isinstance(back, LatticeClusterer)
    assert np.array_equal(back.labels_, fitted.labels_)
    assert np.array_equal(back.cell_labels_, fitted.cell_labels_)
    assert back.peaks_ == fitted.peaks_
    assert back.tried_ == fitted.tried_
    new = np.random.default_rng(0).uniform(-3, 3, (500, 2))
    assert np.array_equal(back.predict(new), fitted.predict(new))
    assert back.trace_.about == fitted.trace_.about
    assert back.trace_.about["axes"] == ["across", "up"]


def test_names_of_columns_and_a_projection_come_back(tmp_path):
    X, _ = make_blobs(300, n_features=4, random_state=1)
    table = pd.DataFrame(X, columns=list("abcd"))
    fitted = LatticeClusterer(grid=48, layers=20).fit(table)
    back = lw.load(fitted.save(tmp_path / "four.lw"))
    assert np.array_equal(back.predict(table), fitted.labels_)
    with pytest.raises(ValueError, match="feature names"):
        back.predict(table[list("dcba")])


def rewritten(path, change=None, **tensors):
    """The file once more, with a changed document or other arrays."""
    with safetensors.safe_open(path, framework="numpy") as opened:
        document = json.loads(opened.metadata()["layerwise"])
        arrays = {name: opened.get_tensor(name) for name in list(opened.keys())}
    document.update(change or {})
    save_file({**arrays, **tensors}, path, {"layerwise": json.dumps(document)})
    return path


@pytest.mark.parametrize(
    ("change", "tensors", "said"),
    [
        ({"kind": "lattice ensemble"}, {}, "holds no lattice clusters"),
        ({"version": 2}, {}, "later Layerwise"),
        ({"rows": 8}, {}, "its options ask for"),
        ({"layers": 0}, {}, "number of layers"),
        ({"layers": 7}, {}, "differ from those"),
        ({}, {"cells": np.full(5, 1 << 20, np.uint32)}, "outside its grid"),
        ({}, {"cells": np.zeros(0, np.uint32)}, "points are broken"),
        ({}, {"matrix": np.zeros((3, 2))}, "projection does not fit"),
        ({"options": {}}, {}, "broken"),
    ],
)
def test_what_is_no_such_file_is_refused(saved, change, tensors, said):
    with pytest.raises(FileError, match=said):
        load_clusters(rewritten(saved, change, **tensors))


def test_half_a_file_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:300])
    with pytest.raises(FileError, match="broken"):
        lw.load(saved)
