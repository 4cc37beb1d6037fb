"""Slopes: two ways to find them, and the chain rule path by path."""

from __future__ import annotations

from .chain_rule import chain_rule
from .expression import local_derivatives
from .nudges import nudges

__all__ = ["chain_rule", "local_derivatives", "nudges"]
