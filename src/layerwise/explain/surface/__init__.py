"""The landscape of a network's error, and walks down it."""

from __future__ import annotations

from .descent import descent
from .loss_surface import loss_surface

__all__ = ["descent", "loss_surface"]
