"""How sure a difference between two arms is: pure numbers in, numbers out.

Two things make a difference between two arms vary: the seed of the training and the patients who happen to be in the
test set. Both variances are estimated and added; leaving the second out would call differences real that other
patients would not show.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean paired difference over `n` seeds.

    `sd` is its spread over seeds, `test_se` its standard error from the choice of test patients, `low` and `high` the
    interval from both; they are None below two seeds. `detectable` is the true difference that would have been found
    four times in five.
    """

    mean: float
    n: int
    sd: float | None = None
    test_se: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None

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


def paired_difference(
    values: Sequence[float],
    baseline: Sequence[float],
    resampled_means: np.ndarray,
    num_patients: int,
    confidence: float = CONFIDENCE,
    power: float = 0.8,
) -> Difference:
    """The mean of `values - baseline`, paired by seed, with an interval for other seeds and other patients.

    The variance of the mean is s²/n over the n seeds plus that of the mean difference when the test patients are drawn
    anew; the interval is Student's with the Welch-Satterthwaite degrees of freedom. What seeds and patients share is
    counted in both terms, so the interval is if anything too wide.

    Args:
        values, baseline: the same length n ≥ 1, in the same order of seeds.
        resampled_means: (B,) the mean difference in each of B draws of test patients; NaN draws are left out.
        num_patients: how many different patients the test set has.
    """
    differences = np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    n, mean = len(differences), float(differences.mean())
    if n < 2:
        return Difference(mean, n)
    sd = float(differences.std(ddof=1))
    of_seeds, of_patients = sd**2 / n, float(np.nanvar(resampled_means, ddof=1))
    error = math.sqrt(of_seeds + of_patients)
    if error == 0.0:
        # Nothing varied at all, as when both arms call every image the same: no basis for what could be detected.
        return Difference(mean, n, sd, 0.0, mean, mean)
    freedom = (of_seeds + of_patients) ** 2 / (of_seeds**2 / (n - 1) + of_patients**2 / max(num_patients - 1, 1))
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom))
    detectable = (reach + float(stats.t.ppf(power, freedom))) * error
    return Difference(mean, n, sd, math.sqrt(of_patients), mean - reach * error, mean + reach * error, detectable)


def draw_patients(patients: Sequence[str], draws: int, random: np.random.Generator) -> np.ndarray:
    """How often each test image counts when as many patients as there are are drawn with replacement.

    All images of a patient are drawn together, as they are not independent.

    Returns:
        (draws, N) float64.
    """
    _, patient_of_image = np.unique(np.asarray(patients, dtype=object).astype(str), return_inverse=True)
    count = int(patient_of_image.max()) + 1
    times = random.multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, patient_of_image].astype(np.float64)
