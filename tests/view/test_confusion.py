"""The confusion table: scikit-learn's own, epoch by epoch, and what stands on the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from chart_checks import box_of, check_words, texts, words
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, confusion_matrix

import layerwise as lw
from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Rectangles, Segments, Text
from layerwise.trace import Header, Trace
from layerwise.train.confusion import ConfusionRecorder, confusion_table
from layerwise.view.charts.chart import LINE
from layerwise.view.charts.confusion import confusion
from layerwise.view.palette import magnitude_color
from layerwise.view.style import DARK, SMALLEST_SIZE, format_percent

X, Y = (np.asarray(each) for each in load_iris(return_X_y=True))
NAMES = load_iris().target_names
OPTIONS = {"epochs": 3, "seed": 0, "progress": False, "keep": None, "learning_rate": 0.01}


def test_tables_are_those_of_scikit_learn():
    seen, wanted = ConfusionRecorder(samples=(X, NAMES[Y])), []

    def both(run):
        seen(run)
        wanted.append(confusion_matrix(NAMES[Y], run.predict(X), labels=run.classes))

    run = lw.fit("mlp 8", (X, NAMES[Y]), on_epoch=both, **OPTIONS)
    moments, tables = seen.trace.series("confusion")
    assert np.array_equal(tables, wanted)
    assert [seen.trace.moments[at].at["epoch"] for at in moments] == [1, 2, 3]
    assert seen.trace.site("confusion").entries["class"] == run.classes
    # Nothing of the training has changed.
    alone = lw.fit("mlp 8", (X, NAMES[Y]), **OPTIONS)
    for one, other in zip(run.model.parameters(), alone.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_control_part_is_judged_unless_another_is_asked_for():
    data = lw.data.load("spirals", size=200)
    for part in ("control", "training"):
        seen = ConfusionRecorder(part)
        run = lw.fit("mlp 8", data, on_epoch=seen, **OPTIONS)
        judged = getattr(run.parts, part)
        last = seen.trace["confusion", 2]
        answers = run.predict(judged)
        assert np.trace(last) / last.sum() == accuracy_score(
            np.array(run.classes)[judged.labels], answers.astype(str)
        )
        if part == "control":
            assert np.trace(last) / last.sum() == pytest.approx(
                run.history.last["control accuracy"]
            )
        assert f"{len(judged)} samples of the {part} part" in seen.trace.site("confusion").note


def test_whole_numbers_as_classes():
    seen = ConfusionRecorder(samples=(X, Y))
    run = lw.fit("mlp 8", (X, Y), on_epoch=seen, **OPTIONS)
    assert np.array_equal(seen.trace["confusion", 2], confusion_matrix(Y, run.predict(X)))


def test_tables_have_room_for_unknown():
    labels, answers = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 2])
    assert confusion_table(labels, answers, 2, 3).tolist() == [[1, 0, 1], [0, 2, 1]]


TABLES = np.array([[[5, 3, 2], [4, 6, 0]], [[8, 1, 1], [0, 9, 1]]])


def test_the_picture_says_the_counts_of_its_moment():
    scene = confusion(TABLES, ["cat", "dog"])
    for stop, table in enumerate(TABLES):
        said = words(scene, stop)
        for count in table.ravel():
            assert str(count) in said
        for row, own in enumerate(table):
            assert format_percent(own[row] / own.sum()) in said
        right = (table[0, 0] + table[1, 1]) / 20
        assert format_percent(right) in said
        assert said.count("unknown") == 1
        check_words(scene, stop)
    assert "largest class 50.0\u2009%" in words(scene, 0)


def test_cells_are_coloured_by_the_share_of_their_class():
    scene = confusion(TABLES, ["cat", "dog"])
    cells = next(mark for mark in scene.stop_marks(1) if isinstance(mark, Rectangles))
    shares = TABLES[1] / TABLES[1].sum(axis=1, keepdims=True)
    wanted = magnitude_color(shares, 1.0, DARK).reshape(-1, 3)
    wanted[TABLES[1].ravel() == 0] = DARK.unclassified[:3]
    assert np.array_equal(cells.fill[:, :3], wanted)


def test_words_lie_in_their_cells():
    rng = np.random.default_rng(0)
    for classes in (2, 5, 12, 13, 28):
        table = rng.integers(0, 100_000, (classes, classes + 1))
        scene = confusion(table, [f"class {k}" for k in range(classes)])
        cells = next(mark for mark in scene.stop_marks(0) if isinstance(mark, Rectangles)).boxes
        for mark in texts(scene, 0):
            left, top, right, bottom = box_of(mark)
            middle = (left + right) / 2, (top + bottom) / 2
            inside = [
                box for box in cells
                if box[0] < middle[0] < box[0] + box[2] and box[1] < middle[1] < box[1] + box[3]
            ]  # fmt: skip
            for box in inside:
                assert left >= box[0]
                assert right <= box[0] + box[2]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 12, 13, 28, 29, 60, 200])
def test_words_can_be_read_for_any_number_of_classes(classes, theme):
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 50, (3, classes, classes))
    names = [f"a class with a name of some length {k}" for k in range(classes)]
    scene = confusion(tables, names, theme=theme)
    check_words(scene, 2)
    if classes > 28:
        assert any("too many classes for numbers" in word for word in words(scene, 0))


def test_a_class_without_samples_has_no_share():
    scene = confusion([[0, 0], [1, 3]], ["a", "b"])
    assert "–" in words(scene, 0)
    assert not any("nan" in word or "number" in word for word in words(scene, 0))


def test_moments_are_counted_as_said():
    scene = confusion(TABLES, ["cat", "dog"], numbers=[10, 20], counted="step")
    assert [stop.label for stop in scene.stops] == ["step 10", "step 20"]


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="row for each class"):
        confusion(TABLES, ["a", "b", "c"])
    with pytest.raises(InputError, match="names of their classes"):
        confusion(TABLES)
    with pytest.raises(InputError, match="from 0 on"):
        confusion([[1, -1], [0, 1]], ["a", "b"])
    with pytest.raises(InputError, match="whole numbers"):
        confusion([[0.5, 1], [0, 1]], ["a", "b"])
    with pytest.raises(InputError, match="further ones come after"):
        confusion(TABLES, ["a", "b"], answers=["unknown", "a", "b"])
    with pytest.raises(InputError, match="number for each table"):
        confusion(TABLES, ["a", "b"], numbers=[1])
    with pytest.raises(InputError, match="Record one"):
        confusion(Trace(Header("empty", ())))
    with pytest.raises(UnknownNameError, match="Did you mean 'control'"):
        ConfusionRecorder("contol")
    with pytest.raises(InputError, match="No epoch"):
        _ = ConfusionRecorder().trace
    with pytest.raises(InputError, match="samples="):
        lw.fit("mlp 8", (X, Y), on_epoch=ConfusionRecorder(), **OPTIONS)
    with pytest.raises(InputError, match="answers with numbers"):
        lw.fit("mlp 8", (X, X[:, :1]), on_epoch=ConfusionRecorder(), **OPTIONS)
    with pytest.raises(UnknownNameError, match="Did you mean 'setosa'"):
        lw.fit(
            "mlp 8", (X, NAMES[Y]), on_epoch=ConfusionRecorder(samples=(X[:1], ["setos"])),
            **OPTIONS,
        )  # fmt: skip


def test_the_curve_does_not_cross_what_is_said_of_the_largest_class():
    for right in (3, 6, 9):  # below the largest class's share, a little above, well above
        counts = np.array([[[right, 10 - right], [5, 2]]] * 4)
        marks = confusion(counts, ["a", "b"]).stop_marks(3)
        said = next(m for m in marks if isinstance(m, Text) and m.string.startswith("largest"))
        curve = next(m for m in marks if isinstance(m, Segments) and m.widths[0] == LINE)
        height = curve.ends[-1, 3]
        assert not said.at[1] - SMALLEST_SIZE < height < said.at[1] + 2
