"""Two axes out of many columns, and how much of the data they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from ..errors import InputError, unknown_name
from ..types import FloatArray, IntArray

Method: TypeAlias = Literal["lda", "pca"]
METHODS: Final = ("lda", "pca")
FARTHEST: Final = 1e150  # from the centre: sums of products of such numbers are still finite
RIDGE: Final = 1e-3  # added to the within-class variance, which is about 1 after scaling


@dataclass(frozen=True)
class Projection:
    """A straight projection: (points − center) @ matrix.

    `center` (feature,), `matrix` (feature, 2); `kept`: the share, 0 to 1, of what the method
    measures that the two axes keep; `note`: the same as a sentence for a picture.
    """

    center: FloatArray
    matrix: FloatArray
    kept: float
    note: str
    names: tuple[str, str]

    def apply(self, points: FloatArray) -> FloatArray:
        """Points (sample, feature) as (sample, 2), finite for all finite points."""
        with np.errstate(over="ignore"):
            away = np.clip(points - self.center, -FARTHEST, FARTHEST)
        return np.asarray(away @ self.matrix)


def plain(columns: tuple[str, ...]) -> Projection:
    """Two columns as they are."""
    return Projection(np.zeros(2), np.eye(2), 1.0, "", (columns[0], columns[1]))


def fit_projection(
    points: FloatArray,
    labels: IntArray,
    weights: FloatArray,
    columns: tuple[str, ...],
    method: Method | None,
) -> Projection:
    """Choose two axes for points (sample, feature) with labels (sample,); two columns stay.

    "pca": the two directions of most variance, columns scaled to unit variance first. "lda": the
    two directions that part the class means most, in units of the variance within classes
    (Fisher 1936); for two classes, which one direction parts, the second is the direction of most
    variance at right angles to it. Raises `InputError` if `method` is None for more than 2 columns.
    """
    if method is not None and method not in METHODS:
        raise unknown_name("projection", str(method), METHODS)
    if points.shape[1] == 2:
        return plain(columns)
    if method is None:
        raise InputError(
            "A lattice of rows and columns needs two columns",
            received=f"{points.shape[1]}",
            allowed='Projections are "lda" and "pca"',
            do="Choose two columns, or a projection",
        )
    center = np.average(points, axis=0, weights=weights)
    spread = np.sqrt(np.average((points - center) ** 2, axis=0, weights=weights))
    varies = spread > np.maximum(1e-12 * np.abs(center), 1 / FARTHEST)  # beyond rounding
    scale = np.where(varies, 1 / np.where(varies, spread, 1), 0)
    scaled = (points - center) * scale
    if method == "pca":
        axes, kept = _most_variance(scaled, weights)
        note = f"two principal components keep {100 * kept:.1f} % of the variance"
        names = ("component 1", "component 2")
    else:
        axes, kept = _part_classes(scaled, labels, weights)
        note = f"two discriminants keep {100 * kept:.1f} % of the variance between classes"
        names = ("discriminant 1", "discriminant 2")
    # The sign of an eigenvector is arbitrary: make its largest entry positive.
    largest = np.argmax(np.abs(np.round(axes, 9)), axis=0)
    axes = axes * np.where(axes[largest, [0, 1]] < 0, -1.0, 1.0)
    return Projection(center, axes * scale[:, None], kept, note, names)


def _most_variance(scaled: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    covariance = (scaled * weights[:, None]).T @ scaled / weights.sum()
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values[::-1], 0)
    return vectors[:, ::-1][:, :2], float(values[:2].sum() / max(values.sum(), 1e-300))


def _part_classes(
    scaled: FloatArray, labels: IntArray, weights: FloatArray
) -> tuple[FloatArray, float]:
    present = np.unique(labels[weights > 0])
    masses = np.array([weights[labels == label].sum() for label in present])
    means = np.stack(
        [
            np.average(scaled[labels == label], axis=0, weights=weights[labels == label])
            for label in present
        ]
    )
    rest = scaled.copy()
    for label, mean in zip(present, means, strict=True):
        rest[labels == label] -= mean
    within = (rest * weights[:, None]).T @ rest / weights.sum()
    within += RIDGE * np.eye(len(within))
    between = (means * masses[:, None]).T @ means / masses.sum()
    root = np.linalg.cholesky(within)
    inner = np.linalg.solve(root, np.linalg.solve(root, between).T)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    values = np.maximum(values[::-1], 0)
    vectors = vectors[:, ::-1]
    if len(present) == 2:
        # Whitened, the data has one parting direction; the second is chosen at right angles to it.
        first = vectors[:, :1]
        white = np.linalg.solve(root, scaled.T).T
        side = white - white @ first @ first.T
        second, _ = _most_variance(side, weights)
        vectors = np.concatenate([first, second[:, :1]], axis=1)
        kept = 1.0
    else:
        kept = float(values[:2].sum() / max(values.sum(), 1e-300))
    axes = np.linalg.solve(root.T, vectors[:, :2])
    return np.asarray(axes / np.linalg.norm(axes, axis=0)), kept
