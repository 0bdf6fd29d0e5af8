"""Whether two classifiers are right equally often on the same images (McNemar 1947)."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

EXACT_BELOW = 25
"""So few discordant images are counted exactly; with more, chi² with continuity correction (Edwards 1948)."""


@dataclass(frozen=True)
class McNemar:
    """`b` images only the baseline has right, `c` only the other; the statistic of `method`, and its two-sided p."""

    b: int
    c: int
    statistic: float
    p_value: float
    method: str


def mcnemar(correct: np.ndarray, baseline_correct: np.ndarray) -> McNemar:
    """Compare two classifiers on the images of which exactly one of them is right.

    Args:
        correct, baseline_correct: (N,) bool, whether each image was called right.
    """
    b = int((baseline_correct & ~correct).sum())
    c = int((correct & ~baseline_correct).sum())
    discordant = b + c
    if discordant < EXACT_BELOW:
        p_value = min(1.0, 2 * float(stats.binom.cdf(min(b, c), discordant, 0.5)))
        return McNemar(b, c, float(min(b, c)), p_value, "exact binomial")
    # The correction takes away what lies between whole numbers: it must not make a difference out of none.
    statistic = max(abs(b - c) - 1, 0) ** 2 / discordant
    return McNemar(b, c, statistic, float(stats.chi2.sf(statistic, 1)), "chi-squared with continuity correction")
