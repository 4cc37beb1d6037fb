"""What `load` makes of text, arrays and frames, against pandas, polars and Python's numbers."""

import datetime
import decimal
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from layerwise.data import Dataset, load
from layerwise.errors import FileError, InputError

FLOWERS = "width,height,name,species\n1.5,2,x,b\n2.5,3,y,a\n3.5,5,z,b\n"


def written(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def same(one: Dataset, other: Dataset) -> bool:
    return (
        one.features.tobytes() == other.features.tobytes()
        and one.columns == other.columns
        and one.classes == other.classes
        and one.target == other.target
        and np.array_equal(one.labels, other.labels)
    )


def test_importing_the_room_is_light() -> None:
    program = (
        "import sys, layerwise.data; "
        "print(sorted({'pandas','sklearn','pyarrow','scipy','polars','torch'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_table_of_text_and_numbers(tmp_path: Path) -> None:
    data = load(written(tmp_path, FLOWERS), target="species")
    assert data.features.tolist() == [[1.5, 2], [2.5, 3], [3.5, 5]]
    assert (data.columns, data.classes, data.target) == (("width", "height"), ("a", "b"), "species")
    assert data.y.tolist() == ["b", "a", "b"]
    assert data.notes == ("left out 1 column of text: name",)
    assert (data.card.name, data.card.origin) == ("table", "table.csv")
    assert data.card.licence == "not stated"
    assert load(str(tmp_path / "table.csv")).labels is None


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbf" + FLOWERS.encode(),
        FLOWERS.encode("utf-16"),
        FLOWERS.encode("utf-32"),
        FLOWERS.replace("\n", "\r\n").encode(),
        FLOWERS.replace("\n", "\r").encode(),
        FLOWERS.replace(",", ";").encode(),
        FLOWERS.replace(",", "\t").encode(),
        FLOWERS.replace(",", " | ").encode(),
        FLOWERS.replace(",", ";").replace(".", ",").encode(),
        ("\n\n" + FLOWERS + "\n\n").encode(),
    ],
    ids=["mark", "utf16", "utf32", "crlf", "cr", "semicolon", "tab", "bar", "comma", "blank"],
)
def test_ways_to_write_the_same_table(encoded: bytes, tmp_path: Path) -> None:
    plain = load(written(tmp_path, FLOWERS), target="species")
    assert same(load(written(tmp_path, encoded), target="species"), plain)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.tsv", "t.TSV.gz", "t.txt"])
def test_suffixes_of_text(name: str, tmp_path: Path) -> None:
    text = FLOWERS.replace(",", "\t") if "tsv" in name.lower() else FLOWERS
    raw = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    data = load(written(tmp_path, raw, name), target="species")
    assert same(data, load(written(tmp_path, FLOWERS), target="species"))
    assert data.card.name == "t"


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "+2", "-3", "4."], [1, 2, -3, 4]),
        ([".5", "1e3", "2E-3", " 7 "], [0.5, 1000, 0.002, 7]),
        (["true", "FALSE", "True", "false"], [1, 0, 1, 0]),
        (["0.1", "1e-400", "123456789.123456789", "9007199254740993"], None),
        (["1,000", "2,000", "3,000", "4,000"], "text"),
        (["5 %", "6 %", "7 %", "8 %"], "text"),
        (["2020-01-01", "2020-01-02", "2021-01-01", "2022-01-01"], "text"),
        (["yes", "no", "yes", "no"], "text"),
        (["0x1", "0x2", "0x3", "0x4"], "text"),
        (["1_0", "2_0", "3", "4"], "text"),
    ],
)
def test_which_cells_are_numbers(cells: list[str], numbers: Any, tmp_path: Path) -> None:
    lines = [f'{place},"{cell}"\n' for place, cell in enumerate(cells)]
    data = load(written(tmp_path, "at,cell\n" + "".join(lines)))
    if numbers == "text":
        assert data.columns == ("at",)
        assert data.notes[0] == "left out 1 column of text: cell"
    else:
        expected = [float(cell) for cell in cells] if numbers is None else numbers
        assert data.features[:, 1].tolist() == expected


