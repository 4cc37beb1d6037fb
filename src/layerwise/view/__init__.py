"""Views: each turns a trace into a scene, and says in it exactly what is seen."""

from __future__ import annotations

from .lattice import lattice
from .network import network
from .palette import class_colors
from .style import Theme, theme

__all__ = ["Theme", "class_colors", "lattice", "network", "theme"]
