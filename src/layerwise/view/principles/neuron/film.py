"""The film of one neuron: products one after another, the sum, the bias, the curve, the output."""

from __future__ import annotations

from typing import Final

from ....language import Words, words
from ....scene import Camera, Mark, Scene, Stop, Timeline
from ....trace import Trace
from ...style import Theme
from ...style import theme as theme_named
from .formula import LAID_OUT
from .frames import NeuronFrames
from .numbers import Numbers
from .reading import NeuronReading, read_neuron
from .stage import Stage

REST_S: Final = 1.0
MOVE_S: Final = 0.5
ENDING_S: Final = 2.5


def neuron(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    title: str = "",
    size: tuple[int, int] = LAID_OUT,
) -> Scene:
    """What a neuron of `explain.neuron` makes of its inputs, a stop for each step.

    Each product, the sum, the threshold on its way to the other side (or the bias), the sum read
    off the activation's curve. Beyond eight inputs those with the largest products are drawn, and
    the foot says so. Its poster, the still, is the last stop. `title` replaces the usual one.
    Raises `InputError` for another kind of trace.
    """
    look, said = theme_named(theme), words(language)
    reading = read_neuron(trace)
    stage, labels = _story(reading, said)
    heading = title or said("neuron.title")
    frames = NeuronFrames(
        reading, stage, look, said, title=heading, foot=tuple(_foot(reading, said))
    )
    scale = min(size[0] / LAID_OUT[0], size[1] / LAID_OUT[1])
    camera = Camera((LAID_OUT[0] / 2, LAID_OUT[1] / 2), scale)

    def draw(stop: int, fraction: float) -> list[Mark]:
        drawn = frames.marks(stop, fraction)
        return drawn if size == LAID_OUT else [camera.apply(mark, size) for mark in drawn]

    stops = [Stop(at * (REST_S + MOVE_S), REST_S, name) for at, name in enumerate(labels)]
    end = stops[-1].start + ENDING_S
    last = Stop(stops[-1].start, ENDING_S, stops[-1].label)
    return Scene(
        draw, Timeline([*stops[:-1], last], end), size=size, ground=look.ground, title=heading,
        description=labels[-1], poster=len(labels) - 1,
    )  # fmt: skip


def _story(reading: NeuronReading, said: Words) -> tuple[Stage, list[str]]:
    """When each part comes, and what each stop is called."""
    write = Numbers(said)
    labels = [said("neuron.stop_inputs")]
    products = []
    for row in reading.rows:
        products.append(len(labels))
        value, weight = write.text(row.value), write.factor(row.weight)
        labels.append(f"{row.name}: {value} · {weight} = {write.text(row.product)}")
    others = None
    if reading.others:
        others = len(labels)
        labels.append(f"{said('neuron.others', count=reading.others)}: {write.text(reading.rest)}")
    total, biased, bias = (write.text(x) for x in (reading.sum, reading.biased, reading.bias))
    at_sum, at_bias = len(labels), None
    if reading.threshold is None:
        labels.append(said("neuron.stop_sum", sum=total))
    else:
        threshold = write.text(reading.threshold)
        labels.append(said("neuron.stop_threshold", sum=total, threshold=threshold))
    if reading.has_bias:
        at_bias = len(labels)
        if reading.threshold is None:
            labels.append(said("neuron.stop_bias", bias=bias, sum=biased))
        else:
            labels.append(said("neuron.stop_crossing", threshold=threshold, bias=bias))
    up = len(labels)
    name = said(f"neuron.name_{reading.activation}")
    labels.append(said("neuron.stop_up", name=name, sum=biased))
    labels.append(said("neuron.stop_over", output=write.text(reading.output)))
    return Stage(tuple(products), others, at_sum, at_bias, up, up + 1), labels


def _foot(reading: NeuronReading, said: Words) -> list[str]:
    foot = [said("neuron.foot", count=reading.count)]
    if reading.others:
        shown, count = len(reading.rows), reading.count
        foot = [said("neuron.others_foot", shown=shown, count=count)]
    if reading.threshold is not None:
        foot.append(said("neuron.crossing_foot"))
    return foot
