"""The chapter on decisions: a neuron's line, what it cannot part, and layers that bend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..data.dataset import Card, Dataset
from ..data.load import load
from ..explain.decision.line import best_line
from ..explain.decision.maps import DecisionRecorder, decision
from ..explain.sweep import sweep
from ..language import Words
from ..models.perceptron import perceptron
from ..scene import Scene
from ..trace import Trace
from ..train.fit import fit
from ..types import FloatArray, IntArray
from ..view.principles.decision.film import decision as decision_film
from ..view.spoken import Spoken
from ..view.style import format_percent
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

_SIZE = (960, 540)
_SEEDS = 12
_WIDTHS = (2, 3, 4)
_XOR: Final[dict[str, Any]] = {"epochs": 80, "batch_size": "full", "learning_rate": 0.1}
_SPIRAL = "mlp 8-8 tanh"


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; `input` is a network in words for the spiral, such as "mlp 16-16 tanh"."""
    made = _Figures(words, theme, _SPIRAL if input is None else input)
    parts: list[Part] = [
        Prose(words("decision.intro")),
        Heading(words("decision.head-line")),
        *made.line(),
        Heading(words("decision.head-xor")),
        *made.xor(),
        Heading(words("decision.head-hidden")),
        *made.hidden(),
        Example("decision"),
        Heading(words("decision.head-learning")),
        *made.learning(),
        Heading(words("decision.head-spiral")),
        *made.spiral(),
        Heading(words("decision.head-others")),
        *made.others(),
    ]
    return Chapter("decision", words("decision.chapter"), words("decision.summary"), tuple(parts))


def answer(words: Words, input: str) -> str:
    """How many of the four corners of exclusive or a network in words gets right."""
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    kinds = np.array([0, 0, 1, 1])
    settings = {**_XOR, "epochs": 300}
    found = sweep(lambda _: input, (corners, kinds), [input], seeds=_SEEDS, **settings)
    best = found.series("training accuracy")[1]
    share = words.figures(format_percent(float(best.max())))
    return words(
        "decision.answer-line", model=input, best=share, solved=int((best == 1).sum()),
        seeds=_SEEDS,
    )  # fmt: skip


