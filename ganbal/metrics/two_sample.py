"""The classifier two-sample test (Lopez-Paz & Oquab 2017): can a small classifier tell synthetic images from real ones?

An AUC of 0.5 means it cannot. Near 1 it means that a classifier trained on both can take the shortcut "synthetic, so
this class" instead of learning anatomy.
"""

import numpy as np

from ganbal.metrics.auc import AreaUnderCurve, area_interval, area_under_curve

_PENALTY = 0.1


def two_sample_auc(
    real: np.ndarray, synthetic: np.ndarray, *, generator: np.random.Generator, folds: int = 5
) -> AreaUnderCurve:
    """Cross-validated AUC of a regularised linear discriminant on (N₁, dims) and (N₂, dims) features.

    Mean over the folds, with the interval of one test on all images; a mean of folds scatters slightly less.

    Args:
        real: features that show artefacts, such as those of the `untrained` extractor at the classifiers' input size.
        synthetic: the same of synthetic images.
        generator: draws equally many of each, and the folds.
        folds: at least 2; each side needs as many images.
    """
    number = min(len(real), len(synthetic))
    assert number >= folds >= 2, f"{number} images a side for {folds} folds"
    features = np.concatenate(
        [side[np.sort(generator.permutation(len(side))[:number])] for side in (real, synthetic)]
    ).astype(np.float64)
    is_synthetic = np.repeat([False, True], number)
    fold_of = np.concatenate([generator.permutation(number) % folds for _ in range(2)])
    areas = []
    for fold in range(folds):
        test = fold_of == fold
        scores = _discriminate(features[~test], is_synthetic[~test], features[test])
        areas.append(area_under_curve(scores[is_synthetic[test]], scores[~is_synthetic[test]]))
    value = float(np.mean(areas))
    return AreaUnderCurve(value, *area_interval(value, number, number))


def _discriminate(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Scores of `unseen` by ridge regression on ±1, which for two classes is Fisher's discriminant, regularised."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1
    scaled = (features - mean) / spread
    system = scaled.T @ scaled + _PENALTY * len(scaled) * np.eye(scaled.shape[1])
    weights = np.linalg.solve(system, scaled.T @ np.where(labels, 1.0, -1.0))
    return (unseen - mean) / spread @ weights
