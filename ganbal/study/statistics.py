"""How sure a difference between two arms is: pure numbers in, numbers out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean paired difference with its spread and interval; `low` and `high` are None below two pairs."""

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def verdict(self) -> str:
        """`helps` or `hurts` where the interval leaves zero out, for measures of which more is better."""
        if self.low is None or self.high is None:
            return "too few seeds"
        if self.low > 0:
            return "helps"
        if self.high < 0:
            return "hurts"
        return "no difference found"


def paired_difference(values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE) -> Difference:
    """Student's interval for the mean of `values - baseline`, paired by seed.

    It covers what changes from seed to seed (initial weights, batch order), on these test images with these synthetic
    images; it does not cover other test patients or another generator.

    Args:
        values, baseline: the same length n ≥ 1, in the same order of seeds.
    """
    differences = np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    n, mean = len(differences), float(differences.mean())
    if n < 2:
        return Difference(mean, None, None, None, n)
    sd = float(differences.std(ddof=1))
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    return Difference(mean, sd, mean - reach, mean + reach, n)


def smallest_detectable(sd: float, n: int, confidence: float = CONFIDENCE, power: float = 0.8) -> float:
    """The true mean difference that n pairs with this spread would show with probability `power`.

    The usual normal-theory sum of two t quantiles; a little optimistic below five pairs.
    """
    quantiles = stats.t.ppf((1 + confidence) / 2, n - 1) + stats.t.ppf(power, n - 1)
    return float(quantiles) * sd / math.sqrt(n)
