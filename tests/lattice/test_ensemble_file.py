"""Ensembles in files: the same answers again, and nothing else is read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors
from safetensors.numpy import save_file
from sklearn.datasets import load_wine

import layerwise as lw
from layerwise.errors import FileError, InputError
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.lattice.ensemble.classifier import LatticeEnsembleClassifier
from layerwise.lattice.ensemble.file import load_ensemble
from layerwise.lattice.model_file import load_model

WINE = load_wine(as_frame=True)
X, Y = WINE.data, WINE.target_names[WINE.target]


@pytest.fixture
def saved(tmp_path):
    model = LatticeEnsembleClassifier(rounds=12).fit(X[::2], Y[::2].astype(str))
    model.show_with(X[1::2], Y[1::2].astype(str), data="wine", baselines=[("one", 0.4)])
    return model, model.save(tmp_path / "wine.lw")


def test_a_saved_ensemble_answers_with_the_same_bits(saved) -> None:
    model, path = saved
    again = lw.load(path)
    assert isinstance(again, LatticeEnsembleClassifier)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert again.get_params() == model.get_params()
    assert [pair.weight for pair in again.pairs_] == [pair.weight for pair in model.pairs_]
    one, two = model.record(), again.record()
    assert one.about == two.about
    last = len(one.moments) - 1
    assert float(one["accuracy", last]) == float(two["accuracy", last])
    assert np.array_equal(one["scores of pair 1", last], two["scores of pair 1", last])
    assert again.save(path).read_bytes() == path.read_bytes()


def test_without_control_points_and_with_numbers_for_classes(tmp_path) -> None:
    model = LatticeEnsembleClassifier(rounds=5, missing="ignore").fit(X.to_numpy(), WINE.target)
    again = lw.load(model.save(tmp_path / "m.lw"))
    holes = X.to_numpy().copy()
    holes[:, 3] = np.nan
    assert np.array_equal(again.predict_proba(holes), model.predict_proba(holes))


def changed(path, change) -> None:
    with safetensors.safe_open(path, framework="numpy") as opened:
        document = json.loads(opened.metadata()["layerwise"])
        tensors = {name: opened.get_tensor(name) for name in list(opened.keys())}
    change(document, tensors)
    save_file(tensors, path, {"layerwise": json.dumps(document)})


@pytest.mark.parametrize(
    "change",
    [
        lambda d, t: t.update(pairs=t["pairs"] + 100),
        lambda d, t: t.update(scores=t["scores"][:, :, :5].copy()),
        lambda d, t: t.update(prior=t["prior"] * np.nan),
        lambda d, t: t.pop("matrix"),
        lambda d, t: d["ranks"].pop(),
        lambda d, t: d["ranks"][0].update(knots=[1.0, 0.0]),
        lambda d, t: d["options"].update(grid=10**9),
        lambda d, t: d["classes"].update(type="V"),
        lambda d, t: t.update(control_cells=t["control_cells"] + np.int16(90)),
        lambda d, t: t.update(control_labels=t["control_labels"] + 9),
        lambda d, t: d["weights"].pop(),
    ],
)
def test_files_whose_parts_do_not_fit(saved, change) -> None:
    changed(saved[1], change)
    with pytest.raises(FileError, match="not a Layerwise model, or it is broken"):
        lw.load(saved[1])


def test_other_files(saved, tmp_path) -> None:
    with pytest.raises(FileError, match="no model file"):
        load_ensemble(tmp_path / "none.lw")
    single = LatticeClassifier(grid=20).fit(X.to_numpy()[:, :2], WINE.target)
    with pytest.raises(FileError, match="no ensemble of lattices"):
        load_ensemble(single.save(tmp_path / "single.lw"))
    with pytest.raises(FileError, match="no lattice classifier"):
        load_model(saved[1])
    changed(saved[1], lambda d, t: d.update(version=9))
    with pytest.raises(FileError, match="later Layerwise"):
        lw.load(saved[1])
    model = LatticeEnsembleClassifier(rounds=3).fit(X, WINE.target)
    model.classes_ = np.array([None, 2, 3], dtype=object)
    with pytest.raises(InputError, match="text, numbers or booleans"):
        model.save(tmp_path / "x.lw")
    assert not (tmp_path / "x.lw").exists()
