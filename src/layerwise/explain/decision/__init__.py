"""What a classifier answers over a plane of its inputs, and what each of its neurons does there."""

from __future__ import annotations

from .line import best_line
from .maps import DecisionRecorder, decision

__all__ = ["DecisionRecorder", "best_line", "decision"]
