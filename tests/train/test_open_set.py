"""The answer *unknown*: false alarms within what is stated, far better than a softmax threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from scipy.stats import binom
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_iris
from sklearn.metrics import roc_auc_score
from torch import nn

from layerwise.data.generated_drawings import drawings
from layerwise.errors import FileError, InputError
from layerwise.train.fit import fit
from layerwise.train.open_set import FEWEST_CONTROL, OpenSet
from layerwise.train.open_set_distance import ClassDistances
from layerwise.train.open_set_guard import widened
from layerwise.train.open_set_judged import FalseAlarms, area_under_roc, threshold_for
from layerwise.train.open_set_others import made_up

SEEN = ("pentagon", "star", "cross", "zigzag", "spiral", "cube", "scribble", "heart", "letter a")
NEVER = ("crescent", "arrow", "crown", "infinity", "lightning", "letter k", "plus", "house")


@pytest.fixture(scope="module")
def run():
    return fit(
        "mlp 64-32", drawings(per_kind=700), epochs=12, learning_rate=3e-3, schedule="one-cycle",
        progress=False, health=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def guarded(run):
    return OpenSet(run, others=drawings(("other",), 1200, others=SEEN))


@pytest.fixture(scope="module")
def unknown():
    return drawings(("other",), 400, seed=5, others=NEVER)


def test_false_alarms_on_fresh_drawings_are_as_stated(guarded):
    fresh = drawings(per_kind=400, seed=9)
    alarms = int((guarded.predict(fresh) == "unknown").sum())
    stated = guarded.false_alarm_rate
    assert stated.samples == 315 and stated.rate <= 0.05
    low = binom.ppf(0.001, 1200, stated.low)
    high = binom.ppf(0.999, 1200, stated.high)
    assert low <= alarms <= high
    assert "false alarms" in str(stated) and "315 control samples" in repr(guarded)


def test_kinds_never_trained_on_are_caught_far_beyond_softmax(guarded, run, unknown):
    found = guarded.compare(run.parts.test, unknown)
    assert found.auroc > 0.93
    assert found.auroc > found.auroc_softmax + 0.08
    assert found.caught > 2 * found.caught_softmax
    assert (found.known, found.unknown) == (315, 400)
    assert "softmax" in str(found)


def test_made_up_others_do_without_any(run, unknown):
    alone = OpenSet(run, epochs=4)
    found = alone.compare(run.parts.test, unknown)
    assert found.auroc > 0.88
    assert found.auroc > found.auroc_softmax + 0.05


def test_what_is_known_keeps_its_answer(guarded, run):
    fresh = drawings(per_kind=50, seed=3)
    said, plain = guarded.predict(fresh), run.predict(fresh)
    known = said != "unknown"
    assert known.mean() > 0.85
    assert np.array_equal(said[known], plain[known])
    assert np.array_equal(guarded.scores(fresh) > guarded.threshold, ~known)


def test_the_model_and_the_random_numbers_are_left_alone(run):
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    torch.manual_seed(4)
    state = torch.get_rng_state()
    few = run.parts.training.take(np.arange(0, 1400, 14))
    first, second = (OpenSet(run, few, epochs=1, seed=2) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in run.model.state_dict().items())
    assert np.array_equal(first.scores(few), second.scores(few))
    assert not np.array_equal(first.scores(few), OpenSet(run, few, epochs=1, seed=3).scores(few))


def test_documents_bring_it_back(guarded, run, unknown):
    arrays, about = guarded.to_document()
    again = OpenSet.from_document(run, arrays, about)
    assert np.array_equal(again.scores(unknown), guarded.scores(unknown))
    assert again.threshold == guarded.threshold
    assert again.false_alarm_rate == guarded.false_alarm_rate
    for key in arrays:
        with pytest.raises(FileError, match="not what an OpenSet"):
            OpenSet.from_document(
                run, {name: arrays[name] for name in arrays if name != key}, about
            )
    with pytest.raises(FileError, match="not what an OpenSet"):
        OpenSet.from_document(run, arrays, {**about, "shape": [3]})
    with pytest.raises(FileError, match="not what an OpenSet"):
        OpenSet.from_document(run, arrays, {})


def test_tables_and_a_module_of_ones_own():
    X, y = load_iris(return_X_y=True)
    X = ((X - X.mean(0)) / X.std(0)).astype(np.float32)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    inside = names != "virginica"  # stays unknown
    rng = np.random.default_rng(0)
    rows = rng.permutation(np.flatnonzero(inside))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
    fit(model, (X[rows[:60]], y[rows[:60]]), epochs=30, progress=False)
    guarded = OpenSet(
        model, (X[rows[:60]], names[rows[:60]]), (X[rows[60:]], names[rows[60:]]),
        classes=("setosa", "versicolor"), false_alarms=0.1,
    )  # fmt: skip
    assert guarded.guard is None
    assert set(guarded.predict(X[rows[60:]])) <= {"setosa", "versicolor", "unknown"}
    far = rng.normal(0, 1, (200, 4)).astype(np.float32) * 4
    found = guarded.compare(X[rows[60:]], far)
    assert found.auroc > 0.97 and found.auroc > found.auroc_softmax + 0.1
    assert guarded.compare(X[rows[60:]], X[~inside]).auroc > 0.9
    arrays, about = guarded.to_document()
    again = OpenSet.from_document(model, arrays, about)
    assert np.array_equal(again.scores(far), guarded.scores(far))
    informed = OpenSet(
        model, (X[rows[:60]], names[rows[:60]]), (X[rows[60:]], names[rows[60:]]),
        classes=("setosa", "versicolor"), others=X[~inside][:25], false_alarms=0.1,
    )  # fmt: skip
    assert informed.guard is not None
    assert informed.compare(X[rows[60:]], X[~inside][25:]).auroc > 0.9
    assert guarded.predict(X[~inside])[np.argmax(guarded.scores(X[~inside]))] == "unknown"


class Branching(nn.Module):
    """Ends in a convolution and a mean, as networks in networks do."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({"a": nn.Conv2d(1, 6, 3), "last": nn.Conv2d(6, 3, 1)})

    def forward(self, x):
        return self.body["last"](self.body["a"](x).relu()).mean((2, 3))


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(81, 3, bias=False)),
        nn.Sequential(nn.Flatten(), nn.Linear(81, 3), nn.Linear(3, 3)),
        Branching(),
    ],
)
def test_a_widened_model_gives_what_it_gave(model):
    batch = torch.randn(5, 1, 9, 9)
    wider = widened(model, batch, 3)
    old, new = model.eval()(batch), wider.eval()(batch)
    assert new.shape == (5, 4)
    assert torch.allclose(new[:, :3], old, atol=1e-6)
    assert torch.allclose(new[:, 3], old.mean(1), atol=1e-6)
    assert len(model(batch)[0]) == 3


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(81, 4)),
        nn.Flatten(),
        nn.Sequential(nn.Flatten(), nn.Linear(81, 3), nn.LayerNorm(3)),
        nn.Linear(9, 3),
    ],
)
def test_a_model_that_cannot_be_widened(model):
    with pytest.raises(InputError, match=r"cannot be given an answer more.*guard='cnn'"):
        widened(model, torch.randn(5, 1, 9, 9), 3)


