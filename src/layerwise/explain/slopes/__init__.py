"""How a network's error changes with each weight: by nudging, by backpropagation, path by path."""

from __future__ import annotations

from .chain_rule import chain_rule
from .local_derivatives import local_derivatives
from .nudges import nudges

__all__ = ["chain_rule", "local_derivatives", "nudges"]
