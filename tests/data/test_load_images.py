"""Names, arrays and pairs as images; any source as parts; what is no set of images."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import folder_of, noise
from sklearn.datasets import load_digits

from layerwise.data import Card, ImageDataset, load, load_images, load_parts
from layerwise.errors import FileError, InputError, LayerwiseError, UnknownNameError

BYTES = np.stack([noise(i) for i in range(6)])


def test_digits_are_scikit_learns() -> None:
    data = load_images("digits")
    original = load_digits()
    assert data.shape == (1, 8, 8)
    assert np.abs(data.pixels[:, 0] / 255 - original.images / 16).max() <= 0.5 / 255 + 1e-12
    assert np.array_equal(data.require_labels(), original.target)
    assert data.classes == tuple("0123456789")
    assert load_images("digits", size=16).shape == (1, 16, 16)


def test_drawings_take_their_options() -> None:
    data = load_images("drawings", size=20, per_kind=2)
    assert (len(data), data.shape, data.classes) == (
        6,
        (1, 20, 20),
        ("circle", "square", "triangle"),
    )
    with pytest.raises(UnknownNameError) as caught:
        load_images("drawings", per_kin=2)
    assert str(caught.value) == (
        "Unknown option 'per_kin' in the image set 'drawings'. Did you mean 'per_kind'?"
    )


@pytest.mark.parametrize(
    "array",
    [
        BYTES,
        BYTES[..., None],
        BYTES[:, None],
        BYTES.astype(int),
        BYTES / 255,
        (BYTES / 255).astype(np.float32),
        BYTES.tolist(),
    ],
    ids=["plain", "last", "first", "whole", "double", "single", "lists"],
)
def test_arrays_of_any_layout_and_kind(array) -> None:
    source = np.array(array) if isinstance(array, list) else array
    data = load_images(source)
    assert np.array_equal(data.pixels[:, 0], BYTES)
    assert (data.labels, data.notes) == (None, ())


def test_colour_fractions_and_truth() -> None:
    colour = np.random.default_rng(0).random((4, 9, 8, 3))
    data = load_images(colour)
    assert data.shape == (3, 9, 8)
    assert np.abs(data.pixels.transpose(0, 2, 3, 1) / 255 - colour).max() <= 0.5 / 255 + 1e-12
    assert data.notes == ("fractions rounded to 256 steps",)
    assert load_images(colour[..., 0] > 0.5).pixels.max() == 255
    assert load_images(data, channels="grey").shape == (1, 9, 8)


def test_a_pair_has_classes() -> None:
    data = load_images((BYTES, [10, 9, 10, 9, 9, 10]))
    assert data.classes == ("9", "10")
    assert data.require_labels().tolist() == [1, 0, 1, 0, 0, 1]
    assert load_images((BYTES, list("abcabc")), labelled=False).labels is None


@pytest.mark.parametrize(
    ("source", "options", "kind", "message"),
    [
        ("digts", {}, UnknownNameError, "Did you mean 'digits'? A folder is named by its path."),
        ("iris", {}, InputError, "'iris' is a table, not a set of images. layerwise.data.load rea"),
        ("digits", {"noise": 1}, InputError, "The image set 'digits' takes no options. Received n"),
        ("digits", {"group": "prefix"}, InputError, "have no file names to find groups in"),
        (BYTES[0], {}, InputError, "(12, 10). One image alone becomes image[None]."),
        (BYTES[:0], {}, InputError, "There are no images in the array. Received shape (0, 12, 10)"),
        (BYTES - 300.0, {}, InputError, "Whole numbers 0 to 255, or fractions 0 to 1."),
        (BYTES * 1.0, {}, InputError, "or fractions 0 to 1. Divide them by 255."),
        (BYTES / np.nan, {}, InputError, "Received float64 from nan to nan."),
        (BYTES.astype(int) + 1, {}, InputError, "Received int64 from "),
        (BYTES.astype("U3"), {}, InputError, "Received <U3 of shape (6, 12, 10)."),
        (
            np.zeros((2, 3, 8, 3)),
            {},
            InputError,
            "Either axis may be the channel. Received shape (",
        ),
        (np.zeros((2, 8, 8, 4)), {}, InputError, "Leave the fourth channel, transparency, out."),
        (np.zeros((2, 8, 8, 7)), {}, InputError, "one channel (grey) or three (red, green, blue)"),
        ((BYTES, [1, 2]), {}, InputError, "Received 6 samples and 2 labels."),
        (
            (BYTES, list("abc") + [None] * 3),
            {},
            InputError,
            "3 of 6 images without one. Leave thos",
        ),
        (
            (BYTES, 1, 2),
            {},
            InputError,
            "A tuple must be a pair (X, y). Received 3 things in a tup",
        ),
        ({"a": 1}, {}, InputError, "Images are an array of numbers"),
    ],
)
def test_what_is_refused(source, options, kind: type[LayerwiseError], message: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(kind) as caught:
        load_images(source, **options)
    assert message in str(caught.value)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(
        UnknownNameError, match=r"'\.csv' in .* layerwise\.data\.load reads tables\."
    ):
        load_images(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (
            "drawings",
            InputError,
            "'drawings' is a set of images, not a table. layerwise.data.load_images reads images, "
            "load_parts either.",
        ),
        (
            load_images(BYTES),
            InputError,
            "'images' is a set of images, not a table. layerwise.data.load_images reads images, "
            "load_parts either.",
        ),
    ],
)
def test_a_table_is_not_made_of_images(source, kind, message) -> None:
    with pytest.raises(kind) as caught:
        load(source)
    assert str(caught.value) == message


def test_an_archive_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    with pytest.raises(
        FileError, match=r"is not a table\. layerwise\.data\.load_images reads images"
    ):
        load(tmp_path / "a.zip")


def test_parts_of_whatever_is_given(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "shapes", {"p": 10, "q": 10})
    table = tmp_path / "t.csv"
    table.write_text("x,k\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20)))
    for source, options, sizes in (
        ("iris", {}, [104, 23, 23]),
        ("digits", {}, [1257, 270, 270]),
        (folder, {"size": 8}, [14, 3, 3]),
        (str(table), {"target": "k"}, [14, 3, 3]),
        ((BYTES.repeat(4, axis=0), list("abcd") * 6), {}, [16, 4, 4]),
        (load("wine"), {}, [124, 27, 27]),
        (load_images("digits"), {}, [1257, 270, 270]),
    ):
        parts = load_parts(source, **options)
        assert [len(part) for part in parts] == sizes
        assert load_parts(parts) is parts
    assert load_parts("digits").shape == (1, 8, 8)
    with pytest.raises(InputError, match="Images have their classes from folders or labels"):
        load_parts(folder, target="k")
    with pytest.raises(InputError, match=r"Only the image sets .* Received colour\."):
        load_parts(folder, colour=True)
    with pytest.raises(UnknownNameError, match="Unknown data set 'irsi'"):
        load_parts("irsi")


def test_a_column_of_a_table_gives_groups() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "x": np.arange(24.0),
            "who": np.repeat(["ann", "bob", "cy", "di", "ed", "flo"], 4),
            "day": np.repeat([1, 2, 3, 4], 6),
            "kind": ["p", "q"] * 12,
        }
    )
    data = load(frame, "kind", group="who")
    assert data.columns == ("x", "day")
    assert data.groups is not None
    assert data.groups.tolist() == frame["who"].tolist()
    held = [set(part.groups.tolist()) for part in data.parts() if part.groups is not None]
    assert sorted(map(len, held)) == [1, 1, 4]
    assert len(set.union(*held)) == 6
    numbered = load(frame, "kind", group=2).groups
    assert numbered is not None
    assert set(numbered.tolist()) == {"1", "2", "3", "4"}
    assert load(frame, "kind", group="who").select(["x"]).groups is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"target": "k", "group": "k"},
            "The column 'k' is both the target and the group. Name another column for one of them.",
        ),
        ({"group": "wo"}, "Unknown column 'wo' in the table. Did you mean 'who'?"),
        (
            {"group": "who", "columns": ["who"]},
            "The column 'who' is the group and cannot be a feature as well. "
            "Leave it out of the columns.",
        ),
        ({"group": 1.5}, "The group is a column, by name or by index. Received 1.5."),
        (
            {"group": "some"},
            "Cells are missing or infinite in the table. Received some 1 missing; 1 of 4 rows "
            'affected. Mend them, or leave those rows out: missing="drop" '
            "(command line: --missing drop).",
        ),
    ],
)
def test_groups_that_are_refused(options, message: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"x": [1, 2, 3, 5], "k": list("aabb"), "who": list("pqrs"), "some": ["p", None, "q", "r"]}
    )
    with pytest.raises(InputError) as caught:
        load(frame, **options)
    assert str(caught.value) == message
    if options["group"] == "some":
        kept = load(frame, group="some", missing="drop").groups
        assert kept is not None
        assert kept.tolist() == ["p", "q", "r"]


def test_known_sets_have_the_groups_they_have() -> None:
    with pytest.raises(InputError, match="The groups of the data set 'iris' are fixed"):
        load("iris", group="species")


def test_data_needs_no_torch() -> None:
    """Nor does loading the room load what images and augmentation need."""
    code = (
        "import sys, layerwise.data as d; "
        "assert not {'torch', 'PIL', 'sklearn', 'numba'} & set(sys.modules); "
        "d.load_parts('digits'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_and_groups_survive_a_change_of_size() -> None:
    card = Card("mine", "Mine", "by hand")
    data = ImageDataset(BYTES[:, None], None, (), card, names=tuple(f"{c}_1" for c in "aabbcc"))
    grouped = load_images(data, size=4, group="prefix")
    assert grouped.groups is not None
    assert grouped.groups.tolist() == list("aabbcc")
    assert grouped.notes == ("brought from 12 × 10 to 4 × 4",)
