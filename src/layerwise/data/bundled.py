"""The measured data sets that come inside scikit-learn: iris, wine, breast-cancer, digits."""

from __future__ import annotations

from typing import Any

from .dataset import Card, Dataset

_LICENCE = "CC BY 4.0 (UCI Machine Learning Repository)"

IRIS = Card(
    "iris",
    "Iris flowers",
    "R. A. Fisher (1936), UCI Machine Learning Repository, as in scikit-learn",
    _LICENCE,
    "Length and width of the sepals and petals of 150 flowers of three species.",
)
WINE = Card(
    "wine",
    "Italian wines",
    "S. Aeberhard and M. Forina (1991), UCI Machine Learning Repository, as in scikit-learn",
    _LICENCE,
    "Thirteen chemical measurements of 178 wines from three growers of one region.",
)
BREAST_CANCER = Card(
    "breast-cancer",
    "Breast cancer Wisconsin (diagnostic)",
    "W. Wolberg, O. Mangasarian, N. Street and W. Street (1993), "
    "UCI Machine Learning Repository, as in scikit-learn",
    _LICENCE,
    "Thirty measurements of cell nuclei in each of 569 samples, malignant or benign.",
)
DIGITS = Card(
    "digits",
    "Handwritten digits",
    "E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, test part, "
    "as in scikit-learn",
    _LICENCE,
    "1,797 digits as pictures of 8 × 8 pixels, each from 0 to 16, row by row.",
)


def iris() -> Dataset:
    """Fisher's irises: 150 samples, 4 features, 3 classes."""
    from sklearn.datasets import load_iris

    return _dataset(load_iris(), IRIS, "species")


def wine() -> Dataset:
    """Wines of three growers: 178 samples, 13 features, 3 classes."""
    from sklearn.datasets import load_wine

    return _dataset(load_wine(), WINE, "grower")


def breast_cancer() -> Dataset:
    """Cell nuclei: 569 samples, 30 features, 2 classes."""
    from sklearn.datasets import load_breast_cancer

    return _dataset(load_breast_cancer(), BREAST_CANCER, "diagnosis")


def digits() -> Dataset:
    """Pictures of digits: 1,797 samples, 64 features (pixels that never vary too), 10 classes."""
    from sklearn.datasets import load_digits

    return _dataset(load_digits(), DIGITS, "digit")


def _dataset(bunch: Any, card: Card, target: str) -> Dataset:
    return Dataset(
        features=bunch.data,
        labels=bunch.target,
        columns=tuple(map(str, bunch.feature_names)),
        classes=tuple(map(str, bunch.target_names)),
        target=target,
        card=card,
    )