def test_a_column_that_is_nearly_numbers_is_explained() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": ["1", "2", "3", "about 4"]})
    assert load(frame).notes == (
        "left out 1 column of text: b",
        "b: 3 of 4 cells are numbers, 'about 4' is not",
    )


def test_a_point_among_decimal_commas_is_no_number(tmp_path: Path) -> None:
    data = load(written(tmp_path, "price;people\n1,5;1.234\n2,5;2.345\n"))
    assert data.columns == ("price",)
    assert data.features.tolist() == [[1.5], [2.5]]


def test_missing_cells_of_features_are_kept_where_asked(tmp_path: Path) -> None:
    table = "a,b,c\n1,2,x\n,3,y\n4,,x\n5,6,y\n"
    data = load(written(tmp_path, table), target="c", missing="keep")
    assert data.gaps
    assert np.array_equal(data.features, [[1, 2], [np.nan, 3], [4, np.nan], [5, 6]], equal_nan=True)
    assert data.notes == (
        "2 of 4 rows lack cells, which count as unknown: a 1 missing, b 1 missing",
    )
    assert data.split(0.5, 0)[0].gaps
    with pytest.raises(InputError, match="A network needs every cell"):
        data.batch([0])


@pytest.mark.parametrize("wrong", ["1,2,\n", "1,inf,x\n"])
def test_targets_and_infinite_cells_are_refused_all_the_same(tmp_path: Path, wrong: str) -> None:
    place = written(tmp_path, "a,b,c\n1,2,x\n3,,y\n" + wrong)
    with pytest.raises(InputError, match="missing or infinite"):
        load(place, target="c", missing="keep")


def test_missing_cells_are_dropped_and_counted(tmp_path: Path) -> None:
    table = "a,b,c\n1,2,x\nNA,3,y\n4,inf,x\n5,6,\n7,?,x\n8,9,y\n"
    data = load(written(tmp_path, table), target="c", missing="drop")
    assert data.features.tolist() == [[1, 2], [8, 9]]
    assert data.notes == (
        "left out 4 of 6 rows with missing or infinite cells: "
        "a 1 missing, b 1 missing and 1 infinite, c 1 missing",
    )


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    data = load(written(tmp_path, ",x,empty,same,y\n0,3,,1,2\n1,1,,1,5\n2,2,,1,4\n"))
    assert data.columns == ("x", "y")
    assert data.notes == (
        "left out 1 empty column: empty",
        "left out a column that numbers the rows: column 1",
        "left out 1 column with the same value in every row: same",
    )


def test_columns_that_are_asked_for_are_kept_as_they_are(tmp_path: Path) -> None:
    data = load(written(tmp_path, "x,same,y\n3,1,2\n"), columns=["y", "same"])
    assert (data.columns, data.features.tolist()) == (("y", "same"), [[2, 1]])


def test_a_table_without_names_is_noticed(tmp_path: Path) -> None:
    data = load(written(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,other\n"))
    assert "the first line was read as column names, though '5.1' looks" in data.notes[0]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([10, 2, 2, 10], ("2", "10")),
        ([1.0, 0.0, 0.0, 1.0], ("0", "1")),
        ([0.5, 1.5, 0.5, 1.5], ("0.5", "1.5")),
        (["10", "2", "2", "10"], ("2", "10")),
        (["b", "a", "B", "a"], ("B", "a", "b")),
        ([True, False, True, False], ("False", "True")),
        (["true", "false", "true", "true"], ("false", "true")),
        (["1", "x", "1", "x"], ("1", "x")),
    ],
)
@pytest.mark.parametrize("make", [np.array, list, pd.Series, pl.Series])
def test_names_and_order_of_classes(values: Any, classes: tuple[str, ...], make: Any) -> None:
    data = load((np.arange(8.0).reshape(4, 2), make(values)))
    assert data.classes == classes
    assert data.target == "class" or make is pl.Series
    by_name = {name: place for place, name in enumerate(classes)}
    wanted = [str(v) if str(v) in by_name else str(int(v)) for v in values]
    assert data.y.tolist() == wanted


