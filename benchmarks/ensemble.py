"""The ensemble of lattices beside gradient boosting: log-loss, accuracy, time to fit and predict.

    python benchmarks/ensemble.py

Five folds of three shuffles that played no part in choosing the defaults; both methods see each
fold one after the other, in one process, with their defaults and all processors.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from results import keep
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

import layerwise as lw

SETS = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer,
        "digits": load_digits}  # fmt: skip
SHUFFLES = (11, 12, 13)
METHODS = {
    "lattice ensemble": lw.LatticeEnsembleClassifier,
    "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "random forest": lambda: RandomForestClassifier(random_state=0, n_jobs=-1),
}


def judged(method: Any, X: Any, y: Any, train: Any, test: Any) -> tuple[float, float, float]:
    """Log-loss, accuracy and seconds of one fold."""
    start = time.perf_counter()
    given = method.fit(X[train], y[train]).predict_proba(X[test])
    seconds = time.perf_counter() - start
    return log_loss(y[test], given), float((given.argmax(axis=1) == y[test]).mean()), seconds


def main() -> None:
    figures: dict[str, Any] = {}
    for name, load in SETS.items():
        X, y = load(return_X_y=True)
        found: dict[str, list[tuple[float, float, float]]] = {method: [] for method in METHODS}
        lw.LatticeEnsembleClassifier(rounds=2).fit(X, y)  # compiled code is loaded
        for shuffle in SHUFFLES:
            for train, test in StratifiedKFold(5, shuffle=True, random_state=shuffle).split(X, y):
                for method, make in METHODS.items():
                    found[method].append(judged(make(), X, y, train, test))
        figures[name] = {}
        for method, rows in found.items():
            loss, accuracy, _ = np.mean(rows, axis=0)
            figures[name][method] = {
                "log-loss": round(float(loss), 4), "accuracy": round(float(accuracy), 4),
                "median seconds": round(float(np.median([row[2] for row in rows])), 3),
            }  # fmt: skip
        ours, theirs = (figures[name][m] for m in ("lattice ensemble", "gradient boosting"))
        figures[name]["log-loss over boosting's"] = ours["log-loss"] / theirs["log-loss"]
        figures[name]["times as fast"] = theirs["median seconds"] / ours["median seconds"]
        print(name, figures[name])
    keep("ensemble", figures, ("numpy", "numba", "scikit-learn"))


if __name__ == "__main__":
    main()
