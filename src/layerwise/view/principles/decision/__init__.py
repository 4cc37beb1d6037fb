"""What a classifier answers over a plane, and the maps of its neurons."""

from __future__ import annotations

from .film import decision

__all__ = ["decision"]
