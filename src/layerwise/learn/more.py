"""The chapter on size: do more neurons help, do more layers, and when they do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError
from ..explain.sweep import sweep
from ..language import Words
from ..trace import Trace
from ..types import FloatArray
from ..view.principles.sweep import sweep as sweep_chart
from ..view.spoken import Spoken
from ..view.style import format_count, format_percent
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table
from .more_sweeps import RECIPES, measured

_SIZE = (960, 540)
_NEAR = 0.01  # as good as the best: within one percentage point
_NEEDED = {
    "width": ("first", "first_share", "seeds", "middle", "middle_share", "last", "last_share",
              "low", "high", "known", "samples", "control"),
    "depth": ("first_share", "enough", "enough_share", "enough_parameters", "wide_parameters",
              "last", "last_share", "last_low"),
    "digits": ("first_share", "guess", "enough", "last", "parameters", "last_share", "learned",
               "known"),
}  # fmt: skip
"""Which numbers the text of each section takes."""


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; `input` adds a sweep over widths of one's own, such as "3 6 12"."""
    made = _Figures(words, theme)
    parts: list[Part] = [
        Prose(words("more.intro")),
        Heading(words("more.head-width")),
        *made.section("width"),
        Heading(words("more.head-depth")),
        *made.section("depth"),
        Heading(words("more.head-digits")),
        *made.section("digits"),
        Heading(words("more.head-minima")),
        Prose(made.minima()),
        Heading(words("more.head-answer")),
        Prose(made.verdict()),
        made.table(),
        Example("more"),
        Prose(words("more.recipe")),
    ]
    if input is not None:
        parts[-2:-2] = made.own(_widths(input))
    return Chapter("more", words("more.chapter"), words("more.summary"), tuple(parts))


def answer(words: Words, input: str) -> str:
    """A small sweep over the widths given, three seeds each, a line a width."""
    trace = _own(_widths(input))
    found = _Measured(trace)
    return "\n".join(
        words(
            "more.answer-line", width=format_count(value),
            median=words.figures(format_percent(float(median))),
            low=words.figures(format_percent(float(np.nanmin(row)))),
            high=words.figures(format_percent(float(np.nanmax(row)))),
        )
        for value, median, row in zip(found.values, found.control, found.runs, strict=True)
    )  # fmt: skip


def _widths(text: str) -> list[int]:
    parts = text.replace(",", " ").split()
    if not parts or len(parts) > 8 or not all(one.isdecimal() and 0 < int(one) <= 512
                                              for one in parts):  # fmt: skip
        raise InputError(
            "The widths of a sweep are one to eight whole numbers from 1 to 512",
            received=repr(text)[:60], allowed='Such as "2 8 32"',
        )  # fmt: skip
    return [int(one) for one in parts]


def _own(widths: list[int]) -> Trace:
    recipe = RECIPES["width"]
    return sweep(
        recipe.network, recipe.data(), widths, seeds=3, name=recipe.name, **recipe.options
    )  # fmt: skip


