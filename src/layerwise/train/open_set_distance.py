"""How far a row of numbers lies from the nearest class, in the classes' own spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class ClassDistances:
    """Normal classes with one covariance: `means` (class, feature), `precision` its inverse.

    Source: Mahalanobis, 1936; the covariance is shrunk as by Ledoit and Wolf, 2004, so that it can
    be inverted however few samples there are.
    """

    means: FloatArray
    precision: FloatArray

    @classmethod
    def of(cls, rows: FloatArray, labels: IntArray) -> ClassDistances:
        """Learned from (sample, feature) and the class of each."""
        from sklearn.covariance import ledoit_wolf

        present, places = np.unique(labels, return_inverse=True)
        means = np.stack([rows[labels == label].mean(axis=0) for label in present])
        covariance, _ = ledoit_wolf(rows - means[places], assume_centered=True)
        scale = max(float(np.trace(covariance)) / len(covariance), 1e-12)
        return cls(means, np.linalg.inv(covariance + 1e-9 * scale * np.eye(len(covariance))))

    def half_squares(self, rows: FloatArray) -> FloatArray:
        """Half the squared distance to the nearest class, (sample,): a normal's −log density."""
        nearest = np.full(len(rows), np.inf)
        for mean in self.means:
            away = rows - mean
            nearest = np.minimum(nearest, np.einsum("ij,jk,ik->i", away, self.precision, away))
        half: FloatArray = nearest / 2
        return half
