"""A model's answers for a table: one row of class and probabilities for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import load
from ..errors import InputError, unknown_name
from .classifier import LatticeClassifier
from .clusters.clusterer import LatticeClusterer
from .ensemble.classifier import LatticeEnsembleClassifier

if TYPE_CHECKING:
    import pandas as pd

    from ..data import Dataset


def predict_table(
    model: LatticeClassifier | LatticeEnsembleClassifier, table: Any, missing: str = "refuse"
) -> tuple[pd.DataFrame, int, tuple[str, ...]]:
    """Answers, how many rows lie outside the grid, and notes on what was left out.

    `table` is anything that `layerwise.data.load` takes, with the columns that the model was
    trained on, in any order and among others. The answer has the columns "row" (counted from 1),
    "class", "outside" (beyond the grid) and "p(NAME)" for each class. With `missing="drop"` rows
    with missing cells get no answer; an ensemble that was fitted to such rows answers for them.
    Raises `UnknownNameError` for a missing column.
    """
    import pandas as pd

    data, points = _points(model, table, missing)
    probabilities = model.predict_proba(points)
    outside = np.zeros(len(data), bool)  # an ensemble has no edges: its axes end at ranks
    if isinstance(model, LatticeClassifier):
        outside = model.outside(points)
    answers = pd.DataFrame({"row": np.arange(1, len(data) + 1)})
    answers["class"] = model.predict(points)
    answers["outside"] = np.where(outside, "yes", "no")
    for number, name in enumerate(model.classes_):
        answers[f"p({name})"] = np.round(probabilities[:, number], 6)
    return answers, int(outside.sum()), data.notes


def cluster_table(
    model: LatticeClusterer, table: Any, missing: str = "refuse"
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The cluster of each row, and notes on what was left out; `table` as in `predict_table`.

    The answer has the columns "row" (counted from 1) and "cluster" (−1 for noise, and beyond the
    grid). Raises `UnknownNameError` for a missing column.
    """
    import pandas as pd

    data, points = _points(model, table, missing)
    rows = np.arange(1, len(data) + 1)
    return pd.DataFrame({"row": rows, "cluster": model.predict(points)}), data.notes


def _points(
    model: LatticeClassifier | LatticeEnsembleClassifier | LatticeClusterer,
    table: Any,
    missing: str,
) -> tuple[Dataset, Any]:
    """The table, and its rows with the columns that the model was fitted to."""
    import pandas as pd

    names = [str(name) for name in getattr(model, "feature_names_in_", [])]
    if missing == "refuse" and getattr(model, "missing", "refuse") == "ignore":
        missing = "keep"
    data = load(table, missing=missing)  # type: ignore[arg-type]
    if names:
        for name in names:
            if name not in data.columns:
                raise unknown_name(
                    "column", name, data.columns, where=data.card.name,
                    do=f"The model was trained on {', '.join(names)}",
                )  # fmt: skip
        data = data.select(names)
    elif len(data.columns) != model.n_features_in_:
        raise InputError(
            "The table has another number of columns than the model was trained on",
            received=f"{len(data.columns)} columns of numbers",
            allowed=f"{model.n_features_in_}",
        )
    return data, pd.DataFrame(data.features, columns=names) if names else data.features
