"""Two axes, or three, out of many columns, and how much of the data they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from ..errors import InputError, unknown_name
from ..types import FloatArray, IntArray

Method: TypeAlias = Literal["lda", "pca"]
METHODS: Final = ("lda", "pca")
WORDS: Final = ("no", "one", "two", "three")
FARTHEST: Final = 1e150  # from the centre: sums of products of such numbers are still finite
RIDGE: Final = 1e-3  # added to the within-class variance, which is about 1 after scaling


@dataclass(frozen=True)
class Projection:
    """A straight projection: (points − center) @ matrix.

    `center` (feature,), `matrix` (feature, axis); `kept`: the share, 0 to 1, of what the method
    measures that the axes keep; `note`: the same as a sentence for a picture.
    """

    center: FloatArray
    matrix: FloatArray
    kept: float
    note: str
    names: tuple[str, ...]

    def apply(self, points: FloatArray) -> FloatArray:
        """Points (sample, feature) as (sample, axis), finite for all finite points."""
        with np.errstate(over="ignore"):
            away = np.clip(points - self.center, -FARTHEST, FARTHEST)
        return np.asarray(away @ self.matrix)


def plain(columns: tuple[str, ...]) -> Projection:
    """One to three columns as they are; one has nothing along the second axis."""
    if len(columns) == 1:
        return Projection(np.zeros(1), np.array([[1.0, 0.0]]), 1.0, "", (columns[0], ""))
    return Projection(np.zeros(len(columns)), np.eye(len(columns)), 1.0, "", columns)


def fit_projection(
    points: FloatArray,
    labels: IntArray,
    weights: FloatArray,
    columns: tuple[str, ...],
    method: Method | None,
    axes: int = 2,
) -> Projection:
    """Choose two or three axes for points (sample, feature) with labels (sample,).

    As many columns as axes, or fewer, stay as they are. "pca": the directions of most variance,
    columns scaled to unit variance first. "lda": the directions that part the class means most, in
    units of the variance within classes (Fisher 1936); where there are too few classes for as many
    of them, the others are the directions of most variance at right angles to them. Raises
    `InputError` if `method` is None for more columns than axes.
    """
    if method is not None and method not in METHODS:
        raise unknown_name("projection", str(method), METHODS)
    if points.shape[1] <= axes:
        return plain(columns)
    if method is None:
        kind, needed = ("rows and columns", "two") if axes == 2 else ("slices too", "three")
        raise InputError(
            f"A lattice of {kind} needs {needed} columns",
            received=f"{points.shape[1]}",
            allowed='Projections are "lda" and "pca"',
            do=f"Choose {needed} columns, or a projection",
        )
    center = np.average(points, axis=0, weights=weights)
    spread = np.sqrt(np.average((points - center) ** 2, axis=0, weights=weights))
    varies = spread > np.maximum(1e-12 * np.abs(center), 1 / FARTHEST)  # beyond rounding
    scale = np.where(varies, 1 / np.where(varies, spread, 1), 0)
    scaled = (points - center) * scale
    if method == "pca":
        matrix, kept = principal_axes(scaled, weights, axes)
        note = f"{WORDS[axes]} principal components keep {100 * kept:.1f} % of the variance"
        names = _numbered("component", axes)
    else:
        matrix, kept, parting = _part_classes(scaled, labels, weights, axes)
        keep = "one discriminant keeps" if parting == 1 else f"{WORDS[parting]} discriminants keep"
        note = f"{keep} {100 * kept:.1f} % of the variance between classes"
        names = _numbered("discriminant", parting)
        if parting < axes:
            rest = _numbered("component", axes - parting)
            names += rest
            note += f"; {' and '.join(rest)}: most of the rest"
    return Projection(center, upright(matrix) * scale[:, None], kept, note, names)


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name} {number}" for number in range(1, count + 1))


def upright(axes: FloatArray) -> FloatArray:
    """Directions (feature, axis) with their largest entry positive: an eigenvector has no sign."""
    if not axes.size:
        return axes
    largest = np.argmax(np.abs(np.round(axes, 9)), axis=0)
    return np.asarray(axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1.0, 1.0))


def principal_axes(scaled: FloatArray, weights: FloatArray, count: int) -> tuple[FloatArray, float]:
    """The directions (feature, axis) of most variance, at most `count`, and the share they keep."""
    covariance = (scaled * weights[:, None]).T @ scaled / weights.sum()
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values[::-1], 0)
    kept = float(values[:count].sum() / max(values.sum(), 1e-300))
    return vectors[:, ::-1][:, :count], kept


def discriminants(
    scaled: FloatArray, labels: IntArray, weights: FloatArray, count: int
) -> tuple[FloatArray, float]:
    """The directions (feature, axis) that part the class means most, and the share they keep.

    At most `count`, and one fewer than there are classes.
    """
    found = _Whitened.of(scaled, labels, weights)
    count = min(count, found.classes - 1)
    return found.back(found.vectors[:, :count]), found.kept(count)


def _part_classes(
    scaled: FloatArray, labels: IntArray, weights: FloatArray, axes: int
) -> tuple[FloatArray, float, int]:
    """The axes, the share of the variance between classes that they keep, how many part them."""
    found = _Whitened.of(scaled, labels, weights)
    parting = found.classes - 1
    if parting >= axes:
        return found.back(found.vectors[:, :axes]), found.kept(axes), axes
    # Whitened, so few directions part the classes; the others are chosen at right angles to them.
    first = found.vectors[:, :parting]
    white = np.linalg.solve(found.root, scaled.T).T
    others, _ = principal_axes(white - white @ first @ first.T, weights, axes - parting)
    return found.back(np.concatenate([first, others], axis=1)), 1.0, parting


@dataclass(frozen=True)
class _Whitened:
    """The class means where the variance within classes is 1 in every direction."""

    root: FloatArray
    values: FloatArray
    vectors: FloatArray
    classes: int

    @classmethod
    def of(cls, scaled: FloatArray, labels: IntArray, weights: FloatArray) -> _Whitened:
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
        return cls(root, np.maximum(values[::-1], 0), vectors[:, ::-1], len(present))

    def kept(self, count: int) -> float:
        return float(self.values[:count].sum() / max(self.values.sum(), 1e-300))

    def back(self, vectors: FloatArray) -> FloatArray:
        axes = np.linalg.solve(self.root.T, vectors)
        return np.asarray(axes / np.linalg.norm(axes, axis=0))
