"""The chapter on one neuron: inputs times weights, their sum, the bias, the activation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from ..errors import InputError
from ..explain.activations import CLASSICS, activations
from ..explain.neuron import neuron
from ..language import Words
from ..trace import Trace
from ..types import FloatArray
from ..view.principles.neuron.activations import activations as draw_activations
from ..view.principles.neuron.film import neuron as draw_neuron
from ..view.principles.neuron.numbers import Numbers
from ..view.style import MINUS, format_number
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

MARKS: Final = (3, 2, 4, 2)
WEIGHTS: Final = (4, 2, 2, 1)
THRESHOLD: Final = 25
THINGS: Final = ("weather", "music", "company", "money")

PIXELS: Final = (0.5, 0, -0.75, 0.75)
PIXEL_WEIGHTS: Final = (-0.2, 0, 0.8, -0.5)

MODERN: Final = ("leaky-relu", "elu", "gelu", "silu")
SUMS: Final = (-3, -2, -1, 0, 1, 2, 3)
LAYERS: Final = 10


def chapter(
    words: Words,
    *,
    theme: str = "light",
    input: str | None = None,
    weights: str | None = None,
    threshold: str | None = None,
    bias: str | None = None,
    activation: str | None = None,
) -> Chapter:
    """The chapter; with an `input` or another option it begins with that neuron.

    Options are as they are typed: "3 2 4 2". What is not given is that of the festival; with other
    weights and neither threshold nor bias, the bias is 0.
    """
    given = (input, weights, threshold, bias, activation)
    own = _own(words, *given) if any(option is not None for option in given) else None
    parts = [
        *([] if own is None else _own_parts(words, own, theme)),
        Prose(words("neuron.intro")),
        *_festival(words, theme),
        *_crossing(words),
        *_curves(words, theme),
        *_which(words, theme),
        *_worked(words, theme),
        Heading(words("neuron.try_heading")),
        Prose(words("neuron.try")),
        Example("festival"),
    ]
    title, summary = words("learn.title_neuron"), words("learn.summary_neuron")
    return Chapter("neuron", title, summary, tuple(parts))


def answer(
    words: Words,
    input: str | None = None,
    *,
    weights: str | None = None,
    threshold: str | None = None,
    bias: str | None = None,
    activation: str | None = None,
) -> str:
    """The neuron's calculation in a few lines of plain text."""
    trace = _own(words, input, weights, threshold, bias, activation)
    write = Numbers(words)
    biased, output = _at(trace, "biased sum"), _at(trace, "output")
    total = write.text(_at(trace, "sum"))
    terms = " + ".join(
        f"{write.factor(value)} · {write.factor(weight)}"
        for value, weight in zip(trace["inputs", 0], trace["weights", 0], strict=True)
    )
    lines = [words("neuron.answer_sum", terms=terms, sum=total)]
    added = _signed(write, _at(trace, "bias"))
    name = words(f"neuron.name_{trace.about['activation']}")
    if "threshold" in [site.name for site in trace.sites]:
        lines.append(
            words(
                "neuron.answer_threshold", sum=total, bias=added, biased=write.text(biased),
                sign=">" if biased > 0 else "≤", zero=">" if biased > 0 else "≤",
                threshold=write.text(_at(trace, "threshold")),
            )
        )  # fmt: skip
    elif trace.about["has_bias"]:
        line = words("neuron.answer_bias", sum=total, bias=added, biased=write.text(biased))
        lines.append(line)
    called = {"name": name, "biased": write.text(biased), "output": write.text(output)}
    lines.append(words("neuron.answer_output", **called))
    if weights is threshold is bias is activation is None:
        lines.append(words("neuron.answer_festival", answer=words(_decision(output))))
    return "\n".join(lines)


# -- the parts, in order -----------------------------------------------------------------------


def _own_parts(words: Words, trace: Trace, theme: str) -> list[Part]:
    write = Numbers(words)
    numbers = {
        name: write.text(_at(trace, site))
        for name, site in (
            ("sum", "sum"),
            ("bias", "bias"),
            ("biased", "biased sum"),
            ("output", "output"),
        )
    }
    rows = {name: _row(write, trace[name, 0]) for name in ("inputs", "weights")}
    products = _row(write, trace["products", trace.where("products")[0]])
    said = words(
        "neuron.own", **numbers, **rows, products=products,
        name=words(f"neuron.name_{trace.about['activation']}"),
    )  # fmt: skip
    scene = draw_neuron(trace, theme=theme, language=words.language)
    figure = Figure("own", scene, words("neuron.own_caption"), said)
    return [Heading(words("neuron.own_heading")), Prose(said), figure]


