"""Folders and archives of images: what is read, what is said, what is refused."""

import io
import os
import shutil
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from pictures import bomb, encoded, folder_of, noise, zipped
from PIL import Image

from layerwise.data import image_files, load_images, load_parts
from layerwise.errors import FileError, InputError, LayerwiseError, TooLargeError, UnknownNameError


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    data = load_images(folder_of(tmp_path / "shapes", {"square": 3, "circle": 2}))
    assert repr(data) == "<ImageDataset 'shapes': 5 × 12 × 10 grey, 2 classes>"
    assert data.classes == ("circle", "square")
    assert data.names == (
        *("circle/a.0.png", "circle/b.1.png"),
        *("square/a.0.png", "square/a.2.png", "square/b.1.png"),
    )
    assert data.require_labels().tolist() == [0, 0, 1, 1, 1]
    assert np.array_equal(data.pixels[1, 0], noise(1001))
    assert np.array_equal(data.pixels[3, 0], noise(2))
    assert data.notes == ()
    assert data.card.origin == "shapes"


def test_an_archive_gives_the_same_with_or_without_a_top_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "shapes", {"square": 3, "circle": 2})
    wanted = load_images(folder)
    for top in ("", "shapes/"):
        found = load_images(zipped(folder, tmp_path / "shapes.zip", top))
        assert found.pixels.tobytes() == wanted.pixels.tobytes()
        assert (found.names, found.classes) == (wanted.names, wanted.classes)
        assert found.card == wanted.card


def test_classes_that_are_numbers_are_ordered_by_value(tmp_path: Path) -> None:
    assert load_images(folder_of(tmp_path, {"10": 1, "9": 1, "2": 1})).classes == ("2", "9", "10")


def test_the_commonest_size_is_kept_where_all_are_small(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 3, "q": 3})
    (folder / "p" / "large.png").write_bytes(encoded(noise(5, (30, 40))))
    data = load_images(folder)
    assert data.shape == (1, 12, 10)
    assert data.notes == ("1 image of other sizes brought to 12 × 10 by padding",)
    (folder / "p" / "large.png").write_bytes(encoded(noise(5, (30, 140))))
    assert load_images(folder).shape == (1, 64, 64)
    cropped = load_images(folder, size=(6, 8), fit="crop", channels="colour")
    assert cropped.shape == (3, 6, 8)
    assert cropped.notes == ("7 images of other sizes brought to 6 × 8 by cropping",)


def test_colour_in_one_image_makes_all_of_them_colour(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 2, "q": 2})
    (folder / "p" / "c.png").write_bytes(encoded(noise(5, channels=3)))
    data = load_images(folder)
    assert data.shape == (3, 12, 10)
    assert np.array_equal(data.pixels[0], np.stack([noise(0)] * 3))
    assert load_images(folder, channels="grey").shape == (1, 12, 10)


@pytest.mark.parametrize(
    ("group", "groups"),
    [
        ("prefix", ["a", "b", "a", "b"]),
        (r"\.(\d)\.", ["0", "1", "0", "1"]),
        (r"^[ab]", ["a", "b", "a", "b"]),
        (lambda name: name.upper(), ["A.0.PNG", "B.1.PNG"] * 2),
    ],
)
def test_groups_from_names(tmp_path: Path, group, groups: list[str]) -> None:
    data = load_images(folder_of(tmp_path, {"p": 2, "q": 2}), group=group)
    assert data.groups is not None
    assert data.groups.tolist() == groups


def test_groups_from_folders_below_the_class(tmp_path: Path) -> None:
    folder_of(tmp_path / "p", {"anna": 1, "bob": 2})
    folder_of(tmp_path / "q", {"bob": 1})
    data = load_images(tmp_path, group="folder")
    assert data.groups is not None
    assert data.groups.tolist() == ["anna", "bob", "bob", "bob"]


