"""The chapter on learning: the error, its slope in every weight, all paths of the chain rule."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..explain.slopes.chain_rule import chain_rule
from ..explain.slopes.local_derivatives import local_derivatives
from ..explain.slopes.nudges import nudges
from ..language import Words
from ..trace import Trace
from ..view.principles.slopes.chain_rule import chain_rule as draw_paths
from ..view.principles.slopes.expression import local_derivatives as draw_graph
from ..view.principles.slopes.nudges import nudges as draw_nudges
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

SIZES: Final = "2-3-3-2"
SEED: Final = 1
GIVEN: Final = (0.5, -1.0)
TARGET: Final = 1
WANTED: Final = (0.0, 1.0)
WEIGHT: Final = "fc1.weight[0, 1]"
EXPRESSION: Final = "(tanh(w * x + b) - y) ** 2"
VALUES: Final = {"w": 0.5, "x": 2.0, "b": -0.3, "y": 1.0}
SIZE: Final = (1200, 675)


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter, on a 2-3-3-2 network; `input` are its two inputs, such as "0.5 -1"."""
    made = _Learning(words, theme, _numbers(words, input))
    parts: list[Part] = [
        Prose(made.intro()),
        Heading(words("learning.error_heading")),
        *made.error(),
        Heading(words("learning.nudge_heading")),
        *made.slopes(),
        Heading(words("learning.local_heading")),
        *made.local(),
        Heading(words("learning.chain_heading")),
        *made.chain(),
        Heading(words("learning.limit_heading")),
        Prose(words("learning.limit", message=_refusal())),
        Heading(words("learning.try_heading")),
        Prose(words("learning.try")),
        Example("learning"),
    ]
    title, summary = words("learn.title_learning"), words("learn.summary_learning")
    return Chapter("learning", title, summary, tuple(parts))


def answer(words: Words, input: str) -> str:
    """The error of the chapter's network for two inputs, and the slope in one weight."""
    made = _Learning(words, "light", _numbers(words, input))
    paths, slopes = made.paths, made.nudged
    place = list(slopes.site("nudged").entries["weight"]).index(WEIGHT)
    said = words(
        "learning.answer", outputs=made.row(slopes["outputs", 0][0]), target=str(TARGET),
        loss=made.number(slopes["loss", 0], 6), weight=WEIGHT, paths=str(paths.about["paths"]),
        gradient=made.number(paths["gradient", len(paths) - 1], 8),
        nudged=made.number(slopes["nudged", 1][place], 8),
    )  # fmt: skip
    return said.replace("\n\n", "\n")


