"""The trace file: whole after a kill, read by piece, and never more trusted than its bytes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from layerwise import trace_file
from layerwise.errors import FileError, InputError, OutputError
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.trace_file import APPLICATION_ID, DTYPES, VERSION

SITES = (
    Site("loss", "metric", unit="nats"),
    Site("weight", "weight", ("row", "column"), inputs=("loss",), note="all of them"),
)
HEADER = Header("a file", SITES, {"seed": 3, "names": ["ä", "β"]}, {}, ("one note",))


def weight(step):
    return np.random.default_rng(step).normal(size=(8, 9)).astype(np.float32)


def fill(trace, steps=4):
    for step in range(steps):
        trace.append(Moment("step", {"step": step}), {"loss": step / 7, "weight": weight(step)})
    return trace


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "run.lwt"
    with Trace.create(place, HEADER) as trace:
        fill(trace)
    return place


def planted(path, statement, values=()):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


# What comes back


def test_a_closed_trace_is_one_file_and_all_there(path):
    assert [file.name for file in path.parent.iterdir()] == ["run.lwt"]
    with Trace.open(path) as trace:
        assert trace.header == HEADER
        assert len(trace) == 4
        for step in range(4):
            assert trace.moments[step] == Moment("step", {"step": step})
            assert float(trace["loss", step]) == step / 7
            assert np.array_equal(trace["weight", step], weight(step))
        with pytest.raises(ValueError, match="read-only"):
            trace["weight", 0][0, 0] = 1
    assert [file.name for file in path.parent.iterdir()] == ["run.lwt"]


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    with Trace.open(path) as trace:
        one, other = trace.save(tmp_path / "one.lwt"), trace.save(tmp_path / "other.lwt")
    assert one.read_bytes() == other.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.lwt", "other.lwt", "run.lwt"]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_every_kind_of_array_comes_back(tmp_path_factory, data):
    dtype = np.dtype(data.draw(st.sampled_from(sorted(DTYPES))))
    if data.draw(st.booleans()):
        dtype = dtype.newbyteorder(">")
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9))
    array = data.draw(arrays.arrays(dtype, shape))
    trace = Trace(HEADER)
    trace.append(Moment("step"), {"weight": array[:, ::-1]})
    path = trace.save(tmp_path_factory.mktemp("kinds") / "run.lwt")
    with Trace.open(path) as again:
        found = again["weight", 0]
        assert found.shape == array.shape
        assert found.tobytes() == array[:, ::-1].astype(dtype.newbyteorder("<")).tobytes()


def test_what_repeats_is_compressed(tmp_path):
    trace = Trace(HEADER)
    trace.append(Moment("step"), {"weight": np.zeros((2000, 2000))})
    assert trace.save(tmp_path / "run.lwt").stat().st_size < 200_000


def test_an_empty_trace(tmp_path):
    path = Trace(HEADER).save(tmp_path / "run.lwt")
    with Trace.open(path) as trace:
        assert len(trace) == 0
        assert trace.moments == ()
        assert trace.where("loss") == []
        assert trace.header == HEADER


def test_a_copy_of_a_copy(path, tmp_path):
    with Trace.open(path) as trace:
        trace.save(path)  # over itself
    with Trace.open(path) as trace:
        assert len(trace) == 4
        assert np.array_equal(trace["weight", 3], weight(3))


# While it is written


def test_a_reader_sees_each_moment_as_it_comes(tmp_path):
    path = tmp_path / "run.lwt"
    with Trace.create(path, HEADER) as writer, Trace.open(path) as reader:
        for step in range(3):
            assert len(reader) == step
            fill_one(writer, step)
            assert len(reader) == step + 1
            assert np.array_equal(reader["weight", -1], weight(step))
            assert reader.where("weight") == list(range(step + 1))
        with pytest.raises(OutputError, match="readonly"):
            fill_one(reader, 9)
        assert len(reader) == len(writer) == 3


def fill_one(trace, step):
    trace.append(Moment("step", {"step": step}), {"loss": step / 7, "weight": weight(step)})


def test_a_reader_of_another_process(tmp_path):
    path = tmp_path / "run.lwt"
    program = """
        import sys
        from layerwise.trace import Trace
        with Trace.open(sys.argv[1]) as trace:
            for line in sys.stdin:
                print(len(trace), float(trace["loss", int(line)]), flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with Trace.create(path, HEADER) as writer:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as reader:
            for step in range(3):
                fill_one(writer, step)
                reader.stdin.write(f"{step}\n")
                reader.stdin.flush()
                assert reader.stdout.readline().split() == [str(step + 1), str(step / 7)]
            reader.stdin.close()
        assert reader.returncode == 0


def test_a_killed_writer_leaves_every_finished_moment(tmp_path):
    path = tmp_path / "run.lwt"
    program = """
        import sys
        import numpy as np
        from layerwise.trace import Header, Moment, Site, Trace
        site = Site("w", "weight", ("row", "column"))
        trace = Trace.create(sys.argv[1], Header("killed", (site,)))
        step = 0
        while True:
            trace.append(Moment("step", {"step": step}), {"w": np.full((300, 300), step)})
            print(step, flush=True)
            step += 1
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        finished = -1
        while finished < 20:
            finished = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        for line in writer.stdout:
            finished = int(line) if line.endswith("\n") else finished
    with Trace.open(path) as trace:
        assert len(trace) - 1 in (finished, finished + 1)
        for step in range(len(trace)):
            assert trace.moments[step].at == {"step": step}
            assert (trace["w", step] == step).all()
        saved = trace.save(tmp_path / "copy.lwt")
    with Trace.open(saved) as copy:
        assert len(copy) >= finished + 1


def test_a_new_trace_takes_nothing_from_one_whose_writer_was_killed(tmp_path):
    path = tmp_path / "run.lwt"
    old = Trace.create(path, Header("old", SITES))
    fill(old, 3)
    left = {name: (tmp_path / name).read_bytes() for name in ("run.lwt", "run.lwt-wal")}
    old.close()
    for name, data in left.items():  # as a kill would have left them
        (tmp_path / name).write_bytes(data)
    new = Trace(Header("new", SITES))
    fill_one(new, 7)
    new.save(path)
    with Trace.open(path) as trace:
        assert trace.title == "new"
        assert len(trace) == 1
        assert np.array_equal(trace["weight", 0], weight(7))


def test_a_moment_is_kept_whole_or_not_at_all(tmp_path):
    with Trace.create(tmp_path / "run.lwt", HEADER) as trace:
        fill(trace, 2)
        with pytest.raises(InputError) as caught:
            trace.append(Moment("step"), {"loss": 1.0, "weight": np.zeros((2, 2), np.longdouble)})
        assert str(caught.value).startswith("A trace file holds numbers. Received type ")
        with pytest.raises(InputError):
            trace.append(Moment("step"), {"loss": 1.0, "lost": 2.0})
        assert len(trace) == 2
        fill_one(trace, 2)
        assert len(trace) == 3


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "run.lwt"
    with Trace.create(path, HEADER) as trace:
        fill(trace, 1)
        planted(path, "INSERT INTO moments VALUES (1, 'step', '{\"step\": 50}')")
        with pytest.raises(OutputError) as caught:
            fill_one(trace, 1)
        assert str(caught.value) == (
            "Cannot write to the trace run.lwt: UNIQUE constraint failed: moments.number. "
            "Nothing of this moment was kept; make room, or record to another place."
        )
        assert len(trace) == 2
        assert ("loss", 1) not in trace


# One value without the rest


def test_one_value_is_read_without_the_others(path):
    planted(path, "UPDATE chunks SET data = x'00', codec = 'zlib' WHERE NOT (site = 'weight' AND moment = 2)")  # fmt: skip  # noqa: E501
    with Trace.open(path) as trace:
        assert np.array_equal(trace["weight", 2], weight(2))
        assert trace.where("weight") == [0, 1, 2, 3]
        assert ("loss", 0) in trace
        with pytest.raises(FileError):
            trace["loss", 0]


def test_presence_is_known_without_reading_the_values(path):
    with Trace.open(path) as trace:
        asked = []
        trace._store._connection.set_trace_callback(asked.append)
        trace.where("weight")
        assert ("loss", 3) in trace
        assert not any("data" in question for question in asked)
        asked.clear()
        _ = trace["weight", 1]
        assert sum("data" in question for question in asked) == 1


# Broken and foreign files


def test_a_missing_file(tmp_path):
    with pytest.raises(FileError) as caught:
        Trace.open(tmp_path / "none.lwt")
    assert str(caught.value) == f"There is no trace file {tmp_path}/none.lwt. Check the name."


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"a,b\n1,2\n" * 200, bytes(5000)])
def test_a_foreign_file(tmp_path, content):
    path = tmp_path / "run.lwt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"run\.lwt is not a Layerwise trace"):
        Trace.open(path)
    assert path.read_bytes() == content


def test_another_programs_database(tmp_path):
    path = tmp_path / "run.lwt"
    planted(path, "CREATE TABLE meta (key TEXT, value TEXT)")
    with pytest.raises(FileError) as caught:
        Trace.open(path)
    assert str(caught.value) == "run.lwt is not a Layerwise trace."


def test_a_later_version(path):
    planted(path, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(FileError) as caught:
        Trace.open(path)
    assert str(caught.value) == (
        f"run.lwt was written by a later Layerwise. Received trace version {VERSION + 1}. "
        f"This one reads versions up to {VERSION}. Upgrade layerwise."
    )


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file(tmp_path, share):
    trace = Trace(HEADER)
    fill(trace, 30)
    path = trace.save(tmp_path / "run.lwt")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileError), Trace.open(path) as opened:
        for number in range(30):
            assert opened["weight", number].shape == (8, 9)
        raise AssertionError("all was there")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_no_damage_ends_in_anything_but_a_file_error(tmp_path_factory, seed, size):
    trace = Trace(HEADER)
    fill(trace, 3)
    path = trace.save(tmp_path_factory.mktemp("damage") / "run.lwt")
    random = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    at = int(random.integers(len(data) - size))
    data[at : at + size] = random.bytes(size)
    path.write_bytes(bytes(data))
    try:
        with Trace.open(path) as opened:
            for site in ("loss", "weight"):
                for number in opened.where(site):
                    assert opened[site, number].ndim == len(opened.site(site).axes)
    except FileError:
        pass


ROWS = {
    "dtype = '|O'": "its type or size is not allowed",
    "dtype = '<f8'": "it has 288 bytes where its shape needs 576",
    "dtype = 'float'": "its type or size is not allowed",
    "dtype = 7": "its type or size is not allowed",
    "shape = '[8, 10]'": "it has 288 bytes where its shape needs 320",
    "shape = '[72]'": "its type or size is not allowed",
    "shape = '[-8, -9]'": "its type or size is not allowed",
    "shape = '[100000, 1000000000]'": "its type or size is not allowed",
    "shape = '[8, \"x\"]'": "invalid literal for int() with base 10: 'x'",
    "shape = '8'": "'int' object is not iterable",
    "shape = 'eight'": "Expecting value: line 1 column 1 (char 0)",
    "codec = 'pickle'": "its type or size is not allowed",
    "data = x'0102'": None,
    "data = 'text'": "it is no array",
    "data = 5": "it is no array",
    "codec = 'plain', data = zeroblob(288), shape = '[9, 9]'": (
        "it has 288 bytes where its shape needs 324"
    ),
}


@pytest.mark.parametrize("change", ROWS)
def test_a_planted_value_is_refused(path, change):
    planted(path, f"UPDATE chunks SET {change} WHERE site = 'weight' AND moment = 1")
    with Trace.open(path) as trace:
        assert np.array_equal(trace["weight", 0], weight(0))
        with pytest.raises(FileError) as caught:
            trace["weight", 1]
    if ROWS[change]:
        expected = f"The value 'weight' at moment 1 of run.lwt is broken: {ROWS[change]}."
        assert str(caught.value) == expected


def test_a_value_that_unpacks_to_more_than_it_says_takes_no_memory(path):
    import zlib

    bomb = zlib.compress(bytes(50_000_000), 9)
    planted(path, "UPDATE chunks SET codec = 'zlib', data = ? WHERE site = 'weight'", (bomb,))
    with (
        Trace.open(path) as trace,
        pytest.raises(FileError, match="it has 289 bytes where its shape needs 288"),
    ):
        trace["weight", 1]


MOMENTS = [
    "UPDATE moments SET number = 9 WHERE number = 1",
    "UPDATE moments SET number = -1 WHERE number = 0",
    "DELETE FROM moments WHERE number = 1",
    "UPDATE moments SET place = 'here' WHERE number = 1",
    "UPDATE moments SET place = '[1]' WHERE number = 1",
    'UPDATE moments SET place = \'{"step": "x"}\' WHERE number = 1',
    "UPDATE moments SET place = x'ff' WHERE number = 1",
    "UPDATE moments SET kind = x'01' WHERE number = 1",
    "DROP TABLE moments",
]


@pytest.mark.parametrize("change", MOMENTS)
def test_planted_moments_are_refused(path, change):
    planted(path, change)
    with Trace.open(path) as trace:
        for _ in range(2):  # and a second look finds no more than the first
            with pytest.raises(FileError):
                len(trace)


HEADERS = [
    "{}",
    "[]",
    "nothing",
    "[" * 100_000,
    '{"title": 1, "sites": [], "about": {}, "replays": {}, "notes": []}',
    '{"title": "a", "sites": [], "about": [], "replays": {}, "notes": []}',
    '{"title": "a", "sites": [], "about": {}, "replays": [], "notes": []}',
    '{"title": "a", "sites": [], "about": {}, "replays": {"x": 1}, "notes": []}',
    '{"title": "a", "sites": [], "about": {}, "replays": {"x": {"rule": "os:system"}}, "notes": []}',  # noqa: E501
    '{"title": "a", "sites": [], "about": {}, "replays": {"x": {"rule": []}}, "notes": []}',
    '{"title": "a", "sites": [], "about": {}, "replays": {}, "notes": 5}',
    '{"title": "a", "sites": [{"name": "a"}], "about": {}, "replays": {}, "notes": []}',
    '{"title": "a", "sites": [{"name": "a", "kind": "b", "axes": 1, "inputs": []}], "about": {}, "replays": {}, "notes": []}',  # noqa: E501
    '{"title": "a", "sites": [{"name": "a", "kind": "b", "axes": [], "inputs": [], "code": 1}], "about": {}, "replays": {}, "notes": []}',  # noqa: E501
]


@pytest.mark.parametrize("text", HEADERS, ids=lambda text: text[:60])
def test_a_planted_header_is_refused(path, text):
    planted(path, "UPDATE meta SET value = ? WHERE key = 'header'", (text,))
    with pytest.raises(FileError, match=r"run\.lwt is not a Layerwise trace, or it is broken"):
        Trace.open(path)


def test_a_file_without_a_header_is_refused(path):
    planted(path, "DELETE FROM meta")
    with pytest.raises(FileError):
        Trace.open(path)


# Places that cannot be written


def test_nothing_is_written_over(path):
    before = path.read_bytes()
    with pytest.raises(OutputError) as caught:
        Trace.create(path, HEADER)
    assert str(caught.value) == f"There is already something at {path}. Choose another name."
    assert path.read_bytes() == before


def test_a_place_below_a_file_cannot_be_written(path):
    below = path / "deeper.lwt"
    with pytest.raises(OutputError, match=r"Cannot write a trace at .*Choose a folder"):
        Trace.create(below, HEADER)
    with pytest.raises(OutputError, match="there is no folder"):
        Trace(HEADER).save(below)
    with pytest.raises(OutputError, match="it is a folder"):
        Trace(HEADER).save(path.parent)


def test_a_save_that_breaks_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()
    source = fill(Trace(HEADER))

    def broken(value):
        raise KeyboardInterrupt

    monkeypatch.setattr(trace_file, "_packed", broken)
    with pytest.raises(KeyboardInterrupt):
        source.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["run.lwt"]


@pytest.mark.parametrize("value", [{1, 2}, np.int64(3), object()], ids=["set", "numpy", "object"])
def test_what_json_cannot_hold_is_refused_and_nothing_created(tmp_path, value):
    header = Header("strange", SITES, {"value": value})
    with pytest.raises(InputError, match="must be plain values that JSON can hold"):
        Trace.create(tmp_path / "run.lwt", header)
    with pytest.raises(InputError):
        Trace(header).save(tmp_path / "run.lwt")
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_what_it_is(path):
    data = path.read_bytes()
    assert data[:16] == b"SQLite format 3\0"
    assert int.from_bytes(data[68:72], "big") == APPLICATION_ID
    assert Path(path).suffix == ".lwt"


def test_moments_that_are_gathered_are_there_at_once_and_written_later(tmp_path):
    path = tmp_path / "run.lwt"
    with Trace.create(path, HEADER, every_s=1000) as trace:
        weight = np.ones((2, 3))
        trace.append(Moment("step", {"step": 0}), {"loss": 1.0, "weight": weight})
        weight[:] = 7
        assert trace["weight", 0].max() == 1
        assert ("loss", 0) in trace and ("labels", 0) not in trace
        with Trace.open(path) as reader:
            assert len(reader) == 0
            trace.drop(["weight"], 0)
            trace.flush()
            assert len(reader) == 1
            assert ("weight", 0) not in reader
        trace.append(Moment("step", {"step": 1}), {"loss": 0.5})
    with Trace.open(path) as closed:
        assert [float(closed["loss", k]) for k in range(2)] == [1.0, 0.5]


def test_gathered_moments_are_written_before_they_fill_the_memory(tmp_path):
    large = np.zeros((1024, 1100))
    with Trace.create(tmp_path / "run.lwt", HEADER, every_s=1000) as trace:
        trace.append(Moment("step"), {"weight": large})
        with Trace.open(tmp_path / "run.lwt") as reader:
            assert len(reader) == 1


def test_a_trace_goes_on_from_any_moment(tmp_path):
    path = tmp_path / "run.lwt"
    with Trace.create(path, HEADER) as trace:
        for step in range(5):
            trace.append(Moment("step", {"step": step}), {"loss": float(step)})
    with Trace.reopen(path, moments=3) as trace:
        assert len(trace) == 3
        assert ("loss", 4) not in trace
        trace.declare(Site("new", "metric"))
        trace.append(Moment("step", {"step": 3}), {"loss": 30.0, "new": 1.0})
    with Trace.reopen(path) as trace:
        assert [float(trace["loss", k]) for k in range(4)] == [0.0, 1.0, 2.0, 30.0]
        assert trace.where("new") == [3]
        trace.declare(Site("newer", "metric"))
    with pytest.raises(FileError, match=r"too short to go on with\. Received 4 moments"):
        Trace.reopen(path, moments=5)
    with pytest.raises(FileError, match="no trace file"):
        Trace.reopen(tmp_path / "none.lwt")


def test_a_reader_learns_of_sites_that_are_declared_later(tmp_path):
    path = tmp_path / "run.lwt"
    entries = {"unit": (3, "many")}
    with Trace.create(path, HEADER) as trace, Trace.open(path) as reader:
        trace.declare(Site("fc1", "activation", ("unit",), entries=entries, about={"of": 64}))
        trace.append(Moment("step"), {"fc1": [1.0, 2.0]})
        reader.refresh()
        assert reader["fc1", 0].tolist() == [1.0, 2.0]
        assert reader.site("fc1").entries == entries
        assert reader.site("fc1").about == {"of": 64}
        reader.refresh()


@pytest.mark.parametrize("entries", [{"unit": [[1]]}, {"unit": [None]}, [1], {"unit": 3}])
def test_strange_entries_are_refused(tmp_path, entries):
    path = tmp_path / "run.lwt"
    Trace.create(path, HEADER).close()
    with sqlite3.connect(path) as connection:
        (text,) = connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        document = json.loads(text)
        document["sites"][0]["entries"] = entries
        connection.execute("UPDATE meta SET value = ?", [json.dumps(document)])
    connection.close()
    with pytest.raises(FileError, match="broken"):
        Trace.open(path)
