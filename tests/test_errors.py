"""Messages of errors: what, received, allowed, what to do."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import (
    FileError,
    InputError,
    LayerwiseError,
    NotFittedError,
    OutputError,
    TooLargeError,
    UnknownNameError,
    nearest_name,
    unknown_name,
)


def test_a_message_has_four_parts_in_order():
    error = InputError(
        "The grid is too small",
        received="3 cells",
        allowed="Grids have 8 to 20,000 cells a side",
        do="Ask for grid=400",
    )
    assert str(error) == (
        "The grid is too small. Received 3 cells. Grids have 8 to 20,000 cells a side. "
        "Ask for grid=400."
    )
    assert (error.what, error.received) == ("The grid is too small", "3 cells")
    assert (error.allowed, error.do) == ("Grids have 8 to 20,000 cells a side", "Ask for grid=400")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("No rows"), "No rows."),
        (InputError("No rows."), "No rows."),
        (InputError("No rows", do="Is it empty?"), "No rows. Is it empty?"),
        (InputError("Empty!", received="0 rows"), "Empty! Received 0 rows."),
    ],
)
def test_parts_end_as_sentences(error, message):
    assert str(error) == message


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InputError, ValueError),
        (UnknownNameError, KeyError),
        (UnknownNameError, InputError),
        (FileError, OSError),
        (OutputError, OSError),
        (TooLargeError, MemoryError),
        (NotFittedError, AttributeError),
    ],
)
def test_every_error_is_also_the_builtin_that_callers_expect(kind, builtin):
    with pytest.raises(builtin) as caught:
        raise kind("What is wrong", do="Mend it")
    assert isinstance(caught.value, LayerwiseError)
    # KeyError would print the message in quotes, OSError its empty number.
    assert str(caught.value) == "What is wrong. Mend it."


def test_every_error_class_is_a_layerwise_error():
    def below(kind):
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    house = {kind for kind in below(LayerwiseError) if kind.__module__ == "layerwise.errors"}
    assert len(house) == 8
    for kind in house:
        assert str(kind("It broke")) == "It broke."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("conv9", "Unknown layer 'conv9' in ResNet. Did you mean 'conv1'? List them all."),
        ("CONV1", "Unknown layer 'CONV1' in ResNet. Did you mean 'conv1'? List them all."),
        ("zz", "Unknown layer 'zz' in ResNet. Known: conv1, pool, dense. List them all."),
    ],
)
def test_an_unknown_name_offers_the_nearest_or_lists_all(name, message):
    error = unknown_name(
        "layer", name, ["conv1", "pool", "dense"], where="ResNet", do="List them all"
    )
    assert isinstance(error, UnknownNameError)
    assert str(error) == message


def test_a_long_list_is_cut():
    error = unknown_name("column", "?", (f"x{index}" for index in range(23)))
    assert str(error).endswith("x18, x19 and 3 more.")
    assert str(unknown_name("column", "?", map(str, range(20)))).endswith("18, 19.")


def test_names_that_differ_in_case_only_give_the_first():
    assert nearest_name("species", ["Species", "SPECIES"]) == "Species"


@given(st.lists(st.text(min_size=1), min_size=1), st.data())
def test_a_known_name_is_its_own_nearest_but_for_case(names, data):
    name = data.draw(st.sampled_from(names))
    near = nearest_name(name, names)
    assert near is not None
    assert near.casefold() == name.casefold()


def test_nothing_is_near_to_an_empty_list():
    assert nearest_name("species", []) is None


def test_an_error_crosses_to_another_process():
    # Worker processes send their errors back in this form.
    error = pickle.loads(pickle.dumps(InputError("No rows", received="a header", do="Add rows")))
    assert str(error) == "No rows. Received a header. Add rows."
    assert error.do == "Add rows"
