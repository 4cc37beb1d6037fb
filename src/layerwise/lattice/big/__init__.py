"""Lattices that one machine's memory does not hold: in a file, or spread over many machines."""

from .chunks import ChunkedGrid
from .grid_file import GridFile
from .overview import Overview

__all__ = ["ChunkedGrid", "GridFile", "Overview"]
