"""The legend that counts: what is summed in one row is told whole."""

from __future__ import annotations

import numpy as np

from layerwise.scene import Text
from layerwise.view.charts.class_table import ClassTable
from layerwise.view.style import theme


def words_of(width: float) -> list[str]:
    """The texts of a table of sixty classes that has room for nineteen rows."""
    names = [f"class {number}" for number in range(60)]
    table = ClassTable(
        (0, 0, width, 380), 10, names, np.arange(60), np.zeros((60, 3), np.uint8),
        theme("dark"), 100,
    )  # fmt: skip
    return [mark.string for mark in table.still() if isinstance(mark, Text)]


def test_the_row_of_all_others_is_never_cut():
    assert "42 more classes" in words_of(900)
    assert "42 more" in words_of(480)
    assert not any(word.endswith("…") and "more" in word for word in words_of(480))