def test_categories_keep_their_order(tmp_path: Path) -> None:
    sizes = ["small", "huge", "small", "big"]
    order = ["small", "big", "never", "huge"]
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "size": pd.Categorical(sizes, order, ordered=True)})
    wanted = ("small", "big", "huge")
    assert load(frame, "size").classes == wanted
    for rows in (1, 4):
        frame.to_parquet(tmp_path / "t.parquet", row_group_size=rows)
        assert load(tmp_path / "t.parquet", "size").classes == wanted
    listed = pl.DataFrame({"x": [1, 2, 3, 4], "size": pl.Series(sizes, dtype=pl.Enum(order))})
    assert load(listed, "size").classes == wanted
    twice = pl.concat([listed, listed], rechunk=False)
    assert load(twice, "size").y.tolist() == sizes * 2
    loose = pl.DataFrame({"x": [1, 2, 3, 4], "size": pl.Series(sizes, dtype=pl.Categorical)})
    assert load(loose, "size").classes == ("big", "huge", "small")


def test_one_table_in_every_form(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(40, 3))
    names = np.array(["one", "two", "three"])[random.integers(0, 3, 40)]
    frame = pd.DataFrame(features, columns=["a", "b", "c"]).assign(kind=names)
    wanted = load(frame, "kind")
    assert wanted.features.tobytes() == features.tobytes()
    assert wanted.classes == ("one", "three", "two")
    frame.to_csv(tmp_path / "t.csv")  # with its index
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True, double_precision=15)
    polars = pl.from_pandas(frame)
    polars.write_csv(tmp_path / "p.tsv", separator="\t")
    polars.write_ndjson(tmp_path / "p.ndjson")
    forms = [
        (tmp_path / "t.csv", "kind"),
        (tmp_path / "t.parquet", "kind"),
        (tmp_path / "p.tsv", "kind"),
        (tmp_path / "p.ndjson", "kind"),
        (polars, "kind"),
        (polars.lazy(), -1),
        (pa.table(polars), 3),
        (frame, np.int64(3)),
        (frame.to_records(index=False), "kind"),
        (frame.astype({"kind": "category"}), "kind"),
    ]
    for source, target in forms:
        assert same(load(source, target), wanted), source
    nearly = load(tmp_path / "t.jsonl", "kind")
    np.testing.assert_allclose(nearly.features, features, rtol=1e-13, atol=1e-14)
    assert nearly.y.tolist() == wanted.y.tolist()
    pairs = [(features, names), (features.tolist(), list(names)), (frame[["a", "b", "c"]], names)]
    for pair in pairs:
        data = load(pair)
        assert data.features.tobytes() == features.tobytes()
        assert data.y.tolist() == names.tolist()
    assert load((frame[["a"]], frame["kind"])).target == "kind"
    whole = load(frame.to_numpy(), target=3)
    assert (whole.columns, whole.target) == (("x1", "x2", "x3"), "x4")
    assert whole.features.tobytes() == features.tobytes()


