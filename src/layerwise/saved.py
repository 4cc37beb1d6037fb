"""One way to open a saved model, whatever kind it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import FileError

if TYPE_CHECKING:
    from torch import nn

    from .lattice.classifier import LatticeClassifier
    from .lattice.clusters.clusterer import LatticeClusterer
    from .lattice.ensemble.classifier import LatticeEnsembleClassifier
    from .train import Run

KEY = "layerwise"
KINDS = ("lattice classifier", "lattice ensemble", "lattice clusters", "network")


def kind_of(path: str | Path) -> str:
    """What a model file holds: one of `KINDS`. Its numbers are not read.

    Raises `FileError` for a file that is missing, broken, foreign, or of a kind not known here.
    """
    import safetensors

    path = Path(path)
    if not path.is_file():
        raise FileError(f"There is no model file {path}", do="Check the name")
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            kind = json.loads((opened.metadata() or {})[KEY])["kind"]
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise FileError(
            f"{path.name} is not a Layerwise model, or it is broken: {error}",
            do="Save the model again, or use a whole copy",
        ) from error
    if kind not in KINDS:
        raise FileError(
            f"{path.name} holds a kind of model that is not known here",
            received=repr(kind),
            allowed=f"Known: {', '.join(KINDS)}",
            do="Upgrade layerwise",
        )
    return str(kind)


def load(
    path: str | Path, model: nn.Module | None = None
) -> LatticeClassifier | LatticeEnsembleClassifier | LatticeClusterer | Run:
    """A saved model: a lattice classifier, an ensemble of them, a clusterer, or a network's run.

    All of them predict.

    `model` is a module to put a network's weights into; needed only for one of a person's own
    making. Nothing in the file is ever run. Raises `FileError` for a file that is missing, broken,
    foreign, of a later version, or of another model.
    """
    kind = kind_of(path)
    if kind == "network":
        from .train import Run

        return Run.load(path, model)
    if model is not None:
        raise FileError(
            f"{Path(path).name} holds a {kind}, which needs no model to load into",
            do="Leave model= out",
        )
    if kind == "lattice ensemble":
        from .lattice.ensemble.file import load_ensemble

        return load_ensemble(path)
    if kind == "lattice clusters":
        from .lattice.clusters.file import load_clusters

        return load_clusters(path)
    from .lattice.model_file import load_model

    return load_model(path)
