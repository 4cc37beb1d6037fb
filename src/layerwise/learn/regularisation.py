"""The chapter on regularisation: how a network is kept from learning its samples by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..explain.regularisation.augment import augmented
from ..explain.regularisation.dropout import dropout_masks
from ..explain.regularisation.norm import batch_norm_shift
from ..explain.regularisation.runs import regularisation
from ..language import Words
from ..trace import Trace
from ..view.principles.regularisation.augment import augmented as augmented_still
from ..view.principles.regularisation.curves import regularisation as curves
from ..view.principles.regularisation.curves import way_name
from ..view.principles.regularisation.dropout import dropout_masks as dropout_film
from ..view.principles.regularisation.norm import batch_norm_shift as norm_film
from ..view.principles.regularisation.weights import regularisation_weights
from ..view.sheet import COLUMN
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

_SEEDS, _EPOCHS = 4, 80


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter, on digits or on images of one's own (`input`: what `data.load_images` reads).

    Trains four networks in each of five ways: about half a minute. Raises what
    `explain.regularisation` raises.
    """
    data = "digits" if input is None else input
    made = _Figures(words, theme, data, regularisation(data, seeds=_SEEDS, epochs=_EPOCHS))
    parts: list[Part] = [
        Prose(words("regularisation.intro")),
        Heading(words("regularisation.head-apart")),
        *made.apart(),
        Example("regularisation"),
        Heading(words("regularisation.head-dropout")),
        *made.dropout(),
        Heading(words("regularisation.head-norm")),
        *made.norm(),
        Heading(words("regularisation.head-decay")),
        *made.decay(),
        Heading(words("regularisation.head-augment")),
        *made.augment(),
        Heading(words("regularisation.head-together")),
        *made.together(),
    ]
    title, summary = words("regularisation.chapter"), words("regularisation.summary")
    return Chapter("regularisation", title, summary, tuple(parts))


