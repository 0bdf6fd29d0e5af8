"""Interval, p-value and power of a difference between two arms.

A difference varies with the seeds of the trainings and with the patients in the test set. Both variances are estimated
and added; without the second, differences would be reported as real that other patients would not show.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

CONFIDENCE = 0.95
POWER = 0.8
MOST_SEEDS = 1000
"""Studies with more seeds than this are not recommended."""

_LEAST_LOG_P = -15.0
"""Base 10. Smaller p-values are reported as 0: soon below, 1 - p is 1 in floating point."""


@dataclass(frozen=True)
class Spread:
    """How a mean paired difference varies.

    `of_seed` is the variance of the difference over single seeds, `of_patients` that of its mean over bootstrap samples
    of test patients, of which there are `num_patients`.
    """

    of_seed: float
    of_patients: float
    num_patients: int

    def reach(self, n: int, quantile: float) -> float:
        """Student's quantiles times both standard errors of the mean over n seeds, added in quadrature."""
        return self._in_quadrature(n, special.stdtrit(self._degrees(n), quantile))

    def p_value(self, size: float, n: int) -> float:
        """Two-sided p of a mean difference of this size: the interval of confidence 1 - p ends at zero."""

        def overlap(logarithm: float) -> float:
            return self.reach(n, 1 - 10**logarithm / 2) - size

        if overlap(_LEAST_LOG_P) <= 0:
            return 0.0
        return float(10 ** optimize.brentq(overlap, _LEAST_LOG_P, 0.0))

    def detectable(self, n: int, significance: float) -> float:
        """The true difference that n seeds detect with a power of `POWER`: the noncentral t that exceeds Student's
        two-sided quantile so often, for both standard errors, added in quadrature."""
        degrees = self._degrees(n)
        return self._in_quadrature(
            n, special.nctdtrinc(degrees, 1 - POWER, special.stdtrit(degrees, 1 - significance / 2))
        )

    def seeds_needed(self, effect: float, significance: float) -> int | None:
        """The least number of seeds, from 2 up, that detects `effect` with that power; None above `MOST_SEEDS`."""
        enough, too_few = MOST_SEEDS, 1
        if self.detectable(enough, significance) > effect:
            return None
        while enough - too_few > 1:
            middle = (enough + too_few) // 2
            if self.detectable(middle, significance) <= effect:
                enough = middle
            else:
                too_few = middle
        return enough

    def _degrees(self, n: int) -> np.ndarray:
        return np.array([n - 1, max(self.num_patients - 1, 1)], dtype=np.float64)

    def _in_quadrature(self, n: int, factors: np.ndarray) -> float:
        return math.hypot(factors[0] * math.sqrt(self.of_seed / n), factors[1] * math.sqrt(self.of_patients))


@dataclass(frozen=True)
class Difference:
    """A mean paired difference over `n` seeds.

    `sd` is the standard deviation over seeds, `test_se` the standard error from the choice of test patients, `low` and
    `high` the interval from both and `p_value` the two-sided p of the same statistic. All are None below two seeds, and
    the last three where something differs although nothing varies. `spread` is None where nothing varies.
    """

    mean: float
    n: int
    sd: float | None = None
    test_se: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    spread: Spread | None = None

    def smallest_detectable(self, significance: float) -> float | None:
        """The true difference that this comparison detects with a power of 80 %; None where nothing varies.

        Args:
            significance: of this comparison; of m comparisons, 1/m of that of all of them, which is Holm's first step.
        """
        return None if self.spread is None else self.spread.detectable(self.n, significance)

    def seeds_needed(self, significance: float) -> int | None:
        """The total number of seeds that detects a difference as large as `mean` with that power; None where no number
        up to 1000 does, because the test patients stay the same."""
        return None if self.spread is None else self.spread.seeds_needed(abs(self.mean), significance)


def paired_difference(
    values: Sequence[float],
    baseline: Sequence[float],
    resampled_means: np.ndarray,
    num_patients: int,
    confidence: float = CONFIDENCE,
) -> Difference:
    """The mean of `values - baseline`, paired by seed, with an interval for other seeds and other patients.

    The variance of the mean is s²/n over the n seeds plus the variance of the mean difference over bootstrap samples of
    the test patients. Each has its own degrees of freedom, and the interval's half-width is √(t₁² variance₁ + t₂²
    variance₂) with Student's t of each: for normal means its coverage is at least nominal (Banerjee 1960), which the
    degrees of freedom of Welch and Satterthwaite do not reach with three seeds. Variation that seeds and patients share
    is counted in both terms, so the interval is conservative. The p-value is 1 minus the confidence at which the
    interval ends at zero.

    Args:
        values, baseline: the same length n ≥ 1, in the same order of seeds.
        resampled_means: (B,) the mean difference in each of B bootstrap samples of test patients; NaN is ignored.
        num_patients: number of different patients that the metric rests on (`fewest_patients`).
    """
    differences = np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    n, mean = len(differences), float(differences.mean())
    if n < 2:
        return Difference(mean, n)
    spread = Spread(float(differences.var(ddof=1)), float(np.nanvar(resampled_means, ddof=1)), num_patients)
    sd, test_se = math.sqrt(spread.of_seed), math.sqrt(spread.of_patients)
    if sd == test_se == 0:
        # As when both arms predict the same class for every image, or all test images of a class are of one patient.
        return Difference(mean, n, sd, test_se, 0.0, 0.0, 1.0) if mean == 0 else Difference(mean, n, sd, test_se)
    reach = spread.reach(n, (1 + confidence) / 2)
    return Difference(mean, n, sd, test_se, mean - reach, mean + reach, spread.p_value(abs(mean), n), spread)


def fewest_patients(labels: np.ndarray, patients: Sequence[str], num_classes: int) -> tuple[int, int]:
    """The class with the fewest different patients, and their number.

    Recall of a class, and with it balanced accuracy, varies with the patients of that class: however many others there
    are, they say nothing of how it would be with other patients.

    Args:
        labels: (N,) integers from 0 to `num_classes` - 1.
        patients: (N,)
    """
    names = np.asarray(patients, dtype=object).astype(str)
    numbers = [len(set(names[labels == label])) for label in range(num_classes)]
    label = int(np.argmin(numbers))
    return label, numbers[label]


def draw_patients(patients: Sequence[str], draws: int, random: np.random.Generator) -> np.ndarray:
    """How often each test image counts in bootstrap samples of patients, with replacement.

    All images of a patient are sampled together, because they are not independent.

    Returns:
        (draws, N) float64.
    """
    _, patient_of_image = np.unique(np.asarray(patients, dtype=object).astype(str), return_inverse=True)
    count = int(patient_of_image.max()) + 1
    times = random.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, patient_of_image].astype(np.float64)