def test_decimal_text_gives_the_nearest_number(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    cells = [
        [
            repr(float(random.normal() * 10.0 ** random.integers(-320, 300))),
            f"{random.random():.25f}",
        ]
        for _ in range(500)
    ]
    text = "a,b\n" + "".join(",".join(row) + "\n" for row in cells)
    oracle = np.array([[float(cell) for cell in row] for row in cells])
    assert load(written(tmp_path, text)).features.tobytes() == oracle.tobytes()


def test_kinds_of_cells_in_frames() -> None:
    count = 4
    frame = pd.DataFrame(
        {
            "tiny": np.arange(count, dtype=np.int8),
            "half": np.arange(count, dtype=np.float16),
            "maybe": pd.array([1, 2, 3, 4], dtype="Int64"),
            "flag": [True, False, True, True],
            "exact": [decimal.Decimal(f"{i}.5") for i in range(count)],
            "mixed": [1, "x", None, 2.5],
            "many": [[1], [2], [3], [4]],
            "day": pd.date_range("2020-01-01", periods=count),
            "raw": [b"1", b"2", b"3", b"4"],
            "bytes and": [datetime.date(2020, 1, 1)] * count,
            "large": [2**70, 1, 2, 3],
            3: [5, 6, 7, 9],
        }
    )
    data = load(frame)
    assert data.columns == ("tiny", "half", "maybe", "flag", "exact", "large", "3")
    assert data.features[:, 3].tolist() == [1, 0, 1, 1]
    assert data.features[:, 4].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert data.features[0, 5] == 2.0**70
    assert data.notes == (
        "left out 3 columns of text: mixed, day, bytes and",
        "left out 2 columns of lists or records: many, raw",
        "mixed: 2 of 3 cells are numbers, 'x' is not",
    )


def test_json_lines_may_lack_keys_and_hold_nan(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"a": 1, "b": 2.5},
        {"a": float("nan"), "b": 1},
        {"b": 3, "a": 4, "c": "late"},
        {"b": 4},
        {"a": True, "b": 9},
    ]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "t.jsonl")
    data = load(path, missing="drop")
    assert data.features.tolist() == [[1, 2.5], [4, 3], [1, 9]]
    assert data.notes[-1].endswith("rows with missing or infinite cells: a 2 missing")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            np.arange(3.0),
            "A table is an array of two axes: (sample, feature). Received shape (3,).",
        ),
        (np.zeros((3, 8, 8)), "A table is an array of two axes: (sample, feature). Received shape"),
        (None, "No data set can be made of this. Received NoneType. A name, a path, an array, a"),
        ({"a": [1]}, "No data set can be made of this. Received dict. A name, a path, an array,"),
        (
            np.ma.masked_less(np.eye(2), 1),
            "Cells are missing or infinite in the table. Received x1",
        ),
        (np.zeros((0, 2)), "There are no rows in the table, only column names. Received x1, x2."),
        (np.zeros((3, 0)), "There are no columns in the table."),
        ([[1, 2], [3]], "These values do not make a table: "),
        (np.array([[1j]]), "Features must be real numbers. Received an array of complex128."),
        ((np.eye(3), [1, 2]), "There must be one label for each sample. Received 3 samples and 2"),
        ((np.eye(3), np.eye(3)), "Labels are one for each sample: shape (sample,). Received shape"),
        ((np.eye(3),), "A tuple must be a pair (X, y). Received 1 things in a tuple."),
        (pd.DataFrame({"a": []}), "There are no rows in the table, only column names. Received a."),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Several columns in the table have the same"),
        (
            pd.DataFrame({"a": [1.0, np.nan, np.inf]}),
            "Cells are missing or infinite in the table. Received a 1 missing and 1 infinite; "
            "2 of 3 rows affected.",
        ),
    ],
)
def test_arrays_and_frames_that_are_refused(source: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(source)
    assert str(caught.value).startswith(message)


def test_sparse_matrices_are_refused() -> None:
    from scipy import sparse

    with pytest.raises(InputError, match=r"Sparse matrices are not read\. Received csr_matrix\."):
        load(sparse.csr_matrix(np.eye(3)))


def test_what_cannot_be_a_list_of_columns_is_refused() -> None:
    frame = pd.DataFrame({"width": [1, 2], "height": [3, 5]})
    with pytest.raises(InputError, match=r"The columns to learn from are a list of names\."):
        load(frame, columns=3)  # type: ignore[arg-type]
    assert load(frame, columns="width").columns == ("width",)


def test_a_name_too_long_for_a_file_is_refused() -> None:
    with pytest.raises(FileError, match=r"x…' cannot be read: "):
        load("x" * 5000 + ".csv")
    with pytest.raises(InputError, match="Unknown data set 'xxx"):
        load("x" * 5000)


def test_classes_given_twice_are_refused() -> None:
    with pytest.raises(InputError, match=r"The classes are given twice: as y and as target\."):
        load((np.eye(3), [0, 1, 1]), target="x1")


def test_reading_leaves_the_callers_array_alone() -> None:
    mine = np.arange(6.0).reshape(3, 2)
    data = load(mine)
    mine[0, 0] = 99
    assert data.features[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        data.features[0, 0] = 1


def test_a_name_is_not_taken_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, FLOWERS, "iris")
    assert len(load("iris")) == 150
    with pytest.raises(FileError, match="There is no file flowers"):
        load("flowers.csv")
