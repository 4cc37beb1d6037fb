"""The lattice network explained: walks, runs, neighbours, averages and densities, each computed."""

from .average import lattice_average
from .chequerboard import chequerboard
from .density import lattice_density
from .runs import lattice_runs
from .walk import lattice_walk

__all__ = [
    "chequerboard",
    "lattice_average",
    "lattice_density",
    "lattice_runs",
    "lattice_walk",
]
