"""What a page opens in a network's film: one layer, one unit or one block, large and in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np

from ...language import Words
from ...scene import Image, Mark, Part, Scene, Stop, Timeline, UnitReading
from ...types import FloatArray, float32_array
from ..charts.frame import Frame
from ..marks import hairlines, label
from ..palette import signed_color
from ..spoken import Spoken
from ..style import BOLD_WEIGHT, FRAME, SMALLEST_SIZE, TEXT_SIZE, Theme
from .reading import Reading

Row: TypeAlias = tuple[Reading, int]
LEFT, TOP, BOTTOM = 80.0, 150.0, 944.0
STEP: Final = 36.0  # from line to line of a list
RULES: Final = {
    "largest mean |output|": "largest",
    "largest mean |output| when first seen": "first_seen",
    "largest for this sample": "answers",
    "evenly spread": "spread",
}
"""By what rule units were chosen, as a reading says it → the text that says so."""


@dataclass(frozen=True, eq=False)
class Pages(Spoken):
    """What all sheets of a film have in common.

    `rows` are the samples and moments that have a stop, with their `labels`; `left_out` says how
    many have none. `columns` are the names of a table's columns.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    theme: Theme
    words: Words = field()
    columns: tuple[str, ...] = ()
    left_out: str = ""

    @cached_property
    def frame(self) -> Frame:
        """All sheets are of one size."""
        return Frame(FRAME, self.theme)

    def name(self, number: int) -> str:
        """What a layer is called: a number alone would not be understood."""
        name = self.rows[0][0].graph.layers[number].name
        return self.words("network.layer", name=name) if name.isdigit() else name

    def rule(self, rule: str) -> str:
        """By what rule units were chosen."""
        return self.words(f"network.{RULES[rule]}") if rule in RULES else rule

    def has_maps(self, number: int) -> bool:
        """Whether a layer's units are called maps: pictures, signals, planes."""
        axes = self.rows[0][0].graph.layers[number].axes
        return any(name in axes for name in ("channel", "neuron", "class"))

    def unit_name(self, number: int, unit: int) -> str:
        """What a unit is called within its layer."""
        key = "network.map" if self.has_maps(number) else "network.unit"
        return self.words(key, number=self.count(unit + 1))

    def scene(
        self, draw: Callable[[int], Sequence[Mark]], title: str, facts: str, foot: Sequence[str],
        *, units: UnitReading | None = None, parts: Callable[[], Sequence[Part]] | None = None,
    ) -> Scene:  # fmt: skip
        """A sheet with a stop for each row."""
        lines = self.frame.foot([*foot, self.left_out])
        still = self.frame.words(title, lines)
        still.append(label(LEFT, 118, facts, self.theme.grey, size=TEXT_SIZE))
        return Scene(
            lambda stop, fraction: [*still, *draw(stop)],
            Timeline(
                [Stop(0.8 * at, 0.8, name) for at, name in enumerate(self.labels)],
                0.8 * len(self.rows),
            ),
            size=FRAME, fps=10, ground=self.theme.ground, title=title,
            description=" · ".join([facts, *foot]), units=lambda: units, parts=parts,
            poster=len(self.rows) - 1,
        )  # fmt: skip

    # -- what several sheets draw --------------------------------------------------------------

    def facts(
        self, x: float, base: float, width: float, pairs: Sequence[tuple[str, str]]
    ) -> list[Mark]:
        """Names and numbers below each other."""
        marks: list[Mark] = []
        for name, number in pairs:
            marks.append(label(x, base, name, self.theme.grey, size=20))
            marks.append(
                label(x + width, base, number, self.theme.ink, size=20, weight=BOLD_WEIGHT,
                      anchor="end")
            )  # fmt: skip
            base += STEP
        return marks

    def scale(self, x: float, y: float, width: float, limit: float) -> list[Mark]:
        """What the colours mean: from −limit to limit."""
        values = np.linspace(-limit, limit, 61)[None]
        number = self.number(limit)
        return [
            Image((x, y, width, 14.0), signed_color(values, limit, self.theme), sampling="area"),
            label(x, y + 36, f"−{number}", self.theme.grey),
            label(x + width / 2, y + 36, "0", self.theme.grey, anchor="middle"),
            label(x + width, y + 36, number, self.theme.grey, anchor="end"),
        ]

    def numbers(self, values: FloatArray, slopes: FloatArray | None) -> list[tuple[str, str]]:
        """What is known of many numbers: mean, size, ends, how many are zero."""
        finite = values[np.isfinite(values)]
        if not finite.size:
            return []
        said = self.words
        pairs = [
            (said("network.mean"), self.number(finite.mean())),
            (said("network.size"), self.number(np.sqrt(np.mean(finite**2)))),
            (said("network.least"), self.number(finite.min())),
            (said("network.most"), self.number(finite.max())),
            (said("network.zeros"), self.percent(float((finite == 0).mean()))),
        ]
        if slopes is not None and slopes.size:
            size = float(np.sqrt(np.mean(slopes**2)))
            pairs.append((said("network.slope"), self.number(size)))
        return pairs

    def line(self, x: float, y: float, width: float) -> Mark:
        """A quiet line across."""
        return hairlines(float32_array([[x, y, x + width, y]]), self.theme.hairline)

    def small(self, x: float, y: float, string: str) -> Mark:
        """A small quiet word."""
        return label(x, y, string, self.theme.grey, size=SMALLEST_SIZE)
