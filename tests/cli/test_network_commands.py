"""Networks from the command line: trained, kept, asked, listed, and wrong input answered."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import layerwise as lw


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks are faster on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """Three classes of 60 points, well apart."""
    rng = np.random.default_rng(0)
    kind = np.arange(180) % 3
    points = rng.normal(size=(180, 2)) * 0.4 + np.array([[0, 0], [3, 0], [0, 3]])[kind]
    frame = pd.DataFrame(points, columns=["height", "width"])
    frame["species"] = np.array(["ash", "birch", "cedar"])[kind]
    path = tmp_path / "trees.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Sixty pictures of bars, lying or standing, in a folder for each class."""
    rng = np.random.default_rng(1)
    for name in ("lying", "standing"):
        (tmp_path / "bars" / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(0, 60, (12, 12)).astype(np.uint8)
            place = int(rng.integers(2, 9))
            pixels[place : place + 2] = 255
            turned = pixels if name == "lying" else pixels.T
            Image.fromarray(turned).save(tmp_path / "bars" / name / f"{number}.png")
    return tmp_path / "bars"


def test_a_table_is_learned_kept_and_asked(run, trees: Path, tmp_path: Path) -> None:
    code, said, wrong = run("train", "trees.csv", "--target", "species", "--epochs", "30",
                            "--net", "mlp 16", "--learning-rate", "0.01")  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "trees: 126 to learn from, 27 for control, 27 for the test; each 2; 3 classes" in said
    assert "epoch    1  training loss" in said
    assert "epoch   30  training loss" in said
    assert "test: 27 samples, accuracy 100.0 %" in said
    folder = tmp_path / "runs" / "trees"
    assert (folder / "model.lw").is_file()
    with lw.Trace.open(folder / "trace.lwt") as trace:
        losses = [float(trace["loss", k]) for k in trace.where("loss")]
        assert len(losses) == 60
        assert losses[-1] < 0.2 < losses[0]
        assert trace["summary of outputs", 0].shape == (3, 6)
        assert trace["fc1.weight", 0].shape == (16, 2)
    code, said, notes = run("predict", "runs/trees/model.lw", "trees.csv")
    assert (code, notes) == (0, "left out 1 column of text: species\n")
    answers = pd.read_csv(io.StringIO(said))
    assert list(answers) == ["row", "class", "p(ash)", "p(birch)", "p(cedar)"]
    truth = pd.read_csv(trees)["species"]
    assert (answers["class"] == truth).mean() > 0.98
    assert np.allclose(answers[["p(ash)", "p(birch)", "p(cedar)"]].sum(axis=1), 1, atol=1e-5)
    loaded = lw.load(folder / "model.lw")
    assert isinstance(loaded, lw.Run)
    columns = pd.read_csv(trees)[["height", "width"]].to_numpy()
    assert (loaded.predict(columns) == answers["class"]).all()


def test_a_run_goes_on_where_it_stopped(run, trees: Path, tmp_path: Path) -> None:
    words = ["train", "trees.csv", "--target", "species", "--keep", "metrics", "--folder", "a"]
    assert run(*words, "--epochs", "2")[0] == 0
    code, said, _ = run(*words, "--epochs", "4", "--resume")
    assert code == 0
    assert "taken up after step 4" in said
    once = [*words[:-1], "b"]
    assert run(*once, "--epochs", "4")[0] == 0
    first, second = (lw.load(tmp_path / name / "model.lw").model for name in "ab")
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_pictures_are_learned_with_an_unknown(run, pictures: Path, tmp_path: Path) -> None:
    code, said, wrong = run("train", "bars", "--epochs", "12", "--unknown", "0.1",
                            "--control", "0.4", "--keep", "summary")  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "each 1 × 12 × 12; 2 classes: lying, standing" in said
    assert "unknown: " in said
    noise = tmp_path / "noise" / "any"
    noise.mkdir(parents=True)
    rng = np.random.default_rng(2)
    for number in range(20):
        Image.fromarray(rng.integers(0, 256, (12, 12)).astype(np.uint8)).save(
            noise / f"{number}.png"
        )
    model, guard = "runs/bars/model.lw", "runs/bars/unknown.lw"
    code, said, _ = run("predict", model, "noise", "--unknown", guard)
    assert code == 0
    strange = pd.read_csv(io.StringIO(said))
    assert list(strange)[:3] == ["image", "class", "unknown score"]
    assert (strange["class"] == "unknown").mean() > 0.5
    assert ((strange["class"] == "unknown") == (strange["unknown score"] > 0)).all()
    code, said, _ = run("predict", model, "bars", "--unknown", guard)
    known = pd.read_csv(io.StringIO(said))
    assert (known["class"] != "unknown").mean() > 0.8


def test_a_class_of_other_things_teaches_unknown(run, pictures: Path) -> None:
    rng = np.random.default_rng(3)
    (pictures / "other").mkdir()
    for number in range(30):
        Image.fromarray(rng.integers(0, 256, (12, 12)).astype(np.uint8)).save(
            pictures / "other" / f"{number}.png"
        )
    code, said, _ = run("train", "bars", "--epochs", "12", "--others", "other", "--unknown", "0.1",
                        "--control", "0.4", "--keep", "metrics")  # fmt: skip
    assert code == 0
    assert "2 classes: lying, standing" in said
    assert "guard: area under ROC 1.000" in said
    code, _, wrong = run("train", "bars", "--others", "odd", "--folder", "b")
    assert code == 2
    assert "Unknown class 'odd'" in wrong


def test_models_and_layers_are_listed(run) -> None:
    code, said, _ = run("models")
    assert code == 0
    for name in ("perceptron", "cnn", "nin", "resnet-50", "four-pixel"):
        assert name in said
    code, said, _ = run("layers", "784-64-32-4")
    assert code == 0
    rows = [line.split() for line in said.splitlines()]
    assert ["fc1", "Linear", "784", "→", "64", "64", "50,240", "50,176"] in rows
    assert rows[-1][-2:] == ["52,452", "52,352"]


WRONG = [
    (["train", "none.csv"], "none.csv"),
    (["train", "trees.csv"], "has no classes to learn"),
    (["train", "trees.csv", "--target", "specie"], "Did you mean 'species'?"),
    (["train", "trees.csv", "--target", "species", "--net", "5-4-2"], "Nearest"),
    (["train", "trees.csv", "--target", "species", "--net", "mpl 64"], "mlp 64"),
    (
        ["train", "trees.csv", "--target", "species", "--optimizer", "adamww"],
        "Did you mean 'adamw'?",
    ),
    (["train", "trees.csv", "--target", "species", "--epochs", "-1"], "epochs"),
    (["train", "trees.csv", "--target", "species", "--budget", "many"], "number of bytes"),
    (["train", "trees.csv", "--target", "species", "--keep", "all"], "values, summary, metrics"),
    (["train", "trees.csv", "--target", "species", "--resume", "--precision", "half"], "precision"),
    (["train", "empty"], "empty"),
    (["train", "trees.csv", "--target", "species", "--ink"], "Only images have ink"),
    (["train", "trees.csv", "--target", "species", "--folder", "trees.csv"], "folder"),
    (["train", "trees.csv", "--target", "species", "--device", "gpu7"], "gpu7"),
    (["layers", "mpl 64"], "mlp 64"),
    (["layers", "cnn", "--inputs", "1,2,3,4"], "one to three whole numbers"),
    (["layers", "none.lw"], "none.lw"),
    (["predict", "none.lw", "trees.csv"], "There is no model file none.lw"),
]


@pytest.mark.parametrize(("words", "part"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_input_gets_one_message(
    run, trees: Path, tmp_path: Path, words: list[str], part: str
) -> None:
    (tmp_path / "empty").mkdir()
    code, _, wrong = run(*words)
    assert code == 2, wrong
    assert wrong.startswith("Error: ")
    assert wrong.count("\n") == 1
    assert "Traceback" not in wrong
    assert part in wrong
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left <= {"trees.csv", "empty", "runs", "runs/trees"}, left


def test_a_foreign_kind_of_model_is_named(run, trees: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    header = {"layerwise": json.dumps({"kind": "robot", "version": 1})}
    save_file({"a": np.zeros(2, np.float32)}, tmp_path / "robot.lw", header)
    code, _, wrong = run("predict", "robot.lw", "trees.csv")
    assert code == 2
    assert wrong == (
        "Error: robot.lw holds a kind of model that is not known here. Received 'robot'. "
        "Known: lattice classifier, lattice ensemble, lattice clusters, network. "
        "Upgrade layerwise.\n"
    )


def test_a_run_becomes_a_film_and_a_model_a_diagram(run, trees: Path, tmp_path: Path) -> None:
    code, _, wrong = run("train", "trees.csv", "--target", "species", "--epochs", "2",
                         "--net", "mlp 6-5", "--folder", "runs/one")  # fmt: skip
    assert code == 0, wrong
    code, said, wrong = run("film", "runs/one", "--out", "a.png", "--out", "a.html",
                            "--focus", "fc2:3", "--title", "Trees")  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "wrote a.png" in said
    assert "Trees" in (tmp_path / "a.html").read_text(encoding="utf-8")
    code, _, wrong = run("film", "runs/one/model.lw", "--input", "trees.csv", "--sample", "5",
                         "--out", "b.svg", "--theme", "light")  # fmt: skip
    assert (code, wrong) == (0, "")
    page = (tmp_path / "b.svg").read_text(encoding="utf-8")
    row = pd.read_csv(trees).iloc[4]
    for name in ("height", "width", "ash", "birch", "cedar"):
        assert f">{name}<" in page
    assert f"{row['height']:.3g}".replace("-", "−")[:4] in page
    code, _, wrong = run("film", "runs/one/model.lw", "--input", "trees.csv", "--sample", "70",
                         "--out", "e.svg")  # fmt: skip
    assert (code, wrong) == (0, "")
    late = pd.read_csv(trees).iloc[69]
    page = (tmp_path / "e.svg").read_text(encoding="utf-8")
    assert f"{late['height']:.3g}".replace("-", "−")[:4] in page
    code, _, wrong = run("film", "runs/one/model.lw", "--input", "trees.csv", "--sample", "5,70",
                         "--out", "g.json")  # fmt: skip
    assert (code, wrong) == (0, "")
    chapters = [each["name"] for each in json.loads((tmp_path / "g.json").read_text())["chapters"]]
    assert chapters == ["Sample 5 · Forward", "Sample 70 · Forward"]
    code, _, wrong = run("film", "runs/one", "--sample", "hardest", "--out", "h.svg")
    assert (code, wrong) == (0, "")
    assert "hardest of" in (tmp_path / "h.svg").read_text(encoding="utf-8")
    code, _, wrong = run("film", "runs/one", "--sample", "1,900", "--out", "i.svg")
    assert code == 2
    assert "There is no sample 900 in this recording" in wrong
    assert "1 to 4" in wrong
    count = len(pd.read_csv(trees))
    code, _, wrong = run("film", "runs/one/model.lw", "--input", "trees.csv", "--sample",
                         str(count + 1), "--out", "f.svg")  # fmt: skip
    assert code == 2
    assert f"There is no sample {count + 1} in trees.csv" in wrong
    assert f"1 to {count}" in wrong
    code, _, wrong = run("diagram", "runs/one/model.lw", "--out", "c.svg")
    assert (code, wrong) == (0, "")
    assert "5 neurons" in (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert run("diagram", "resnet-18", "--out", "d.png", "--columns", "1")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["film", "nothing"], "No file nothing"),
        (["film", "."], "There is no recording in ."),
        (["film", "trees.csv"], "not a Layerwise model"),
        (["film", "trees.csv", "--sample", "0"], "Samples count from 1"),
        (["film", "trees.csv", "--sample", "1,two"], "numbers from 1 on, or hardest"),
        (["film", "trees.csv", "--sample", ""], "numbers from 1 on, or hardest"),
        (["film", "trees.csv", "--theme", "drak"], "Did you mean 'dark'"),
        (["film", "trees.csv", "--out", "x.avi"], "Unknown file suffix '.avi'"),
        (["diagram", "mpl 64"], "mlp 64"),
        (["diagram", "mlp 64", "--columns", "3"], "one column or two"),
        (["diagram", "mlp 64", "--out", "x.txt"], "Unknown file suffix '.txt'"),
    ],
)
def test_films_of_what_is_not_there(run, trees: Path, words, message) -> None:
    code, _, wrong = run(*words)
    assert code == 2
    assert message in wrong
    assert "Traceback" not in wrong


def test_a_focus_that_is_not_there(run, trees: Path) -> None:
    run("train", "trees.csv", "--target", "species", "--epochs", "1", "--net", "mlp 6",
        "--folder", "runs/one")  # fmt: skip
    code, _, wrong = run("film", "runs/one", "--out", "a.png", "--focus", "fc7:1")
    assert code == 2
    assert "Unknown layer 'fc7'" in wrong
    code, _, wrong = run("film", "runs/one", "--out", "a.png", "--focus", "fc1:99")
    assert code == 2
    assert "nearest is fc1:6" in wrong
    code, _, wrong = run("film", "runs/one/model.lw", "--out", "a.png")
    assert code == 2
    assert "without a recording" in wrong
