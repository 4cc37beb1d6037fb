"""The Trace in memory: what it takes, what it refuses, and that nothing in it can change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from layerwise import trace as contract
from layerwise.errors import InputError, UnknownNameError
from layerwise.trace import Header, Moment, Site, Trace

SITES = (
    Site("loss", "metric", unit="nats"),
    Site("weight", "weight", ("row", "column"), inputs=("loss",)),
    Site("labels", "label map", ("row", "column")),
)


class Counted:
    """A replay that tells how often it was asked."""

    asked = 0

    def value(self, moment):
        Counted.asked += 1
        return np.full((2, 3), moment.at["step"])


def replayed(recipe):
    return Counted()


@pytest.fixture
def rules(monkeypatch):
    monkeypatch.setattr(contract, "REPLAYS", {"counted": f"{__name__}:replayed"})
    Counted.asked = 0


def trace_of(**options):
    return Trace(Header("a trace", SITES, **options))


def test_values_come_back():
    trace = trace_of(about={"seed": 3}, notes=("some were left out",))
    assert trace.append(Moment("step", {"step": 0}), {"loss": 0.5}) == 0
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert trace.append(Moment("step", {"step": 1}), {"loss": 0.25, "weight": weight}) == 1
    assert float(trace["loss", 1]) == 0.25
    assert np.array_equal(trace["weight", 1], weight)
    assert trace["weight", 1].dtype == np.float32
    assert len(trace) == 2
    assert [moment.at["step"] for moment in trace] == [0, 1]
    assert trace.title == "a trace"
    assert trace.about == {"seed": 3}
    assert trace.notes == ("some were left out",)
    assert trace.sites == SITES
    assert trace.site("weight").inputs == ("loss",)
    assert repr(trace) == "<Trace 'a trace': 3 sites × 2 moments>"


@given(arrays.arrays(st.sampled_from(["?", "i1", "u2", "f2", "f8", ">i4"]), st.just((2, 3))))
def test_arrays_come_back_bit_for_bit(array):
    trace = trace_of()
    trace.append(Moment("step"), {"weight": array})
    assert trace["weight", 0].tobytes() == array.tobytes()
    assert trace["weight", 0].dtype == array.dtype


def test_arrays_are_frozen_and_the_callers_stay_open():
    mine = np.zeros((2, 3))
    trace = trace_of()
    trace.append(Moment("step"), {"weight": mine})
    mine[0, 0] = 9
    assert trace["weight", 0][0, 0] == 0
    assert mine.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        trace["weight", 0][0, 0] = 1


def test_what_is_said_of_the_whole_cannot_be_changed():
    trace = trace_of(about={"seed": 3})
    with pytest.raises(TypeError):
        trace.about["seed"] = 4
    assert isinstance(trace.moments, tuple)
    at = {"step": 0}
    trace.append(Moment("step", at), {})
    at["step"] = 7
    assert trace.moments[0].at == {"step": 0}


def test_moments_count_from_the_end_too():
    trace = trace_of()
    for step in range(3):
        trace.append(Moment("step", {"step": np.int64(step)}), {"loss": step})
    assert float(trace["loss", -1]) == 2
    assert float(trace["loss", np.int32(-3)]) == 0
    assert type(trace.moments[1].at["step"]) is int
    for outside in (3, -4, 0.0, None, "0"):
        assert ("loss", outside) not in trace
        with pytest.raises(InputError):
            trace["loss", outside]


def test_where_and_series():
    trace = trace_of()
    for step in range(5):
        values = {"loss": step / 2} if step % 2 == 0 else {}
        trace.append(Moment("step", {"step": step}), values)
    assert trace.where("loss") == [0, 2, 4]
    where, values = trace.series("loss")
    assert where == [0, 2, 4]
    assert values.tolist() == [0, 1, 2]
    assert trace.where("weight") == []
    assert ("loss", 2) in trace
    assert ("loss", 1) not in trace
    assert ("lost", 2) not in trace
    assert "loss" not in trace


def test_a_value_that_is_absent():
    trace = trace_of()
    for step in range(4):
        trace.append(Moment("step"), {"loss": 0} if step in (1, 2) else {})
    with pytest.raises(InputError) as caught:
        trace["loss", 3]
    assert str(caught.value) == (
        "Site 'loss' has no value at moment 3. It has 2 values, from moment 1 to 2."
    )
    with pytest.raises(InputError) as caught:
        trace["weight", 0]
    assert str(caught.value) == "Site 'weight' has no value at moment 0. It has 0 values."
    with pytest.raises(InputError) as caught:
        trace.series("weight")
    assert str(caught.value) == "Site 'weight' has no value yet."


REFUSED = [
    ({"lost": 1.0}, "Unknown site 'lost' in the trace 'a trace'. Did you mean 'loss'?"),
    (
        {"weight": np.zeros(3)},
        "Site 'weight' has the axes (row, column). Received an array of 1 axes.",
    ),
    ({"loss": [1.0]}, "Site 'loss' has the axes (). Received an array of 1 axes."),
    ({"loss": "low"}, "Site 'loss' takes numbers. Received type <U3."),
    ({"loss": None}, "Site 'loss' takes numbers. Received type object."),
    (
        {"weight": np.array([[object()]])},
        "Site 'weight' takes numbers. Received type object.",
    ),
    (
        {"weight": np.array([["2020-01-01"]], "M8[D]")},
        "Site 'weight' takes numbers. Received type datetime64[D].",
    ),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=lambda value: str(value)[:30])
def test_a_wrong_value_is_refused_and_nothing_added(values, message):
    trace = trace_of()
    with pytest.raises(InputError) as caught:
        trace.append(Moment("step"), {"labels": np.zeros((1, 1))} | values)
    assert str(caught.value) == message
    assert len(trace) == 0
    assert trace.where("labels") == []


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="Site 'weight' takes an array"):
        trace_of().append(Moment("step"), {"weight": [[1], [2, 3]]})


@pytest.mark.parametrize("value", [float("nan"), np.inf, "first", None, [1]], ids=str)
def test_coordinates_are_finite_numbers(value):
    with pytest.raises(InputError) as caught:
        trace_of().append(Moment("step", {"step": value}), {})
    assert str(caught.value) == (
        f"The coordinates of a moment are finite numbers. Received step={value!r}."
    )


def test_sites_need_different_names():
    with pytest.raises(InputError) as caught:
        Trace(Header("twice", (*SITES, SITES[0])))
    assert str(caught.value) == "The sites of a trace need different names. Received loss."


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        trace_of(replays={"labels": {"rule": "lattice.label"}})
    assert str(caught.value) == (
        "Unknown replay rule 'lattice.label'. Did you mean 'lattice.labels'?"
    )
    with pytest.raises(UnknownNameError):
        trace_of(replays={"labels": {}})


def test_replayed_values_are_computed_when_asked_for(rules):
    trace = trace_of(replays={"labels": {"rule": "counted"}})
    for step in range(3):
        trace.append(Moment("step", {"step": step}), {})
    assert trace.where("labels") == [0, 1, 2]
    assert ("labels", 1) in trace
    assert Counted.asked == 0  # to know that it is there nothing was computed
    assert trace["labels", 2].tolist() == [[2, 2, 2], [2, 2, 2]]
    assert Counted.asked == 1
    assert trace.stored("labels", 2) is None
    with pytest.raises(ValueError, match="read-only"):
        trace["labels", 2][0, 0] = 1
    assert trace.series("labels")[1].shape == (3, 2, 3)


def test_a_stored_value_comes_before_a_replayed_one(rules):
    trace = trace_of(replays={"labels": {"rule": "counted"}})
    trace.append(Moment("step", {"step": 0}), {"labels": np.full((2, 3), 77)})
    assert trace["labels", 0][0, 0] == 77
    assert Counted.asked == 0


def test_a_replay_may_need_a_coordinate(rules):
    trace = trace_of(replays={"labels": {"rule": "counted", "needs": "exact"}})
    trace.append(Moment("step", {"step": 0}), {})
    trace.append(Moment("step", {"step": 5, "exact": 1}), {})
    assert trace.where("labels") == [1]
    assert trace["labels", 1][0, 0] == 5
    with pytest.raises(InputError):
        trace["labels", 0]


def test_sites_may_be_found_while_it_runs():
    trace = trace_of()
    trace.append(Moment("step"), {"loss": 1.0})
    kept = Site("fc1", "activation", ("unit",), entries={"unit": (3, 17)}, about={"of": 64})
    trace.declare(kept, notes=("2 of 64 units, largest mean |activation|",))
    trace.declare(kept)
    trace.append(Moment("step"), {"loss": 0.5, "fc1": [1.0, 2.0]})
    assert trace.where("fc1") == [1]
    assert trace.site("fc1").entries["unit"] == (3, 17)
    assert trace.notes == ("2 of 64 units, largest mean |activation|",)
    with pytest.raises(InputError, match=r"different names\. Received fc1"):
        trace.declare(Site("fc1", "activation", ("row", "column")))
    assert trace.site("fc1") == kept


def test_stored_values_can_be_thinned_out():
    trace = trace_of()
    for step in range(4):
        trace.append(Moment("step", {"step": step}), {"loss": step, "weight": np.zeros((2, 2))})
    trace.drop(["weight"], 1)
    assert trace.where("weight") == [0, 2, 3]
    assert trace.where("loss") == [0, 1, 2, 3]
    with pytest.raises(UnknownNameError, match="wieght"):
        trace.drop(["wieght"], 1)


def test_arrays_that_are_given_away_are_not_copied():
    mine = np.zeros((2, 3))
    trace = trace_of()
    trace.append(Moment("step"), {"weight": mine}, copy=False)
    assert np.shares_memory(trace["weight", 0], mine)
    assert not trace["weight", 0].flags.writeable


def test_several_moments_are_added_at_once():
    trace = trace_of()
    moments = [Moment("step", {"step": number}) for number in range(3)]
    weights = np.arange(18.0).reshape(3, 2, 3)
    trace.extend(moments, {"loss": [1.0, 0.5, 0.25], "weight": weights})
    assert [float(trace["loss", number]) for number in range(3)] == [1.0, 0.5, 0.25]
    assert np.array_equal(trace["weight", 2], weights[2])
    assert trace["loss", 1].shape == ()
    with pytest.raises(InputError, match="2 values for 3 moments"):
        trace.extend(moments, {"loss": [1.0, 0.5]})
    with pytest.raises(InputError, match=r"has the axes \(row, column\)"):
        trace.extend(moments, {"weight": np.zeros((3, 2))})
    assert len(trace) == 3


def test_a_trace_may_be_described_when_it_is_first_looked_at():
    built = []

    def build():
        built.append(1)
        store = contract.MemoryStore()
        store.put(Moment("pass"), {"loss": np.array(2.0)}, copy=False)
        return Header("later", SITES), store

    trace = Trace.later(build)
    assert built == []
    assert trace.title == "later"
    assert float(trace["loss", 0]) == 2
    assert ("weight", 0) not in trace
    assert isinstance(trace, Trace)
    assert built == [1]
    with pytest.raises(AttributeError, match="nothing"):
        _ = trace.nothing
