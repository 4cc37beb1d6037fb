"""From the points: each point's colour spreads as a bell, and the bells add up to a density."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...lattice.classifier import LatticeClassifier
from ...lattice.diffusion import Diffusion, conditional, fallback_maps, one_hot
from ...trace import Header, Moment, Site, Trace
from ...types import FloatArray, IntArray
from .watching import facts, filled


def lattice_density(model: LatticeClassifier, *, layers: Sequence[int] = (4, 32, 256)) -> Trace:
    """What copying from the points alone makes of them, beside a kernel density with normal bells.

    `model` a fitted classifier with two axes. A moment is a number of layers. Sites: "density"
    (row, column) the exact chance that a cell has a class, "probabilities" (class, row, column)
    those of each class given that; "kernel density" (row, column) the sum of normal bells of the
    same width over the training cells, reflected at the edges as walks are; "difference" its root
    mean square difference from "density", as a share of the largest density; "width" of a bell in
    cells, its standard deviation; "bell" and "normal" (cell,) a cut through one bell, exact and
    normal, far from any edge, `entries["cell"]` from its middle.
    """
    first = model._stack.recipe.frame
    labels, classes, lazy = filled(model), len(model.classes_), bool(model.lazy)
    diffusion = Diffusion(one_hot(first, classes), lazy=lazy)
    fallback = fallback_maps(labels, model.class_frequencies_, model.nearest_error_)
    known = sorted(int(layer) for layer in layers)
    reach = int(np.ceil(3 * bell_width(known[-1], lazy=lazy)))
    cells = np.argwhere(first < classes)
    maps = ("row", "column")
    trace = Trace(
        Header(
            "a density of points",
            (
                Site("density", "probability", maps, note="exact"),
                Site("probabilities", "probability", ("class", *maps), note="exact"),
                Site("kernel density", "metric", maps, note="normal bells, reflected at the edges"),
                Site("difference", "metric", note="root mean square, by the largest density"),
                Site("width", "metric", unit="cells"),
                Site("bell", "probability", ("cell",), note="exact"),
                Site("normal", "metric", ("cell",)),
            ),
            about={**facts(model), "reach": reach, "cells": len(cells)},
        )
    )
    for layer in known:
        spread = diffusion.after(layer)
        density, width = spread.sum(axis=0), bell_width(layer, lazy=lazy)
        bells = kernel_density(cells, first.shape, width)
        offsets = np.arange(-reach, reach + 1)
        side = 2 * (layer + reach) + 1 if layer < reach else 8 * reach + 1
        point = np.zeros((1, side, side))
        point[0, side // 2, side // 2] = 1
        after = Diffusion(point, lazy=lazy).after(layer)[0]
        trace.append(
            Moment("layer", {"layer": layer}),
            {
                "density": density,
                "probabilities": conditional(spread, fallback),
                "kernel density": bells,
                "difference": np.sqrt(np.mean((density - bells) ** 2)) / density.max(),
                "width": width,
                "bell": after[side // 2, side // 2 + offsets],
                "normal": np.exp(-(offsets**2) / (2 * width**2)) / (2 * np.pi * width**2),
            },
        )
    return trace


def bell_width(layers: int, *, lazy: bool) -> float:
    """The standard deviation, in cells along one axis, of where a walk of so many layers ends.

    In a layer a walk goes a cell up or down with probability ½, or ¼ if it may stay.
    """
    return float(np.sqrt(layers / (4 if lazy else 2)))


def kernel_density(cells: IntArray, grid: tuple[int, int], width: float) -> FloatArray:
    """Normal bells around cells (point, axis), reflected at the edges, added up: (row, column)."""
    along = []
    for axis, size in enumerate(grid):
        places = np.arange(size)[:, None]
        images = [shift + sign * cells[:, axis] - (sign < 0)
                  for shift in (-2 * size, 0, 2 * size) for sign in (1, -1)]  # fmt: skip
        bells = sum(np.exp(-((places - image) ** 2) / (2 * width**2)) for image in images)
        along.append(np.asarray(bells) / (width * np.sqrt(2 * np.pi)))
    return np.asarray(along[0] @ along[1].T)
