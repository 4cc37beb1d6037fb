"""Explanations that compute: real code runs on a network, and what happened is a trace."""

from __future__ import annotations

from .activations import activations
from .convolution import (
    convolution,
    convolution_layer,
    kernel,
    kernel_names,
    picture_array,
    picture_crop,
    pooling,
    softmax,
)
from .decision import DecisionRecorder, best_line, decision
from .four_pixel import four_pixel, four_pixel_pair, four_pixel_table
from .lattice import (
    chequerboard,
    lattice_average,
    lattice_density,
    lattice_runs,
    lattice_walk,
)
from .neuron import neuron
from .receptive import receptive_field
from .regularisation import augmented, batch_norm_shift, dropout_masks, regularisation
from .slopes import chain_rule, local_derivatives, nudges
from .surface import descent, loss_surface
from .sweep import sweep

__all__ = [
    "DecisionRecorder", "activations", "augmented", "batch_norm_shift", "best_line", "chain_rule",
    "chequerboard", "convolution", "convolution_layer", "decision", "descent", "dropout_masks",
    "four_pixel", "four_pixel_pair", "four_pixel_table", "kernel", "kernel_names",
    "lattice_average", "lattice_density", "lattice_runs", "lattice_walk", "local_derivatives",
    "loss_surface", "neuron", "nudges", "picture_array", "picture_crop", "pooling",
    "receptive_field", "regularisation", "softmax", "sweep",
]  # fmt: skip
