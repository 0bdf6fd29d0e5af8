"""The classifier two-sample test (Lopez-Paz & Oquab 2017): can a small classifier separate synthetic from real images?

An AUC of 0.5 means that it cannot. An AUC near 1 means that a classifier trained on both can learn the shortcut
"synthetic, hence this class" instead of anatomy.

Limitation: the real images are those that the generator was trained on, also in the folds to test on. The copy of a
real image of another fold has the opposite label, so copies are classified wrongly and lower the AUC. A generator that
copies comes out near 0.5 in spite of artifacts, or below it. Only without copies does 0.5 mean "not separable".
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from ganbal.metrics.feature_score import FeatureScore, Interval
from ganbal.metrics.floor import NORMAL_QUANTILE
from ganbal.metrics.score import ScoreKind

_PENALTY = 0.1


@dataclass(frozen=True)
class AreaUnderCurve:
    """An AUC with its 95 % interval."""

    value: float
    low: float
    high: float


def two_sample_auc(
    real: np.ndarray, synthetic: np.ndarray, *, generator: np.random.Generator, folds: int = 5
) -> AreaUnderCurve:
    """Cross-validated AUC of a regularized linear discriminant on (N₁, dims) and (N₂, dims) features.

    The mean over the folds. Its interval is that of one test on all images, widened for the folds: their classifiers
    share most training images, so the mean varies more (Nadeau & Bengio 2003).

    Args:
        real: features that show artifacts, such as those of the `untrained` extractor at the classifiers' input size.
        synthetic: the same features of synthetic images.
        generator: selects equally many images per side, and the folds.
        folds: at least 2; each side needs at least as many images.
    """
    from sklearn.metrics import roc_auc_score  # not above: it takes a second

    number = min(len(real), len(synthetic))
    assert number >= folds >= 2, f"{number} images per side for {folds} folds"
    features = np.concatenate(
        [side[np.sort(generator.permutation(len(side))[:number])] for side in (real, synthetic)]
    ).astype(np.float64)
    is_synthetic = np.repeat([False, True], number)
    fold_of = np.concatenate([generator.permutation(number) % folds for _ in range(2)])
    areas = []
    for fold in range(folds):
        test = fold_of == fold
        scores = _discriminate(features[~test], is_synthetic[~test], features[test])
        areas.append(roc_auc_score(is_synthetic[test], scores))
    value = float(np.mean(areas))
    return AreaUnderCurve(value, *area_interval(value, number, number, fold_factor(folds)))


def fold_factor(folds: int) -> float:
    """√(1 + folds / (folds - 1)), 1.5 for five: by how much the standard error of a mean over `folds` folds exceeds
    that of independent tests (Nadeau & Bengio 2003, "Inference for the Generalization Error")."""
    return math.sqrt(1 + folds / (folds - 1))


def area_interval(
    value: float, num_positives: int, num_negatives: int, error_factor: float = 1.0
) -> tuple[float, float]:
    """95 % score interval with the variance of Hanley & McNeil (method 5 of Newcombe 2006).

    Unlike `value ± 2 standard errors` it stays inside [0, 1] and has a positive width at 0 and 1.

    Args:
        value: the AUC.
        num_positives, num_negatives: number of images on both sides.
        error_factor: of the standard error; 1 for scores of a classifier that was trained on other images.
    """

    def excess(area: float) -> float:
        error = error_factor * _standard_error(area, num_positives, num_negatives)
        return abs(value - area) - NORMAL_QUANTILE * error

    inside = min(max(value, 1e-9), 1 - 1e-9)
    low = 0.0 if value <= 0 else optimize.brentq(excess, 0, inside)
    high = 1.0 if value >= 1 else optimize.brentq(excess, inside, 1)
    return float(low), float(high)


def _standard_error(area: float, num_positives: int, num_negatives: int) -> float:
    mean_number = (num_positives + num_negatives) / 2 - 1
    spread = 1 + mean_number * (1 - area) / (2 - area) + mean_number * area / (1 + area)
    return float(np.sqrt(area * (1 - area) * spread / (num_positives * num_negatives)))


def _discriminate(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Scores of `unseen` by ridge regression on ±1, which for two classes is Fisher's discriminant, regularized."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    scaled = (features - mean) / deviation
    system = scaled.T @ scaled + _PENALTY * len(scaled) * np.eye(scaled.shape[1])
    weights = np.linalg.solve(system, scaled.T @ np.where(labels, 1.0, -1.0))
    return (unseen - mean) / deviation @ weights


def _estimate(real: np.ndarray, synthetic: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
    result = two_sample_auc(real, synthetic, generator=generator)
    return result.value, (result.low, result.high)


TWO_SAMPLE_AUC = FeatureScore(
    ScoreKind("two_sample_auc", "Two-sample AUC", "near", best=0.5, low=0.0, high=1.0),
    lambda real, other, generator: two_sample_auc(real, other, generator=generator).value,
    estimate=_estimate,
    features="artifacts",
    note="0.5: not separable, unless images are copies, which lower it; 1: a classifier can use the difference as a "
    "shortcut",
)
