"""Quick, Draw! files: both forms, and lines from strangers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from layerwise.data.quick_draw_file import LONGEST_LINE, quick_draw
from layerwise.errors import FileError, InputError


def line(word="circle", drawing=None, **more):
    drawing = [[[0, 255, 255, 0], [0, 0, 255, 255]]] if drawing is None else drawing
    return json.dumps({"word": word, "key_id": "1", "drawing": drawing, **more})


def written(folder, *lines, name="a.ndjson"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_words_become_classes_and_strokes_pictures(tmp_path):
    box = [[[0, 200, 200, 0, 0], [0, 0, 100, 100, 0]]]
    one = written(tmp_path, line("square", box), line("line", [[[0, 10], [5, 5]]]), name="1.ndjson")
    two = written(tmp_path, line("square", box), name="2.ndjson")
    made = quick_draw([one, two], 32, prepared=False)
    assert made.classes == ("line", "square") and made.labels.tolist() == [1, 0, 1]
    assert made.card.licence == "CC BY 4.0" and not made.notes
    assert np.array_equal(made.pixels[0], made.pixels[2])
    rows, columns = np.nonzero(made.pixels[0, 0] > 128)
    assert np.ptp(columns) == pytest.approx(2 * np.ptp(rows), abs=1)  # in proportion
    assert rows.mean() == pytest.approx(15.5, abs=0.1)
    assert columns.mean() == pytest.approx(15.5, abs=0.1)
    stretched = quick_draw(one, 32).pixels[0, 0]
    rows, columns = np.nonzero(stretched > 128)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)


def test_the_raw_form_is_the_same_drawing(tmp_path):
    simple = written(tmp_path, line("x", [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]))
    first = [[70.5, 325.5], [11.25, 266.25], [0, 9]]
    second = [[70.5, 325.5], [266.25, 11.25], [0, 1]]
    raw = written(tmp_path, line("x", [first, second]), name="raw.ndjson")
    assert np.array_equal(quick_draw(simple).pixels, quick_draw(raw).pixels)


def test_limit_and_recognition(tmp_path):
    path = written(
        tmp_path, *(line("a", recognized=n % 2 == 0) for n in range(6)), line("b", recognized=True)
    )
    assert len(quick_draw(path)) == 7
    assert quick_draw(path, limit=2).labels.tolist() == [0, 0, 1]
    assert len(quick_draw(path, recognized_only=True)) == 4
    lost = written(tmp_path, line("a", recognized=False), name="lost.ndjson")
    with pytest.raises(FileError, match="None of the drawings was recognised"):
        quick_draw(lost, recognized_only=True)


BAD = {
    "not JSON": "{",
    "deep": "[" * 100_000,
    "a number": "7",
    "no word": json.dumps({"drawing": [[[0], [0]]]}),
    "word is a list": line(word=["a"]),
    "control letters": line(word="a\u0007"),
    "long word": line(word="a" * 101),
    "no drawing": json.dumps({"word": "a"}),
    "empty drawing": line(drawing=[]),
    "empty stroke": line(drawing=[[[], []]]),
    "unequal": line(drawing=[[[1, 2], [1]]]),
    "text places": line(drawing=[[["1"], ["2"]]]),
    "true places": line(drawing=[[[True], [1]]]),
    "nan": '{"word": "a", "drawing": [[[NaN], [1]]]}',
    "infinite": '{"word": "a", "drawing": [[[1e999], [1]]]}',
    "huge": '{"word": "a", "drawing": [[[1' + "0" * 400 + "], [1]]]}",
    "far away": line(drawing=[[[1e12], [1]]]),
    "not a stroke": line(drawing=[7]),
    "many points": line(drawing=[[[0] * 50_001, [0] * 50_001]]),
    "many strokes": line(drawing=[[[0], [0]]] * 5_001),
    "latin": b'{"word": "caf\xe9", "drawing": [[[0], [0]]]}'.decode("latin-1"),
}


@pytest.mark.parametrize("bad", [key for key in BAD if key != "latin"])
def test_a_bad_line_is_left_out_and_named(tmp_path, bad):
    path = written(tmp_path, line(), BAD[bad], line())
    made = quick_draw(path)
    assert len(made) == 2
    (note,) = made.notes
    assert note.startswith("1 line of a.ndjson is not a drawing and was left out: line 2 (")


def test_bytes_that_are_no_text_and_lines_without_end(tmp_path):
    path = tmp_path / "b.ndjson"
    good = line().encode()
    endless = b'{"word": "' + b"a" * (LONGEST_LINE + 10) + b'"}'
    path.write_bytes(b"\n".join([good, b'{"word": "\xff"}', endless, b"", b"\x00\x01", good]))
    made = quick_draw(path)
    assert len(made) == 2
    assert made.notes[0].startswith("3 lines of b.ndjson are not drawings and were left out: ")
    assert "line 3 (longer than 4,194,304 bytes)" in made.notes[0] and "line 5" in made.notes[0]


def test_a_dot_is_a_drawing(tmp_path):
    made = quick_draw(written(tmp_path, line("dot", [[[3], [4]]])))
    assert made.pixels.max() == 255


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        quick_draw(tmp_path / "none.ndjson")
    with pytest.raises(FileError, match="cannot be read"):
        quick_draw(tmp_path)
    with pytest.raises(FileError, match=r"no drawings in .*an empty file"):
        quick_draw(written(tmp_path, ""))
    with pytest.raises(FileError, match=r"no drawings in .*line 1 \(not JSON\)"):
        quick_draw(written(tmp_path, "hello"))
    with pytest.raises(InputError, match="no file"):
        quick_draw([])
    with pytest.raises(InputError, match="'limit'"):
        quick_draw(written(tmp_path, line()), limit=0)
