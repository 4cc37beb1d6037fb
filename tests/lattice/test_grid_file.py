"""Grids in files: the same bits as grids in memory, and files that stay whole."""

from __future__ import annotations

import errno
import json
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import FileError, InputError, OutputError
from layerwise.lattice.big import GridFile, format, grid_file
from layerwise.lattice.cells import first_frame
from layerwise.lattice.layers import LayerStack, Recipe
from layerwise.lattice.mapping import GridMapping
from layerwise.types import UNCLASSIFIED

SHAPES = [(1, 1), (1, 200), (90, 1), (70, 130), (64, 64), (9, 6, 70), (1, 1, 1), (20, 9, 64)]


def frame_of(shape, classes=3, points=12, seed=0):
    random = np.random.default_rng(seed)
    frame = np.full(shape, UNCLASSIFIED, np.uint8)
    where = random.choice(frame.size, min(points, frame.size), replace=False)
    frame.flat[where] = random.integers(0, classes, len(where))
    return frame


def grid_of(path, frame, classes=3, seed=11, lazy=True, part_lines=7):
    return GridFile.from_labels(
        path, frame, classes=classes, seed=seed, lazy=lazy, part_lines=part_lines
    )


def stack_of(frame, classes=3, seed=11, lazy=True):
    stack = LayerStack(Recipe(frame, classes, seed, lazy=lazy))
    stack.fill()
    return stack


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.grid"


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_layer_is_that_of_a_grid_in_memory(path, shape, lazy, monkeypatch):
    monkeypatch.setattr(grid_file, "PASS_LAYERS", 9)
    frame = frame_of(shape)
    stack = stack_of(frame, lazy=lazy)
    grid = grid_of(path, frame, lazy=lazy)
    assert np.array_equal(grid[:], frame)
    assert grid.unclassified == np.count_nonzero(frame == UNCLASSIFIED)
    grid.fill()
    depth = stack.recipe.depth
    assert (grid.layer, grid.depth, grid.unclassified) == (depth, depth, 0)
    assert np.array_equal(grid[:], stack.labels(depth))
    for layer in (depth + 1, depth + 20):
        grid.advance(to=layer, threads=2)
        assert np.array_equal(grid[:], stack.labels(layer))
        assert np.array_equal(grid.counts(), stack.counts(layer))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_parts_and_passes_give_the_same(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("grids") / "a.grid"
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 140)))
    classes = data.draw(st.sampled_from([1, 2, 5, 255]))
    frame = frame_of(shape, classes, data.draw(st.integers(1, 30)), seed=shape[0])
    grid = grid_of(path, frame, classes, part_lines=data.draw(st.integers(1, 50)))
    stack = LayerStack(Recipe(frame, classes, 11))
    steps = data.draw(st.lists(st.integers(0, 30), max_size=4))
    for step in steps:
        grid.advance(step)
    grid = GridFile.open(path)
    if grid.depth is None:  # not filled so far
        assert grid.layer == sum(steps)
        assert np.array_equal(grid[:], stack.labels(grid.layer))
    else:
        stack.fill()
        assert grid.depth == stack.recipe.depth
        assert np.array_equal(grid[:], stack.labels(grid.layer))


@pytest.mark.parametrize("shape", [(50, 200), (8, 11, 130)], ids=str)
def test_windows_are_cut_as_numpy_cuts_them(path, shape):
    frame = frame_of(shape, points=400)
    grid = grid_of(path, frame)
    windows = [
        np.s_[:], np.s_[3], np.s_[3:9, 5:6], np.s_[-4:, -70:-1], np.s_[5:5], np.s_[2:4, 7],
        np.s_[..., :][1:], np.s_[0:8, 0, ], np.s_[6, 4],
    ]  # fmt: skip
    if len(shape) == 3:
        windows += [np.s_[2:5, 3:7, 64:129], np.s_[1, 2, 3], np.s_[:, 4, 60:70]]
    for window in windows:
        assert np.array_equal(grid[window], frame[window]), window


def test_points_in_pieces_make_the_frame_of_all_points(path):
    random = np.random.default_rng(0)
    points = random.normal(size=(4000, 2))
    labels = random.integers(0, 4, 4000)
    low, high = points.min(axis=0), points.max(axis=0)
    mapping = GridMapping.fit(points, np.ones(4000), (33, 41), "linear", 0.0)
    cells, _ = mapping.cells(points)
    expected = first_frame(cells, labels, np.ones(4000), (33, 41), 4)
    pieces = ((points[i : i + 900], labels[i : i + 900]) for i in range(0, 4000, 900))
    grid = GridFile.from_points(
        path, pieces, (33, 41), classes=4, part_lines=5,
        bounds=((low[0], high[0]), (low[1], high[1])),
    )  # fmt: skip
    assert np.array_equal(grid[:], expected)
    assert grid.outside == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_points_of_three_axes_lie_where_they_are_said_to(path):
    points = np.array([[0.1, 0.1, 0.1], [0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 5.0]])
    grid = GridFile.from_points(
        path, [(points, [0, 1, 2, 3])], (3, 4, 5), classes=4, bounds=((0, 1),) * 3, part_lines=2
    )
    labels = grid[:]
    assert [labels[0, 3, 0], labels[0, 3, 4], labels[0, 0, 0], labels[2, 3, 0]] == [0, 1, 2, 3]
    assert np.count_nonzero(labels != UNCLASSIFIED) == 4
    assert grid.outside == 1


