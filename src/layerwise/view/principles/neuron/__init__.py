"""One neuron, and the curves that turn its sum into an answer."""

from __future__ import annotations

from .activations import activations
from .film import neuron

__all__ = ["activations", "neuron"]
