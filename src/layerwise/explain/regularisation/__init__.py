"""Remedies against learning by heart, recorded at work."""

from __future__ import annotations

from .augment import augmented
from .dropout import dropout_masks
from .norm import batch_norm_shift
from .runs import regularisation

__all__ = ["augmented", "batch_norm_shift", "dropout_masks", "regularisation"]
