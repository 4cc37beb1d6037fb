"""Every broken input, and the whole message that it is answered with."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from layerwise.data import files, load
from layerwise.errors import FileError, InputError, LayerwiseError, UnknownNameError

BROKEN = Path(__file__).parent / "broken"

EMPTY = "is empty. A table needs column names and at least one row."
MEND = (
    'affected. Mend them, or leave those rows out: missing="drop" (command line: --missing drop).'
)
RAGGED = (
    "cells for 3 columns. "
    "Mend that line; text that holds the separator must stand in double quotes."
)
AS_CSV = "Save it as CSV with column names in the first line."
MORE = "Add columns of numbers; words can be coded as numbers first."
CLASSES = "Classes are needed: name another column, or cut this one into ranges first."
NAMES = "iris, wine, breast-cancer, digits, moons, spirals, overlap"

CASES: list[tuple[str, dict[str, Any], type[LayerwiseError], str]] = [
    # what is no file, or no name
    ("flowres.csv", {}, FileError, "There is no file flowres.csv. Did you mean 'flowers.csv'?"),
    (
        "nowhere/flowers.csv",
        {},
        FileError,
        "There is no folder nowhere, so there is no file flowers.csv in it.",
    ),
    (
        "folder",
        {},
        FileError,
        "folder is a folder, not a table. Name a file in it; layerwise.data.load_images reads "
        "folders of images.",
    ),
    (
        "irsi",
        {},
        UnknownNameError,
        "Unknown data set 'irsi'. Did you mean 'iris'? A file is named with its suffix.",
    ),
    (
        "houses",
        {},
        UnknownNameError,
        f"Unknown data set 'houses'. Known: {NAMES}. A file is named with its suffix.",
    ),
    # files of another kind
    (
        "photo.cvs",
        {},
        UnknownNameError,
        "Unknown file suffix '.cvs' in photo.cvs. Did you mean '.csv'?",
    ),
    ("sheet.xlsx", {}, FileError, f"sheet.xlsx is a spreadsheet, which is not read. {AS_CSV}"),
    (
        "renamed_archive.csv",
        {},
        FileError,
        f"renamed_archive.csv is a spreadsheet or an archive, not text. {AS_CSV}",
    ),
    (
        "renamed_parquet.csv",
        {},
        FileError,
        "renamed_parquet.csv is a Parquet file. Give it the suffix .parquet.",
    ),
    (
        "renamed_gzip.csv",
        {},
        FileError,
        "renamed_gzip.csv is packed with gzip. Give it the suffix .gz as well.",
    ),
    # files that are damaged
    ("empty.csv", {}, FileError, f"empty.csv {EMPTY}"),
    ("empty.csv.gz", {}, FileError, f"empty.csv.gz {EMPTY}"),
    ("blank.csv", {}, FileError, f"blank.csv {EMPTY}"),
    ("cut.csv.gz", {}, FileError, "cut.csv.gz ends too early. Copy or download it again."),
    *(
        (
            name,
            {},
            FileError,
            f"{name} is not gzip data, or it is damaged. Copy or download it again; "
            "if it is not packed, leave .gz out of its name.",
        )
        for name in ("damaged.csv.gz", "not_packed.csv.gz")
    ),
    *(
        (
            name,
            {},
            FileError,
            f"{name} is not a Parquet file, or it is damaged. Write or copy it again.",
        )
        for name in ("cut.parquet", "text.parquet")
    ),
    # text in another encoding
    (
        "latin1.csv",
        {},
        FileError,
        "latin1.csv is not UTF-8 text. Received byte 0xe9 in line 3. Save it as UTF-8 (in a "
        "spreadsheet: CSV UTF-8), or convert it: iconv -f latin1 -t utf-8 latin1.csv > new.csv.",
    ),
    (
        "latin1.jsonl",
        {},
        FileError,
        "Line 1 of latin1.jsonl is not UTF-8 text. Save the file as UTF-8.",
    ),
    (
        "utf16_no_mark.csv",
        {},
        FileError,
        "utf16_no_mark.csv is not plain text: there are zero bytes in it. "
        "Save it as UTF-8; UTF-16 is read only with its byte order mark.",
    ),
    (
        "utf16_cut.csv",
        {},
        FileError,
        "utf16_cut.csv begins as UTF-16 text but does not go on so. Save it again as UTF-8.",
    ),
    # lines that do not fit
    (
        "short_row.csv",
        {},
        FileError,
        f"Line 3 of short_row.csv does not fit its columns. Received 2 {RAGGED}",
    ),
    (
        "long_row.csv",
        {},
        FileError,
        f"Line 4 of long_row.csv does not fit its columns. Received 4 {RAGGED}",
    ),
    (
        "open_quote.csv",
        {},
        FileError,
        "A cell that begins in line 2 of open_quote.csv is not closed. "
        "Look for a single quotation mark; inside a quoted cell it is written twice.",
    ),
    *(
        (
            name,
            {},
            FileError,
            f"{name} holds one JSON array. JSON lines are read: one object a line. "
            "Write each record on a line of its own, without the brackets around them all.",
        )
        for name in ("array.json", "rows.jsonl")
    ),
    (
        "cut.jsonl",
        {},
        FileError,
        "Line 2 of cut.jsonl is not JSON, from character 14. Write one JSON object a line.",
    ),
    (
        "number.jsonl",
        {},
        FileError,
        "Line 2 of number.jsonl is not a JSON object. Received '7'. "
        'Write each row with its column names: {"height": 1.5, "species": "a"}.',
    ),
    ("twice.jsonl", {}, FileError, "Line 1 of twice.jsonl has the key 'width' twice."),
    (
        "blank.jsonl",
        {},
        FileError,
        "There are no rows in blank.jsonl. Write one JSON object a line.",
    ),
    # tables that cannot be learned from
    (
        "names_only.csv",
        {},
        InputError,
        "There are no rows in names_only.csv, only column names. Received width, height, species.",
    ),
    ("no_columns.parquet", {}, InputError, "There are no columns in no_columns.parquet."),
    (
        "same_names.csv",
        {},
        InputError,
        "Several columns in same_names.csv have the same name. Received width, height. "
        "Give every column a name of its own.",
    ),
    (
        "text_only.csv",
        {},
        InputError,
        "There is no column of numbers to learn from in text_only.csv. "
        f"Received 2 columns of text: name, city. {MORE}",
    ),
    (
        "constant.csv",
        {"target": "species"},
        InputError,
        "There is no column of numbers to learn from in constant.csv. "
        f"Received 2 columns with the same value in every row: width, height. {MORE}",
    ),
    (
        "missing.csv",
        {"target": "species"},
        InputError,
        "Cells are missing or infinite in missing.csv. Received width 2 missing, "
        f"height 1 missing and 1 infinite, species 1 missing; 4 of 5 rows {MEND}",
    ),
    (
        "all_missing.csv",
        {"missing": "drop"},
        InputError,
        "No row of all_missing.csv is without missing or infinite cells. "
        "Received width 1 missing, height 1 missing and 1 infinite. "
        "Choose columns that are better filled.",
    ),
    # targets that are no classes
    (
        "one_class.csv",
        {"target": "species"},
        InputError,
        "The target 'species' has a single class. Received 'a' in all of 3 rows. "
        "At least two classes are needed.",
    ),
    (
        "measurement.csv",
        {"target": "price"},
        InputError,
        "The target 'price' looks like a measurement. "
        f"Received 30 different numbers in 30 rows, 1.375 to 37.625. {CLASSES}",
    ),
    (
        "measurement.csv",
        {"target": "width"},
        InputError,
        "The target 'width' looks like a measurement. "
        f"Received 30 different numbers in 30 rows, 1 to 30. {CLASSES}",
    ),
    (
        "identifier.csv",
        {"target": "name"},
        InputError,
        "The target 'name' looks like an identifier. Received another value in each of 30 rows. "
        "Classes are needed: name a column whose values repeat.",
    ),
    (
        "many_classes.csv",
        {"target": "code"},
        InputError,
        "The target 'code' has too many classes. Received 300 different values, 'k0' among them. "
        "Up to 255 classes. Name another column, or merge rare classes.",
    ),
    # questions that do not fit the table
    (
        "flowers.csv",
        {"target": "specis"},
        UnknownNameError,
        "Unknown column 'specis' in flowers.csv. Did you mean 'species'?",
    ),
    (
        "flowers.csv",
        {"target": 3},
        InputError,
        "There is no column of that index in flowers.csv. Received 3. "
        "Indices are 0 to 2, or −3 to −1 from the end.",
    ),
    (
        "flowers.csv",
        {"target": True},
        InputError,
        "The target is a column, by name or by index. Received True.",
    ),
    (
        "flowers.csv",
        {"columns": ["widht"]},
        UnknownNameError,
        "Unknown column 'widht' in flowers.csv. Did you mean 'width'?",
    ),
    (
        "flowers.csv",
        {"columns": ["species"]},
        InputError,
        "The column 'species' in flowers.csv does not hold numbers. Received text. "
        "Leave it out of the columns, or code it as numbers.",
    ),
    (
        "flowers.csv",
        {"target": "species", "columns": ["species"]},
        InputError,
        "The column 'species' is the target and cannot be a feature as well. "
        "Leave it out of the columns.",
    ),
    (
        "flowers.csv",
        {"columns": []},
        InputError,
        "The columns to learn from must be named, each once. Received none.",
    ),
    (
        "flowers.csv",
        {"columns": ["width", "width"]},
        InputError,
        "The columns to learn from must be named, each once. Received width, width.",
    ),
    (
        "flowers.csv",
        {"missing": "dropp"},
        UnknownNameError,
        "Unknown way with missing cells 'dropp'. Did you mean 'drop'?",
    ),
    (
        "flowers.csv",
        {"size": 3},
        InputError,
        "Only the data sets that come with layerwise take options. Received size. "
        f"They are {NAMES}.",
    ),
    # questions that do not fit a known set
    ("iris", {"size": 3}, InputError, "The data set 'iris' takes no options. Received size."),
    (
        "iris",
        {"target": "kind"},
        InputError,
        "The target of the data set 'iris' is fixed. Received target='kind'. "
        "Its classes are in 'species'. Leave target out.",
    ),
    (
        "iris",
        {"columns": ["petal length"]},
        UnknownNameError,
        "Unknown column 'petal length' in iris. Did you mean 'petal length (cm)'?",
    ),
    (
        "moons",
        {"sise": 3},
        UnknownNameError,
        "Unknown option 'sise' in the data set 'moons'. Did you mean 'size'?",
    ),
    (
        "moons",
        {"size": 0},
        InputError,
        "The option 'size' must be a whole number from 4 to 10,000,000. Received 0.",
    ),
    (
        "moons",
        {"noise": -1},
        InputError,
        "The option 'noise' must be a finite number, zero or more. Received -1.",
    ),
    (
        "spirals",
        {"classes": 40},
        InputError,
        "The option 'classes' must be a whole number from 2 to 26. Received 40.",
    ),
    (
        "overlap",
        {"seed": 0.5},
        InputError,
        "The option 'seed' must be a whole number from 0 to 18,446,744,073,709,551,615. "
        "Received 0.5.",
    ),
]


@pytest.mark.parametrize(
    ("source", "options", "kind", "message"),
    CASES,
    ids=[f"{source}-{'-'.join(options)}" for source, options, _, _ in CASES],
)
def test_broken_input_is_answered_in_full(
    source: str,
    options: dict[str, Any],
    kind: type[LayerwiseError],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(BROKEN)
    with pytest.raises(kind) as caught:
        load(source, **options)
    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_every_broken_file_is_in_the_table() -> None:
    there = {path.name for path in BROKEN.iterdir() if not path.name.startswith(".")}
    named = {source for source, _, _, _ in CASES}
    assert len(there) > 30
    assert there <= named


@pytest.mark.parametrize("name", ["large.csv", "large.csv.gz", "large.parquet"])
def test_too_large_is_said_before_it_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = b"x,y\n" + b"1,2\n" * 30_000
    if name.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as parquet

        parquet.write_table(pa.table({"x": [1.0] * 30_000}), name)
    else:
        Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    monkeypatch.setattr(files, "LIMIT_BYTES", 100_000)
    found = " Received 30,000 rows × 1 columns." if name.endswith(".parquet") else ""
    with pytest.raises(FileError) as caught:
        load(name)
    assert str(caught.value) == (
        f"{name} is too large to read.{found} Tables up to 9.31e-05 GiB, unpacked, are read. "
        "Take a sample of its rows."
    )


def test_deeply_nested_json_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deep.jsonl").write_text('{"a": ' + "[" * 100_000)
    with pytest.raises(FileError, match=r"Line 1 of deep\.jsonl is not JSON"):
        load("deep.jsonl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("table.csv")
    with pytest.raises(FileError) as caught:
        load("table.csv")
    assert str(caught.value) == "table.csv is a device or a pipe, not a file. Save the table first."
