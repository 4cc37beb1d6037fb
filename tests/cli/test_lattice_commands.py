"""Lattices from the command line: what is printed, written, and said to wrong input."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import layerwise as lw


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two classes of 60 points and a column of text, as CSV."""
    rng = np.random.default_rng(0)
    kind = np.arange(120) % 2
    frame = pd.DataFrame(
        {
            "height": rng.normal(size=120) + 3 * kind,
            "width": rng.normal(size=120),
            "who": [f"n{number}" for number in range(120)],
            "species": np.array(["ash", "birch"])[kind],
        }
    )
    path = tmp_path / "trees.csv"
    frame.to_csv(path, index=False)
    return path


def test_classify_predict_and_film(run, table: Path, tmp_path: Path) -> None:
    code, said, wrong = run(
        "classify", "trees.csv", "--target", "species", "--grid", "60", "--rule", "copy",
        "--model", "trees.lw", "--page", "trees.html", "--film", "trees.svg",
    )  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "trees: 120 rows, 2 columns, 2 classes" in said
    assert "left out 1 column of text: who" in said
    for name in ("this network", "always ", "nearest neighbour", "gradient boosting"):
        assert name in said
    assert "on 30 control points" in said
    assert said.count("orth using") + said.count("Watch it") == 1
    assert said.endswith("wrote trees.svg\nwrote trees.html\nwrote trees.lw\n")
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("trees.svg", "trees.html"))

    new = pd.DataFrame({"width": [0.0, 0.1, 0.0], "height": [0.0, 3.0, 99.0], "other": list("abc")})
    new.to_csv(tmp_path / "new.csv", index=False)
    code, said, wrong = run("predict", "trees.lw", "new.csv", "--out", "answers.csv")
    assert code == 0
    assert said == "wrote answers.csv (3 rows)\n"
    assert "1 of 3 rows lie outside the grid; its edge answers for them" in wrong
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert list(answers.columns) == ["row", "class", "outside", "p(ash)", "p(birch)"]
    assert list(answers["class"][:2]) == ["ash", "birch"]
    assert list(answers["outside"]) == ["no", "no", "yes"]
    model = lw.load("trees.lw")
    expected = model.predict_proba(new[["height", "width"]])
    assert np.allclose(answers[["p(ash)", "p(birch)"]], expected, atol=1e-6)

    code, printed, _ = run("predict", "trees.lw", "new.csv")
    assert code == 0
    assert printed == (tmp_path / "answers.csv").read_text()

    before = (tmp_path / "trees.svg").read_bytes()
    code, said, _ = run("film", "trees.lw", "--out", "again.svg")
    assert (code, said) == (0, "wrote again.svg\n")
    assert (tmp_path / "again.svg").read_bytes() == before


def test_more_than_three_columns_make_an_ensemble(run, tmp_path: Path) -> None:
    code, said, wrong = run("classify", "iris", "--model", "i.lw", "--film", "i.svg")
    assert (code, wrong) == (0, "")
    model = lw.load("i.lw")
    assert f"{len(model.members_)} lattices of 32 × 32 cells over {len(model.pairs_)} pairs" in said
    first = model.pairs_[0]
    assert f"  {first.weight:.2f}  {first.names[0]} × {first.names[1]}" in said
    for name in ("this network", "always ", "nearest neighbour", "gradient boosting"):
        assert name in said
    before = (tmp_path / "i.svg").read_bytes()
    assert run("film", "i.lw", "--out", "again.svg")[0] == 0
    assert (tmp_path / "again.svg").read_bytes() == before
    iris = lw.data.load("iris")
    pd.DataFrame(iris.features, columns=iris.columns).to_csv(tmp_path / "new.csv", index=False)
    code, printed, wrong = run("predict", "i.lw", "new.csv")
    assert (code, wrong) == (0, "")
    answers = pd.read_csv(io.StringIO(printed))
    assert np.mean(answers["class"].to_numpy() == np.array(iris.y)) > 0.95
    expected = model.predict_proba(pd.DataFrame(iris.features, columns=iris.columns))
    assert np.allclose(answers.iloc[:, 3:], expected, atol=1e-6)
    code, said, _ = run("classify", "iris", "--network", "lattice", "--grid", "40")
    assert code == 0
    assert "4 columns shown as 2" in said


