"""A decision map as a network: every neuron's node shows what it gives all over a plane."""

from __future__ import annotations

from typing import Final

from ...trace import Trace
from ..diagram.graph import Layer, NetworkGraph
from ..style import format_count
from .reading import Reading

FIRST: Final = "maps 0"
AXES: Final = ("neuron", "row", "column")


def is_plane(trace: Trace) -> bool:
    """Whether a trace holds the maps of a network's neurons over a plane of its inputs."""
    names = {site.name for site in trace.sites}
    return FIRST in names and "probabilities" in names and "weights 1" in names


def plane_graph(trace: Trace) -> NetworkGraph:
    """Its layers: the inputs, each dense layer after its activation, and the classes' shares."""
    count = int(trace.about["layers"])
    first = trace.where(FIRST)[0]
    rows, columns = (int(side) for side in trace[FIRST, first].shape[1:])
    layers = []
    for number in range(count):
        site = trace.site(f"maps {number}")
        width, activation = int(site.about["width"]), str(site.about.get("activation", ""))
        named = f"{format_count(width)} neurons" + (f", {activation}" if activation else "")
        layers.append(
            Layer(
                _name(trace, number), "dense" if number else "input", (site.name,), site.name,
                (width, rows, columns), AXES, named if number else f"{format_count(width)} inputs",
                activation, f"weights {number}" if number else "",
                f"biases {number}" if number else "", (number - 1,) if number else (),
            )
        )  # fmt: skip
    classes = len(trace.about["classes"])
    layers.append(
        Layer(
            _name(trace, count), "dense", ("probabilities",), "probabilities",
            (classes, rows, columns), ("class", *AXES[1:]), f"{format_count(classes)} classes",
            "", f"weights {count}", f"biases {count}", (count - 1,),
        )
    )  # fmt: skip
    return NetworkGraph(tuple(layers))


def plane_reading(trace: Trace, graph: NetworkGraph) -> Reading:
    """All moments of it; what is said of the sample says which plane that is."""
    moments = trace.where("probabilities")
    samples = int(trace.about.get("samples", 0))
    first = trace.where(FIRST)[0]
    rows, columns = trace[FIRST, first].shape[1:]
    names = [str(name) for name in trace.about.get("names", ())]
    plane = f"{columns} × {rows} points of the plane of {' and '.join(names) or 'two inputs'}"
    said = {m: (plane, None, f"laid by {format_count(samples)} samples") for m in moments}
    return Reading(trace, graph, dict.fromkeys(moments, 0), said=said)


def _name(trace: Trace, number: int) -> str:
    if not number:
        return "inputs"
    return str(trace.site(f"weights {number}").about.get("layer", f"layer {number}"))
