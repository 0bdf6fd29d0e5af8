"""The area under the ROC curve with a confidence interval that is right at its ends."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class AreaUnderCurve:
    """An AUC with its 95 % interval."""

    value: float
    low: float
    high: float


def area_under_curve(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The chance that a positive's score (N₁,) exceeds a negative's (N₂,), ties counting half."""
    ranks = stats.rankdata(np.concatenate([positives, negatives]))
    wins = ranks[: len(positives)].sum() - len(positives) * (len(positives) + 1) / 2
    return float(wins / (len(positives) * len(negatives)))


def area_interval(value: float, num_positives: int, num_negatives: int) -> tuple[float, float]:
    """95 % score interval with the variance of Hanley & McNeil (method 5 of Newcombe 2006).

    Unlike `value ± 2 standard errors` it stays inside [0, 1] and has a width at 0 and 1.
    """
    reach = stats.norm.ppf((1 + _CONFIDENCE) / 2)

    def excess(area: float) -> float:
        return abs(value - area) - reach * _standard_error(area, num_positives, num_negatives)

    inside = min(max(value, 1e-9), 1 - 1e-9)
    low = 0.0 if value <= 0 else optimize.brentq(excess, 0, inside)
    high = 1.0 if value >= 1 else optimize.brentq(excess, inside, 1)
    return float(low), float(high)


def _standard_error(area: float, num_positives: int, num_negatives: int) -> float:
    mean_number = (num_positives + num_negatives) / 2 - 1
    spread = 1 + mean_number * (1 - area) / (2 - area) + mean_number * area / (1 + area)
    return float(np.sqrt(area * (1 - area) * spread / (num_positives * num_negatives)))
