"""Layerwise records any deep network while it runs or learns, and draws its real numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data, view
    from .errors import LayerwiseError
    from .lattice.classifier import LatticeClassifier
    from .lattice.model_file import load_model as load
    from .lattice.study import Study, study
    from .scene import Scene
    from .trace import Moment, Site, Trace

__version__ = "0.1.0"

__all__ = [
    "LatticeClassifier",
    "LayerwiseError",
    "Moment",
    "Scene",
    "Site",
    "Study",
    "Trace",
    "data",
    "load",
    "study",
    "view",
]

# Public name → where it lives. Nothing heavy is imported until it is used.
_HOMES = {
    "LatticeClassifier": "lattice.classifier:LatticeClassifier",
    "LayerwiseError": "errors:LayerwiseError",
    "Moment": "trace:Moment",
    "Scene": "scene:Scene",
    "Site": "trace:Site",
    "Study": "lattice.study:Study",
    "Trace": "trace:Trace",
    "data": "data",
    "load": "lattice.model_file:load_model",
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
