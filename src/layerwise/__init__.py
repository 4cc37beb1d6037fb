"""Layerwise records any deep network while it runs or learns, and draws its real numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data, explain, models, view
    from .errors import LayerwiseError
    from .lattice.big import ChunkedGrid, GridFile, Overview
    from .lattice.classifier import LatticeClassifier
    from .lattice.clusters.clusterer import LatticeClusterer
    from .lattice.ensemble.classifier import LatticeEnsembleClassifier
    from .lattice.study import Study, study
    from .record import Keep, record, recording
    from .saved import load
    from .scene import Scene
    from .trace import Moment, Site, Trace
    from .train import OpenSet, Run, fit

__version__ = "0.1.0"

__all__ = [
    "ChunkedGrid",
    "GridFile",
    "Keep",
    "LatticeClassifier",
    "LatticeClusterer",
    "LatticeEnsembleClassifier",
    "LayerwiseError",
    "Moment",
    "OpenSet",
    "Overview",
    "Run",
    "Scene",
    "Site",
    "Study",
    "Trace",
    "data",
    "explain",
    "fit",
    "load",
    "models",
    "record",
    "recording",
    "study",
    "view",
]

# Public name → where it lives. Nothing heavy is imported until it is used.
_HOMES = {
    "ChunkedGrid": "lattice.big.chunks:ChunkedGrid",
    "GridFile": "lattice.big.grid_file:GridFile",
    "Keep": "record.keep:Keep",
    "LatticeClassifier": "lattice.classifier:LatticeClassifier",
    "LatticeClusterer": "lattice.clusters.clusterer:LatticeClusterer",
    "LatticeEnsembleClassifier": "lattice.ensemble.classifier:LatticeEnsembleClassifier",
    "LayerwiseError": "errors:LayerwiseError",
    "Moment": "trace:Moment",
    "OpenSet": "train.open_set:OpenSet",
    "Overview": "lattice.big.overview:Overview",
    "Run": "train.run:Run",
    "Scene": "scene:Scene",
    "Site": "trace:Site",
    "Study": "lattice.study:Study",
    "Trace": "trace:Trace",
    "data": "data",
    "explain": "explain",
    "fit": "train.fit:fit",
    "load": "saved:load",
    "models": "models",
    "record": "record",  # a room that can be called as its function
    "recording": "record.recording:recording",
    "study": "lattice.study:study",
    "view": "view",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'layerwise' has no attribute {name!r}")
    module, _, member = home.partition(":")
    found = import_module(f".{module}", __name__)
    value = getattr(found, member) if member else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
