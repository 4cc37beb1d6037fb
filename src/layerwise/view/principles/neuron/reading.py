"""What a film of a neuron shows of its trace: which inputs, in what steps, and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ....errors import InputError
from ....trace import Trace
from ....types import FloatArray

MOST_ROWS: Final = 8


@dataclass(frozen=True)
class Row:
    """One input that is drawn: its place, name, value, weight and product."""

    number: int
    name: str
    value: float
    weight: float
    product: float


@dataclass(frozen=True, eq=False)
class NeuronReading:
    """A neuron's numbers, all looked up in its trace.

    `rows` are all inputs, or the `MOST_ROWS` with the largest products where there are more; then
    `others` counts the rest and `rest` is the sum of their products. `partial` (row,) is the sum
    so far, None where not every input is drawn.
    """

    rows: tuple[Row, ...]
    others: int
    rest: float
    partial: tuple[float, ...] | None
    sum: float
    bias: float
    has_bias: bool
    threshold: float | None
    biased: float
    activation: str
    output: float
    x: FloatArray
    curve: FloatArray

    @property
    def count(self) -> int:
        """How many inputs the neuron has."""
        return len(self.rows) + self.others


def read_neuron(trace: Trace) -> NeuronReading:
    """The numbers of a trace of `explain.neuron`; `InputError` for another kind of trace."""
    activation = trace.about.get("activation")
    if trace.title != "neuron" or activation is None:
        raise InputError(
            "This view shows one neuron", received=f"a trace {trace.title!r}",
            do="Give what lw.explain.neuron made",
        )  # fmt: skip

    def at(site: str) -> float:
        return float(trace[site, trace.where(site)[-1]])

    values, weights = trace["inputs", 0], trace["weights", 0]
    products = trace["products", trace.where("products")[0]]
    names = trace.site("inputs").entries["input"]
    order = np.argsort(-np.abs(products), kind="stable")[:MOST_ROWS]
    shown = sorted(order.tolist())
    rows = tuple(
        Row(
            number,
            str(names[number]),
            *(float(all_[number]) for all_ in (values, weights, products)),
        )
        for number in shown
    )
    left_out = np.setdiff1d(np.arange(len(products)), shown)
    partial = None
    if not len(left_out):
        partial = tuple(trace.series("partial sum")[1].tolist())
    last = len(trace) - 1
    return NeuronReading(
        rows, len(left_out), float(products[left_out].sum()), partial, at("sum"), at("bias"),
        bool(trace.about["has_bias"]),
        at("threshold") if any(site.name == "threshold" for site in trace.sites) else None,
        at("biased sum"), str(activation), at("output"), trace["x", last], trace["curve", last],
    )  # fmt: skip