def test_a_guard_of_its_own(run, unknown):
    few = run.parts.training.take(np.arange(0, 1400, 10))
    guarded = OpenSet(run, few, guard="cnn 4", epochs=1)
    arrays, about = guarded.to_document()
    assert about["guard"] == "cnn 4" and arrays["guard.fc2.bias"].shape == (4,)
    again = OpenSet.from_document(run, arrays, about)
    assert np.array_equal(again.scores(unknown), guarded.scores(unknown))


def test_distances_are_those_of_scipy_and_scikit_learn():
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(40, 3)) * [1, 5, 0.1], np.repeat([0, 2], 20)
    rows[20:] += 3
    distances = ClassDistances.of(rows, labels)
    centred = np.concatenate([rows[:20] - rows[:20].mean(0), rows[20:] - rows[20:].mean(0)])
    precision = np.linalg.inv(LedoitWolf(assume_centered=True).fit(centred).covariance_)
    expected = [
        min(mahalanobis(row, each.mean(0), precision) for each in (rows[:20], rows[20:])) ** 2 / 2
        for row in rows
    ]
    assert np.allclose(distances.half_squares(rows), expected, rtol=1e-6)
    flat = ClassDistances.of(np.ones((5, 2)), np.zeros(5, int))
    assert np.isfinite(flat.half_squares(np.zeros((1, 2)))).all()