@dataclass(frozen=True)
class _Figures(Spoken):
    """The sections, each from its own computation; `trace` has the trainings."""

    words: Words
    theme: str
    data: str
    trace: Trace

    def figure(self, key: str, scene: Any) -> Figure:
        """A figure with its caption and what it shows in words, under that key."""
        return Figure(key, scene, self.words(f"regularisation.caption-{key}"), scene.description)

    def view(self) -> dict[str, Any]:
        """The look and the language of every picture."""
        return {"theme": self.theme, "language": self.words.language, "size": COLUMN}

    def end(self, curve: str, way: str) -> float:
        """A curve's last value for that way, the mean over the seeds."""
        place = self.trace.about["ways"].index(way)
        return float(self.trace[curve, place][:, -1].mean())

    def apart(self) -> list[Part]:
        """What overfitting is, and the curves of each way."""
        said = self.words(
            "regularisation.apart",
            samples=self.trace.about["samples"], wrong=self.trace.about["wrong"],
            control=self.count(self.trace.about["control samples"]),
            epochs=self.trace.about["epochs"], course=self.course(),
            training=self.percent(self.end("training accuracy", "nothing")),
            judged=self.percent(self.end("control accuracy", "nothing")),
        )  # fmt: skip
        return [Prose(said), self.figure("apart", curves(self.trace, **self.view()))]

    def course(self) -> str:
        """How the loss without help went on after its best epoch: learned by heart, or not."""
        place = self.trace.about["ways"].index("nothing")
        control = self.trace["control loss", place].mean(0)
        training = self.trace["training loss", place].mean(0)
        best = int(np.argmin(control))
        numbers = {
            "least": self.number(control[best]), "last": self.number(control[-1]),
            "then": self.number(training[best]), "now": self.number(training[-1]),
        }  # fmt: skip
        if numbers["least"] == numbers["last"]:
            return self.words("regularisation.apart-falls", last=numbers["last"])
        name = "grows" if training[-1] < training[best] else "both"
        return self.words(f"regularisation.apart-{name}", best=best + 1, **numbers)

    def dropout(self) -> list[Part]:
        """The real masks of a training."""
        trace = dropout_masks(self.data)
        off = [int(np.sum(trace["mask", m] == 0)) for m in range(len(trace) - 1)]
        share = float(trace.about["share"])
        said = self.words(
            "regularisation.dropout",
            share=self.percent(share, 0), neurons=trace.about["neurons"],
            least=min(off), most=max(off), steps=len(off), factor=self.number(1 / (1 - share), 2),
        )  # fmt: skip
        return [Prose(said), self.figure("dropout", dropout_film(trace, **self.view()))]

    def norm(self) -> list[Part]:
        """What batch norm shifts, and what it remembers."""
        trace = batch_norm_shift(self.data)
        unit, last = int(trace.about["unit"]), len(trace) - 1
        said = self.words(
            "regularisation.norm", unit=unit + 1, steps=len(trace), batch=trace.about["batch"],
            first=self.number(trace["running mean", 0][unit]),
            batch_first=self.number(trace["batch mean", 0][unit]),
            running=self.number(trace["running mean", last][unit]),
            share=self.percent(trace.about["momentum"], 0),
        )  # fmt: skip
        return [Prose(said), self.figure("norm", norm_film(trace, **self.view()))]

    def decay(self) -> list[Part]:
        """How large the weights became."""
        ways = self.trace.about["ways"]
        spread = {way: float(self.trace["weights", ways.index(way)].std()) for way in ways}
        shrink = self.trace.about["rate"] * self.trace.about["weight decay"]
        said = self.words(
            "regularisation.decay", shrink=self.percent(shrink),
            plain=self.number(spread["nothing"]), decayed=self.number(spread["weight decay"]),
            price=self.price(),
        )  # fmt: skip
        scene = regularisation_weights(self.trace, **self.view())
        return [Prose(said), self.figure("weights", scene)]

    def price(self) -> str:
        """What weight decay costs on the training samples, if anything."""
        loss, without = (self.end("training loss", way) for way in ("weight decay", "nothing"))
        losses = {"loss": self.number(loss), "without": self.number(without)}
        if loss <= without:
            return self.words("regularisation.decay-free", **losses)
        return self.words(
            "regularisation.decay-price", **losses,
            training=self.percent(self.end("training accuracy", "weight decay")),
            all=self.percent(self.end("training accuracy", "nothing")),
        )  # fmt: skip

    def augment(self) -> list[Part]:
        """One image and its copies."""
        trace = augmented(self.data)
        said = self.words("regularisation.augment", epochs=self.trace.about["epochs"],
                          samples=self.trace.about["samples"])  # fmt: skip
        return [Prose(said), self.figure("augmented", augmented_still(trace, **self.view()))]

    def together(self) -> list[Part]:
        """All control curves, and a table of where they ended."""
        ways = [str(way) for way in self.trace.about["ways"]]
        head = tuple(
            self.words(f"regularisation.table-{name}")
            for name in ("way", "training", "loss", "accuracy", "range")
        )
        rows = []
        for place, way in enumerate(ways):
            ends = self.trace["control accuracy", place][:, -1]
            rows.append((
                way_name(way, self.words),
                self.number(self.end("training loss", way)),
                self.number(self.end("control loss", way)),
                self.percent(float(ends.mean())),
                f"{self.percent(ends.min())} – {self.percent(ends.max())}",
            ))  # fmt: skip
        loss = curves(self.trace, together=True, **self.view())
        accuracy = curves(self.trace, together=True, metric="accuracy", **self.view())
        table = Table(head, tuple(rows), self.words("regularisation.table-caption"))
        return [
            Prose(self.ranking(ways)), self.figure("together-loss", loss),
            self.figure("together-accuracy", accuracy), table,
            Prose(self.words("regularisation.close")),
        ]  # fmt: skip

    def ranking(self, ways: list[str]) -> str:
        """Which remedy ends best, or that none beats no help."""
        losses = {way: self.end("control loss", way) for way in ways}
        rights = {way: self.end("control accuracy", way) for way in ways}
        least, best = min(ways, key=losses.__getitem__), max(ways, key=rights.__getitem__)
        plain, high = self.percent(rights["nothing"]), self.number(losses["nothing"])
        if losses[least] < losses["nothing"]:
            low = self.number(losses[least])
            loss = self.words("regularisation.together-loss", seeds=_SEEDS, high=high, low=low,
                              least=way_name(least, self.words))  # fmt: skip
        else:
            loss = self.words("regularisation.together-loss-none", seeds=_SEEDS, high=high)
        if rights[best] > rights["nothing"]:
            most = self.percent(rights[best])
            right = self.words("regularisation.together-right", plain=plain, most=most,
                               best=way_name(best, self.words))  # fmt: skip
        else:
            right = self.words("regularisation.together-right-none", plain=plain)
        return " ".join((loss, right, self.words("regularisation.together")))
