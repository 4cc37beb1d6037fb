"""The chapter on convolution: a kernel that slides over a picture, and what networks make of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np

from ..explain.convolution.kernels import kernel as read_kernel
from ..explain.convolution.kernels import kernel_names
from ..explain.convolution.layer import convolution_layer
from ..explain.convolution.picture import picture_array, picture_crop
from ..explain.convolution.pooling import pooling
from ..explain.convolution.softmax import softmax
from ..explain.convolution.walk import convolution
from ..language import Words
from ..trace import Trace
from ..types import FloatArray
from ..view.principles.convolution.film import convolution as convolution_film
from ..view.principles.convolution.gallery import convolutions
from ..view.principles.convolution.grid import short
from ..view.principles.convolution.numbers import picture_numbers
from ..view.principles.convolution.pooling import pooling as pooling_film
from ..view.principles.convolution.softmax import softmax as softmax_film
from ..view.sheet import COLUMN
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

_PICTURE, _KERNEL = "china", "sharpen"
_SMALL = 12  # rows of the picture that is walked over
_GREY = np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)  # ITU-R 601
_CORNER = np.array([[1, 2, 3], [0, 0, 0], [0, 0, 0]])


def chapter(
    words: Words,
    *,
    theme: str = "light",
    input: str | None = None,
    kernel: str | None = None,
) -> Chapter:
    """The chapter, with a person's own picture (`input`, a file) and `kernel` (a name or numbers).

    Raises what `convolution` raises for pictures and kernels that cannot be.
    """
    made = _Figures(
        words, theme, _PICTURE if input is None else input, _KERNEL if kernel is None else kernel
    )
    parts: list[Part] = [
        Prose(words("convolution.intro")),
        Heading(words("convolution.head-array")),
        *made.array(),
        Heading(words("convolution.head-slide")),
        *made.slide(),
        Example("convolution"),
        Heading(words("convolution.head-kernels")),
        *made.kernels(),
        Heading(words("convolution.head-flip")),
        *made.flip(),
        Heading(words("convolution.head-steps")),
        *made.steps(),
        Heading(words("convolution.head-channels")),
        *made.channels(),
        Heading(words("convolution.head-pooling")),
        *made.pooling(),
        Heading(words("convolution.head-network")),
        *made.network(),
    ]
    return Chapter(
        "convolution", words("convolution.chapter"), words("convolution.summary"), tuple(parts)
    )


def answer(words: Words, input: str | None = None, kernel: str | None = None) -> str:
    """What a kernel does: its numbers, their sum, and one place of the picture written out."""
    given = read_kernel(_KERNEL if kernel is None else kernel)
    picture = _PICTURE if input is None else input
    square = np.rint(picture_array(picture, size=(_SMALL, _SMALL))).astype(np.uint8)
    trace = convolution(square, given)
    moments = trace.where("sum")
    middle = moments[len(moments) // 2]
    rows = [" ".join(cell.rjust(6) for cell in row) for row in given.written]
    value = words.figures(short(float(trace["sum", middle])))
    seen = [words.figures(short(cell)) for cell in trace["window", middle].ravel().tolist()]
    total = words.figures(short(round(float(given.values.sum()), 12)))
    said = words(
        "convolution.answer",
        total=total,
        window=" ".join(seen),
        value=value,
        picture=Path(picture).name,
    )
    return "\n".join([*rows, said])


@dataclass(frozen=True)
class _Figures(Spoken):
    """The sections, each from its own computation."""

    words: Words
    theme: str
    picture: str
    kernel: str

    def figure(self, key: str, scene: Any, **values: object) -> Figure:
        """A figure with its caption and what it shows in words, under that key."""
        caption = self.words(f"convolution.caption-{key}", **values)
        return Figure(key, scene, caption, scene.description)

    def number(self, value: SupportsFloat, digits: int = 3) -> str:
        """A number as the pictures of convolutions write it."""
        return self.words.figures(short(float(value), digits))

    def view(self) -> dict[str, Any]:
        """The look and the language of every picture."""
        return {"theme": self.theme, "language": self.words.language, "size": COLUMN}

    def small(self, colour: bool = False) -> FloatArray:
        """The middle of the picture as a small square, brought to whole numbers."""
        square = picture_array(self.picture, size=(_SMALL, _SMALL), colour=colour)
        return np.rint(square)

    def square(self) -> Any:
        """That square as 8-bit numbers, drawn from 0 to 255."""
        return self.small()[0].astype(np.uint8)

    def array(self) -> list[Part]:
        """A picture as an array."""
        trace = picture_crop(self.picture, size=_SMALL)
        picture, crop = trace["picture", 0], trace["crop", 0]
        said = self.words(
            "convolution.array",
            rows=picture.shape[1], columns=picture.shape[2],
            count=self.count(picture.size),
            darkest=self.number(crop.min()), brightest=self.number(crop.max()),
        )  # fmt: skip
        source = "" if Path(self.picture).exists() else self.words("convolution.photo")
        scene = picture_numbers(trace, **self.view())
        return [Prose(said), self.figure("array", scene, source=source)]

    def slide(self) -> list[Part]:
        """The kernel's walk, and its middle written out in the text."""
        trace = convolution(self.square(), self.kernel)
        middle = trace.where("sum")[len(trace.where("sum")) // 2]
        at = trace.moments[middle].at
        kernel = trace["kernel", 0][0, 0]
        said = self.words(
            "convolution.slide",
            rows=kernel.shape[0], columns=kernel.shape[1], count=kernel.size,
            row=int(at["row"]) + 1, column=int(at["column"]) + 1,
            products=" + ".join(f"({self.number(p)})" if p < 0 else self.number(p)
                                for p in trace["products", middle].ravel().tolist()),
            value=self.number(float(trace["sum", middle])),
            side=_SMALL, down=trace["output", 0].shape[1], across=trace["output", 0].shape[2],
        )  # fmt: skip
        scene = convolution_film(trace, **self.view())
        return [Prose(said), self.figure("slide", scene)]

    def kernels(self) -> list[Part]:
        """Eight kernels, and what each does in words."""
        shown = [name for name in kernel_names() if name != "identity"]
        names = {name: self.words(f"convolution.name-{name}") for name in shown}
        traces = {names[name]: convolution(self.picture, name, size=120) for name in shown}
        rows = tuple((names[name], self.words(f"convolution.does-{name}")) for name in shown)
        head = (self.words("convolution.table-kernel"), self.words("convolution.table-does"))
        table = Table(head, rows, self.words("convolution.table-caption"))
        scene = convolutions(traces, **self.view())
        return [Prose(self.words("convolution.kernels")), self.figure("kernels", scene), table]

    def flip(self) -> list[Part]:
        """One bright point: what a correlation and a convolution leave of it."""
        point = np.zeros((5, 5))
        point[2, 2] = 1
        titles = (self.words("convolution.flip-plain"), self.words("convolution.flip-turned"))
        traces = {titles[0]: convolution(point, _CORNER),
                  titles[1]: convolution(point, _CORNER, flip=True)}  # fmt: skip
        scene = convolutions(
            traces, same_cells=True, title=self.words("convolution.flip-title"), **self.view()
        )
        return [Prose(self.words("convolution.flip")), self.figure("flip", scene)]

    def steps(self) -> list[Part]:
        """Stride, padding and dilation, cell for cell."""
        square = self.square()
        options: dict[str, dict[str, Any]] = {
            "plain": {}, "padding": {"padding": 1}, "stride": {"stride": 2},
            "dilation": {"dilation": 2},
        }  # fmt: skip
        traces = {
            self.words(f"convolution.way-{name}"): convolution(square, "gaussian", **given)
            for name, given in options.items()
        }
        sizes = {
            name: "{} × {}".format(*trace["output", 0].shape[1:])
            for name, trace in zip(options, traces.values(), strict=True)
        }
        said = self.words("convolution.steps", side=_SMALL, **sizes)
        scene = convolutions(
            traces, same_cells=True, title=self.words("convolution.steps-title"), **self.view()
        )
        return [Prose(said), self.figure("steps", scene)]

    def channels(self) -> list[Part]:
        """Red, green and blue: a kernel for each, added; and 1 × 1, which mixes them."""
        colour = self.small(colour=True).astype(np.uint8).transpose(1, 2, 0)
        mixed = convolution(colour, _GREY, cells=_spread(_SMALL))
        deep = np.stack([read_kernel("sobel").values] * 3)
        three = convolution(colour, deep, cells=_spread(_SMALL - 2))
        at = len(three) // 2
        place = three.moments[at].at
        shares = [self.number(float(share)) for share in three["channel sums", at]]
        said = self.words(
            "convolution.channels", row=int(place["row"]) + 1, column=int(place["column"]) + 1,
            red=shares[0], green=shares[1], blue=shares[2],
            value=self.number(float(three["sum", at])),
        )  # fmt: skip
        one = self.words(
            "convolution.one-by-one",
            weights=", ".join(self.number(weight) for weight in _GREY.ravel().tolist()),
        )
        return [
            Prose(said), self.figure("channels", convolution_film(three, **self.view())),
            Prose(one), self.figure("one", convolution_film(mixed, **self.view())),
        ]  # fmt: skip

    def pooling(self) -> list[Part]:
        """What pooling leaves."""
        trace = pooling(self.square(), 2)
        scene = pooling_film(trace, **self.view())
        before, after = trace["picture", 0].size, trace["output", 0].size
        said = self.words("convolution.pooling", before=before, after=after)
        return [Prose(said), self.figure("pooling", scene)]

    def network(self) -> list[Part]:
        """A small network that learns digits now: one of its layers, and its answer."""
        trace, facts = trained_digits()
        walk = convolution_layer(trace, "conv2", channel=facts["channel"])
        answer = trace["fc2", 0][0]
        shares = softmax(answer, temperature=[1, 3], names=[str(n) for n in range(len(answer))])
        best = int(np.argmax(answer))
        said = self.words(
            "convolution.network",
            count=self.count(facts["samples"]), epochs=facts["epochs"],
            accuracy=self.percent(facts["accuracy"]),
            channel=facts["channel"] + 1,
        )  # fmt: skip
        ends = self.words(
            "convolution.softmax", best=best, digit=facts["digit"],
            score=self.number(float(answer[best])),
            share=self.percent(shares["probabilities", 0][best]),
            warm=self.percent(shares["probabilities", 1][best]),
        )  # fmt: skip
        return [
            Prose(said), self.figure("layer", convolution_film(walk, **self.view())),
            Prose(ends), self.figure("softmax", softmax_film(shares, **self.view())),
            Prose(self.words("convolution.own")),
        ]  # fmt: skip


def trained_digits(epochs: int = 12) -> tuple[Trace, dict[str, Any]]:
    """A small ConvNet trained on handwritten digits, recorded on one of the test part.

    Takes a few seconds. The facts: how many it learned from, epochs, its accuracy on the test
    part, the digit, and the channel of "conv2" that answers most strongly.
    """
    from ..data import load_parts
    from ..models import cnn
    from ..train import fit

    parts = load_parts("digits", seed=0)
    model = cnn((1, 8, 8), 10, width=4, seed=0)
    run = fit(model, parts, epochs=epochs, learning_rate=0.01, keep=None, health=False, seed=0)
    pixels: Any = parts.test.pixels  # type: ignore[union-attr]
    labels: Any = parts.test.labels
    trace = run.record(pixels[:1])
    strongest = int(np.abs(trace["conv2", 0][0]).max(axis=(1, 2)).argmax())
    return trace, {
        "samples": len(parts.training), "epochs": epochs, "channel": strongest,
        "accuracy": run.test().accuracy, "digit": str(parts.classes[int(labels[0])]),
    }  # fmt: skip


def _spread(side: int) -> list[tuple[int, int]]:
    """Four rows with four places each, first and last among them: enough to see the output grow."""
    few = sorted({0, side // 3, 2 * side // 3, side - 1})
    return [(row, column) for row in few for column in few]