@pytest.mark.parametrize("size", [1, 3, 7, 30, 99])
@pytest.mark.parametrize("shape", [(20, 99), (5, 11, 130)], ids=str)
def test_an_overview_counts_the_cells_of_its_blocks(path, shape, size):
    frame = frame_of(shape, 5, points=300)
    seen = grid_of(path, frame, 5).overview(size)
    flat = frame.reshape(-1, *shape[-2:])
    for row in range(seen.counts.shape[0]):
        for column in range(seen.counts.shape[1]):
            block = flat[
                :, row * seen.block : (row + 1) * seen.block,
                column * seen.block : (column + 1) * seen.block,
            ]  # fmt: skip
            assert seen.cells[row, column] == block.size
            counts = np.bincount(block[block != UNCLASSIFIED], minlength=5)
            assert seen.counts[row, column].tolist() == counts.tolist()
            label = counts.argmax() if counts.any() else UNCLASSIFIED
            assert seen.labels[row, column] == label
            assert seen.shares[row, column] == counts.max() / block.size
    assert max(seen.counts.shape[:2]) <= size
    trace = seen.trace
    assert np.array_equal(trace["class cells", 0], seen.counts)
    assert trace.about["shape"] == list(shape)


def test_an_interrupted_run_is_taken_up(path, monkeypatch):
    monkeypatch.setattr(grid_file, "PASS_LAYERS", 5)
    frame = frame_of((40, 70))
    stack = stack_of(frame)
    goal = stack.recipe.depth + 17
    grid = grid_of(path, frame).fill()

    def interrupt(done, total):
        assert total == 17 * 6
        if done == 10 * 6 + 5:  # amid the third pass of six parts each
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grid.advance(to=goal, progress=interrupt)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    again = GridFile.open(path)
    assert again.layer == grid.layer == stack.recipe.depth + 10
    assert np.array_equal(again[:], stack.labels(again.layer))
    assert np.array_equal(again.advance(to=goal)[:], stack.labels(goal))


