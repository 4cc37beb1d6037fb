"""What becomes of neighbours: all cells copy at once, or each may also stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import Diffusion
from ...lattice.simulation import run_seeds
from ...trace import Header, Moment, Site, Trace
from ...types import Array, FloatArray
from .watching import facts, filled, filled_maps, watch

RULES = ("always", "lazy")


def chequerboard(
    model: LatticeClassifier, *, layers: Sequence[int] = (4, 16, 64, 256, 1024), runs: int = 24
) -> Trace:
    """How often two cells side by side differ, and two that touch at a corner, layer by layer.

    `model` a fitted classifier with two axes, whose filled grid goes on copying by two rules: each
    cell copies in each layer ("always"), or also stays with probability ½ ("lazy"). A moment is a
    number of layers. Sites: "neighbours differ" and "diagonals differ" (rule,), shares of all such
    pairs, mean over the runs; "apart" (rule,) how often two neighbours would differ if each were of
    a run of its own, exact; "labels" (rule, row, column) the maps of the first run.
    """
    first, maps = filled(model), filled_maps(model)
    seeds = run_seeds(model._stack.recipe.seed, runs)
    seen = {
        rule: watch(first, len(maps), seeds, layers, lazy=rule == "lazy").labels for rule in RULES
    }
    spread = {rule: Diffusion(maps, lazy=rule == "lazy") for rule in RULES}
    kinds = {"rule": RULES}
    trace = Trace(
        Header(
            "neighbours and diagonals",
            (
                Site("labels", "label map", ("rule", "row", "column"), entries=kinds),
                Site("neighbours differ", "metric", ("rule",), entries=kinds),
                Site("diagonals differ", "metric", ("rule",), entries=kinds),
                Site("apart", "metric", ("rule",), entries=kinds, note="exact"),
            ),
            about={**facts(model), "runs": runs},
        )
    )
    for place, layer in enumerate(sorted(int(layer) for layer in layers)):
        now = [seen[rule][:, place] for rule in RULES]
        trace.append(
            Moment("layer", {"layer": layer}),
            {
                "labels": np.stack([maps[0] for maps in now]),
                "neighbours differ": [neighbours_differ(labels) for labels in now],
                "diagonals differ": [diagonals_differ(labels) for labels in now],
                "apart": [_apart(spread[rule].after(layer)) for rule in RULES],
            },
        )
    return trace


def neighbours_differ(labels: Array) -> float:
    """The share of pairs side by side that differ, of maps (…, row, column)."""
    pairs = [(labels[..., 1:, :], labels[..., :-1, :]), (labels[..., 1:], labels[..., :-1])]
    return _share(pairs)


def diagonals_differ(labels: Array) -> float:
    """The share of pairs that touch at a corner and differ, of maps (…, row, column)."""
    pairs = [
        (labels[..., 1:, 1:], labels[..., :-1, :-1]),
        (labels[..., 1:, :-1], labels[..., :-1, 1:]),
    ]
    return _share(pairs)


def _share(pairs: Sequence[tuple[Array, Array]]) -> float:
    unlike = sum(int(np.count_nonzero(one != other)) for one, other in pairs)
    return unlike / sum(one.size for one, _ in pairs)


def _apart(probabilities: FloatArray) -> float:
    """How often neighbours of two separate runs differ: (class, row, column) probabilities."""
    down = (probabilities[:, 1:] * probabilities[:, :-1]).sum(axis=0)
    across = (probabilities[:, :, 1:] * probabilities[:, :, :-1]).sum(axis=0)
    return float(1 - (down.sum() + across.sum()) / (down.size + across.size))