def _festival(words: Words, theme: str) -> list[Part]:
    trace = neuron(MARKS, WEIGHTS, threshold=THRESHOLD, names=_things(words))
    write = Numbers(words)
    output = _at(trace, "output")
    numbers = {
        "marks": _row(write, MARKS), "weights": _row(write, WEIGHTS),
        "products": _row(write, trace.series("product")[1], " + "),
        "sum": write.text(_at(trace, "sum")),
    }  # fmt: skip
    text = words(
        "neuron.festival", **numbers, threshold=write.text(THRESHOLD),
        more=words("neuron.more" if output else "neuron.not_more"), answer=words(_decision(output)),
    )  # fmt: skip
    alt = words(
        "neuron.festival_alt", **numbers, bias=write.text(_at(trace, "bias")),
        biased=write.text(_at(trace, "biased sum")), output=write.text(output),
    )  # fmt: skip
    title = words("neuron.festival_title")
    scene = draw_neuron(trace, theme=theme, language=words.language, title=title)
    return [
        Heading(words("neuron.festival_heading")),
        Prose(text),
        Figure("festival", scene, words("neuron.festival_caption"), alt),
    ]


def _crossing(words: Words) -> list[Part]:
    write = Numbers(words)
    traces = [neuron((*MARKS[:3], money), WEIGHTS, threshold=THRESHOLD) for money in range(4)]
    festival = traces[MARKS[3]]
    bias = _signed(write, _at(festival, "bias"))
    rows = []
    for money, trace in enumerate(traces):
        total, biased = _at(trace, "sum"), _at(trace, "biased sum")
        rows.append(
            (
                write.text(money), write.text(total), _yes(words, total > THRESHOLD),
                write.text(biased), _yes(words, biased > 0), write.text(_at(trace, "output")),
            )
        )  # fmt: skip
    head = (
        words("neuron.head_money"), words("neuron.head_sum"),
        words("neuron.head_threshold", threshold=write.text(THRESHOLD)),
        words("neuron.head_biased", bias=bias), words("neuron.head_zero"),
        words("neuron.head_output"),
    )  # fmt: skip
    text = words(
        "neuron.crossing", sum=write.text(_at(festival, "sum")), threshold=write.text(THRESHOLD),
        bias=write.text(_at(festival, "bias")),
    )  # fmt: skip
    caption = words("neuron.crossing_caption", first=rows[0][0], last=rows[-1][0])
    return [
        Heading(words("neuron.crossing_heading")), Prose(text), Table(head, tuple(rows), caption)
    ]  # fmt: skip


def _curves(words: Words, theme: str) -> list[Part]:
    write = Numbers(words)
    trace = activations(CLASSICS, at=SUMS)
    text = words(
        "neuron.curve", low=write.text(THRESHOLD - 1), mid=write.text(THRESHOLD),
        high=write.text(THRESHOLD + 1),
    )  # fmt: skip
    title = words("neuron.classics_title")
    scene = draw_activations(trace, theme=theme, language=words.language, title=title)
    ends = {"first": write.text(SUMS[0]), "last": write.text(SUMS[-1])}
    caption = words("neuron.classics_caption", **ends)
    alt = words("neuron.classics_alt", **{name: _read(write, trace, name, 1) for name in CLASSICS})
    return [
        Heading(words("neuron.curve_heading")), Prose(text), Figure("classics", scene, caption, alt)
    ]  # fmt: skip


def _which(words: Words, theme: str) -> list[Part]:
    write = Numbers(words)
    every = activations((*CLASSICS, *MODERN), at=[-2])
    steepest = {name: float(every[f"{name} slope", 0].max()) for name in (*CLASSICS, *MODERN)}
    text = words(
        "neuron.which",
        sigmoid_slope=write.text(steepest["sigmoid"]),
        tanh_slope=write.text(steepest["tanh"]),
        ten_layers=words.figures(format_number(steepest["sigmoid"] ** LAYERS, 2)),
    )
    rows = []
    for name in (*CLASSICS, *MODERN):
        curve = every[name, 0]
        rows.append(
            (
                words(f"neuron.name_{name}"), _short(words, curve.min()),
                _short(words, curve.max()), _short(words, steepest[name]),
                _short(words, every[f"{name} value slope", 1]), words(f"neuron.use_{name}"),
            )
        )  # fmt: skip
    columns = ("activation", "lowest", "highest", "slope", "left", "use")
    x = every["x", 0]
    caption = words("neuron.which_caption", first=write.text(x[0]), last=write.text(x[-1]))
    modern = activations(MODERN, at=SUMS)
    title = words("neuron.modern_title")
    scene = draw_activations(modern, theme=theme, language=words.language, title=title)
    alt = words(
        "neuron.modern_alt",
        **{name.split("-")[0]: _read(write, modern, name, -1) for name in MODERN},
    )
    return [
        Heading(words("neuron.which_heading")),
        Prose(text),
        Table(tuple(words(f"neuron.head_{name}") for name in columns), tuple(rows), caption),
        Figure("modern", scene, words("neuron.modern_caption"), alt),
    ]