def test_a_full_disk_leaves_the_grid_as_it_was(path, monkeypatch):
    grid = grid_of(path, frame_of((40, 70)))
    before = path.read_bytes()
    written = []

    def full(writer, part):
        written.append(part)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(format.Writer, "append", full)
    with pytest.raises(OutputError, match="the disk is full"):
        grid.advance(3)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_may_not_grow_leaves_the_grid_as_it_was(path):
    resource = pytest.importorskip("resource")
    grid = grid_of(path, frame_of((200, 640)), part_lines=20)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OutputError, match="larger than this file system allows"):
            grid.advance(3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert np.array_equal(grid.advance(1)[:], stack_of(frame_of((200, 640))).labels(1))


def test_memory_does_not_grow_with_the_grid(path):
    pieces = (frame_of((500, 640), points=20, seed=number) for number in range(80))
    grid = GridFile.from_labels(path, pieces, (40_000, 640), classes=3, part_lines=500)
    grid.advance(1)
    size = path.stat().st_size
    tracemalloc.start()
    try:
        grid.advance(2)
        grid.counts()
        grid.overview(50)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < size / 3


def test_a_disk_without_room_is_said_before_anything_is_written(path, monkeypatch):
    grid = grid_of(path, frame_of((40, 70)))
    monkeypatch.setattr(
        format.shutil, "disk_usage", lambda folder: format.shutil._ntuple_diskusage(9, 9, 2_000)
    )
    with pytest.raises(OutputError) as caught:
        grid.advance(3)
    assert str(caught.value) == (
        f"Cannot write {path}: the grid takes 6,016 bytes. Received a disk with 2,000 bytes free. "
        "Make room there or choose another disk; while layers are computed, the old grid and the "
        "new one are on it."
    )


def edited(path, **changes):
    """The file with another header, checksum and all."""
    content = path.read_bytes()
    length = int(content[17:27])
    document = json.loads(content[37:length]) | changes
    text = json.dumps(document).encode().ljust(length - 37)
    path.write_bytes(content[:27] + b" %08x\n" % zlib.crc32(text) + text + content[length:])


BROKEN = {
    "empty": (lambda path: path.write_bytes(b""), "is not a grid"),
    "text": (lambda path: path.write_text("layer,wise\n" * 99), "is not a grid"),
    "version": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"grid 1", b"grid 2", 1)),
        "is a grid of another version",
    ),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-8]), "is not whole"),
    "cut in the header": (lambda path: path.write_bytes(path.read_bytes()[:99]), "its header is"),
    "header": (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"seed": 11', b'"seed": 12')),
        "its header is damaged",
    ),
    "shape": (lambda path: edited(path, shape=[40]), "its header describes no grid"),
    "huge": (lambda path: edited(path, shape=[1 << 32, 1 << 32]), "describes no grid"),
    "other classes": (lambda path: edited(path, classes=5), "is not whole"),
    "no classes": (lambda path: edited(path, classes=0), "describes no grid"),
    "text for a number": (lambda path: edited(path, layer="3"), "describes no grid"),
    "checksums": (lambda path: edited(path, checksums=[1]), "describes no grid"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_grid_is_refused(path, name):
    grid_of(path, frame_of((40, 70)))
    spoil, message = BROKEN[name]
    spoil(path)
    with pytest.raises(FileError, match=message):
        GridFile.open(path)


def test_a_changed_byte_is_found(path):
    grid = grid_of(path, frame_of((40, 70)))
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    for work in (grid.counts, lambda: grid.advance(1), lambda: grid[39]):
        with pytest.raises(FileError, match="lines 35 to 39 do not fit their checksum"):
            work()
    grid[0:35]  # parts that are whole can be read


def test_a_grid_that_another_has_moved_on_is_not_mixed_up(path):
    grid = grid_of(path, frame_of((40, 70)))
    GridFile.open(path).advance(2)
    with pytest.raises(InputError, match="has changed since it was opened"):
        grid.advance(1)


def test_a_missing_file_and_a_missing_folder(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        GridFile.open(tmp_path / "none.grid")
    with pytest.raises(OutputError, match="there is no folder"):
        grid_of(tmp_path / "none" / "a.grid", frame_of((4, 4)))
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    "float labels": (lambda p: grid_of(p, np.zeros((3, 3))), "whole numbers"),
    "a class too many": (lambda p: grid_of(p, np.full((3, 3), 3)), "labels 0 to 2"),
    "four axes": (lambda p: grid_of(p, np.zeros((3, 3, 3, 3), np.uint8)), "two or three sides"),
    "no cells": (lambda p: grid_of(p, np.zeros((3, 0), np.uint8)), "two or three sides"),
    "no classes": (lambda p: grid_of(p, frame_of((3, 3)), classes=0), "1 to 255 classes"),
    "seed": (lambda p: grid_of(p, frame_of((3, 3)), seed=-1), "A seed is"),
    "parts": (lambda p: grid_of(p, frame_of((3, 3)), part_lines=0), "at least one line"),
    "pieces without a shape": (
        lambda p: GridFile.from_labels(p, [frame_of((3, 3))], classes=3),
        "need the shape",
    ),
    "too few lines": (
        lambda p: GridFile.from_labels(p, [frame_of((3, 3))], (4, 3), classes=3),
        "fewer lines",
    ),
    "too many lines": (
        lambda p: GridFile.from_labels(p, [frame_of((3, 3))] * 2, (4, 3), classes=3),
        "more lines",
    ),
    "another width": (
        lambda p: GridFile.from_labels(p, [frame_of((3, 4))], (3, 3), classes=3),
        "as wide as the grid",
    ),
    "no point": (
        lambda p: GridFile.from_points(
            p, [([[0, np.nan]], [0])], (3, 3), classes=2, bounds=((0, 1), (0, 1))
        ),
        "finite",
    ),
    "a label": (
        lambda p: GridFile.from_points(
            p, [([[0, 0]], [2])], (3, 3), classes=2, bounds=((0, 1), (0, 1))
        ),
        "labels 0 to 1",
    ),
    "axes": (
        lambda p: GridFile.from_points(
            p, [([[0, 0, 0]], [1])], (3, 3), classes=2, bounds=((0, 1), (0, 1))
        ),
        "Points are pairs",
    ),
    "bounds": (
        lambda p: GridFile.from_points(p, [], (3, 3), classes=2, bounds=((0, 0), (0, 1))),
        "lower bound",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_grid_is_refused(path, name):
    work, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        work(path)
    assert list(path.parent.iterdir()) == []


def test_what_cannot_be_asked_of_a_grid(path):
    empty = grid_of(path, np.full((3, 3), UNCLASSIFIED, np.uint8))
    with pytest.raises(InputError, match="at least one classified cell"):
        empty.fill()
    grid = grid_of(path, frame_of((5, 70))).advance(4)
    for work, message in [
        (grid.advance, "how many layers"),
        (lambda: grid.advance(1, to=9), "how many layers"),
        (lambda: grid.advance(to=3), "cannot go back"),
        (lambda: grid.advance(1, progress="yes"), "progress is"),
        (lambda: grid[::2], "no steps"),
        (lambda: grid[5], "within the grid"),
        (lambda: grid[1, 2, 3], "2 axes"),
        (lambda: grid["a"], "within the grid"),
        (lambda: grid.overview(0), "at least one block"),
    ]:
        with pytest.raises(InputError, match=message):
            work()


def test_progress_is_told(path, capsys):
    seen = []
    grid = grid_of(path, frame_of((40, 70), points=3))
    grid.fill(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2800, 2800)
    assert seen == sorted(seen)
    seen.clear()
    grid_of(path.with_name("b.grid"), frame_of((40, 70), points=900)).advance(
        150, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert seen[-1] == (900, 900)
    grid.advance(2, progress=True)
    assert "Layers" in capsys.readouterr().out
