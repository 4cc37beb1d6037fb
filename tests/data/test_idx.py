"""MNIST's files, whole, packed, misnamed, cut and lying."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from pictures import idx, mnist_like

from layerwise.data import load_images, load_parts
from layerwise.errors import FileError

DIGIT = np.zeros((3, 6, 5), np.uint8)
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("stem", "pack", "dot"), [("", False, "-"), ("", True, "."), ("emnist-digits-", True, "-")]
)
def test_the_official_test_part_is_kept(tmp_path: Path, stem: str, pack: bool, dot: str) -> None:
    made = mnist_like(tmp_path, stem=stem, pack=pack, dot=dot)
    parts = load_parts(tmp_path, control=0.2, seed=1)
    assert [len(part) for part in parts] == [16, 4, 8]
    pixels, labels = made["test"]
    upright = pixels.transpose(0, 2, 1) if stem else pixels
    whole = load_images(tmp_path, part="test")
    assert np.array_equal(whole.pixels[:, 0], upright)
    assert parts.test.batch(range(8)).tobytes() == whole.batch(range(8)).tobytes()
    assert parts.test.require_labels().tolist() == labels.tolist()
    assert parts.classes == whole.classes == ("0", "1", "2", "3")
    training = load_images(tmp_path)
    turned = ("turned upright: rows and columns exchanged",) if stem else ()
    assert training.notes == (*turned, "the training part only; test left aside")
    assert len(training) == 20


def test_options_reach_them(tmp_path: Path) -> None:
    mnist_like(tmp_path)
    parts = load_parts(tmp_path, control=0.2, size=10, channels="colour")
    assert parts.shape == (3, 10, 10)
    assert load_images(tmp_path, labelled=False).labels is None


def test_several_sets_in_one_folder(tmp_path: Path) -> None:
    mnist_like(tmp_path, stem="emnist-letters-")
    mnist_like(tmp_path, stem="emnist-digits-", training=12)
    with pytest.raises(FileError) as caught:
        load_parts(tmp_path)
    assert str(caught.value) == (
        f"There are several sets of idx files in {tmp_path}. Received emnist-digits, "
        "emnist-letters. Name the images file of the set that is meant."
    )
    parts = load_parts(tmp_path / f"emnist-digits-{IMAGES}", control=0.4)
    assert sum(map(len, parts)) == 12 + 8


CASES = [
    (
        IMAGES,
        idx(DIGIT)[:-1],
        "{}/" + IMAGES + " ends too early. Received 89 of 90 bytes. Copy or download it again.",
    ),
    (
        IMAGES,
        idx(DIGIT) + b"x",
        "{}/" + IMAGES + " holds more than its header says. Received more than 90 bytes. "
        "Copy or download it again.",
    ),
    (
        IMAGES,
        idx(DIGIT, shape=(2**31, 2**31, 2**31)),
        "{}/" + IMAGES + " says that it is too large to read. "
        "Received 2,147,483,648 × 2,147,483,648 × 2,147,483,648. Up to 2 GiB.",
    ),
    (
        IMAGES,
        idx(DIGIT, shape=(2**20, 40, 40)),
        "{}/" + IMAGES + " ends too early. Received 90 of 1,677,721,600 bytes. "
        "Copy or download it again.",
    ),
    (IMAGES, idx(DIGIT)[:9], "{}/" + IMAGES + " ends too early. Copy or download it again."),
    (
        IMAGES,
        b"",
        "{}/" + IMAGES + " is not an idx file. Received an empty file. "
        "It begins with 00 00 08 03 (images) or 00 00 08 01 (labels).",
    ),
    (
        IMAGES,
        gzip.compress(idx(DIGIT)),
        "{}/" + IMAGES + " is not an idx file. Received first bytes 1f 8b 08 00. "
        "It begins with 00 00 08 03 (images) or 00 00 08 01 (labels). "
        "If it is packed with gzip, give it the suffix .gz.",
    ),
    (
        IMAGES,
        idx(DIGIT, kind=13),
        "{}/" + IMAGES + " holds numbers of another kind. Received type 0x0d. "
        "Bytes (0x08) are read.",
    ),
    (
        IMAGES,
        idx(DIGIT[:, 0]),
        "{}/" + IMAGES + " does not hold images. Received 2 axes. "
        "Images have three: sample, row, column.",
    ),
    (IMAGES, idx(DIGIT[:0]), "{}/" + IMAGES + " holds no images. Received (0, 6, 5)."),
    (
        LABELS,
        idx(np.arange(4)),
        LABELS + " does not fit " + IMAGES + ". Received labels of shape (4,) for 3 images.",
    ),
    (
        LABELS,
        None,
        "There are no labels beside {}/" + IMAGES + ". Put the labels file beside it, or read the "
        "images without classes: labelled=False.",
    ),
    (
        IMAGES + ".gz",
        idx(DIGIT),
        "{}/" + IMAGES + ".gz is not gzip data, or it is damaged. Copy or download it again; "
        "if it is not packed, leave .gz out of its name.",
    ),
    (
        IMAGES + ".gz",
        gzip.compress(idx(DIGIT))[:-12],
        "{}/" + IMAGES + ".gz ends too early. Copy or download it again.",
    ),
    (
        IMAGES + ".gz",
        gzip.compress(idx(DIGIT, shape=(2**20, 40, 40))),
        "{}/" + IMAGES + ".gz ends too early. Received 90 of 1,677,721,600 bytes. "
        "Copy or download it again.",
    ),
]


@pytest.mark.parametrize(("name", "data", "message"), CASES)
def test_broken_files_say_what_is_wrong(
    tmp_path: Path, name: str, data: bytes | None, message: str
) -> None:
    (tmp_path / LABELS).write_bytes(idx(np.arange(3)))
    if IMAGES not in name:
        (tmp_path / IMAGES).write_bytes(idx(DIGIT))
    (tmp_path / name).unlink(missing_ok=True)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError) as caught:
        load_images(tmp_path)
    assert str(caught.value) == message.format(tmp_path)


def test_a_test_part_with_another_class(tmp_path: Path) -> None:
    mnist_like(tmp_path, training=3)
    with pytest.raises(FileError, match=r"the training part lacks\. Received 3"):
        load_parts(tmp_path)
