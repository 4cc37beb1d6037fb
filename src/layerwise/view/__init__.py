"""Views: each turns a trace into a scene, and says in it exactly what is seen."""

from __future__ import annotations

from .charts.comparison import side_by_side
from .charts.confusion import confusion
from .charts.depth import depth
from .charts.learning import learning_curves
from .charts.weights import weights
from .diagram.drawing import diagram
from .lattice.clusters import clusters
from .lattice.film import lattice
from .lattice.grid import grid
from .lattice.pairs import lattice_pairs
from .network.film import network
from .palette import class_colors
from .principles import (
    activations,
    augmented,
    batch_norm_shift,
    chain_rule,
    chequerboard,
    convolution,
    convolutions,
    decision,
    descent,
    dropout_masks,
    four_pixel,
    four_pixel_pair,
    four_pixel_rows,
    four_pixel_signs,
    four_pixel_table,
    lattice_average,
    lattice_density,
    lattice_ends,
    lattice_filling,
    lattice_runs,
    lattice_walk,
    local_derivatives,
    loss_surface,
    neuron,
    nudges,
    picture_numbers,
    pooling,
    receptive_field,
    regularisation,
    regularisation_weights,
    softmax,
    sweep,
)
from .style import Theme, theme

__all__ = [
    "Theme", "activations", "augmented", "batch_norm_shift", "chain_rule", "chequerboard",
    "class_colors", "clusters", "confusion", "convolution", "convolutions", "decision", "depth",
    "descent", "diagram", "dropout_masks", "four_pixel", "four_pixel_pair", "four_pixel_rows",
    "four_pixel_signs", "four_pixel_table", "grid", "lattice", "lattice_average",
    "lattice_density", "lattice_ends", "lattice_filling", "lattice_pairs", "lattice_runs",
    "lattice_walk", "learning_curves", "local_derivatives", "loss_surface", "network", "neuron",
    "nudges", "picture_numbers", "pooling", "receptive_field", "regularisation",
    "regularisation_weights", "side_by_side", "softmax", "sweep", "theme", "weights",
]  # fmt: skip