class _Learning(Spoken):
    """The sections, each from its own computation."""

    def __init__(self, words: Words, theme: str, given: tuple[float, float]) -> None:
        from ..models.mlp import mlp

        self.words, self.given = words, given
        self.look: dict[str, Any] = {"theme": theme, "language": words.language, "size": SIZE}
        self.network = mlp(SIZES, "tanh", seed=SEED)

    @cached_property
    def nudged(self) -> Trace:
        """Both slopes, and what they took."""
        return nudges(self.network, self.given, TARGET)

    @cached_property
    def paths(self) -> Trace:
        """All paths of one weight."""
        return chain_rule(self.network, self.given, TARGET, weight=WEIGHT)

    def row(self, values: Any) -> str:
        """Several numbers."""
        between = "; " if self.number(0.5).find(",") > 0 else ", "
        return between.join(self.number(value) for value in values)

    def intro(self) -> str:
        """What a slope is, and the network."""
        about = self.nudged.about
        return self.words(
            "learning.intro", inputs=self.count(2), sizes=SIZES.replace("-", "–"),
            weights=self.count(about["weights"]), given=self.row(self.given), target=str(TARGET),
        )  # fmt: skip

    def error(self) -> list[Part]:
        """Both errors with their terms."""
        words = self.words
        other = nudges(self.network, self.given, WANTED, widths=())
        squared, entropy = other["terms", 0][0], self.nudged["terms", 0][0]
        rows = [
            (
                words(f"learning.error_kind_{kind}"), str(place),
                self.number(trace["outputs", 0][0, place], 4),
                f"{float(trace['target', 0][0, place]):g}",
                self.number(trace["terms", 0][0, place], 4),
            )
            for kind, trace in (("cross", self.nudged), ("squared", other))
            for place in range(len(entropy))
        ]  # fmt: skip
        head = ("error_kind", "error_number", "error-output", "error-target", "error_term")
        text = words(
            "learning.error", loss=self.number(self.nudged["loss", 0], 4),
            wanted=", ".join(f"{value:g}" for value in WANTED),
            squared=self.number(squared.sum(), 4), first=self.number(squared[0], 4),
            second=self.number(squared[1], 4),
        )  # fmt: skip
        names = tuple(words(f"learning.{name}") for name in head)
        return [Prose(text), Table(names, tuple(rows), words("learning.error_table"))]

    def slopes(self) -> list[Part]:
        """Nudging and backpropagation."""
        words, trace = self.words, self.nudged
        where = trace.where("weights")
        largest = max(where, key=lambda moment: float(trace["weights", moment]))
        slow = float(trace["multiplications nudged", largest])
        fast = float(trace["multiplications backpropagated", largest])
        text = words(
            "learning.nudge", passes=self.count(trace["passes nudged", where[0]]),
            weights=self.count(trace.about["weights"]),
            difference=self.number(trace["largest difference", 1], 2),
            large=self.count(trace["weights", largest]), slow=self.count(slow),
            fast=self.count(fast), ratio=self.count(round(slow / fast)),
        )  # fmt: skip
        scene = draw_nudges(trace, **self.look)
        caption = words("learning.nudge_caption")
        columns = ("weights", "passes nudged", "multiplications nudged",
                   "multiplications backpropagated")  # fmt: skip
        rows = [
            (
                *(self.count(trace[name, moment]) for name in columns),
                self.number(trace["network difference", moment], 2),
            )
            for moment in sorted(where, key=lambda moment: float(trace["weights", moment]))
        ]
        head = ("weights", "passes", "slow", "fast", "difference")
        names = tuple(words(f"learning.count_{name}") for name in head)
        return [
            Prose(text),
            Figure("slopes", scene, caption, scene.description),
            Table(names, tuple(rows), words("learning.count_table")),
        ]

    def local(self) -> list[Part]:
        """One neuron and its error, taken apart."""
        words = self.words
        trace = local_derivatives(EXPRESSION, **VALUES)
        at = next(
            moment
            for moment in trace.where("slope")
            if trace.about["nodes"][int(trace.moments[moment].at["node"])]["name"] == "w"
        )
        scene = draw_graph(trace, **self.look)
        caption = words("learning.local_caption", expression=f"`{EXPRESSION}`")
        text = words("learning.local", slope=self.number(trace["slope", at], 6))
        return [Prose(text), Figure("local", scene, caption, scene.description)]

    def chain(self) -> list[Part]:
        """All paths."""
        words, trace = self.words, self.paths
        last = len(trace) - 1
        difference = float(trace["difference", last])
        same = words("learning.chain_same")
        if difference != 0:
            same = words("learning.chain_near", difference=self.number(difference, 2))
        count = self.count(trace.about["paths"])
        text = words(
            "learning.chain", weight=WEIGHT, sizes=SIZES.replace("-", "–"), paths=count,
            sum=self.number(trace["partial sum", last - 1], 10),
            gradient=self.number(trace["gradient", last], 10), same=same,
        )  # fmt: skip
        scene = draw_paths(trace, **self.look)
        caption = words("learning.chain_caption", paths=count)
        return [Prose(text), Figure("paths", scene, caption, scene.description)]


def _refusal() -> str:
    """What is said of a network with a step in it, by that network."""
    from ..models.mlp import mlp

    try:
        chain_rule(mlp(SIZES, "step", seed=SEED), GIVEN, TARGET)
    except InputError as refused:
        return refused.what
    raise AssertionError("a step has a slope")  # pragma: no cover


def _numbers(words: Words, text: str | None) -> tuple[float, float]:
    """Two inputs, as they are typed."""
    if text is None:
        return GIVEN
    parts = re.split(r"[\s;]+|,\s+", text.strip().replace("\u2212", "-"))
    try:
        numbers = [float(part.replace(",", ".")) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 2 or not np.isfinite(numbers).all():
        raise InputError(words("learning.bad_input"), received=repr(text))
    return numbers[0], numbers[1]
