"""Remedies against learning by heart, seen at work."""

from __future__ import annotations

from .augment import augmented
from .curves import regularisation
from .dropout import dropout_masks
from .norm import batch_norm_shift
from .weights import regularisation_weights

__all__ = [
    "augmented", "batch_norm_shift", "dropout_masks", "regularisation",
    "regularisation_weights",
]  # fmt: skip
