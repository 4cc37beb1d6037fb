"""`layerwise cluster`: what is printed, written, and said to wrong input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from layerwise.lattice.clusters.clusterer import LatticeClusterer


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Three heaps of 80 points, two columns of numbers and one of text, as CSV."""
    random = np.random.default_rng(0)
    heap = np.arange(240) % 3
    middle = np.array([[0, 0], [8, 1], [3, 9]])[heap]
    frame = pd.DataFrame(middle + random.normal(size=(240, 2)), columns=["height", "width"])
    frame["who"] = [f"n{number}" for number in range(240)]
    frame.to_csv(tmp_path / "trees.csv", index=False)
    return frame


def test_clusters_are_told_and_written(run, table: pd.DataFrame, tmp_path: Path) -> None:
    code, said, wrong = run(
        "cluster", "trees.csv", "--grid", "64", "--out", "labels.csv", "--film", "trees.svg",
        "--page", "trees.html",
    )  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "trees: 240 rows, 2 columns" in said
    assert "left out 1 column of text: who" in said
    assert "3 clusters;" in said
    model = LatticeClusterer(grid=64).fit(table[["height", "width"]].to_numpy())
    labels = pd.read_csv(tmp_path / "labels.csv")
    assert list(labels.columns) == ["row", "cluster"]
    assert labels["row"].tolist() == list(range(1, 241))
    assert labels["cluster"].tolist() == model.labels_.tolist()
    noise = int((model.labels_ < 0).sum())
    assert f"{noise} of 240 points are noise" in said
    for peak in model.peaks_:
        assert re.search(rf"^ +{peak.label} +{peak.points} +[\d.]+ % +{peak.z:.1f} ", said, re.M)
    touching = [peak.z for peak in model.peaks_ if peak.neighbor is not None]
    closest = f"z = {min(touching):.1f} (kept apart" if touching else "No two of them touch"
    assert closest in said
    assert said.endswith("wrote labels.csv (240 rows)\nwrote trees.svg\nwrote trees.html\n")
    assert (tmp_path / "trees.html").stat().st_size > 10_000
    assert ">height →<" in (tmp_path / "trees.svg").read_text()
    again = (tmp_path / "trees.svg").read_bytes()
    run("cluster", "trees.csv", "--grid", "64", "--film", "trees.svg")
    assert (tmp_path / "trees.svg").read_bytes() == again


def test_columns_are_chosen_or_projected(run, tmp_path: Path) -> None:
    code, said, _ = run("cluster", "iris", "--columns", "petal length (cm),petal width (cm)")
    assert code == 0
    assert "150 rows, 2 columns" in said
    assert "components" not in said
    code, said, _ = run("cluster", "wine")
    assert code == 0
    assert "two principal components keep" in said


def test_one_heap_has_nothing_to_tell(run, tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(200, 2))
    pd.DataFrame(points, columns=["a", "b"]).to_csv(tmp_path / "heap.csv", index=False)
    code, said, _ = run("cluster", "heap.csv")
    assert code == 0
    assert "1 cluster;" in said
    assert "No peak stands out from a saddle by z = 4.5 or more" in said


def test_points_strewn_evenly_are_said_to_be_noise(run, tmp_path: Path) -> None:
    points = np.random.default_rng(1).uniform(size=(1500, 2))
    pd.DataFrame(points, columns=["a", "b"]).to_csv(tmp_path / "even.csv", index=False)
    code, said, _ = run("cluster", "even.csv")
    assert code == 0
    assert "No cluster; 1,500 of 1,500 points are noise" in said
    assert "an even background of 0.0" in said
    assert "with --noise 1 only those below its level are noise" in said
    assert "No peak stands out from the background by z = 4.5" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing.csv",), "nothing.csv"),
        (("trees.csv", "--columns", "height"), "two columns of numbers or more. Received 1"),
        (("trees.csv", "--columns", "height,witdh"), "Did you mean 'width'?"),
        (("trees.csv", "--grid", "3"), "8 to 32,768"),
        (("trees.csv", "--layers", "3.5"), "whole number or auto. Received --layers 3.5"),
        (("trees.csv", "--z", "0"), "A threshold z is a positive number. Received z=0.0"),
        (("trees.csv", "--noise", "2"), "above 0 and at most 1"),
        (("trees.csv", "--mapping", "linaer"), "Did you mean 'linear'?"),
        (("trees.csv", "--theme", "drak"), "Did you mean 'dark'?"),
        (("trees.csv", "--film", "a.mp5"), "Did you mean '.mp4'?"),
        (("trees.csv", "--page", "a.txt"), "A page is an HTML file"),
        (("trees.csv", "--out", "no/where.csv"), "no"),
    ],
)
def test_wrong_input_is_answered(run, table, words: tuple[str, ...], message: str) -> None:
    code, said, wrong = run("cluster", *words)
    assert code == 2
    assert wrong.startswith("Error: ")
    assert message in wrong
    assert "wrote" not in said


def test_saved_clusters_answer_for_new_rows_and_are_filmed(run, table, tmp_path: Path) -> None:
    code, said, wrong = run(
        "cluster", "trees.csv", "--grid", "64", "--model", "trees.lw", "--film", "a.svg"
    )
    assert (code, wrong) == (0, "")
    assert said.endswith("wrote a.svg\nwrote trees.lw\n")
    table[["width", "height"]][::-1].to_csv(tmp_path / "other.csv", index=False)
    code, said, _ = run("predict", "trees.lw", "other.csv")
    model = LatticeClusterer(grid=64).fit(table[["height", "width"]].to_numpy())
    rows = [line.split(",") for line in said.splitlines()]
    assert code == 0
    assert rows[0] == ["row", "cluster"]
    assert [int(cluster) for _, cluster in rows[1:]] == model.labels_[::-1].tolist()
    assert run("film", "trees.lw", "--out", "b.svg")[0] == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    code, _, wrong = run("predict", "trees.lw", "other.csv", "--unknown", "x.json")
    assert code == 2
    assert "Only a trained network" in wrong