@dataclass(frozen=True)
class _Figures(Spoken):
    """The sections, each from its own computation."""

    words: Words
    theme: str
    spec: str

    def film(self, trace: Trace, title: str, stops: int = 60) -> Scene:
        """The picture of a trace in the column's width."""
        return decision_film(
            trace, theme=self.theme, language=self.words.language, size=_SIZE, stops=stops,
            title=title,
        )  # fmt: skip

    def figure(self, key: str, trace: Trace, **values: object) -> Figure:
        """A figure with its title and caption under that key."""
        scene = self.film(trace, self.words(f"decision.title-{key}"))
        caption = self.words(f"decision.caption-{key}", **values)
        return Figure(key, scene, caption, scene.description)

    @cached_property
    def corners(self) -> tuple[FloatArray, IntArray]:
        """Four clouds of 30 points, exclusive or: opposite ones are of one class.

        Classes are learned as numbers: names would be sorted, and another language would give
        other trainings.
        """
        random = np.random.default_rng(0)
        middles = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]])
        which = np.arange(120) % 4
        points = middles[which] + 0.22 * random.standard_normal((120, 2))
        return points, (which < 2).astype(int)

    @cached_property
    def named(self) -> Dataset:
        """The same points, with the names of their classes, to be drawn."""
        names = (self.words("decision.different"), self.words("decision.same"))
        card = Card("corners", title="", origin="")
        return Dataset(*self.corners, ("x", "y"), names, None, card)

    @cached_property
    def counts(self) -> Trace:
        """Hidden neurons against seeds: no hidden layer stands as 0."""
        return sweep(_network, self.corners, [0, *_WIDTHS], seeds=_SEEDS, **_XOR)

    def accuracies(self, width: int) -> FloatArray:
        """The accuracy from each seed."""
        place = [0, *_WIDTHS].index(width)
        found: FloatArray = self.counts.series("training accuracy")[1].reshape(-1, _SEEDS)[place]
        return found

    def solved(self, width: int) -> int:
        """The first seed from which the network gets most points right."""
        return int(self.accuracies(width).argmax())

    def line(self) -> list[Part]:
        """Two clouds and one neuron, its line turning while it learns."""
        random = np.random.default_rng(1)
        which = np.arange(80) % 2
        middles = np.array([[-0.9, -0.5], [0.8, 0.7]])
        points = middles[which] + 0.8 * random.standard_normal((80, 2))
        seen = DecisionRecorder((points, which), every=2, resolution=80)
        # Drawn weights that point the wrong way show best how the line turns.
        fit(_network(0, 5), (points, which), epochs=60, batch_size="full", learning_rate=0.1,
            seed=5, keep=None, health=False, on_epoch=seen)  # fmt: skip
        trace = seen.trace
        last = len(trace) - 1
        slope = trace["direction", last]
        said = self.words(
            "decision.line", x=self.number(float(slope[0]), 2), y=self.number(float(slope[1]), 2)
        )
        right = self.percent(float(trace["accuracy", last]))
        most = self.percent(best_line(points, which))
        return [Prose(said), self.figure("line", trace, accuracy=right, best=most)]

    def xor(self) -> list[Part]:
        """Four clouds that no line parts."""
        found = self.accuracies(0)
        seed = self.solved(0)
        trace = self.trained(0, seed)
        said = self.words(
            "decision.xor", seeds=_SEEDS, best=self.percent(float(found.max())),
            worst=self.percent(float(found.min())),
            line=self.percent(best_line(*self.corners)),
            loss=self.number(np.median(self.counts.series("training loss")[1][:_SEEDS]), 2),
        )  # fmt: skip
        return [
            Prose(said), self.figure("xor", trace, seed=seed), Prose(self.words("decision.why")),
        ]  # fmt: skip

    def trained(self, width: int, seed: int, every: int = 0) -> Trace:
        """The network of that seed once more, as it ended or with its way there."""
        seen = DecisionRecorder(self.named, every=every or _XOR["epochs"], resolution=80)
        run = fit(_network(width, seed), self.corners, seed=seed, keep=None, health=False,
                  on_epoch=seen, **_XOR)  # fmt: skip
        return seen.trace if every else decision(run, self.named)

    def hidden(self) -> list[Part]:
        """Hidden layers of two, three and four neurons."""
        rows = []
        for width in (0, *_WIDTHS):
            found = self.accuracies(width)
            rows.append(
                (
                    str(width) if width else self.words("decision.none"),
                    f"{int((found == 1).sum())} / {_SEEDS}",
                    self.percent(float(np.median(found))),
                    self.percent(float(found.max())),
                )
            )
        head = ("neurons", "solved", "median", "best")
        table = Table(
            tuple(self.words(f"decision.column-{one}") for one in head), tuple(rows),
            self.words("decision.caption-table", seeds=_SEEDS),
        )  # fmt: skip
        figures = [
            self.figure(f"hidden-{width}", self.trained(width, self.solved(width)),
                        seed=self.solved(width))
            for width in _WIDTHS
        ]  # fmt: skip
        said = {f"solved{w}": int((self.accuracies(w) == 1).sum()) for w in _WIDTHS}
        return [
            Prose(self.words("decision.hidden")), *figures,
            Prose(self.words("decision.counts", seeds=_SEEDS, **said)), table,
        ]  # fmt: skip

    def learning(self) -> list[Part]:
        """A film of four hidden neurons that learn."""
        seed = self.solved(4)
        trace = self.trained(4, seed, every=3)
        right = trace.series("accuracy")[1]
        # The moment after the last at which a point was answered wrongly.
        whole = int(np.flatnonzero(np.append(True, right < 1))[-1])
        said = self.words(
            "decision.learning", first=self.percent(right[0]),
            epoch=self.count(trace.moments[min(whole, len(right) - 1)].at["epoch"]),
        )  # fmt: skip
        return [Prose(said), self.figure("learning", trace, seed=seed)]

    def spiral_trace(self) -> Trace:
        """Two spirals, and how the network came to part them."""
        data = load("spirals", size=300, turns=1.3, noise=0.02)
        pair = (data.features, data.labels)
        seen = DecisionRecorder(pair, every=16, resolution=80)
        fit(self.spec, pair, epochs=400, batch_size="full", learning_rate=0.02, seed=0, keep=None,
            health=False, on_epoch=seen)  # fmt: skip
        return seen.trace

    def spiral(self) -> list[Part]:
        """Two spirals and two hidden layers."""
        trace = self.spiral_trace()
        right = self.percent(float(trace["accuracy", len(trace) - 1]))
        if self.spec == _SPIRAL:
            said = self.words("decision.spiral", model=self.spec)
            return [Prose(said), self.figure("spiral", trace, accuracy=right)]
        said = self.words("decision.spiral-own", model=self.spec)
        return [Prose(said), self.figure("spiral-own", trace, accuracy=right, model=self.spec)]

    def others(self) -> list[Part]:
        """A decision tree, and a table of four columns."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.tree import DecisionTreeClassifier

        names = (self.words("decision.upper"), self.words("decision.lower"))
        moons = replace(load("moons", size=240, noise=0.18), classes=names)
        tree = DecisionTreeClassifier(max_depth=5, random_state=0)
        tree.fit(moons.features, moons.labels)
        flowers = load("iris")
        known = LogisticRegression(max_iter=1000).fit(flowers.features, flowers.y)
        plane = decision(known, flowers)
        kept = self.percent(float(plane.about["plane"]["variance"]))
        count = self.count(len(flowers))
        return [
            Prose(self.words("decision.others")),
            self.figure("tree", decision(tree, moons)),
            Prose(self.words("decision.planes")),
            self.figure("plane", plane, kept=kept, count=count),
        ]


def _network(width: int, seed: int) -> Any:
    """So many hidden neurons for two inputs and two classes; 0: one neuron and nothing else."""
    return f"mlp {width} tanh" if width else perceptron(2, "identity", seed=seed)
