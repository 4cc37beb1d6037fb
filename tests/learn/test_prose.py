"""Prose in its pieces, and scripts that are run."""

from __future__ import annotations

import pytest

from layerwise.errors import UnknownNameError
from layerwise.learn.example import run_example
from layerwise.learn.prose import paragraphs, plain, spans


def test_spans_keep_every_character_but_the_marks() -> None:
    text = "A *neuron* adds `w·x`; 2 * 3 * 4 is 24, and `a*b*c` is code."
    assert "".join(span.text for span in spans(text)) == plain(text)
    assert [span.text for span in spans(text) if span.kind != "plain"] == [
        "neuron", "w·x", "a*b*c",
    ]  # fmt: skip


def test_marks_that_close_nothing_are_plain() -> None:
    for text in ("5 * 3", "a lone ` tick", "*", "", "** **"):
        assert "".join(span.text for span in spans(text)) == text


def test_paragraphs() -> None:
    assert paragraphs("one\n\ntwo\n \n\nthree\n") == ["one", "two", "three"]
    assert paragraphs(" \n\n ") == []


def test_an_example_is_shown_with_what_it_prints() -> None:
    ran = run_example("festival")
    assert ran.printed.splitlines()[-2:] == ["bias -25: 1", "step: 1"]
    assert "threshold=25" in ran.code


def test_an_unknown_example_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'festival'"):
        run_example("festivl")
