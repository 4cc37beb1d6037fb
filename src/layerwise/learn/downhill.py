"""The chapter on going downhill: surfaces of the loss, rates, valleys, saddles, a race."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np

from ..explain.surface.descent import descent
from ..explain.surface.formulas import SURFACES
from ..explain.surface.loss_surface import loss_surface
from ..language import Words
from ..trace import Trace
from ..view.principles.surface.descent import descent as draw_descent
from ..view.principles.surface.film import loss_surface as draw_surface
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

SIZE: Final = (1200, 675)
TRUTH: Final = (1.5, 0.8)  # the two weights that the data were made with
START: Final = (1.6, -1.1)
RATES: Final = (0.01, 0.15, 0.204)
STEPS: Final = 40
RACE: Final = {
    "SGD": 0.01, "momentum": 0.005, "AdaGrad": 0.3, "AdaDelta": 10.0, "RMSProp": 0.02, "Adam": 0.1
}  # fmt: skip
RACE_STEPS: Final = 150
FILM_STOPS: Final = 31
TRAINED: Final = "2-16-16-2"
POINTS: Final = 51


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; `input` names the surface of the race: "beale", "rosenbrock", "ravine" …"""
    made = _Downhill(words, theme, "beale" if input is None else input)
    parts: list[Part] = [
        Prose(words("downhill.intro")),
        Heading(words("downhill.two_heading")),
        *made.two(),
        Heading(words("downhill.rates_heading")),
        *made.rates(),
        Heading(words("downhill.valley_heading")),
        *made.valley(),
        Heading(words("downhill.saddle_heading")),
        *made.saddle(),
        Heading(words("downhill.race_heading")),
        *made.race(),
        Heading(words("downhill.plane_heading")),
        *made.plane(),
        Heading(words("downhill.try_heading")),
        Prose(words("downhill.try")),
        Example("downhill"),
    ]
    title, summary = words("learn.title_downhill"), words("learn.summary_downhill")
    return Chapter("downhill", title, summary, tuple(parts))