def _worked(words: Words, theme: str) -> list[Part]:
    write, language = Numbers(words), words.language
    trace = neuron(PIXELS, PIXEL_WEIGHTS, activation="tanh")
    total = _at(trace, "sum")
    both = activations(("tanh", "sigmoid"), at=(total, -total))
    numbers = {
        "sum": write.text(total), "turned": write.text(-total),
        "tanh": _short(words, _at(trace, "output")),
        "tanh_turned": _short(words, both["tanh value", 2]),
        "sigmoid": _short(words, both["sigmoid value", 1]),
        "slip": _short(words, both["sigmoid value", 2]),
    }  # fmt: skip
    shown = {"inputs": _row(write, PIXELS), "weights": _row(write, PIXEL_WEIGHTS)}
    text = words(
        "neuron.worked", **numbers, **shown, products=_row(write, trace.series("product")[1])
    )
    alt = words("neuron.worked_alt", **shown, sum=numbers["sum"], tanh=numbers["tanh"])
    worked = draw_neuron(trace, theme=theme, language=language, title=words("neuron.worked_title"))
    slip = draw_activations(both, theme=theme, language=language, title=words("neuron.slip_title"))
    ends = {name: numbers[name] for name in ("sum", "turned")}
    return [
        Heading(words("neuron.worked_heading")),
        Prose(text),
        Figure("worked", worked, words("neuron.worked_caption"), alt),
        Figure(
            "slip", slip, words("neuron.slip_caption", **ends), words("neuron.slip_alt", **numbers)
        ),
    ]


# -- numbers, as they are typed and as they are written ------------------------------------------


def _own(
    words: Words, input: str | None, weights: str | None, threshold: str | None, bias: str | None,
    activation: str | None,
) -> Trace:  # fmt: skip
    """The neuron that is asked for."""
    weighed = list(WEIGHTS) if weights is None else _typed(weights, "weights")
    values = list(MARKS) if input is None else _typed(input, "inputs")
    crossing = None if threshold is None else _one(threshold, "threshold")
    added = None if bias is None else _one(bias, "bias")
    if crossing is None and added is None and weights is None:
        crossing = THRESHOLD
    names = _things(words) if weights is None and len(values) == len(THINGS) else None
    kind = "step" if activation is None else activation
    return neuron(
        values, weighed, bias=added, threshold=crossing, activation=kind, names=names
    )  # fmt: skip


def _typed(text: str, what: str) -> list[float]:
    """The numbers of a text, spaces or commas between them."""
    numbers = _numbers(text)
    if not numbers:
        raise InputError(
            f"The {what} are numbers with spaces between them", received=repr(text),
            do='Such as "3 2 4 2"',
        )  # fmt: skip
    return numbers


def _one(text: str, what: str) -> float:
    numbers = _numbers(text)
    if len(numbers) != 1:
        raise InputError(f"The {what} is one number", received=repr(text), do='Such as "25"')
    return numbers[0]


def _numbers(text: str) -> list[float]:
    """Those in a text; none where anything in it is no number."""
    pieces = [piece for piece in re.split(r"[\s,;]+", text.replace(MINUS, "-")) if piece]
    try:
        return [float(piece) for piece in pieces]
    except ValueError:
        return []


def _at(trace: Trace, site: str) -> float:
    return float(trace[site, trace.where(site)[-1]])


def _read(write: Numbers, trace: Trace, name: str, x: float) -> str:
    """The value of an activation that the trace read off at x."""
    number = next(n for n, moment in enumerate(trace) if moment.at.get("x") == x)
    return write.text(float(trace[f"{name} value", number]))


def _short(words: Words, value: Any) -> str:
    """A number to three decimals, a whole one as it is."""
    rounded = float(value)
    if math.isclose(rounded, round(rounded), abs_tol=5e-7):
        return Numbers(words).text(round(rounded))
    return words.figures(f"{rounded:.3f}".replace("-", MINUS))


def _row(write: Numbers, values: Sequence[float] | FloatArray, between: str = "; ") -> str:
    if between == "; " and all(float(value).is_integer() for value in values):
        between = ", "
    return between.join(write.text(float(value)) for value in values)


def _signed(write: Numbers, value: float) -> str:
    """A number as it is added: "− 25", "+ 3"."""
    return f"{MINUS if value < 0 else '+'} {write.text(abs(value))}"


def _things(words: Words) -> list[str]:
    return [words(f"neuron.{thing}") for thing in THINGS]


def _decision(output: float) -> str:
    return "neuron.go" if output else "neuron.stay"


def _yes(words: Words, true: bool) -> str:
    return words("neuron.yes" if true else "neuron.no")
