"""Files appear whole or not at all."""

import errno
import os
import stat

import pytest

from layerwise.errors import OutputError
from layerwise.files import replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old_only_when_all_is_written(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_text("old")
    with replacing(path) as beside:
        assert beside.parent == tmp_path
        assert beside.suffix == ".mp4"
        assert beside.read_bytes() == b""
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("before", [None, "old"])
def test_whatever_is_raised_inside_the_old_file_stays(tmp_path, error, before):
    path = tmp_path / "a.png"
    if before is not None:
        path.write_text(before)
    with pytest.raises(type(error)), replacing(path) as beside:
        beside.write_text("half")
        raise error
    assert names(tmp_path) == ([] if before is None else ["a.png"])
    assert before is None or path.read_text() == before


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission is denied"),
    ],
)
def test_what_the_system_refuses_while_writing_is_said_plainly(tmp_path, number, reason):
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(OutputError) as caught, replacing(path) as beside:
        beside.write_text("half")
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == (
        f"Cannot write {path}: {reason}. Choose a place that can be written, or make room there."
    )
    assert names(tmp_path) == ["a.png"]
    assert path.read_text() == "old"


def test_another_error_of_the_system_is_not_disguised(tmp_path):
    with pytest.raises(ConnectionResetError), replacing(tmp_path / "a.png"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    assert names(tmp_path) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as beside:
        beside.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(tmp_path / "store") == ["real.txt"]


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "none" / "a.png"
    with pytest.raises(OutputError) as caught, replacing(path):
        pass
    assert str(caught.value) == (
        f"Cannot write {path}: there is no folder {tmp_path / 'none'}. Create it first."
    )


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OutputError) as caught, replacing(tmp_path):
        pass
    assert str(caught.value) == f"Cannot write {tmp_path}: it is a folder. Name a file in it."


def test_a_device_is_no_file():
    with pytest.raises(OutputError) as caught, replacing("/dev/null"):
        pass
    assert str(caught.value) == "Cannot write /dev/null: it is not a regular file."


def test_a_file_needs_a_name():
    with pytest.raises(OutputError) as caught, replacing(""):
        pass
    assert str(caught.value) == "A file needs a name. Received ''."


def test_a_place_where_nothing_can_be_created(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    path = tmp_path / "a.png"
    with pytest.raises(OutputError) as caught, replacing(path):
        pass
    assert str(caught.value) == (
        f"Cannot write {path}: permission is denied. "
        "Choose a place that can be written, or make room there."
    )


def test_the_longest_name_that_fits_can_be_written(tmp_path):
    path = tmp_path / ("n" * 251 + ".png")
    with replacing(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"


def test_a_new_file_can_be_read_by_those_whom_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "a.png") as beside:
            beside.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640
