"""Pictures of the lattice's principles: filling, walks, runs, neighbours, averages, densities."""

from .average import lattice_average
from .chequerboard import chequerboard
from .density import lattice_density
from .filling import lattice_filling
from .runs import lattice_runs
from .walk import lattice_ends, lattice_walk

__all__ = [
    "chequerboard",
    "lattice_average",
    "lattice_density",
    "lattice_ends",
    "lattice_filling",
    "lattice_runs",
    "lattice_walk",
]
