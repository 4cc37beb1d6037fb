"""The chapter on the lattice: pictures as layers, the theorem, and what chance leaves behind."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..explain.lattice import (
    chequerboard,
    lattice_average,
    lattice_density,
    lattice_runs,
    lattice_walk,
)
from ..language import Words
from ..lattice.classifier import LatticeClassifier
from ..trace import Trace
from ..types import FloatArray, IntArray
from ..view.principles import lattice as draw
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

GRID: Final = 48
POINTS: Final = 90
CONTROL: Final = 3000
LAYERS: Final = 48
CELL: Final = (20, 30)
RUNS: Final = 2000
MOST_LAYERS: Final = 59
NAMES: Final = ("blue", "orange", "green")


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; `input` are the layers, row and column of the cell to follow: "48 20 30"."""
    made = _Lattice(words, theme, _numbers(words, input))
    parts: list[Part] = [
        Prose(words("lattice.intro")),
        Heading(words("lattice.points-heading")),
        *made.points(),
        Heading(words("lattice.walk-heading")),
        *made.walk(),
        Heading(words("lattice.runs-heading")),
        *made.runs(),
        Heading(words("lattice.board-heading")),
        *made.board(),
        Heading(words("lattice.average-heading")),
        *made.average(),
        Heading(words("lattice.density-heading")),
        *made.density(),
        Heading(words("lattice.try-heading")),
        Prose(words("lattice.try")),
        Example("lattice"),
    ]
    title, summary = words("learn.title_lattice"), words("learn.summary_lattice")
    return Chapter("lattice", title, summary, tuple(parts))


def answer(words: Words, input: str) -> str:
    """What a cell of the chapter's lattice shows, exactly and simulated, and where from."""
    made = _Lattice(words, "light", _numbers(words, input))
    trace = made.followed
    last = len(trace) - 1
    exact, counted = trace["probabilities", last], trace["shares", last]
    shares = "\n".join(
        words("lattice.answer-share", name=name, exact=made.percent(exact[number]),
              counted=made.percent(counted[number]))
        for number, name in enumerate(made.names)
    )  # fmt: skip
    row, column = (int(part) for part in trace["place", last])
    said = words(
        "lattice.answer", layers=made.count(made.given[0]), row=made.given[1],
        column=made.given[2], shares=shares, runs=made.count(RUNS),
        difference=made.number(np.sqrt(np.mean((counted - exact) ** 2)), 2),
        expected=made.number(np.sqrt(np.mean(exact * (1 - exact)) / RUNS), 2),
        name=made.names[int(trace["labels", last][row, column])], fromrow=row, fromcolumn=column,
    )  # fmt: skip
    return said.replace("\n\n", "\n")


