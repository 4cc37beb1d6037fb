"""A model file gives the same answers, and a broken or foreign one is refused by name."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors
from safetensors.numpy import save_file

import layerwise as lw
from layerwise.errors import FileError, InputError, LayerwiseError, OutputError
from layerwise.lattice import model_file


def blobs(classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(30 * classes) % classes
    return rng.normal(size=(len(labels), 2)) + labels[:, None] * 2.0, labels


@pytest.mark.parametrize("kind", [int, float, str, bool, object])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rule": "vote", "window": 2, "weighting": "distance"},
        {"fuzzy_from": "filled", "fuzzy_layers": 7, "lazy": False},
        {"anchored": True, "fuzzy_layers": 5, "fuzzy_from": "points"},
        {"mapping": "quantile", "grid": (30, 50)},
        {"mapping": "logistic", "margin": 0.0},
    ],
)
def test_loaded_model_answers_alike(tmp_path: Path, kind: type, options: dict[str, Any]) -> None:
    X, y = blobs(2 if kind is bool else 3)
    names = np.array(["a", "b", "c"], dtype=object)[y] if kind in (str, object) else y
    names = names.astype(kind)
    model = lw.LatticeClassifier(**{"grid": 40, **options}).fit(X, names)
    loaded = lw.load(model.save(tmp_path / "m.lw"))
    fresh = np.random.default_rng(1).normal(size=(500, 2)) * 4
    assert np.array_equal(loaded.predict(fresh), model.predict(fresh))
    assert np.array_equal(loaded.predict_proba(fresh), model.predict_proba(fresh))
    assert loaded.classes_.dtype.kind == model.classes_.dtype.kind
    assert np.array_equal(loaded.labels_, model.labels_)
    assert loaded.tried_ == model.tried_
    assert loaded.get_params() == model.get_params()


def test_projection_names_and_control_points_are_kept(tmp_path: Path) -> None:
    data = lw.data.load("iris")
    frame = pd.DataFrame(data.features, columns=list(data.columns))
    model = lw.LatticeClassifier(grid=40).fit(frame, data.y)
    model.show_with(frame, data.y, data="iris", baselines=[("always a", 1 / 3)])
    loaded = lw.load(model.save(tmp_path / "m.lw"))
    assert list(loaded.feature_names_in_) == list(data.columns)
    assert np.array_equal(loaded.predict(frame), model.predict(frame))
    assert loaded.projection_.note == model.projection_.note
    for name in ("control accuracy", "exact log-loss"):
        where, values = loaded.trace_.series(name)
        assert where == model.trace_.where(name)
        assert np.array_equal(values, model.trace_.series(name)[1])
    assert loaded.trace_.about["baselines"] == [{"name": "always a", "accuracy": 1 / 3}]


def test_same_model_same_bytes(tmp_path: Path) -> None:
    X, y = blobs()
    for name in ("one", "two"):
        lw.LatticeClassifier(grid=30).fit(X, y).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    X, y = blobs()
    return lw.LatticeClassifier(grid=30).fit(X, y).save(tmp_path / "m.lw")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        lw.load(tmp_path / "none.lw")
    assert str(caught.value) == f"There is no model file {tmp_path / 'none.lw'}. Check the name."


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, 0.5, 0.99])
def test_truncated_file(saved: Path, keep: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(keep if keep >= 1 else keep * len(whole))])
    with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model, or it is broken: "):
        lw.load(saved)


def test_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "m.lw"
    for content in (b"", b"hello", pickle.dumps({"a": 1}), b"\xff" * 5000, b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model"):
            lw.load(path)
    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(FileError, match=r"^m\.lw is not a Layerwise model"):
        lw.load(path)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "m.lw"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileError):
        lw.load(path)
    assert not (tmp_path / "sprung").exists()


def changed(path: Path, change: Any) -> None:
    """Write the model again with its document or tensors changed."""
    with safetensors.safe_open(path, framework="numpy") as opened:
        document = json.loads(opened.metadata()["layerwise"])
        tensors = {name: opened.get_tensor(name) for name in list(opened.keys())}
    change(document, tensors)
    save_file(tensors, path, {"layerwise": json.dumps(document)})


BROKEN: dict[str, Any] = {
    "another kind": lambda d, t: d.update(kind="cat"),
    "no layers": lambda d, t: d.pop("layers"),
    "rows": lambda d, t: d["layers"].update(rows=10**9),
    "depth": lambda d, t: d["layers"].update(depth=None),
    "depth too large": lambda d, t: d["layers"].update(depth=10**12),
    "depth too small": lambda d, t: d["layers"].update(depth=1),
    "cells": lambda d, t: d["layers"].update(cells="x"),
    "cell outside": lambda d, t: d["layers"].update(rows=2, columns=2),
    "base64": lambda d, t: d["layers"]["cells"].update(base64="@@@"),
    "dtype": lambda d, t: d["layers"]["cells"].update(dtype="|O"),
    "rule": lambda d, t: d["layers"].update(rule="__import__('os')"),
    "window": lambda d, t: d["layers"].update(window=10**6),
    "classes": lambda d, t: d["classes"].update(names=["a"]),
    "class type": lambda d, t: d["classes"].update(type="V"),
    "mapping": lambda d, t: d["mapping"]["horizontal"].update(kind="magic"),
    "mapping turns": lambda d, t: d["mapping"]["horizontal"].update(knots=[1, 0]),
    "mapping nan": lambda d, t: d["mapping"]["vertical"].update(knots=[0, float("nan")]),
    "start": lambda d, t: d.update(fuzzy_from="x"),
    "layers": lambda d, t: d.update(fuzzy_layers=10**15),
    "checksum": lambda d, t: d.update(filled_crc32=1),
    "seed": lambda d, t: d["layers"].update(seed="1"),
    "center": lambda d, t: t.update(center=np.zeros(5)),
    "no matrix": lambda d, t: t.pop("matrix"),
    "frequencies": lambda d, t: t.update(frequencies=np.zeros(9)),
    "no shares": lambda d, t: t.update(frequencies=np.zeros(3)),
    "negative share": lambda d, t: t.update(frequencies=np.array([1.5, -1.0, 0.5])),
    "unknown share": lambda d, t: t.update(frequencies=np.array([np.nan, 0.5, 0.5])),
    "version": lambda d, t: d.update(version="x"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_parts_that_do_not_fit(saved: Path, what: str) -> None:
    changed(saved, BROKEN[what])
    said = r"^m\.lw (is not a Layerwise model|holds no lattice|holds a kind of model)"
    with pytest.raises(FileError, match=said):
        lw.load(saved)


def test_later_version(saved: Path) -> None:
    changed(saved, lambda d, t: d.update(version=99))
    with pytest.raises(FileError) as caught:
        lw.load(saved)
    assert str(caught.value) == (
        "m.lw was written by a later Layerwise. Received model version 99. "
        "This one reads versions up to 1. Upgrade layerwise."
    )


def test_too_large_a_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "LARGEST_FILE", 100)
    with pytest.raises(FileError, match=r"^m\.lw is too large for a model\. Received 0\.0 GiB"):
        lw.load(saved)


def test_random_damage_is_refused_or_harmless(saved: Path) -> None:
    whole = saved.read_bytes()
    X, _ = blobs()
    before = lw.load(saved).predict_proba(X)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            damaged[rng.integers(0, len(damaged))] = rng.integers(0, 256)
        saved.write_bytes(bytes(damaged))
        try:
            after = lw.load(saved).predict_proba(X)
        except LayerwiseError:
            refused += 1
            continue
        assert after.shape == before.shape
    assert refused > 50


def test_place_that_cannot_be_written(saved: Path) -> None:
    model = lw.load(saved)
    with pytest.raises(OutputError, match="there is no folder"):
        model.save(saved.parent / "none" / "m.lw")
    assert [path.name for path in saved.parent.iterdir()] == ["m.lw"]


def test_unfitted_model_is_not_saved(tmp_path: Path) -> None:
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        lw.LatticeClassifier().save(tmp_path / "m.lw")
    assert not list(tmp_path.iterdir())


def test_classes_that_no_file_keeps(tmp_path: Path) -> None:
    X, y = blobs(2)
    model = lw.LatticeClassifier(grid=20).fit(X, y)
    model.classes_ = np.array([(1, 2), None], dtype=object)
    with pytest.raises(InputError, match="classes that are text, numbers or booleans"):
        model.save(tmp_path / "m.lw")