class _Downhill(Spoken):
    """The sections, each from its own computation."""

    def __init__(self, words: Words, theme: str, raced: str) -> None:
        self.words, self.raced = words, raced
        self.look: dict[str, Any] = {"theme": theme, "language": words.language, "size": SIZE}

    def short(self, value: float) -> str:
        """A number that somebody chose, as it was typed."""
        return self.words.figures(f"{value:g}".replace("-", "\u2212"))

    def figure(self, key: str, scene: Any) -> Figure:
        """A figure with its caption and what it shows in words."""
        return Figure(key, scene, self.words(f"downhill.caption_{key}"), scene.description)

    def walk(self, key: str, trace: Trace) -> Figure:
        """Walks down a surface, as a film."""
        title = self.words(f"downhill.title_{key}")
        return self.figure(key, draw_descent(trace, title=title, stops=FILM_STOPS, **self.look))

    def two(self) -> list[Part]:
        """A network of two weights: its whole landscape, and a walk on it."""
        network, data = two_weight_network()
        trace = descent(
            network,
            data,
            rates=(0.12,),
            start=START,
            steps=90,
            low=(-3, -3),
            high=(3, 3),
            points=81,
        )
        last = len(trace) - 1
        path, losses = trace.series("path 0")[1], trace.series("loss 0")[1]
        text = self.words(
            "downhill.two", first=self.short(TRUTH[0]), second=self.short(TRUTH[1]),
            minus_first=self.short(-TRUTH[0]), minus_second=self.short(-TRUTH[1]),
            begin=self.number(losses[0]), end=self.number(losses[-1]),
            steps=self.count(last - 1), x=self.number(path[-1][0]), y=self.number(path[-1][1]),
        )  # fmt: skip
        return [Prose(text), self.walk("two", trace)]

    def rates(self) -> list[Part]:
        """One valley, three rates."""
        trace = descent("ravine", rates=RATES, steps=STEPS)
        ends = [float(trace.series(f"loss {number}")[1][-1]) for number in range(3)]
        names = ("small", "right", "large")
        values = {name: self.short(rate) for name, rate in zip(names, RATES, strict=True)}
        values |= {f"{name}_end": self.number(end) for name, end in zip(names, ends, strict=True)}
        start = self.number(trace["loss 0", 1])
        steps = self.count(STEPS)
        text = self.words("downhill.rates", steps=steps, start=start, **values)
        return [Prose(text), self.walk("rates", trace)]

    def valley(self) -> list[Part]:
        """A local minimum, and what momentum changes."""
        trace = descent(
            "two valleys", optimizer=("SGD", "momentum"), rates=0.05, start=(1.7, 1.4), steps=60
        )
        ends = [trace.series(f"loss {number}")[1][-1] for number in range(2)]
        best = min(float(height) for height in minima_of("two valleys"))
        text = self.words(
            "downhill.valley", formula=self.words.figures(SURFACES["two valleys"].formula),
            plain=self.number(ends[0]), momentum=self.number(ends[1]), best=self.number(best),
        )  # fmt: skip
        return [Prose(text), self.walk("valley", trace)]

    def saddle(self) -> list[Part]:
        """A saddle, and how long it holds a walk."""
        trace = descent("saddle", optimizer=("SGD", "Adam"), rates=0.1, steps=60)
        begin = trace["path 0", 1]
        slopes = np.linalg.norm(trace.series("slope 0")[1], axis=1)
        slowest = int(slopes[:40].argmin())
        plain, adam = (
            int((np.abs(trace.series(f"path {number}")[1][:, 1]) > 1).argmax())
            for number in range(2)
        )
        text = self.words(
            "downhill.saddle", formula=self.words.figures(SURFACES["saddle"].formula),
            off=self.short(float(begin[1])),
            slowest=self.count(slowest), slope=self.number(slopes[slowest], 2),
            end=self.number(trace.series("loss 0")[1][-1]),
            plain=self.count(plain), adam=self.count(adam),
        )  # fmt: skip
        return [Prose(text), self.walk("saddle", trace)]

    def race(self) -> list[Part]:
        """Six optimisers from one start."""
        trace = descent(self.raced, optimizer=tuple(RACE), rates=RACE, steps=RACE_STEPS)
        rows = []
        for number, name in enumerate(trace.about["runs"]):
            losses = trace.series(f"loss {number}")[1]
            finite = losses[np.isfinite(losses)]
            rows.append(
                (
                    name, self.short(RACE[name]), self.number(losses[-1]),
                    self.number(finite.min()), self.count(len(losses) - 1),
                )
            )  # fmt: skip
        head = ("name", "rate", "end", "least", "steps")
        names = tuple(self.words(f"downhill.race_{name}") for name in head)
        formula = self.words.figures(SURFACES[self.raced].formula)
        text = self.words("downhill.race", formula=formula, steps=self.count(RACE_STEPS))
        table = Table(names, tuple(rows), self.words("downhill.race_table"))
        return [Prose(text), self.walk("race", trace), table]

    @cached_property
    def trained(self) -> tuple[Any, Any, list[Any]]:
        """A network, what it learns from, and its weights now and then on the way."""
        return trained_network()

    def plane(self) -> list[Part]:
        """A whole network, seen in the plane of its path."""
        network, data, states = self.trained
        trace = loss_surface(network, data, plane="path", path=states, points=POINTS)
        last = len(trace) - 1
        gaps, kept = trace["gap", last], trace.about["variance kept"]
        worst = int(np.abs(gaps).argmax())
        scene = draw_surface(trace, **self.look)
        text = self.words(
            "downhill.plane", sizes=TRAINED.replace("-", "–"),
            weights=self.count(trace.about["parameters"]), points=self.count(POINTS * POINTS),
            kept=self.percent(sum(kept)), gap=self.number(gaps[worst]),
            state=self.count(worst), true=self.number(trace["path loss", last][worst]),
        )  # fmt: skip
        return [Prose(text), self.figure("plane", scene)]


def two_weight_network() -> tuple[Any, Any]:
    """y = v · tanh(w · x) as a network, and points that such a network could answer exactly."""
    import torch
    from torch import nn

    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    x = torch.linspace(-2, 2, 21, dtype=torch.float64)[:, None]
    return network, (x, TRUTH[1] * torch.tanh(TRUTH[0] * x))


def trained_network() -> tuple[Any, Any, list[Any]]:
    """A small network that learns two moons with Adam; its states at every fourth step."""
    import torch

    from ..data.load import load
    from ..models.mlp import mlp

    moons = load("moons", size=200)
    x = torch.tensor(moons.features, dtype=torch.float32)
    x = (x - x.mean(0)) / x.std(0)
    y = torch.tensor(np.asarray(moons.labels), dtype=torch.int64)
    network = mlp(TRAINED, "tanh", seed=0)
    engine = torch.optim.Adam(network.parameters(), lr=0.02)
    states = []
    for step in range(121):
        if step % 4 == 0:
            states.append({name: value.clone() for name, value in network.state_dict().items()})
        engine.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        engine.step()
    return network, (x, y), states


def minima_of(name: str) -> list[float]:
    """The heights of a known surface at its minima."""
    import torch

    surface = SURFACES[name]
    return [
        float(surface.height(*(torch.tensor(part, dtype=torch.float64) for part in place)))
        for place in surface.minima
    ]
