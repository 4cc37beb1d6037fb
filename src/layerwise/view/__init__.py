"""Views: each turns a trace into a scene, and says in it exactly what is seen."""

from __future__ import annotations

from .charts.comparison import side_by_side
from .charts.confusion import confusion
from .charts.depth import depth
from .charts.learning import learning_curves
from .charts.weights import weights
from .diagram.drawing import diagram
from .lattice.film import lattice
from .lattice.pairs import lattice_pairs
from .network.film import network
from .palette import class_colors
from .style import Theme, theme

__all__ = [
    "Theme", "class_colors", "confusion", "depth", "diagram", "lattice", "lattice_pairs",
    "learning_curves", "network", "side_by_side", "theme", "weights",
]  # fmt: skip
