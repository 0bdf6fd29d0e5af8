"""DeLong's test for two ROC-AUCs on the same images (DeLong, DeLong & Clarke-Pearson 1988).

The placement values come from mid-ranks, in O(N log N) (Sun & Xu 2014).
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from ganbal.study.statistics.bootstrap import CONFIDENCE


@dataclass(frozen=True)
class DeLong:
    """Two correlated areas; `difference` is auc - auc_baseline, with its variance, interval and two-sided p."""

    auc: float
    auc_baseline: float
    difference: float
    variance: float
    low: float
    high: float
    p_value: float


def delong(positive: np.ndarray, scores: np.ndarray, baseline: np.ndarray, confidence: float = CONFIDENCE) -> DeLong:
    """The difference of two areas under the ROC curve, generalizing to other images of the same kind.

    Images are treated as independent, and the classifiers as fixed: variation between trainings is not included.

    Args:
        positive: (N,) bool, at least two positives and two negatives.
        scores, baseline: (N,) float, higher for positives.
    """
    of_positives, of_negatives = _placements(positive, scores)
    base_positives, base_negatives = _placements(positive, baseline)
    difference = float(of_positives.mean() - base_positives.mean())
    # The variance of the difference directly, not from three covariances: equal scores then give exactly zero.
    variance = float(
        np.var(of_positives - base_positives, ddof=1) / len(of_positives)
        + np.var(of_negatives - base_negatives, ddof=1) / len(of_negatives)
    )
    reach = float(special.ndtri((1 + confidence) / 2)) * math.sqrt(variance)
    return DeLong(
        auc=float(of_positives.mean()),
        auc_baseline=float(base_positives.mean()),
        difference=difference,
        variance=variance,
        low=difference - reach,
        high=difference + reach,
        p_value=_p_value(difference, variance),
    )


def _placements(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per positive the share of negatives below it, per negative the share of positives above it."""
    of_positives, of_negatives = scores[positive], scores[~positive]
    assert len(of_positives) > 1 and len(of_negatives) > 1 and np.isfinite(scores).all()
    ranks, ranks_above, ranks_below = (
        pd.Series(each).rank().to_numpy() for each in (scores, of_positives, of_negatives)
    )
    above = (ranks[positive] - ranks_above) / len(of_negatives)
    below = 1 - (ranks[~positive] - ranks_below) / len(of_positives)
    return above, below


def _p_value(difference: float, variance: float) -> float:
    if variance == 0:
        return 1.0 if difference == 0 else 0.0
    return float(2 * special.ndtr(-abs(difference) / math.sqrt(variance)))