class _Lattice(Spoken):
    """The sections, each from its own computation."""

    def __init__(self, words: Words, theme: str, given: tuple[int, int, int]) -> None:
        self.words, self.given = words, given
        self.names = [words(f"lattice.{name}") for name in NAMES]
        self.look: dict[str, Any] = {"theme": theme, "language": words.language}

    @cached_property
    def filled(self) -> LatticeClassifier:
        """The lattice that goes on copying from the filled grid."""
        model = LatticeClassifier(grid=GRID, fuzzy_from="filled", fuzzy_layers=LAYERS)
        return self.named(model.fit(*clouds(POINTS, 0)))

    def named(self, model: LatticeClassifier) -> LatticeClassifier:
        """The same with the classes' names, in the order of their numbers."""
        model.classes_ = np.array(self.names)
        return model

    @cached_property
    def followed(self) -> Trace:
        """The cell's colour, followed back."""
        layers, row, column = self.given
        return lattice_walk(self.filled, (row, column), layers=layers, runs=RUNS)

    def figure(self, key: str, scene: Any, **values: object) -> Figure:
        """A figure with its caption."""
        caption = self.words(f"lattice.{key}-caption", **values)
        return Figure(key, scene, caption, scene.description)

    def points(self) -> list[Part]:
        """Filling, and what the map is worth."""
        model, words = self.filled, self.words
        control, kinds = clouds(CONTROL, 1)
        trace = model.record(
            control, np.array(self.names)[kinds], filling_moments=26, fuzzy_moments=14,
            fuzzy_layers=400,
        )  # fmt: skip
        turn = next(
            number for number, moment in enumerate(trace.moments)
            if moment.at["layer"] == model.depth_
        )  # fmt: skip
        text = words(
            "lattice.points",
            points=self.count(POINTS),
            rows=self.count(GRID),
            columns=self.count(GRID),
            depth=self.count(model.depth_),
        )
        after = words(
            "lattice.filled",
            control=self.count(CONTROL),
            right=self.percent(float(trace["control accuracy", turn])),
        )
        scene = draw.lattice_filling(trace, **self.look)
        shown = self.count(len(trace))
        return [Prose(text), self.figure("points", scene, shown=shown), Prose(after)]

    def walk(self) -> list[Part]:
        """The walk, the theorem, and where all walks end."""
        words, trace = self.words, self.followed
        last = len(trace) - 1
        row, column = self.given[1:]
        number = int(trace["labels", 0][row, column])
        name, layers, runs = self.names[number], self.count(self.given[0]), self.count(RUNS)
        exact = float(trace["probabilities", last][number])
        text = words(
            "lattice.ends",
            runs=runs,
            name=name,
            exact=self.percent(exact),
            counted=self.percent(float(trace["shares", last][number])),
            chance=self.percent(float(np.sqrt(exact * (1 - exact) / RUNS))),
        )
        ends = draw.lattice_ends(trace, **self.look)
        return [
            Prose(words("lattice.walk", layers=layers, name=name)),
            self.figure("walk", draw.lattice_walk(trace, **self.look), layers=layers),
            Prose(words("lattice.theorem", layers=layers, name=name)),
            self.figure("ends", ends, row=row, column=column, runs=runs),
            Prose(text),
        ]

    def runs(self) -> list[Part]:
        """Means of more and more runs."""
        words, trace = self.words, lattice_runs(self.filled, layers=LAYERS)
        rows = []
        for place, moment in enumerate(trace.moments):
            found, expected = float(trace["difference", place]), float(trace["expected", place])
            rows.append(
                (self.count(moment.at["runs"]), self.number(found), self.number(expected),
                 self.number(found / expected, 3))
            )  # fmt: skip
        head = tuple(
            words(f"lattice.column-{name}") for name in ("runs", "difference", "expected", "ratio")
        )
        table = Table(head, tuple(rows), words("lattice.runs-table", layers=self.count(LAYERS)))
        scene = draw.lattice_runs(trace, **self.look)
        return [Prose(words("lattice.runs")), self.figure("runs", scene), table]

    def board(self) -> list[Part]:
        """The chequerboard and its cure."""
        trace = chequerboard(self.filled)
        last = len(trace) - 1
        sides, corners = trace["neighbours differ", last], trace["diagonals differ", last]
        text = self.words(
            "lattice.board", layers=self.count(trace.moments[last].at["layer"]),
            neighbours=self.percent(sides[0]), diagonals=self.percent(corners[0]),
            ratio=self.number(sides[0] / corners[0], 3),
            apart=self.percent(trace["apart", last][0]), lazy=self.percent(sides[1]),
            lazydiagonals=self.percent(corners[1]),
        )  # fmt: skip
        return [Prose(text), self.figure("board", draw.chequerboard(trace, **self.look))]

    def average(self) -> list[Part]:
        """What a long run is worth."""
        trace = lattice_average(self.filled)
        last = len(trace) - 1
        first, long = (int(trace.moments[place].at["layers"]) for place in (0, last))
        together = [trace["together", place] for place in range(len(trace))]
        groups = np.stack([trace["effective", place] for place in range(len(trace))])
        text = self.words(
            "lattice.average", first=self.count(first), last=self.count(long),
            shortalways=self.number(together[0][0], 2), shortlazy=self.number(together[0][1], 2),
            longalways=self.number(together[last][0], 2),
            longlazy=self.number(together[last][1], 2), times=self.count(long / first),
            gain=self.number(np.mean(together[last] / together[0]), 2),
            least=self.number(groups.min(), 2), most=self.number(groups.max(), 2),
            median=self.number(np.median(groups), 2),
        )  # fmt: skip
        return [Prose(text), self.figure("average", draw.lattice_average(trace, **self.look))]

    def density(self) -> list[Part]:
        """From the points."""
        model = LatticeClassifier(grid=GRID, fuzzy_from="points", fuzzy_layers=LAYERS)
        trace = lattice_density(self.named(model.fit(*clouds(POINTS, 0))))
        text = self.words(
            "lattice.density",
            layers=self.count(trace.moments[1].at["layer"]),
            width=self.number(trace["width", 1], 2),
            difference=self.percent(float(trace["difference", 1]), 2),
        )
        return [Prose(text), self.figure("density", draw.lattice_density(trace, **self.look))]


def clouds(count: int, seed: int) -> tuple[FloatArray, IntArray]:
    """Points (sample, axis) of three clouds that overlap, and which cloud each is of."""
    kinds = np.arange(count) % len(NAMES)
    middles = np.array([[-1.0, -0.6], [1.0, -0.5], [0.0, 0.9]])
    random = np.random.default_rng(seed)
    return middles[kinds] + 0.75 * random.standard_normal((count, 2)), kinds


def _numbers(words: Words, text: str | None) -> tuple[int, int, int]:
    """Layers, row and column, as they are typed."""
    if text is None:
        return LAYERS, *CELL
    parts = re.split(r"[\s;,]+", text.strip())
    numbers = [int(part) for part in parts if re.fullmatch(r"\d{1,6}", part)]
    if len(numbers) == len(parts) == 3:
        layers, row, column = numbers
        if 1 <= layers <= MOST_LAYERS and row < GRID and column < GRID:
            return layers, row, column
    raise InputError(
        words("lattice.bad-input", most=MOST_LAYERS, last=GRID - 1), received=repr(text)
    )
