"""How good an answer *unknown* is: thresholds with a rate of false alarms, and comparisons."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..types import FloatArray


@dataclass(frozen=True)
class FalseAlarms:
    """How often a known sample is called unknown.

    `rate` is the share of the control samples above the threshold, `samples` how many these are.
    The true rate lies between `low` and `high` with 95 % probability over the choice of control
    samples, if new known samples come from where those came from: the rate at the k-th largest of
    n scores has a Beta(k, n + 1 − k) distribution. Drawings by people who drew none of the control
    samples do not come from there; judge those by `OpenSet.compare`.
    """

    rate: float
    samples: int
    low: float
    high: float

    @classmethod
    def at(cls, scores: FloatArray, threshold: float) -> FalseAlarms:
        """The rate at a threshold that is one of the scores (or above them all)."""
        from scipy.stats import beta

        count, above = len(scores), int((scores > threshold).sum())
        low, high = (float(beta.ppf(p, above + 1, count - above)) for p in (0.025, 0.975))
        return cls(above / count, count, low, high)

    def __str__(self) -> str:
        """The rate with its range in words."""
        return (
            f"{self.rate:.1%} false alarms ({self.low:.1%} to {self.high:.1%}), "
            f"measured on {self.samples:,} control samples"
        )


@dataclass(frozen=True)
class Comparison:
    """How known samples are told from unknown ones, by the guard and by a threshold on softmax.

    `auroc`: the probability that an unknown sample scores above a known one. `caught`: the share of
    unknown samples called unknown; `false_alarms`: of known ones.
    """

    known: int
    unknown: int
    auroc: float
    auroc_softmax: float
    caught: float
    caught_softmax: float
    false_alarms: float
    false_alarms_softmax: float

    def __str__(self) -> str:
        """Both in two lines."""
        lines = [f"{self.known:,} known and {self.unknown:,} unknown samples"]
        for name, area, caught, alarms in (
            ("guard", self.auroc, self.caught, self.false_alarms),
            ("softmax", self.auroc_softmax, self.caught_softmax, self.false_alarms_softmax),
        ):
            lines.append(
                f"{name:>8}: area under ROC {area:.3f}, {caught:.1%} caught, "
                f"{alarms:.1%} false alarms"
            )
        return "\n".join(lines)


def threshold_for(scores: FloatArray, false_alarms: float) -> float:
    """The score that a new sample like these passes with at most that probability.

    With n scores it is the k-th largest, k = ⌊(n + 1) · false_alarms⌋: conformal, exact for
    exchangeable samples. Infinite where k is 0.
    """
    place = math.floor((len(scores) + 1) * false_alarms + 1e-9)
    return math.inf if place < 1 else float(np.sort(scores)[-place])


def passed(scores: FloatArray, threshold: float) -> float:
    """The share of the scores above the threshold; 0 of none."""
    return float((scores > threshold).mean()) if len(scores) else 0.0


def area_under_roc(known: FloatArray, unknown: FloatArray) -> float:
    """The probability that an unknown score lies above a known one, ties counting half."""
    from scipy.stats import rankdata

    if not len(known) or not len(unknown):
        return math.nan
    ranks = rankdata(np.concatenate([known, unknown]))
    above = ranks[len(known) :].sum() - len(unknown) * (len(unknown) + 1) / 2
    return float(above / (len(known) * len(unknown)))