def test_dark_ink_on_paper_is_inverted_when_asked(tmp_path: Path) -> None:
    for name in "pq":
        (tmp_path / name).mkdir()
        paper = np.full((9, 9), 250, np.uint8)
        paper[4, 2:7] = 10
        (tmp_path / name / "x.png").write_bytes(encoded(paper))
    assert load_images(tmp_path).pixels[0, 0, 0, 0] == 250
    data = load_images(tmp_path, invert="auto")
    assert (data.pixels[0, 0, 0, 0], data.pixels[0, 0, 4, 4]) == (5, 245)
    assert data.notes == ("inverted: the borders were bright (median 250 of 255)",)
    again = load_images(data, invert="auto")
    assert again.notes[-1] == "not inverted: the borders are dark (median 5 of 255)"
    assert np.array_equal(load_images(data, invert=True).pixels, 255 - data.pixels)


def test_one_unreadable_image_among_many_is_named_and_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 15, "q": 15})
    broken = folder / "p" / "a.0.png"
    broken.write_bytes(broken.read_bytes()[:70])
    told: list[tuple[str, int, int]] = []
    data = load_images(folder, progress=lambda *step: told.append(step))
    assert len(data) == 29
    assert data.notes == (
        "1 of 30 images could not be read and was left out: p/a.0.png (truncated)",
    )
    assert told[-1] == ("reading images", 30, 30)
    assert ("checking images", 30, 30) in told
    assert [done for what, done, _ in told if what == "reading images"] == list(range(1, 31))
    (folder / "q" / "bomb.png").write_bytes(bomb(20_000, 20_000))
    (folder / "q" / "link.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "q" / "pipe.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FileError) as caught:
            load_images(folder)
    assert str(caught.value) == (
        f"4 of 33 images in {folder} cannot be read. Received p/a.0.png (truncated), q/bomb.png "
        "(too many pixels), q/link.png (a link that leads nowhere), q/pipe.png (a device or a "
        "pipe). Up to a tenth may be left out. Copy or export them again, or take them away."
    )


def test_what_else_lies_there_is_counted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 2, "q": 2})
    (folder / "p" / "notes.txt").write_text("mine")
    (folder / "p" / ".hidden.png").write_text("no image")
    (folder / "top.png").write_bytes(encoded(noise(1)))
    assert load_images(folder).notes == (
        "left out 1 file of other kinds: p/notes.txt",
        "left out 1 image outside the class folders",
    )


def test_a_suffix_is_not_believed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 1, "q": 1})
    (folder / "p" / "a.jpg").write_bytes(encoded(noise(5)))
    (folder / "q" / "b.GIF").write_bytes(encoded(noise(6), "BMP"))
    assert np.array_equal(load_images(folder).pixels[1, 0], noise(5))
    assert len(load_images(folder)) == 4


def test_without_classes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 2, "q": 1})
    data = load_images(folder / "p", labelled=False)
    assert (len(data), data.labels, data.classes) == (2, None, ())
    assert len(load_images(folder, labelled=False)) == 3
    alone = load_images(folder / "p" / "a.0.png")
    assert np.array_equal(alone.pixels[0, 0], noise(0))
    assert alone.labels is None


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "data", {"p": 2, "q": 2})
    shutil.move(folder / "q", tmp_path / "elsewhere")
    (folder / "q").symlink_to(tmp_path / "elsewhere")
    assert len(load_images(folder)) == 4
    (folder / "q" / "round").symlink_to(folder)
    with pytest.raises(FileError) as caught:
        load_images(folder)
    assert str(caught.value) == (
        f"{folder / 'q' / 'round'} is a link that leads back to a folder above it. Remove the link."
    )


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, {"p": 1, "q": 1})

    def refuse(place: Path) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileError) as caught:
        load_images(folder)
    assert str(caught.value) == f"{folder} cannot be read: Permission denied."


def test_an_image_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, {"p": 9, "q": 9})
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "b.1.png" and path.parent.name == "q":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert load_images(folder).notes == (
        "1 of 18 images could not be read and was left out: q/b.1.png (permission denied)",
    )


def flat(place: Path) -> Path:
    folder_of(place, {"p": 2})
    return place / "p"


