"""McNemar's test: whether two classifiers are correct equally often on the same images (McNemar 1947)."""

from dataclasses import dataclass

import numpy as np
from scipy import special

EXACT_BELOW = 25
"""Below this number of discordant images the exact test is used; from it on, chi² with continuity correction
(Edwards 1948)."""


@dataclass(frozen=True)
class McNemar:
    """`b` images only the baseline classifies correctly, `c` only the other; statistic and two-sided p of `method`."""

    b: int
    c: int
    statistic: float
    p_value: float
    method: str


def mcnemar(correct: np.ndarray, baseline_correct: np.ndarray) -> McNemar:
    """Compare two classifiers on the images that exactly one of them classifies correctly.

    Args:
        correct, baseline_correct: (N,) bool, whether each image is classified correctly.
    """
    b = int((baseline_correct & ~correct).sum())
    c = int((correct & ~baseline_correct).sum())
    discordant = b + c
    if discordant < EXACT_BELOW:
        p_value = min(1.0, 2 * float(special.bdtr(min(b, c), discordant, 0.5)))
        return McNemar(b, c, float(min(b, c)), p_value, "exact binomial")
    # The correction must not turn a difference of zero into one.
    statistic = max(abs(b - c) - 1, 0) ** 2 / discordant
    return McNemar(b, c, statistic, float(special.chdtrc(1, statistic)), "chi-squared with continuity correction")
