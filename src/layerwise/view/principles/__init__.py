"""First principles, drawn: a neuron, a gradient, a kernel, each from a trace of the real thing."""

from __future__ import annotations

from .convolution import convolution, convolutions, picture_numbers, pooling, softmax
from .decision import decision
from .four_pixel import (
    four_pixel,
    four_pixel_pair,
    four_pixel_rows,
    four_pixel_signs,
    four_pixel_table,
)
from .lattice import (
    chequerboard,
    lattice_average,
    lattice_density,
    lattice_ends,
    lattice_filling,
    lattice_runs,
    lattice_walk,
)
from .neuron import activations, neuron
from .receptive_field import receptive_field
from .regularisation import (
    augmented,
    batch_norm_shift,
    dropout_masks,
    regularisation,
    regularisation_weights,
)
from .slopes import chain_rule, local_derivatives, nudges
from .surface import descent, loss_surface
from .sweep import sweep

__all__ = [
    "activations", "augmented", "batch_norm_shift", "chain_rule", "chequerboard", "convolution",
    "convolutions", "decision", "descent", "dropout_masks", "four_pixel", "four_pixel_pair",
    "four_pixel_rows", "four_pixel_signs", "four_pixel_table", "lattice_average",
    "lattice_density", "lattice_ends", "lattice_filling", "lattice_runs", "lattice_walk",
    "local_derivatives", "loss_surface", "neuron", "nudges", "picture_numbers", "pooling",
    "receptive_field", "regularisation", "regularisation_weights", "softmax", "sweep",
]  # fmt: skip