def with_empty_class(place: Path) -> Path:
    (folder_of(place, {"p": 1, "q": 1}) / "r").mkdir()
    return place


def empty(place: Path) -> Path:
    place.mkdir()
    return place


def of_tables(place: Path) -> Path:
    (place / "p").mkdir(parents=True)
    (place / "p" / "a.csv").write_text("x\n1\n")
    return place


def no_archive(place: Path) -> Path:
    place.with_suffix(".zip").write_bytes(b"PK\x03\x04 and no more")
    return place.with_suffix(".zip")


def locked(place: Path) -> Path:
    archive = zipped(folder_of(place, {"p": 1, "q": 1}), place.with_suffix(".zip"))
    data = bytearray(archive.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 1)
    archive.write_bytes(data)
    return archive


KINDS = "Images are bmp, gif, jpe, jpeg, jpg, pbm, pgm, png, pnm, ppm, tif, tiff, webp files."
FOLDERS = "Make a folder for each class and put its images in it"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            flat,
            "The images in {} are not in folders, one for each class. Received 2 images, a.0.png "
            f"for one. {FOLDERS}; images without classes are read with labelled=False.",
        ),
        (empty, f"There are no images in {{}}. Received an empty folder. {KINDS} {FOLDERS}."),
        (of_tables, f"There are no images in {{}}. Received 1 .csv. {KINDS} {FOLDERS}."),
        (
            with_empty_class,
            "1 class folder in {} without an image. Received r. Fill it or remove it.",
        ),
        (
            lambda place: folder_of(place, {"p": 2}),
            "There is a single class in {}. Received p. At least two class folders are needed. "
            "Name the folder that holds the class folders, or read the images without classes: "
            "labelled=False.",
        ),
        (
            lambda place: folder_of(place, {"pp": 1, "q": 1}).parent / "plac",
            "There is no folder or file {}. Did you mean 'PARENT/place'?",
        ),
        (
            lambda place: place / "deeper",
            "There is no folder PARENT/place, so there is no deeper in it.",
        ),
        (no_archive, "{} is not a zip archive, or it is damaged. Copy or download it again."),
        (locked, "{} is locked with a password. Unpack it first."),
    ],
)
def test_places_that_are_refused(tmp_path: Path, make, message: str) -> None:
    place = make(tmp_path / "place")
    with pytest.raises(FileError) as caught:
        load_images(place)
    assert str(caught.value) == message.format(place).replace("PARENT", str(tmp_path))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"channels": "gray"},
            UnknownNameError,
            "Unknown choice of channels 'gray'. Did you mean 'grey'?",
        ),
        ({"fit": "padd"}, UnknownNameError, "Unknown fit 'padd'. Did you mean 'pad'?"),
        (
            {"size": 0},
            InputError,
            "The size of images is a whole number of pixels, or (rows, columns). Received 0. "
            "1 to 8,192.",
        ),
        (
            {"size": (8, 8, 3)},
            InputError,
            "The size of images is a whole number of pixels, or (rows, columns). "
            "Received (8, 8, 3). 1 to 8,192.",
        ),
        (
            {"group": "("},
            InputError,
            "The group is no regular expression. Received '(': missing ), unterminated "
            'subpattern at position 0. "prefix", "folder", a regular expression on the file\'s '
            "name, or a function of it.",
        ),
        (
            {"group": "x(.)"},
            InputError,
            "The rule for groups finds none in 2 file names. Received 'a.0.png', for one. "
            "Mend the rule so that it fits each name.",
        ),
        ({"invert": 2}, InputError, "invert must be True, False or 'auto'. Received 2."),
        (
            {"part": "tests"},
            UnknownNameError,
            "Unknown part 'tests'. Did you mean 'test'?",
        ),
        (
            {"per_kind": 3},
            InputError,
            "Only the image sets that come with layerwise take options. Received per_kind. "
            "They are digits, drawings.",
        ),
    ],
)
def test_options_that_are_refused(
    tmp_path: Path, options, kind: type[LayerwiseError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        load_images(folder_of(tmp_path, {"p": 1, "q": 1}), **options)
    assert str(caught.value) == message


def test_more_than_memory_is_refused_before_it_is_taken(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"p": 15, "q": 15})
    with pytest.raises(TooLargeError, match=r"30 of 8192 × 8192 pixels, 5\.6 GiB"):
        load_images(folder, size=8192)


def test_an_archive_that_unpacks_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(folder_of(tmp_path / "p", {"p": 1, "q": 1}), tmp_path / "a.zip")
    monkeypatch.setattr(image_files, "LIMIT_UNPACKED", 100)
    with pytest.raises(FileError, match="unpacks to too much"):
        load_images(archive)


def test_damage_in_an_archive_is_one_image(tmp_path: Path) -> None:
    archive = zipped(folder_of(tmp_path / "p", {"p": 15, "q": 15}), tmp_path / "a.zip")
    data = bytearray(archive.read_bytes())
    at = data.find(b"p/a.0.png") + 60
    data[at : at + 20] = bytes(20)
    archive.write_bytes(data)
    assert load_images(archive).notes == (
        "1 of 30 images could not be read and was left out: p/a.0.png (damaged in the archive)",
    )


def test_parts_that_a_folder_has_are_kept(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", {"p": 10, "q": 10})
    folder_of(tmp_path / "test", {"p": 2, "q": 3}, size=(20, 20), channels=3)
    parts = load_parts(tmp_path, control=0.2, seed=3)
    assert repr(parts) == f"<Parts of {tmp_path.name!r}: 16 training, 4 control, 5 test; 2 classes>"
    assert parts.shape == (1, 12, 10)
    folder_of(tmp_path / "Validation", {"q": 4})
    parts = load_parts(tmp_path)
    assert [len(part) for part in parts] == [20, 4, 5]
    assert parts.control.require_labels().tolist() == [1] * 4
    shutil.rmtree(tmp_path / "test")
    assert [len(part) for part in load_parts(tmp_path)] == [17, 4, 3]
    alone = load_images(tmp_path)
    assert (len(alone), alone.notes) == (20, ("the training part only; control left aside",))
    assert len(load_images(tmp_path, part="control")) == 4
    with pytest.raises(FileError, match=r"no test part in .* It has training and control\."):
        load_images(tmp_path, part="test")


def test_a_group_in_training_and_test_is_told(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", {"p": 10, "q": 10})
    folder_of(tmp_path / "test", {"p": 1, "q": 1})
    folder_of(tmp_path / "val", {"p": 1, "q": 1})
    assert load_parts(tmp_path, group="prefix").test.notes[-1] == "1 group of it in training too: a"


def test_a_class_that_training_lacks_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", {"p": 10, "q": 10})
    folder_of(tmp_path / "test", {"p": 2, "r": 3})
    with pytest.raises(FileError) as caught:
        load_parts(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/test has classes that the training part lacks. Received r. "
        "Classes of the training part: p, q."
    )


def test_classes_named_like_parts_are_classes(tmp_path: Path) -> None:
    assert load_images(folder_of(tmp_path, {"train": 2, "bus": 2})).classes == ("bus", "train")


def test_a_test_part_without_classes_is_passed_over(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", {"p": 10, "q": 10})
    folder_of(tmp_path, {"test": 3})
    parts = load_parts(tmp_path)
    assert [len(part) for part in parts] == [14, 3, 3]
    assert parts.training.notes == ("passed over test: it has no class folders",)


def test_an_interruption_ends_threads_and_filters(tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    folder = folder_of(tmp_path, {"p": 20, "q": 20})
    before = list(warnings.filters)
    with pytest.raises(KeyboardInterrupt) as caught:
        load_images(folder, size=8, progress=stop)
    assert warnings.filters == before
    assert caught.traceback
    assert not [each for each in threading.enumerate() if "ThreadPool" in each.name]


def test_pillow_warns_as_before_afterwards(tmp_path: Path) -> None:
    load_images(folder_of(tmp_path, {"p": 1, "q": 1}))
    with pytest.raises(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(bomb(10_000, 10_000)))
