"""How good class probabilities are: accuracy, log-loss, calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..types import FloatArray, IntArray

BINS: Final = 15


@dataclass(frozen=True)
class Quality:
    """Accuracy and calibration error are shares 0 to 1; log-loss is in nats a point."""

    accuracy: float
    log_loss: float
    calibration_error: float


def quality(probabilities: FloatArray, labels: IntArray) -> Quality:
    """Judge probabilities (sample, class) by true labels (sample,), numbers into the classes.

    Log-loss clips at the smallest double step from 1, as scikit-learn's does. Calibration error:
    the mean gap between confidence and accuracy over 15 equal bins of the likeliest class's
    probability, weighted by how many points fall in (ECE; Naeini, Cooper & Hauskrecht 2015).
    """
    likely = probabilities[np.arange(len(labels)), labels]
    clipped = np.clip(likely, np.finfo(float).eps, 1)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return Quality(
        accuracy=float(right.mean()),
        log_loss=float(0 - np.log(clipped).mean()),  # 0 and not −0 where all are certain
        calibration_error=float(np.abs(gaps).sum() / len(labels)),
    )
