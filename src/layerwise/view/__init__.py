"""Views: each turns a trace into a scene, and says in it exactly what is seen."""

from __future__ import annotations

from .comparison import side_by_side
from .confusion import confusion
from .depth import depth
from .lattice import lattice
from .learning import learning_curves
from .network import network
from .network_diagram import diagram
from .palette import class_colors
from .style import Theme, theme
from .weights import weights

__all__ = [
    "Theme", "class_colors", "confusion", "depth", "diagram", "lattice", "learning_curves",
    "network", "side_by_side", "theme", "weights",
]  # fmt: skip
