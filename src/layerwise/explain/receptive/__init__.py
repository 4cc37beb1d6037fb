"""What of its input a unit of a network can see, and what it looks at."""

from __future__ import annotations

from .field import receptive_field

__all__ = ["receptive_field"]
