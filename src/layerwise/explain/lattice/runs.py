"""Simulated and exact, for more and more runs: the difference shrinks with their square root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...errors import InputError
from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import Diffusion
from ...lattice.simulation import Simulation
from ...trace import Header, Moment, Site, Trace
from ...types import IntArray
from .watching import facts, filled, filled_maps

TOGETHER = 64  # runs that go forward side by side


def lattice_runs(model: LatticeClassifier, *, layers: int, most: int = 4096) -> Trace:
    """How far the mean of 1, 4, 16 … runs lies from the exact probabilities after some layers.

    `model` a fitted classifier with two axes, whose filled grid goes on copying; `most` how many
    runs at most, a power of four. A moment is a number of runs. Sites: "simulated" (class, row,
    column) the share of the runs that show a class; "difference" its root mean square difference
    from the "probabilities" (class, row, column; at the first moment), over classes and cells;
    "expected" what the square root of p(1 − p)/n says it is.

    Raises `InputError` for another number of runs.
    """
    steps = [4**power for power in range(10) if 4**power <= most]
    if not steps or steps[-1] != most:
        raise InputError("Runs go up by four", received=str(most), allowed="1, 4, 16, 64 … 262144")
    maps = filled_maps(model)
    exact = Diffusion(maps, lazy=bool(model.lazy)).after(layers)
    chance = float(np.sqrt(np.mean(exact * (1 - exact))))
    axes = ("class", "row", "column")
    trace = Trace(
        Header(
            "simulated and exact",
            (
                Site("simulated", "metric", axes, note="share of the runs that show a class"),
                Site("probabilities", "probability", axes, note="exact"),
                Site("difference", "metric", note="root mean square over classes and cells"),
                Site("expected", "metric", note="√(p(1 − p)/n), root mean square"),
            ),
            about={**facts(model), "layers": layers},
        )
    )
    counts, done = np.zeros(maps.shape, np.int64), 0
    for runs in steps:
        while done < runs:
            more = min(TOGETHER, runs - done)
            counts += _counts(model, done, more, layers)
            done += more
        shares = counts / runs
        values = {
            "simulated": shares,
            "difference": np.sqrt(np.mean((shares - exact) ** 2)),
            "expected": chance / np.sqrt(runs),
        }
        if runs == 1:
            values["probabilities"] = exact
        trace.append(Moment("runs", {"runs": runs}), values)
    return trace


def _counts(model: LatticeClassifier, before: int, runs: int, layers: int) -> IntArray:
    """Runs number `before` … and so many of them, counted: (class, row, column)."""
    recipe = replace(model._stack.recipe, anchored=False, held=None)
    known = replace(recipe, seed=(recipe.seed + before) % 2**64)
    return Simulation(known, filled(model), runs).counts(layers).astype(np.int64)