def test_areas_thresholds_and_ranges():
    rng = np.random.default_rng(0)
    known, unknown = rng.integers(0, 9, 80) / 3.0, rng.integers(2, 12, 60) / 3.0
    expected = roc_auc_score(np.repeat([0, 1], [80, 60]), np.concatenate([known, unknown]))
    assert area_under_roc(known, unknown) == pytest.approx(expected, abs=1e-12)
    scores = rng.permutation(np.arange(99.0))
    assert threshold_for(scores, 0.05) == 94  # the fifth largest: 4 of 99 lie above, P = 5/100
    assert threshold_for(scores, 0.005) == np.inf
    stated = FalseAlarms.at(scores, 94)
    assert stated.rate == 4 / 99 and stated.low < 0.05 < stated.high
    # The range holds in 95 of 100 repetitions: the truth is known where scores are uniform.
    inside = 0
    for _ in range(400):
        drawn = rng.random(199)
        level = threshold_for(drawn, 0.05)
        one = FalseAlarms.at(drawn, level)
        inside += one.low <= 1 - level <= one.high
    assert binom.ppf(0.001, 400, 0.95) <= inside <= binom.ppf(0.999, 400, 0.95)


def test_made_up_samples_are_like_the_known_ones_and_none_of_them():
    made = drawings(per_kind=20).pixels
    others = made_up(made, 40, seed=1)
    assert others.dtype == np.uint8 and others.shape == (40, 1, 28, 28)
    assert np.array_equal(others, made_up(made, 40, seed=1))
    assert np.array_equal(others[:10], made_up(made, 10, seed=1))
    assert not np.array_equal(others, made_up(made, 40, seed=2))
    assert not any((each == made).all(axis=(1, 2, 3)).any() for each in others)
    color = np.random.default_rng(0).random((6, 3, 8, 9)).astype(np.float32)
    assert made_up(color, 5, 0).shape == (5, 3, 8, 9)
    rows = np.random.default_rng(0).normal(size=(50, 3))
    rows[:, 1] = rows[:, 0]  # always the same: hardly ever so in a row that is made up
    strange = made_up(rows, 200, 0)
    assert strange.shape == (200, 3) and (strange[:, 0] != strange[:, 1]).mean() > 0.6


def test_what_cannot_be(run):
    few = run.parts.training.take(np.arange(40))
    with pytest.raises(InputError, match="Too few control samples"):
        OpenSet(run, few, run.parts.control.take(np.arange(FEWEST_CONTROL - 1)), epochs=1)
    with pytest.raises(InputError, match="none of the model's classes"):
        OpenSet(run, drawings(("circle", "star"), 20), epochs=1)
    with pytest.raises(InputError, match="no control samples"):
        OpenSet(run.model, few)
    with pytest.raises(InputError, match="between 0 and 1"):
        OpenSet(run, false_alarms=5)
    with pytest.raises(InputError, match=r"shape|Inputs"):
        OpenSet(run, few, others=np.zeros((5, 1, 9, 9), np.uint8), epochs=1)
    with pytest.raises(InputError, match="no samples in others"):
        OpenSet(run, few, others=np.zeros((0, 1, 28, 28), np.uint8), epochs=1)
    with pytest.raises(InputError, match="takes what fit gave"):
        OpenSet("mlp")
    with pytest.raises(InputError, match="itself called 'unknown'"):
        OpenSet(run.model, few, few, classes=("a", "unknown"))
    with pytest.raises(InputError, match="a data set or a pair"):
        OpenSet(run, np.zeros((5, 1, 28, 28)))
    with pytest.raises(InputError, match="one label for each sample"):
        OpenSet(run, (few.pixels, ["circle"]))