def test_one_column_makes_a_row_of_cells(run, table: Path, tmp_path: Path) -> None:
    code, said, wrong = run("classify", "trees.csv", "--target", "species", "--columns", "height",
                            "--rule", "copy", "--film", "h.svg")  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "layers fill the grid" in said
    assert "layers, from the top down" in (tmp_path / "h.svg").read_text(encoding="utf-8")


def test_three_columns_make_slices(run, table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    frame["depth"] = frame["width"] + frame["height"] ** 2
    frame.to_csv(table, index=False)
    code, said, wrong = run("classify", "trees.csv", "--target", "species", "--rule", "copy",
                            "--grid", "6x7×8", "--model", "t.lw")  # fmt: skip
    assert (code, wrong) == (0, "")
    assert "best grid 6 × 7 × 8, rule copy" in said
    assert "columns shown as" not in said
    assert lw.load(tmp_path / "t.lw").labels_.shape == (6, 7, 8)
    code, _, wrong = run("predict", "t.lw", "trees.csv", "--out", "answers.csv")
    assert code == 0
    assert len(pd.read_csv(tmp_path / "answers.csv")) == 120


def test_same_seed_same_model(run, table: Path, tmp_path: Path) -> None:
    for name in ("one.lw", "two.lw"):
        run("classify", "trees.csv", "--target", "species", "--grid", "40", "--model", name)
    assert (tmp_path / "one.lw").read_bytes() == (tmp_path / "two.lw").read_bytes()


def test_list_of_data_sets(run) -> None:
    code, said, _ = run("data")
    assert code == 0
    for name in ("iris", "wine", "breast-cancer", "digits", "moons", "spirals", "overlap"):
        assert name in said


def test_version(run) -> None:
    assert run("--version")[:2] == (0, f"layerwise {lw.__version__}\n")


WRONG = [
    (
        ["classify", "nosuch.csv"],
        "There is no file nosuch.csv.",
    ),
    (
        ["classify", "iriss"],
        "Unknown data set 'iriss'. Did you mean 'iris'? A file is named with its suffix.",
    ),
    (
        ["classify", "trees.csv"],
        "The data set 'trees' has no classes to learn. Say which column holds them: target=NAME "
        "(command line: --target NAME).",
    ),
    (
        ["classify", "trees.csv", "--target", "specie"],
        "Unknown column 'specie' in trees.csv. Did you mean 'species'?",
    ),
    (
        ["classify", "iris", "--grid", "1"],
        "A grid has whole numbers of rows and columns, or of slices, rows and columns. "
        'Received grid=1. 2 to 32,768, or "auto".',
    ),
    (
        ["classify", "iris", "--grid", "9x9x"],
        "A grid is given by its sides. Received --grid 9x9x. 400 (rows and columns), 300x500, "
        "64x64x64 (slices, rows, columns), auto.",
    ),
    (
        ["classify", "iris", "--rule", "votes"],
        "Unknown value of --rule 'votes'. Did you mean 'vote'?",
    ),
    (
        ["classify", "iris", "--network", "ensembel"],
        "Unknown value of --network 'ensembel'. Did you mean 'ensemble'?",
    ),
    (
        ["classify", "iris", "--network", "ensemble", "--grid", "50"],
        "Grid, rule, window and fuzzy layers are those of one lattice. Received them and an "
        'ensemble. Leave them out, or choose network="lattice".',
    ),
    (
        ["classify", "iris", "--theme", "lihgt"],
        "Unknown value of --theme 'lihgt'. Did you mean 'light'?",
    ),
    (
        ["classify", "iris", "--fuzzy", "some"],
        "The number of fuzzy layers is a whole number or auto. Received --fuzzy some.",
    ),
    (
        ["classify", "iris", "--folds", "500"],
        "Cross-validation needs at least 2 folds and a training point for each. Received 500 folds "
        "for 112 training points. Use more samples or fewer folds.",
    ),
    (
        ["classify", "iris", "--control", "1.5"],
        "The share set aside for control must be a number between 0 and 1. Received 1.5.",
    ),
    (
        ["classify", "iris", "--film", "x.mp5"],
        "Unknown file suffix '.mp5' in x.mp5. Did you mean '.mp4'?",
    ),
    (
        ["classify", "iris", "--film", "none/x.mp4"],
        "Cannot write none/x.mp4: there is no folder none. Create it first.",
    ),
    (
        ["classify", "iris", "--page", "x.mp4"],
        "A page is an HTML file. Received x.mp4. Name it with .html at its end.",
    ),
    (
        ["classify", "iris", "--page", "x.htm"],
        "A page is an HTML file. Received x.htm. Name it with .html at its end.",
    ),
    (
        ["classify", "iris", "--model", "trees.csv/x.lw"],
        "Cannot write trees.csv/x.lw: there is no folder trees.csv. Create it first.",
    ),
    (
        ["classify", "trees.csv", "--target", "species", "--grid", "32768", "--rule", "copy"],
        None,
    ),
    (["predict", "none.lw", "iris"], "There is no model file none.lw. Check the name."),
    (
        ["predict", "foreign.lw", "iris"],
        "foreign.lw is not a Layerwise model, or it is broken: Error while deserializing header: "
        "header too small. Save the model again, or use a whole copy.",
    ),
    (
        ["film", "good.lw", "--out", "x.avi"],
        "Unknown file suffix '.avi' in x.avi. Known: .mp4, .webm, .gif, .png, .webp, .svg, .html, "
        ".json.",
    ),
    (
        ["predict", "good.lw", "iris"],
        "Unknown column 'height' in iris. Known: sepal length (cm), sepal width (cm), petal length "
        "(cm), petal width (cm). The model was trained on height, width.",
    ),
    (["clasify"], "No such command 'clasify'. Did you mean 'classify'? See `layerwise --help`."),
    (["classify"], "Missing argument 'table'. See `layerwise --help`."),
    (
        ["classify", "empty.csv", "--target", "a"],
        "empty.csv is empty. A table needs column names and at least one row.",
    ),
    (
        ["classify", "one.csv", "--target", "kind"],
        "The target 'kind' has a single class. Received 'x' in all of 120 rows. At least two "
        "classes are needed.",
    ),
    (
        ["classify", "gaps.csv", "--target", "species"],
        "Cells are missing or infinite in gaps.csv. Received height 2 missing, width 1 infinite; 3 "
        'of 120 rows affected. Mend them, or leave those rows out: missing="drop" (command line: '
        "--missing drop).",
    ),
    (
        ["classify", "trees.csv", "--target", "species", "--missing", "dorp"],
        "Unknown way with missing cells 'dorp'. Did you mean 'drop'?",
    ),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[" ".join(w) for w, _ in WRONG])
def test_wrong_input_gets_one_message(
    run, table: Path, tmp_path: Path, words: list[str], message: str | None
) -> None:
    frame = pd.read_csv(table)
    lw.LatticeClassifier(grid=10).fit(frame[["height", "width"]], frame["species"]).save("good.lw")
    (tmp_path / "foreign.lw").write_text("hello")
    (tmp_path / "empty.csv").write_text("")
    frame.assign(kind="x")[["height", "width", "kind"]].to_csv("one.csv", index=False)
    frame.loc[[3, 4], "height"] = np.nan
    frame.loc[7, "width"] = np.inf
    frame.to_csv("gaps.csv", index=False)
    before = {path.name for path in tmp_path.iterdir()}
    code, _, wrong = run(*words)
    assert code == 2
    assert "Traceback" not in wrong
    if message is not None:
        assert wrong == f"Error: {message}\n"
    else:  # the memory that is free differs from machine to machine
        assert "A grid of 32,768 × 32,768 cells with 2 classes needs 192.0 GiB of memory." in wrong
        assert "GiB free. Choose a smaller grid; " in wrong
        assert " cells would fit. Layers alone can be computed on larger ones: " in wrong
    assert wrong.startswith("Error: ")
    assert wrong.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before


def test_rows_with_gaps_are_dropped_and_counted(run, table: Path) -> None:
    frame = pd.read_csv(table)
    frame.loc[[3, 4], "height"] = np.nan
    frame.to_csv("gaps.csv", index=False)
    code, said, _ = run(
        "classify", "gaps.csv", "--target", "species", "--grid", "30", "--missing", "drop"
    )
    assert code == 0
    assert "gaps: 118 rows" in said
    assert "left out 2 of 120 rows with missing or infinite cells" in said


def test_help_is_light() -> None:
    heavy = ["torch", "numba", "scipy", "sklearn", "pandas", "PIL", "av", "fontTools", "numpy"]
    script = (
        "import sys\nsys.argv = ['layerwise', '--help']\nfrom layerwise import cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "classify" in done.stdout
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("delay", [0.0, 1.5])
def test_interrupted_work_leaves_whole_files_only(tmp_path: Path, delay: float) -> None:
    words = ["classify", "digits", "--network", "lattice", "--film", "d.mp4", "--page", "d.html",
             "--model", "d.lw"]  # fmt: skip
    started = subprocess.Popen(
        [sys.executable, "-m", "layerwise", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert started.stdout is not None
    assert started.stdout.readline().startswith(b"digits: 1,797 rows")  # the work has begun
    time.sleep(delay)
    started.send_signal(signal.SIGINT)
    _, wrong = started.communicate(timeout=60)
    assert started.returncode == 130
    assert b"Traceback" not in wrong
    assert b"Interrupted" in wrong
    assert not [path.name for path in tmp_path.iterdir() if not path.name.startswith("d.")]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(20_000, 2))
    y = np.arange(20_000) % 2
    lw.LatticeClassifier(grid=20, fuzzy_layers=3, fuzzy_from="filled").fit(X, y).save(
        tmp_path / "m.lw"
    )
    pd.DataFrame(X).to_csv(tmp_path / "t.csv", index=False)
    command = f"{shlex.quote(sys.executable)} -m layerwise predict m.lw t.csv | head -1"
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "row,class,outside,p(0),p(1)\n"
    assert "Traceback" not in done.stderr


def test_an_ensemble_takes_rows_that_lack_cells(run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(120, 2)), columns=["a", "b"])
    table["y"] = np.where(table["a"] + table["b"] > 0, "up", "down")
    table.loc[random.random(120) < 0.2, "a"] = np.nan
    table.to_csv(tmp_path / "gaps.csv", index=False)
    words = ("classify", "gaps.csv", "--target", "y", "--missing")
    assert run(*words, "refuse")[0] == 2
    code, _, wrong = run(*words, "keep", "--network", "lattice")
    assert code == 2
    assert "One lattice has no place" in wrong
    code, said, wrong = run(*words, "keep", "--model", "gaps.lw")
    assert (code, wrong) == (0, "")
    lacking = int(table["a"].isna().sum())
    assert f"{lacking} of 120 rows lack cells" in said
    code, said, _ = run("predict", "gaps.lw", "gaps.csv")
    assert code == 0
    known = [line.split(",")[1] for line in said.splitlines()[1:]]
    assert np.mean(np.array(known) == table["y"].to_numpy()) > 0.85
    code, _, wrong = run("film", "gaps.lw", "--pair", "2", "--out", "second.svg")
    assert (code, wrong) == (0, "")
    fitted = lw.load(tmp_path / "gaps.lw")
    drawn = (tmp_path / "second.svg").read_text()
    assert all(name in drawn for name in fitted.pairs_[1].names)
    run("film", "gaps.lw", "--out", "first.svg")
    assert (tmp_path / "first.svg").read_text() != drawn
    code, _, wrong = run("film", "gaps.lw", "--pair", "99", "--out", "none.svg")
    assert code == 2
    assert "The ensemble has no such pair. Received --pair 99." in wrong
