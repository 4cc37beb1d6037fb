"""One long run's average over its layers: how many independent looks it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import fft

from ...errors import InputError
from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import Diffusion, eigenvalues
from ...lattice.simulation import run_seeds
from ...trace import Header, Moment, Site, Trace
from ...types import Array, ByteArray, FloatArray
from .chequerboard import RULES
from .watching import Watched, facts, filled, filled_maps, watch

LENGTHS: Final = (16, 64, 256, 1024)


def lattice_average(
    model: LatticeClassifier, *, lengths: Sequence[int] = LENGTHS, groups: int = 6, runs: int = 8
) -> Trace:
    """What the average over a run's layers is worth, in looks at separate runs.

    `model` a fitted classifier with two axes, whose filled grid goes on copying, by two rules as
    in `chequerboard`. The average over layers 1 … T of how often a cell shows a class is unbiased;
    its squared error, summed over cells and classes and compared with that of one look at a random
    layer of a separate run, p̄(1 − p̄), says how many such looks it is worth. Both use the exact
    probabilities.

    Each of `groups` of `runs` runs gives one measurement. A moment is a length T. Sites:
    "effective" (rule, group) so many looks, "together" (rule,) of all runs; at the last moment
    "correlation" (rule, lag) of a cell with itself so many layers before, `entries["lag"]`, over
    all runs. Raises `InputError` for a length below 2 or no runs.
    """
    known = tuple(sorted({int(length) for length in lengths}))
    if not known or known[0] < 2 or groups < 1 or runs < 1:
        raise InputError(
            "An average needs two layers or more, and a run",
            received=f"{tuple(lengths)}, {groups} groups of {runs}",
        )
    lags = tuple(2**power for power in range(20) if 2**power <= known[-1] // 2)
    looked = tuple(sorted({*known, *(known[-1] - lag for lag in lags)}))
    first, maps = filled(model), filled_maps(model)
    seeds = run_seeds(model._stack.recipe.seed, groups * runs)
    seen = {rule: watch(first, len(maps), seeds, looked, lazy=rule == "lazy") for rule in RULES}
    kinds = {"rule": RULES}
    trace = Trace(
        Header(
            "a run's average",
            (
                Site("effective", "metric", ("rule", "group"), entries=kinds, unit="looks"),
                Site("together", "metric", ("rule",), entries=kinds, unit="looks"),
                Site("correlation", "metric", ("rule", "lag"), entries={**kinds, "lag": lags}),
            ),
            about={**facts(model), "groups": groups, "runs": runs},
        )
    )
    for length in known:
        ratios = [
            _squares(seen[rule], looked.index(length), maps, rule == "lazy") for rule in RULES
        ]
        values: dict[str, Array] = {
            "effective": np.stack(
                [one / errors.reshape(groups, runs).mean(axis=1) for one, errors in ratios]
            ),
            "together": np.array([one / errors.mean() for one, errors in ratios]),
        }
        if length == known[-1]:
            values["correlation"] = np.stack(
                [correlations(seen[rule], lags, maps, lazy=rule == "lazy") for rule in RULES]
            )
        trace.append(Moment("length", {"layers": length}), values)
    return trace


def _squares(seen: Watched, place: int, maps: FloatArray, lazy: bool) -> tuple[float, FloatArray]:
    """The squared error of one look, and that of each run's average: (run,)."""
    layers = seen.layers[place]
    exact = mean_over_layers(maps, layers, lazy=lazy)
    away = seen.times[:, place] / layers - exact
    return float((exact * (1 - exact)).sum()), np.asarray((away**2).sum(axis=(1, 2, 3)))


def mean_over_layers(maps: FloatArray, layers: int, *, lazy: bool) -> FloatArray:
    """The exact probabilities (class, row, column), averaged over layers 1 to so many."""
    values = eigenvalues(maps.shape[1:], lazy)
    powers, total = np.ones_like(values), np.zeros_like(values)
    for _ in range(layers):
        powers *= values
        total += powers
    spectrum = fft.dctn(maps, axes=(1, 2)) * total / layers
    return np.asarray(np.clip(fft.idctn(spectrum, axes=(1, 2)), 0, 1))


def correlations(seen: Watched, lags: Sequence[int], maps: FloatArray, *, lazy: bool) -> FloatArray:
    """How alike a cell is to itself so many layers before the last: (lag,), 1 for the same.

    The covariance of showing a class, summed over classes and cells, by the standard deviations'
    product; means and deviations are exact.
    """
    diffusion = Diffusion(maps, lazy=lazy)
    last = seen.layers[-1]

    def around(layer: int) -> tuple[FloatArray, FloatArray]:
        labels: ByteArray = seen.labels[:, seen.layers.index(layer)]
        exact = diffusion.after(layer)
        shown = labels[:, None] == np.arange(len(maps), dtype=np.uint8)[:, None, None]
        return shown - exact, exact

    now, exact_now = around(last)
    found = []
    for lag in lags:
        then, exact_then = around(last - lag)
        size = np.sqrt((exact_now * (1 - exact_now)).sum() * (exact_then * (1 - exact_then)).sum())
        found.append((now * then).sum() / len(now) / size)
    return np.array(found)