class _Measured:
    """The figures of a sweep that its text needs."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.values = [int(value) for value in trace.about["values"]]
        self.seeds = len(trace.about["seeds"])
        self.runs = self.table("control accuracy")
        self.learned = np.nanmedian(self.table("training accuracy"), axis=1)
        self.control: FloatArray = np.nanmedian(self.runs, axis=1)
        self.best = int(self.control.argmax())
        self.enough = int(np.flatnonzero(self.control >= self.control[self.best] - _NEAR)[0])

    def table(self, site: str) -> FloatArray:
        """A figure of every training, (place, seed)."""
        found: FloatArray = self.trace.series(site)[1].reshape(len(self.values), self.seeds)
        return found

    def median(self, site: str, place: int) -> float:
        """The median over seeds of a figure at one value."""
        return float(np.nanmedian(self.table(site)[place]))


@dataclass(frozen=True)
class _Figures(Spoken):
    """The sections, each from what was measured."""

    words: Words
    theme: str

    @cached_property
    def sweeps(self) -> dict[str, _Measured]:
        """All sweeps by their key."""
        return {key: _Measured(measured(key)) for key in RECIPES}

    def section(self, key: str) -> list[Part]:
        """One sweep: its text with its numbers, and its picture."""
        found = self.sweeps[key]
        first, middle, enough, last = 0, 3, found.enough, len(found.values) - 1
        spread = found.runs[middle]
        values: dict[str, object] = {
            "seeds": found.seeds,
            "guess": self.percent(float(found.trace.about["guess"])),
            "known": self.percent(float(found.trace.about["known accuracy"])),
            "low": self.percent(float(np.nanmin(spread))),
            "high": self.percent(float(np.nanmax(spread))),
            "last_low": self.percent(float(np.nanmin(found.runs[last]))),
            "learned": self.percent(float(found.learned[last])),
            "parameters": self.count(found.median("parameters", last)),
            "wide_parameters": self.count(self.sweeps["width"].median("parameters", -1)),
            "samples": self.count(found.trace.about["training samples"]),
            "control": self.count(found.trace.about["control samples"]),
            "enough_parameters": self.count(found.median("parameters", enough)),
        }
        for name, place in (("first", first), ("middle", middle), ("enough", enough),
                            ("last", last)):  # fmt: skip
            values[name] = self.count(found.values[place])
            values[f"{name}_share"] = self.percent(float(found.control[place]))
        said = self.words(f"more.{key}", **{name: values[name] for name in _NEEDED[key]})
        scene = sweep_chart(
            found.trace, theme=self.theme, language=self.words.language, size=_SIZE,
            title=self.words(f"more.title-{key}"), name=self.words(f"more.name-{key}"),
        )  # fmt: skip
        caption = self.words(f"more.caption-{key}")
        return [Prose(said), Figure(key, scene, caption, scene.description)]

    def own(self, widths: list[int]) -> list[Part]:
        """A sweep over a reader's own widths."""
        trace = _own(widths)
        scene = sweep_chart(
            trace, theme=self.theme, language=self.words.language, size=_SIZE,
            name=self.words("more.name-width"),
        )  # fmt: skip
        return [Figure("own", scene, self.words("more.caption-own"), scene.description)]

    def minima(self) -> str:
        """How far apart trainings end that differ in nothing but their beginning."""
        found = self.sweeps["width"]
        spread = np.nanmax(found.runs, 1) - np.nanmin(found.runs, 1)
        place, last = int(spread.argmax()), len(found.values) - 1
        ends = [
            self.percent(float(each(found.runs[one])))
            for one in (place, last)
            for each in (np.nanmin, np.nanmax)
        ]
        return self.words(
            "more.minima", width=self.count(found.values[place]), low=ends[0], high=ends[1],
            wide=self.count(found.values[last]), wide_low=ends[2], wide_high=ends[3],
        )  # fmt: skip

    def verdict(self) -> str:
        """The answer, in numbers."""
        width, depth, digits = (self.sweeps[key] for key in RECIPES)
        return self.words(
            "more.verdict",
            width=self.count(width.values[-1]),
            depth=self.count(depth.values[depth.enough]),
            deepest=self.count(depth.values[-1]),
            deepest_share=self.percent(float(depth.control[-1])),
            depth_share=self.percent(float(depth.control[depth.best])),
            digits=self.count(digits.values[digits.enough]),
        )

    def table(self) -> Table:
        """Every value of every sweep in figures."""
        rows = []
        for key, found in self.sweeps.items():
            for place, value in enumerate(found.values):
                runs = found.runs[place]
                rows.append(
                    (
                        self.words(f"more.short-{key}") if place == 0 else "",
                        self.count(value),
                        self.percent(float(found.learned[place])),
                        self.percent(float(found.control[place])),
                        f"{self.percent(float(np.nanmin(runs)))} – "
                        f"{self.percent(float(np.nanmax(runs)))}",
                    )
                )
        head = ("sweep", "number", "training", "control", "spread")
        return Table(
            tuple(self.words(f"more.column-{one}") for one in head), tuple(rows),
            self.words("more.caption-table"),
        )  # fmt: skip
